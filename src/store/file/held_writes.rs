//! Writes that are held back until a checkpoint: between two checkpoints the file stays as the last one left it, so that the
//! state before that one stays whole, too.
//!
//! redb has two commit slots. When the pages of the newest durable commit are damaged, it goes back to the one before, and the
//! journal brings that forward again. But once a durable commit is through, redb gives the pages that only the one before
//! needs to the commits that follow. Those are not durable, and their pages stay in redb's memory, until it needs room
//! there: for a page that is read, or for more than it may hold unwritten. Then they go to the file, and what they overwrite
//! is a state that may still be needed. Here they wait in memory instead.
//!
//! Invariants:
//! 1. Between the sync of a durable commit and the header of the next one, nothing is written to the file, unless more than
//!    [`HELD_BYTES_MAX`] would have to be held.
//! 2. What is held is in the file before a sync that redb counts on. It counts on all but the one with which it makes a file
//!    longer: no header speaks of what is there before the next commit.
//!
//! What is written to the file early is as safe from a power cut as without this: redb reuses no page of its newest
//! durable commit.

use std::io;
use std::ops::Bound;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};

use redb::{BackendError, StorageBackend};

use super::overlay::{Overlay, read_or_zeros};

/// Beyond it redb's writes go to the file at once, until the next checkpoint. A transaction that is so large is an upgrade.
const HELD_BYTES_MAX: usize = 16 << 20;
/// Of that, when a checkpoint is due: a commit and the pages that are read until the next one have room in the rest.
const DUE_BYTES: usize = HELD_BYTES_MAX / 2;
/// The only page that redb overwrites in place: which commit is the newest.
const HEADER_OFFSET: u64 = 0;

/// How much is held. Clones count the same writes.
#[derive(Debug, Clone, Default)]
pub(crate) struct HeldBytes(Arc<AtomicUsize>);

impl HeldBytes {
    /// Whether there is so much that a checkpoint should bring it to the file.
    pub fn is_checkpoint_due(&self) -> bool {
        self.0.load(Ordering::Relaxed) > DUE_BYTES
    }
}

/// What becomes of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holding {
    /// It is held.
    On,
    /// The same, and the file has just been made longer, which the next sync is about.
    OnWhileGrowing,
    /// It goes to the file: a header is on its way there, or there is too much.
    Off,
}

/// A file of which the writes are held.
#[derive(Debug)]
pub(crate) struct HeldWrites<B> {
    file: B,
    held: RwLock<HoldState>,
    bytes: HeldBytes,
}

#[derive(Debug)]
struct HoldState {
    overlay: Overlay,
    holding: Holding,
}

impl<B: StorageBackend> HeldWrites<B> {
    pub fn over(file: B, bytes: HeldBytes) -> Self {
        let held = HoldState { overlay: Overlay::default(), holding: Holding::On };
        bytes.0.store(0, Ordering::Relaxed);
        Self { file, held: RwLock::new(held), bytes }
    }

    /// Whether this write is held now.
    fn hold(&self, offset: u64, data: &[u8]) -> io::Result<bool> {
        let mut held = self.held();
        if offset == HEADER_OFFSET || held.overlay.bytes() + data.len() > HELD_BYTES_MAX {
            held.holding = Holding::Off;
        }
        if held.holding == Holding::Off {
            return Ok(false);
        }
        held.overlay.write(offset, data, |offset, out| read_or_zeros(&self.file, self.file.len()?, offset, out))?;
        self.count(&held);
        Ok(true)
    }

    /// Brings everything that is held to the file, in pieces: who reads meanwhile waits for one of them at most. What could
    /// not be written stays held.
    fn release(&self) -> io::Result<()> {
        while self.release_run()? {}
        Ok(())
    }

    /// Whether there was anything.
    fn release_run(&self) -> io::Result<bool> {
        let mut held = self.held();
        let Some(run) = held.overlay.first_run() else { return Ok(false) };
        self.file.write(run.0, &run.1)?;
        held.overlay.forget(&run);
        self.count(&held);
        Ok(true)
    }

    fn count(&self, held: &HoldState) {
        self.bytes.0.store(held.overlay.bytes(), Ordering::Relaxed);
    }

    fn held(&self) -> RwLockWriteGuard<'_, HoldState> {
        self.held.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<B: StorageBackend> StorageBackend for HeldWrites<B> {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        if held.overlay.meets(offset, out.len()) {
            return held.overlay.read(offset, out, |offset, out| self.file.read(offset, out));
        }
        // The disk may be slow, and nobody should wait for it who does not read from it. redb writes to no page that is being
        // read.
        drop(held);
        self.file.read(offset, out)
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        let mut held = self.held();
        let grows = length > self.file.len()?;
        self.file.set_len(length)?;
        held.overlay.cut(length);
        self.count(&held);
        held.holding = match held.holding {
            Holding::Off => Holding::Off,
            Holding::On | Holding::OnWhileGrowing if grows => Holding::OnWhileGrowing,
            Holding::On | Holding::OnWhileGrowing => Holding::On,
        };
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let is_for_length = self.held().holding == Holding::OnWhileGrowing;
        if !is_for_length {
            self.release()?;
        }
        self.file.sync_data()?;
        self.held().holding = Holding::On;
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        if self.hold(offset, data)? {
            return Ok(());
        }
        // An older form of the same page must not follow.
        self.release()?;
        self.file.write(offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.file.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_range(start, end)
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.query_lock_range(start, end)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Barrier, Mutex, MutexGuard, mpsc};
    use std::thread;
    use std::time::Duration;

    use redb::backends::InMemoryBackend;

    use super::*;

    const PAGE: u64 = 4_096;
    const DEADLINE: Duration = Duration::from_secs(10);

    /// A file in memory of many pages, which tells what was done to it.
    #[derive(Debug)]
    struct Recorded(Mutex<State>);

    #[derive(Debug, Default)]
    struct State {
        bytes: Vec<u8>,
        /// The offset of each write, and syncs.
        steps: Vec<Option<u64>>,
        is_failing: bool,
    }

    impl Recorded {
        fn state(&self) -> MutexGuard<'_, State> {
            self.0.lock().unwrap()
        }

        fn take_steps(&self) -> Vec<Option<u64>> {
            std::mem::take(&mut self.state().steps)
        }
    }

    impl StorageBackend for Recorded {
        fn len(&self) -> io::Result<u64> {
            Ok(self.state().bytes.len() as u64)
        }

        fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
            let start = usize::try_from(offset).unwrap();
            out.copy_from_slice(self.state().bytes.get(start..start + out.len()).ok_or(io::ErrorKind::UnexpectedEof)?);
            Ok(())
        }

        fn set_len(&self, length: u64) -> io::Result<()> {
            self.state().bytes.resize(usize::try_from(length).unwrap(), 0);
            Ok(())
        }

        fn sync_data(&self) -> io::Result<()> {
            self.state().steps.push(None);
            Ok(())
        }

        fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
            let mut state = self.state();
            if state.is_failing {
                return Err(io::ErrorKind::Other.into());
            }
            let start = usize::try_from(offset).unwrap();
            state.bytes[start..start + data.len()].copy_from_slice(data);
            state.steps.push(Some(offset));
            Ok(())
        }
    }

    fn held_writes(length: usize) -> HeldWrites<Recorded> {
        let state = State { bytes: vec![0; length], ..State::default() };
        HeldWrites::over(Recorded(Mutex::new(state)), HeldBytes::default())
    }

    fn write(file: &HeldWrites<Recorded>, page: u64, byte: u8) {
        file.write(page * PAGE, &[byte; 4_096]).unwrap();
    }

    fn read(file: &impl StorageBackend, page: u64) -> u8 {
        let mut out = [0; 4_096];
        file.read(page * PAGE, &mut out).unwrap();
        assert!(out.iter().all(|byte| *byte == out[0]));
        out[0]
    }

    #[test]
    fn pages_are_read_at_once_and_in_the_file_before_the_sync_that_follows_a_header() {
        let file = held_writes(64 << 10);
        write(&file, 3, 1);
        write(&file, 9, 2);
        write(&file, 3, 3);
        assert_eq!((read(&file, 3), read(&file, 9)), (3, 2));
        assert_eq!(file.file.take_steps(), []);

        file.write(0, &[7; 320]).unwrap();
        write(&file, 5, 4);
        file.sync_data().unwrap();
        assert_eq!(file.file.take_steps(), [Some(3 * PAGE), Some(9 * PAGE), Some(0), Some(5 * PAGE), None]);
        assert_eq!((read(&file.file, 3), read(&file.file, 9), read(&file.file, 5)), (3, 2, 4));

        write(&file, 5, 5);
        assert_eq!(file.file.take_steps(), [], "held again until the next one");
    }

    #[test]
    fn a_sync_for_a_longer_file_leaves_pages_held_and_any_other_does_not() {
        let file = held_writes(16 << 10);
        write(&file, 2, 1);
        file.set_len(64 << 10).unwrap();
        write(&file, 9, 2);
        file.sync_data().unwrap();
        assert_eq!(file.file.take_steps(), [None]);
        file.sync_data().unwrap();
        assert_eq!(file.file.take_steps(), [Some(2 * PAGE), Some(9 * PAGE), None]);
    }

    #[test]
    fn pages_beyond_a_new_end_are_forgotten() {
        let file = held_writes(64 << 10);
        write(&file, 2, 1);
        write(&file, 9, 2);
        file.set_len(32 << 10).unwrap();
        file.set_len(64 << 10).unwrap();
        assert_eq!((read(&file, 2), read(&file, 9)), (1, 0));
    }

    #[test]
    fn a_checkpoint_is_due_in_time_and_what_is_too_much_goes_to_the_file_in_its_newest_form() {
        let file = held_writes(HELD_BYTES_MAX + (1 << 20));
        let pages = HELD_BYTES_MAX as u64 / PAGE;
        for page in 1..=pages {
            assert_eq!(file.bytes.is_checkpoint_due(), page > pages / 2 + 1, "{page} of {pages}");
            write(&file, page, 1);
        }
        assert_eq!(file.file.take_steps(), []);
        write(&file, 1, 2);
        assert!(!file.bytes.is_checkpoint_due());
        assert_eq!((read(&file.file, 1), read(&file.file, 2), read(&file.file, pages)), (2, 1, 1));
        write(&file, 2, 3);
        assert_eq!(read(&file.file, 2), 3, "until the next checkpoint nothing is held");

        file.write(0, &[7; 320]).unwrap();
        file.sync_data().unwrap();
        write(&file, 2, 4);
        assert_eq!((read(&file, 2), read(&file.file, 2)), (4, 3));
    }

    #[test]
    fn what_cannot_be_brought_to_the_file_stays_held() {
        let file = held_writes(64 << 10);
        write(&file, 3, 1);
        file.file.state().is_failing = true;
        assert!(file.write(0, &[7; 320]).is_err());
        assert_eq!(read(&file, 3), 1);
        file.file.state().is_failing = false;
        file.sync_data().unwrap();
        assert_eq!(file.file.take_steps(), [Some(3 * PAGE), None]);
    }

    /// A slow disk: a read ends when there is another one. It counts those that have begun.
    #[derive(Debug)]
    struct ReadInPairs(InMemoryBackend, Barrier, AtomicUsize);

    impl StorageBackend for ReadInPairs {
        fn len(&self) -> io::Result<u64> {
            self.0.len()
        }

        fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
            self.2.fetch_add(1, Ordering::SeqCst);
            self.1.wait();
            self.0.read(offset, out)
        }

        fn set_len(&self, length: u64) -> io::Result<()> {
            self.0.set_len(length)
        }

        fn sync_data(&self) -> io::Result<()> {
            self.0.sync_data()
        }

        fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
            self.0.write(offset, data)
        }
    }

    #[test]
    fn whoever_reads_from_the_disk_keeps_neither_another_reader_nor_a_write_waiting() {
        let disk = ReadInPairs(InMemoryBackend::new(), Barrier::new(2), AtomicUsize::new(0));
        let file = Arc::new(HeldWrites::over(disk, HeldBytes::default()));
        file.set_len(64 << 10).unwrap();
        file.write(3 * PAGE, &[1; 4_096]).unwrap();
        let (done, is_done) = mpsc::channel();
        let begin = |act: fn(&HeldWrites<ReadInPairs>)| {
            let (file, done) = (Arc::clone(&file), done.clone());
            thread::spawn(move || {
                act(&file);
                done.send(()).unwrap();
            });
        };
        begin(|file| assert_eq!(read(file, 5), 0));
        while file.file.2.load(Ordering::SeqCst) == 0 {
            thread::yield_now();
        }
        begin(|file| file.write(4 * PAGE, &[1; 4_096]).unwrap());
        is_done.recv_timeout(DEADLINE).unwrap();
        begin(|file| assert_eq!(read(file, 6), 0));
        for _ in 0..2 {
            is_done.recv_timeout(DEADLINE).unwrap();
        }
    }
}
