//! What the database says of its journal, in its table of facts; written at each checkpoint.

use redb::{Database, ReadableDatabase, ReadableTable, WriteTransaction};

use crate::store::error::StoreError;
use crate::store::format::ByteReader;
use crate::store::tables::{ESTIMATES, META, META_JOURNAL, ORDERS};

const LAYOUT: u8 = 1;

/// What the database says of its journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct JournalNote {
    /// Whether something may be in the journal that is not here: not after a proper end.
    pub is_needed: bool,
    /// The last commit that is in the database.
    pub commit: u64,
    /// The half that follows it: its generation, and its id; zero before the first.
    pub generation: u64,
    pub half_id: u64,
    /// Numbers that no estimate and no order has had, whatever is in the journal.
    pub estimates_bound: u64,
    pub orders_bound: u64,
}

/// Numbers that may be given out between two checkpoints. The commit that would need more is one.
pub(crate) const NUMBERS_PER_CHECKPOINT_MAX: u64 = 1_024;

impl JournalNote {
    /// Reads it; that of a file which never had a journal says so.
    pub fn read(database: &Database) -> Result<Self, StoreError> {
        let meta = database.begin_read()?.open_table(META)?;
        meta.get(META_JOURNAL)?.map_or_else(|| Ok(Self::default()), |bytes| Self::decode(bytes.value()))
    }

    /// Writes it with a commit, and with the bounds for what follows.
    pub fn write(&self, transaction: &WriteTransaction) -> Result<Self, StoreError> {
        let bound = |table| -> Result<u64, StoreError> {
            let last = transaction.open_table(table)?.last()?.map_or(0, |(number, _)| number.value());
            Ok(last + NUMBERS_PER_CHECKPOINT_MAX)
        };
        let note = Self { estimates_bound: bound(ESTIMATES)?, orders_bound: bound(ORDERS)?, ..*self };
        transaction.open_table(META)?.insert(META_JOURNAL, note.encode().as_slice())?;
        Ok(note)
    }

    fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![LAYOUT, u8::from(self.is_needed)];
        for field in [self.commit, self.generation, self.half_id, self.estimates_bound, self.orders_bound] {
            bytes.extend_from_slice(&field.to_le_bytes());
        }
        bytes
    }

    fn decode(bytes: &[u8]) -> Result<Self, StoreError> {
        const MALFORMED: StoreError = StoreError::Malformed("note of the journal");
        let mut fields = ByteReader { rest: bytes, what: "note of the journal" };
        let [LAYOUT, is_needed @ (0 | 1)] = fields.take()? else { return Err(MALFORMED) };
        let mut number = || fields.take().map(u64::from_le_bytes);
        Ok(Self {
            is_needed: is_needed == 1,
            commit: number()?,
            generation: number()?,
            half_id: number()?,
            estimates_bound: number()?,
            orders_bound: number()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_survives_its_stored_form() {
        let note =
            JournalNote { is_needed: true, commit: 1, generation: 2, half_id: 3, estimates_bound: 4, orders_bound: 5 };
        assert_eq!(JournalNote::decode(&note.encode()).unwrap(), note);
        assert!(JournalNote::decode(&note.encode()[1..]).is_err());
        assert!(JournalNote::decode(&[]).is_err());
    }
}
