//! The open database: the one commit, and the newest snapshot for readers. After a fault the file is opened again.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use redb::{Database, ReadableDatabase, StorageBackend};

use super::error::{OpenError, StoreError};
use super::file::{Attempt, OpenedFile, Reopen, StoreOptions, open, open_on};
use super::read::{ReadHealth, Snapshot};
use super::write::{CommitTime, Kept, Transaction, Written};
use crate::domain::{Change, Currency};

/// What a commit has done.
#[derive(Debug)]
pub struct Committed<T> {
    /// What the work gave.
    pub value: T,
    /// The changes, in order.
    pub changes: Vec<Change>,
    /// Revision and JSON of the settings, if they were changed.
    pub settings: Option<(u32, Arc<[u8]>)>,
    /// Whether anything was written; work that changed nothing needs no sync.
    pub is_synced: bool,
}

/// The open database file.
pub struct Store {
    /// `None` between a fault and a successful reopening.
    opened: RwLock<Option<Opened>>,
    /// Opens the same file again after a fault.
    opener: Reopen,
    last_attempt: Mutex<Option<Instant>>,
    path: PathBuf,
    currency: Currency,
    file_id: String,
    run_id: String,
    run_number: u64,
    is_closed: AtomicBool,
    /// Held for as long as the process lives, so that a second instance says so at once.
    _lock: Option<std::fs::File>,
}

/// The database and the newest state of it. Readers share that one instead of making one each; and while it is held, redb
/// leaves the pages that a commit has freed to the next commit, instead of running a second, smaller one for them.
struct Opened {
    latest: RwLock<Arc<Snapshot>>,
    health: ReadHealth,
    /// What commits leave for later ones. It speaks of this opening of the file alone.
    kept: Arc<Mutex<Kept>>,
    database: Database,
}

impl Opened {
    fn new(database: Database, currency: Currency) -> Result<Self, StoreError> {
        let health = ReadHealth::default();
        let latest = RwLock::new(Arc::new(Snapshot::new(database.begin_read()?, currency, health.clone())));
        Ok(Self { latest, health, kept: Arc::default(), database })
    }

    fn latest(&self) -> Arc<Snapshot> {
        Arc::clone(&self.latest.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes the state after a commit as the newest.
    fn advance(&self, currency: Currency) -> Result<(), StoreError> {
        let snapshot = Arc::new(Snapshot::new(self.database.begin_read()?, currency, self.health.clone()));
        *self.latest.write().unwrap_or_else(PoisonError::into_inner) = snapshot;
        Ok(())
    }
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

    /// Opens a database on any storage instead of a file, with all the same code above it. `storage` is called again for
    /// the same storage after a fault. Tests put disks here that fail.
    pub fn open_on<B: StorageBackend>(storage: impl Fn() -> B + Send + Sync + 'static) -> Result<Self, OpenError> {
        Self::of(open_on(storage)?)
    }

    fn of(file: OpenedFile) -> Result<Self, OpenError> {
        let OpenedFile { database, reopen, path, facts, run_number, run_id, lock } = file;
        let opened = Opened::new(database, facts.currency).map_err(|error| OpenError::of(&path, error))?;
        Ok(Self {
            opened: RwLock::new(Some(opened)),
            opener: reopen,
            last_attempt: Mutex::new(None),
            path,
            currency: facts.currency,
            file_id: facts.file_id,
            run_id,
            run_number,
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
        format!("{}-{}", self.file_id, self.run_id)
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
        let result = self.commit_once(time, work);
        if let Err(error) = &result {
            log::error!("⚠️ The database reported a fault and is opened again: {error}");
            self.drop_database();
        }
        result
    }

    fn commit_once<T>(
        &self,
        time: CommitTime,
        work: impl FnOnce(&mut Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<Committed<T>, StoreError> {
        let (transaction, kept) =
            self.with_opened(|opened| Ok((opened.database.begin_write()?, Arc::clone(&opened.kept))))?;
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        let mut batch = Transaction::begin(&transaction, time, self.run_number, self.currency, &mut kept)?;
        let value = work(&mut batch)?;
        let Written { changes, settings, is_changed: is_synced } = batch.finish();
        if is_synced {
            transaction.commit()?;
            self.with_opened(|opened| opened.advance(self.currency))?;
        } else {
            transaction.abort()?;
        }
        Ok(Committed { value, changes, settings, is_synced })
    }

    /// Closes the file properly, so that the next start has nothing to repair.
    pub fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
        let Some(opened) = self.opened.write().unwrap_or_else(PoisonError::into_inner).take() else { return };
        drop(opened.latest);
        if let Err(error) = opened.database.close() {
            log::warn!("The database was not closed cleanly; the next start will check it: {error}");
        }
    }

    /// After a fault a redb handle answers nothing any more, not even reads.
    fn drop_database(&self) {
        drop(self.opened.write().unwrap_or_else(PoisonError::into_inner).take());
    }

    fn with_opened<T>(&self, act: impl FnOnce(&Opened) -> Result<T, StoreError>) -> Result<T, StoreError> {
        act(self.opened.read().unwrap_or_else(PoisonError::into_inner).as_ref().ok_or(StoreError::Unavailable)?)
    }

    fn ensure_open(&self) -> Result<(), StoreError> {
        let is_whole = |opened: &Option<Opened>| opened.as_ref().is_some_and(|opened| !opened.health.has_failed());
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
        let database = (self.opener)();
        *last_attempt = Some(Instant::now());
        *opened = Some(Opened::new(database?, self.currency)?);
        log::info!("The database is open again");
        Ok(())
    }
}
