//! A subscriber: one client as the broadcaster keeps it: what it gets next, and when.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::batch::Joined;
use super::client::Client;
use super::event::Laggard;
use super::frame::sync_frame;
use super::frames::{Frames, Loss};
use super::outbox::Offered;
use super::pacing::Pacing;
use super::subscription::Encoding;
use super::view::View;

/// A filtered client that sees nothing for so long is told how far it has come.
const HEARTBEAT: Duration = Duration::from_secs(5);

pub(crate) struct Subscriber {
    client: Arc<Client>,
    kind: SubscriberKind,
    /// Bytes wait in its outbox.
    pub is_waiting: bool,
    /// It does not take them in time.
    pub is_behind: bool,
    /// It has had every frame of its view's compressor from one on that was free of context.
    has_context: bool,
}

enum SubscriberKind {
    /// Gets every batch.
    Steady,
    /// Has everything up to this sequence; becomes steady with the first batch beyond it.
    Joining(u64),
    /// The old app.
    Paced(Pacing),
    /// Does not see every change: asked for one kind of record only, or may not.
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

impl Subscriber {
    pub fn new(client: Arc<Client>, view: &View, after: u64) -> Self {
        let kind = SubscriberKind::of(client.encoding(), view, after);
        Self { client, kind, is_waiting: true, is_behind: false, has_context: false }
    }

    /// By which it is told from others.
    pub fn client_ptr(&self) -> *const Client {
        Arc::as_ptr(&self.client)
    }

    /// Notes that it has joined. True if it had before, and was away from what the others were told meanwhile.
    pub fn joins_again(&self) -> bool {
        self.client.joins_again()
    }

    /// From the change after `seq` on it sees something else; it is told so, and reads everything anew.
    pub fn show(&mut self, view: &View, seq: u64) {
        let anew = view.anew_frame(seq);
        if let SubscriberKind::Paced(pace) = &mut self.kind {
            return pace.add(None, &anew.bytes);
        }
        self.kind = SubscriberKind::of(self.client.encoding(), view, seq);
        self.has_context = false;
        self.offer(&anew);
    }

    /// The sequence behind which its first compressed frame comes; `None` once it has had one.
    pub fn joined_after(&self) -> Option<u64> {
        match &self.kind {
            _ if self.has_context => None,
            SubscriberKind::Steady | SubscriberKind::Paced(_) => Some(0),
            SubscriberKind::Joining(after) => Some(*after),
            SubscriberKind::Filtered(filtered) => Some(filtered.told),
        }
    }

    /// Sends or keeps a batch. `seq` is the last of all its changes, shown to this client or not. Returns the frames and
    /// bytes that were meant for it.
    pub fn take_batch(&mut self, joined: &Joined, seq: u64) -> (u64, usize) {
        let frames = match &mut self.kind {
            SubscriberKind::Steady => joined.frames.clone(),
            SubscriberKind::Joining(after) => {
                let frames = joined.frames.after(*after);
                if seq > *after {
                    self.kind = SubscriberKind::Steady;
                }
                frames
            }
            SubscriberKind::Paced(pace) => {
                if let Some(reload) = &joined.reload {
                    pace.add((joined.frames.changes() == 1).then_some(&joined.frames.bytes), reload);
                }
                return (joined.frames.changes(), 0);
            }
            SubscriberKind::Filtered(filtered) => {
                let frames = joined.frames.after(filtered.told);
                filtered.advance(joined.frames.reaches(), seq);
                frames
            }
        };
        if !frames.bytes.is_empty() {
            self.has_context |= joined.is_deflated;
            self.offer(&frames);
        }
        (joined.frames.changes(), frames.bytes.len())
    }

    /// Sends what has waited for its time.
    pub fn send_due(&mut self, now: Instant) {
        let frame = match &mut self.kind {
            // What it makes anew it makes anew after an absence, too.
            SubscriberKind::Paced(pace) => pace.take_due(now).map(|frame| Frames::from(frame).losing(Loss::View)),
            SubscriberKind::Filtered(filtered) => filtered.take_due(now),
            SubscriberKind::Steady | SubscriberKind::Joining(_) => None,
        };
        if let Some(frame) = frame {
            self.offer(&frame);
        }
    }

    /// When something that waits should be sent.
    pub fn due(&self) -> Option<Instant> {
        match &self.kind {
            SubscriberKind::Paced(pace) => pace.due(),
            SubscriberKind::Filtered(filtered) => filtered.behind_since.map(|since| since + HEARTBEAT),
            SubscriberKind::Steady | SubscriberKind::Joining(_) => None,
        }
    }

    /// Offers the rest of what waits. False once the connection is over.
    pub fn flush(&mut self) -> bool {
        let offered = self.client.flush();
        self.is_waiting = offered == Offered::Waiting;
        self.is_behind = offered == Offered::Behind;
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
    pub fn offer(&mut self, frames: &Frames) {
        let offered = self.client.offer(frames);
        self.is_waiting |= offered != Offered::Sent;
        self.is_behind |= offered == Offered::Behind;
    }

    /// It goes on by catching up.
    pub fn into_laggard(self, view: Arc<View>) -> Laggard {
        Laggard { client: self.client, view, settings_rev: None }
    }
}

impl SubscriberKind {
    fn of(encoding: Encoding, view: &View, after: u64) -> Self {
        match encoding {
            Encoding::PacedJson => Self::Paced(Pacing::default()),
            Encoding::Sync(_) if view.passes_over() => {
                Self::Filtered(Filtered { told: after, last: after, behind_since: None })
            }
            Encoding::Sync(_) => Self::Joining(after),
            Encoding::Json | Encoding::Legacy => Self::Steady,
        }
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

    fn take_due(&mut self, now: Instant) -> Option<Frames> {
        self.behind_since.filter(|&since| now >= since + HEARTBEAT)?;
        self.behind_since = None;
        self.told = self.last;
        Some(Frames::reaching(sync_frame("at", self.last), self.last))
    }
}
