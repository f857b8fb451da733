//! One live client, as the broadcaster and its reader thread share it.

use std::sync::Arc;

use tungstenite::Bytes;

use super::feed::Feed;
use super::outbox::{Offered, Outbox};
use crate::domain::Kind;
use crate::process::ClientSocket;

/// In what form a client gets the changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// One JSON object per change.
    Json,
    /// The same, at most one frame in [`super::pace::PACE`]: for the old app, which keeps only the last of a quick row.
    PacedJson,
    /// The bare strings of the first clients.
    Legacy,
    /// The complete protocol of `/sync`.
    Sync(Kinds),
}

/// Which records a `/sync` client asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kinds {
    /// Both.
    All,
    /// One.
    Only(Kind),
}

impl Kinds {
    /// Whether a record of this kind is among them.
    pub fn include(self, kind: Kind) -> bool {
        match self {
            Self::All => true,
            Self::Only(own) => own == kind,
        }
    }
}

/// A connected client. Its reader thread and the broadcaster both write, always through the outbox.
pub struct Client {
    outbox: Outbox,
    dialect: Dialect,
}

impl Client {
    /// A client on this socket. Frames are kept until [`Self::uncork`], since the handshake's answer comes first.
    pub fn new(stream: Arc<ClientSocket>, dialect: Dialect, feed: &Feed) -> Arc<Self> {
        Arc::new(Self { outbox: Outbox::new(stream, Arc::clone(&feed.counts().closed_slow)), dialect })
    }

    pub(super) fn dialect(&self) -> Dialect {
        self.dialect
    }

    pub(super) fn offer(&self, frames: &Bytes) -> Offered {
        self.outbox.offer(frames)
    }

    pub(super) fn flush(&self) -> Offered {
        self.outbox.flush()
    }

    /// The handshake is answered and what was missed is sent, both by the session's own thread; frames may go. True if some still wait, and the broadcaster must go on sending them.
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

    /// Ends the connection without a word.
    pub fn abandon(&self) {
        self.outbox.abandon();
    }

    /// Whether the connection is over.
    pub fn is_gone(&self) -> bool {
        self.outbox.is_gone()
    }
}
