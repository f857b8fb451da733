//! One commit at a time, whoever leads it: a lone command is committed on its caller's thread; as soon as two meet, the
//! writer thread gathers what waits and commits it with one sync.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TrySendError, bounded};

use super::ticket;
use super::ticket::{Answerer, CommandResult, Progress, Ticket};
use crate::app::access::Access;
use crate::app::commands::{Circumstances, InFlightGuard, Submission, SubmitError, decide};
use crate::app::monitor::{DiskSpace, LastStored, ShopClock};
use crate::live::Feed;
use crate::metrics::{Counter, Histogram};
use crate::platform::EndOnPanic;
use crate::store::{CommitTime, Committed, Store, StoreError, Transaction};

/// Commands that may wait for the writer.
const QUEUE_COMMANDS_MAX: usize = 1_024;
/// Commands of one transaction.
pub(super) const BATCH_COMMANDS_MAX: usize = 256;
/// The writer waits for the next commands of those whom it has just answered, for this part of the last commit's time.
const GATHER_PART_OF_COMMIT: u32 = 4;
/// However slow the disk, nobody waits longer than this for company.
const GATHER_WAIT_MAX: Duration = Duration::from_millis(5);

/// Between two attempts to show what a fault has left unshown.
const RECOVERY_REST: Duration = Duration::from_millis(250);
/// How often an idle writer looks whether there was a fault.
const IDLE_LOOK: Duration = Duration::from_secs(1);

const _: () = assert!(BATCH_COMMANDS_MAX <= QUEUE_COMMANDS_MAX);

/// Something to be done in a transaction that is no command on a record: it changes who may come in, or what is known of them.
pub(crate) type Errand = Box<dyn FnOnce(&mut Transaction<'_>) -> Result<(), StoreError> + Send>;

/// What waits for the writer. Almost all of it is commands, so there is nothing to gain by a box.
#[expect(clippy::large_enum_variant, reason = "one allocation less for each command")]
enum Waiting {
    Command(Submission, Answerer),
    /// Tells the one who waits what became of it.
    Errand(Errand, Sender<Result<(), SubmitError>>),
    /// Nothing to do; dropping it tells the one who waits that the writer has been there.
    Proof(Sender<()>),
}

pub(crate) struct GroupCommit {
    state: Arc<CommitState>,
    queue: Mutex<Option<Sender<Waiting>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

/// Numbers about commits since the start.
#[derive(Debug)]
pub struct CommitCounts {
    /// Microseconds of each commit that changed something.
    pub seconds: Histogram<10>,
    /// Commands of each.
    pub commands: Histogram<9>,
    /// Commits whose outcome is unknown.
    pub failures: Counter,
}

impl Default for CommitCounts {
    fn default() -> Self {
        Self {
            seconds: Histogram::new([100, 250, 500, 1_000, 2_500, 5_000, 10_000, 50_000, 250_000, 1_000_000]),
            commands: Histogram::new([1, 2, 4, 8, 16, 32, 64, 128, 256]),
            failures: Counter::default(),
        }
    }
}

/// What commits work with.
pub(crate) struct Tools {
    pub store: Arc<Store>,
    pub feed: Feed,
    pub clock: ShopClock,
    pub space: Arc<DiskSpace>,
    pub last_stored: Arc<LastStored>,
    pub access: Arc<Access>,
    /// Revision of the settings at the start.
    pub settings_rev: u32,
}

/// What a commit needs; only the holder of the turn commits.
pub(super) struct CommitState {
    pub(super) tools: Tools,
    pub(super) counts: CommitCounts,
    /// Promise 2: whoever holds it commits and publishes before giving it back, so both have one order.
    pub(super) commit_lock: Mutex<()>,
    /// Commands handed to the writer and not answered yet. While there are any, nobody overtakes them.
    pub(super) waiting: AtomicUsize,
    pub(super) is_stopping: AtomicBool,
    /// A commit failed, and what it may have left in the file is not shown yet.
    pub(super) is_feed_behind: AtomicBool,
    /// Revision of the settings that were shown last.
    pub(super) settings_rev: AtomicU32,
    /// The shop day by which live connections were judged last.
    pub(super) day: AtomicI64,
}

impl GroupCommit {
    pub(crate) fn start(tools: Tools) -> std::io::Result<Self> {
        let settings_rev = AtomicU32::new(tools.settings_rev);
        let day = AtomicI64::new(tools.clock.day_number());
        let state = Arc::new(CommitState {
            tools,
            counts: CommitCounts::default(),
            commit_lock: Mutex::new(()),
            waiting: AtomicUsize::new(0),
            is_stopping: AtomicBool::new(false),
            is_feed_behind: AtomicBool::new(false),
            settings_rev,
            day,
        });
        let (sender, receiver) = bounded(QUEUE_COMMANDS_MAX);
        let writer = thread::Builder::new().name("writer".into()).spawn({
            let state = Arc::clone(&state);
            move || state.write(&receiver)
        })?;
        Ok(Self { state, queue: Mutex::new(Some(sender)), writer: Mutex::new(Some(writer)) })
    }

    pub(crate) fn counts(&self) -> &CommitCounts {
        &self.state.counts
    }

    /// Commands and errands handed to the writer and not answered yet.
    pub(crate) fn waiting(&self) -> usize {
        self.state.waiting.load(Ordering::Acquire)
    }

    /// Commits a lone command here; one that meets others is handed to the writer. `place` is given back once it is done.
    pub(crate) fn submit(
        &self,
        submission: Submission,
        in_flight: Option<InFlightGuard>,
    ) -> Result<Progress, SubmitError> {
        if self.state.is_stopping.load(Ordering::Acquire) {
            return Err(SubmitError::Stopping);
        }
        if self.state.waiting.load(Ordering::Acquire) == 0
            && let Some(commit_lock) = self.state.try_lock_commits()
        {
            // It may have begun to stop in between; then the file is closed behind this turn.
            if self.state.is_stopping.load(Ordering::Acquire) {
                return Err(SubmitError::Stopping);
            }
            self.state.tools.feed.let_catch_up();
            let (mut replies, _) = self.state.commit(&commit_lock, std::iter::once(submission), Vec::new());
            return replies.pop().unwrap_or(Err(SubmitError::OutcomeUnknown)).map(Progress::Done);
        }
        self.hand_over(submission, in_flight).map(Progress::Pending)
    }

    fn hand_over(&self, submission: Submission, in_flight: Option<InFlightGuard>) -> Result<Ticket, SubmitError> {
        let Some(queue) = self.queue.lock().unwrap_or_else(PoisonError::into_inner).clone() else {
            return Err(SubmitError::Stopping);
        };
        let (answerer, pending) = ticket::pair(in_flight);
        self.state.waiting.fetch_add(1, Ordering::AcqRel);
        match queue.try_send(Waiting::Command(submission, answerer)) {
            Ok(()) => Ok(pending),
            Err(TrySendError::Full(_)) => {
                self.state.waiting.fetch_sub(1, Ordering::AcqRel);
                Err(SubmitError::QueueFull)
            }
            Err(TrySendError::Disconnected(_)) => {
                self.state.waiting.fetch_sub(1, Ordering::AcqRel);
                Err(SubmitError::Stopping)
            }
        }
    }

    /// Has something done by the writer, and comes back when it is durable and everybody who is no longer let in is out.
    pub(crate) fn run(&self, errand: Errand) -> Result<(), SubmitError> {
        self.send(errand)?.recv().unwrap_or(Err(SubmitError::OutcomeUnknown))
    }

    /// The same without waiting for it.
    pub(crate) fn send(&self, errand: Errand) -> Result<Receiver<Result<(), SubmitError>>, SubmitError> {
        if self.state.is_stopping.load(Ordering::Acquire) {
            return Err(SubmitError::Stopping);
        }
        let Some(queue) = self.queue.lock().unwrap_or_else(PoisonError::into_inner).clone() else {
            return Err(SubmitError::Stopping);
        };
        let (done, result) = bounded(1);
        self.state.waiting.fetch_add(1, Ordering::AcqRel);
        queue.try_send(Waiting::Errand(errand, done)).map_err(|error| {
            self.state.waiting.fetch_sub(1, Ordering::AcqRel);
            match error {
                TrySendError::Full(_) => SubmitError::QueueFull,
                TrySendError::Disconnected(_) => SubmitError::Stopping,
            }
        })?;
        Ok(result)
    }

    /// Returns when the writer has carried out what waited before, and gone through a commit that changes nothing.
    pub(crate) fn prove(&self) {
        let Some(queue) = self.queue.lock().unwrap_or_else(PoisonError::into_inner).clone() else { return };
        let (proof, done) = bounded(1);
        self.state.waiting.fetch_add(1, Ordering::AcqRel);
        if queue.send(Waiting::Proof(proof)).is_err() {
            self.state.waiting.fetch_sub(1, Ordering::AcqRel);
        }
        let _ = done.recv();
    }

    /// Refuses new commands, commits those that wait, and ends the writer thread.
    pub(crate) fn stop(&self) {
        self.state.is_stopping.store(true, Ordering::Release);
        drop(self.queue.lock().unwrap_or_else(PoisonError::into_inner).take());
        if let Some(writer) = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = writer.join();
        }
        // A lone command may still be on its way; its commit ends before the file is closed.
        drop(self.state.commit_lock.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl CommitState {
    /// The writer thread: ends when the queue is closed and empty.
    fn write(&self, queue: &Receiver<Waiting>) {
        // Without it every command that must queue would be refused for ever.
        let _guard = EndOnPanic("the writer");
        while let Some(first) = self.next_waiting(queue) {
            let commit_lock = self.commit_lock.lock().unwrap_or_else(PoisonError::into_inner);
            let mut batch = vec![first];
            self.tools.feed.let_catch_up();
            take_waiting(queue, &mut batch);
            while !batch.is_empty() {
                let answered = batch.len();
                let commit_time = self.commit_and_answer(&commit_lock, batch);
                let wait = (commit_time / GATHER_PART_OF_COMMIT).min(GATHER_WAIT_MAX);
                batch = gather(queue, answered, Instant::now() + wait);
                // What comes meanwhile goes with them.
                self.tools.feed.let_catch_up();
                take_waiting(queue, &mut batch);
            }
        }
        let commit_lock = self.commit_lock.lock().unwrap_or_else(PoisonError::into_inner);
        self.note_what_came(&commit_lock, true);
    }

    /// Waits for a command. While the feed is behind the file, tries now and then to bring it up.
    fn next_waiting(&self, queue: &Receiver<Waiting>) -> Option<Waiting> {
        loop {
            if !self.is_feed_behind.load(Ordering::Acquire) {
                // A lone commit may fail while this waits; the time-out lets the writer notice.
                match queue.recv_timeout(IDLE_LOOK) {
                    Err(RecvTimeoutError::Timeout) => {
                        self.rest();
                        continue;
                    }
                    received => return received.ok(),
                }
            }
            match queue.recv_timeout(RECOVERY_REST) {
                Err(RecvTimeoutError::Timeout) => {
                    let _commit_lock = self.commit_lock.lock().unwrap_or_else(PoisonError::into_inner);
                    if self.is_feed_behind.load(Ordering::Acquire) {
                        self.bring_feed_up();
                    }
                }
                received => return received.ok(),
            }
        }
    }

    /// Nobody waits: the store may bring over what is in its journal, or begin one, and what was summed is noted.
    fn rest(&self) {
        let Some(commit_lock) = self.try_lock_commits() else { return };
        self.look_at_day(&commit_lock);
        if self.is_feed_behind.load(Ordering::Acquire) {
            return;
        }
        let _guard = EndOnPanic("a checkpoint");
        if let Err(error) = self.tools.store.rest(|| self.tools.space.spare_bytes()) {
            log::error!("⚠️ What was to be written while nobody waits could not be written: {error}");
            self.is_feed_behind.store(true, Ordering::Release);
            return;
        }
        self.note_what_came(&commit_lock, false);
    }

    /// Writes down what was tried in vain and who was there, as far as it is due by now, or at the end all of it.
    fn note_what_came(&self, commit_lock: &MutexGuard<'_, ()>, is_end: bool) {
        let Tools { access, clock, .. } = &self.tools;
        let now = clock.uptime_seconds();
        let notes = access.vain_tries.take_due((!is_end).then_some(now));
        let kept = access.take_due(now, is_end);
        if notes.is_empty() && kept.is_empty() {
            return;
        }
        let errand: Errand = Box::new(move |transaction| {
            kept.into_iter().try_for_each(|(what, bytes)| transaction.put_access_note(what, &bytes))?;
            notes.into_iter().try_for_each(|note| transaction.audit(note))
        });
        // What cannot be written is in the log.
        let _ = self.commit(commit_lock, std::iter::empty(), vec![errand]);
    }

    fn commit_and_answer(&self, commit_lock: &MutexGuard<'_, ()>, batch: Vec<Waiting>) -> Duration {
        let started = Instant::now();
        let taken = batch.len();
        let (mut submissions, mut callers, mut proofs) =
            (Vec::with_capacity(taken), Vec::with_capacity(taken), Vec::new());
        let (mut errands, mut senders) = (Vec::new(), Vec::new());
        for waiting in batch {
            match waiting {
                Waiting::Command(submission, caller) => {
                    submissions.push(submission);
                    callers.push(caller);
                }
                Waiting::Errand(errand, done) => {
                    errands.push(errand);
                    senders.push(done);
                }
                Waiting::Proof(proof) => proofs.push(proof),
            }
        }
        let (replies, errand_result) = self.commit(commit_lock, submissions.into_iter(), errands);
        let commit_time = started.elapsed();
        self.waiting.fetch_sub(taken, Ordering::AcqRel);
        drop(proofs);
        for done in senders {
            let _ = done.send(errand_result);
        }
        for (caller, reply) in callers.into_iter().zip(replies) {
            caller.answer(reply);
        }
        commit_time
    }

    fn try_lock_commits(&self) -> Option<MutexGuard<'_, ()>> {
        match self.commit_lock.try_lock() {
            Ok(commit_lock) => Some(commit_lock),
            Err(std::sync::TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(std::sync::TryLockError::WouldBlock) => None,
        }
    }

    /// Commits the errands and then the submissions in one transaction, and hands their changes to the feed. One reply for each
    /// submission, in order, and one for the errands. The errands come first: a command is not carried out for somebody who is no
    /// longer let in when it waits with the one that says so.
    fn commit(
        &self,
        commit_lock: &MutexGuard<'_, ()>,
        submissions: impl ExactSizeIterator<Item = Submission>,
        errands: Vec<Errand>,
    ) -> (Vec<CommandResult>, Result<(), SubmitError>) {
        let commands = submissions.len();
        // A panic in the middle of a commit leaves nothing that can be trusted.
        let _guard = EndOnPanic("a commit");
        if self.is_feed_behind.load(Ordering::Acquire) && !self.bring_feed_up() {
            return (vec![Err(SubmitError::Unavailable); commands], Err(SubmitError::Unavailable));
        }
        self.look_at_day(commit_lock);
        let started = Instant::now();
        let Tools { store, feed, clock, space, last_stored, access, .. } = &self.tools;
        let now = CommitTime { at: clock.now(), uptime_seconds: clock.uptime_seconds() };
        let circumstances = Circumstances { headroom: space.headroom(), access, clock };
        let result = store.commit(now, |batch| {
            errands.into_iter().try_for_each(|errand| errand(batch))?;
            submissions
                .map(|submission| decide(batch, submission, circumstances))
                .collect::<Result<Vec<CommandResult>, _>>()
        });
        access.nods.settle(result.is_ok());
        match result {
            Ok(Committed { value: replies, changes, settings, directory, is_synced }) => {
                if is_synced && commands > 0 {
                    self.counts.commands.note(commands as u64);
                    self.counts.seconds.note(u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX));
                }
                last_stored.note(&changes);
                // Promise 10: whoever is out gets nothing of what follows.
                if let Some(directory) = directory {
                    self.show_directory(&directory);
                }
                // Promise 1: only what is durable is shown.
                feed.publish(changes);
                if let Some((rev, json)) = settings {
                    self.show_settings(rev, json);
                }
                (replies, Ok(()))
            }
            Err(error) => {
                self.counts.failures.add(1);
                log::error!("⚠️ A commit failed; its callers are told that the outcome is unknown: {error}");
                self.is_feed_behind.store(true, Ordering::Release);
                self.bring_feed_up();
                (vec![Err(SubmitError::OutcomeUnknown); commands], Err(SubmitError::OutcomeUnknown))
            }
        }
    }
}

/// The next commands, so many of them, or those that have come until then.
fn gather<T>(queue: &Receiver<T>, commands: usize, deadline: Instant) -> Vec<T> {
    let mut batch = Vec::with_capacity(commands);
    while batch.len() < commands
        && let Ok(waiting) = queue.recv_deadline(deadline)
    {
        batch.push(waiting);
    }
    batch
}

/// Takes what waits, as much of it as one transaction may have.
fn take_waiting(queue: &Receiver<Waiting>, batch: &mut Vec<Waiting>) {
    while batch.len() < BATCH_COMMANDS_MAX
        && let Ok(waiting) = queue.try_recv()
    {
        batch.push(waiting);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receiver_that_wants_several_sleeps_until_they_are_there_or_it_is_late() {
        let (sender, receiver) = bounded(8);
        let feeder = thread::spawn(move || {
            for item in 0..3 {
                sender.send(item).unwrap();
            }
            sender
        });
        assert_eq!(gather(&receiver, 3, Instant::now() + Duration::from_mins(1)), [0, 1, 2]);
        let sender = feeder.join().unwrap();
        sender.send(3).unwrap();
        assert_eq!(gather(&receiver, 3, Instant::now() + Duration::from_millis(5)), [3]);
        drop(sender);
        assert!(gather(&receiver, 3, Instant::now() + Duration::from_mins(1)).is_empty());
    }
}
