//! The catch-up thread (promises 6 to 8): brings every client that is not up to date on from the log, whether it comes back or has
//! fallen behind, with the latest states, as its socket takes them, until it joins the live feed.
//!
//! The seam: a client is brought on until it is nearly there; then it joins the feed at a sequence that the broadcaster names,
//! while what is published waits in its outbox; the last part up to that sequence comes from the log again. So nobody waits for it,
//! nothing is missing, and nothing comes twice. If what it may see has changed on the way, it is told so instead, and reads everything
//! anew.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError};

use super::read::{ReadError, SeenChange};
use super::read_door::ReadDoor;
use crate::live::{
    CatchUpTask, Client, Feed, Frames, Laggard, LogPlace, Seam, View, close_code, push_frame, settings_frame,
    sync_frame,
};
use crate::platform::{EndOnPanic, unacknowledged};
use crate::store::StoreError;

/// Log entries that one snapshot is read for: the file grows while a snapshot is open.
pub const SLICE_ENTRIES_MAX: usize = 500;
/// Bytes of records that a slice gathers before it ends, if few clients catch up.
pub const SLICE_BYTES_MAX: usize = 256 << 10;
/// The same if many do.
const SLICE_BYTES_MIN: usize = 16 << 10;
/// Bytes that wait for all of them, about.
const SLICES_BYTES_MAX: usize = 16 << 20;
/// How often a socket that does not take everything is offered the rest.
const RETRY: Duration = Duration::from_millis(5);
/// How often the system is asked what clients acknowledge that take nothing.
const STALL_LOOK: Duration = Duration::from_secs(5);

/// The thread that brings clients on.
pub(crate) struct CatchUp(Mutex<Option<JoinHandle<()>>>);

impl CatchUp {
    pub fn start(door: ReadDoor, feed: Feed, tasks: Receiver<CatchUpTask>) -> std::io::Result<Self> {
        let thread = thread::Builder::new().name("catch-up".into()).spawn(move || {
            // Without it whoever comes back would wait for ever.
            let _guard = EndOnPanic("the catch-up thread");
            Worker { door, feed, tasks, laggards: Vec::new(), is_stopping: false }.run();
        })?;
        Ok(Self(Mutex::new(Some(thread))))
    }

    /// Waits for its end, which [`Feed::stop_catching_up`] has asked for.
    pub fn join(&self) {
        if let Some(thread) = self.0.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = thread.join();
        }
    }
}

struct Worker {
    door: ReadDoor,
    feed: Feed,
    tasks: Receiver<CatchUpTask>,
    laggards: Vec<Laggard>,
    is_stopping: bool,
}

/// What came of a look at a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progressed {
    /// It got something; there may be more.
    Moved,
    /// Its socket takes nothing at the moment.
    Waits,
    /// It has joined, or is gone.
    Done,
}

/// A part of the log as a view shows it, made once for all who stand at the same place.
#[derive(Clone)]
struct LogSlice {
    frames: Frames,
    /// The sequence up to which it reaches.
    seq: u64,
    /// The last sequence of the shop when it was read.
    head: u64,
}

type LogSlices = HashMap<(*const View, u64), LogSlice>;

/// Why a client is brought on no further.
enum Halt {
    /// What it may see is not what it was when it began.
    Changed,
    /// The database cannot be read.
    Unreadable(StoreError),
    /// It is not let in any more.
    Out,
}

impl From<StoreError> for Halt {
    fn from(error: StoreError) -> Self {
        Self::Unreadable(error)
    }
}

impl From<ReadError> for Halt {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Store(error) => Self::Unreadable(error),
            ReadError::LoggedOut => Self::Out,
            ReadError::Changed => Self::Changed,
        }
    }
}

impl Worker {
    fn run(mut self) {
        let mut looked_at = Instant::now();
        loop {
            self.take_tasks();
            if self.is_stopping {
                return;
            }
            let is_moving = self.step_all();
            if looked_at.elapsed() >= STALL_LOOK {
                looked_at = Instant::now();
                self.look_for_stalled();
            }
            let wait = match (self.laggards.is_empty(), is_moving) {
                (_, true) => continue,
                (true, false) => Duration::MAX,
                (false, false) => RETRY,
            };
            self.wait(wait);
        }
    }

    /// Waits for the next client that is not up to date.
    fn wait(&mut self, time: Duration) {
        let received = match time {
            Duration::MAX => self.tasks.recv().map_err(|_| RecvTimeoutError::Disconnected),
            time => self.tasks.recv_timeout(time),
        };
        match received {
            Ok(task) => self.take(task),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => self.is_stopping = true,
        }
    }

    fn take_tasks(&mut self) {
        while let Ok(task) = self.tasks.try_recv() {
            self.take(task);
        }
    }

    fn take(&mut self, task: CatchUpTask) {
        match task {
            CatchUpTask::Begin(laggard) => self.laggards.push(laggard),
            CatchUpTask::Stop => self.is_stopping = true,
        }
    }

    /// Brings each of them on by a part. Whether any of them has moved.
    fn step_all(&mut self) -> bool {
        // Made anew each time: what one gets is never older than this round.
        let mut slices = LogSlices::new();
        let bytes_max = (SLICES_BYTES_MAX / self.laggards.len().max(1)).clamp(SLICE_BYTES_MIN, SLICE_BYTES_MAX);
        let mut is_moving = false;
        self.feed.counts().catching_up.store(self.laggards.len(), Ordering::Relaxed);
        for laggard in std::mem::take(&mut self.laggards) {
            match self.step(&laggard, bytes_max, &mut slices) {
                Progressed::Done => {}
                step => {
                    is_moving |= step == Progressed::Moved;
                    self.laggards.push(laggard);
                }
            }
        }
        is_moving
    }

    fn step(&self, laggard: &Laggard, bytes_max: usize, slices: &mut LogSlices) -> Progressed {
        let client = Arc::clone(&laggard.client);
        client.flush_ahead();
        if !client.is_open() {
            // Its session, or the feed, sees to its end.
            return if client.is_gone() || !client.is_waiting() { Progressed::Done } else { Progressed::Waits };
        }
        let Some(reached) = client.reached() else { return Progressed::Waits };
        match self.bring_on(laggard, reached, bytes_max, slices) {
            Ok(step) => step,
            Err(Halt::Changed) => self.begin_anew(laggard),
            Err(Halt::Out) => {
                client.close(close_code::LOG_IN, "log in again");
                Progressed::Waits
            }
            Err(Halt::Unreadable(error)) => {
                log::error!("⚠️ A client cannot be brought up to date: {error}");
                client.close(close_code::INTERNAL_ERROR, "the database cannot be read at the moment; connect again");
                Progressed::Waits
            }
        }
    }

    fn bring_on(
        &self,
        laggard: &Laggard,
        reached: LogPlace,
        bytes_max: usize,
        slices: &mut LogSlices,
    ) -> Result<Progressed, Halt> {
        let Laggard { client, view, .. } = laggard;
        if reached.owes_view || client.begins_anew() || !Arc::ptr_eq(&client.view(), view) {
            return Err(Halt::Changed);
        }
        let mut slice = self.slice(laggard, (reached.seq, SLICE_ENTRIES_MAX, bytes_max), slices)?;
        if !laggard.client.offer_ahead_of(slice.frames.clone(), &laggard.view) {
            return Err(Halt::Changed);
        }
        // Only once it has taken everything up to here can it keep up.
        if laggard.client.is_waiting() {
            return Ok(Progressed::Waits);
        }
        if slice.seq < slice.head {
            return Ok(Progressed::Moved);
        }
        // It is nearly there. What it is sent from the log is up to date when the last part of that is read.
        let settings = self.settings_unknown(laggard)?;
        let Some(seam) = self.feed.join_after(&laggard.client, slice.seq) else { return Ok(Progressed::Done) };
        if !Arc::ptr_eq(&seam.view, &laggard.view) {
            self.say_anew(&laggard.client, &seam);
            return Ok(Progressed::Done);
        }
        while slice.seq < seam.start {
            // Sequences have no holes, so this reads up to the start and not beyond.
            let left = usize::try_from(seam.start - slice.seq).unwrap_or(SLICE_ENTRIES_MAX).min(SLICE_ENTRIES_MAX);
            slice = match self.slice(laggard, (slice.seq, left, usize::MAX), &mut LogSlices::new()) {
                Ok(slice) => slice,
                // What it saw until its rights were changed waits for it, and then that it sees something else: that is its place.
                Err(Halt::Changed) => break,
                Err(end) => return Err(end),
            };
            laggard.client.offer_ahead_of(slice.frames.clone(), &laggard.view);
        }
        if slice.seq < seam.start {
            self.go_live(&laggard.client, None);
            return Ok(Progressed::Done);
        }
        if let Some(settings) = settings {
            laggard.client.offer_ahead(settings_frame(&settings, seam.start).into());
        }
        let live = || Frames::reaching(sync_frame("live", seam.start), seam.start);
        self.go_live(&laggard.client, laggard.view.speaks_sync().then(live));
        Ok(Progressed::Done)
    }

    /// What it sees has changed: it joins at once and reads everything anew.
    fn begin_anew(&self, laggard: &Laggard) -> Progressed {
        if let Some(seam) = self.feed.join_after(&laggard.client, 0) {
            self.say_anew(&laggard.client, &seam);
        }
        Progressed::Done
    }

    fn say_anew(&self, client: &Arc<Client>, seam: &Seam) {
        self.go_live(client, Some(seam.view.anew_frame(seam.start)));
    }

    fn go_live(&self, client: &Arc<Client>, last: Option<Frames>) {
        if client.go_live(last) {
            self.feed.nudge();
        }
    }

    /// The settings, if it may not know them.
    fn settings_unknown(&self, laggard: &Laggard) -> Result<Option<Vec<u8>>, Halt> {
        if !laggard.view.shows_settings() {
            return Ok(None);
        }
        let (rev, json) = self.door.read(laggard.client.asker())?.settings()?;
        Ok((laggard.settings_rev != Some(rev)).then_some(json))
    }

    /// The next part after a sequence, out of at most so many entries and until it has so many bytes.
    fn slice(
        &self,
        laggard: &Laggard,
        (seq, entries_max, bytes_max): (u64, usize, usize),
        slices: &mut LogSlices,
    ) -> Result<LogSlice, Halt> {
        let place = (Arc::as_ptr(&laggard.view), seq);
        if let Some(slice) = slices.get(&place) {
            return Ok(slice.clone());
        }
        let view = &laggard.view;
        let reading = self.door.read(laggard.client.asker())?;
        if !view.is_of(reading.sight()) {
            return Err(Halt::Changed);
        }
        let (changes, read_to) = reading.changes_after(seq, entries_max, bytes_max)?;
        let (mut bytes, mut ends) = (Vec::new(), Vec::new());
        for seen in changes.iter().filter(|seen| view.includes(seen.key().kind)) {
            if push_seen(&mut bytes, view, seen) {
                ends.push((seen.seq(), bytes.len()));
            }
        }
        bytes.shrink_to_fit();
        let frames = Frames::of_changes(bytes.into(), ends).reaching_to(read_to);
        let slice = LogSlice { frames, seq: read_to, head: reading.seq()? };
        slices.insert(place, slice.clone());
        Ok(slice)
    }

    /// Closes those that take nothing for too long.
    fn look_for_stalled(&self) {
        let waiting: Vec<&Arc<Client>> =
            self.laggards.iter().map(|laggard| &laggard.client).filter(|client| client.is_waiting()).collect();
        if waiting.is_empty() {
            return;
        }
        let sockets: Vec<_> = waiting.iter().map(|client| client.socket()).collect();
        for (client, unacknowledged) in waiting.iter().zip(unacknowledged(&sockets)) {
            client.close_stalled(unacknowledged);
        }
    }
}

/// Puts the frame of a change behind what is there already. A record that cannot be shown is left out and said in the log; it would
/// not be readable for the client either.
fn push_seen(bytes: &mut Vec<u8>, view: &View, seen: &SeenChange) -> bool {
    let text = match seen {
        SeenChange::Hidden(key, seq) => Some(view.hide_json(*key, *seq)),
        SeenChange::Shown(_) => seen.json(),
    };
    if let Some(text) = &text {
        push_frame(bytes, text);
    }
    text.is_some()
}
