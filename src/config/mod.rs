//! The command line and the environment, turned once into validated values.
//!
//! Held by the tests of its files.

mod addresses;
mod options;

pub use options::{BenchOptions, CommandLine, ProgramCommand, ServeOptions};
