//! The stored form: the bytes of records, log entries, runs (starts of the server), search texts, the index of days,
//! settings, people and the audit, and how they are read again.
//!
//! Architecture invariant: pure. Bytes in, values out; what cannot be read is [`super::StoreError::Malformed`].
//!
//! Held by the property tests of `record` and `day_index`.

mod audit_row;
mod bytes;
pub(crate) mod day_index;
mod directory_rows;
mod log_entry;
mod record;
mod record_json;
mod run;
mod search_texts;
mod settings_json;

pub(crate) use audit_row::{audit_from, audit_row};
pub(crate) use bytes::ByteReader;
pub(crate) use directory_rows::{
    device_from, device_row, owner_code_from, owner_code_row, person_from, person_row, role_from, role_row,
    session_from, session_row,
};
pub(crate) use log_entry::LogEntry;
pub(crate) use record::key_of;
pub use record::{Record, belonging};
pub(crate) use record_json::{estimate_from, order_from, push_estimate, push_order};
pub(crate) use run::{RunEntry, hex, random_id};
pub(crate) use search_texts::{Due, Texts, block_filled_by, covered_before, text_of};
pub(crate) use settings_json::{settings_from, settings_json, settings_or_default};
