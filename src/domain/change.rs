//! What happened: one entry of the log that every screen follows.

use std::fmt;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::actor::Actor;
use super::belonging::Belonging;
use super::key::RecordKey;
use super::time::Timestamp;

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

/// The first eight bytes of SHA-256 over a command's `Idempotency-Key`. Everybody sees it, and it tells nobody the key,
/// by which a repetition would be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OriginHash(pub [u8; 8]);

impl OriginHash {
    /// The hash of a key.
    pub fn of_key(key: &str) -> Self {
        let digest: [u8; 32] = Sha256::digest(key).into();
        Self(digest.first_chunk().copied().unwrap_or_default())
    }
}

/// 16 lower-case hex digits.
impl fmt::Display for OriginHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:016x}", u64::from_be_bytes(self.0))
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
    /// Hash of the command's `Idempotency-Key`, by which a client knows its own echo.
    pub origin: Option<OriginHash>,
    /// The order that an estimate became, or the estimate that an order came from.
    pub linked: Option<RecordKey>,
    /// What decides who sees it.
    pub belonging: Belonging,
    /// Whose it was until now, if this gives it to somebody else; nobody's is [`Actor::NOBODY`].
    pub owner_before: Option<Actor>,
    /// What decides who sees the linked one. In a shop without people nobody asks, and it is left out.
    pub linked_belonging: Option<Belonging>,
    /// The record as the API shows it, for everything but a deletion.
    pub record: Option<Arc<[u8]>>,
}

impl Change {
    /// Whether this is the new order of a conversion: the estimate's own frame already announced it, so it is not
    /// shown on plain `/ws`.
    pub fn follows_conversion(&self) -> bool {
        self.key.kind == super::key::Kind::Order && self.action == Action::Create && self.linked.is_some()
    }
}
