//! Goal: a power cut while the file is made leaves a folder in which the next start succeeds.
//!
//! Method: the making of a file is noted operation by operation. What a cut at each of them leaves of it is put into a real
//! folder under the temporary name, since the file gets its own name when it is whole, and the real store opens the folder.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use tillsync::store::{JournalOptions, OpenError, Store, StoreOptions};

use crate::simulated::disk::{Disk, Event, Image, Images, after_cut};
use crate::simulated::shop::{HALF_BYTES, Shop};
use crate::support::random::Random;

const TEMPORARY: &str = "tillsync.redb.new";
const FINAL: &str = "tillsync.redb";
const ROUNDS: u64 = 8;

/// What the store does to a new file until it is whole.
fn making() -> Vec<Event> {
    let disk: Arc<Disk> = Arc::default();
    disk.open(HALF_BYTES).unwrap();
    let mut log = disk.log();
    let closed = log.iter().position(|event| matches!(event, Event::Close)).unwrap();
    log.truncate(closed);
    log
}

/// What cuts during the making leave, and the whole file.
fn remains() -> (Vec<Image>, Image) {
    let (mut kept, mut pending, mut remains) = (Images::default(), Vec::new(), Vec::new());
    let log = making();
    for (place, event) in log.iter().enumerate() {
        pending.push(event.clone());
        remains.extend(
            (0..ROUNDS)
                .map(|round| after_cut(&kept, &pending, &mut Random::new(place as u64 * ROUNDS + round)).database),
        );
        if matches!(event, Event::Sync(_)) {
            pending.drain(..).for_each(|event| kept.apply(&event));
        }
    }
    assert!(pending.is_empty(), "before it gets its name, everything of it is synced");
    (remains, kept.database)
}

fn open(folder: &Path) -> Result<Store, OpenError> {
    // What is looked at is the database; a small journal is made sooner.
    let journal = JournalOptions { half_bytes: 16 << 10, ..JournalOptions::default() };
    Store::open(&StoreOptions { directory: folder.to_path_buf(), cache_bytes: 1 << 20, currency: None, journal })
}

/// The folder opens as an empty shop, which sells, and keeps what it has sold.
fn check(folder: &Path) {
    let shop = Shop::run(&Arc::default(), open(folder).unwrap());
    assert_eq!(shop.seq(), 0);
    shop.sell("first").unwrap();
    shop.stop();
    assert_eq!(open(folder).unwrap().snapshot().unwrap().seq().unwrap(), 1);
    assert!(!folder.join(TEMPORARY).exists());
}

#[test]
fn whatever_a_cut_leaves_of_a_file_in_the_making_the_next_start_succeeds() {
    let (remains, whole) = remains();
    for image in &remains {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(TEMPORARY), image.to_bytes()).unwrap();
        check(folder.path());
    }
    // The move to the final name is kept or not.
    for name in [TEMPORARY, FINAL] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(name), whole.to_bytes()).unwrap();
        check(folder.path());
    }
    eprintln!("{} remains of a file in the making", remains.len());
}

#[test]
fn a_file_made_under_its_final_name_would_not_always_open() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(FINAL);
    let refused = remains().0.iter().any(|image| {
        fs::write(&file, image.to_bytes()).unwrap();
        open(folder.path()).is_err()
    });
    assert!(refused);
}
