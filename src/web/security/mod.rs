//! `origin`: which web pages may use the server (Host, Origin, CORS). `host_name`: a name of `--host`, and the address under it.
//! `identity`: who sends a request, by its tokens. `reset_log`: one line of the log for each device that is told to reload, which
//! may be a sign of an older copy.
//!
//! Held by `tests/system/http/guard.rs`, and by `who_asks` for what it costs.

mod host_name;
mod identity;
mod origin;
mod reset_log;
#[cfg(test)]
mod who_asks;

pub use host_name::HostName;
pub(crate) use identity::{Cookies, PROTOCOL, offers_protocol, presented};
pub(crate) use origin::OriginPolicy;
pub(crate) use reset_log::{Resets, Visitor};
