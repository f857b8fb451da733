//! The store, the writer and the feed on disks that fail: the real code on storage in memory. One file per kind of fault.
#![allow(missing_docs, reason = "tests document themselves by their names")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod askers;
mod broken_lists;
mod creation;
mod damage;
mod errands;
mod held_pages;
mod io_errors;
mod mixtures;
mod panics;
mod power_cuts;
mod rights;
mod simulated;
mod stored;
#[allow(dead_code, reason = "shared with the system tests")]
#[path = "../support/mod.rs"]
mod support;
mod sync_failures;
mod unshown;
