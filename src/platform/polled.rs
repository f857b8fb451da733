//! Sockets on Windows: non-blocking mode with readiness polling (`WSAPoll`). It is built for the tests elsewhere, too.
//!
//! Windows gives neither of the two means that Unix has. One call cannot be asked not to wait (`MSG_DONTWAIT`): a socket waits
//! in all of its calls or in none. And after a time-out of a blocking call (`SO_SNDTIMEO`, `SO_RCVTIMEO`) the system calls the
//! connection indeterminate: some of the bytes may have gone. So here the socket never waits, and whoever wants to asks the
//! system when it is ready. That is rustix's `poll`: the crate `polling` registers a socket by an `unsafe` call only, and
//! wants a poller of its own for each socket that a thread waits for.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Nothing says whether a shutdown of our own wakes a thread in `WSAPoll`, so that a wait looks so often whether it is over.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// `WSAPoll` reports unasked, and again at once, that the peer sends no more. A wait for room to send rests so long then.
const HANG_UP_REST: Duration = Duration::from_millis(5);
/// Stands for a wait without an end.
const WITHOUT_END: u64 = u64::MAX;

/// A connection with the part of [`TcpStream`]'s interface that a server needs, and the same behaviour: one thread reads and
/// waits, any thread sends or ends it.
pub struct ClientSocket {
    stream: TcpStream,
    read_wait_ms: AtomicU64,
    write_wait_ms: AtomicU64,
    is_reading_over: AtomicBool,
}

#[allow(clippy::unnecessary_wraps, reason = "the same signatures as those of the standard library")]
impl ClientSocket {
    /// Takes over a connection.
    pub fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Ok(Self {
            stream,
            read_wait_ms: AtomicU64::new(WITHOUT_END),
            write_wait_ms: AtomicU64::new(WITHOUT_END),
            is_reading_over: AtomicBool::new(false),
        })
    }

    /// Sends small pieces at once.
    pub fn set_nodelay(&self, is_wanted: bool) -> io::Result<()> {
        self.stream.set_nodelay(is_wanted)
    }

    /// Our own end.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.stream.local_addr()
    }

    /// The client's end; an error once the connection is gone.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.stream.peer_addr()
    }

    /// How long a read waits; then it fails with `TimedOut`, and the connection is as good as before.
    pub fn set_read_timeout(&self, wait: Option<Duration>) -> io::Result<()> {
        self.read_wait_ms.store(wait_ms(wait), Ordering::Relaxed);
        Ok(())
    }

    /// The same for a write.
    pub fn set_write_timeout(&self, wait: Option<Duration>) -> io::Result<()> {
        self.write_wait_ms.store(wait_ms(wait), Ordering::Relaxed);
        Ok(())
    }

    /// Whether reads and writes do without waiting.
    pub fn set_nonblocking(&self, is_wanted: bool) -> io::Result<()> {
        let wait = if is_wanted { Some(Duration::ZERO) } else { None };
        self.set_read_timeout(wait)?;
        self.set_write_timeout(wait)
    }

    /// Ends one direction or both, and the waiting of the thread that reads. What has arrived before can still be read, as on
    /// Unix: Windows itself would throw it away at `Shutdown::Read` and reset the connection, with the answers on their way.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        if how != Shutdown::Write {
            self.is_reading_over.store(true, Ordering::Release);
        }
        if how == Shutdown::Read { Ok(()) } else { self.stream.shutdown(how) }
    }

    /// Sends as much as the socket takes at once.
    pub(crate) fn send_now(&self, bytes: &[u8]) -> io::Result<usize> {
        (&self.stream).write(bytes)
    }

    /// Repeats a call until it does not ask to wait, between the calls waiting for `readiness`.
    fn when_ready(
        &self,
        readiness: PollFlags,
        wait_ms: &AtomicU64,
        mut attempt: impl FnMut(&TcpStream) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let mut deadline = None;
        loop {
            match attempt(&self.stream) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                result => return result,
            }
            if readiness == PollFlags::IN && self.is_reading_over.load(Ordering::Acquire) {
                return Ok(0);
            }
            let deadline = *deadline.get_or_insert_with(|| deadline_after(wait_ms.load(Ordering::Relaxed)));
            let left = deadline.map_or(LOOK_EVERY, |end| end.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return Err(ErrorKind::TimedOut.into());
            }
            self.wait_until_ready(readiness, left.min(LOOK_EVERY))?;
        }
    }

    /// Comes back early for whatever else happens to the connection; the next attempt shows it.
    fn wait_until_ready(&self, readiness: PollFlags, at_most: Duration) -> io::Result<()> {
        // The system counts in milliseconds, and none would be a look without waiting.
        let at_most = at_most.max(Duration::from_millis(1));
        let at_most = Timespec::try_from(at_most).map_err(|_| ErrorKind::InvalidInput)?;
        let mut polled = [PollFd::new(&self.stream, readiness)];
        match poll(&mut polled, Some(&at_most)) {
            Err(rustix::io::Errno::INTR) => return Ok(()),
            result => result.map_err(io::Error::from)?,
        };
        let seen = polled.first().map_or(PollFlags::empty(), PollFd::revents);
        if !seen.is_empty() && !seen.intersects(readiness) {
            thread::sleep(HANG_UP_REST);
        }
        Ok(())
    }
}

#[cfg(windows)]
impl std::os::windows::io::AsSocket for ClientSocket {
    fn as_socket(&self) -> std::os::windows::io::BorrowedSocket<'_> {
        self.stream.as_socket()
    }
}

impl Read for &ClientSocket {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.when_ready(PollFlags::IN, &self.read_wait_ms, |mut stream| stream.read(into))
    }
}

impl Write for &ClientSocket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.when_ready(PollFlags::OUT, &self.write_wait_ms, |mut stream| stream.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// In whole milliseconds, rounded up.
fn wait_ms(wait: Option<Duration>) -> u64 {
    wait.map_or(WITHOUT_END, |wait| u64::try_from(wait.as_micros().div_ceil(1_000)).unwrap_or(WITHOUT_END))
}

fn deadline_after(wait_ms: u64) -> Option<Instant> {
    if wait_ms == WITHOUT_END { None } else { Instant::now().checked_add(Duration::from_millis(wait_ms)) }
}

#[cfg(test)]
mod tests;
