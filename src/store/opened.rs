//! One opening of the database and its journal: a commit goes into the journal, and at a checkpoint into the database.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use redb::{Database, Durability, ReadableDatabase, WriteTransaction};

use super::error::StoreError;
use super::file::{Attached, HeldBytes, LateJournal, note_of};
use super::journal::{Appended, EntryLog, Journal, JournalNote};
use super::read::{ReadHealth, Snapshot};
use super::write::{CommitTime, Kept, Transaction, Written};
use crate::domain::{Change, Currency, Directory, Kind};
use crate::metrics::{Counter, Histogram};

/// A shop that has stored nothing for so long is quiet.
const QUIET: Duration = Duration::from_secs(2);
/// In a quiet shop, a half that is filled to this part is worth a checkpoint. Below it nothing is written.
const WORTH_PART: u64 = 4;
/// Between two attempts to begin a journal where there seems to be room for it; each may write all of it.
const ATTEMPT_REST: Duration = Duration::from_secs(3_600);

/// What a commit has done.
#[derive(Debug)]
pub struct Committed<T> {
    /// What the work gave.
    pub value: T,
    /// The changes, in order.
    pub changes: Vec<Change>,
    /// Revision and JSON of the settings, if they were changed.
    pub settings: Option<(u32, Arc<[u8]>)>,
    /// Everybody who may come in, if that was changed.
    pub directory: Option<Arc<Directory>>,
    /// Whether anything was written; work that changed nothing needs no sync.
    pub is_synced: bool,
}

/// Numbers about the journal.
#[derive(Debug)]
pub struct JournalCounts {
    /// Bytes of the half in use that are taken; 0 if there is no journal.
    pub bytes: AtomicU64,
    /// Microseconds of each checkpoint.
    pub checkpoint_seconds: Histogram<10>,
    /// Commits that the database lacked when it was opened.
    pub replayed: Counter,
    /// Of these, such as had a flipped bit that was put right.
    pub mended: Counter,
}

impl Default for JournalCounts {
    fn default() -> Self {
        Self {
            bytes: AtomicU64::default(),
            checkpoint_seconds: Histogram::new([
                500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 500_000, 2_000_000,
            ]),
            replayed: Counter::default(),
            mended: Counter::default(),
        }
    }
}

/// The database and the newest state of it. Readers share that one instead of making one each; and while it is held, redb
/// leaves the pages that a commit has freed to the next commit, instead of running a second, smaller one for them.
pub(crate) struct Opened {
    latest: RwLock<Arc<Snapshot>>,
    health: ReadHealth,
    currency: Currency,
    counts: Arc<JournalCounts>,
    writing: Mutex<Writing>,
    held: HeldBytes,
    database: Database,
}

/// What only the commit uses.
struct Writing {
    /// What commits leave for later ones. It speaks of this opening of the file alone.
    kept: Kept,
    /// `None` if there was no room for one, or it could not be made.
    journal: Option<Journal>,
    /// What the database says of it.
    note: JournalNote,
    last_commit: Instant,
    last_attempt: Option<Instant>,
}

impl Opened {
    pub fn new(
        database: Database,
        held: HeldBytes,
        attached: Attached,
        currency: Currency,
        counts: Arc<JournalCounts>,
    ) -> Result<Self, StoreError> {
        let Attached { journal, note, replayed, mended, .. } = attached;
        counts.replayed.add(replayed);
        counts.mended.add(mended);
        let health = ReadHealth::default();
        let latest = RwLock::new(Arc::new(Snapshot::new(database.begin_read()?, currency, health.clone())));
        let (kept, last_commit, last_attempt) = (Kept::default(), Instant::now(), None);
        let writing = Mutex::new(Writing { kept, journal, note, last_commit, last_attempt });
        let opened = Self { latest, health, currency, counts, writing, held, database };
        opened.count_bytes(&opened.writing());
        Ok(opened)
    }

    pub fn latest(&self) -> Arc<Snapshot> {
        Arc::clone(&self.latest.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether a read has failed.
    pub fn has_failed(&self) -> bool {
        self.health.has_failed()
    }

    /// Runs `work` in one transaction, and makes it durable if it has changed anything.
    pub fn commit<T>(
        &self,
        time: CommitTime,
        run: u64,
        work: impl FnOnce(&mut Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<Committed<T>, StoreError> {
        let writing = &mut *self.writing();
        let transaction = self.database.begin_write()?;
        let mut batch = Transaction::begin(&transaction, time, run, self.currency, &mut writing.kept)?;
        let value = work(&mut batch)?;
        let Written { changes, settings, directory, is_changed: is_synced } = batch.finish()?;
        if is_synced {
            self.make_durable(writing, transaction, &changes)?;
            self.advance()?;
        } else {
            transaction.abort()?;
        }
        Ok(Committed { value, changes, settings, directory, is_synced })
    }

    /// A checkpoint, if nobody has stored anything for a while and there is something to bring over. Without a journal: begins
    /// one, if there is room.
    pub fn rest(&self, late_journal: &LateJournal, spare_bytes: impl Fn() -> u64) -> Result<(), StoreError> {
        let writing = &mut *self.writing();
        let Some(journal) = &writing.journal else {
            return self.begin_journal(writing, late_journal, spare_bytes);
        };
        if journal.commit() == writing.note.commit {
            return Ok(());
        }
        let (used, half) = journal.fill();
        if writing.last_commit.elapsed() < QUIET || used < half / WORTH_PART {
            return Ok(());
        }
        let transaction = self.database.begin_write()?;
        self.checkpoint(writing, transaction, false)?;
        self.advance()
    }

    fn begin_journal(
        &self,
        writing: &mut Writing,
        late_journal: &LateJournal,
        spare_bytes: impl Fn() -> u64,
    ) -> Result<(), StoreError> {
        let is_too_soon = writing.last_attempt.is_some_and(|at| at.elapsed() < ATTEMPT_REST);
        if is_too_soon || writing.last_commit.elapsed() < QUIET || spare_bytes() < late_journal.bytes() {
            return Ok(());
        }
        writing.last_attempt = Some(Instant::now());
        if let Some((journal, note)) = late_journal.begin(&self.database)? {
            (writing.journal, writing.note) = (Some(journal), note);
            self.count_bytes(writing);
            log::info!("There is room for the journal beside the database now, and it is begun");
        }
        self.advance()
    }

    /// Brings everything into the database, which needs no journal then.
    pub fn close(self) {
        let writing = self.writing.into_inner().unwrap_or_else(PoisonError::into_inner);
        drop(self.latest);
        let close = || {
            if let Some(journal) = &writing.journal {
                let transaction = self.database.begin_write()?;
                let (generation, half_id) = journal.half();
                let complete =
                    JournalNote { is_needed: false, commit: journal.commit(), generation, half_id, ..writing.note };
                complete.write(&transaction)?;
                transaction.commit()?;
            }
            Ok::<_, StoreError>(self.database.close()?)
        };
        if let Err(error) = close() {
            log::warn!("The database was not closed cleanly; the next start will check it: {error}");
        }
    }

    /// Promise 1: comes back when the disk has it, in the journal or in the database.
    fn make_durable(
        &self,
        writing: &mut Writing,
        mut transaction: WriteTransaction,
        changes: &[Change],
    ) -> Result<(), StoreError> {
        writing.last_commit = Instant::now();
        let Writing { kept, journal, note, .. } = writing;
        let Some(journal) = journal else { return Ok(transaction.commit()?) };
        // Should the journal be lost, numbers go on above the bound; so none above it is in the journal alone.
        let is_within_bounds = changes.iter().all(|change| {
            let bound = match change.key.kind {
                Kind::Estimate => note.estimates_bound,
                Kind::Order => note.orders_bound,
            };
            u64::from(change.key.number) <= bound
        });
        if is_within_bounds && !self.held.is_checkpoint_due() && journal.append(&mut kept.entry)? == Appended::Durable {
            transaction.set_durability(Durability::None)?;
            transaction.commit()?;
            self.count_bytes(writing);
            return Ok(());
        }
        self.checkpoint(writing, transaction, true)
    }

    /// Begins the next half of the journal, and brings the database up to there. `has_entry` says that the transaction is a
    /// commit with an entry of its own, which is the first of the next half.
    fn checkpoint(
        &self,
        writing: &mut Writing,
        transaction: WriteTransaction,
        has_entry: bool,
    ) -> Result<(), StoreError> {
        let started = Instant::now();
        let Writing { kept, journal, note, .. } = writing;
        let Some(journal) = journal else { return Ok(transaction.commit()?) };
        let entry: Option<&mut EntryLog> = if has_entry { Some(&mut kept.entry) } else { None };
        let appended = journal.begin_next(entry)?;
        let next = note_of(Some(journal), journal.commit(), 0);
        *note = next.write(&transaction)?;
        transaction.commit()?;
        if has_entry && appended == Appended::NoRoom {
            // What is too large for the journal is twice in the database instead: in the newest commit and the one before.
            let transaction = self.database.begin_write()?;
            note.write(&transaction)?;
            transaction.commit()?;
        }
        self.counts.checkpoint_seconds.note(u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX));
        self.count_bytes(writing);
        Ok(())
    }

    /// Takes the state after a commit as the newest.
    fn advance(&self) -> Result<(), StoreError> {
        let snapshot = Arc::new(Snapshot::new(self.database.begin_read()?, self.currency, self.health.clone()));
        *self.latest.write().unwrap_or_else(PoisonError::into_inner) = snapshot;
        Ok(())
    }

    fn count_bytes(&self, writing: &Writing) {
        let bytes = writing.journal.as_ref().map_or(0, |journal| journal.fill().0);
        self.counts.bytes.store(bytes, Ordering::Relaxed);
    }

    fn writing(&self) -> MutexGuard<'_, Writing> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
