//! The search texts of records. A search walks them in a table of their own, which is small; the texts of the newest
//! records enter it a block at a time, so that most commits do not touch it. Until then they are taken from the records.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;

use super::record::Record;
use crate::domain::{Estimate, Kind, RecordKey, Timestamp, search_text};
use crate::store::error::StoreError;

/// Numbers of a block; its texts are written in the commit that makes its last record.
const BLOCK_RECORDS: u64 = 64;

/// What the block of a record that is not deleted will be written from.
#[derive(Debug)]
pub(crate) struct Due {
    pub text: String,
    /// The time by which days and figures count the record.
    pub counted_at: Timestamp,
}

/// Number → what is due of records whose block is not in the tables yet, kept at hand from commit to commit. What is missing here,
/// the record says.
pub(crate) type Texts = BTreeMap<u64, Due>;

/// Records before this number have their text in the table, when `next_number` is the next to be given out.
pub(crate) fn covered_before(next_number: u64) -> u64 {
    next_number - next_number % BLOCK_RECORDS
}

/// The numbers whose texts are due when `next_number` becomes the next: a whole block, or none.
pub(crate) fn block_filled_by(next_number: u64) -> std::ops::Range<u64> {
    let end = covered_before(next_number);
    if end == next_number { end.saturating_sub(BLOCK_RECORDS).max(1)..end } else { end..end }
}

/// What a search looks at, of either kind of record.
#[derive(Deserialize)]
struct Searched<'a> {
    #[serde(borrow)]
    customer_name: Cow<'a, str>,
    #[serde(borrow)]
    customer_phone: Cow<'a, str>,
    /// Of an order.
    #[serde(borrow)]
    status: Option<Cow<'a, str>>,
}

/// The search text of a record that is not deleted.
pub(crate) fn text_of(key: RecordKey, record: &Record<'_>) -> Result<String, StoreError> {
    let searched: Searched<'_> = serde_json::from_slice(record.json).map_err(|_| StoreError::Malformed("record"))?;
    let status = match (key.kind, record.linked) {
        (Kind::Estimate, Some(_)) => Estimate::STATUS_CONVERTED,
        (Kind::Estimate, None) => Estimate::STATUS_OPEN,
        (Kind::Order, _) => searched.status.as_deref().unwrap_or_default(),
    };
    Ok(search_text(key, status, &searched.customer_name, &searched.customer_phone))
}
