//! Runs what the command line asks for: `run` has the commands, `serve` wires the layers together for as long as the shop is
//! open, and `people` for as long as a command about people takes, where no server runs; `supervision` tells systemd how it
//! goes. What talks to a server is in `client`.
//!
//! Held by `tests/system/operations` and `tests/system/store/durability.rs`.

mod at_hand;
mod people;
mod run;
mod serve;
mod supervision;

pub use run::run;
