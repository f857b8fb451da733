//! The secrets beside the database: the pepper, which is kept, and this machine's own token, which is another one at each start.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sha2::Digest;

use super::random::{NoRandomness, random_bytes, token};
use crate::platform::{read_private, write_private};

/// The file with the pepper.
const PEPPER_FILE: &str = "tillsync.pepper";
/// The file by which programs on this machine find the server: its address, the token that lets them in, and the base URL of a
/// server that has a name for other devices.
const LOCAL_FILE: &str = "tillsync.local";

/// The file that says how far the database had come: an older copy that is put in its place lets nobody in.
const ENDINGS_FILE: &str = "tillsync.endings";

/// How far a database has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Reached {
    /// How often somebody was shut out.
    pub endings: u64,
    /// The last sequence.
    pub seq: u64,
    /// Entries of the audit.
    pub audit: u64,
}

impl Reached {
    /// Whether a database that has come so far is an older copy of one that has come as far as `other`.
    pub fn is_behind(self, other: Self) -> bool {
        self.endings < other.endings || self.seq < other.seq || self.audit < other.audit
    }

    /// Three numbers, and in a file of an earlier release only the first.
    fn read(text: &str) -> Self {
        let mut numbers = text.split_whitespace().map(|number| number.parse().unwrap_or_default());
        let mut next = || numbers.next().unwrap_or_default();
        Self { endings: next(), seq: next(), audit: next() }
    }
}

/// How far the database has come, as it is known beside it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Endings {
    /// `None` for a shop that nobody keeps.
    path: Option<PathBuf>,
    known: Arc<Mutex<Reached>>,
}

impl Endings {
    fn beside(folder: &Path) -> io::Result<Self> {
        let path = folder.join(ENDINGS_FILE);
        // What cannot be read says nothing, and is written anew.
        let text = read_private(&path)?.and_then(|bytes| String::from_utf8(bytes).ok());
        let known = text.as_deref().map(Reached::read).unwrap_or_default();
        Ok(Self { path: Some(path), known: Arc::new(Mutex::new(known)) })
    }

    pub fn known(&self) -> Reached {
        *self.lock()
    }

    /// Notes that somebody was shut out so often by now.
    pub fn note_endings(&self, endings: u64) {
        let mut known = self.lock();
        if known.endings < endings {
            let next = Reached { endings, ..*known };
            self.write(&mut known, next);
        }
    }

    /// Notes how far the database has come, at a start and at a proper end.
    pub fn note(&self, reached: Reached) {
        let mut known = self.lock();
        if *known != reached {
            self.write(&mut known, reached);
        }
    }

    /// Without it only a copy that is put back is believed too much.
    fn write(&self, known: &mut Reached, next: Reached) {
        *known = next;
        let Some(path) = &self.path else { return };
        let Reached { endings, seq, audit } = next;
        if let Err(error) = write_private(path, format!("{endings} {seq} {audit}\n").as_bytes()) {
            log::warn!("⚠️ {} cannot be written: {error}", path.display());
        }
    }

    fn lock(&self) -> MutexGuard<'_, Reached> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The secrets of a shop that are kept beside its file, not in it.
#[derive(Clone)]
pub struct Secrets {
    /// With which PINs are hashed: a copy of the data alone cracks none.
    pub pepper: [u8; 32],
    /// By which programs on this machine are known; another one at each start.
    pub machine_token: String,
    pub(crate) endings: Endings,
}

impl Secrets {
    /// By which the file knows its pepper: it says nothing of it.
    pub(crate) fn pepper_mark(&self) -> [u8; 32] {
        sha2::Sha256::digest(self.pepper).into()
    }

    /// New ones, for a shop that nobody keeps: tests have it.
    pub fn random() -> std::io::Result<Self> {
        let make = || {
            Ok::<_, NoRandomness>(Self {
                pepper: random_bytes()?,
                machine_token: token()?,
                endings: Endings::default(),
            })
        };
        make().map_err(|NoRandomness| std::io::Error::other("the system gives no random numbers"))
    }
}

impl Secrets {
    /// Those of a shop whose data are in this folder; a pepper is made if there is none. Programs on this machine reach the server
    /// at `here`; `elsewhere` is its base URL for other devices, if it has a name for them.
    pub fn beside(folder: &Path, here: &str, elsewhere: Option<&str>) -> io::Result<Self> {
        let Self { machine_token, .. } = Self::random()?;
        let path = folder.join(PEPPER_FILE);
        let pepper = if let Some(bytes) = read_private(&path)? {
            let is_cut =
                |_| io::Error::new(io::ErrorKind::InvalidData, format!("{} does not have 32 bytes", path.display()));
            bytes.try_into().map_err(is_cut)?
        } else {
            let pepper = random_bytes().map_err(|_| io::Error::other("the system gives no random numbers"))?;
            write_private(&path, &pepper)?;
            pepper
        };
        let elsewhere = elsewhere.map(|url| format!("{url}\n")).unwrap_or_default();
        write_private(&folder.join(LOCAL_FILE), format!("{here}\n{machine_token}\n{elsewhere}").as_bytes())?;
        Ok(Self { pepper, machine_token, endings: Endings::beside(folder)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_far_a_database_had_come_is_known_beside_it_and_what_an_earlier_release_wrote_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let reached = Reached { endings: 3, seq: 1_412, audit: 96 };
        let endings = Endings::beside(dir.path()).unwrap();
        assert_eq!(endings.known(), Reached::default());
        endings.note(reached);
        endings.note_endings(2);
        assert_eq!(Endings::beside(dir.path()).unwrap().known(), reached);
        endings.note_endings(4);
        assert_eq!(Endings::beside(dir.path()).unwrap().known(), Reached { endings: 4, ..reached });
        for (text, known) in [("7\n", Reached { endings: 7, ..Reached::default() }), ("x y", Reached::default())] {
            std::fs::write(dir.path().join(ENDINGS_FILE), text).unwrap();
            assert_eq!(Endings::beside(dir.path()).unwrap().known(), known);
        }
        for older in
            [Reached { endings: 2, ..reached }, Reached { seq: 9, ..reached }, Reached { audit: 95, ..reached }]
        {
            assert!(older.is_behind(reached) && !reached.is_behind(older));
        }
        assert!(!reached.is_behind(reached));
    }

    #[test]
    fn the_pepper_stays_and_the_token_does_not() {
        let dir = tempfile::tempdir().unwrap();
        let first = Secrets::beside(dir.path(), "http://127.0.0.1:8000", Some("https://shop.lan")).unwrap();
        let local = || std::fs::read_to_string(dir.path().join(LOCAL_FILE)).unwrap();
        assert_eq!(local(), format!("http://127.0.0.1:8000\n{}\nhttps://shop.lan\n", first.machine_token));
        let second = Secrets::beside(dir.path(), "http://127.0.0.1:8001", None).unwrap();
        assert_eq!(first.pepper, second.pepper);
        assert_ne!(first.machine_token, second.machine_token);
        assert_eq!(local(), format!("http://127.0.0.1:8001\n{}\n", second.machine_token));
        std::fs::write(dir.path().join(PEPPER_FILE), b"short").unwrap();
        assert!(Secrets::beside(dir.path(), "", None).is_err());
    }
}
