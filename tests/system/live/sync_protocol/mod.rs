//! `/sync` and `/api/changes` frame by frame.
//!
//! Goal: the greeting, the catch-up, the live feed and the word to reload are exactly what the manual says, over the
//! socket and over HTTP alike, and the switch from one to the other has no gap and no double.
//!
//! Method: a screen that was there from the first change on has every frame; what any other device must be sent is
//! computed from these frames and compared whole, for every place at which it could resume. What must not be sent is
//! shown by what comes next, since frames come in commit order.

mod joining;
mod resuming;
mod waiting;

use serde_json::{Value, json};

use crate::support::http::{Client, Reply};
use crate::support::samples;
use crate::support::server::Server;
use crate::support::socket::Socket;
use crate::support::sync::{self, Bookmark, reduced};
use crate::support::till::{self, Stored};

const KINDS: [&str; 2] = ["estimate", "order"];

/// A shop in which everything has happened once, and every frame of it.
struct Shop {
    server: Server,
    till: Client,
    screen: Socket,
    frames: Vec<Value>,
    epoch: String,
}

impl Shop {
    fn open() -> Self {
        let server = Server::start();
        let (screen, hello) = sync::open(server.addr, "");
        assert_eq!((hello.seq, hello.resume.as_str()), (0, "live"));
        let mut shop = Self { till: server.client(), server, screen, frames: Vec::new(), epoch: hello.epoch };
        shop.trade();
        shop
    }

    fn trade(&mut self) {
        const CHANGES: usize = 18;
        let till = &mut self.till;
        let [edited, deleted, converted, sold] =
            ["edited", "deleted", "converted", "sold"].map(|customer| till::create_estimate(till, customer));
        let [packed, gone, _] = ["packed", "gone", "untouched"].map(|customer| till::create_sale(till, customer));
        till.put(&format!("/api/estimates/{}", edited.id), &samples::estimate("edited again")).expect(200);
        till.delete(&format!("/api/estimates/{}", deleted.id)).expect(200);
        till::convert(till, &converted.id, br#"{"sale_by":"Mina"}"#).expect(200);
        let mut sale = samples::sale("sold");
        sale["source_estimate_id"] = json!(sold.id);
        let order = Stored::order(&till.post("/api/orders/create-sale", &sale).expect(201));
        till.request("PUT", &format!("/api/orders/{}/status?status=Packed", packed.id), &[], None).expect(200);
        till.delete(&format!("/api/orders/{}", gone.id)).expect(200);
        // With it goes the estimate that it came from.
        till.delete(&format!("/api/orders/{}", order.id)).expect(200);
        till::create_estimate(till, "the last one");
        for _ in 0..CHANGES {
            self.frames.push(self.screen.next_json());
        }
    }

    fn seq(&self) -> u64 {
        self.frames.len() as u64
    }

    fn query(&self, since: u64) -> String {
        Bookmark { seq: since, epoch: self.epoch.clone() }.query()
    }

    /// What a device that has everything up to `since` must be sent.
    fn missed(&self, since: u64, types: &[&str]) -> Vec<Value> {
        let is_asked_for = |frame: &&Value| types.contains(&frame["type"].as_str().unwrap());
        let after = |frame: &&Value| frame["seq"].as_u64().unwrap() > since;
        reduced(self.frames.iter().filter(after).filter(is_asked_for))
    }

    fn changes(&mut self, query: &str) -> Page {
        Page::of(&self.till.get(&format!("/api/changes?{query}")))
    }
}

/// An answer of `/api/changes`.
#[derive(Debug, PartialEq)]
struct Page {
    resume: String,
    changes: Vec<Value>,
    next: u64,
    epoch: String,
    seq: u64,
}

impl Page {
    fn of(reply: &Reply) -> Self {
        let answer = reply.expect(200);
        let number = |key: &str| answer[key].as_u64().unwrap_or_else(|| panic!("no {key} in {answer}"));
        Self {
            resume: till::text(&answer, "resume"),
            changes: till::array(answer["changes"].clone()),
            next: number("next"),
            epoch: till::text(&answer, "epoch"),
            seq: number("seq"),
        }
    }

    /// The query for the page behind this one.
    fn next_query(&self) -> String {
        Bookmark { seq: self.next, epoch: self.epoch.clone() }.query()
    }
}
