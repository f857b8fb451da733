//! A manager's nod: one command that was refused for want of a right, and that somebody who has it allows, once. It is used up
//! when what it allowed is stored: the repetition of a command whose commit failed needs no other.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::domain::{Right, Rights};

/// For so long a refused command can be allowed.
const REFUSED_SECONDS: u64 = 10 * 60;
/// For so long it may then be carried out.
pub const NOD_SECONDS: u64 = 60;
/// Refused commands that are remembered; the oldest make room.
const REFUSED_MAX: usize = 1_024;

/// The refused commands. In memory only: after a restart one asks again.
#[derive(Default)]
pub(crate) struct Nods {
    refused: Mutex<HashMap<NodKey, Nod>>,
    /// Those whose commands are in the commit that is on its way.
    used: Mutex<Vec<NodKey>>,
}

/// A command: the fingerprint of its key, which names the device too, and of what was asked for under the key. Another content is
/// another command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct NodKey {
    fingerprint: [u8; 16],
    payload: [u8; 16],
}

struct Nod {
    refused_at: u64,
    missing: Rights,
    allowed: Option<Allowed>,
    /// What it allowed is stored: a repetition is answered by that, and nothing more is allowed.
    is_used: bool,
}

#[derive(Clone, Copy)]
struct Allowed {
    by: u32,
    at: u64,
}

impl Nods {
    /// Notes that a command was refused. One that is refused again for something else lacks both.
    pub fn note_refused(&self, fingerprint: [u8; 16], payload: [u8; 16], right: Right, now: u64) {
        if !right.may_be_lent() {
            return;
        }
        let mut nods = self.nods();
        nods.retain(|_, nod| !nod.is_over(now));
        if nods.len() >= REFUSED_MAX
            && let Some(oldest) = nods.iter().min_by_key(|(_, nod)| nod.refused_at).map(|(key, _)| *key)
        {
            nods.remove(&oldest);
        }
        let new = Nod { refused_at: now, missing: Rights::NONE, allowed: None, is_used: false };
        let nod = nods.entry(NodKey { fingerprint, payload }).or_insert(new);
        nod.missing = nod.missing.iter().chain([right]).collect();
        nod.refused_at = now;
    }

    /// What the command lacked that was refused last under this key, if there is one, and what it asks for.
    pub fn missing(&self, fingerprint: [u8; 16], now: u64) -> Option<(Rights, [u8; 16])> {
        let nods = self.nods();
        let own = nods.iter().filter(|(key, nod)| key.fingerprint == fingerprint && !nod.is_used && !nod.is_over(now));
        own.max_by_key(|(_, nod)| nod.refused_at).map(|(key, nod)| (nod.missing, key.payload))
    }

    /// Allows it as it was then, from now on for [`NOD_SECONDS`].
    pub fn allow(&self, fingerprint: [u8; 16], payload: [u8; 16], by: u32, now: u64) {
        if let Some(nod) = self.nods().get_mut(&NodKey { fingerprint, payload }).filter(|nod| !nod.is_used) {
            nod.allowed = Some(Allowed { by, at: now });
        }
    }

    /// Who allows this command at this moment, by number.
    pub fn lender(&self, fingerprint: [u8; 16], payload: [u8; 16], now: u64) -> Option<u32> {
        let nods = self.nods();
        let allowed = nods.get(&NodKey { fingerprint, payload }).filter(|nod| !nod.is_used)?.allowed?;
        (now.saturating_sub(allowed.at) <= NOD_SECONDS).then_some(allowed.by)
    }

    /// Whether this command was allowed and is stored, so that only its answer is to be had.
    pub fn is_used(&self, fingerprint: [u8; 16], payload: [u8; 16]) -> bool {
        self.nods().get(&NodKey { fingerprint, payload }).is_some_and(|nod| nod.is_used)
    }

    /// What it allows was carried out, in a commit that is not stored yet.
    pub fn note_used(&self, fingerprint: [u8; 16], payload: [u8; 16]) {
        self.used().push(NodKey { fingerprint, payload });
    }

    /// The commit was stored, so that what was used in it is used up; or it was not.
    pub fn settle(&self, is_stored: bool) {
        let used = std::mem::take(&mut *self.used());
        if !is_stored || used.is_empty() {
            return;
        }
        let mut nods = self.nods();
        for key in used {
            if let Some(nod) = nods.get_mut(&key) {
                nod.is_used = true;
            }
        }
    }

    fn used(&self) -> MutexGuard<'_, Vec<NodKey>> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn nods(&self) -> MutexGuard<'_, HashMap<NodKey, Nod>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Nod {
    fn is_over(&self, now: u64) -> bool {
        now.saturating_sub(self.refused_at) > REFUSED_SECONDS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 16] = [1; 16];
    const SALE: [u8; 16] = [2; 16];
    const OTHER: [u8; 16] = [3; 16];

    #[test]
    fn a_nod_is_for_one_command_as_it_was_refused_and_for_a_minute() {
        let nods = Nods::default();
        nods.note_refused(KEY, SALE, Right::Discount, 0);
        assert_eq!(nods.missing(KEY, 1).map(|(rights, _)| rights), Some(Rights::of(&[Right::Discount])));
        assert_eq!(nods.lender(KEY, SALE, 1), None);
        nods.allow(KEY, OTHER, 7, 99);
        assert_eq!(nods.lender(KEY, SALE, 99), None, "what was refused has become another command");
        nods.allow(KEY, SALE, 7, 100);
        assert_eq!(nods.lender(KEY, SALE, 160), Some(7));
        assert_eq!(nods.lender(KEY, SALE, 161), None);
        assert_eq!(nods.lender(KEY, OTHER, 101), None, "another content");
        assert_eq!(nods.lender(OTHER, SALE, 101), None, "another key");
        nods.note_refused(KEY, OTHER, Right::Discount, 101);
        assert_eq!(nods.lender(KEY, SALE, 101), Some(7), "what else is tried under the key takes nothing from it");
        nods.note_used(KEY, SALE);
        nods.settle(false);
        assert_eq!(nods.lender(KEY, SALE, 101), Some(7), "what it allowed was not stored");
        assert!(!nods.is_used(KEY, SALE));
        nods.note_used(KEY, SALE);
        nods.settle(true);
        assert_eq!(nods.lender(KEY, SALE, 101), None);
        assert!(nods.is_used(KEY, SALE) && !nods.is_used(KEY, OTHER), "its answer is still to be had");
        nods.allow(KEY, SALE, 7, 102);
        assert_eq!(nods.lender(KEY, SALE, 102), None, "nothing was refused since");
    }

    #[test]
    fn what_is_refused_for_two_reasons_lacks_both_and_no_nod_changes_the_shop() {
        let nods = Nods::default();
        nods.note_refused(KEY, SALE, Right::Discount, 0);
        nods.note_refused(KEY, SALE, Right::UndoSold, 1);
        assert_eq!(
            nods.missing(KEY, 1).map(|(rights, _)| rights),
            Some(Rights::of(&[Right::Discount, Right::UndoSold]))
        );
        nods.note_refused(KEY, OTHER, Right::Sell, 2);
        assert_eq!(nods.missing(KEY, 2).map(|(rights, _)| rights), Some(Rights::of(&[Right::Sell])));
        nods.note_refused(OTHER, SALE, Right::People, 0);
        assert_eq!(nods.missing(OTHER, 0), None);
        assert_eq!(nods.missing(KEY, 2 + REFUSED_SECONDS + 1), None, "long ago");
    }

    #[test]
    fn a_crowd_of_refused_commands_takes_no_more_room() {
        let nods = Nods::default();
        for number in 0_u16..5_000 {
            let [low, high] = number.to_le_bytes();
            let mut key = KEY;
            (key[0], key[1]) = (low, high);
            nods.note_refused(key, SALE, Right::Sell, u64::from(number) / 100);
        }
        assert!(nods.nods().len() <= REFUSED_MAX);
    }
}
