//! What can go wrong with the file, in words for the owner.

use std::fmt;
use std::path::PathBuf;

/// Why the file could not be opened at the start. Nothing was changed in any of these cases.
#[derive(Debug)]
pub enum OpenError {
    /// The folder cannot be made or written to.
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Another running server has the file.
    InUse(PathBuf),
    /// The file cannot be read as a tillsync database: foreign, damaged or cut short. It was left as it is.
    Unreadable {
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
    /// The amounts in the file have other decimals than the currency asked for.
    OtherCurrency {
        /// The currency of the file.
        file: String,
        /// The currency of the command line.
        asked: String,
    },
}

impl fmt::Display for OpenError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder { path, source } => {
                write!(formatter, "The data folder {} cannot be used: {source}.", path.display())
            }
            Self::InUse(path) => write!(
                formatter,
                "Another tillsync is already using {}. Stop it first, or choose another folder with --data.",
                path.display()
            ),
            Self::Unreadable { path, reason } => write!(
                formatter,
                "The database {} cannot be read ({reason}). It was left as it is: restore a copy, or move the file \
                 away to start with an empty one.",
                path.display()
            ),
            Self::Newer { path, found, known } => write!(
                formatter,
                "The database {} was written by a newer tillsync (schema {found}; this one knows {known}). Install the \
                 newer release.",
                path.display()
            ),
            Self::OtherCurrency { file, asked } => write!(
                formatter,
                "The database holds amounts in {file}, which have other decimals than {asked}. Leave --currency away, \
                 or choose another folder with --data."
            ),
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
}

impl fmt::Display for StoreError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Database(error) => error.fmt(formatter),
            Self::Unavailable => formatter.write_str("the database is not open"),
            Self::Malformed(what) => write!(formatter, "a stored {what} cannot be read"),
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
from_redb!(redb::DatabaseError, redb::TransactionError, redb::TableError, redb::StorageError, redb::CommitError);
