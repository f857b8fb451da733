//! The index of days: for each quarter of an hour the numbers of the records that count in it. A day's records are found by it
//! and not by halving over the numbers, which a record that was made while the server was away is out of step with.
//!
//! The offset of every zone is a whole number of quarters, so a day begins with one. Numbers are kept as runs: an ordinary hour of
//! any length is one run, however many records it has. A deleted record stays in its run.

use std::collections::BTreeMap;
use std::ops::Range;

use redb::ReadableTable;

use super::bytes::ByteReader;
use crate::domain::Timestamp;
use crate::store::error::StoreError;

const QUARTER_MICROS: i64 = 15 * 60 * 1_000_000;

/// What the index says once it is noted when these records count, a block of them at once, so that each quarter is written once.
/// Numbers come in ascending order.
pub(crate) fn added(
    index: &impl ReadableTable<i64, &'static [u8]>,
    block: impl IntoIterator<Item = (u32, Timestamp)>,
) -> Result<Vec<(i64, Vec<u8>)>, StoreError> {
    let mut quarters: BTreeMap<i64, Vec<Range<u32>>> = BTreeMap::new();
    for (number, at) in block {
        let runs = quarters.entry(quarter_of(at.unix_micros)).or_default();
        match runs.last_mut() {
            Some(run) if run.end == number => run.end = number.saturating_add(1),
            _ => runs.push(number..number.saturating_add(1)),
        }
    }
    let joined_with_old = |(quarter, new): (i64, Vec<Range<u32>>)| {
        let mut runs = index.get(quarter)?.map_or_else(Vec::new, |bytes| decode_or_none(bytes.value()));
        runs.extend(new);
        Ok((quarter, encode(&joined(runs))))
    };
    quarters.into_iter().map(joined_with_old).collect()
}

/// The numbers that can count from the first of these microseconds to before the second, in ascending runs that do not touch. What
/// counts in the first or the last quarter may lie outside.
pub(crate) fn numbers(
    index: &impl ReadableTable<i64, &'static [u8]>,
    times: &Range<i64>,
) -> Result<Vec<Range<u32>>, StoreError> {
    if times.is_empty() {
        return Ok(Vec::new());
    }
    let mut runs = Vec::new();
    for entry in index.range(quarter_of(times.start)..=quarter_of(times.end - 1))? {
        runs.extend(decode_or_none(entry?.1.value()));
    }
    Ok(joined(runs))
}

/// The same numbers in ascending runs that do not touch.
pub(crate) fn joined(mut runs: Vec<Range<u32>>) -> Vec<Range<u32>> {
    runs.sort_unstable_by_key(|run| run.start);
    let mut joined: Vec<Range<u32>> = Vec::new();
    for run in runs {
        match joined.last_mut() {
            Some(last) if run.start <= last.end => last.end = last.end.max(run.end),
            _ => joined.push(run),
        }
    }
    joined
}

fn quarter_of(micros: i64) -> i64 {
    micros.div_euclid(QUARTER_MICROS)
}

fn encode(runs: &[Range<u32>]) -> Vec<u8> {
    runs.iter().flat_map(|run| [run.start.to_le_bytes(), run.end.to_le_bytes()]).flatten().collect()
}

fn decode(bytes: &[u8]) -> Result<Vec<Range<u32>>, StoreError> {
    let mut fields = ByteReader { rest: bytes, what: "index of days" };
    let mut runs = Vec::new();
    while !fields.rest.is_empty() {
        runs.push(u32::from_le_bytes(fields.take()?)..u32::from_le_bytes(fields.take()?));
    }
    Ok(runs)
}

/// A quarter that cannot be read is no reason to refuse a sale or a list: its records are in no list of a day.
fn decode_or_none(bytes: &[u8]) -> Vec<Range<u32>> {
    decode(bytes).unwrap_or_else(|error| {
        log::error!("⚠️ {error}; the records of a quarter of an hour are in no list of their day");
        Vec::new()
    })
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::test_runner::{Config, TestRunner};
    use redb::backends::InMemoryBackend;
    use redb::{Builder, Table, TableDefinition};

    use super::*;

    const TABLE: TableDefinition<i64, &[u8]> = TableDefinition::new("days");

    fn add(index: &mut Table<'_, i64, &'static [u8]>, block: impl IntoIterator<Item = (u32, Timestamp)>) {
        for (quarter, runs) in added(index, block).unwrap() {
            index.insert(quarter, runs.as_slice()).unwrap();
        }
    }

    /// Goal: whatever the times, the index names every record of a range, and none that is a quarter of an hour or more outside.
    /// Method: random times for the numbers from 1, before 1970 too, and random ranges, against a look at all of them.
    #[test]
    fn the_index_names_the_records_of_any_range() {
        let config = Config { cases: 200, failure_persistence: None, ..Config::default() };
        let inputs = (vec(-8_i64..40, 1..80), -20_i64..60, 0_i64..40);
        TestRunner::new(config)
            .run(&inputs, |(minutes, start, length)| {
                const UNIT: i64 = QUARTER_MICROS / 3;
                let database = Builder::new().create_with_backend(InMemoryBackend::new()).unwrap();
                let transaction = database.begin_write().unwrap();
                let mut index = transaction.open_table(TABLE).unwrap();
                let at = |minute: &i64| Timestamp { unix_micros: minute * UNIT, offset_seconds: 0 };
                let all: Vec<_> = (1..).zip(minutes.iter().map(at)).collect();
                for block in all.chunks(7) {
                    add(&mut index, block.iter().copied());
                }
                let times = start * UNIT..(start + length) * UNIT;
                let runs = numbers(&index, &times).unwrap();
                assert!(runs.windows(2).all(|pair| pair[0].end < pair[1].start), "{runs:?}");
                for (number, minute) in (1..).zip(&minutes) {
                    let micros = minute * UNIT;
                    let is_named = runs.iter().any(|run| run.contains(&number));
                    assert!(is_named || !times.contains(&micros), "{number} at {micros} in {times:?}");
                    let is_far = micros + QUARTER_MICROS <= times.start || micros >= times.end + QUARTER_MICROS;
                    assert!(!is_named || !is_far, "{number} at {micros} in {times:?}");
                }
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn an_ordinary_day_is_one_run() {
        let database = Builder::new().create_with_backend(InMemoryBackend::new()).unwrap();
        let transaction = database.begin_write().unwrap();
        let mut index = transaction.open_table(TABLE).unwrap();
        let minute = |minute: i64| Timestamp { unix_micros: minute * 60_000_000, offset_seconds: 0 };
        for number in 1..=600 {
            add(&mut index, [(number, minute(i64::from(number)))]);
        }
        // Made at noon, stored at night.
        add(&mut index, [(601, minute(300))]);
        let whole_day = 0..24 * 60 * 60_000_000;
        assert!(matches!(numbers(&index, &whole_day).unwrap().as_slice(), [Range { start: 1, end: 602 }]));
        let noon = minute(300).unix_micros..minute(301).unix_micros;
        assert_eq!(numbers(&index, &noon).unwrap(), [300..315, 601..602]);
        assert!(numbers(&index, &(5..5)).unwrap().is_empty());
    }
}
