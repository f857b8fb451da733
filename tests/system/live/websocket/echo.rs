//! The path for the public fuzzing client, which only the `conformance` feature has.

use super::{BINARY, DELIVERIES, FIN, MESSAGE_BYTES, PING, PONG, Raw, TEXT, close, fragments, frame};
use crate::support::server::Server;

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
