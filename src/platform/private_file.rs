//! Files and folders that only the account of the server may read.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

/// Bytes of such a file that are read; ours are short.
const PRIVATE_BYTES_MAX: u64 = 4_096;

/// Writes a file anew, complete or not at all, and durable.
pub fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // Beside others of the same name but for its ending.
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".new");
    let temporary = Path::new(&temporary);
    let _ = std::fs::remove_file(temporary);
    let mut file = new_private(temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    std::fs::rename(temporary, path)?;
    super::sync_directory(path.parent().unwrap_or(Path::new(".")))
}

/// Reads such a file; `None` if there is none.
pub fn read_private(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    let mut bytes = Vec::new();
    file.take(PRIVATE_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// Makes a file that was not there, for reading and writing. On Windows the folder's own rights decide who may read it.
pub fn new_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Makes a folder, and with the usual rights those that it is in. One that is there stays as it is.
pub fn make_private_folder(path: &Path) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_else_may_read_it_and_it_is_replaced_as_a_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        assert_eq!(read_private(&path).unwrap(), None);
        for text in [b"first".as_slice(), b"second"] {
            write_private(&path, text).unwrap();
            assert_eq!(read_private(&path).unwrap().as_deref(), Some(text));
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_is_made_for_its_own_account_and_stays_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("srv").join("shop");
        make_private_folder(&path).unwrap();
        make_private_folder(&path).unwrap();
        assert!(path.is_dir());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode(&path), 0o700);
            assert_eq!(mode(path.parent().unwrap()) & 0o700, 0o700);
            fs::set_permissions(&path, PermissionsExt::from_mode(0o750)).unwrap();
            make_private_folder(&path).unwrap();
            assert_eq!(mode(&path), 0o750);
        }
        fs::write(dir.path().join("file"), "").unwrap();
        assert!(make_private_folder(&dir.path().join("file")).is_err());
    }
}
