//! Clients that hold what the live feed tells them, byte for byte, as a page would: over `/sync` with a bookmark and a reset, over
//! plain `/ws` with a new beginning after every cut. Each panics as soon as it is told what it cannot know of.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Shutdown, SocketAddr};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::socket::{Ended, Socket};
use super::visitor::Visitor;

/// The records that somebody holds or is shown, by their ids, as they stand on the wire.
pub type Held = BTreeMap<String, String>;

/// A frame, or a record; of each what matters here.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Frame<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    action: &'a str,
    id: &'a str,
    seq: u64,
    epoch: &'a str,
    resume: &'a str,
    order_id: &'a str,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

fn parsed<'a, T: Deserialize<'a>>(text: &'a str) -> T {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in {text}"))
}

/// The path of the records of this kind in the interface.
pub fn folder(kind: &str) -> &'static str {
    match kind {
        "estimate" => "estimates",
        "order" => "orders",
        other => panic!("no kind of record: {other}"),
    }
}

fn kind_of(id: &str) -> &'static str {
    if id.starts_with("EST-") { "estimate" } else { "order" }
}

/// What the lists show to somebody.
#[derive(Debug)]
pub struct Shown {
    pub held: Held,
    /// Of what it is; `None` where that has changed between the two lists.
    pub epoch: Option<String>,
}

impl Shown {
    /// Reads the lists of these kinds, or of both.
    pub fn to(visitor: &mut Visitor, types: Option<&str>) -> Self {
        #[derive(Deserialize)]
        struct Orders<'a> {
            #[serde(borrow)]
            orders: Items<'a>,
        }
        #[derive(Deserialize)]
        struct Items<'a> {
            #[serde(borrow)]
            items: Vec<&'a RawValue>,
        }
        let estimates = visitor.whole_list("/api/estimates/all");
        let orders = visitor.whole_list("/api/orders/orders-only");
        visitor.heard.clear();
        let lists = [parsed(estimates.text()), parsed::<Orders<'_>>(orders.text()).orders.items];
        let records = lists.into_iter().flatten().map(|raw: &RawValue| {
            let Frame { id, .. } = parsed(raw.get());
            (id.to_string(), raw.get().to_string())
        });
        let held = records.filter(|(id, _)| types.is_none_or(|types| types == kind_of(id))).collect();
        let [first, second] = [&estimates, &orders].map(|reply| reply.header("sync-epoch").unwrap());
        Self { held, epoch: (first == second).then(|| second.to_string()) }
    }
}

/// A record as it is shown by its id; `None` where there is none.
pub fn shown_one(visitor: &mut Visitor, id: &str) -> Option<String> {
    let reply = visitor.get(&format!("/api/{}/{id}", folder(kind_of(id))));
    visitor.heard.clear();
    match reply.status {
        200 => Some(reply.text().to_string()),
        404 => None,
        status => panic!("{status}: {}", reply.text()),
    }
}

/// What a frame has brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// A record.
    Change,
    /// All that was missed is there.
    Live,
    /// So far it has come, and sees nothing of it.
    At,
    /// It sees something else from here on, and has read it.
    View,
    /// The settings.
    Settings,
}

/// What it may rely on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Care {
    /// Nothing happens while it reads: it is told of no record that it neither holds nor is shown.
    Strict,
    /// Others write meanwhile.
    Lenient,
}

/// Over which line it is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// The one that it asks over, too.
    Straight,
    /// One that takes in little before it is read.
    Narrow,
    /// This address.
    Proxy(SocketAddr),
}

impl Over {
    fn socket(self, visitor: &Visitor, path: &str) -> Result<Socket, Ended> {
        let socket = match self {
            Self::Straight => visitor.socket(path),
            Self::Narrow => Ok(visitor.narrow_socket(path)),
            Self::Proxy(addr) => Visitor { addr, ..visitor.clone() }.socket(path),
        };
        socket.map_err(Ended::Broken)
    }
}

/// A record that the shop ends with, by what stands in it: of one kind, or of both.
#[derive(Debug, Clone, Default)]
pub struct Last {
    mark: String,
    found: BTreeSet<&'static str>,
}

impl Last {
    pub fn marked(mark: &str) -> Self {
        Self { mark: mark.to_string(), ..Self::default() }
    }

    fn look(&mut self, id: &str, record: &str) {
        if !self.mark.is_empty() && record.contains(&self.mark) {
            self.found.insert(kind_of(id));
        }
    }
}

/// A client of `/sync`.
pub struct SyncKeeper {
    pub who: String,
    pub visitor: Visitor,
    pub over: Over,
    pub last: Last,
    /// What stands in nothing that it is told.
    pub never: Vec<String>,
    /// The lists that it has read are not those of its epoch.
    is_void: bool,
    /// One kind of records, or both.
    pub types: Option<&'static str>,
    care: Care,
    socket: Option<Socket>,
    pub seq: u64,
    pub epoch: String,
    pub held: Held,
    /// What somebody like it was shown since it was there the last time, of which it may be told when it comes back.
    pub shown_meanwhile: BTreeSet<String>,
    /// All frames about records, and how often it began anew.
    pub changes: usize,
    pub views: usize,
    /// Every id that it was ever told.
    pub told: BTreeSet<String>,
}

impl SyncKeeper {
    /// Connects, and reads the lists.
    pub fn start(who: &str, visitor: Visitor, types: Option<&'static str>, care: Care) -> Self {
        let mut keeper = Self {
            who: format!("{who} on /sync{}", types.map(|types| format!("?types={types}")).unwrap_or_default()),
            visitor,
            over: Over::Straight,
            last: Last::default(),
            never: Vec::new(),
            is_void: false,
            types,
            care,
            socket: None,
            seq: 0,
            epoch: String::new(),
            held: Held::new(),
            shown_meanwhile: BTreeSet::new(),
            changes: 0,
            views: 0,
            told: BTreeSet::new(),
        };
        assert_eq!(keeper.connect().unwrap(), "live", "{}", keeper.who);
        keeper
    }

    pub fn is_connected(&self) -> bool {
        self.socket.is_some()
    }

    /// It has the last records of those kinds that it asked for.
    pub fn has_last(&self) -> bool {
        self.last.found.len() == if self.types.is_some() { 1 } else { 2 }
    }

    fn path(&self) -> String {
        let since = match (self.is_void, self.epoch.as_str()) {
            (true, _) => format!("since={}&epoch=void", self.seq.max(1)),
            (false, "") => String::new(),
            (false, epoch) => format!("since={}&epoch={epoch}", self.seq),
        };
        let types = self.types.map(|types| format!("&types={types}")).unwrap_or_default();
        format!("/sync?{since}{types}")
    }

    /// Connects with its bookmark, and reads until it is live. Gives how it went on.
    pub fn connect(&mut self) -> Result<String, Ended> {
        let mut socket = self.over.socket(&self.visitor, &self.path())?;
        let text = socket.try_next_text()?;
        let hello: Frame<'_> = parsed(&text);
        assert_eq!((hello.kind, hello.action), ("sync", "hello"), "{}: {text}", self.who);
        let resume = hello.resume.to_string();
        let is_same = self.epoch == hello.epoch;
        self.epoch = hello.epoch.to_string();
        self.socket = Some(socket);
        if resume == "catch_up" {
            assert!(hello.seq >= self.seq, "{}: at {} before {text}", self.who, self.seq);
            let types = self.types;
            self.held.retain(|id, _| types.is_none_or(|types| types == kind_of(id)));
            // A page of all kinds that asks for one goes on under another name.
            assert!(is_same || types.is_some(), "{}: {text}", self.who);
            loop {
                match self.read(true)? {
                    Told::Change | Told::Settings => {}
                    Told::Live | Told::View => break,
                    Told::At => panic!("{}: `at` while catching up", self.who),
                }
            }
        } else {
            self.seq = hello.seq;
            self.read_lists();
        }
        self.shown_meanwhile.clear();
        Ok(resume)
    }

    /// Ends its connection, sometimes in the middle of a frame.
    pub fn cut(&mut self) {
        if let Some(socket) = self.socket.take() {
            let _ = socket.inner.get_ref().shutdown(Shutdown::Both);
        }
    }

    fn mark(&self) -> String {
        self.types.map(|types| format!(".{}", &types[..1])).unwrap_or_default()
    }

    fn read_lists(&mut self) {
        let shown = Shown::to(&mut self.visitor, self.types);
        self.is_void = shown.epoch.is_none_or(|epoch| epoch + &self.mark() != self.epoch);
        assert!(!self.is_void || self.care == Care::Lenient, "{} reads lists of another view", self.who);
        for (id, record) in &shown.held {
            self.last.look(id, record);
        }
        self.told.extend(shown.held.keys().cloned());
        self.held = shown.held;
    }

    /// Takes everything that was sent to it by now.
    pub fn drain(&mut self) {
        let Some(socket) = &mut self.socket else { return };
        for text in socket.texts_until_pong() {
            self.take(&text, false);
        }
    }

    /// Reads one frame.
    pub fn read(&mut self, is_catching_up: bool) -> Result<Told, Ended> {
        let text = self.socket.as_mut().expect("connected").try_next_text().inspect_err(|_| self.socket = None)?;
        Ok(self.take(&text, is_catching_up))
    }

    fn take(&mut self, text: &str, is_catching_up: bool) -> Told {
        let frame: Frame<'_> = parsed(text);
        let who = &self.who;
        for never in &self.never {
            assert!(!text.contains(never), "{who} is told {never}: {text}");
        }
        match (frame.kind, frame.action) {
            ("sync", "live") => {
                assert!(is_catching_up && frame.seq >= self.seq, "{who} at {}: {text}", self.seq);
                self.seq = frame.seq;
                Told::Live
            }
            ("sync", "at") => {
                assert!(!is_catching_up && frame.seq > self.seq, "{who} at {}: {text}", self.seq);
                self.seq = frame.seq;
                Told::At
            }
            ("sync", "view") => {
                assert_eq!(frame.resume, "reset", "{who}: {text}");
                assert!(frame.seq >= self.seq, "{who} at {}: {text}", self.seq);
                self.seq = frame.seq;
                self.epoch = frame.epoch.to_string();
                self.views += 1;
                self.read_lists();
                Told::View
            }
            ("settings", _) => {
                assert!(self.types.is_none(), "{who}: {text}");
                Told::Settings
            }
            (kind, action) => {
                assert!(self.types.is_none_or(|types| types == kind), "{who} did not ask for {text}");
                assert!(frame.seq > self.seq, "{who} at {}: {text}", self.seq);
                self.seq = frame.seq;
                self.changes += 1;
                self.told.insert(frame.id.to_string());
                let is_held = self.held.contains_key(frame.id);
                if let Some(data) = frame.data {
                    self.last.look(frame.id, data.get());
                    self.held.insert(frame.id.to_string(), data.get().to_string());
                } else {
                    assert!(matches!(action, "delete" | "hide"), "{who}: {text}");
                    self.held.remove(frame.id);
                }
                if self.care == Care::Strict && !is_held {
                    let is_shown = || shown_one(&mut self.visitor.clone(), frame.id).is_some();
                    let may_know =
                        is_catching_up && self.shown_meanwhile.contains(frame.id) || frame.data.is_some() && is_shown();
                    assert!(may_know, "{who} is told of what it may not see: {text}");
                }
                Told::Change
            }
        }
    }

    /// What it holds is, byte for byte, what it is shown, all of it and each by its id; and so is the name of what it sees.
    pub fn check(&mut self, ones: &[String], at: &str) {
        let shown = Shown::to(&mut self.visitor, self.types);
        assert_same(&self.held, &shown.held, &format!("{} after {at}", self.who));
        self.shown_meanwhile.extend(shown.held.into_keys());
        assert_eq!(
            Some(&self.epoch),
            shown.epoch.map(|epoch| epoch + &self.mark()).as_ref(),
            "{} after {at}",
            self.who
        );
        for one in ones.iter().filter(|one| self.types.is_none_or(|types| types == kind_of(one))) {
            let shown = shown_one(&mut self.visitor, one);
            assert_eq!(self.held.get(one), shown.as_ref(), "{} after {at}: {one}", self.who);
        }
    }
}

/// A client of plain `/ws`, as a page was before `/sync`: it applies what it can, and reads the lists anew where it is told to.
pub struct PlainKeeper {
    pub who: String,
    pub visitor: Visitor,
    pub over: Over,
    pub last: Last,
    pub never: Vec<String>,
    care: Care,
    socket: Option<Socket>,
    pub held: Held,
    /// Frames that made it read everything anew.
    pub reloads: usize,
    pub told: BTreeSet<String>,
}

impl PlainKeeper {
    pub fn start(who: &str, visitor: Visitor, care: Care) -> Self {
        let mut keeper = Self {
            who: format!("{who} on /ws"),
            visitor,
            over: Over::Straight,
            last: Last::default(),
            never: Vec::new(),
            care,
            socket: None,
            held: Held::new(),
            reloads: 0,
            told: BTreeSet::new(),
        };
        keeper.connect().unwrap();
        keeper
    }

    pub fn is_connected(&self) -> bool {
        self.socket.is_some()
    }

    /// Connects and reads everything.
    pub fn connect(&mut self) -> Result<(), Ended> {
        self.socket = Some(self.over.socket(&self.visitor, "/ws")?);
        self.read_lists();
        Ok(())
    }

    pub fn cut(&mut self) {
        if let Some(socket) = self.socket.take() {
            let _ = socket.inner.get_ref().shutdown(Shutdown::Both);
        }
    }

    fn read_lists(&mut self) {
        self.held = Shown::to(&mut self.visitor, None).held;
        self.told.extend(self.held.keys().cloned());
        for (id, record) in &self.held {
            self.last.look(id, record);
        }
    }

    pub fn has_last(&self) -> bool {
        self.last.found.len() == 2
    }

    pub fn drain(&mut self) {
        let Some(socket) = &mut self.socket else { return };
        for text in socket.texts_until_pong() {
            self.take(&text);
        }
    }

    /// Reads one frame. True if it read everything anew.
    pub fn read(&mut self) -> Result<bool, Ended> {
        let text = self.socket.as_mut().expect("connected").try_next_text().inspect_err(|_| self.socket = None)?;
        Ok(self.take(&text))
    }

    fn take(&mut self, text: &str) -> bool {
        let frame: Frame<'_> = parsed(text);
        let who = &self.who;
        for never in &self.never {
            assert!(!text.contains(never), "{who} is told {never}: {text}");
        }
        if frame.data.is_some_and(|data| data.get() == "{}") {
            assert_eq!((frame.kind, frame.action), ("order", "update"), "{who}: {text}");
            self.reloads += 1;
            self.read_lists();
            return true;
        }
        assert_eq!(frame.kind, kind_of(frame.id), "{who}: {text}");
        assert!(frame.seq > 0, "{who}: {text}");
        self.told.insert(frame.id.to_string());
        let is_held = self.held.contains_key(frame.id);
        if self.care == Care::Strict && !is_held {
            let is_shown = shown_one(&mut self.visitor, frame.id).is_some();
            assert!(frame.action != "delete" && is_shown, "{who} is told of what it may not see: {text}");
        }
        match (frame.action, frame.data) {
            ("convert_to_order", None) => {
                // It is told what became of it, and asks for both.
                self.fetch(frame.id);
                if !frame.order_id.is_empty() {
                    self.told.insert(frame.order_id.to_string());
                    self.fetch(frame.order_id);
                }
            }
            ("create" | "update", Some(data)) => {
                self.last.look(frame.id, data.get());
                self.held.insert(frame.id.to_string(), data.get().to_string());
            }
            ("delete", None) => {
                self.held.remove(frame.id);
            }
            _ => panic!("{who}: {text}"),
        }
        false
    }

    fn fetch(&mut self, id: &str) {
        if let Some(record) = shown_one(&mut self.visitor, id) {
            self.last.look(id, &record);
            self.held.insert(id.to_string(), record);
        } else {
            assert!(self.care == Care::Lenient, "{} is told of {id}, and there is none", self.who);
            self.held.remove(id);
        }
    }

    pub fn check(&mut self, at: &str) {
        let shown = Shown::to(&mut self.visitor, None);
        assert_same(&self.held, &shown.held, &format!("{} after {at}", self.who));
    }
}

/// Says which ones differ.
pub fn assert_same(held: &Held, shown: &Held, who: &str) {
    let all: BTreeSet<&String> = held.keys().chain(shown.keys()).collect();
    let differing: Vec<_> = all.into_iter().filter(|id| held.get(*id) != shown.get(*id)).collect();
    if let Some(first) = differing.first() {
        let (held, shown) = (held.get(*first), shown.get(*first));
        panic!("{who}: {} differ: {differing:?}\nheld:  {held:?}\nshown: {shown:?}", differing.len());
    }
}
