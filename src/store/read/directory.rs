//! Reading the tables of people, and the audit.

use redb::ReadableTable;

use crate::domain::{AuditEntry, Directory, DirectoryEdit};
use crate::store::error::StoreError;
use crate::store::format::{device_from, owner_code_from, person_from, role_from, session_from};
use crate::store::tables::{META_ENDINGS, META_OWNER_CODE};

/// The tables of people, within a transaction of either kind.
pub(crate) struct DirectoryTables<'a, T, M> {
    pub people: &'a T,
    pub roles: &'a T,
    pub devices: &'a T,
    pub sessions: &'a T,
    pub meta: &'a M,
}

impl<T, M> DirectoryTables<'_, T, M>
where
    T: ReadableTable<u64, &'static [u8]>,
    M: ReadableTable<&'static str, &'static [u8]>,
{
    /// All of them. A row that cannot be read lets nobody in, and is said in the log; the others count.
    pub fn load(&self) -> Result<Directory, StoreError> {
        let mut directory = Directory::new();
        each(self.roles, &mut directory, |id, row| Ok(DirectoryEdit::Role(role_from(small(id)?, row)?)))?;
        each(self.people, &mut directory, |id, row| Ok(DirectoryEdit::Person(person_from(small(id)?, row)?)))?;
        each(self.devices, &mut directory, |id, row| Ok(DirectoryEdit::Device(device_from(small(id)?, row)?)))?;
        each(self.sessions, &mut directory, |id, row| Ok(DirectoryEdit::Session(session_from(id, row)?)))?;
        // After the rows, which count what they hold.
        let endings =
            self.meta.get(META_ENDINGS)?.and_then(|bytes| Some(u64::from_le_bytes(bytes.value().try_into().ok()?)));
        directory.apply(DirectoryEdit::Endings(endings.unwrap_or_default()));
        if let Some(code) = self.meta.get(META_OWNER_CODE)? {
            let code = owner_code_from(code.value());
            let code = code.inspect_err(|error| log::error!("⚠️ {error}")).ok();
            directory.apply(DirectoryEdit::OwnerCode(code));
        }
        Ok(directory)
    }
}

fn each(
    table: &impl ReadableTable<u64, &'static [u8]>,
    directory: &mut Directory,
    form: impl Fn(u64, &[u8]) -> Result<DirectoryEdit, StoreError>,
) -> Result<(), StoreError> {
    for row in table.iter()? {
        let (id, bytes) = row?;
        match form(id.value(), bytes.value()) {
            Ok(edit) => directory.apply(edit),
            Err(error) => log::error!("⚠️ {error}; number {} is left out", id.value()),
        }
    }
    Ok(())
}

fn small(id: u64) -> Result<u32, StoreError> {
    u32::try_from(id).map_err(|_| StoreError::Malformed("number of a person, a role or a device"))
}

/// Whether the audit is whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditCheck {
    /// Entries that follow each other.
    pub entries: u64,
    /// Hash of the last of them; zeros if there is none.
    pub head: [u8; 32],
    /// The first place that is missing, was changed, or is not sealed by the one before it.
    pub broken_at: Option<u64>,
}

/// Follows the chain from its first entry. `noted_head` is what the file says besides of how far it goes.
pub(crate) fn check(
    entries: impl Iterator<Item = Result<AuditEntry, StoreError>>,
    noted_head: Option<(u64, [u8; 32])>,
) -> AuditCheck {
    let (mut count, mut head) = (0, [0; 32]);
    for entry in entries {
        let place = count + 1;
        match entry {
            Ok(entry) if entry.place == place && entry.hash == entry.seal(&head) => {
                (count, head) = (place, entry.hash);
            }
            Ok(_) | Err(_) => return AuditCheck { entries: count, head, broken_at: Some(place) },
        }
    }
    let is_whole = match noted_head {
        None => count == 0,
        Some(noted) => noted == (count, head),
    };
    AuditCheck { entries: count, head, broken_at: (!is_whole).then_some(count + 1) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{AuditKind, AuditNote, Timestamp};

    fn chain(length: u64) -> Vec<AuditEntry> {
        let mut entries: Vec<AuditEntry> = Vec::new();
        for place in 1..=length {
            let before = entries.last().map_or([0; 32], |entry| entry.hash);
            let note = AuditNote {
                person: 1,
                device: 1,
                address: None,
                kind: AuditKind::Login,
                target: None,
                detail: Some(place.to_string()),
            };
            entries.push(AuditEntry::sealed(place, Timestamp { unix_micros: 0, offset_seconds: 0 }, note, &before));
        }
        entries
    }

    fn broken_at(entries: Vec<AuditEntry>, head: &AuditEntry) -> Option<u64> {
        check(entries.into_iter().map(Ok), Some((head.place, head.hash))).broken_at
    }

    #[test]
    fn what_was_changed_left_out_or_cut_off_is_found() {
        let whole = chain(5);
        let head = whole[4].clone();
        assert_eq!(broken_at(whole.clone(), &head), None);
        let mut changed = whole.clone();
        changed[2].note.person = 2;
        assert_eq!(broken_at(changed, &head), Some(3));
        let mut shorter = whole.clone();
        shorter.remove(1);
        assert_eq!(broken_at(shorter, &head), Some(2));
        assert_eq!(broken_at(whole[..4].to_vec(), &head), Some(5), "a cut end");
        assert_eq!(broken_at(Vec::new(), &head), Some(1));
        assert_eq!(check(std::iter::empty(), None).broken_at, None);
        assert_eq!(check(whole.into_iter().map(Ok), None).broken_at, Some(6), "its head is gone");
    }
}
