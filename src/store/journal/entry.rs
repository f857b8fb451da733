//! What one commit puts into tables and removes from them, in order.

use std::cell::{RefCell, RefMut};

use super::checksum::Checksum;
use crate::store::error::StoreError;
use crate::store::format::{ByteReader, LogEntry};
use crate::store::tables::TableId;

/// Length of the puts and removals, and checksum.
pub(crate) const HEAD_BYTES: usize = 12;
/// The memory of a larger entry is given back.
pub(crate) const KEPT_BYTES: usize = 1 << 20;
/// Set in the byte that names the table, if the key is removed.
const REMOVAL: u8 = 0x80;

/// Where an entry stands: its checksum covers that too, so that an entry counts nowhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub file_id: [u8; 8],
    pub half_id: u64,
    pub commit: u64,
    /// Its first sector in the half.
    pub sector: usize,
}

impl Place {
    pub fn checksum(&self, operations: &[u8]) -> u64 {
        Checksum::new()
            .with(&self.file_id)
            .with(&self.half_id.to_le_bytes())
            .with(&self.commit.to_le_bytes())
            .with(&(self.sector as u64).to_le_bytes())
            .with(&(operations.len() as u64).to_le_bytes())
            .with(operations)
            .finish()
    }
}

/// The entry of a commit in the making. Its bytes begin with room for its head.
#[derive(Debug)]
pub(crate) struct EntryLog(RefCell<Vec<u8>>);

impl Default for EntryLog {
    fn default() -> Self {
        Self(RefCell::new(vec![0; HEAD_BYTES]))
    }
}

impl EntryLog {
    /// Empties it for the next commit; its memory is used again.
    pub fn clear(&mut self) {
        let bytes = self.0.get_mut();
        bytes.truncate(HEAD_BYTES);
        bytes.shrink_to(KEPT_BYTES);
    }

    /// Notes that a value was put under a key.
    pub fn note_put(&self, table: TableId, key: &[u8], value: &[u8]) {
        let mut bytes = self.note(table as u8, key);
        bytes.extend_from_slice(&u32::try_from(value.len()).unwrap_or(u32::MAX).to_le_bytes());
        bytes.extend_from_slice(value);
    }

    /// Notes that a key was removed.
    pub fn note_removal(&self, table: TableId, key: &[u8]) {
        self.note(table as u8 | REMOVAL, key);
    }

    fn note(&self, table: u8, key: &[u8]) -> RefMut<'_, Vec<u8>> {
        let mut bytes = self.0.borrow_mut();
        // Keys are numbers, fingerprints and short names.
        bytes.extend_from_slice(&[table, u8::try_from(key.len()).unwrap_or(u8::MAX)]);
        bytes.extend_from_slice(key);
        bytes
    }

    /// The whole entry, with its head for this place.
    pub fn with_head(&mut self, place: Place) -> Result<&[u8], StoreError> {
        const TOO_LARGE: StoreError = StoreError::Malformed("journal entry");
        let bytes = self.0.get_mut();
        let (head, operations) = bytes.split_first_chunk_mut::<HEAD_BYTES>().ok_or(TOO_LARGE)?;
        let length = u32::try_from(operations.len()).map_err(|_| TOO_LARGE)?.to_le_bytes();
        let checksum = place.checksum(operations).to_le_bytes();
        for (into, byte) in head.iter_mut().zip(length.into_iter().chain(checksum)) {
            *into = byte;
        }
        Ok(bytes)
    }

    /// Bytes of the whole entry.
    pub fn length(&self) -> usize {
        self.0.borrow().len()
    }
}

/// One put or removal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Operation<'a> {
    pub table: TableId,
    pub key: &'a [u8],
    /// `None` removes the key.
    pub value: Option<&'a [u8]>,
}

/// The puts and removals of an entry.
pub(crate) fn operations(bytes: &[u8]) -> impl Iterator<Item = Result<Operation<'_>, StoreError>> {
    let mut fields = ByteReader { rest: bytes, what: "journal entry" };
    std::iter::from_fn(move || {
        (!fields.rest.is_empty()).then(|| next_operation(&mut fields).inspect_err(|_| fields.rest = &[]))
    })
}

fn next_operation<'a>(fields: &mut ByteReader<'a>) -> Result<Operation<'a>, StoreError> {
    let [table, key_length] = fields.take()?;
    let key = fields.take_slice(usize::from(key_length))?;
    let value = if table & REMOVAL == 0 {
        let length = u32::from_le_bytes(fields.take()?);
        Some(fields.take_slice(usize::try_from(length).unwrap_or(usize::MAX))?)
    } else {
        None
    };
    let table = TableId::from_code(table & !REMOVAL).ok_or(StoreError::Malformed("journal entry"))?;
    Ok(Operation { table, key, value })
}

/// The last change of the log in these entries: what a person is told when something after it may be missing.
pub(crate) fn last_change(entries: &[Vec<u8>]) -> Option<LogEntry<'_>> {
    let last = |entry| {
        let changes = operations(entry).filter_map(Result::ok).filter(|operation| operation.table == TableId::Changes);
        changes.filter_map(|operation| LogEntry::decode(operation.value?).ok()).last()
    };
    entries.iter().rev().find_map(|entry| last(entry))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Place = Place { file_id: [1; 8], half_id: 2, commit: 3, sector: 4 };

    #[test]
    fn an_entry_says_what_was_put_and_removed_in_order() {
        let mut log = EntryLog::default();
        log.note_put(TableId::Orders, &[1, 2], b"value");
        log.note_removal(TableId::Answers, &[3]);
        log.note_put(TableId::Meta, b"settings", b"");
        let bytes = log.with_head(PLACE).unwrap().to_vec();
        let read: Vec<_> = operations(&bytes[HEAD_BYTES..]).map(Result::unwrap).collect();
        assert_eq!(
            read,
            [
                Operation { table: TableId::Orders, key: &[1, 2], value: Some(b"value") },
                Operation { table: TableId::Answers, key: &[3], value: None },
                Operation { table: TableId::Meta, key: b"settings", value: Some(b"") },
            ]
        );
        log.clear();
        assert_eq!(log.length(), HEAD_BYTES);
        for cut in 1..bytes.len() - HEAD_BYTES {
            let part = &bytes[HEAD_BYTES..HEAD_BYTES + cut];
            assert!(operations(part).count() <= 3, "ends");
        }
    }

    #[test]
    fn an_entry_counts_in_its_own_place_only() {
        let checksum = PLACE.checksum(b"same");
        for other in [
            Place { file_id: [2; 8], ..PLACE },
            Place { half_id: 1, ..PLACE },
            Place { commit: 1, ..PLACE },
            Place { sector: 1, ..PLACE },
        ] {
            assert_ne!(other.checksum(b"same"), checksum);
        }
    }
}
