//! The walk over the records of one kind, the newest number first: all of them, or those that a filter wants. A search walks the
//! short search texts, a span of time the runs of numbers that the index of days names.

use std::ops::{ControlFlow, Range};
use std::sync::Arc;

use redb::{OwnedRange, ReadOnlyTable, ReadTransaction, ReadableTable};

use super::health::{Bytes, ReadHealth};
use crate::domain::{Kind, RecordKey};
use crate::store::error::StoreError;
use crate::store::format::{Record, covered_before, day_index, key_of, text_of};
use crate::store::tables::{ESTIMATES_DAYS, ESTIMATES_SEARCH, ORDERS_DAYS, ORDERS_SEARCH};

/// Says of a number and its search text whether the record is wanted.
pub type Wanted = Arc<dyn Fn(u32, &str) -> bool + Send + Sync>;

/// Which records of a kind are walked. Deleted ones never are.
#[derive(Clone, Default)]
pub struct Filter {
    /// Only numbers before this one.
    pub before: Option<u32>,
    /// Only records that count at a time from the first of these microseconds since 1970 to before the second.
    pub times: Option<Range<i64>>,
    /// Only those whose number and search text it accepts.
    pub wanted: Option<Wanted>,
}

impl Filter {
    /// Whether records are passed over, however many.
    pub fn is_selective(&self) -> bool {
        self.times.is_some() || self.wanted.is_some()
    }
}

/// A walk over records; it keeps its snapshot alive.
pub struct Records {
    kind: Kind,
    table: Bytes,
    /// Runs of numbers that are still to be walked, the newest last.
    runs: Vec<Range<u64>>,
    run: WalkedRun,
    times: Option<Range<i64>>,
    found: Option<Found>,
    health: ReadHealth,
}

/// The run that is being walked.
enum WalkedRun {
    None,
    /// Record after record.
    Records(OwnedRange<u64, &'static [u8]>),
    /// The search texts of records, of which those are read that are wanted.
    Texts(OwnedRange<u64, &'static str>),
}

/// Of a walk that wants some records only.
struct Found {
    wanted: Wanted,
    texts: ReadOnlyTable<u64, &'static str>,
    /// Records before this number have their text in the table.
    covered: u64,
}

impl Records {
    pub(crate) fn start(
        transaction: &ReadTransaction,
        kind: Kind,
        records: Bytes,
        filter: &Filter,
        health: ReadHealth,
    ) -> Result<Self, StoreError> {
        let next_number = records.last()?.map_or(0, |(number, _)| number.value()) + 1;
        let end = next_number.min(filter.before.map_or(u64::MAX, u64::from));
        let covered = covered_before(next_number);
        let runs = match &filter.times {
            None => std::iter::once(1..end).collect(),
            Some(times) => {
                let index = transaction.open_table(match kind {
                    Kind::Estimate => ESTIMATES_DAYS,
                    Kind::Order => ORDERS_DAYS,
                })?;
                let mut runs = day_index::numbers(&index, times)?;
                // The newest are not in the index yet, and few.
                runs.push(u32::try_from(covered).unwrap_or(u32::MAX)..u32::MAX);
                day_index::joined(runs)
                    .into_iter()
                    .map(|run| u64::from(run.start)..u64::from(run.end).min(end))
                    .collect()
            }
        };
        let found = match &filter.wanted {
            None => None,
            Some(wanted) => {
                let texts = transaction.open_table(match kind {
                    Kind::Estimate => ESTIMATES_SEARCH,
                    Kind::Order => ORDERS_SEARCH,
                })?;
                Some(Found { wanted: Arc::clone(wanted), texts, covered })
            }
        };
        Ok(Self { kind, table: records, runs, run: WalkedRun::None, times: filter.times.clone(), found, health })
    }

    /// Shows the next record to `take`; `None` at the end.
    pub fn next_with<T>(&mut self, mut take: impl FnMut(RecordKey, &Record<'_>) -> T) -> Result<Option<T>, StoreError> {
        self.walk(|key, record| ControlFlow::Break(take(key, record)))
    }

    /// Shows record after record to `take` until it breaks off, which gives the value; `None` at the end.
    pub fn walk<T>(
        &mut self,
        take: impl FnMut(RecordKey, &Record<'_>) -> ControlFlow<T>,
    ) -> Result<Option<T>, StoreError> {
        let result = self.read(take);
        self.health.note(result)
    }

    fn read<T>(
        &mut self,
        mut take: impl FnMut(RecordKey, &Record<'_>) -> ControlFlow<T>,
    ) -> Result<Option<T>, StoreError> {
        loop {
            match &mut self.run {
                WalkedRun::None => {}
                WalkedRun::Records(records) => {
                    while let Some(entry) = records.next_back() {
                        let (number, bytes) = entry?;
                        let record = Record::decode(bytes.value())?;
                        let key = key_of(self.kind, number.value())?;
                        let is_found =
                            |found: &Found| text_of(key, &record).is_ok_and(|text| (found.wanted)(key.number, &text));
                        if !record.is_deleted
                            && is_timely(self.times.as_ref(), &record)
                            && self.found.as_ref().is_none_or(is_found)
                            && let ControlFlow::Break(value) = take(key, &record)
                        {
                            return Ok(Some(value));
                        }
                    }
                }
                WalkedRun::Texts(texts) => {
                    while let Some(entry) = texts.next_back() {
                        let (number, text) = entry?;
                        let key = key_of(self.kind, number.value())?;
                        if !self.found.as_ref().is_some_and(|found| (found.wanted)(key.number, text.value())) {
                            continue;
                        }
                        let bytes = self.table.get(number.value())?.ok_or(StoreError::Malformed("search text"))?;
                        let record = Record::decode(bytes.value())?;
                        if is_timely(self.times.as_ref(), &record)
                            && let ControlFlow::Break(value) = take(key, &record)
                        {
                            return Ok(Some(value));
                        }
                    }
                }
            }
            let Some(run) = self.runs.pop() else { return Ok(None) };
            self.run = self.open(run)?;
        }
    }

    /// Of a run that is partly covered by the search texts, first the part that is not.
    fn open(&mut self, run: Range<u64>) -> Result<WalkedRun, StoreError> {
        if run.is_empty() {
            return Ok(WalkedRun::None);
        }
        match &self.found {
            Some(found) if run.start < found.covered => {
                if run.end <= found.covered {
                    return Ok(WalkedRun::Texts(found.texts.range_owned(run)?));
                }
                self.runs.push(run.start..found.covered);
                Ok(WalkedRun::Records(self.table.range_owned(found.covered..run.end)?))
            }
            _ => Ok(WalkedRun::Records(self.table.range_owned(run)?)),
        }
    }
}

fn is_timely(times: Option<&Range<i64>>, record: &Record<'_>) -> bool {
    times.is_none_or(|times| times.contains(&record.counted_at().unix_micros))
}
