//! Answers: built once and written with a deadline. What fits into memory is printed here, in one piece; what is streamed is
//! printed by `tiny_http::Response`, which knows chunks.

use std::borrow::Cow;
use std::cell::Cell;
use std::io::{self, BufWriter, Read, Write};
use std::rc::Rc;

use flate2::Compression;
use flate2::read::GzEncoder;
use tiny_http::{HTTPVersion, Header, StatusCode};

use super::head::Head;
use super::memory_budget::Reservation;
use super::problem::Problem;
use super::write_timeout::WRITE_BYTES;
use crate::app::{Answer, ShopClock, SubmitError};

/// Smaller answers fit into one packet anyway.
pub(crate) const GZIP_FROM_BYTES: usize = 1_400;
/// Answers up to this size have a length; larger ones are streamed in chunks.
const STREAM_FROM_BYTES: usize = 32 << 10;
/// Room for an answer's head.
const HEAD_BYTES: usize = 512;
/// What packing an answer holds, its tables above all.
const GZIP_BYTES: usize = 384 << 10;
const SERVER: &str = "tillsync";
/// Nobody guesses at what an answer is, and no address of ours is told to others.
pub(crate) const SECURITY_LINES: &str = "X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n";

/// An answer on its way to the client.
pub struct Response {
    status: u16,
    /// Header lines as they are printed.
    lines: String,
    has_tag: bool,
    /// Whether it may be sent as gzip to those who take it.
    may_be_packed: bool,
    body: ResponseBody,
}

enum ResponseBody {
    Bytes(Vec<u8>),
    Fixed(&'static Fixed),
    Stream(Box<dyn Read + Send>),
}

/// Content that is the same for as long as the program runs, plain and compressed.
pub(crate) struct Fixed {
    plain: Cow<'static, [u8]>,
    packed: Cow<'static, [u8]>,
}

impl Fixed {
    pub fn new(plain: impl Into<Cow<'static, [u8]>>, packed: impl Into<Cow<'static, [u8]>>) -> Self {
        Self { plain: plain.into(), packed: packed.into() }
    }
}

impl Response {
    /// An answer in memory.
    pub fn new(status: u16, content_type: &str, cache_control: &str, body: Vec<u8>) -> Self {
        let mut response = Self::empty(status, cache_control);
        response.add_header("Content-Type", content_type);
        response.body = ResponseBody::Bytes(body);
        response
    }

    /// An answer without a body.
    pub fn empty(status: u16, cache_control: &str) -> Self {
        let mut response = Self {
            status,
            lines: String::with_capacity(HEAD_BYTES),
            has_tag: false,
            may_be_packed: true,
            body: ResponseBody::Bytes(Vec::new()),
        };
        response.add_header("Cache-Control", cache_control);
        response
    }

    /// A JSON answer.
    pub fn json(status: u16, body: Vec<u8>) -> Self {
        Self::new(status, "application/json", "no-store", body)
    }

    /// A JSON answer of any length. What fits into one piece is sent as one.
    pub fn json_stream(mut source: impl Read + Send + 'static) -> io::Result<Self> {
        let mut start = Vec::new();
        source.by_ref().take(STREAM_FROM_BYTES as u64).read_to_end(&mut start)?;
        let is_whole = start.len() < STREAM_FROM_BYTES;
        let mut response = Self::json(200, start);
        if !is_whole && let ResponseBody::Bytes(start) = response.body {
            response.body = ResponseBody::Stream(Box::new(io::Cursor::new(start).chain(source)));
        }
        Ok(response)
    }

    /// A text of another type.
    pub fn text(content_type: &str, body: String) -> Self {
        Self::new(200, content_type, "no-store", body.into_bytes())
    }

    /// Content that never changes.
    pub(crate) fn fixed(content_type: &str, cache_control: &str, content: &'static Fixed) -> Self {
        let mut response = Self::new(200, content_type, cache_control, Vec::new());
        response.body = ResponseBody::Fixed(content);
        response
    }

    /// Adds a header. Values are made by the server; a line end in one would be a new header and is left out.
    pub fn add_header(&mut self, name: &'static str, value: &str) {
        if !value.bytes().any(|byte| matches!(byte, b'\r' | b'\n')) {
            for piece in [name, ": ", value, "\r\n"] {
                self.lines.push_str(piece);
            }
        }
    }

    /// Whether its length is not known beforehand.
    pub(crate) fn is_stream(&self) -> bool {
        matches!(self.body, ResponseBody::Stream(_))
    }

    /// Keeps what is held for a slow reader within `share`: without room it is not packed, and what is large and of known
    /// length is not given out. Of commands that is at most the answer to the edit of a very long bill, which repeats what was
    /// sent; sent again, it is answered from what was stored.
    #[must_use]
    pub(crate) fn within(mut self, reservation: &mut Reservation<'_>, head: &Head) -> Self {
        let bytes = match &self.body {
            ResponseBody::Bytes(bytes) => bytes.len(),
            ResponseBody::Fixed(content) => content.plain.len(),
            ResponseBody::Stream(_) => 0,
        };
        if self.is_packed_for(Some(head)) && reservation.cover(bytes + GZIP_BYTES).is_ok() {
            return self;
        }
        self.may_be_packed = false;
        reservation.cover(bytes).map_or_else(|exhausted| Problem::from(exhausted).into(), |()| self)
    }

    /// An answer with an `ETag` is one record and stays as it is: packed, it would be another representation.
    fn is_large(&self) -> bool {
        match &self.body {
            ResponseBody::Bytes(bytes) => bytes.len() >= GZIP_FROM_BYTES && !self.has_tag,
            ResponseBody::Fixed(content) => content.plain.len() >= GZIP_FROM_BYTES,
            ResponseBody::Stream(_) => true,
        }
    }

    fn is_packed_for(&self, head: Option<&Head>) -> bool {
        self.may_be_packed && self.is_large() && head.is_some_and(accepts_gzip)
    }

    /// Prints head and body. `head` is the request's, if it could be read.
    pub(crate) fn print(
        mut self,
        out: impl Write,
        clock: &ShopClock,
        head: Option<&Head>,
        keeps_alive: bool,
    ) -> io::Result<()> {
        let is_1_1 = head.is_none_or(|head| head.is_http_1_1);
        self.lines.push_str(SECURITY_LINES);
        self.lines.push_str(match (keeps_alive, is_1_1) {
            (true, true) => "",
            (true, false) => "Connection: keep-alive\r\n",
            (false, _) => "Connection: close\r\n",
        });
        let is_gzip = self.is_packed_for(head);
        if self.is_large() {
            self.add_header("Vary", "Accept-Encoding");
        }
        if is_gzip {
            self.add_header("Content-Encoding", "gzip");
        }
        let print = Print {
            out,
            minor_version: u8::from(is_1_1),
            is_head: head.is_some_and(|head| head.method == tiny_http::Method::Head),
            status: self.status,
            lines: self.lines,
        };
        match self.body {
            ResponseBody::Bytes(bytes) if is_gzip => print.whole(gzip(&bytes, Compression::fast())?, clock),
            ResponseBody::Bytes(bytes) => print.whole(bytes, clock),
            ResponseBody::Fixed(content) if is_gzip => print.whole(&content.packed, clock),
            ResponseBody::Fixed(content) => print.whole(&content.plain, clock),
            ResponseBody::Stream(source) if is_gzip => print.stream(GzEncoder::new(source, Compression::fast())),
            ResponseBody::Stream(source) => print.stream(source),
        }
    }
}

impl From<Result<Answer, SubmitError>> for Response {
    fn from(outcome: Result<Answer, SubmitError>) -> Self {
        let mut response = outcome.map_or_else(|error| Problem::from(error).into(), Self::from);
        // It may be sent by the writer, which has no time to compress it; a receipt is small.
        response.may_be_packed = false;
        response
    }
}

impl From<Problem> for Response {
    fn from(problem: Problem) -> Self {
        let mut response = Response::json(problem.status, problem.body());
        for (name, value) in &problem.headers {
            response.add_header(name, value);
        }
        response
    }
}

impl From<Answer> for Response {
    fn from(answer: Answer) -> Self {
        let mut response = Self::json(answer.status, answer.body);
        if let Some(rev) = answer.rev {
            response.has_tag = true;
            response.lines.push_str("ETag: \"");
            response.lines.push_str(itoa::Buffer::new().format(rev));
            response.lines.push_str("\"\r\n");
        }
        response
    }
}

fn gzip(bytes: &[u8], compression: Compression) -> io::Result<Vec<u8>> {
    let mut packed = Vec::with_capacity(bytes.len() / 4);
    GzEncoder::new(bytes, compression).read_to_end(&mut packed)?;
    Ok(packed)
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
struct Print<W> {
    out: W,
    minor_version: u8,
    is_head: bool,
    status: u16,
    lines: String,
}

impl<W: Write> Print<W> {
    /// Prints an answer of known length into memory and writes it in one go.
    fn whole(mut self, body: impl AsRef<[u8]>, clock: &ShopClock) -> io::Result<()> {
        let mut printed = Vec::with_capacity(HEAD_BYTES + body.as_ref().len());
        let mut digits = itoa::Buffer::new();
        // Piece by piece: `write!` would be most of the work of a small answer.
        let mut push = |piece: &str| printed.extend_from_slice(piece.as_bytes());
        push(if self.minor_version == 0 { "HTTP/1.0 " } else { "HTTP/1.1 " });
        push(digits.format(self.status));
        push(" ");
        push(StatusCode(self.status).default_reason_phrase());
        push("\r\nServer: ");
        push(SERVER);
        push("\r\nDate: ");
        clock.with_http_date(&mut push);
        push("\r\n");
        push(&self.lines);
        // RFC 9110 §8.6: there is nothing whose length could be told.
        if !matches!(self.status, 204 | 304) {
            push("Content-Length: ");
            push(digits.format(body.as_ref().len()));
            push("\r\n");
        }
        push("\r\n");
        if !self.is_head {
            printed.extend_from_slice(body.as_ref());
        }
        // A slow client is written to for long; one copy is enough for that.
        drop(body);
        self.out.write_all(&printed)
    }

    /// Prints an answer of unknown length as its source yields it. When the source fails, the connection ends without the
    /// last chunk, so that nobody takes half a list for a whole one.
    fn stream(self, source: impl Read) -> io::Result<()> {
        let has_failed = Rc::new(Cell::new(false));
        let source = Watched { inner: source, has_failed: Rc::clone(&has_failed) };
        let writer = BufWriter::with_capacity(WRITE_BYTES, self.out);
        let mut printed = FirstLines { inner: writer, lines: Some(self.lines), has_failed };
        let result = if self.minor_version == 0 {
            print_unchunked(&mut printed, self.status, self.is_head, source)
        } else {
            let server = Header::from_bytes("Server", SERVER).into_iter().collect();
            let response = tiny_http::Response::new(StatusCode(self.status), server, source, None, None);
            response.raw_print(&mut printed, HTTPVersion(1, 1), &[], self.is_head, None)
        };
        match result {
            Ok(()) => printed.inner.flush(),
            Err(error) => {
                // What is still in the buffer must not be sent, not even by dropping it.
                let _ = printed.inner.into_parts();
                Err(error)
            }
        }
    }
}

/// HTTP/1.0 knows no chunks: the body ends with the connection.
fn print_unchunked(printed: &mut impl Write, status: u16, is_head: bool, mut source: impl Read) -> io::Result<()> {
    let reason = StatusCode(status).default_reason_phrase();
    printed.write_all(format!("HTTP/1.0 {status} {reason}\r\n").as_bytes())?;
    printed.write_all(format!("Server: {SERVER}\r\n\r\n").as_bytes())?;
    if !is_head {
        io::copy(&mut source, printed)?;
    }
    Ok(())
}

/// Remembers that a source has failed.
struct Watched<R> {
    inner: R,
    has_failed: Rc<Cell<bool>>,
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.inner.read(into).inspect_err(|_| self.has_failed.set(true))
    }
}

/// Puts the lines that `tiny_http` leaves to its caller behind the status line.
struct FirstLines<W> {
    inner: W,
    lines: Option<String>,
    /// The source of the body has failed: the last chunk, which the printer writes all the same, is not passed on.
    has_failed: Rc<Cell<bool>>,
}

impl<W: Write> Write for FirstLines<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.has_failed.get() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
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

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use jiff::tz::TimeZone;

    use super::*;

    /// Yields a megabyte and then fails, as a list whose database has a fault.
    struct FailingList(usize);

    impl Read for FailingList {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let length = into.len().min(self.0);
            self.0 -= length;
            into[..length].fill(b'x');
            if length == 0 { Err(io::Error::other("the disk says no")) } else { Ok(length) }
        }
    }

    #[test]
    fn a_list_that_breaks_off_does_not_look_whole() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut far = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let near = listener.accept().unwrap().0;
        let response = Response::json_stream(FailingList(1 << 20)).unwrap();
        let sender = std::thread::spawn(move || response.print(&near, &ShopClock::new(TimeZone::UTC), None, true));
        let mut seen = Vec::new();
        far.read_to_end(&mut seen).unwrap();
        assert!(sender.join().unwrap().is_err());
        assert!(seen.starts_with(b"HTTP/1.1 200 OK\r\n"));
        assert!(seen.len() > 100_000, "what was read before the fault is sent");
        assert!(!seen.ends_with(b"0\r\n\r\n"), "the last chunk would say that this was all");
    }
}
