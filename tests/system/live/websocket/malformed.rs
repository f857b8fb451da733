//! Frames that break a rule of RFC 6455: each ends its own connection, with the right close code.

use super::{
    BINARY, CLOSE, COMPRESSED, CONTINUATION, DELIVERIES, FIN, MASKED, MESSAGE_BYTES, PING, PONG, Raw, TEXT, close,
    fragments, frame, reading_threads, text,
};
use crate::support::server::Server;
use crate::support::{till, wait_until};

/// UTF-8 as Markus Kuhn's decoder test has it wrong: codes that do not exist, bytes out of place, overlong forms, surrogates.
const NOT_UTF8: [&[u8]; 37] = [
    b"\xf8\x88\x80\x80\x80",
    b"\xfc\x84\x80\x80\x80\x80",
    b"\xf7\xbf\xbf\xbf",
    b"\xfb\xbf\xbf\xbf\xbf",
    b"\xfd\xbf\xbf\xbf\xbf\xbf",
    b"\xf4\x90\x80\x80",
    b"\x80",
    b"\xbf",
    b"\x80\xbf",
    b"\x80\xbf\x80\xbf\x80\xbf",
    b"\xc0 \xc1 \xc2 \xdf ",
    b"\xe0 \xe7 \xef ",
    b"\xf0 \xf4 \xf7 ",
    b"\xf8 \xfb ",
    b"\xfc \xfd ",
    b"\xc0",
    b"\xe0\x80",
    b"\xf0\x80\x80",
    b"\xdf",
    b"\xef\xbf",
    b"\xf7\xbf\xbf",
    b"\xfe",
    b"\xff",
    b"\xfe\xfe\xff\xff",
    b"\xc0\xaf",
    b"\xe0\x80\xaf",
    b"\xf0\x80\x80\xaf",
    b"\xc1\xbf",
    b"\xe0\x9f\xbf",
    b"\xf0\x8f\xbf\xbf",
    b"\xc0\x80",
    b"\xe0\x80\x80",
    b"\xed\xa0\x80",
    b"\xed\xbf\xbf",
    b"\xed\xa0\x80\xed\xb0\x80",
    b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited",
    b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce",
];

/// (what, the client's bytes, the code of the close frame that they get)
type Malformed = (String, Vec<u8>, u16);

fn malformed() -> Vec<Malformed> {
    let mut cases = reserved();
    cases.extend(control_frames());
    cases.extend(sequences());
    cases.extend(not_utf8());
    cases.extend(lengths());
    cases.extend(closings());
    cases
}

fn case(what: impl Into<String>, bytes: impl AsRef<[u8]>, code: u16) -> Malformed {
    (what.into(), bytes.as_ref().to_vec(), code)
}

/// RFC 6455 §5.1 and §5.2: masks, reserved bits, reserved opcodes.
fn reserved() -> Vec<Malformed> {
    let mut cases = vec![
        case("unmasked text", b"\x81\x04ping", 1002),
        case("unmasked empty binary", b"\x82\x00", 1002),
        case("unmasked ping", b"\x89\x01x", 1002),
        case("unmasked close", b"\x88\x02\x03\xe8", 1002),
    ];
    for bits in [0x40, 0x20, 0x10, 0x50, 0x70] {
        for first in [FIN | TEXT, TEXT, FIN | BINARY, CLOSE, PING, PONG] {
            cases.push(case(format!("first byte {:x}", bits | first), frame(bits | first, b""), 1002));
        }
        let later = [frame(TEXT, b"pi"), frame(bits | FIN, b"ng")].concat();
        cases.push(case(format!("reserved bits {bits:x} in a later fragment"), later, 1002));
    }
    for opcode in (0x3..=0x7).chain(0xB..=0xF) {
        for payload in [&b""[..], b"x", &[b'x'; 200]] {
            let what = format!("opcode {opcode:x} with {} bytes", payload.len());
            cases.push(case(what, frame(FIN | opcode, payload), 1002));
        }
        cases.push(case(format!("opcode {opcode:x} without FIN"), frame(opcode, b""), 1002));
    }
    cases
}

/// RFC 6455 §5.5: control frames are whole and short.
fn control_frames() -> Vec<Malformed> {
    let mut cases = Vec::new();
    for first in [CLOSE, PING, PONG] {
        let part = frame(first & !FIN, b"");
        cases.push(case(format!("a part of {first:x}"), &part, 1002));
        cases.push(case(format!("{first:x} in two parts"), [part, frame(FIN, b"")].concat(), 1002));
        for length in [126, 127, 1_000, MESSAGE_BYTES] {
            cases.push(case(format!("{first:x} of {length} bytes"), frame(first, &vec![3; length]), 1002));
        }
    }
    let inside = [frame(TEXT, b"pi"), frame(PING & !FIN, b""), frame(FIN, b"ng")].concat();
    cases.push(case("a part of a ping inside a message", inside, 1002));
    cases
}

/// RFC 6455 §5.4: fragments in their order.
fn sequences() -> Vec<Malformed> {
    let whole = [frame(TEXT, b"a"), frame(FIN, b"b")].concat();
    vec![
        case("a last fragment without a first", frame(FIN, b"x"), 1002),
        case("a middle fragment without a first", frame(CONTINUATION, b"x"), 1002),
        case("an empty last fragment without a first", frame(FIN, b""), 1002),
        case("a fragment behind a whole message", [text("a"), frame(FIN, b"b")].concat(), 1002),
        case("a fragment behind a fragmented message", [whole, frame(FIN, b"c")].concat(), 1002),
        case("text inside a message", [frame(TEXT, b"a"), text("b")].concat(), 1002),
        case("binary inside a message", [frame(TEXT, b"a"), frame(FIN | BINARY, b"b")].concat(), 1002),
        case("a second first fragment", [frame(BINARY, b"a"), frame(BINARY, b"b")].concat(), 1002),
    ]
}

/// RFC 6455 §8.1, in texts and in close reasons.
fn not_utf8() -> Vec<Malformed> {
    let mut cases = Vec::new();
    for bytes in NOT_UTF8 {
        cases.push(case(format!("text {bytes:x?}"), text(bytes), 1007));
        cases.push(case(format!("text {bytes:x?} in single bytes"), fragments(TEXT, bytes, 1), 1007));
        let between = [frame(TEXT, "κόσμε".as_bytes()), frame(CONTINUATION, bytes), frame(FIN, b"edited")].concat();
        cases.push(case(format!("{bytes:x?} between good fragments"), between, 1007));
        cases.push(case(format!("close reason {bytes:x?}"), close(1000, bytes), 1007));
    }
    // Found at once, not when the message is over.
    cases.push(case("not UTF-8 in a message that goes on", frame(TEXT, b"\xf4\x90"), 1007));
    cases
}

/// RFC 6455 §5.2: lengths in the fewest bytes and below 2^63; §7.4.1 for what is merely too much.
fn lengths() -> Vec<Malformed> {
    let announced = |first: u8, short: u8, length: &[u8]| [&[first, MASKED | short], length, &[0; 4]].concat();
    let announced64 = |length: u64| announced(FIN | BINARY, 127, &length.to_be_bytes());
    let over = vec![b'x'; MESSAGE_BYTES + 1];
    vec![
        case("0 in 16 bits", announced(FIN | TEXT, 126, &[0, 0]), 1002),
        case("125 in 16 bits", announced(FIN | TEXT, 126, &[0, 125]), 1002),
        case("a ping's 5 in 16 bits", announced(PING, 126, &[0, 5]), 1002),
        case("0 in 64 bits", announced64(0), 1002),
        case("125 in 64 bits", announced64(125), 1002),
        case("65,535 in 64 bits", announced64(0xFFFF), 1002),
        case("2^63", announced64(1 << 63), 1002),
        case("2^64 - 1", announced64(u64::MAX), 1002),
        case("2^63 - 1", announced64((1 << 63) - 1), 1009),
        case("2^32", announced64(1 << 32), 1009),
        case("2^32 + 4", announced64((1 << 32) + 4), 1009),
        case("65,537 announced", announced64(MESSAGE_BYTES as u64 + 1), 1009),
        case("65,537 bytes of text", text(&over), 1009),
        case("65,537 bytes in two fragments", fragments(TEXT, &over, MESSAGE_BYTES), 1009),
        case("65,537 bytes in many fragments", fragments(BINARY, &over, 1_000), 1009),
    ]
}

/// RFC 6455 §7.4.2 and §5.5.1.
fn closings() -> Vec<Malformed> {
    const NEVER_SENT: [u16; 18] =
        [0, 1, 500, 999, 1004, 1005, 1006, 1015, 1016, 1100, 1999, 2000, 2001, 2500, 2998, 2999, 5000, 65535];
    let mut cases = vec![case("a close frame of one byte", frame(CLOSE, &[3]), 1002)];
    for code in NEVER_SENT {
        cases.push(case(format!("close code {code}"), close(code, b""), 1002));
        cases.push(case(format!("close code {code} with a reason"), close(code, b"because"), 1002));
    }
    cases
}

#[test]
fn every_malformed_frame_closes_its_connection_with_the_right_code_and_nobody_else_notices() {
    let server = Server::start();
    let mut witnesses = ["/ws", "/sync"].map(|path| server.socket(path));
    assert!(witnesses[1].next_text().contains("hello"));
    let cases = malformed();
    assert!(cases.len() > 300, "{} cases", cases.len());
    for live in [("/ws", ""), ("/sync", ""), COMPRESSED] {
        let path = live.0;
        for (what, bytes, code) in &cases {
            // There it says of a message that it is compressed; these are empty, and so they are none.
            let is_compressed = live == COMPRESSED && matches!(bytes[0], 0xC1 | 0x41 | 0xC2);
            if is_compressed {
                continue;
            }
            for delivery in DELIVERIES {
                // What came before is answered; what comes after is not.
                let bytes = [&text("ping"), &bytes[..], &text("ping")].concat();
                let mut raw = Raw::open_offering(server.addr, live, &bytes, delivery);
                assert_eq!(raw.frame(), Some((FIN | TEXT, b"pong".to_vec())), "{what} on {path}, {delivery:?}");
                assert_eq!(raw.close_code(), *code, "{what} on {path}, {delivery:?}");
            }
        }
    }

    wait_until("only the witnesses are counted", || {
        server.get("/api/websocket/status").expect(200)["connected_clients"] == 2
    });
    #[cfg(target_os = "linux")]
    wait_until("only the witnesses have a thread", || reading_threads(&server) == 2);
    let estimate = till::create_estimate(&mut server.client(), "Asha");
    for witness in &mut witnesses {
        assert_eq!(witness.next_json()["id"], estimate.id.as_str(), "the first frame since the start");
        assert!(witness.texts_until_pong().is_empty());
    }
    assert!(!server.log().contains("panicked"), "{}", server.log());
}
