//! The shop's file: redb tables, the stored form, snapshot reads, and the one commit.
//!
//! Architecture invariant: the only layer that names redb. It never sees a socket, HTTP or the wall clock; the time of
//! a commit is handed in.
//!
//! - Promise 1: [`Store::commit`] returns only when the disk has everything.
//! - Promise 3: what one [`Transaction`] does becomes visible together or not at all.
//!
//! Where to look: `tables` names the tables, `format` is the stored form of each thing in them, `write` what a commit
//! does, `read` what a snapshot shows, `file` how the file is made, checked, opened and upgraded; `database` puts them
//! together.
//!
//! Held by `tests/faults`.

mod database;
mod error;
mod file;
mod format;
mod read;
mod tables;
mod write;

pub use database::{Committed, Store};
pub use error::{OpenError, StoreError};
pub use file::{Attempt, OnProgress, StoreOptions};
pub use format::Record;
pub use read::{Filter, HistoryStep, Records, Snapshot, Wanted};
pub use write::{Cause, CommitTime, Known, StoredAnswer, Transaction};
