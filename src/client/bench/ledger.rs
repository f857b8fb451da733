//! What came when: for each change how many listeners have it, and when the first, the median and the last of them got it.
//!
//! Keeping each delivery's time would be millions of numbers, and a map behind a lock would cost more than the delivery.
//! Here a delivery is one atomic addition, whose result is its rank among the listeners: only the ranks that are reported
//! are stored. `seq` is contiguous while nothing but creates is stored, so it is the index.

use std::sync::atomic::{AtomicU32, Ordering};

/// A measurement stops before it has more changes than this; 64 MiB.
pub(crate) const CHANGES_MAX: u64 = 4 << 20;

/// The deliveries of one measurement.
pub(crate) struct Ledger {
    /// Changes up to this one are older than the measurement.
    base_seq: u64,
    listeners: u32,
    entries: Vec<LedgerEntry>,
}

#[derive(Default)]
struct LedgerEntry {
    deliveries: AtomicU32,
    first_us: AtomicU32,
    median_us: AtomicU32,
    last_us: AtomicU32,
}

/// When a change arrived, in microseconds of the measurement.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Arrivals {
    pub(crate) deliveries: u32,
    pub(crate) first_us: u32,
    pub(crate) median_us: u32,
    pub(crate) last_us: u32,
}

impl Ledger {
    /// A ledger for up to `changes` changes behind `base_seq`.
    pub(crate) fn new(base_seq: u64, changes: u64, listeners: usize) -> Self {
        let changes = usize::try_from(changes.min(CHANGES_MAX)).unwrap_or(usize::MAX);
        Self {
            base_seq,
            listeners: u32::try_from(listeners).unwrap_or(u32::MAX),
            entries: std::iter::repeat_with(LedgerEntry::default).take(changes).collect(),
        }
    }

    /// Notes that a listener has got a change. A change outside of the measurement is not noted.
    pub(crate) fn note(&self, seq: u64, now_us: u32) {
        let Some(entry) = self.entry(seq) else { return };
        let rank = entry.deliveries.fetch_add(1, Ordering::Relaxed) + 1;
        if rank == 1 {
            entry.first_us.store(now_us, Ordering::Relaxed);
        }
        if rank == self.listeners.div_ceil(2) {
            entry.median_us.store(now_us, Ordering::Relaxed);
        }
        if rank == self.listeners {
            entry.last_us.store(now_us, Ordering::Relaxed);
        }
    }

    /// When a change arrived, if all listeners got it.
    pub(crate) fn arrivals(&self, seq: u64) -> Option<Arrivals> {
        let arrivals = self.entry(seq)?.load();
        (arrivals.deliveries == self.listeners).then_some(arrivals)
    }

    /// Deliveries that did not come, of the changes up to `end_seq`, of which `acknowledged` are known to be stored. A
    /// change that nobody got leaves no trace but that there are fewer changes than acknowledged creates; changes of
    /// other people (when a server in use is measured) may hide that, never invent it.
    pub(crate) fn lost(&self, end_seq: u64, acknowledged: u64) -> u64 {
        let mut seen = 0;
        let mut lost = 0;
        for entry in self.entries.iter().zip(self.base_seq + 1..=end_seq).map(|(entry, _)| entry.load()) {
            if entry.deliveries > 0 {
                seen += 1;
                lost += u64::from(self.listeners.saturating_sub(entry.deliveries));
            }
        }
        lost + acknowledged.saturating_sub(seen) * u64::from(self.listeners)
    }

    fn entry(&self, seq: u64) -> Option<&LedgerEntry> {
        let index = seq.checked_sub(self.base_seq + 1)?;
        self.entries.get(usize::try_from(index).ok()?)
    }
}

impl LedgerEntry {
    fn load(&self) -> Arrivals {
        Arrivals {
            deliveries: self.deliveries.load(Ordering::Relaxed),
            first_us: self.first_us.load(Ordering::Relaxed),
            median_us: self.median_us.load(Ordering::Relaxed),
            last_us: self.last_us.load(Ordering::Relaxed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_median_and_last_of_the_listeners_are_kept() {
        let ledger = Ledger::new(10, 3, 3);
        for now_us in [5, 6, 9] {
            assert_eq!(ledger.arrivals(11), None);
            ledger.note(11, now_us);
        }
        assert_eq!(ledger.arrivals(11), Some(Arrivals { deliveries: 3, first_us: 5, median_us: 6, last_us: 9 }));
        assert_eq!(ledger.arrivals(12), None);
        let alone = Ledger::new(0, 1, 1);
        alone.note(1, 7);
        assert_eq!(alone.arrivals(1), Some(Arrivals { deliveries: 1, first_us: 7, median_us: 7, last_us: 7 }));
    }

    #[test]
    fn a_missing_delivery_is_a_loss() {
        let ledger = Ledger::new(10, 100, 2);
        for seq in [11, 11, 12, 12, 13] {
            ledger.note(seq, 1);
        }
        assert_eq!(ledger.lost(12, 2), 0);
        assert_eq!(ledger.lost(13, 3), 1);
        // The change 14 was acknowledged, and nobody has seen it.
        assert_eq!(ledger.lost(14, 4), 3);
    }

    #[test]
    fn changes_outside_of_the_measurement_are_not_counted() {
        let ledger = Ledger::new(10, 2, 2);
        for seq in [0, 9, 10, 13, 1_000] {
            ledger.note(seq, 1);
        }
        assert_eq!(ledger.lost(12, 0), 0);
        assert_eq!(Ledger::new(0, u64::MAX, 1).entries.len() as u64, CHANGES_MAX);
    }
}
