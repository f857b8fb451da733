//! The live feed: one thread builds each frame once and writes it to every socket.
//!
//! Architecture invariant: no database and no HTTP here. Changes come in over one channel in commit order, together with
//! the clients that join, so that what a client sees starts at an exact place in the order.
//!
//! - Promise 2: the channel's order is commit order is delivery order.
//! - Promise 6: a frame reaches a client or the client is closed and told so.
//! - Promise 7: nothing in this layer waits for a client.

mod broadcaster;
mod client;
mod feed;
mod forms;
mod frame;
mod member;
mod outbox;
mod pace;

pub use client::{Client, Dialect, Kinds};
pub use feed::{Feed, FeedCounts};
pub use frame::{change_json, close_frame, ping_frame, push_frame, sync_frame, text_frame};
pub use outbox::{OUTBOX_AGE_MAX, OUTBOX_BYTES_MAX};

/// Close codes that the server sends of its own accord (RFC 6455 §7.4).
pub mod close_code {
    /// The server is shutting down.
    pub const GOING_AWAY: u16 = 1001;
    /// The server cannot go on, and the client is not to blame.
    pub const INTERNAL_ERROR: u16 = 1011;
    /// The client did not take its frames in time; it connects again and resumes.
    pub const TOO_SLOW: u16 = 4408;
}
