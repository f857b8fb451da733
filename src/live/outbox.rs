//! What a socket has not taken yet. Every byte to a WebSocket client goes through here, so that frames never interleave.
//!
//! A client that does not take its frames is *behind*: what waits for it is dropped but for the rest of a frame that is begun, and it is
//! brought on from the log at its own pace. So nobody waits for it, its memory is bounded, and nothing is skipped (promises 6 to 8).

use std::collections::VecDeque;
use std::io;
use std::net::Shutdown;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::close_code;
use super::frame::close_frame;
use super::frames::{Frames, Loss};
use crate::metrics::Counter;
use crate::platform::{self, Awake, ClientSocket};

/// Bytes that may wait for one client; with more it is behind.
pub const OUTBOX_BYTES_MAX: usize = 1 << 20;
/// How long the oldest of them may wait; for longer, and it is behind.
pub const OUTBOX_AGE_MAX: Duration = Duration::from_secs(10);
/// A client that acknowledges nothing for so long while something waits is closed.
pub const STALL_TIME_MAX: Duration = Duration::from_secs(60);
/// The same where the system does not tell what a client acknowledges, but what its socket takes.
pub const UNSEEN_STALL_TIME_MAX: Duration = Duration::from_secs(120);
/// How long a client that is being closed may take to fetch the close frame.
const CLOSE_LINGER: Duration = Duration::from_secs(30);
/// Pieces besides changes that may wait for a client that is behind: answers to its pings.
const ASIDES_MAX: usize = 64;

/// What came of offering bytes to a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Offered {
    /// The socket has taken everything.
    Sent,
    /// Some bytes wait; offer them again in a moment.
    Waiting,
    /// The client is behind and does not get what is new before it has caught up.
    Behind,
    /// The connection is over.
    Gone,
}

/// How far a client that is behind has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogPlace {
    /// It knows everything up to here.
    pub seq: u64,
    /// It was not told that it sees something else from some place on.
    pub owes_view: bool,
}

pub(crate) struct Outbox {
    stream: Arc<ClientSocket>,
    state: Mutex<State>,
    /// Counts the clients that were closed for not taking anything.
    closed_slow: Arc<Counter>,
    /// Counts how often one fell behind.
    fell_behind: Arc<Counter>,
}

struct State {
    phase: Phase,
    hold: Hold,
    /// The handshake's answer comes first, written by the session's own thread; until then everything waits here.
    is_corked: bool,
    /// What a client catches up with. It goes before the queue.
    ahead: VecDeque<Piece>,
    /// What was published since it has joined.
    queue: VecDeque<Piece>,
    /// It is looked at all the time while something waits. A server that was stopped, or slept with its machine,
    /// does not take its own absence for that of its clients.
    clock: Awake,
    /// Of the queue.
    bytes: usize,
    /// A part of the first piece is sent already, so the rest of it must follow.
    is_front_begun: bool,
    reached: LogPlace,
    /// When the client was last known to take something.
    progress: Instant,
    /// What the system had to keep for it then.
    unacknowledged: Option<u64>,
}

/// Frames, and since when they wait on the outbox's clock.
struct Piece {
    since: Instant,
    frames: Frames,
}

/// What becomes of what is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hold {
    /// It is sent.
    Live,
    /// It waits until everything before it is on its way.
    Joining,
    /// The client does not get it; it comes from the log later.
    Behind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    /// A close frame is the last thing in the queue; the connection ends with it, at the latest at this time.
    Closing(Instant),
    Gone,
}

impl State {
    fn push(&mut self, frames: Frames) {
        self.bytes += frames.bytes.len();
        self.queue.push_back(Piece { since: self.clock.now(), frames });
    }

    fn push_ahead(&mut self, frames: Frames) {
        self.ahead.push_back(Piece { since: self.clock.now(), frames });
    }

    /// What waits besides the newest piece.
    fn bytes_besides_newest(&self) -> usize {
        self.bytes - self.queue.back().map_or(0, |piece| piece.frames.bytes.len())
    }

    fn is_over_limits(&self, waiting: usize, now: Instant) -> bool {
        let oldest = self.ahead.front().or(self.queue.front());
        let age = oldest.map_or(Duration::ZERO, |piece| now.saturating_duration_since(piece.since));
        waiting > OUTBOX_BYTES_MAX || age > OUTBOX_AGE_MAX
    }

    /// What is sent next, if anything may be.
    fn front(&mut self) -> Option<&mut Piece> {
        if self.is_corked {
            return None;
        }
        let is_live = self.hold == Hold::Live || self.phase != Phase::Open;
        self.ahead.front_mut().or(if is_live { self.queue.front_mut() } else { None })
    }

    fn pop_front(&mut self) {
        if self.ahead.pop_front().is_none() {
            self.queue.pop_front();
        }
        self.is_front_begun = false;
    }

    fn is_empty(&self) -> bool {
        self.ahead.is_empty() && self.queue.is_empty()
    }

    /// Drops what was published, but for the rest of a frame that is begun.
    fn drop_published(&mut self) {
        let mut is_begun = self.is_front_begun && self.ahead.is_empty();
        for mut piece in self.queue.drain(..) {
            if std::mem::take(&mut is_begun) {
                if let Some(passed) = piece.frames.end_with_begun() {
                    self.reached.seq = passed.max(self.reached.seq);
                }
                self.ahead.push_back(piece);
            } else {
                self.reached.owes_view |= piece.frames.loss == Loss::View;
            }
        }
        self.bytes = 0;
    }

    /// Drops everything but the rest of a frame that is begun.
    fn drop_unbegun(&mut self) {
        self.drop_published();
        self.ahead.truncate(usize::from(self.is_front_begun));
        if let Some(begun) = self.ahead.front_mut() {
            begun.frames.end_with_begun();
        }
    }

    fn note_sent(&mut self, reaches: Option<u64>) {
        if let Some(seq) = reaches {
            self.reached.seq = seq.max(self.reached.seq);
        }
    }
}

impl Outbox {
    pub(crate) fn new(stream: Arc<ClientSocket>, closed_slow: Arc<Counter>, fell_behind: Arc<Counter>) -> Self {
        let mut clock = Awake::start();
        let state = State {
            phase: Phase::Open,
            hold: Hold::Live,
            is_corked: true,
            ahead: VecDeque::new(),
            queue: VecDeque::new(),
            progress: clock.now(),
            clock,
            bytes: 0,
            is_front_begun: false,
            reached: LogPlace { seq: 0, owes_view: false },
            unacknowledged: None,
        };
        Self { stream, state: Mutex::new(state), closed_slow, fell_behind }
    }

    /// Sends what was published, or keeps what the socket does not take. Never waits.
    pub(crate) fn offer(&self, frames: &Frames) -> Offered {
        let mut state = self.lock();
        // One large piece is no backlog: only what was waiting before it counts against the client.
        let waiting_before = state.bytes;
        match state.phase {
            Phase::Gone => return Offered::Gone,
            Phase::Closing(_) => return self.flush_locked(&mut state),
            Phase::Open if state.hold == Hold::Behind => return Offered::Behind,
            Phase::Open if state.is_empty() && !state.is_corked && state.hold == Hold::Live => {
                match self.send_now(&frames.bytes) {
                    Ok(sent) if sent == frames.bytes.len() => {
                        state.note_sent(frames.reaches());
                        return Offered::Sent;
                    }
                    Ok(sent) => {
                        // Until now everything was taken.
                        state.progress = state.clock.now();
                        state.is_front_begun = sent > 0;
                        let mut rest = frames.clone();
                        rest.advance(sent);
                        state.push(rest);
                    }
                    Err(_) => return self.end(&mut state),
                }
            }
            Phase::Open => {
                if state.is_empty() {
                    state.progress = state.clock.now();
                }
                state.push(frames.clone());
                let offered = self.flush_locked(&mut state);
                if offered != Offered::Waiting {
                    return offered;
                }
            }
        }
        self.judge(&mut state, waiting_before)
    }

    /// Sends what a client catches up with, before everything that was published since it joined.
    pub(crate) fn offer_ahead(&self, frames: Frames) -> Offered {
        let mut state = self.lock();
        if state.phase == Phase::Open {
            if state.is_empty() {
                state.progress = state.clock.now();
            }
            state.push_ahead(frames);
        }
        self.flush_locked(&mut state)
    }

    /// Sends an answer, or a ping.
    pub(crate) fn send(&self, frames: &Frames) -> Offered {
        let mut state = self.lock();
        if state.phase == Phase::Open && state.hold != Hold::Live {
            if state.ahead.len() < ASIDES_MAX {
                state.push_ahead(frames.clone());
            }
            return self.flush_locked(&mut state);
        }
        drop(state);
        self.offer(frames)
    }

    /// Sends what waits, as far as the socket takes it.
    pub(crate) fn flush(&self) -> Offered {
        let mut state = self.lock();
        if !state.is_empty() {
            state.clock.now();
        }
        match self.flush_locked(&mut state) {
            Offered::Waiting => {
                let waiting = state.bytes_besides_newest();
                self.judge(&mut state, waiting)
            }
            offered => offered,
        }
    }

    /// Lets the frames go that were kept while the handshake was being answered.
    pub(crate) fn uncork(&self) -> Offered {
        self.lock().is_corked = false;
        self.flush()
    }

    /// It knows everything up to here, by what it was sent or will be sent ahead.
    pub(crate) fn start_at(&self, seq: u64) {
        let mut state = self.lock();
        state.reached.seq = seq.max(state.reached.seq);
    }

    /// From now on it gets nothing that is published: it catches up.
    pub(crate) fn hold_back(&self) {
        self.lock().hold = Hold::Behind;
    }

    /// What is published from now on is kept for it, until [`Self::go_live`].
    pub(crate) fn prepare_to_join(&self) {
        let mut state = self.lock();
        state.hold = Hold::Joining;
        state.reached.owes_view = false;
    }

    /// `last` is the last of what comes before what is kept, if there is any; both go at once, so that no answer comes between.
    pub(crate) fn go_live(&self, last: Option<Frames>) -> Offered {
        let mut state = self.lock();
        if let (Some(last), Phase::Open) = (last, state.phase) {
            state.push_ahead(last);
        }
        // It may be behind again by now.
        if state.hold == Hold::Joining {
            state.hold = Hold::Live;
        }
        self.flush_locked(&mut state)
    }

    /// How far it has come, once everything is sent that waits.
    pub(crate) fn reached(&self) -> Option<LogPlace> {
        let state = self.lock();
        state.is_empty().then_some(state.reached)
    }

    /// Drops what it catches up with, since that is void.
    pub(crate) fn drop_ahead(&self) {
        let mut state = self.lock();
        if state.hold == Hold::Behind && state.phase == Phase::Open {
            state.drop_unbegun();
        }
    }

    /// Whether something waits.
    pub(crate) fn is_waiting(&self) -> bool {
        !self.lock().is_empty()
    }

    /// Closes a client that takes nothing for too long. `unacknowledged` is what the system has to keep for it, where that is known.
    pub(crate) fn close_stalled(&self, unacknowledged: Option<u64>) {
        let mut state = self.lock();
        let now = state.clock.now();
        if state.is_empty() || state.phase != Phase::Open {
            return;
        }
        if unacknowledged.is_some() && unacknowledged != state.unacknowledged {
            state.unacknowledged = unacknowledged;
            state.progress = now;
        }
        let time_max = if unacknowledged.is_some() { STALL_TIME_MAX } else { UNSEEN_STALL_TIME_MAX };
        if now.saturating_duration_since(state.progress) >= time_max {
            state.drop_unbegun();
            state.push(Frames::from(close_frame(close_code::TOO_SLOW, "too slow; connect again and resume")));
            state.phase = Phase::Closing(now + CLOSE_LINGER);
            self.closed_slow.add(1);
            log::warn!("A client did not take anything for {} s and is closed", time_max.as_secs());
            self.flush_locked(&mut state);
        }
    }

    /// Sends a close frame behind everything that waits; nothing is taken after it.
    pub(crate) fn close(&self, code: u16, reason: &'static str) -> Offered {
        // RFC 6455 §7.4.1: these codes say that there was none, and never travel.
        let code = if matches!(code, 1004..=1006 | 1015) { 1000 } else { code };
        let mut state = self.lock();
        if state.phase == Phase::Open {
            state.push(close_frame(code, reason).into());
            state.phase = Phase::Closing(state.clock.now() + CLOSE_LINGER);
        }
        self.flush_locked(&mut state)
    }

    /// Promise 10: closes a connection whose client is not to have anything more: what is not begun is dropped, and the close frame
    /// is next.
    pub(crate) fn shut(&self, code: u16, reason: &'static str) -> Offered {
        let mut state = self.lock();
        // A close frame that is begun goes out as it is; one that only waits gives way.
        let pieces = state.ahead.len() + state.queue.len();
        let is_close_begun = matches!(state.phase, Phase::Closing(_)) && state.is_front_begun && pieces == 1;
        if state.phase != Phase::Gone && !is_close_begun {
            state.drop_unbegun();
            state.push(close_frame(code, reason).into());
            state.phase = Phase::Closing(state.clock.now() + CLOSE_LINGER);
        }
        self.flush_locked(&mut state)
    }

    /// Whether it still takes frames: no close frame is on its way.
    pub(crate) fn is_open(&self) -> bool {
        self.lock().phase == Phase::Open
    }

    /// Ends the connection without a word.
    pub(crate) fn abandon(&self) {
        self.end(&mut self.lock());
    }

    /// Whether the connection is over.
    pub(crate) fn is_gone(&self) -> bool {
        self.lock().phase == Phase::Gone
    }

    /// The socket, to be asked for what it has to keep.
    pub(crate) fn stream(&self) -> &ClientSocket {
        &self.stream
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn flush_locked(&self, state: &mut State) -> Offered {
        if state.phase == Phase::Gone {
            return Offered::Gone;
        }
        while let Some(front) = state.front() {
            let length = front.frames.bytes.len();
            match self.send_now(&front.frames.bytes) {
                Ok(sent) => {
                    let reaches = front.frames.reaches();
                    front.frames.advance(sent);
                    if state.ahead.is_empty() {
                        state.bytes -= sent;
                    }
                    if sent > 0 {
                        state.progress = state.clock.now();
                    }
                    if sent < length {
                        state.is_front_begun |= sent > 0;
                        break;
                    }
                    state.note_sent(reaches);
                    state.pop_front();
                }
                Err(_) => return self.end(state),
            }
        }
        match state.phase {
            Phase::Closing(_) if state.is_empty() => {
                // The close frame is out. The reader ends the connection when the client answers it, or at its time-out.
                let _ = self.stream.shutdown(Shutdown::Write);
                state.phase = Phase::Gone;
                Offered::Gone
            }
            Phase::Open if state.hold == Hold::Behind => Offered::Behind,
            _ if state.is_empty() => Offered::Sent,
            _ => Offered::Waiting,
        }
    }

    /// Holds the limits: a client that does not take its frames is behind and catches up later; nothing is left out silently.
    fn judge(&self, state: &mut State, waiting: usize) -> Offered {
        let now = state.clock.now();
        match state.phase {
            Phase::Closing(until) if now >= until => self.end(state),
            Phase::Open if state.hold == Hold::Behind => Offered::Behind,
            Phase::Open if state.is_over_limits(waiting, now) => {
                // What it is to catch up with is still good; what was published comes from the log.
                state.drop_published();
                state.hold = Hold::Behind;
                self.fell_behind.add(1);
                log::info!("A client does not take its changes in time; it catches up at its own pace");
                Offered::Behind
            }
            Phase::Gone => Offered::Gone,
            Phase::Open | Phase::Closing(_) => Offered::Waiting,
        }
    }

    /// The number of bytes that the socket took; 0 when it takes nothing now.
    fn send_now(&self, bytes: &[u8]) -> io::Result<usize> {
        match platform::send_now(&self.stream, bytes) {
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => Ok(0),
            result => result,
        }
    }

    fn end(&self, state: &mut State) -> Offered {
        state.phase = Phase::Gone;
        state.ahead.clear();
        state.queue.clear();
        state.bytes = 0;
        let _ = self.stream.shutdown(Shutdown::Both);
        Offered::Gone
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::net::{TcpListener, TcpStream};

    use tungstenite::Bytes;

    use super::*;
    use crate::live::frame::text_frame;

    fn pair() -> (Outbox, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let far = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let near = platform::client_socket(listener.accept().unwrap().0).unwrap();
        (Outbox::new(Arc::new(near), Arc::default(), Arc::default()), far)
    }

    fn text(text: &'static str) -> Frames {
        Bytes::from_static(text.as_bytes()).into()
    }

    fn large() -> Bytes {
        text_frame(&vec![b'x'; 100_000])
    }

    /// Changes after `seq`, as many as their frames are.
    fn changes(seq: u64) -> Frames {
        const FRAMES: u64 = 4;
        let (mut bytes, mut ends) = (Vec::new(), Vec::new());
        for seq in seq + 1..=seq + FRAMES {
            bytes.extend_from_slice(&text_frame(seq.to_string().repeat(4_000).as_bytes()));
            ends.push((seq, bytes.len()));
        }
        Frames::of_changes(bytes.into(), ends)
    }

    /// Offers changes until they are too many, and gives the last that was offered.
    fn fall_behind(outbox: &Outbox) -> u64 {
        let mut seq = 0;
        loop {
            match outbox.offer(&changes(seq)) {
                Offered::Sent | Offered::Waiting => seq += 4,
                Offered::Behind => return seq + 4,
                Offered::Gone => panic!("gone after {seq}"),
            }
            assert!(seq < 10_000, "the limit never came");
        }
    }

    /// The texts of all frames, and the code of the close frame if that is the last.
    fn read_frames(bytes: &[u8]) -> (Vec<String>, Option<u16>) {
        let (mut texts, mut rest) = (Vec::new(), bytes);
        while let [opcode, length, after @ ..] = rest {
            let (length, after) = match length {
                126 => (usize::from(u16::from_be_bytes([after[0], after[1]])), &after[2..]),
                127 => (usize::try_from(u64::from_be_bytes(after[..8].try_into().unwrap())).unwrap(), &after[8..]),
                length => (usize::from(*length), after),
            };
            assert!(after.len() >= length, "a torn frame");
            if *opcode == 0x88 {
                assert_eq!(after.len(), length, "nothing follows");
                return (texts, Some(u16::from_be_bytes([after[0], after[1]])));
            }
            assert_eq!(*opcode, 0x81);
            texts.push(String::from_utf8(after[..length].to_vec()).unwrap());
            rest = &after[length..];
        }
        (texts, None)
    }

    /// Reads to the end what a client that is being closed is sent.
    fn until_gone(outbox: &Outbox, mut far: TcpStream) -> (Vec<String>, Option<u16>) {
        let reader = std::thread::spawn(move || {
            let mut seen = Vec::new();
            far.read_to_end(&mut seen).unwrap();
            seen
        });
        while outbox.flush() != Offered::Gone {
            std::thread::yield_now();
        }
        read_frames(&reader.join().unwrap())
    }

    #[test]
    fn frames_wait_for_the_handshake_and_then_keep_their_order() {
        let (outbox, mut far) = pair();
        assert_eq!(outbox.offer(&text("one ")), Offered::Waiting);
        assert_eq!(outbox.offer(&text("two")), Offered::Waiting);
        assert_eq!(outbox.uncork(), Offered::Sent);
        let mut seen = [0; 7];
        far.read_exact(&mut seen).unwrap();
        assert_eq!(&seen, b"one two");
    }

    #[test]
    fn what_is_caught_up_with_goes_before_what_was_published_since() {
        let (outbox, mut far) = pair();
        outbox.uncork();
        outbox.hold_back();
        assert_eq!(outbox.offer(&text("lost ")), Offered::Behind);
        outbox.prepare_to_join();
        assert_eq!(outbox.offer(&text("live ")), Offered::Waiting);
        outbox.offer_ahead(text("missed "));
        outbox.send(&text("pong "));
        assert_eq!(outbox.go_live(None), Offered::Sent);
        assert_eq!(outbox.offer(&text("newest")), Offered::Sent);
        let mut seen = [0; 23];
        far.read_exact(&mut seen).unwrap();
        assert_eq!(std::str::from_utf8(&seen).unwrap(), "missed pong live newest");
    }

    #[test]
    fn a_client_that_takes_nothing_is_behind_and_knows_whole_frames_up_to_where_it_goes_on() {
        let (outbox, mut far) = pair();
        outbox.uncork();
        let offered = fall_behind(&outbox);
        assert_eq!(outbox.fell_behind.get(), 1);
        assert_eq!(outbox.offer(&changes(offered)), Offered::Behind, "nothing new before it has caught up");
        assert!(outbox.lock().ahead.iter().map(|piece| piece.frames.bytes.len()).sum::<usize>() < 20_000);
        let mut seen = vec![0; 64 << 10];
        let mut bytes = Vec::new();
        far.set_nonblocking(true).unwrap();
        while outbox.flush() != Offered::Behind || outbox.reached().is_none() {
            while let Ok(length) = far.read(&mut seen) {
                bytes.extend_from_slice(&seen[..length]);
            }
        }
        let LogPlace { seq, owes_view } = outbox.reached().unwrap();
        outbox.prepare_to_join();
        outbox.offer_ahead(text("\u{1}"));
        far.set_nonblocking(false).unwrap();
        while bytes.last() != Some(&1) {
            let length = far.read(&mut seen).unwrap();
            bytes.extend_from_slice(&seen[..length]);
        }
        bytes.pop();
        let (texts, _) = read_frames(&bytes);
        assert!(texts.iter().zip(1_u64..).all(|(text, seq)| text.starts_with(&seq.to_string())));
        assert_eq!((texts.len() as u64, owes_view), (seq, false), "of {offered}");
        assert!(seq < offered);
    }

    #[test]
    fn a_client_that_was_not_told_of_its_view_is_owed_that() {
        let (outbox, far) = pair();
        outbox.uncork();
        while outbox.offer(&large().into()) == Offered::Sent {}
        outbox.offer(&text("view").losing(Loss::View));
        fall_behind(&outbox);
        assert!(outbox.lock().reached.owes_view);
        drop(far);
    }

    #[test]
    fn a_client_is_closed_that_acknowledges_nothing_and_no_other() {
        let (outbox, far) = pair();
        outbox.uncork();
        fall_behind(&outbox);
        let phase = || outbox.lock().phase;
        outbox.close_stalled(Some(7));
        for unacknowledged in (0..4).map(Some) {
            outbox.lock().clock.live_through(STALL_TIME_MAX);
            outbox.close_stalled(unacknowledged);
            assert_eq!(phase(), Phase::Open, "what it acknowledges says that it takes something");
        }
        outbox.lock().clock.live_through(STALL_TIME_MAX);
        outbox.close_stalled(None);
        assert_eq!(phase(), Phase::Open, "where the system does not tell, it has longer");
        outbox.lock().clock.sleep_through(UNSEEN_STALL_TIME_MAX * 2);
        outbox.close_stalled(Some(3));
        // A minute without an acknowledgement has passed by now.
        assert!(matches!(phase(), Phase::Closing(_)));
        assert_eq!(outbox.closed_slow.get(), 1);
        let (texts, code) = until_gone(&outbox, far);
        assert_eq!(code, Some(close_code::TOO_SLOW));
        assert!(texts.iter().zip(1_u64..).all(|(text, seq)| text.starts_with(&seq.to_string())));
    }

    #[test]
    fn whoever_is_shut_out_gets_no_more_than_the_frame_that_is_begun() {
        for is_caught_up in [true, false] {
            let (outbox, far) = pair();
            outbox.uncork();
            if !is_caught_up {
                outbox.hold_back();
            }
            let mut seq = 0;
            let mut offer = || {
                seq += 4;
                let next = changes(seq - 4);
                if is_caught_up { outbox.offer(&next) } else { outbox.offer_ahead(next) }
            };
            while {
                offer();
                outbox.reached().is_some()
            } {}
            offer();
            outbox.shut(close_code::LOG_IN, "log in again");
            outbox.offer_ahead(text("later"));
            let (texts, code) = until_gone(&outbox, far);
            assert_eq!(code, Some(close_code::LOG_IN));
            assert!((texts.len() as u64) < seq - 3, "{} of {seq}", texts.len());
        }
    }

    #[test]
    fn the_servers_own_absence_is_not_held_against_a_client() {
        let (outbox, far) = pair();
        outbox.uncork();
        while outbox.offer(&large().into()) == Offered::Sent {}
        let hold = || outbox.lock().hold;
        for _ in 0..3 {
            outbox.lock().clock.sleep_through(OUTBOX_AGE_MAX * 100);
            assert_eq!((outbox.flush(), hold()), (Offered::Waiting, Hold::Live));
        }
        outbox.lock().clock.live_through(OUTBOX_AGE_MAX);
        outbox.flush();
        assert_eq!(hold(), Hold::Behind, "time that was lived through counts");
        // A close frame waits no shorter for that.
        outbox.close(close_code::GOING_AWAY, "");
        outbox.lock().clock.sleep_through(CLOSE_LINGER * 2);
        assert_eq!(outbox.flush(), Offered::Waiting);
        drop(far);
    }

    #[test]
    fn codes_that_must_not_travel_are_replaced() {
        let (outbox, mut far) = pair();
        outbox.uncork();
        assert_eq!(outbox.close(1005, ""), Offered::Gone);
        let mut seen = Vec::new();
        far.read_to_end(&mut seen).unwrap();
        assert_eq!(seen, [0x88, 2, 0x03, 0xE8]);
    }
}
