//! The audit: who did what to whom, each entry sealed by the one before it.

use sha2::{Digest, Sha256};

use crate::domain::Timestamp;

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditKind {
    /// An owner was made, or got a new PIN by a code.
    Owner,
    /// Somebody logged in.
    Login,
    /// Somebody could not.
    LoginRefused,
    /// A till was locked.
    Lock,
    /// Somebody logged out.
    Logout,
    /// A device was let in.
    Pair,
    /// A device was turned away.
    PairRefused,
    /// A device was made, changed or revoked.
    Device,
    /// A person was made, changed or removed.
    Person,
    /// A role was made, changed or removed.
    Role,
    /// The settings were saved.
    Settings,
    /// A command was refused for want of a right.
    Refused,
    /// Somebody allowed one command to somebody else.
    Override,
    /// A record was given to somebody else.
    HandOver,
    /// What was sold was deleted or cancelled.
    Undo,
    /// An estimate was deleted.
    Delete,
    /// A file was put back or brought here: an older copy, or one of another place.
    Restore,
    /// What strangers tried, in sum.
    Strangers,
}

impl AuditKind {
    /// Every kind.
    pub const ALL: [Self; 18] = [
        Self::Owner,
        Self::Login,
        Self::LoginRefused,
        Self::Lock,
        Self::Logout,
        Self::Pair,
        Self::PairRefused,
        Self::Device,
        Self::Person,
        Self::Role,
        Self::Settings,
        Self::Refused,
        Self::Override,
        Self::HandOver,
        Self::Undo,
        Self::Delete,
        Self::Restore,
        Self::Strangers,
    ];

    /// Its name on the wire and in the file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Login => "login",
            Self::LoginRefused => "login_refused",
            Self::Lock => "lock",
            Self::Logout => "logout",
            Self::Pair => "pair",
            Self::PairRefused => "pair_refused",
            Self::Device => "device",
            Self::Person => "person",
            Self::Role => "role",
            Self::Settings => "settings",
            Self::Refused => "refused",
            Self::Override => "override",
            Self::HandOver => "hand_over",
            Self::Undo => "undo",
            Self::Delete => "delete",
            Self::Restore => "restore",
            Self::Strangers => "strangers",
        }
    }

    /// The kind of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// What is to be noted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditNote {
    /// Who, by number; 0 for nobody in particular.
    pub person: u32,
    /// Where, by number; 0 for the shop's own machine, or somebody without a device.
    pub device: u32,
    /// From which address.
    pub address: Option<String>,
    /// What.
    pub kind: AuditKind,
    /// To whom or what.
    pub target: Option<String>,
    /// Anything else. Never a PIN, a password or a token.
    pub detail: Option<String>,
}

/// One entry of the audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Its place, from 1, without a hole.
    pub place: u64,
    /// When it was stored.
    pub at: Timestamp,
    /// What it says.
    pub note: AuditNote,
    /// SHA-256 over the entry and the hash of the one before.
    pub hash: [u8; 32],
}

impl AuditEntry {
    /// The next entry of a chain whose last hash is `before` (zeros for none).
    pub fn sealed(place: u64, at: Timestamp, note: AuditNote, before: &[u8; 32]) -> Self {
        let mut entry = Self { place, at, note, hash: [0; 32] };
        entry.hash = entry.seal(before);
        entry
    }

    /// The hash that it must have behind this one.
    pub fn seal(&self, before: &[u8; 32]) -> [u8; 32] {
        let AuditNote { person, device, address, kind, target, detail } = &self.note;
        let mut hash = Sha256::new();
        hash.update(before);
        hash.update(self.place.to_le_bytes());
        hash.update(self.at.unix_micros.to_le_bytes());
        hash.update(self.at.offset_seconds.to_le_bytes());
        hash.update(person.to_le_bytes());
        hash.update(device.to_le_bytes());
        // Each text with its length, so that no two entries look alike.
        for text in [address.as_deref(), Some(kind.name()), target.as_deref(), detail.as_deref()] {
            hash.update(text.map_or(u64::MAX, |text| text.len() as u64).to_le_bytes());
            hash.update(text.unwrap_or_default());
        }
        hash.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_changed_in_an_entry_breaks_its_seal() {
        let at = Timestamp { unix_micros: 5, offset_seconds: 0 };
        let note = AuditNote {
            person: 1,
            device: 2,
            address: None,
            kind: AuditKind::Login,
            target: Some("Asha".to_string()),
            detail: None,
        };
        let entry = AuditEntry::sealed(1, at, note.clone(), &[0; 32]);
        assert_eq!(entry.hash, entry.seal(&[0; 32]));
        assert_ne!(entry.hash, entry.seal(&[1; 32]));
        for other in [
            AuditNote { person: 3, ..note.clone() },
            AuditNote { device: 3, ..note.clone() },
            AuditNote { address: Some(String::new()), ..note.clone() },
            AuditNote { kind: AuditKind::Lock, ..note.clone() },
            AuditNote { target: None, detail: Some("Asha".to_string()), ..note.clone() },
        ] {
            assert_ne!(AuditEntry { note: other, ..entry.clone() }.seal(&[0; 32]), entry.hash);
        }
        assert_ne!(AuditEntry { place: 2, ..entry.clone() }.seal(&[0; 32]), entry.hash);
    }

    #[test]
    fn names_of_kinds_are_read_back() {
        for kind in AuditKind::ALL {
            assert_eq!(AuditKind::from_name(kind.name()), Some(kind));
        }
    }
}
