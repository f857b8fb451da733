//! HTTP/1.1 as cheap as it can be: one write and, as a rule, one read for a request, on a connection that stays open.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::platform::uninterrupted;

/// Head and body of an answer; those that are asked for here are far smaller.
const ANSWER_BYTES_MAX: usize = 16 << 10;
/// A server that does not answer in this time is not measured any further.
pub(crate) const ANSWER_TIME_MAX: Duration = Duration::from_secs(30);
const CONNECT_TIME_MAX: Duration = Duration::from_secs(10);

/// A connection that stays open.
pub(crate) struct HttpConnection {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// Bytes of the current answer in the buffer.
    filled: usize,
}

/// An answer, still in the connection's buffer.
pub(crate) struct HttpAnswer<'a> {
    pub(crate) status: u16,
    /// Status line and header lines.
    pub(crate) head: &'a str,
    pub(crate) body: &'a [u8],
}

/// Whether an answer's head is followed by a body.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expect {
    Body,
    HeadOnly,
}

impl HttpConnection {
    /// Connects.
    pub(crate) fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&address, CONNECT_TIME_MAX)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWER_TIME_MAX))?;
        stream.set_write_timeout(Some(ANSWER_TIME_MAX))?;
        Ok(Self { stream, buffer: vec![0; ANSWER_BYTES_MAX], filled: 0 })
    }

    /// Sends a request and waits for its whole answer.
    pub(crate) fn exchange(&mut self, request: &[u8]) -> io::Result<HttpAnswer<'_>> {
        self.send(request)?;
        let head_bytes = self.read_whole(Expect::Body)?;
        self.answer(head_bytes)
    }

    /// Sends a HEAD request.
    pub(crate) fn head_of(&mut self, request: &[u8]) -> io::Result<HttpAnswer<'_>> {
        self.send(request)?;
        let head_bytes = self.read_whole(Expect::HeadOnly)?;
        self.answer(head_bytes)
    }

    /// Sends a handshake that changes the protocol. Gives the answer's head, the socket, and what has already come
    /// behind the head.
    pub(crate) fn upgrade(mut self, request: &[u8]) -> io::Result<(String, TcpStream, Vec<u8>)> {
        self.send(request)?;
        let head_bytes = self.read_whole(Expect::HeadOnly)?;
        let answer = self.answer(head_bytes)?;
        let (head, rest) = (answer.head.to_string(), answer.body.to_vec());
        Ok((head, self.stream, rest))
    }

    /// Sends a request and comes back at once; [`Self::receive`] brings the answer.
    pub(crate) fn send(&mut self, request: &[u8]) -> io::Result<()> {
        self.filled = 0;
        self.stream.write_all(request)
    }

    /// Reads once. `None` while the answer is not whole; `WouldBlock` if the socket does not wait and nothing has come.
    pub(crate) fn receive(&mut self) -> io::Result<Option<HttpAnswer<'_>>> {
        match self.read_once(Expect::Body)? {
            Some(head_bytes) => self.answer(head_bytes).map(Some),
            None => Ok(None),
        }
    }

    /// Whether reading and writing wait.
    #[cfg(unix)]
    pub(crate) fn set_nonblocking(&self, is_nonblocking: bool) -> io::Result<()> {
        self.stream.set_nonblocking(is_nonblocking)
    }

    /// The socket.
    #[cfg(unix)]
    pub(crate) fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// Reads until the answer is whole; gives where its head ends.
    fn read_whole(&mut self, expect: Expect) -> io::Result<usize> {
        loop {
            if let Some(head_bytes) = self.read_once(expect)? {
                return Ok(head_bytes);
            }
        }
    }

    fn read_once(&mut self, expect: Expect) -> io::Result<Option<usize>> {
        let room = self.buffer.get_mut(self.filled..).filter(|room| !room.is_empty()).ok_or_else(too_long)?;
        self.filled += match uninterrupted(|| self.stream.read(room))? {
            0 => return Err(ErrorKind::UnexpectedEof.into()),
            length => length,
        };
        let bytes = self.buffer.get(..self.filled).unwrap_or_default();
        let Some(head_bytes) = head_end(bytes) else { return Ok(None) };
        let body_bytes = match expect {
            Expect::Body => content_length(bytes.get(..head_bytes).unwrap_or_default()).ok_or_else(no_length)?,
            Expect::HeadOnly => 0,
        };
        Ok((self.filled >= head_bytes + body_bytes).then_some(head_bytes))
    }

    fn answer(&self, head_bytes: usize) -> io::Result<HttpAnswer<'_>> {
        let (head, behind) = self.buffer.split_at(head_bytes);
        let body = behind.get(..self.filled - head_bytes).unwrap_or_default();
        let head = str::from_utf8(head).map_err(|_| not_http())?;
        let status = head.get(9..12).and_then(|digits| digits.parse().ok()).ok_or_else(not_http)?;
        Ok(HttpAnswer { status, head, body })
    }
}

impl HttpAnswer<'_> {
    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (own, value) = line.split_once(':')?;
            own.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

/// Where the head ends, behind its empty line.
fn head_end(bytes: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let line_end = from + bytes.get(from..)?.iter().position(|&byte| byte == b'\n')?;
        if bytes.get(from..line_end)? == b"\r" {
            return Some(line_end + 1);
        }
        from = line_end + 1;
    }
}

fn content_length(head: &[u8]) -> Option<usize> {
    const NAME: &[u8] = b"content-length:";
    head.split(|&byte| byte == b'\n').find_map(|line| {
        let (name, value) = line.split_at_checked(NAME.len())?;
        let value = name.eq_ignore_ascii_case(NAME).then_some(value)?;
        str::from_utf8(value).ok()?.trim().parse().ok()
    })
}

fn too_long() -> io::Error {
    io::Error::new(ErrorKind::InvalidData, "its answer is longer than expected")
}

fn no_length() -> io::Error {
    io::Error::new(ErrorKind::InvalidData, "its answer has no Content-Length")
}

fn not_http() -> io::Error {
    io::Error::new(ErrorKind::InvalidData, "it does not answer in HTTP")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_head_is_its_empty_line() {
        assert_eq!(head_end(b"HTTP/1.1 200 OK\r\nA: b\r\n\r\nbody"), Some(25));
        assert_eq!(head_end(b"HTTP/1.1 200 OK\r\nA: b\r\n\r"), None);
        assert_eq!(head_end(b""), None);
    }

    #[test]
    fn the_length_is_found_in_any_case() {
        assert_eq!(content_length(b"HTTP/1.1 200 OK\r\ncontent-Length: 42\r\n\r\n"), Some(42));
        assert_eq!(content_length(b"HTTP/1.1 200 OK\r\nContent-Lengthy: 42\r\n\r\n"), None);
        assert_eq!(content_length(b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n"), None);
    }
}
