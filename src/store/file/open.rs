//! Making and opening the file.

use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use redb::backends::FileBackend;
use redb::{Builder, Database, DatabaseError, StorageBackend};

use super::attach::{AttachError, Attached, LateJournal, Plan, Run, plan};
use super::facts::{Facts, read_facts};
use super::held_writes::{HeldBytes, HeldWrites};
use super::journal_storage::{AnyJournal, JournalFile, JournalStorage};
use super::options::{Attempt, FILE_NAME, JournalOptions, StoreOptions};
use super::shop_file::ShopFile;
use super::upgrade;
use crate::domain::Currency;
use crate::store::error::{OpenError, StoreError};
use crate::store::format::random_id;
use crate::store::tables::{
    ANSWER_PLACES, ANSWERS, CHANGES, ESTIMATES, ESTIMATES_DAYS, ESTIMATES_SEARCH, META, META_CURRENCY, META_DECIMALS,
    META_FILE_ID, META_SCHEMA, ORDERS, ORDERS_DAYS, ORDERS_SEARCH, RUNS, SCHEMA_VERSION,
};

const LOCK_NAME: &str = "tillsync.lock";
/// For a storage that is no file: so little that reading reaches it.
const STORAGE_CACHE_BYTES: usize = 1 << 20;

/// Opens the same file and its journal again after a fault.
pub(crate) type Reopen = Box<dyn Fn() -> Result<Reopened, StoreError> + Send + Sync>;

/// What can be done with the files of an open shop.
pub(crate) struct Files {
    pub reopen: Reopen,
    pub late_journal: LateJournal,
}

/// A file that was opened again.
pub(crate) struct Reopened {
    pub database: Database,
    pub held: HeldBytes,
    pub attached: Attached,
}

/// A file that is whole, ours and up to date, in which the start of this run is noted.
pub(crate) struct OpenedFile {
    pub database: Database,
    pub held: HeldBytes,
    pub attached: Attached,
    pub files: Files,
    pub path: PathBuf,
    pub facts: Facts,
    pub run: Run,
    /// Held for as long as the process lives, so that a second instance says so at once.
    pub lock: Option<File>,
}

pub(crate) fn open(options: &StoreOptions, attempt: Attempt) -> Result<OpenedFile, OpenError> {
    let folder_error = |source| OpenError::Folder { path: options.directory.clone(), source };
    if options.directory.is_file() {
        return Err(OpenError::NotAFolder(options.directory.clone()));
    }
    crate::platform::make_private_folder(&options.directory).map_err(folder_error)?;
    let path = options.file();
    let lock = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(options.directory.join(LOCK_NAME))
        .map_err(folder_error)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(OpenError::InUse(path)),
        Err(TryLockError::Error(source)) => return Err(folder_error(source)),
    }

    let journal = Arc::new(JournalFile::in_folder(&options.directory));
    let is_missing = |path: &Path| {
        crate::platform::is_missing(path).map_err(|source| OpenError::Unreadable { path: path.to_path_buf(), source })
    };
    if is_missing(&path)? {
        // What is in a journal is not all of a shop; an empty one in its place would hide that.
        if !is_missing(&journal.path())? {
            return Err(OpenError::JournalAlone { path, journal: journal.path() });
        }
        if !attempt.may_create {
            return Err(OpenError::Missing(path));
        }
        create(&options.directory, &path, options).map_err(|error| OpenError::of(&path, error))?;
    }
    // An empty shop in the place of one whose disk is not there would look like a lost one.
    if fs::metadata(&path).is_err_and(|error| error.kind() == ErrorKind::NotFound) {
        return Err(OpenError::LeadsNowhere(path));
    }
    let file = ShopFile::on_trial(&path, attempt.on_progress).map_err(|error| OpenError::of(&path, error))?;
    let held = HeldBytes::default();
    let (database, facts, plan) = accept(&path, &file, &held, &journal, options)?;
    let of = |error: StoreError| OpenError::of(&path, error);
    file.accept().map_err(of)?;
    let attached = plan.carry_out(&database, &facts, &*journal, true).map_err(of)?;
    let has_journal = Arc::new(AtomicBool::new(attached.journal.is_some()));
    let late_journal = LateJournal::new(journal.clone(), facts, &options.journal, Arc::clone(&has_journal));
    let (opener_path, options) = (path.clone(), options.clone());
    let reopen: Reopen = Box::new(move || {
        crate::platform::forget_cached(&opener_path).map_err(DatabaseError::from)?;
        let (file, held) = (ShopFile::trusted(&opener_path)?, HeldBytes::default());
        let database = open_database(&opener_path, &file, &held, options.cache_bytes)?;
        let attached = attach_again(&database, &facts, &*journal, &options.journal, &has_journal)?;
        Ok(Reopened { database, held, attached })
    });
    OpenedFile::of(database, held, attached, Files { reopen, late_journal }, path, facts, Some(lock))
}

/// Opens a file on trial: whether it is a whole database of this or an earlier release, in the currency asked for, with a
/// journal that has what it lacks.
fn accept(
    path: &Path,
    file: &ShopFile,
    held: &HeldBytes,
    journal: &JournalFile,
    options: &StoreOptions,
) -> Result<(Database, Facts, Plan), OpenError> {
    let of = |error: StoreError| OpenError::of(path, error);
    if fs::metadata(path).is_ok_and(|file| file.is_file() && file.len() == 0) {
        return Err(OpenError::Damaged { path: path.to_path_buf(), reason: "it is empty".to_string() });
    }
    let database = open_database(path, file, held, options.cache_bytes).map_err(of)?;
    let found = upgrade::schema(&database).map_err(of)?;
    if found > SCHEMA_VERSION {
        return Err(OpenError::Newer { path: path.to_path_buf(), found, known: SCHEMA_VERSION });
    }
    let facts = read_facts(&database).map_err(of)?;
    let currency = match options.currency {
        // The decimals of the amounts that are there do not change with a list.
        Some(asked) if asked.code() == facts.currency.code() => facts.currency,
        Some(asked) if asked.decimals() != facts.currency.decimals() => {
            return Err(OpenError::OtherCurrency {
                file: facts.currency.code().to_string(),
                asked: asked.code().to_string(),
            });
        }
        asked => asked.unwrap_or(facts.currency),
    };
    let facts = Facts { currency, ..facts };
    let plan = plan(&database, &facts, journal, &options.journal).map_err(|error| {
        let (path, journal) = (path.to_path_buf(), journal.path());
        match error {
            AttachError::Missing => OpenError::JournalMissing { path, journal },
            AttachError::Other => OpenError::JournalOther { path, journal },
            AttachError::Unreadable(source) => OpenError::Unreadable { path: journal, source },
            AttachError::Damaged(after) => OpenError::JournalDamaged { path, journal, after },
            AttachError::Store(error) => of(error),
        }
    })?;
    Ok((database, facts, plan))
}

/// Brings a database that was opened again together with its journal.
fn attach_again(
    database: &Database,
    facts: &Facts,
    journal: &dyn JournalStorage,
    options: &JournalOptions,
    has_journal: &AtomicBool,
) -> Result<Attached, StoreError> {
    // Nobody is there to give a word: what the journal has is needed.
    let options = JournalOptions { may_be_left_out: false, ..*options };
    let plan = plan(database, facts, journal, &options)?;
    // Somebody has put another file there while the shop was open: what was shown is no past of that.
    if read_facts(database)?.id != facts.id || has_journal.load(Ordering::Acquire) && !plan.is_journal_needed() {
        return Err(StoreError::JournalLost);
    }
    let attached = plan.carry_out(database, facts, journal, false)?;
    has_journal.store(attached.journal.is_some(), Ordering::Release);
    Ok(attached)
}

/// The same on any storage: an empty one is made into a database first.
pub(crate) fn open_on<B: StorageBackend, J: StorageBackend>(
    storage: impl Fn() -> B + Send + Sync + 'static,
    journal: impl Fn() -> J + Send + Sync + 'static,
    options: JournalOptions,
) -> Result<OpenedFile, OpenError> {
    let path = PathBuf::from("memory");
    let of = |error: StoreError| OpenError::of(&path, error);
    if storage().len().is_ok_and(|length| length == 0) {
        let made = Builder::new().create_with_backend(storage());
        made.map_err(StoreError::from).and_then(|database| fill(database, Currency::INR)).map_err(of)?;
    }
    let open_database = move |held: &HeldBytes| {
        let mut builder = Builder::new();
        builder.set_cache_size(STORAGE_CACHE_BYTES).set_check_integrity_on_open(true);
        builder.create_with_backend(HeldWrites::over(storage(), held.clone())).map_err(StoreError::from)
    };
    let (journal, held) = (Arc::new(AnyJournal(journal)), HeldBytes::default());
    let database = open_database(&held).map_err(of)?;
    let facts = read_facts(&database).map_err(of)?;
    let plan = plan(&database, &facts, &*journal, &options).map_err(|error| of(error.into()))?;
    let attached = plan.carry_out(&database, &facts, &*journal, true).map_err(of)?;
    let has_journal = Arc::new(AtomicBool::new(attached.journal.is_some()));
    let late_journal = LateJournal::new(journal.clone(), facts, &options, Arc::clone(&has_journal));
    let reopen: Reopen = Box::new(move || {
        let held = HeldBytes::default();
        let database = open_database(&held)?;
        let attached = attach_again(&database, &facts, &*journal, &options, &has_journal)?;
        Ok(Reopened { database, held, attached })
    });
    OpenedFile::of(database, held, attached, Files { reopen, late_journal }, path, facts, None)
}

impl OpenedFile {
    fn of(
        database: Database,
        held: HeldBytes,
        mut attached: Attached,
        files: Files,
        path: PathBuf,
        facts: Facts,
        lock: Option<File>,
    ) -> Result<Self, OpenError> {
        let run = attached.run.take().ok_or_else(|| OpenError::of(&path, StoreError::Malformed("run")))?;
        Ok(Self { database, held, attached, files, path, facts, run, lock })
    }
}

/// Verifies the checksum of every page: without that, redb would serve flipped bits as data.
pub(crate) fn open_database(
    path: &Path,
    file: &ShopFile,
    held: &HeldBytes,
    cache_bytes: usize,
) -> Result<Database, StoreError> {
    if fs::metadata(path).map_err(DatabaseError::from)?.len() == 0 {
        // redb would take an empty file for a new one and answer with an empty shop.
        return Err(StoreError::Malformed("file of zero bytes"));
    }
    let checked = file.clone();
    let database = Builder::new()
        .set_cache_size(cache_bytes)
        .set_check_integrity_on_open(true)
        .set_repair_callback(move |session| checked.note_part(session))
        .create_with_backend(HeldWrites::over(file.clone(), held.clone()))?;
    Ok(database)
}

/// Makes the file under another name and moves it into place when it is whole: a power cut during redb's own creation
/// would leave a file that never opens. What has appeared under the name meanwhile stays, and is opened.
fn create(directory: &Path, path: &Path, options: &StoreOptions) -> Result<(), StoreError> {
    let io = |error: std::io::Error| StoreError::from(DatabaseError::from(error));
    let temporary: PathBuf = directory.join(format!("{FILE_NAME}.new"));
    match fs::remove_file(&temporary) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(io(error)),
        _ => {}
    }
    let file = crate::platform::new_private(&temporary).map_err(io)?;
    let file = FileBackend::new(file)?;
    fill(Builder::new().create_with_backend(file)?, options.currency.unwrap_or(Currency::INR))?;
    match crate::platform::rename_new(&temporary, path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => fs::remove_file(&temporary).map_err(io)?,
        result => result.map_err(io)?,
    }
    crate::platform::sync_directory(directory).map_err(io)
}

/// Makes a new database whole and closes it, so that no byte of it is left to be synced.
fn fill(database: Database, currency: Currency) -> Result<(), StoreError> {
    let transaction = database.begin_write()?;
    {
        transaction.open_table(ESTIMATES)?;
        transaction.open_table(ORDERS)?;
        transaction.open_table(ESTIMATES_SEARCH)?;
        transaction.open_table(ORDERS_SEARCH)?;
        transaction.open_table(ESTIMATES_DAYS)?;
        transaction.open_table(ORDERS_DAYS)?;
        transaction.open_table(CHANGES)?;
        transaction.open_table(ANSWERS)?;
        transaction.open_table(ANSWER_PLACES)?;
        transaction.open_table(RUNS)?;
        upgrade::open_tables_of_people(&transaction)?;
        let mut meta = transaction.open_table(META)?;
        meta.insert(META_SCHEMA, SCHEMA_VERSION.to_le_bytes().as_slice())?;
        meta.insert(META_FILE_ID, random_id()?.as_slice())?;
        meta.insert(META_CURRENCY, currency.code().as_bytes())?;
        meta.insert(META_DECIMALS, [u8::try_from(currency.decimals()).unwrap_or_default()].as_slice())?;
    }
    transaction.commit()?;
    Ok(database.close()?)
}
