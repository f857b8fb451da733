//! Memory of the server: as it is found, and with listeners to whom nothing happens.

use std::thread::sleep;
use std::time::{Duration, Instant};

use super::listener;
use super::report::Memory;
use super::target::Target;

/// For the server to set up its side of the last connections.
const SETTLE_TIME: Duration = Duration::from_millis(500);
/// For the server to notice that the listeners have left.
const LEAVE_TIME_MAX: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Connects listeners, looks, and lets them go. It comes before all other measurements: what those leave behind in the
/// server's memory would be reused by the listeners and hide their share.
pub(crate) fn measure(target: &Target, listeners: usize) -> Result<Memory, String> {
    let at_start_bytes = target.meter().resident_bytes();
    let connected = listener::connect_all(target, listeners)?;
    sleep(SETTLE_TIME);
    let with_idle_listeners_bytes = target.meter().resident_bytes();
    drop(connected);
    wait_until_left(target)?;
    let per_idle_listener_bytes = at_start_bytes
        .zip(with_idle_listeners_bytes)
        .and_then(|(before, with)| with.saturating_sub(before).checked_div(listeners as u64));
    Ok(Memory { at_start_bytes, listeners, with_idle_listeners_bytes, per_idle_listener_bytes })
}

/// Waits until the server counts no listener; if it has others, until the time is over.
fn wait_until_left(target: &Target) -> Result<(), String> {
    let deadline = Instant::now() + LEAVE_TIME_MAX;
    while target.listeners()? > 0 && Instant::now() < deadline {
        sleep(LOOK_EVERY);
    }
    Ok(())
}
