//! The stored answer of a command.

use super::StoreError;
use super::bytes::Fields;

/// In a new run, answers of earlier runs are kept for so long in any case: after a power cut the clock may jump far ahead, and
/// that is just when tills repeat what they have sent.
const GRACE_SECONDS: u64 = 10 * 60;

/// What a command was answered, kept so that its repetition is answered the same (promise 4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAnswer {
    pub(super) at: AnswerTime,
    /// For how long it counts, in seconds.
    pub(super) kept_seconds: u32,
    /// Fingerprint of the payload, to tell a repetition from another command under the same key.
    pub payload: [u8; 16],
    /// The outcome, in the form of the layer above.
    pub outcome: Vec<u8>,
}

/// A time by which answers age: the wall clock may jump, the time since the start of a run does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AnswerTime {
    pub run: u64,
    pub uptime_seconds: u64,
    pub unix_micros: i64,
}

impl StoredAnswer {
    /// Whether its time is over.
    pub(super) fn is_over(&self, now: AnswerTime) -> bool {
        let kept_seconds = u64::from(self.kept_seconds);
        if self.at.run == now.run {
            return now.uptime_seconds.saturating_sub(self.at.uptime_seconds) > kept_seconds;
        }
        let wall_micros = now.unix_micros.saturating_sub(self.at.unix_micros);
        now.uptime_seconds > GRACE_SECONDS && wall_micros > i64::from(self.kept_seconds) * 1_000_000
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(44 + self.outcome.len());
        bytes.extend_from_slice(&self.at.run.to_le_bytes());
        bytes.extend_from_slice(&self.at.uptime_seconds.to_le_bytes());
        bytes.extend_from_slice(&self.at.unix_micros.to_le_bytes());
        bytes.extend_from_slice(&self.kept_seconds.to_le_bytes());
        bytes.extend_from_slice(&self.payload);
        bytes.extend_from_slice(&self.outcome);
        bytes
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, StoreError> {
        let mut fields = Fields { rest: bytes, what: "answer" };
        Ok(Self {
            at: AnswerTime {
                run: u64::from_le_bytes(fields.take()?),
                uptime_seconds: u64::from_le_bytes(fields.take()?),
                unix_micros: i64::from_le_bytes(fields.take()?),
            },
            kept_seconds: u32::from_le_bytes(fields.take()?),
            payload: fields.take()?,
            outcome: fields.rest.to_vec(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: u64 = 60;

    fn answer(run: u64, uptime_seconds: u64, unix_seconds: i64) -> StoredAnswer {
        StoredAnswer {
            at: AnswerTime { run, uptime_seconds, unix_micros: unix_seconds * 1_000_000 },
            kept_seconds: 600,
            payload: [7; 16],
            outcome: b"201".to_vec(),
        }
    }

    fn now(run: u64, uptime_seconds: u64, unix_seconds: i64) -> AnswerTime {
        AnswerTime { run, uptime_seconds, unix_micros: unix_seconds * 1_000_000 }
    }

    #[test]
    fn within_a_run_the_wall_clock_does_not_matter() {
        assert!(!answer(1, 0, 0).is_over(now(1, 10 * MINUTE, 1_000_000)));
        assert!(answer(1, 0, 0).is_over(now(1, 10 * MINUTE + 1, 0)));
    }

    #[test]
    fn after_a_start_nothing_is_over_until_the_grace_has_passed() {
        assert!(!answer(1, 0, 0).is_over(now(2, MINUTE, 1_000_000)));
        assert!(!answer(1, 0, 0).is_over(now(2, 11 * MINUTE, 599)));
        assert!(answer(1, 0, 0).is_over(now(2, 11 * MINUTE, 601)));
    }

    #[test]
    fn answers_survive_their_stored_form() {
        let answer = answer(3, 4, 5);
        assert_eq!(StoredAnswer::decode(&answer.encode()).unwrap(), answer);
        assert!(StoredAnswer::decode(b"short").is_err());
    }
}
