//! The browser tests: the page in a real headless Chromium, driven over the `DevTools` protocol, against a real server process.
//! The folders are those of the page: its data, its network, its screens.
#![allow(missing_docs, reason = "tests document themselves by their names")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod chrome;
mod data;
mod net;
mod screens;
mod steps;
#[allow(dead_code, reason = "shared with the system tests")]
#[path = "../support/mod.rs"]
mod support;
