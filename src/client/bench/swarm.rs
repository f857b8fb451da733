//! Many listeners on few threads: groups of them, what they share with the measurement, and how they end.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::ledger::Ledger;
use super::listener::{Listener, Tally};
use crate::client::bench::wait::{follow, threads_for};

/// How long the last deliveries may take after the last answer.
pub(crate) const DRAIN_TIME_MAX: Duration = Duration::from_secs(15);
/// If nothing comes for so long, nothing will.
const QUIET_TIME: Duration = Duration::from_secs(2);
/// How often the measurement looks whether all has come.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// How often a thread to which nothing comes looks whether the measurement is over.
pub(crate) const IDLE_LOOK_EVERY: Duration = Duration::from_millis(100);
const STACK_BYTES: usize = 128 << 10;

/// What the threads of a measurement share.
pub(crate) struct Watch {
    /// The measurement's time zero.
    pub(crate) clock: Instant,
    pub(crate) ledger: Ledger,
    /// So far, over all listeners.
    deliveries: AtomicU64,
    is_over: AtomicBool,
    deadline: Instant,
}

impl Watch {
    /// A measurement that begins now and ends by itself after `time_max`.
    pub(crate) fn new(ledger: Ledger, time_max: Duration) -> Arc<Self> {
        let clock = Instant::now();
        Arc::new(Self {
            clock,
            ledger,
            deliveries: AtomicU64::new(0),
            is_over: AtomicBool::new(false),
            deadline: clock + time_max,
        })
    }

    /// Microseconds since the beginning.
    pub(crate) fn now_us(&self) -> u32 {
        micros(self.clock.elapsed())
    }

    /// Whether the threads should end.
    pub(crate) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed) || Instant::now() >= self.deadline
    }
}

/// A time in microseconds; an hour fits.
pub(crate) fn micros(time: Duration) -> u32 {
    u32::try_from(time.as_micros()).unwrap_or(u32::MAX)
}

/// The listeners of one thread.
pub(crate) struct Group {
    pub(crate) listeners: Vec<Listener>,
    pub(crate) watch: Arc<Watch>,
    pub(crate) tally: Tally,
}

impl Group {
    /// Checks what listener `index` got.
    pub(crate) fn take(&mut self, index: usize, bytes: &[u8]) {
        let Some(listener) = self.listeners.get_mut(index) else { return };
        let before = self.tally.deliveries;
        listener.take(bytes, self.watch.now_us(), &self.watch.ledger, &mut self.tally);
        self.watch.deliveries.fetch_add(self.tally.deliveries - before, Ordering::Relaxed);
    }

    /// Notes that listener `index` will get no more.
    pub(crate) fn end(&mut self, index: usize) {
        if let Some(listener) = self.listeners.get_mut(index) {
            listener.end(&mut self.tally);
        }
    }

    fn into_tally(mut self) -> Tally {
        self.tally.log = self.listeners.iter_mut().filter_map(|listener| listener.log.take()).flatten().collect();
        self.tally
    }
}

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
            let deliveries = self.watch.deliveries.load(Ordering::Relaxed);
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
        self.watch.is_over.store(true, Ordering::Relaxed);
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
        self.watch.is_over.store(true, Ordering::Relaxed);
    }
}

fn spawn(mut group: Group) -> io::Result<JoinHandle<io::Result<Tally>>> {
    thread::Builder::new().name("listeners".into()).stack_size(STACK_BYTES).spawn(move || {
        follow(&mut group)?;
        Ok(group.into_tally())
    })
}
