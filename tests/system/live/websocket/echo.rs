//! The path for the public fuzzing client, which only the `conformance` feature has.

use std::io::Read;

use flate2::read::DeflateDecoder;

use super::deflate::{RSV1, compressed, compressed_fragments};
use super::{BINARY, DELIVERIES, Delivery, FIN, MESSAGE_BYTES, PING, PONG, Raw, TEXT, close, fragments, frame};
use crate::support::server::Server;

/// The limit of a message on this path.
const ECHO_BYTES: usize = 1 << 20;

/// What the public fuzzing client's cases 1, 2, 5, 6, 7 and 10 expect back, on the path that it uses.
#[test]
fn the_echoing_path_sends_every_message_back_whole_and_in_order() {
    let server = Server::start();
    let utf8: Vec<u8> =
        ["hello$world", "¢", "€", "𤭢", "κόσμε", "\0", "\u{80}", "\u{800}", "\u{10000}", "\u{7f}", "\u{7ff}"]
            .into_iter()
            .chain([
                "\u{ffff}",
                "\u{10ffff}",
                "\u{d7ff}",
                "\u{e000}",
                "\u{fffd}",
                "\u{fffe}",
                "\u{1fffe}",
                "🧾",
                "ping",
            ])
            .collect::<String>()
            .into_bytes();
    let mut messages = vec![(TEXT, utf8), (TEXT, b"ping".to_vec())];
    for length in [0, 1, 125, 126, 127, 128, 65_535, MESSAGE_BYTES] {
        messages.push((TEXT, vec![b'*'; length]));
        messages.push((BINARY, vec![0xFE; length]));
    }
    for (opcode, message) in messages {
        for delivery in DELIVERIES {
            let cut = 1 + message.len() / 50;
            let bytes = [
                frame(FIN | opcode, &message),
                frame(PING, b"between"),
                fragments(opcode, if message.is_empty() { b"-" } else { &message }, cut),
                close(4000, b"done"),
            ];
            let mut raw = Raw::open(server.addr, "/ws/echo", &bytes.concat(), delivery);
            let echoed = (FIN | opcode, message.clone());
            let what = format!("{} bytes of {opcode:x}, {delivery:?}", message.len());
            assert!(raw.frame().as_ref() == Some(&echoed), "{what}");
            assert_eq!(raw.frame(), Some((PONG, b"between".to_vec())), "{what}");
            let again = raw.frame();
            assert!(again == Some(echoed) || again == Some((FIN | opcode, b"-".to_vec())), "{what}");
            assert_eq!(raw.close_code(), 4000, "{what}");
        }
    }
}

/// What its cases 12 and 13 expect back.
#[test]
fn the_echoing_path_sends_compressed_messages_back_compressed() {
    let server = Server::start();
    let text = "Ein guter Mensch in seinem dunklen Drange 🧾 ".repeat(4_000);
    let numbers: Vec<u8> = (0..ECHO_BYTES).map(|at| (at.wrapping_mul(at) >> 7).to_le_bytes()[0]).collect();
    for (opcode, message) in [
        (TEXT, &text.as_bytes()[..0]),
        (TEXT, b"ping"),
        (TEXT, text.as_bytes()),
        (BINARY, &numbers[..128 << 10]),
        (BINARY, &numbers),
    ] {
        for bytes in [compressed(opcode, message), compressed_fragments(opcode, message, 1_024)] {
            let bytes = [bytes, close(1000, b"")].concat();
            let live = ("/ws/echo", "permessage-deflate; client_max_window_bits");
            let mut raw = Raw::open_offering(server.addr, live, &bytes, Delivery::AtOnce);
            let (first, mut payload) = raw.frame().unwrap();
            assert_eq!(first, FIN | RSV1 | opcode);
            // The first of a connection: nothing is before it. A last block behind it ends what is read.
            payload.extend([0, 0, 0xFF, 0xFF, 1, 0, 0, 0xFF, 0xFF]);
            let mut back = Vec::new();
            DeflateDecoder::new(&payload[..]).read_to_end(&mut back).unwrap();
            assert!(back == message, "{} bytes became {}", message.len(), back.len());
            assert_eq!(raw.close_code(), 1000);
        }
    }
    let over = compressed(BINARY, &vec![0; ECHO_BYTES + 1]);
    let mut raw = Raw::open_offering(server.addr, ("/ws/echo", "permessage-deflate"), &over, Delivery::AtOnce);
    assert_eq!(raw.close_code(), 1009);
    let mut raw = Raw::open(server.addr, "/ws/echo", &frame(FIN | BINARY, &vec![0; ECHO_BYTES + 1]), Delivery::AtOnce);
    assert_eq!(raw.close_code(), 1009);
}
