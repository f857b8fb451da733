//! Bodies of any length in flat memory: each piece is gathered in one buffer and written from there with its size in front of
//! it (chunked transfer coding, RFC 9112 §7.1). Nothing here knows what the bytes say.

use std::io::{self, Write};
use std::mem::take;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::write_timeout::WRITE_BYTES;

/// A chunk is sent as soon as it has so many bytes: with the record that makes it full, and what stands around it, it is
/// one write. Smaller ones cost more system calls, larger ones fall out of the processor's cache before they are sent.
const CHUNK_BYTES: usize = WRITE_BYTES - LAST_RECORD_BYTES;
/// Room for the record that makes a chunk full, and for the head of the answer. A longer record lengthens the buffer.
const LAST_RECORD_BYTES: usize = 4 << 10;
/// Room for a chunk's size, which is written when it is known.
const SIZE_LINE_BYTES: usize = 2 * size_of::<u32>() + LINE_END.len();
const LINE_END: &[u8] = b"\r\n";
const LAST_CHUNK: &[u8] = b"0\r\n\r\n";
/// Read at once to be packed.
const PLAIN_BYTES: usize = 32 << 10;

/// Where a body comes from, piece by piece.
pub(crate) trait BodySource: Send {
    /// Appends to `bytes` until they have a length of at least `until`, or until there is no more; true if there may be more.
    fn append(&mut self, bytes: &mut Vec<u8>, until: usize) -> io::Result<bool>;
}

/// How the end of a body is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyEnd {
    /// By the last chunk.
    Chunked,
    /// By the end of the connection: HTTP/1.0 knows no chunks.
    Connection,
}

/// Writes `head` and the body behind it. When the source fails, the last chunk is not written, so that nobody takes half a
/// list for a whole one.
pub(super) fn print(mut out: impl Write, head: Vec<u8>, end: BodyEnd, source: &mut dyn BodySource) -> io::Result<()> {
    let mut head = head;
    let mut buffer = Vec::with_capacity(head.len() + SIZE_LINE_BYTES + CHUNK_BYTES + LAST_RECORD_BYTES);
    loop {
        let front = head.len() + SIZE_LINE_BYTES;
        buffer.clear();
        buffer.resize(front, 0);
        let may_have_more = source.append(&mut buffer, front + CHUNK_BYTES)?;
        let length = buffer.len() - front;
        // A chunk of no bytes would be the last one.
        let has_chunk = end == BodyEnd::Chunked && length > 0;
        if has_chunk {
            write!(head, "{length:x}\r\n")?;
            buffer.extend_from_slice(LINE_END);
        }
        if end == BodyEnd::Chunked && !may_have_more {
            buffer.extend_from_slice(LAST_CHUNK);
        }
        out.write_all(with_front(&mut buffer, front, &head))?;
        if !may_have_more {
            return Ok(());
        }
        head.clear();
    }
}

/// Puts `text` directly before what begins at `front`, and gives both.
fn with_front<'a>(buffer: &'a mut [u8], front: usize, text: &[u8]) -> &'a [u8] {
    let start = front.saturating_sub(text.len());
    if let Some(room) = buffer.get_mut(start..front) {
        room.copy_from_slice(text);
    }
    buffer.get(start..).unwrap_or_default()
}

/// A body whose beginning was read before it was known that more follows.
pub(super) struct Begun<S> {
    pub start: Vec<u8>,
    pub rest: S,
}

impl<S: BodySource> BodySource for Begun<S> {
    fn append(&mut self, bytes: &mut Vec<u8>, until: usize) -> io::Result<bool> {
        bytes.append(&mut take(&mut self.start));
        self.rest.append(bytes, until)
    }
}

/// A body as gzip.
pub(super) struct Packed<'a> {
    source: &'a mut dyn BodySource,
    plain: Vec<u8>,
    encoder: GzEncoder<Vec<u8>>,
}

impl<'a> Packed<'a> {
    pub fn new(source: &'a mut dyn BodySource) -> Self {
        Self { source, plain: Vec::new(), encoder: GzEncoder::new(Vec::new(), Compression::fast()) }
    }
}

impl BodySource for Packed<'_> {
    fn append(&mut self, bytes: &mut Vec<u8>, until: usize) -> io::Result<bool> {
        while bytes.len() < until {
            self.plain.clear();
            let may_have_more = self.source.append(&mut self.plain, PLAIN_BYTES)?;
            self.encoder.write_all(&self.plain)?;
            if !may_have_more {
                self.encoder.try_finish()?;
            }
            bytes.append(self.encoder.get_mut());
            if !may_have_more {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests;
