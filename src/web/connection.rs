//! One connection from its first byte to its last.

use std::io::{self, Read};
use std::net::{IpAddr, Shutdown, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use super::deadline::DeadlineWriter;
use super::delivery::Delivery;
use super::head::{Framing, Head};
use super::intake::{Intake, NoRequest};
use super::limits::{LINGER_BYTES_MAX, LINGER_TIME_MAX, WRITE_TIME_MAX};
use super::problem::Problem;
use super::request::Visit;
use super::respond::Reply;
use super::route;
use super::route::LiveFeed;
use super::server::Shared;
use super::session::{self, Session};
use crate::process::SENDS_WITHOUT_WAITING;

/// Serves requests until the client or a rule ends the connection, or until it goes on as a WebSocket.
pub(super) fn serve(shared: &Arc<Shared>, stream: &Arc<TcpStream>) -> Option<Box<Session>> {
    try_serve(shared, stream).unwrap_or_else(|error| {
        log::debug!("A connection ended: {error}");
        None
    })
}

/// What follows a request on its connection.
enum Next {
    /// Another request.
    Request,
    /// Another request, once this answer is sent.
    RequestAfter(Delivery),
    /// Nothing; the client may still be sending.
    End,
    /// The connection has become a WebSocket.
    WebSocket(LiveFeed, Box<Head>),
}

fn try_serve(shared: &Arc<Shared>, stream: &Arc<TcpStream>) -> io::Result<Option<Box<Session>>> {
    stream.set_nodelay(true)?;
    stream.set_write_timeout(Some(WRITE_TIME_MAX))?;
    let mut intake = Intake::new(Arc::clone(stream))?;
    let reached_at = stream.local_addr()?.ip().to_canonical();
    let mut under_way: Option<Delivery> = None;
    loop {
        let received = intake.next_head();
        if let Some(delivery) = under_way.take() {
            delivery.finish(stream)?;
        }
        let next = match received {
            Ok(head) => one_request(shared, stream, &mut intake, head, reached_at)?,
            Err(NoRequest::Closed) => return Ok(None),
            Err(NoRequest::Broken(problem)) => refuse(shared, stream, None, problem)?,
        };
        match next {
            Next::Request => {}
            Next::RequestAfter(delivery) => under_way = Some(delivery),
            Next::End => return linger(stream).map(|()| None),
            Next::WebSocket(feed, head) => {
                return match session::open(shared, stream, feed, &head, intake.into_rest())? {
                    Some(session) => Ok(Some(session)),
                    None => linger(stream).map(|()| None),
                };
            }
        }
    }
}

fn one_request(
    shared: &Arc<Shared>,
    stream: &Arc<TcpStream>,
    intake: &mut Intake,
    head: Box<Head>,
    reached_at: IpAddr,
) -> io::Result<Next> {
    // RFC 9110 §7.8: HTTP/1.0 knows no upgrade, and one that it asks for is not seen.
    let is_upgrade =
        head.is_http_1_1 && head.has_token("Connection", "upgrade") && head.has_token("Upgrade", "websocket");
    let feed = if is_upgrade { route::live_feed(&head.method, head.target()) } else { None };
    if let Err(problem) = shared.guard.check(&head, feed.is_some(), reached_at) {
        return refuse(shared, stream, Some(&head), problem);
    }
    if let Some(feed) = feed {
        return if matches!(head.framing, Framing::None | Framing::Length(0)) {
            Ok(Next::WebSocket(feed, head))
        } else {
            refuse(shared, stream, Some(&head), Problem::new(400, "A WebSocket handshake has no body"))
        };
    }
    if let Err(problem) = expect(stream, intake, &head)? {
        return refuse(shared, stream, Some(&head), problem);
    }
    let mut body = match intake.body(head.framing, &shared.budget) {
        Ok(body) => body,
        Err(NoRequest::Closed) => return Ok(Next::End),
        Err(NoRequest::Broken(problem)) => return refuse(shared, stream, Some(&head), problem),
    };
    let mut reply = match shared.guard.preflight(&head) {
        Some(reply) => reply,
        None => match body.reserve_for_parsing() {
            Ok(()) => answer(&Visit { shop: &shared.shop, head: &head, body: &body.bytes, budget: &shared.budget }),
            Err(exhausted) => Problem::from(exhausted).into(),
        },
    };
    if body.is_large() {
        // What it holds counts for as long as its command waits.
        reply = reply.awaited();
    }
    drop(body);
    let mut share = shared.budget.share();
    reply = reply.within(&mut share, &head);
    shared.guard.sign(&head, &mut reply);
    // HTTP/1.0 has no chunks: the end of a stream is the end of the connection.
    let keeps_alive = head.keeps_alive() && !shared.is_stopping() && (head.is_http_1_1 || !reply.is_stream());
    if keeps_alive
        && SENDS_WITHOUT_WAITING
        && let Some(pending) = reply.take_pending()
    {
        return Ok(Next::RequestAfter(Delivery::begin(pending, reply, head, shared, stream)));
    }
    reply.print(DeadlineWriter::new(stream), shared.shop.clock(), Some(&head), keeps_alive)?;
    Ok(if keeps_alive { Next::Request } else { Next::End })
}

/// Answers a request. A panic in a handler is a fault of ours: this request gets 500, everything else goes on.
fn answer(visit: &Visit<'_>) -> Reply {
    guarded(|| route::answer(visit)).unwrap_or_else(Reply::from)
}

fn guarded<T>(handle: impl FnOnce() -> Result<T, Problem>) -> Result<T, Problem> {
    catch_unwind(AssertUnwindSafe(handle)).unwrap_or_else(|_| {
        log::error!("A request could not be answered because of a fault in the program");
        Err(Problem::new(500, "The server could not answer this request. Please try again."))
    })
}

/// Tells a client that waits for it to send its body (RFC 9110 §10.1.1).
fn expect(stream: &TcpStream, intake: &Intake, head: &Head) -> io::Result<Result<(), Problem>> {
    match head.header("Expect") {
        None => Ok(Ok(())),
        Some(value) if value.eq_ignore_ascii_case("100-continue") => {
            if head.is_http_1_1 && head.framing != Framing::None && !intake.has_more() {
                io::Write::write_all(&mut &*stream, b"HTTP/1.1 100 Continue\r\n\r\n")?;
            }
            Ok(Ok(()))
        }
        Some(_) => Ok(Err(Problem::new(417, "The only Expect understood here is 100-continue"))),
    }
}

/// Answers what cannot be served; the place of the next request is unknown, so the connection ends.
fn refuse(shared: &Shared, stream: &TcpStream, head: Option<&Head>, problem: Problem) -> io::Result<Next> {
    Reply::from(problem).print(DeadlineWriter::new(stream), shared.shop.clock(), head, false)?;
    Ok(Next::End)
}

/// Lets the client read the last answer: closing while it is still sending would destroy the answer on its way.
fn linger(stream: &TcpStream) -> io::Result<()> {
    stream.shutdown(Shutdown::Write)?;
    let deadline = Instant::now() + LINGER_TIME_MAX;
    let mut budget = LINGER_BYTES_MAX;
    let mut dropped = [0; 4096];
    while budget > 0 {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        stream.set_read_timeout(Some(left))?;
        match (&mut &*stream).read(&mut dropped) {
            Ok(0) | Err(_) => break,
            Ok(length) => budget = budget.saturating_sub(length),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handler_that_panics_is_answered_with_500_and_nothing_else_suffers() {
        let problem = guarded::<()>(|| panic!("a fault of ours")).unwrap_err();
        assert_eq!(problem.status, 500);
        assert_eq!(guarded(|| Ok(7)), Ok(7));
    }
}
