//! The network side: listener, HTTP, the route table, WebSocket sessions, and the JSON shapes of the wire.
//!
//! Architecture invariant: no redb here; records are read through [`crate::app::App::snapshot`] and changed through
//! [`crate::app::App::submit`].
//!
//! `tiny_http` gives the HTTP types and prints the answers; its `Server` does not hold the port, because it cannot face a
//! network: an announced length of a terabyte ends the process, a burst of connections is left unanswered, one "too many
//! open files" ends its accept loop, and there are no time-outs.
//!
//! Where to look: `listen` binds, `server` accepts connections and `registry` counts them, `connection` serves one of them, `linger` ends it, `intake` and `head` read
//! requests within the `budget`, `route` is the table of all routes, `estimates`, `orders` and `info` answer them, `input`, `fields` and
//! `elements` read bodies, `render` and `problem` write answers, `respond` prints them and `delivery` lets the writer send some, `lists` streams
//! lists, `openapi.json` describes all of it, `session` is a WebSocket and `frame_lengths` checks what its library does not.

mod budget;
mod connection;
mod deadline;
mod delivery;
mod doorman;
mod elements;
mod estimates;
mod fields;
mod frame_lengths;
mod guard;
mod head;
mod help;
mod info;
mod input;
mod intake;
pub mod limits;
mod linger;
mod listen;
mod lists;
#[cfg(test)]
mod mutation;
mod openapi;
mod orders;
mod page;
mod problem;
mod registry;
mod render;
mod request;
mod resets;
mod respond;
mod route;
mod selection;
mod server;
mod session;
mod settings;
mod summary;
mod sync;

pub use listen::{Probe, bind};
pub use server::{Options, Server};
