//! Goal: whatever database and journal an owner puts together, nothing that the database's copy held is missing without a word,
//! and nothing is in it that never was.
//!
//! Method: a shop's files are copied at many moments, closed and left open, in two lives that go apart after a backup was put
//! back. Each database is opened with each journal, and with none.

use std::sync::Arc;

use crate::simulated::contents::Contents;
use crate::simulated::disk::{Disk, Image, Images};
use crate::simulated::shop::Shop;
use tillsync::domain::Asker;
use tillsync::store::Store;

/// So small that a few commands fill a half.
const HALF_BYTES: usize = 16 << 10;

/// The files at one moment.
struct Copy {
    images: Images,
    contents: Contents,
    is_closed: bool,
    /// Which of the two lives it is of.
    life: usize,
}

/// Sells for a while, with copies now and then, and closes.
fn live(disk: &Arc<Disk>, life: usize, copies: &mut Vec<Copy>) {
    let run = copies.len();
    let shop = Shop::run(disk, disk.open(HALF_BYTES).unwrap());
    for number in 0..24 {
        shop.sell(&format!("customer {number} of run {run}")).unwrap();
        if number % 3 == 0 {
            let contents = Contents::read(&shop.app.read(Asker::Anybody).unwrap()).unwrap();
            copies.push(Copy { images: disk.kept(), contents, is_closed: false, life });
        }
    }
    let contents = Contents::read(&shop.app.read(Asker::Anybody).unwrap()).unwrap();
    shop.stop();
    copies.push(Copy { images: disk.kept(), contents, is_closed: true, life });
}

fn open(database: &Image, journal: &Image) -> Option<(Store, Contents)> {
    let disk = Disk::holding(Images { database: database.clone(), journal: journal.clone() });
    let store = disk.open(HALF_BYTES).ok()?;
    let snapshot = store.snapshot().unwrap().into();
    let contents = Contents::read(&snapshot).unwrap();
    contents.check(&snapshot).unwrap();
    drop(snapshot);
    Some((store, contents))
}

#[test]
fn every_mixture_of_a_database_and_a_journal_is_refused_or_lacks_nothing() {
    let mut copies = Vec::new();
    let disk: Arc<Disk> = Arc::default();
    live(&disk, 0, &mut copies);
    let backup = disk.kept();
    live(&disk, 0, &mut copies);
    // The backup is put back with the journal that is there, and the shop goes on otherwise.
    let restored = Disk::holding(Images { database: backup.database, journal: disk.kept().journal });
    live(&restored, 1, &mut copies);

    let (mut refused, mut whole) = (0, 0);
    for (place, database) in copies.iter().enumerate() {
        for (other, journal) in copies.iter().enumerate() {
            let opened = open(&database.images.database, &journal.images.journal);
            let what = format!("database {place} with journal {other}");
            let Some((_, contents)) = opened else {
                assert!(place != other && !database.is_closed, "{what} is refused");
                refused += 1;
                continue;
            };
            whole += 1;
            if place == other || database.is_closed {
                assert!(contents == database.contents, "{what}: at {} and not {}", contents.seq, database.contents.seq);
                continue;
            }
            if is_same_but_for_room(&database.images.database, &journal.images.database) {
                assert!(contents == journal.contents, "{what}: at {} and not {}", contents.seq, journal.contents.seq);
                continue;
            }
            // A journal of a later moment may have more of the same life.
            let same = copies.iter().any(|copy| copy.contents == contents && copy.life == database.life);
            assert!(same && contents.seq >= database.contents.seq, "{what}: at {}", contents.seq);
        }
        let alone = open(&database.images.database, &Image::default()).map(|(_, contents)| contents);
        assert!(alone.is_none() || database.is_closed, "database {place} lacks its journal");
        assert!(alone.is_none_or(|contents| contents == database.contents), "database {place} alone");
        assert!(alone_is_right(database), "database {place} needs no journal");
    }
    eprintln!("{refused} mixtures refused, {whole} whole");
    assert!(refused > 0 && whole > copies.len());
}

/// Between two checkpoints a database stays the same, whatever is stored, but for room at its end. Then a database and a journal
/// of two moments are those of one.
fn is_same_but_for_room(one: &Image, other: &Image) -> bool {
    one.to_bytes().iter().zip(other.to_bytes()).all(|(one, other)| *one == other)
}

/// A copy that was closed is complete by itself.
fn alone_is_right(database: &Copy) -> bool {
    !database.is_closed || open(&database.images.database, &Image::default()).is_some()
}
