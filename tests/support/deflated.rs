//! A client of `/sync?deflate=1` that inflates by itself and shows every frame as it came.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};

use flate2::{Decompress, FlushDecompress};
use serde_json::Value;

use super::DEADLINE;

const TEXT: u8 = 0x81;
const DEFLATED: u8 = 0xC1;
const PING: u8 = 0x89;

/// A frame of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeflatedFrame {
    pub is_deflated: bool,
    /// The payload as it came.
    pub payload: Vec<u8>,
    pub text: String,
}

impl DeflatedFrame {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error} in {}", self.text))
    }
}

pub struct DeflatedSocket {
    stream: BufReader<TcpStream>,
    inflater: Decompress,
}

impl DeflatedSocket {
    /// Connects to a path; compression is agreed on.
    pub fn connect(addr: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Self {
        let stream = TcpStream::connect(addr).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        let mut head = format!(
            "GET {path} HTTP/1.1\r\nHost: {addr}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             Sec-WebSocket-Extensions: permessage-deflate\r\n"
        );
        for (name, value) in headers {
            head += &[name, ": ", value, "\r\n"].concat();
        }
        (&stream).write_all((head + "\r\n").as_bytes()).unwrap();
        let mut socket = Self { stream: BufReader::new(stream), inflater: Decompress::new(false) };
        let (mut answer, mut line) = (String::new(), String::new());
        while line != "\r\n" {
            line.clear();
            assert!(socket.stream.read_line(&mut line).unwrap() > 0, "{answer}");
            answer += &line;
        }
        assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
        assert!(answer.to_ascii_lowercase().contains("sec-websocket-extensions: permessage-deflate; "), "{answer}");
        socket
    }

    /// The next frame with a text; pings are passed over.
    pub fn next(&mut self) -> DeflatedFrame {
        loop {
            let (first, payload) = self.frame();
            let (is_deflated, text) = match first {
                TEXT => (false, payload.clone()),
                DEFLATED => (true, self.inflated(&payload)),
                PING => continue,
                _ => panic!("{first:x}: {payload:x?}"),
            };
            return DeflatedFrame { is_deflated, payload, text: String::from_utf8(text).unwrap() };
        }
    }

    /// The next frame that is about a record.
    pub fn next_change(&mut self) -> DeflatedFrame {
        loop {
            let frame = self.next();
            if frame.json()["type"] != "sync" {
                return frame;
            }
        }
    }

    fn frame(&mut self) -> (u8, Vec<u8>) {
        let mut head = [0; 2];
        self.stream.read_exact(&mut head).unwrap();
        let mut longer = [0; 8];
        let length_bytes = match head[1] {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        self.stream.read_exact(&mut longer[8 - length_bytes..]).unwrap();
        let length = if length_bytes == 0 { u64::from(head[1]) } else { u64::from_be_bytes(longer) };
        let mut payload = vec![0; usize::try_from(length).unwrap()];
        self.stream.read_exact(&mut payload).unwrap();
        (head[0], payload)
    }

    fn inflated(&mut self, payload: &[u8]) -> Vec<u8> {
        let whole = [payload, &[0, 0, 0xFF, 0xFF]].concat();
        let (mut rest, mut text) = (&whole[..], Vec::with_capacity(4 << 10));
        loop {
            let before = self.inflater.total_in();
            self.inflater.decompress_vec(rest, &mut text, FlushDecompress::Sync).unwrap();
            rest = &rest[usize::try_from(self.inflater.total_in() - before).unwrap()..];
            if rest.is_empty() && text.len() < text.capacity() {
                return text;
            }
            text.reserve(64 << 10);
        }
    }
}
