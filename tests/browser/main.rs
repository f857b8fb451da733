//! The browser tests: the page in a real headless Chromium, driven over the `DevTools` protocol, against a real server process.
#![allow(missing_docs, reason = "tests document themselves by their names")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod accessibility;
mod amounts;
mod answers;
mod cancelled;
mod change;
mod chrome;
mod currency;
mod flows;
mod folding;
mod made_at;
mod months;
mod negative_prices;
mod numbers;
mod offline;
mod origins;
mod paper;
mod polling;
mod printing;
mod recounted;
mod reset;
mod screens;
mod scrolling;
mod storage;
#[allow(dead_code, reason = "shared with the system tests")]
#[path = "../system/support/mod.rs"]
mod support;
mod unkept;
mod untouched;
mod wanted;
mod worker;
