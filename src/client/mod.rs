//! The commands that talk to a running server over its public wire, like anybody else.
//!
//! | file | owns |
//! |---|---|
//! | `tail`, `load`, `bench` | the commands of these names |
//! | `people` | `owner`, `device`, `person` and `verify`: what they ask a server, and print |
//! | `credentials`, `token`, `local_server` | the token with which a command gets in |
//! | `feed_wire` | the socket of a live feed that may be compressed |
//! | `not_admitted`, `base_url` | sentences about a server that lets nobody in, and about an address that is none |
//!
//! Architecture invariant: of the crate only `platform` and `deflate` are used here.
//!
//! Held by `tests/system/operations/tail.rs`, `tail_access.rs`, `load.rs` and `people_commands.rs` there.

mod base_url;
mod bench;
mod credentials;
mod feed_wire;
mod load;
mod local_server;
mod not_admitted;
pub mod people;
mod tail;
mod token;

pub use bench::{BenchPlan, bench};
pub use credentials::Credentials;
pub use load::load;
pub use local_server::LocalServer;
pub use tail::{TailPlan, tail};
