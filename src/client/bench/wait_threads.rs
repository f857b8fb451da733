//! Systems without epoll: a thread with a small stack for each socket. It costs the load generator more, so the server's
//! figures are lower than they could be.

use std::io::{self, ErrorKind, Read};

use super::caller::{Caller, Calls, Schedule};
use super::group::{Group, IDLE_LOOK_EVERY};

/// Read at once.
const READ_BYTES: usize = 32 << 10;

/// One thread each.
pub(crate) fn threads_for(sockets: usize) -> usize {
    sockets.max(1)
}

/// Reads whatever comes to the group's only listener until the measurement is over.
pub(crate) fn follow(group: &mut Group) -> io::Result<()> {
    let mut buffer = vec![0; READ_BYTES];
    for listener in &group.listeners {
        listener.stream().set_read_timeout(Some(IDLE_LOOK_EVERY))?;
    }
    while !group.watch.is_over() {
        let Some(listener) = group.listeners.first().filter(|listener| listener.is_open()) else { break };
        match listener.stream().read(&mut buffer) {
            Ok(0) => group.end(0),
            Ok(length) => group.take(0, buffer.get(..length).unwrap_or_default()),
            Err(error)
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted) => {}
            Err(_) => group.end(0),
        }
    }
    Ok(())
}

/// Never called: each caller has a thread of its own.
pub(crate) fn call(_callers: &mut [Caller], _schedule: &Schedule) -> io::Result<Calls> {
    Err(ErrorKind::Unsupported.into())
}
