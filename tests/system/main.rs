//! The system tests: a real server process, real sockets, one file per behaviour. They share one program, so that it is
//! linked once. The folders are named after what they ask of the server, and stand in the order of its layers.
#![allow(missing_docs, reason = "tests document themselves by their names")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod api;
mod http;
mod live;
mod operations;
mod people;
mod store;
#[path = "../support/mod.rs"]
mod support;
