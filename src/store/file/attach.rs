//! The database and its journal come together: what the database lacks is replayed, and the next half is begun.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use redb::{Database, DatabaseError, ReadableDatabase, ReadableTable, StorageBackend, WriteTransaction};

use super::facts::Facts;
use super::journal_storage::JournalStorage;
use super::options::JournalOptions;
use super::upgrade::upgrade;
use crate::domain::{Kind, RecordKey, Timestamp};
use crate::store::error::{LastChange, StoreError};
use crate::store::format::{LogEntry, RunEntry, hex, random_id};
use crate::store::journal::{
    Fault, Journal, JournalNote, NUMBERS_PER_CHECKPOINT_MAX, Recovered, examine, last_change, replay,
};
use crate::store::tables::{CHANGES, RUNS};
use crate::store::write::{Cause, CommitTime, Kept, Transaction};

/// Why a database and a journal cannot be used together.
#[derive(Debug)]
pub(crate) enum AttachError {
    /// The database was left open, and there is no journal.
    Missing,
    /// The database was left open, and the journal is another one.
    Other,
    /// The journal is damaged. This is the last change that is known.
    Damaged(Option<LastChange>),
    /// The system does not let us read the journal, or its disk fails.
    Unreadable(io::Error),
    Store(StoreError),
}

impl From<StoreError> for AttachError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<AttachError> for StoreError {
    fn from(error: AttachError) -> Self {
        match error {
            AttachError::Store(error) => error,
            AttachError::Unreadable(error) => of_io(error),
            AttachError::Missing | AttachError::Other | AttachError::Damaged(_) => Self::JournalLost,
        }
    }
}

/// What is to be done about the journal; nothing is written before that is known.
pub(crate) struct Plan {
    note: JournalNote,
    recovered: Recovered,
    journal: JournalChoice,
    /// Numbers that may have been given out and are not known are used up.
    skips_numbers: bool,
}

/// Which journal is used.
enum JournalChoice {
    /// The one that is there.
    There(Box<dyn StorageBackend>),
    /// A new one in place of one of another size, of which nothing is needed; without room for it that one, as it is.
    Resized(Recovered),
    /// A new one.
    New(InTheWay),
}

/// What is under the journal's name when a new one is to be made.
#[derive(Clone, Copy, PartialEq, Eq)]
enum InTheWay {
    Nothing,
    /// Something that somebody may miss.
    SetAside,
}

/// A database whose journal is begun.
pub(crate) struct Attached {
    /// `None` if there is no room for one.
    pub journal: Option<Journal>,
    pub note: JournalNote,
    pub run: Option<Run>,
    /// Commits that the database lacked.
    pub replayed: u64,
    /// Of these, such as were read by putting a flipped bit right.
    pub mended: u64,
}

/// A start of the server.
pub(crate) struct Run {
    pub number: u64,
    pub id: String,
}

/// Looks what the journal has for this database.
pub(crate) fn plan(
    database: &Database,
    facts: &Facts,
    storage: &dyn JournalStorage,
    options: &JournalOptions,
) -> Result<Plan, AttachError> {
    let note = JournalNote::read(database)?;
    let fresh = || Recovered { commit: note.commit, generation: note.generation, ..Recovered::default() };
    let new = |recovered: Recovered, in_the_way, skips_numbers| Plan {
        note,
        recovered: Recovered { newest: None, half_bytes: options.half_bytes, ..recovered },
        journal: JournalChoice::New(in_the_way),
        skips_numbers,
    };
    // Without its journal a database that needs one is opened at the owner's word alone.
    let (needs_word, has_word) = (note.is_needed, options.may_be_left_out);
    let file = match storage.open() {
        Ok(Some(file)) => file,
        Ok(None) if needs_word && !has_word => return Err(AttachError::Missing),
        Ok(None) => return Ok(new(fresh(), InTheWay::Nothing, needs_word)),
        Err(error) if needs_word && !has_word => return Err(AttachError::Unreadable(error)),
        Err(_) => return Ok(new(fresh(), InTheWay::SetAside, needs_word)),
    };
    let set_aside = |recovered| new(recovered, InTheWay::SetAside, needs_word);
    match examine(&*file, &note, facts.id) {
        Ok(recovered) if !note.is_needed && recovered.half_bytes != options.half_bytes => {
            let resized = Recovered { newest: None, half_bytes: options.half_bytes, ..recovered.clone() };
            Ok(Plan { note, recovered: resized, journal: JournalChoice::Resized(recovered), skips_numbers: false })
        }
        Ok(recovered) => Ok(Plan { note, recovered, journal: JournalChoice::There(file), skips_numbers: false }),
        Err(Fault::Damaged(recovered)) if has_word => Ok(set_aside(recovered)),
        Err(_) if has_word || !needs_word => Ok(set_aside(fresh())),
        Err(Fault::Other | Fault::NotWanted) => Err(AttachError::Other),
        Err(Fault::Unreadable(error)) => Err(AttachError::Unreadable(error)),
        Err(Fault::Damaged(recovered)) => Err(AttachError::Damaged(last_known(database, &recovered)?)),
    }
}

fn last_known(database: &Database, recovered: &Recovered) -> Result<Option<LastChange>, StoreError> {
    let told = |entry: LogEntry<'_>| LastChange { id: entry.key.id(), at: entry.at.to_rfc3339() };
    if let Some(entry) = last_change(&recovered.entries) {
        return Ok(Some(told(entry)));
    }
    let changes = database.begin_read()?.open_table(CHANGES)?;
    let last = changes.last()?;
    Ok(last.and_then(|(_, entry)| LogEntry::decode(entry.value()).ok().map(told)))
}

impl Plan {
    /// Whether the database says that its journal may have more.
    pub fn is_journal_needed(&self) -> bool {
        self.note.is_needed
    }

    /// Brings the database up to the last commit, and begins the next half of the journal. At the first time after a start,
    /// that is noted.
    pub fn carry_out(
        self,
        database: &Database,
        facts: &Facts,
        storage: &dyn JournalStorage,
        is_start: bool,
    ) -> Result<Attached, StoreError> {
        let Self { note, mut recovered, journal, skips_numbers } = self;
        let replayed = recovered.entries.len() as u64;
        if replayed > 0 {
            let newest = recovered.newest;
            let transaction = database.begin_write()?;
            for entry in std::mem::take(&mut recovered.entries) {
                replay(&transaction, &entry)?;
            }
            // Where the journal is left out, the word is needed again until the numbers are used up.
            if !skips_numbers {
                let reached = JournalNote {
                    is_needed: true,
                    commit: recovered.commit,
                    generation: newest.map_or(note.generation, |newest| newest.generation),
                    half_id: newest.map_or(0, |newest| newest.id),
                    ..JournalNote::default()
                };
                reached.write(&transaction)?;
            }
            transaction.commit()?;
            log::info!("The newest {replayed} commits were taken from the journal");
        }
        if recovered.mended > 0 {
            log::warn!(
                "⚠️ {} entries of the journal had a flipped bit, which was put right. Check the disk or the memory card",
                recovered.mended
            );
        }
        upgrade(database)?;
        let mended = recovered.mended as u64;
        let journal = begin_journal(journal, storage, facts.id, &recovered)?;
        if journal.is_none() {
            log::warn!(
                "⚠️ There is no room for the journal beside the database ({} KiB); until there is, each sale costs the disk \
                 more writes",
                (2 * recovered.half_bytes) >> 10
            );
        }
        let transaction = database.begin_write()?;
        // Before the numbers are used up: what a device had of that is not a past of this database.
        let run = if is_start { Some(note_run(&transaction)?) } else { None };
        if skips_numbers {
            use_up_numbers(&transaction, facts, &note)?;
        }
        let begun = note_of(journal.as_ref(), recovered.commit, recovered.generation);
        let note = note_twice(database, transaction, &begun)?;
        Ok(Attached { journal, note, run, replayed, mended })
    }
}

/// A journal for a database that was opened without room for one.
pub(crate) struct LateJournal {
    storage: Arc<dyn JournalStorage>,
    facts: Facts,
    half_bytes: usize,
    has_journal: Arc<AtomicBool>,
}

impl LateJournal {
    /// `has_journal` is set when it is begun.
    pub fn new(
        storage: Arc<dyn JournalStorage>,
        facts: Facts,
        options: &JournalOptions,
        has_journal: Arc<AtomicBool>,
    ) -> Self {
        Self { storage, facts, half_bytes: options.half_bytes, has_journal }
    }

    /// What it takes.
    pub fn bytes(&self) -> u64 {
        2 * self.half_bytes as u64
    }

    /// Begins it, if there is room by now. Nothing else is committed meanwhile. An error is one of the database.
    pub fn begin(&self, database: &Database) -> Result<Option<(Journal, JournalNote)>, StoreError> {
        let options = JournalOptions { half_bytes: self.half_bytes, may_be_left_out: false };
        // What an earlier attempt may have left there is used on.
        let Plan { recovered, journal, .. } = plan(database, &self.facts, &*self.storage, &options)?;
        let journal = match begin_journal(journal, &*self.storage, self.facts.id, &recovered) {
            Ok(Some(journal)) => journal,
            Ok(None) => return Ok(None),
            Err(error) => {
                log::warn!("⚠️ The journal beside the database cannot be made: {error}");
                return Ok(None);
            }
        };
        let transaction = database.begin_write()?;
        let note = note_twice(database, transaction, &note_of(Some(&journal), recovered.commit, recovered.generation))?;
        self.has_journal.store(true, Ordering::Release);
        Ok(Some((journal, note)))
    }
}

/// Ends the transaction with the note, and writes it once more, so that the commit before the newest says so too: the newest
/// may be lost to a flipped bit without a word.
fn note_twice(
    database: &Database,
    transaction: WriteTransaction,
    note: &JournalNote,
) -> Result<JournalNote, StoreError> {
    let note = note.write(&transaction)?;
    transaction.commit()?;
    let transaction = database.begin_write()?;
    note.write(&transaction)?;
    transaction.commit()?;
    Ok(note)
}

/// What the database says of the half in use.
pub(crate) fn note_of(journal: Option<&Journal>, commit: u64, generation: u64) -> JournalNote {
    let (generation, half_id) = journal.map_or((generation, 0), Journal::half);
    JournalNote { is_needed: journal.is_some(), commit, generation, half_id, ..JournalNote::default() }
}

/// `None` if there is no room for it.
fn begin_journal(
    choice: JournalChoice,
    storage: &dyn JournalStorage,
    file_id: [u8; 8],
    recovered: &Recovered,
) -> Result<Option<Journal>, StoreError> {
    let bytes = 2 * recovered.half_bytes;
    let begun = match choice {
        JournalChoice::There(file) => return Journal::begin(file, file_id, recovered).map(Some),
        JournalChoice::Resized(as_it_is) => match storage.make(bytes, true) {
            Err(error) if is_about_room(&error) => {
                log::warn!(
                    "⚠️ There is no room for a journal of {} KiB; the one that is there is used on",
                    bytes >> 10
                );
                let file = storage.open().map_err(of_io)?;
                return file.map(|file| Journal::begin(file, file_id, &as_it_is)).transpose();
            }
            made => made,
        },
        JournalChoice::New(in_the_way) => {
            if in_the_way == InTheWay::SetAside {
                let aside = storage.set_aside().map_err(of_io)?;
                log::warn!(
                    "⚠️ The journal beside the database is damaged, or not of this copy of it; it was set aside as {}",
                    aside.display()
                );
            }
            storage.make(bytes, false)
        }
    };
    match begun {
        Ok(file) => Journal::begin(file, file_id, recovered).map(Some),
        Err(error) if is_about_room(&error) => Ok(None),
        Err(error) => Err(of_io(error)),
    }
}

fn of_io(error: io::Error) -> StoreError {
    DatabaseError::from(error).into()
}

fn is_about_room(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Promise 5: numbers that may have been given out are not given again. A number that nobody remembers is one that was deleted.
fn use_up_numbers(transaction: &WriteTransaction, facts: &Facts, note: &JournalNote) -> Result<(), StoreError> {
    let mut kept = Kept::default();
    let time = CommitTime { at: Timestamp { unix_micros: 0, offset_seconds: 0 }, uptime_seconds: 0 };
    let mut batch = Transaction::begin(transaction, time, 0, facts.currency, &mut kept)?;
    for (kind, bound) in [(Kind::Estimate, note.estimates_bound), (Kind::Order, note.orders_bound)] {
        let next = u64::from(batch.next_key(kind)?.number);
        // The database may have gone back by one checkpoint, and the last commit may have gone beyond its bound.
        for number in next..bound.max(next) + 2 * NUMBERS_PER_CHECKPOINT_MAX {
            let number = u32::try_from(number).map_err(|_| StoreError::SeriesFull)?;
            batch.delete(RecordKey::new(kind, number), 1, None, Cause::default())?;
        }
    }
    Ok(())
}

/// Writes down that the server was started, so that a client's epoch can be checked against the runs of this file.
fn note_run(transaction: &WriteTransaction) -> Result<Run, StoreError> {
    let id = random_id()?;
    let seq_before = transaction.open_table(CHANGES)?.last()?.map_or(0, |(seq, _)| seq.value());
    let mut runs = transaction.open_table(RUNS)?;
    let number = runs.last()?.map_or(0, |(number, _)| number.value()) + 1;
    runs.insert(number, RunEntry { id, seq_before }.encode().as_slice())?;
    Ok(Run { number, id: hex(&id) })
}
