//! The open shop without its network: commands in, answers and changes out, one door for reads.

use std::sync::Arc;

use super::commands::{Answer, InFlight, Submission, SubmitError};
use super::commit::{CommitCounts, GroupCommit, Progress, Tools};
use super::monitor::{DiskSpace, LastStored, Monitor, ShopClock, Warning};
use super::read::Reading;
use crate::domain::Currency;
use crate::live::Feed;
use crate::store::{JournalCounts, Store, StoreError};

/// Why the shop cannot start.
#[derive(Debug)]
pub enum AppError {
    /// The file cannot be read.
    Store(StoreError),
    /// The system gives no thread.
    Thread(std::io::Error),
}

impl std::fmt::Display for AppError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Store(error) => write!(formatter, "The database cannot be read: {error}."),
            Self::Thread(error) => write!(formatter, "The system does not give the server its threads: {error}."),
        }
    }
}

impl std::error::Error for AppError {}

/// How a client that comes back goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resume {
    /// With what happens from now on.
    Live,
    /// With everything after this sequence.
    CatchUp(u64),
    /// By reloading: what it has is not a past of this database.
    Reset,
}

impl Resume {
    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::CatchUp(_) => "catch_up",
            Self::Reset => "reset",
        }
    }
}

/// The shop's server without its network: commands in, answers and changes out, one door for reads.
pub struct App {
    store: Arc<Store>,
    feed: Feed,
    committer: GroupCommit,
    in_flight: InFlight,
    clock: ShopClock,
    monitor: Monitor,
}

impl App {
    /// Starts the broadcaster and the writer thread.
    pub fn start(store: Store, clock: ShopClock) -> Result<Self, AppError> {
        Self::start_with_space(store, clock, DiskSpace::unlimited())
    }

    /// The same on a disk that may fill up.
    pub fn start_with_space(store: Store, clock: ShopClock, space: DiskSpace) -> Result<Self, AppError> {
        let snapshot = store.snapshot().map_err(AppError::Store)?;
        let feed = Feed::start(snapshot.seq().map_err(AppError::Store)?).map_err(AppError::Thread)?;
        let last_stored = Arc::new(LastStored::new(snapshot.last_change_micros().map_err(AppError::Store)?));
        let (settings_rev, _) = snapshot.settings().map_err(AppError::Store)?;
        drop(snapshot);
        let (store, space) = (Arc::new(store), Arc::new(space));
        let tools = Tools {
            store: Arc::clone(&store),
            feed: feed.clone(),
            clock: clock.clone(),
            space: Arc::clone(&space),
            last_stored: Arc::clone(&last_stored),
            settings_rev,
        };
        let committer = GroupCommit::start(tools).map_err(AppError::Thread)?;
        let monitor = Monitor::start(clock.clone(), space, last_stored, Arc::clone(store.journal_counts()))
            .map_err(AppError::Thread)?;
        Ok(Self { store, feed, committer, in_flight: InFlight::default(), clock, monitor })
    }

    /// Carries out a command and returns its answer once everything about it is durable (promises 1 and 4).
    pub fn submit(&self, submission: Submission) -> Result<Answer, SubmitError> {
        match self.begin(submission)? {
            Progress::Done(answer) => Ok(answer),
            Progress::Pending(pending) => pending.wait(),
        }
    }

    /// The same for a caller who has something else to do while the command waits for the writer.
    pub fn begin(&self, submission: Submission) -> Result<Progress, SubmitError> {
        let in_flight = match &submission.idempotency {
            Some(idempotency) if idempotency.is_keyed() => Some(self.in_flight.enter(idempotency.fingerprint())?),
            _ => None,
        };
        self.committer.submit(submission, in_flight)
    }

    /// Comes back once a read and the writer's way of committing have been gone through just now; nothing is stored. Waits as
    /// long as they take. An error is an answer of the database, too: it says that reads fail.
    pub fn prove(&self) -> Result<(), StoreError> {
        let read = self.store.snapshot().and_then(|snapshot| snapshot.seq());
        self.committer.prove();
        read.map(drop)
    }

    /// Everything that is committed, for reading.
    pub fn read(&self) -> Result<Reading, StoreError> {
        self.store.snapshot().map(Reading::from)
    }

    /// The shop's currency.
    pub fn currency(&self) -> Currency {
        self.store.currency()
    }

    /// Names the file and this run; opaque to clients.
    pub fn epoch(&self) -> String {
        self.store.epoch()
    }

    /// Where a client that has everything up to `since` in the run that `epoch` names can go on.
    pub fn resume(&self, since: Option<u64>, epoch: Option<&str>) -> Result<Resume, StoreError> {
        let can_resume = match (since, epoch) {
            (None, _) => return Ok(Resume::Live),
            (Some(0), _) => true,
            (Some(since), Some(epoch)) => self.store.can_resume(epoch, since)?,
            (Some(_), None) => false,
        };
        let since = since.unwrap_or_default();
        if can_resume {
            self.feed.counts().catch_ups.add(1);
            return Ok(Resume::CatchUp(since));
        }
        self.feed.counts().resets.add(1);
        Ok(Resume::Reset)
    }

    /// The live feed.
    pub fn feed(&self) -> &Feed {
        &self.feed
    }

    /// Numbers about the journal since the start.
    pub fn journal_counts(&self) -> &JournalCounts {
        self.store.journal_counts()
    }

    /// Numbers about commits since the start.
    pub fn commit_counts(&self) -> &CommitCounts {
        self.committer.counts()
    }

    /// The shop's time.
    pub fn clock(&self) -> &ShopClock {
        &self.clock
    }

    /// Seconds since the start.
    pub fn uptime_seconds(&self) -> u64 {
        self.clock.uptime_seconds()
    }

    /// What the owner should know now.
    pub fn warnings(&self) -> Vec<Warning> {
        self.monitor.warnings()
    }

    /// Commits what waits, refuses what comes later, and closes the file.
    pub fn stop(&self) {
        self.committer.stop();
        self.store.close();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

    use jiff::tz::TimeZone;

    use super::*;
    use crate::app::{Command, Idempotency};
    use crate::domain::{Actor, Discount, Items, Kind, Money, RecordKey, Sale};
    use crate::store::{Filter, JournalOptions, StoreOptions};

    const SECOND: i64 = 1_000_000;
    const YEAR: i64 = 365 * 24 * 3_600 * SECOND;
    /// 2026-11-23 in microseconds.
    const TODAY: i64 = 1_795_392_000 * SECOND;

    /// A shop whose clock and disk are turned by hand.
    struct Bench {
        dir: tempfile::TempDir,
        now: Arc<AtomicI64>,
        free: Arc<AtomicU64>,
    }

    impl Bench {
        const RESERVE: u64 = 64 << 20;

        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            Self { dir, now: Arc::new(AtomicI64::new(TODAY)), free: Arc::new(AtomicU64::new(1 << 40)) }
        }

        fn start(&self) -> App {
            let options = StoreOptions {
                directory: self.dir.path().to_path_buf(),
                cache_bytes: 1 << 20,
                currency: None,
                journal: JournalOptions::default(),
            };
            let (now, free) = (Arc::clone(&self.now), Arc::clone(&self.free));
            let clock = ShopClock::showing(TimeZone::UTC, move || {
                jiff::Timestamp::from_microsecond(now.load(Ordering::SeqCst)).unwrap()
            });
            let space = DiskSpace::reading(Self::RESERVE, move || Some(free.load(Ordering::SeqCst)));
            App::start_with_space(Store::open(&options).unwrap(), clock, space).unwrap()
        }

        fn set_clock(&self, micros: i64) {
            self.now.store(micros, Ordering::SeqCst);
        }
    }

    fn submission(command: Command, key: Option<&str>, actor: Option<Actor>) -> Submission {
        Submission {
            command,
            actor,
            made_at: crate::domain::MadeAt::Unsaid,
            idempotency: key.map(|key| Idempotency::by_key(key, &["POST", "/"], key.as_bytes())),
            expected_revs: None,
            render: |verdict, _| Answer { status: 200, rev: None, body: format!("{verdict:?}").into_bytes() },
        }
    }

    fn submit(app: &App, command: Command, key: Option<&str>) -> Result<Answer, SubmitError> {
        app.submit(submission(command, key, None))
    }

    fn estimate() -> Command {
        Command::CreateEstimate(Box::new(Sale {
            customer_name: "Asha".to_string(),
            customer_phone: String::new(),
            customer_address: String::new(),
            sale_by: String::new(),
            items: Items::new(r#"[{"name":"Bulb","price":1,"quantity":1}]"#, 1),
            subtotal: Money::from_minor_units(100),
            discount: Discount::Amount(Money::default()),
            discount_percentage: 0.0,
            total: Money::from_minor_units(100),
            amounts_flagged: None,
        }))
    }

    fn codes(app: &App) -> Vec<&'static str> {
        app.warnings().into_iter().map(|warning| warning.code).collect()
    }

    fn last_stored(app: &App) -> i64 {
        app.store.snapshot().unwrap().last_change_micros().unwrap().unwrap()
    }

    #[test]
    fn a_commit_waits_while_the_screens_are_far_behind() {
        const MANY: u64 = 100_000;
        /// That may be unsent when a commit begins, and more than a commit takes to be sent.
        const FEW: u64 = 1_000;
        let bench = Bench::new();
        let app = bench.start();
        let change = |seq| crate::domain::Change {
            seq,
            key: RecordKey::new(Kind::Estimate, 1),
            action: crate::domain::Action::Delete,
            rev: 1,
            at: crate::domain::Timestamp { unix_micros: 0, offset_seconds: 0 },
            by: None,
            origin: None,
            linked: None,
            record: None,
        };
        let sent = || app.feed().counts().changes.get();
        app.feed().publish((1..=MANY).map(change).collect());
        submit(&app, estimate(), None).unwrap();
        assert!(sent() >= MANY - FEW, "{} sent", sent());
    }

    #[test]
    fn a_full_disk_refuses_what_grows_and_lets_reading_deleting_and_repeating_go_on() {
        let bench = Bench::new();
        let app = bench.start();
        let first = submit(&app, estimate(), Some("first")).unwrap();
        submit(&app, estimate(), None).unwrap();
        assert_eq!(codes(&app), [""; 0]);

        bench.free.store(Bench::RESERVE, Ordering::SeqCst);
        let key = RecordKey::new(Kind::Estimate, 2);
        let conversion = crate::domain::Conversion { sale_by: None, amount_paid: None, payment_mode: None };
        for command in [
            estimate(),
            Command::EditEstimate(
                key,
                Box::new(match estimate() {
                    Command::CreateEstimate(sale) => *sale,
                    _ => unreachable!(),
                }),
            ),
            Command::DuplicateEstimate(key),
            Command::ConvertEstimate(key, conversion),
        ] {
            assert_eq!(submit(&app, command, Some("refused")), Err(SubmitError::DiskFull));
        }
        assert_eq!(codes(&app), ["disk_full"]);
        assert_eq!(submit(&app, estimate(), Some("first")), Ok(first), "a repetition grows nothing");
        assert_eq!(app.read().unwrap().seq().unwrap(), 2);
        submit(&app, Command::DeleteEstimate(key), None).unwrap();
        assert_eq!(app.read().unwrap().seq().unwrap(), 3);

        bench.free.store(Bench::RESERVE * 2, Ordering::SeqCst);
        assert_eq!(codes(&app), ["disk_low"]);
        submit(&app, estimate(), Some("refused")).expect("a refusal for want of room is not remembered");
        bench.free.store(1 << 40, Ordering::SeqCst);
        assert_eq!(codes(&app), [""; 0]);
        app.stop();
    }

    #[test]
    fn whatever_the_clock_shows_order_stays_times_never_run_backwards_and_the_owner_is_told() {
        let bench = Bench::new();
        let app = bench.start();
        submit(&app, estimate(), Some("kept")).unwrap();
        assert_eq!((last_stored(&app), codes(&app)), (TODAY, vec![]));
        // Two years back, while running.
        bench.set_clock(TODAY - 2 * YEAR);
        assert_eq!(codes(&app), ["clock_behind"]);
        submit(&app, estimate(), None).unwrap();
        assert_eq!(last_stored(&app), TODAY);
        // Right again.
        bench.set_clock(TODAY + SECOND);
        assert_eq!(codes(&app), [""; 0]);
        submit(&app, estimate(), None).unwrap();
        assert_eq!(last_stored(&app), TODAY + SECOND);
        // Ten years ahead: the warning does not end with the first sale, and says what the next one does.
        bench.set_clock(TODAY + 10 * YEAR);
        assert_eq!(codes(&app), ["clock_ahead"]);
        submit(&app, estimate(), None).unwrap();
        let warning = app.warnings().pop().unwrap();
        assert_eq!(warning.code, "clock_ahead");
        assert!(
            warning.message.contains("2036-11-20 00:00") && warning.message.contains("2026-11-23 00:00"),
            "{warning:?}"
        );
        // Set right: later sales carry the future time, and nobody is locked out, not even a repetition.
        bench.set_clock(TODAY + 2 * SECOND);
        let warning = app.warnings().pop().unwrap();
        assert_eq!(warning.code, "clock_behind");
        assert!(warning.message.contains("backup"), "{warning:?}");
        submit(&app, estimate(), None).unwrap();
        assert_eq!(last_stored(&app), TODAY + 10 * YEAR);
        submit(&app, estimate(), Some("kept")).unwrap();
        assert_eq!(app.read().unwrap().seq().unwrap(), 5, "the repetition was recognised");
        app.stop();
        drop(app);

        // A start in 1970.
        bench.set_clock(0);
        let app = bench.start();
        assert_eq!(codes(&app), ["clock_behind"]);
        submit(&app, estimate(), None).unwrap();
        assert_eq!(last_stored(&app), TODAY + 10 * YEAR);
        app.stop();
    }

    #[test]
    fn an_empty_shop_with_a_clock_in_1970_sells_and_warns_until_the_clock_is_set() {
        let bench = Bench::new();
        bench.set_clock(5 * SECOND);
        let app = bench.start();
        assert_eq!(codes(&app), ["clock_unset"]);
        submit(&app, estimate(), None).unwrap();
        bench.set_clock(TODAY);
        assert_eq!(codes(&app), [""; 0]);
        submit(&app, estimate(), None).unwrap();
        assert_eq!(last_stored(&app), TODAY);
        app.stop();
    }

    /// Nobody can say who he is yet; what is stored from the first person on has its place.
    #[test]
    fn who_gave_a_command_and_whose_a_record_is_are_kept() {
        let bench = Bench::new();
        let app = bench.start();
        let by = |actor, command| submission(command, None, actor);
        let (asha, ravi) = (Actor { person: 1, device: 7 }, Actor { person: 2, device: 7 });
        let key = RecordKey::new(Kind::Estimate, 1);
        app.submit(by(Some(asha), estimate())).unwrap();
        let Command::CreateEstimate(sale) = estimate() else { unreachable!() };
        app.submit(by(Some(ravi), Command::EditEstimate(key, sale))).unwrap();
        app.submit(by(None, Command::DeleteEstimate(key))).unwrap();
        let steps = app.read().unwrap().history(key, 10).unwrap().unwrap();
        assert_eq!(steps.iter().map(|step| step.actor).collect::<Vec<_>>(), [None, Some(ravi), Some(asha)]);

        app.submit(by(Some(ravi), estimate())).unwrap();
        let mut records = app.read().unwrap().newest_first(Kind::Estimate, &Filter::default()).unwrap();
        assert_eq!(records.next_with(|_, record| record.owner).unwrap(), Some(Some(ravi)));
        app.stop();
    }
}
