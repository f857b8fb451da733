//! The writing side of one transaction: records, log entries and stored answers that become durable together.

use std::sync::Arc;

use redb::{ReadableTable, WriteTransaction};

use super::directory;
use super::idempotency::{Answers, Known, StoredAnswer, Unindexed};
use super::logged_table::{LoggedTable, LoggedTransaction};
use super::series::Series;
use crate::domain::{
    Action, Actor, AuditNote, Change, Currency, Directory, DirectoryEdit, Estimate, Kind, Money, Order, OriginHash,
    RecordKey, RunTime, Settings, Timestamp, search_text,
};
use crate::store::error::StoreError;
use crate::store::format::{
    Due, LogEntry, Record, Texts, belonging, estimate_from, order_from, push_estimate, push_order, settings_json,
    settings_or_default,
};
use crate::store::journal::EntryLog;
use crate::store::tables::{AccessNote, CHANGES, META, META_PEPPER, META_SETTINGS, TableId};

/// The time of a commit.
#[derive(Debug, Clone, Copy)]
pub struct CommitTime {
    /// Wall time, for people.
    pub at: Timestamp,
    /// Seconds since the start of this run, which no clock setting changes.
    pub uptime_seconds: u64,
}

/// What led to a change: goes into the log and to every screen with it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cause<'a> {
    /// Who, as far as known.
    pub by: Option<&'a str>,
    /// Hash of the command's key.
    pub origin: Option<OriginHash>,
    /// Who did it, as the shop knows its people.
    pub actor: Option<Actor>,
    /// Whose the record was until now, if it is given to somebody else.
    pub owner_before: Option<Actor>,
}

/// One transaction in the making. Every command checks before its first write, so that one which is refused leaves no
/// trace beside the others of its batch.
pub struct Transaction<'txn> {
    write: LoggedTransaction<'txn>,
    estimates: LazyTables<Series<'txn>, &'txn mut Texts>,
    orders: LazyTables<Series<'txn>, &'txn mut Texts>,
    answers: LazyTables<Answers<'txn>, &'txn mut Unindexed>,
    settings: &'txn mut Option<Arc<Settings>>,
    directory: &'txn mut Option<Arc<Directory>>,
    changes: LoggedTable<'txn, u64, &'static [u8]>,
    currency: Currency,
    /// Promise 2: only this field gives out sequences, one after the other.
    next_seq: u64,
    now: Timestamp,
    run_time: RunTime,
    written: Written,
    /// Of the records in it.
    bytes_written: u64,
    /// Memory for the JSON of a record, used again by each command of the batch.
    json_bytes: Vec<u8>,
    /// The same for the stored form of a record, and of its log entry.
    encoded: Vec<u8>,
}

/// What a batch has done.
#[derive(Default)]
pub(crate) struct Written {
    pub changes: Vec<Change>,
    /// Revision and JSON of the settings, if they were changed.
    pub settings: Option<(u32, Arc<[u8]>)>,
    /// Everybody who may come in, if that was changed.
    pub directory: Option<Arc<Directory>>,
    pub is_changed: bool,
}

/// Tables that the first command which needs them opens, with what is kept for them from commit to commit.
enum LazyTables<T, K> {
    Closed(K),
    Open(T),
    /// Opening failed, and the transaction with it.
    Failed,
}

impl<T, K> LazyTables<T, K> {
    fn get(&mut self, open: impl FnOnce(K) -> Result<T, StoreError>) -> Result<&mut T, StoreError> {
        if let Self::Closed(_) = self
            && let Self::Closed(kept) = std::mem::replace(self, Self::Failed)
        {
            *self = Self::Open(open(kept)?);
        }
        match self {
            Self::Open(opened) => Ok(opened),
            Self::Closed(_) | Self::Failed => Err(StoreError::Unavailable),
        }
    }
}

/// What a commit leaves for a later one to write. The file says the same, more slowly.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    estimate_texts: Texts,
    order_texts: Texts,
    unindexed: Unindexed,
    /// The settings, which each sale asks for the spelling of its payment mode.
    settings: Option<Arc<Settings>>,
    /// Everybody who may come in: each command asks what its sender may do.
    directory: Option<Arc<Directory>>,
    /// What the commit in the making does to the tables.
    pub entry: EntryLog,
}

impl<'txn> Transaction<'txn> {
    pub(crate) fn begin(
        transaction: &'txn WriteTransaction,
        time: CommitTime,
        run: u64,
        currency: Currency,
        kept: &'txn mut Kept,
    ) -> Result<Self, StoreError> {
        kept.entry.clear();
        let write = LoggedTransaction { write: transaction, entry: &kept.entry };
        let changes = write.open_table(CHANGES, TableId::Changes)?;
        let (last_seq, last_at) = match changes.last()? {
            // An entry that cannot be read is no reason to refuse new ones; then the clock alone says the time.
            Some((seq, entry)) => {
                (seq.value(), LogEntry::decode(entry.value()).map_or(i64::MIN, |entry| entry.at.unix_micros))
            }
            None => (0, i64::MIN),
        };
        Ok(Self {
            write,
            estimates: LazyTables::Closed(&mut kept.estimate_texts),
            orders: LazyTables::Closed(&mut kept.order_texts),
            answers: LazyTables::Closed(&mut kept.unindexed),
            settings: &mut kept.settings,
            directory: &mut kept.directory,
            changes,
            currency,
            next_seq: last_seq + 1,
            // A machine without a clock chip may start in the past; what is stored never runs backwards.
            now: Timestamp { unix_micros: time.at.unix_micros.max(last_at), ..time.at },
            run_time: RunTime { run, uptime_seconds: time.uptime_seconds, unix_micros: time.at.unix_micros },
            written: Written::default(),
            bytes_written: 0,
            json_bytes: Vec::new(),
            encoded: Vec::new(),
        })
    }

    pub(crate) fn finish(mut self) -> Result<Written, StoreError> {
        let mut written = std::mem::take(&mut self.written);
        // Known at the end alone: the first of two that link each other is stored before the other one is.
        for change in &mut written.changes {
            if let Some(linked) = change.linked
                && self.directory()?.has_owner()
            {
                change.linked_belonging = self.header(linked, belonging)?;
            }
        }
        Ok(written)
    }

    /// The time of this commit.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The time of this commit in the server's running time.
    pub fn run_time(&self) -> RunTime {
        self.run_time
    }

    /// The shop's currency.
    pub fn currency(&self) -> Currency {
        self.currency
    }

    /// Bytes of the records written so far. The file may grow by a few times as much.
    pub fn bytes_written(&self) -> u64 {
        self.bytes_written
    }

    /// The key of the next new record.
    pub fn next_key(&mut self, kind: Kind) -> Result<RecordKey, StoreError> {
        let number = u32::try_from(self.series(kind)?.next_number).map_err(|_| StoreError::SeriesFull)?;
        Ok(RecordKey::new(kind, number))
    }

    /// The estimate with this number, unless there is none or it is deleted.
    pub fn estimate(&mut self, key: RecordKey) -> Result<Option<Estimate>, StoreError> {
        self.read(key, estimate_from)
    }

    /// The order with this number, unless there is none or it is deleted.
    pub fn order(&mut self, key: RecordKey) -> Result<Option<Order>, StoreError> {
        self.read(key, order_from)
    }

    /// The JSON of a record that exists.
    pub fn json(&mut self, key: RecordKey) -> Result<Arc<[u8]>, StoreError> {
        let bytes =
            self.series(key.kind)?.records.get(u64::from(key.number))?.ok_or(StoreError::Malformed("record"))?;
        Ok(Arc::from(Record::decode(bytes.value())?.json))
    }

    /// Stores an estimate, notes what was done to it, and returns its JSON.
    pub fn put_estimate(
        &mut self,
        estimate: &Estimate,
        action: Action,
        cause: Cause<'_>,
    ) -> Result<Arc<[u8]>, StoreError> {
        let json = self.json_of(|json, currency| push_estimate(json, estimate, currency));
        let mut record = Record {
            is_deleted: false,
            is_cancelled: false,
            rev: estimate.rev,
            seq: self.next_seq,
            total: estimate.sale.total,
            amount_paid: Money::default(),
            linked: estimate.converted_to.map(|order| order.number),
            created_at: estimate.created_at,
            made_at: estimate.made_at,
            created_seq: 0,
            owner: estimate.owner.as_ref().map(|owner| owner.actor),
            items_count: estimate.sale.items.count(),
            json: &json,
        };
        let status = if estimate.converted_to.is_some() { Estimate::STATUS_CONVERTED } else { Estimate::STATUS_OPEN };
        let sale = &estimate.sale;
        let text = search_text(estimate.key, status, &sale.customer_name, &sale.customer_phone);
        let stored = self.put(estimate.key, &mut record, Some(text), action, cause);
        self.json_bytes = json;
        stored
    }

    /// Stores an order, notes what was done to it, and returns its JSON.
    pub fn put_order(&mut self, order: &Order, action: Action, cause: Cause<'_>) -> Result<Arc<[u8]>, StoreError> {
        let json = self.json_of(|json, currency| push_order(json, order, currency));
        let mut record = Record {
            is_deleted: false,
            is_cancelled: Order::is_cancelled(&order.status),
            rev: order.rev,
            seq: self.next_seq,
            total: order.sale.total,
            amount_paid: order.amount_paid,
            linked: order.estimate().map(|estimate| estimate.number),
            created_at: order.created_at,
            made_at: order.made_at,
            created_seq: 0,
            owner: order.owner.as_ref().map(|owner| owner.actor),
            items_count: order.sale.items.count(),
            json: &json,
        };
        let sale = &order.sale;
        let text = search_text(order.key, &order.status, &sale.customer_name, &sale.customer_phone);
        let stored = self.put(order.key, &mut record, Some(text), action, cause);
        self.json_bytes = json;
        stored
    }

    /// Leaves a tombstone: the number stays used, and a device that was away learns of the deletion if the record was `owner`'s or
    /// shown to it.
    pub fn delete(
        &mut self,
        key: RecordKey,
        rev: u32,
        owner: Option<Actor>,
        cause: Cause<'_>,
    ) -> Result<(), StoreError> {
        let mut record = Record {
            is_deleted: true,
            is_cancelled: false,
            rev,
            seq: self.next_seq,
            total: Money::default(),
            amount_paid: Money::default(),
            linked: None,
            created_at: self.now,
            made_at: None,
            created_seq: 0,
            owner,
            items_count: 0,
            json: &[],
        };
        self.put(key, &mut record, None, Action::Delete, cause).map(|_| ())
    }

    /// The settings of the shop.
    pub fn settings(&mut self) -> Result<Arc<Settings>, StoreError> {
        if let Some(settings) = &*self.settings {
            return Ok(Arc::clone(settings));
        }
        let meta = self.write.open_table(META, TableId::Meta)?;
        let stored = meta.get(META_SETTINGS)?;
        let settings = stored.map_or_else(Settings::default, |json| settings_or_default(json.value()));
        Ok(Arc::clone(self.settings.insert(Arc::new(settings))))
    }

    /// The JSON of settings, as it is stored and shown.
    pub fn settings_json(&self, settings: &Settings) -> Arc<[u8]> {
        settings_json(settings, self.currency).into()
    }

    /// Stores the settings. They are no record: they have no place in the log, and a device reads them when it connects.
    pub fn put_settings(&mut self, settings: &Settings) -> Result<Arc<[u8]>, StoreError> {
        let json = self.settings_json(settings);
        self.write.open_table(META, TableId::Meta)?.insert(META_SETTINGS, &*json)?;
        *self.settings = Some(Arc::new(settings.clone()));
        self.written.is_changed = true;
        self.written.settings = Some((settings.rev, Arc::clone(&json)));
        Ok(json)
    }

    /// Everybody who may come in, as it is in this transaction.
    pub fn directory(&mut self) -> Result<Arc<Directory>, StoreError> {
        if let Some(directory) = &*self.directory {
            return Ok(Arc::clone(directory));
        }
        let directory = directory::load(self.write)?;
        Ok(Arc::clone(self.directory.insert(directory)))
    }

    /// Changes who may come in, or what they may.
    pub fn edit_directory(&mut self, edit: DirectoryEdit) -> Result<(), StoreError> {
        let mut changed = self.directory()?;
        directory::put(self.write, &edit)?;
        let endings = changed.endings();
        Arc::make_mut(&mut changed).apply(edit);
        if changed.endings() != endings {
            directory::put_endings(self.write, changed.endings())?;
        }
        *self.directory = Some(Arc::clone(&changed));
        self.written.directory = Some(changed);
        self.written.is_changed = true;
        Ok(())
    }

    /// Adds an entry to the audit.
    pub fn audit(&mut self, note: AuditNote) -> Result<(), StoreError> {
        self.written.is_changed = true;
        directory::append_audit(self.write, self.now, note)
    }

    /// Keeps over a restart what is known of who comes in, in the form of the layer above.
    pub fn put_access_note(&mut self, what: AccessNote, bytes: &[u8]) -> Result<(), StoreError> {
        self.written.is_changed = true;
        self.write.open_table(META, TableId::Meta)?.insert(what.name(), bytes)
    }

    /// Notes with which pepper PINs are hashed from now on.
    pub fn put_pepper_mark(&mut self, mark: &[u8; 32]) -> Result<(), StoreError> {
        self.written.is_changed = true;
        self.write.open_table(META, TableId::Meta)?.insert(META_PEPPER, mark.as_slice())
    }

    /// Shows a record to `read`, deleted or not; `None` if there never was one.
    pub fn header<T>(&mut self, key: RecordKey, read: impl FnOnce(&Record<'_>) -> T) -> Result<Option<T>, StoreError> {
        let Some(bytes) = self.series(key.kind)?.records.get(u64::from(key.number))? else { return Ok(None) };
        Ok(Some(read(&Record::decode(bytes.value())?)))
    }

    /// What is stored under this fingerprint, unless its time is over.
    pub fn known_answer(&mut self, fingerprint: [u8; 16]) -> Result<Option<Known>, StoreError> {
        let now = self.run_time;
        let known = self.answers()?.get(fingerprint)?;
        Ok(known.filter(|known| !matches!(known, Known::Answer(answer) if answer.is_over(now))))
    }

    /// Keeps the answer of a command with the command's own changes (promise 4), and trims those whose time is over.
    pub fn remember(
        &mut self,
        fingerprint: [u8; 16],
        payload: [u8; 16],
        kept_seconds: u32,
        outcome: &[u8],
    ) -> Result<(), StoreError> {
        self.written.is_changed = true;
        let now = self.run_time;
        let answer = StoredAnswer { at: now, kept_seconds, payload, outcome: outcome.to_vec() };
        self.answers()?.put(fingerprint, &answer)
    }

    /// The JSON of a record, in memory that is given back to [`Self::json_bytes`].
    fn json_of(&mut self, push: impl FnOnce(&mut Vec<u8>, Currency)) -> Vec<u8> {
        let mut json = std::mem::take(&mut self.json_bytes);
        json.clear();
        push(&mut json, self.currency);
        json
    }

    fn series(&mut self, kind: Kind) -> Result<&mut Series<'txn>, StoreError> {
        let series = match kind {
            Kind::Estimate => &mut self.estimates,
            Kind::Order => &mut self.orders,
        };
        series.get(|texts| Series::open(self.write, kind, texts))
    }

    fn answers(&mut self) -> Result<&mut Answers<'txn>, StoreError> {
        self.answers.get(|unindexed| Answers::open(self.write, unindexed))
    }

    /// Gives a new state of a record what every state keeps, a tombstone too: when the record was made, and the sequence of that,
    /// which grows with the numbers. Returns the sequence of the state before.
    fn follow(&mut self, key: RecordKey, next: &mut Record<'_>) -> Result<u64, StoreError> {
        let Some(bytes) = self.series(key.kind)?.records.get(u64::from(key.number))? else { return Ok(0) };
        let before = Record::decode(bytes.value())?;
        (next.created_at, next.created_seq, next.made_at) = (before.created_at, before.created_seq, before.made_at);
        Ok(before.seq)
    }

    fn read<T>(
        &mut self,
        key: RecordKey,
        form: impl FnOnce(RecordKey, &Record<'_>, Currency) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let currency = self.currency;
        let Some(bytes) = self.series(key.kind)?.records.get(u64::from(key.number))? else { return Ok(None) };
        let record = Record::decode(bytes.value())?;
        if record.is_deleted {
            return Ok(None);
        }
        form(key, &record, currency).map(Some)
    }

    fn put(
        &mut self,
        key: RecordKey,
        record: &mut Record<'_>,
        text: Option<String>,
        action: Action,
        cause: Cause<'_>,
    ) -> Result<Arc<[u8]>, StoreError> {
        self.written.is_changed = true;
        let seq = self.next_seq;
        self.next_seq += 1;
        record.created_seq = seq;
        let prev = if action == Action::Create { 0 } else { self.follow(key, record)? };
        let mut encoded = std::mem::take(&mut self.encoded);
        encoded.clear();
        record.encode_into(&mut encoded);
        self.bytes_written += encoded.len() as u64;
        let due = text.map(|text| Due { text, counted_at: record.counted_at() });
        self.series(key.kind)?.put(key, &encoded, due)?;
        let entry = LogEntry {
            key,
            action,
            at: self.now,
            by: cause.by,
            origin: cause.origin,
            actor: cause.actor,
            owner_before: cause.owner_before,
            prev,
        };
        encoded.clear();
        entry.encode_into(&mut encoded);
        self.changes.insert(seq, encoded.as_slice())?;
        self.encoded = encoded;
        let change = entry.into_change(seq, record);
        let json = change.record.clone().unwrap_or_default();
        self.written.changes.push(change);
        Ok(json)
    }
}
