//! Answers: built once, printed by `tiny_http::Response`, written with a deadline.

use std::io::{self, BufWriter, Read, Write};
use std::net::TcpStream;

use flate2::Compression;
use flate2::read::GzEncoder;
use tiny_http::{HTTPVersion, Header, Response, StatusCode};

use super::deadline::{DeadlineWriter, WRITE_BYTES};
use super::head::Head;
use crate::app::Answer;

/// Smaller answers fit into one packet anyway.
const GZIP_FROM_BYTES: usize = 1_400;
/// Answers up to this size have a length; larger ones are streamed in chunks.
const STREAM_FROM_BYTES: usize = 32 << 10;

/// Room for an answer's head.
const HEAD_BYTES: usize = 512;
/// Nobody guesses at what an answer is, and no address of ours is told to others.
const SECURITY_LINES: &str = "X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n";

/// An answer on its way to the client.
pub struct Reply {
    status: u16,
    headers: Vec<Header>,
    /// Headers that `Response` leaves to its caller, as they are printed.
    first_lines: String,
    body: Body,
}

enum Body {
    Bytes(Vec<u8>),
    Stream(Box<dyn Read + Send>),
}

impl Reply {
    /// A JSON answer.
    pub fn json(status: u16, body: Vec<u8>) -> Self {
        let mut reply =
            Self { status, headers: Vec::with_capacity(8), first_lines: String::new(), body: Body::Bytes(body) };
        reply.add_header("Content-Type", "application/json");
        reply.add_header("Cache-Control", "no-store");
        reply
    }

    /// A JSON answer of any length. What fits into one piece is sent as one.
    pub fn json_stream(mut source: impl Read + Send + 'static) -> io::Result<Self> {
        let mut start = Vec::new();
        source.by_ref().take(STREAM_FROM_BYTES as u64).read_to_end(&mut start)?;
        let is_whole = start.len() < STREAM_FROM_BYTES;
        let mut reply = Self::json(200, start);
        if !is_whole && let Body::Bytes(start) = reply.body {
            reply.body = Body::Stream(Box::new(io::Cursor::new(start).chain(source)));
        }
        Ok(reply)
    }

    /// A text of another type.
    pub fn text(content_type: &str, body: String) -> Self {
        let mut reply = Self::asset(content_type, body);
        reply.headers.retain(|header| !header.field.equiv("Cache-Control"));
        reply.add_header("Cache-Control", "no-store");
        reply
    }

    /// An embedded file.
    pub fn asset(content_type: &str, bytes: impl Into<Vec<u8>>) -> Self {
        let mut reply = Self {
            status: 200,
            headers: Vec::with_capacity(8),
            first_lines: String::new(),
            body: Body::Bytes(bytes.into()),
        };
        reply.add_header("Content-Type", content_type);
        reply.add_header("Cache-Control", "no-cache");
        reply
    }

    /// Adds a header. Values come from the server itself; one that is not ASCII is left out.
    pub fn add_header(&mut self, name: &'static str, value: &str) {
        if name == "Upgrade" {
            self.first_lines.push_str("Upgrade: websocket\r\n");
            return;
        }
        if let Ok(header) = Header::from_bytes(name.as_bytes(), value.as_bytes()) {
            self.headers.push(header);
        }
    }

    /// Prints head and body onto the socket. `head` is the request's, if it could be read.
    pub(super) fn send(mut self, stream: &TcpStream, head: Option<&Head>, keeps_alive: bool) -> io::Result<()> {
        self.add_header("Server", "tillsync");
        let is_1_1 = head.is_none_or(|head| head.is_http_1_1);
        let version = HTTPVersion(1, u8::from(is_1_1));
        let is_head = head.is_some_and(|head| head.method == tiny_http::Method::Head);
        self.first_lines.push_str(SECURITY_LINES);
        self.first_lines.push_str(match (keeps_alive, is_1_1) {
            (true, true) => "",
            (true, false) => "Connection: keep-alive\r\n",
            (false, _) => "Connection: close\r\n",
        });
        let wants_gzip = head.is_some_and(accepts_gzip);
        let status = StatusCode(self.status);
        let print = Print { stream, version, is_head, first_lines: self.first_lines };
        match self.body {
            Body::Bytes(bytes) if wants_gzip && bytes.len() >= GZIP_FROM_BYTES => {
                let mut packed = Vec::with_capacity(bytes.len() / 4);
                GzEncoder::new(bytes.as_slice(), Compression::fast()).read_to_end(&mut packed)?;
                add_gzip_headers(&mut self.headers);
                let length = packed.len();
                let response = Response::new(status, self.headers, packed.as_slice(), Some(length), None);
                print.whole(response, length)
            }
            Body::Bytes(bytes) => {
                let length = bytes.len();
                let response = Response::new(status, self.headers, bytes.as_slice(), Some(length), None);
                print.whole(response, length)
            }
            Body::Stream(source) if wants_gzip => {
                add_gzip_headers(&mut self.headers);
                let source = GzEncoder::new(source, Compression::fast());
                print.stream(Response::new(status, self.headers, source, None, None))
            }
            Body::Stream(source) => print.stream(Response::new(status, self.headers, source, None, None)),
        }
    }
}

impl From<Answer> for Reply {
    fn from(answer: Answer) -> Self {
        let mut reply = Self::json(answer.status, answer.body);
        if let Some(rev) = answer.rev {
            reply.add_header("ETag", &format!("\"{rev}\""));
        }
        reply
    }
}

fn add_gzip_headers(headers: &mut Vec<Header>) {
    for (name, value) in [("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding")] {
        if let Ok(header) = Header::from_bytes(name, value) {
            headers.push(header);
        }
    }
}

/// Whether the client takes gzip (RFC 9110 §12.5.3): named, and not with weight zero.
fn accepts_gzip(head: &Head) -> bool {
    head.header("Accept-Encoding").is_some_and(|value| {
        value.split(',').any(|coding| {
            let mut parts = coding.split(';').map(str::trim);
            let is_gzip = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
            is_gzip && !parts.any(|weight| weight.strip_prefix("q=").is_some_and(|q| q.parse() == Ok(0.0_f32)))
        })
    })
}

/// How an answer is printed.
struct Print<'a> {
    stream: &'a TcpStream,
    version: HTTPVersion,
    is_head: bool,
    first_lines: String,
}

impl Print<'_> {
    /// Prints an answer of known length into memory and writes it in one go.
    fn whole<R: Read>(self, response: Response<R>, length: usize) -> io::Result<()> {
        let memory = Vec::with_capacity(HEAD_BYTES + length);
        let mut printed = FirstLines { inner: memory, lines: Some(self.first_lines) };
        let response = response.with_chunked_threshold(usize::MAX);
        response.raw_print(&mut printed, self.version, &[], self.is_head, None)?;
        DeadlineWriter::new(self.stream).write_all(&printed.inner)
    }

    /// Prints an answer of unknown length as its source yields it.
    fn stream<R: Read>(self, response: Response<R>) -> io::Result<()> {
        let writer = BufWriter::with_capacity(WRITE_BYTES, DeadlineWriter::new(self.stream));
        let mut printed = FirstLines { inner: writer, lines: Some(self.first_lines) };
        response.raw_print(&mut printed, self.version, &[], self.is_head, None)?;
        printed.inner.flush()
    }
}

/// Puts the lines that `Response` leaves to its caller behind the status line.
struct FirstLines<W> {
    inner: W,
    lines: Option<String>,
}

impl<W: Write> Write for FirstLines<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.inner.write_all(bytes)?;
        if bytes.ends_with(b"\r\n")
            && let Some(lines) = self.lines.take()
        {
            self.inner.write_all(lines.as_bytes())?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
