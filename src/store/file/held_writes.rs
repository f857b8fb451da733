//! What the database writes before its time is kept in memory until its next checkpoint.
//!
//! redb writes pages of commits that are in the journal alone as soon as its memory is full. It may put them where pages of
//! the checkpoint before the last one are, which it needs no more, unless a flipped bit in the newest pages makes it go back
//! to just that checkpoint. So these writes wait: the pages of that checkpoint stay whole, and the journal brings the
//! database forward from there.

use std::collections::BTreeMap;
use std::io;
use std::ops::Bound;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use redb::{BackendError, StorageBackend};

/// What is kept at most. Between two checkpoints of a journal of ordinary size less comes together; what is beyond is written
/// at once, and a flipped bit may then close the shop instead of being put right.
const HELD_BYTES_MAX: usize = 16 << 20;
/// redb writes whole pages of this size or a multiple of it, and its header.
const PAGE_BYTES: usize = 4_096;

/// A database's storage whose pages are written when they are needed.
#[derive(Debug)]
pub(crate) struct HeldWrites<B> {
    storage: B,
    held: Mutex<WaitingPages>,
    /// So that a read asks nobody while nothing is kept.
    is_holding: AtomicBool,
}

#[derive(Debug, Default)]
struct WaitingPages {
    pages: BTreeMap<u64, Box<[u8]>>,
    /// The header of a commit was written: what comes up to the next sync belongs to it. Or too much has come together.
    is_due: bool,
}

impl<B: StorageBackend> HeldWrites<B> {
    pub fn new(storage: B) -> Self {
        Self { storage, held: Mutex::default(), is_holding: AtomicBool::new(false) }
    }

    fn held(&self) -> MutexGuard<'_, WaitingPages> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes what is kept, and from then on at once.
    fn release(&self, held: &mut WaitingPages) -> io::Result<()> {
        for (offset, page) in &held.pages {
            self.storage.write(*offset, page)?;
        }
        held.pages.clear();
        held.is_due = true;
        self.is_holding.store(false, Ordering::Release);
        Ok(())
    }
}

impl<B: StorageBackend> StorageBackend for HeldWrites<B> {
    fn len(&self) -> io::Result<u64> {
        self.storage.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        if !self.is_holding.load(Ordering::Acquire) {
            return self.storage.read(offset, out);
        }
        let held = self.held();
        self.storage.read(offset, out)?;
        let end = offset + out.len() as u64;
        for (at, page) in held.pages.range(offset.saturating_sub(PAGE_BYTES as u64 - 1)..end) {
            overlay(out, offset, *at, page);
        }
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        drop(self.held().pages.split_off(&length));
        self.storage.set_len(length)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.storage.sync_data()?;
        self.held().is_due = false;
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut held = self.held();
        let is_whole = |bytes: u64| bytes.is_multiple_of(PAGE_BYTES as u64);
        let is_page = offset > 0 && is_whole(offset) && is_whole(data.len() as u64);
        if !is_page {
            self.release(&mut held)?;
        }
        if held.is_due {
            return self.storage.write(offset, data);
        }
        self.is_holding.store(true, Ordering::Release);
        for (at, page) in (offset..).step_by(PAGE_BYTES).zip(data.chunks(PAGE_BYTES)) {
            held.pages.insert(at, page.into());
        }
        if held.pages.len() * PAGE_BYTES > HELD_BYTES_MAX { self.release(&mut held) } else { Ok(()) }
    }

    fn close(&self) -> io::Result<()> {
        self.storage.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.storage.try_lock_range(start, end)
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.storage.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.storage.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.storage.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.storage.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.storage.query_lock_range(start, end)
    }
}

/// Puts the part of `data`, which belongs at `at`, that falls into `out`, which begins at `offset`.
pub(super) fn overlay(out: &mut [u8], offset: u64, at: u64, data: &[u8]) {
    let skipped_data = usize::try_from(offset.saturating_sub(at)).unwrap_or(usize::MAX);
    let skipped_out = usize::try_from(at.saturating_sub(offset)).unwrap_or(usize::MAX);
    let data = data.get(skipped_data..).unwrap_or_default();
    let out = out.get_mut(skipped_out..).unwrap_or_default();
    for (into, byte) in out.iter_mut().zip(data) {
        *into = *byte;
    }
}

#[cfg(test)]
mod tests {
    use redb::backends::InMemoryBackend;

    use super::*;

    fn storage() -> HeldWrites<InMemoryBackend> {
        let storage = HeldWrites::new(InMemoryBackend::new());
        storage.set_len(page(8)).unwrap();
        storage
    }

    fn page(number: u64) -> u64 {
        number * PAGE_BYTES as u64
    }

    fn two_bytes(storage: &impl StorageBackend, offset: u64) -> [u8; 2] {
        let mut bytes = [9; 2];
        storage.read(offset, &mut bytes).unwrap();
        bytes
    }

    #[test]
    fn pages_reach_the_storage_with_the_header_of_a_commit_and_are_read_before() {
        let storage = storage();
        storage.write(page(3), &[1; 2 * PAGE_BYTES]).unwrap();
        storage.write(page(4), &[2; PAGE_BYTES]).unwrap();
        storage.sync_data().unwrap();
        assert_eq!(two_bytes(&storage, page(4) - 1), [1, 2]);
        assert_eq!(two_bytes(&storage, page(5) - 1), [2, 0]);
        assert_eq!(two_bytes(&storage.storage, page(4) - 1), [0, 0], "a sync alone writes nothing");

        storage.write(0, &[7; 320]).unwrap();
        assert_eq!(two_bytes(&storage.storage, page(4) - 1), [1, 2]);
        storage.write(page(5), &[3; PAGE_BYTES]).unwrap();
        assert_eq!(two_bytes(&storage.storage, page(5)), [3, 3], "it belongs to the commit");
        storage.sync_data().unwrap();
        storage.write(page(5), &[4; PAGE_BYTES]).unwrap();
        assert_eq!(two_bytes(&storage.storage, page(5)), [3, 3], "it belongs to the next one");
        assert_eq!(two_bytes(&storage, page(5)), [4, 4]);
    }

    #[test]
    fn what_is_cut_off_is_not_kept_and_what_is_too_much_is_written() {
        let storage = storage();
        storage.write(page(7), &[1; PAGE_BYTES]).unwrap();
        storage.set_len(page(7)).unwrap();
        storage.set_len(page(8)).unwrap();
        assert_eq!(two_bytes(&storage, page(7)), [0, 0]);

        let pages = (HELD_BYTES_MAX / PAGE_BYTES) as u64 + 2;
        storage.set_len(page(pages)).unwrap();
        for number in 1..pages {
            storage.write(page(number), &[5; PAGE_BYTES]).unwrap();
        }
        assert_eq!(two_bytes(&storage.storage, page(pages - 1)), [5, 5]);
        assert!(storage.held().pages.is_empty());
    }
}
