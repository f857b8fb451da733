//! Who is at which record: everybody who sees the record is told it within a moment, nobody else ever, and whoever has gone is gone
//! from all screens in the time that the manual's page `live` names.

mod leases;
mod limits;
mod sight;
mod telling;

use serde_json::{Value, json};

use crate::support::socket::{Ended, Socket};
use crate::support::till::{array, text};
use crate::support::visitor::Visitor;

/// A client of `/sync` that says where it is, and remembers what it was told.
struct Screen {
    socket: Socket,
    /// Every text, in the order in which it came.
    heard: Vec<String>,
    /// Up to here it was looked at.
    looked_at: usize,
}

impl Screen {
    fn open(visitor: &Visitor) -> Self {
        Self::open_at(visitor, "/sync")
    }

    /// Connects, and reads the greeting.
    fn open_at(visitor: &Visitor, path: &str) -> Self {
        let socket = visitor.socket(path).unwrap_or_else(|why| panic!("{path}: {why}"));
        let mut screen = Self { socket, heard: Vec::new(), looked_at: 0 };
        let hello = screen.next();
        assert_eq!(hello["action"], "hello", "{hello}");
        if hello["resume"] == "catch_up" {
            while screen.next()["action"] != "live" {}
        }
        screen
    }

    fn say(&mut self, id: &str, does: &str, tab: &str) {
        self.send(&json!({"type": "presence", "id": id, "does": does, "tab": tab}));
    }

    fn take(&mut self, id: &str, tab: &str) {
        self.send(&json!({"type": "presence", "id": id, "does": "edit", "tab": tab, "take": true}));
    }

    fn send(&mut self, message: &Value) {
        self.socket.send_text(&message.to_string());
    }

    /// The next frame.
    fn next(&mut self) -> Value {
        while self.looked_at >= self.heard.len() {
            let text = self.socket.next_text();
            self.heard.push(text);
        }
        self.looked_at += 1;
        serde_json::from_str(&self.heard[self.looked_at - 1]).unwrap()
    }

    /// The next frame that says who is at a record, whatever comes before.
    fn next_who(&mut self, id: &str) -> Vec<String> {
        loop {
            let frame = self.next();
            if frame["type"] == "presence" && frame["id"] == id && frame.get("action").is_none() {
                return who_of(&frame);
            }
        }
    }

    /// Waits until exactly these are said to be at a record; each as `name does`, in any order.
    fn sees(&mut self, id: &str, expected: &[&str]) {
        let mut expected: Vec<String> = expected.iter().map(ToString::to_string).collect();
        expected.sort_unstable();
        loop {
            let mut who = self.next_who(id);
            who.sort_unstable();
            if who == expected {
                return;
            }
        }
    }

    /// The next frame of presence with this action.
    fn next_action(&mut self, action: &str) -> Value {
        loop {
            let frame = self.next();
            if frame["type"] == "presence" && frame["action"] == action {
                return frame;
            }
        }
    }

    /// Everything that it was told of presence up to now.
    fn told(&mut self) -> Vec<Value> {
        let texts = self.socket.texts_until_pong();
        self.heard.extend(texts);
        self.looked_at = self.heard.len();
        let frames = self.heard.iter().map(|text| serde_json::from_str::<Value>(text).unwrap());
        frames.filter(|frame| frame["type"] == "presence").collect()
    }

    /// How often it was told who is at a record.
    fn count(&mut self, id: &str) -> usize {
        self.told().iter().filter(|frame| frame["id"] == id && frame.get("action").is_none()).count()
    }

    /// No byte of what it was told up to now names this.
    fn never_heard_of(&mut self, needle: &str) {
        self.told();
        assert!(!self.heard.iter().any(|text| text.contains(needle)), "{needle} in {:#?}", self.heard);
    }

    /// The code with which the server closes it.
    fn close_code(mut self) -> Option<u16> {
        loop {
            match self.socket.try_next_text() {
                Ok(_) => {}
                Err(Ended::Closed(code)) => return code.map(u16::from),
                Err(Ended::Broken(why)) => panic!("no close frame: {why}"),
            }
        }
    }
}

/// Each as `name does`, in their order.
fn who_of(frame: &Value) -> Vec<String> {
    assert_eq!(frame.as_object().unwrap().len(), 3, "{frame}");
    let who = array(frame["who"].clone());
    who.iter()
        .map(|one| {
            assert_eq!(one.as_object().unwrap().len(), 4, "{frame}");
            assert!(text(one, "since").parse::<jiff::Timestamp>().is_ok() && one["device"].is_string(), "{frame}");
            format!("{} {}", text(one, "name"), text(one, "does"))
        })
        .collect()
}

/// What `GET /api/presence` says to somebody: each as `name does id`, sorted.
fn present(visitor: &mut Visitor) -> Vec<String> {
    let listed = array(visitor.get("/api/presence").expect(200));
    let mut present: Vec<String> = listed
        .iter()
        .map(|one| {
            assert!(text(one, "since").parse::<jiff::Timestamp>().is_ok(), "{one}");
            let id = one.get("id").map_or("", |id| id.as_str().unwrap());
            format!("{} {} {id}", text(one, "name"), text(one, "does")).trim_end().to_string()
        })
        .collect();
    present.sort_unstable();
    present
}
