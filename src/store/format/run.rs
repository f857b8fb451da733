//! The runs of the server on this file: an epoch names one of them.

use super::bytes::ByteReader;
use crate::store::error::StoreError;

/// One start of the server.
pub(crate) struct RunEntry {
    /// Random, so that a run is not taken for that of another copy of the file.
    pub id: [u8; 8],
    /// Sequence of the last change before it.
    pub seq_before: u64,
}

impl RunEntry {
    pub fn encode(&self) -> Vec<u8> {
        self.id.iter().copied().chain(self.seq_before.to_le_bytes()).collect()
    }

    pub fn decode(bytes: &[u8]) -> Result<Self, StoreError> {
        let mut fields = ByteReader { rest: bytes, what: "run" };
        Ok(Self { id: fields.take()?, seq_before: u64::from_le_bytes(fields.take()?) })
    }
}

/// A new random id.
pub(crate) fn random_id() -> Result<[u8; 8], StoreError> {
    let mut id = [0; 8];
    getrandom::fill(&mut id).map_err(|_| StoreError::Malformed("random number from the system"))?;
    Ok(id)
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
