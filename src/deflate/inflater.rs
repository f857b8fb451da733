//! Reading compressed messages (RFC 7692 §7.2.2), each up to a size and no further.

use std::fmt;

use flate2::{Decompress, FlushDecompress, Status};

/// What the compressing end has left out at the end of each message.
const TAIL: [u8; 4] = [0, 0, 0xFF, 0xFF];
/// A last block without content (RFC 1951 §3.2.4): behind a message that is whole nothing is missing with it.
const END: [u8; 5] = [1, 0, 0, 0xFF, 0xFF];
/// Blocks in one message that say of themselves that they are the last: to begin anew after each costs more than its few bytes.
const LAST_BLOCKS_MAX: usize = 16;
/// The least room that output is given at a time.
const ROOM_BYTES: usize = 512;

/// Why a message cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InflateError {
    /// There is more in it than is taken. It was not read any further.
    TooLong,
    /// It is not what the compression gives, or not all of it.
    NotDeflate,
}

/// Reads messages that refer to nothing before them. Takes some 43 KiB, and room for the longest message.
pub struct MessageInflater {
    stream: Decompress,
    /// A message with what stands behind it.
    input: Vec<u8>,
    output: Vec<u8>,
}

impl Default for MessageInflater {
    fn default() -> Self {
        Self { stream: Decompress::new(false), input: Vec::new(), output: Vec::new() }
    }
}

impl MessageInflater {
    /// What is in a message, at most so many bytes.
    pub fn inflate(&mut self, payload: &[u8], bytes_max: usize) -> Result<Vec<u8>, InflateError> {
        self.input.clear();
        // One that was cut off in the middle of a block goes on into the end that is put behind it, and does not end with it.
        for part in [payload, &TAIL, &END] {
            self.input.extend_from_slice(part);
        }
        // Room for one byte too many, so that it is seen.
        self.output.resize(bytes_max + 1, 0);
        let (mut input, mut length) = (self.input.as_slice(), 0);
        for _ in 0..LAST_BLOCKS_MAX {
            self.stream.reset(false);
            let room = self.output.get_mut(length..).unwrap_or_default();
            // Into the whole room at once: only so are references to what is not there noticed.
            let status = self.stream.decompress(input, room, FlushDecompress::Finish);
            input = input.get(counted(self.stream.total_in())..).unwrap_or_default();
            length += counted(self.stream.total_out());
            if length > bytes_max {
                return Err(InflateError::TooLong);
            }
            match status {
                Ok(Status::StreamEnd) if input.is_empty() => {
                    return Ok(self.output.get(..length).unwrap_or_default().to_vec());
                }
                Ok(Status::StreamEnd) => {}
                _ => break,
            }
        }
        Err(InflateError::NotDeflate)
    }
}

/// Reads messages that may refer to those before them, all in their order. Takes some 43 KiB.
pub struct StreamInflater {
    stream: Decompress,
}

impl Default for StreamInflater {
    fn default() -> Self {
        Self { stream: Decompress::new(false) }
    }
}

impl StreamInflater {
    /// What is in the next message, at most so many bytes.
    pub fn inflate(&mut self, payload: &[u8], bytes_max: usize) -> Result<Vec<u8>, InflateError> {
        let mut message = Vec::new();
        for part in [payload, &TAIL] {
            self.inflate_part(part, &mut message, bytes_max)?;
        }
        Ok(message)
    }

    fn inflate_part(&mut self, mut input: &[u8], into: &mut Vec<u8>, bytes_max: usize) -> Result<(), InflateError> {
        loop {
            if into.len() == into.capacity() {
                into.reserve(input.len() + ROOM_BYTES);
            }
            let (taken_before, length_before) = (self.stream.total_in(), into.len());
            let status = self.stream.decompress_vec(input, into, FlushDecompress::Sync);
            let taken = counted(self.stream.total_in() - taken_before);
            input = input.get(taken..).unwrap_or_default();
            if into.len() > bytes_max {
                return Err(InflateError::TooLong);
            }
            match status {
                Err(_) => return Err(InflateError::NotDeflate),
                Ok(Status::StreamEnd) => self.stream.reset(false),
                Ok(_) if taken == 0 && into.len() == length_before && !input.is_empty() => {
                    return Err(InflateError::NotDeflate);
                }
                Ok(_) => {}
            }
            // What did not fill its room is all that there was.
            if input.is_empty() && into.len() < into.capacity() {
                return Ok(());
            }
        }
    }
}

/// No more than a slice has.
fn counted(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

impl fmt::Debug for MessageInflater {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("MessageInflater").finish_non_exhaustive()
    }
}

impl fmt::Debug for StreamInflater {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("StreamInflater").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::DeflateEncoder;

    use super::*;
    use crate::deflate::Deflater;

    const MAX: usize = 64 << 10;

    fn alone(payload: &[u8]) -> Result<Vec<u8>, InflateError> {
        MessageInflater::default().inflate(payload, MAX)
    }

    fn deflated(message: &[u8]) -> Vec<u8> {
        let mut payload = Vec::new();
        assert!(Deflater::default().deflate(message, &mut payload));
        payload
    }

    /// RFC 7692 §7.2.3.1 to §7.2.3.6.
    #[test]
    fn the_examples_of_the_standard_are_read() {
        let stored = [0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00];
        let last = [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00];
        let two_blocks = [0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00];
        for payload in [&[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00][..], &stored, &last, &two_blocks] {
            assert_eq!(alone(payload).as_deref(), Ok(&b"Hello"[..]), "{payload:x?}");
        }
        assert_eq!(alone(&[0x00]).as_deref(), Ok(&b""[..]));
        let mut inflater = StreamInflater::default();
        assert_eq!(inflater.inflate(&[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00], MAX).unwrap(), b"Hello");
        // The same again, as a reference to the first.
        assert_eq!(inflater.inflate(&[0xf2, 0x00, 0x11, 0x00, 0x00], MAX).unwrap(), b"Hello");
        assert_eq!(alone(&[0xf2, 0x00, 0x11, 0x00, 0x00]), Err(InflateError::NotDeflate));
    }

    #[test]
    fn a_message_is_read_up_to_its_size_and_no_further() {
        for (length, is_read) in
            [(0, true), (1, true), (MAX - 1, true), (MAX, true), (MAX + 1, false), (50 << 20, false)]
        {
            let read = alone(&deflated(&vec![b'x'; length]));
            assert_eq!(read.as_ref().err(), (!is_read).then_some(&InflateError::TooLong), "{length}");
            if let Ok(read) = read {
                assert_eq!(read.len(), length);
                assert_eq!(read.capacity(), length, "no more is kept of it");
            }
        }
        // After one that was too long the next one is as good as ever.
        let mut inflater = MessageInflater::default();
        assert_eq!(inflater.inflate(&deflated(&vec![0; 1 << 20]), MAX), Err(InflateError::TooLong));
        assert_eq!(inflater.inflate(&deflated(b"ping"), MAX).as_deref(), Ok(&b"ping"[..]));
        // With room for nothing at all.
        assert_eq!(inflater.inflate(&deflated(b""), 0).as_deref(), Ok(&b""[..]));
        assert_eq!(inflater.inflate(&deflated(b"x"), 0), Err(InflateError::TooLong));
    }

    #[test]
    fn what_is_cut_off_or_spoilt_is_never_taken_for_the_message() {
        let message: Vec<u8> = (0..400_u16).flat_map(|number| format!("{{\"seq\":{number}}}").into_bytes()).collect();
        let whole = deflated(&message);
        for length in 0..whole.len() {
            assert_ne!(alone(&whole[..length]).as_ref(), Ok(&message), "cut at {length}");
        }
        // Cut inside of its one block there is no message at all.
        let cut = (1..whole.len() - 1).filter(|&length| alone(&whole[..length]).is_ok()).count();
        assert_eq!(cut, 0);
        for at in 0..whole.len() {
            let mut spoilt = whole.clone();
            spoilt[at] ^= 0x55;
            // It ends, whatever comes of it.
            let _ = alone(&spoilt);
        }
        assert_eq!(alone(&[0xFF; 40]), Err(InflateError::NotDeflate));
        assert_eq!(alone(&[]), Err(InflateError::NotDeflate));
    }

    #[test]
    fn a_message_of_many_ends_costs_no_more_than_others() {
        let mut last = DeflateEncoder::new(Vec::new(), Compression::fast());
        last.write_all(b"ab").unwrap();
        let last = last.finish().unwrap();
        let of = |times: usize| [last.repeat(times), vec![0]].concat();
        assert_eq!(alone(&of(LAST_BLOCKS_MAX - 1)).unwrap(), b"ab".repeat(LAST_BLOCKS_MAX - 1));
        assert_eq!(alone(&of(LAST_BLOCKS_MAX + 1)), Err(InflateError::NotDeflate));
        assert_eq!(alone(&of(10_000)), Err(InflateError::NotDeflate));
    }
}
