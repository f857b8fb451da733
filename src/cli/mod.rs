//! The commands of the program, a file for each: they wire the layers together and run them.

mod serve;
mod supervision;

pub use serve::run;
