//! A table whose changes also go into the journal's entry of the commit.

use std::ops::Deref;

use redb::{Key, Table, TableDefinition, Value, WriteTransaction};

use crate::store::error::StoreError;
use crate::store::journal::EntryLog;
use crate::store::tables::TableId;

/// A table within a transaction. It is read like any table, and changed through [`Self::insert`] and [`Self::remove`] alone.
pub(crate) struct LoggedTable<'txn, K: Key + 'static, V: Value + 'static> {
    table: Table<'txn, K, V>,
    id: TableId,
    entry: &'txn EntryLog,
}

/// A transaction, and the entry of what it does.
#[derive(Clone, Copy)]
pub(crate) struct LoggedTransaction<'txn> {
    pub write: &'txn WriteTransaction,
    pub entry: &'txn EntryLog,
}

impl<'txn> LoggedTransaction<'txn> {
    pub fn open_table<K: Key + 'static, V: Value + 'static>(
        self,
        definition: TableDefinition<'_, K, V>,
        id: TableId,
    ) -> Result<LoggedTable<'txn, K, V>, StoreError> {
        Ok(LoggedTable { table: self.write.open_table(definition)?, id, entry: self.entry })
    }
}

impl<'txn, K: Key + 'static, V: Value + 'static> Deref for LoggedTable<'txn, K, V> {
    type Target = Table<'txn, K, V>;

    fn deref(&self) -> &Self::Target {
        &self.table
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "keys and values are numbers and borrowed bytes, as redb's tables take them"
)]
impl<K: Key + 'static, V: Value + 'static> LoggedTable<'_, K, V> {
    /// Puts a value under a key.
    pub fn insert(&mut self, key: K::SelfType<'_>, value: V::SelfType<'_>) -> Result<(), StoreError> {
        self.entry.note_put(self.id, K::as_bytes(&key).as_ref(), V::as_bytes(&value).as_ref());
        self.table.insert(&key, &value)?;
        Ok(())
    }

    /// Removes a key, if it is there.
    pub fn remove(&mut self, key: K::SelfType<'_>) -> Result<(), StoreError> {
        self.entry.note_removal(self.id, K::as_bytes(&key).as_ref());
        self.table.remove(&key)?;
        Ok(())
    }
}
