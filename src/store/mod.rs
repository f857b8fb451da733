//! The shop's file: redb tables, the stored form, snapshot reads, and the one commit.
//!
//! Architecture invariant: the only layer that names redb. It never sees a socket, HTTP or the wall clock; the time of
//! a commit is handed in.
//!
//! - Promise 1: [`Store::commit`] returns only when the disk has everything.
//! - Promise 3: what one [`Transaction`] does becomes visible together or not at all.
//!
//! Where to look: `tables` names the tables, `format` is the stored form of each thing in them, `write` what a commit
//! does, `journal` where it is noted first, `read` what a snapshot shows, `file` how the files are made, checked, opened and
//! upgraded; `opened` is one opening of them, and `database` puts them together and opens them again after a fault.
//!
//! Held by `tests/faults`.

mod database;
mod error;
mod file;
mod format;
mod journal;
mod opened;
mod read;
mod tables;
mod write;

pub use database::Store;
pub use error::{LastChange, OpenError, StoreError};
pub use file::{Attempt, JournalOptions, OnProgress, StoreOptions};
pub(crate) use format::hex;
pub use format::{Record, belonging};
pub use opened::{Committed, JournalCounts};
pub use read::{AuditCheck, ChangeStep, Filter, HistoryStep, Records, Snapshot, Wanted};
pub use tables::AccessNote;
pub use write::{Cause, CommitTime, Known, StoredAnswer, Transaction};
