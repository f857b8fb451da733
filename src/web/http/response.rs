//! Answers: built once and written with a deadline. What fits into memory is printed here, in one piece; what is streamed is
//! printed by `stream`, in chunks.

use std::borrow::Cow;
use std::io::{self, Read, Write};
use std::sync::OnceLock;

use flate2::Compression;
use flate2::read::GzEncoder;
use tiny_http::StatusCode;

use super::head::Head;
use super::memory_budget::Reservation;
use super::problem::Problem;
use super::stream::{self, Begun, BodyEnd, BodySource, Packed};
use crate::app::{Answer, ShopClock, SubmitError};
use crate::domain::Directory;

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
    Stream(Box<dyn BodySource>),
}

/// Content that is the same for as long as the program runs. It is compressed when it is asked for first, which takes a
/// few milliseconds: a shop whose devices have their own page never spends the memory.
pub(crate) struct Fixed {
    plain: Cow<'static, [u8]>,
    packed: OnceLock<Vec<u8>>,
}

impl Fixed {
    pub fn new(plain: Cow<'static, [u8]>) -> Self {
        Self { plain, packed: OnceLock::new() }
    }

    /// Compressed once, so it takes its time and is small.
    fn packed(&self) -> &[u8] {
        self.packed.get_or_init(|| {
            // Reading from memory does not fail.
            let mut packed = gzip(&self.plain, Compression::best()).unwrap_or_default();
            packed.shrink_to_fit();
            packed
        })
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
    pub fn json_stream(mut source: impl BodySource + 'static) -> io::Result<Self> {
        let mut start = Vec::new();
        let may_have_more = source.append(&mut start, STREAM_FROM_BYTES)?;
        if !may_have_more {
            return Ok(Self::json(200, start));
        }
        let mut response = Self::json(200, Vec::new());
        response.body = ResponseBody::Stream(Box::new(Begun { start, rest: source }));
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
            ResponseBody::Fixed(content) if is_gzip => print.whole(content.packed(), clock),
            ResponseBody::Fixed(content) => print.whole(&content.plain, clock),
            ResponseBody::Stream(mut source) if is_gzip => print.stream(&mut Packed::new(source.as_mut()), clock),
            ResponseBody::Stream(mut source) => print.stream(source.as_mut(), clock),
        }
    }
}

impl Response {
    /// The answer to a command that comes later. `directory` says who may what whoever gave it may not.
    pub(crate) fn of_outcome(outcome: Result<Answer, SubmitError>, directory: &Directory) -> Self {
        let problem = |error| match error {
            SubmitError::Forbidden(right) => Problem::forbidden(right, directory),
            error => error.into(),
        };
        let mut response = outcome.map_or_else(|error| problem(error).into(), Self::from);
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
        self.print_head(&mut printed, clock);
        // RFC 9110 §8.6: there is nothing whose length could be told.
        if !matches!(self.status, 204 | 304) {
            printed.extend_from_slice(b"Content-Length: ");
            printed.extend_from_slice(itoa::Buffer::new().format(body.as_ref().len()).as_bytes());
            printed.extend_from_slice(b"\r\n");
        }
        printed.extend_from_slice(b"\r\n");
        if !self.is_head {
            printed.extend_from_slice(body.as_ref());
        }
        // A slow client is written to for long; one copy is enough for that.
        drop(body);
        self.out.write_all(&printed)
    }

    /// Prints an answer of unknown length as its source yields it.
    fn stream(mut self, source: &mut dyn BodySource, clock: &ShopClock) -> io::Result<()> {
        let end = if self.minor_version == 0 { BodyEnd::Connection } else { BodyEnd::Chunked };
        let mut head = Vec::with_capacity(HEAD_BYTES);
        self.print_head(&mut head, clock);
        head.extend_from_slice(match end {
            BodyEnd::Chunked => b"Transfer-Encoding: chunked\r\n\r\n",
            BodyEnd::Connection => b"\r\n",
        });
        if self.is_head { self.out.write_all(&head) } else { stream::print(self.out, head, end, source) }
    }

    /// Prints all lines of the head but those that say how long the body is.
    fn print_head(&self, printed: &mut Vec<u8>, clock: &ShopClock) {
        // Piece by piece: `write!` would be most of the work of a small answer.
        let mut push = |piece: &str| printed.extend_from_slice(piece.as_bytes());
        push(if self.minor_version == 0 { "HTTP/1.0 " } else { "HTTP/1.1 " });
        push(itoa::Buffer::new().format(self.status));
        push(" ");
        push(StatusCode(self.status).default_reason_phrase());
        push("\r\nServer: ");
        push(SERVER);
        push("\r\nDate: ");
        clock.with_http_date(&mut push);
        push("\r\n");
        push(&self.lines);
    }
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use jiff::tz::TimeZone;

    use super::*;

    /// Yields a megabyte and then fails, as a list whose database has a fault.
    struct FailingList(usize);

    impl BodySource for FailingList {
        fn append(&mut self, bytes: &mut Vec<u8>, until: usize) -> io::Result<bool> {
            let length = until.saturating_sub(bytes.len()).min(self.0);
            self.0 -= length;
            bytes.resize(bytes.len() + length, b'x');
            if self.0 == 0 { Err(io::Error::other("the disk says no")) } else { Ok(true) }
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
