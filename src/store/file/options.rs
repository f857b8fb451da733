//! What is needed to open the file, and what one attempt may do.

use std::path::PathBuf;

use super::shop_file::OnProgress;
use crate::domain::Currency;

/// Name of the database file in its folder.
pub(crate) const FILE_NAME: &str = "tillsync.redb";

/// What is needed to open the file.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// The folder that holds `tillsync.redb`; made if it is missing.
    pub directory: PathBuf,
    /// Memory for pages of the file, in bytes.
    pub cache_bytes: usize,
    /// The shop's currency; `None` takes the one that the file was made with.
    pub currency: Option<Currency>,
    /// How the journal is kept.
    pub journal: JournalOptions,
}

/// How the journal is kept.
#[derive(Debug, Clone, Copy)]
pub struct JournalOptions {
    /// Bytes of one of its two halves, a multiple of 4,096.
    pub half_bytes: usize,
    /// Whether a database is opened whose journal is missing or damaged. What is not in it is lost then, which is the owner's
    /// word to give.
    pub may_be_left_out: bool,
}

impl Default for JournalOptions {
    fn default() -> Self {
        Self { half_bytes: 512 << 10, may_be_left_out: false }
    }
}

impl StoreOptions {
    /// Where the database file is, or will be.
    pub fn file(&self) -> PathBuf {
        self.directory.join(FILE_NAME)
    }
}

/// One attempt to open the file.
pub struct Attempt {
    /// Whether a missing file is made. It is not where there was one before: the owner may be about to put a backup in its
    /// place, and would find an empty shop open there.
    pub may_create: bool,
    /// Told every second how much of the check is done.
    pub on_progress: OnProgress,
}

impl Default for Attempt {
    fn default() -> Self {
        Self { may_create: true, on_progress: Box::new(|_| {}) }
    }
}
