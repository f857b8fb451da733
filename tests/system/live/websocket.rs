//! Goal: RFC 6455 is kept to the letter on every live path. A malformed frame ends its connection with the right close code,
//! and its thread, and nobody else notices; a good one is answered, however it is cut into pieces; a handshake is accepted
//! exactly if it is one. Method: raw bytes out of tables, each case on a connection of its own, delivered behind the
//! handshake in one write, in a write of its own, and byte by byte.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};

use crate::support::http::Client;
use crate::support::server::Server;
use crate::support::socket::Socket;
use crate::support::{DEADLINE, till, wait_until};

const FIN: u8 = 0x80;
const MASKED: u8 = 0x80;
const CONTINUATION: u8 = 0x0;
const TEXT: u8 = 0x1;
const BINARY: u8 = 0x2;
const CLOSE: u8 = FIN | 0x8;
const PING: u8 = FIN | 0x9;
const PONG: u8 = FIN | 0xA;
/// The README's limit for a message.
const MESSAGE_BYTES: usize = 64 << 10;

const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
/// RFC 6455 §1.3 works this one out.
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// A whole frame as a client must send it: masked, its length in the fewest bytes.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    const MASK: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];
    let mut bytes = vec![first];
    match payload.len() {
        length @ 0..126 => bytes.push(MASKED | u8::try_from(length).unwrap()),
        length @ 126..0x1_0000 => {
            bytes.push(MASKED | 0x7E);
            bytes.extend(u16::try_from(length).unwrap().to_be_bytes());
        }
        length => {
            bytes.push(MASKED | 0x7F);
            bytes.extend((length as u64).to_be_bytes());
        }
    }
    bytes.extend(MASK);
    bytes.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}

fn text(payload: impl AsRef<[u8]>) -> Vec<u8> {
    frame(FIN | TEXT, payload.as_ref())
}

fn close(code: u16, reason: &[u8]) -> Vec<u8> {
    frame(CLOSE, &[&code.to_be_bytes(), reason].concat())
}

/// A message in pieces of so many bytes.
fn fragments(opcode: u8, payload: &[u8], size: usize) -> Vec<u8> {
    let count = payload.len().div_ceil(size);
    let piece = |(at, piece): (usize, &[u8])| {
        let first = if at == 0 { opcode } else { CONTINUATION };
        frame(if at + 1 == count { FIN | first } else { first }, piece)
    };
    payload.chunks(size).enumerate().flat_map(piece).collect()
}

/// How the bytes of a case reach the server.
#[derive(Debug, Clone, Copy)]
enum Delivery {
    WithHandshake,
    AtOnce,
    ByteByByte,
}

const DELIVERIES: [Delivery; 3] = [Delivery::WithHandshake, Delivery::AtOnce, Delivery::ByteByByte];

/// A connection on which every byte is seen.
struct Raw {
    stream: BufReader<TcpStream>,
}

impl Raw {
    /// Opens a live path and sends these bytes behind the handshake; on `/sync` the greeting is read.
    fn open(addr: SocketAddr, path: &str, bytes: &[u8], delivery: Delivery) -> Self {
        let stream = TcpStream::connect(addr).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.set_write_timeout(Some(DEADLINE)).unwrap();
        stream.set_nodelay(true).unwrap();
        let mut raw = Self { stream: BufReader::new(stream) };
        let mut first = format!(
            "GET {path} HTTP/1.1\r\nHost: {addr}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n\r\n"
        )
        .into_bytes();
        if matches!(delivery, Delivery::WithHandshake) {
            first.extend_from_slice(bytes);
        }
        raw.send(&first);
        let mut line = String::new();
        raw.stream.read_line(&mut line).unwrap();
        assert!(line.starts_with("HTTP/1.1 101 "), "{line}");
        while line != "\r\n" {
            line.clear();
            raw.stream.read_line(&mut line).unwrap();
        }
        if path == "/sync" {
            let (first, hello) = raw.frame().unwrap();
            assert_eq!(first, FIN | TEXT);
            assert!(hello.starts_with(br#"{"type":"sync","action":"hello""#));
        }
        match delivery {
            Delivery::WithHandshake => {}
            Delivery::AtOnce => raw.send(bytes),
            // A large message is cut as well, but not into 65,536 writes.
            Delivery::ByteByByte => bytes.chunks(1 + bytes.len() / 500).for_each(|piece| raw.send(piece)),
        }
        raw
    }

    /// A server that has closed may be gone before everything is sent.
    fn send(&mut self, bytes: &[u8]) {
        if let Err(error) = self.stream.get_mut().write_all(bytes) {
            assert!(matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset), "{error}");
        }
    }

    /// The next frame of the server: its first byte and its payload. `None` at the end of the connection.
    fn frame(&mut self) -> Option<(u8, Vec<u8>)> {
        let mut head = [0; 2];
        match self.stream.read_exact(&mut head) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return None,
            read => read.unwrap(),
        }
        let length = match head[1] {
            short @ 0..126 => usize::from(short),
            126 => {
                let mut length = [0; 2];
                self.stream.read_exact(&mut length).unwrap();
                usize::from(u16::from_be_bytes(length))
            }
            127 => {
                let mut length = [0; 8];
                self.stream.read_exact(&mut length).unwrap();
                usize::try_from(u64::from_be_bytes(length)).unwrap()
            }
            _ => panic!("a server's frames are not masked"),
        };
        let mut payload = vec![0; length];
        self.stream.read_exact(&mut payload).unwrap();
        Some((head[0], payload))
    }

    /// Reads a close frame and the end of the connection behind it.
    fn close_code(&mut self) -> u16 {
        let (first, payload) = self.frame().expect("a close frame");
        assert_eq!(first, CLOSE, "{payload:x?}");
        assert_eq!(self.frame(), None, "something follows the close frame");
        u16::from_be_bytes([payload[0], payload[1]])
    }
}

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

/// Threads of the server that read live clients.
#[cfg(target_os = "linux")]
fn reading_threads(server: &Server) -> usize {
    std::fs::read_dir(format!("/proc/{}/task", server.pid()))
        .unwrap()
        .filter_map(|task| std::fs::read_to_string(task.unwrap().path().join("comm")).ok())
        .filter(|name| name.starts_with("live-"))
        .count()
}

#[test]
fn every_malformed_frame_closes_its_connection_with_the_right_code_and_nobody_else_notices() {
    let server = Server::start();
    let mut witnesses = ["/ws", "/sync"].map(|path| server.socket(path));
    assert!(witnesses[1].next_text().contains("hello"));
    let cases = malformed();
    assert!(cases.len() > 300, "{} cases", cases.len());
    for path in ["/ws", "/sync"] {
        for (what, bytes, code) in &cases {
            for delivery in DELIVERIES {
                // What came before is answered; what comes after is not.
                let bytes = [&text("ping"), &bytes[..], &text("ping")].concat();
                let mut raw = Raw::open(server.addr, path, &bytes, delivery);
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
    let mut till = server.client();
    let mut raw = Raw::open(server.addr, "/ws", b"", Delivery::AtOnce);
    wait_until("it is connected", || reading_threads(&server) == 1);
    // It reads nothing until it is over its outbox.
    wait_until("it is closed as too slow", || {
        till.post("/api/estimates/create", &till::bulky_estimate("Asha")).expect(201);
        server.log().contains("did not take its changes in time")
    });
    let code = loop {
        match raw.frame().expect("a close frame") {
            (CLOSE, payload) => break u16::from_be_bytes([payload[0], payload[1]]),
            (first, _) => assert_eq!(first, FIN | TEXT),
        }
    };
    assert_eq!(code, 4408);
    wait_until("its thread ends although it never falls silent", || {
        raw.send(&text("ping"));
        reading_threads(&server) == 0
    });
    server.get("/health").expect(200);
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

/// A request for `/ws`, its headers with these in place of those of the same name.
fn handshake(request_line: &str, changes: &[&str]) -> Vec<u8> {
    let usual = ["Host: shop", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"];
    let name_of = |line: &str| line.split(':').next().unwrap().to_ascii_lowercase();
    let key = format!("Sec-WebSocket-Key: {KEY}");
    let kept = usual.into_iter().chain([key.as_str()]);
    let kept = kept.filter(|line| !changes.iter().any(|change| name_of(change) == name_of(line)));
    // A name without a value takes the header away.
    let lines = kept.chain(changes.iter().copied().filter(|change| change.contains(':')));
    let head = lines.fold(format!("{request_line}\r\n"), |head, line| head + line + "\r\n");
    (head + "\r\n").into_bytes()
}

const GET: &str = "GET /ws HTTP/1.1";

#[test]
fn a_handshake_is_accepted_in_every_spelling() {
    let server = Server::start();
    let absolute = format!("GET http://{}/ws HTTP/1.1", server.addr);
    let accepted: [(&str, &[&str]); 17] = [
        (GET, &[]),
        ("GET /sync HTTP/1.1", &[]),
        ("GET /ws?format=legacy HTTP/1.1", &[]),
        (&absolute, &[]),
        (GET, &["connection: upgrade", "upgrade: websocket", "sec-websocket-version: 13"]),
        (GET, &["CONNECTION: UPGRADE", "UPGRADE: WEBSOCKET"]),
        (GET, &["Connection: keep-alive, Upgrade"]),
        (GET, &["Connection: keep-alive,upgrade,Foo"]),
        (GET, &["Connection: keep-alive", "Connection: Upgrade"]),
        (GET, &["Upgrade: WebSocket"]),
        (GET, &["Upgrade: h2c, websocket"]),
        (GET, &["Upgrade: h2c", "Upgrade: websocket"]),
        (GET, &["Sec-WebSocket-Version:   13   "]),
        (GET, &["Sec-WebSocket-Protocol: chat, superchat"]),
        (GET, &["Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"]),
        (GET, &["Sec-WebSocket-Extensions: x-unknown", "Sec-WebSocket-Extensions: bbf-usp-protocol; a=\"b\""]),
        (GET, &["Content-Length: 0", "User-Agent: Dart/3.4 (dart:io)", "Cookie: a=b"]),
    ];
    for (request_line, changes) in accepted {
        let mut client = Client::connect(server.addr);
        client.send_raw(&handshake(request_line, changes)).unwrap();
        let reply = client.read("GET");
        assert_eq!(reply.status, 101, "{request_line} {changes:?}");
        assert_eq!(reply.header("Sec-WebSocket-Accept"), Some(ACCEPT));
        assert_eq!(reply.header("Connection").map(str::to_ascii_lowercase).as_deref(), Some("upgrade"));
        assert_eq!(reply.header("Upgrade").map(str::to_ascii_lowercase).as_deref(), Some("websocket"));
        // Nothing that was offered is taken up (RFC 6455 §4.2.2), nor is there a body.
        assert_eq!(reply.headers.len(), 3, "{:?}", reply.headers);
    }
    let mut client = Client::connect(server.addr);
    client.send_raw(&handshake(GET, &["Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw=="])).unwrap();
    assert_eq!(client.read("GET").header("Sec-WebSocket-Accept"), Some("HSmrc0sMlYUkAGmm5OPpG2HaGWk="));
}

#[test]
fn what_is_no_handshake_gets_a_clear_answer_and_no_session() {
    let server = Server::start();
    let refused: [(&str, &[&str], u16); 33] = [
        (GET, &["Sec-WebSocket-Key"], 400),
        (GET, &["Sec-WebSocket-Key:"], 400),
        (GET, &["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ"], 400),
        (GET, &["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j"], 400),
        (GET, &["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZSE="], 400),
        (GET, &["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZSEh"], 400),
        (GET, &["Sec-WebSocket-Key: ========================"], 400),
        (GET, &["Sec-WebSocket-Key: dGhlIHNhbXBsZSB?b25jZQ=="], 400),
        (GET, &["Sec-WebSocket-Key: ключключключ"], 400),
        (GET, &["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ=="], 400),
        (GET, &["Content-Length: 4"], 400),
        (GET, &["Transfer-Encoding: chunked"], 400),
        (GET, &["Sec-WebSocket-Version"], 426),
        (GET, &["Sec-WebSocket-Version: 0"], 426),
        (GET, &["Sec-WebSocket-Version: 8"], 426),
        (GET, &["Sec-WebSocket-Version: 14"], 426),
        (GET, &["Sec-WebSocket-Version: 013"], 426),
        (GET, &["Sec-WebSocket-Version: 13, 8"], 426),
        (GET, &["Connection"], 426),
        (GET, &["Connection: keep-alive"], 426),
        (GET, &["Connection: upgraded"], 426),
        (GET, &["Upgrade"], 426),
        (GET, &["Upgrade: websockets"], 426),
        (GET, &["Upgrade: h2c"], 426),
        ("GET /ws HTTP/1.0", &[], 426),
        ("GET /sync HTTP/1.0", &["Connection: keep-alive, Upgrade"], 426),
        ("HEAD /ws HTTP/1.1", &[], 426),
        ("POST /ws HTTP/1.1", &["Content-Length: 0"], 405),
        ("PUT /sync HTTP/1.1", &["Content-Length: 0"], 405),
        ("GET /wss HTTP/1.1", &[], 404),
        ("GET /websocket HTTP/1.1", &[], 404),
        (GET, &["Origin: https://evil.example"], 403),
        (GET, &["Host: evil.example"], 421),
    ];
    for (request_line, changes, status) in refused {
        let method = request_line.split(' ').next().unwrap();
        let mut client = Client::connect(server.addr);
        client.send_raw(&handshake(request_line, changes)).unwrap();
        let reply = client.read(method);
        assert_eq!(reply.status, status, "{request_line} {changes:?}");
        if method != "HEAD" {
            assert!(!reply.detail(status).is_empty());
        }
        if status == 426 {
            assert_eq!(reply.header("Upgrade"), Some("websocket"));
        }
        if changes.iter().any(|change| change.starts_with("Sec-WebSocket-Version")) {
            assert_eq!(reply.header("Sec-WebSocket-Version"), Some("13"), "{changes:?}");
        }
    }
    assert_eq!(server.get("/api/websocket/status").expect(200)["connected_clients"], 0);
    Socket::connect(server.addr, "/ws", &[]).send_text("ping");
}

#[test]
fn a_refused_handshake_is_readable_although_the_client_goes_on_sending() {
    let server = Server::start();
    let mut stream = TcpStream::connect(server.addr).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.set_write_timeout(Some(DEADLINE)).unwrap();
    let eager = [handshake(GET, &["Sec-WebSocket-Version: 8"]), vec![b'x'; 1 << 20]].concat();
    stream.write_all(&eager).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("the answer, and not a reset");
    assert!(answer.starts_with("HTTP/1.1 426 "), "{answer}");
}

#[test]
#[cfg(not(feature = "conformance"))]
fn a_shops_build_echoes_nothing() {
    let server = Server::start();
    let mut client = server.client();
    client.send_raw(&handshake("GET /ws/echo HTTP/1.1", &[])).unwrap();
    client.read("GET").detail(404);
}

/// What the public fuzzing client's cases 1, 2, 5, 6, 7 and 10 expect back, on the path that it uses.
#[test]
#[cfg(feature = "conformance")]
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
