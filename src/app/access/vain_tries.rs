//! What is tried in vain: summed in memory, and written to the audit at most once a minute for each kind, so that nobody fills
//! the disk by it.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

/// Between two entries.
const ENTRY_EVERY_SECONDS: u64 = 60;
/// Kinds that are told apart; further ones wait until there is room.
const KINDS_MAX: usize = 1_024;

/// The sums since the last entry of each kind.
pub(crate) struct VainTries<K>(Mutex<HashMap<K, Sum>>);

struct Sum {
    count: u64,
    last_entry: u64,
}

impl<K> Default for VainTries<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash> VainTries<K> {
    /// Counts one. If an entry is due, gives how many there were.
    pub fn note(&self, kind: K, now: u64) -> Option<u64> {
        let mut sums = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = |sum: &Sum| now.saturating_sub(sum.last_entry) >= ENTRY_EVERY_SECONDS;
        if let Some(sum) = sums.get_mut(&kind) {
            sum.count += 1;
            if !is_due(sum) {
                return None;
            }
            sum.last_entry = now;
            return Some(std::mem::take(&mut sum.count));
        }
        if sums.len() >= KINDS_MAX {
            // What was told of is forgotten; what was not is counted on.
            sums.retain(|_, sum| sum.count > 0 || !is_due(sum));
            if sums.len() >= KINDS_MAX {
                return None;
            }
        }
        sums.insert(kind, Sum { count: 0, last_entry: now });
        Some(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_makes_one_entry_a_minute_that_counts_it() {
        let sums = VainTries::default();
        assert_eq!(sums.note("strangers", 0), Some(1));
        assert_eq!(sums.note("others", 0), Some(1));
        let entries: Vec<_> = (0..1_000).filter_map(|number| sums.note("strangers", number / 100)).collect();
        assert!(entries.is_empty(), "{entries:?}");
        assert_eq!(sums.note("strangers", 60), Some(1_001));
    }

    #[test]
    fn a_crowd_of_kinds_takes_no_more_room() {
        let sums = VainTries::default();
        let entries = (0..10_000).filter(|number| sums.note(*number, 0).is_some()).count();
        assert_eq!(entries, KINDS_MAX);
        assert_eq!(sums.note(20_000, ENTRY_EVERY_SECONDS), Some(1), "the old ones are forgotten");
    }
}
