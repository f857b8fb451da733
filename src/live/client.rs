//! One live client, as the broadcaster and its reader thread share it.

use std::sync::{Arc, Mutex, PoisonError};

use tungstenite::Bytes;

use super::counts::FeedCounts;
use super::outbox::{Offered, Outbox};
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
        let outbox = Outbox::new(stream, Arc::clone(&counts.closed_slow));
        Arc::new(Self { outbox, encoding, asker, view: Mutex::new(view) })
    }

    /// What it sees from now on, as far as that is decided; what it is sent before it joins is its own thread's business.
    pub fn view(&self) -> Arc<View> {
        Arc::clone(&self.view.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn set_view(&self, view: Arc<View>) {
        *self.view.lock().unwrap_or_else(PoisonError::into_inner) = view;
    }

    pub(crate) fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Whom it was let in for.
    pub fn asker(&self) -> Asker {
        self.asker
    }

    pub(crate) fn offer(&self, frames: &Bytes) -> Offered {
        self.outbox.offer(frames)
    }

    pub(crate) fn flush(&self) -> Offered {
        self.outbox.flush()
    }

    /// The handshake is answered and what was missed is sent, both by the session's own thread; frames may go. True if some
    /// still wait, and the broadcaster must go on sending them.
    pub fn uncork(&self) -> bool {
        self.outbox.uncork() == Offered::Waiting
    }

    /// Sends a frame of the reader thread: a pong, a ping, an answer. True if it still waits.
    pub fn send(&self, frame: &Bytes) -> bool {
        self.outbox.offer(frame) == Offered::Waiting
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
