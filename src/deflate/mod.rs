//! permessage-deflate (RFC 7692) as both ends of a WebSocket need it: messages in fewer bytes and back again, and the bit in a
//! frame's header that tells them apart.
//!
//! tungstenite knows no extensions and refuses that bit, RSV1. So [`FrameHeads`] stands between a socket and tungstenite: it takes
//! the bit away where it may be and remembers which messages had it.
//!
//! Architecture invariant: neither sockets nor what messages mean are known here.
//!
//! Held by the tests of its files and by `tests/system/live/deflate`.

mod deflater;
mod frame_heads;
mod inflater;

pub use deflater::Deflater;
pub use frame_heads::{FrameHeads, MessageMark};
pub use inflater::{InflateError, MessageInflater, StreamInflater};
