//! Snapshot reads: they never queue and never see half a command.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use redb::{OwnedRange, ReadOnlyTable, ReadTransaction, ReadableTable};

use super::StoreError;
use super::log_entry::LogEntry;
use super::record::Record;
use super::run::{Run, hex};
use super::search::{covered_before, text_of};
use super::settings::{settings_from, settings_json};
use super::tables::{CHANGES, ESTIMATES, ESTIMATES_SEARCH, META, META_SETTINGS, ORDERS, ORDERS_SEARCH, RUNS};
use crate::domain::{Action, Change, Currency, Kind, RecordKey, Settings, Timestamp};

/// Everything that was committed when it was taken. Keep it for a moment only: the file grows while an old one is held.
pub struct Snapshot {
    transaction: ReadTransaction,
    currency: Currency,
    /// Opened by the first reader; the readers between two commits share them.
    estimates: OnceLock<Bytes>,
    orders: OnceLock<Bytes>,
    changes: OnceLock<Bytes>,
    health: Health,
}

/// Whether a read of this open file has failed: after that redb reads nothing from the disk any more, so that the file must
/// be opened again.
#[derive(Debug, Clone, Default)]
pub(super) struct Health {
    has_failed: Arc<AtomicBool>,
}

impl Health {
    pub fn has_failed(&self) -> bool {
        self.has_failed.load(Ordering::Acquire)
    }

    fn watch<T>(&self, read: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
        let result = read();
        if matches!(result, Err(StoreError::Database(_))) {
            self.has_failed.store(true, Ordering::Release);
        }
        result
    }
}

type Bytes = ReadOnlyTable<u64, &'static [u8]>;

impl Snapshot {
    pub(super) fn new(transaction: ReadTransaction, currency: Currency, health: Health) -> Self {
        let (estimates, orders, changes) = (OnceLock::new(), OnceLock::new(), OnceLock::new());
        Self { transaction, currency, estimates, orders, changes, health }
    }

    /// The shop's currency.
    pub fn currency(&self) -> Currency {
        self.currency
    }

    /// Sequence of the last change in it; 0 when nothing was ever stored.
    pub fn seq(&self) -> Result<u64, StoreError> {
        self.health.watch(|| Ok(self.changes()?.last()?.map_or(0, |(seq, _)| seq.value())))
    }

    /// Time of the last change in it, in microseconds since 1970.
    pub fn last_change_micros(&self) -> Result<Option<i64>, StoreError> {
        self.health.watch(|| {
            self.changes()?.last()?.map(|(_, entry)| Ok(LogEntry::decode(entry.value())?.at.unix_micros)).transpose()
        })
    }

    /// The JSON of a record and its revision, unless there is none or it is deleted.
    pub fn record(&self, key: RecordKey) -> Result<Option<(u32, Vec<u8>)>, StoreError> {
        self.health.watch(|| {
            let table = self.records(key.kind)?;
            let Some(bytes) = table.get(u64::from(key.number))? else { return Ok(None) };
            let record = Record::decode(bytes.value())?;
            Ok((!record.is_deleted).then(|| (record.rev, record.json.to_vec())))
        })
    }

    /// The settings of the shop: their revision and JSON.
    pub fn settings(&self) -> Result<(u32, Vec<u8>), StoreError> {
        self.health.watch(|| {
            let meta = self.transaction.open_table(META)?;
            if let Some(json) = meta.get(META_SETTINGS)? {
                return Ok((settings_from(json.value())?.rev, json.value().to_vec()));
            }
            let settings = Settings::default();
            Ok((settings.rev, settings_json(&settings, self.currency)))
        })
    }

    /// What was done to a record, the newest first, at most `steps_max` steps; `None` if there never was one. The log outlives a deletion.
    /// The log is read from the record's making to its last change.
    pub fn history(&self, key: RecordKey, steps_max: usize) -> Result<Option<Vec<Step>>, StoreError> {
        self.health.watch(|| {
            let table = self.records(key.kind)?;
            let Some(bytes) = table.get(u64::from(key.number))? else { return Ok(None) };
            let record = Record::decode(bytes.value())?;
            let (mut rev, mut steps) = (record.rev, Vec::new());
            for entry in self.changes()?.range(record.created_seq..=record.seq)?.rev() {
                let (seq, bytes) = entry?;
                let entry = LogEntry::decode(bytes.value())?;
                if entry.key == key {
                    let [by, origin] = [entry.by, entry.origin].map(|text| text.map(str::to_string));
                    steps.push(Step { seq: seq.value(), rev, action: entry.action, at: entry.at, by, origin });
                    rev = rev.saturating_sub(1);
                    if steps.len() == steps_max {
                        break;
                    }
                }
            }
            Ok(Some(steps))
        })
    }

    /// The changes after `seq` that still are the latest of their record, in order, out of at most `entries_max` entries
    /// of the log and until their records have `bytes_max` bytes; and the sequence up to which the log was read.
    pub fn changes_after(
        &self,
        seq: u64,
        entries_max: usize,
        bytes_max: usize,
    ) -> Result<(Vec<Change>, u64), StoreError> {
        self.health.watch(|| {
            let log = self.changes()?;
            let (mut changes, mut read_to, mut bytes_read) = (Vec::new(), seq, 0);
            for entry in log.range(seq.saturating_add(1)..)?.take(entries_max) {
                let (own_seq, bytes) = entry?;
                read_to = own_seq.value();
                let entry = LogEntry::decode(bytes.value())?;
                let stored = self
                    .records(entry.key.kind)?
                    .get(u64::from(entry.key.number))?
                    .ok_or(StoreError::Malformed("log entry"))?;
                let record = Record::decode(stored.value())?;
                if record.seq == read_to {
                    changes.push(entry.into_change(read_to, &record));
                    bytes_read += record.json.len();
                }
                if bytes_read >= bytes_max {
                    break;
                }
            }
            Ok((changes, read_to))
        })
    }

    /// Whether a client that was last served in the run named by `epoch`, and has everything up to `seq`, can go on from
    /// there: this file knows the run, and the run came at least so far in this file.
    pub(super) fn can_resume(&self, file_id: &str, epoch: &str, seq: u64) -> Result<bool, StoreError> {
        self.health.watch(|| {
            let Some(run_id) = epoch.strip_prefix(file_id).and_then(|rest| rest.strip_prefix('-')) else {
                return Ok(false);
            };
            let runs = self.transaction.open_table(RUNS)?;
            // A run ends where the next one begins; the newest one is still going on.
            let mut end = self.seq()?;
            for run in runs.iter()?.rev() {
                let (_, bytes) = run?;
                let run = Run::decode(bytes.value())?;
                if hex(&run.id) == run_id {
                    return Ok(seq <= end);
                }
                end = run.seq_before;
            }
            Ok(false)
        })
    }

    /// Walks the records of a series with numbers in `numbers`, the newest first. Deleted ones are passed over. With
    /// `wanted`, only those whose number and search text it accepts.
    pub fn newest_first(&self, kind: Kind, numbers: Range<u32>, wanted: Option<Wanted>) -> Result<Records, StoreError> {
        self.health.watch(|| {
            let numbers = u64::from(numbers.start)..u64::from(numbers.end);
            let records = self.open_records(kind)?;
            let Some(wanted) = wanted else {
                return Ok(Records {
                    kind,
                    unread: records.range_owned(numbers)?,
                    found: None,
                    health: self.health.clone(),
                });
            };
            let next_number = records.last()?.map_or(0, |(number, _)| number.value()) + 1;
            let covered = covered_before(next_number).clamp(numbers.start, numbers.end.max(numbers.start));
            let texts = self.transaction.open_table(match kind {
                Kind::Estimate => ESTIMATES_SEARCH,
                Kind::Order => ORDERS_SEARCH,
            })?;
            let texts = texts.range_owned(numbers.start..covered)?;
            Ok(Records {
                kind,
                unread: records.range_owned(covered..numbers.end.max(covered))?,
                found: Some(Found { texts, wanted, records }),
                health: self.health.clone(),
            })
        })
    }

    /// The first number of a series whose record `is_later`, which must hold for all records after it too. Few records are
    /// looked at.
    pub fn first_number(&self, kind: Kind, is_later: impl Fn(&Record<'_>) -> bool) -> Result<u32, StoreError> {
        self.health.watch(|| {
            let table = self.records(kind)?;
            let last = table.last()?.map_or(0, |(number, _)| number.value());
            let (mut low, mut high) = (1, last + 1);
            while low < high {
                let middle = low.midpoint(high);
                let bytes = table.get(middle)?.ok_or(StoreError::Malformed("series"))?;
                if is_later(&Record::decode(bytes.value())?) {
                    high = middle;
                } else {
                    low = middle + 1;
                }
            }
            Ok(u32::try_from(low).unwrap_or(u32::MAX))
        })
    }

    /// The place of a record, deleted or not, in the order in which all records were made.
    pub fn created_seq(&self, key: RecordKey) -> Result<Option<u64>, StoreError> {
        self.health.watch(|| {
            let bytes = self.records(key.kind)?.get(u64::from(key.number))?;
            bytes.map(|bytes| Record::decode(bytes.value()).map(|record| record.created_seq)).transpose()
        })
    }

    fn records(&self, kind: Kind) -> Result<&Bytes, StoreError> {
        let shared = match kind {
            Kind::Estimate => &self.estimates,
            Kind::Order => &self.orders,
        };
        share(shared, || self.open_records(kind))
    }

    fn changes(&self) -> Result<&Bytes, StoreError> {
        share(&self.changes, || Ok(self.transaction.open_table(CHANGES)?))
    }

    fn open_records(&self, kind: Kind) -> Result<Bytes, StoreError> {
        Ok(self.transaction.open_table(match kind {
            Kind::Estimate => ESTIMATES,
            Kind::Order => ORDERS,
        })?)
    }
}

fn share<T>(shared: &OnceLock<T>, open: impl FnOnce() -> Result<T, StoreError>) -> Result<&T, StoreError> {
    if let Some(table) = shared.get() {
        return Ok(table);
    }
    let opened = open()?;
    Ok(shared.get_or_init(|| opened))
}

/// One step in the history of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its place in the one order of all changes.
    pub seq: u64,
    /// Revision of the record after it.
    pub rev: u32,
    /// What was done.
    pub action: Action,
    /// When.
    pub at: Timestamp,
    /// Who, as far as known.
    pub by: Option<String>,
    /// Key of the command that did it, if it came with one.
    pub origin: Option<String>,
}

/// Says of a number and its search text whether the record is wanted.
pub type Wanted = Arc<dyn Fn(u32, &str) -> bool + Send + Sync>;

/// A walk over records; it keeps its snapshot alive.
pub struct Records {
    kind: Kind,
    /// Records that are read one after the other, the newest of them first.
    unread: OwnedRange<u64, &'static [u8]>,
    found: Option<Found>,
    health: Health,
}

/// Of a walk that wants some records only: after the newest, whose texts are not in the table yet, the short search texts are
/// walked, and only the records that are wanted are read.
struct Found {
    texts: OwnedRange<u64, &'static str>,
    wanted: Wanted,
    records: Bytes,
}

impl Records {
    /// Shows the next record to `take`; `None` at the end.
    pub fn next_with<T>(&mut self, take: impl FnOnce(RecordKey, &Record<'_>) -> T) -> Result<Option<T>, StoreError> {
        let health = self.health.clone();
        health.watch(|| self.read_next(take))
    }

    fn read_next<T>(&mut self, take: impl FnOnce(RecordKey, &Record<'_>) -> T) -> Result<Option<T>, StoreError> {
        while let Some(entry) = self.unread.next_back() {
            let (number, bytes) = entry?;
            let record = Record::decode(bytes.value())?;
            let key = key(self.kind, number.value())?;
            if record.is_deleted {
                continue;
            }
            if let Some(found) = &self.found
                && !text_of(key, &record).is_ok_and(|text| (found.wanted)(key.number, &text))
            {
                continue;
            }
            return Ok(Some(take(key, &record)));
        }
        let Some(found) = &mut self.found else { return Ok(None) };
        while let Some(entry) = found.texts.next_back() {
            let (number, text) = entry?;
            let key = key(self.kind, number.value())?;
            if (found.wanted)(key.number, text.value()) {
                let bytes = found.records.get_owned(number.value())?.ok_or(StoreError::Malformed("search text"))?;
                return Ok(Some(take(key, &Record::decode(bytes.value())?)));
            }
        }
        Ok(None)
    }
}

fn key(kind: Kind, number: u64) -> Result<RecordKey, StoreError> {
    let number = u32::try_from(number).map_err(|_| StoreError::Malformed("series number"))?;
    Ok(RecordKey::new(kind, number))
}
