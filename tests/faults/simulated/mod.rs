//! What all these tests stand on: a disk in memory that fails when it is told to, a shop on it, and what a file of it holds.

pub mod contents;
pub mod disk;
pub mod http;
pub mod shop;
pub mod staffed;
