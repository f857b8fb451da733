//! Carrying out the puts and removals of an entry.

use redb::{Key, Table, Value, WriteTransaction};

use super::entry::{Operation, operations};
use crate::store::error::StoreError;
use crate::store::tables::{
    ANSWER_PLACES, ANSWERS, AUDIT, CHANGES, DEVICES, ESTIMATES, ESTIMATES_DAYS, ESTIMATES_SEARCH, META, ORDERS,
    ORDERS_DAYS, ORDERS_SEARCH, PEOPLE, ROLES, SESSIONS, TableId,
};

/// Does in a transaction what an entry says. What is there already stays the same.
pub(crate) fn replay(transaction: &WriteTransaction, entry: &[u8]) -> Result<(), StoreError> {
    for operation in operations(entry) {
        let operation = operation?;
        match operation.table {
            TableId::Estimates => carry_out(transaction.open_table(ESTIMATES)?, operation),
            TableId::Orders => carry_out(transaction.open_table(ORDERS)?, operation),
            TableId::EstimatesSearch => carry_out(transaction.open_table(ESTIMATES_SEARCH)?, operation),
            TableId::OrdersSearch => carry_out(transaction.open_table(ORDERS_SEARCH)?, operation),
            TableId::EstimatesDays => carry_out(transaction.open_table(ESTIMATES_DAYS)?, operation),
            TableId::OrdersDays => carry_out(transaction.open_table(ORDERS_DAYS)?, operation),
            TableId::Changes => carry_out(transaction.open_table(CHANGES)?, operation),
            TableId::Answers => carry_out(transaction.open_table(ANSWERS)?, operation),
            TableId::AnswerPlaces => carry_out(transaction.open_table(ANSWER_PLACES)?, operation),
            TableId::Meta => carry_out(transaction.open_table(META)?, operation),
            TableId::People => carry_out(transaction.open_table(PEOPLE)?, operation),
            TableId::Roles => carry_out(transaction.open_table(ROLES)?, operation),
            TableId::Devices => carry_out(transaction.open_table(DEVICES)?, operation),
            TableId::Sessions => carry_out(transaction.open_table(SESSIONS)?, operation),
            TableId::Audit => carry_out(transaction.open_table(AUDIT)?, operation),
        }?;
    }
    Ok(())
}

fn carry_out<K: Key + 'static, V: Value + 'static>(
    mut table: Table<'_, K, V>,
    operation: Operation<'_>,
) -> Result<(), StoreError> {
    let has_width = |width: Option<usize>, bytes: &[u8]| width.is_none_or(|width| width == bytes.len());
    if !has_width(K::fixed_width(), operation.key) {
        return Err(StoreError::Malformed("journal entry"));
    }
    let key = K::from_bytes(operation.key);
    match operation.value {
        Some(value) if has_width(V::fixed_width(), value) => drop(table.insert(&key, V::from_bytes(value))?),
        Some(_) => return Err(StoreError::Malformed("journal entry")),
        None => drop(table.remove(&key)?),
    }
    Ok(())
}
