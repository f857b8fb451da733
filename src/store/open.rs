//! Making and opening the file.

use std::cell::Cell;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, RwLock};
use std::time::{Duration, Instant};

use redb::{Builder, Database, DatabaseError, ReadableDatabase, ReadableTable, StorageBackend};

use super::run::{Run, hex, random_id};
use super::tables::{
    ANSWER_LOG, ANSWERS, CHANGES, ESTIMATES, ESTIMATES_SEARCH, META, META_CURRENCY, META_FILE_ID, META_SCHEMA, ORDERS,
    ORDERS_SEARCH, RUNS, SCHEMA_VERSION,
};
use super::{OpenError, Opener, Store, StoreError, StoreOptions};
use crate::domain::Currency;

const FILE_NAME: &str = "tillsync.redb";
const LOCK_NAME: &str = "tillsync.lock";
/// For a storage that is no file: so little that reading reaches it.
const STORAGE_CACHE_BYTES: usize = 1 << 20;

pub(super) fn open(options: &StoreOptions) -> Result<Store, OpenError> {
    let folder_error = |source| OpenError::Folder { path: options.directory.clone(), source };
    fs::create_dir_all(&options.directory).map_err(folder_error)?;
    let path = options.directory.join(FILE_NAME);
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

    if !path.exists() {
        create(&options.directory, &path, options).map_err(|error| unreadable(&path, &error))?;
    }
    let database = open_database(&path, options.cache_bytes).map_err(|error| match error {
        StoreError::Database(redb::Error::DatabaseAlreadyOpen) => OpenError::InUse(path.clone()),
        error => unreadable(&path, &error),
    })?;
    let (opener_path, cache_bytes) = (path.clone(), options.cache_bytes);
    let opener: Opener = Box::new(move || {
        crate::process::forget_cached(&opener_path).map_err(DatabaseError::from)?;
        open_database(&opener_path, cache_bytes)
    });
    start_run(database, opener, path, options.currency, Some(lock))
}

/// The same on any storage: an empty one is made into a database first.
pub(super) fn open_on<B: StorageBackend>(storage: impl Fn() -> B + Send + Sync + 'static) -> Result<Store, OpenError> {
    let path = PathBuf::from("memory");
    if storage().len().is_ok_and(|length| length == 0) {
        let made = Builder::new().create_with_backend(storage());
        made.map_err(StoreError::from)
            .and_then(|database| fill(database, Currency::INR))
            .map_err(|error| unreadable(&path, &error))?;
    }
    let opener: Opener = Box::new(move || {
        let mut builder = Builder::new();
        builder.set_cache_size(STORAGE_CACHE_BYTES).set_check_integrity_on_open(true);
        Ok(builder.create_with_backend(storage())?)
    });
    let database = opener().map_err(|error| unreadable(&path, &error))?;
    start_run(database, opener, path, None, None)
}

/// Reads what the file says of itself and notes the start of a run.
fn start_run(
    database: Database,
    opener: Opener,
    path: PathBuf,
    asked: Option<Currency>,
    lock: Option<File>,
) -> Result<Store, OpenError> {
    let facts = upgrade(&database).map_err(|error| match error {
        UpgradeError::Newer(found) => OpenError::Newer { path: path.clone(), found, known: SCHEMA_VERSION },
        UpgradeError::Store(error) => unreadable(&path, &error),
    })?;
    let currency = match asked {
        Some(asked) if asked.decimals() != facts.currency.decimals() => {
            return Err(OpenError::OtherCurrency {
                file: facts.currency.code().to_string(),
                asked: asked.code().to_string(),
            });
        }
        asked => asked.unwrap_or(facts.currency),
    };
    let (run_number, run_id) = note_run(&database).map_err(|error| unreadable(&path, &error))?;
    Ok(Store {
        database: RwLock::new(Some(database.into())),
        opener,
        last_attempt: Mutex::new(None),
        path,
        currency,
        file_id: facts.file_id,
        run_id,
        run_number,
        is_closed: AtomicBool::new(false),
        _lock: lock,
    })
}

fn unreadable(path: &Path, error: &StoreError) -> OpenError {
    OpenError::Unreadable { path: path.to_path_buf(), reason: error.to_string() }
}

/// Opens an existing file and verifies the checksum of every page: without that, redb would serve flipped bits as data.
pub(super) fn open_database(path: &Path, cache_bytes: usize) -> Result<Database, StoreError> {
    let length = fs::metadata(path).map_err(DatabaseError::from)?.len();
    if length == 0 {
        // redb would take an empty file for a new one and answer with an empty shop.
        return Err(StoreError::Malformed("file of zero bytes"));
    }
    let database = Builder::new()
        .set_cache_size(cache_bytes)
        .set_check_integrity_on_open(true)
        .set_repair_callback(progress_of_check())
        .open(path)?;
    Ok(database)
}

/// Writes the progress of a long check to the log, now and then.
fn progress_of_check() -> impl Fn(&mut redb::RepairSession) {
    const LOG_EVERY: Duration = Duration::from_secs(1);
    let last = Cell::new(Instant::now());
    move |session| {
        if last.get().elapsed() >= LOG_EVERY {
            log::info!("Checking the database: {:.0} %", session.progress() * 100.0);
            last.set(Instant::now());
        }
    }
}

/// Makes the file under another name and moves it into place when it is whole: a power cut during redb's own creation
/// would leave a file that never opens.
fn create(directory: &Path, path: &Path, options: &StoreOptions) -> Result<(), StoreError> {
    let io = |error: std::io::Error| StoreError::from(DatabaseError::from(error));
    let temporary: PathBuf = directory.join(format!("{FILE_NAME}.new"));
    match fs::remove_file(&temporary) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(io(error)),
        _ => {}
    }
    fill(Builder::new().create(&temporary)?, options.currency.unwrap_or(Currency::INR))?;
    fs::rename(&temporary, path).map_err(io)?;
    crate::process::sync_directory(directory).map_err(io)
}

/// Makes a new database whole and closes it, so that no byte of it is left to be synced.
fn fill(database: Database, currency: Currency) -> Result<(), StoreError> {
    let transaction = database.begin_write()?;
    {
        transaction.open_table(ESTIMATES)?;
        transaction.open_table(ORDERS)?;
        transaction.open_table(ESTIMATES_SEARCH)?;
        transaction.open_table(ORDERS_SEARCH)?;
        transaction.open_table(CHANGES)?;
        transaction.open_table(ANSWERS)?;
        transaction.open_table(ANSWER_LOG)?;
        transaction.open_table(RUNS)?;
        let mut meta = transaction.open_table(META)?;
        meta.insert(META_SCHEMA, SCHEMA_VERSION.to_le_bytes().as_slice())?;
        meta.insert(META_FILE_ID, random_id()?.as_slice())?;
        meta.insert(META_CURRENCY, currency.code().as_bytes())?;
    }
    transaction.commit()?;
    Ok(database.close()?)
}

struct Facts {
    file_id: String,
    currency: Currency,
}

enum UpgradeError {
    Newer(u32),
    Store(StoreError),
}

impl<E: Into<StoreError>> From<E> for UpgradeError {
    fn from(error: E) -> Self {
        Self::Store(error.into())
    }
}

/// Brings an older file up to [`SCHEMA_VERSION`], one step a version, each in a commit of its own. There is no older
/// version yet; the first step goes where the version is compared.
fn upgrade(database: &Database) -> Result<Facts, UpgradeError> {
    let malformed = || StoreError::Malformed("fact about the file");
    let transaction = database.begin_read()?;
    let meta = transaction.open_table(META)?;
    let fact = |name| -> Result<Vec<u8>, StoreError> { Ok(meta.get(name)?.ok_or_else(malformed)?.value().to_vec()) };
    let schema = u32::from_le_bytes(fact(META_SCHEMA)?.try_into().map_err(|_| malformed())?);
    if schema > SCHEMA_VERSION {
        return Err(UpgradeError::Newer(schema));
    }
    let currency = String::from_utf8(fact(META_CURRENCY)?).map_err(|_| malformed())?;
    Ok(Facts { file_id: hex(&fact(META_FILE_ID)?), currency: Currency::from_code(&currency).ok_or_else(malformed)? })
}

/// Writes down that the server was started, so that a client's epoch can be checked against the runs of this file.
fn note_run(database: &Database) -> Result<(u64, String), StoreError> {
    let id = random_id()?;
    let transaction = database.begin_write()?;
    let number = {
        let seq_before = transaction.open_table(CHANGES)?.last()?.map_or(0, |(seq, _)| seq.value());
        let mut runs = transaction.open_table(RUNS)?;
        let number = runs.last()?.map_or(0, |(number, _)| number.value()) + 1;
        runs.insert(number, Run { id, seq_before }.encode().as_slice())?;
        number
    };
    transaction.commit()?;
    Ok((number, hex(&id)))
}
