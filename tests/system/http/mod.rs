//! What stands between the network and the routes: parsing of requests, limits, origins, the page, and whoever attacks them.

mod front;
mod guard;
mod hostile;
mod hostile_json;
#[cfg(target_os = "linux")]
mod hostile_memory;
mod hostile_text;
mod page;
#[cfg(target_os = "linux")]
mod slow_attacks;
