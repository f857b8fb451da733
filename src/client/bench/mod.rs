//! `bench`: a load generator for an owner or an engineer. It writes, reads and listens over the public wire and says
//! how fast the server was and whether a listener missed anything.
//!
//! | file | owns |
//! |---|---|
//! | `target` | the server under load: started here or found at an address |
//! | `meter`, `machine` | its processor time and memory, and what it runs on, where the system tells |
//! | `http`, `frames`, `scan` | as little of HTTP, WebSocket and JSON as will do: both sides share the machine's cores |
//! | `caller`, `calling` | who calls, and many of them at once |
//! | `listener`, `group`, `swarm`, `ledger` | who listens, on how few threads, and what came when |
//! | `wait_epoll`, `wait_threads` | how many sockets are waited for on how few threads, as the system lets us |
//! | `plan` | what is measured, in which order |
//! | `requests`, `feed`, `idle` | the measurements |
//! | `bare`, `disk` | what the machine can do at best, to compare with |
//! | `report`, `table`, `percentile` | what they found, for machines and for people |
//!
//! Held by the tests of its files.

mod bare;
mod caller;
mod calling;
mod disk;
mod feed;
mod frames;
mod group;
mod http;
mod idle;
mod ledger;
mod listener;
mod machine;
mod meter;
mod percentile;
mod plan;
mod report;
mod requests;
mod scan;
mod swarm;
mod table;
mod target;
#[cfg_attr(target_os = "linux", path = "wait_epoll.rs")]
#[cfg_attr(not(target_os = "linux"), path = "wait_threads.rs")]
mod wait;

pub use plan::{BenchPlan, bench};
