//! What a commit does to the tables of people, and to the audit.

use std::sync::Arc;

use redb::ReadableTable;

use super::logged_table::LoggedTransaction;
use crate::domain::{AuditEntry, AuditNote, Directory, DirectoryEdit, OwnerCode, Timestamp};
use crate::store::error::StoreError;
use crate::store::format::{audit_from, audit_row, device_row, owner_code_row, person_row, role_row, session_row};
use crate::store::read::DirectoryTables;
use crate::store::tables::{
    AUDIT, DEVICES, META, META_AUDIT, META_ENDINGS, META_OWNER_CODE, PEOPLE, ROLES, SESSIONS, TableId, audit_head,
    audit_head_from,
};

/// The directory as the transaction has it, read from its tables.
pub(crate) fn load(write: LoggedTransaction<'_>) -> Result<Arc<Directory>, StoreError> {
    let tables = DirectoryTables {
        people: &*write.open_table(PEOPLE, TableId::People)?,
        roles: &*write.open_table(ROLES, TableId::Roles)?,
        devices: &*write.open_table(DEVICES, TableId::Devices)?,
        sessions: &*write.open_table(SESSIONS, TableId::Sessions)?,
        meta: &*write.open_table(META, TableId::Meta)?,
    };
    tables.load().map(Arc::new)
}

/// Stores an edit.
pub(crate) fn put(write: LoggedTransaction<'_>, edit: &DirectoryEdit) -> Result<(), StoreError> {
    match edit {
        DirectoryEdit::Person(person) => {
            write.open_table(PEOPLE, TableId::People)?.insert(person.id.into(), &person_row(person))
        }
        DirectoryEdit::Role(role) => write.open_table(ROLES, TableId::Roles)?.insert(role.id.into(), &role_row(role)),
        DirectoryEdit::NoRole(id) => write.open_table(ROLES, TableId::Roles)?.remove(u64::from(*id)),
        DirectoryEdit::Device(device) => {
            write.open_table(DEVICES, TableId::Devices)?.insert(device.id.into(), &device_row(device))
        }
        DirectoryEdit::NoDevice(id) => write.open_table(DEVICES, TableId::Devices)?.remove(u64::from(*id)),
        DirectoryEdit::Session(session) => {
            write.open_table(SESSIONS, TableId::Sessions)?.insert(session.id, &session_row(session))
        }
        DirectoryEdit::Endings(endings) => put_endings(write, *endings),
        DirectoryEdit::NoSession(id) => write.open_table(SESSIONS, TableId::Sessions)?.remove(*id),
        DirectoryEdit::OwnerCode(code) => put_owner_code(write, code.as_ref()),
    }
}

/// Notes how often somebody was shut out.
pub(crate) fn put_endings(write: LoggedTransaction<'_>, endings: u64) -> Result<(), StoreError> {
    write.open_table(META, TableId::Meta)?.insert(META_ENDINGS, endings.to_le_bytes().as_slice())
}

fn put_owner_code(write: LoggedTransaction<'_>, code: Option<&OwnerCode>) -> Result<(), StoreError> {
    let mut meta = write.open_table(META, TableId::Meta)?;
    match code {
        Some(code) => meta.insert(META_OWNER_CODE, &owner_code_row(code)),
        None => meta.remove(META_OWNER_CODE),
    }
}

/// Adds an entry to the audit. Its head is noted apart from it, so that a cut end is seen: entries go on behind the noted head,
/// and not behind what is left, or the next one would close the gap. Nor does one that cannot be read stop them.
pub(crate) fn append_audit(write: LoggedTransaction<'_>, at: Timestamp, note: AuditNote) -> Result<(), StoreError> {
    let mut audit = write.open_table(AUDIT, TableId::Audit)?;
    let mut meta = write.open_table(META, TableId::Meta)?;
    let noted = meta.get(META_AUDIT)?.and_then(|head| audit_head_from(head.value()));
    let found = audit.last()?.map_or((0, [0; 32]), |(place, bytes)| {
        let hash = audit_from(place.value(), bytes.value()).map_or([0; 32], |entry| entry.hash);
        (place.value(), hash)
    });
    let (entries, before) = noted.filter(|(entries, _)| *entries >= found.0).unwrap_or(found);
    let place = entries + 1;
    let entry = AuditEntry::sealed(place, at, note, &before);
    audit.insert(place, &audit_row(&entry))?;
    meta.insert(META_AUDIT, &audit_head(place, &entry.hash))
}
