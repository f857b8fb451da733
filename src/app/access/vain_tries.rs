//! What is tried in vain: refusals of those who are let in, and what strangers try. Summed in memory, and noted in the audit at most
//! once a minute for each kind, so that nobody fills the disk by it. The first of a kind is noted at once, the others when their
//! minute is over, or at a proper end.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::domain::{Actor, AuditKind, AuditNote, Right};

/// Between two entries of a kind.
const ENTRY_EVERY_SECONDS: u64 = 60;
/// Kinds that are told apart; further ones wait until there is room.
const KINDS_MAX: usize = 1_024;

/// What was tried in vain and is not noted yet.
#[derive(Default)]
pub(crate) struct VainTries {
    refusals: Mutex<VainSums<(Actor, Right)>>,
    strangers: Mutex<VainSums<()>>,
}

impl VainTries {
    /// Somebody who is let in was refused something. What is to be noted of it now, if anything is.
    pub fn note_refused(&self, actor: Actor, right: Right, address: Option<String>, now: u64) -> Option<AuditNote> {
        let times = lock(&self.refusals).note((actor, right), now)?;
        Some(AuditNote { address, ..refused(actor, right, times) })
    }

    /// A stranger has tried something.
    pub fn note_stranger(&self, address: String, now: u64) -> Option<AuditNote> {
        let times = lock(&self.strangers).note((), now)?;
        Some(AuditNote { address: Some(address), ..strangers(times) })
    }

    /// What was not noted when it happened, and is due now; all of it if `now` is `None`.
    pub fn take_due(&self, now: Option<u64>) -> Vec<AuditNote> {
        let refusals = lock(&self.refusals).take_due(now);
        let refusals = refusals.into_iter().map(|((actor, right), times)| refused(actor, right, times));
        refusals.chain(lock(&self.strangers).take_due(now).into_iter().map(|((), times)| strangers(times))).collect()
    }
}

fn lock<T>(sums: &Mutex<T>) -> MutexGuard<'_, T> {
    sums.lock().unwrap_or_else(PoisonError::into_inner)
}

fn refused(Actor { person, device }: Actor, right: Right, times: u64) -> AuditNote {
    AuditNote {
        person,
        device,
        address: None,
        kind: AuditKind::Refused,
        target: Some(right.name().to_string()),
        detail: Some(said(times)),
    }
}

fn strangers(times: u64) -> AuditNote {
    AuditNote {
        person: 0,
        device: 0,
        address: None,
        kind: AuditKind::Strangers,
        target: None,
        detail: Some(format!("{} since the last entry", said(times))),
    }
}

fn said(times: u64) -> String {
    if times == 1 { "once".to_string() } else { format!("{times} times") }
}

/// The sums since the last entry of each kind.
struct VainSums<K>(HashMap<K, Sum>);

struct Sum {
    count: u64,
    last_entry: u64,
}

impl Sum {
    fn is_due(&self, now: u64) -> bool {
        now.saturating_sub(self.last_entry) >= ENTRY_EVERY_SECONDS
    }
}

impl<K> Default for VainSums<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Eq + Hash + Copy> VainSums<K> {
    /// Counts one. If an entry is due, gives how many there were.
    fn note(&mut self, kind: K, now: u64) -> Option<u64> {
        if let Some(sum) = self.0.get_mut(&kind) {
            sum.count += 1;
            if !sum.is_due(now) {
                return None;
            }
            sum.last_entry = now;
            return Some(std::mem::take(&mut sum.count));
        }
        if self.0.len() >= KINDS_MAX {
            // What was told of is forgotten; what was not is counted on.
            self.0.retain(|_, sum| sum.count > 0 || !sum.is_due(now));
            if self.0.len() >= KINDS_MAX {
                return None;
            }
        }
        self.0.insert(kind, Sum { count: 0, last_entry: now });
        Some(1)
    }

    fn take_due(&mut self, now: Option<u64>) -> Vec<(K, u64)> {
        let is_due = |sum: &Sum| sum.count > 0 && now.is_none_or(|now| sum.is_due(now));
        let due = self.0.iter_mut().filter(|(_, sum)| is_due(sum));
        due.map(|(kind, sum)| {
            sum.last_entry = now.unwrap_or(sum.last_entry);
            (*kind, std::mem::take(&mut sum.count))
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_makes_one_entry_a_minute_that_counts_it() {
        let mut sums = VainSums::default();
        assert_eq!(sums.note("strangers", 0), Some(1));
        assert_eq!(sums.note("others", 0), Some(1));
        let entries: Vec<_> = (0..1_000).filter_map(|number| sums.note("strangers", number / 100)).collect();
        assert!(entries.is_empty(), "{entries:?}");
        assert_eq!(sums.note("strangers", 60), Some(1_001));
    }

    #[test]
    fn what_was_summed_is_noted_when_its_minute_is_over_or_at_the_end_though_nothing_follows() {
        let tries = VainTries::default();
        let till = Actor { person: 3, device: 7 };
        let address = || Some("192.168.1.7".to_string());
        let first = tries.note_refused(till, Right::Settings, address(), 10).unwrap();
        assert_eq!((first.person, first.device, first.address), (3, 7, address()));
        assert_eq!(tries.take_due(Some(100)), [], "it was noted");
        for _ in 0..5 {
            assert_eq!(tries.note_refused(till, Right::Settings, address(), 20), None);
        }
        assert!(tries.note_stranger("192.168.1.8".to_string(), 20).is_some());
        assert_eq!(tries.note_stranger("192.168.1.8".to_string(), 30), None);
        assert_eq!(tries.take_due(Some(69)), []);
        assert_eq!(tries.take_due(Some(70)), [refused(till, Right::Settings, 5)]);
        assert_eq!(tries.take_due(Some(70)), [], "it is noted once");
        assert_eq!(tries.take_due(None), [strangers(1)], "at the end whatever is left");
        assert_eq!(tries.note_refused(till, Right::Settings, address(), 129), None, "a minute begins anew");
    }

    #[test]
    fn a_crowd_of_kinds_takes_no_more_room() {
        let mut sums = VainSums::default();
        let entries = (0..10_000).filter(|number| sums.note(*number, 0).is_some()).count();
        assert_eq!(entries, KINDS_MAX);
        assert_eq!(sums.note(20_000, ENTRY_EVERY_SECONDS), Some(1), "the old ones are forgotten");
    }
}
