//! The command line and the environment, turned once into validated values.
//!
//! Held by the tests of its files.

mod access;
mod addresses;
mod options;
mod people;

pub use access::{AccessOptions, SecretText, ShopFolder};
pub use options::{BenchOptions, CommandLine, ProgramCommand, ServeOptions};
pub use people::{DeviceAddOptions, DeviceCommand, OwnerOptions, PersonCommand};
