//! The stored form of a log entry. The record's own state is in its table; the entry stays small.

use std::sync::Arc;

use super::bytes::{ByteReader, put_actor, put_time};
use super::record::Record;
use crate::domain::{Action, Actor, Change, Kind, OriginHash, RecordKey, Timestamp};
use crate::store::error::StoreError;

/// Version of the layout. The first had no `prev`, and the command's key in place of its hash; see `upgrade`.
const LAYOUT: u8 = 2;
/// Eight bytes more follow the flags: the hash of the command's key.
const FLAG_ORIGIN: u8 = 1;
/// Eight bytes more follow: who did it, and on which device.
const FLAG_ACTOR: u8 = 2;

/// One entry of the log.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LogEntry<'a> {
    pub key: RecordKey,
    pub action: Action,
    pub at: Timestamp,
    pub by: Option<&'a str>,
    /// Hash of the command's key, if it came with one.
    pub origin: Option<OriginHash>,
    /// Who did it, as the shop knows its people; `by` is what the bill says.
    pub actor: Option<Actor>,
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
        let flag = |is_set: bool, flag: u8| if is_set { flag } else { 0 };
        bytes.push(flag(self.origin.is_some(), FLAG_ORIGIN) | flag(self.actor.is_some(), FLAG_ACTOR));
        if let Some(OriginHash(hash)) = self.origin {
            bytes.extend_from_slice(&hash);
        }
        if let Some(actor) = self.actor {
            put_actor(&mut bytes, actor);
        }
        let by = self.by.unwrap_or_default();
        // Names are at most 1,000 characters of four bytes: far below 64 KiB.
        let length = u16::try_from(by.len()).unwrap_or(0);
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(by.as_bytes().get(..usize::from(length)).unwrap_or_default());
        bytes
    }

    pub(crate) fn decode(bytes: &'a [u8]) -> Result<Self, StoreError> {
        let mut fields = ByteReader { rest: bytes, what: "log entry" };
        let [layout, kind, action] = fields.take()?;
        if layout != LAYOUT {
            return Err(StoreError::Malformed("log entry"));
        }
        let (kind, action) = Self::decode_codes(kind, action)?;
        let key = RecordKey::new(kind, u32::from_le_bytes(fields.take()?));
        let (at, prev) = (fields.take_time()?, u64::from_le_bytes(fields.take()?));
        let [flags] = fields.take()?;
        if flags & !(FLAG_ORIGIN | FLAG_ACTOR) != 0 {
            return Err(StoreError::Malformed("log entry"));
        }
        let origin = if flags & FLAG_ORIGIN == 0 { None } else { Some(OriginHash(fields.take()?)) };
        let actor = if flags & FLAG_ACTOR == 0 { None } else { Some(fields.take_actor()?) };
        Ok(Self { key, action, at, by: fields.take_text()?, origin, actor, prev })
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
