//! What is agreed with a client about compression (RFC 7692 §7.1), and reading what it sends compressed.
//!
//! One compressor serves all clients of a view, so it can neither begin anew with each message nor keep to a smaller window: an
//! offer that wants this is declined, and the next one may do. Of the client it is wanted that each of its messages stands by
//! itself, so that nothing of what it said before has to be kept for it.

use std::sync::{Mutex, PoisonError};

use tungstenite::{Message, Utf8Bytes};

use crate::deflate::{InflateError, MessageInflater, MessageMark};
use crate::web::api::LiveFeed;
use crate::web::http::{Head, Problem, Query};

const EXTENSION: &str = "permessage-deflate";
const CLIENT_NO_CONTEXT: &str = "client_no_context_takeover";
const CLIENT_WINDOW: &str = "client_max_window_bits";
const SERVER_WINDOW: &str = "server_max_window_bits";
/// The window of the compressors, as a power of two.
const WINDOW_BITS: u8 = 15;

/// Compression as a client has offered it and gets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AgreedDeflate {
    /// The window was asked for, and is to be confirmed.
    names_window: bool,
}

impl AgreedDeflate {
    /// What is agreed on with the client that opens a live feed with this head, if it is anything: `/sync` alone is compressed, and
    /// only at its client's wish.
    pub fn read(feed: LiveFeed, head: &Head) -> Result<Option<Self>, Problem> {
        let is_wanted = match feed {
            LiveFeed::Plain => false,
            LiveFeed::Sync => match Query::of(head.target()).get("deflate")?.as_deref() {
                None | Some("0") => false,
                Some("1") => true,
                Some(_) => return Err(Problem::new(400, "deflate must be 0 or 1")),
            },
            #[cfg(feature = "conformance")]
            LiveFeed::Echo => true,
        };
        Ok(if is_wanted { Self::of_offers(head.values("Sec-WebSocket-Extensions")) } else { None })
    }

    /// The first offer that can be accepted, in all headers with offers.
    fn of_offers<'h>(headers: impl Iterator<Item = &'h str>) -> Option<Self> {
        headers.flat_map(|header| split_outside_quotes(header, ',')).find_map(Self::of_offer)
    }

    fn of_offer(offer: &str) -> Option<Self> {
        let mut parts = split_outside_quotes(offer, ';').map(str::trim);
        if !parts.next()?.eq_ignore_ascii_case(EXTENSION) {
            return None;
        }
        let mut named: Vec<String> = Vec::new();
        for parameter in parts {
            let (name, value) = match parameter.split_once('=') {
                Some((name, value)) => (name.trim_end(), Some(unquoted(value.trim_start())?)),
                None => (parameter, None),
            };
            let name = name.to_ascii_lowercase();
            let is_acceptable = match (name.as_str(), value) {
                (CLIENT_NO_CONTEXT | CLIENT_WINDOW, None) => true,
                (CLIENT_WINDOW, Some(bits)) => window_bits(bits).is_some(),
                (SERVER_WINDOW, Some(bits)) => window_bits(bits) == Some(WINDOW_BITS),
                // `server_no_context_takeover` cannot be had; a name that is not known, or is not written as it should be, spoils its
                // offer.
                _ => false,
            };
            if !is_acceptable || named.contains(&name) {
                return None;
            }
            named.push(name);
        }
        Some(Self { names_window: named.iter().any(|name| name == SERVER_WINDOW) })
    }

    /// The value of `Sec-WebSocket-Extensions` in the answer.
    pub fn answer(self) -> &'static str {
        if self.names_window {
            "permessage-deflate; client_no_context_takeover; server_max_window_bits=15"
        } else {
            "permessage-deflate; client_no_context_takeover"
        }
    }
}

/// The parts of a header between separators; in quotes there are none (RFC 9110 §5.6.4).
fn split_outside_quotes(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    text.split(move |c| {
        let was_escaped = std::mem::take(&mut is_escaped);
        match c {
            '"' if !was_escaped => is_quoted = !is_quoted,
            '\\' if is_quoted && !was_escaped => is_escaped = true,
            _ => return c == separator && !is_quoted,
        }
        false
    })
}

/// A value that may stand in quotes; none of ours needs an escape inside of them.
fn unquoted(value: &str) -> Option<&str> {
    match value.strip_prefix('"') {
        Some(quoted) => quoted.strip_suffix('"'),
        None => Some(value),
    }
}

/// RFC 7692 §7.1.2: 8 to 15, without a zero in front.
fn window_bits(text: &str) -> Option<u8> {
    let bits: u8 = text.parse().ok()?;
    ((8..=15).contains(&bits) && bits.to_string() == text).then_some(bits)
}

/// Why a message cannot be read, which ends its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UnreadMessage {
    TooLong,
    NotUtf8,
    NotDeflate,
}

impl UnreadMessage {
    /// The close code (RFC 6455 §7.4.1) and a reason.
    pub fn close_reason(self) -> (u16, &'static str) {
        match self {
            Self::TooLong => (1009, "message over 64 KiB"),
            Self::NotUtf8 => (1007, "text is not UTF-8"),
            Self::NotDeflate => (1007, "the message is not validly compressed"),
        }
    }
}

/// A message as it was before it was compressed, if it was; `mark` is what was said of it.
pub(super) fn inflated(
    message: Message,
    mark: MessageMark,
    (inflater, bytes_max): (&Mutex<MessageInflater>, usize),
) -> Result<Message, UnreadMessage> {
    let (MessageMark::Deflated { is_text }, Message::Binary(payload)) = (mark, &message) else { return Ok(message) };
    let read = inflater.lock().unwrap_or_else(PoisonError::into_inner).inflate(payload, bytes_max);
    let bytes = read.map_err(|error| match error {
        InflateError::TooLong => UnreadMessage::TooLong,
        InflateError::NotDeflate => UnreadMessage::NotDeflate,
    })?;
    if is_text {
        Utf8Bytes::try_from(bytes).map(Message::Text).map_err(|_| UnreadMessage::NotUtf8)
    } else {
        Ok(Message::binary(bytes))
    }
}
