//! The process: its end when it must not go on, stop signals, limits and times that the system keeps for it.

use std::io;
use std::time::Duration;

/// Ends the process when a thread that nothing can go on without panics: it starts again clean from the disk.
pub struct EndOnPanic(pub &'static str);

impl Drop for EndOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let _ = io::Write::write_fmt(
                &mut io::stderr(),
                format_args!("tillsync: {} failed. The process ends; what was answered is on disk.\n", self.0),
            );
            std::process::abort();
        }
    }
}

/// Whether whoever reads our standard output has left, without writing to it.
#[cfg(unix)]
pub fn is_output_closed() -> bool {
    use rustix::event::{PollFd, PollFlags, poll};
    let output = io::stdout();
    let mut polled = [PollFd::new(&output, PollFlags::empty())];
    let at_once = rustix::time::Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut polled, Some(&at_once)).is_ok_and(|ready| ready > 0)
        && polled.iter().any(|output| output.revents().intersects(PollFlags::ERR | PollFlags::HUP))
}

/// Whether whoever reads our standard output has left; here that shows with the next line only.
#[cfg(not(unix))]
pub fn is_output_closed() -> bool {
    false
}

/// The name of this machine on its network.
#[cfg(unix)]
pub fn machine_name() -> Option<String> {
    rustix::system::uname().nodename().to_str().ok().filter(|name| !name.is_empty()).map(str::to_string)
}

/// The name of this machine on its network.
#[cfg(not(unix))]
pub fn machine_name() -> Option<String> {
    std::env::var("COMPUTERNAME").ok().filter(|name| !name.is_empty())
}

/// Raises the open-file limit as far as the system lets us and returns it; `None` where there is none to ask.
#[cfg(unix)]
pub fn raise_open_file_limit() -> Option<u64> {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    let before = limit.current;
    limit.current = limit.maximum;
    if setrlimit(Resource::Nofile, limit).is_ok() { limit.maximum } else { before }
}

/// Raises the open-file limit as far as the system lets us and returns it; `None` where there is none to ask.
#[cfg(not(unix))]
pub fn raise_open_file_limit() -> Option<u64> {
    None
}

/// Processor time that the process has used so far; zero where it cannot be asked.
#[cfg(unix)]
pub fn processor_time() -> Duration {
    use rustix::time::{ClockId, clock_gettime};
    Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).unwrap_or_default()
}

/// Processor time that the process has used so far; zero where it cannot be asked.
#[cfg(not(unix))]
pub fn processor_time() -> Duration {
    Duration::ZERO
}

/// Runs `on_stop` for SIGINT, SIGTERM and SIGHUP, and for Ctrl-C and Ctrl-Break on Windows. A window there that is closed, and a
/// user who logs off, end the process before `on_stop` has come far: that is a power cut, and what was answered is on disk.
pub fn on_stop_signal(on_stop: impl FnMut() + Send + 'static) -> Result<(), ctrlc::Error> {
    ctrlc::set_handler(on_stop)
}
