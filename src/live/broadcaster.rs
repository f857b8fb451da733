//! The broadcaster thread: takes what waits, builds each frame once, joins the batch, one write per socket.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};

use super::backlog::Backlog;
use super::batch::{Batch, FrameForms};
use super::close_code;
use super::counts::FeedCounts;
use super::event::{CatchUpTask, Event, Regrouping, Seam};
use super::frame::{change_json, settings_frame};
use super::frames::Frames;
use super::groups::Groups;
use super::presence::Announcer;
use super::subscriber::Subscriber;
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
    groups: Groups,
    forms: FrameForms,
    counts: Arc<FeedCounts>,
    backlog: Arc<Backlog>,
    /// To the thread that brings on who is behind.
    catch_up: Sender<CatchUpTask>,
    announcer: Announcer,
    /// Sequence of the last change that went out.
    seq: u64,
    /// When outboxes that have something waiting are tried again.
    retry_at: Option<Instant>,
    is_stopping: bool,
}

impl Broadcaster {
    pub(crate) fn new(
        events: Receiver<Event>,
        catch_up: Sender<CatchUpTask>,
        (counts, backlog): (Arc<FeedCounts>, Arc<Backlog>),
        announcer: Announcer,
        seq: u64,
    ) -> Self {
        Self {
            events,
            taken: VecDeque::new(),
            groups: Groups::default(),
            forms: FrameForms::default(),
            counts,
            backlog,
            catch_up,
            announcer,
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
            if self.announcer.tell_due(&mut self.groups, Instant::now()) {
                self.retry_soon();
            }
            if self.retry_at.is_some_and(|at| Instant::now() >= at) {
                self.retry();
            }
            self.let_catch_up();
        }
        self.close_all();
    }

    /// The next event, or `None` when it is time for something that waits.
    fn next_event(&mut self) -> Option<Event> {
        if let Some(event) = self.taken_event() {
            return Some(event);
        }
        let due = self.groups.members().filter_map(Subscriber::due).min();
        match recv(&self.events, [self.retry_at, due, self.announcer.due()].into_iter().flatten().min()) {
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
            Event::Join(joining) => drop(self.join(joining, self.seq)),
            Event::JoinAfter(joining, seq, reply) => {
                let seam = self.join(joining, seq.max(self.seq));
                // Whoever joins waits for this reply; the channel has room for it.
                let _ = reply.try_send(seam);
            }
            Event::Regroup(regroupings) => {
                let Self { groups, announcer, seq, .. } = self;
                groups.regroup(&regroupings, |subscriber, view| {
                    subscriber.show(view, *seq);
                    announcer.greet(subscriber, view);
                });
                self.retry_soon();
            }
            Event::Presence => {}
            Event::Nudge => {
                self.groups.members_mut().for_each(|subscriber| subscriber.is_waiting = true);
                self.retry();
            }
            Event::Stop => self.is_stopping = true,
        }
    }

    fn join(&mut self, (client, view): Regrouping, start: u64) -> Seam {
        client.start_at(start);
        let mut subscriber = Subscriber::new(client, &view, start);
        self.announcer.welcome(&mut subscriber, &view);
        self.groups.add(Arc::clone(&view), subscriber);
        self.retry_soon();
        Seam { start, view }
    }

    /// A client that is catching up gets them too: they have no place in the log to come from later.
    fn show_settings(&mut self, settings: &[u8]) {
        let frame = Frames::from(settings_frame(settings, self.seq));
        for group in self.groups.each_mut().filter(|group| group.view.shows_settings()) {
            group.members.iter_mut().for_each(|subscriber| subscriber.offer(&frame));
        }
        log::info!("✅ Settings saved successfully · 📨 WebSocket message sent to those who know them");
        self.retry_soon();
    }

    /// Joins the changes that wait, up to the next client that joins, and writes them.
    fn broadcast(&mut self, first: Vec<Change>) {
        let views = self.groups.views().len();
        let mut batch = Batch::new(views);
        let mut changes = first;
        loop {
            for change in &changes {
                self.add(&mut batch, change);
                if batch.size() >= JOINED_BYTES_MAX {
                    self.deliver(std::mem::replace(&mut batch, Batch::new(views)));
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
        if log::log_enabled!(log::Level::Debug)
            && let Ok(json) = change_json(change)
        {
            log::debug!("📨 {}", String::from_utf8_lossy(&json));
        }
        batch.add(change, self.groups.views(), &mut self.forms);
    }

    fn deliver(&mut self, mut batch: Batch) {
        let sent = batch.take_changes();
        if sent.is_empty() {
            return;
        }
        let (mut frames, mut bytes, mut is_waiting) = (0, 0, false);
        for (group, joined) in self.groups.joined_mut(batch, &self.counts) {
            for subscriber in &mut group.members {
                let taken = subscriber.take_batch(&joined, self.seq);
                frames += taken.0;
                bytes += taken.1 as u64;
                is_waiting |= subscriber.is_waiting;
            }
        }
        is_waiting |= self.announcer.follow(&sent, &mut self.groups, Instant::now());
        if is_waiting {
            self.retry_soon();
        }
        self.backlog.take(sent.len());
        let clients = self.groups.count();
        for change in &sent {
            log_change(change, clients);
        }
        self.counts.batches.add(1);
        self.counts.writes.add(clients as u64);
        self.counts.frames.add(frames);
        self.counts.bytes.add(bytes);
    }

    fn send_due(&mut self) {
        let now = Instant::now();
        let mut is_waiting = false;
        for subscriber in self.groups.members_mut().filter(|subscriber| subscriber.due().is_some_and(|due| due <= now))
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
        self.groups.retain(|subscriber| !subscriber.is_waiting || subscriber.flush());
        self.retry_at = self.groups.members().any(|subscriber| subscriber.is_waiting).then(|| Instant::now() + RETRY);
    }

    /// Whoever does not take his frames in time goes on from the log.
    fn let_catch_up(&mut self) {
        if self.groups.members().any(|subscriber| subscriber.is_behind) {
            for laggard in self.groups.take_behind() {
                // Without the thread everything is about to end.
                let _ = self.catch_up.send(CatchUpTask::Begin(laggard));
            }
        }
    }

    fn close_all(&mut self) {
        for subscriber in self.groups.members_mut() {
            subscriber.close(close_code::GOING_AWAY, "the server is shutting down");
        }
        let deadline = Instant::now() + STOP_WAIT_MAX;
        while self.groups.members().any(|subscriber| subscriber.is_waiting) && Instant::now() < deadline {
            std::thread::sleep(RETRY);
            for subscriber in self.groups.members_mut().filter(|subscriber| subscriber.is_waiting) {
                subscriber.flush();
            }
        }
        for subscriber in self.groups.take().filter(|subscriber| subscriber.is_waiting) {
            subscriber.abandon();
        }
        // Whoever still waits to join is let go.
        while self.events.try_recv().is_ok() {}
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
    use crate::domain::{Asker, Belonging, RecordKey, Sight, Timestamp};
    use crate::live::client::Client;
    use crate::live::feed::Feed;
    use crate::live::frame::text_frame;
    use crate::live::subscription::Encoding;
    use crate::live::view::View;
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
            belonging: Belonging {
                owner: None,
                counted_at: Timestamp { unix_micros: 0, offset_seconds: 0 },
                sale_by: None,
            },
            owner_before: None,
            linked_belonging: None,
            record: Some(Arc::from(record)),
        }
    }

    #[test]
    fn a_change_that_cannot_be_shown_goes_out_as_its_legacy_string_and_the_feed_goes_on() {
        let (feed, _tasks) = Feed::start(0).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut far = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let near = client_socket(listener.accept().unwrap().0).unwrap();
        let view = View::new(Encoding::Json, Arc::new(Sight::of_everything()), Arc::from("run"));
        let view = feed.shared_view(view).unwrap();
        let client = Client::new(Arc::new(near), Encoding::Json, (Asker::Anybody, view), feed.counts());
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
