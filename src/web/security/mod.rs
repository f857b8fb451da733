//! `origin`: which web pages may use the server (Host, Origin, CORS). `reset_log`: one line of the log for each device
//! that is told to reload, which may be a sign of an older copy.
//!
//! Held by `tests/system/http/guard.rs`.

mod origin;
mod reset_log;

pub(crate) use origin::OriginPolicy;
pub(crate) use reset_log::{Resets, Visitor};
