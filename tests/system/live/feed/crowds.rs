//! Many clients at once: slow ones, bursts of new ones, those that leave.

use std::io::ErrorKind;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use tungstenite::Message;

use crate::support::server::Server;
use crate::support::socket::Socket;
use crate::support::till::{self, Stored};
use crate::support::{DEADLINE, wait_until};

/// `12` of `…"estimate_number":"#012"…`, without parsing 100 KB of it.
fn number_in(frame: &str) -> u64 {
    let (_, rest) = frame.split_once("\"estimate_number\":\"#").unwrap_or_else(|| panic!("no number in {frame:.300}"));
    rest.split('"').next().unwrap().parse().unwrap()
}

#[test]
fn one_stopped_reader_among_two_hundred_goes_on_with_the_latest_and_nobody_else_notices() {
    const READERS: usize = 199;
    // 8 MB: more than the kernel (4 MiB for sending, less for receiving) and the outbox (1 MiB) hold together.
    const RECORDS_MAX: u64 = 80;
    let server = Server::start();
    let mut till = server.client();
    let mut stopped = server.socket("/ws");
    let readers: Vec<Socket> = (0..READERS).map(|_| server.socket("/ws")).collect();
    let received: Vec<AtomicU64> = (0..READERS).map(|_| AtomicU64::new(0)).collect();
    let end = AtomicU64::new(u64::MAX);
    thread::scope(|scope| {
        for (mut reader, received) in readers.into_iter().zip(&received) {
            let end = &end;
            scope.spawn(move || {
                let mut last = 0;
                while last != end.load(Ordering::SeqCst) {
                    let number = number_in(&reader.next_text());
                    assert_eq!(number, last + 1, "a frame is missing or doubled");
                    received.store(number, Ordering::SeqCst);
                    last = number;
                }
            });
        }
        let everybody_has = |number: u64| {
            wait_until(&format!("all who read have #{number}"), || {
                received.iter().all(|received| received.load(Ordering::SeqCst) >= number)
            });
        };
        // Each record waits for all who read, so that none of them falls behind by itself on a small machine.
        let mut created = 0;
        let mut is_behind = false;
        while created < RECORDS_MAX && !is_behind {
            let answer = till.post("/api/estimates/create", &till::bulky_estimate("Asha")).expect(201);
            created = Stored::estimate(&answer).number;
            everybody_has(created);
            is_behind = till.get("/health").expect(200)["counters"]["fell_behind"] == 1;
        }
        assert!(is_behind, "after #{created}");
        // The end is known before its record is stored, so that nobody reads past it.
        end.store(created + 1, Ordering::SeqCst);
        till::create_estimate(&mut till, "marker");
        everybody_has(created + 1);

        // The one that stopped reads again: nothing was changed twice, so it gets each record once, in order.
        for number in 1..=created + 1 {
            assert_eq!(number_in(&stopped.next_text()), number);
        }
        assert_eq!(stopped.texts_until_pong(), [""; 0]);
        wait_until("it alone is still connected", || {
            till.get("/api/websocket/status").expect(200)["connected_clients"] == 1
        });
    });
}

#[test]
fn sockets_opened_in_a_burst_during_commits_each_see_a_run_without_a_gap() {
    const SOCKETS: usize = 100;
    const WRITERS: usize = 4;
    let server = Server::start();
    let started = AtomicU64::new(0);
    let connected = AtomicU64::new(0);
    let last = AtomicU64::new(u64::MAX);
    let burst = Barrier::new(SOCKETS + WRITERS);
    thread::scope(|scope| {
        for _ in 0..SOCKETS {
            scope.spawn(|| {
                burst.wait();
                let mut socket = server.socket("/ws");
                let started_before = started.load(Ordering::SeqCst);
                connected.fetch_add(1, Ordering::SeqCst);
                let mut previous: Option<(u64, u64)> = None;
                loop {
                    let frame = socket.next_json();
                    let number = till::number_of(&frame["data"]["estimate_number"]);
                    let seq = frame["seq"].as_u64().unwrap();
                    match previous {
                        // A change that was asked for after the connection stood may not be missing.
                        None => assert!(number <= started_before + 1, "began at #{number} of {started_before}"),
                        Some(previous) => assert_eq!((number, seq), (previous.0 + 1, previous.1 + 1)),
                    }
                    previous = Some((number, seq));
                    if number == last.load(Ordering::SeqCst) {
                        return;
                    }
                }
            });
        }
        let writers: Vec<_> = (0..WRITERS)
            .map(|_| {
                scope.spawn(|| {
                    let mut till = server.client();
                    burst.wait();
                    let deadline = Instant::now() + DEADLINE;
                    while connected.load(Ordering::SeqCst) < SOCKETS as u64 {
                        assert!(Instant::now() < deadline, "not every socket was connected");
                        started.fetch_add(1, Ordering::SeqCst);
                        till::create_estimate(&mut till, "Asha");
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.join().unwrap();
        }
        // The end is known before its record is stored, so that nobody reads past it.
        last.store(started.load(Ordering::SeqCst) + 1, Ordering::SeqCst);
        till::create_estimate(&mut server.client(), "marker");
    });
}

#[test]
fn clients_that_leave_during_the_feed_take_no_frame_from_those_who_stay() {
    const CHANGES: u64 = 200;
    let server = Server::start();
    // Leaving and staying ones alternate: a list that moves up while it is walked skips the neighbour.
    let (mut staying, mut leaving): (Vec<_>, Vec<_>) =
        (0..20).map(|_| (server.socket("/ws"), server.socket("/ws"))).unzip();
    let mut till = server.client();
    for number in 1..=CHANGES {
        if number % 10 == 0 {
            leaving.pop();
        }
        assert_eq!(till::create_estimate(&mut till, "Asha").number, number);
    }
    for socket in &mut staying {
        for number in 1..=CHANGES {
            assert_eq!(till::number_of(&socket.next_json()["data"]["estimate_number"]), number);
        }
    }
}

#[test]
fn a_message_beyond_the_limit_is_refused_with_1009_and_disturbs_nobody() {
    let server = Server::start();
    let mut witness = server.socket("/ws");
    let mut flooding = server.socket("/ws");
    // The server may close while the client is still sending.
    if let Err(tungstenite::Error::Io(error)) = flooding.inner.send(Message::text("x".repeat((64 << 10) + 1))) {
        assert!(matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe), "{error}");
    }
    assert_eq!(flooding.close_code(), Some(1009));
    let estimate = till::create_estimate(&mut server.client(), "Asha");
    assert_eq!(witness.next_json()["id"], estimate.id.as_str());
}
