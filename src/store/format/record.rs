//! The stored form of a record: a fixed header for what the server itself needs, then the JSON that the API returns, so that
//! lists are joined from stored bytes.

use std::sync::Arc;

use super::bytes::{ByteReader, put_actor, put_time};
use crate::domain::{Actor, Belonging, Kind, Money, RecordKey, Sight, Timestamp, sale_by};
use crate::store::error::StoreError;

/// Version of the header's layout.
const LAYOUT: u8 = 1;
const FLAG_DELETED: u8 = 1;
const FLAG_CANCELLED: u8 = 2;
/// Twelve bytes more follow the header: the time at which the record was made on its device.
const FLAG_MADE_AT: u8 = 4;
/// Eight bytes more follow: whose the record is.
const FLAG_OWNED: u8 = 8;
/// Fields of the header in bytes: layout, flags, rev, seq, total, paid, linked, created, offset,
/// created sequence, items; without the time at which it was made and its owner.
const HEADER_BYTES: usize = 1 + 1 + 4 + 8 + 8 + 8 + 4 + 8 + 4 + 8 + 4;

/// A record as it is stored: what the server needs of it, and its JSON.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// True for a tombstone; it has no JSON.
    pub is_deleted: bool,
    /// Revision, from 1.
    pub rev: u32,
    /// Sequence of its last change.
    pub seq: u64,
    /// Its total, in minor units.
    pub total: Money,
    /// What was paid of it, in minor units; zero for an estimate.
    pub amount_paid: Money,
    /// The order of a converted estimate, the estimate of an order that came from one.
    pub linked: Option<u32>,
    /// True for an order whose status says that it counts in no figure.
    pub is_cancelled: bool,
    /// When it was stored.
    pub created_at: Timestamp,
    /// When it was made on its device, if that could not send it at once.
    pub made_at: Option<Timestamp>,
    /// Sequence of the change that made it: the order in which records of both kinds were made.
    pub created_seq: u64,
    /// Lines.
    pub items_count: u32,
    /// Whose it is: who made it, until it is handed over.
    pub owner: Option<Actor>,
    /// The JSON object that the API returns.
    pub json: &'a [u8],
}

impl<'a> Record<'a> {
    /// Reads the stored bytes.
    pub(crate) fn decode(bytes: &'a [u8]) -> Result<Self, StoreError> {
        let mut fields = ByteReader { rest: bytes, what: "record" };
        let [layout] = fields.take()?;
        if layout != LAYOUT {
            return Err(StoreError::Malformed("record"));
        }
        let [flags] = fields.take()?;
        Ok(Self {
            is_deleted: flags & FLAG_DELETED != 0,
            is_cancelled: flags & FLAG_CANCELLED != 0,
            rev: u32::from_le_bytes(fields.take()?),
            seq: u64::from_le_bytes(fields.take()?),
            total: Money::from_minor_units(i64::from_le_bytes(fields.take()?)),
            amount_paid: Money::from_minor_units(i64::from_le_bytes(fields.take()?)),
            linked: Some(u32::from_le_bytes(fields.take()?)).filter(|&number| number != 0),
            created_at: fields.take_time()?,
            created_seq: u64::from_le_bytes(fields.take()?),
            items_count: u32::from_le_bytes(fields.take()?),
            made_at: if flags & FLAG_MADE_AT == 0 { None } else { Some(fields.take_time()?) },
            owner: if flags & FLAG_OWNED == 0 { None } else { Some(fields.take_actor()?) },
            json: fields.rest,
        })
    }

    /// The time by which days and figures count it.
    pub fn counted_at(&self) -> Timestamp {
        self.made_at.unwrap_or(self.created_at)
    }

    /// Whether it, or its tombstone, is seen.
    pub fn is_seen(&self, kind: Kind, sight: &Sight) -> bool {
        sight.sees(kind, self.owner, self.counted_at(), || sale_by(self.json))
    }

    /// Header and JSON in one piece.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER_BYTES + self.json.len());
        self.encode_into(&mut bytes);
        bytes
    }

    /// Puts header and JSON behind what is there already.
    pub(crate) fn encode_into(&self, bytes: &mut Vec<u8>) {
        bytes.push(LAYOUT);
        let flag = |is_set: bool, flag: u8| if is_set { flag } else { 0 };
        bytes.push(
            flag(self.is_deleted, FLAG_DELETED)
                | flag(self.is_cancelled, FLAG_CANCELLED)
                | flag(self.made_at.is_some(), FLAG_MADE_AT)
                | flag(self.owner.is_some(), FLAG_OWNED),
        );
        bytes.extend_from_slice(&self.rev.to_le_bytes());
        bytes.extend_from_slice(&self.seq.to_le_bytes());
        bytes.extend_from_slice(&self.total.minor_units().to_le_bytes());
        bytes.extend_from_slice(&self.amount_paid.minor_units().to_le_bytes());
        bytes.extend_from_slice(&self.linked.unwrap_or(0).to_le_bytes());
        put_time(bytes, self.created_at);
        bytes.extend_from_slice(&self.created_seq.to_le_bytes());
        bytes.extend_from_slice(&self.items_count.to_le_bytes());
        if let Some(made_at) = self.made_at {
            put_time(bytes, made_at);
        }
        if let Some(owner) = self.owner {
            put_actor(bytes, owner);
        }
        bytes.extend_from_slice(self.json);
    }
}

/// Names the record with this number, as it is stored.
pub(crate) fn key_of(kind: Kind, number: u64) -> Result<RecordKey, StoreError> {
    let number = u32::try_from(number).map_err(|_| StoreError::Malformed("series number"))?;
    Ok(RecordKey::new(kind, number))
}

/// What of a record decides who sees it.
pub fn belonging(record: &Record<'_>) -> Belonging {
    let sale_by = if record.owner.is_none() { sale_by(record.json).map(Arc::from) } else { None };
    Belonging { owner: record.owner, counted_at: record.counted_at(), sale_by }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::any;
    use proptest::sample::Index;
    use proptest::test_runner::{Config, TestRunner};

    use super::*;
    use crate::domain::{Action, Kind, OriginHash, RecordKey};
    use crate::store::format::log_entry::LogEntry;
    use crate::store::format::run::RunEntry;
    use crate::store::write::StoredAnswer;

    fn corpus() -> [Vec<u8>; 3] {
        let at = Timestamp { unix_micros: 1_700_000_000_000_000, offset_seconds: 19_800 };
        let record = Record {
            is_deleted: false,
            is_cancelled: true,
            rev: 3,
            seq: 41,
            total: Money::from_minor_units(30_000),
            amount_paid: Money::default(),
            linked: Some(7),
            created_at: at,
            made_at: Some(Timestamp { unix_micros: 1_699_999_000_000_000, ..at }),
            created_seq: 40,
            items_count: 1,
            owner: Some(Actor { person: 2, device: 5 }),
            json: br#"{"id":"EST-1","items":[{"name":"a"}]}"#,
        };
        let key = RecordKey::new(Kind::Order, 7);
        let entry = LogEntry {
            key,
            action: Action::Update,
            at,
            by: Some("Ravi"),
            origin: Some(OriginHash([7; 8])),
            actor: Some(Actor { person: 2, device: 5 }),
            owner_before: None,
            prev: 39,
        };
        [record.encode(), entry.encode(), vec![0; 76]]
    }

    /// Stored bytes, damaged, cut or lengthened in any way, are read as something that is written back the same, or refused.
    #[test]
    fn any_stored_bytes_are_read_or_refused() {
        let damage = vec((any::<Index>(), any::<u8>()), 0..6);
        let inputs = (0..3_usize, damage, any::<Index>(), vec(any::<u8>(), 0..20));
        let config = Config { cases: 20_000, failure_persistence: None, ..Config::default() };
        TestRunner::new(config)
            .run(&inputs, |(which, damage, end, more)| {
                let mut bytes = corpus()[which].clone();
                bytes.truncate(1 + end.index(2 * bytes.len()));
                bytes.extend(more);
                for (at, flip) in damage {
                    let at = at.index(bytes.len());
                    bytes[at] ^= flip;
                }
                if let Ok(record) = Record::decode(&bytes) {
                    let written = record.encode();
                    assert_eq!(Record::decode(&written).unwrap().encode(), written);
                    assert_eq!(written[2..], bytes[2..], "nothing but an unknown flag is lost");
                }
                if let Ok(entry) = LogEntry::decode(&bytes) {
                    let written = entry.encode();
                    assert!(bytes.starts_with(&written), "what was read is what stands there");
                }
                if let Ok((fingerprint, answer)) = StoredAnswer::decode(&bytes) {
                    assert_eq!(answer.encode(fingerprint), bytes);
                }
                if let Ok(run) = RunEntry::decode(&bytes) {
                    assert!(bytes.starts_with(&run.encode()));
                }
                Ok(())
            })
            .unwrap();
    }
}
