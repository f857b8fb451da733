//! What the tests share: a real server process in a directory of its own, an HTTP client that shows every byte, and a
//! WebSocket client with deadlines. Nothing here waits for a time; it waits for a condition until a deadline.

pub mod deflated;
pub mod http;
pub mod json;
pub mod keeper;
pub mod people;
pub mod program;
pub mod proxy;
pub mod qr;
pub mod random;
pub mod samples;
pub mod server;
pub mod socket;
pub mod storm;
pub mod sync;
pub mod till;
pub mod visitor;
pub mod wire;

use std::io::Write as _;
use std::time::{Duration, Instant};

/// Far above anything a healthy machine needs, so that only a real fault runs into it.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// Waits until `condition` holds; `what` is said when it never does.
pub fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !condition() {
        assert!(Instant::now() < deadline, "waited {DEADLINE:?} for: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Says that a test cannot run on this machine, which only shows while it runs: a program that is missing is noticed before
/// (`build.rs` beside this). It is written past what `cargo test` keeps to itself of a test that passes.
pub fn skip(why: &str) {
    let name = std::thread::current().name().unwrap_or_default().to_string();
    let _ = writeln!(std::io::stderr(), "SKIPPED: {name}: {why}");
}
