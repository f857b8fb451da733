//! Whole frames in one piece, and how far a client has come that has them.

use std::sync::Arc;

use tungstenite::Bytes;

/// What is lost if frames are dropped before they are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loss {
    /// Nothing: what they say is in the log, or is said again.
    None,
    /// That something else is seen from there on.
    View,
}

/// Whole frames, or the rest of them.
#[derive(Debug, Clone)]
pub struct Frames {
    pub(crate) bytes: Bytes,
    pub(crate) loss: Loss,
    /// Each change in them, with the place where its frame ends, counted from where the first one began.
    ends: Option<Arc<[(u64, usize)]>>,
    /// Where `bytes` begins in that count.
    base: usize,
    /// The sequence up to which a client knows everything that has all of them.
    reaches: Option<u64>,
}

impl From<Bytes> for Frames {
    fn from(bytes: Bytes) -> Self {
        Self { bytes, loss: Loss::None, ends: None, base: 0, reaches: None }
    }
}

impl Default for Frames {
    fn default() -> Self {
        Bytes::new().into()
    }
}

impl Frames {
    /// Frames of changes, each with the place where it ends.
    pub fn of_changes(bytes: Bytes, ends: Vec<(u64, usize)>) -> Self {
        let reaches = ends.last().map(|(seq, _)| *seq);
        Self { bytes, loss: Loss::None, ends: Some(ends.into()), base: 0, reaches }
    }

    /// Whoever has them knows everything up to this sequence.
    pub fn reaching(bytes: Bytes, seq: u64) -> Self {
        Self::from(bytes).reaching_to(seq)
    }

    /// The same of these.
    #[must_use]
    pub fn reaching_to(self, seq: u64) -> Self {
        Self { reaches: Some(seq), ..self }
    }

    /// Frames of which it matters if they are dropped.
    pub(crate) fn losing(self, loss: Loss) -> Self {
        Self { loss, ..self }
    }

    /// How many changes are in them.
    pub(crate) fn changes(&self) -> u64 {
        self.ends.as_ref().map_or(0, |ends| ends.len() as u64)
    }

    /// The sequence up to which a client knows everything that has all of them.
    pub(crate) fn reaches(&self) -> Option<u64> {
        self.reaches
    }

    /// Each frame with the sequence of its change, of frames of which none is sent.
    pub(crate) fn each(&self) -> impl Iterator<Item = (u64, &[u8])> {
        let ends = self.ends.as_deref().unwrap_or_default();
        let starts = std::iter::once(self.base).chain(ends.iter().map(|(_, end)| *end));
        let frames = ends.iter().filter(|(_, end)| *end > self.base).zip(starts.skip_while(|start| *start < self.base));
        frames.map(|((seq, end), start)| (*seq, self.bytes.get(start - self.base..end - self.base).unwrap_or_default()))
    }

    /// The frames of the changes after `seq`.
    pub(crate) fn after(&self, seq: u64) -> Self {
        let ends = self.ends.as_deref().unwrap_or_default();
        let start = match ends.partition_point(|(own, _)| *own <= seq).checked_sub(1).and_then(|last| ends.get(last)) {
            Some((_, end)) => end.saturating_sub(self.base).min(self.bytes.len()),
            None => 0,
        };
        Self { bytes: self.bytes.slice(start..), base: self.base + start, ..self.clone() }
    }

    /// Leaves out what was sent.
    pub(crate) fn advance(&mut self, sent: usize) {
        self.bytes = self.bytes.slice(sent..);
        self.base += sent;
    }

    /// Of frames that are sent in part: ends with the one that is begun. The sequence of the last one before it, if there is one.
    pub(crate) fn end_with_begun(&mut self) -> Option<u64> {
        let ends = self.ends.take()?;
        let passed = ends.partition_point(|(_, end)| *end <= self.base);
        if let Some((seq, end)) = ends.get(passed) {
            self.bytes.truncate(end - self.base);
            self.reaches = Some(*seq);
        }
        passed.checked_sub(1).and_then(|last| ends.get(last)).map(|(seq, _)| *seq)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames() -> Frames {
        Frames::of_changes(Bytes::from_static(b"aabbbccdddd"), vec![(3, 2), (4, 5), (7, 7), (8, 11)])
    }

    #[test]
    fn what_comes_after_a_change_begins_with_the_next_frame() {
        let after = |seq| String::from_utf8(frames().after(seq).bytes.to_vec()).unwrap();
        assert_eq!(
            [0, 2, 3, 4, 5, 6, 7].map(after),
            ["aabbbccdddd", "aabbbccdddd", "bbbccdddd", "ccdddd", "ccdddd", "ccdddd", "dddd"]
        );
        assert_eq!([8, 9].map(after), ["", ""]);
        assert_eq!(frames().after(3).after(4).bytes, "ccdddd");
        assert_eq!((frames().changes(), frames().reaches()), (4, Some(8)));
    }

    #[test]
    fn frames_that_are_begun_end_with_the_frame_that_is_begun() {
        for after in [0, 3, 4] {
            let start = frames().after(after);
            for sent in 1..start.bytes.len() {
                let mut rest = start.clone();
                rest.advance(sent);
                let at = "aabbbccdddd".len() - start.bytes.len() + sent;
                let (passed, whole, seq) = match at {
                    0..2 => (None, 2, 3),
                    2..5 => (Some(3), 5, 4),
                    5..7 => (Some(4), 7, 7),
                    _ => (Some(7), 11, 8),
                };
                assert_eq!((rest.end_with_begun(), rest.bytes.len(), rest.reaches()), (passed, whole - at, Some(seq)));
            }
        }
        let mut single = Frames::from(Bytes::from_static(b"pong"));
        single.advance(2);
        assert_eq!((single.end_with_begun(), &single.bytes[..], single.reaches()), (None, &b"ng"[..], None));
    }
}
