//! The stored answers of commands. They are appended in the order of storing, which touches one page; the index from
//! fingerprints to places, which touches another page for each, is brought up a block at a time.

use std::collections::HashMap;

use redb::ReadableTable;

use super::logged_table::{LoggedTable, LoggedTransaction};
use crate::domain::RunTime;
use crate::store::error::StoreError;
use crate::store::format::ByteReader;
use crate::store::tables::{ANSWER_PLACES, ANSWERS, TableId};

/// A block of answers is indexed in the commit that fills it.
const BLOCK_ANSWERS: u64 = 256;
/// Answers that one block may trim; more than it adds, so that old ones are gone soon after their time.
const TRIMMED_PER_BLOCK_MAX: usize = 1_024;

/// What a command was answered, kept so that its repetition is answered the same (promise 4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAnswer {
    pub(crate) at: RunTime,
    /// For how long it counts, in seconds.
    pub(crate) kept_seconds: u32,
    /// Fingerprint of the payload, to tell a repetition from another command under the same key.
    pub payload: [u8; 16],
    /// The outcome, in the form of the layer above.
    pub outcome: Vec<u8>,
}

/// What is known of a command that came before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// It was carried out, and this was its answer.
    Answer(StoredAnswer),
    /// It was carried out, and its answer cannot be read. It must not be carried out again.
    Unreadable,
}

impl StoredAnswer {
    /// Whether its time is over.
    pub(crate) fn is_over(&self, now: RunTime) -> bool {
        self.at.is_older_than(self.kept_seconds.into(), now)
    }

    pub(crate) fn encode(&self, fingerprint: [u8; 16]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(60 + self.outcome.len());
        bytes.extend_from_slice(&fingerprint);
        bytes.extend_from_slice(&self.at.run.to_le_bytes());
        bytes.extend_from_slice(&self.at.uptime_seconds.to_le_bytes());
        bytes.extend_from_slice(&self.at.unix_micros.to_le_bytes());
        bytes.extend_from_slice(&self.kept_seconds.to_le_bytes());
        bytes.extend_from_slice(&self.payload);
        bytes.extend_from_slice(&self.outcome);
        bytes
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<([u8; 16], Self), StoreError> {
        let mut fields = ByteReader { rest: bytes, what: "answer" };
        let fingerprint = fields.take()?;
        let answer = Self {
            at: RunTime {
                run: u64::from_le_bytes(fields.take()?),
                uptime_seconds: u64::from_le_bytes(fields.take()?),
                unix_micros: i64::from_le_bytes(fields.take()?),
            },
            kept_seconds: u32::from_le_bytes(fields.take()?),
            payload: fields.take()?,
            outcome: fields.rest.to_vec(),
        };
        Ok((fingerprint, answer))
    }
}

/// Fingerprint → place of the answers that are not indexed yet. It is what the file says, kept at hand from commit to commit;
/// `None` when it is to be read from the file.
pub(crate) type Unindexed = Option<HashMap<[u8; 16], u64>>;

/// The answers within one transaction.
pub(crate) struct Answers<'txn> {
    by_place: LoggedTable<'txn, u64, &'static [u8]>,
    places: LoggedTable<'txn, [u8; 16], u64>,
    unindexed: &'txn mut Unindexed,
    next_place: u64,
}

impl<'txn> Answers<'txn> {
    pub(crate) fn open(
        transaction: LoggedTransaction<'txn>,
        unindexed: &'txn mut Unindexed,
    ) -> Result<Self, StoreError> {
        let by_place = transaction.open_table(ANSWERS, TableId::Answers)?;
        let next_place = by_place.last()?.map_or(0, |(place, _)| place.value()) + 1;
        let places = transaction.open_table(ANSWER_PLACES, TableId::AnswerPlaces)?;
        Ok(Self { by_place, places, unindexed, next_place })
    }

    /// The answer under this fingerprint, however old.
    pub(crate) fn get(&mut self, fingerprint: [u8; 16]) -> Result<Option<Known>, StoreError> {
        let place = match self.unindexed()?.get(&fingerprint) {
            Some(&place) => Some(place),
            None => self.places.get(fingerprint)?.map(|place| place.value()),
        };
        let Some(place) = place else { return Ok(None) };
        // The index may name one whose time was over and that could not be read when it was trimmed.
        let Some(bytes) = self.by_place.get(place)? else { return Ok(None) };
        let answer = StoredAnswer::decode(bytes.value()).ok().filter(|(own, _)| *own == fingerprint);
        Ok(Some(answer.map_or(Known::Unreadable, |(_, answer)| Known::Answer(answer))))
    }

    /// Keeps an answer. The commit that fills a block indexes it, and trims answers whose time is over.
    pub(crate) fn put(&mut self, fingerprint: [u8; 16], answer: &StoredAnswer) -> Result<(), StoreError> {
        let place = self.next_place;
        self.unindexed()?.insert(fingerprint, place);
        self.by_place.insert(place, answer.encode(fingerprint).as_slice())?;
        self.next_place += 1;
        if block_start(self.next_place) == self.next_place {
            self.index()?;
            self.trim(answer.at)?;
        }
        Ok(())
    }

    /// In the order of fingerprints, so that neighbours are on pages that are at hand.
    fn index(&mut self) -> Result<(), StoreError> {
        let mut block: Vec<_> = self.unindexed()?.drain().collect();
        block.sort_unstable();
        for (fingerprint, place) in block {
            self.places.insert(fingerprint, place)?;
        }
        Ok(())
    }

    /// Removes the oldest answers whose time is over. One that cannot be read goes with the next that can.
    fn trim(&mut self, now: RunTime) -> Result<(), StoreError> {
        let (mut over, mut unread) = (Vec::new(), Vec::new());
        for entry in self.by_place.iter()?.take(TRIMMED_PER_BLOCK_MAX) {
            let (place, bytes) = entry?;
            match StoredAnswer::decode(bytes.value()) {
                Ok((_, answer)) if !answer.is_over(now) => break,
                Ok((fingerprint, _)) => {
                    over.append(&mut unread);
                    over.push((place.value(), Some(fingerprint)));
                }
                Err(_) => unread.push((place.value(), None)),
            }
        }
        for (place, fingerprint) in over {
            self.by_place.remove(place)?;
            // The same command may have been carried out again, after its time.
            if let Some(fingerprint) = fingerprint
                && self.places.get(fingerprint)?.is_some_and(|indexed| indexed.value() == place)
            {
                self.places.remove(fingerprint)?;
            }
        }
        Ok(())
    }

    fn unindexed(&mut self) -> Result<&mut HashMap<[u8; 16], u64>, StoreError> {
        match &mut *self.unindexed {
            Some(unindexed) => Ok(unindexed),
            unindexed => {
                let mut read = HashMap::new();
                for entry in self.by_place.range(block_start(self.next_place)..)? {
                    let (place, bytes) = entry?;
                    // Of one that is damaged further on, its repetition is still recognised.
                    if let Some(fingerprint) = bytes.value().first_chunk() {
                        read.insert(*fingerprint, place.value());
                    }
                }
                Ok(unindexed.insert(read))
            }
        }
    }
}

/// The first place that is not indexed when `next_place` is the next to be used.
fn block_start(next_place: u64) -> u64 {
    next_place - next_place % BLOCK_ANSWERS
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: u64 = 60;

    fn answer(run: u64, uptime_seconds: u64, unix_seconds: i64) -> StoredAnswer {
        StoredAnswer {
            at: RunTime { run, uptime_seconds, unix_micros: unix_seconds * 1_000_000 },
            kept_seconds: 600,
            payload: [7; 16],
            outcome: b"201".to_vec(),
        }
    }

    fn now(run: u64, uptime_seconds: u64, unix_seconds: i64) -> RunTime {
        RunTime { run, uptime_seconds, unix_micros: unix_seconds * 1_000_000 }
    }

    #[test]
    fn within_a_run_the_wall_clock_does_not_matter() {
        assert!(!answer(1, 0, 0).is_over(now(1, 10 * MINUTE, 1_000_000)));
        assert!(answer(1, 0, 0).is_over(now(1, 10 * MINUTE + 1, 0)));
    }

    #[test]
    fn after_a_start_nothing_is_over_until_the_grace_has_passed() {
        assert!(!answer(1, 0, 0).is_over(now(2, MINUTE, 1_000_000)));
        let kept_for_an_hour = StoredAnswer { kept_seconds: 3_600, ..answer(1, 0, 0) };
        assert!(!kept_for_an_hour.is_over(now(2, 10 * MINUTE, 3_601)));
        assert!(!kept_for_an_hour.is_over(now(2, 11 * MINUTE, 3_600)));
        assert!(kept_for_an_hour.is_over(now(2, 11 * MINUTE, 3_601)));
    }

    /// A machine without a clock chip starts each day at the same time.
    #[test]
    fn a_run_that_is_longer_than_an_answer_is_kept_ends_it_though_the_clock_has_gone_back() {
        assert!(!answer(1, 5 * 3_600, 18_000).is_over(now(2, 10 * MINUTE, 600)));
        assert!(answer(1, 5 * 3_600, 18_000).is_over(now(2, 10 * MINUTE + 1, 601)));
    }

    #[test]
    fn answers_survive_their_stored_form() {
        let answer = answer(3, 4, 5);
        assert_eq!(StoredAnswer::decode(&answer.encode([9; 16])).unwrap(), ([9; 16], answer));
        assert!(StoredAnswer::decode(b"short").is_err());
    }
}
