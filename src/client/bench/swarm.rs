//! Many listeners on few threads, and how they end.

use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::group::{Group, Watch};
use super::listener::{Listener, Tally};
use super::wait::{follow, threads_for};

/// How long the last deliveries may take after the last answer.
pub(crate) const DRAIN_TIME_MAX: Duration = Duration::from_secs(15);
/// If nothing comes for so long, nothing will.
const QUIET_TIME: Duration = Duration::from_secs(2);
/// How often the measurement looks whether all has come.
const LOOK_EVERY: Duration = Duration::from_millis(10);
const STACK_BYTES: usize = 128 << 10;

/// The running threads.
pub(crate) struct Swarm {
    watch: Arc<Watch>,
    threads: Vec<JoinHandle<io::Result<Tally>>>,
}

impl Swarm {
    /// Deals the listeners out to as few threads as this system can do with.
    pub(crate) fn start(listeners: Vec<Listener>, watch: &Arc<Watch>) -> io::Result<Self> {
        let threads_max = threads_for(listeners.len());
        let mut hands: Vec<Vec<Listener>> = std::iter::repeat_with(Vec::new).take(threads_max).collect();
        for (index, listener) in listeners.into_iter().enumerate() {
            if let Some(hand) = hands.get_mut(index % threads_max) {
                hand.push(listener);
            }
        }
        let mut swarm = Self { watch: Arc::clone(watch), threads: Vec::with_capacity(threads_max) };
        for listeners in hands {
            let group = Group { listeners, watch: Arc::clone(watch), tally: Tally::default() };
            swarm.threads.push(spawn(group)?);
        }
        Ok(swarm)
    }

    /// Waits until so many deliveries have come, or until no more do.
    pub(crate) fn drain(&self, expected: u64) {
        let deadline = Instant::now() + DRAIN_TIME_MAX;
        let (mut seen, mut quiet_since) = (0, Instant::now());
        while Instant::now() < deadline && quiet_since.elapsed() < QUIET_TIME {
            let deliveries = self.watch.deliveries();
            if deliveries >= expected {
                return;
            }
            if deliveries > seen {
                (seen, quiet_since) = (deliveries, Instant::now());
            }
            thread::sleep(LOOK_EVERY);
        }
    }

    /// Ends the threads and adds up.
    pub(crate) fn finish(mut self) -> io::Result<Tally> {
        self.watch.end();
        let mut sum = Tally::default();
        for thread in self.threads.drain(..) {
            let tally = thread.join().map_err(|_| io::Error::other("a listener's thread has failed"))?;
            sum.add(tally?);
        }
        Ok(sum)
    }
}

impl Drop for Swarm {
    /// A measurement that fails lets its threads end.
    fn drop(&mut self) {
        self.watch.end();
    }
}

fn spawn(mut group: Group) -> io::Result<JoinHandle<io::Result<Tally>>> {
    thread::Builder::new().name("listeners".into()).stack_size(STACK_BYTES).spawn(move || {
        follow(&mut group)?;
        Ok(group.into_tally())
    })
}
