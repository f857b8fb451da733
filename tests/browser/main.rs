//! The browser tests: the page in a real headless Chromium, driven over the `DevTools` protocol, against a real server process.
#![allow(missing_docs, reason = "tests document themselves by their names")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod accessibility;
mod amounts;
mod answers;
mod chrome;
mod flows;
mod months;
mod offline;
mod origins;
mod paper;
mod polling;
mod reset;
mod screens;
mod scrolling;
mod storage;
#[allow(dead_code, reason = "shared with the system tests")]
#[path = "../system/support/mod.rs"]
mod support;
mod unkept;
mod wanted;
mod worker;
