//! The command line and the environment, turned once into validated values.

mod addresses;
mod options;

pub use options::{BenchOptions, CommandLine, ProgramCommand, ServeOptions};
