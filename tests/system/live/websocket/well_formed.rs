//! Frames that are right, however they are cut; the closing of a connection from either side.

use std::net::Shutdown;

use super::{
    BINARY, CLOSE, CONTINUATION, DELIVERIES, Delivery, FIN, MESSAGE_BYTES, PING, PONG, Raw, TEXT, close, fragments,
    frame, reading_threads, text,
};
use crate::support::people::Staffed;
use crate::support::server::Server;
use crate::support::wait_until;

/// (what, the client's bytes, the server's frames)
type Good = (&'static str, Vec<u8>, Vec<(u8, Vec<u8>)>);

fn good() -> Vec<Good> {
    let pong = |payload: &[u8]| (PONG, payload.to_vec());
    let text_pong = || (FIN | TEXT, b"pong".to_vec());
    let longest = [0xA5; 125];
    let pings = (0..50u8).map(|number| vec![number; usize::from(number)]);
    vec![
        ("text ping", text("ping"), vec![text_pong()]),
        ("text ping in two fragments", fragments(TEXT, b"ping", 2), vec![text_pong()]),
        ("text ping in four fragments", fragments(TEXT, b"ping", 1), vec![text_pong()]),
        (
            "a fragmented message with control frames between",
            [
                frame(TEXT, b"p"),
                frame(PING, b"one"),
                frame(CONTINUATION, b""),
                frame(PONG, b"unasked"),
                frame(CONTINUATION, b"in"),
                frame(PING, b"two"),
                frame(PING, b"three"),
                frame(FIN, b"g"),
            ]
            .concat(),
            vec![pong(b"one"), pong(b"two"), pong(b"three"), text_pong()],
        ),
        ("an empty ping", frame(PING, b""), vec![pong(b"")]),
        ("the longest ping, not UTF-8", frame(PING, &longest), vec![pong(&longest)]),
        ("many pings", pings.clone().flat_map(|ping| frame(PING, &ping)).collect(), pings.map(|p| pong(&p)).collect()),
        ("pongs that nobody asked for", [frame(PONG, b""), frame(PONG, &longest)].concat(), vec![]),
        ("empty text and binary", [text(""), frame(FIN | BINARY, b"")].concat(), vec![]),
        (
            "a message of empty fragments",
            [frame(TEXT, b""), frame(CONTINUATION, b""), frame(FIN, b"")].concat(),
            vec![],
        ),
        ("the largest text", text(vec![b'x'; MESSAGE_BYTES]), vec![]),
        ("the largest text in fragments", fragments(TEXT, &vec![b'x'; MESSAGE_BYTES], 1_300), vec![]),
        ("the largest binary", frame(FIN | BINARY, &vec![0xFF; MESSAGE_BYTES]), vec![]),
        ("a code point over four fragments", fragments(TEXT, "🧾".as_bytes(), 1), vec![]),
        ("binary that says ping", frame(FIN | BINARY, b"ping"), vec![]),
    ]
}

#[test]
fn good_frames_are_answered_in_order_however_they_are_cut() {
    let server = Server::start();
    for path in ["/ws", "/ws?format=legacy", "/sync"] {
        for (what, bytes, answers) in good() {
            for delivery in DELIVERIES {
                let bytes = [bytes.clone(), text("ping"), close(1000, b"")].concat();
                let mut raw = Raw::open(server.addr, path, &bytes, delivery);
                for answer in &answers {
                    assert_eq!(raw.frame().as_ref(), Some(answer), "{what} on {path}, {delivery:?}");
                }
                assert_eq!(raw.frame(), Some((FIN | TEXT, b"pong".to_vec())), "{what} on {path}, {delivery:?}");
                assert_eq!(raw.close_code(), 1000, "{what} on {path}, {delivery:?}");
            }
        }
    }
}

#[test]
fn a_close_is_answered_with_its_own_code_and_nothing_behind_it_counts() {
    let server = Server::start();
    let reason = [b'r'; 123];
    for path in ["/ws", "/sync"] {
        for code in [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 3000, 3999, 4000, 4408, 4999] {
            for reason in [&b""[..], "à bientôt".as_bytes(), &reason] {
                let bytes = [close(code, reason), text("ping"), close(1001, b""), frame(FIN | 0x3, b"")].concat();
                assert_eq!(Raw::open(server.addr, path, &bytes, Delivery::AtOnce).close_code(), code, "on {path}");
            }
        }
        let mut without_code = Raw::open(server.addr, path, &frame(CLOSE, b""), Delivery::AtOnce);
        assert_eq!(without_code.close_code(), 1000, "on {path}");
        let inside_a_message = [frame(TEXT, b"pi"), close(1001, b"")].concat();
        assert_eq!(Raw::open(server.addr, path, &inside_a_message, Delivery::ByteByByte).close_code(), 1001);
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_client_that_was_closed_does_not_keep_its_connection_by_talking() {
    let server = Server::start();
    let mut raw = Raw::open(server.addr, "/ws", b"", Delivery::AtOnce);
    wait_until("it is connected", || reading_threads(&server) == 1);
    // The shop gets an owner, and nobody is let in any more who was there before.
    let shop = Staffed::of(server);
    let code = loop {
        match raw.frame().expect("a close frame") {
            (CLOSE, payload) => break u16::from_be_bytes([payload[0], payload[1]]),
            (first, _) => assert_eq!(first, FIN | TEXT),
        }
    };
    assert_eq!(code, 4401);
    wait_until("its thread ends although it never falls silent", || {
        raw.send(&text("ping"));
        reading_threads(&shop.server) == 0
    });
    shop.server.get("/health").expect(200);
}

#[test]
fn a_connection_that_ends_without_a_close_frame_is_over_without_one() {
    let server = Server::start();
    for path in ["/ws", "/sync"] {
        for rest in [&b""[..], &[FIN | TEXT], &text("cut off")[..9], &frame(TEXT, b"the first of two")] {
            let mut raw = Raw::open(server.addr, path, &[&text("ping"), rest].concat(), Delivery::AtOnce);
            raw.stream.get_ref().shutdown(Shutdown::Write).unwrap();
            assert_eq!(raw.frame(), Some((FIN | TEXT, b"pong".to_vec())), "{rest:x?} on {path}");
            assert_eq!(raw.frame(), None, "{rest:x?} on {path}");
        }
    }
    wait_until("nobody is counted", || server.get("/api/websocket/status").expect(200)["connected_clients"] == 0);
}
