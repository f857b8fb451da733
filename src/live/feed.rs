//! The way into the broadcaster: one bounded channel for changes and for clients that come and go.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};

use super::admitted::{Admitted, Ruling};
use super::backlog::Backlog;
use super::broadcaster::Broadcaster;
use super::client::Client;
use super::counts::FeedCounts;
use super::event::{CatchUpTask, Event, Laggard, Seam};
use super::presence::{Announcer, Attendances, PresenceBoard};
use super::view::{VIEWS_MAX, View, Views};
use crate::domain::{Asker, Change};
use crate::platform::EndOnPanic;

/// Batches and joins that may wait for the broadcaster, which never waits for a client.
const EVENTS_MAX: usize = 1_024;

/// In place of the last sequence once the feed has stopped.
const STOPPED: u64 = u64::MAX;

/// The handle that commits publish to and sessions join.
#[derive(Clone)]
pub struct Feed {
    events: Sender<Event>,
    shared: Arc<FeedShared>,
}

struct FeedShared {
    counts: Arc<FeedCounts>,
    backlog: Arc<Backlog>,
    catch_up: Sender<CatchUpTask>,
    presence: Arc<PresenceBoard>,
    admitted: Admitted,
    views: Views,
    broadcaster: Mutex<Option<JoinHandle<()>>>,
    /// For those who wait for the next change.
    published: Mutex<Published>,
    is_published: Condvar,
}

/// How far the shop has come.
#[derive(Clone, Copy)]
struct Published {
    /// Sequence of the last change.
    seq: u64,
    /// How often those who wait were told to look again whether they may.
    calls: u64,
}

impl Feed {
    /// Starts the broadcaster thread of a shop whose last change had this sequence. With it comes what the catch-up thread has to do.
    pub fn start(last_seq: u64) -> std::io::Result<(Self, Receiver<CatchUpTask>)> {
        let (events, receiver) = bounded(EVENTS_MAX);
        // Nobody is in it twice, so it has no more than there are connections.
        let (catch_up, tasks) = unbounded();
        let (counts, backlog) = (Arc::new(FeedCounts::default()), Arc::new(Backlog::default()));
        let presence = Arc::new(PresenceBoard::default());
        let broadcaster = thread::Builder::new().name("broadcaster".into()).spawn({
            let shared = (Arc::clone(&counts), Arc::clone(&backlog));
            let catch_up = catch_up.clone();
            let announcer = Announcer::new(Arc::clone(&presence));
            move || {
                // Without it every screen would be deaf and nobody would know.
                let _guard = EndOnPanic("the broadcaster");
                Broadcaster::new(receiver, catch_up, shared, announcer, last_seq).run();
            }
        })?;
        let shared = FeedShared {
            counts,
            backlog,
            catch_up,
            presence,
            admitted: Admitted::default(),
            views: Views::default(),
            broadcaster: Mutex::new(Some(broadcaster)),
            published: Mutex::new(Published { seq: last_seq, calls: 0 }),
            is_published: Condvar::new(),
        };
        Ok((Self { events, shared: Arc::new(shared) }, tasks))
    }

    /// Hands committed changes on. Called by the holder of the commit's turn alone, so the channel has commit order.
    pub fn publish(&self, changes: Vec<Change>) {
        let Some(last) = changes.last() else { return };
        self.advance(last.seq);
        self.shared.is_published.notify_all();
        let count = changes.len();
        self.shared.backlog.add(count);
        if !self.send(Event::Changes(changes)) {
            self.shared.backlog.take(count);
        }
    }

    /// Waits while the screens are too far behind what is stored. To be called before a commit, so that nothing that is
    /// stored waits for its answer.
    pub fn let_catch_up(&self) {
        self.shared.backlog.wait();
    }

    /// Hands the JSON of new settings on, to clients of `/sync` alone: the others would reload everything.
    pub fn publish_settings(&self, settings: Arc<[u8]>) {
        self.send(Event::Settings(settings));
    }

    /// Sequence of the last change that was published.
    pub fn last_published(&self) -> u64 {
        self.published().seq
    }

    /// Notes that there is nothing to publish up to `seq` any more.
    pub fn advance(&self, seq: u64) {
        let mut published = self.published();
        published.seq = seq.max(published.seq);
    }

    /// The one view that is like this; `None` if there are too many others.
    pub fn shared_view(&self, view: View) -> Option<Arc<View>> {
        self.shared.views.shared(view, VIEWS_MAX)
    }

    /// Views that have clients.
    pub fn views(&self) -> usize {
        self.shared.views.count()
    }

    /// Notes the client that `make` makes by the rights as they are, so that [`Self::review`] finds it wherever it stands, catching
    /// up too.
    pub fn admit<E>(&self, make: impl FnOnce() -> Result<Arc<Client>, E>) -> Result<Arc<Client>, E> {
        self.shared.admitted.add(make)
    }

    /// Judges everybody anew. Whoever is shut out gets nothing that is published from now on, nor what he has not been sent yet. Who
    /// sees something else does so from the next change on, and is told so.
    pub fn review(&self, judge: impl Fn(Asker) -> Ruling) {
        let (regroupings, is_waiting) = self.shared.admitted.review(&judge, &self.shared.views);
        if !regroupings.is_empty() {
            self.send(Event::Regroup(regroupings));
        }
        if is_waiting {
            self.nudge();
        }
        // Whoever is shut out is so by now, and reports nothing any more.
        let sees = |asker| match judge(asker) {
            Ruling::Sees(sight) => Some(sight),
            Ruling::Out(..) => None,
        };
        self.shared.presence.review(sees, Instant::now());
        self.announce_soon();
        self.published().calls += 1;
        self.shared.is_published.notify_all();
    }

    /// Adds a client: it gets every change that is published from now on. It leaves by itself when its connection ends.
    pub fn join(&self, client: Arc<Client>) {
        let view = client.view();
        self.send(Event::Join((client, view)));
    }

    /// Adds a client that has everything up to `seq`, and returns where its live frames start: never below `seq`. What lies
    /// between is the caller's to fetch; until [`Client::go_live`] they wait. `None` once the feed has stopped.
    pub fn join_after(&self, client: &Arc<Client>, seq: u64) -> Option<Seam> {
        let (reply, seam) = bounded(1);
        client.prepare_to_join();
        self.send(Event::JoinAfter((Arc::clone(client), client.view()), seq, reply));
        seam.recv().ok()
    }

    /// Has a client brought on from the log, from where it is. It is held back until it has caught up.
    pub fn catch_up(&self, laggard: Laggard) {
        laggard.client.hold_back();
        let _ = self.shared.catch_up.send(CatchUpTask::Begin(laggard));
    }

    /// Ends the catch-up thread; whoever it was bringing on is closed by his session.
    pub fn stop_catching_up(&self) {
        let _ = self.shared.catch_up.send(CatchUpTask::Stop);
    }

    /// Waits until a change after `seq` is published, or until somebody was shut out, at the longest until `deadline`. False once the
    /// feed has stopped: there will be none.
    pub fn wait_beyond(&self, seq: u64, deadline: Instant) -> bool {
        let mut published = self.published();
        let calls = published.calls;
        while published.seq <= seq && published.calls == calls {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            let waited = self.shared.is_published.wait_timeout(published, left);
            published = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        published.seq != STOPPED
    }

    /// Says that a client's outbox has something that its socket did not take.
    pub fn nudge(&self) {
        // A full channel means that the broadcaster is awake anyway.
        let _ = self.events.try_send(Event::Nudge);
    }

    /// Who is at which record.
    pub(crate) fn presence(&self) -> &PresenceBoard {
        &self.shared.presence
    }

    /// Has the broadcaster look when it is to tell who is where.
    pub(crate) fn announce_soon(&self) {
        // As with a nudge.
        let _ = self.events.try_send(Event::Presence);
    }

    /// Everybody who is connected, and at which record.
    pub fn attendances(&self) -> Attendances {
        self.shared.presence.attendances()
    }

    /// Leases on records at this moment.
    pub fn leases(&self) -> usize {
        self.shared.presence.leases()
    }

    /// Numbers since the start.
    pub fn counts(&self) -> &FeedCounts {
        &self.shared.counts
    }

    /// Sends what was published, closes every client with 1001, ends the thread, and lets go of everybody who waits.
    pub fn stop(&self) {
        self.send(Event::Stop);
        if let Some(broadcaster) = self.shared.broadcaster.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = broadcaster.join();
        }
        self.shared.backlog.clear();
        self.published().seq = STOPPED;
        self.shared.is_published.notify_all();
    }

    fn published(&self) -> MutexGuard<'_, Published> {
        self.shared.published.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// False once the feed has stopped.
    fn send(&self, event: Event) -> bool {
        let is_sent = self.events.send(event).is_ok();
        if !is_sent {
            log::debug!("The live feed has stopped; a late event is dropped");
        }
        is_sent
    }
}
