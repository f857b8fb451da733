//! Snapshot reads: they never queue and never see half a command.

use redb::{OwnedRange, ReadTransaction, ReadableTable, ReadableTableMetadata};

use super::StoreError;
use super::log_entry::LogEntry;
use super::record::Record;
use super::tables::{CHANGES, ESTIMATES, ORDERS};
use crate::domain::{Currency, Kind, RecordKey};

/// Everything that was committed when it was taken. Keep it for a moment only: the file grows while one is open.
pub struct Snapshot {
    transaction: ReadTransaction,
    currency: Currency,
}

impl Snapshot {
    pub(super) fn new(transaction: ReadTransaction, currency: Currency) -> Self {
        Self { transaction, currency }
    }

    /// The shop's currency.
    pub fn currency(&self) -> Currency {
        self.currency
    }

    /// Sequence of the last change in it; 0 when nothing was ever stored.
    pub fn seq(&self) -> Result<u64, StoreError> {
        Ok(self.transaction.open_table(CHANGES)?.last()?.map_or(0, |(seq, _)| seq.value()))
    }

    /// Time of the last change in it, in microseconds since 1970.
    pub fn last_change_micros(&self) -> Result<Option<i64>, StoreError> {
        let changes = self.transaction.open_table(CHANGES)?;
        changes.last()?.map(|(_, entry)| Ok(LogEntry::decode(entry.value())?.at.unix_micros)).transpose()
    }

    /// The JSON of a record and its revision, unless there is none or it is deleted.
    pub fn record(&self, key: RecordKey) -> Result<Option<(u32, Vec<u8>)>, StoreError> {
        let table = self.transaction.open_table(definition(key.kind))?;
        let Some(bytes) = table.get(u64::from(key.number))? else { return Ok(None) };
        let record = Record::decode(bytes.value())?;
        Ok((!record.is_deleted).then(|| (record.rev, record.json.to_vec())))
    }

    /// How many numbers of a series are in use, deleted ones included.
    pub fn numbers_used(&self, kind: Kind) -> Result<u64, StoreError> {
        Ok(self.transaction.open_table(definition(kind))?.len()?)
    }

    /// Walks the records of a series whose number is below `before`, the newest first. Deleted ones are passed over.
    pub fn newest_first(&self, kind: Kind, before: Option<u32>) -> Result<Records, StoreError> {
        let table = self.transaction.open_table(definition(kind))?;
        let range = match before {
            Some(number) => table.range_owned(..u64::from(number))?,
            None => table.range_owned::<u64>(..)?,
        };
        Ok(Records { range, kind })
    }
}

fn definition(kind: Kind) -> redb::TableDefinition<'static, u64, &'static [u8]> {
    match kind {
        Kind::Estimate => ESTIMATES,
        Kind::Order => ORDERS,
    }
}

/// A walk over records; it keeps its snapshot alive.
pub struct Records {
    range: OwnedRange<u64, &'static [u8]>,
    kind: Kind,
}

impl Records {
    /// Shows the next record to `take`; `None` at the end.
    pub fn next_with<T>(&mut self, take: impl FnOnce(RecordKey, &Record<'_>) -> T) -> Result<Option<T>, StoreError> {
        loop {
            let Some(entry) = self.range.next_back() else { return Ok(None) };
            let (number, bytes) = entry?;
            let record = Record::decode(bytes.value())?;
            if record.is_deleted {
                continue;
            }
            let number = u32::try_from(number.value()).map_err(|_| StoreError::Malformed("series number"))?;
            return Ok(Some(take(RecordKey::new(self.kind, number), &record)));
        }
    }
}
