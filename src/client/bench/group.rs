//! The listeners of one thread, and what all threads share with the measurement.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::ledger::Ledger;
use super::listener::{Listener, Tally};
use super::percentile::micros;

/// How often a thread to which nothing comes looks whether the measurement is over.
pub(crate) const IDLE_LOOK_EVERY: Duration = Duration::from_millis(100);

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

    /// Deliveries so far, over all listeners.
    pub(crate) fn deliveries(&self) -> u64 {
        self.deliveries.load(Ordering::Relaxed)
    }

    /// Ends the threads.
    pub(crate) fn end(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }

    /// Whether the threads should end.
    pub(crate) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed) || Instant::now() >= self.deadline
    }
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

    pub(crate) fn into_tally(mut self) -> Tally {
        self.tally.log = self.listeners.iter_mut().filter_map(|listener| listener.log.take()).flatten().collect();
        self.tally
    }
}
