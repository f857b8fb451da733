//! Schema steps: an accepted file of an older form is brought up to [`SCHEMA_VERSION`], one step a version, each in a
//! transaction of its own.

use std::collections::HashMap;

use redb::{Database, ReadableTable, Table, TableDefinition, WriteTransaction};

use super::facts::{MALFORMED_FACT, fact, with_old_decimals};
use crate::domain::{Currency, Kind, Order, OriginHash, RecordKey, Timestamp};
use crate::store::error::StoreError;
use crate::store::format::key_of;
use crate::store::format::{
    ByteReader, LogEntry, Record, covered_before, day_index, settings_from, settings_json, text_of,
};
use crate::store::tables::{
    ANSWER_PLACES, ANSWERS, AUDIT, CHANGES, DEVICES, ESTIMATES, ESTIMATES_DAYS, ESTIMATES_SEARCH, META, META_CURRENCY,
    META_DECIMALS, META_SCHEMA, META_SETTINGS, ORDERS, ORDERS_DAYS, ORDERS_SEARCH, PEOPLE, ROLES, SCHEMA_VERSION,
    SESSIONS,
};
use crate::store::write::without_text;

/// The form of the file.
pub(crate) fn schema(database: &Database) -> Result<u32, StoreError> {
    Ok(u32::from_le_bytes(fact(database, META_SCHEMA)?.try_into().map_err(|_| MALFORMED_FACT)?))
}

/// Brings an accepted file up to [`SCHEMA_VERSION`].
pub(crate) fn upgrade(database: &Database) -> Result<(), StoreError> {
    loop {
        let found = schema(database)?;
        let step = match found {
            SCHEMA_VERSION => return Ok(()),
            1 => order_answers_by_place,
            2 => link_log_and_index_days,
            3 | 4 => change_the_journal,
            5 => open_tables_of_people,
            _ => return Err(MALFORMED_FACT),
        };
        let transaction = database.begin_write()?;
        step(&transaction)?;
        transaction.open_table(META)?.insert(META_SCHEMA, (found + 1).to_le_bytes().as_slice())?;
        transaction.commit()?;
        log::info!("The database was brought from version {found} of its shape to version {}", found + 1);
    }
}

/// From version 1 to 2. Version 1 kept answers under their fingerprints, and the fingerprints by place.
fn order_answers_by_place(transaction: &WriteTransaction) -> Result<(), StoreError> {
    const OLD_ANSWERS: TableDefinition<[u8; 16], &[u8]> = TableDefinition::new("answers");
    const OLD_PLACES: TableDefinition<u64, [u8; 16]> = TableDefinition::new("answer_log");
    {
        let (answers, log) = (transaction.open_table(OLD_ANSWERS)?, transaction.open_table(OLD_PLACES)?);
        let (mut by_place, mut places) = (transaction.open_table(ANSWERS)?, transaction.open_table(ANSWER_PLACES)?);
        for entry in log.iter()? {
            let (place, fingerprint) = entry.map(|(place, fingerprint)| (place.value(), fingerprint.value()))?;
            if let Some(answer) = answers.get(fingerprint)? {
                by_place.insert(place, [&fingerprint, answer.value()].concat().as_slice())?;
                places.insert(fingerprint, place)?;
            }
        }
    }
    transaction.delete_table(OLD_ANSWERS)?;
    transaction.delete_table(OLD_PLACES)?;
    Ok(())
}

/// From version 2 to 3. Version 2 had no index of days and no decimals of its own, folded names and phone numbers in another
/// way, did not mark cancelled orders, and its log had the commands' keys in it and no links.
fn link_log_and_index_days(transaction: &WriteTransaction) -> Result<(), StoreError> {
    let currency = note_decimals(transaction)?;
    index_records(transaction, Kind::Estimate)?;
    index_records(transaction, Kind::Order)?;
    link_log(transaction)?;
    let mut meta = transaction.open_table(META)?;
    let settings = meta.get(META_SETTINGS)?.and_then(|json| settings_from(json.value()).ok());
    if let Some(settings) = settings {
        meta.insert(META_SETTINGS, settings_json(&settings, currency).as_slice())?;
    }
    Ok(())
}

/// From version 3 to 4, and to 5. Version 3 had no journal, and in that of version 4 entries stood close together: its
/// programs would not see what is in this one.
#[expect(clippy::unnecessary_wraps, reason = "a step like the others")]
fn change_the_journal(_: &WriteTransaction) -> Result<(), StoreError> {
    // What the file says of its journal is written when the next half is begun.
    Ok(())
}

/// From version 5 to 6: makes the tables of people, which are empty until the shop has an owner.
pub(crate) fn open_tables_of_people(transaction: &WriteTransaction) -> Result<(), StoreError> {
    for table in [PEOPLE, ROLES, DEVICES, SESSIONS, AUDIT] {
        transaction.open_table(table)?;
    }
    Ok(())
}

fn note_decimals(transaction: &WriteTransaction) -> Result<Currency, StoreError> {
    let mut meta = transaction.open_table(META)?;
    let code = meta.get(META_CURRENCY)?.and_then(|code| Currency::from_code(std::str::from_utf8(code.value()).ok()?));
    let currency = with_old_decimals(code.ok_or(MALFORMED_FACT)?);
    meta.insert(META_DECIMALS, [u8::try_from(currency.decimals()).unwrap_or_default()].as_slice())?;
    Ok(currency)
}

/// Records whose days are written at once: few enough for the memory, and enough that an hour is written once.
const RECORDS_AT_ONCE: usize = 10_000;

/// Writes the search texts and days of all records whose block is full, and the marks of cancelled orders.
fn index_records(transaction: &WriteTransaction, kind: Kind) -> Result<(), StoreError> {
    let (records, texts, days) = match kind {
        Kind::Estimate => (ESTIMATES, ESTIMATES_SEARCH, ESTIMATES_DAYS),
        Kind::Order => (ORDERS, ORDERS_SEARCH, ORDERS_DAYS),
    };
    let mut records = transaction.open_table(records)?;
    let (mut texts, mut days) = (transaction.open_table(texts)?, transaction.open_table(days)?);
    let covered = covered_before(records.last()?.map_or(0, |(number, _)| number.value()) + 1);
    let (mut cancelled, mut counted) = (Vec::new(), Vec::new());
    for entry in records.iter()? {
        let (number, bytes) = entry.map(|(number, bytes)| (number.value(), bytes))?;
        let record = match Record::decode(bytes.value()) {
            Ok(record) => record,
            Err(error) => {
                without_text(error)?;
                continue;
            }
        };
        let key = key_of(kind, number)?;
        if number < covered {
            counted.push((key.number, record.counted_at()));
            if counted.len() == RECORDS_AT_ONCE {
                index_days(&mut days, counted.drain(..))?;
            }
            let text = if record.is_deleted { None } else { text_of(key, &record).map(Some).or_else(without_text)? };
            if let Some(text) = text {
                texts.insert(number, text.as_str())?;
            }
        }
        if kind == Kind::Order && is_cancelled(&record) {
            cancelled.push((number, Record { is_cancelled: true, ..record }.encode()));
        }
    }
    index_days(&mut days, counted)?;
    for (number, record) in cancelled {
        records.insert(number, record.as_slice())?;
    }
    Ok(())
}

fn index_days(
    days: &mut Table<'_, i64, &'static [u8]>,
    block: impl IntoIterator<Item = (u32, Timestamp)>,
) -> Result<(), StoreError> {
    for (quarter, runs) in day_index::added(days, block)? {
        days.insert(quarter, runs.as_slice())?;
    }
    Ok(())
}

fn is_cancelled(record: &Record<'_>) -> bool {
    #[derive(serde::Deserialize)]
    struct Status {
        status: String,
    }
    // What cannot be read is found out by whoever reads it.
    serde_json::from_slice(record.json).is_ok_and(|Status { status }| Order::is_cancelled(&status))
}

/// Gives each entry of the log the sequence of the one before it of the same record, and the hash of the command's key in
/// place of the key.
fn link_log(transaction: &WriteTransaction) -> Result<(), StoreError> {
    let mut log = transaction.open_table(CHANGES)?;
    let last = log.last()?.map_or(0, |(seq, _)| seq.value());
    let mut latest = Latest::default();
    for seq in 1..=last {
        let linked = match log.get(seq)? {
            Some(bytes) => linked(bytes.value(), seq, &mut latest),
            None => Err(StoreError::Malformed("log entry")),
        };
        match linked {
            Ok(bytes) => drop(log.insert(seq, bytes.as_slice())?),
            // It stays as it is, and a history ends before it.
            Err(StoreError::Malformed(what)) => log::error!("⚠️ A stored {what} cannot be read: change {seq}"),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The last sequence of each record so far.
type Latest = HashMap<RecordKey, u64>;

/// An entry of version 2, with the layout 1, as one of version 3.
fn linked(bytes: &[u8], seq: u64, latest: &mut Latest) -> Result<Vec<u8>, StoreError> {
    const OLD_LAYOUT: u8 = 1;
    let mut fields = ByteReader { rest: bytes, what: "log entry" };
    let [layout, kind, action] = fields.take()?;
    if layout != OLD_LAYOUT {
        return Err(StoreError::Malformed("log entry"));
    }
    let (kind, action) = LogEntry::decode_codes(kind, action)?;
    let key = RecordKey::new(kind, u32::from_le_bytes(fields.take()?));
    let at = fields.take_time()?;
    let (by, origin) = (fields.take_text()?, fields.take_text()?);
    let prev = latest.insert(key, seq).unwrap_or(0);
    Ok(LogEntry { key, action, at, by, origin: origin.map(OriginHash::of_key), actor: None, owner_before: None, prev }
        .encode())
}

#[cfg(test)]
mod tests {
    use redb::Builder;

    use super::*;
    use crate::store::write::Known;
    use crate::store::{CommitTime, JournalOptions, Store, StoreOptions};

    #[test]
    fn answers_of_a_file_of_version_1_are_known_after_the_step_to_version_2() {
        const OLD_ANSWERS: TableDefinition<[u8; 16], &[u8]> = TableDefinition::new("answers");
        const OLD_LOG: TableDefinition<u64, [u8; 16]> = TableDefinition::new("answer_log");
        let folder = tempfile::tempdir().unwrap();
        let options = StoreOptions {
            directory: folder.path().to_path_buf(),
            cache_bytes: 1 << 20,
            currency: None,
            journal: JournalOptions::default(),
        };
        let path = {
            let store = Store::open(&options).unwrap();
            store.close();
            store.path().to_path_buf()
        };
        {
            let database = Builder::new().open(&path).unwrap();
            let transaction = database.begin_write().unwrap();
            transaction.delete_table(ANSWERS).unwrap();
            transaction.delete_table(ANSWER_PLACES).unwrap();
            transaction.open_table(META).unwrap().insert(META_SCHEMA, 1_u32.to_le_bytes().as_slice()).unwrap();
            for place in 1..=2_u8 {
                // Run, uptime, wall time, seconds to keep, payload, outcome.
                let answer = [&[0; 24][..], &600_u32.to_le_bytes(), &[place; 16], &[b'a', place]].concat();
                transaction.open_table(OLD_LOG).unwrap().insert(u64::from(place), [place; 16]).unwrap();
                transaction.open_table(OLD_ANSWERS).unwrap().insert([place; 16], answer.as_slice()).unwrap();
            }
            transaction.commit().unwrap();
        }

        let outcome = |known| match known {
            Known::Answer(answer) => answer.outcome,
            Known::Unreadable => Vec::new(),
        };
        let store = Store::open(&options).unwrap();
        let time = CommitTime { at: Timestamp { unix_micros: 0, offset_seconds: 0 }, uptime_seconds: 0 };
        let known = store
            .commit(time, |batch| {
                batch.remember([3; 16], [3; 16], 600, b"new")?;
                (1..=3_u8).map(|place| Ok(batch.known_answer([place; 16])?.map(outcome))).collect()
            })
            .unwrap();
        let expected: Vec<Option<Vec<u8>>> = vec![Some(vec![b'a', 1]), Some(vec![b'a', 2]), Some(b"new".to_vec())];
        let known: Vec<Option<Vec<u8>>> = known.value;
        assert_eq!(known, expected);
    }
}
