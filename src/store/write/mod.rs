//! What a commit does to the tables, within one write transaction: numbers, records, log, search texts, index of days,
//! the answers by which a repetition is recognised (idempotency), and the people.
//!
//! Held by `tests/faults/power_cuts.rs` and `tests/system/store/model`.

mod directory;
mod idempotency;
mod logged_table;
mod series;
mod transaction;

pub use idempotency::{Known, StoredAnswer};
pub(crate) use series::without_text;
pub use transaction::{Cause, CommitTime, Transaction};
pub(crate) use transaction::{Kept, Written};
