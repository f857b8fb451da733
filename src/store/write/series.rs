//! The tables of one kind of record within a transaction: the records themselves, and what follows them in blocks, their search
//! texts and the index of days.

use std::ops::Range;

use redb::ReadableTable;

use super::logged_table::{LoggedTable, LoggedTransaction};
use crate::domain::{Kind, RecordKey, Timestamp};
use crate::store::error::StoreError;
use crate::store::format::{Due, Record, Texts, block_filled_by, covered_before, day_index, key_of, text_of};
use crate::store::tables::{ESTIMATES, ESTIMATES_DAYS, ESTIMATES_SEARCH, ORDERS, ORDERS_DAYS, ORDERS_SEARCH, TableId};

/// The tables of one kind of record.
pub(crate) struct Series<'txn> {
    transaction: LoggedTransaction<'txn>,
    kind: Kind,
    pub records: LoggedTable<'txn, u64, &'static [u8]>,
    /// Opened by the first record whose text is due.
    search: Option<LoggedTable<'txn, u64, &'static str>>,
    texts: &'txn mut Texts,
    /// Promise 5: the next number follows the last key, and a deletion leaves its key.
    pub next_number: u64,
}

impl<'txn> Series<'txn> {
    pub(crate) fn open(
        transaction: LoggedTransaction<'txn>,
        kind: Kind,
        texts: &'txn mut Texts,
    ) -> Result<Self, StoreError> {
        let records = match kind {
            Kind::Estimate => transaction.open_table(ESTIMATES, TableId::Estimates)?,
            Kind::Order => transaction.open_table(ORDERS, TableId::Orders)?,
        };
        let next_number = records.last()?.map_or(0, |(number, _)| number.value()) + 1;
        Ok(Self { transaction, kind, records, search: None, texts, next_number })
    }

    /// Stores a record, and its search text if that is due; a tombstone has none.
    pub(crate) fn put(&mut self, key: RecordKey, record: &[u8], due: Option<Due>) -> Result<(), StoreError> {
        let number = u64::from(key.number);
        self.records.insert(number, record)?;
        if number < covered_before(self.next_number) {
            return self.put_search_text(number, due.map(|due| due.text));
        }
        match due {
            Some(due) => self.texts.insert(number, due),
            None => self.texts.remove(&number),
        };
        if number == self.next_number {
            self.next_number += 1;
            let block = block_filled_by(self.next_number);
            if !block.is_empty() {
                self.index_block(block)?;
            }
        }
        Ok(())
    }

    /// Writes the search texts of a block of records, and the days on which they count. What cannot be read of them is left out: the
    /// record that fills the block is stored by now.
    fn index_block(&mut self, block: Range<u64>) -> Result<(), StoreError> {
        let mut days = Vec::new();
        for number in block {
            let key = key_of(self.kind, number)?;
            let (text, counted_at) = match self.texts.remove(&number) {
                Some(Due { text, counted_at }) => (Some(text), Some(counted_at)),
                None => self.read_due(key)?,
            };
            days.extend(counted_at.map(|at| (key.number, at)));
            self.put_search_text(number, text)?;
        }
        let (table, id) = match self.kind {
            Kind::Estimate => (ESTIMATES_DAYS, TableId::EstimatesDays),
            Kind::Order => (ORDERS_DAYS, TableId::OrdersDays),
        };
        let mut index = self.transaction.open_table(table, id)?;
        for (quarter, runs) in day_index::added(&*index, days)? {
            index.insert(quarter, runs.as_slice())?;
        }
        Ok(())
    }

    /// The search text of a record that nothing is kept of, and when it counts: that of an earlier run, or a tombstone.
    fn read_due(&self, key: RecordKey) -> Result<(Option<String>, Option<Timestamp>), StoreError> {
        match self.records.get(u64::from(key.number))?.as_ref().map(|bytes| Record::decode(bytes.value())) {
            None => Ok((without_text(StoreError::Malformed("series"))?, None)),
            Some(Err(error)) => Ok((without_text(error)?, None)),
            Some(Ok(record)) => {
                let text =
                    if record.is_deleted { None } else { text_of(key, &record).map(Some).or_else(without_text)? };
                Ok((text, Some(record.counted_at())))
            }
        }
    }

    fn put_search_text(&mut self, number: u64, text: Option<String>) -> Result<(), StoreError> {
        let search = match &mut self.search {
            Some(search) => search,
            search => {
                let (table, id) = match self.kind {
                    Kind::Estimate => (ESTIMATES_SEARCH, TableId::EstimatesSearch),
                    Kind::Order => (ORDERS_SEARCH, TableId::OrdersSearch),
                };
                search.insert(self.transaction.open_table(table, id)?)
            }
        };
        match text {
            Some(text) => search.insert(number, text.as_str()),
            None => search.remove(number),
        }
    }
}

/// A record of earlier times that cannot be read is not found by a search; it is no reason to refuse a new one.
pub(crate) fn without_text(error: StoreError) -> Result<Option<String>, StoreError> {
    let StoreError::Malformed(what) = error else { return Err(error) };
    log::error!("⚠️ A stored {what} cannot be read; a search will not find it");
    Ok(None)
}
