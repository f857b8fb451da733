//! JSON request bodies, read once into drafts that need no further checks; every fault of a field names it.
//!
//! `text` is the body as JSON text, `object` reads an object field by field, `elements` a list without keeping it,
//! `compact` takes the white space out; `bill`, `command`, `settings` and `people` are the bodies, and `presence` what a client of `/sync` says. A bill as tills send it is read on
//! a fast path, in one pass (`scanner`, `plain_bill`).
//!
//! Held by `bill/tests.rs`, `bill/instructions.rs`, `tests/system/http/hostile_json.rs` and `tests/system/http/hostile_memory.rs`.

mod bill;
mod command;
mod compact;
mod elements;
mod object;
mod people;
mod plain_bill;
mod presence;
mod scanner;
mod settings;
mod text;

pub(crate) use bill::{read_estimate_body, read_sale_body};
pub(crate) use command::{read_conversion, read_expected_rev, read_made_at, read_status};
pub(crate) use object::{FIELD_ERRORS_MAX, FIELDS_MAX};
pub(crate) use people::{
    ConfirmBody, NodBody, PairBody, PersonBody, read_confirm, read_device, read_device_change, read_login,
    read_new_owner, read_nod, read_owner, read_owner_code, read_pair, read_person, read_role,
};
pub(crate) use presence::{PresenceMessage, TabSays};
pub(crate) use settings::read_settings_body;
pub(crate) use text::{missing_body, optional_json_text};
