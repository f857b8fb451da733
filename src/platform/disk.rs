//! The disk: durable names, free space, and what the system keeps of a file in memory.

use std::io;
use std::path::Path;

/// Makes the entries of a folder durable, so that a file that was moved into it is found after a power cut.
#[cfg(unix)]
pub fn sync_directory(path: &Path) -> io::Result<()> {
    std::fs::File::open(path)?.sync_all()
}

/// Makes the entries of a folder durable. NTFS keeps the order of its changes and writes them down in its own time, unless it
/// is asked through a handle that may write. A file system that knows no such request (FAT, a share) is not held against us.
#[cfg(windows)]
#[expect(clippy::unnecessary_wraps, reason = "the same signature on every system")]
pub fn sync_directory(path: &Path) -> io::Result<()> {
    use std::os::windows::fs::OpenOptionsExt;
    /// `FILE_FLAG_BACKUP_SEMANTICS`: without it a folder cannot be opened.
    const OPEN_A_FOLDER: u32 = 0x0200_0000;
    let folder = std::fs::OpenOptions::new().write(true).custom_flags(OPEN_A_FOLDER).open(path);
    if let Err(error) = folder.and_then(|folder| folder.sync_all()) {
        log::debug!("The folder {} cannot be synced by itself: {error}", path.display());
    }
    Ok(())
}

/// Whether there is no such name: not a file, nor a link that leads nowhere, nor a name that we may not look at.
pub fn is_missing(path: &Path) -> io::Result<bool> {
    match path.symlink_metadata() {
        Ok(_) => Ok(false),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error),
    }
}

/// Whether a file or folder belongs to the account that we run as; what we make in a folder of another one may be lost to that.
#[cfg(unix)]
pub fn is_own(path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    Ok(path.metadata()?.uid() == rustix::process::geteuid().as_raw())
}

/// Whether a file or folder belongs to the account that we run as. Here a folder's rights go over to what is made in it.
#[cfg(not(unix))]
pub fn is_own(path: &Path) -> io::Result<bool> {
    path.metadata().map(|_| true)
}

/// Gives a file its name if nothing has it: `AlreadyExists` if something does, which stays as it is.
pub fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    match rename_without_replacing(from, to) {
        // The file system does not know how; then a look before has to do.
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => {
            if is_missing(to)? { std::fs::rename(from, to) } else { Err(io::ErrorKind::AlreadyExists.into()) }
        }
        result => result,
    }
}

#[cfg(target_os = "linux")]
fn rename_without_replacing(from: &Path, to: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE).map_err(io::Error::from)
}

#[cfg(not(target_os = "linux"))]
fn rename_without_replacing(_from: &Path, _to: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Bytes that are free for us on the disk of this folder; `None` if the system does not say.
pub fn free_bytes(folder: &Path) -> Option<u64> {
    fs4::available_space(folder).ok()
}

/// Makes the next reads of a file come from the disk: after a failed sync the system's memory shows bytes that may never
/// have arrived there.
#[cfg(target_os = "linux")]
pub fn forget_cached(path: &Path) -> io::Result<()> {
    let file = std::fs::File::open(path)?;
    rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed).map_err(io::Error::from)
}

/// Makes the next reads of a file come from the disk: here the system cannot be asked to, so they may show bytes that a failed
/// sync has left in its memory.
#[cfg(not(target_os = "linux"))]
#[expect(clippy::unnecessary_wraps, reason = "the same signature on every system")]
pub fn forget_cached(_path: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_gets_its_name_replaces_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("new"), dir.path().join("name"));
        std::fs::write(&from, "new").unwrap();
        std::fs::write(&to, "old").unwrap();
        assert_eq!(rename_new(&from, &to).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read(&to).unwrap(), b"old");
        std::fs::remove_file(&to).unwrap();
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(dir.path().join("nowhere"), &to).unwrap();
            assert!(!is_missing(&to).unwrap(), "a link is there, wherever it leads");
            assert_eq!(rename_new(&from, &to).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
            std::fs::remove_file(&to).unwrap();
        }
        assert!(is_missing(&to).unwrap());
        rename_new(&from, &to).unwrap();
        assert_eq!(std::fs::read(&to).unwrap(), b"new");
    }
}
