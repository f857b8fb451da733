//! The stored form of a log entry. The record's own state is in its table; the entry stays small.

use std::sync::Arc;

use super::bytes::{Fields, put_time};
use super::record::Record;
use crate::domain::{Action, Change, Kind, OriginHash, RecordKey, Timestamp};
use crate::store::error::StoreError;

/// Version of the layout. The first had no `prev`, and the command's key in place of its hash; see `upgrade`.
const LAYOUT: u8 = 2;

/// One entry of the log.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LogEntry<'a> {
    pub key: RecordKey,
    pub action: Action,
    pub at: Timestamp,
    pub by: Option<&'a str>,
    /// Hash of the command's key, if it came with one.
    pub origin: Option<OriginHash>,
    /// Sequence of the entry before this one of the same record; 0 for its first. So a history is read without its neighbours.
    pub prev: u64,
}

impl<'a> LogEntry<'a> {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(64);
        bytes.push(LAYOUT);
        bytes.push(match self.key.kind {
            Kind::Estimate => 0,
            Kind::Order => 1,
        });
        bytes.push(match self.action {
            Action::Create => 0,
            Action::Update => 1,
            Action::Delete => 2,
            Action::ConvertToOrder => 3,
        });
        bytes.extend_from_slice(&self.key.number.to_le_bytes());
        put_time(&mut bytes, self.at);
        bytes.extend_from_slice(&self.prev.to_le_bytes());
        // A hash of zeros would be read as none; one in 2^64 is.
        bytes.extend_from_slice(&self.origin.map_or([0; 8], |origin| origin.0));
        let by = self.by.unwrap_or_default();
        // Names are at most 1,000 characters of four bytes: far below 64 KiB.
        let length = u16::try_from(by.len()).unwrap_or(0);
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(by.as_bytes().get(..usize::from(length)).unwrap_or_default());
        bytes
    }

    pub(crate) fn decode(bytes: &'a [u8]) -> Result<Self, StoreError> {
        let mut fields = Fields { rest: bytes, what: "log entry" };
        let [layout, kind, action] = fields.take()?;
        if layout != LAYOUT {
            return Err(StoreError::Malformed("log entry"));
        }
        let (kind, action) = Self::decode_codes(kind, action)?;
        Ok(Self {
            key: RecordKey::new(kind, u32::from_le_bytes(fields.take()?)),
            action,
            at: fields.take_time()?,
            prev: u64::from_le_bytes(fields.take()?),
            origin: Some(fields.take()?).filter(|hash| *hash != [0; 8]).map(OriginHash),
            by: fields.take_text()?,
        })
    }

    /// Reads the codes of a kind and an action, the same in every layout.
    pub(crate) fn decode_codes(kind: u8, action: u8) -> Result<(Kind, Action), StoreError> {
        let kind = match kind {
            0 => Kind::Estimate,
            1 => Kind::Order,
            _ => return Err(StoreError::Malformed("log entry")),
        };
        let action = match action {
            0 => Action::Create,
            1 => Action::Update,
            2 => Action::Delete,
            3 => Action::ConvertToOrder,
            _ => return Err(StoreError::Malformed("log entry")),
        };
        Ok((kind, action))
    }

    /// The change that this entry tells of, given the state that its record was left in.
    pub(crate) fn into_change(self, seq: u64, record: &Record<'_>) -> Change {
        Change {
            seq,
            key: self.key,
            action: self.action,
            rev: record.rev,
            at: self.at,
            by: self.by.map(Arc::from),
            origin: self.origin,
            linked: record.linked.map(|number| RecordKey::new(self.key.kind.other(), number)),
            record: (!record.is_deleted).then(|| Arc::from(record.json)),
        }
    }
}
