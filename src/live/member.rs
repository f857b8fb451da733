//! One client as the broadcaster keeps it: what it gets next, and when.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tungstenite::Bytes;

use super::client::{Client, Dialect, Kinds};
use super::forms::{Form, Joined};
use super::frame::sync_frame;
use super::outbox::Offered;
use super::pace::Pace;

/// A filtered client that sees nothing for so long is told how far it has come.
const HEARTBEAT: Duration = Duration::from_secs(5);

pub(super) struct Member {
    client: Arc<Client>,
    pub form: Form,
    kind: MemberKind,
    /// Bytes wait in its outbox.
    pub is_waiting: bool,
}

enum MemberKind {
    /// Gets every batch.
    Steady,
    /// Has everything up to this sequence; becomes steady with the first batch beyond it.
    Joining(u64),
    /// The old app.
    Paced(Pace),
    /// Asked for one kind of record only.
    Filtered(Filtered),
}

/// How far a filtered client has come.
struct Filtered {
    /// The last sequence that it was told.
    told: u64,
    /// The last sequence of all.
    last: u64,
    /// Since when it does not know of changes that it did not ask for.
    behind_since: Option<Instant>,
}

impl Member {
    pub fn new(client: Arc<Client>, after: u64) -> Self {
        let dialect = client.dialect();
        let kind = match dialect {
            Dialect::PacedJson => MemberKind::Paced(Pace::default()),
            Dialect::Sync(Kinds::Only(_)) => {
                MemberKind::Filtered(Filtered { told: after, last: after, behind_since: None })
            }
            Dialect::Sync(Kinds::All) => MemberKind::Joining(after),
            Dialect::Json | Dialect::Legacy => MemberKind::Steady,
        };
        Self { client, form: Form::of(dialect), kind, is_waiting: true }
    }

    /// Sends or keeps a batch. `seq` is the last of all its changes, shown to this client or not. Returns the frames and
    /// bytes that were meant for it.
    pub fn take_batch(&mut self, joined: &Joined, reload: Option<&Bytes>, seq: u64) -> (u64, usize) {
        let frames = match &mut self.kind {
            MemberKind::Steady => joined.bytes.clone(),
            MemberKind::Joining(after) => {
                let frames = joined.after(*after);
                if seq > *after {
                    self.kind = MemberKind::Steady;
                }
                frames
            }
            MemberKind::Paced(pace) => {
                if let (Some(reload), true) = (reload, joined.frames() > 0) {
                    pace.add((joined.frames() == 1).then_some(&joined.bytes), reload);
                }
                return (joined.frames(), 0);
            }
            MemberKind::Filtered(filtered) => {
                let frames = joined.after(filtered.told);
                filtered.advance(joined.last_seq(), seq);
                frames
            }
        };
        if !frames.is_empty() {
            self.offer(&frames);
        }
        (joined.frames(), frames.len())
    }

    /// Sends what has waited for its time.
    pub fn send_due(&mut self, now: Instant) {
        let frame = match &mut self.kind {
            MemberKind::Paced(pace) => pace.take_due(now),
            MemberKind::Filtered(filtered) => filtered.take_due(now),
            MemberKind::Steady | MemberKind::Joining(_) => None,
        };
        if let Some(frame) = frame {
            self.offer(&frame);
        }
    }

    /// When something that waits should be sent.
    pub fn due(&self) -> Option<Instant> {
        match &self.kind {
            MemberKind::Paced(pace) => pace.due(),
            MemberKind::Filtered(filtered) => filtered.behind_since.map(|since| since + HEARTBEAT),
            MemberKind::Steady | MemberKind::Joining(_) => None,
        }
    }

    /// Offers the rest of what waits. False once the connection is over.
    pub fn flush(&mut self) -> bool {
        let offered = self.client.flush();
        self.is_waiting = offered == Offered::Waiting;
        offered != Offered::Gone
    }

    /// Sends a close frame behind everything that waits, a paced frame included.
    pub fn close(&mut self, code: u16, reason: &'static str) {
        self.send_due(Instant::now() + HEARTBEAT);
        self.is_waiting = self.client.close(code, reason);
    }

    pub fn abandon(&self) {
        self.client.abandon();
    }

    /// A client that is gone is noticed by the next [`Self::flush`].
    pub fn offer(&mut self, frames: &Bytes) {
        self.is_waiting |= self.client.offer(frames) != Offered::Sent;
    }
}

impl Filtered {
    fn advance(&mut self, shown: Option<u64>, seq: u64) {
        if let Some(shown) = shown.filter(|&shown| shown > self.told) {
            self.told = shown;
            self.behind_since = None;
        }
        if seq > self.told && self.behind_since.is_none() {
            self.behind_since = Some(Instant::now());
        }
        self.last = seq;
    }

    fn take_due(&mut self, now: Instant) -> Option<Bytes> {
        self.behind_since.filter(|&since| now >= since + HEARTBEAT)?;
        self.behind_since = None;
        self.told = self.last;
        Some(sync_frame("at", self.last))
    }
}
