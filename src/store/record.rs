//! The stored form of a record: a fixed header for what the server itself needs, then the JSON that the API returns, so that
//! lists are joined from stored bytes.

use super::StoreError;
use super::bytes::Fields;
use crate::domain::{Money, Timestamp};

/// Version of the header's layout.
const LAYOUT: u8 = 1;
const FLAG_DELETED: u8 = 1;
/// Fields of the header in bytes: layout, flags, rev, seq, total, paid, linked, created, offset,
/// created sequence, items.
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
    /// When it was made.
    pub created_at: Timestamp,
    /// Sequence of the change that made it: the order in which records of both kinds were made.
    pub created_seq: u64,
    /// Lines.
    pub items_count: u32,
    /// The JSON object that the API returns.
    pub json: &'a [u8],
}

impl<'a> Record<'a> {
    /// Reads the stored bytes.
    pub(super) fn decode(bytes: &'a [u8]) -> Result<Self, StoreError> {
        let mut fields = Fields { rest: bytes, what: "record" };
        let [layout] = fields.take()?;
        if layout != LAYOUT {
            return Err(StoreError::Malformed("record"));
        }
        let [flags] = fields.take()?;
        Ok(Self {
            is_deleted: flags & FLAG_DELETED != 0,
            rev: u32::from_le_bytes(fields.take()?),
            seq: u64::from_le_bytes(fields.take()?),
            total: Money::from_minor_units(i64::from_le_bytes(fields.take()?)),
            amount_paid: Money::from_minor_units(i64::from_le_bytes(fields.take()?)),
            linked: Some(u32::from_le_bytes(fields.take()?)).filter(|&number| number != 0),
            created_at: Timestamp {
                unix_micros: i64::from_le_bytes(fields.take()?),
                offset_seconds: i32::from_le_bytes(fields.take()?),
            },
            created_seq: u64::from_le_bytes(fields.take()?),
            items_count: u32::from_le_bytes(fields.take()?),
            json: fields.rest,
        })
    }

    /// Header and JSON in one piece, and where the JSON starts.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER_BYTES + self.json.len());
        bytes.push(LAYOUT);
        bytes.push(if self.is_deleted { FLAG_DELETED } else { 0 });
        bytes.extend_from_slice(&self.rev.to_le_bytes());
        bytes.extend_from_slice(&self.seq.to_le_bytes());
        bytes.extend_from_slice(&self.total.minor_units().to_le_bytes());
        bytes.extend_from_slice(&self.amount_paid.minor_units().to_le_bytes());
        bytes.extend_from_slice(&self.linked.unwrap_or(0).to_le_bytes());
        bytes.extend_from_slice(&self.created_at.unix_micros.to_le_bytes());
        bytes.extend_from_slice(&self.created_at.offset_seconds.to_le_bytes());
        bytes.extend_from_slice(&self.created_seq.to_le_bytes());
        bytes.extend_from_slice(&self.items_count.to_le_bytes());
        bytes.extend_from_slice(self.json);
        bytes
    }
}
