//! Rate limiting of logins: wrong PINs and passwords are counted by place and person, and lock out for a while (lock-out,
//! exponential backoff). Nobody is locked out everywhere: who is locked at one place logs in at another.
//!
//! Times are running seconds, so that setting the clock opens nothing; what is left of a lock-out is kept over a restart.

use std::collections::{HashMap, VecDeque};

use serde::{Deserialize, Serialize};

use crate::platform::Network;

/// Wrong credentials of one person at one place that lock nothing yet.
const FREE_WRONGS: u32 = 4;
/// The first lock-out; each further wrong credential doubles it.
const FIRST_LOCK_SECONDS: u64 = 30;
const LOCK_SECONDS_MAX: u64 = 15 * 60;
/// Wrong credentials at one place within [`PLACE_WINDOW_SECONDS`] after which no PIN is looked at there.
const PLACE_WRONGS_MAX: usize = 20;
const PLACE_WINDOW_SECONDS: u64 = 60 * 60;
/// Rows that are kept, of persons at places and of places.
const ATTEMPT_ROWS_MAX: usize = 1_024;

/// Where somebody logs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum LoginPlace {
    /// On a paired device, by its number.
    Device(u32),
    /// On any of those that this person has let in by his password.
    LetInBy(u32),
    /// On one that is not paired.
    Address(Network),
}

/// Whether a credential is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is.
    Open,
    /// Neither PIN nor password is, for so long: at least a second (429 with `Retry-After`).
    Locked { seconds: u64 },
    /// A password is, a PIN is not until [`Attempts::clear_place`].
    PinRefused,
}

/// The wrong credentials so far.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    rows: HashMap<AttemptKey, AttemptRow>,
    /// Rises with each use of a row, for what was used least recently.
    uses: u64,
}

/// A person at a place, or a place with all persons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct AttemptKey {
    place: LoginPlace,
    person: Option<u32>,
}

#[derive(Debug, Default)]
struct AttemptRow {
    last_use: u64,
    /// Of a person at a place: wrong ones since the last right one.
    wrongs: u32,
    locked_until: u64,
    /// Of a place: when each of the newest wrong ones stops to count.
    recent: VecDeque<u64>,
    is_pin_refused: bool,
}

/// A row as it is kept over a restart, with what is left in place of times.
#[derive(Serialize, Deserialize)]
struct StoredAttempts {
    key: AttemptKey,
    wrongs: u32,
    locked_seconds: u64,
    recent_seconds: VecDeque<u64>,
    is_pin_refused: bool,
}

impl Attempts {
    /// Whether a person's credential is looked at in this place.
    pub fn check(&self, place: LoginPlace, person: u32, now: u64) -> Standing {
        let locked_until = self.rows.get(&AttemptKey { place, person: Some(person) }).map_or(0, |row| row.locked_until);
        let is_pin_refused = self.rows.get(&AttemptKey { place, person: None }).is_some_and(|row| row.is_pin_refused);
        if locked_until > now {
            Standing::Locked { seconds: locked_until - now }
        } else if is_pin_refused {
            Standing::PinRefused
        } else {
            Standing::Open
        }
    }

    /// Counts a wrong credential.
    pub fn note_wrong(&mut self, place: LoginPlace, person: u32, now: u64) {
        let row = self.row(AttemptKey { place, person: Some(person) }, now);
        row.wrongs = row.wrongs.saturating_add(1);
        if let Some(doublings) = row.wrongs.checked_sub(FREE_WRONGS + 1) {
            let factor = 1_u64.checked_shl(doublings).unwrap_or(u64::MAX);
            row.locked_until = now.saturating_add(FIRST_LOCK_SECONDS.saturating_mul(factor).min(LOCK_SECONDS_MAX));
        }

        let row = self.row(AttemptKey { place, person: None }, now);
        row.recent.retain(|until| *until > now);
        row.recent.push_back(now.saturating_add(PLACE_WINDOW_SECONDS));
        row.is_pin_refused |= row.recent.len() >= PLACE_WRONGS_MAX;
        if row.recent.len() > PLACE_WRONGS_MAX {
            row.recent.pop_front();
        }
    }

    /// A right credential: this person's wrong ones in this place are forgotten. Those of the place are not, or else somebody
    /// could try the PINs of others for ever by giving his own in between.
    pub fn note_right(&mut self, place: LoginPlace, person: u32) {
        self.rows.remove(&AttemptKey { place, person: Some(person) });
    }

    /// A password login or a new pairing: PINs are looked at again. Persons that are locked out stay so.
    pub fn clear_place(&mut self, place: LoginPlace) {
        self.rows.remove(&AttemptKey { place, person: None });
    }

    /// What is kept over a restart: what is left of each lock-out.
    pub fn encode(&self, now: u64) -> Vec<u8> {
        let mut rows: Vec<_> = self.rows.iter().collect();
        rows.sort_by_key(|(_, row)| row.last_use);
        let rows: Vec<_> = rows
            .into_iter()
            .map(|(key, row)| StoredAttempts {
                key: *key,
                wrongs: row.wrongs,
                locked_seconds: row.locked_until.saturating_sub(now),
                recent_seconds: row.recent.iter().filter_map(|until| until.checked_sub(now)).collect(),
                is_pin_refused: row.is_pin_refused,
            })
            .collect();
        serde_json::to_vec(&rows).unwrap_or_default()
    }

    /// Goes on with what was kept, in a run whose time is `now`. What cannot be read counts as nothing.
    pub fn decode(bytes: &[u8], now: u64) -> Self {
        let rows: Vec<StoredAttempts> = serde_json::from_slice(bytes).unwrap_or_default();
        let mut attempts = Self::default();
        for stored in rows {
            let row = attempts.row(stored.key, now);
            row.wrongs = stored.wrongs;
            row.locked_until = now.saturating_add(stored.locked_seconds.min(LOCK_SECONDS_MAX));
            let recent = stored.recent_seconds.into_iter().filter(|seconds| *seconds > 0).take(PLACE_WRONGS_MAX);
            row.recent = recent.map(|seconds| now.saturating_add(seconds.min(PLACE_WINDOW_SECONDS))).collect();
            row.is_pin_refused = stored.is_pin_refused;
        }
        attempts
    }

    /// A row to count in. A new one may take the place of that which was used least recently and locks nothing; if all lock,
    /// of that which was used least recently.
    fn row(&mut self, key: AttemptKey, now: u64) -> &mut AttemptRow {
        if self.rows.len() >= ATTEMPT_ROWS_MAX && !self.rows.contains_key(&key) {
            let oldest = self.rows.iter().min_by_key(|(_, row)| (row.locks(now), row.last_use)).map(|(key, _)| *key);
            oldest.and_then(|key| self.rows.remove(&key));
        }
        self.uses += 1;
        let row = self.rows.entry(key).or_default();
        row.last_use = self.uses;
        row
    }
}

impl AttemptRow {
    fn locks(&self, now: u64) -> bool {
        self.locked_until > now || self.is_pin_refused
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::test_runner::{Config, TestRunner};

    use super::*;

    const TILL: LoginPlace = LoginPlace::Device(1);

    fn address(text: &str) -> LoginPlace {
        LoginPlace::Address(Network::of(text.parse().unwrap()))
    }

    fn wrong(attempts: &mut Attempts, place: LoginPlace, person: u32, times: usize, now: u64) {
        (0..times).for_each(|_| attempts.note_wrong(place, person, now));
    }

    #[test]
    fn the_fifth_wrong_one_locks_and_each_further_one_doubles_it_up_to_a_quarter_of_an_hour() {
        let mut attempts = Attempts::default();
        wrong(&mut attempts, TILL, 7, 4, 0);
        assert_eq!(attempts.check(TILL, 7, 0), Standing::Open);
        let mut now = 100;
        for seconds in [30, 60, 120, 240, 480, 900, 900, 900] {
            attempts.note_wrong(TILL, 7, now);
            assert_eq!(attempts.check(TILL, 7, now), Standing::Locked { seconds });
            assert_eq!(attempts.check(TILL, 7, now + seconds - 1), Standing::Locked { seconds: 1 });
            assert_eq!(attempts.check(TILL, 7, now + seconds), Standing::Open);
            now += seconds;
        }
        attempts.note_right(TILL, 7);
        wrong(&mut attempts, TILL, 7, 4, now);
        assert_eq!(attempts.check(TILL, 7, now), Standing::Open);
    }

    #[test]
    fn others_and_other_places_go_on_meanwhile() {
        let mut attempts = Attempts::default();
        wrong(&mut attempts, TILL, 7, 5, 0);
        assert_eq!(attempts.check(TILL, 8, 0), Standing::Open);
        assert_eq!(attempts.check(LoginPlace::Device(2), 7, 0), Standing::Open);
        assert_eq!(attempts.check(address("192.168.1.7"), 7, 0), Standing::Open);
    }

    #[test]
    fn a_place_is_one_however_many_ipv6_addresses_it_has() {
        let mut attempts = Attempts::default();
        (0..5).for_each(|device| attempts.note_wrong(address(&format!("2001:db8:1:2::{device}")), 7, 0));
        assert_eq!(attempts.check(address("2001:db8:1:2:ffff::1"), 7, 0), Standing::Locked { seconds: 30 });
        assert_eq!(attempts.check(address("2001:db8:1:3::1"), 7, 0), Standing::Open);
        assert_eq!(address("::ffff:10.0.0.1"), address("10.0.0.1"));
    }

    #[test]
    fn twenty_wrong_ones_within_an_hour_end_pins_until_the_place_is_cleared() {
        let mut attempts = Attempts::default();
        (0..19).for_each(|person| attempts.note_wrong(TILL, person, 0));
        // The first ones have stopped to count.
        attempts.note_wrong(TILL, 19, 3_600);
        assert_eq!(attempts.check(TILL, 99, 3_600), Standing::Open);
        (0..18).for_each(|person| attempts.note_wrong(TILL, 100 + person, 7_199));
        assert_eq!(attempts.check(TILL, 99, 7_199), Standing::Open);
        // A right one in between does not count as if nothing had been.
        attempts.note_right(TILL, 100);
        attempts.note_wrong(TILL, 200, 7_199);
        assert_eq!(attempts.check(TILL, 99, 7_199), Standing::PinRefused);
        assert_eq!(attempts.check(LoginPlace::Device(2), 99, 7_199), Standing::Open);
        assert_eq!(attempts.check(TILL, 99, u64::MAX), Standing::PinRefused, "no time ends it");
        wrong(&mut attempts, TILL, 5, 5, 7_200);
        attempts.clear_place(TILL);
        assert_eq!(attempts.check(TILL, 99, 7_200), Standing::Open);
        assert!(matches!(attempts.check(TILL, 5, 7_200), Standing::Locked { .. }), "a person's lock-out stays");
    }

    #[test]
    fn what_is_left_goes_on_after_a_restart() {
        let mut attempts = Attempts::default();
        wrong(&mut attempts, TILL, 7, 6, 1_000);
        wrong(&mut attempts, address("192.168.1.7"), 8, 3, 1_000);
        let mut again = Attempts::decode(&attempts.encode(1_020), 0);
        assert_eq!(again.check(TILL, 7, 0), Standing::Locked { seconds: 40 });
        assert_eq!(again.check(TILL, 7, 40), Standing::Open);
        // The count goes on, too.
        again.note_wrong(TILL, 7, 40);
        assert_eq!(again.check(TILL, 7, 40), Standing::Locked { seconds: 120 });
        wrong(&mut again, address("192.168.1.7"), 8, 2, 0);
        assert_eq!(again.check(address("192.168.1.7"), 8, 0), Standing::Locked { seconds: 30 });
        // Six before the restart count for 3,580 seconds more.
        for (now, standing) in [(3_579, Standing::PinRefused), (3_580, Standing::Open)] {
            let mut again = Attempts::decode(&attempts.encode(1_020), 0);
            (0..14).for_each(|person| again.note_wrong(TILL, 100 + person, now));
            assert_eq!(again.check(TILL, 9, now), standing);
            assert_eq!(Attempts::decode(&again.encode(now), 0).check(TILL, 9, 0), standing);
        }
    }

    #[test]
    fn what_cannot_be_read_counts_as_nothing() {
        for bytes in [&b""[..], b"{}", b"[", b"[{}]", b"\xff\0"] {
            assert!(Attempts::decode(bytes, 0).rows.is_empty());
        }
        // Nor does it lock for ever.
        let forged = br#"[{"key":{"place":{"Device":1},"person":7},"wrongs":9,"locked_seconds":99999999,"recent_seconds":[],"is_pin_refused":false}]"#;
        assert_eq!(Attempts::decode(forged, 0).check(TILL, 7, 0), Standing::Locked { seconds: 900 });
    }

    #[test]
    fn what_locks_is_forgotten_last() {
        let mut attempts = Attempts::default();
        wrong(&mut attempts, TILL, 7, 20, 0);
        for person in 0..3_000 {
            attempts.note_wrong(address("192.168.1.7"), person, 10);
        }
        assert_eq!(attempts.rows.len(), ATTEMPT_ROWS_MAX);
        assert!(matches!(attempts.check(TILL, 7, 10), Standing::Locked { .. }));
        assert_eq!(attempts.check(TILL, 8, 10), Standing::PinRefused);
        // Were all of them locked, they would still be no more.
        (10_000..12_000).for_each(|person| wrong(&mut attempts, address("192.168.1.8"), person, 5, 20));
        assert_eq!(attempts.rows.len(), ATTEMPT_ROWS_MAX);
    }

    #[derive(Debug, Clone)]
    enum Act {
        Wrong(u32, u32),
        Right(u32, u32),
        Clear(u32),
        Pass(u64),
        Restart,
    }

    /// Goal: whatever happens, a restart changes nothing, no lock-out is longer than a quarter of an hour, and who has given fewer
    /// than five wrong ones since his last right one is not locked out. Method: random acts on one that is restarted and one
    /// that is not.
    #[test]
    fn a_restart_changes_nothing_and_nobody_is_locked_without_reason() {
        let act = prop_oneof![
            6 => (0..3_u32, 0..4_u32).prop_map(|(place, person)| Act::Wrong(place, person)),
            1 => (0..3_u32, 0..4_u32).prop_map(|(place, person)| Act::Right(place, person)),
            1 => (0..3_u32).prop_map(Act::Clear),
            3 => (0..2_000_u64).prop_map(Act::Pass),
            1 => Just(Act::Restart),
        ];
        let config = Config { cases: 1_000, failure_persistence: None, ..Config::default() };
        TestRunner::new(config)
            .run(&vec(act, 0..120), |acts| {
                let (mut steady, mut restarted) = (Attempts::default(), Attempts::default());
                let (mut now, mut started) = (0, 0);
                let mut wrongs = HashMap::new();
                for act in acts {
                    match act {
                        Act::Wrong(place, person) => {
                            steady.note_wrong(LoginPlace::Device(place), person, now);
                            restarted.note_wrong(LoginPlace::Device(place), person, now - started);
                            *wrongs.entry((place, person)).or_insert(0) += 1;
                        }
                        Act::Right(place, person) => {
                            steady.note_right(LoginPlace::Device(place), person);
                            restarted.note_right(LoginPlace::Device(place), person);
                            wrongs.remove(&(place, person));
                        }
                        Act::Clear(place) => {
                            steady.clear_place(LoginPlace::Device(place));
                            restarted.clear_place(LoginPlace::Device(place));
                        }
                        Act::Pass(seconds) => now += seconds,
                        Act::Restart => {
                            restarted = Attempts::decode(&restarted.encode(now - started), 0);
                            started = now;
                        }
                    }
                    for (place, person) in (0..3).flat_map(|place| (0..4).map(move |person| (place, person))) {
                        let standing = steady.check(LoginPlace::Device(place), person, now);
                        prop_assert_eq!(restarted.check(LoginPlace::Device(place), person, now - started), standing);
                        let has_reason = wrongs.get(&(place, person)).is_some_and(|wrongs| *wrongs >= 5);
                        if let Standing::Locked { seconds } = standing {
                            prop_assert!(has_reason && (1..=900).contains(&seconds));
                        }
                    }
                }
                Ok(())
            })
            .unwrap();
    }
}
