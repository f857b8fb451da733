//! The broadcaster thread: takes what waits, builds each frame once, joins the batch, one write per socket.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::client::Client;
use super::close_code;
use super::feed::{Event, FeedCounts};
use super::forms::{Batch, Form, Listeners};
use super::frame::{change_json, legacy_text, settings_frame};
use super::member::Member;
use crate::domain::{Action, Change, Kind};
use crate::queue::{NoItem, Receiver};

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
    listeners: Listeners,
    counts: Arc<FeedCounts>,
    /// Sequence of the last change that went out.
    seq: u64,
    /// When outboxes that have something waiting are tried again.
    retry_at: Option<Instant>,
    is_stopping: bool,
}

impl Broadcaster {
    pub(super) fn new(events: Receiver<Event>, counts: Arc<FeedCounts>, seq: u64) -> Self {
        Self {
            events,
            taken: VecDeque::new(),
            members: Vec::new(),
            listeners: Listeners::default(),
            counts,
            seq,
            retry_at: None,
            is_stopping: false,
        }
    }

    pub(super) fn run(mut self) {
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
        let due = self.members.iter().filter_map(Member::due).min();
        match self.events.recv([self.retry_at, due].into_iter().flatten().min()) {
            Ok(event) => Some(event),
            Err(NoItem::Late) => None,
            Err(NoItem::Closed) => Some(Event::Stop),
        }
    }

    fn taken_event(&mut self) -> Option<Event> {
        self.taken.pop_front().or_else(|| self.events.try_recv())
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
                for member in &mut self.members {
                    member.is_waiting = true;
                }
                self.retry();
            }
            Event::Stop => self.is_stopping = true,
        }
    }

    fn join(&mut self, client: Arc<Client>, after: u64) {
        let member = Member::new(client, after);
        self.listeners.get(member.form).update(|count| count + 1);
        self.members.push(member);
        self.retry_soon();
        self.note_clients();
    }

    /// A client that is catching up gets them too: they have no place in the log to come from later.
    fn show_settings(&mut self, settings: &[u8]) {
        let frame = settings_frame(settings, self.seq);
        for member in self.members.iter_mut().filter(|member| member.form == Form::Sync) {
            member.offer(&frame);
        }
        log::info!("✅ Settings saved successfully · 📨 WebSocket message sent to those who know them");
        self.retry_soon();
    }

    /// Joins the changes that wait, up to the next client that joins, and writes them.
    fn broadcast(&mut self, first: Vec<Change>) {
        let mut batch = Batch::default();
        let mut changes = first;
        loop {
            for change in &changes {
                self.add(&mut batch, change);
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

    fn add(&mut self, batch: &mut Batch, change: &Change) {
        self.seq = change.seq;
        self.counts.changes.add(1);
        match change_json(change) {
            Ok(json) => {
                log::debug!("📨 {}", String::from_utf8_lossy(&json));
                batch.add(change, &json, &self.listeners);
            }
            Err(error) => {
                let legacy = legacy_text(change);
                log::warn!("⚠️ WebSocket notification failed: {legacy} goes out for {} instead: {error}", change.key);
                batch.add(change, legacy.as_bytes(), &self.listeners);
            }
        }
    }

    fn deliver(&mut self, mut batch: Batch) {
        let (reload, sent) = (batch.reload(), batch.take_changes());
        if sent.is_empty() {
            return;
        }
        let forms = batch.finish();
        let (mut frames, mut bytes, mut is_waiting) = (0, 0, false);
        for member in &mut self.members {
            let taken = member.take_batch(forms.get(member.form), reload.as_ref(), self.seq);
            frames += taken.0;
            bytes += taken.1 as u64;
            is_waiting |= member.is_waiting;
        }
        if is_waiting {
            self.retry_soon();
        }
        for change in &sent {
            log_change(change, self.members.len());
        }
        self.counts.batches.add(1);
        self.counts.writes.add(self.members.len() as u64);
        self.counts.frames.add(frames);
        self.counts.bytes.add(bytes);
    }

    fn send_due(&mut self) {
        let now = Instant::now();
        let mut is_waiting = false;
        for member in self.members.iter_mut().filter(|member| member.due().is_some_and(|due| due <= now)) {
            member.send_due(now);
            is_waiting |= member.is_waiting;
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
        let listeners = &self.listeners;
        self.members.retain_mut(|member| {
            let stays = !member.is_waiting || member.flush();
            if !stays {
                listeners.get(member.form).update(|count| count - 1);
            }
            stays
        });
        self.retry_at = self.members.iter().any(|member| member.is_waiting).then(|| Instant::now() + RETRY);
        self.note_clients();
    }

    fn note_clients(&self) {
        self.counts.clients.store(self.members.len(), Ordering::Relaxed);
    }

    fn close_all(&mut self) {
        for member in &mut self.members {
            member.close(close_code::GOING_AWAY, "the server is shutting down");
        }
        let deadline = Instant::now() + STOP_WAIT_MAX;
        while self.members.iter().any(|member| member.is_waiting) && Instant::now() < deadline {
            std::thread::sleep(RETRY);
            for member in self.members.iter_mut().filter(|member| member.is_waiting) {
                member.flush();
            }
        }
        for member in self.members.drain(..).filter(|member| member.is_waiting) {
            member.abandon();
        }
        // Whoever still waits to join is let go.
        while self.events.try_recv().is_some() {}
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

    use super::super::client::Dialect;
    use super::super::feed::Feed;
    use super::super::frame::text_frame;
    use super::*;
    use crate::domain::{RecordKey, Timestamp};
    use crate::process::client_socket;

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
        let client = Client::new(Arc::new(near), Dialect::Json, &feed);
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
