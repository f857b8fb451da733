//! The reading half of a connection: a buffer, and a deadline for everything that is waited for.

use std::io::{self, ErrorKind, Read};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::budget::{Budget, Exhausted, Share};
use super::head::{self, Framing, Head, Parsed, body_too_large};
use super::limits::{BODY_BYTES_MAX, BODY_TIME_MAX, HEAD_BYTES_MAX, HEAD_TIME_MAX, IDLE_TIME_MAX};
use super::problem::Problem;
use crate::process::ClientSocket;

const READ_BYTES: usize = 4 << 10;
/// A chunk's size with its extensions, or one trailer field.
const CHUNK_LINE_BYTES_MAX: usize = 4 << 10;

/// Reads requests from a source of bytes.
pub(super) struct Intake<S = Socket> {
    source: S,
    /// Received and not used yet.
    buffer: Vec<u8>,
}

/// Where bytes come from, as many at once as it pleases.
pub(super) trait Source {
    /// Waits no longer than `timeout` for the next bytes; 0 is the end.
    fn read_within(&mut self, timeout: Duration, into: &mut [u8]) -> io::Result<usize>;
}

/// A client's socket.
pub(super) struct Socket {
    stream: Arc<ClientSocket>,
    /// The time-out that the socket has now, to save a system call when it stays.
    timeout: Duration,
}

/// A whole request body, and its share of the memory for all of them.
pub(super) struct Body<'b> {
    pub bytes: Vec<u8>,
    share: Share<'b>,
}

/// Why there is no next request.
pub(super) enum NoRequest {
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

impl Intake {
    pub fn new(stream: Arc<ClientSocket>) -> io::Result<Self> {
        stream.set_read_timeout(Some(IDLE_TIME_MAX))?;
        Ok(Self { source: Socket { stream, timeout: IDLE_TIME_MAX }, buffer: Vec::new() })
    }
}

impl<S: Source> Intake<S> {
    /// Waits for the next request head.
    pub fn next_head(&mut self) -> Result<Box<Head>, NoRequest> {
        if self.buffer.is_empty() && self.receive(IDLE_TIME_MAX).is_err() {
            return Err(NoRequest::Closed);
        }
        let deadline = Instant::now() + HEAD_TIME_MAX;
        loop {
            self.skip_empty_lines();
            if let Parsed::Complete(head, length) = head::parse(&self.buffer)? {
                self.buffer.drain(..length);
                return Ok(head);
            }
            match self.receive_by(deadline) {
                Ok(()) => {}
                Err(error) if is_timeout(&error) => {
                    return Err(Problem::new(408, "The request head did not arrive in time").into());
                }
                Err(_) => return Err(NoRequest::Closed),
            }
        }
    }

    /// Reads the body that a head announced. After an error the rest of it may still be on its way.
    pub fn body<'b>(&mut self, framing: Framing, budget: &'b Budget) -> Result<Body<'b>, NoRequest> {
        let deadline = Instant::now() + BODY_TIME_MAX;
        let mut body = Body { bytes: Vec::new(), share: budget.share() };
        let result = match framing {
            Framing::None => Ok(()),
            Framing::Length(length) => self.take_into(&mut body, length, deadline),
            Framing::Chunked => self.chunks_into(&mut body, deadline),
        };
        result.map(|()| body).map_err(|error| match error.kind() {
            _ if is_timeout(&error) => Problem::new(408, "The request body did not arrive in time").into(),
            ErrorKind::FileTooLarge => body_too_large().into(),
            ErrorKind::OutOfMemory => Problem::from(Exhausted).into(),
            ErrorKind::InvalidInput => Problem::new(400, "The chunks of the request body are not valid").into(),
            _ => NoRequest::Closed,
        })
    }

    /// Whether a byte after the head has arrived already.
    pub fn has_more(&self) -> bool {
        !self.buffer.is_empty()
    }

    /// Hands over what was received and not used, for a connection that goes on as a WebSocket.
    pub fn into_rest(mut self) -> Vec<u8> {
        // An idle WebSocket holds no memory that it does not need.
        self.buffer.shrink_to_fit();
        self.buffer
    }

    /// Moves so many bytes to the end of the body, as they arrive: memory is taken for what has come, not for what was
    /// announced.
    fn take_into(&mut self, body: &mut Body<'_>, length: usize, deadline: Instant) -> io::Result<()> {
        let mut missing = length;
        loop {
            let ready = missing.min(self.buffer.len());
            body.make_room(ready)?;
            body.bytes.extend(self.buffer.drain(..ready));
            missing -= ready;
            if missing == 0 {
                return Ok(());
            }
            self.receive_by(deadline)?;
        }
    }

    /// Decodes chunks (RFC 9112 §7.1), strictly: a size that two servers could read differently ends the connection.
    fn chunks_into(&mut self, body: &mut Body<'_>, deadline: Instant) -> io::Result<()> {
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
        loop {
            if let Some(end) = self.buffer.iter().take(CHUNK_LINE_BYTES_MAX).position(|&byte| byte == b'\n') {
                let mut line: Vec<u8> = self.buffer.drain(..=end).collect();
                line.pop();
                let is_clean = line.pop() == Some(b'\r') && line.iter().all(|&byte| byte >= b' ' || byte == b'\t');
                return if is_clean { Ok(line) } else { Err(ErrorKind::InvalidInput.into()) };
            }
            if self.buffer.len() >= CHUNK_LINE_BYTES_MAX {
                return Err(ErrorKind::InvalidInput.into());
            }
            self.receive_by(deadline)?;
        }
    }

    /// One empty line before a request is tolerated, as RFC 9112 §2.2 asks.
    fn skip_empty_lines(&mut self) {
        while self.buffer.starts_with(b"\r\n") {
            self.buffer.drain(..2);
        }
    }

    fn receive_by(&mut self, deadline: Instant) -> io::Result<()> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        self.receive(left)
    }

    /// Reads once; the end of the stream is an error.
    fn receive(&mut self, timeout: Duration) -> io::Result<()> {
        let start = self.buffer.len();
        self.buffer.resize(start + READ_BYTES, 0);
        let result = self.source.read_within(timeout, self.buffer.get_mut(start..).unwrap_or_default());
        self.buffer.truncate(start + result.as_ref().copied().unwrap_or(0));
        if result? == 0 { Err(ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }
}

impl Source for Socket {
    fn read_within(&mut self, timeout: Duration, into: &mut [u8]) -> io::Result<usize> {
        if timeout != self.timeout {
            self.stream.set_read_timeout(Some(timeout))?;
            self.timeout = timeout;
        }
        loop {
            match (&*self.stream).read(into) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }
}

impl Body<'_> {
    /// Whether it takes more than what is a connection's own.
    pub fn is_large(&self) -> bool {
        self.share.is_taken()
    }

    /// Room for so many more bytes, doubling, within the share.
    fn make_room(&mut self, more: usize) -> io::Result<()> {
        let needed = self.bytes.len() + more;
        if needed > self.bytes.capacity() {
            let capacity = needed.max((2 * self.bytes.capacity()).min(BODY_BYTES_MAX));
            self.share.cover(capacity).map_err(|Exhausted| ErrorKind::OutOfMemory)?;
            self.bytes.reserve_exact(capacity - self.bytes.len());
        }
        Ok(())
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
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
