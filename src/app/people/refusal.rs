//! Why something about people is not done.

use crate::app::access::{Busy, NoRandomness};
use crate::app::commands::SubmitError;
use crate::domain::Right;

/// Why something about people is not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccessRefusal {
    /// Whoever asks is to log in.
    LoggedOut,
    /// He lacks this right.
    Forbidden(Right),
    /// It would give or take more than he has himself; an owner may.
    BeyondOwnRights,
    /// Only an owner does that; a sentence.
    OwnersAlone(&'static str),
    /// The PIN, the password or the person is not right. It is never said which.
    WrongCredential,
    /// After several wrong ones none is looked at for so long.
    Locked {
        /// Seconds.
        seconds: u64,
    },
    /// After many wrong ones no PIN is looked at on this device.
    PinRefused,
    /// Too many log in at once.
    Busy,
    /// So many of these at once, or in so short a time; there is room again after so long.
    TooMany {
        /// Seconds.
        seconds: u64,
    },
    /// A code or digits that are not right.
    WrongCode,
    /// A code, an invitation or a pairing that cannot be used any more.
    Over,
    /// There is no such thing; a sentence.
    NotFound(&'static str),
    /// As things stand it cannot be; a sentence.
    Conflict(String),
    /// A field that cannot be taken: its name, and what is wrong, as the end of a sentence that begins with the name.
    Invalid(&'static str, String),
    /// The system gives no random numbers.
    NoRandomness,
    /// It could not be stored.
    Submit(SubmitError),
}

impl From<SubmitError> for AccessRefusal {
    fn from(error: SubmitError) -> Self {
        Self::Submit(error)
    }
}

impl From<NoRandomness> for AccessRefusal {
    fn from(_: NoRandomness) -> Self {
        Self::NoRandomness
    }
}

impl From<Busy> for AccessRefusal {
    fn from(_: Busy) -> Self {
        Self::Busy
    }
}
