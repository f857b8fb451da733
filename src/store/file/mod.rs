//! The database file itself: made whole or not at all, checked page by page when it is opened, opened on
//! trial (nothing reaches the disk until it has proved to be the shop's file), left as it is between two checkpoints
//! (`held_writes`), brought together with its journal (`attach`), and upgraded from the schema of an earlier release.
//! Held by `tests/faults/creation.rs`, `tests/faults/damage.rs`, `tests/faults/held_pages.rs` and
//! `tests/system/store/upgrade.rs`.

mod attach;
mod facts;
mod held_writes;
mod journal_storage;
mod open;
mod options;
mod overlay;
mod shop_file;
mod upgrade;

pub(crate) use attach::{Attached, LateJournal, Run, note_of};
pub(crate) use held_writes::HeldBytes;
pub(crate) use open::{Files, OpenedFile, Reopened, open, open_on};
pub use options::{Attempt, JournalOptions, StoreOptions};
pub use shop_file::OnProgress;
