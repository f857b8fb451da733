//! The tables of one kind of record within a transaction: the records themselves, and what follows them in blocks, their search
//! texts and the index of days.

use std::ops::Range;

use redb::{ReadableTable, Table, WriteTransaction};

use crate::domain::{Kind, RecordKey};
use crate::store::error::StoreError;
use crate::store::format::{Record, Texts, block_filled_by, covered_before, day_index, key_of, text_of};
use crate::store::tables::{ESTIMATES, ESTIMATES_DAYS, ESTIMATES_SEARCH, ORDERS, ORDERS_DAYS, ORDERS_SEARCH};

/// The tables of one kind of record.
pub(crate) struct Series<'txn> {
    transaction: &'txn WriteTransaction,
    kind: Kind,
    pub records: Table<'txn, u64, &'static [u8]>,
    /// Opened by the first record whose text is due.
    search: Option<Table<'txn, u64, &'static str>>,
    texts: &'txn mut Texts,
    /// Promise 5: the next number follows the last key, and a deletion leaves its key.
    pub next_number: u64,
}

impl<'txn> Series<'txn> {
    pub(crate) fn open(
        transaction: &'txn WriteTransaction,
        kind: Kind,
        texts: &'txn mut Texts,
    ) -> Result<Self, StoreError> {
        let records = match kind {
            Kind::Estimate => transaction.open_table(ESTIMATES)?,
            Kind::Order => transaction.open_table(ORDERS)?,
        };
        let next_number = records.last()?.map_or(0, |(number, _)| number.value()) + 1;
        Ok(Self { transaction, kind, records, search: None, texts, next_number })
    }

    /// Stores a record, and its search text if that is due; a tombstone has none.
    pub(crate) fn put(&mut self, key: RecordKey, record: &[u8], text: Option<String>) -> Result<(), StoreError> {
        let number = u64::from(key.number);
        self.records.insert(number, record)?;
        if number < covered_before(self.next_number) {
            return self.put_search_text(number, text);
        }
        match text {
            Some(text) => self.texts.insert(number, text),
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
            let kept = self.texts.remove(&number);
            let text = match self.records.get(number)?.as_ref().map(|bytes| Record::decode(bytes.value())) {
                None => without_text(StoreError::Malformed("series"))?,
                Some(Err(error)) => without_text(error)?,
                Some(Ok(record)) => {
                    days.push((key.number, record.counted_at()));
                    match kept {
                        Some(text) => Some(text),
                        None if record.is_deleted => None,
                        None => text_of(key, &record).map(Some).or_else(without_text)?,
                    }
                }
            };
            self.put_search_text(number, text)?;
        }
        let mut index = self.transaction.open_table(match self.kind {
            Kind::Estimate => ESTIMATES_DAYS,
            Kind::Order => ORDERS_DAYS,
        })?;
        day_index::add(&mut index, days)
    }

    fn put_search_text(&mut self, number: u64, text: Option<String>) -> Result<(), StoreError> {
        let search = match &mut self.search {
            Some(search) => search,
            search => search.insert(self.transaction.open_table(match self.kind {
                Kind::Estimate => ESTIMATES_SEARCH,
                Kind::Order => ORDERS_SEARCH,
            })?),
        };
        match text {
            Some(text) => search.insert(number, text.as_str())?,
            None => search.remove(number)?,
        };
        Ok(())
    }
}

/// A record of earlier times that cannot be read is not found by a search; it is no reason to refuse a new one.
pub(crate) fn without_text(error: StoreError) -> Result<Option<String>, StoreError> {
    let StoreError::Malformed(what) = error else { return Err(error) };
    log::error!("⚠️ A stored {what} cannot be read; a search will not find it");
    Ok(None)
}
