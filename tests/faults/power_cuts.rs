//! Goal: wherever the power goes, the file opens, everything answered is there, nothing is half there, and what was sent
//! again is stored once (promises 1, 3, 4 and 5).
//!
//! Method: a day of a shop runs once on a disk that notes every operation. Then the power is cut before each of them, many
//! times: of what no sync had confirmed, by chance, sectors are kept, dropped, torn and reordered, lengths too. What is left
//! is opened by the real store, in every fourth case with another cut during that recovery, and so on; it must be exactly
//! one of the states that the shop was in, with everything answered in it. Then the tills send again what was on its way, and
//! go on selling.
//!
//! The last tests show that this finds what it is there to find: disks and programs that are deliberately wrong.
//!
//! `TILLSYNC_CUTS` sets how many cuts there are.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;

use tillsync::app::{Answer, Command, ReadError, Reading, Submission};
use tillsync::domain::{Action, Asker, Conversion, Estimate, Kind, OriginHash, Timestamp};
use tillsync::store::{Cause, CommitTime, Store, StoreError, Transaction};

use crate::simulated::contents::{Contents, ensure};
use crate::simulated::disk::{Disk, Event, File, Images, after_cut};
use crate::simulated::shop::{Shop, create, create_sale, estimate, keyed, order, sale};
use crate::support::random::Random;
use crate::support::wait_until;

const CUTS: usize = 10_000;
/// So small that a few commands fill a half, and a large one does not fit into it.
const HALF_BYTES: usize = 16 << 10;
/// Cuts during the recovery from a cut during the recovery.
const DEPTH: usize = 3;

/// What a till has sent, and how it was answered.
struct Told {
    submission: Submission,
    answer: Answer,
    /// Entries in the log.
    changes: u64,
    /// Sequence of the last of them.
    last_seq: u64,
    /// Nobody else was sending, so that a repetition gets the same number.
    is_alone: bool,
}

/// The whole day.
struct History {
    log: Vec<Event>,
    told: Vec<Told>,
    /// Every state that the file was in, by its sequence.
    states: HashMap<u64, Contents>,
}

fn cuts_wanted() -> usize {
    std::env::var("TILLSYNC_CUTS").map_or(CUTS, |text| text.parse().expect("TILLSYNC_CUTS is a number"))
}

/// The till.
struct Till {
    shop: Shop,
    told: Vec<Told>,
}

impl Till {
    fn tell(&mut self, command: Command) {
        let index = self.told.len();
        let submission = keyed(&format!("key {index}"), command);
        let before = self.shop.seq();
        self.shop.disk.note(Event::Sent(index));
        let answer = self.shop.send(&submission).unwrap();
        self.shop.disk.note(Event::Answered(index));
        let last_seq = self.shop.seq();
        self.told.push(Told { submission, answer, changes: last_seq - before, last_seq, is_alone: true });
    }

    /// An impatient till: the command before the last few, again.
    fn repeat(&self) {
        let index = self.told.len() - 2;
        assert_eq!(self.shop.send(&self.told[index].submission).unwrap(), self.told[index].answer);
    }

    fn new_customer(&mut self) {
        self.tell(create(&format!("customer {}", self.told.len())));
    }

    /// Everybody at once, so that many commands share a commit.
    fn rush(&mut self) {
        const CALLERS: usize = 8;
        let syncs = |disk: &Disk| disk.log().iter().filter(|event| matches!(event, Event::Sync(_))).count();
        let before = syncs(&self.shop.disk);
        let first = self.told.len();
        let submissions: Vec<Submission> = (first..first + CALLERS)
            .map(|index| keyed(&format!("key {index}"), create(&format!("rush {index}"))))
            .collect();
        let shop = &self.shop;
        let sent = |place: usize| shop.disk.note(Event::Sent(first + place));
        let answered = |place: usize| shop.disk.note(Event::Answered(first + place));
        let alone = || {
            sent(0);
            let answer = shop.send(&submissions[0]).unwrap();
            answered(0);
            answer
        };
        let queue = |(place, submission)| {
            sent(place);
            (place, shop.queue(submission))
        };
        let queue_all = || submissions.iter().enumerate().skip(1).map(queue).collect::<Vec<_>>();
        let (answer, waiting) = shop.during_the_sync_of(alone, queue_all);
        let mut answers = vec![answer];
        for (place, pending) in waiting {
            answers.push(pending.wait().unwrap());
            answered(place);
        }
        assert!(syncs(&shop.disk) - before < CALLERS, "in a rush commands share a commit");
        let contents = Contents::read(&shop.app.read(Asker::Anybody).unwrap()).unwrap();
        for (index, (submission, answer)) in (first..).zip(submissions.into_iter().zip(answers)) {
            let change = contents
                .latest
                .iter()
                .find(|change| change.origin == Some(OriginHash::of_key(&format!("key {index}"))))
                .unwrap();
            self.told.push(Told { submission, answer, changes: 1, last_seq: change.seq, is_alone: false });
        }
    }

    /// A proper end, and what there is to know of the day.
    fn go_home(self) -> History {
        let Self { shop, told } = self;
        let contents = Contents::read(&shop.app.read(Asker::Anybody).unwrap()).unwrap();
        let disk = Arc::clone(&shop.disk);
        shop.stop();
        // The file is made under another name: until it is closed for the first time, nobody takes it for the shop's.
        let log = disk.log();
        let made = log.iter().position(|event| matches!(event, Event::Close)).unwrap();
        let states = states(&log, made);
        assert_eq!(states[&contents.seq], contents, "a start shows another state than the server did");
        History { log: opened_from(log, made), told, states }
    }
}

/// A day: everything that can be done to records, refusals, repetitions, many at once, files that grow and shrink, and a
/// proper stop and start in the middle.
fn a_day() -> History {
    let disk: Arc<Disk> = Arc::default();
    let mut till = Till { shop: open_shop(&disk), told: Vec::new() };
    let paid = |mode: &str| Conversion { payment_mode: Some(mode.to_string()), ..Conversion::default() };
    for _ in 0..4 {
        till.new_customer();
    }
    till.tell(Command::EditEstimate(estimate(1), Box::new(sale("edited", 3))));
    till.tell(Command::ConvertEstimate(estimate(2), paid("Cash")));
    till.repeat();
    till.tell(Command::ConvertEstimate(estimate(2), paid("Card")));
    till.tell(Command::DeleteEstimate(estimate(3)));
    till.tell(Command::DeleteEstimate(estimate(2)));
    till.tell(create_sale("direct", None));
    till.tell(create_sale("from an estimate", Some(estimate(4))));
    till.tell(Command::SetOrderStatus(order(1), "Delivered".to_string()));
    till.tell(Command::DuplicateEstimate(estimate(1)));
    till.tell(Command::DeleteOrder(order(1)));
    till.repeat();
    till.rush();
    // A clean end and the next start.
    let Till { shop, told } = till;
    shop.stop();
    let mut till = Till { shop: open_shop(&disk), told };
    for number in 0..3 {
        till.tell(Command::CreateEstimate(Box::new(sale(&format!("large {number}"), 6_000))));
    }
    let last = till.shop.app.read(Asker::Anybody).unwrap();
    let large = Contents::read(&last).unwrap().records.keys().rfind(|key| key.kind == Kind::Estimate).unwrap().number;
    drop(last);
    till.tell(Command::ConvertEstimate(estimate(large), paid("Cash")));
    till.tell(Command::DeleteOrder(order(4)));
    till.tell(Command::DeleteEstimate(estimate(large - 1)));
    till.tell(Command::DeleteEstimate(estimate(large - 2)));
    till.rush();
    for _ in 0..6 {
        till.new_customer();
    }
    till.go_home()
}

/// A shop that has no room for a journal at first, and begins one when there is room.
fn a_day_with_a_late_journal() -> History {
    let disk: Arc<Disk> = Arc::default();
    let (shop, free_bytes) = Shop::without_room_for_a_journal(&disk, HALF_BYTES);
    let mut till = Till { shop, told: Vec::new() };
    for _ in 0..3 {
        till.new_customer();
    }
    let has_journal = || till.shop.app.journal_counts().bytes.load(Ordering::SeqCst) > 0;
    assert!(!has_journal());
    disk.lacks_room.store(false, Ordering::SeqCst);
    free_bytes.store(u64::MAX, Ordering::SeqCst);
    wait_until("the journal is begun", has_journal);
    for _ in 0..6 {
        till.new_customer();
    }
    till.tell(Command::ConvertEstimate(estimate(2), Conversion::default()));
    till.go_home()
}

/// The log from the moment when the file stands under its own name: its making is one write that is kept.
fn opened_from(mut log: Vec<Event>, made: usize) -> Vec<Event> {
    const FILE: File = File::Database;
    let mut images = Images::default();
    for event in log.drain(..=made) {
        images.apply(&event);
    }
    let image = images.of(FILE);
    let whole =
        [Event::SetLength(FILE, image.length()), Event::Write(FILE, 0, Arc::from(image.to_bytes())), Event::Sync(FILE)];
    whole.into_iter().chain(log).collect()
}

/// Opens the file as it was after each sync.
fn states(log: &[Event], made: usize) -> HashMap<u64, Contents> {
    let (mut images, mut states) = (Images::default(), HashMap::<u64, Contents>::new());
    for (place, event) in log.iter().enumerate() {
        images.apply(event);
        if place >= made && matches!(event, Event::Sync(_) | Event::Close) {
            let (_, store) = open(&images).unwrap();
            let snapshot = store.snapshot().unwrap().into();
            let contents = Contents::read(&snapshot).unwrap();
            contents.check(&snapshot).unwrap();
            assert_eq!(*states.entry(contents.seq).or_insert_with(|| contents.clone()), contents);
        }
    }
    states
}

fn open_shop(disk: &Arc<Disk>) -> Shop {
    Shop::run(disk, disk.open(HALF_BYTES).unwrap())
}

pub fn open(images: &Images) -> Result<(Arc<Disk>, Store), String> {
    let disk = Disk::holding(images.clone());
    // The database itself may find something that it thought impossible.
    let store = catch_unwind(AssertUnwindSafe(|| disk.open(HALF_BYTES)));
    let store = store.map_err(|_| "opening it panicked".to_string())?.map_err(|error| error.to_string())?;
    Ok((disk, store))
}

/// How honest the disk is about its syncs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syncs {
    Kept,
    Ignored,
    /// Those of one file are; the other's are kept.
    IgnoredIn(File),
    /// What was written is kept by the next sync only.
    Late,
    /// The header is kept at once, the pages that it speaks of by the next sync.
    HeaderFirst,
}

/// The disk on the way through a log.
pub struct Medium {
    syncs: Syncs,
    kept: Images,
    /// Before the last sync, and not kept by it.
    late: Vec<Event>,
    pending: Vec<Event>,
}

impl Medium {
    pub fn new(syncs: Syncs, kept: Images) -> Self {
        Self { syncs, kept, late: Vec::new(), pending: Vec::new() }
    }

    pub fn take(&mut self, event: &Event) {
        match event {
            Event::Write(..) | Event::SetLength(..) => self.pending.push(event.clone()),
            Event::Sync(file) => self.sync(*file),
            Event::Close | Event::Sent(_) | Event::Answered(_) => {}
        }
    }

    fn sync(&mut self, file: File) {
        if self.syncs == Syncs::Ignored || self.syncs == Syncs::IgnoredIn(file) {
            return;
        }
        let of_file = |events: &mut Vec<Event>| -> Vec<Event> {
            let (own, others) = events.drain(..).partition(|event| event.changes(file));
            *events = others;
            own
        };
        let mut synced = of_file(&mut self.pending);
        match self.syncs {
            Syncs::Late => {
                let late = of_file(&mut self.late);
                self.late.append(&mut synced);
                synced = late;
            }
            Syncs::HeaderFirst => {
                let is_late = |event: &Event| matches!(event, Event::Write(File::Database, offset, _) if *offset > 0);
                let (late, header): (Vec<_>, Vec<_>) = synced.into_iter().partition(is_late);
                // Lengths first, so that what comes late has its place.
                synced = of_file(&mut self.late).into_iter().chain(header).collect();
                self.late.extend(late);
            }
            Syncs::Kept | Syncs::Ignored | Syncs::IgnoredIn(_) => {}
        }
        for event in &synced {
            self.kept.apply(event);
        }
    }

    pub fn cut(&self, random: &mut Random) -> Images {
        if self.late.is_empty() {
            return after_cut(&self.kept, &self.pending, random);
        }
        let pending: Vec<Event> = self.late.iter().chain(&self.pending).cloned().collect();
        after_cut(&self.kept, &pending, random)
    }
}

/// What is known at the moment of a cut.
struct Moment<'a> {
    history: &'a History,
    sent: Vec<usize>,
    answered: Vec<usize>,
}

impl Moment<'_> {
    /// Checks a file after a cut, and cuts again.
    fn check(&self, images: &Images, shown: Option<u64>, depth: usize, random: &mut Random) -> Result<usize, String> {
        let mut cuts = 1;
        let (disk, store) = open(images)?;
        let seq = self.check_state(&store, shown)?;
        if depth < DEPTH && random.one_in(4) {
            let log = disk.log();
            let place = random.index(log.len() + 1);
            let mut medium = Medium::new(Syncs::Kept, images.clone());
            log[..place].iter().for_each(|event| medium.take(event));
            // Once the recovery was through, its state was shown.
            let shown = shown.or((place == log.len()).then_some(seq));
            cuts += self
                .check(&medium.cut(random), shown, depth + 1, random)
                .map_err(|what| format!("{what}, after a cut during recovery"))?;
        }
        let shop = Shop::run(&disk, store);
        let contents = self.go_on(&shop, seq)?;
        if random.one_in(4) {
            cuts += 1;
            let (_, store) = open(&disk.cut(random))?;
            let (_, again) = read(store.snapshot().map(Into::into).map_err(ReadError::from))?;
            ensure(again == contents, || "what was sent after a cut did not survive the next one".into())?;
        }
        shop.stop();
        Ok(cuts)
    }

    /// The state is one that the shop was in, and everything answered is in it. Returns its sequence.
    fn check_state(&self, store: &Store, shown: Option<u64>) -> Result<u64, String> {
        let (_, contents) = read(store.snapshot().map(Into::into).map_err(ReadError::from))?;
        let seq = contents.seq;
        let answered = self.answered.iter().map(|&index| self.history.told[index].last_seq).max().unwrap_or(0);
        ensure(seq >= answered, || format!("lost: {answered} was answered, and the file ends at {seq}"))?;
        ensure(shown.is_none_or(|shown| seq == shown), || format!("{shown:?} was shown, now it is {seq}"))?;
        let state = self.history.states.get(&seq);
        ensure(state == Some(&contents), || format!("half done: the shop was never in this state at {seq}"))?;
        Ok(seq)
    }

    /// The tills send again what was not answered, and the last of what was; then a new customer comes.
    fn go_on(&self, shop: &Shop, seq: u64) -> Result<Contents, String> {
        let unanswered = self.sent.iter().filter(|index| !self.answered.contains(index));
        for &index in self.answered.iter().rev().take(2).rev().chain(unanswered) {
            let told = &self.history.told[index];
            let answer = shop.send(&told.submission).map_err(|error| format!("{error:?}"))?;
            let is_stored = told.changes == 0 || told.last_seq <= seq;
            let is_same = if is_stored {
                answer == told.answer
            } else {
                answer.status == told.answer.status && (!told.is_alone || what(&answer) == what(&told.answer))
            };
            ensure(is_same, || format!("command {index} (stored: {is_stored}) is answered by {answer:?}"))?;
        }
        let expected: u64 = self.sent.iter().map(|&index| self.history.told[index].changes).sum();
        ensure(shop.seq() == expected, || format!("{} changes instead of {expected}: lost or doubled", shop.seq()))?;
        shop.sell("a new customer").map_err(|error| format!("{error:?}"))?;
        let (snapshot, contents) = read(shop.app.read(Asker::Anybody))?;
        contents.check(&snapshot)?;
        Ok(contents)
    }
}

fn read(snapshot: Result<Reading, ReadError>) -> Result<(Reading, Contents), String> {
    let read = snapshot.and_then(|snapshot| {
        let contents = Contents::read(&snapshot)?;
        Ok((snapshot, contents))
    });
    read.map_err(|error| error.to_string())
}

/// An answer without its time.
fn what(answer: &Answer) -> &[u8] {
    answer.body.split(|&byte| byte == b'|').next().unwrap()
}

/// What a sweep has found.
#[derive(Default)]
struct Found {
    cuts: usize,
    violations: Vec<String>,
}

fn is_operation(event: &Event) -> bool {
    matches!(event, Event::Write(..) | Event::SetLength(..) | Event::Sync(_) | Event::Close)
}

/// Cuts before every operation, all in all at least `wanted` times, on all processors.
fn sweep(history: &History, syncs: Syncs, wanted: usize) -> Found {
    // Before the first sync the file does not stand under its name.
    let start = history.log.iter().position(|event| matches!(event, Event::Sync(_))).unwrap() + 1;
    let places = history.log[start..].iter().filter(|event| is_operation(event)).count();
    // Of five cuts, three are in the day itself; the others follow during a recovery or after it.
    let rounds = (wanted * 2).div_ceil(3 * places);
    let threads = thread::available_parallelism().map_or(2, usize::from);
    let parts: Vec<Found> = thread::scope(|scope| {
        let sweep = |own: usize| {
            move || sweep_part(history, start, syncs, |place| if place % threads == own { rounds } else { 0 })
        };
        let sweeps: Vec<_> = (0..threads).map(|own| scope.spawn(sweep(own))).collect();
        sweeps.into_iter().map(|sweep| sweep.join().unwrap()).collect()
    });
    let cuts = parts.iter().map(|part| part.cuts).sum();
    let violations: Vec<String> = parts.into_iter().flat_map(|part| part.violations).collect();
    eprintln!("{cuts} cuts at {places} places, syncs {syncs:?}: {} violations", violations.len());
    Found { cuts, violations }
}

fn sweep_part(history: &History, start: usize, syncs: Syncs, rounds_at: impl Fn(usize) -> usize) -> Found {
    /// More of them say nothing new.
    const ENOUGH: usize = 50;
    let mut found = Found::default();
    let mut medium = Medium::new(Syncs::Kept, Images::default());
    history.log[..start].iter().for_each(|event| medium.take(event));
    medium.syncs = syncs;
    let mut moment = Moment { history, sent: Vec::new(), answered: Vec::new() };
    let mut place = 0;
    for event in &history.log[start..] {
        if is_operation(event) {
            place += 1;
            for round in 0..rounds_at(place) {
                let seed = (place << 20 | round) as u64;
                let random = &mut Random::new(seed);
                match moment.check(&medium.cut(random), None, 0, random) {
                    Ok(count) => found.cuts += count,
                    Err(what) => found.violations.push(format!("place {place}, seed {seed}: {what}")),
                }
            }
        }
        match event {
            Event::Sent(index) => moment.sent.push(*index),
            Event::Answered(index) => moment.answered.push(*index),
            _ => medium.take(event),
        }
        if found.violations.len() >= ENOUGH {
            break;
        }
    }
    found
}

#[test]
#[ignore = "long: cargo test-all"]
fn wherever_the_power_goes_everything_answered_is_there_and_nothing_is_half_there() {
    let history = a_day();
    assert!(
        history.log.iter().filter(|event| matches!(event, Event::SetLength(File::Database, _))).count() > 2,
        "the file has grown"
    );
    let wanted = cuts_wanted();
    let found = sweep(&history, Syncs::Kept, wanted);
    assert!(found.violations.is_empty(), "{:#?}", found.violations);
    assert!(found.cuts >= wanted);
}

#[test]
#[ignore = "long: cargo test-all"]
fn wherever_the_power_goes_while_a_journal_is_begun_late_everything_answered_is_there() {
    let wanted = cuts_wanted() / 5;
    let found = sweep(&a_day_with_a_late_journal(), Syncs::Kept, wanted);
    assert!(found.violations.is_empty(), "{:#?}", found.violations);
    assert!(found.cuts >= wanted);
}

/// A disk that writes 4 KiB at once may lose all of them when the power goes meanwhile.
#[test]
fn no_write_of_the_journal_shares_a_page_with_what_was_written_before() {
    const PAGE_BYTES: usize = 4 << 10;
    let mut behind = [0; 2];
    let mut writes = 0;
    for event in &a_day().log {
        let Event::Write(File::Journal, offset, data) = event else { continue };
        assert!(offset % PAGE_BYTES == 0 && data.len() % PAGE_BYTES == 0, "{} bytes at {offset}", data.len());
        let (half, place) = (offset / HALF_BYTES, offset % HALF_BYTES);
        // A half is begun again at its beginning, and goes on behind what is in it.
        assert!(place == 0 || place == behind[half], "{offset}");
        behind[half] = place + data.len();
        writes += 1;
    }
    assert!(writes > 25, "{writes}");
}

#[test]
fn the_simulation_finds_a_disk_that_ignores_syncs() {
    let found = sweep(&a_day(), Syncs::Ignored, 1);
    assert!(found.violations.iter().any(|what| what.contains("lost: ")), "{:?}", found.violations);
}

/// A commit whose sync is missing.
#[test]
fn the_simulation_finds_a_journal_that_is_not_synced() {
    let found = sweep(&a_day(), Syncs::IgnoredIn(File::Journal), 1);
    assert!(found.violations.iter().any(|what| what.contains("lost: ")), "{:?}", found.violations);
}

/// A half that is used again before the database has what was in it.
#[test]
fn the_simulation_finds_a_checkpoint_that_is_not_synced() {
    let found = sweep(&a_day(), Syncs::IgnoredIn(File::Database), 1);
    assert!(!found.violations.is_empty());
}

#[test]
fn the_simulation_finds_a_disk_whose_syncs_come_late() {
    let found = sweep(&a_day(), Syncs::Late, 1);
    assert!(found.violations.iter().any(|what| what.contains("lost: ")), "{:?}", found.violations);
}

#[test]
fn the_simulation_finds_a_header_that_is_kept_before_its_pages() {
    let found = sweep(&a_day(), Syncs::HeaderFirst, 1);
    assert!(!found.violations.is_empty());
}

#[test]
fn the_simulation_finds_an_answer_that_comes_before_the_sync() {
    let mut history = a_day();
    let mut log: Vec<Event> = Vec::new();
    for event in history.log.drain(..) {
        let is_early = matches!(event, Event::Answered(_));
        let sync = log.iter().rposition(|event| matches!(event, Event::Sync(_))).filter(|_| is_early);
        log.insert(sync.unwrap_or(log.len()), event);
    }
    history.log = log;
    let found = sweep(&history, Syncs::Kept, 1);
    assert!(found.violations.iter().any(|what| what.contains("lost: ")), "{:?}", found.violations);
}

/// Stores estimates with their answers by `store_both`, cuts everywhere, and returns the first estimate found without its
/// answer, or the other way round.
fn find_half(store_both: impl Fn(&Store, u8)) -> Option<u8> {
    const COUNT: u8 = 6;
    let disk: Arc<Disk> = Arc::default();
    let store = disk.open(HALF_BYTES).unwrap();
    let start = disk.log().len();
    let mut medium = Medium::new(Syncs::Kept, disk.kept());
    (1..=COUNT).for_each(|number| store_both(&store, number));
    for (place, event) in disk.log()[start..].iter().enumerate() {
        for round in 0..4 {
            let (_, store) = open(&medium.cut(&mut Random::new((place << 2 | round) as u64))).unwrap();
            for number in 1..=COUNT {
                let has_estimate =
                    store.snapshot().unwrap().record(estimate(number.into()), |record| !record.is_deleted).unwrap()
                        == Some(true);
                let answer = store.commit(at_some_time(), |batch| batch.known_answer([number; 16])).unwrap().value;
                if has_estimate != answer.is_some() {
                    return Some(number);
                }
            }
        }
        medium.take(event);
    }
    None
}

fn at_some_time() -> CommitTime {
    CommitTime { at: Timestamp { unix_micros: 1_736_706_600_000_000, offset_seconds: 0 }, uptime_seconds: 1 }
}

fn put(batch: &mut Transaction<'_>, number: u8) -> Result<(), StoreError> {
    let new = Estimate {
        owner: None,
        key: estimate(number.into()),
        rev: 1,
        created_at: batch.now(),
        made_at: None,
        sale: sale("one commit", 1),
        converted_to: None,
    };
    batch.put_estimate(&new, Action::Create, Cause::default()).map(|_| ())
}

fn remember(batch: &mut Transaction<'_>, number: u8) -> Result<(), StoreError> {
    batch.remember([number; 16], [0; 16], 600, b"201")
}

#[test]
fn the_simulation_finds_an_answer_that_is_stored_in_a_commit_of_its_own() {
    let together = |store: &Store, number| {
        let both = |batch: &mut Transaction<'_>| put(batch, number).and_then(|()| remember(batch, number));
        store.commit(at_some_time(), both).unwrap();
    };
    assert_eq!(find_half(together), None);
    let apart = |store: &Store, number| {
        store.commit(at_some_time(), |batch| put(batch, number)).unwrap();
        store.commit(at_some_time(), |batch| remember(batch, number)).unwrap();
    };
    assert!(find_half(apart).is_some());
}
