//! Goal: whatever operation of the disk fails, nobody is told that something is stored which is not, and all goes on by
//! itself once the disk is well (promises 1, 3, 4 and 9).
//!
//! Method: create, convert, edit and delete on a disk whose first, second, … write, sync, change of length or read fails, once
//! or from then on, until a command no longer comes so far. Failed syncs bring a part of their bytes to the disk by chance.
//! Reads fail while the file is opened again, since a running server reads from memory.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use tillsync::app::{Command, SubmitError};
use tillsync::domain::{Asker, Conversion};

use crate::simulated::contents::Contents;
use crate::simulated::disk::{Disk, Fault, Images, Landed, Operation};
use crate::simulated::http::{post, serve};
use crate::simulated::shop::{HALF_BYTES, Shop, create, estimate, follow, keyed, sale, sequences};
use crate::support::wait_until;

const OPERATIONS: [Operation; 4] = [Operation::Read, Operation::Write, Operation::SetLength, Operation::Sync];

/// Halves of a journal: of a shop's size, and so small that nearly every command is a checkpoint.
const HALVES_BYTES: [usize; 2] = [HALF_BYTES, 8 << 10];

/// What is done, and how many entries of the log it makes.
fn commands() -> [(&'static str, Command, u64); 5] {
    // So large that the file must grow.
    let large = || Box::new(sale("large", 16_000));
    [
        ("create", create("small"), 1),
        ("create large", Command::CreateEstimate(large()), 1),
        ("convert", Command::ConvertEstimate(estimate(1), Conversion::default()), 2),
        ("edit", Command::EditEstimate(estimate(2), large()), 1),
        ("delete", Command::DeleteEstimate(estimate(3)), 1),
    ]
}

/// A shop with a few estimates; the first is so large that its order does not fit into the file as it is.
fn a_closed_shop() -> Images {
    let shop = Shop::open();
    shop.send(&keyed("first", Command::CreateEstimate(Box::new(sale("first", 16_000))))).unwrap();
    for key in ["second", "third", "fourth"] {
        shop.sell(key).unwrap();
    }
    let disk = Arc::clone(&shop.disk);
    shop.stop();
    disk.kept()
}

/// What would be there after a power cut.
fn durable(disk: &Disk) -> Contents {
    let store = Disk::holding(disk.kept()).open(HALF_BYTES).unwrap();
    Contents::read(&store.snapshot().unwrap().into()).unwrap()
}

/// What came of a fault.
struct Outcome {
    /// Operations that failed.
    failed: usize,
    /// From the end of the fault until the file could be read again.
    recovery: Duration,
}

fn strike(base: &Images, half_bytes: usize, command: &Command, changes: u64, faults: &[Fault]) -> Outcome {
    let disk = Disk::holding(base.clone());
    let shop = Shop::run(&disk, disk.open(half_bytes).unwrap());
    // The journal's half is not empty, and with small halves nearly full.
    shop.sell("before").unwrap();
    let far = follow(&shop);
    let shown = thread::spawn(move || sequences(far));
    let before = shop.seq();
    let submission = keyed("struck", command.clone());
    shop.disk.break_by(faults);
    let mut told = None;
    for turn in 0..2 {
        match shop.send(&submission) {
            Ok(answer) => {
                assert!(answer.status < 300, "{answer:?}");
                assert_eq!(durable(&shop.disk).seq, before + changes, "answered, and not on the disk");
                assert!(told.is_none_or(|told| told == answer), "two answers");
                told = Some(answer);
            }
            // Whether it is stored is unknown; nothing more is known until the file is open again.
            Err(SubmitError::OutcomeUnknown) => assert!(told.is_none(), "taken back"),
            Err(SubmitError::Unavailable) => assert!(turn > 0, "a first failure leaves the outcome unknown"),
            Err(other) => panic!("{other:?}"),
        }
    }
    let failed = shop.disk.mend();
    assert!(failed > 0 || told.is_some(), "an error without a fault");

    let mended = Instant::now();
    wait_until(&format!("the file to be opened again after {faults:?}"), || shop.app.read(Asker::Anybody).is_ok());
    let recovery = mended.elapsed();
    let answer = shop.send_until_answered(&submission);
    assert!(told.is_none_or(|told| told == answer), "two answers");
    assert_eq!(shop.seq(), before + changes, "not stored exactly once");
    shop.send_until_answered(&keyed("afterwards", create("afterwards")));

    let snapshot = shop.app.read(Asker::Anybody).unwrap();
    let contents = Contents::read(&snapshot).unwrap();
    contents.check(&snapshot).unwrap();
    assert_eq!(durable(&shop.disk), contents);
    drop(snapshot);
    shop.stop();
    let shown = shown.join().unwrap();
    assert!(shown.iter().copied().eq(before + 1..=before + changes + 1), "not each change once, in order: {shown:?}");
    Outcome { failed, recovery }
}

/// The faults of one try: the operation fails after so many good ones.
fn faults(operation: Operation, after: usize, is_lasting: bool) -> Vec<Fault> {
    let landed = Landed::Something(after as u64);
    let fault = Fault { operation, after, is_lasting, landed, is_panic: false };
    match operation {
        Operation::Read => vec![Fault { operation: Operation::Sync, after: 0, is_lasting: false, ..fault }, fault],
        _ => vec![fault],
    }
}

#[test]
fn whatever_fails_while_a_journal_is_begun_late_the_shop_sells_on_and_nothing_is_lost() {
    const HALF_BYTES: usize = 16 << 10;
    let begin = |operation, after, is_lasting| {
        let disk: Arc<Disk> = Arc::default();
        let (shop, free_bytes) = Shop::without_room_for_a_journal(&disk, HALF_BYTES);
        shop.sell("before").unwrap();
        disk.break_by(&faults(operation, after, is_lasting));
        disk.lacks_room.store(false, Ordering::SeqCst);
        free_bytes.store(u64::MAX, Ordering::SeqCst);
        let has_journal = || shop.app.journal_counts().bytes.load(Ordering::SeqCst) > 0;
        wait_until("a journal is begun, or that fails", || has_journal() || disk.failed() > 0);
        let failed = disk.mend();
        shop.send_until_answered(&keyed("afterwards", create("afterwards")));
        assert_eq!(durable(&disk).seq, 2, "{operation:?} after {after}");
        shop.stop();
        let shop = Shop::run(&disk, disk.open(HALF_BYTES).unwrap());
        assert_eq!((shop.seq(), shop.app.journal_counts().bytes.load(Ordering::SeqCst) > 0), (2, true));
        shop.stop();
        failed > 0
    };
    let operations = [(Operation::Write, 24), (Operation::Sync, 6), (Operation::SetLength, 2)];
    let kinds = operations.into_iter().flat_map(|kind| [(kind, false), (kind, true)]);
    let cases = kinds.flat_map(|((operation, times), is_lasting)| (0..times).map(move |n| (operation, n, is_lasting)));
    let struck = thread::scope(|scope| {
        let begin = &begin;
        let runs: Vec<_> = cases.map(|(operation, n, lasts)| scope.spawn(move || begin(operation, n, lasts))).collect();
        runs.into_iter().map(|run| usize::from(run.join().unwrap())).sum::<usize>()
    });
    assert!(struck > 30, "{struck}");
}

#[test]
fn whatever_operation_fails_nothing_is_answered_wrongly_and_all_goes_on_by_itself() {
    let base = a_closed_shop();
    let series = commands().into_iter().flat_map(|(name, command, changes)| {
        let kinds =
            OPERATIONS.into_iter().flat_map(|operation| [false, true].map(|is_lasting| (operation, is_lasting)));
        let kinds = kinds.flat_map(|kind| HALVES_BYTES.map(|half_bytes| (kind, half_bytes)));
        kinds.map(move |((operation, is_lasting), half_bytes)| {
            (name, command.clone(), changes, operation, is_lasting, half_bytes)
        })
    });
    let (mut tries, mut growths, mut slowest) = (0, 0, Duration::ZERO);
    thread::scope(|scope| {
        let runs: Vec<_> = series
            .map(|(name, command, changes, operation, is_lasting, half_bytes)| {
                let base = &base;
                let run = move || {
                    let mut slowest = Duration::ZERO;
                    for after in 0.. {
                        let outcome =
                            strike(base, half_bytes, &command, changes, &faults(operation, after, is_lasting));
                        slowest = slowest.max(outcome.recovery);
                        // A read is the second fault, after a sync.
                        if outcome.failed < if operation == Operation::Read { 2 } else { 1 } {
                            return (after, slowest);
                        }
                    }
                    unreachable!("some number of operations is enough")
                };
                (name, operation, scope.spawn(run))
            })
            .collect();
        for (name, operation, run) in runs {
            let (struck, recovery) = run.join().unwrap();
            // A file grows now and then.
            assert!(struck > 0 || operation == Operation::SetLength, "{name} {operation:?} never failed");
            growths += usize::from(operation == Operation::SetLength && struck > 0);
            tries += struck;
            slowest = slowest.max(recovery);
        }
    });
    assert!(growths > 0, "no file has grown");
    eprintln!("{tries} faults; the file was open again at the latest {slowest:?} after the end of one");
}

#[test]
fn a_server_that_could_not_read_reads_again_by_itself_without_any_write() {
    let base = a_closed_shop();
    let mut struck = 0;
    for is_lasting in [false, true] {
        for after in 0.. {
            let shop = Shop::open_on(&Disk::holding(base.clone()));
            // Too large for the memory that the store uses here, so that it comes from the disk each time.
            let read = || shop.app.read(Asker::Anybody).and_then(|snapshot| Ok(snapshot.record(estimate(1))?));
            let expected = read().unwrap();
            assert!(expected.is_some());
            shop.disk.break_by(&faults(Operation::Read, after, is_lasting)[1..]);
            let first = read();
            if shop.disk.mend() == 0 {
                break;
            }
            struck += 1;
            assert!(first.is_err(), "read, though the disk failed");
            wait_until("it to be read again", || read().ok().as_ref() == Some(&expected));
            assert_eq!(shop.sell("afterwards").unwrap().status, 201, "nothing is unknown to a till that comes later");
            shop.stop();
        }
    }
    assert!(struck > 0, "no read reached the disk");
}

#[test]
fn over_http_the_outcome_is_called_unknown_and_the_same_key_settles_it() {
    for landed in [Landed::Nothing, Landed::Everything] {
        let Shop { disk, app } = Shop::open();
        let app = Arc::new(app);
        let (server, address) = serve(&app);
        disk.break_by(&[Fault { operation: Operation::Sync, after: 0, is_lasting: true, landed, is_panic: false }]);
        let (status, head, body) = post(address, "one sale");
        assert_eq!(status, 503, "{body}");
        assert!(body.contains("the outcome is unknown: send it again with the same key"), "{body}");
        assert!(head.contains("Retry-After: 1\r\n"), "{head}");
        assert_eq!(post(address, "one sale").0, 503, "the disk is still broken");
        disk.mend();
        let mut stored = String::new();
        wait_until("it to be stored", || match post(address, "one sale") {
            (201, _, body) => {
                stored = body;
                true
            }
            (503, ..) => false,
            (status, _, body) => panic!("{status} {body}"),
        });
        assert_eq!(post(address, "one sale").2, stored);
        assert_eq!(app.read(Asker::Anybody).unwrap().seq().unwrap(), 1, "stored once");
        server.stop();
    }
}
