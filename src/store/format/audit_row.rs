//! The stored form of an entry of the audit.

use serde::{Deserialize, Serialize};

use super::bytes::ByteReader;
use crate::domain::{AuditEntry, AuditKind, AuditNote, Timestamp};
use crate::json;
use crate::store::error::StoreError;

/// What is written behind the hash.
#[derive(Serialize, Deserialize)]
struct AuditRow {
    at_micros: i64,
    at_offset: i32,
    person: u32,
    device: u32,
    address: Option<String>,
    kind: String,
    target: Option<String>,
    detail: Option<String>,
}

pub(crate) fn audit_row(entry: &AuditEntry) -> Vec<u8> {
    let AuditNote { person, device, address, kind, target, detail } = entry.note.clone();
    let row = json::to_vec(&AuditRow {
        at_micros: entry.at.unix_micros,
        at_offset: entry.at.offset_seconds,
        person,
        device,
        address,
        kind: kind.name().to_string(),
        target,
        detail,
    });
    [entry.hash.as_slice(), &row].concat()
}

pub(crate) fn audit_from(place: u64, bytes: &[u8]) -> Result<AuditEntry, StoreError> {
    const WHAT: &str = "entry of the audit";
    let mut fields = ByteReader { rest: bytes, what: WHAT };
    let hash = fields.take()?;
    let row: AuditRow = serde_json::from_slice(fields.rest).map_err(|_| StoreError::Malformed(WHAT))?;
    let AuditRow { at_micros, at_offset, person, device, address, kind, target, detail } = row;
    let kind = AuditKind::from_name(&kind).ok_or(StoreError::Malformed(WHAT))?;
    let at = Timestamp { unix_micros: at_micros, offset_seconds: at_offset };
    Ok(AuditEntry { place, at, note: AuditNote { person, device, address, kind, target, detail }, hash })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_comes_back_as_it_was_sealed() {
        let note = AuditNote {
            person: 1,
            device: 0,
            address: Some("::1".to_string()),
            kind: AuditKind::Override,
            target: Some("EST-1".to_string()),
            detail: Some("\u{1F4A1}".to_string()),
        };
        let entry = AuditEntry::sealed(7, Timestamp { unix_micros: -3, offset_seconds: 60 }, note, &[9; 32]);
        let read = audit_from(7, &audit_row(&entry)).unwrap();
        assert_eq!(read, entry);
        assert_eq!(read.hash, read.seal(&[9; 32]));
        assert!(audit_from(7, &[0; 31]).is_err());
    }
}
