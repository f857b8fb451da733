//! Lists and the frames that follow them, during a storm of changes; and who must reload.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use serde_json::Value;

use super::{KINDS, Page, Shop};
use crate::support::http::Reply;
use crate::support::random::Random;
use crate::support::server::Server;
use crate::support::socket::Socket;
use crate::support::storm::{BusyTill, Progress};
use crate::support::sync::{self, Bookmark, Change, Follower};
use crate::support::till;
use crate::support::wait_until;

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
    let mut witness = Follower::from_beginning();
    witness.connect(server.addr).unwrap();
    let follow_to_the_end = || {
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
