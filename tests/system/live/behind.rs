//! Clients that do not take their changes in time (promises 6 to 8).
//!
//! Goal: nobody waits for them, their memory is bounded, and nothing is skipped: they go on from the log, on the same connection,
//! with the latest state of everything, and whatever else they were to be told. Only one that acknowledges nothing for a minute is
//! closed.
//!
//! Method: sockets that take in little are not read until the server says that they are behind; then they are read.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tungstenite::protocol::frame::coding::CloseCode;

use crate::support::people::{SELLER_PIN, Staffed};
use crate::support::server::Server;
use crate::support::socket::{Ended, Socket};
use crate::support::storm::BusyTill;
use crate::support::sync::{self, Follower};
use crate::support::till::{self, bulky_estimate};
use crate::support::visitor::Visitor;
use crate::support::{DEADLINE, samples, wait_until};

/// As many records of 100 KB are more than the buffers between and an outbox hold.
const BULKY: u64 = 150;

/// Stores until so many clients are behind.
fn fall_behind(till: &mut Visitor, clients: u64) {
    for _ in 0..BULKY {
        till.post("/api/estimates/create", &bulky_estimate("Asha")).expect(201);
        if till.get("/health").expect(200)["counters"]["fell_behind"].as_u64() >= Some(clients) {
            return;
        }
    }
    panic!("after {BULKY} records not so many are behind");
}

#[test]
fn a_client_that_was_behind_knows_the_settings_that_were_saved_meanwhile() {
    let server = Server::start();
    let mut socket = Socket::try_connect_narrow(server.addr, "/sync", &[]).unwrap();
    assert_eq!(socket.next_json()["action"], "hello");
    fall_behind(&mut Visitor::browser(server.addr), 1);
    let mut till = server.client();
    till.put("/api/settings", &json!({"shop_name": "Asha & Sons"})).expect(200);
    till::create_estimate(&mut till, "marker");
    let (mut seq, mut is_told) = (0, false);
    loop {
        let frame = socket.next_json();
        match (frame["type"].as_str().unwrap(), frame["action"].as_str().unwrap()) {
            ("sync", action) => {
                assert_eq!((action, &frame["seq"]), ("live", &json!(seq)));
                break;
            }
            ("settings", _) => is_told = frame["data"]["shop_name"] == "Asha & Sons",
            _ => {
                assert!(frame["seq"].as_u64() > Some(seq), "{}", frame["seq"]);
                seq = frame["seq"].as_u64().unwrap();
            }
        }
    }
    assert!(is_told, "before it is live it knows them");
    till::create_estimate(&mut till, "Bina");
    assert_eq!(socket.next_json()["seq"], seq + 1);
}

#[test]
fn what_was_overtaken_while_a_client_was_behind_is_skipped_and_nothing_else() {
    let server = Server::start();
    let mut till = server.client();
    let edited = till::create_estimate(&mut till, "First");
    let mut sockets = ["/ws", "/sync"].map(|path| Socket::try_connect_narrow(server.addr, path, &[]).unwrap());
    assert_eq!(sockets[1].next_json()["action"], "hello");
    fall_behind(&mut Visitor::browser(server.addr), 2);
    for number in 0..100 {
        let path = format!("/api/estimates/{}", edited.id);
        till.put(&path, &samples::estimate(&format!("Edit {number}"))).expect(200);
    }
    let deleted = till::create_estimate(&mut till, "Deleted");
    till.delete(&format!("/api/estimates/{}", deleted.id)).expect(200);
    let sold = till.post(&format!("/api/estimates/{}/convert-to-order", edited.id), &json!({})).expect(200);
    let last = till::create_estimate(&mut till, "marker");
    for socket in &mut sockets {
        let (mut seen, mut seq) = (Vec::new(), 1);
        loop {
            let frame = socket.next_json();
            if frame["type"] == "sync" {
                continue;
            }
            assert!(frame["seq"].as_u64() > Some(seq), "{}", frame["seq"]);
            seq = frame["seq"].as_u64().unwrap();
            let is_last = frame["id"] == json!(last.id);
            seen.push(frame);
            if is_last {
                break;
            }
        }
        let of = |id: &Value| -> Vec<&str> {
            let frames = seen.iter().filter(|frame| frame["id"] == *id);
            frames.map(|frame| frame["action"].as_str().unwrap()).collect()
        };
        assert_eq!(of(&json!(edited.id)), ["convert_to_order"], "its last state alone");
        assert_eq!((of(&json!(deleted.id)), of(&sold["order_id"])), (vec!["delete"], vec!["create"]));
    }
}

#[test]
fn a_client_whose_role_is_narrowed_while_it_is_behind_begins_anew_with_what_is_its_own() {
    const HIDDEN: &str = "Needle Hidden";
    let mut shop = Staffed::open();
    let role = shop.role("Floor", &["sell", "estimate"], &Value::Null);
    let (_, mut seller) = shop.worker("Ravi", role, SELLER_PIN);
    let own = seller.create_estimate("Own");
    let mut socket = seller.narrow_socket("/sync");
    let hello = socket.next_json();
    fall_behind(&mut shop.owner, 1);
    let scope = json!({"scope": {"estimates": "own", "orders": "own"}});
    shop.owner.put(&format!("/api/roles/{role}"), &scope).expect(200);
    shop.owner.create_estimate(HIDDEN);
    let again = seller.create_estimate("Own again");
    let view = loop {
        let frame = socket.next_json();
        assert!(!frame.to_string().contains(HIDDEN));
        if frame["type"] == "sync" {
            break frame;
        }
    };
    assert_eq!((&view["action"], &view["resume"]), (&json!("view"), &json!("reset")), "{view}");
    assert_ne!(view["epoch"], hello["epoch"]);
    assert_eq!(seller.get("/api/estimates/all").header("Sync-Epoch"), view["epoch"].as_str());
    assert_eq!(seller.ids("/api/estimates/all"), [again.id.clone(), own.id]);
    // It is live: what follows is its own.
    shop.owner.create_estimate(HIDDEN);
    let third = seller.create_estimate("Own once more");
    loop {
        let frame = socket.next_json();
        assert!(frame["type"] == "sync" || frame["id"] == json!(again.id) || frame["id"] == json!(third.id), "{frame}");
        if frame["id"] == json!(third.id) {
            break;
        }
    }
}

/// Resident memory of the server in KiB.
#[cfg(target_os = "linux")]
fn memory_kib(server: &Server) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// What one of many clients has made of its frames, read no further than is needed: the last sequence of each record.
fn latest_of(mut socket: Socket, end: &AtomicU64) -> BTreeMap<String, u64> {
    let mut latest = BTreeMap::new();
    let mut reached = 0;
    while reached < end.load(Ordering::SeqCst) {
        let text = socket.try_next_text().expect("one that reads is not closed");
        let after = |key: &str| text.split_once(key).unwrap_or_else(|| panic!("no {key} in {text:.200}")).1;
        let digits = after("\"seq\":");
        let seq = digits[..digits.find(|c: char| !c.is_ascii_digit()).unwrap()].parse().unwrap();
        if text.starts_with("{\"type\":\"sync\"") || text.starts_with("{\"type\":\"settings\"") {
            assert!(seq >= reached, "{seq} after {reached}");
        } else {
            assert!(seq > reached, "{seq} after {reached}");
            let id = after("\"id\":\"").split('"').next().unwrap();
            latest.insert(id.to_string(), seq);
        }
        reached = seq;
    }
    latest
}

/// 20,000 changes as fast as 32 writers can, 200 clients who read, and beside them one that stops, one that reads a kilobyte a
/// second, and one that sleeps for 50 s.
#[test]
#[cfg(target_os = "linux")]
#[ignore = "long: cargo test-all"]
fn among_two_hundred_nobody_is_closed_but_who_acknowledges_nothing_for_a_minute() {
    const CLIENTS: usize = 200;
    /// Of these, those of whom every byte is looked at; that of all of them is more than a small machine does beside the server.
    const WHOLE: usize = 4;
    const WRITERS: u64 = 32;
    const CHANGES: u64 = 20_000;
    const SLEEP: Duration = Duration::from_secs(50);
    /// For what waits for three slow ones and the connections themselves; a queue that grows would take hundreds.
    const GROWTH_MIB_MAX: u64 = 64;
    let server = Server::start();
    let narrow = || Socket::try_connect_narrow(server.addr, "/sync", &[]).unwrap();
    let (mut stopped, mut trickling, mut sleeping) = (narrow(), narrow(), narrow());
    for socket in [&mut stopped, &mut trickling, &mut sleeping] {
        assert_eq!(socket.next_json()["action"], "hello");
    }
    let start = Instant::now();
    let (is_over, end) = (AtomicBool::new(false), AtomicU64::new(u64::MAX));
    let (followers, latest): (Vec<Follower>, Vec<BTreeMap<String, u64>>) = thread::scope(|scope| {
        let trickle = || {
            let mut bytes = [0; 1_024];
            while !is_over.load(Ordering::SeqCst) {
                let length = trickling.inner.get_mut().read(&mut bytes).expect("it is not closed");
                assert!(length > 0, "it is not closed");
                // This is what it does; nothing waits for it.
                thread::sleep(Duration::from_secs(1));
            }
        };
        scope.spawn(trickle);
        let latest: Vec<_> = (WHOLE..CLIENTS)
            .map(|_| {
                let (mut socket, end) = (server.socket("/sync"), &end);
                assert_eq!(socket.next_json()["action"], "hello");
                scope.spawn(move || latest_of(socket, end))
            })
            .collect();
        let followers: Vec<_> = (0..WHOLE)
            .map(|_| {
                let mut follower = Follower::from_now().slow();
                follower.connect(server.addr).unwrap();
                let end = &end;
                scope.spawn(move || {
                    follower.follow(|| panic!("one that reads was closed"), |seq| seq >= end.load(Ordering::SeqCst));
                    follower
                })
            })
            .collect();
        let before = memory_kib(&server);
        let sent = AtomicU64::new(0);
        thread::scope(|writers| {
            for writer in 0..WRITERS {
                let (sent, addr) = (&sent, server.addr);
                writers.spawn(move || BusyTill::new(addr, writer).act_until(sent, CHANGES, || ()));
            }
        });
        let mut till = server.client();
        let last = till::create_estimate(&mut till, "marker");
        let seq = till.get("/api/changes").expect(200)["seq"].as_u64().unwrap();
        end.store(seq, Ordering::SeqCst);
        // Whoever had everything by then looks up once more.
        till.put("/api/settings", &json!({"shop_name": "Asha & Sons"})).expect(200);
        assert!(seq > CHANGES, "{seq}, {last:?}");
        let followers: Vec<Follower> = followers.into_iter().map(|follower| follower.join().unwrap()).collect();
        let latest: Vec<_> = latest.into_iter().map(|latest| latest.join().unwrap()).collect();
        let growth = memory_kib(&server).saturating_sub(before) >> 10;
        assert!(growth <= GROWTH_MIB_MAX, "{growth} MiB");

        // The one that slept goes on where it is.
        thread::sleep(SLEEP.saturating_sub(start.elapsed()));
        let mut slept_to = 0;
        while slept_to < seq {
            let frame = sleeping.next_json();
            let own = frame["seq"].as_u64().unwrap();
            assert!(own > slept_to || frame["type"] == "sync", "{own} after {slept_to}");
            slept_to = own;
        }
        // The one that stopped is told why it is closed; the one that trickles is not.
        wait_until("the stopped one is closed", || {
            server.get("/health").expect(200)["counters"]["closed_slow"] == 1 || start.elapsed() > 4 * DEADLINE
        });
        is_over.store(true, Ordering::SeqCst);
        (followers, latest)
    });
    let ended = loop {
        if let Err(ended) = stopped.try_next_text() {
            break ended;
        }
    };
    assert_eq!(ended, Ended::Closed(Some(CloseCode::Library(4408))));
    assert_eq!(server.get("/health").expect(200)["counters"]["closed_slow"], 1);
    let listed = sync::listed(&mut server.client());
    for follower in &followers {
        follower.assert_shows(&listed);
    }
    let all = &latest[0];
    assert!(listed.keys().all(|id| all.contains_key(id)));
    assert!(latest.iter().all(|own| own == all), "the latest of every record, and nobody has another");
}
