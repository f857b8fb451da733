//! Answers that the writer's thread sends itself. The thread of the connection waits for the next request meanwhile, so that a
//! new record costs it one wake-up and not two.

use std::io::{self, ErrorKind, Write};
use std::net::Shutdown;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::app::Ticket;
use crate::platform::{self, ClientSocket};
use crate::web::http::{Head, Response, TimeoutWriter};
use crate::web::shared::Shared;

/// An answer that is being waited for, or sent.
pub(crate) struct Delivery {
    /// What the socket did not take of it at once, most often nothing.
    rest: Receiver<io::Result<Vec<u8>>>,
}

impl Delivery {
    /// Has an answer sent as soon as it is there.
    pub fn begin(pending: Ticket, head: Box<Head>, shared: &Arc<Shared>, stream: &Arc<ClientSocket>) -> Self {
        let (shared, stream) = (Arc::clone(shared), Arc::clone(stream));
        let (delivery, sent) = Self::new();
        pending.then(move |outcome| {
            let attempt = || {
                let mut sender = NowSender { stream: &stream, rest: Vec::new() };
                let mut response = Response::of_outcome(outcome, &shared.directory());
                shared.origin_policy.add_cors_headers(&head, &mut response);
                response.print(&mut sender, shared.lifecycle.clock(), Some(&head), true)?;
                Ok(sender.rest)
            };
            // The writer does not end for one answer's sake.
            let result = catch_unwind(AssertUnwindSafe(attempt)).unwrap_or_else(|_| Err(ErrorKind::Other.into()));
            hand_back(result, &sent, &stream);
        });
        delivery
    }

    fn new() -> (Self, Sender<io::Result<Vec<u8>>>) {
        let (sent, rest) = bounded(1);
        (Self { rest }, sent)
    }

    /// Waits until the answer is sent; what the socket did not take at once is sent here, for as long as that takes.
    pub fn finish(self, stream: &ClientSocket) -> io::Result<()> {
        let rest = self.rest.recv().map_err(|_| io::Error::from(ErrorKind::BrokenPipe))??;
        TimeoutWriter::new(stream).write_all(&rest)
    }
}

/// Sends as much as the socket takes now, and keeps the rest. Promise 7: nobody is waited for.
struct NowSender<'a> {
    stream: &'a ClientSocket,
    rest: Vec<u8>,
}

impl Write for NowSender<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let sent = if self.rest.is_empty() { send_now(self.stream, bytes)? } else { 0 };
        self.rest.extend_from_slice(bytes.get(sent..).unwrap_or_default());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// How many bytes the socket takes now.
fn send_now(stream: &ClientSocket, bytes: &[u8]) -> io::Result<usize> {
    match platform::send_now(stream, bytes) {
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => Ok(0),
        result => result,
    }
}

/// Tells the thread of the connection how far an answer came.
fn hand_back(result: io::Result<Vec<u8>>, sent: &Sender<io::Result<Vec<u8>>>, stream: &ClientSocket) {
    let is_whole = result.as_ref().is_ok_and(Vec::is_empty);
    let _ = sent.try_send(result);
    if !is_whole {
        // It waits for a request, which would come only after the answer: this ends its waiting, and after the answer the
        // connection.
        let _ = stream.shutdown(Shutdown::Read);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::net::{TcpListener, TcpStream};
    use std::thread;

    use super::*;

    #[test]
    fn a_client_that_has_not_read_its_earlier_answers_gets_the_last_one_whole_too() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut far = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let near = platform::client_socket(listener.accept().unwrap().0).unwrap();
        let mut expected = Vec::new();
        while let Ok(length) = platform::send_now(&near, &[b'x'; 4 << 10]) {
            expected.resize(expected.len() + length, b'x');
        }
        let answer: Vec<u8> = (0..=u8::MAX).cycle().take(500_000).collect();
        expected.extend_from_slice(&answer);

        let (delivery, sent) = Delivery::new();
        thread::scope(|scope| {
            let connection = scope.spawn(|| {
                assert_eq!((&near).read(&mut [0; 1]).unwrap(), 0, "the client sends nothing");
                delivery.finish(&near).unwrap();
                near.shutdown(Shutdown::Both).unwrap();
            });
            let mut sender = NowSender { stream: &near, rest: Vec::new() };
            // In two pieces: the second one waits behind what is left of the first.
            answer.chunks(answer.len() - 100).for_each(|piece| sender.write_all(piece).unwrap());
            hand_back(Ok(sender.rest), &sent, &near);
            let mut seen = Vec::new();
            far.read_to_end(&mut seen).unwrap();
            connection.join().unwrap();
            assert!(seen == expected, "{} of {} bytes", seen.len(), expected.len());
        });
    }

    #[test]
    fn an_answer_that_cannot_be_sent_ends_its_connection() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let far = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let near = platform::client_socket(listener.accept().unwrap().0).unwrap();
        let (delivery, sent) = Delivery::new();
        hand_back(Err(ErrorKind::BrokenPipe.into()), &sent, &near);
        assert_eq!((&near).read(&mut [0; 1]).unwrap(), 0);
        assert_eq!(delivery.finish(&near).unwrap_err().kind(), ErrorKind::BrokenPipe);
        drop(far);
    }
}
