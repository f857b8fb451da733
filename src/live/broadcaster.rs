//! The broadcaster thread: takes what waits, builds each frame once, joins the batch, one write per socket.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;
use tungstenite::Bytes;

use super::client::{Client, Dialect};
use super::close_code;
use super::feed::{Event, FeedCounts};
use super::frame::{change_json, legacy_text, push_text_frame, reload_frame};
use super::outbox::Offered;
use super::pace::Pace;
use crate::domain::{Action, Change, Kind};

/// Frames are joined into one write up to about this size.
const JOINED_BYTES_MAX: usize = 128 << 10;
/// How often a socket that did not take everything is offered the rest.
const RETRY: Duration = Duration::from_millis(5);
/// How long a stopping feed waits for sockets to take the close frame.
const STOP_WAIT_MAX: Duration = Duration::from_secs(1);

pub(super) struct Broadcaster {
    events: Receiver<Event>,
    /// Events taken from the channel and not handled yet.
    taken: VecDeque<Event>,
    members: Vec<Member>,
    counts: Arc<FeedCounts>,
    is_waiting: bool,
    is_stopping: bool,
}

struct Member {
    client: Arc<Client>,
    pace: Pace,
    is_waiting: bool,
}

/// The frames of a batch, each form built once and only if somebody listens to it.
#[derive(Default)]
struct Forms {
    json: Vec<u8>,
    legacy: Vec<u8>,
    frames: u64,
    newest: Option<Change>,
}

impl Broadcaster {
    pub(super) fn new(events: Receiver<Event>, counts: Arc<FeedCounts>) -> Self {
        Self { events, taken: VecDeque::new(), members: Vec::new(), counts, is_waiting: false, is_stopping: false }
    }

    pub(super) fn run(mut self) {
        while !self.is_stopping {
            self.wait();
            while let Some(event) = self.next_taken() {
                self.handle(event);
            }
            self.send_due();
            self.retry();
        }
        self.close_all();
    }

    /// Sleeps until something comes, or until something that waits should be tried again.
    fn wait(&mut self) {
        let retry = self.is_waiting.then(|| Instant::now() + RETRY);
        let due = self.members.iter().filter_map(|member| member.pace.due()).min();
        let event = match [retry, due].into_iter().flatten().min() {
            None => self.events.recv().unwrap_or(Event::Stop),
            Some(deadline) => match self.events.recv_deadline(deadline) {
                Ok(event) => event,
                Err(error) if error.is_timeout() => return,
                Err(_) => Event::Stop,
            },
        };
        self.taken.push_back(event);
    }

    fn next_taken(&mut self) -> Option<Event> {
        self.taken.pop_front().or_else(|| self.events.try_recv().ok())
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Changes(changes) => self.broadcast(changes),
            Event::Join(client) => {
                self.members.push(Member { client, pace: Pace::default(), is_waiting: true });
                self.is_waiting = true;
                self.note_clients();
            }
            Event::Nudge => self.mark_waiting(),
            Event::Stop => self.is_stopping = true,
        }
    }

    /// Joins the changes that wait, up to the next client that joins, and writes them.
    fn broadcast(&mut self, first: Vec<Change>) {
        let mut forms = Forms::default();
        let mut changes = first;
        loop {
            for change in &changes {
                self.add(&mut forms, change);
            }
            if forms.json.len() + forms.legacy.len() >= JOINED_BYTES_MAX {
                break;
            }
            match self.next_taken() {
                Some(Event::Changes(more)) => changes = more,
                Some(other) => {
                    self.taken.push_front(other);
                    break;
                }
                None => break,
            }
        }
        self.deliver(forms);
    }

    fn add(&self, forms: &mut Forms, change: &Change) {
        if change.follows_conversion() {
            return;
        }
        let legacy = legacy_text(change);
        forms.frames += 1;
        if self.has_listener(Dialect::Legacy) {
            push_text_frame(&mut forms.legacy, legacy.as_bytes());
        }
        match change_json(change) {
            Ok(json) => {
                push_text_frame(&mut forms.json, &json);
                log_change(change, self.members.len());
                log::debug!("📨 {}", String::from_utf8_lossy(&json).escape_debug());
            }
            Err(error) => {
                log::warn!("⚠️ WebSocket notification failed: {legacy} goes out for {} instead: {error}", change.key);
                push_text_frame(&mut forms.json, legacy.as_bytes());
            }
        }
        forms.newest = Some(change.clone());
    }

    fn has_listener(&self, dialect: Dialect) -> bool {
        self.members.iter().any(|member| member.client.dialect() == dialect)
    }

    fn deliver(&mut self, forms: Forms) {
        let Some(newest) = &forms.newest else { return };
        let reload = reload_frame(newest);
        let (json, legacy) = (Bytes::from(forms.json), Bytes::from(forms.legacy));
        let single = (forms.frames == 1).then_some(&json);
        for member in &mut self.members {
            match member.client.dialect() {
                Dialect::Json => member.offer(&json),
                Dialect::Legacy => member.offer(&legacy),
                Dialect::PacedJson => member.pace.add(single, &reload),
            }
            self.is_waiting |= member.is_waiting;
        }
        let count = self.members.len() as u64;
        self.counts.changes.fetch_add(forms.frames, Ordering::Relaxed);
        self.counts.deliveries.fetch_add(forms.frames * count, Ordering::Relaxed);
        self.counts.writes.fetch_add(count, Ordering::Relaxed);
    }

    fn send_due(&mut self) {
        let now = Instant::now();
        for member in &mut self.members {
            if let Some(frame) = member.pace.take_due(now) {
                member.offer(&frame);
                self.is_waiting |= member.is_waiting;
            }
        }
    }

    fn mark_waiting(&mut self) {
        for member in &mut self.members {
            member.is_waiting = true;
        }
        self.is_waiting = true;
    }

    /// Offers again what sockets did not take, and lets go of clients whose connection is over.
    fn retry(&mut self) {
        if !self.is_waiting {
            return;
        }
        self.members.retain_mut(|member| {
            if member.is_waiting {
                let offered = member.client.flush();
                member.is_waiting = offered == Offered::Waiting;
                return offered != Offered::Gone;
            }
            true
        });
        self.is_waiting = self.members.iter().any(|member| member.is_waiting);
        self.note_clients();
    }

    fn note_clients(&self) {
        self.counts.clients.store(self.members.len(), Ordering::Relaxed);
    }

    fn close_all(&mut self) {
        for member in &mut self.members {
            if let Some(frame) = member.pace.take_due(Instant::now() + super::pace::PACE) {
                member.client.send(&frame);
            }
            member.is_waiting = member.client.close(close_code::GOING_AWAY, "the server is shutting down");
        }
        let deadline = Instant::now() + STOP_WAIT_MAX;
        while self.members.iter().any(|member| member.is_waiting) && Instant::now() < deadline {
            std::thread::sleep(RETRY);
            for member in self.members.iter_mut().filter(|member| member.is_waiting) {
                member.is_waiting = member.client.flush() == Offered::Waiting;
            }
        }
        for member in &self.members {
            if member.is_waiting {
                member.client.abandon();
            }
        }
        self.members.clear();
        self.note_clients();
    }
}

/// What happened, and that it was shown; customers and amounts are for `debug` only.
fn log_change(change: &Change, clients: usize) {
    let (kind, done) = match (change.key.kind, change.action) {
        (Kind::Estimate, Action::Create) => ("Estimate", "created"),
        (Kind::Estimate, Action::Update) => ("Estimate", "updated"),
        (Kind::Estimate, Action::Delete) => ("Estimate", "deleted"),
        (_, Action::ConvertToOrder) => ("Estimate", "converted to order"),
        (Kind::Order, Action::Create) => ("Order", "created"),
        (Kind::Order, Action::Update) => ("Order", "updated"),
        (Kind::Order, Action::Delete) => ("Order", "deleted"),
    };
    log::info!("✅ {kind} {done} successfully: {} {}", change.key.label(), change.key);
    log::info!(
        r#"📨 WebSocket message sent: {{"type":"{}","action":"{}","id":"{}","seq":{}}} to {clients} clients"#,
        change.key.kind.name(),
        change.action.name(),
        change.key,
        change.seq,
    );
}

impl Member {
    /// A client that is gone is noticed by the next [`Broadcaster::retry`].
    fn offer(&mut self, frames: &Bytes) {
        self.is_waiting |= self.client.offer(frames) != Offered::Sent;
    }
}
