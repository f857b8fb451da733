//! What a user does, one function each; and the one place where commands are committed, one after the other.
//!
//! Architecture invariant: no socket and no HTTP here. The layer above says how an outcome looks on the wire
//! ([`Submission::render`]), so that the stored answer of a command is the very bytes that were sent.

mod clock;
mod command;
mod committer;
mod decide;
mod repeat;
mod reply;

use std::sync::Arc;

pub use clock::ShopClock;
pub use command::{Answer, Command, ConversionReceipt, Outcome, Receipt, Refusal, Submission, SubmitError, Verdict};
pub use committer::CommitCounts;
pub use repeat::{InFlight, Repeat};

use crate::domain::Currency;
use crate::live::Feed;
use crate::store::{Snapshot, Store, StoreError};
use committer::Committer;

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

/// The shop's server without its network: commands in, answers and changes out, snapshots for readers.
pub struct App {
    store: Arc<Store>,
    feed: Feed,
    committer: Committer,
    in_flight: InFlight,
    clock: ShopClock,
}

impl App {
    /// Starts the broadcaster and the writer thread.
    pub fn start(store: Store, clock: ShopClock) -> Result<Self, AppError> {
        let snapshot = store.snapshot().map_err(AppError::Store)?;
        let last_seq = snapshot.seq().map_err(AppError::Store)?;
        let (settings_rev, _) = snapshot.settings().map_err(AppError::Store)?;
        drop(snapshot);
        let feed = Feed::start(last_seq).map_err(AppError::Thread)?;
        let store = Arc::new(store);
        let committer = Committer::start(Arc::clone(&store), feed.clone(), clock.clone(), settings_rev)
            .map_err(AppError::Thread)?;
        let app = Self { store, feed, committer, in_flight: InFlight::default(), clock };
        app.warn_of_a_clock_in_the_past();
        Ok(app)
    }

    /// Carries out a command and returns its answer once everything about it is durable (promises 1 and 4).
    pub fn submit(&self, submission: Submission) -> Result<Answer, SubmitError> {
        let _place = match &submission.repeat {
            Some(repeat) if repeat.is_keyed() => Some(self.in_flight.enter(repeat.fingerprint())?),
            _ => None,
        };
        self.committer.submit(submission)
    }

    /// Everything that is committed, for reading.
    pub fn snapshot(&self) -> Result<Snapshot, StoreError> {
        self.store.snapshot()
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
        let seq = self.snapshot()?.seq()?;
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
        log::warn!(
            "⚠️ A client that had everything up to {since} is told to reload: this database, now at {seq}, does not know \
             the run in which that was so. It may be an older copy."
        );
        Ok(Resume::Reset)
    }

    /// The live feed.
    pub fn feed(&self) -> &Feed {
        &self.feed
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

    /// Commits what waits, refuses what comes later, and closes the file.
    pub fn stop(&self) {
        self.committer.stop();
        self.store.close();
    }

    fn warn_of_a_clock_in_the_past(&self) {
        let last = self.snapshot().and_then(|snapshot| snapshot.last_change_micros());
        if let Ok(Some(last)) = last
            && self.clock.now().unix_micros < last
        {
            log::warn!(
                "⚠️ The clock of this machine is behind the last stored change. Times stay at that change's until the \
                 clock has passed it; the order of records is not affected."
            );
        }
    }
}
