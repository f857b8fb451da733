//! Compressing messages one after the other (RFC 7692 §7.2.1).

use flate2::{Compress, Compression, FlushCompress};

/// More takes longer and saves little of records of a kilobyte.
const LEVEL: u32 = 3;
/// What a sync flush ends with and the other end adds again.
const TAIL: [u8; 4] = [0, 0, 0xFF, 0xFF];
/// Room to begin with, beyond what went in: the output of a short message is longer than that.
const EXTRA_BYTES: usize = 64;

/// Compresses messages; each may refer to those before it (context takeover). Takes some 320 KiB.
pub struct Deflater {
    stream: Compress,
}

impl Default for Deflater {
    fn default() -> Self {
        Self { stream: Compress::new(Compression::new(LEVEL), false) }
    }
}

impl std::fmt::Debug for Deflater {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Deflater").finish_non_exhaustive()
    }
}

impl Deflater {
    /// Puts the payload of a compressed message in place of what is in `into`. False if it failed, which no input of ours does: the
    /// message is to go as it is then, and what follows is free of context.
    #[must_use]
    pub fn deflate(&mut self, message: &[u8], into: &mut Vec<u8>) -> bool {
        into.clear();
        let mut rest = message;
        loop {
            into.reserve(rest.len() / 2 + EXTRA_BYTES);
            let before = self.stream.total_in();
            if self.stream.compress_vec(rest, into, FlushCompress::Sync).is_err() {
                self.forget();
                return false;
            }
            let taken = usize::try_from(self.stream.total_in() - before).unwrap_or(usize::MAX);
            rest = rest.get(taken..).unwrap_or_default();
            // What did not fill its room is all that there was.
            if rest.is_empty() && into.len() < into.capacity() {
                break;
            }
        }
        let is_whole = into.ends_with(&TAIL);
        if is_whole {
            into.truncate(into.len() - TAIL.len());
        } else {
            self.forget();
        }
        is_whole
    }

    /// Makes the next message free of context: whoever has seen none before it can read it. Each message ends on a whole byte, so
    /// this is what a full flush does.
    pub fn forget(&mut self) {
        self.stream.reset();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deflate::StreamInflater;

    /// Messages as the feed has them: alike, but for a few figures.
    fn messages() -> Vec<Vec<u8>> {
        let record = r#","customer_name":"Asha Patil","items":[{"name":"LED bulb","price":110.5}],"total":440.0,"status":"Open"}"#;
        (0..60)
            .map(|number: usize| match number % 5 {
                0 => Vec::new(),
                1 => format!(r#"{{"type":"order","seq":{number}{record}"#).into_bytes(),
                2 => format!(r#"{{"type":"estimate","seq":{number}{record}"#).repeat(number).into_bytes(),
                // What does not get smaller.
                3 => (0..number * 1_500).map(|at| (at.wrapping_mul(at) >> 3).to_le_bytes()[number % 3]).collect(),
                _ => b"{}".to_vec(),
            })
            .collect()
    }

    #[test]
    fn whoever_has_seen_all_messages_reads_them_all() {
        let (mut deflater, mut inflater, mut payload) = (Deflater::default(), StreamInflater::default(), Vec::new());
        for message in messages() {
            assert!(deflater.deflate(&message, &mut payload));
            assert_eq!(inflater.inflate(&payload, 1 << 20).unwrap(), message);
        }
    }

    #[test]
    fn whoever_comes_when_the_context_is_forgotten_reads_on_from_there_and_so_do_the_others() {
        let messages = messages();
        for joined_at in 0..messages.len() {
            let (mut deflater, mut there, mut new) =
                (Deflater::default(), StreamInflater::default(), StreamInflater::default());
            let mut payload = Vec::new();
            for (at, message) in messages.iter().enumerate() {
                if at == joined_at {
                    deflater.forget();
                }
                assert!(deflater.deflate(message, &mut payload));
                assert_eq!(&there.inflate(&payload, 1 << 20).unwrap(), message);
                if at >= joined_at {
                    assert_eq!(&new.inflate(&payload, 1 << 20).unwrap(), message, "{at}, joined at {joined_at}");
                }
            }
        }
    }

    #[test]
    fn without_that_the_context_is_needed_and_saves_most_of_the_bytes() {
        let message =
            |seq: u32| format!(r#"{{"type":"order","action":"create","id":"ORDER-1","seq":{seq},"data":{{}}}}"#);
        let (mut deflater, mut first, mut second) = (Deflater::default(), Vec::new(), Vec::new());
        assert!(deflater.deflate(message(1).as_bytes(), &mut first));
        assert!(deflater.deflate(message(2).as_bytes(), &mut second));
        assert!(second.len() * 3 < first.len(), "{} after {}", second.len(), first.len());
        let alone = StreamInflater::default().inflate(&second, 1 << 20);
        assert_ne!(alone.ok(), Some(message(2).into_bytes()));
        // An empty message is one byte (RFC 7692 §7.2.3.6).
        assert!(deflater.deflate(b"", &mut second));
        assert_eq!(second, [0]);
    }
}
