//! Rate limiting of logins: wrong PINs and passwords are counted, and lock out for a while (lock-out, exponential backoff). Nobody
//! is locked out everywhere: who is locked at one place logs in at another.
//!
//! On a device that was let in each person has a count of his own, and the device has one. Strangers are counted by network alone,
//! whomever they name: so a lock-out tells nobody who there is, and no number of invented names takes the room of what is counted
//! on a device.
//!
//! Times are running seconds, so that setting the clock opens nothing; what is left of a lock-out is kept over a restart.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

use serde::{Deserialize, Serialize};

use crate::platform::Network;

/// Wrong credentials of one person at one place that lock nothing yet.
const FREE_WRONGS: u32 = 4;
/// The first lock-out; each further wrong credential doubles it.
const FIRST_LOCK_SECONDS: u64 = 30;
const LOCK_SECONDS_MAX: u64 = 15 * 60;
/// Wrong credentials on one device within [`WINDOW_SECONDS`] after which no PIN is looked at there.
const PLACE_WRONGS_MAX: usize = 20;
/// The same on all devices together that one person has let in by his password, or a new device would be a new start.
const MAKER_WRONGS_MAX: usize = 60;
/// For so long a wrong credential counts.
const WINDOW_SECONDS: u64 = 60 * 60;
/// Rows that are kept of each kind.
const ATTEMPT_ROWS_MAX: usize = 1_024;

/// Where somebody logs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LoginPlace {
    /// On a device that was let in, by its number; perhaps by the password of somebody.
    Device { device: u32, maker: Option<u32> },
    /// On one that was not.
    Network(Network),
}

/// Whether a credential is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is.
    Open,
    /// Neither PIN nor password is, for so long: at least a second (429 with `Retry-After`).
    Locked { seconds: u64 },
    /// A password is, a PIN is not until [`Attempts::clear_device`], or until some wrong ones stop to count.
    PinRefused,
}

/// The wrong credentials so far.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    /// Of a person on a device.
    persons: Rows<(u32, u32), Lock>,
    devices: Rows<u32, Recent>,
    makers: Rows<u32, Recent>,
    networks: Rows<Network, Lock>,
    /// What strangers have tried is not written down yet.
    are_strangers_due: bool,
}

/// Wrong ones that lock out for a while.
#[derive(Debug, Default, Clone)]
struct Lock {
    wrongs: u32,
    locked_until: u64,
    /// When all of them stop to count.
    over_at: u64,
}

/// Wrong ones of the last hour.
#[derive(Debug, Default, Clone)]
struct Recent {
    /// When each of the newest stops to count.
    until: VecDeque<u64>,
    is_pin_refused: bool,
}

/// What is kept over a restart: for a key what is left, in place of times.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct StoredDevices {
    persons: Vec<((u32, u32), StoredLock)>,
    devices: Vec<(u32, StoredRecent)>,
    makers: Vec<(u32, StoredRecent)>,
}

/// The same of strangers.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct StoredNetworks {
    networks: Vec<(Network, StoredLock)>,
}

#[derive(Serialize, Deserialize)]
struct StoredLock {
    wrongs: u32,
    locked_seconds: u64,
    counted_seconds: u64,
}

#[derive(Serialize, Deserialize)]
struct StoredRecent {
    seconds: VecDeque<u64>,
    is_pin_refused: bool,
}

impl Attempts {
    /// Whether a person's credential is looked at in this place.
    pub fn check(&self, place: LoginPlace, person: u32, now: u64) -> Standing {
        let (lock, is_pin_refused) = match place {
            LoginPlace::Device { device, maker } => {
                let is_refused = self.devices.get(&device).is_some_and(|recent| recent.is_pin_refused)
                    || maker
                        .and_then(|maker| self.makers.get(&maker))
                        .is_some_and(|recent| recent.count(now) >= MAKER_WRONGS_MAX);
                (self.persons.get(&(device, person)), is_refused)
            }
            LoginPlace::Network(network) => (self.networks.get(&network), false),
        };
        match lock.map_or(0, |lock| lock.locked_until) {
            until if until > now => Standing::Locked { seconds: until - now },
            _ if is_pin_refused => Standing::PinRefused,
            _ => Standing::Open,
        }
    }

    /// Counts a wrong credential.
    pub fn note_wrong(&mut self, place: LoginPlace, person: u32, now: u64) {
        match place {
            LoginPlace::Device { device, maker } => {
                self.persons.row((device, person), |lock| lock.locked_until > now).note_wrong(now);
                let recent = self.devices.row(device, |recent| recent.is_pin_refused);
                let was_pin_refused = recent.is_pin_refused;
                recent.note_wrong(PLACE_WRONGS_MAX, now);
                recent.is_pin_refused |= recent.count(now) >= PLACE_WRONGS_MAX;
                // A device that takes no PIN any more takes none from the others.
                if let Some(maker) = maker.filter(|_| !was_pin_refused) {
                    self.makers.row(maker, |_| false).note_wrong(MAKER_WRONGS_MAX, now);
                }
            }
            LoginPlace::Network(network) => {
                self.networks.row(network, |lock| lock.locked_until > now).note_wrong(now);
                self.are_strangers_due = true;
            }
        }
    }

    /// A right credential: this person's wrong ones on this device are forgotten. Those of the device are not, or else somebody
    /// could try the PINs of others for ever by giving his own in between; nor are those of a network, for the same reason.
    pub fn note_right(&mut self, place: LoginPlace, person: u32) {
        if let LoginPlace::Device { device, .. } = place {
            self.persons.remove(&(device, person));
        }
    }

    /// A password login or a new pairing: PINs are looked at again. Persons that are locked out stay so.
    pub fn clear_device(&mut self, device: u32) {
        self.devices.remove(&device);
    }

    /// What is kept over a restart of devices that were let in.
    pub fn encode(&self, now: u64) -> Vec<u8> {
        let stored = StoredDevices {
            persons: self.persons.stored(|lock| lock.stored(now)),
            devices: self.devices.stored(|recent| recent.stored(now)),
            makers: self.makers.stored(|recent| recent.stored(now)),
        };
        serde_json::to_vec(&stored).unwrap_or_default()
    }

    /// The same of strangers, if there is something new since this was asked last.
    pub fn take_strangers(&mut self, now: u64) -> Option<Vec<u8>> {
        if !std::mem::take(&mut self.are_strangers_due) {
            return None;
        }
        let stored = StoredNetworks { networks: self.networks.stored(|lock| lock.stored(now)) };
        serde_json::to_vec(&stored).ok()
    }

    /// Goes on with what was kept, in a run whose time is `now`. What cannot be read counts as nothing.
    pub fn decode(devices: &[u8], strangers: &[u8], now: u64) -> Self {
        let StoredDevices { persons, devices, makers } = serde_json::from_slice(devices).unwrap_or_default();
        let StoredNetworks { networks } = serde_json::from_slice(strangers).unwrap_or_default();
        Self {
            persons: Rows::of(persons.into_iter().map(|(key, stored)| (key, Lock::of(&stored, now)))),
            devices: Rows::of(devices.into_iter().map(|(key, stored)| (key, Recent::of(stored, now)))),
            makers: Rows::of(makers.into_iter().map(|(key, stored)| (key, Recent::of(stored, now)))),
            networks: Rows::of(networks.into_iter().map(|(key, stored)| (key, Lock::of(&stored, now)))),
            are_strangers_due: false,
        }
    }
}

impl Lock {
    fn note_wrong(&mut self, now: u64) {
        // Who was quiet for an hour begins anew, unless he is locked out.
        if self.over_at <= now && self.locked_until <= now {
            self.wrongs = 0;
        }
        self.over_at = now.saturating_add(WINDOW_SECONDS);
        self.wrongs = self.wrongs.saturating_add(1);
        if let Some(doublings) = self.wrongs.checked_sub(FREE_WRONGS + 1) {
            let factor = 1_u64.checked_shl(doublings).unwrap_or(u64::MAX);
            self.locked_until = now.saturating_add(FIRST_LOCK_SECONDS.saturating_mul(factor).min(LOCK_SECONDS_MAX));
        }
    }

    fn stored(&self, now: u64) -> StoredLock {
        StoredLock {
            wrongs: self.wrongs,
            locked_seconds: self.locked_until.saturating_sub(now),
            counted_seconds: self.over_at.saturating_sub(now),
        }
    }

    fn of(stored: &StoredLock, now: u64) -> Self {
        Self {
            wrongs: stored.wrongs,
            locked_until: now.saturating_add(stored.locked_seconds.min(LOCK_SECONDS_MAX)),
            over_at: now.saturating_add(stored.counted_seconds.min(WINDOW_SECONDS)),
        }
    }
}

impl Recent {
    fn count(&self, now: u64) -> usize {
        self.until.iter().filter(|until| **until > now).count()
    }

    /// Counts one; more than `wrongs_max` need not be kept.
    fn note_wrong(&mut self, wrongs_max: usize, now: u64) {
        self.until.retain(|until| *until > now);
        self.until.push_back(now.saturating_add(WINDOW_SECONDS));
        if self.until.len() > wrongs_max {
            self.until.pop_front();
        }
    }

    fn stored(&self, now: u64) -> StoredRecent {
        StoredRecent {
            seconds: self.until.iter().filter_map(|until| until.checked_sub(now)).collect(),
            is_pin_refused: self.is_pin_refused,
        }
    }

    fn of(stored: StoredRecent, now: u64) -> Self {
        let seconds = stored.seconds.into_iter().filter(|seconds| *seconds > 0).take(MAKER_WRONGS_MAX);
        Self {
            until: seconds.map(|seconds| now.saturating_add(seconds.min(WINDOW_SECONDS))).collect(),
            is_pin_refused: stored.is_pin_refused,
        }
    }
}

/// Rows by their keys, of which few are kept.
#[derive(Debug)]
struct Rows<K, R> {
    rows: HashMap<K, (u64, R)>,
    /// Rises with each use of a row, for what was used least recently.
    uses: u64,
}

impl<K, R> Default for Rows<K, R> {
    fn default() -> Self {
        Self { rows: HashMap::new(), uses: 0 }
    }
}

impl<K: Hash + Eq + Copy, R: Default> Rows<K, R> {
    /// Those that were stored, the one that was used least recently first.
    fn of(stored: impl Iterator<Item = (K, R)>) -> Self {
        let mut rows = Self::default();
        for (key, row) in stored {
            *rows.row(key, |_| false) = row;
        }
        rows
    }

    fn get(&self, key: &K) -> Option<&R> {
        self.rows.get(key).map(|(_, row)| row)
    }

    /// A row to count in. A new one takes the place of that which was used least recently and locks nothing, or else of that which
    /// was used least recently.
    fn row(&mut self, key: K, locks: impl Fn(&R) -> bool) -> &mut R {
        if self.rows.len() >= ATTEMPT_ROWS_MAX && !self.rows.contains_key(&key) {
            let oldest =
                self.rows.iter().min_by_key(|(_, (last_use, row))| (locks(row), *last_use)).map(|(key, _)| *key);
            oldest.and_then(|key| self.rows.remove(&key));
        }
        self.uses += 1;
        let (last_use, row) = self.rows.entry(key).or_default();
        *last_use = self.uses;
        row
    }

    fn remove(&mut self, key: &K) {
        self.rows.remove(key);
    }

    fn stored<S>(&self, form: impl Fn(&R) -> S) -> Vec<(K, S)> {
        let mut rows: Vec<_> = self.rows.iter().collect();
        rows.sort_by_key(|(_, (last_use, _))| *last_use);
        rows.into_iter().map(|(key, (_, row))| (*key, form(row))).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::test_runner::{Config, TestRunner};

    use super::*;

    const TILL: LoginPlace = LoginPlace::Device { device: 1, maker: None };

    fn device(device: u32) -> LoginPlace {
        LoginPlace::Device { device, maker: None }
    }

    fn network(text: &str) -> LoginPlace {
        LoginPlace::Network(Network::of(text.parse().unwrap()))
    }

    fn wrong(attempts: &mut Attempts, place: LoginPlace, person: u32, count: usize, now: u64) {
        (0..count).for_each(|_| attempts.note_wrong(place, person, now));
    }

    fn restarted(attempts: &mut Attempts, now: u64) -> Attempts {
        let strangers = attempts.take_strangers(now).unwrap_or_default();
        Attempts::decode(&attempts.encode(now), &strangers, 0)
    }

    #[test]
    fn the_fifth_wrong_one_locks_for_half_a_minute_doubling_up_to_a_quarter_of_an_hour() {
        for place in [TILL, network("192.168.1.7")] {
            let mut attempts = Attempts::default();
            let mut now = 1_000;
            wrong(&mut attempts, place, 7, 4, now);
            assert_eq!(attempts.check(place, 7, now), Standing::Open);
            for seconds in [30, 60, 120, 240, 480, 900, 900] {
                attempts.note_wrong(place, 7, now);
                assert_eq!(attempts.check(place, 7, now), Standing::Locked { seconds });
                assert_eq!(attempts.check(place, 7, now + seconds - 1), Standing::Locked { seconds: 1 });
                assert_eq!(attempts.check(place, 7, now + seconds), Standing::Open);
                now += seconds;
            }
        }
        let mut attempts = Attempts::default();
        wrong(&mut attempts, TILL, 7, 5, 0);
        attempts.note_right(TILL, 7);
        wrong(&mut attempts, TILL, 7, 4, 0);
        assert_eq!(attempts.check(TILL, 7, 0), Standing::Open);
    }

    #[test]
    fn others_and_other_places_go_on_meanwhile() {
        let mut attempts = Attempts::default();
        wrong(&mut attempts, TILL, 7, 5, 0);
        assert_eq!(attempts.check(TILL, 8, 0), Standing::Open);
        assert_eq!(attempts.check(device(2), 7, 0), Standing::Open);
        assert_eq!(attempts.check(network("192.168.1.7"), 7, 0), Standing::Open);
        wrong(&mut attempts, network("192.168.1.7"), 9, 5, 0);
        assert_eq!(attempts.check(network("192.168.1.8"), 9, 0), Standing::Open);
        assert_eq!(attempts.check(TILL, 9, 0), Standing::Open);
    }

    /// Or who has a count of his own is somebody, and who shares one is nobody.
    #[test]
    fn strangers_are_counted_by_network_whomever_they_name() {
        let mut attempts = Attempts::default();
        (0..5).for_each(|person| attempts.note_wrong(network("192.168.1.7"), person, 0));
        for person in [0, 4, 99] {
            assert_eq!(attempts.check(network("192.168.1.7"), person, 0), Standing::Locked { seconds: 30 });
        }
        // Whoever knows one password does not get new tries by it.
        attempts.note_right(network("192.168.1.7"), 0);
        assert_eq!(attempts.check(network("192.168.1.7"), 0, 0), Standing::Locked { seconds: 30 });
        // After a quiet hour he begins anew.
        attempts.note_wrong(network("192.168.1.7"), 0, 3_601);
        assert_eq!(attempts.check(network("192.168.1.7"), 0, 3_601), Standing::Open);
    }

    #[test]
    fn a_place_is_one_however_many_ipv6_addresses_it_has() {
        let mut attempts = Attempts::default();
        (0..5).for_each(|device| attempts.note_wrong(network(&format!("2001:db8:1:2::{device}")), 7, 0));
        assert_eq!(attempts.check(network("2001:db8:1:2:ffff::1"), 7, 0), Standing::Locked { seconds: 30 });
        assert_eq!(attempts.check(network("2001:db8:1:3::1"), 7, 0), Standing::Open);
        assert_eq!(network("::ffff:10.0.0.1"), network("10.0.0.1"));
    }

    #[test]
    fn twenty_wrong_ones_within_an_hour_end_pins_until_the_device_is_cleared() {
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
        assert_eq!(attempts.check(device(2), 99, 7_199), Standing::Open);
        assert_eq!(attempts.check(TILL, 99, u64::MAX), Standing::PinRefused, "no time ends it");
        wrong(&mut attempts, TILL, 5, 5, 7_200);
        attempts.clear_device(1);
        assert_eq!(attempts.check(TILL, 99, 7_200), Standing::Open);
        assert!(matches!(attempts.check(TILL, 5, 7_200), Standing::Locked { .. }), "a person's lock-out stays");
    }

    #[test]
    fn tills_that_one_person_has_let_in_go_on_beside_each_other_and_new_ones_give_no_endless_tries() {
        let of_maker = |device| LoginPlace::Device { device, maker: Some(3) };
        let mut attempts = Attempts::default();
        (0..20).for_each(|person| attempts.note_wrong(of_maker(1), person, 0));
        assert_eq!(attempts.check(of_maker(1), 99, 0), Standing::PinRefused);
        assert_eq!(attempts.check(of_maker(2), 99, 0), Standing::Open, "the next till is not to blame");
        assert_eq!(attempts.check(of_maker(2), 0, 0), Standing::Open);
        wrong(&mut attempts, of_maker(1), 5, 100, 0);
        assert_eq!(attempts.check(of_maker(2), 99, 0), Standing::Open, "however often it is tried on");
        // A new device for every fourth try: after sixty there is no PIN on any of them, until the hour is over.
        for device in 2..12 {
            (0..4).for_each(|_| attempts.note_wrong(of_maker(device), 5, 10));
            attempts.clear_device(device);
        }
        assert_eq!(attempts.check(of_maker(99), 5, 10), Standing::PinRefused);
        assert_eq!(attempts.check(device(50), 5, 10), Standing::Open);
        assert_eq!(attempts.check(of_maker(99), 5, 3_610), Standing::Open);
    }

    #[test]
    fn what_is_left_goes_on_after_a_restart() {
        let mut attempts = Attempts::default();
        wrong(&mut attempts, TILL, 7, 6, 1_000);
        wrong(&mut attempts, network("192.168.1.7"), 8, 3, 1_000);
        let mut again = restarted(&mut attempts, 1_020);
        assert_eq!(again.check(TILL, 7, 0), Standing::Locked { seconds: 40 });
        assert_eq!(again.check(TILL, 7, 40), Standing::Open);
        // The count goes on, too.
        again.note_wrong(TILL, 7, 40);
        assert_eq!(again.check(TILL, 7, 40), Standing::Locked { seconds: 120 });
        wrong(&mut again, network("192.168.1.7"), 8, 2, 0);
        assert_eq!(again.check(network("192.168.1.7"), 8, 0), Standing::Locked { seconds: 30 });
        // Six before the restart count for 3,580 seconds more.
        for (now, standing) in [(3_579, Standing::PinRefused), (3_580, Standing::Open)] {
            let mut again = restarted(&mut attempts, 1_020);
            (0..14).for_each(|person| again.note_wrong(TILL, 100 + person, now));
            assert_eq!(again.check(TILL, 9, now), standing);
            assert_eq!(restarted(&mut again, now).check(TILL, 9, 0), standing);
        }
    }

    #[test]
    fn what_strangers_try_is_written_down_when_there_is_something_new() {
        let mut attempts = Attempts::default();
        assert_eq!(attempts.take_strangers(0), None);
        wrong(&mut attempts, TILL, 7, 6, 0);
        assert_eq!(attempts.take_strangers(0), None);
        wrong(&mut attempts, network("192.168.1.7"), 8, 6, 0);
        let stored = attempts.take_strangers(0).unwrap();
        assert_eq!(attempts.take_strangers(0), None);
        assert!(
            !String::from_utf8(attempts.encode(0)).unwrap().contains("192"),
            "they are no part of what each try writes"
        );
        let again = Attempts::decode(b"", &stored, 0);
        assert_eq!(again.check(network("192.168.1.7"), 1, 0), Standing::Locked { seconds: 60 });
    }

    #[test]
    fn what_cannot_be_read_counts_as_nothing() {
        for bytes in [&b""[..], b"{}", b"[", b"[{}]", b"\xff\0"] {
            let attempts = Attempts::decode(bytes, bytes, 0);
            assert!(attempts.persons.rows.is_empty() && attempts.networks.rows.is_empty());
        }
        // Nor does it lock for ever.
        let forged = br#"{"persons":[[[1,7],{"wrongs":9,"locked_seconds":99999999,"counted_seconds":99999999}]]}"#;
        assert_eq!(Attempts::decode(forged, b"", 0).check(TILL, 7, 0), Standing::Locked { seconds: 900 });
    }

    #[test]
    fn what_locks_is_forgotten_last_and_strangers_take_no_room_of_devices() {
        let mut attempts = Attempts::default();
        wrong(&mut attempts, TILL, 7, 4, 0);
        wrong(&mut attempts, device(2), 7, 20, 0);
        for address in 0..3_000_u32 {
            attempts.note_wrong(network(&std::net::Ipv4Addr::from(address).to_string()), 7, 10);
        }
        assert_eq!(attempts.networks.rows.len(), ATTEMPT_ROWS_MAX);
        attempts.note_wrong(TILL, 7, 10);
        assert!(matches!(attempts.check(TILL, 7, 10), Standing::Locked { .. }), "the four before count");
        for device in 10..3_000 {
            attempts.note_wrong(LoginPlace::Device { device, maker: None }, 7, 10);
        }
        assert_eq!(attempts.persons.rows.len(), ATTEMPT_ROWS_MAX);
        assert!(matches!(attempts.check(device(2), 7, 10), Standing::Locked { .. }));
        assert_eq!(attempts.check(device(2), 8, 10), Standing::PinRefused);
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
                let (mut steady, mut again) = (Attempts::default(), Attempts::default());
                let (mut now, mut started) = (0, 0);
                let mut wrongs = HashMap::new();
                for act in acts {
                    match act {
                        Act::Wrong(place, person) => {
                            steady.note_wrong(device(place), person, now);
                            again.note_wrong(device(place), person, now - started);
                            *wrongs.entry((place, person)).or_insert(0) += 1;
                        }
                        Act::Right(place, person) => {
                            steady.note_right(device(place), person);
                            again.note_right(device(place), person);
                            wrongs.remove(&(place, person));
                        }
                        Act::Clear(place) => {
                            steady.clear_device(place);
                            again.clear_device(place);
                        }
                        Act::Pass(seconds) => now += seconds,
                        Act::Restart => {
                            again = restarted(&mut again, now - started);
                            started = now;
                        }
                    }
                    for (place, person) in (0..3).flat_map(|place| (0..4).map(move |person| (place, person))) {
                        let standing = steady.check(device(place), person, now);
                        prop_assert_eq!(again.check(device(place), person, now - started), standing);
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
