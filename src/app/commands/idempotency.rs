//! Recognising a repeated command (promise 4).

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

use crate::app::commands::SubmitError;
use crate::domain::OriginHash;

/// How long a repetition without a key counts as one: the old app gives up well before.
const KEYLESS_SECONDS: u32 = 10 * 60;
/// How long the answer to a keyed command is kept.
const KEYED_SECONDS: u32 = 7 * 24 * 60 * 60;

/// By what a repetition is recognised, and for how long.
#[derive(Debug, Clone)]
pub struct Idempotency {
    fingerprint: [u8; 16],
    payload: [u8; 16],
    /// Of a command with a key.
    origin: Option<OriginHash>,
    /// By what it may have been recognised before: on the devices that its own was then.
    earlier: Vec<[u8; 16]>,
}

impl Idempotency {
    /// For a command with an `Idempotency-Key`: recognised by the key, on the device of this number (0 in a shop without people);
    /// another payload under it is a mistake. Who has logged in there does not matter: after a new login it is still the same.
    pub fn by_key(device: u32, earlier: &[u32], key: &str, request: &[&str], body: &[u8]) -> Self {
        Self {
            fingerprint: Self::fingerprint_of_key(device, key),
            payload: payload(request, body),
            origin: Some(OriginHash::of_key(key)),
            earlier: earlier.iter().map(|&device| Self::fingerprint_of_key(device, key)).collect(),
        }
    }

    /// By what a command with this key on this device is recognised.
    pub fn fingerprint_of_key(device: u32, key: &str) -> [u8; 16] {
        on_device(device, &[b"key", key.as_bytes()])
    }

    /// For a command without one: the same bytes to the same route from the same device are the same command, for ten minutes.
    pub fn by_content(device: u32, request: &[&str], body: &[u8]) -> Self {
        let payload = payload(request, body);
        Self { fingerprint: on_device(device, &[b"content", &payload]), payload, origin: None, earlier: Vec::new() }
    }

    pub(crate) fn fingerprint(&self) -> [u8; 16] {
        self.fingerprint
    }

    /// By what it may have been recognised when it was carried out: as it is now, and as on the devices that its own was before.
    pub(crate) fn fingerprints(&self) -> impl Iterator<Item = [u8; 16]> {
        std::iter::once(self.fingerprint).chain(self.earlier.iter().copied())
    }

    pub(crate) fn payload(&self) -> [u8; 16] {
        self.payload
    }

    pub(crate) fn is_keyed(&self) -> bool {
        self.origin.is_some()
    }

    pub(crate) fn origin(&self) -> Option<OriginHash> {
        self.origin
    }

    pub(crate) fn kept_seconds(&self) -> u32 {
        if self.is_keyed() { KEYED_SECONDS } else { KEYLESS_SECONDS }
    }
}

/// The same on each device, and another one on each.
fn on_device(device: u32, parts: &[&[u8]]) -> [u8; 16] {
    if device == 0 {
        fingerprint(parts)
    } else {
        fingerprint(&[&[b"device", device.to_le_bytes().as_slice()], parts].concat())
    }
}

/// What a request asks for: the words of its head that matter, and its body.
fn payload(request: &[&str], body: &[u8]) -> [u8; 16] {
    let mut parts: Vec<&[u8]> = request.iter().map(|word| word.as_bytes()).collect();
    parts.push(body);
    fingerprint(&parts)
}

/// Half of a SHA-256 over the parts, each with its length, so that no two lists of parts look alike.
fn fingerprint(parts: &[&[u8]]) -> [u8; 16] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let digest: [u8; 32] = hash.finalize().into();
    digest.first_chunk().copied().unwrap_or_default()
}

/// The keys that are being worked on.
#[derive(Default)]
pub struct InFlight {
    keys: Arc<Mutex<HashSet<[u8; 16]>>>,
}

impl InFlight {
    /// Takes the place of a key, or says that somebody has it. The place comes back by `Drop`.
    pub(crate) fn enter(&self, fingerprint: [u8; 16]) -> Result<InFlightGuard, SubmitError> {
        if self.keys.lock().unwrap_or_else(PoisonError::into_inner).insert(fingerprint) {
            Ok(InFlightGuard { keys: Arc::clone(&self.keys), fingerprint })
        } else {
            Err(SubmitError::InFlight)
        }
    }
}

/// The place of a key; it comes back by `Drop`.
pub(crate) struct InFlightGuard {
    keys: Arc<Mutex<HashSet<[u8; 16]>>>,
    fingerprint: [u8; 16],
}

impl Drop for InFlightGuard {
    fn drop(&mut self) {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.fingerprint);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_tell_every_part_apart() {
        let base = Idempotency::by_content(0, &["POST", "/a"], b"body");
        assert_eq!(base.fingerprint(), Idempotency::by_content(0, &["POST", "/a"], b"body").fingerprint());
        for other in [
            Idempotency::by_content(0, &["PUT", "/a"], b"body"),
            Idempotency::by_content(0, &["POST", "/ab"], b"ody"),
            Idempotency::by_content(0, &["POST", "/a"], b"body "),
            Idempotency::by_content(1, &["POST", "/a"], b"body"),
            Idempotency::by_key(0, &[], "k", &["POST", "/a"], b"body"),
        ] {
            assert_ne!(base.fingerprint(), other.fingerprint());
        }
        let keyed = Idempotency::by_key(0, &[], "k", &["POST", "/a"], b"body");
        assert_eq!(keyed.fingerprint(), Idempotency::by_key(0, &[], "k", &["POST", "/a"], b"other").fingerprint());
        assert_ne!(keyed.payload(), Idempotency::by_key(0, &[], "k", &["POST", "/a"], b"other").payload());
    }

    #[test]
    fn a_key_is_worked_on_once_at_a_time() {
        let in_flight = InFlight::default();
        let first = in_flight.enter([1; 16]);
        assert!(first.is_ok());
        assert!(matches!(in_flight.enter([1; 16]), Err(SubmitError::InFlight)));
        drop(first);
        assert!(in_flight.enter([1; 16]).is_ok());
    }
}
