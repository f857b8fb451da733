//! The room on the disk of the shop's file. New things are refused before the database meets the disk's end, where it could
//! only say that the outcome is unknown.

use std::path::PathBuf;

use crate::platform;

/// Free space below which nothing new is stored. It takes what one batch of ordinary commands makes the file grow by (256
/// records of 1.5 KB with their search texts, answers and log entries stay under 4 MiB), one command of the largest body,
/// and what goes on: deletions, the log of the system, the next start.
pub const FREE_BYTES_MIN: u64 = 64 << 20;

/// By how much the file may grow for each byte of a record: half-filled pages, copies of the pages above, the other tables.
const GROWTH_PER_BYTE: u64 = 8;

/// How much is free, and how much of it must stay so.
pub struct DiskSpace {
    reserve_bytes: u64,
    free_bytes: Box<dyn Fn() -> Option<u64> + Send + Sync>,
}

impl DiskSpace {
    /// The disk of this folder.
    pub fn of(folder: PathBuf, reserve_bytes: u64) -> Self {
        Self::reading(reserve_bytes, move || platform::free_bytes(&folder))
    }

    /// For a shop in memory.
    pub fn unlimited() -> Self {
        Self::reading(0, || None)
    }

    /// A disk of which `free_bytes` tells how many are free; tests fill one up here. `None`: nobody knows, so nothing is
    /// refused.
    pub fn reading(reserve_bytes: u64, free_bytes: impl Fn() -> Option<u64> + Send + Sync + 'static) -> Self {
        Self { reserve_bytes, free_bytes: Box::new(free_bytes) }
    }

    pub(crate) fn free_bytes(&self) -> Option<u64> {
        (self.free_bytes)()
    }

    pub(crate) fn reserve_bytes(&self) -> u64 {
        self.reserve_bytes
    }

    /// What is free beyond what must stay so.
    pub(crate) fn spare_bytes(&self) -> u64 {
        self.free_bytes().map_or(u64::MAX, |free| free.saturating_sub(self.reserve_bytes))
    }

    /// What one commit may use. Asking the system takes a microsecond, where the commit's sync takes hundreds.
    pub(crate) fn headroom(&self) -> Headroom {
        Headroom { bytes: self.spare_bytes() }
    }
}

/// The room that a commit begins with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Headroom {
    bytes: u64,
}

impl Headroom {
    /// Whether another command fits behind those of the same commit, which have written so many bytes of records.
    pub fn has_more(self, bytes_written: u64) -> bool {
        bytes_written.saturating_mul(GROWTH_PER_BYTE) < self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_ends_at_the_reserve_and_within_a_commit() {
        let headroom = |free| DiskSpace::reading(1_000, move || free).headroom();
        assert!(!headroom(Some(0)).has_more(0));
        assert!(!headroom(Some(1_000)).has_more(0));
        assert!(headroom(Some(1_001)).has_more(0));
        assert!(headroom(Some(1_000 + 80)).has_more(9));
        assert!(!headroom(Some(1_000 + 80)).has_more(10));
        assert!(headroom(None).has_more(1 << 40));
    }
}
