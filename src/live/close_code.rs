//! Close codes that the server sends of its own accord (RFC 6455 §7.4).

/// The server is shutting down.
pub const GOING_AWAY: u16 = 1001;
/// The server cannot go on, and the client is not to blame.
pub const INTERNAL_ERROR: u16 = 1011;
/// Whoever it was let in for has been revoked, locked or logged out; it logs in and connects again.
pub const LOG_IN: u16 = 4401;
/// What it was let in for shows nothing any more.
pub const NOT_ALLOWED: u16 = 4403;
/// The client did not take its frames in time; it connects again and resumes.
pub const TOO_SLOW: u16 = 4408;
