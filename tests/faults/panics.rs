//! Goal: a fault of the program in the middle of a commit ends the process with a clear message, so that it starts again
//! clean from the disk; anywhere else it spoils one request and leaves no lock behind.
//!
//! Method: storage that panics, as the database's own code would. What ends the process runs in one of its own: this test
//! program, started again for one test.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;
use std::sync::Arc;
use std::thread;

use crate::simulated::disk::{Disk, Fault, Landed, Operation};
use crate::simulated::http::{post, request, serve};
use crate::simulated::shop::{HALF_BYTES, Shop, create, estimate, keyed, sale};
use crate::support::DEADLINE;

fn panic_at(operation: Operation) -> Fault {
    Fault { operation, after: 0, is_lasting: true, landed: Landed::Nothing, is_panic: true }
}

fn error_at(operation: Operation) -> Fault {
    Fault { is_lasting: false, is_panic: false, ..panic_at(operation) }
}

/// Set in the processes that are to end.
const OWN_PROCESS: &str = "TILLSYNC_TEST_ENDS_ITS_PROCESS";

/// Whether this is the process that is to end. Elsewhere a test that ends its process runs itself in one of its own.
fn ends_this_process(name: &str) -> bool {
    let is_there = std::env::var_os(OWN_PROCESS).is_some();
    if !is_there {
        run_to_its_end(name);
    }
    is_there
}

/// Runs one of the tests below in a process of its own and returns what it wrote to standard error.
fn run_to_its_end(name: &str) -> String {
    let own = std::env::current_exe().unwrap();
    let output = Command::new(own).args(["--exact", "--nocapture", name]).env(OWN_PROCESS, "1").output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "{name} went on: {errors}");
    #[cfg(unix)]
    assert!(std::os::unix::process::ExitStatusExt::signal(&output.status).is_some(), "not aborted: {errors}");
    errors
}

#[test]
fn a_commit_that_panics_ends_the_process_with_a_clear_message() {
    for name in ["panics::on_a_callers_thread", "panics::on_the_writers_thread"] {
        let errors = run_to_its_end(name);
        assert!(
            errors.contains("tillsync: a commit failed. The process ends; what was answered is on disk.\n"),
            "{errors}"
        );
    }
}

#[test]
fn a_writer_that_panics_between_commits_ends_the_process_too() {
    let errors = run_to_its_end("panics::while_it_brings_the_feed_up");
    assert!(
        errors.contains("tillsync: the writer failed. The process ends; what was answered is on disk.\n"),
        "{errors}"
    );
}

#[test]
fn on_a_callers_thread() {
    if !ends_this_process("panics::on_a_callers_thread") {
        return;
    }
    let shop = Shop::open();
    shop.sell("first").unwrap();
    shop.disk.break_by(&[panic_at(Operation::Write)]);
    let _ = shop.sell("second");
}

#[test]
fn on_the_writers_thread() {
    if !ends_this_process("panics::on_the_writers_thread") {
        return;
    }
    let shop = Shop::open();
    shop.sell("first").unwrap();
    let break_the_next = || {
        let waiting = ["third", "fourth"].map(|key| shop.queue(&keyed(key, create(key))));
        // The first one is in its sync, with all its writes behind it; the others wait for the writer.
        shop.disk.break_by(&[panic_at(Operation::Write)]);
        waiting
    };
    let (_, waiting) = shop.during_the_sync_of(|| shop.sell("second").unwrap(), break_the_next);
    for pending in waiting {
        let _ = pending.wait();
    }
}

#[test]
fn while_it_brings_the_feed_up() {
    if !ends_this_process("panics::while_it_brings_the_feed_up") {
        return;
    }
    let shop = Shop::open();
    shop.disk.break_by(&[error_at(Operation::Sync), error_at(Operation::Read), panic_at(Operation::Read)]);
    // The commit fails, and so does the first opening; the writer tries the next one by itself.
    assert!(shop.sell("first").is_err());
    // That ends the process, long before this ends.
    thread::sleep(DEADLINE);
}

#[test]
fn a_request_that_panics_is_answered_with_500_and_the_next_one_is_served() {
    // Too large for the memory that the store uses here, so that it comes from the disk.
    let Shop { disk, app } = Shop::open_on(&Disk::holding({
        let shop = Shop::open();
        shop.send(&keyed("first", tillsync::app::Command::CreateEstimate(Box::new(sale("first", 16_000))))).unwrap();
        shop.disk.kept()
    }));
    let app = Arc::new(app);
    let (server, address) = serve(&app);
    let line = format!("GET /api/estimates/{}", estimate(1).id());
    disk.break_by(&[panic_at(Operation::Read)]);
    let (status, _, body) = request(address, &line, "", "");
    assert_eq!(status, 500, "{body}");
    disk.mend();
    assert_eq!(request(address, &line, "", "").0, 200);
    assert_eq!(post(address, "second").0, 201);
    server.stop();
}

#[test]
fn a_panic_while_the_file_is_opened_again_leaves_no_lock_behind() {
    let disk = Disk::holding({
        let shop = Shop::open();
        shop.sell("first").unwrap();
        shop.disk.kept()
    });
    let store = disk.open(HALF_BYTES).unwrap();
    disk.break_by(&[error_at(Operation::Write), panic_at(Operation::Read)]);
    let time = tillsync::store::CommitTime {
        at: tillsync::domain::Timestamp { unix_micros: 0, offset_seconds: 0 },
        uptime_seconds: 0,
    };
    let failed = store.commit(time, |batch| batch.remember([1; 16], [1; 16], 1, b"")).is_err();
    assert!(failed);
    let panicked = catch_unwind(AssertUnwindSafe(|| store.snapshot().is_ok())).is_err();
    assert!(panicked, "the storage was not asked");
    disk.mend();
    assert_eq!(store.snapshot().unwrap().seq().unwrap(), 1);
}
