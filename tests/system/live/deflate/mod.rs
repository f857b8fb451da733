//! Compressed frames of the live feed (`/sync?deflate=1`): one compressor for all who see the same.
//!
//! Goal: whoever joins, whenever, reads what follows, the very same bytes as everybody else in his view, and the same JSON as one
//! who gets plain frames; what is his alone comes plain; views beyond the compressors get plain frames. Method: clients that
//! inflate by themselves, join in the middle of a stream, and are compared frame by frame; clients that no one here wrote.

mod clients;
#[cfg(target_os = "linux")]
mod figures;

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use serde_json::json;

use crate::support::deflated::{DeflatedFrame, DeflatedSocket};
use crate::support::http::Client;
use crate::support::people::Staffed;
use crate::support::server::Server;
use crate::support::sync::Hello;
use crate::support::till;

/// How many views have a compressor (manual, page `limits`).
const COMPRESSORS: usize = 32;

fn metric(client: &mut Client, name: &str) -> u64 {
    let reply = client.get("/metrics");
    let line = reply.text().lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("no {name}"));
    line.trim().parse().unwrap()
}

/// Reads changes up to one of this sequence.
fn changes_until(socket: &mut DeflatedSocket, last: u64) -> Vec<DeflatedFrame> {
    let mut changes = Vec::new();
    while changes.last().is_none_or(|frame: &DeflatedFrame| frame.json()["seq"].as_u64() < Some(last)) {
        changes.push(socket.next_change());
    }
    changes
}

#[test]
fn whoever_joins_a_stream_under_way_reads_what_the_others_read_byte_for_byte() {
    const LATE: usize = 12;
    let server = Server::start();
    let mut plain = server.socket("/sync");
    let hello = Hello::of(&plain.next_json());
    let mut first = DeflatedSocket::connect(server.addr, "/sync?deflate=1", &[]);
    assert!(!first.next().is_deflated, "hello is for this client alone");
    let is_over = AtomicBool::new(false);
    let (late, first) = thread::scope(|scope| {
        let writers: Vec<_> = (0..4)
            .map(|writer| {
                let (mut till, is_over) = (server.client(), &is_over);
                scope.spawn(move || {
                    let mut count = 0;
                    while !is_over.load(Ordering::SeqCst) {
                        till::create_estimate(&mut till, &format!("Customer {writer}.{count}"));
                        count += 1;
                    }
                })
            })
            .collect();
        let mut late = Vec::new();
        for number in 0..LATE {
            // Every other one has something to catch up with first.
            let resume = format!("&since={}&epoch={}", hello.seq, hello.epoch);
            let path = format!("/sync?deflate=1{}", if number % 2 == 0 { "" } else { &resume });
            let mut socket = DeflatedSocket::connect(server.addr, &path, &[]);
            let mut frames = Vec::new();
            // Until it gets compressed frames, so that the next one joins behind it.
            while frames.iter().filter(|frame: &&DeflatedFrame| frame.is_deflated).count() < 3 {
                frames.push(socket.next());
            }
            late.push((socket, frames));
        }
        is_over.store(true, Ordering::SeqCst);
        for writer in writers {
            writer.join().unwrap();
        }
        (late, first)
    });
    let mut till = server.client();
    till::create_estimate(&mut till, "the last one");
    let last = till.get("/api/changes").expect(200)["seq"].as_u64().unwrap();

    let mut plain_texts = Vec::new();
    while plain_texts.len() < usize::try_from(last).unwrap() {
        plain_texts.push(plain.next_text());
    }
    let mut first = first;
    let all = changes_until(&mut first, last);
    assert!(all.iter().all(|frame| frame.is_deflated));
    assert!(all.iter().map(|frame| &frame.text).eq(&plain_texts), "the same as plain frames");
    for (mut socket, begun) in late {
        let rest = changes_until(&mut socket, last);
        let (alone, live): (Vec<_>, Vec<_>) = begun.into_iter().chain(rest).partition(|frame| !frame.is_deflated);
        let (_, behind) = all.split_at(all.len() - live.len());
        assert_eq!(live, behind, "the very same bytes");
        for frame in alone {
            let json = frame.json();
            let is_its_own = json["type"] == "sync" || plain_texts.contains(&frame.text);
            assert!(is_its_own, "{}", frame.text);
        }
    }
    let bytes = ["tillsync_deflate_after_bytes_total ", "tillsync_deflate_before_bytes_total "];
    let [after, before] = bytes.map(|name| metric(&mut till, name));
    assert!(0 < after && after * 2 < before, "{after} of {before}");
}

#[test]
fn kinds_of_records_are_views_of_their_own_and_what_is_for_one_alone_comes_plain() {
    let server = Server::start();
    let paths = ["/sync?deflate=1", "/sync?deflate=1&types=order", "/sync?types=estimate&deflate=1"];
    let mut sockets = paths.map(|path| DeflatedSocket::connect(server.addr, path, &[]));
    for socket in &mut sockets {
        assert!(!socket.next().is_deflated);
    }
    let mut till = server.client();
    for number in 0..10 {
        if number % 2 == 0 {
            till::create_estimate(&mut till, "Asha");
        } else {
            till::create_sale(&mut till, "Asha");
        }
    }
    till.put("/api/settings", &json!({"shop_name": "Corner Shop"})).expect(200);
    let seqs = |socket: &mut DeflatedSocket, count: usize| -> Vec<u64> {
        let frames: Vec<_> = std::iter::repeat_with(|| socket.next_change()).take(count).collect();
        assert!(frames.iter().all(|frame| frame.is_deflated));
        frames.iter().map(|frame| frame.json()["seq"].as_u64().unwrap()).collect()
    };
    let [both, orders, estimates] = &mut sockets;
    assert_eq!(seqs(both, 10), (1..=10).collect::<Vec<_>>());
    assert_eq!(seqs(orders, 5), [2, 4, 6, 8, 10]);
    assert_eq!(seqs(estimates, 5), [1, 3, 5, 7, 9]);
    // New settings go to several views as they are; how far one is, to one client. The stream goes on behind them.
    let settings = both.next();
    assert!(!settings.is_deflated && settings.json()["type"] == "settings", "{}", settings.text);
    let at = estimates.next();
    assert!(!at.is_deflated && at.json() == json!({"type": "sync", "action": "at", "seq": 10}), "{}", at.text);
    till::create_estimate(&mut till, "Asha");
    assert_eq!((seqs(both, 1), seqs(estimates, 1)), (vec![11], vec![11]));
}

#[test]
fn views_beyond_the_compressors_get_plain_frames_and_what_they_are_given_later_is_compressed_again() {
    const MORE: usize = 3;
    let mut shop = Staffed::open();
    let own = json!({"scope": {"estimates": "own", "orders": "own"}});
    let role = shop.role("Counter", &["sell", "estimate"], &own);
    let mut programs: Vec<_> = (0..COMPRESSORS + MORE)
        .map(|number| {
            let (_, program) = shop.program(&format!("Till {number}"), role);
            let headers = program.own_headers(&[]);
            let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let mut socket = DeflatedSocket::connect(shop.server.addr, "/sync?deflate=1", &headers);
            assert_eq!(socket.next().json()["action"], "hello");
            (program, socket)
        })
        .collect();
    let mut deflated = Vec::new();
    for (number, (program, socket)) in programs.iter_mut().enumerate() {
        let estimate = program.create_estimate("Asha");
        let frame = socket.next_change();
        assert_eq!(frame.json()["id"], estimate.id.as_str(), "its own");
        deflated.push((number, frame.is_deflated));
    }
    let expected: Vec<_> = (0..COMPRESSORS + MORE).map(|number| (number, number < COMPRESSORS)).collect();
    assert_eq!(deflated, expected);

    // They all see everything now, which is one view: that has a compressor, which none of them has seen anything of.
    let all = json!({"scope": {"estimates": "all", "orders": "all"}});
    shop.owner.put(&format!("/api/roles/{role}"), &all).expect(200);
    for (_, socket) in &mut programs {
        let frame = loop {
            let frame = socket.next();
            if frame.json()["action"] == "view" {
                break frame;
            }
            assert_eq!(frame.json()["action"], "at", "{}", frame.text);
        };
        assert!(!frame.is_deflated);
    }
    for customer in ["Asha", "Bela"] {
        shop.owner.create_estimate(customer);
        let frames: Vec<_> = programs.iter_mut().map(|(_, socket)| socket.next_change()).collect();
        assert!(frames[0].is_deflated && frames.iter().all(|frame| frame == &frames[0]), "{frames:?}");
    }
}
