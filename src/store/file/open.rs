//! Making and opening the file.

use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use redb::{Builder, Database, DatabaseError, ReadableTable, StorageBackend};

use super::facts::{Facts, read_facts};
use super::options::{Attempt, FILE_NAME, StoreOptions};
use super::shop_file::ShopFile;
use super::upgrade;
use crate::domain::Currency;
use crate::store::error::{OpenError, StoreError};
use crate::store::format::{RunEntry, hex, random_id};
use crate::store::tables::{
    ANSWER_PLACES, ANSWERS, CHANGES, ESTIMATES, ESTIMATES_DAYS, ESTIMATES_SEARCH, META, META_CURRENCY, META_DECIMALS,
    META_FILE_ID, META_SCHEMA, ORDERS, ORDERS_DAYS, ORDERS_SEARCH, RUNS, SCHEMA_VERSION,
};

const LOCK_NAME: &str = "tillsync.lock";
/// For a storage that is no file: so little that reading reaches it.
const STORAGE_CACHE_BYTES: usize = 1 << 20;

/// Opens the same file again after a fault.
pub(crate) type Reopen = Box<dyn Fn() -> Result<Database, StoreError> + Send + Sync>;

/// A file that is whole, ours and up to date, in which the start of this run is noted.
pub(crate) struct OpenedFile {
    pub database: Database,
    pub reopen: Reopen,
    pub path: PathBuf,
    pub facts: Facts,
    pub run_number: u64,
    pub run_id: String,
    /// Held for as long as the process lives, so that a second instance says so at once.
    pub lock: Option<File>,
}

pub(crate) fn open(options: &StoreOptions, attempt: Attempt) -> Result<OpenedFile, OpenError> {
    let folder_error = |source| OpenError::Folder { path: options.directory.clone(), source };
    if options.directory.is_file() {
        return Err(OpenError::NotAFolder(options.directory.clone()));
    }
    fs::create_dir_all(&options.directory).map_err(folder_error)?;
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

    let is_missing = crate::platform::is_missing(&path);
    if is_missing.map_err(|source| OpenError::Unreadable { path: path.clone(), source })? {
        if !attempt.may_create {
            return Err(OpenError::Missing(path));
        }
        create(&options.directory, &path, options).map_err(|error| OpenError::of(&path, error))?;
    }
    // An empty shop in the place of one whose disk is not there would look like a lost one.
    if fs::metadata(&path).is_err_and(|error| error.kind() == ErrorKind::NotFound) {
        return Err(OpenError::LeadsNowhere(path));
    }
    let (database, facts) = accept(&path, options, attempt)?;
    let (opener_path, cache_bytes) = (path.clone(), options.cache_bytes);
    let reopen: Reopen = Box::new(move || {
        crate::platform::forget_cached(&opener_path).map_err(DatabaseError::from)?;
        open_database(&opener_path, &ShopFile::trusted(&opener_path)?, cache_bytes)
    });
    start_run(database, reopen, path, facts, Some(lock))
}

/// Opens a file on trial and accepts it if it is a whole database of this or an earlier release, in the currency asked for.
fn accept(path: &Path, options: &StoreOptions, attempt: Attempt) -> Result<(Database, Facts), OpenError> {
    let of = |error: StoreError| OpenError::of(path, error);
    if fs::metadata(path).is_ok_and(|file| file.is_file() && file.len() == 0) {
        return Err(OpenError::Damaged { path: path.to_path_buf(), reason: "it is empty".to_string() });
    }
    let file = ShopFile::on_trial(path, attempt.on_progress).map_err(of)?;
    let database = open_database(path, &file, options.cache_bytes).map_err(of)?;
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
    file.accept().map_err(of)?;
    Ok((database, Facts { currency, ..facts }))
}

/// The same on any storage: an empty one is made into a database first.
pub(crate) fn open_on<B: StorageBackend>(
    storage: impl Fn() -> B + Send + Sync + 'static,
) -> Result<OpenedFile, OpenError> {
    let path = PathBuf::from("memory");
    if storage().len().is_ok_and(|length| length == 0) {
        let made = Builder::new().create_with_backend(storage());
        made.map_err(StoreError::from)
            .and_then(|database| fill(database, Currency::INR))
            .map_err(|error| OpenError::of(&path, error))?;
    }
    let reopen: Reopen = Box::new(move || {
        let mut builder = Builder::new();
        builder.set_cache_size(STORAGE_CACHE_BYTES).set_check_integrity_on_open(true);
        Ok(builder.create_with_backend(storage())?)
    });
    let of = |error: StoreError| OpenError::of(&path, error);
    let database = reopen().map_err(of)?;
    let facts = read_facts(&database).map_err(of)?;
    start_run(database, reopen, path, facts, None)
}

/// Notes the start of a run in a file that is accepted.
fn start_run(
    database: Database,
    reopen: Reopen,
    path: PathBuf,
    facts: Facts,
    lock: Option<File>,
) -> Result<OpenedFile, OpenError> {
    let of = |error: StoreError| OpenError::of(&path, error);
    upgrade::upgrade(&database).map_err(of)?;
    let (run_number, run_id) = note_run(&database).map_err(of)?;
    Ok(OpenedFile { database, reopen, path, facts, run_number, run_id, lock })
}

/// Verifies the checksum of every page: without that, redb would serve flipped bits as data.
pub(crate) fn open_database(path: &Path, file: &ShopFile, cache_bytes: usize) -> Result<Database, StoreError> {
    if fs::metadata(path).map_err(DatabaseError::from)?.len() == 0 {
        // redb would take an empty file for a new one and answer with an empty shop.
        return Err(StoreError::Malformed("file of zero bytes"));
    }
    let checked = file.clone();
    let database = Builder::new()
        .set_cache_size(cache_bytes)
        .set_check_integrity_on_open(true)
        .set_repair_callback(move |session| checked.note_part(session))
        .create_with_backend(file.clone())?;
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
    fill(Builder::new().create(&temporary)?, options.currency.unwrap_or(Currency::INR))?;
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
        let mut meta = transaction.open_table(META)?;
        meta.insert(META_SCHEMA, SCHEMA_VERSION.to_le_bytes().as_slice())?;
        meta.insert(META_FILE_ID, random_id()?.as_slice())?;
        meta.insert(META_CURRENCY, currency.code().as_bytes())?;
        meta.insert(META_DECIMALS, [u8::try_from(currency.decimals()).unwrap_or_default()].as_slice())?;
    }
    transaction.commit()?;
    Ok(database.close()?)
}

/// Writes down that the server was started, so that a client's epoch can be checked against the runs of this file.
fn note_run(database: &Database) -> Result<(u64, String), StoreError> {
    let id = random_id()?;
    let transaction = database.begin_write()?;
    let number = {
        let seq_before = transaction.open_table(CHANGES)?.last()?.map_or(0, |(seq, _)| seq.value());
        let mut runs = transaction.open_table(RUNS)?;
        let number = runs.last()?.map_or(0, |(number, _)| number.value()) + 1;
        runs.insert(number, RunEntry { id, seq_before }.encode().as_slice())?;
        number
    };
    transaction.commit()?;
    Ok((number, hex(&id)))
}
