//! Live sessions over WebSocket (RFC 6455).

mod frame_lengths;
mod session;

pub(crate) use session::{Session, open};
