//! Goal: a disk that fails in the middle of a commit leaves no lie behind. Method: the real store, writer and feed on a disk in
//! memory whose syncs fail when told to, either before or after the bytes have landed; a live client on a real socket.

use std::io::Read;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use tillsync::app::{Answer, SubmitError};

use crate::disk::{Fault, Landed, Operation};
use crate::shop::{DEADLINE, Shop, create, follow, keyed, sequences};

/// From now on every sync fails, until the disk is mended.
fn break_syncs(shop: &Shop, landed: Landed) {
    let fault = Fault { operation: Operation::Sync, after: 0, is_lasting: true, landed, is_panic: false };
    shop.disk.break_by(&[fault]);
}

fn sell_until_stored(shop: &Shop, key: &str) -> Answer {
    shop.send_until_answered(&keyed(key, create(key)))
}

#[test]
fn a_commit_whose_sync_failed_but_landed_is_shown_and_its_repetition_gets_the_stored_answer() {
    let shop = Shop::open();
    let far = follow(&shop);
    let first = shop.sell("first").unwrap();
    break_syncs(&shop, Landed::Everything);
    assert_eq!(shop.sell("second"), Err(SubmitError::OutcomeUnknown));
    shop.disk.mend();
    let second = sell_until_stored(&shop, "second");
    let third = sell_until_stored(&shop, "third");
    assert!(first != second && second != third);
    assert_eq!(shop.sell("second").unwrap(), second);
    shop.app.feed().stop();
    assert_eq!(sequences(far), [1, 2, 3], "each change once, in order, none left out");
    assert_eq!(shop.seq(), 3);
}

#[test]
fn a_commit_whose_sync_failed_and_did_not_land_is_stored_by_its_repetition() {
    let shop = Shop::open();
    let far = follow(&shop);
    shop.sell("first").unwrap();
    break_syncs(&shop, Landed::Nothing);
    assert_eq!(shop.sell("second"), Err(SubmitError::OutcomeUnknown));
    assert!(shop.sell("second").is_err(), "a broken disk never stores");
    shop.disk.mend();
    sell_until_stored(&shop, "second");
    shop.app.feed().stop();
    assert_eq!(sequences(far), [1, 2]);
    assert_eq!(shop.seq(), 2);
}

#[test]
fn what_a_fault_left_unshown_is_shown_without_waiting_for_another_command() {
    let shop = Shop::open();
    let mut far = follow(&shop);
    break_syncs(&shop, Landed::Everything);
    assert_eq!(shop.sell("only"), Err(SubmitError::OutcomeUnknown));
    shop.disk.mend();
    far.set_read_timeout(Some(DEADLINE)).unwrap();
    let mut seen = [0; 512];
    let length = far.read(&mut seen).unwrap();
    assert!(String::from_utf8_lossy(&seen[..length]).contains("\"seq\":1,"));
}

#[test]
fn when_too_many_commands_wait_the_next_one_is_told_so_and_nothing_is_lost() {
    /// More than the queue and a batch take.
    const CALLERS: usize = 1_500;
    let shop = Shop::open();
    let gate = shop.disk.gate.lock().unwrap();
    let refused = AtomicUsize::new(0);
    let stored = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for index in 0..CALLERS {
            let (shop, refused, stored) = (&shop, &refused, &stored);
            let builder = std::thread::Builder::new().stack_size(256 << 10);
            let call = move || match shop.sell(&format!("key {index}")) {
                Ok(_) => stored.fetch_add(1, Ordering::SeqCst),
                Err(SubmitError::QueueFull) => refused.fetch_add(1, Ordering::SeqCst),
                Err(other) => panic!("{other:?}"),
            };
            builder.spawn_scoped(scope, call).unwrap();
        }
        let deadline = Instant::now() + DEADLINE;
        while refused.load(Ordering::SeqCst) == 0 {
            assert!(Instant::now() < deadline, "nobody was refused");
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        drop(gate);
    });
    let (refused, stored) = (refused.into_inner(), stored.into_inner());
    assert_eq!(refused + stored, CALLERS);
    assert!(stored >= 1_024, "those in the queue are carried out, not {stored}");
    assert_eq!(shop.seq(), stored as u64);
}
