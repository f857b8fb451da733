//! The database file itself: made whole or not at all, checked page by page when it is opened, opened on
//! trial (nothing reaches the disk until it has proved to be the shop's file),
//! and upgraded from the schema of an earlier release. Held by `tests/faults/creation.rs`, `tests/faults/damage.rs` and
//! `tests/system/store/upgrade.rs`.

mod facts;
mod open;
mod options;
mod shop_file;
mod upgrade;

pub(crate) use open::{OpenedFile, Reopen, open, open_on};
pub use options::{Attempt, StoreOptions};
pub use shop_file::OnProgress;
