//! The secrets beside the database: the pepper, which is kept, and this machine's own token, which is another one at each start.

use std::io;
use std::path::Path;

use super::identity::Secrets;
use super::random::random_bytes;
use crate::platform::{read_private, write_private};

/// The file with the pepper.
const PEPPER_FILE: &str = "tillsync.pepper";
/// The file by which programs on this machine find the server: its address, and the token that lets them in.
const LOCAL_FILE: &str = "tillsync.local";

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
        Ok(Self { pepper, machine_token })
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
