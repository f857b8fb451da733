//! Live sessions over WebSocket (RFC 6455).
//!
//! Held by `tests/system/live/websocket` and `tests/system/live/sync_protocol`.

mod deflate;
#[cfg(feature = "conformance")]
mod echo;
mod presence;
mod session;

pub(crate) use session::{LiveSession, open};
