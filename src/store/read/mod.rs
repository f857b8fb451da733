//! Snapshot reads: everything that was committed at one moment. They never queue behind a writer.
//! `health` notes whether they fail.
//!
//! Held by `tests/system/api/lists.rs` and `tests/faults/stored.rs`.

mod directory;
mod health;
mod snapshot;
mod walk;

pub use directory::AuditCheck;
pub(crate) use directory::DirectoryTables;
pub(crate) use health::ReadHealth;
pub use snapshot::{ChangeStep, HistoryStep, Snapshot};
pub use walk::{Filter, Records, Wanted};
