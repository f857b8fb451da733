//! The open shop without its network: commands in, answers and changes out, one door for reads.

use std::sync::Arc;

use super::access::{Access, KeptNotes, Secrets};
use super::catch_up::CatchUp;
use super::commands::{Answer, InFlight, Submission, SubmitError};
use super::commit::{CommitCounts, Errand, GroupCommit, Progress, Tools};
use super::monitor::{DiskSpace, LastStored, Monitor, ShopClock, Warning};
use super::read::{ReadError, Reading};
use super::read_door::ReadDoor;
use crate::domain::{Asker, Currency, RunTime, Sight, VIEW_MARK};
use crate::live::{Feed, Kinds, epoch_of, without_kinds};
use crate::store::{AccessNote, JournalCounts, Store, StoreError};

/// Why the shop cannot start.
#[derive(Debug)]
pub enum AppError {
    /// The file cannot be read.
    Store(StoreError),
    /// The system gives no thread, or no random numbers.
    Thread(std::io::Error),
    /// The secrets beside the file cannot be read or written.
    Secrets(std::io::Error),
}

impl std::fmt::Display for AppError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Store(error) => write!(formatter, "The database cannot be read: {error}."),
            Self::Secrets(error) => {
                write!(formatter, "The files with the shop's secrets beside the database cannot be used: {error}.")
            }
            Self::Thread(error) => write!(formatter, "The system does not give the server what it needs: {error}."),
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
    door: ReadDoor,
    feed: Feed,
    committer: GroupCommit,
    catch_up: CatchUp,
    in_flight: InFlight,
    monitor: Monitor,
}

impl App {
    /// Starts the broadcaster and the writer thread.
    pub fn start(store: Store, clock: ShopClock) -> Result<Self, AppError> {
        Self::start_with_space(store, clock, DiskSpace::unlimited())
    }

    /// The same on a disk that may fill up.
    pub fn start_with_space(store: Store, clock: ShopClock, space: DiskSpace) -> Result<Self, AppError> {
        Self::start_with(store, clock, space, &Secrets::random().map_err(AppError::Thread)?)
    }

    /// The same with the secrets that are kept beside the file.
    pub fn start_with(store: Store, clock: ShopClock, space: DiskSpace, secrets: &Secrets) -> Result<Self, AppError> {
        let snapshot = store.snapshot().map_err(AppError::Store)?;
        let (feed, catch_up) = Feed::start(snapshot.seq().map_err(AppError::Store)?).map_err(AppError::Thread)?;
        let last_stored = Arc::new(LastStored::new(snapshot.last_change_micros().map_err(AppError::Store)?));
        let (settings_rev, _) = snapshot.settings().map_err(AppError::Store)?;
        let directory = snapshot.directory().map_err(AppError::Store)?;
        let kept = |what| snapshot.access_note(what).map_err(AppError::Store);
        let kept = [AccessNote::Attempts, AccessNote::Strangers, AccessNote::LastSeen].map(kept);
        let [attempts, strangers, last_seen] = kept;
        let kept = KeptNotes { attempts: attempts?, strangers: strangers?, last_seen: last_seen? };
        let is_pepper_known = snapshot.pepper_mark().map_err(AppError::Store)? == Some(secrets.pepper_mark());
        drop(snapshot);
        let access = Access::new(directory, &kept, secrets);
        let access = Arc::new(access);
        let (store, space) = (Arc::new(store), Arc::new(space));
        let tools = Tools {
            store: Arc::clone(&store),
            feed: feed.clone(),
            clock: clock.clone(),
            space: Arc::clone(&space),
            last_stored: Arc::clone(&last_stored),
            access: Arc::clone(&access),
            settings_rev,
        };
        let committer = GroupCommit::start(tools).map_err(AppError::Thread)?;
        let monitor = Monitor::start(clock.clone(), space, last_stored, Arc::clone(store.journal_counts()))
            .map_err(AppError::Thread)?;
        let door = ReadDoor { store, access, clock };
        let catch_up = CatchUp::start(door.clone(), feed.clone(), catch_up).map_err(AppError::Thread)?;
        let app = Self { door, feed, committer, catch_up, in_flight: InFlight::default(), monitor };
        // A shop without people has no PIN, and need not be written to for it.
        if !is_pepper_known && app.door.access.directory().people().next().is_some() {
            app.take_new_pepper(secrets.pepper_mark()).map_err(AppError::Store)?;
        }
        if app.door.access.directory().has_owner()
            && app.reached().map_err(AppError::Store)?.is_behind(app.door.access.endings.known())
        {
            app.end_what_was_ended().map_err(AppError::Store)?;
        }
        app.note_reached();
        Ok(app)
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
        let read = self.door.store.snapshot().and_then(|snapshot| snapshot.seq());
        self.committer.prove();
        read.map(drop)
    }

    /// Everything that is committed, as one who asks may see it.
    pub fn read(&self, asker: Asker) -> Result<Reading, ReadError> {
        self.door.read(asker)
    }

    /// What one who follows the live feed sees at this moment; `None` if he is to log in.
    pub fn sight(&self, asker: Asker) -> Option<Sight> {
        self.door.sight(asker)
    }

    /// After how many minutes without input a till locks.
    pub fn lock_minutes(&self) -> Result<u32, StoreError> {
        self.door.store.snapshot()?.lock_minutes()
    }

    /// Eight hex digits that tell this shop from others at the same address.
    pub fn short_id(&self) -> &str {
        self.door.store.short_id()
    }

    pub(crate) fn read_door(&self) -> &ReadDoor {
        &self.door
    }

    pub(crate) fn access(&self) -> &Access {
        &self.door.access
    }

    /// Has something done without waiting for it.
    pub(crate) fn send_errand(&self, errand: Errand) {
        let _ = self.committer.send(errand);
    }

    pub(crate) fn run_errand(&self, errand: Errand) -> Result<(), SubmitError> {
        self.committer.run(errand)?;
        self.door.access.endings.note_endings(self.door.access.directory().endings());
        Ok(())
    }

    /// The shop's running time.
    pub(crate) fn run_time(&self) -> RunTime {
        self.door.run_time()
    }

    /// The shop's currency.
    pub fn currency(&self) -> Currency {
        self.door.store.currency()
    }

    /// Names the file and this run.
    pub fn run(&self) -> String {
        self.door.store.epoch()
    }

    /// Names the file, this run, and what is seen; opaque to clients.
    pub fn epoch(&self, reading: &Reading) -> String {
        self.epoch_of(reading, Kinds::All)
    }

    /// The same for one who asks for these kinds of records.
    pub fn epoch_of(&self, reading: &Reading, kinds: Kinds) -> String {
        epoch_of(&self.run(), reading.sight(), kinds)
    }

    /// Where a client that has everything up to `since` in the run that `epoch` names can go on. One that has seen something else
    /// than it may now cannot.
    pub fn resume(
        &self,
        reading: &Reading,
        since: Option<u64>,
        epoch: Option<&str>,
        kinds: Kinds,
    ) -> Result<Resume, StoreError> {
        let view = reading.sight().name();
        // What was followed until now has to have had these kinds.
        let epoch = epoch.map(without_kinds).filter(|(_, followed)| *followed == Kinds::All || *followed == kinds);
        let epoch = epoch.and_then(|(epoch, _)| match epoch.split_once(VIEW_MARK) {
            Some((run, own)) => view.strip_prefix(VIEW_MARK).is_some_and(|view| view == own).then_some(run),
            None => view.is_empty().then_some(epoch),
        });
        let can_resume = match (since, epoch) {
            (None, _) => return Ok(Resume::Live),
            (Some(0), _) => true,
            (Some(since), Some(epoch)) => self.door.store.can_resume(epoch, since)?,
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
        self.door.store.journal_counts()
    }

    /// Numbers about commits since the start.
    pub fn commit_counts(&self) -> &CommitCounts {
        self.committer.counts()
    }

    /// Commands that wait for the writer at this moment.
    pub fn commands_waiting(&self) -> usize {
        self.committer.waiting()
    }

    /// The shop's time.
    pub fn clock(&self) -> &ShopClock {
        &self.door.clock
    }

    /// Seconds since the start.
    pub fn uptime_seconds(&self) -> u64 {
        self.door.clock.uptime_seconds()
    }

    /// What the owner should know now.
    pub fn warnings(&self) -> Vec<Warning> {
        self.monitor.warnings()
    }

    /// Commits what waits, refuses what comes later, and closes the file.
    pub fn stop(&self) {
        self.committer.stop();
        self.feed.stop_catching_up();
        self.catch_up.join();
        self.note_reached();
        self.door.store.close();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

    use jiff::tz::TimeZone;

    use super::*;
    use crate::app::{
        AccessRefusal, Command, Idempotency, LoginRequest, Named, NewCredential, OwnerRequest, PersonChange, Presented,
        Requester,
    };
    use crate::domain::{
        Device, DeviceKind, DirectoryEdit, Discount, Items, Kind, Money, Person, RecordKey, Role, Sale, Session,
        Timestamp,
    };
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
        secrets: Secrets,
    }

    impl Bench {
        const RESERVE: u64 = 64 << 20;

        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let (now, free) = (Arc::new(AtomicI64::new(TODAY)), Arc::new(AtomicU64::new(1 << 40)));
            Self { dir, now, free, secrets: Secrets::random().unwrap() }
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
            App::start_with(Store::open(&options).unwrap(), clock, space, &self.secrets).unwrap()
        }

        /// The next start, with the clock at this.
        fn start_again(&self, app: App, micros: i64) -> App {
            app.stop();
            drop(app);
            self.set_clock(micros);
            self.start()
        }

        fn set_clock(&self, micros: i64) {
            self.now.store(micros, Ordering::SeqCst);
        }
    }

    fn submission(command: Command, key: Option<&str>, asker: Asker) -> Submission {
        Submission {
            command,
            asker,
            from: None,
            made_at: crate::domain::MadeAt::Unsaid,
            idempotency: key.map(|key| Idempotency::by_key(0, &[], key, &["POST", "/"], key.as_bytes())),
            expected_revs: None,
            render: |verdict, _| Answer { status: 200, rev: None, body: format!("{verdict:?}").into_bytes() },
        }
    }

    fn submit(app: &App, command: Command, key: Option<&str>) -> Result<Answer, SubmitError> {
        app.submit(submission(command, key, Asker::Anybody))
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
        app.door.store.snapshot().unwrap().last_change_micros().unwrap().unwrap()
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
            belonging: crate::domain::Belonging {
                owner: None,
                counted_at: Timestamp { unix_micros: 0, offset_seconds: 0 },
                sale_by: None,
            },
            owner_before: None,
            linked_belonging: None,
            record: None,
        };
        let sent = || app.feed().counts().changes.get();
        app.feed().publish((1..=MANY).map(change).collect());
        submit(&app, estimate(), None).unwrap();
        assert!(sent() >= MANY - FEW, "{} sent", sent());
    }

    /// Whether somebody is let in as a person: a device alone may only wait for one.
    fn is_in(app: &App, asker: Asker) -> bool {
        app.permission(asker).is_some_and(|permission| permission.is_member())
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
        assert_eq!(app.read(Asker::Machine).unwrap().seq().unwrap(), 2);
        submit(&app, Command::DeleteEstimate(key), None).unwrap();
        assert_eq!(app.read(Asker::Machine).unwrap().seq().unwrap(), 3);

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
        assert_eq!(app.read(Asker::Machine).unwrap().seq().unwrap(), 5, "the repetition was recognised");
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

    /// Two owners who have logged in at a device each, one with a PIN and one with a password.
    fn people(app: &App) -> [Asker; 2] {
        let device = |id| Device {
            id,
            name: format!("Till {id}"),
            kind: DeviceKind::Browser,
            previous: None,
            maker: None,
            role: None,
            person: None,
            token_hash: [u8::try_from(id).unwrap(); 32],
            made_at: Timestamp { unix_micros: 0, offset_seconds: 0 },
            address: None,
            is_revoked: false,
        };
        let person = |id, name: &str| Person {
            id,
            name: name.to_string(),
            role: Role::OWNER,
            is_active: true,
            pin_hash: None,
            password_hash: None,
            is_removed: false,
        };
        let (people, devices) = ([person(1, "Asha"), person(2, "Ravi")], [device(7), device(8)]);
        let pepper_mark = app.door.access.pepper_mark();
        app.committer
            .run(Box::new(move |transaction| {
                let begun = transaction.run_time();
                transaction.put_pepper_mark(&pepper_mark)?;
                for (person, device) in people.into_iter().zip(devices) {
                    let session = Session {
                        id: person.id.into(),
                        device: device.id,
                        person: person.id,
                        token_hash: [0; 32],
                        is_by_password: person.id == 2,
                        begun,
                    };
                    transaction.edit_directory(DirectoryEdit::Person(person))?;
                    transaction.edit_directory(DirectoryEdit::Device(device))?;
                    transaction.edit_directory(DirectoryEdit::Session(session))?;
                }
                Ok(())
            }))
            .unwrap();
        [Asker::Known { device: 7, session: Some(1) }, Asker::Known { device: 8, session: Some(2) }]
    }

    #[test]
    fn who_gave_a_command_and_whose_a_record_is_are_kept() {
        let bench = Bench::new();
        let app = bench.start();
        let by = |asker, command| submission(command, None, asker);
        let [asha, ravi] = people(&app);
        let actor = |asker| app.permission(asker).unwrap().actor();
        let key = RecordKey::new(Kind::Estimate, 1);
        app.submit(by(asha, estimate())).unwrap();
        let Command::CreateEstimate(sale) = estimate() else { unreachable!() };
        app.submit(by(ravi, Command::EditEstimate(key, sale))).unwrap();
        app.submit(by(Asker::Machine, Command::DeleteEstimate(key))).unwrap();
        let steps = app.read(asha).unwrap().history(key, 10).unwrap().unwrap();
        let actors: Vec<_> = steps.iter().map(|step| step.actor).collect();
        assert_eq!(actors, [None, actor(ravi), actor(asha)]);

        app.submit(by(ravi, estimate())).unwrap();
        let reading = app.read(asha).unwrap();
        let mut records = reading.newest_first(Kind::Estimate, &Filter::default()).unwrap();
        assert_eq!(records.next_with(|_, record| record.owner).unwrap(), Some(actor(ravi)));
        assert_eq!(submit(&app, estimate(), None), Err(SubmitError::LoggedOut), "the shop has people now");
        app.stop();
    }

    #[test]
    fn a_session_ends_by_running_time_and_at_a_start_by_a_clock_that_has_moved_on() {
        const HOUR: i64 = 3_600 * SECOND;
        let bench = Bench::new();
        let app = bench.start();
        let [by_pin, by_password] = people(&app);
        let start = app.run_time();
        let is_in_after = |asker, seconds| {
            let now = RunTime { uptime_seconds: start.uptime_seconds + seconds, ..start };
            app.directory().permission(asker, now).is_some_and(|permission| permission.is_member())
        };
        // The session was begun a moment after the start at the latest.
        for (asker, seconds) in [(by_pin, 12 * 3_600), (by_password, 30 * 24 * 3_600)] {
            assert!(is_in_after(asker, seconds - 60) && !is_in_after(asker, seconds + 60), "{asker:?}");
        }
        // A clock that is set while the server runs ends nothing, in whichever direction.
        for clock in [TODAY + YEAR, TODAY - YEAR, TODAY] {
            bench.set_clock(clock);
            assert!(is_in(&app, by_pin) && app.read(by_password).is_ok(), "{clock}");
            app.submit(submission(estimate(), None, by_pin)).unwrap();
        }

        let app = bench.start_again(app, TODAY - YEAR);
        assert!(is_in(&app, by_pin) && is_in(&app, by_password));
        let app = bench.start_again(app, TODAY + 12 * HOUR);
        assert!(is_in(&app, by_pin) && is_in(&app, by_password));
        let app = bench.start_again(app, TODAY + 12 * HOUR + 1);
        assert!(!is_in(&app, by_pin) && is_in(&app, by_password));
        assert!(matches!(app.read(by_pin), Err(ReadError::LoggedOut)));
        assert_eq!(app.submit(submission(estimate(), None, by_pin)), Err(SubmitError::LoggedOut));
        let app = bench.start_again(app, TODAY + 30 * 24 * HOUR);
        assert!(is_in(&app, by_password));
        let app = bench.start_again(app, TODAY + 30 * 24 * HOUR + 1);
        assert!(!is_in(&app, by_password));
        app.stop();
    }

    #[test]
    fn who_came_as_a_person_and_is_none_any_more_does_not_go_on_as_the_device() {
        let bench = Bench::new();
        let app = bench.start();
        people(&app);
        // A program of a wide role, at which somebody of a narrow one has logged in.
        app.committer
            .run(Box::new(|transaction| {
                let directory = transaction.directory()?;
                let device = Device::clone(directory.device(8).unwrap());
                let device = Device { kind: DeviceKind::Program, role: Some(Role::MANAGER), ..device };
                transaction.edit_directory(DirectoryEdit::Device(device))?;
                let ravi = Person::clone(directory.person(2).unwrap());
                transaction.edit_directory(DirectoryEdit::Person(Person { role: Role::VIEWER, ..ravi }))
            }))
            .unwrap();
        let shown = Presented::Bearer([0; 32]);
        let asker = Asker::Known { device: 8, session: Some(2) };
        let rights = |app: &App, asker| app.permission(asker).map(|permission| permission.allows.rights.iter().count());
        assert_eq!(rights(&app, asker), Some(1));
        let app = bench.start_again(app, TODAY + 31 * 24 * 3_600 * SECOND);
        assert_eq!(rights(&app, asker), None);
        assert_eq!(app.submit(submission(estimate(), None, asker)), Err(SubmitError::LoggedOut));
        // By the token of the session he is nobody; the device's own is as good as before.
        assert_eq!(app.permission(app.asker(shown)).map(|permission| permission.allows.rights), None);
        assert_eq!(rights(&app, Asker::Known { device: 8, session: None }), Some(10));
        app.stop();
    }

    #[test]
    fn lockouts_are_counted_in_running_time_whatever_the_clock_is_set_to() {
        let bench = Bench::new();
        let app = bench.start();
        let [owner, _] = people(&app);
        let by_pin = |person, pin: &str| LoginRequest {
            person: Named::Id(person),
            pin: Some(pin.to_string()),
            password: None,
            device_name: None,
            is_program: false,
        };
        let pin = NewCredential { pin: Some("271828".to_string()), password: None };
        let change = PersonChange { credential: pin, ..PersonChange::default() };
        app.change_person(by(owner), 2, change).unwrap();
        let till = by(Asker::Known { device: 7, session: None });
        for _ in 0..5 {
            let wrong = app.log_in(till, by_pin(2, "000000")).err();
            assert_eq!(wrong, Some(AccessRefusal::WrongCredential));
        }
        let is_locked = |app: &App| {
            let refused = app.log_in(till, by_pin(2, "271828")).err();
            matches!(refused, Some(AccessRefusal::Locked { seconds: 1..=30 }))
        };
        for clock in [TODAY + YEAR, TODAY - YEAR, TODAY] {
            bench.set_clock(clock);
            assert!(is_locked(&app), "{clock}");
        }
        let app = bench.start_again(app, TODAY + YEAR);
        assert!(is_locked(&app));
        let app = bench.start_again(app, TODAY - YEAR);
        assert!(is_locked(&app));
        // The next device is not to blame, and that person is.
        let other = by(Asker::Known { device: 8, session: None });
        assert!(app.log_in(other, by_pin(2, "271828")).is_ok());
        app.stop();
    }

    #[test]
    fn an_older_copy_of_the_file_lets_nobody_go_on() {
        let folder = tempfile::tempdir().unwrap();
        let bench = Bench { secrets: Secrets::beside(folder.path(), "", None).unwrap(), ..Bench::new() };
        let app = bench.start();
        let [asha, ravi] = people(&app);
        app.stop();
        drop(app);
        let file = bench.dir.path().join("tillsync.redb");
        let copy = std::fs::read(&file).unwrap();

        let app = bench.start();
        assert!(is_in(&app, asha) && is_in(&app, ravi), "a start ends nothing");
        let caller = |asker| Requester { asker, from: std::net::Ipv4Addr::LOCALHOST.into(), before: None };
        app.lock(caller(ravi)).unwrap();
        assert!(is_in(&app, asha) && !is_in(&app, ravi));
        app.stop();
        drop(app);

        std::fs::write(&file, copy).unwrap();
        let bench = Bench { secrets: Secrets::beside(folder.path(), "", None).unwrap(), ..bench };
        let app = bench.start();
        assert!(!is_in(&app, asha) && !is_in(&app, ravi));
        app.stop();
    }

    #[test]
    fn an_older_copy_is_known_by_the_sales_that_it_lacks_too_and_once() {
        let folder = tempfile::tempdir().unwrap();
        let again = |bench: Bench| Bench { secrets: Secrets::beside(folder.path(), "", None).unwrap(), ..bench };
        let bench = again(Bench::new());
        let app = bench.start();
        let [asha, _] = people(&app);
        app.stop();
        drop(app);
        let file = bench.dir.path().join("tillsync.redb");
        let copy = std::fs::read(&file).unwrap();

        let bench = again(bench);
        let app = bench.start();
        app.submit(submission(estimate(), None, asha)).unwrap();
        app.stop();
        drop(app);
        std::fs::write(&file, copy).unwrap();
        let bench = again(bench);
        let app = bench.start();
        assert!(!is_in(&app, asha) && app.directory().sessions().next().is_none());
        let mut kinds = Vec::new();
        let reading = app.read(Asker::Machine).unwrap();
        let take = |entry: crate::domain::AuditEntry| {
            kinds.push(entry.note.kind);
            std::ops::ControlFlow::Continue(())
        };
        reading.audit(None, 10, take).unwrap();
        assert_eq!(kinds, [crate::domain::AuditKind::Restore]);
        drop(reading);
        app.stop();
        drop(app);
        // It is the shop's database from then on.
        let bench = again(bench);
        let app = bench.start();
        assert_eq!(app.read(Asker::Machine).unwrap().audit_entries().unwrap(), 1);
        app.stop();
    }

    #[test]
    fn another_pepper_ends_sessions_and_the_same_keeps_them() {
        let mut bench = Bench::new();
        let app = bench.start();
        let [asha, _] = people(&app);
        let app = bench.start_again(app, TODAY);
        assert!(is_in(&app, asha));
        app.stop();
        drop(app);
        bench.secrets = Secrets::random().unwrap();
        let app = bench.start();
        assert!(!is_in(&app, asha) && app.directory().sessions().next().is_none());
        app.stop();
    }

    fn owner_request(code: &str, name: &str, device_name: &str) -> OwnerRequest {
        OwnerRequest {
            code: code.to_string(),
            name: name.to_string(),
            credential: NewCredential { pin: Some("314159".to_string()), password: None },
            device_name: Some(device_name.to_string()),
            is_program: false,
        }
    }

    fn by(asker: Asker) -> Requester {
        Requester { asker, from: std::net::Ipv4Addr::LOCALHOST.into(), before: None }
    }

    #[test]
    fn an_owners_code_outlasts_a_start_and_not_its_sixteenth_minute() {
        const MINUTE: i64 = 60 * SECOND;
        let bench = Bench::new();
        let app = bench.start();
        let code = app.issue_owner_code(by(Asker::Machine), false).unwrap();
        // A clock that is set while the server runs changes nothing.
        bench.set_clock(TODAY + YEAR);
        assert!(app.lets_network_in());
        let app = bench.start_again(app, TODAY + 15 * MINUTE);
        assert!(app.lets_network_in());
        let app = bench.start_again(app, TODAY + 15 * MINUTE + 1);
        assert!(!app.lets_network_in());
        let late = app.make_owner(by(Asker::Anybody), owner_request(&code, "Asha", "Till 1"));
        assert_eq!(late.err(), Some(AccessRefusal::Over));
        assert!(app.directory().people().next().is_none());
        let app = bench.start_again(app, TODAY + 14 * MINUTE);
        app.make_owner(by(Asker::Anybody), owner_request(&code, "Asha", "Till 1")).map(drop).unwrap();
        app.stop();
    }

    #[test]
    fn an_owner_who_is_refused_has_used_up_nothing() {
        let bench = Bench::new();
        let app = bench.start();
        let code = app.issue_owner_code(by(Asker::Machine), false).unwrap();
        for device_name in ["", "a\nb"] {
            let refused = app.make_owner(by(Asker::Anybody), owner_request(&code, "Asha", device_name));
            assert!(matches!(refused.err(), Some(AccessRefusal::Invalid(..))));
            assert!(!app.directory().has_owner() && app.lets_network_in());
        }
        let made = app.make_owner(by(Asker::Anybody), owner_request(&code, "Asha", "Till 1")).ok().unwrap();
        assert!(made.device_token.is_some() && app.permission(made.asker).is_some());
        let again = app.make_owner(by(Asker::Anybody), owner_request(&code, "Ravi", "Till 2"));
        assert_eq!(again.err(), Some(AccessRefusal::Over), "it is good once");
        app.stop();
    }

    #[test]
    fn strangers_on_the_network_use_up_no_try_of_the_shops_own_machine() {
        let bench = Bench::new();
        let app = bench.start();
        let code = app.issue_owner_code(by(Asker::Machine), false).unwrap();
        let stranger = Requester { from: std::net::Ipv4Addr::new(192, 168, 1, 7).into(), ..by(Asker::Anybody) };
        let wrong = |number| app.make_owner(stranger, owner_request(number, "Thief", "Phone")).err();
        for _ in 0..5 {
            assert_eq!(wrong("ZZZZZZZZ"), Some(AccessRefusal::WrongCode));
        }
        assert_eq!(wrong(&code), Some(AccessRefusal::Over));
        assert!(!app.lets_network_in(), "nobody from there can become owner by this code");
        app.make_owner(by(Asker::Anybody), owner_request(&code, "Asha", "Till 1")).map(drop).unwrap();
        app.stop();
    }

    #[test]
    fn what_was_tried_in_vain_is_in_the_audit_after_a_proper_end() {
        let bench = Bench::new();
        let app = bench.start();
        let [owner, seller] = people(&app);
        app.committer
            .run(Box::new(|transaction| {
                let ravi = Person::clone(transaction.directory()?.person(2).unwrap());
                transaction.edit_directory(DirectoryEdit::Person(Person { role: Role::SELLER, ..ravi }))
            }))
            .unwrap();
        app.submit(submission(estimate(), None, owner)).unwrap();
        for _ in 0..4 {
            let refused =
                app.submit(submission(Command::DeleteEstimate(RecordKey::new(Kind::Estimate, 1)), None, seller));
            assert!(matches!(refused, Err(SubmitError::Forbidden(_))), "{refused:?}");
        }
        let app = bench.start_again(app, TODAY + SECOND);
        let reading = app.read(owner).unwrap();
        let mut told = Vec::new();
        let mut take = |entry: crate::domain::AuditEntry| {
            told.push(entry.note.detail.unwrap_or_default());
            std::ops::ControlFlow::Continue(())
        };
        // Whoever looks at a few goes on from where he was, to the end.
        let mut before = None;
        while let Some(place) = reading.audit(before, 1, &mut take).unwrap() {
            before = Some(place);
        }
        assert_eq!(told, ["3 times", "once"]);
        assert!(reading.check_audit().unwrap().broken_at.is_none());
        app.stop();
    }

    #[test]
    fn at_midnight_who_sees_no_days_back_begins_anew_and_others_go_on() {
        const DAY: i64 = 24 * 3_600 * SECOND;
        let bench = Bench::new();
        let app = bench.start();
        let [owner, seller] = people(&app);
        app.committer
            .run(Box::new(|transaction| {
                let [_, _, mut role, _] = Role::built_in();
                role.allows.days_back = Some(0);
                transaction.edit_directory(DirectoryEdit::Role(role))?;
                let ravi = Person::clone(transaction.directory()?.person(2).unwrap());
                transaction.edit_directory(DirectoryEdit::Person(Person { role: Role::SELLER, ..ravi }))
            }))
            .unwrap();
        bench.set_clock(TODAY + DAY - 1);
        app.submit(submission(estimate(), None, owner)).unwrap();
        let first = RecordKey::new(Kind::Estimate, 1);
        let listed = |reading: &Reading| {
            let mut walk = reading.newest_first(Kind::Estimate, &Filter::default()).unwrap();
            let mut numbers = Vec::new();
            while let Some(number) = walk.next_with(|key, _| key.number).unwrap() {
                numbers.push(number);
            }
            numbers
        };
        let [his, hers] = [seller, owner].map(|asker| app.read(asker).unwrap());
        assert!(his.record(first).unwrap().is_some());
        let [his_epoch, her_epoch] = [&his, &hers].map(|reading| app.epoch(reading));
        let resume = |reading: &Reading, epoch: &str| app.resume(reading, Some(1), Some(epoch), Kinds::All).unwrap();
        assert_eq!(resume(&his, &his_epoch), Resume::CatchUp(1));

        bench.set_clock(TODAY + DAY);
        // What was read before midnight has the name of what was seen then.
        assert!(his.record(first).unwrap().is_some());
        assert_eq!(app.epoch(&his), his_epoch, "or who has it would never learn that it is over");
        let [his, hers] = [seller, owner].map(|asker| app.read(asker).unwrap());
        assert!(his.record(first).unwrap().is_none() && his.history(first, 9).unwrap().is_none());
        assert_eq!((listed(&his), listed(&hers)), (vec![], vec![1]));
        assert_ne!(app.epoch(&his), his_epoch);
        assert_eq!(resume(&his, &his_epoch), Resume::Reset);
        assert_eq!(resume(&his, &app.epoch(&his)), Resume::CatchUp(1));
        assert!(hers.record(first).unwrap().is_some());
        assert_eq!((app.epoch(&hers), resume(&hers, &her_epoch)), (her_epoch.clone(), Resume::CatchUp(1)));

        // The new day is seen, and a clock that is set back shows the one before again.
        app.submit(submission(estimate(), None, owner)).unwrap();
        assert_eq!(listed(&app.read(seller).unwrap()), [2]);
        bench.set_clock(TODAY + DAY - 1);
        let his = app.read(seller).unwrap();
        assert_eq!((listed(&his), app.epoch(&his)), (vec![2, 1], his_epoch));
        app.stop();
    }
}
