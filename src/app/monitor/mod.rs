//! What is watched while the shop is open: its clock, the free space of its disk, and the
//! warnings (alarms) that an owner should see, lost lines of the log among them.
//!
//! Held by `tests/system/store/states.rs`.

mod alarms;
mod clock;
mod disk_space;

pub use alarms::Warning;
pub(crate) use alarms::{LastStored, Monitor};
pub use clock::ShopClock;
pub(crate) use disk_space::Headroom;
pub use disk_space::{DiskSpace, FREE_BYTES_MIN};
