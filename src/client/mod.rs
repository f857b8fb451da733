//! The commands that talk to a running server over its public wire, like anybody else.
//!
//! Architecture invariant: of the crate only `platform` is used here.
//!
//! Held by `tests/system/operations/tail.rs` and `tests/system/operations/load.rs`.

mod base_url;
mod bench;
mod load;
mod tail;

pub use bench::{BenchPlan, bench};
pub use load::load;
pub use tail::tail;
