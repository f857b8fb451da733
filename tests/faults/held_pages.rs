//! Goal: the pages that wait in memory for the next checkpoint of the database are bounded. Method: a journal of which half is
//! far from full when large records, which the database's memory cannot hold, have filled what may wait; the checkpoint comes
//! without it.

use std::sync::Arc;

use tillsync::app::Command;

use crate::simulated::disk::Disk;
use crate::simulated::shop::{Shop, keyed, sale};

const HALF_BYTES: usize = 32 << 20;
/// Of 30 KB.
const LARGE_ITEMS: u32 = 600;
/// They take 12 MB of the journal.
const STORED_MAX: u32 = 400;

#[test]
fn a_checkpoint_comes_before_the_pages_that_wait_are_too_many() {
    let disk: Arc<Disk> = Arc::default();
    let shop = Shop::run(&disk, disk.open(HALF_BYTES).unwrap());
    let mut stored = 0;
    while shop.app.journal_counts().checkpoint_seconds.count() == 0 {
        assert!(stored < STORED_MAX, "everything waits in memory, or was written before its time");
        let large = Command::CreateEstimate(Box::new(sale("large", LARGE_ITEMS)));
        shop.send(&keyed(&format!("large {stored}"), large)).unwrap();
        stored += 1;
    }
    shop.stop();
}
