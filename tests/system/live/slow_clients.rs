//! Slow, dead and sleeping devices, and the counters that tell of them (promises 6 and 7).
//!
//! Goal: whatever one device does with its connection, all others receive every change in order and without a gap, the
//! slow one is told and can go on later, and `/metrics` and `/health` count it.
//!
//! Method: devices that misbehave in each known way beside devices that follow and check every frame. The writer goes on
//! until the counters say that the slow ones were noticed; how long that takes is not measured.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::http::Client;
use crate::support::proxy::{BEHIND_PROXY, Line, Proxy};
use crate::support::server::Server;
use crate::support::storm::{BusyTill, Progress};
use crate::support::sync::{self, Bookmark, Follower};
use crate::support::{DEADLINE, till, wait_until};

/// What `/metrics` says, by family.
#[derive(Debug)]
struct Metrics {
    families: BTreeMap<String, Family>,
}

#[derive(Debug, Default)]
struct Family {
    kind: String,
    /// Suffix of the name (`_bucket`), labels as they stand, value.
    samples: Vec<(String, String, f64)>,
}

impl Family {
    fn total(&self, suffix: &str) -> f64 {
        self.samples.iter().filter(|(own, ..)| own == suffix).map(|(.., value)| value).sum()
    }

    /// The buckets count what is below each bound, up to everything.
    fn assert_histogram(&self) {
        let bound = |labels: &str| -> f64 {
            let text = labels.strip_prefix("le=\"").and_then(|rest| rest.strip_suffix('"')).expect("le");
            if text == "+Inf" { f64::INFINITY } else { text.parse().unwrap() }
        };
        let buckets: Vec<(f64, f64)> = self
            .samples
            .iter()
            .filter(|(suffix, ..)| suffix == "_bucket")
            .map(|(_, labels, value)| (bound(labels), *value))
            .collect();
        assert!(buckets.len() > 2, "{self:?}");
        assert!(buckets.is_sorted_by(|one, next| one.0 < next.0 && one.1 <= next.1), "{self:?}");
        assert_eq!(*buckets.last().unwrap(), (f64::INFINITY, self.total("_count")), "{self:?}");
        assert!(self.total("_sum") >= 0.0);
    }
}

impl Metrics {
    /// Reads them strictly (Prometheus text format 0.0.4).
    fn read(client: &mut Client) -> Self {
        let reply = client.get("/metrics");
        assert_eq!(reply.status, 200);
        assert!(reply.header("content-type").unwrap().starts_with("text/plain"), "{:?}", reply.headers);
        assert!(reply.text().ends_with('\n'));
        let mut families: BTreeMap<String, Family> = BTreeMap::new();
        for line in reply.text().lines() {
            if let Some(comment) = line.strip_prefix("# ") {
                let (word, rest) = comment.split_once(' ').unwrap();
                let (name, text) = rest.split_once(' ').unwrap_or_else(|| panic!("{line}"));
                let family = families.entry(name.to_string()).or_default();
                match word {
                    "HELP" => assert!(!text.is_empty(), "{line}"),
                    "TYPE" => family.kind = text.to_string(),
                    _ => panic!("{line}"),
                }
                continue;
            }
            let (series, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("{line}"));
            let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
            let labels = labels.strip_suffix('}').unwrap_or_else(|| panic!("{line}"));
            let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b':';
            assert!(name.bytes().all(is_name), "{line}");
            let (family, suffix) = family_of(&families, name);
            let value = value.parse().unwrap_or_else(|_| panic!("{line}"));
            families.get_mut(&family).unwrap().samples.push((suffix, labels.to_string(), value));
        }
        Self { families }
    }

    /// The one family of this kind whose name has all these words.
    fn family(&self, kind: &str, words: &[&str]) -> &Family {
        let is_meant = |(name, family): &(&String, &Family)| {
            family.kind == kind && name.starts_with("tillsync_") && words.iter().all(|word| name.contains(word))
        };
        let meant: Vec<_> = self.families.iter().filter(is_meant).collect();
        let [(_, family)] = meant.as_slice() else { panic!("not one {kind} {words:?} in {:?}", self.families.keys()) };
        family
    }

    fn counter(&self, words: &[&str]) -> f64 {
        self.family("counter", words).total("")
    }
}

/// The family of a sample, which must have its type by now, and what its name has beyond it.
fn family_of(families: &BTreeMap<String, Family>, name: &str) -> (String, String) {
    for suffix in ["", "_bucket", "_sum", "_count"] {
        if let Some(family) = name.strip_suffix(suffix)
            && families.get(family).is_some_and(|own| (own.kind == "histogram") != suffix.is_empty())
        {
            return (family.to_string(), suffix.to_string());
        }
    }
    panic!("{name} has no type");
}

const SLOW: &[&str] = &["slow"];
const BEHIND: &[&str] = &["behind"];
const CATCH_UPS: &[&str] = &["catch"];
const RESETS: &[&str] = &["reset"];
const FSYNCS: &[&str] = &["fsync"];
const FRAMES: &[&str] = &["frames"];
const BYTES: &[&str] = &["frame_bytes"];
const BATCHES: &[&str] = &["batches"];

#[test]
fn the_metrics_are_prometheus_text_and_count_what_happens() {
    const CHANGES: u32 = 10;
    const SCREENS: u32 = 3;
    let server = Server::start();
    let mut client = server.client();
    let mut till = server.client();
    let before = Metrics::read(&mut client);
    let moved = |now: &Metrics, words: &[&str]| now.counter(words) - before.counter(words);
    for words in [SLOW, CATCH_UPS, RESETS, FSYNCS, FRAMES, BYTES, BATCHES] {
        assert!(before.counter(words) >= 0.0);
    }

    let mut screens: Vec<_> = (0..SCREENS).map(|_| sync::open(server.addr, "").0).collect();
    wait_until("the clients are counted", || {
        let clients = Metrics::read(&mut client).family("gauge", &["clients"]).total("");
        (clients - f64::from(SCREENS)).abs() < 0.5
    });
    let mut bytes = 0;
    for _ in 0..CHANGES {
        till::create_estimate(&mut till, "Asha");
        bytes += screens.iter_mut().map(|screen| screen.next_text().len()).sum::<usize>();
    }
    let (commands, times) = (["commit", "commands"], ["commit", "seconds"]);
    wait_until("all is counted", || moved(&Metrics::read(&mut client), FRAMES) >= f64::from(CHANGES * SCREENS));
    let now = Metrics::read(&mut client);
    assert!(moved(&now, BYTES) >= f64::from(u32::try_from(bytes).unwrap()), "{now:?}");
    // One client stores one after the other: no two of them share a commit or a batch.
    for words in [BATCHES, FSYNCS] {
        assert!(moved(&now, words) >= f64::from(CHANGES), "{words:?} in {now:?}");
    }
    for words in [commands, times] {
        let (then, now) = (before.family("histogram", &words), now.family("histogram", &words));
        now.assert_histogram();
        assert!(now.total("_count") - then.total("_count") >= f64::from(CHANGES), "{words:?}: {now:?}");
        assert!(now.total("_sum") > then.total("_sum"), "{words:?}: {now:?}");
    }
    for words in [SLOW, BEHIND, CATCH_UPS, RESETS] {
        assert!(moved(&now, words) < 0.5, "{words:?} moved without a reason");
    }

    sync::caught_up(server.addr, "since=0");
    wait_until("a catch-up is counted", || moved(&Metrics::read(&mut client), CATCH_UPS) > 0.5);
    sync::open(server.addr, "since=3");
    wait_until("a reset is counted", || moved(&Metrics::read(&mut client), RESETS) > 0.5);
    let counters = client.get("/health").expect(200)["counters"].clone();
    for counter in ["catch_ups", "resets", "fsyncs", "frames"] {
        assert!(counters[counter].as_u64().is_some_and(|count| count > 0), "{counter} in {counters}");
    }
    assert_eq!(counters["closed_slow"], 0);
}

#[test]
fn nobody_waits_for_readers_that_stop_or_trickle_or_vanish_and_these_go_on_when_they_read() {
    const READERS: usize = 10;
    const MISBEHAVING: f64 = 3.0;
    // 100 KB each: far more than the buffers between and the outbox of a slow device hold.
    const RECORDS_MAX: u64 = 150;
    let server = Server::start_with(&BEHIND_PROXY);
    let mut till = server.client();
    let progress = Progress::of_devices(READERS);
    let is_over = AtomicBool::new(false);
    let mut stopped = Follower::from_now().slow();
    stopped.connect(server.addr).unwrap();
    let proxy = Proxy::start(server.addr, Line::STEADY, 0);
    let vanished = sync::open(proxy.addr, "").0;
    proxy.freeze();
    drop(vanished);
    let mut trickling = sync::open(server.addr, "").0;
    let followers: Vec<Follower> = thread::scope(|scope| {
        let trickle = || {
            while !is_over.load(Ordering::SeqCst) {
                let _ = trickling.inner.get_mut().read(&mut [0]);
                // This is what it does; nothing waits for it.
                thread::sleep(Duration::from_secs(1));
            }
        };
        scope.spawn(trickle);
        let follow = |device| {
            let (progress, addr) = (&progress, server.addr);
            scope.spawn(move || {
                let mut follower = Follower::from_beginning();
                follower.connect(addr).unwrap();
                follower.follow(|| panic!("a device that reads was closed"), |seq| progress.note(device, seq));
                follower
            })
        };
        let followers: Vec<_> = (0..READERS).map(follow).collect();
        let mut stored = 0;
        while stored < RECORDS_MAX && Metrics::read(&mut till).counter(BEHIND) < MISBEHAVING {
            till.post("/api/estimates/create", &till::bulky_estimate("Asha")).expect(201);
            stored += 1;
            // Otherwise one that reads may fall behind by itself on a small machine.
            wait_until("all who read have it", || progress.slowest() >= stored);
        }
        is_over.store(true, Ordering::SeqCst);
        let noticed = Metrics::read(&mut till).counter(BEHIND);
        assert!((noticed - MISBEHAVING).abs() < 0.5, "{noticed} devices were too slow after {stored} records");
        let counters = till.get("/health").expect(200)["counters"].clone();
        assert_eq!((&counters["fell_behind"], &counters["closed_slow"]), (&json!(3), &json!(0)));
        progress.finish(&mut till);
        followers.into_iter().map(|follower| follower.join().unwrap()).collect()
    });

    // The stopped one reads again, on the same connection: what was sent has no gap, and then come the latest states.
    let end = followers[0].seq;
    stopped.follow(|| panic!("it was closed"), |seq| seq >= end);
    while !stopped.has_caught_up() {
        stopped.step().unwrap();
    }

    let listed = sync::listed(&mut till);
    for follower in followers.iter().chain([&stopped]) {
        follower.assert_shows(&listed);
    }
    let mut followers = followers.into_iter();
    let commits = followers.next().unwrap().into_commits();
    for follower in followers.chain([stopped]) {
        follower.assert_complete(&commits);
    }
}

#[test]
fn a_device_that_stops_in_the_middle_of_its_catch_up_holds_up_nobody() {
    // 10 MB that it has missed: more than the buffers between hold.
    const MISSED: usize = 100;
    let server = Server::start();
    let mut till = server.client();
    for _ in 0..MISSED {
        till.post("/api/estimates/create", &till::bulky_estimate("Asha")).expect(201);
    }
    let mut stuck = Follower::from_beginning();
    stuck.connect(server.addr).unwrap();
    stuck.step().unwrap();
    let mut staying = sync::open(server.addr, "").0;
    for seq in 1..=MISSED as u64 {
        till::create_estimate(&mut till, "Bina");
        assert_eq!(staying.next_json()["seq"], MISSED as u64 + seq);
    }
    // It goes on where it stopped, over this connection or another.
    stuck.follow(|| server.addr, |seq| seq >= 2 * MISSED as u64);
    stuck.assert_shows(&sync::listed(&mut till));
}

#[test]
#[ignore = "long: cargo test-all"]
fn a_device_that_vanished_without_a_word_is_given_up_while_the_others_follow() {
    let server = Server::start_with(&BEHIND_PROXY);
    let mut till = server.client();
    let mut staying = sync::open(server.addr, "").0;
    let proxy = Proxy::start(server.addr, Line::STEADY, 0);
    let vanishing = sync::open(proxy.addr, "").0;
    proxy.freeze();
    drop(vanishing);
    // The contract is 45 s of silence, looked at with each ping; this is far more than a slow machine adds.
    let deadline = Instant::now() + 3 * DEADLINE;
    let mut seq = 0;
    loop {
        // Too little to fill its outbox: only its silence tells that it is gone.
        till::create_estimate(&mut till, "Asha");
        seq += 1;
        assert_eq!(staying.next_json()["seq"], seq);
        if till.get("/api/websocket/status").expect(200)["connected_clients"] == 1 {
            break;
        }
        assert!(Instant::now() < deadline, "the silent device is still connected");
        thread::sleep(Duration::from_millis(500));
    }
    till::create_estimate(&mut till, "Asha");
    assert_eq!(staying.next_json()["seq"], seq + 1);
}

#[test]
fn five_hundred_devices_that_reconnect_at_once_miss_nothing_and_disturb_nobody() {
    const RETURNING: usize = 500;
    const STAYING: usize = 5;
    const COMMANDS: u64 = 400;
    /// Enough for a device; the default would reserve a gigabyte for all of them.
    const STACK_BYTES: usize = 512 << 10;
    let server = Server::start();
    let mut till = server.client();
    // Each remembers another place.
    let epoch = sync::open(server.addr, "").1.epoch;
    let bookmark = |device: u64| Bookmark { seq: device % 100, epoch: epoch.clone() };
    let progress = Progress::of_devices(STAYING + RETURNING);
    let sent = AtomicU64::new(0);
    let gate = Barrier::new(RETURNING + 1);
    let followers: Vec<Follower> = thread::scope(|scope| {
        let start = |device: usize, mut follower: Follower, is_returning: bool| {
            let (progress, gate, addr) = (&progress, &gate, server.addr);
            let run = move || {
                if is_returning {
                    gate.wait();
                }
                follower.follow(|| addr, |seq| progress.note(device, seq));
                follower
            };
            thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, run).unwrap()
        };
        let staying: Vec<_> = (0..STAYING).map(|device| start(device, Follower::from_beginning(), false)).collect();
        let returning = (0..RETURNING).map(|device| {
            let follower = Follower::from_bookmark(&bookmark(device as u64));
            start(STAYING + device, follower, true)
        });
        let returning: Vec<_> = returning.collect();
        BusyTill::new(server.addr, 99).act_until(&sent, COMMANDS / 2, || ());
        gate.wait();
        thread::scope(|writers| {
            for writer in 0..2 {
                let (sent, addr) = (&sent, server.addr);
                writers.spawn(move || BusyTill::new(addr, writer).act_until(sent, COMMANDS, || ()));
            }
        });
        progress.finish(&mut till);
        staying.into_iter().chain(returning).map(|follower| follower.join().unwrap()).collect()
    });
    let listed = sync::listed(&mut till);
    let mut followers = followers.into_iter();
    let witness = followers.next().unwrap();
    witness.assert_shows(&listed);
    let commits = witness.into_commits();
    for follower in followers {
        follower.assert_complete(&commits);
    }
}

#[test]
fn what_the_counters_say_in_health_are_whole_numbers() {
    let server = Server::start();
    for path in ["/health", "/api/health"] {
        let health = server.get(path).expect(200);
        let counters = health["counters"].as_object().unwrap_or_else(|| panic!("no counters in {health}"));
        assert!(counters.len() >= 5 && counters.values().all(Value::is_u64), "{health}");
    }
}
