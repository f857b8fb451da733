//! Group commit: whatever waits is carried out in one transaction with one sync, in one order (promise 2), and each
//! caller gets his answer through a ticket.
//!
//! Held by `tests/system/store/concurrency.rs` and `tests/faults/panics.rs`.

mod group_commit;
mod showing;
mod ticket;

pub use group_commit::CommitCounts;
pub(crate) use group_commit::{Errand, GroupCommit, Tools};
pub use ticket::{Progress, Ticket};
