//! The store: the one commit, and the newest snapshot for readers. After a fault the file is opened again.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use redb::StorageBackend;

use super::error::{OpenError, StoreError};
use super::file::{Attempt, Files, JournalOptions, OpenedFile, Reopened, Run, StoreOptions, open, open_on};
use super::format::hex;
use super::opened::{Committed, JournalCounts, Opened};
use super::read::Snapshot;
use super::write::{CommitTime, Transaction};
use crate::domain::{Currency, RunTime};

/// The open database file.
pub struct Store {
    /// `None` between a fault and a successful reopening.
    opened: RwLock<Option<Opened>>,
    files: Files,
    last_attempt: Mutex<Option<Instant>>,
    path: PathBuf,
    currency: Currency,
    file_id: String,
    run: Run,
    counts: Arc<JournalCounts>,
    is_closed: AtomicBool,
    /// Held for as long as the process lives, so that a second instance says so at once.
    _lock: Option<std::fs::File>,
}

/// Between two attempts to open a file that a fault has closed: each reads the whole file.
const REOPEN_REST: Duration = Duration::from_millis(200);

impl Store {
    /// Opens the file, making it first if there is none, checks every page of it, and notes the start of a new run. A file
    /// that cannot be used is left as it is, to the byte.
    pub fn open(options: &StoreOptions) -> Result<Self, OpenError> {
        Self::attempt(options, Attempt::default())
    }

    /// The same for those who want to see the progress, or whose file must not be made anew.
    pub fn attempt(options: &StoreOptions, attempt: Attempt) -> Result<Self, OpenError> {
        Self::of(open(options, attempt)?)
    }

    /// Opens a database and its journal on any storage instead of files, with all the same code above it. Both are called again
    /// for the same storage after a fault. Tests put disks here that fail.
    pub fn open_on<B: StorageBackend, J: StorageBackend>(
        database: impl Fn() -> B + Send + Sync + 'static,
        journal: impl Fn() -> J + Send + Sync + 'static,
        options: JournalOptions,
    ) -> Result<Self, OpenError> {
        Self::of(open_on(database, journal, options)?)
    }

    fn of(file: OpenedFile) -> Result<Self, OpenError> {
        let OpenedFile { database, held, attached, files, path, facts, run, lock } = file;
        let counts = Arc::default();
        let opened = Opened::new(database, held, attached, facts.currency, Arc::clone(&counts));
        let opened = opened.map_err(|error| OpenError::of(&path, error))?;
        Ok(Self {
            opened: RwLock::new(Some(opened)),
            files,
            last_attempt: Mutex::new(None),
            path,
            currency: facts.currency,
            file_id: hex(&facts.id),
            run,
            counts,
            is_closed: AtomicBool::new(false),
            _lock: lock,
        })
    }

    /// Where the file is.
    pub fn path(&self) -> &std::path::Path {
        &self.path
    }

    /// The currency whose minor units the file holds.
    pub fn currency(&self) -> Currency {
        self.currency
    }

    /// Names the file and this run of the server. Opaque to clients.
    pub fn epoch(&self) -> String {
        format!("{}-{}", self.file_id, self.run.id)
    }

    /// Now, in the server's running time.
    pub fn run_time(&self, time: CommitTime) -> RunTime {
        RunTime { run: self.run.number, uptime_seconds: time.uptime_seconds, unix_micros: time.at.unix_micros }
    }

    /// Eight hex digits that tell this shop's file from others.
    pub fn short_id(&self) -> &str {
        self.file_id.get(..8).unwrap_or(&self.file_id)
    }

    /// Whether a client of this epoch that has everything up to `seq` can go on from there.
    pub fn can_resume(&self, epoch: &str, seq: u64) -> Result<bool, StoreError> {
        self.snapshot()?.can_resume(&self.file_id, epoch, seq)
    }

    /// A consistent view of everything committed so far. It never waits for a writer.
    pub fn snapshot(&self) -> Result<Arc<Snapshot>, StoreError> {
        self.ensure_open()?;
        self.with_opened(|opened| Ok(opened.latest()))
    }

    /// Numbers about the journal since the start.
    pub fn journal_counts(&self) -> &Arc<JournalCounts> {
        &self.counts
    }

    /// Runs `work` in one transaction and makes it durable with one sync. A wall clock that runs
    /// backwards does not take the stored times with it.
    ///
    /// An error means that the outcome on disk is unknown: the file is reopened before anything else is done with it.
    /// Work that changed nothing costs no sync.
    pub fn commit<T>(
        &self,
        time: CommitTime,
        work: impl FnOnce(&mut Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<Committed<T>, StoreError> {
        self.ensure_open()?;
        self.watched(|opened| opened.commit(time, self.run.number, work))
    }

    /// To be called when nobody waits: brings what is in the journal into the database, if the shop has been quiet for a while
    /// and it is worth a write; begins a journal where there was no room for one, once the disk has so many bytes to spare. An
    /// error is one of a commit that nobody has asked for.
    pub fn rest(&self, spare_bytes: impl Fn() -> u64) -> Result<(), StoreError> {
        self.ensure_open()?;
        self.watched(|opened| opened.rest(&self.files.late_journal, spare_bytes))
    }

    /// Closes the file properly, so that the next start has nothing to repair, and a copy needs no journal.
    pub fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
        if let Some(opened) = self.opened.write().unwrap_or_else(PoisonError::into_inner).take() {
            opened.close();
        }
    }

    /// What fails leaves an unknown outcome on the disk.
    fn watched<T>(&self, act: impl FnOnce(&Opened) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let result = self.with_opened(act);
        if let Err(error) = &result {
            log::error!("⚠️ The database reported a fault and is opened again: {error}");
            self.drop_database();
        }
        result
    }

    /// After a fault a redb handle answers nothing any more, not even reads.
    fn drop_database(&self) {
        drop(self.opened.write().unwrap_or_else(PoisonError::into_inner).take());
    }

    fn with_opened<T>(&self, act: impl FnOnce(&Opened) -> Result<T, StoreError>) -> Result<T, StoreError> {
        act(self.opened.read().unwrap_or_else(PoisonError::into_inner).as_ref().ok_or(StoreError::Unavailable)?)
    }

    fn ensure_open(&self) -> Result<(), StoreError> {
        let is_whole = |opened: &Option<Opened>| opened.as_ref().is_some_and(|opened| !opened.has_failed());
        if is_whole(&self.opened.read().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(());
        }
        let mut opened = self.opened.write().unwrap_or_else(PoisonError::into_inner);
        if is_whole(&opened) {
            return Ok(());
        }
        if opened.take().is_some() {
            log::error!("⚠️ The database cannot be read from and is opened again");
        }
        if self.is_closed.load(Ordering::Acquire) {
            return Err(StoreError::Unavailable);
        }
        let mut last_attempt = self.last_attempt.lock().unwrap_or_else(PoisonError::into_inner);
        if last_attempt.is_some_and(|at| at.elapsed() < REOPEN_REST) {
            return Err(StoreError::Unavailable);
        }
        let reopened = (self.files.reopen)();
        *last_attempt = Some(Instant::now());
        let Reopened { database, held, attached } = reopened?;
        *opened = Some(Opened::new(database, held, attached, self.currency, Arc::clone(&self.counts))?);
        log::info!("The database is open again");
        Ok(())
    }
}
