//! The file below the database, on trial until it has proved to be the shop's own.
//!
//! redb writes to a file while it opens it: it marks it as in use, repairs it, commits. So that a foreign, newer or damaged
//! file is left as it is to the byte, everything written during the trial is kept in memory, in order, and brought to the
//! disk only when the file is accepted. Opening writes little, so this costs nothing. What is read meanwhile is counted:
//! that is how a long check says how far it is.

use std::fs::File;
use std::ops::Bound;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{fmt, io};

use redb::backends::FileBackend;
use redb::{BackendError, DatabaseError, RepairSession, StorageBackend};

use super::overlay::{Overlay, read_or_zeros};
use crate::store::error::StoreError;

/// How often the progress of a check is told.
const PROGRESS_EVERY: Duration = Duration::from_secs(1);

/// Told every second how much of the check is done, in percent.
pub type OnProgress = Box<dyn Fn(u8) + Send + Sync>;

/// A file as redb sees it. Clones are the same file.
#[derive(Debug, Clone)]
pub(crate) struct ShopFile(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    file: FileBackend,
    is_accepted: AtomicBool,
    held_back: Mutex<HeldBack>,
    progress: Option<CheckProgress>,
}

impl ShopFile {
    /// Opens a file on trial: nothing is written to it before [`Self::accept`].
    pub fn on_trial(path: &Path, on_progress: OnProgress) -> Result<Self, StoreError> {
        let file = open_backend(path)?;
        let length = file.len().map_err(DatabaseError::from)?;
        Ok(Self(Arc::new(Inner {
            file,
            is_accepted: AtomicBool::new(false),
            held_back: Mutex::new(HeldBack::of(length)),
            progress: Some(CheckProgress::new(length, on_progress)),
        })))
    }

    /// Opens a file that is known to be the shop's own.
    pub fn trusted(path: &Path) -> Result<Self, StoreError> {
        Ok(Self(Arc::new(Inner {
            file: open_backend(path)?,
            is_accepted: AtomicBool::new(true),
            held_back: Mutex::new(HeldBack::of(0)),
            progress: None,
        })))
    }

    /// Ends the trial: brings to the disk what redb has written meanwhile, with its syncs where it made them, so that a power
    /// cut in between is one that redb is made for.
    pub fn accept(&self) -> Result<(), StoreError> {
        let mut held_back = self.held_back();
        for step in std::mem::take(&mut held_back.steps) {
            step.carry_out(&self.0.file).map_err(DatabaseError::from)?;
        }
        held_back.overlay = Overlay::default();
        self.0.is_accepted.store(true, Ordering::Release);
        Ok(())
    }

    /// Tells how far the check is when redb begins another part of it.
    pub fn note_part(&self, session: &RepairSession) {
        if let Some(progress) = &self.0.progress {
            progress.begin_part(session.progress());
        }
    }

    fn is_accepted(&self) -> bool {
        self.0.is_accepted.load(Ordering::Acquire)
    }

    fn held_back(&self) -> MutexGuard<'_, HeldBack> {
        self.0.held_back.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn open_backend(path: &Path) -> Result<FileBackend, StoreError> {
    let file = File::options().read(true).write(true).open(path).map_err(DatabaseError::from)?;
    Ok(FileBackend::new(file)?)
}

impl StorageBackend for ShopFile {
    fn len(&self) -> io::Result<u64> {
        if self.is_accepted() { self.0.file.len() } else { Ok(self.held_back().length) }
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        if self.is_accepted() {
            return self.0.file.read(offset, out);
        }
        if let Some(progress) = &self.0.progress {
            progress.note_read(out.len());
        }
        self.held_back().read(&self.0.file, offset, out)
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        if self.is_accepted() {
            return self.0.file.set_len(length);
        }
        self.held_back().set_length(length);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        if self.is_accepted() {
            return self.0.file.sync_data();
        }
        self.held_back().steps.push(Step::Sync);
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        if self.is_accepted() {
            return self.0.file.write(offset, data);
        }
        self.held_back().write(&self.0.file, offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.0.file.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.file.try_lock_range(start, end)
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.file.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.file.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.file.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.file.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.file.query_lock_range(start, end)
    }
}

/// What was written during the trial.
#[derive(Debug)]
struct HeldBack {
    /// As it happened, for the disk.
    steps: Vec<Step>,
    /// What has come of it, for those who read.
    overlay: Overlay,
    /// The length that the file would have.
    length: u64,
    /// Up to here it has been as long all the time as it is on the disk; what was cut off does not come back.
    kept_length: u64,
}

#[derive(Debug)]
enum Step {
    Write(u64, Vec<u8>),
    SetLength(u64),
    Sync,
}

impl HeldBack {
    fn of(length: u64) -> Self {
        Self { steps: Vec::new(), overlay: Overlay::default(), length, kept_length: length }
    }

    /// The bytes as they would be if everything held back were on the disk.
    fn read(&self, file: &FileBackend, offset: u64, out: &mut [u8]) -> io::Result<()> {
        if offset + out.len() as u64 > self.length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.overlay.read(offset, out, |offset, out| read_or_zeros(file, self.kept_length, offset, out))
    }

    fn write(&mut self, file: &FileBackend, offset: u64, data: &[u8]) -> io::Result<()> {
        let kept_length = self.kept_length;
        self.overlay.write(offset, data, |offset, out| read_or_zeros(file, kept_length, offset, out))?;
        self.steps.push(Step::Write(offset, data.to_vec()));
        Ok(())
    }

    fn set_length(&mut self, length: u64) {
        self.overlay.cut(length);
        self.length = length;
        self.kept_length = self.kept_length.min(length);
        self.steps.push(Step::SetLength(length));
    }
}

impl Step {
    fn carry_out(&self, file: &FileBackend) -> io::Result<()> {
        match self {
            Self::Write(offset, data) => file.write(*offset, data),
            Self::SetLength(length) => file.set_len(*length),
            Self::Sync => file.sync_data(),
        }
    }
}

/// How far the check is. redb names the beginning of each part; within one, the bytes read tell.
struct CheckProgress {
    length: u64,
    tell: OnProgress,
    now: Mutex<Part>,
}

struct Part {
    /// Percent at its beginning and at its end.
    from: f64,
    to: f64,
    bytes_read: u64,
    told: Instant,
}

impl fmt::Debug for CheckProgress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Progress").field("length", &self.length).finish_non_exhaustive()
    }
}

impl CheckProgress {
    /// Where redb's next part begins, seen from each: it checks everything twice if the first commit slot is torn, then
    /// walks the tables and its own notes.
    const PARTS: [f64; 4] = [30.0, 60.0, 90.0, 100.0];

    fn new(length: u64, on_progress: OnProgress) -> Self {
        let part = Part { from: 0.0, to: 60.0, bytes_read: 0, told: Instant::now() };
        Self { length, tell: on_progress, now: Mutex::new(part) }
    }

    fn begin_part(&self, fraction: f64) {
        let from = fraction * 100.0;
        // Most often nothing is torn, and the first check reaches up to the third part.
        let to = if from < 1.0 { 60.0 } else { Self::PARTS.into_iter().find(|to| *to > from + 1.0).unwrap_or(100.0) };
        let mut part = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        *part = Part { from, to, bytes_read: 0, told: part.told };
    }

    fn note_read(&self, bytes: usize) {
        let mut part = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        part.bytes_read += bytes as u64;
        if part.told.elapsed() < PROGRESS_EVERY {
            return;
        }
        part.told = Instant::now();
        let percent = part.percent(self.length);
        drop(part);
        (self.tell)(percent);
    }
}

impl Part {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a percentage of a length"
    )]
    fn percent(&self, length: u64) -> u8 {
        let done = (self.bytes_read as f64 / length.max(1) as f64).min(1.0);
        (self.from + (self.to - self.from) * done).clamp(0.0, 99.0) as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::file::HeldBytes;

    fn on_trial(content: &[u8]) -> (tempfile::TempDir, std::path::PathBuf, ShopFile) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        std::fs::write(&path, content).unwrap();
        let file = ShopFile::on_trial(&path, Box::new(|_| {})).unwrap();
        (dir, path, file)
    }

    fn read(file: &ShopFile, offset: u64, length: usize) -> Vec<u8> {
        let mut bytes = vec![0xff; length];
        file.read(offset, &mut bytes).unwrap();
        bytes
    }

    #[test]
    fn what_is_written_on_trial_is_read_back_and_reaches_the_disk_only_when_the_file_is_accepted() {
        let (_dir, path, file) = on_trial(b"0123456789");
        file.write(2, b"ab").unwrap();
        file.set_len(14).unwrap();
        file.sync_data().unwrap();
        file.write(9, b"xyz").unwrap();
        assert_eq!(read(&file, 0, 14), b"01ab45678xyz\0\0");
        assert_eq!(read(&file, 3, 3), b"b45");
        assert_eq!(read(&file, 10, 4), b"yz\0\0");
        assert!(file.read(12, &mut [0; 3]).is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"0123456789");

        file.accept().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"01ab45678xyz\0\0");
        file.write(0, b"!").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"!1ab45678xyz\0\0");
    }

    #[test]
    fn what_was_cut_off_on_trial_does_not_come_back() {
        let (_dir, path, file) = on_trial(b"0123456789");
        file.set_len(4).unwrap();
        file.set_len(8).unwrap();
        assert_eq!(read(&file, 2, 6), b"23\0\0\0\0");
        file.accept().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"0123\0\0\0\0");
    }

    #[test]
    fn a_file_that_was_left_open_is_repaired_in_memory_and_on_the_disk_when_it_is_accepted() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        let left_open = redb::Database::create(dir.path().join("left open")).unwrap();
        let transaction = left_open.begin_write().unwrap();
        transaction.open_table(redb::TableDefinition::<u64, u64>::new("numbers")).unwrap().insert(1, 2).unwrap();
        transaction.commit().unwrap();
        std::fs::copy(dir.path().join("left open"), &path).unwrap();
        let content = std::fs::read(&path).unwrap();

        let file = ShopFile::on_trial(&path, Box::new(|_| {})).unwrap();
        let database = crate::store::file::open::open_database(&path, &file, &HeldBytes::default(), 1 << 20).unwrap();
        let progress = file.0.progress.as_ref().unwrap();
        assert!(progress.now.lock().unwrap().from > 89.0, "redb has told of every part");
        assert!(std::fs::read(&path).unwrap() == content, "written to before it was accepted");
        file.accept().unwrap();
        assert!(std::fs::read(&path).unwrap() != content);
        database.close().unwrap();
        // What is on the disk now is whole, and closed.
        let mut builder = redb::Builder::new();
        builder.set_check_integrity_on_open(true).open(&path).unwrap();
    }

    #[test]
    fn progress_grows_within_a_part_and_from_part_to_part() {
        let progress = CheckProgress::new(1_000, Box::new(|_| {}));
        let percent = |progress: &CheckProgress| progress.now.lock().unwrap().percent(1_000);
        let mut seen = vec![percent(&progress)];
        for fraction in [0.0, 0.3, 0.6, 0.9] {
            progress.begin_part(fraction);
            seen.push(percent(&progress));
            if fraction > 0.0 {
                progress.note_read(500);
                seen.push(percent(&progress));
                progress.note_read(5_000);
                seen.push(percent(&progress));
            }
        }
        assert!(seen.is_sorted(), "{seen:?}");
        assert_eq!(seen.last(), Some(&99), "a check that is not over is not done");
    }
}
