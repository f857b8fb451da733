//! The headers of the frames that come in (RFC 6455 §5.2), seen before tungstenite reads them, for two things that it does not do.
//!
//! Payload lengths must stand in the fewest bytes and be below 2^63, and a frame that is otherwise is a protocol error (close code
//! 1002, §7.4.1). tungstenite takes the first of these faults for a good frame and answers the second as one that is merely too
//! large (1009); a test here shows both.
//!
//! RSV1 says of a message that it is compressed (RFC 7692 §6), if that was agreed on: it is taken away from the first frame of a
//! message, which goes on as binary since its bytes are no text yet. Anywhere else it stays, and tungstenite refuses it.

use std::collections::VecDeque;

const RSV1: u8 = 0x40;
const OPCODE: u8 = 0x0F;
const TEXT: u8 = 0x1;
const BINARY: u8 = 0x2;

/// Follows the headers through the bytes of the other end.
#[derive(Debug, Default)]
pub struct FrameHeads {
    next: NextByte,
    /// Of the messages that have begun and were not fetched yet; `None` where nothing is compressed.
    marks: Option<VecDeque<MessageMark>>,
}

/// What the first frame of a message said of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageMark {
    /// What it is handed on as is what it is.
    Plain,
    /// Its payload is compressed.
    Deflated {
        /// Whether it must be UTF-8.
        is_text: bool,
    },
}

/// What the next byte is.
#[derive(Debug, Default, Clone, Copy)]
enum NextByte {
    /// The one with the opcode.
    #[default]
    Opcode,
    /// The one with the mask bit and a short length.
    Length,
    /// One of a long length.
    LongLength {
        bytes_left: u32,
        length: u64,
        /// Below this it would have had room in fewer bytes.
        least: u64,
        mask_bytes: u64,
    },
    /// One of so many of the mask and the payload.
    Content(u64),
}

impl FrameHeads {
    /// Where compression was agreed on.
    pub fn with_deflate() -> Self {
        Self { marks: Some(VecDeque::new()), ..Self::default() }
    }

    /// How many of the next bytes can be read on, as they are then: all of them, or those before the end of a length that is not
    /// valid.
    pub fn accept(&mut self, bytes: &mut [u8]) -> usize {
        let mut at = 0;
        while let Some(byte) = bytes.get_mut(at) {
            let (next, taken) = match self.next {
                NextByte::Content(left) => {
                    let taken = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len() - at);
                    (Some(NextByte::content(left - taken as u64)), taken)
                }
                next => {
                    if let (NextByte::Opcode, Some(marks)) = (next, &mut self.marks) {
                        marks.extend(MessageMark::take_from(byte));
                    }
                    (next.after(*byte), 1)
                }
            };
            let Some(next) = next else { break };
            self.next = next;
            at += taken;
        }
        at
    }

    /// What was said of the next message. To be asked once for each, in their order.
    pub fn next_mark(&mut self) -> MessageMark {
        self.marks.as_mut().and_then(VecDeque::pop_front).unwrap_or(MessageMark::Plain)
    }
}

impl MessageMark {
    /// Reads it from the first byte of a frame, which is that of a message without an extension then; `None` if no message begins
    /// with it.
    fn take_from(byte: &mut u8) -> Option<Self> {
        let opcode = *byte & OPCODE;
        if !matches!(opcode, TEXT | BINARY) {
            return None;
        }
        if *byte & RSV1 == 0 {
            return Some(Self::Plain);
        }
        *byte = *byte & !RSV1 & !OPCODE | BINARY;
        Some(Self::Deflated { is_text: opcode == TEXT })
    }
}

impl NextByte {
    /// What follows a byte of a header; `None` if it completes a length that is not valid.
    fn after(self, byte: u8) -> Option<Self> {
        match self {
            Self::Opcode | Self::Content(_) => Some(Self::Length),
            Self::Length => {
                let mask_bytes = if byte & 0x80 == 0 { 0 } else { 4 };
                let long = |bytes_left, least| Self::LongLength { bytes_left, length: 0, least, mask_bytes };
                Some(match byte & 0x7F {
                    126 => long(2, 126),
                    127 => long(8, 1 << 16),
                    short => Self::content(u64::from(short) + mask_bytes),
                })
            }
            Self::LongLength { bytes_left, length, least, mask_bytes } => {
                let length = length << 8 | u64::from(byte);
                match bytes_left - 1 {
                    0 => (least..1 << 63).contains(&length).then(|| Self::content(length + mask_bytes)),
                    bytes_left => Some(Self::LongLength { bytes_left, length, least, mask_bytes }),
                }
            }
        }
    }

    fn content(length: u64) -> Self {
        if length == 0 { Self::Opcode } else { Self::Content(length) }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use tungstenite::protocol::{Role, WebSocket};
    use tungstenite::{Error, Message};

    use super::*;

    fn accepted(bytes: &[u8]) -> usize {
        FrameHeads::default().accept(&mut bytes.to_vec())
    }

    #[test]
    fn tungstenite_alone_takes_a_padded_length_and_one_beyond_2_to_the_63_for_good_ones() {
        let read = |bytes: &[u8]| {
            WebSocket::from_partially_read(Cursor::new(Vec::new()), bytes.to_vec(), Role::Server, None).read()
        };
        // "ping" with its length in 16 bits, and a length with the highest bit set; both masked with zeros.
        let padded = b"\x81\xFE\0\x04\0\0\0\0ping";
        let beyond = b"\x82\xFF\x80\0\0\0\0\0\0\0\0\0\0\0";
        assert_eq!(read(padded).unwrap(), Message::text("ping"));
        assert!(matches!(read(beyond), Err(Error::Capacity(_))));
        assert_eq!(accepted(padded), 3);
        assert_eq!(accepted(beyond), 9);
    }

    /// A header with this length, masked, and as many bytes of content as are asked for.
    fn frame(length: &[u8], content: usize) -> Vec<u8> {
        let mut bytes = vec![0x82];
        bytes.extend_from_slice(length);
        bytes.resize(bytes.len() + 4 + content, 0xFF);
        bytes
    }

    #[test]
    fn whatever_the_pieces_only_lengths_that_are_written_shortest_pass() {
        let good = [
            frame(&[0x80], 0),
            frame(&[0xFD], 125),
            frame(&[0xFE, 0, 126], 126),
            frame(&[0xFE, 0xFF, 0xFF], 0xFFFF),
            frame(&[0xFF, 0, 0, 0, 0, 0, 1, 0, 0], 1 << 16),
            vec![0x82, 0],
            vec![0x82, 2, 0xFF, 0xFF],
        ]
        .concat();
        let bad: [&[u8]; 5] = [
            &[0x82, 0xFE, 0, 125],
            &[0x82, 0xFE, 0, 0],
            &[0x82, 0xFF, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF],
            &[0x82, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0],
            &[0x82, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
        ];
        for bad in bad {
            let bytes = [&good[..], bad, &[0; 20]].concat();
            for piece in [1, 2, 3, 7, 512, usize::MAX] {
                let mut heads = FrameHeads::default();
                let mut accepted = 0;
                for piece in bytes.chunks(piece) {
                    let taken = heads.accept(&mut piece.to_vec());
                    accepted += taken;
                    if taken < piece.len() {
                        break;
                    }
                }
                assert_eq!(accepted, good.len() + bad.len() - 1, "{bad:x?} in pieces of {piece}");
            }
        }
        assert_eq!(accepted(&good), good.len());
    }

    #[test]
    fn the_bit_is_taken_from_the_first_frame_of_a_message_alone_and_only_where_it_was_agreed_on() {
        // The first byte of a frame, what it becomes, and what is said of the message that begins with it.
        let deflated = |is_text| Some(MessageMark::Deflated { is_text });
        let frames: [(u8, u8, Option<MessageMark>); 14] = [
            (0xC1, 0x82, deflated(true)),
            (0xC2, 0x82, deflated(false)),
            (0x81, 0x81, Some(MessageMark::Plain)),
            (0x82, 0x82, Some(MessageMark::Plain)),
            (0x41, 0x02, deflated(true)),
            (0x00, 0x00, None),
            (0x89, 0x89, None),
            (0x80, 0x80, None),
            // Where it must not be it stays.
            (0x40, 0x40, None),
            (0xC0, 0xC0, None),
            (0xC8, 0xC8, None),
            (0xC9, 0xC9, None),
            (0xC3, 0xC3, None),
            // Another bit beside it is nobody's.
            (0xE1, 0xA2, deflated(true)),
        ];
        let bytes: Vec<u8> =
            frames.iter().flat_map(|&(first, ..)| [first, 0x83, 1, 2, 3, 4, 0xC1, 0xC1, 0xC1]).collect();
        let expected: Vec<u8> =
            frames.iter().flat_map(|&(_, first, _)| [first, 0x83, 1, 2, 3, 4, 0xC1, 0xC1, 0xC1]).collect();
        for piece in [1, 2, 5, 9, usize::MAX] {
            let mut heads = FrameHeads::with_deflate();
            let mut seen = bytes.clone();
            for piece in seen.chunks_mut(piece) {
                assert_eq!(heads.accept(piece), piece.len());
            }
            assert_eq!(seen, expected, "in pieces of {piece}");
            for mark in frames.iter().filter_map(|(.., mark)| *mark) {
                assert_eq!(heads.next_mark(), mark);
            }
            assert_eq!(heads.next_mark(), MessageMark::Plain, "there are no more");
        }
        let mut untouched = bytes.clone();
        assert_eq!(FrameHeads::default().accept(&mut untouched), bytes.len());
        assert_eq!(untouched, bytes);
    }
}
