//! `/sync` and `/api/changes` frame by frame (DESIGN.md §6).
//!
//! Goal: the greeting, the catch-up, the live feed and the word to reload are exactly what the document says, over the
//! socket and over HTTP alike, and the switch from one to the other has no gap and no double.
//!
//! Method: a screen that was there from the first change on has every frame; what any other device must be sent is
//! computed from these frames and compared whole, for every place at which it could resume. What must not be sent is
//! shown by what comes next, since frames come in commit order.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use serde_json::{Value, json};

use crate::support::http::{Client, Reply};
use crate::support::random::Random;
use crate::support::server::Server;
use crate::support::socket::Socket;
use crate::support::storm::{BusyTill, Progress};
use crate::support::sync::{self, Bookmark, Change, Follower, Hello, reduced};
use crate::support::till::{self, Stored};
use crate::support::{DEADLINE, samples, wait_until};

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

#[test]
fn every_live_frame_carries_the_whole_change_and_a_conversion_is_followed_by_its_order() {
    let shop = Shop::open();
    for (frame, seq) in shop.frames.iter().zip(1..) {
        let change = Change::of(frame);
        assert_eq!(change.seq, seq);
        if frame["action"] == "create" {
            assert_eq!(frame["by"], frame["data"]["sale_by"], "{frame}");
        }
    }
    let conversions: Vec<usize> =
        (0..shop.frames.len()).filter(|&at| shop.frames[at]["action"] == "convert_to_order").collect();
    assert_eq!(conversions.len(), 2);
    for at in conversions {
        let [conversion, order] = [&shop.frames[at], &shop.frames[at + 1]];
        assert_eq!((&order["type"], &order["action"]), (&json!("order"), &json!("create")));
        assert_eq!(order["id"], conversion["order_id"]);
        assert_eq!(order["data"]["source_estimate_id"], conversion["id"]);
    }
    let actions: Vec<&str> = shop.frames.iter().rev().take(4).map(|frame| frame["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["create", "delete", "delete", "delete"]);
    assert_eq!([&shop.frames[15]["type"], &shop.frames[16]["type"]], ["order", "estimate"]);
}

#[test]
fn a_device_that_was_away_gets_the_latest_state_of_what_changed_wherever_it_stopped() {
    let mut shop = Shop::open();
    let seq = shop.seq();
    for since in 0..=seq {
        let query = shop.query(since);
        let (mut socket, changes, live_seq) = sync::caught_up(shop.server.addr, &query);
        assert_eq!(changes, shop.missed(since, &KINDS), "since {since}");
        assert_eq!(live_seq, seq);
        assert_eq!(socket.texts_until_pong(), Vec::<String>::new(), "more than was missed, since {since}");

        let page = shop.changes(&query);
        assert_ne!(page.resume, "reset");
        assert_eq!(page.changes, changes, "/api/changes since {since}");
        assert_eq!((page.next, page.seq, &page.epoch), (seq, seq, &shop.epoch));
        for kind in KINDS {
            let query = format!("{query}&types={kind}");
            let (_, changes, live_seq) = sync::caught_up(shop.server.addr, &query);
            assert_eq!((changes, live_seq), (shop.missed(since, &[kind]), seq), "{query}");
            assert_eq!(shop.changes(&query).changes, shop.missed(since, &[kind]), "{query}");
        }
    }
}

#[test]
fn the_greeting_says_how_the_feed_goes_on() {
    let mut shop = Shop::open();
    let (seq, epoch) = (shop.seq(), shop.epoch.clone());
    let rows = [
        (String::new(), "live"),
        ("since=0".into(), "catch_up"),
        (format!("since=0&epoch={epoch}"), "catch_up"),
        (format!("since=1&epoch={epoch}"), "catch_up"),
        (format!("epoch={epoch}&since={}", seq - 1), "catch_up"),
        ("since=1".into(), "reset"),
        ("since=1&epoch=".into(), "reset"),
        ("since=1&epoch=unknown".into(), "reset"),
        (format!("since=1&epoch={epoch}0"), "reset"),
        (format!("since={}&epoch={epoch}", seq + 1), "reset"),
        (format!("since={}&epoch={epoch}", u64::MAX), "reset"),
    ];
    for (query, resume) in rows {
        let (_, hello) = sync::open(shop.server.addr, &query);
        let expected = Hello { seq, epoch: epoch.clone(), resume: resume.to_string() };
        assert_eq!(hello, expected, "{query}");
        let page = shop.changes(&query);
        assert_eq!(page.resume == "reset", resume == "reset", "{query}: {page:?}");
        if resume != "catch_up" {
            // From here on nothing is missed.
            let empty = Page { resume: resume.to_string(), changes: Vec::new(), next: seq, epoch: epoch.clone(), seq };
            assert_eq!(page, empty, "{query}");
        }
    }
}

#[test]
fn whatever_the_greeting_says_the_next_change_follows() {
    let mut shop = Shop::open();
    for since in [String::new(), "since=0".into(), shop.query(3), shop.query(shop.seq()), "since=5".into()] {
        let (mut socket, _, live_seq) = sync::caught_up(shop.server.addr, &since);
        let estimate = till::create_estimate(&mut shop.till, "Asha");
        let frame = socket.next_json();
        assert_eq!((&frame["id"], &frame["seq"]), (&json!(estimate.id), &json!(live_seq + 1)), "{since}");
        assert_eq!(frame, shop.screen.next_json(), "all devices are sent the same");
    }
}

#[test]
fn malformed_questions_are_refused_in_words() {
    const UPGRADE: [(&str, &str); 4] = [
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    let server = Server::start();
    let both = [
        "since=abc",
        "since=",
        "since=-1",
        "since=1.5",
        "since=18446744073709551616",
        "types=receipt",
        "types=estimate,receipt",
    ];
    for query in both {
        let reply = server.client().request("GET", &format!("/sync?{query}"), &UPGRADE, None);
        assert!(!reply.detail(400).is_empty(), "/sync?{query}");
    }
    for query in both.into_iter().chain(["limit=-1", "limit=many", "wait=-1", "wait=soon"]) {
        let reply = server.get(&format!("/api/changes?{query}"));
        assert!([400, 422].contains(&reply.status), "{query}: {} {}", reply.status, reply.text());
        assert!(!reply.detail(reply.status).is_empty(), "{query}");
    }
    assert!(!server.get("/sync").detail(426).is_empty());
}

/// The next change; on a slow machine the word how far the shop is may come before it.
fn next_change(socket: &mut Socket) -> Value {
    loop {
        let frame = socket.next_json();
        if frame["action"] != "at" {
            return frame;
        }
    }
}

#[test]
fn a_device_that_asked_for_one_kind_gets_only_that_and_still_learns_how_far_the_shop_is() {
    let server = Server::start();
    let mut till = server.client();
    let mut everything = sync::open(server.addr, "").0;
    let mut of_kind: BTreeMap<&str, Socket> =
        KINDS.into_iter().map(|kind| (kind, sync::open(server.addr, &format!("types={kind}")).0)).collect();
    let mut of_both = sync::open(server.addr, "types=estimate,order").0;

    let estimate = till::create_estimate(&mut till, "Asha");
    till::convert(&mut till, &estimate.id, b"{}").expect(200);
    till::create_sale(&mut till, "Bina");
    let frames: Vec<Value> = (0..4).map(|_| everything.next_json()).collect();
    for frame in &frames {
        assert_eq!(&of_both.next_json(), frame);
        assert_eq!(&next_change(of_kind.get_mut(frame["type"].as_str().unwrap()).unwrap()), frame);
    }

    // From here on nothing that the first asked for happens, so it is told the sequence alone.
    for customer in ["Charu", "Devi"] {
        till::create_sale(&mut till, customer);
    }
    let estimates = of_kind.get_mut("estimate").unwrap();
    let mut told = 2;
    while told < 6 {
        let frame = estimates.next_json();
        let seq = frame["seq"].as_u64().unwrap();
        assert_eq!(frame, json!({"type": "sync", "action": "at", "seq": seq}));
        assert!((told + 1..=6).contains(&seq), "{seq} after {told}");
        told = seq;
    }
    // Nothing but orders came before; with that bookmark nothing is sent twice, and the next estimate comes.
    let orders = of_kind.get_mut("order").unwrap();
    assert_eq!([5, 6].map(|_| next_change(orders)["seq"].clone()), [5, 6]);
    let epoch = sync::open(server.addr, "").1.epoch;
    let query = format!("{}&types=estimate", Bookmark { seq: told, epoch }.query());
    let (mut resumed, changes, _) = sync::caught_up(server.addr, &query);
    assert_eq!(changes, Vec::<Value>::new());
    let estimate = till::create_estimate(&mut till, "Esha");
    for socket in [&mut resumed, of_kind.get_mut("estimate").unwrap()] {
        assert_eq!(next_change(socket)["id"], estimate.id.as_str());
    }
}

#[test]
fn a_text_ping_is_answered_at_any_time_and_everything_else_is_ignored() {
    let shop = Shop::open();
    for query in ["", "since=0", "since=9", "types=order"] {
        let (mut socket, _, _) = sync::caught_up(shop.server.addr, query);
        for text in ["hello", "{}", "Ping"] {
            socket.send_text(text);
        }
        for _ in 0..2 {
            assert_eq!(socket.texts_until_pong(), Vec::<String>::new(), "{query}");
        }
    }
    // Also before the catch-up was read.
    let mut socket = Socket::connect(shop.server.addr, "/sync?since=0", &[]);
    let texts = socket.texts_until_pong();
    assert_eq!(Hello::of(&serde_json::from_str(&texts[0]).unwrap()).resume, "catch_up");
}

#[test]
fn the_old_app_gets_every_frame_of_sync_for_itself() {
    let server = Server::start();
    // On `/ws` its frames are kept apart and joined.
    let mut app = Socket::connect(server.addr, "/sync", &[("User-Agent", "Dart/3.4 (dart:io)")]);
    assert_eq!(Hello::of(&app.next_json()).resume, "live");
    let mut till = server.client();
    let created: Vec<Stored> = (0..20).map(|_| till::create_estimate(&mut till, "Asha")).collect();
    for estimate in created {
        assert_eq!(app.next_json()["id"], estimate.id.as_str());
    }
}

#[test]
fn a_stop_closes_every_device_with_1001_and_answers_or_ends_every_waiting_question() {
    let mut server = Server::start();
    let mut till = server.client();
    for _ in 0..3 {
        till::create_estimate(&mut till, "Asha");
    }
    let mut devices = ["", "since=0", "since=9", "types=order"].map(|query| sync::caught_up(server.addr, query).0);
    let mut waiting = server.client();
    let start = Page::of(&waiting.get("/api/changes")).next_query();
    ask(&mut waiting, &format!("/api/changes?{start}&wait=60"));
    server.terminate();
    for device in &mut devices {
        assert_eq!(device.close_code(), Some(1001));
    }
    assert_eq!(server.wait_exit().code(), Some(0));
    if let Ok(reply) = waiting.try_read("GET") {
        assert!([200, 503].contains(&reply.status), "{} {}", reply.status, reply.text());
    }
}

#[test]
fn pages_of_any_size_together_are_what_one_answer_gives() {
    let mut shop = Shop::open();
    for types in ["", "&types=estimate", "&types=order"] {
        let whole = shop.changes(&format!("since=0{types}"));
        for limit in [1, 7, 100] {
            let mut paged = Vec::new();
            let mut page = shop.changes(&format!("since=0&limit={limit}{types}"));
            while !page.changes.is_empty() {
                assert!(page.changes.len() <= limit, "{} changes for a limit of {limit}", page.changes.len());
                assert_ne!(page.resume, "reset");
                let last = page.changes.last().unwrap()["seq"].as_u64().unwrap();
                assert!((last..=page.seq).contains(&page.next), "next is {} after {last}", page.next);
                paged.append(&mut page.changes);
                page = shop.changes(&format!("{}&limit={limit}{types}", page.next_query()));
            }
            assert_eq!(paged, whole.changes, "limit {limit}{types}");
            assert_eq!((page.next, page.seq), (whole.seq, whole.seq));
        }
    }
}

/// Asks without reading the answer yet.
fn ask(client: &mut Client, path: &str) {
    client.send_raw(format!("GET {path} HTTP/1.1\r\nHost: shop\r\n\r\n").as_bytes()).unwrap();
}

#[test]
fn a_waiting_question_is_answered_by_the_next_change() {
    // Far more rounds than the deadline has room for if each waited for its time to run out.
    const ROUNDS: u64 = 30;
    let server = Server::start();
    let (mut till, mut waiting) = (server.client(), server.client());
    let mut page = Page::of(&waiting.get("/api/changes"));
    let began = Instant::now();
    for _ in 0..ROUNDS {
        ask(&mut waiting, &format!("/api/changes?{}&wait=5", page.next_query()));
        let estimate = till::create_estimate(&mut till, "Asha");
        page = Page::of(&waiting.read("GET"));
        assert_eq!(page.changes.len(), 1);
        assert_eq!(page.changes[0]["id"], estimate.id.as_str());
        assert_eq!((page.next, page.seq), (estimate.number, estimate.number));
    }
    assert!(began.elapsed() < DEADLINE, "the answers waited for their time-out");

    // What is there already is not waited for; what never comes is an empty page.
    let page = Page::of(&waiting.get("/api/changes?since=0&wait=20"));
    assert_eq!(page.changes.len() as u64, ROUNDS);
    let empty = Page::of(&waiting.get(&format!("/api/changes?{}&wait=1", page.next_query())));
    assert_eq!(empty.changes, Vec::<Value>::new());
    assert_eq!((empty.next, empty.seq, &empty.epoch), (ROUNDS, ROUNDS, &page.epoch));
    assert_ne!(empty.resume, "reset");
    // Who must reload is told so at once.
    assert_eq!(Page::of(&waiting.get("/api/changes?since=1&epoch=unknown&wait=20")).resume, "reset");
}

#[test]
fn one_change_answers_everybody_who_waits_for_it() {
    const WAITING: usize = 50;
    let server = Server::start();
    let start = Page::of(&server.get("/api/changes")).next_query();
    let mut waiting: Vec<Client> = (0..WAITING).map(|_| server.client()).collect();
    for client in &mut waiting {
        ask(client, &format!("/api/changes?{start}&wait=30"));
    }
    let estimate = till::create_estimate(&mut server.client(), "Asha");
    for client in &mut waiting {
        let page = Page::of(&client.read("GET"));
        assert_eq!((page.changes.len(), &page.changes[0]["id"]), (1, &json!(estimate.id)));
    }
}

#[test]
fn a_waiting_question_for_one_kind_ends_with_a_change_of_that_kind() {
    let server = Server::start();
    let (mut till, mut waiting) = (server.client(), server.client());
    let start = Page::of(&waiting.get("/api/changes")).next_query();
    ask(&mut waiting, &format!("/api/changes?{start}&types=order&wait=30"));
    till::create_estimate(&mut till, "Asha");
    let sale = till::create_sale(&mut till, "Asha");
    let deadline = Instant::now() + DEADLINE;
    loop {
        let page = Page::of(&waiting.read("GET"));
        if let [order] = page.changes.as_slice() {
            assert_eq!((&order["id"], page.next), (&json!(sale.id), 2));
            return;
        }
        // It may be told of the estimate's sequence first.
        assert_eq!((page.changes.len(), page.next), (0, 1));
        assert!(Instant::now() < deadline, "the sale never came");
        ask(&mut waiting, &format!("/api/changes?{}&types=order&wait=30", page.next_query()));
    }
}

fn seq_of(reply: &Reply) -> u64 {
    reply.header("sync-seq").expect("Sync-Seq").parse().unwrap()
}

#[test]
fn every_list_says_which_state_of_the_shop_it_shows() {
    let mut shop = Shop::open();
    let estimates = ["all", "all?limit=1", "pending", "converted"].map(|list| format!("/api/estimates/{list}"));
    let orders = ["orders-only", "separate", "all"].map(|list| format!("/api/orders/{list}"));
    for path in estimates.iter().chain(&orders).chain(&["/api/search?q=a".to_string()]) {
        let reply = shop.till.get(path);
        assert_eq!((seq_of(&reply), reply.header("sync-epoch")), (shop.seq(), Some(shop.epoch.as_str())), "{path}");
    }
}

/// The records of a list by their ids.
fn records(reply: &Reply, pointer: &str) -> BTreeMap<String, Value> {
    let list = till::array(reply.json().pointer(pointer).expect("a list").clone());
    list.into_iter().map(|record| (till::text(&record, "id"), record)).collect()
}

#[test]
fn a_list_read_during_a_storm_and_the_frames_after_it_make_the_list_at_the_end() {
    const DEVICES: u64 = 10;
    const LISTS: [(&str, &str, &str); 2] =
        [("EST-", "/api/estimates/all", ""), ("ORDER-", "/api/orders/orders-only", "/orders/items")];
    let server = Server::start();
    let progress = Progress::of_devices(1);
    let sent = AtomicU64::new(0);
    let devices: Vec<(Socket, [Reply; 2])> = thread::scope(|scope| {
        for writer in 0..4 {
            let (mut till, progress, sent) = (BusyTill::new(server.addr, writer), &progress, &sent);
            scope.spawn(move || {
                while !progress.is_writing_over() {
                    assert!(till.act());
                    sent.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        let join = |device: u64| {
            wait_until("the storm goes on", || sent.load(Ordering::SeqCst) > 30 * device);
            let (socket, hello) = sync::open(server.addr, "");
            let mut client = server.client();
            let lists = LISTS.map(|(_, path, _)| client.get(path));
            for list in &lists {
                assert!(seq_of(list) >= hello.seq, "a list is older than the feed that was joined before");
            }
            (socket, lists)
        };
        let devices = (1..=DEVICES).map(join).collect();
        progress.writing_is_over();
        devices
    });
    let mut client = server.client();
    let marker = till::create_estimate(&mut client, "the last one");
    let at_the_end = LISTS.map(|(_, path, pointer)| records(&client.get(path), pointer));
    for (mut socket, lists) in devices {
        let mut changes: Vec<Change> = Vec::new();
        while changes.last().is_none_or(|change| change.id != marker.id) {
            changes.push(Change::of(&socket.next_json()));
        }
        for (((prefix, path, pointer), list), at_the_end) in LISTS.into_iter().zip(&lists).zip(&at_the_end) {
            let mut shown = records(list, pointer);
            for change in changes.iter().filter(|change| change.seq > seq_of(list) && change.id.starts_with(prefix)) {
                match change.record.clone() {
                    Some(record) => shown.insert(change.id.clone(), record),
                    None => shown.remove(&change.id),
                };
            }
            assert_eq!(&shown, at_the_end, "{path} of {} and what came after it", seq_of(list));
        }
    }
}

#[test]
fn wherever_and_whenever_a_device_joins_a_storm_it_has_no_gap_and_no_double() {
    const WRITERS: u64 = 4;
    const COMMANDS: u64 = 3_000;
    const JOINERS: usize = 6;
    let server = Server::start();
    let epoch = sync::open(server.addr, "").1.epoch;
    // The first one of these is there all the time; the others come and go.
    let progress = Progress::of_devices(1);
    let follow_to_the_end = || {
        let mut witness = Follower::from_beginning();
        witness.follow(|| server.addr, |seq| progress.note(0, seq));
        witness.into_commits()
    };
    // Joins again and again, at another place each time, and stays for a while.
    let come_and_go = |seed: u64| {
        let mut random = Random::new(seed);
        let mut stays = Vec::new();
        while !progress.is_writing_over() {
            let now = progress.of(0);
            let mut follower = match random.within(0..5) {
                0 => Follower::from_now(),
                1 => Follower::from_beginning(),
                _ => {
                    let seq = random.within(now.saturating_sub(500)..now + 1);
                    Follower::from_bookmark(&Bookmark { seq, epoch: epoch.clone() })
                }
            };
            if random.one_in(2) {
                follower = follower.only(KINDS[random.index(KINDS.len())]);
            }
            let until = now + random.within(1..200);
            follower.follow(|| server.addr, |seq| seq >= until || progress.is_writing_over());
            if !follower.epochs.is_empty() {
                stays.push(follower);
            }
        }
        stays
    };
    let (commits, stays) = thread::scope(|scope| {
        let witness = scope.spawn(follow_to_the_end);
        let joiners: Vec<_> = (0..JOINERS as u64).map(|seed| scope.spawn(move || come_and_go(seed))).collect();
        let sent = AtomicU64::new(0);
        thread::scope(|writers| {
            for writer in 0..WRITERS {
                let (sent, addr) = (&sent, server.addr);
                writers.spawn(move || BusyTill::new(addr, writer).act_until(sent, COMMANDS, || ()));
            }
        });
        progress.finish(&mut server.client());
        let stays: Vec<Follower> = joiners.into_iter().flat_map(|joiner| joiner.join().unwrap()).collect();
        (witness.join().unwrap(), stays)
    });
    assert!(stays.len() > 2 * JOINERS, "only {} devices joined during the storm", stays.len());
    for stay in stays {
        stay.assert_complete(&commits);
    }
}

#[test]
fn who_must_reload_is_in_the_log_once_however_often_it_comes() {
    let server = Server::start();
    for _ in 0..20 {
        assert_eq!(Page::of(&server.get("/api/changes?since=7&epoch=unknown")).resume, "reset");
        let mut socket = server.socket("/sync?since=7&epoch=unknown");
        assert_eq!(socket.next_json()["resume"], "reset");
    }
    let lines = || server.log().lines().filter(|line| line.contains("is told to reload")).map(String::from).collect();
    // The log is written behind the work.
    wait_until("the line is in the log", || !Vec::is_empty(&lines()));
    server.get("/health").expect(200);
    let lines: Vec<String> = lines();
    assert!(matches!(lines.as_slice(), [one] if one.contains("127.0.0.1") && one.contains("up to 7")), "{lines:?}");
    assert_eq!(server.get("/health").expect(200)["counters"]["resets"], 40, "each is counted");
}
