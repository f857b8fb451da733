//! Compressed messages (permessage-deflate, RFC 7692): what is agreed on, what clients may send compressed, and what not.

use std::io::Write;

use flate2::Compression;
use flate2::write::DeflateEncoder;

use super::{
    ACCEPT, BINARY, CLOSE, COMPRESSED, CONTINUATION, DELIVERIES, Delivery, FIN, KEY, MESSAGE_BYTES, PING, PONG, Raw,
    TEXT, close, fragments, frame, text,
};
use crate::support::http::Client;
use crate::support::server::Server;

/// (what, the client's bytes, the server's frames before the answer to the last `ping`)
type Good = (&'static str, Vec<u8>, Vec<(u8, Vec<u8>)>);

pub(super) const RSV1: u8 = 0x40;
const ANSWER: &str = "permessage-deflate; client_no_context_takeover";
const WITH_WINDOW: &str = "permessage-deflate; client_no_context_takeover; server_max_window_bits=15";

/// What a client compresses, without the tail (RFC 7692 §7.2.1).
fn deflated(message: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(message).unwrap();
    encoder.flush().unwrap();
    let mut bytes = encoder.get_ref().clone();
    assert!(bytes.ends_with(&[0, 0, 0xFF, 0xFF]));
    bytes.truncate(bytes.len() - 4);
    bytes
}

/// The same by a client that ends each message for good (RFC 7692 §7.2.3.4).
fn deflated_for_good(message: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(message).unwrap();
    let mut bytes = encoder.finish().unwrap();
    bytes.push(0);
    bytes
}

/// A whole message, compressed.
pub(super) fn compressed(opcode: u8, message: &[u8]) -> Vec<u8> {
    frame(FIN | RSV1 | opcode, &deflated(message))
}

/// The same in pieces of so many bytes.
pub(super) fn compressed_fragments(opcode: u8, message: &[u8], size: usize) -> Vec<u8> {
    let mut bytes = fragments(opcode, &deflated(message), size);
    bytes[0] |= RSV1;
    bytes
}

#[test]
fn an_offer_is_taken_up_on_sync_alone_and_only_if_it_can_be_kept() {
    const OFFERS: [(&str, Option<&str>); 36] = [
        ("permessage-deflate", Some(ANSWER)),
        // As Chromium and Firefox send it.
        ("permessage-deflate; client_max_window_bits", Some(ANSWER)),
        ("permessage-deflate; client_no_context_takeover", Some(ANSWER)),
        ("permessage-deflate; client_max_window_bits=8; client_no_context_takeover", Some(ANSWER)),
        ("permessage-deflate; server_max_window_bits=15", Some(WITH_WINDOW)),
        ("permessage-deflate; client_max_window_bits=10;server_max_window_bits = 15", Some(WITH_WINDOW)),
        ("permessage-deflate; server_max_window_bits=\"15\"", Some(WITH_WINDOW)),
        ("  Permessage-Deflate ;Client_Max_Window_Bits", Some(ANSWER)),
        // What one compressor for all cannot do.
        ("permessage-deflate; server_no_context_takeover", None),
        ("permessage-deflate; client_no_context_takeover; server_no_context_takeover", None),
        ("permessage-deflate; server_max_window_bits=14", None),
        ("permessage-deflate; server_max_window_bits=8", None),
        // The next one may do.
        ("permessage-deflate; server_no_context_takeover, permessage-deflate", Some(ANSWER)),
        (
            "permessage-deflate; server_max_window_bits=9, permessage-deflate; server_max_window_bits=15",
            Some(WITH_WINDOW),
        ),
        ("x-webkit-deflate-frame, permessage-deflate; client_max_window_bits", Some(ANSWER)),
        ("x; a=\", permessage-deflate\", permessage-deflate; server_max_window_bits=15", Some(WITH_WINDOW)),
        ("permessage-deflate; server_max_window_bits=15, permessage-deflate", Some(WITH_WINDOW)),
        // RFC 7692 §7.1: parameters that are not known, not written as they should be, or written twice.
        ("permessage-deflate; unknown", None),
        ("permessage-deflate; client_max_window_bits; mode=fast", None),
        ("permessage-deflate; server_max_window_bits", None),
        ("permessage-deflate; server_max_window_bits=16", None),
        ("permessage-deflate; server_max_window_bits=015", None),
        ("permessage-deflate; server_max_window_bits=+15", None),
        ("permessage-deflate; server_max_window_bits=", None),
        ("permessage-deflate; server_max_window_bits=\"15", None),
        ("permessage-deflate; client_max_window_bits=7", None),
        ("permessage-deflate; client_max_window_bits=16", None),
        ("permessage-deflate; client_max_window_bits=x", None),
        ("permessage-deflate; client_no_context_takeover=1", None),
        ("permessage-deflate; client_no_context_takeover; client_no_context_takeover", None),
        ("permessage-deflate; server_max_window_bits=15; server_max_window_bits=15", None),
        ("permessage-deflate; client_max_window_bits; client_max_window_bits=15", None),
        ("permessage-deflate;", None),
        // Others.
        ("permessage-bzip2", None),
        ("x; a=\"permessage-deflate\"", None),
        ("", None),
    ];
    let server = Server::start();
    let ask = |path: &str, offers: &[&str]| {
        let offers = offers.iter().map(|offer| ["Sec-WebSocket-Extensions: ", offer, "\r\n"].concat());
        let offers = offers.collect::<String>();
        let mut client = Client::connect(server.addr);
        let head = format!(
            "GET {path} HTTP/1.1\r\nHost: shop\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n{offers}\r\n"
        );
        client.send_raw(head.as_bytes()).unwrap();
        client.read("GET")
    };
    for (offer, answer) in OFFERS {
        let reply = ask("/sync?deflate=1", &[offer]);
        assert_eq!((reply.status, reply.header("Sec-WebSocket-Accept")), (101, Some(ACCEPT)), "{offer}");
        assert_eq!(reply.header("Sec-WebSocket-Extensions"), answer, "{offer}");
        for path in
            ["/sync", "/sync?deflate=0", "/sync?deflated=1", "/ws", "/ws?deflate=1", "/ws?format=legacy&deflate=1"]
        {
            let reply = ask(path, &[offer]);
            assert_eq!((reply.status, reply.header("Sec-WebSocket-Extensions")), (101, None), "{offer} on {path}");
        }
    }
    let several = ["permessage-deflate; server_no_context_takeover", "x-unknown", "permessage-deflate"];
    assert_eq!(ask("/sync?since=0&deflate=1", &several).header("Sec-WebSocket-Extensions"), Some(ANSWER));
    for path in ["/sync?deflate=2", "/sync?deflate=", "/sync?deflate=yes"] {
        assert!(ask(path, &[ANSWER]).detail(400).contains("deflate"), "{path}");
    }
}

#[test]
fn compressed_messages_are_read_however_they_are_cut_and_answered_as_they_are() {
    let server = Server::start();
    let pong = || (FIN | TEXT, b"pong".to_vec());
    let in_between = [
        &frame(RSV1 | TEXT, &deflated(b"ping")[..2])[..],
        &frame(PING, b"one"),
        &frame(CONTINUATION, b""),
        &frame(PONG, b"unasked"),
        &frame(CONTINUATION, &deflated(b"ping")[2..3]),
        &frame(PING, b"two"),
        &frame(FIN, &deflated(b"ping")[3..]),
    ]
    .concat();
    // RFC 7692 §7.2.3.3: a block that is not compressed.
    let stored = [&[0, 4, 0, 0xFB, 0xFF][..], b"ping", &[0]].concat();
    let good: [Good; 13] = [
        ("compressed", compressed(TEXT, b"ping"), vec![pong()]),
        ("in single bytes", compressed_fragments(TEXT, b"ping", 1), vec![pong()]),
        ("with control frames between", in_between, vec![(PONG, b"one".to_vec()), (PONG, b"two".to_vec()), pong()]),
        ("not compressed", text("ping"), vec![pong()]),
        (
            "one after the other",
            [compressed(TEXT, b"ping"), text("ping"), compressed(BINARY, b"ping"), compressed(TEXT, b"ping")].concat(),
            vec![pong(), pong(), pong()],
        ),
        ("ended for good", frame(FIN | RSV1 | TEXT, &deflated_for_good(b"ping")), vec![pong()]),
        ("stored", frame(FIN | RSV1 | TEXT, &stored), vec![pong()]),
        ("binary, which is not for us", compressed(BINARY, &[0xFF; 300]), vec![]),
        ("empty", compressed(TEXT, b""), vec![]),
        ("another text", compressed(TEXT, "🧾 κόσμε".as_bytes()), vec![]),
        ("a code point over many fragments", compressed_fragments(TEXT, "🧾".as_bytes(), 1), vec![]),
        ("the largest text", compressed(TEXT, &vec![b'x'; MESSAGE_BYTES]), vec![]),
        ("the largest text in fragments", compressed_fragments(TEXT, &vec![b'x'; MESSAGE_BYTES], 9), vec![]),
    ];
    for (what, bytes, answers) in good {
        for delivery in DELIVERIES {
            let bytes = [bytes.clone(), compressed(TEXT, b"ping"), close(1000, b"")].concat();
            let mut raw = Raw::open_offering(server.addr, COMPRESSED, &bytes, delivery);
            for answer in &answers {
                assert_eq!(raw.frame().as_ref(), Some(answer), "{what}, {delivery:?}");
            }
            assert_eq!(raw.frame(), Some(pong()), "{what}, {delivery:?}");
            assert_eq!(raw.close_code(), 1000, "{what}, {delivery:?}");
        }
    }
}

#[test]
fn a_message_that_is_not_what_its_bit_says_ends_the_session_with_the_right_code() {
    let server = Server::start();
    let mut witness = server.socket("/sync");
    assert!(witness.next_text().contains("hello"));
    let first_of_two = |first: u8| [frame(first, &deflated(b"ping")[..2]), frame(FIN | RSV1, &deflated(b"ping")[2..])];
    let bad: [(&str, Vec<u8>, u16); 17] = [
        ("a bomb", compressed(TEXT, &vec![0; 50 << 20]), 1009),
        ("a bomb in fragments", compressed_fragments(BINARY, &vec![0; 50 << 20], 1_000), 1009),
        ("one byte too many", compressed(TEXT, &vec![b'x'; MESSAGE_BYTES + 1]), 1009),
        ("more than may be sent", frame(FIN | RSV1 | TEXT, &vec![0; MESSAGE_BYTES + 1]), 1009),
        ("text that is not UTF-8", compressed(TEXT, b"\xED\xA0\x80"), 1007),
        ("text that ends within a code point", compressed(TEXT, &"🧾".as_bytes()[..3]), 1007),
        ("the same in fragments", compressed_fragments(TEXT, b"ab\xFFcd", 1), 1007),
        ("nothing at all", frame(FIN | RSV1 | TEXT, b""), 1007),
        ("what is not compressed", frame(FIN | RSV1 | TEXT, b"ping"), 1007),
        ("a message that is cut off", frame(FIN | RSV1 | TEXT, &deflated(&[b'x'; 300])[..5]), 1007),
        // Only what each message has itself may be referred to.
        (
            "a reference to the message before",
            [compressed(TEXT, b"Hello"), frame(FIN | RSV1 | TEXT, &[0xF2, 0x00, 0x11, 0, 0])].concat(),
            1007,
        ),
        ("the bit on a later fragment", first_of_two(RSV1 | TEXT).concat(), 1002),
        ("the bit on a later fragment alone", first_of_two(TEXT).concat(), 1002),
        ("the bit on a ping", frame(RSV1 | PING, b"x"), 1002),
        (
            "the bit on a ping between fragments",
            [frame(RSV1 | TEXT, &deflated(b"ping")), frame(RSV1 | PING, b"")].concat(),
            1002,
        ),
        ("the bit on a close frame", frame(RSV1 | CLOSE, &[0x03, 0xE8]), 1002),
        ("a second bit beside it", frame(FIN | RSV1 | 0x20 | TEXT, &deflated(b"ping")), 1002),
    ];
    for (what, bytes, code) in bad {
        for delivery in DELIVERIES {
            let bytes = [&compressed(TEXT, b"ping"), &bytes[..], &compressed(TEXT, b"ping")].concat();
            let mut raw = Raw::open_offering(server.addr, COMPRESSED, &bytes, delivery);
            assert_eq!(raw.frame(), Some((FIN | TEXT, b"pong".to_vec())), "{what}, {delivery:?}");
            assert_eq!(raw.close_code(), code, "{what}, {delivery:?}");
        }
    }
    // Asked for and not offered, offered and not asked for, or neither: nothing was agreed on.
    for path in ["/sync?deflate=1", "/sync", "/ws"] {
        for opcode in [TEXT, BINARY] {
            let mut raw = Raw::open(server.addr, path, &compressed(opcode, b"ping"), Delivery::AtOnce);
            assert_eq!(raw.close_code(), 1002, "on {path}");
        }
    }
    assert!(witness.texts_until_pong().is_empty());
    assert!(!server.log().contains("panicked"), "{}", server.log());
}

/// A message of 64 KiB says sixty million bytes; many that come at once take no more memory than one.
#[test]
#[cfg(target_os = "linux")]
fn bombs_take_no_memory() {
    const CLIENTS: usize = 100;
    const MORE_KIB_MAX: u64 = 24 << 10;
    let server = Server::start();
    let bomb = compressed(TEXT, &vec![0; 60 << 20]);
    assert!((50_000..=MESSAGE_BYTES).contains(&bomb.len()), "{}", bomb.len());
    let open = || Raw::open_offering(server.addr, COMPRESSED, &text("ping"), Delivery::AtOnce);
    let mut clients: Vec<Raw> = std::iter::repeat_with(open).take(CLIENTS).collect();
    for raw in &mut clients {
        assert_eq!(raw.frame(), Some((FIN | TEXT, b"pong".to_vec())));
    }
    let before = most_memory_kib(&server);
    for raw in &mut clients {
        raw.send(&bomb);
    }
    for mut raw in clients {
        assert_eq!(raw.close_code(), 1009);
    }
    let more = most_memory_kib(&server) - before;
    assert!(more < MORE_KIB_MAX, "{more} KiB more");
}

/// The most that the server has ever had in memory.
#[cfg(target_os = "linux")]
fn most_memory_kib(server: &Server) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
