//! Facts about the file: its id and its currency.

use redb::{Database, ReadableDatabase};

use crate::domain::Currency;
use crate::store::error::StoreError;
use crate::store::tables::{META, META_CURRENCY, META_DECIMALS, META_FILE_ID};

/// What a file says of itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts {
    pub id: [u8; 8],
    pub currency: Currency,
}

pub(crate) fn read_facts(database: &Database) -> Result<Facts, StoreError> {
    let currency = String::from_utf8(fact(database, META_CURRENCY)?).ok().and_then(|code| Currency::from_code(&code));
    let currency = currency.ok_or(MALFORMED_FACT)?;
    let currency = match fact(database, META_DECIMALS).as_deref() {
        Ok([decimals]) => currency.with_decimals(*decimals),
        _ => with_old_decimals(currency),
    };
    let id = fact(database, META_FILE_ID)?.try_into().map_err(|_| MALFORMED_FACT)?;
    Ok(Facts { id, currency })
}

pub(crate) fn fact(database: &Database, name: &str) -> Result<Vec<u8>, StoreError> {
    let meta = database.begin_read()?.open_table(META)?;
    Ok(meta.get(name)?.ok_or(MALFORMED_FACT)?.value().to_vec())
}

pub(crate) const MALFORMED_FACT: StoreError = StoreError::Malformed("fact about the file");

/// The currency of a file that does not say its decimals: version 2 gave two to all currencies but those of its own list, which
/// was that of ISO 4217 but for these.
pub(crate) fn with_old_decimals(currency: Currency) -> Currency {
    const DIFFERENT: [&str; 2] = ["CLF", "UYW"];
    if DIFFERENT.contains(&currency.code()) { currency.with_decimals(2) } else { currency }
}
