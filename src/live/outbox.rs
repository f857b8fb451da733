//! What a socket has not taken yet. Every byte to a WebSocket client goes through here, so that frames never interleave.

use std::collections::VecDeque;
use std::io;
use std::net::Shutdown;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tungstenite::Bytes;

use super::close_code;
use super::frame::close_frame;
use crate::metrics::Counter;
use crate::platform::{self, Awake, ClientSocket};

/// Bytes that may wait for one client.
pub const OUTBOX_BYTES_MAX: usize = 1 << 20;
/// How long the oldest of them may wait.
pub const OUTBOX_AGE_MAX: Duration = Duration::from_secs(10);
/// How long a client that is being closed may take to fetch the close frame.
const CLOSE_LINGER: Duration = Duration::from_secs(30);

/// What came of offering bytes to a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Offered {
    /// The socket has taken everything.
    Sent,
    /// Some bytes wait; offer them again in a moment.
    Waiting,
    /// The connection is over.
    Gone,
}

pub(crate) struct Outbox {
    stream: Arc<ClientSocket>,
    state: Mutex<State>,
    /// Counts the clients that were closed for not taking their frames.
    closed_slow: Arc<Counter>,
}

struct State {
    phase: Phase,
    /// The handshake's answer and what the client has missed come first, written by its own thread; until then everything
    /// waits here.
    is_corked: bool,
    /// Pieces of whole frames, each with the time since which it waits, on `clock`.
    queue: VecDeque<(Instant, Bytes)>,
    /// The broadcaster looks at it all the time while something waits. A server that was stopped, or slept with its machine,
    /// does not take its own absence for that of its clients.
    clock: Awake,
    bytes: usize,
    /// A part of the front piece is sent already, so the rest of it must follow.
    is_front_begun: bool,
}

impl State {
    fn push(&mut self, bytes: Bytes) {
        self.bytes += bytes.len();
        self.queue.push_back((self.clock.now(), bytes));
    }

    /// What waits besides the newest piece.
    fn bytes_besides_newest(&self) -> usize {
        self.bytes - self.queue.back().map_or(0, |(_, piece)| piece.len())
    }

    fn is_over_limits(&self, waiting: usize, now: Instant) -> bool {
        let age = self.queue.front().map_or(Duration::ZERO, |(since, _)| now.saturating_duration_since(*since));
        waiting > OUTBOX_BYTES_MAX || age > OUTBOX_AGE_MAX
    }

    /// Drops what waits, but for the rest of a piece that is begun.
    fn drop_unbegun(&mut self) {
        self.queue.truncate(usize::from(self.is_front_begun));
        self.bytes = self.queue.front().map_or(0, |(_, rest)| rest.len());
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    /// A close frame is the last thing in the queue; the connection ends with it, at the latest at this time.
    Closing(Instant),
    Gone,
}

impl Outbox {
    pub(crate) fn new(stream: Arc<ClientSocket>, closed_slow: Arc<Counter>) -> Self {
        let state = State {
            phase: Phase::Open,
            is_corked: true,
            queue: VecDeque::new(),
            clock: Awake::start(),
            bytes: 0,
            is_front_begun: false,
        };
        Self { stream, state: Mutex::new(state), closed_slow }
    }

    /// Sends the bytes, or keeps what the socket does not take. Never waits.
    pub(crate) fn offer(&self, bytes: &Bytes) -> Offered {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        // One large piece is no backlog: only what was waiting before it counts against the client.
        let waiting_before = state.bytes;
        match state.phase {
            Phase::Gone => return Offered::Gone,
            Phase::Closing(_) => return self.flush_locked(&mut state),
            Phase::Open if state.queue.is_empty() && !state.is_corked => match self.send(bytes) {
                Ok(sent) if sent == bytes.len() => return Offered::Sent,
                Ok(sent) => {
                    state.is_front_begun = sent > 0;
                    state.push(bytes.slice(sent..));
                }
                Err(_) => return self.end(&mut state),
            },
            Phase::Open => {
                state.push(bytes.clone());
                let offered = self.flush_locked(&mut state);
                if offered != Offered::Waiting {
                    return offered;
                }
            }
        }
        self.judge(&mut state, waiting_before)
    }

    /// Sends what waits, as far as the socket takes it.
    pub(crate) fn flush(&self) -> Offered {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
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
        self.state.lock().unwrap_or_else(PoisonError::into_inner).is_corked = false;
        self.flush()
    }

    /// Sends a close frame behind everything that waits; nothing is taken after it.
    pub(crate) fn close(&self, code: u16, reason: &'static str) -> Offered {
        // RFC 6455 §7.4.1: these codes say that there was none, and never travel.
        let code = if matches!(code, 1004..=1006 | 1015) { 1000 } else { code };
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.phase == Phase::Open {
            state.push(close_frame(code, reason));
            state.phase = Phase::Closing(state.clock.now() + CLOSE_LINGER);
        }
        self.flush_locked(&mut state)
    }

    /// Promise 10: closes a connection whose client is not to have anything more: what is not begun is dropped, and the close frame
    /// is next.
    pub(crate) fn shut(&self, code: u16, reason: &'static str) -> Offered {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        // A close frame that is begun goes out as it is; one that only waits gives way.
        let is_close_begun = matches!(state.phase, Phase::Closing(_)) && state.is_front_begun && state.queue.len() == 1;
        if state.phase != Phase::Gone && !is_close_begun {
            state.drop_unbegun();
            state.push(close_frame(code, reason));
            state.phase = Phase::Closing(state.clock.now() + CLOSE_LINGER);
        }
        self.flush_locked(&mut state)
    }

    /// Whether it still takes frames.
    pub(crate) fn is_open(&self) -> bool {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).phase == Phase::Open
    }

    /// Ends the connection at once.
    pub(crate) fn abandon(&self) {
        self.end(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
    }

    pub(crate) fn is_gone(&self) -> bool {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).phase == Phase::Gone
    }

    fn flush_locked(&self, state: &mut State) -> Offered {
        match state.phase {
            Phase::Gone => return Offered::Gone,
            Phase::Open | Phase::Closing(_) if state.is_corked => return Offered::Waiting,
            Phase::Open | Phase::Closing(_) => {}
        }
        while let Some((_, front)) = state.queue.front_mut() {
            match self.send(front) {
                Ok(0) => return Offered::Waiting,
                Ok(sent) if sent == front.len() => {
                    state.queue.pop_front();
                    state.bytes -= sent;
                    state.is_front_begun = false;
                }
                Ok(sent) => {
                    *front = front.slice(sent..);
                    state.bytes -= sent;
                    state.is_front_begun = true;
                    return Offered::Waiting;
                }
                Err(_) => return self.end(state),
            }
        }
        if matches!(state.phase, Phase::Closing(_)) {
            // The close frame is out. The reader ends the connection when the client answers it, or at its time-out.
            let _ = self.stream.shutdown(Shutdown::Write);
            state.phase = Phase::Gone;
            return Offered::Gone;
        }
        Offered::Sent
    }

    /// Holds the limits: a client that does not take its frames is closed and resumes later; nothing is left out silently.
    fn judge(&self, state: &mut State, waiting: usize) -> Offered {
        let now = state.clock.now();
        match state.phase {
            Phase::Closing(until) if now >= until => self.end(state),
            Phase::Open if state.is_over_limits(waiting, now) => {
                state.drop_unbegun();
                state.push(close_frame(close_code::TOO_SLOW, "too slow; connect again and resume"));
                state.phase = Phase::Closing(now + CLOSE_LINGER);
                self.closed_slow.add(1);
                log::warn!(
                    "A client did not take its changes in time and is closed; it resumes when it connects again"
                );
                self.flush_locked(state)
            }
            Phase::Gone => Offered::Gone,
            Phase::Open | Phase::Closing(_) => Offered::Waiting,
        }
    }

    /// The number of bytes that the socket took; 0 when it takes nothing now.
    fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        match platform::send_now(&self.stream, bytes) {
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => Ok(0),
            result => result,
        }
    }

    fn end(&self, state: &mut State) -> Offered {
        state.phase = Phase::Gone;
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

    use super::*;

    fn pair() -> (Arc<ClientSocket>, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let far = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let near = platform::client_socket(listener.accept().unwrap().0).unwrap();
        (Arc::new(near), far)
    }

    #[test]
    fn frames_wait_for_the_handshake_and_then_keep_their_order() {
        let (near, mut far) = pair();
        let outbox = Outbox::new(near, Arc::default());
        assert_eq!(outbox.offer(&Bytes::from_static(b"one ")), Offered::Waiting);
        assert_eq!(outbox.offer(&Bytes::from_static(b"two")), Offered::Waiting);
        assert_eq!(outbox.uncork(), Offered::Sent);
        let mut seen = [0; 7];
        far.read_exact(&mut seen).unwrap();
        assert_eq!(&seen, b"one two");
    }

    #[test]
    fn a_client_that_takes_nothing_is_closed_with_whole_frames_and_its_code() {
        let (near, mut far) = pair();
        let outbox = Outbox::new(near, Arc::default());
        outbox.uncork();
        let frame = crate::live::frame::text_frame(&vec![b'x'; 100_000]);
        let mut offered = 0;
        while !matches!(outbox.state.lock().unwrap().phase, Phase::Closing(_)) {
            assert_ne!(outbox.offer(&frame), Offered::Gone);
            offered += 1;
            assert!(offered < 10_000, "the limit never came");
        }
        assert!(outbox.state.lock().unwrap().bytes < OUTBOX_BYTES_MAX);

        let reader = std::thread::spawn(move || {
            let mut seen = Vec::new();
            far.read_to_end(&mut seen).unwrap();
            seen
        });
        while outbox.flush() == Offered::Waiting {
            std::thread::yield_now();
        }
        let seen = reader.join().unwrap();
        let close = close_frame(close_code::TOO_SLOW, "too slow; connect again and resume");
        let frames = seen.strip_suffix(&close[..]).expect("the close frame is last");
        assert_eq!(frames.len() % frame.len(), 0, "only whole frames come before it");
        assert!(frames.len() / frame.len() < offered);
    }

    #[test]
    fn the_servers_own_absence_is_not_held_against_a_client() {
        let (near, far) = pair();
        let outbox = Outbox::new(near, Arc::default());
        outbox.uncork();
        let frame = crate::live::frame::text_frame(&vec![b'x'; 100_000]);
        while outbox.offer(&frame) == Offered::Sent {}
        let phase = || outbox.state.lock().unwrap().phase;
        for _ in 0..3 {
            outbox.state.lock().unwrap().clock.sleep_through(OUTBOX_AGE_MAX * 100);
            assert_eq!((outbox.flush(), phase()), (Offered::Waiting, Phase::Open));
        }
        outbox.state.lock().unwrap().clock.live_through(OUTBOX_AGE_MAX);
        outbox.flush();
        assert!(matches!(phase(), Phase::Closing(_)), "time that was lived through counts");
        // The close frame waits no shorter for that.
        outbox.state.lock().unwrap().clock.sleep_through(CLOSE_LINGER * 2);
        assert_eq!(outbox.flush(), Offered::Waiting);
        drop(far);
    }

    #[test]
    fn codes_that_must_not_travel_are_replaced() {
        let (near, mut far) = pair();
        let outbox = Outbox::new(near, Arc::default());
        outbox.uncork();
        assert_eq!(outbox.close(1005, ""), Offered::Gone);
        let mut seen = Vec::new();
        far.read_to_end(&mut seen).unwrap();
        assert_eq!(seen, [0x88, 2, 0x03, 0xE8]);
    }
}
