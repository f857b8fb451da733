//! The listener: binds, accepts, counts and serves connections, and stops in order (promise 8).
//!
//! `listen` binds; `listener` accepts; `registry` counts; `rejection` answers those that are not let in; `connection`
//! serves one; `delivery` lets the writer send an answer that comes later.
//!
//! Held by `tests/system/http/slow_attacks.rs`.

mod connection;
mod delivery;
mod listen;
mod listener;
mod registry;
mod rejection;

pub use listen::{Probe, bind};
pub use listener::{Options, Server, from_here};
