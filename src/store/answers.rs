//! The stored answer of a command.

use super::StoreError;
use crate::domain::Timestamp;

/// What a command was answered, kept so that its repetition is answered the same (promise 4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAnswer {
    /// When the command was committed, in microseconds since 1970.
    pub at_micros: i64,
    /// For how long it counts, in seconds.
    pub kept_seconds: u32,
    /// Fingerprint of the payload, to tell a repetition from another command under the same key.
    pub payload: [u8; 16],
    /// The outcome, in the form of the layer above.
    pub outcome: Vec<u8>,
}

impl StoredAnswer {
    /// Whether its time is over.
    pub fn is_over(&self, now: Timestamp) -> bool {
        now.unix_micros.saturating_sub(self.at_micros) > i64::from(self.kept_seconds) * 1_000_000
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(28 + self.outcome.len());
        bytes.extend_from_slice(&self.at_micros.to_le_bytes());
        bytes.extend_from_slice(&self.kept_seconds.to_le_bytes());
        bytes.extend_from_slice(&self.payload);
        bytes.extend_from_slice(&self.outcome);
        bytes
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, StoreError> {
        let malformed = StoreError::Malformed("answer");
        let Some((at_micros, rest)) = bytes.split_first_chunk() else { return Err(malformed) };
        let Some((kept_seconds, rest)) = rest.split_first_chunk() else { return Err(malformed) };
        let Some((payload, outcome)) = rest.split_first_chunk() else { return Err(malformed) };
        Ok(Self {
            at_micros: i64::from_le_bytes(*at_micros),
            kept_seconds: u32::from_le_bytes(*kept_seconds),
            payload: *payload,
            outcome: outcome.to_vec(),
        })
    }
}
