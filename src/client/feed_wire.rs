//! The socket of a live feed that may be compressed (permessage-deflate, RFC 7692), from the client's end.

use std::io::{self, Read, Write};
use std::net::TcpStream;

use tungstenite::{Message, Utf8Bytes};

use crate::deflate::{FrameHeads, MessageMark, StreamInflater};

/// What is offered: the server's context may go on from message to message, and this end sends nothing that would need one.
pub(crate) const OFFER: &str = "permessage-deflate; client_no_context_takeover";
/// A larger message is none of a server of ours: its records are at most a mebibyte.
const INFLATED_BYTES_MAX: usize = 64 << 20;
/// What the head of an answer ends with.
const HEAD_END: [u8; 4] = *b"\r\n\r\n";

/// A socket below tungstenite, which refuses the bit of compressed frames.
pub(crate) struct FeedWire {
    stream: TcpStream,
    /// There if compression was offered.
    deflated: Option<Deflated>,
}

/// What it takes to read compressed messages.
struct Deflated {
    heads: FrameHeads,
    inflater: StreamInflater,
    /// How much of the end of the answer's head was seen; frames come behind it.
    head_end_seen: usize,
}

impl FeedWire {
    pub fn new(stream: TcpStream, is_offered: bool) -> Self {
        let deflated =
            || Deflated { heads: FrameHeads::with_deflate(), inflater: StreamInflater::default(), head_end_seen: 0 };
        Self { stream, deflated: is_offered.then(deflated) }
    }

    pub fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// A message as it was before it was compressed, if it was. To be asked for every message, in their order.
    pub fn inflated(&mut self, message: Message) -> Result<Message, String> {
        let Some(deflated) = &mut self.deflated else { return Ok(message) };
        let (Message::Text(_) | Message::Binary(_)) = message else { return Ok(message) };
        let MessageMark::Deflated { is_text: true } = deflated.heads.next_mark() else { return Ok(message) };
        let inflated = deflated.inflater.inflate(&message.into_data(), INFLATED_BYTES_MAX);
        let text = inflated.ok().and_then(|bytes| Utf8Bytes::try_from(bytes).ok());
        text.map(Message::Text).ok_or_else(|| "a compressed message cannot be read".to_string())
    }
}

impl Deflated {
    /// Looks at what has come, and takes away what tungstenite refuses.
    fn look_at(&mut self, bytes: &mut [u8]) {
        let mut at = 0;
        while let (Some(byte), Some(expected)) = (bytes.get(at), HEAD_END.get(self.head_end_seen)) {
            // A byte that does not go on can be the first of what is looked for, and no other.
            let begins = HEAD_END.first() == Some(byte);
            self.head_end_seen = if byte == expected { self.head_end_seen + 1 } else { usize::from(begins) };
            at += 1;
        }
        // What is wrong with a length is tungstenite's to say.
        let _ = self.heads.accept(bytes.get_mut(at..).unwrap_or_default());
    }
}

impl Read for FeedWire {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = self.stream.read(into)?;
        if let (Some(deflated), Some(bytes)) = (&mut self.deflated, into.get_mut(..length)) {
            deflated.look_at(bytes);
        }
        Ok(length)
    }
}

impl Write for FeedWire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}
