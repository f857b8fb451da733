//! What passes between us and systemd: notices (`sd_notify(3)`), how often it wants a sign of life, and the sockets that it
//! holds for us (`sd_listen_fds(3)`). Where nobody asks for it, and on other systems, nothing happens.

use std::io;
use std::net::TcpListener;
use std::time::Duration;

/// What systemd is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice<'a> {
    /// The start takes longer: so much more time from now on.
    Patience(Duration),
    /// Requests are answered.
    Ready,
    /// A sign of life.
    Alive,
    /// One line for `systemctl status`.
    Status(&'a str),
    /// The end has begun.
    Stopping,
}

/// Tells systemd, if it listens.
#[cfg(target_os = "linux")]
pub fn tell(notices: &[Notice<'_>]) {
    use sd_notify::NotifyState;
    let states: Vec<NotifyState<'_>> = notices
        .iter()
        .map(|notice| match *notice {
            Notice::Patience(time) => {
                NotifyState::ExtendTimeoutUsec(u32::try_from(time.as_micros()).unwrap_or(u32::MAX))
            }
            Notice::Ready => NotifyState::Ready,
            Notice::Alive => NotifyState::Watchdog,
            Notice::Status(line) => NotifyState::Status(line),
            Notice::Stopping => NotifyState::Stopping,
        })
        .collect();
    if let Err(error) = sd_notify::notify(&states) {
        log::warn!("systemd could not be told {notices:?}: {error}");
    }
}

/// Tells systemd, if it listens.
#[cfg(not(target_os = "linux"))]
pub fn tell(_notices: &[Notice<'_>]) {}

/// Whether systemd listens to notices.
pub fn is_listening() -> bool {
    cfg!(target_os = "linux") && std::env::var_os("NOTIFY_SOCKET").is_some()
}

/// Without a sign of life for so long, systemd ends the process and starts it again; `None` if it does not.
#[cfg(target_os = "linux")]
pub fn watchdog_time() -> Option<Duration> {
    sd_notify::watchdog_enabled()
}

/// Without a sign of life for so long, systemd ends the process and starts it again; `None` if it does not.
#[cfg(not(target_os = "linux"))]
pub fn watchdog_time() -> Option<Duration> {
    None
}

/// The listening sockets that systemd holds for us, in the order of its unit; none if it holds none. They can be taken once.
#[cfg(target_os = "linux")]
pub fn take_listeners() -> io::Result<Vec<TcpListener>> {
    let mut passed = listenfd::ListenFd::from_env();
    (0..passed.len())
        .map(|index| {
            let listener = passed.take_tcp_listener(index)?.ok_or(io::ErrorKind::NotFound)?;
            listener.set_nonblocking(false)?;
            Ok(listener)
        })
        .collect()
}

/// The listening sockets that systemd holds for us; here there is no systemd.
#[cfg(not(target_os = "linux"))]
#[expect(clippy::unnecessary_wraps, reason = "the same signature on every system")]
pub fn take_listeners() -> io::Result<Vec<TcpListener>> {
    Ok(Vec::new())
}
