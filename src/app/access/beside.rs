//! The secrets beside the database: the pepper, which is kept, and this machine's own token, which is another one at each start.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::Digest;

use super::random::{NoRandomness, random_bytes, token};
use crate::platform::{read_private, write_private};

/// The file with the pepper.
const PEPPER_FILE: &str = "tillsync.pepper";
/// The file by which programs on this machine find the server: its address, and the token that lets them in.
const LOCAL_FILE: &str = "tillsync.local";

/// The file that says how often somebody was shut out: an older copy of the database beside it lets nobody in by what was ended since.
const ENDINGS_FILE: &str = "tillsync.endings";

/// How often somebody was shut out, as it is known beside the database.
#[derive(Debug, Clone, Default)]
pub(crate) struct Endings {
    /// `None` for a shop that nobody keeps.
    path: Option<PathBuf>,
    known: Arc<AtomicU64>,
}

impl Endings {
    fn beside(folder: &Path) -> io::Result<Self> {
        let path = folder.join(ENDINGS_FILE);
        // What cannot be read says nothing, and is written anew.
        let text = read_private(&path)?.and_then(|bytes| String::from_utf8(bytes).ok());
        let known = text.and_then(|text| text.trim().parse().ok()).unwrap_or_default();
        Ok(Self { path: Some(path), known: Arc::new(AtomicU64::new(known)) })
    }

    pub fn known(&self) -> u64 {
        self.known.load(Ordering::Acquire)
    }

    /// Notes what the database has by now. Without it only a copy that is put back is believed too much.
    pub fn note(&self, endings: u64) {
        let Some(path) = &self.path else { return };
        if self.known.fetch_max(endings, Ordering::AcqRel) < endings
            && let Err(error) = write_private(path, format!("{endings}\n").as_bytes())
        {
            log::warn!("⚠️ {} cannot be written: {error}", path.display());
        }
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
    /// at `address`.
    pub fn beside(folder: &Path, address: &str) -> io::Result<Self> {
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
        write_private(&folder.join(LOCAL_FILE), format!("{address}\n{machine_token}\n").as_bytes())?;
        Ok(Self { pepper, machine_token, endings: Endings::beside(folder)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pepper_stays_and_the_token_does_not() {
        let dir = tempfile::tempdir().unwrap();
        let first = Secrets::beside(dir.path(), "http://127.0.0.1:8000").unwrap();
        let second = Secrets::beside(dir.path(), "http://127.0.0.1:8001").unwrap();
        assert_eq!(first.pepper, second.pepper);
        assert_ne!(first.machine_token, second.machine_token);
        let local = std::fs::read_to_string(dir.path().join(LOCAL_FILE)).unwrap();
        assert_eq!(local, format!("http://127.0.0.1:8001\n{}\n", second.machine_token));
        std::fs::write(dir.path().join(PEPPER_FILE), b"short").unwrap();
        assert!(Secrets::beside(dir.path(), "").is_err());
    }
}
