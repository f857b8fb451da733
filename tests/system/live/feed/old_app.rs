//! The pacing for an old app: frames apart in time, what waits joined into one.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::without_extras;
use crate::support::server::Server;
use crate::support::socket::Socket;
use crate::support::till;
use crate::support::{DEADLINE, wait_until};

/// An old app's socket read on a thread of its own: each text with the moment of its arrival.
fn arrivals(mut app: Socket) -> mpsc::Receiver<(Instant, String)> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        while let Ok(text) = app.try_next_text() {
            if sender.send((Instant::now(), text)).is_err() {
                return;
            }
        }
    });
    receiver
}

/// The server keeps this between two frames to an old app. A frame may arrive late, and the next one then soon after it; but
/// none arrives before so many pauses are over since the first change.
const PAUSE: Duration = Duration::from_millis(350);
const OLD_APP: [(&str, &str); 1] = [("User-Agent", "Dart/3.4 (dart:io)")];

#[test]
fn an_old_app_gets_frames_apart_and_joined_while_others_get_every_one() {
    let server = Server::start();
    let mut till = server.client();
    // Only a name that begins with `Dart/` is an old app.
    let mut witness = Socket::connect(server.addr, "/ws", &[("User-Agent", "Smart Dart/3.4")]);
    let app = arrivals(Socket::connect(server.addr, "/ws", &OLD_APP));
    let mut seen: Vec<(Instant, String)> = Vec::new();
    let mut created = 0;
    let began = Instant::now();
    let mut last_began = began;
    // Changes go on until the app has seen enough of them, so it does not matter how fast they are made.
    wait_until("the old app has seen six frames", || {
        for _ in 0..5 {
            last_began = Instant::now();
            created += 1;
            assert_eq!(till::create_estimate(&mut till, "Asha").number, created);
            assert_eq!(till::number_of(&witness.next_json()["data"]["estimate_number"]), created);
        }
        seen.extend(app.try_iter());
        seen.len() >= 6
    });
    // The app is told of the last change too.
    while seen.last().unwrap().0 < last_began {
        seen.push(app.recv_timeout(DEADLINE).expect("a frame for the last change"));
    }

    for (pauses, (arrived, text)) in (0..).zip(&seen) {
        let after = *arrived - began;
        assert!(after >= PAUSE * pauses, "{after:?} after {pauses} frames: {text}");
    }
    let mut joined = 0;
    let mut last_number = 0;
    for (_, text) in &seen {
        let frame: Value = serde_json::from_str(text).unwrap();
        assert!(frame["id"].is_string() && frame["data"].is_object(), "{text}");
        if frame["type"] == "order" {
            assert_eq!(frame["action"], "update");
            joined += 1;
        } else {
            assert_eq!((&frame["type"], &frame["action"]), (&json!("estimate"), &json!("create")));
            let number = till::number_of(&frame["data"]["estimate_number"]);
            assert!(number > last_number, "#{number} after #{last_number}");
            last_number = number;
        }
    }
    assert!(joined > 0, "{created} changes went out without being joined: {seen:?}");
}

#[test]
fn an_old_app_gets_a_lone_change_as_it_is() {
    let server = Server::start();
    let mut till = server.client();
    let app = arrivals(Socket::connect(server.addr, "/ws", &OLD_APP));
    // Each change is made when the one before has arrived, so that never two wait.
    let began = Instant::now();
    let estimate = till::create_estimate(&mut till, "Asha");
    let (_, text) = app.recv_timeout(DEADLINE).unwrap();
    let (frame, _) = without_extras(&text);
    assert_eq!((&frame["action"], &frame["id"]), (&json!("create"), &json!(estimate.id)));
    till.delete(&format!("/api/estimates/{}", estimate.id)).expect(200);
    let (second, text) = app.recv_timeout(DEADLINE).unwrap();
    assert_eq!(without_extras(&text).0, json!({"type": "estimate", "action": "delete", "id": estimate.id}));
    assert!(second - began >= PAUSE, "{:?} after the first change", second - began);
}
