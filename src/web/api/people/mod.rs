//! Answers about people: who somebody is (`me`), how one comes in and goes (`entrance`, `pairing`), persons, roles and devices,
//! a manager's nod (`nod`), and the audit. `names` is how persons, devices and roles stand in answers, `qr` how addresses are drawn.
//!
//! Held by `tests/system/people`.

mod audit;
mod devices;
mod entrance;
mod me;
mod names;
mod nod;
mod pairing;
mod persons;
mod qr;
mod roles;

pub(crate) use audit::{AUDIT_DEFAULT, AUDIT_MAX, audit, verify_audit};
pub(crate) use devices::{add_device, change_device, devices, revoke_device};
pub(crate) use entrance::{lock, log_in, log_out, make_owner, owner_code};
pub(crate) use me::me;
pub(crate) use names::NameJson;
pub(crate) use nod::allow_once;
pub(crate) use pairing::{begin_pairing, confirm_digits, confirm_pairing, invite, pairing, pairings, refuse_pairing};
pub(crate) use persons::{add_person, change_person, persons, remove_person};
pub(crate) use roles::{add_role, change_role, remove_role, roles};
