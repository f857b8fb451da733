//! The end of a connection. Closing a socket while its client is still sending, or has sent what nobody has read, makes the
//! system reset the connection (RFC 9112 §9.6), and a reset takes away what the client has not read yet, the last answer
//! first of all. So every connection ends the same way: the sending half first, then reading on for a moment.

use std::io::Read;
use std::net::Shutdown;
use std::thread;
use std::time::{Duration, Instant};

use socket2::SockRef;

use crate::platform::{ClientSocket, uninterrupted};
use crate::web::limits::{LINGER_BYTES_MAX, LINGER_TIME_MAX, STOP_LINGER_TIME_MAX};

/// How often it is looked whether a client has gone while the server stops.
const LOOK: Duration = Duration::from_millis(5);

/// Ends the sending half and lets the client read what was sent.
pub(crate) fn linger(stream: &ClientSocket, is_stopping: impl Fn() -> bool) {
    if stream.shutdown(Shutdown::Write).is_ok() {
        drain(stream, LINGER_TIME_MAX, is_stopping);
    }
}

/// Reads and drops what the client still sends, until it goes, for so long at most. Not inlined: its buffer would lie on
/// the stack of every connection, whether it ends soon or not.
#[inline(never)]
pub(crate) fn drain(mut stream: &ClientSocket, time_max: Duration, is_stopping: impl Fn() -> bool) {
    let start = Instant::now();
    let mut left_bytes = LINGER_BYTES_MAX;
    let mut dropped = [0; 4096];
    while left_bytes > 0 {
        let left = time_max.saturating_sub(start.elapsed());
        if left.is_zero() || stream.set_read_timeout(Some(left)).is_err() {
            return;
        }
        match uninterrupted(|| stream.read(&mut dropped)) {
            // A server that stops has ended the reading half itself: whether the client has gone shows in the socket alone.
            Ok(0) if is_stopping() && start.elapsed() < STOP_LINGER_TIME_MAX && stream.peer_addr().is_ok() => {
                thread::sleep(LOOK);
            }
            Ok(0) | Err(_) => return,
            Ok(length) => left_bytes = left_bytes.saturating_sub(length),
        }
    }
}

/// Ends a connection so that the client sees a fault and not an end: HTTP/1.0 has no other sign that an answer is not whole.
pub(crate) fn reset(stream: &ClientSocket) {
    let _ = SockRef::from(stream).set_linger(Some(Duration::ZERO));
}
