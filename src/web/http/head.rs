//! The head of a request, strictly (RFC 9112). Whatever two servers could read differently is refused here.

use std::mem::MaybeUninit;
use std::ops::Range;

use tiny_http::Method;

use super::problem::Problem;
use crate::web::limits::{BODY_BYTES_MAX, HEAD_BYTES_MAX, HEADERS_MAX, TARGET_BYTES_MAX};

/// How the body's end is known (RFC 9112 §6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// Neither length nor chunks were announced: there is no body.
    None,
    /// So many bytes.
    Length(usize),
    /// Chunks, up to the empty one.
    Chunked,
}

/// A request head whose every part was checked.
#[derive(Debug)]
pub(crate) struct Head {
    /// The bytes of the head; all else points into it.
    text: String,
    headers: Vec<(Range<usize>, Range<usize>)>,
    target: Range<usize>,
    /// The secret of the door through which it came.
    door: Option<Range<usize>>,
    pub method: Method,
    pub is_http_1_1: bool,
    pub framing: Framing,
}

/// What became of the bytes read so far.
pub(crate) enum Parsed {
    /// More is needed.
    Partial,
    /// A whole head of so many bytes.
    Complete(Box<Head>, usize),
}

/// Parses the head at the front of `bytes`. After an error nothing on this connection can be trusted.
pub(crate) fn parse(bytes: &[u8]) -> Result<Parsed, Problem> {
    // Most requests have ten headers: what is not used of the room for all of them is never written.
    let mut storage = [const { MaybeUninit::uninit() }; HEADERS_MAX];
    let mut request = httparse::Request::new(&mut []);
    let length = match request.parse_with_uninit_headers(bytes, &mut storage) {
        Ok(httparse::Status::Complete(length)) if length <= HEAD_BYTES_MAX => length,
        Ok(httparse::Status::Partial) if bytes.len() < HEAD_BYTES_MAX => {
            check_lines(bytes)?;
            check_target(request.path)?;
            if request.path.is_none() && bytes.len() > TARGET_BYTES_MAX + 32 {
                return Err(target_too_long());
            }
            return Ok(Parsed::Partial);
        }
        Ok(_) if request.path.is_none_or(|target| target.len() > TARGET_BYTES_MAX) => return Err(target_too_long()),
        Ok(_) => return Err(Problem::new(431, "The request head is larger than 16 KiB")),
        // The end of the line tells a space in the address from another version.
        Err(httparse::Error::Version) if !bytes.contains(&b'\n') && bytes.len() <= TARGET_BYTES_MAX => {
            return Ok(Parsed::Partial);
        }
        Err(error) => return Err(unparsable(error, bytes)),
    };
    let head = bytes.get(..length).unwrap_or_default();
    check_lines(head)?;
    check_target(request.path)?;
    // The pieces point into `head`; as ranges they stay valid in a copy of it.
    let range_of = |piece: &[u8]| {
        if piece.is_empty() {
            return 0..0;
        }
        let start = piece.as_ptr().addr() - head.as_ptr().addr();
        start..start + piece.len()
    };
    let target = range_of(request.path.unwrap_or_default().as_bytes());
    let headers: Vec<_> =
        request.headers.iter().map(|header| (range_of(header.name.as_bytes()), range_of(header.value))).collect();
    let mut head = Head {
        text: text_of(head, &headers)?,
        headers,
        target,
        door: None,
        method: request
            .method
            .unwrap_or_default()
            .parse()
            .map_err(|()| Problem::new(400, "The method is not valid"))?,
        is_http_1_1: request.version == Some(1),
        framing: Framing::None,
    };
    head.find_door();
    head.framing = head.check()?;
    Ok(Parsed::Complete(Box::new(head), length))
}

/// Headers whose value decides something here. `User-Agent` does too, but only by how it begins.
const READ_HEADERS: [&str; 24] = [
    "Accept",
    "Accept-Encoding",
    "Access-Control-Request-Local-Network",
    "Access-Control-Request-Method",
    "Access-Control-Request-Private-Network",
    "Authorization",
    "Connection",
    "Content-Encoding",
    "Content-Length",
    "Content-Type",
    "Cookie",
    "Expect",
    "Host",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "Origin",
    "Transfer-Encoding",
    "Upgrade",
    "Sec-WebSocket-Extensions",
    "Sec-WebSocket-Key",
    "Sec-WebSocket-Protocol",
    "X-Forwarded-For",
    "X-Forwarded-Proto",
];

/// The head as text. Values may hold bytes of any old encoding (RFC 9110 §5.5, `obs-text`). Where nobody reads them a question
/// mark takes the place of each, so that everything else stays where it is; where they are read, they would be guessed at.
fn text_of(head: &[u8], headers: &[(Range<usize>, Range<usize>)]) -> Result<String, Problem> {
    if let Ok(text) = std::str::from_utf8(head) {
        return Ok(text.to_string());
    }
    let mut bytes = head.to_vec();
    for (name, value) in headers {
        let Some(value) = bytes.get_mut(value.clone()).filter(|value| std::str::from_utf8(value).is_err()) else {
            continue;
        };
        let name = head.get(name.clone()).unwrap_or_default();
        if let Some(name) = READ_HEADERS.iter().find(|own| own.as_bytes().eq_ignore_ascii_case(name)) {
            return Err(Problem::new(400, format!("The header {name} is not UTF-8 text")));
        }
        value.iter_mut().filter(|byte| !byte.is_ascii()).for_each(|byte| *byte = b'?');
    }
    String::from_utf8(bytes).map_err(|_| Problem::new(400, "The request head is not UTF-8 text"))
}

/// A line feed alone is a line end for some and not for others (RFC 9112 §2.2). Without an early return, so that the compiler
/// looks at many bytes at a step.
fn check_lines(bytes: &[u8]) -> Result<(), Problem> {
    let pairs = bytes.iter().zip(bytes.get(1..).unwrap_or_default());
    let is_alone = pairs.map(|(&before, &byte)| u8::from(byte == b'\n' && before != b'\r'));
    if bytes.first() == Some(&b'\n') || is_alone.fold(0, |any, one| any | one) != 0 {
        Err(Problem::new(400, "Lines of the request head must end with CR LF"))
    } else {
        Ok(())
    }
}

fn check_target(target: Option<&str>) -> Result<(), Problem> {
    if target.is_some_and(|target| target.len() > TARGET_BYTES_MAX) { Err(target_too_long()) } else { Ok(()) }
}

fn target_too_long() -> Problem {
    Problem::new(414, "The address is longer than 8 KiB")
}

fn unparsable(error: httparse::Error, bytes: &[u8]) -> Problem {
    match error {
        httparse::Error::TooManyHeaders => Problem::new(431, "The request has more than 64 headers"),
        httparse::Error::Version if !names_a_version(bytes) => {
            Problem::new(400, "There is a space in the address; write it as %20")
        }
        httparse::Error::Version => Problem::new(505, "Only HTTP/1.0 and HTTP/1.1 are spoken here"),
        error => Problem::new(400, format!("The request head is not valid HTTP: {error}")),
    }
}

/// Whether method and address are followed by what is meant for a version, and not by more of the address.
fn names_a_version(bytes: &[u8]) -> bool {
    let line = bytes.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let third = line.split(|&byte| byte == b' ').nth(2).unwrap_or_default();
    third.get(..5).is_some_and(|start| start.eq_ignore_ascii_case(b"HTTP/"))
}

impl Head {
    /// Path and query as sent, without the scheme and host of an absolute form (RFC 9112 §3.2.2).
    pub fn target(&self) -> &str {
        let target = self.text.get(self.target.clone()).unwrap_or_default();
        match self.authority() {
            Some((_, "")) => "/",
            Some((_, path)) => path,
            None if target.is_empty() => "/",
            None => target,
        }
    }

    /// The secret of the door through which the request came; its target is what is behind the door.
    pub fn door(&self) -> Option<&str> {
        self.text.get(self.door.clone()?)
    }

    /// Takes a door off the target, so that everything else works as without one, and nothing that names the target names it.
    fn find_door(&mut self) {
        const DOOR: &str = "/door/";
        let target = self.text.get(self.target.clone()).unwrap_or_default();
        let Some(behind) = target.strip_prefix(DOOR) else { return };
        let length = behind.find(['/', '?', '#']).unwrap_or(behind.len());
        let start = self.target.start + DOOR.len();
        self.door = Some(start..start + length);
        self.target.start = start + length;
    }

    /// The name under which the server was asked: that of an absolute form, which goes before the Host header
    /// (RFC 9112 §3.2.2). Empty only for a client of HTTP/1.0.
    pub fn host(&self) -> &str {
        match self.authority() {
            Some((authority, _)) => authority,
            None => self.header("Host").unwrap_or_default(),
        }
    }

    /// Host and rest of a target in absolute form.
    fn authority(&self) -> Option<(&str, &str)> {
        let target = self.text.get(self.target.clone()).unwrap_or_default();
        // Almost every target is in origin form.
        if target.starts_with('/') {
            return None;
        }
        let rest = ["http://", "https://"].iter().find_map(|scheme| {
            let (start, rest) = target.split_at_checked(scheme.len())?;
            start.eq_ignore_ascii_case(scheme).then_some(rest)
        })?;
        rest.split_at_checked(rest.find(['/', '?', '#']).unwrap_or(rest.len()))
    }

    /// The values of the headers with this name, in order. A dozen names are asked of each request, and most are none of its own:
    /// their length tells that before anything is compared.
    pub fn values<'h>(&'h self, name: &str) -> impl Iterator<Item = &'h str> {
        let bytes = self.text.as_bytes();
        let is_named = move |own: &Range<usize>| {
            own.len() == name.len()
                && bytes.get(own.clone()).is_some_and(|own| own.eq_ignore_ascii_case(name.as_bytes()))
        };
        let named = self.headers.iter().filter(move |(own, _)| is_named(own));
        named.map(|(_, value)| self.text.get(value.clone()).unwrap_or_default())
    }

    /// The value of the first header with this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.values(name).next()
    }

    /// Whether a comma-separated header has this token.
    pub fn has_token(&self, name: &str, token: &str) -> bool {
        self.values(name).flat_map(|value| value.split(',')).any(|own| own.trim().eq_ignore_ascii_case(token))
    }

    /// Whether the client wants to go on with this connection (RFC 9112 §9.3).
    pub fn keeps_alive(&self) -> bool {
        if self.is_http_1_1 {
            !self.has_token("Connection", "close")
        } else {
            self.has_token("Connection", "keep-alive")
        }
    }

    fn check(&self) -> Result<Framing, Problem> {
        // The first value under a name, and whether there are more.
        let named = |name: &str| {
            let mut values = self.values(name);
            (values.next(), values.next().is_some())
        };
        let host = match named("Host") {
            (None, _) if self.is_http_1_1 => return Err(Problem::new(400, "The Host header is missing")),
            (host, false) => host,
            (_, true) => return Err(Problem::new(400, "There is more than one Host header")),
        };
        let hosts = [host, self.authority().map(|(authority, _)| authority)];
        if hosts.into_iter().flatten().any(|host| !is_host(host)) {
            return Err(Problem::new(400, "The Host is not a name with perhaps a port"));
        }
        match (named("Content-Length"), named("Transfer-Encoding")) {
            ((None, _), (None, _)) => Ok(Framing::None),
            ((Some(length), false), (None, _)) => content_length(length),
            ((Some(_), true), (None, _)) => Err(Problem::new(400, "There is more than one Content-Length header")),
            ((None, _), (Some(_), true)) => Err(Problem::new(400, "There is more than one Transfer-Encoding header")),
            ((None, _), (Some(_), false)) if !self.is_http_1_1 => {
                Err(Problem::new(400, "HTTP/1.0 has no Transfer-Encoding"))
            }
            ((None, _), (Some(coding), false)) if coding.eq_ignore_ascii_case("chunked") => Ok(Framing::Chunked),
            ((None, _), (Some(_), false)) => {
                Err(Problem::new(501, "The only Transfer-Encoding understood here is chunked"))
            }
            ((Some(_), _), (Some(_), _)) => {
                Err(Problem::new(400, "Content-Length and Transfer-Encoding exclude each other"))
            }
        }
    }
}

/// Whether a text can be `host[:port]`: no user, no path, no list, nothing that two readers could cut in different places.
fn is_host(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:[]%".contains(&byte);
    !text.is_empty() && text.bytes().all(is_plain)
}

fn content_length(value: &str) -> Result<Framing, Problem> {
    if value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Problem::new(400, "The Content-Length is not a number"));
    }
    match value.parse::<usize>() {
        Ok(length) if length <= BODY_BYTES_MAX => Ok(Framing::Length(length)),
        _ => Err(body_too_large()),
    }
}

/// The body is over its limit, announced or found out.
pub(crate) fn body_too_large() -> Problem {
    Problem::new(413, format!("The request body is larger than {} MiB", BODY_BYTES_MAX >> 20))
}

#[cfg(test)]
mod tests;
