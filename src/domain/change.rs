//! What happened: one entry of the log that every screen follows.

use std::fmt::Write;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::{RecordKey, Timestamp};

/// What was done to a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It is new.
    Create,
    /// It was edited, or its status was set.
    Update,
    /// It is gone; its number stays used.
    Delete,
    /// An estimate became an order.
    ConvertToOrder,
}

impl Action {
    /// The `action` of its frames.
    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::ConvertToOrder => "convert_to_order",
        }
    }
}

/// One committed change.
///
/// Promise 2: `seq` grows by exactly one from change to change, over all kinds, and delivery follows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Place in the one order of all changes, from 1.
    pub seq: u64,
    /// The record.
    pub key: RecordKey,
    /// What was done.
    pub action: Action,
    /// Revision of the record after this change, from 1.
    pub rev: u32,
    /// When, as stored.
    pub at: Timestamp,
    /// Who, as far as known: the name in `sale_by`.
    pub by: Option<Arc<str>>,
    /// The command's `Idempotency-Key`. It is told to nobody: whoever has it could be answered in place of the command's sender.
    /// See [`origin_of`].
    pub origin: Option<Arc<str>>,
    /// The order that an estimate became, or the estimate that an order came from.
    pub linked: Option<RecordKey>,
    /// The record as the API shows it, for everything but a deletion.
    pub record: Option<Arc<[u8]>>,
}

impl Change {
    /// Whether this is the new order of a conversion: the estimate's own frame already announced it, so it is not
    /// shown on plain `/ws`.
    pub fn follows_conversion(&self) -> bool {
        self.key.kind == super::Kind::Order && self.action == Action::Create && self.linked.is_some()
    }
}

/// The `origin` of a change as everybody is told it: the first 8 bytes of the SHA-256 of the command's `Idempotency-Key`, as 16
/// hex digits. A client knows its own echo by it, and nobody else learns the key.
pub fn origin_of(key: &str) -> String {
    const ORIGIN_BYTES: usize = 8;
    Sha256::digest(key).iter().take(ORIGIN_BYTES).fold(String::new(), |mut digits, byte| {
        // Writing to memory does not fail.
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_the_beginning_of_the_published_hash() {
        // FIPS 180-4, as NIST publishes it for "abc".
        assert_eq!(origin_of("abc"), "ba7816bf8f01cfea");
    }
}
