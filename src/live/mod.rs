//! The live feed: one thread builds each frame once and writes it to every socket that is up to date.
//!
//! Architecture invariant: no database and no HTTP here. Changes come in over one channel in commit order, together
//! with the clients that join, so that what a client sees starts at an exact place in the order.
//!
//! - Promise 2: the channel's order is commit order is delivery order.
//! - Promise 6: a frame reaches a client, or the client is behind and is brought on from the log, or it is closed and told so.
//! - Promise 7: nothing in this layer waits for a client.
//!
//! From the ground up: `close_code`, `counts` and `subscription` are leaves; `frame` encodes, `outbox` holds back what
//! a socket does not take (the page has another: commands that are not sent), `client` is one socket; `event` is what
//! the channel carries; `view` is what clients see that get the same bytes; `batch` joins frames for each view, `pacing` and
//! `subscriber` decide what one client gets of them and when, `deflate` compresses them for those who take them so, `groups` are
//! the subscribers of each view; `admitted` is everybody who was let in, joined or not; `presence` is who is at which record;
//! `broadcaster` is the thread, `feed` the way to it, `backlog` what waits on that way, `attendance` how a session says where its
//! client is.
//!
//! Held by `tests/system/live`.

mod admitted;
mod attendance;
mod backlog;
mod batch;
mod broadcaster;
mod client;
pub mod close_code;
mod counts;
mod deflate;
mod event;
mod feed;
mod frame;
mod frames;
mod groups;
mod outbox;
mod pacing;
mod presence;
mod subscriber;
mod subscription;
mod view;

pub use admitted::Ruling;
pub use attendance::Attendance;
pub use client::Client;
pub use counts::FeedCounts;
pub use event::{CatchUpTask, Laggard, Seam};
pub use feed::Feed;
pub use frame::{
    change_json, close_frame, hello_frame, hide_json, ping_frame, push_frame, settings_frame, sync_frame, text_frame,
};
pub use frames::Frames;
pub use outbox::{LogPlace, OUTBOX_AGE_MAX, OUTBOX_BYTES_MAX, STALL_TIME_MAX, UNSEEN_STALL_TIME_MAX};
pub use presence::{
    Attendances, Attendee, Doing, PresenceReport, ReportRefusal, TAB_BYTES_MAX, WHO_MAX, Who, you_frame,
};
pub use subscription::{Encoding, Kinds};
pub use view::{VIEWS_MAX, View, epoch_of, without_kinds};
