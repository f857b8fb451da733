//! Close codes that the server sends of its own accord (RFC 6455 §7.4).

/// The server is shutting down.
pub const GOING_AWAY: u16 = 1001;
/// The server cannot go on, and the client is not to blame.
pub const INTERNAL_ERROR: u16 = 1011;
/// The client did not take its frames in time; it connects again and resumes.
pub const TOO_SLOW: u16 = 4408;
