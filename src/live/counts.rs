//! Counters of the live feed, as health and metrics show them.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use crate::metrics::Counter;

/// Numbers about the feed since the start.
#[derive(Debug, Default)]
pub struct FeedCounts {
    /// Clients connected now, those that catch up among them.
    pub clients: Arc<AtomicUsize>,
    /// Of these, those that are brought on from the log at this moment.
    pub catching_up: AtomicUsize,
    /// Changes sent out.
    pub changes: Counter,
    /// Frames handed to sockets, summed over clients.
    pub frames: Counter,
    /// Bytes of these frames.
    pub bytes: Counter,
    /// Batches of changes, each one write per socket.
    pub batches: Counter,
    /// Writes to sockets; fewer than frames when batches were joined.
    pub writes: Counter,
    /// Times that a client fell behind and caught up from the log.
    pub fell_behind: Arc<Counter>,
    /// Bytes of the frames that were compressed, before that; once for each view.
    pub deflate_before_bytes: Counter,
    /// The same after that.
    pub deflate_after_bytes: Counter,
    /// Clients closed with 4408.
    pub closed_slow: Arc<Counter>,
    /// Presence messages that were not looked at: too many at a time, or too many leases.
    pub presence_dropped: Counter,
    /// Clients that came back and were told what they had missed.
    pub catch_ups: Counter,
    /// Clients that came back and were told to reload.
    pub resets: Counter,
}
