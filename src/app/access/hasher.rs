//! Hashing of PINs and passwords: Argon2id (RFC 9106), one computation at a time and few in the queue, so that a flood of logins
//! takes neither the memory nor the processor of the sales (promise 8).

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use argon2::password_hash::phc::{Output, ParamsString, Salt};
use argon2::{ARGON2ID_IDENT, Algorithm, Argon2, Block, Params, PasswordHash, Version};

use super::random::random_bytes;

/// Memory, passes and lanes of a computation.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const PARAMS: Params = match Params::new(MEMORY_KIB, PASSES, LANES, None) {
    Ok(params) => params,
    Err(_) => panic!("these parameters are allowed"),
};

/// Bytes of a salt.
const SALT_BYTES: usize = 16;
/// Bytes of a hash.
const HASH_BYTES: usize = Params::DEFAULT_OUTPUT_LEN;
/// Address space that is taken for a computation, in blocks of 1 KiB; only what is used of it becomes memory. Above 32 MiB the
/// allocator of glibc always gives the pages back at once; below, each thread that ever hashed could keep its own (mallopt(3),
/// `M_MMAP_THRESHOLD`).
const RESERVED_BLOCKS: usize = 33 << 10;
const _: () = assert!(RESERVED_BLOCKS > MEMORY_KIB as usize);

/// Logins that wait for their computation; the next is turned away.
const WAITING_LOGINS_MAX: usize = 16;
/// Of these from devices that are not paired: so there is always room for those that are.
const WAITING_STRANGERS_MAX: usize = 4;
const _: () = assert!(WAITING_STRANGERS_MAX < WAITING_LOGINS_MAX);

/// The computation was not made: too many wait, or the memory or the random numbers for it are not to be had. Try again (503).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Busy;

/// What a person proves himself with. Its `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Credential {
    /// Digits. Few enough to try them all, so that their hash needs the pepper.
    Pin(String),
    /// A text.
    Password(String),
}

impl fmt::Debug for Credential {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Pin(_) => "Pin(…)",
            Self::Password(_) => "Password(…)",
        })
    }
}

/// Computes hashes, and compares with them.
pub(crate) struct Hasher {
    /// Kept beside the data and not in it: a backup alone cracks no PIN.
    pepper: [u8; 32],
    queue: Mutex<LoginQueue>,
    /// A computation has ended.
    ended: Condvar,
}

/// Who computes and who waits.
#[derive(Default)]
struct LoginQueue {
    is_computing: bool,
    next_id: u64,
    /// (id, is a stranger), first come first.
    waiting: VecDeque<(u64, bool)>,
}

impl Hasher {
    pub fn new(pepper: [u8; 32]) -> Self {
        Self { pepper, queue: Mutex::default(), ended: Condvar::new() }
    }

    /// The PHC string of a credential with a new salt.
    pub fn hash(&self, credential: &Credential, is_stranger: bool) -> Result<String, Busy> {
        self.turn(is_stranger)?.hash(credential)
    }

    /// Waits until no other computation runs. Who looks up and counts wrong logins while he holds the turn lets nobody try
    /// many at once between the two.
    pub fn turn(&self, is_stranger: bool) -> Result<HashingTurn<'_>, Busy> {
        let mut queue = self.queue();
        if queue.is_computing || !queue.waiting.is_empty() {
            let strangers = queue.waiting.iter().filter(|(_, is_stranger)| *is_stranger).count();
            let is_full = queue.waiting.len() >= WAITING_LOGINS_MAX;
            if is_full || (is_stranger && strangers >= WAITING_STRANGERS_MAX) {
                return Err(Busy);
            }
            let id = queue.next_id;
            queue.next_id += 1;
            queue.waiting.push_back((id, is_stranger));
            let is_next =
                |queue: &LoginQueue| !queue.is_computing && queue.waiting.front().is_some_and(|own| own.0 == id);
            queue = self.ended.wait_while(queue, |queue| !is_next(queue)).unwrap_or_else(PoisonError::into_inner);
            queue.waiting.pop_front();
        }
        queue.is_computing = true;
        Ok(HashingTurn { hasher: self })
    }

    fn queue(&self) -> MutexGuard<'_, LoginQueue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn compute(&self, credential: &Credential, params: Params, salt: &[u8], output: &mut [u8]) -> Result<(), Busy> {
        let (secret, text) = match credential {
            Credential::Pin(pin) => (self.pepper.as_slice(), pin),
            Credential::Password(password) => (&[][..], password),
        };
        let blocks = params.block_count();
        let argon2 = Argon2::new_with_secret(secret, Algorithm::Argon2id, Version::V0x13, params).map_err(|_| Busy)?;
        let mut memory: Vec<Block> = Vec::new();
        memory.try_reserve_exact(RESERVED_BLOCKS.max(blocks)).map_err(|_| Busy)?;
        memory.resize(blocks, Block::new());
        argon2.hash_password_into_with_memory(text.as_bytes(), salt, output, &mut memory).map_err(|_| Busy)
    }
}

/// The one computation that runs. It ends by `Drop`.
pub(crate) struct HashingTurn<'a> {
    hasher: &'a Hasher,
}

impl HashingTurn<'_> {
    /// As [`Hasher::hash`].
    pub fn hash(&self, credential: &Credential) -> Result<String, Busy> {
        let salt: [u8; SALT_BYTES] = random_bytes().map_err(|_| Busy)?;
        let mut output = [0; HASH_BYTES];
        self.hasher.compute(credential, PARAMS, &salt, &mut output)?;
        let hash = PasswordHash {
            algorithm: ARGON2ID_IDENT,
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(&PARAMS).map_err(|_| Busy)?,
            salt: Some(Salt::new(&salt).map_err(|_| Busy)?),
            hash: Some(Output::new(&output).map_err(|_| Busy)?),
        };
        Ok(hash.to_string())
    }

    /// Whether a credential is the one of which this PHC string was stored; false, after the same time, if none was.
    pub fn verify(&self, credential: &Credential, stored: Option<&str>) -> Result<bool, Busy> {
        let stored = stored.and_then(StoredHash::read).unwrap_or_else(StoredHash::dummy);
        let mut output = [0; HASH_BYTES];
        self.hasher.compute(credential, stored.params, &stored.salt, &mut output)?;
        // `Output` compares in constant time.
        Ok(Output::new(&output).is_ok_and(|output| stored.hash == Some(output)))
    }
}

impl Drop for HashingTurn<'_> {
    fn drop(&mut self) {
        self.hasher.queue().is_computing = false;
        self.hasher.ended.notify_all();
    }
}

/// What is compared with.
struct StoredHash {
    params: Params,
    salt: Vec<u8>,
    /// None of somebody who has no credential.
    hash: Option<Output>,
}

impl StoredHash {
    /// None if it is no hash of ours, or one that costs more than ours do.
    fn read(text: &str) -> Option<Self> {
        let stored = PasswordHash::new(text).ok()?;
        let (salt, hash) = (stored.salt?, stored.hash.filter(|hash| hash.len() == HASH_BYTES)?);
        let params = Params::try_from(&stored).ok()?;
        let is_ours = stored.algorithm == ARGON2ID_IDENT && stored.version == Some(Version::V0x13.into());
        let is_cheap = params.m_cost() <= MEMORY_KIB && params.t_cost() <= PASSES && params.p_cost() <= LANES;
        (is_ours && is_cheap).then_some(())?;
        Some(Self { params, salt: salt.as_ref().to_vec(), hash: Some(hash) })
    }

    /// For somebody who has no credential, so that the answer comes no sooner.
    fn dummy() -> Self {
        Self { params: PARAMS, salt: vec![0; SALT_BYTES], hash: None }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::thread;
    use std::time::{Duration, Instant};

    use super::*;

    impl Hasher {
        fn verify(&self, credential: &Credential, stored: Option<&str>, is_stranger: bool) -> Result<bool, Busy> {
            self.turn(is_stranger)?.verify(credential, stored)
        }
    }

    fn pin(digits: &str) -> Credential {
        Credential::Pin(digits.to_string())
    }

    fn password(text: &str) -> Credential {
        Credential::Password(text.to_string())
    }

    #[test]
    fn the_right_credential_is_known_again_and_no_other() {
        let hasher = Hasher::new([7; 32]);
        for (right, wrong) in [(pin("123456"), pin("123457")), (password("correct horse"), password("correct horsf"))] {
            let stored = hasher.hash(&right, false).unwrap();
            assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
            assert_eq!(hasher.verify(&right, Some(&stored), true), Ok(true));
            assert_eq!(hasher.verify(&wrong, Some(&stored), true), Ok(false));
            assert_ne!(hasher.hash(&right, false).unwrap(), stored, "a salt of its own");
        }
        let stored = hasher.hash(&pin("123456"), false).unwrap();
        assert_eq!(hasher.verify(&password("123456"), Some(&stored), false), Ok(false));
    }

    #[test]
    fn a_pin_is_known_with_its_pepper_alone_and_a_password_without() {
        let [here, elsewhere] = [Hasher::new([7; 32]), Hasher::new([8; 32])];
        let stored = here.hash(&pin("123456"), false).unwrap();
        assert_eq!(elsewhere.verify(&pin("123456"), Some(&stored), false), Ok(false));
        let stored = here.hash(&password("correct horse"), false).unwrap();
        assert_eq!(elsewhere.verify(&password("correct horse"), Some(&stored), false), Ok(true));
    }

    #[test]
    fn what_is_no_hash_of_ours_is_matched_by_nothing() {
        let hasher = Hasher::new([7; 32]);
        let stored = hasher.hash(&password("x"), false).unwrap();
        let costly = stored.replace("m=19456", "m=4194304");
        let other = stored.replace("argon2id", "argon2i");
        let short = stored.rsplit_once('$').unwrap().0;
        for stored in [None, Some(""), Some("$"), Some("plain"), Some(short), Some(&costly), Some(&other)] {
            assert_eq!(hasher.verify(&password("x"), stored, false), Ok(false), "{stored:?}");
        }
    }

    #[test]
    fn who_is_unknown_waits_as_long() {
        let hasher = Hasher::new([7; 32]);
        let stored = hasher.hash(&pin("123456"), false).unwrap();
        let time_of = |stored: Option<&str>| {
            let start = Instant::now();
            hasher.verify(&pin("000000"), stored, false).unwrap();
            start.elapsed()
        };
        // In turn, so that whatever else the machine does slows both; the least of each has waited for nothing else.
        let times = (0..8).map(|_| (time_of(Some(&stored)), time_of(None)));
        let least = |(a, b): (Duration, Duration), (c, d): (Duration, Duration)| (a.min(c), b.min(d));
        let (known, unknown) = times.reduce(least).unwrap();
        assert!(unknown * 3 > known, "{known:?} {unknown:?}");
    }

    #[test]
    fn debug_shows_nothing() {
        let shown = format!("{:?} {:?}", pin("271828"), password("hunter2"));
        assert_eq!(shown, "Pin(…) Password(…)");
    }

    /// Goal: strangers cannot keep paired devices out, and nobody waits in a queue without end. Method: hold the one computation,
    /// let as many as possible queue up, and count who is turned away; then let go.
    #[test]
    fn few_wait_and_fewer_of_them_are_strangers() {
        let hasher = Arc::new(Hasher::new([7; 32]));
        let turn = hasher.turn(false).unwrap();
        let wait = |is_stranger: bool, waiting: usize| {
            let waiter = Arc::clone(&hasher);
            let thread = thread::spawn(move || waiter.turn(is_stranger).map(drop));
            let start = Instant::now();
            while hasher.queue().waiting.len() < waiting {
                assert!(start.elapsed() < Duration::from_secs(10), "does not wait");
                thread::yield_now();
            }
            thread
        };
        let mut threads: Vec<_> = (1..=WAITING_STRANGERS_MAX).map(|waiting| wait(true, waiting)).collect();
        assert_eq!(hasher.verify(&pin("1"), None, true), Err(Busy));
        threads.extend((WAITING_STRANGERS_MAX + 1..=WAITING_LOGINS_MAX).map(|waiting| wait(false, waiting)));
        assert_eq!(hasher.verify(&pin("1"), None, false), Err(Busy));
        assert_eq!(hasher.hash(&pin("1"), true), Err(Busy));
        drop(turn);
        assert!(threads.into_iter().all(|thread| thread.join().unwrap() == Ok(())));
        assert_eq!(hasher.verify(&pin("1"), None, true), Ok(false));
    }

    #[test]
    fn the_first_that_waits_is_the_first_that_goes_on() {
        let hasher = Arc::new(Hasher::new([7; 32]));
        let order = Arc::new(Mutex::new(Vec::new()));
        let turn = hasher.turn(false).unwrap();
        let threads: Vec<_> = (0..8)
            .map(|number| {
                let (waiter, order) = (Arc::clone(&hasher), Arc::clone(&order));
                let thread = thread::spawn(move || {
                    let _turn = waiter.turn(false).unwrap();
                    order.lock().unwrap().push(number);
                });
                while hasher.queue().waiting.len() <= number {
                    thread::yield_now();
                }
                thread
            })
            .collect();
        drop(turn);
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(*order.lock().unwrap(), (0..8).collect::<Vec<_>>());
    }

    #[test]
    fn a_turn_that_panics_ends() {
        let hasher = Arc::new(Hasher::new([7; 32]));
        let panicking = Arc::clone(&hasher);
        let thread = thread::spawn(move || {
            let _turn = panicking.turn(false);
            panic!("on purpose");
        });
        assert!(thread.join().is_err());
        assert_eq!(hasher.verify(&pin("1"), None, true), Ok(false));
    }
}
