//! Splits what a WebSocket server sends into frames (RFC 6455 §5.2) and shows the front of each payload.
//!
//! A listener needs a change's `seq`, which stands near its front. The rest of a payload is stepped over, never copied
//! or parsed: there are a thousand listeners to every change, and they share the machine with the server.

/// The longest header of an unmasked frame.
const HEADER_BYTES_MAX: usize = 10;
/// As much of a payload as is shown; a control frame's (at most 125 bytes) is whole.
pub(crate) const FRONT_BYTES_MAX: usize = 256;
/// A longer frame is none of ours; the stream is not what it should be.
const PAYLOAD_BYTES_MAX: u64 = 64 << 20;

/// What a frame is for (RFC 6455 §11.8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opcode {
    Text,
    Close,
    Ping,
    /// Binary messages and pongs: nothing that the feed's changes come in.
    Other,
}

/// These bytes are not the unmasked, unfragmented frames that the server sends; the rest cannot be understood.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NotAFrame;

/// Remembers where in a frame the last bytes ended.
#[derive(Default)]
pub(crate) struct Splitter {
    /// The start of a frame whose front is not here yet: less than header and front.
    held: Vec<u8>,
    /// Bytes of the current payload behind its front, still to come.
    rest_bytes: u64,
}

impl Splitter {
    /// Calls `on_frame` with kind and payload front of every frame whose front these bytes complete.
    pub(crate) fn feed(&mut self, mut bytes: &[u8], on_frame: &mut impl FnMut(Opcode, &[u8])) -> Result<(), NotAFrame> {
        while !bytes.is_empty() {
            bytes = if self.rest_bytes > 0 {
                self.step_over(bytes)
            } else if self.held.is_empty() {
                self.take_whole(bytes, on_frame)?
            } else {
                self.complete_held(bytes, on_frame)?
            };
        }
        Ok(())
    }

    fn step_over<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let length = usize::try_from(self.rest_bytes).unwrap_or(usize::MAX).min(bytes.len());
        self.rest_bytes -= length as u64;
        bytes.split_at(length).1
    }

    /// The usual way: the front is among the bytes, nothing is copied.
    fn take_whole<'a>(
        &mut self,
        bytes: &'a [u8],
        on_frame: &mut impl FnMut(Opcode, &[u8]),
    ) -> Result<&'a [u8], NotAFrame> {
        let head = match FrameHead::read(bytes)? {
            Ok(head) if bytes.len() >= head.front_end() => head,
            _ => {
                self.held.extend_from_slice(bytes);
                return Ok(&[]);
            }
        };
        let (front, behind) = bytes.split_at(head.front_end());
        on_frame(head.opcode, front.split_at(head.header_bytes).1);
        self.rest_bytes = head.rest_bytes();
        Ok(behind)
    }

    /// The front was cut between two reads: adds just what it lacks.
    fn complete_held<'a>(
        &mut self,
        bytes: &'a [u8],
        on_frame: &mut impl FnMut(Opcode, &[u8]),
    ) -> Result<&'a [u8], NotAFrame> {
        let wanted = FrameHead::read(&self.held)?.map_or_else(|header_bytes| header_bytes, FrameHead::front_end);
        let missing = wanted.saturating_sub(self.held.len()).min(bytes.len());
        let (more, behind) = bytes.split_at(missing);
        self.held.extend_from_slice(more);
        if let Ok(head) = FrameHead::read(&self.held)?
            && self.held.len() >= head.front_end()
        {
            on_frame(head.opcode, self.held.split_at(head.header_bytes).1);
            self.rest_bytes = head.rest_bytes();
            self.held.clear();
        }
        Ok(behind)
    }
}

/// A frame's header.
#[derive(Clone, Copy)]
struct FrameHead {
    opcode: Opcode,
    header_bytes: usize,
    payload_bytes: u64,
}

impl FrameHead {
    /// The header at the start of `bytes`; the inner error is how many bytes it takes to know it.
    fn read(bytes: &[u8]) -> Result<Result<Self, usize>, NotAFrame> {
        let &[first, second, ref behind @ ..] = bytes else { return Ok(Err(2)) };
        let opcode = opcode(first)?;
        let (header_bytes, payload_bytes) = match second {
            short @ 0..=125 => (2, Some(u64::from(short))),
            126 => (4, behind.first_chunk().map(|&length| u64::from(u16::from_be_bytes(length)))),
            127 => (HEADER_BYTES_MAX, behind.first_chunk().map(|&length| u64::from_be_bytes(length))),
            // The highest bit says that the payload is masked, which only a client may do.
            _ => return Err(NotAFrame),
        };
        match payload_bytes {
            Some(length) if length > PAYLOAD_BYTES_MAX => Err(NotAFrame),
            Some(payload_bytes) => Ok(Ok(Self { opcode, header_bytes, payload_bytes })),
            None => Ok(Err(header_bytes)),
        }
    }

    fn front_bytes(self) -> usize {
        usize::try_from(self.payload_bytes).unwrap_or(usize::MAX).min(FRONT_BYTES_MAX)
    }

    fn front_end(self) -> usize {
        self.header_bytes + self.front_bytes()
    }

    fn rest_bytes(self) -> u64 {
        self.payload_bytes - self.front_bytes() as u64
    }
}

/// Kind of a frame by its first byte; it must be final and use no extension.
fn opcode(first: u8) -> Result<Opcode, NotAFrame> {
    match first {
        0x81 => Ok(Opcode::Text),
        0x88 => Ok(Opcode::Close),
        0x89 => Ok(Opcode::Ping),
        0x82 | 0x8A => Ok(Opcode::Other),
        _ => Err(NotAFrame),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frames with every form of header, a payload shorter and longer than the front, and an empty one.
    fn stream() -> (Vec<u8>, Vec<(Opcode, Vec<u8>)>) {
        let mut bytes = Vec::new();
        let mut expected = Vec::new();
        for (first, opcode, length) in [
            (0x81, Opcode::Text, 5),
            (0x89, Opcode::Ping, 0),
            (0x81, Opcode::Text, 125),
            (0x81, Opcode::Text, 126),
            (0x81, Opcode::Text, FRONT_BYTES_MAX),
            (0x81, Opcode::Text, FRONT_BYTES_MAX + 1),
            (0x89, Opcode::Ping, 4),
            (0x81, Opcode::Text, 70_000),
            (0x82, Opcode::Other, 300),
            (0x88, Opcode::Close, 2),
        ] {
            let payload: Vec<u8> = (0..=250_u8).cycle().take(length).collect();
            bytes.push(first);
            match length {
                0..126 => bytes.push(u8::try_from(length).unwrap()),
                126..65_536 => {
                    bytes.push(126);
                    bytes.extend(u16::try_from(length).unwrap().to_be_bytes());
                }
                _ => {
                    bytes.push(127);
                    bytes.extend((length as u64).to_be_bytes());
                }
            }
            bytes.extend(&payload);
            expected.push((opcode, payload.into_iter().take(FRONT_BYTES_MAX).collect()));
        }
        (bytes, expected)
    }

    fn split<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Vec<(Opcode, Vec<u8>)> {
        let mut splitter = Splitter::default();
        let mut found = Vec::new();
        for part in parts {
            splitter.feed(part, &mut |opcode, front| found.push((opcode, front.to_vec()))).unwrap();
        }
        assert!(splitter.held.is_empty() && splitter.rest_bytes == 0);
        found
    }

    #[test]
    fn frames_are_found_wherever_the_bytes_are_cut() {
        let (bytes, expected) = stream();
        assert_eq!(split([bytes.as_slice()]), expected);
        for at in 0..=bytes.len() {
            let (before, behind) = bytes.split_at(at);
            assert_eq!(split([before, behind]), expected, "cut at {at}");
        }
    }

    #[test]
    fn frames_are_found_in_pieces_of_any_length() {
        let (bytes, expected) = stream();
        for length in [1, 2, 3, 7, 100, 255, 257, 1_000] {
            assert_eq!(split(bytes.chunks(length)), expected, "pieces of {length}");
        }
    }

    #[test]
    fn what_no_server_of_ours_sends_is_refused() {
        let masked = [0x81, 0x85];
        let fragment = [0x01, 5];
        let continuation = [0x80, 5];
        let extension = [0xC1, 5];
        let endless = [0x81, 127, 0x7F, 0, 0, 0, 0, 0, 0, 0];
        for bytes in [masked.as_slice(), &fragment, &continuation, &extension, &endless] {
            assert_eq!(Splitter::default().feed(bytes, &mut |_, _| {}), Err(NotAFrame));
        }
    }
}
