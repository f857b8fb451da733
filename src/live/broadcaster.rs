//! The broadcaster thread: takes what waits, builds each frame once, joins the batch, one write per socket.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError};

use super::backlog::Backlog;
use super::batch::Batch;
use super::client::Client;
use super::close_code;
use super::counts::FeedCounts;
use super::event::Event;
use super::frame::{legacy_text, push_change_json, settings_frame};
use super::subscriber::Subscriber;
use super::view::{SubscriberCounts, View};
use crate::domain::{Action, Change, Kind};
use crate::queue::recv;

/// Frames are joined into one write up to about this size.
const JOINED_BYTES_MAX: usize = 128 << 10;
/// How often a socket that did not take everything is offered the rest.
const RETRY: Duration = Duration::from_millis(5);
/// How long a stopping feed waits for sockets to take the close frame.
const STOP_WAIT_MAX: Duration = Duration::from_secs(1);

pub(crate) struct Broadcaster {
    events: Receiver<Event>,
    /// Events taken from the channel and not handled yet.
    taken: VecDeque<Event>,
    subscribers: Vec<Subscriber>,
    subscriber_counts: SubscriberCounts,
    counts: Arc<FeedCounts>,
    backlog: Arc<Backlog>,
    /// Sequence of the last change that went out.
    seq: u64,
    /// When outboxes that have something waiting are tried again.
    retry_at: Option<Instant>,
    is_stopping: bool,
}

impl Broadcaster {
    pub(crate) fn new(events: Receiver<Event>, counts: Arc<FeedCounts>, backlog: Arc<Backlog>, seq: u64) -> Self {
        Self {
            events,
            taken: VecDeque::new(),
            subscribers: Vec::new(),
            subscriber_counts: SubscriberCounts::default(),
            counts,
            backlog,
            seq,
            retry_at: None,
            is_stopping: false,
        }
    }

    pub(crate) fn run(mut self) {
        while !self.is_stopping {
            if let Some(event) = self.next_event() {
                self.handle(event);
            }
            self.send_due();
            if self.retry_at.is_some_and(|at| Instant::now() >= at) {
                self.retry();
            }
        }
        self.close_all();
    }

    /// The next event, or `None` when it is time for something that waits.
    fn next_event(&mut self) -> Option<Event> {
        if let Some(event) = self.taken_event() {
            return Some(event);
        }
        let due = self.subscribers.iter().filter_map(Subscriber::due).min();
        match recv(&self.events, [self.retry_at, due].into_iter().flatten().min()) {
            Ok(event) => Some(event),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Event::Stop),
        }
    }

    fn taken_event(&mut self) -> Option<Event> {
        self.taken.pop_front().or_else(|| self.events.try_recv().ok())
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Changes(changes) => self.broadcast(changes),
            Event::Settings(settings) => self.show_settings(&settings),
            Event::Join(client) => self.join(client, self.seq),
            Event::JoinAfter(client, seq, reply) => {
                let start = seq.max(self.seq);
                self.join(client, start);
                // Whoever joins waits for this reply; the channel has room for it.
                let _ = reply.try_send(start);
            }
            Event::Nudge => {
                for subscriber in &mut self.subscribers {
                    subscriber.is_waiting = true;
                }
                self.retry();
            }
            Event::Stop => self.is_stopping = true,
        }
    }

    fn join(&mut self, client: Arc<Client>, after: u64) {
        let subscriber = Subscriber::new(client, after);
        self.subscriber_counts.get(subscriber.view).update(|count| count + 1);
        self.subscribers.push(subscriber);
        self.retry_soon();
        self.note_clients();
    }

    /// A client that is catching up gets them too: they have no place in the log to come from later.
    fn show_settings(&mut self, settings: &[u8]) {
        let frame = settings_frame(settings, self.seq);
        for subscriber in self.subscribers.iter_mut().filter(|subscriber| subscriber.view == View::Sync) {
            subscriber.offer(&frame);
        }
        log::info!("✅ Settings saved successfully · 📨 WebSocket message sent to those who know them");
        self.retry_soon();
    }

    /// Joins the changes that wait, up to the next client that joins, and writes them.
    fn broadcast(&mut self, first: Vec<Change>) {
        let (mut batch, mut json) = (Batch::default(), Vec::new());
        let mut changes = first;
        loop {
            for change in &changes {
                self.add(&mut batch, change, &mut json);
                if batch.size() >= JOINED_BYTES_MAX {
                    self.deliver(std::mem::take(&mut batch));
                }
            }
            match self.taken_event() {
                Some(Event::Changes(more)) => changes = more,
                Some(other) => {
                    self.taken.push_front(other);
                    break;
                }
                None => break,
            }
        }
        self.deliver(batch);
    }

    /// `json` is memory for its text, used again by each change.
    fn add(&mut self, batch: &mut Batch, change: &Change, json: &mut Vec<u8>) {
        self.seq = change.seq;
        self.counts.changes.add(1);
        json.clear();
        match push_change_json(json, change) {
            Ok(()) => {
                log::debug!("📨 {}", String::from_utf8_lossy(json));
                batch.add(change, json, &self.subscriber_counts);
            }
            Err(error) => {
                let legacy = legacy_text(change);
                log::warn!("⚠️ WebSocket notification failed: {legacy} goes out for {} instead: {error}", change.key);
                batch.add(change, legacy.as_bytes(), &self.subscriber_counts);
            }
        }
    }

    fn deliver(&mut self, mut batch: Batch) {
        let (reload, sent) = (batch.reload(), batch.take_changes());
        if sent.is_empty() {
            return;
        }
        let views = batch.finish();
        let (mut frames, mut bytes, mut is_waiting) = (0, 0, false);
        for subscriber in &mut self.subscribers {
            let taken = subscriber.take_batch(views.get(subscriber.view), reload.as_ref(), self.seq);
            frames += taken.0;
            bytes += taken.1 as u64;
            is_waiting |= subscriber.is_waiting;
        }
        if is_waiting {
            self.retry_soon();
        }
        self.backlog.take(sent.len());
        for change in &sent {
            log_change(change, self.subscribers.len());
        }
        self.counts.batches.add(1);
        self.counts.writes.add(self.subscribers.len() as u64);
        self.counts.frames.add(frames);
        self.counts.bytes.add(bytes);
    }

    fn send_due(&mut self) {
        let now = Instant::now();
        let mut is_waiting = false;
        for subscriber in
            self.subscribers.iter_mut().filter(|subscriber| subscriber.due().is_some_and(|due| due <= now))
        {
            subscriber.send_due(now);
            is_waiting |= subscriber.is_waiting;
        }
        if is_waiting {
            self.retry_soon();
        }
    }

    fn retry_soon(&mut self) {
        self.retry_at.get_or_insert_with(|| Instant::now() + RETRY);
    }

    /// Offers again what sockets did not take, and lets go of clients whose connection is over.
    fn retry(&mut self) {
        let subscriber_counts = &self.subscriber_counts;
        self.subscribers.retain_mut(|subscriber| {
            let stays = !subscriber.is_waiting || subscriber.flush();
            if !stays {
                subscriber_counts.get(subscriber.view).update(|count| count - 1);
            }
            stays
        });
        self.retry_at = self.subscribers.iter().any(|subscriber| subscriber.is_waiting).then(|| Instant::now() + RETRY);
        self.note_clients();
    }

    fn note_clients(&self) {
        self.counts.clients.store(self.subscribers.len(), Ordering::Relaxed);
    }

    fn close_all(&mut self) {
        for subscriber in &mut self.subscribers {
            subscriber.close(close_code::GOING_AWAY, "the server is shutting down");
        }
        let deadline = Instant::now() + STOP_WAIT_MAX;
        while self.subscribers.iter().any(|subscriber| subscriber.is_waiting) && Instant::now() < deadline {
            std::thread::sleep(RETRY);
            for subscriber in self.subscribers.iter_mut().filter(|subscriber| subscriber.is_waiting) {
                subscriber.flush();
            }
        }
        for subscriber in self.subscribers.drain(..).filter(|subscriber| subscriber.is_waiting) {
            subscriber.abandon();
        }
        // Whoever still waits to join is let go.
        while self.events.try_recv().is_ok() {}
        self.note_clients();
    }
}

/// What happened, and that it was shown, in one line; customers and amounts are for `debug` only.
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
    log::info!(
        r#"✅ {kind} {done} successfully: {} · 📨 WebSocket message sent: {{"type":"{}","action":"{}","id":"{}","seq":{}}} to {clients} clients"#,
        change.key.label(),
        change.key.kind.name(),
        change.action.name(),
        change.key,
        change.seq,
    );
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::net::{TcpListener, TcpStream};

    use super::*;
    use crate::domain::{RecordKey, Timestamp};
    use crate::live::feed::Feed;
    use crate::live::frame::{change_json, text_frame};
    use crate::live::subscription::Encoding;
    use crate::platform::client_socket;

    fn change(seq: u64, record: &[u8]) -> Change {
        Change {
            seq,
            key: RecordKey::new(Kind::Order, 1),
            action: Action::Update,
            rev: 1,
            at: Timestamp { unix_micros: 0, offset_seconds: 0 },
            by: None,
            origin: None,
            linked: None,
            record: Some(Arc::from(record)),
        }
    }

    #[test]
    fn a_change_that_cannot_be_shown_goes_out_as_its_legacy_string_and_the_feed_goes_on() {
        let feed = Feed::start(0).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut far = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let near = client_socket(listener.accept().unwrap().0).unwrap();
        let client = Client::new(Arc::new(near), Encoding::Json, crate::domain::Asker::Anybody, feed.counts());
        feed.join(Arc::clone(&client));
        client.uncork();

        feed.publish(vec![change(1, b"{ torn"), change(2, b"{}")]);
        feed.stop();
        let mut seen = Vec::new();
        far.read_to_end(&mut seen).unwrap();

        let mut expected = text_frame(b"order_updated").to_vec();
        expected.extend_from_slice(&text_frame(&change_json(&change(2, b"{}")).unwrap()));
        assert!(seen.starts_with(&expected), "{}", String::from_utf8_lossy(&seen));
        assert_eq!(feed.counts().changes.get(), 2);
    }
}
