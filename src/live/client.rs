//! One live client, as the broadcaster and its reader thread share it.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::counts::FeedCounts;
use super::frames::Frames;
use super::outbox::{LogPlace, Offered, Outbox};
use super::subscription::Encoding;
use super::view::View;
use crate::domain::Asker;
use crate::platform::ClientSocket;

/// A connected client. Its reader thread and the broadcaster both write, always through the outbox.
pub struct Client {
    outbox: Outbox,
    encoding: Encoding,
    asker: Asker,
    view: Mutex<Arc<View>>,
    has_joined: AtomicBool,
    _counted: Counted,
}

/// As long as it lives, there is one client more.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Client {
    /// A client on this socket, let in as `asker` to see this. Frames are kept until [`Self::uncork`], since the handshake's answer
    /// comes first.
    pub fn new(
        stream: Arc<ClientSocket>,
        encoding: Encoding,
        (asker, view): (Asker, Arc<View>),
        counts: &FeedCounts,
    ) -> Arc<Self> {
        let outbox = Outbox::new(stream, Arc::clone(&counts.closed_slow), Arc::clone(&counts.fell_behind));
        counts.clients.fetch_add(1, Ordering::Relaxed);
        let counted = Counted(Arc::clone(&counts.clients));
        let view = Mutex::new(view);
        Arc::new(Self { outbox, encoding, asker, view, has_joined: AtomicBool::new(false), _counted: counted })
    }

    /// What it sees from now on, as far as that is decided; what it is sent before it joins is its own thread's business.
    pub fn view(&self) -> Arc<View> {
        Arc::clone(&self.view.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// From now on it sees this. What it still had to catch up with is void.
    pub(crate) fn set_view(&self, view: Arc<View>) {
        let mut own = self.view.lock().unwrap_or_else(PoisonError::into_inner);
        *own = view;
        self.outbox.drop_ahead();
    }

    pub(crate) fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Whom it was let in for.
    pub fn asker(&self) -> Asker {
        self.asker
    }

    /// Whether it reads everything anew after an absence, since it gets no records that it could be brought up to date with.
    pub fn begins_anew(&self) -> bool {
        matches!(self.encoding, Encoding::PacedJson | Encoding::Legacy)
    }

    /// Notes that it has joined the feed. True if it had before.
    pub(crate) fn joins_again(&self) -> bool {
        self.has_joined.swap(true, Ordering::Relaxed)
    }

    pub(crate) fn offer(&self, frames: &Frames) -> Offered {
        self.outbox.offer(frames)
    }

    pub(crate) fn flush(&self) -> Offered {
        self.outbox.flush()
    }

    /// It is told this before everything that is published after it has joined.
    pub fn offer_ahead(&self, frames: Frames) {
        self.outbox.offer_ahead(frames);
    }

    /// The same for what a view shows. False, and nothing is sent, if it sees something else by now.
    ///
    /// Promise 10: after rights were taken away, nothing goes out that was read with them.
    pub fn offer_ahead_of(&self, frames: Frames, view: &Arc<View>) -> bool {
        let own = self.view.lock().unwrap_or_else(PoisonError::into_inner);
        let is_same = Arc::ptr_eq(&own, view);
        if is_same {
            self.outbox.offer_ahead(frames);
        }
        is_same
    }

    /// Sends what it catches up with, as far as the socket takes it.
    pub fn flush_ahead(&self) {
        self.outbox.flush();
    }

    /// It knows everything up to here.
    pub fn start_at(&self, seq: u64) {
        self.outbox.start_at(seq);
    }

    /// It gets nothing that is published before it has caught up.
    pub fn hold_back(&self) {
        self.outbox.hold_back();
    }

    pub(crate) fn prepare_to_join(&self) {
        self.outbox.prepare_to_join();
    }

    /// What was published since it has joined may go, behind `last`. True if some still waits, and the broadcaster must go on sending it.
    pub fn go_live(&self, last: Option<Frames>) -> bool {
        self.outbox.go_live(last) != Offered::Sent
    }

    /// How far it has come; `None` while something waits.
    pub fn reached(&self) -> Option<LogPlace> {
        self.outbox.reached()
    }

    /// Whether something waits.
    pub fn is_waiting(&self) -> bool {
        self.outbox.is_waiting()
    }

    /// Closes it if it takes nothing for too long; see [`crate::platform::unacknowledged`].
    pub fn close_stalled(&self, unacknowledged: Option<u64>) {
        self.outbox.close_stalled(unacknowledged);
    }

    /// Its socket, to be asked for what it has to keep.
    pub fn socket(&self) -> &ClientSocket {
        self.outbox.stream()
    }

    /// The handshake is answered by the session's own thread; frames may go. True if some still wait, and the broadcaster must go on
    /// sending them.
    pub fn uncork(&self) -> bool {
        matches!(self.outbox.uncork(), Offered::Waiting | Offered::Behind)
    }

    /// Sends a frame of the reader thread: a pong, a ping, an answer. True if it still waits.
    pub fn send(&self, frame: &Frames) -> bool {
        matches!(self.outbox.send(frame), Offered::Waiting | Offered::Behind)
    }

    /// Sends a close frame behind everything that waits; nothing follows it. True if it still waits.
    pub fn close(&self, code: u16, reason: &'static str) -> bool {
        self.outbox.close(code, reason) == Offered::Waiting
    }

    /// Sends a close frame instead of everything that waits and is not begun. True if it still waits.
    pub fn shut(&self, code: u16, reason: &'static str) -> bool {
        self.outbox.shut(code, reason) == Offered::Waiting
    }

    /// Whether it still takes frames: no close frame is on its way.
    pub fn is_open(&self) -> bool {
        self.outbox.is_open()
    }

    /// Ends the connection without a word.
    pub fn abandon(&self) {
        self.outbox.abandon();
    }

    /// Whether the connection is over.
    pub fn is_gone(&self) -> bool {
        self.outbox.is_gone()
    }
}
