//! Goal: a disk that fails in the middle of a commit leaves no lie behind. Method: the real store, writer and feed on a disk in
//! memory whose syncs fail when told to, either before or after the bytes have landed; a live client on a real socket.

use std::io::Read;
use std::sync::atomic::{AtomicUsize, Ordering};

use tillsync::app::{Answer, Command, SubmitError};
use tillsync::domain::Asker;

use crate::simulated::disk::{Event, Fault, Landed, Operation};
use crate::simulated::shop::{Shop, create, follow, keyed, sale, sequences};
use crate::support::{DEADLINE, wait_until};

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

/// More than is read at once: the parts follow each other without a gap, and nobody is asked to hold all of it.
#[test]
fn what_a_fault_left_unshown_is_shown_in_parts_however_large_it_is() {
    const LARGE: usize = 4;
    /// Lines of 50 bytes: half a mebibyte.
    const LINES: u32 = 10_000;
    const BYTES_AT_ONCE: usize = 1 << 20;
    let shop = Shop::open();
    let far = follow(&shop);
    let large = |index: usize| {
        keyed(&format!("large {index}"), Command::CreateEstimate(Box::new(sale(&format!("large {index}"), LINES))))
    };
    let gate = shop.disk.gate.lock().unwrap();
    // The first is being committed when the others come, so that they share the commit after it, whose sync fails.
    let fault =
        Fault { operation: Operation::Sync, after: 1, is_lasting: true, landed: Landed::Everything, is_panic: false };
    shop.disk.break_by(&[fault]);
    let before = shop.disk.log().len();
    std::thread::scope(|scope| {
        let first = scope.spawn(|| shop.sell("first"));
        wait_until("the first commit has begun", || shop.disk.log().len() > before);
        let calls: Vec<_> = (0..LARGE)
            .map(|index| {
                let (shop, call) = (&shop, large(index));
                scope.spawn(move || {
                    shop.disk.note(Event::Sent(index));
                    shop.send(&call)
                })
            })
            .collect();
        let is_sent = |index| shop.disk.log().iter().any(|event| matches!(event, Event::Sent(sent) if *sent == index));
        wait_until("all are sent", || (0..LARGE).all(is_sent));
        drop(gate);
        first.join().unwrap().unwrap();
        for call in calls {
            assert!(call.join().unwrap().is_err(), "none is answered that is not stored for certain");
        }
    });
    shop.disk.mend();
    for index in 0..LARGE {
        shop.send_until_answered(&large(index));
    }
    let snapshot = shop.app.read(Asker::Anybody).unwrap();
    let (part, read_to) = snapshot.changes_after(0, usize::MAX, BYTES_AT_ONCE).unwrap();
    assert!(part.len() < 1 + LARGE && read_to < 1 + LARGE as u64, "{read_to}");
    shop.app.feed().stop();
    assert_eq!(sequences(far), [1, 2, 3, 4, 5], "each change once, in order, none left out");
    assert_eq!(shop.seq(), 1 + LARGE as u64);
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
        wait_until("somebody to be refused", || refused.load(Ordering::SeqCst) > 0);
        drop(gate);
    });
    let (refused, stored) = (refused.into_inner(), stored.into_inner());
    assert_eq!(refused + stored, CALLERS);
    assert!(stored >= 1_024, "those in the queue are carried out, not {stored}");
    assert_eq!(shop.seq(), stored as u64);
}
