//! What a client subscribes to: the encoding of its frames, and the kinds of records.

use crate::domain::Kind;

/// In what view a client gets the changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// One JSON object per change.
    Json,
    /// The same, at most one frame in 350 ms: for the old app, which keeps only the last of a quick row.
    PacedJson,
    /// The bare strings of the first clients.
    Legacy,
    /// The complete protocol of `/sync`.
    Sync(Kinds),
}

/// Which records a `/sync` client asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kinds {
    /// Both.
    All,
    /// One.
    Only(Kind),
}

impl Kinds {
    /// Whether a record of this kind is among them.
    pub fn include(self, kind: Kind) -> bool {
        match self {
            Self::All => true,
            Self::Only(own) => own == kind,
        }
    }
}

/// The form of frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Plain `/ws`.
    Plain,
    /// The bare strings.
    Legacy,
    /// `/sync`.
    Sync,
}
