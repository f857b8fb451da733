//! What can go wrong with the file, in words for the owner.

use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::domain::ShortText;

/// Why the file could not be opened. Nothing was changed in any of these cases.
#[derive(Debug)]
pub enum OpenError {
    /// The path of the data folder is that of a file.
    NotAFolder(PathBuf),
    /// The folder cannot be made or written to.
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Another running server has the file.
    InUse(PathBuf),
    /// There was a file and it is gone; an empty one in its place would look like a lost shop.
    Missing(PathBuf),
    /// There is a link under the file's name, and nothing where it leads: most often a disk that is not there.
    LeadsNowhere(PathBuf),
    /// The system does not let us read or write the file.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// There is no room on the disk for what opening the file writes.
    DiskFull(PathBuf),
    /// The file is something else, not a database of a shop.
    Foreign(PathBuf),
    /// The file is a shop's, but damaged or cut short.
    Damaged {
        /// The file.
        path: PathBuf,
        /// What the database says.
        reason: String,
    },
    /// The file was written by a newer release.
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema version.
        found: u32,
        /// The newest that this release knows.
        known: u32,
    },
    /// There is a journal and no file that it belongs to.
    JournalAlone {
        /// Where the file would be.
        path: PathBuf,
        /// The journal.
        journal: PathBuf,
    },
    /// The file was left open, and its journal is not there.
    JournalMissing {
        /// The file.
        path: PathBuf,
        /// Where the journal would be.
        journal: PathBuf,
    },
    /// The file was left open, and the journal beside it is not the one it had.
    JournalOther {
        /// The file.
        path: PathBuf,
        /// The journal.
        journal: PathBuf,
    },
    /// The file was left open, and what its journal has cannot be read.
    JournalDamaged {
        /// The file.
        path: PathBuf,
        /// The journal.
        journal: PathBuf,
        /// The last change that is known; something after it may be missing.
        after: Option<LastChange>,
    },
    /// The amounts in the file have other decimals than the currency asked for.
    OtherCurrency {
        /// The currency of the file.
        file: String,
        /// The currency of the command line.
        asked: String,
    },
}

/// A change, for a person.
#[derive(Debug, Clone)]
pub struct LastChange {
    /// Of the record.
    pub id: ShortText,
    /// When it was stored.
    pub at: String,
}

impl OpenError {
    /// What a fault that redb has met with the file at `path` means.
    pub(crate) fn of(path: &Path, error: StoreError) -> Self {
        let path = path.to_path_buf();
        match error {
            StoreError::Database(error) => Self::of_redb(path, error),
            other => Self::Damaged { path, reason: other.to_string() },
        }
    }

    fn of_redb(path: PathBuf, error: redb::Error) -> Self {
        match error {
            redb::Error::DatabaseAlreadyOpen | redb::Error::LockProtocolMismatch => Self::InUse(path),
            redb::Error::Io(source) => match source.kind() {
                // How redb says that the file does not begin like one of its own.
                ErrorKind::InvalidData => Self::Foreign(path),
                ErrorKind::UnexpectedEof => Self::Damaged { path, reason: "it is cut short".to_string() },
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::DiskFull(path),
                _ => Self::Unreadable { path, source },
            },
            // A database, but with other tables than a shop's.
            redb::Error::TableDoesNotExist(_)
            | redb::Error::TableTypeMismatch { .. }
            | redb::Error::TableIsMultimap(_)
            | redb::Error::TypeDefinitionChanged { .. }
            | redb::Error::UpgradeRequired(_) => Self::Foreign(path),
            other => Self::Damaged { path, reason: other.to_string() },
        }
    }

    /// Whether only another command line can help; anything else may be mended while the server waits.
    pub fn is_about_options(&self) -> bool {
        matches!(self, Self::NotAFolder(_) | Self::OtherCurrency { .. })
    }

    /// What the owner can do, in whole sentences.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::NotAFolder(_) => "Choose a folder with --data.",
            Self::Folder { .. } => {
                "Give the account that runs tillsync the right to read and write this folder, and look whether its disk is \
                 there and can be written to."
            }
            Self::InUse(_) => {
                "Stop the other one; this server takes over by itself. Or choose another folder with --data."
            }
            Self::Missing(_) => {
                "Put it, or the last backup, back under that name. To begin with an empty shop instead, start the server again."
            }
            Self::LeadsNowhere(_) => {
                "Look whether the disk that it leads to is there. To begin with an empty shop instead, move the link away and \
                 start the server again."
            }
            Self::Unreadable { .. } => {
                "Give the account that runs tillsync the right to read and write this file, and look whether its disk is well."
            }
            Self::DiskFull(_) => "Delete what is not needed on that disk.",
            Self::Foreign(_) => {
                "Move it to another folder, and put the shop's own file, or the last backup of it, in its place under that name."
            }
            Self::Damaged { .. } => {
                "Keep it: move it to another folder, and put the last backup in its place under that name. Check the disk or \
                 the memory card before you trust it again."
            }
            Self::Newer { .. } => {
                "Install the newest tillsync, or put the backup from before the upgrade in the file's place."
            }
            Self::JournalAlone { .. } => {
                "Put the database, or the last backup of it, back under that name. To begin with an empty shop instead, move the \
                 journal to another folder."
            }
            Self::JournalMissing { .. } | Self::JournalOther { .. } => {
                "Put its own journal back in that place. If that is lost, put the last backup in the database's place and move \
                 the journal away; or start once with --without-journal, which goes on without what may be missing."
            }
            Self::JournalDamaged { .. } => {
                "Check the disk or the memory card. To go on without what may be missing, start once with --without-journal; \
                 numbers that may have been given out stay used."
            }
            Self::OtherCurrency { .. } => "Leave --currency away, or choose another folder with --data.",
        }
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAFolder(path) => write!(formatter, "{} is a file and not a folder for data.", path.display()),
            Self::Folder { path, source } => {
                write!(formatter, "The data folder {} cannot be used: {source}.", path.display())
            }
            Self::InUse(path) => write!(formatter, "Another tillsync is already using {}.", path.display()),
            Self::Missing(path) => write!(formatter, "The database {} is not there any more.", path.display()),
            Self::LeadsNowhere(path) => {
                write!(formatter, "{} is a link to a file that is not there. It was left as it is.", path.display())
            }
            Self::Unreadable { path, source } => {
                write!(formatter, "The file {} cannot be opened: {source}.", path.display())
            }
            Self::DiskFull(path) => {
                write!(formatter, "The database {} cannot be opened: its disk is full.", path.display())
            }
            Self::Foreign(path) => {
                write!(formatter, "The file {} is not a database of tillsync. It was left as it is.", path.display())
            }
            Self::Damaged { path, reason } => write!(
                formatter,
                "The database {} is damaged and cannot be read ({reason}). It was left as it is.",
                path.display()
            ),
            Self::Newer { path, found, known } => write!(
                formatter,
                "The database {} was written by a newer tillsync (form {found}; this one knows {known}). It was left as \
                 it is.",
                path.display()
            ),
            Self::JournalAlone { path, journal } => write!(
                formatter,
                "There is a journal, {}, and no database {} that it belongs to.",
                journal.display(),
                path.display()
            ),
            Self::JournalMissing { path, journal } => write!(
                formatter,
                "The database {} was not closed properly, and its journal {} is not there: the newest sales may be in that \
                 alone. It was left as it is.",
                path.display(),
                journal.display()
            ),
            Self::JournalOther { path, journal } => write!(
                formatter,
                "The database {} was not closed properly, and the journal {} is not the one that it had: the newest sales may \
                 be in that alone. Both were left as they are.",
                path.display(),
                journal.display()
            ),
            Self::JournalDamaged { path, journal, after } => {
                write!(formatter, "The journal {} of the database {} is damaged", journal.display(), path.display())?;
                match after {
                    Some(LastChange { id, at }) => {
                        write!(formatter, ": something after {id} of {at} may be missing. Both were left as they are.")
                    }
                    None => formatter.write_str(". Both were left as they are."),
                }
            }
            Self::OtherCurrency { file, asked } => {
                write!(formatter, "The database holds amounts in {file}, which have other decimals than {asked}.")
            }
        }
    }
}

impl std::error::Error for OpenError {}

/// Why a read or a commit failed.
#[derive(Debug)]
pub enum StoreError {
    /// The database reported a fault. For a commit: it may or may not be on disk; send the command again.
    Database(redb::Error),
    /// The file is closed and could not be opened again yet.
    Unavailable,
    /// Stored bytes are not what this release writes.
    Malformed(&'static str),
    /// A series has used all its numbers.
    SeriesFull,
    /// The database needs its journal, which is missing, damaged or another one.
    JournalLost,
}

impl fmt::Display for StoreError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Database(error) => error.fmt(formatter),
            Self::Unavailable => formatter.write_str("the database is not open"),
            Self::Malformed(what) => write!(formatter, "a stored {what} cannot be read"),
            Self::JournalLost => {
                formatter.write_str("the journal is missing, damaged or another one, and the database needs it")
            }
            Self::SeriesFull => formatter.write_str("the series has used all its numbers"),
        }
    }
}

impl std::error::Error for StoreError {}

/// redb has one error type per operation; for us each means the same: the outcome is unknown.
macro_rules! from_redb {
    ($($error:ty),*) => {
        $(impl From<$error> for StoreError {
            fn from(error: $error) -> Self {
                Self::Database(error.into())
            }
        })*
    };
}
from_redb!(
    redb::SetDurabilityError,
    redb::DatabaseError,
    redb::TransactionError,
    redb::TableError,
    redb::StorageError,
    redb::CommitError
);
