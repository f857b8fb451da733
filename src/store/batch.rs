//! The writing side of one transaction: records, log entries and stored answers that become durable together.

use std::sync::Arc;

use redb::{ReadableTable, Table, WriteTransaction};

use super::forms::{estimate_from, estimate_json, order_from, order_json};
use super::log_entry::LogEntry;
use super::record::Record;
use super::tables::{ANSWER_LOG, ANSWERS, CHANGES, ESTIMATES, ESTIMATES_SEARCH, ORDERS, ORDERS_SEARCH};
use super::{StoreError, StoredAnswer};
use crate::domain::{Action, Change, Currency, Estimate, Kind, Money, Order, RecordKey, Timestamp, search_text};

/// Answers that one command may trim; more than it adds, so that old ones are gone soon after their time.
const ANSWERS_TRIMMED_PER_COMMAND_MAX: usize = 4;

/// What led to a change: goes into the log and to every screen with it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cause<'a> {
    /// Who, as far as known.
    pub by: Option<&'a str>,
    /// The command's key.
    pub origin: Option<&'a str>,
}

/// One transaction in the making. Every command checks before its first write, so that one which is refused leaves no
/// trace beside the others of its batch.
pub struct Batch<'txn> {
    estimates: Table<'txn, u64, &'static [u8]>,
    orders: Table<'txn, u64, &'static [u8]>,
    estimates_search: Table<'txn, u64, &'static str>,
    orders_search: Table<'txn, u64, &'static str>,
    changes: Table<'txn, u64, &'static [u8]>,
    answers: Table<'txn, [u8; 16], &'static [u8]>,
    answer_log: Table<'txn, u64, [u8; 16]>,
    currency: Currency,
    /// Promise 2: only this field gives out sequences, one after the other.
    next_seq: u64,
    now: Timestamp,
    written: Vec<Change>,
    is_changed: bool,
}

impl<'txn> Batch<'txn> {
    pub(super) fn begin(
        transaction: &'txn WriteTransaction,
        clock: Timestamp,
        currency: Currency,
    ) -> Result<Self, StoreError> {
        let changes = transaction.open_table(CHANGES)?;
        let (last_seq, last_at) = match changes.last()? {
            Some((seq, entry)) => (seq.value(), LogEntry::decode(entry.value())?.at.unix_micros),
            None => (0, i64::MIN),
        };
        Ok(Self {
            estimates: transaction.open_table(ESTIMATES)?,
            orders: transaction.open_table(ORDERS)?,
            estimates_search: transaction.open_table(ESTIMATES_SEARCH)?,
            orders_search: transaction.open_table(ORDERS_SEARCH)?,
            changes,
            answers: transaction.open_table(ANSWERS)?,
            answer_log: transaction.open_table(ANSWER_LOG)?,
            currency,
            next_seq: last_seq + 1,
            // A machine without a clock chip may start in the past; what is stored never runs backwards.
            now: Timestamp { unix_micros: clock.unix_micros.max(last_at), ..clock },
            written: Vec::new(),
            is_changed: false,
        })
    }

    pub(super) fn finish(self) -> (Vec<Change>, bool) {
        (self.written, self.is_changed)
    }

    /// The time of this commit.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The shop's currency.
    pub fn currency(&self) -> Currency {
        self.currency
    }

    /// Promise 5: the next number of a series follows the last key, and a deletion leaves its key.
    pub fn next_key(&self, kind: Kind) -> Result<RecordKey, StoreError> {
        let last = self.table(kind).last()?.map_or(0, |(number, _)| number.value());
        let number = u32::try_from(last + 1).map_err(|_| StoreError::SeriesFull)?;
        Ok(RecordKey::new(kind, number))
    }

    /// The estimate with this number, unless there is none or it is deleted.
    pub fn estimate(&self, key: RecordKey) -> Result<Option<Estimate>, StoreError> {
        self.read(key, estimate_from)
    }

    /// The order with this number, unless there is none or it is deleted.
    pub fn order(&self, key: RecordKey) -> Result<Option<Order>, StoreError> {
        self.read(key, order_from)
    }

    /// The JSON of a record that exists.
    pub fn json(&self, key: RecordKey) -> Result<Arc<[u8]>, StoreError> {
        let bytes = self.table(key.kind).get(u64::from(key.number))?.ok_or(StoreError::Malformed("record"))?;
        Ok(Arc::from(Record::decode(bytes.value())?.json))
    }

    /// Stores an estimate, notes what was done to it, and returns its JSON.
    pub fn put_estimate(
        &mut self,
        estimate: &Estimate,
        action: Action,
        cause: Cause<'_>,
    ) -> Result<Arc<[u8]>, StoreError> {
        let json = estimate_json(estimate, self.currency)?;
        let record = Record {
            is_deleted: false,
            rev: estimate.rev,
            seq: self.next_seq,
            total: estimate.sale.total,
            amount_paid: Money::default(),
            linked: estimate.converted_to.map(|order| order.number),
            created_at: estimate.created_at,
            items_count: estimate.sale.items.count(),
            json: &json,
        };
        let status = if estimate.converted_to.is_some() { Estimate::STATUS_CONVERTED } else { Estimate::STATUS_OPEN };
        let sale = &estimate.sale;
        let search = search_text(estimate.key, status, &sale.customer_name, &sale.customer_phone);
        self.put(estimate.key, &record, Some(&search), action, cause)
    }

    /// Stores an order, notes what was done to it, and returns its JSON.
    pub fn put_order(&mut self, order: &Order, action: Action, cause: Cause<'_>) -> Result<Arc<[u8]>, StoreError> {
        let json = order_json(order, self.currency)?;
        let record = Record {
            is_deleted: false,
            rev: order.rev,
            seq: self.next_seq,
            total: order.sale.total,
            amount_paid: order.amount_paid,
            linked: order.estimate().map(|estimate| estimate.number),
            created_at: order.created_at,
            items_count: order.sale.items.count(),
            json: &json,
        };
        let sale = &order.sale;
        let search = search_text(order.key, &order.status, &sale.customer_name, &sale.customer_phone);
        self.put(order.key, &record, Some(&search), action, cause)
    }

    /// Leaves a tombstone: the number stays used, and a device that was away learns of the deletion.
    pub fn delete(&mut self, key: RecordKey, rev: u32, cause: Cause<'_>) -> Result<(), StoreError> {
        let record = Record {
            is_deleted: true,
            rev,
            seq: self.next_seq,
            total: Money::default(),
            amount_paid: Money::default(),
            linked: None,
            created_at: self.created_at(key)?,
            items_count: 0,
            json: &[],
        };
        self.put(key, &record, None, Action::Delete, cause).map(|_| ())
    }

    /// The answer stored under this fingerprint, however old.
    pub fn answer(&self, fingerprint: [u8; 16]) -> Result<Option<StoredAnswer>, StoreError> {
        self.answers.get(fingerprint)?.map(|bytes| StoredAnswer::decode(bytes.value())).transpose()
    }

    /// Keeps the answer of a command with the command's own changes (promise 4), and trims those whose time is over.
    pub fn remember(&mut self, fingerprint: [u8; 16], answer: &StoredAnswer) -> Result<(), StoreError> {
        self.is_changed = true;
        let next = self.answer_log.last()?.map_or(0, |(place, _)| place.value()) + 1;
        self.answer_log.insert(next, fingerprint)?;
        self.answers.insert(fingerprint, answer.encode().as_slice())?;
        for _ in 0..ANSWERS_TRIMMED_PER_COMMAND_MAX {
            let Some((place, oldest)) = self.answer_log.first()?.map(|(place, old)| (place.value(), old.value()))
            else {
                break;
            };
            let kept = self.answer(oldest)?;
            if kept.as_ref().is_some_and(|answer| !answer.is_over(self.now)) {
                break;
            }
            self.answer_log.remove(place)?;
            if kept.is_some() {
                self.answers.remove(oldest)?;
            }
        }
        Ok(())
    }

    fn table(&self, kind: Kind) -> &Table<'txn, u64, &'static [u8]> {
        match kind {
            Kind::Estimate => &self.estimates,
            Kind::Order => &self.orders,
        }
    }

    /// When a record was made: a tombstone keeps it, so that times grow with the numbers.
    fn created_at(&self, key: RecordKey) -> Result<Timestamp, StoreError> {
        match self.table(key.kind).get(u64::from(key.number))? {
            Some(bytes) => Ok(Record::decode(bytes.value())?.created_at),
            None => Ok(self.now),
        }
    }

    fn read<T>(
        &self,
        key: RecordKey,
        form: impl FnOnce(RecordKey, &Record<'_>, Currency) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let Some(bytes) = self.table(key.kind).get(u64::from(key.number))? else { return Ok(None) };
        let record = Record::decode(bytes.value())?;
        if record.is_deleted {
            return Ok(None);
        }
        form(key, &record, self.currency).map(Some)
    }

    fn put(
        &mut self,
        key: RecordKey,
        record: &Record<'_>,
        search: Option<&str>,
        action: Action,
        cause: Cause<'_>,
    ) -> Result<Arc<[u8]>, StoreError> {
        self.is_changed = true;
        let seq = self.next_seq;
        self.next_seq += 1;
        let (table, searched) = match key.kind {
            Kind::Estimate => (&mut self.estimates, &mut self.estimates_search),
            Kind::Order => (&mut self.orders, &mut self.orders_search),
        };
        let number = u64::from(key.number);
        table.insert(number, record.encode().as_slice())?;
        match search {
            Some(text) => searched.insert(number, text)?,
            None => searched.remove(number)?,
        };
        let entry = LogEntry { key, action, at: self.now, by: cause.by, origin: cause.origin };
        self.changes.insert(seq, entry.encode().as_slice())?;
        let change = entry.into_change(seq, record);
        let json = change.record.clone().unwrap_or_default();
        self.written.push(change);
        Ok(json)
    }
}
