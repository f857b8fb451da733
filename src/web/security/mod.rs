//! Who may talk to the server through whose browser: Host, Origin and CORS; and who was told to reload.
//!
//! Held by `tests/system/http/guard.rs`.

mod origin;
mod reset_log;

pub(crate) use origin::OriginPolicy;
pub(crate) use reset_log::{Resets, Visitor};
