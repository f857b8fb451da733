//! What a user does, one function each; and the one place where commands are committed, one after the other.
//!
//! Architecture invariant: no socket and no HTTP here. The layer above says how an outcome looks on the wire
//! ([`Submission::render`]), so that the stored answer of a command is the very bytes that were sent.

mod clock;
mod command;
mod committer;
mod decide;
mod repeat;

use std::sync::Arc;

pub use clock::ShopClock;
pub use command::{Answer, Command, ConversionReceipt, Outcome, Receipt, Refusal, Submission, SubmitError, Verdict};
pub use repeat::{InFlight, Repeat};

use crate::domain::Currency;
use crate::live::Feed;
use crate::store::{Snapshot, Store, StoreError};
use committer::Committer;

/// The shop's server without its network: commands in, answers and changes out, snapshots for readers.
pub struct App {
    store: Arc<Store>,
    feed: Feed,
    committer: Committer,
    in_flight: InFlight,
    clock: ShopClock,
    started: std::time::Instant,
}

impl App {
    /// Starts the writer thread.
    pub fn start(store: Store, feed: Feed, clock: ShopClock) -> std::io::Result<Self> {
        let store = Arc::new(store);
        let committer = Committer::start(Arc::clone(&store), feed.clone(), clock.clone())?;
        let app =
            Self { store, feed, committer, in_flight: InFlight::default(), clock, started: std::time::Instant::now() };
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

    /// The live feed.
    pub fn feed(&self) -> &Feed {
        &self.feed
    }

    /// The shop's time.
    pub fn clock(&self) -> &ShopClock {
        &self.clock
    }

    /// Seconds since the start.
    pub fn uptime_seconds(&self) -> u64 {
        self.started.elapsed().as_secs()
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
