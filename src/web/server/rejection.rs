//! Answers connections that are not let in, without a thread for each.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use crate::platform::ClientSocket;
use crate::web::http::{Problem, SECURITY_LINES};
use crate::web::limits::LINGER_BYTES_MAX;

/// Turned-away connections that are held until their client has read the answer; more are simply closed.
const REJECTED_CONNECTIONS_MAX: usize = 64;
/// How long each is held.
const REJECTED_TIME: Duration = Duration::from_secs(1);
/// How often it is looked whether their clients have gone.
const LOOK: Duration = Duration::from_millis(20);

/// The way to the thread that holds them.
#[derive(Clone)]
pub(crate) struct Rejector {
    queue: Sender<Held>,
}

/// A connection whose answer is on its way.
struct Held {
    since: Instant,
    stream: Arc<ClientSocket>,
    /// What may still be read and dropped.
    left_bytes: usize,
}

impl Rejector {
    pub fn start() -> io::Result<Self> {
        // Half of them in the queue and half of them held.
        let (queue, coming) = bounded(REJECTED_CONNECTIONS_MAX / 2);
        thread::Builder::new().name("rejector".into()).spawn(move || hold(&coming))?;
        Ok(Self { queue })
    }

    /// The answer fits into the socket's buffer; nobody is waited for.
    pub fn turn_away(&self, stream: Arc<ClientSocket>, problem: &Problem) {
        let body = problem.body();
        let mut answer = format!(
            "HTTP/1.1 {} {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\
             Connection: close\r\n{SECURITY_LINES}",
            problem.status,
            tiny_http::StatusCode(problem.status).default_reason_phrase(),
            body.len()
        );
        for (name, value) in &problem.headers {
            answer.extend([name, ": ", value, "\r\n"]);
        }
        answer.push_str("\r\n");
        let mut answer = answer.into_bytes();
        answer.extend_from_slice(&body);
        let _ = stream.set_nonblocking(true);
        let _ = (&*stream).write_all(&answer);
        let _ = stream.shutdown(Shutdown::Write);
        let mut held = Held { since: Instant::now(), stream, left_bytes: LINGER_BYTES_MAX };
        if held.is_waiting() {
            let _ = self.queue.try_send(held);
        }
    }
}

fn hold(coming: &Receiver<Held>) {
    let mut all: Vec<Held> = Vec::with_capacity(REJECTED_CONNECTIONS_MAX / 2);
    loop {
        let look_at = Instant::now() + LOOK;
        while all.len() < REJECTED_CONNECTIONS_MAX / 2 {
            match if all.is_empty() { coming.recv().map_err(Into::into) } else { coming.recv_deadline(look_at) } {
                Ok(held) => all.push(held),
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
        thread::sleep(look_at.saturating_duration_since(Instant::now()));
        all.retain_mut(Held::is_waiting);
    }
}

impl Held {
    /// Reads and drops what the client has sent: closing with unread bytes would destroy the answer on its way. False once it
    /// has gone, or has had its time.
    fn is_waiting(&mut self) -> bool {
        let mut dropped = [0; 4096];
        while self.left_bytes > 0 {
            match (&*self.stream).read(&mut dropped) {
                Ok(0) => return false,
                Ok(length) => self.left_bytes = self.left_bytes.saturating_sub(length),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    return error.kind() == io::ErrorKind::WouldBlock && self.since.elapsed() < REJECTED_TIME;
                }
            }
        }
        false
    }
}

pub(super) fn too_many() -> Problem {
    let mut problem = Problem::new(503, "Too many connections at the moment. Please try again shortly.");
    problem.headers.push(("Retry-After", "2".into()));
    problem
}

/// For whoever stands in the shop and wonders.
pub(super) fn not_let_in() -> Problem {
    Problem::new(
        403,
        "This shop is not open to other devices yet. Whoever looks after its server makes its owner with the command \
         tillsync owner there; from then on devices are let in one by one.",
    )
}
