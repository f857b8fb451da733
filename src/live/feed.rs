//! The way into the broadcaster: one bounded channel for changes and for clients that come and go.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use crossbeam_channel::{Sender, bounded};

use super::broadcaster::Broadcaster;
use super::client::Client;
use crate::domain::Change;

/// Batches and joins that may wait for the broadcaster. It never waits for a client, so this fills only when the
/// machine is out of breath; then commits slow down to the speed of the feed instead of memory filling up.
const EVENTS_MAX: usize = 1_024;

pub(super) enum Event {
    /// One transaction's changes, in order.
    Changes(Vec<Change>),
    /// From the next change on, this client gets everything.
    Join(Arc<Client>),
    /// Something waits in an outbox that was empty before.
    Nudge,
    /// Close everybody and end.
    Stop,
}

/// Numbers about the feed since the start.
#[derive(Debug, Default)]
pub struct FeedCounts {
    pub(super) clients: AtomicUsize,
    pub(super) changes: AtomicU64,
    pub(super) deliveries: AtomicU64,
    pub(super) writes: AtomicU64,
}

impl FeedCounts {
    /// Clients connected now.
    pub fn clients(&self) -> usize {
        self.clients.load(Ordering::Relaxed)
    }

    /// Changes sent out.
    pub fn changes(&self) -> u64 {
        self.changes.load(Ordering::Relaxed)
    }

    /// Frames handed to sockets: changes × clients.
    pub fn deliveries(&self) -> u64 {
        self.deliveries.load(Ordering::Relaxed)
    }

    /// Writes to sockets; fewer than deliveries when batches were joined.
    pub fn writes(&self) -> u64 {
        self.writes.load(Ordering::Relaxed)
    }
}

/// The handle that commits publish to and sessions join.
#[derive(Clone)]
pub struct Feed {
    events: Sender<Event>,
    counts: Arc<FeedCounts>,
    broadcaster: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl Feed {
    /// Starts the broadcaster thread.
    pub fn start() -> std::io::Result<Self> {
        let (events, receiver) = bounded(EVENTS_MAX);
        let counts = Arc::new(FeedCounts::default());
        let broadcaster = thread::Builder::new().name("broadcaster".into()).spawn({
            let counts = Arc::clone(&counts);
            move || Broadcaster::new(receiver, counts).run()
        })?;
        Ok(Self { events, counts, broadcaster: Arc::new(Mutex::new(Some(broadcaster))) })
    }

    /// Hands committed changes on. Called by the holder of the commit's turn alone, so the channel has commit order.
    pub fn publish(&self, changes: Vec<Change>) {
        if !changes.is_empty() {
            self.send(Event::Changes(changes));
        }
    }

    /// Adds a client: it gets every change that is published from now on. It leaves by itself when its connection ends.
    pub fn join(&self, client: Arc<Client>) {
        self.send(Event::Join(client));
    }

    /// Says that a client's outbox has something that its socket did not take.
    pub fn nudge(&self) {
        // A full channel means that the broadcaster is awake anyway.
        let _ = self.events.try_send(Event::Nudge);
    }

    /// Numbers since the start.
    pub fn counts(&self) -> &FeedCounts {
        &self.counts
    }

    /// Sends what was published, closes every client with 1001, and ends the thread.
    pub fn stop(&self) {
        self.send(Event::Stop);
        if let Some(broadcaster) = self.broadcaster.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = broadcaster.join();
        }
    }

    fn send(&self, event: Event) {
        if self.events.send(event).is_err() {
            log::debug!("The live feed has stopped; a late event is dropped");
        }
    }
}
