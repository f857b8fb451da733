//! The same over HTTP: pages of changes, and questions that wait for the next one (long poll).

use std::time::Instant;

use serde_json::{Value, json};

use super::{Page, Shop};
use crate::support::DEADLINE;
use crate::support::http::Client;
use crate::support::server::Server;
use crate::support::sync;
use crate::support::till;

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
