//! What passes between us and systemd: notices (`sd_notify(3)`), how often it wants a sign of life, and the sockets that it
//! holds for us (`sd_listen_fds(3)`). Where nobody asks for it, and on other systems, nothing happens. The crate `sd-notify`
//! sends without a limit of time, so that a systemd which is busy would hold up the shop; it knows no abstract
//! `NOTIFY_SOCKET` (`@`), and passes sockets on as bare numbers, which only unsafe code can use.

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

/// How long a notice waits for a systemd that is busy; then it is dropped, since the shop goes on without it.
#[cfg(target_os = "linux")]
const NOTICE_WAIT: Duration = Duration::from_secs(1);

impl std::fmt::Display for Notice<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Patience(time) => writeln!(formatter, "EXTEND_TIMEOUT_USEC={}", time.as_micros()),
            Self::Ready => writeln!(formatter, "READY=1"),
            Self::Alive => writeln!(formatter, "WATCHDOG=1"),
            Self::Status(line) => writeln!(formatter, "STATUS={}", line.replace('\n', " ")),
            Self::Stopping => writeln!(formatter, "STOPPING=1"),
        }
    }
}

/// Tells systemd, if it listens.
pub fn tell(notices: &[Notice<'_>]) {
    let message: String = notices.iter().map(ToString::to_string).collect();
    if let Err(error) = send(&message) {
        log::warn!("systemd could not be told {notices:?}: {error}");
    }
}

#[cfg(target_os = "linux")]
fn send(message: &str) -> io::Result<()> {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::net::{SocketAddr, UnixDatagram};
    let Some(name) = std::env::var_os("NOTIFY_SOCKET") else { return Ok(()) };
    let address = match name.as_bytes().strip_prefix(b"@") {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(&name)?,
    };
    let socket = UnixDatagram::unbound()?;
    socket.set_write_timeout(Some(NOTICE_WAIT))?;
    super::suspension::uninterrupted(|| socket.send_to_addr(message.as_bytes(), &address)).map(drop)
}

#[cfg(not(target_os = "linux"))]
#[expect(clippy::unnecessary_wraps, reason = "the same signature on every system")]
fn send(_message: &str) -> io::Result<()> {
    Ok(())
}

/// Whether systemd listens to notices.
pub fn is_listening() -> bool {
    cfg!(target_os = "linux") && std::env::var_os("NOTIFY_SOCKET").is_some()
}

/// Without a sign of life for so long, systemd ends the process and starts it again; `None` if it does not.
pub fn watchdog_time() -> Option<Duration> {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let is_meant = number("WATCHDOG_PID").is_none_or(|pid| pid == u64::from(std::process::id()));
    number("WATCHDOG_USEC").filter(|&micros| micros > 0 && is_meant && is_listening()).map(Duration::from_micros)
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
