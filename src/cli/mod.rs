//! Runs what the command line asks for: `serve` wires the layers together, and gives `tail`, `load` and `bench` to
//! `client`; `supervision` tells systemd how it goes.
//!
//! Held by `tests/system/operations` and `tests/system/store/durability.rs`.

mod serve;
mod supervision;

pub use serve::run;
