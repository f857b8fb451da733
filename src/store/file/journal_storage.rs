//! Where the journal is kept: a file beside the database, or whatever a test puts there.

use std::fs::{self, File};
use std::io::{ErrorKind, Result};
use std::path::{Path, PathBuf};

use redb::StorageBackend;
use redb::backends::FileBackend;

use crate::platform;

/// Name of the journal in the folder of the database.
pub(crate) const JOURNAL_NAME: &str = "tillsync.journal";
/// Zeros are written in pieces of this size.
const PIECE_BYTES: usize = 1 << 14;
/// Names for journals of the same second that were set aside.
const ASIDE_NAMES: u32 = 100;

/// A place that holds one journal, or none.
pub(crate) trait JournalStorage: Send + Sync {
    /// Opens it, as the disk has it; `None` if there is none.
    fn open(&self) -> Result<Option<Box<dyn StorageBackend>>>;

    /// Makes one of so many bytes, all zero and on the disk; in place of what is there, if that is said.
    fn make(&self, bytes: usize, replaces: bool) -> Result<Box<dyn StorageBackend>>;

    /// Gives it another name, which is returned.
    fn set_aside(&self) -> Result<PathBuf>;
}

/// A file.
pub(crate) struct JournalFile {
    directory: PathBuf,
}

impl JournalFile {
    pub fn in_folder(directory: &Path) -> Self {
        Self { directory: directory.to_path_buf() }
    }

    pub fn path(&self) -> PathBuf {
        self.directory.join(JOURNAL_NAME)
    }

    fn backend(&self) -> Result<Box<dyn StorageBackend>> {
        open_backend(File::options().read(true).write(true).open(self.path())?)
    }
}

impl JournalStorage for JournalFile {
    fn open(&self) -> Result<Option<Box<dyn StorageBackend>>> {
        if platform::is_missing(&self.path())? {
            return Ok(None);
        }
        platform::forget_cached(&self.path())?;
        self.backend().map(Some)
    }

    fn make(&self, bytes: usize, replaces: bool) -> Result<Box<dyn StorageBackend>> {
        let temporary = self.directory.join(format!("{JOURNAL_NAME}.new"));
        match fs::remove_file(&temporary) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let file = platform::new_private(&temporary)?;
        let made = open_backend(file).and_then(|backend| fill_with_zeros(&*backend, bytes));
        let made = made.and_then(|()| {
            if replaces { fs::rename(&temporary, self.path()) } else { platform::rename_new(&temporary, &self.path()) }
        });
        if let Err(error) = made {
            // What is there of it would take the room that somebody else may need.
            let _ = fs::remove_file(&temporary);
            return Err(error);
        }
        platform::sync_directory(&self.directory)?;
        self.backend()
    }

    fn set_aside(&self) -> Result<PathBuf> {
        let written = jiff::Timestamp::try_from(fs::symlink_metadata(self.path())?.modified()?).unwrap_or_default();
        let name = format!("{JOURNAL_NAME}.aside-{}", written.strftime("%Y%m%dT%H%M%SZ"));
        for number in 0..ASIDE_NAMES {
            let name = if number == 0 { name.clone() } else { format!("{name}-{number}") };
            let aside = self.directory.join(name);
            match platform::rename_new(&self.path(), &aside) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
                Ok(()) => {
                    platform::sync_directory(&self.directory)?;
                    return Ok(aside);
                }
            }
        }
        Err(ErrorKind::AlreadyExists.into())
    }
}

fn open_backend(file: File) -> Result<Box<dyn StorageBackend>> {
    let backend = FileBackend::new(file).map_err(|error| std::io::Error::other(error.to_string()))?;
    Ok(Box::new(backend))
}

/// Any storage; one of no bytes is none.
pub(crate) struct AnyJournal<F>(pub F);

impl<B: StorageBackend, F: Fn() -> B + Send + Sync> JournalStorage for AnyJournal<F> {
    fn open(&self) -> Result<Option<Box<dyn StorageBackend>>> {
        let storage = (self.0)();
        Ok(if storage.len()? == 0 { None } else { Some(Box::new(storage)) })
    }

    fn make(&self, bytes: usize, _replaces: bool) -> Result<Box<dyn StorageBackend>> {
        let storage = (self.0)();
        storage.set_len(0)?;
        fill_with_zeros(&storage, bytes)?;
        Ok(Box::new(storage))
    }

    fn set_aside(&self) -> Result<PathBuf> {
        (self.0)().set_len(0)?;
        Ok(PathBuf::from("nowhere"))
    }
}

/// Written and not only of that length: a later sync need not write down where its bytes are.
fn fill_with_zeros(file: &dyn StorageBackend, bytes: usize) -> Result<()> {
    file.set_len(bytes as u64)?;
    let zeros = [0; PIECE_BYTES];
    for start in (0..bytes).step_by(PIECE_BYTES) {
        file.write(start as u64, zeros.get(..(bytes - start).min(PIECE_BYTES)).unwrap_or_default())?;
    }
    file.sync_data()
}
