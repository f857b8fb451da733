//! Who is let in: the secrets by which devices and persons are known.
//!
//! Where to look: `identity` is who is let in at this moment, `nods` one command that
//! somebody allows somebody else, `vain_tries` what is tried in vain; `pairing` holds the devices that ask to be let in,
//! `hasher` computes and checks the hashes of PINs and passwords (Argon2id), `attempts` counts wrong ones and locks out,
//! and `random` makes tokens and codes.
//!
//! Architecture invariant: nothing here reads a clock, a file or a socket. Times are running seconds that the caller gives, so
//! that a clock that is set opens no lock.
//!
//! Held by `tests/system/people`.

mod attempts;
mod beside;
mod hasher;
mod identity;
mod nods;
mod pairing;
mod random;
mod vain_tries;

pub(crate) use attempts::{LoginPlace, Standing};
pub(crate) use beside::Reached;
pub use beside::Secrets;
pub(crate) use hasher::{Busy, Credential};
pub(crate) use identity::{Access, KeptNotes, LoginFrom};
pub use identity::{LastSeen, Presented};
pub use nods::NOD_SECONDS;
pub(crate) use pairing::{Asked, ConfirmRefusal, Confirmed, PairingPoll, PairingRefusal, PairingRequest};
pub(crate) use random::{NoRandomness, owner_code, secret_128, sha256, token};
