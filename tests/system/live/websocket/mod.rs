//! Goal: RFC 6455 is kept to the letter on every live path. A malformed frame ends its connection with the right close code,
//! and its thread, and nobody else notices; a good one is answered, however it is cut into pieces; a handshake is accepted
//! exactly if it is one. Method: raw bytes out of tables, each case on a connection of its own, delivered behind the
//! handshake in one write, in a write of its own, and byte by byte.

mod deflate;
#[cfg(feature = "conformance")]
mod echo;
mod handshakes;
mod malformed;
mod well_formed;

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};

use crate::support::DEADLINE;
use crate::support::server::Server;

const FIN: u8 = 0x80;
const MASKED: u8 = 0x80;
const CONTINUATION: u8 = 0x0;
const TEXT: u8 = 0x1;
const BINARY: u8 = 0x2;
const CLOSE: u8 = FIN | 0x8;
const PING: u8 = FIN | 0x9;
const PONG: u8 = FIN | 0xA;

/// The limit of a message (manual, page `limits`).
const MESSAGE_BYTES: usize = 64 << 10;
/// A live path, and what is offered there, of which compressed frames come.
const COMPRESSED: (&str, &str) = ("/sync?deflate=1", "permessage-deflate");
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
        Self::open_offering(addr, (path, ""), bytes, delivery)
    }

    /// The same with an extension that is offered, and that the server takes up, unless the offer is empty.
    fn open_offering(addr: SocketAddr, (path, offer): (&str, &str), bytes: &[u8], delivery: Delivery) -> Self {
        let stream = TcpStream::connect(addr).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.set_write_timeout(Some(DEADLINE)).unwrap();
        stream.set_nodelay(true).unwrap();
        let mut raw = Self { stream: BufReader::new(stream) };
        let offers = if offer.is_empty() { String::new() } else { format!("Sec-WebSocket-Extensions: {offer}\r\n") };
        let mut first = format!(
            "GET {path} HTTP/1.1\r\nHost: {addr}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n{offers}\r\n"
        )
        .into_bytes();
        if matches!(delivery, Delivery::WithHandshake) {
            first.extend_from_slice(bytes);
        }
        raw.send(&first);
        let mut line = String::new();
        raw.stream.read_line(&mut line).unwrap();
        assert!(line.starts_with("HTTP/1.1 101 "), "{line}");
        let mut is_taken_up = false;
        while line != "\r\n" {
            line.clear();
            raw.stream.read_line(&mut line).unwrap();
            is_taken_up |= line.to_ascii_lowercase().starts_with("sec-websocket-extensions:");
        }
        assert_eq!(is_taken_up, !offer.is_empty(), "{offer} on {path}");
        if path.starts_with("/sync") {
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

/// Threads of the server that read live clients.
#[cfg(target_os = "linux")]
fn reading_threads(server: &Server) -> usize {
    std::fs::read_dir(format!("/proc/{}/task", server.pid()))
        .unwrap()
        .filter_map(|task| std::fs::read_to_string(task.unwrap().path().join("comm")).ok())
        .filter(|name| name.starts_with("live-"))
        .count()
}
