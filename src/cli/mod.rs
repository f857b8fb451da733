//! The commands of the program, a file for each: they wire the layers together and run them.
//!
//! Held by `tests/system/operations` and `tests/system/store/durability.rs`.

mod serve;
mod supervision;

pub use serve::run;
