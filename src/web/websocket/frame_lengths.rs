//! Payload lengths in a client's frame headers, checked before tungstenite reads them. RFC 6455 §5.2 wants them in the
//! fewest bytes and below 2^63, and a frame that is otherwise is a protocol error (close code 1002, §7.4.1). tungstenite
//! checks all else in a frame, but takes the first of these faults for a good frame and answers the second as one that is
//! merely too large (1009); a test here shows both, and once it fails this file can go.

/// Follows the headers through the bytes of a client.
#[derive(Default)]
pub(crate) struct FrameLengths {
    next: Next,
}

/// What the next byte of a client is.
#[derive(Default, Clone, Copy)]
enum Next {
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

impl FrameLengths {
    /// How many of the next bytes can be read on: all of them, or those before the end of a length that is not valid.
    pub fn accept(&mut self, bytes: &[u8]) -> usize {
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            let (next, taken) = match self.next {
                Next::Content(left) => {
                    let taken = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len() - at);
                    (Some(Next::content(left - taken as u64)), taken)
                }
                next => (next.after(byte), 1),
            };
            let Some(next) = next else { break };
            self.next = next;
            at += taken;
        }
        at
    }
}

impl Next {
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
        assert_eq!(FrameLengths::default().accept(padded), 3);
        assert_eq!(FrameLengths::default().accept(beyond), 9);
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
                let mut lengths = FrameLengths::default();
                let mut accepted = 0;
                for piece in bytes.chunks(piece) {
                    let taken = lengths.accept(piece);
                    accepted += taken;
                    if taken < piece.len() {
                        break;
                    }
                }
                assert_eq!(accepted, good.len() + bad.len() - 1, "{bad:x?} in pieces of {piece}");
            }
        }
        assert_eq!(FrameLengths::default().accept(&good), good.len());
    }
}
