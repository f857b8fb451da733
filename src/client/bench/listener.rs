//! One listener: the handshake, and the check of what it gets. It never waits and never sees a thread.

use std::io::{self, ErrorKind, Write};
use std::net::TcpStream;

use tungstenite::handshake::derive_accept_key;

use super::frames::{NotAFrame, Opcode, Splitter};
use super::http::HttpConnection;
use super::ledger::Ledger;
use super::scan;
use super::scan::RecordId;
use super::target::Target;

/// RFC 6455 §4.1 wants 16 bytes in Base64; they protect caches, not secrets, so one key serves all.
const KEY: &str = "dGlsbHN5bmMgYmVuY2ghIQ==";

/// A client of `/ws`.
pub(crate) struct Listener {
    stream: TcpStream,
    splitter: Splitter,
    last_seq: u64,
    /// Which record each `seq` was about. One listener of all writes it down; the others would write the same.
    pub(crate) log: Option<Vec<(u64, RecordId)>>,
    is_open: bool,
}

/// What the listeners of a thread have got.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) deliveries: u64,
    pub(crate) out_of_order: u64,
    pub(crate) doubled: u64,
    pub(crate) closed_listeners: u64,
    pub(crate) unreadable: u64,
    /// When the last delivery came.
    pub(crate) last_us: u32,
    /// Of the listener that keeps one.
    pub(crate) log: Vec<(u64, RecordId)>,
}

/// Connects listeners one after the other; the first of them keeps a log.
pub(crate) fn connect_all(target: &Target, count: usize) -> Result<Vec<Listener>, String> {
    let mut listeners = Vec::with_capacity(count);
    for number in 1..=count {
        let listener = Listener::connect(target).map_err(|error| {
            format!("Listener {number} of {count} cannot connect to {}: {error}. Try fewer --listeners.", target.host)
        })?;
        listeners.push(listener);
    }
    appoint_logger(&mut listeners);
    Ok(listeners)
}

/// Lets the first listener keep a log.
pub(crate) fn appoint_logger(listeners: &mut [Listener]) {
    if let Some(first) = listeners.first_mut() {
        first.log = Some(Vec::new());
    }
}

impl Listener {
    fn connect(target: &Target) -> io::Result<Self> {
        let request = format!(
            "GET /ws HTTP/1.1\r\n{}Connection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n\r\n",
            target.headers
        );
        let (head, stream, rest) = HttpConnection::open(target.address)?.upgrade(request.as_bytes())?;
        if !head.starts_with("HTTP/1.1 101") || !head.contains(&derive_accept_key(KEY.as_bytes())) {
            let status = head.lines().next().unwrap_or_default();
            return Err(io::Error::new(ErrorKind::InvalidData, format!("its answer is {status:?}")));
        }
        let mut listener = Self::over(stream);
        // What came right behind the handshake is older than any measurement, but it may end within a frame.
        listener.take(&rest, 0, &Ledger::new(0, 0, 0), &mut Tally::default());
        Ok(listener)
    }

    /// A listener on a socket that already speaks in frames.
    pub(crate) fn over(stream: TcpStream) -> Self {
        Self { stream, splitter: Splitter::default(), last_seq: 0, log: None, is_open: true }
    }

    /// The socket.
    pub(crate) fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// Checks what came, at `now_us` of the measurement.
    pub(crate) fn take(&mut self, bytes: &[u8], now_us: u32, ledger: &Ledger, tally: &mut Tally) {
        let Self { stream, splitter, last_seq, log, is_open } = self;
        tally.last_us = now_us;
        let result = splitter.feed(bytes, &mut |opcode, front| match opcode {
            Opcode::Text => match scan::seq(front) {
                Some(seq) => {
                    if tally.check(seq, last_seq) {
                        ledger.note(seq, now_us);
                    }
                    if let Some(log) = log {
                        log.extend(scan::message_id(front).map(|id| (seq, id)));
                    }
                }
                None => tally.unreadable += 1,
            },
            // If the socket is full of our own pongs, the server does not read and will ping no more.
            Opcode::Ping => drop((&*stream).write_all(&pong(front))),
            Opcode::Close => tally.close(is_open),
            Opcode::Other => {}
        });
        if result == Err(NotAFrame) {
            tally.unreadable += 1;
            tally.close(is_open);
        }
    }

    /// The server has ended the connection.
    pub(crate) fn end(&mut self, tally: &mut Tally) {
        tally.close(&mut self.is_open);
    }

    /// Whether there is anything to come.
    pub(crate) fn is_open(&self) -> bool {
        self.is_open
    }
}

impl Tally {
    /// Counts a delivery. True if it is newer than all before it.
    fn check(&mut self, seq: u64, last_seq: &mut u64) -> bool {
        self.deliveries += 1;
        if seq > *last_seq {
            *last_seq = seq;
            return true;
        }
        if seq == *last_seq {
            self.doubled += 1;
        } else {
            self.out_of_order += 1;
        }
        false
    }

    fn close(&mut self, is_open: &mut bool) {
        self.closed_listeners += u64::from(std::mem::take(is_open));
    }

    /// Adds what the listeners of another thread have got.
    pub(crate) fn add(&mut self, other: Self) {
        self.deliveries += other.deliveries;
        self.out_of_order += other.out_of_order;
        self.doubled += other.doubled;
        self.closed_listeners += other.closed_listeners;
        self.unreadable += other.unreadable;
        self.last_us = self.last_us.max(other.last_us);
        self.log.extend(other.log);
    }
}

/// A pong with the ping's payload (RFC 6455 §5.5.3), masked with zeros, which leave it as it is.
fn pong(payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).unwrap_or(0) & 0x7F;
    let mut bytes = vec![0x8A, 0x80 | length, 0, 0, 0, 0];
    bytes.extend(payload.iter().take(usize::from(length)));
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_double_and_a_step_back_are_told_apart() {
        let mut tally = Tally::default();
        let mut last_seq = 0;
        let are_new: Vec<bool> = [1, 2, 2, 5, 4, 6].map(|seq| tally.check(seq, &mut last_seq)).to_vec();
        assert_eq!(are_new, [true, true, false, true, false, true]);
        assert_eq!((tally.deliveries, tally.doubled, tally.out_of_order), (6, 1, 1));
    }

    #[test]
    fn a_listener_is_closed_once() {
        let mut tally = Tally::default();
        let mut is_open = true;
        tally.close(&mut is_open);
        tally.close(&mut is_open);
        assert_eq!((tally.closed_listeners, is_open), (1, false));
    }

    #[test]
    fn a_pong_carries_the_payload_of_its_ping() {
        assert_eq!(pong(b""), [0x8A, 0x80, 0, 0, 0, 0]);
        assert_eq!(pong(b"hi"), [0x8A, 0x82, 0, 0, 0, 0, b'h', b'i']);
    }
}
