//! The system tests: a real server process, real sockets, one file per behaviour. They share one program, so that it is
//! linked once.
#![allow(missing_docs, reason = "tests document themselves by their names")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod concurrency;
mod contract;
mod durability;
mod guard;
mod help;
mod hostile_http;
mod hostile_json;
#[cfg(target_os = "linux")]
mod hostile_memory;
mod hostile_text;
mod http_front;
mod lists;
mod live;
mod load;
mod log;
mod made_at;
mod model;
mod openapi;
mod page;
mod payment;
mod platform;
mod readme;
mod revisions;
mod settings;
#[cfg(target_os = "linux")]
mod slow_attacks;
mod slow_clients;
#[cfg(target_os = "linux")]
mod standstill;
mod states;
mod summary;
mod support;
mod sync_guarantees;
mod sync_protocol;
#[cfg(target_os = "linux")]
mod systemd;
mod tail;
mod upgrade;
mod websocket_conformance;
