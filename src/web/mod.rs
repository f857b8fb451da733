//! The network side: listener, HTTP, the route table, WebSocket sessions, and the JSON shapes of the wire.
//!
//! Architecture invariant: no redb here; records are read through [`crate::app::App::read`] and changed through
//! [`crate::app::App::submit`].
//!
//! `tiny_http` gives the HTTP types; `http` prints the answers itself, in the buffer that they are sent from. Its `Server`
//! does not hold the port, because it cannot face a network: an announced length of a terabyte ends the process, a burst of
//! connections is left unanswered, one "too many open files" ends its accept loop, and there are no time-outs.
//!
//! From the ground up: `limits` names the limits of connections, heads and bodies; `http` reads requests and prints
//! responses; `security` says which page may use the API; `body` reads JSON bodies; `api` is the route table with a
//! file for each resource, and what a browser shows (`page`, `help`); `shared` is what every connection shares;
//! `websocket` is a live session; `server` listens, counts and serves connections.
//!
//! Held by `tests/system/api` and `tests/system/http`.

mod api;
mod body;
mod http;
pub mod limits;
mod security;
mod server;
mod shared;
mod websocket;

pub use security::HostName;
pub use server::{Options, Probe, Server, bind, from_here};
