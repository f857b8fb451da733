//! What is done about people: an owner is made, devices are let in, somebody logs in, roles are changed, a nod is given. Each is
//! decided inside a transaction, from the directory as it is then, and noted in the audit with it.
//!
//! `entrance` is who is at the door; `refusal` says why not; `errand` is the way into the transaction; `credentials` checks
//! PINs and passwords; `owner`, `login`, `persons`, `roles`, `devices` and `nod` are the doings, and `within` what several of
//! them do; `grant` is what somebody may give to others, `names` how anything may be called, `restored` what becomes of it when
//! an older file is put back.
//!
//! Held by `tests/system/people`.

mod credentials;
mod devices;
mod entrance;
mod errand;
mod grant;
mod login;
mod names;
mod nod;
mod owner;
mod persons;
mod refusal;
mod restored;
mod roles;
mod within;

pub use credentials::{Named, NewCredential, PASSWORD_CHARS, PIN_DIGITS, TRUSTED_PIN_DIGITS_MIN};
pub use devices::{DeviceChange, DeviceRequest, Invitation, PairingOutcome, StartedPairing, WaitingDevice};
pub use errand::Requester;
pub use login::{LoggedIn, LoginRequest};
pub use owner::OwnerRequest;
pub use persons::PersonChange;
pub use refusal::AccessRefusal;
pub use roles::RoleChange;
