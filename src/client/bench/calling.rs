//! Many callers at once.

use std::io;
use std::thread::{self, ScopedJoinHandle};

use super::caller::{Caller, Calls, Schedule};
use super::wait::{call, threads_for};

const STACK_BYTES: usize = 128 << 10;

/// Runs callers side by side until the schedule ends. Their connections stay open. At a fixed rate each has a thread, so
/// that none is late because of another; else as few threads as this system can do with.
pub(crate) fn run_all(callers: &mut [Caller], schedule: &Schedule) -> io::Result<Calls> {
    let threads = if schedule.rate_per_second.is_some() { callers.len() } else { threads_for(callers.len()) };
    let callers_per_thread = callers.len().div_ceil(threads.max(1)).max(1);
    thread::scope(|scope| {
        let threads: Vec<_> = callers
            .chunks_mut(callers_per_thread)
            .map(|callers| {
                let thread = thread::Builder::new().name("callers".into()).stack_size(STACK_BYTES);
                thread.spawn_scoped(scope, move || run_group(callers, schedule))
            })
            .collect();
        let mut sum = Calls::default();
        for thread in threads {
            sum.add(joined(thread?)?);
        }
        Ok(sum)
    })
}

fn run_group(callers: &mut [Caller], schedule: &Schedule) -> io::Result<Calls> {
    match callers {
        [caller] => caller.run(schedule),
        callers => call(callers, schedule),
    }
}

fn joined(thread: ScopedJoinHandle<'_, io::Result<Calls>>) -> io::Result<Calls> {
    thread.join().unwrap_or_else(|_| Err(io::Error::other("a caller's thread has failed")))
}
