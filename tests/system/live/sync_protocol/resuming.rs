//! The greeting, the catch-up and the live feed over the socket.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{KINDS, Page, Shop};
use crate::support::server::Server;
use crate::support::socket::Socket;
use crate::support::sync::{self, Bookmark, Change, Hello};
use crate::support::till::{self, Stored};

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
