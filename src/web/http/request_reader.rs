//! The reading half of a connection: a buffer, and a deadline for everything that is waited for.

use std::io::{self, ErrorKind, Read};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::head;
use super::head::{Framing, Head, Parsed, body_too_large};
use super::memory_budget::{BudgetExhausted, MemoryBudget, Reservation};
use super::problem::Problem;
use crate::platform::{Awake, ClientSocket, LOOK_EVERY, is_timeout, uninterrupted};
use crate::web::limits::{
    BODY_BYTES_MAX, BODY_TIME_MAX, HEAD_BYTES_MAX, HEAD_TIME_MAX, IDLE_TIME_MAX, PARSE_BYTES_MAX,
};

const READ_BYTES: usize = 4 << 10;
/// A chunk's size with its extensions, or one trailer field.
const CHUNK_LINE_BYTES_MAX: usize = 4 << 10;

/// Reads requests from a source of bytes.
pub(crate) struct RequestReader<S = Socket> {
    source: S,
    buffer: Buffer,
    /// The clock of the deadlines. A client that sent in time is not refused because the server was stopped meanwhile, or slept
    /// with its machine.
    clock: Awake,
}

/// What was received and is not used yet. What is left does not move each time that something is taken from its front, so that
/// many small pieces cost no more than a few large ones.
#[derive(Default)]
struct Buffer {
    /// Room to receive into. It stays from request to request, so that it is filled with zeros once.
    bytes: Vec<u8>,
    /// So many at the front are used.
    used: usize,
    /// So many at the front were received. What follows is of no meaning.
    received: usize,
}

impl Buffer {
    fn unused(&self) -> &[u8] {
        self.bytes.get(self.used..self.received).unwrap_or_default()
    }

    fn use_up(&mut self, length: usize) {
        self.used = (self.used + length).min(self.received);
    }

    /// Room behind what is unused, for so many bytes; the used ones make some of it.
    fn room(&mut self, length: usize) -> &mut [u8] {
        self.bytes.copy_within(self.used..self.received, 0);
        self.received -= self.used;
        self.used = 0;
        let end = self.received + length;
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        self.bytes.get_mut(self.received..end).unwrap_or_default()
    }
}

/// Where bytes come from, as many at once as it pleases.
pub(crate) trait ByteSource {
    /// Waits no longer than `timeout` for the next bytes; 0 is the end.
    fn read_within(&mut self, timeout: Duration, into: &mut [u8]) -> io::Result<usize>;
}

/// A client's socket.
pub(crate) struct Socket {
    stream: Arc<ClientSocket>,
    /// The time-out that the socket has now, to save a system call when it stays.
    timeout: Duration,
}

/// A whole request body, and its share of the memory for all of them.
pub(crate) struct RequestBody<'b> {
    pub bytes: Vec<u8>,
    reservation: Reservation<'b>,
}

/// Why there is no next request.
pub(crate) enum NoRequest {
    /// The client went away, or was idle for too long. Nothing is answered.
    Closed,
    /// The bytes are not a request; after the answer the connection ends.
    Broken(Problem),
}

impl From<Problem> for NoRequest {
    fn from(problem: Problem) -> Self {
        Self::Broken(problem)
    }
}

impl RequestReader {
    pub fn new(stream: Arc<ClientSocket>) -> io::Result<Self> {
        stream.set_read_timeout(Some(IDLE_TIME_MAX))?;
        Ok(Self { source: Socket { stream, timeout: IDLE_TIME_MAX }, buffer: Buffer::default(), clock: Awake::start() })
    }
}

impl<S: ByteSource> RequestReader<S> {
    /// Waits for the next request head.
    pub fn next_head(&mut self) -> Result<Box<Head>, NoRequest> {
        if !self.has_more() && self.receive(IDLE_TIME_MAX).is_err() {
            return Err(NoRequest::Closed);
        }
        let deadline = self.clock.now() + HEAD_TIME_MAX;
        let mut parsed = 0;
        loop {
            if self.skip_empty_lines() {
                parsed = 0;
            }
            let head = self.buffer.unused();
            if is_worth_parsing(head, parsed) {
                if let Parsed::Complete(head, length) = head::parse(head)? {
                    self.buffer.use_up(length);
                    return Ok(head);
                }
                parsed = head.len();
            }
            if let Err(error) = self.receive_by(deadline) {
                // What came since then may be wrong, and is told so.
                head::parse(self.buffer.unused())?;
                return Err(if is_timeout(&error) {
                    Problem::new(408, "The request head did not arrive in time").into()
                } else {
                    NoRequest::Closed
                });
            }
        }
    }

    /// Reads the body that a head announced. After an error the rest of it may still be on its way.
    pub fn body<'b>(&mut self, framing: Framing, budget: &'b MemoryBudget) -> Result<RequestBody<'b>, NoRequest> {
        let deadline = self.clock.now() + BODY_TIME_MAX;
        let mut body = RequestBody { bytes: Vec::new(), reservation: budget.reservation() };
        let result = match framing {
            Framing::None => Ok(()),
            Framing::Length(length) => self.take_into(&mut body, length, deadline),
            Framing::Chunked => self.chunks_into(&mut body, deadline),
        };
        result.map(|()| body).map_err(|error| match error.kind() {
            _ if is_timeout(&error) => Problem::new(408, "The request body did not arrive in time").into(),
            ErrorKind::FileTooLarge => body_too_large().into(),
            ErrorKind::OutOfMemory => Problem::from(BudgetExhausted).into(),
            ErrorKind::InvalidInput => Problem::new(400, "The chunks of the request body are not valid").into(),
            _ => NoRequest::Closed,
        })
    }

    /// Whether a byte after the head has arrived already.
    pub fn has_more(&self) -> bool {
        !self.buffer.unused().is_empty()
    }

    /// Hands over what was received and not used, for a connection that goes on as a WebSocket.
    pub fn into_rest(self) -> Vec<u8> {
        // An idle WebSocket holds no memory that it does not need.
        self.buffer.unused().to_vec()
    }

    /// Moves so many bytes to the end of the body, as they arrive: memory is taken for what has come, not for what was
    /// announced.
    fn take_into(&mut self, body: &mut RequestBody<'_>, length: usize, deadline: Instant) -> io::Result<()> {
        let mut missing = length;
        loop {
            let unused = self.buffer.unused();
            let ready = unused.get(..missing).unwrap_or(unused);
            body.make_room(ready.len())?;
            body.bytes.extend_from_slice(ready);
            let taken = ready.len();
            self.buffer.use_up(taken);
            missing -= taken;
            if missing == 0 {
                return Ok(());
            }
            self.receive_by(deadline)?;
        }
    }

    /// Decodes chunks (RFC 9112 §7.1), strictly: a size that two servers could read differently ends the connection.
    fn chunks_into(&mut self, body: &mut RequestBody<'_>, deadline: Instant) -> io::Result<()> {
        loop {
            let size = chunk_size(&self.line(deadline)?)?;
            if size > BODY_BYTES_MAX - body.bytes.len() {
                return Err(ErrorKind::FileTooLarge.into());
            }
            if size == 0 {
                return self.skip_trailers(deadline);
            }
            self.take_into(body, size, deadline)?;
            if !self.line(deadline)?.is_empty() {
                return Err(ErrorKind::InvalidInput.into());
            }
        }
    }

    /// Trailer fields carry nothing that is used here.
    fn skip_trailers(&mut self, deadline: Instant) -> io::Result<()> {
        let mut budget = HEAD_BYTES_MAX;
        loop {
            let line = self.line(deadline)?;
            if line.is_empty() {
                return Ok(());
            }
            let name = line.split(|&byte| byte == b':').next().unwrap_or_default();
            if name.len() == line.len() || name.is_empty() || !name.iter().all(u8::is_ascii_graphic) {
                return Err(ErrorKind::InvalidInput.into());
            }
            budget = budget.checked_sub(line.len()).ok_or(ErrorKind::InvalidInput)?;
        }
    }

    /// Takes one line without its CR LF.
    fn line(&mut self, deadline: Instant) -> io::Result<Vec<u8>> {
        let mut seen = 0;
        loop {
            let unused = self.buffer.unused();
            let start = unused.get(..CHUNK_LINE_BYTES_MAX).unwrap_or(unused);
            let is_end = |&byte: &u8| byte == b'\n';
            if let Some(more) = start.get(seen..).unwrap_or_default().iter().position(is_end) {
                let length = seen + more + 1;
                let mut line = start.get(..length).unwrap_or_default().to_vec();
                self.buffer.use_up(length);
                line.pop();
                let is_clean = line.pop() == Some(b'\r') && line.iter().all(|&byte| byte >= b' ' || byte == b'\t');
                return if is_clean { Ok(line) } else { Err(ErrorKind::InvalidInput.into()) };
            }
            seen = start.len();
            if seen >= CHUNK_LINE_BYTES_MAX {
                return Err(ErrorKind::InvalidInput.into());
            }
            self.receive_by(deadline)?;
        }
    }

    /// One empty line before a request is tolerated, as RFC 9112 §2.2 asks. Whether there was one.
    fn skip_empty_lines(&mut self) -> bool {
        let mut is_skipped = false;
        while self.buffer.unused().starts_with(b"\r\n") {
            self.buffer.use_up(2);
            is_skipped = true;
        }
        is_skipped
    }

    fn receive_by(&mut self, deadline: Instant) -> io::Result<()> {
        loop {
            let left = deadline.saturating_duration_since(self.clock.now());
            if left.is_zero() {
                return Err(ErrorKind::TimedOut.into());
            }
            match self.receive(left.min(LOOK_EVERY)) {
                Err(error) if is_timeout(&error) => {}
                result => return result,
            }
        }
    }

    /// Reads once; the end of the stream is an error.
    fn receive(&mut self, timeout: Duration) -> io::Result<()> {
        let length = self.source.read_within(timeout, self.buffer.room(READ_BYTES))?;
        self.buffer.received += length;
        if length == 0 { Err(ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }
}

/// Whether a head that is not complete is worth parsing again: when a line has ended, when it has doubled, and at its limit. A
/// client that sends byte by byte would have it parsed for each.
fn is_worth_parsing(head: &[u8], parsed: usize) -> bool {
    let has_line_end = || head.get(parsed..).unwrap_or_default().contains(&b'\n');
    head.len() >= 2 * parsed || head.len() >= HEAD_BYTES_MAX || has_line_end()
}

impl ByteSource for Socket {
    fn read_within(&mut self, timeout: Duration, into: &mut [u8]) -> io::Result<usize> {
        if timeout != self.timeout {
            self.stream.set_read_timeout(Some(timeout))?;
            self.timeout = timeout;
        }
        uninterrupted(|| (&*self.stream).read(into))
    }
}

impl RequestBody<'_> {
    /// Whether it takes more than what is a connection's own.
    pub fn is_large(&self) -> bool {
        self.reservation.is_taken()
    }

    /// Takes what the body may cost from here on: while it is read, and until its command is carried out. For a small one that is
    /// the connection's own.
    pub fn reserve_for_parsing(&mut self) -> Result<(), BudgetExhausted> {
        if self.is_large() {
            self.reservation.cover(self.bytes.len() * (PARSE_BYTES_MAX / BODY_BYTES_MAX))
        } else {
            Ok(())
        }
    }

    /// Room for so many more bytes, doubling, within the share.
    fn make_room(&mut self, more: usize) -> io::Result<()> {
        let needed = self.bytes.len() + more;
        if needed > self.bytes.capacity() {
            let capacity = needed.max((2 * self.bytes.capacity()).min(BODY_BYTES_MAX));
            self.reservation.cover(capacity).map_err(|BudgetExhausted| ErrorKind::OutOfMemory)?;
            self.bytes.reserve_exact(capacity - self.bytes.len());
        }
        Ok(())
    }
}

/// The size in front of a chunk: hexadecimal digits, then perhaps an extension, which is ignored.
fn chunk_size(line: &[u8]) -> io::Result<usize> {
    let digits = line.split(|&byte| byte == b';').next().unwrap_or_default();
    let text = std::str::from_utf8(digits).unwrap_or_default();
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(ErrorKind::InvalidInput.into());
    }
    usize::from_str_radix(text, 16).map_err(|_| ErrorKind::FileTooLarge.into())
}

#[cfg(test)]
mod tests;
