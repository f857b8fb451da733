//! The stored form of a log entry. The record's own state is in its table; the entry stays small.

use std::sync::Arc;

use super::StoreError;
use super::bytes::Fields;
use super::record::Record;
use crate::domain::{Action, Change, Kind, RecordKey, Timestamp};

/// Version of the layout.
const LAYOUT: u8 = 1;

/// One entry of the log.
#[derive(Debug, Clone, Copy)]
pub(super) struct LogEntry<'a> {
    pub key: RecordKey,
    pub action: Action,
    pub at: Timestamp,
    pub by: Option<&'a str>,
    pub origin: Option<&'a str>,
}

impl<'a> LogEntry<'a> {
    pub(super) fn encode(&self) -> Vec<u8> {
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
        bytes.extend_from_slice(&self.at.unix_micros.to_le_bytes());
        bytes.extend_from_slice(&self.at.offset_seconds.to_le_bytes());
        for text in [self.by, self.origin] {
            let text = text.unwrap_or_default();
            // Names and keys are at most 1,000 characters of four bytes: far below 64 KiB.
            let length = u16::try_from(text.len()).unwrap_or(0);
            bytes.extend_from_slice(&length.to_le_bytes());
            bytes.extend_from_slice(text.as_bytes().get(..usize::from(length)).unwrap_or_default());
        }
        bytes
    }

    pub(super) fn decode(bytes: &'a [u8]) -> Result<Self, StoreError> {
        let mut fields = Fields { rest: bytes, what: "log entry" };
        let malformed = StoreError::Malformed("log entry");
        let [layout, kind, action] = fields.take()?;
        let kind = match (layout, kind) {
            (LAYOUT, 0) => Kind::Estimate,
            (LAYOUT, 1) => Kind::Order,
            _ => return Err(malformed),
        };
        let action = match action {
            0 => Action::Create,
            1 => Action::Update,
            2 => Action::Delete,
            3 => Action::ConvertToOrder,
            _ => return Err(malformed),
        };
        Ok(Self {
            key: RecordKey::new(kind, u32::from_le_bytes(fields.take()?)),
            action,
            at: Timestamp {
                unix_micros: i64::from_le_bytes(fields.take()?),
                offset_seconds: i32::from_le_bytes(fields.take()?),
            },
            by: fields.take_text()?,
            origin: fields.take_text()?,
        })
    }

    /// The change that this entry tells of, given the state that its record was left in.
    pub(super) fn into_change(self, seq: u64, record: &Record<'_>) -> Change {
        Change {
            seq,
            key: self.key,
            action: self.action,
            rev: record.rev,
            at: self.at,
            by: self.by.map(Arc::from),
            origin: self.origin.map(Arc::from),
            linked: record.linked.map(|number| RecordKey::new(self.key.kind.other(), number)),
            record: (!record.is_deleted).then(|| Arc::from(record.json)),
        }
    }
}
