//! Who may come in, as the running server knows it: the directory in memory, tokens, and what is not worth a place in the file.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use serde::{Deserialize, Serialize};

use super::attempts::Attempts;
use super::beside::{Endings, Secrets};
use super::hasher::Hasher;
use super::nods::Nods;
use super::pairing::Pairings;
use super::random::sha256;
use super::vain_tries::VainTries;
use crate::domain::{Asker, DeviceKind, Directory, Holder, Timestamp, TokenHash};
use crate::platform::{Address, Network};
use crate::store::AccessNote;

/// Between two times that what strangers have tried is written down.
const STRANGERS_EVERY_SECONDS: u64 = 60;
/// The same of when each device was seen last. A power cut takes no more than this of it.
const SEEN_EVERY_SECONDS: u64 = 60 * 60;

/// What a request shows of who sends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Presented {
    /// Nothing.
    #[default]
    Nothing,
    /// A token in the head.
    Bearer(TokenHash),
    /// Those that a browser keeps, of the device and of the person.
    Cookies {
        /// Of the device.
        device: TokenHash,
        /// Of the person who has logged in.
        person: Option<TokenHash>,
    },
    /// The address of a door.
    Door(TokenHash),
}

impl Presented {
    /// By what a token is found.
    pub fn hash(token: &str) -> TokenHash {
        sha256(token)
    }
}

/// When and from where a device was seen last.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct LastSeen {
    /// When.
    #[serde(with = "StoredTime")]
    pub at: Timestamp,
    /// From where.
    pub from: Address,
}

/// A time as it is kept.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Timestamp")]
struct StoredTime {
    unix_micros: i64,
    offset_seconds: i32,
}

/// What was kept over the restart.
#[derive(Default)]
pub(crate) struct KeptNotes {
    pub attempts: Vec<u8>,
    pub strangers: Vec<u8>,
    pub last_seen: Vec<u8>,
}

/// Who may come in.
pub(crate) struct Access {
    directory: RwLock<Arc<Directory>>,
    /// Of the token by which programs on the shop's own machine are known.
    machine_token: TokenHash,
    pepper_mark: [u8; 32],
    pub endings: Endings,
    pub hasher: Hasher,
    pub attempts: Mutex<Attempts>,
    /// When what strangers have tried may be written down again.
    strangers_due_at: AtomicU64,
    /// The same of when devices were seen, and whether one was since.
    seen_due_at: AtomicU64,
    is_seen_due: AtomicBool,
    pub pairings: Pairings,
    pub nods: Nods,
    pub vain_tries: VainTries,
    last_seen: Mutex<HashMap<u32, LastSeen>>,
    logins: Arc<Mutex<HashSet<LoginFrom>>>,
}

/// From where somebody logs in at this moment: by device, or by network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum LoginFrom {
    Device(u32),
    Network(Network),
}

/// The one login from a place; the next may begin when this is dropped.
pub(crate) struct LoginGuard {
    logins: Arc<Mutex<HashSet<LoginFrom>>>,
    from: LoginFrom,
}

impl Drop for LoginGuard {
    fn drop(&mut self) {
        self.logins.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.from);
    }
}

impl Access {
    /// Everybody of the file with what was kept of them, and the secrets beside it.
    pub fn new(directory: Directory, kept: &KeptNotes, secrets: &Secrets) -> Self {
        Self {
            directory: RwLock::new(Arc::new(directory)),
            machine_token: sha256(&secrets.machine_token),
            pepper_mark: secrets.pepper_mark(),
            endings: secrets.endings.clone(),
            hasher: Hasher::new(secrets.pepper),
            attempts: Mutex::new(Attempts::decode(&kept.attempts, &kept.strangers, 0)),
            strangers_due_at: AtomicU64::new(0),
            seen_due_at: AtomicU64::new(SEEN_EVERY_SECONDS),
            is_seen_due: AtomicBool::new(false),
            pairings: Pairings::default(),
            nods: Nods::default(),
            vain_tries: VainTries::default(),
            last_seen: Mutex::new(serde_json::from_slice(&kept.last_seen).unwrap_or_default()),
            logins: Arc::default(),
        }
    }

    /// By which the file knows its pepper.
    pub fn pepper_mark(&self) -> [u8; 32] {
        self.pepper_mark
    }

    /// Everybody who may come in at this moment.
    pub fn directory(&self) -> Arc<Directory> {
        Arc::clone(&self.directory.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes what a commit has made of it.
    pub fn show(&self, directory: Arc<Directory>) {
        *self.directory.write().unwrap_or_else(PoisonError::into_inner) = directory;
    }

    /// Who sends a request that shows this.
    pub fn asker(&self, presented: Presented) -> Asker {
        let directory = self.directory.read().unwrap_or_else(PoisonError::into_inner);
        let asker = match presented {
            Presented::Nothing => Asker::Stranger,
            Presented::Bearer(hash) if hash == self.machine_token => return Asker::Machine,
            Presented::Bearer(hash) => match directory.holder(&hash) {
                Some(Holder::Device(device)) => known(&directory, device, DeviceKind::Program, None),
                Some(Holder::Session(session)) => directory
                    .device_of_session(session)
                    .map_or(Asker::Stranger, |device| known(&directory, device, DeviceKind::Program, Some(session))),
                None => Asker::Stranger,
            },
            Presented::Door(hash) => match directory.holder(&hash) {
                Some(Holder::Device(device)) => known(&directory, device, DeviceKind::Door, None),
                Some(Holder::Session(_)) | None => Asker::Stranger,
            },
            Presented::Cookies { device, person } => match directory.holder(&device) {
                Some(Holder::Device(device)) => {
                    let session = person.and_then(|hash| match directory.holder(&hash) {
                        Some(Holder::Session(session)) => Some(session),
                        Some(Holder::Device(_)) | None => None,
                    });
                    let is_here = |session: &u64| directory.device_of_session(*session) == Some(device);
                    known(&directory, device, DeviceKind::Browser, session.filter(is_here))
                }
                Some(Holder::Session(_)) | None => Asker::Stranger,
            },
        };
        // A token that nobody knows is that of another shop, or of one that is not let in any more.
        if directory.has_owner() || matches!(presented, Presented::Bearer(_) | Presented::Door(_)) {
            asker
        } else {
            Asker::Anybody
        }
    }

    /// Takes the place of a login: one device, or one network of strangers, has one at a time, so that nobody takes all.
    pub fn enter_login(&self, from: LoginFrom) -> Option<LoginGuard> {
        let mut logins = self.logins.lock().unwrap_or_else(PoisonError::into_inner);
        logins.insert(from).then(|| LoginGuard { logins: Arc::clone(&self.logins), from })
    }

    /// Notes that a device is there.
    pub fn note_seen(&self, device: u32, at: Timestamp, from: Address) {
        self.last_seen().insert(device, LastSeen { at, from });
        self.is_seen_due.store(true, Ordering::Relaxed);
    }

    /// When and where a device was seen last.
    pub fn seen(&self, device: u32) -> Option<LastSeen> {
        self.last_seen().get(&device).copied()
    }

    /// A lock on what is known of wrong PINs.
    pub fn attempts(&self) -> MutexGuard<'_, Attempts> {
        self.attempts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is to be written down by now, or at the end.
    pub fn take_due(&self, now: u64, is_end: bool) -> Vec<(AccessNote, Vec<u8>)> {
        let is_due = |at: &AtomicU64| is_end || now >= at.load(Ordering::Relaxed);
        let mut due = Vec::new();
        if is_due(&self.strangers_due_at)
            && let Some(stored) = self.attempts().take_strangers(now)
        {
            self.strangers_due_at.store(now.saturating_add(STRANGERS_EVERY_SECONDS), Ordering::Relaxed);
            due.push((AccessNote::Strangers, stored));
        }
        if is_due(&self.seen_due_at) && self.is_seen_due.swap(false, Ordering::Relaxed) {
            self.seen_due_at.store(now.saturating_add(SEEN_EVERY_SECONDS), Ordering::Relaxed);
            let directory = self.directory();
            let mut last_seen = self.last_seen();
            last_seen.retain(|device, _| directory.device(*device).is_some());
            due.push((AccessNote::LastSeen, serde_json::to_vec(&*last_seen).unwrap_or_default()));
        }
        due
    }

    fn last_seen(&self) -> MutexGuard<'_, HashMap<u32, LastSeen>> {
        self.last_seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A device that shows its token in the way of its kind: what is good in one place opens no other.
fn known(directory: &Directory, device: u32, kind: DeviceKind, session: Option<u64>) -> Asker {
    let is_meant = directory.device(device).is_some_and(|device| device.kind == kind);
    if is_meant { Asker::Known { device, session } } else { Asker::Stranger }
}
