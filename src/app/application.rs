//! The open shop without its network: commands in, answers and changes out, one door for reads.

use std::sync::Arc;

use super::access::{Access, Secrets, Sight, VIEW_MARK};
use super::commands::{Answer, InFlight, Submission, SubmitError};
use super::commit::{CommitCounts, Errand, GroupCommit, Progress, Tools};
use super::monitor::{DiskSpace, LastStored, Monitor, ShopClock, Warning};
use super::read::{ReadError, Reading};
use crate::domain::{Asker, Currency, RunTime};
use crate::live::Feed;
use crate::store::{CommitTime, JournalCounts, Store, StoreError};

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
    store: Arc<Store>,
    feed: Feed,
    committer: GroupCommit,
    in_flight: InFlight,
    clock: ShopClock,
    monitor: Monitor,
    access: Arc<Access>,
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
        let feed = Feed::start(snapshot.seq().map_err(AppError::Store)?).map_err(AppError::Thread)?;
        let last_stored = Arc::new(LastStored::new(snapshot.last_change_micros().map_err(AppError::Store)?));
        let (settings_rev, _) = snapshot.settings().map_err(AppError::Store)?;
        let directory = snapshot.directory().map_err(AppError::Store)?;
        let attempts = snapshot.attempts().map_err(AppError::Store)?;
        let is_pepper_known = snapshot.pepper_mark().map_err(AppError::Store)? == Some(secrets.pepper_mark());
        drop(snapshot);
        let access = Access::new(directory, attempts.as_deref(), secrets);
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
        let app = Self { store, feed, committer, in_flight: InFlight::default(), clock, monitor, access };
        // A shop without people has no PIN, and need not be written to for it.
        if !is_pepper_known && app.access.directory().people().next().is_some() {
            app.take_new_pepper(secrets.pepper_mark()).map_err(AppError::Store)?;
        }
        if app.access.endings.known() > app.access.directory().endings() {
            app.end_what_was_ended().map_err(AppError::Store)?;
        }
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
        let read = self.store.snapshot().and_then(|snapshot| snapshot.seq());
        self.committer.prove();
        read.map(drop)
    }

    /// Everything that is committed, as one who asks may see it.
    ///
    /// Promise 10: first the state is taken, then the rights. So rights that were taken away show nothing that came later.
    pub fn read(&self, asker: Asker) -> Result<Reading, ReadError> {
        let snapshot = self.store.snapshot()?;
        let permission = self.permission(asker).ok_or(ReadError::LoggedOut)?;
        // Whoever came as a person and is none any more does not go on as the device that he was at.
        if matches!(asker, Asker::Known { session: Some(_), .. }) && permission.person.is_none() {
            return Err(ReadError::LoggedOut);
        }
        Ok(Reading::new(snapshot, Arc::new(Sight::new(permission, &self.clock))))
    }

    /// After how many minutes without input a till locks.
    pub fn lock_minutes(&self) -> Result<u32, StoreError> {
        self.store.snapshot()?.lock_minutes()
    }

    /// Eight hex digits that tell this shop from others at the same address.
    pub fn short_id(&self) -> &str {
        self.store.short_id()
    }

    pub(crate) fn access(&self) -> &Access {
        &self.access
    }

    /// Has something done without waiting for it.
    pub(crate) fn send_errand(&self, errand: Errand) {
        let _ = self.committer.send(errand);
    }

    pub(crate) fn run_errand(&self, errand: Errand) -> Result<(), SubmitError> {
        self.committer.run(errand)?;
        self.access.endings.note(self.access.directory().endings());
        Ok(())
    }

    /// The shop's running time.
    pub(crate) fn run_time(&self) -> RunTime {
        self.store.run_time(CommitTime { at: self.clock.now(), uptime_seconds: self.clock.uptime_seconds() })
    }

    /// The shop's currency.
    pub fn currency(&self) -> Currency {
        self.store.currency()
    }

    /// Names the file, this run, and what is seen; opaque to clients.
    pub fn epoch(&self, reading: &Reading) -> String {
        format!("{}{}", self.store.epoch(), reading.view_name())
    }

    /// Where a client that has everything up to `since` in the run that `epoch` names can go on. One that has seen something else
    /// than it may now cannot.
    pub fn resume(&self, reading: &Reading, since: Option<u64>, epoch: Option<&str>) -> Result<Resume, StoreError> {
        let view = reading.view_name();
        let epoch = epoch.and_then(|epoch| match epoch.split_once(VIEW_MARK) {
            Some((run, own)) => view.strip_prefix(VIEW_MARK).is_some_and(|view| view == own).then_some(run),
            None => view.is_empty().then_some(epoch),
        });
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

    /// Commands that wait for the writer at this moment.
    pub fn commands_waiting(&self) -> usize {
        self.committer.waiting()
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
mod tests;
