//! The listener: binds, accepts, counts and serves connections, and stops in order (promise 8).

mod connection;
mod delivery;
pub(crate) mod linger;
mod listen;
mod listener;
mod registry;
mod rejection;

pub use listen::{Probe, bind};
pub(crate) use listener::Shared;
pub use listener::{Options, Server};
