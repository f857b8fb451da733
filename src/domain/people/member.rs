//! Who may come in: persons, devices, and sessions of the one at the other.

use crate::domain::{RunTime, Timestamp};

/// SHA-256 of a token. The token itself is kept nowhere.
pub type TokenHash = [u8; 32];

/// Somebody who works in the shop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// From 1, never given twice.
    pub id: u32,
    /// As the others know him; no two have the same.
    pub name: String,
    /// What he may do, by the role's number.
    pub role: u32,
    /// Whether he may log in.
    pub is_active: bool,
    /// Argon2id, with the pepper.
    pub pin_hash: Option<String>,
    /// Argon2id.
    pub password_hash: Option<String>,
    /// He has gone; what is his keeps his name.
    pub is_removed: bool,
}

impl Person {
    /// Whether there is something to log in with.
    pub fn has_credential(&self) -> bool {
        self.pin_hash.is_some() || self.password_hash.is_some()
    }
}

/// What kind of device it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceKind {
    /// A till, a phone, a PC: it was paired.
    Browser,
    /// A program with a token.
    Program,
    /// The old app, which cannot log in: an address of its own.
    Door,
}

impl DeviceKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Browser, Self::Program, Self::Door];

    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Browser => "browser",
            Self::Program => "program",
            Self::Door => "door",
        }
    }

    /// The kind of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// A device that was let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// From 1, never given twice.
    pub id: u32,
    /// As the shop knows it.
    pub name: String,
    /// Of what kind.
    pub kind: DeviceKind,
    /// Which one it was before, if it was shut out and let in anew: what it has sent under its keys is known by that, too.
    pub previous: Option<u32>,
    /// Who has let it in by his password; of all others somebody else has.
    pub maker: Option<u32>,
    /// What it may do without a person, and at most with one.
    pub role: Option<u32>,
    /// Who a program or a door stands for.
    pub person: Option<u32>,
    /// Of its token.
    pub token_hash: TokenHash,
    /// When it was let in.
    pub made_at: Timestamp,
    /// From which address.
    pub address: Option<String>,
    /// It is not let in any more; what is its own keeps its name.
    pub is_revoked: bool,
}

/// A person who has logged in at a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// From 1, never given twice.
    pub id: u64,
    /// Where.
    pub device: u32,
    /// Who.
    pub person: u32,
    /// Of its token.
    pub token_hash: TokenHash,
    /// With a password, which keeps it open for longer.
    pub is_by_password: bool,
    /// Since when.
    pub begun: RunTime,
}

impl Session {
    /// One that was begun with a PIN is open for so long.
    const PIN_SECONDS: u64 = 12 * 3_600;
    /// One that was begun with a password.
    const PASSWORD_SECONDS: u64 = 30 * 24 * 3_600;

    /// Whether its time is over.
    pub fn is_over(&self, now: RunTime) -> bool {
        self.begun.is_surely_over(if self.is_by_password { Self::PASSWORD_SECONDS } else { Self::PIN_SECONDS }, now)
    }
}

/// By which the first owner is made, or an owner gets a new PIN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnerCode {
    /// Of the code.
    pub hash: TokenHash,
    /// Since when it is good.
    pub begun: RunTime,
    /// Wrong ones that may still come from other devices.
    pub tries_left: u8,
    /// Wrong ones that may still come from the shop's own machine, which strangers on the network cannot use up.
    pub tries_left_here: u8,
    /// Whether it was asked for though there is an owner.
    pub is_reset: bool,
}

impl OwnerCode {
    /// For so long it is good.
    pub const SECONDS: u64 = 15 * 60;
    /// Wrong ones after which it is over for other devices, or for the shop's own machine.
    pub const TRIES: u8 = 5;

    /// One that nobody has tried.
    pub fn new(hash: TokenHash, begun: RunTime, is_reset: bool) -> Self {
        Self { hash, begun, tries_left: Self::TRIES, tries_left_here: Self::TRIES, is_reset }
    }

    /// Whether it can still be used, on the shop's own machine or elsewhere.
    pub fn is_good(&self, is_here: bool, now: RunTime) -> bool {
        let left = if is_here { self.tries_left_here } else { self.tries_left };
        left > 0 && !self.begun.is_surely_over(Self::SECONDS, now)
    }

    /// The same after a wrong try.
    #[must_use]
    pub fn tried(&self, is_here: bool) -> Self {
        let mut next = self.clone();
        let left = if is_here { &mut next.tries_left_here } else { &mut next.tries_left };
        *left = left.saturating_sub(1);
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;

    fn at(run: u64, uptime_seconds: u64, wall_seconds: u64) -> RunTime {
        RunTime { run, uptime_seconds, unix_micros: i64::try_from(wall_seconds).unwrap() * 1_000_000 }
    }

    #[test]
    fn a_session_lasts_half_a_day_by_pin_and_thirty_by_password_however_the_clock_is_set() {
        for (is_by_password, seconds) in [(false, 12 * HOUR), (true, 30 * DAY)] {
            let begun = at(1, 100, 1_000_000);
            let session = Session { id: 1, device: 1, person: 1, token_hash: [0; 32], is_by_password, begun };
            for wall in [0, 1_000_000, 1_000_000_000] {
                assert!(!session.is_over(at(1, 100 + seconds, wall)), "{seconds} by a clock at {wall}");
                assert!(session.is_over(at(1, 101 + seconds, wall)), "{seconds} by a clock at {wall}");
            }
            // At a start the clock counts as well, if it has moved on by more.
            assert!(!session.is_over(at(2, 0, 1_000_000 + seconds)));
            assert!(session.is_over(at(2, 0, 1_000_001 + seconds)));
            assert!(!session.is_over(at(2, seconds, 0)), "a clock that begins anew");
            assert!(session.is_over(at(2, seconds + 1, 0)), "a clock that begins anew keeps nothing open");
        }
    }

    #[test]
    fn an_owners_code_is_over_in_the_sixteenth_minute_and_after_five_tries() {
        let begun = at(1, 100, 1_000_000);
        let code = OwnerCode::new([0; 32], begun, false);
        for wall in [0, 1_000_000, 1_000_000_000] {
            assert!(code.is_good(true, at(1, 100 + 15 * MINUTE, wall)));
            assert!(!code.is_good(true, at(1, 101 + 15 * MINUTE, wall)));
        }
        assert!(code.is_good(true, at(2, 0, 1_000_000 + 15 * MINUTE)));
        assert!(!code.is_good(true, at(2, 0, 1_000_001 + 15 * MINUTE)));
        for is_here in [true, false] {
            let mut tried = code.clone();
            for _ in 0..OwnerCode::TRIES {
                assert!(tried.is_good(is_here, begun));
                tried = tried.tried(is_here);
            }
            assert!(!tried.is_good(is_here, begun) && tried.is_good(!is_here, begun), "each has tries of his own");
        }
    }
}
