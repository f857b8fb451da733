//! Who is let in: the secrets by which devices and persons are known, and what of the records each of them does not see.
//!
//! Where to look: `identity` is who is let in at this moment, `sight` what one sees of the records, `nods` one command that
//! somebody allows somebody else, `vain_tries` what is tried in vain; `pairing` holds the devices that ask to be let in,
//! `hasher` computes and checks the hashes of PINs and passwords (Argon2id), `attempts` counts wrong ones and locks out,
//! `masking` leaves fields out of a record's JSON, and `random` makes tokens and codes.
//!
//! Architecture invariant: nothing here reads a clock, a file or a socket. Times are running seconds that the caller gives, so
//! that a clock that is set opens no lock.
//!
//! Held by `tests/system/people`.

mod attempts;
mod beside;
mod hasher;
mod identity;
mod masking;
mod nods;
mod pairing;
mod random;
mod sight;
mod vain_tries;

pub(crate) use attempts::{LoginPlace, Standing};
pub(crate) use beside::Reached;
pub use beside::Secrets;
pub(crate) use hasher::{Busy, Credential};
pub(crate) use identity::{Access, KeptNotes, LoginFrom};
pub use identity::{LastSeen, Presented};
pub(crate) use masking::whole_edit;
pub use nods::NOD_SECONDS;
pub(crate) use pairing::{Asked, ConfirmRefusal, Confirmed, PairingPoll, PairingRefusal, PairingRequest};
pub(crate) use random::{NoRandomness, owner_code, secret_128, sha256, token};
pub(crate) use sight::{Sight, VIEW_MARK, sale_by};
