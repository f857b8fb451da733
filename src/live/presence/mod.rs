//! Presence: who is at which record, what he does there, and who is connected at all; in memory only.
//!
//! Architecture invariant: no database and no wall clock here. Whoever reports a record has read what decides who sees it, and gives
//! the time that people are shown; leases run by the monotonic clock. Nothing here ever stops a save: that is decided by `rev` alone.
//!
//! Where to look: `attendee` is who somebody is to the others, `lease` what a tab holds for as long as it renews it, `board` all
//! leases and connections, `announcer` what the broadcaster's clients are told of them, `frame` its bytes.
//!
//! Held by the tests of its files, and by `tests/system/live/presence`.

mod announcer;
mod attendee;
mod board;
mod frame;
mod lease;

pub(crate) use announcer::Announcer;
pub use attendee::Attendee;
pub use board::{Attendances, PresenceBoard, ReportRefusal};
pub use frame::{taken_frame, you_frame};
pub use lease::{Doing, PresenceReport, TAB_BYTES_MAX, WHO_MAX, Who};
