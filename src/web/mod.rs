//! The network side: listener, HTTP, the route table, WebSocket sessions, and the JSON shapes of the wire.
//!
//! Architecture invariant: no redb here; records are read through [`crate::app::App::snapshot`] and changed through
//! [`crate::app::App::submit`].
//!
//! `tiny_http` gives the HTTP types and prints the answers; its `Server` does not hold the port, because it cannot face a
//! network: an announced length of a terabyte ends the process, a burst of connections is left unanswered, one "too many
//! open files" ends its accept loop, and there are no time-outs.
//!
//! Where to look: `server` accepts and counts connections, `connection` serves one of them, `intake` and `head` read
//! requests, `route` is the table of all routes, `estimates`, `orders` and `info` answer them, `input` and `fields` read
//! bodies, `render` and `problem` write answers, `lists` streams lists, `session` is a WebSocket.

mod connection;
mod deadline;
mod estimates;
mod fields;
mod guard;
mod head;
mod info;
mod input;
mod intake;
pub mod limits;
mod lists;
mod orders;
mod page;
mod problem;
mod render;
mod request;
mod respond;
mod route;
mod selection;
mod server;
mod session;
mod settings;
mod summary;
mod sync;

pub use server::{Options, Server};
