//! Devices that follow `/sync` (promise 6): the frames as values, and a [`Follower`] that goes on after every cut and
//! checks on the way what a client may rely on.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::DEADLINE;
use super::http::Client;
use super::socket::{Ended, Socket};
use super::till;

/// What a device keeps, so that it can go on where it stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bookmark {
    pub seq: u64,
    pub epoch: String,
}

impl Bookmark {
    /// The query that resumes here.
    pub fn query(&self) -> String {
        format!("since={}&epoch={}", self.seq, self.epoch)
    }
}

/// The first frame of every connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hello {
    pub seq: u64,
    pub epoch: String,
    pub resume: String,
}

impl Hello {
    /// Reads it strictly: these keys and no others.
    pub fn of(frame: &Value) -> Self {
        let seq = frame["seq"].as_u64().unwrap_or_else(|| panic!("no seq in {frame}"));
        let hello = Self { seq, epoch: till::text(frame, "epoch"), resume: till::text(frame, "resume") };
        let exact =
            json!({"type": "sync", "action": "hello", "epoch": hello.epoch, "seq": seq, "resume": hello.resume});
        assert_eq!(frame, &exact);
        assert!(["live", "catch_up", "reset"].contains(&hello.resume.as_str()), "{frame}");
        // It goes into an address as it is, or clients would have to know more about it than that it is opaque.
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        assert!(!hello.epoch.is_empty() && hello.epoch.bytes().all(is_plain), "{frame}");
        hello
    }

    pub fn bookmark(&self) -> Bookmark {
        Bookmark { seq: self.seq, epoch: self.epoch.clone() }
    }
}

/// Connects to `/sync?query` and reads the greeting.
pub fn open(addr: SocketAddr, query: &str) -> (Socket, Hello) {
    let mut socket = Socket::connect(addr, &format!("/sync?{query}"), &[]);
    let hello = Hello::of(&socket.next_json());
    (socket, hello)
}

/// Connects, reads until the feed is live, and gives all frames of the catch-up. The sequence of the last frame that was
/// read, whichever it was, comes with them.
pub fn caught_up(addr: SocketAddr, query: &str) -> (Socket, Vec<Value>, u64) {
    let (mut socket, hello) = open(addr, query);
    let mut changes = Vec::new();
    if hello.resume != "catch_up" {
        return (socket, changes, hello.seq);
    }
    loop {
        let frame = socket.next_json();
        if frame["type"] == "sync" {
            let seq = frame["seq"].as_u64().unwrap();
            assert_eq!(frame, json!({"type": "sync", "action": "live", "seq": seq}));
            return (socket, changes, seq);
        }
        changes.push(frame);
    }
}

/// What has changed since the bookmark, over HTTP: a snapshot, so that nothing is still on its way. Moves the bookmark.
pub fn news(client: &mut Client, bookmark: &mut Bookmark) -> Vec<Value> {
    let page = client.get(&format!("/api/changes?{}", bookmark.query())).expect(200);
    assert_ne!(page["resume"], "reset", "{page}");
    *bookmark = Bookmark { seq: page["next"].as_u64().expect("next"), epoch: till::text(&page, "epoch") };
    assert_eq!(page["seq"], bookmark.seq, "one page was not enough");
    till::array(page["changes"].clone())
}

/// The kinds of records by their names, each with what its ids begin with.
const KINDS: [(&str, &str); 2] = [("estimate", "EST-"), ("order", "ORDER-")];

/// A frame about a record.
#[derive(Debug, Clone)]
pub struct Change {
    pub seq: u64,
    pub kind: &'static str,
    pub id: String,
    /// The record after the change; `None` when it is deleted.
    pub record: Option<Value>,
}

impl Change {
    /// Reads a frame and checks it: everything that the manual's page `live` says of it by itself.
    pub fn of(frame: &Value) -> Self {
        let action = till::text(frame, "action");
        let named = KINDS.into_iter().find(|(kind, _)| frame["type"] == *kind);
        let (kind, prefix) = named.unwrap_or_else(|| panic!("a frame that is no change: {frame}"));
        let actions = ["create", "update", "delete", "convert_to_order"];
        assert!(actions.contains(&action.as_str()), "{frame}");
        let id = till::text(frame, "id");
        assert!(id.starts_with(prefix), "{frame}");
        assert!(till::text(frame, "at").len() >= "2025-01-13T10:30:00Z".len(), "{frame}");
        let number = |key: &str| frame[key].as_u64().filter(|&number| number > 0);
        let seq = number("seq").unwrap_or_else(|| panic!("no seq in {frame}"));
        assert!(number("rev").is_some(), "{frame}");
        let record = frame.get("data").cloned();
        assert_eq!(record.is_none(), action == "delete", "a deletion has no data, and all else has: {frame}");
        if let Some(record) = &record {
            assert_eq!((&record["id"], &record["rev"]), (&frame["id"], &frame["rev"]), "{frame}");
            assert!(record["items"].is_array(), "not the full record: {frame}");
        }
        if action == "convert_to_order" {
            let links = (&frame["data"]["linked_order_id"], &frame["data"]["linked_order_number"]);
            assert_eq!((&frame["order_id"], &frame["order_number"]), links, "{frame}");
        }
        Self { seq, kind, id, record }
    }
}

/// The latest frame of every record, in sequence order: what a catch-up gives.
pub fn reduced<'a>(frames: impl IntoIterator<Item = &'a Value>) -> Vec<Value> {
    let latest: HashMap<&str, &Value> =
        frames.into_iter().map(|frame| (frame["id"].as_str().unwrap(), frame)).collect();
    let by_seq: BTreeMap<u64, &Value> =
        latest.into_values().map(|frame| (frame["seq"].as_u64().unwrap(), frame)).collect();
    by_seq.into_values().cloned().collect()
}

/// The shop as its lists show it: every record by its id.
pub fn listed(client: &mut Client) -> BTreeMap<String, Value> {
    let records = [till::estimates(client), till::orders(client)];
    records.into_iter().flatten().map(|record| (till::text(&record, "id"), record)).collect()
}

/// A change that was seen, small enough to keep a million of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    pub seq: u64,
    kind: &'static str,
    record: u64,
    frame: u64,
}

fn digest(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// A device on `/sync`. It panics as soon as the server breaks a promise that one device can see: a doubled change, one out
/// of order, a gap while live, or one that it did not ask for.
pub struct Follower {
    /// What it asks for when it connects.
    query: String,
    /// Of which records; `None` for all.
    kind: Option<&'static str>,
    pub seq: u64,
    pub epochs: Vec<String>,
    socket: Option<Socket>,
    began_after: Option<u64>,
    seen: Vec<Seen>,
    /// Digest of each record's latest state; `None` for a deleted one.
    latest: BTreeMap<String, Option<u64>>,
    /// Where a catch-up that did not reach the live feed yet began.
    catching_up_after: Option<u64>,
    /// It may read so slowly that it is brought on from the log, which it sees by a gap.
    may_fall_behind: bool,
    /// Stretches (after, up to) in which only latest states were promised.
    caught_up: Vec<(u64, u64)>,
}

impl Follower {
    /// Follows from wherever the server stands when it connects.
    pub fn from_now() -> Self {
        Self::asking("", None)
    }

    /// Wants everything from the beginning.
    pub fn from_beginning() -> Self {
        Self::asking("since=0", Some(0))
    }

    /// Goes on where another one stopped.
    pub fn from_bookmark(bookmark: &Bookmark) -> Self {
        Self::asking(&bookmark.query(), Some(bookmark.seq))
    }

    fn asking(query: &str, after: Option<u64>) -> Self {
        Self {
            query: query.to_string(),
            kind: None,
            seq: after.unwrap_or_default(),
            epochs: Vec::new(),
            socket: None,
            began_after: after,
            seen: Vec::new(),
            latest: BTreeMap::new(),
            catching_up_after: None,
            may_fall_behind: false,
            caught_up: Vec::new(),
        }
    }

    /// One that reads slowly.
    pub fn slow(self) -> Self {
        Self { may_fall_behind: true, ..self }
    }

    /// Whether it was brought on from the log while it was connected.
    pub fn has_caught_up(&self) -> bool {
        !self.caught_up.is_empty()
    }

    /// Asks for one kind of record only.
    pub fn only(self, kind: &'static str) -> Self {
        Self { query: format!("{}&types={kind}", self.query), kind: Some(kind), ..self }
    }

    /// Follows through cuts and restarts until `is_done`, which is told every new sequence. `connect_to` is asked before
    /// each attempt to connect, and may let this device sleep for a while.
    pub fn follow(&mut self, mut connect_to: impl FnMut() -> SocketAddr, mut is_done: impl FnMut(u64) -> bool) {
        let mut progress = Instant::now();
        // What was skipped while catching up is only there once the feed is live.
        while !is_done(self.seq) || self.catching_up_after.is_some() {
            let step = match self.socket {
                Some(_) => self.step(),
                None => self.connect(connect_to()),
            };
            if step.is_ok() {
                progress = Instant::now();
                continue;
            }
            self.socket = None;
            assert!(progress.elapsed() < DEADLINE, "no progress after change {}", self.seq);
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Connects and reads the greeting.
    pub fn connect(&mut self, addr: SocketAddr) -> Result<(), Ended> {
        let path = format!("/sync?{}", self.query);
        let mut socket = Socket::try_connect(addr, &path, &[]).map_err(Ended::Broken)?;
        let hello = Hello::of(&parsed(&socket.try_next_text()?));
        assert_ne!(hello.resume, "reset", "asked for {path}: {hello:?}");
        let after = *self.began_after.get_or_insert(hello.seq);
        self.seq = self.seq.max(after);
        assert!(hello.seq >= self.seq, "the server is behind this device at {}: {hello:?}", self.seq);
        if hello.resume == "catch_up" {
            self.catching_up_after.get_or_insert(self.seq);
        } else {
            assert_eq!(hello.seq, self.seq, "live without what came before");
            self.reached_live();
        }
        if self.epochs.last() != Some(&hello.epoch) {
            self.epochs.push(hello.epoch);
        }
        self.advance(self.seq);
        self.socket = Some(socket);
        // With nothing to catch up with, it is live from here on.
        if self.catching_up_after == Some(hello.seq) { self.step() } else { Ok(()) }
    }

    /// Reads one frame.
    pub fn step(&mut self) -> Result<(), Ended> {
        let socket = self.socket.as_mut().expect("connected");
        let frame = parsed(&socket.try_next_text()?);
        if frame["type"] == "sync" {
            self.learn_seq(&frame);
            return Ok(());
        }
        if frame["type"] == "settings" {
            return Ok(());
        }
        let change = Change::of(&frame);
        if self.may_fall_behind && change.seq > self.seq + 1 {
            self.catching_up_after.get_or_insert(self.seq);
        }
        if self.catching_up_after.is_some() || self.kind.is_some() {
            assert!(change.seq > self.seq, "{} after {}: {frame}", change.seq, self.seq);
        } else {
            assert_eq!(change.seq, self.seq + 1, "a gap or a double while live: {frame}");
        }
        assert!(self.kind.is_none_or(|kind| kind == change.kind), "not asked for: {frame}");
        let (record, kind) = (digest(&change.id), change.kind);
        self.seen.push(Seen { seq: change.seq, kind, record, frame: digest(&frame) });
        self.latest.insert(change.id, change.record.as_ref().map(digest));
        self.advance(change.seq);
        Ok(())
    }

    /// Everything that it saw, of a device that was there from the first change on and never away.
    pub fn into_commits(self) -> Vec<Seen> {
        assert!(self.seen.iter().map(|seen| seen.seq).eq(1..=self.seq), "it was away, or not there from the beginning");
        self.seen
    }

    /// Nothing is missing: what it did not see while it caught up was overtaken by a later change of the same record, of
    /// which the same is asked in its turn. And what it saw is what everybody saw.
    pub fn assert_complete(&self, commits: &[Seen]) {
        let mut seen = self.seen.iter().peekable();
        for (commit, is_overtaken) in commits.iter().zip(overtaken(commits)) {
            let is_asked_for = self.kind.is_none_or(|kind| kind == commit.kind);
            if commit.seq <= self.began_after.expect("connected once") || commit.seq > self.seq || !is_asked_for {
                continue;
            }
            if let Some(seen) = seen.next_if(|seen| seen.seq == commit.seq) {
                assert_eq!(seen, commit, "another device was shown something else");
                continue;
            }
            let was_away = self.caught_up.iter().any(|(after, to)| (after + 1..=*to).contains(&commit.seq));
            assert!(was_away, "change {} was skipped while live", commit.seq);
            assert!(is_overtaken, "change {} was never caught up", commit.seq);
        }
        assert_eq!(seen.next(), None, "a change that nobody else was shown");
    }

    /// What it has made of all changes is what the server lists.
    pub fn assert_shows(&self, listed: &BTreeMap<String, Value>) {
        assert!(self.catching_up_after.is_none(), "the feed never went live");
        let own = self.latest.iter().filter_map(|(id, state)| Some((id, (*state)?)));
        let theirs = listed.iter().map(|(id, record)| (id, digest(record)));
        let (own, theirs): (BTreeMap<_, _>, BTreeMap<_, _>) = (own.collect(), theirs.collect());
        let all = own.keys().chain(theirs.keys());
        let differing: Vec<_> = all.filter(|id| own.get(**id) != theirs.get(**id)).collect();
        assert!(differing.is_empty(), "at {} these are not as the lists have them: {differing:?}", self.seq);
    }

    fn advance(&mut self, seq: u64) {
        self.seq = seq;
        if let Some(epoch) = self.epochs.last() {
            let types = self.kind.map(|kind| format!("&types={kind}")).unwrap_or_default();
            self.query = Bookmark { seq, epoch: epoch.clone() }.query() + &types;
        }
    }

    /// Takes a frame that says no more than how far the shop is.
    fn learn_seq(&mut self, frame: &Value) {
        if self.may_fall_behind && frame["action"] == "live" {
            self.catching_up_after.get_or_insert(self.seq);
        }
        let is_catching_up = self.catching_up_after.is_some();
        let action = if is_catching_up { "live" } else { "at" };
        let seq = frame["seq"].as_u64().unwrap_or_default();
        assert_eq!(frame, &json!({"type": "sync", "action": action, "seq": seq}), "at {}", self.seq);
        assert!(is_catching_up || self.kind.is_some(), "whoever asked for everything knows: {frame}");
        assert!(seq > self.seq || is_catching_up && seq == self.seq, "{frame} after {}", self.seq);
        self.advance(seq);
        self.reached_live();
    }

    fn reached_live(&mut self) {
        if let Some(after) = self.catching_up_after.take() {
            self.caught_up.push((after, self.seq));
        }
    }
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in {text}"))
}

/// For each change whether a later one of the same record follows.
fn overtaken(commits: &[Seen]) -> Vec<bool> {
    let mut later = HashSet::new();
    let mut overtaken: Vec<bool> = commits.iter().rev().map(|commit| !later.insert(commit.record)).collect();
    overtaken.reverse();
    overtaken
}
