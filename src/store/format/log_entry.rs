//! The stored form of a log entry. The record's own state is in its table; the entry stays small.

use std::sync::Arc;

use super::bytes::{ByteReader, put_actor, put_time};
use super::record::Record;
use crate::domain::{Action, Actor, Belonging, Change, Kind, OriginHash, RecordKey, Timestamp};
use crate::store::error::StoreError;

/// Version of the layout. The first had no `prev`, and the command's key in place of its hash; see `file/upgrade`.
const LAYOUT: u8 = 2;
/// The same with who did it behind the hash: eight bytes more.
const LAYOUT_WITH_ACTOR: u8 = 3;

/// The same with whose the record was before it was given away: eight bytes more.
const LAYOUT_OF_HANDOVER: u8 = 4;

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
    /// Whose the record was until then, if it was given to somebody else; nobody is known as 0 and 0.
    pub owner_before: Option<Actor>,
    /// Sequence of the entry before this one of the same record; 0 for its first. So a history is read without its neighbours.
    pub prev: u64,
}

impl<'a> LogEntry<'a> {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(64);
        self.encode_into(&mut bytes);
        bytes
    }

    /// Puts the stored form behind what is there already.
    pub(crate) fn encode_into(&self, bytes: &mut Vec<u8>) {
        let actor = self.actor.or(self.owner_before.map(|_| Actor::NOBODY));
        bytes.push(match (actor, self.owner_before) {
            (_, Some(_)) => LAYOUT_OF_HANDOVER,
            (Some(_), None) => LAYOUT_WITH_ACTOR,
            (None, None) => LAYOUT,
        });
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
        put_time(bytes, self.at);
        bytes.extend_from_slice(&self.prev.to_le_bytes());
        // A hash of zeros would be read as none; one in 2^64 is.
        bytes.extend_from_slice(&self.origin.map_or([0; 8], |origin| origin.0));
        for actor in [actor, self.owner_before].into_iter().flatten() {
            put_actor(bytes, actor);
        }
        let by = self.by.unwrap_or_default();
        // Names are at most 1,000 characters of four bytes: far below 64 KiB.
        let length = u16::try_from(by.len()).unwrap_or(0);
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(by.as_bytes().get(..usize::from(length)).unwrap_or_default());
    }

    pub(crate) fn decode(bytes: &'a [u8]) -> Result<Self, StoreError> {
        let mut fields = ByteReader { rest: bytes, what: "log entry" };
        let [layout, kind, action] = fields.take()?;
        if ![LAYOUT, LAYOUT_WITH_ACTOR, LAYOUT_OF_HANDOVER].contains(&layout) {
            return Err(StoreError::Malformed("log entry"));
        }
        let (kind, action) = Self::decode_codes(kind, action)?;
        let key = RecordKey::new(kind, u32::from_le_bytes(fields.take()?));
        let (at, prev) = (fields.take_time()?, u64::from_le_bytes(fields.take()?));
        let origin = Some(fields.take()?).filter(|hash| *hash != [0; 8]).map(OriginHash);
        let actor = if layout == LAYOUT { None } else { Some(fields.take_actor()?) };
        let is_handover = layout == LAYOUT_OF_HANDOVER;
        let actor = actor.filter(|actor| !is_handover || *actor != Actor::NOBODY);
        let owner_before = if is_handover { Some(fields.take_actor()?) } else { None };
        Ok(Self { key, action, at, by: fields.take_text()?, origin, actor, owner_before, prev })
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
            belonging: Belonging { owner: record.owner, counted_at: record.counted_at(), sale_by: None },
            owner_before: self.owner_before,
            linked_belonging: None,
            record: (!record.is_deleted).then(|| Arc::from(record.json)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a file holds since its log entries name the one before them.
    #[test]
    fn an_entry_that_nobody_is_known_for_has_the_same_bytes_for_ever() {
        let at = Timestamp { unix_micros: 1, offset_seconds: 2 };
        let key = RecordKey::new(Kind::Order, 7);
        let with = |origin| LogEntry {
            key,
            action: Action::Update,
            at,
            by: Some("Ravi"),
            origin,
            actor: None,
            owner_before: None,
            prev: 3,
        };
        let bytes = |hash: u8| {
            let head = [2, 1, 1, 7, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0];
            [head.as_slice(), &[hash; 8], &[4, 0], b"Ravi"].concat()
        };
        for (origin, hash) in [(None, 0), (Some(OriginHash([9; 8])), 9)] {
            assert_eq!(with(origin).encode(), bytes(hash));
            let stored = bytes(hash);
            let read = LogEntry::decode(&stored).unwrap();
            assert_eq!((read.origin, read.actor, read.by, read.prev), (origin, None, Some("Ravi"), 3));
        }
    }
}
