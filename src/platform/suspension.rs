//! A process that is stopped (SIGSTOP and SIGCONT, a debugger, a container that is frozen) or whose machine is suspended goes
//! on as if nothing had been: an interrupted system call (EINTR) is tried again, and the time that was slept through is held
//! against nobody.

use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

/// A wait whose time counts is cut into steps of this length, and a step counts for no more than that.
pub const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Makes a system call again for as long as a signal interrupts it. With a time-out on the socket, Linux does so for SIGCONT
/// although nobody handles it (`signal(7)`); it says nothing about the connection.
pub fn uninterrupted<T>(mut attempt: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match attempt() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// Whether a read or a write has ended because the time-out of its socket has passed; the name of it differs between systems.
pub fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

/// A monotonic clock that stands still with the program. It has to be looked at every [`LOOK_EVERY`], at least while its time
/// counts: whatever lies between two looks counts for no more than that. What it shows is to be compared with itself alone.
#[derive(Debug, Clone, Copy)]
pub struct Awake {
    shown: Instant,
    looked_at: Instant,
}

impl Awake {
    /// A clock that shows the time.
    pub fn start() -> Self {
        let now = Instant::now();
        Self { shown: now, looked_at: now }
    }

    /// What it shows now.
    pub fn now(&mut self) -> Instant {
        self.look_at(Instant::now())
    }

    /// As if the program had been stopped for so long.
    #[cfg(test)]
    pub fn sleep_through(&mut self, time: Duration) {
        self.looked_at -= time;
    }

    /// As if so much time had been lived through.
    #[cfg(test)]
    pub fn live_through(&mut self, time: Duration) {
        self.shown += time;
    }

    fn look_at(&mut self, now: Instant) -> Instant {
        self.shown += now.saturating_duration_since(self.looked_at).min(LOOK_EVERY);
        self.looked_at = now;
        self.shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_that_was_slept_through_counts_as_one_step() {
        let mut clock = Awake::start();
        let start = clock.looked_at;
        let step = LOOK_EVERY / 4;
        assert_eq!(clock.look_at(start + step), start + step);
        assert_eq!(clock.look_at(start + step), start + step);
        let hour = Duration::from_secs(3_600);
        assert_eq!(clock.look_at(start + step + hour), start + step + LOOK_EVERY);
        assert_eq!(clock.look_at(start + step * 2 + hour), start + step * 2 + LOOK_EVERY);
    }

    #[test]
    fn an_interruption_is_no_end() {
        let mut outcomes = [Err(ErrorKind::Interrupted), Err(ErrorKind::Interrupted), Ok(7)].into_iter();
        assert_eq!(uninterrupted(|| outcomes.next().unwrap().map_err(io::Error::from)).unwrap(), 7);
        let error = uninterrupted::<()>(|| Err(ErrorKind::ConnectionReset.into())).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    }
}
