//! One connection from its first byte to its last.

use std::io::{self, Write};
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::delivery::Delivery;
use super::linger::{linger, reset};
use super::listener::Shared;
use crate::platform::ClientSocket;
use crate::web::api::{LiveFeed, Visit, route};
use crate::web::http::{DeadlineWriter, Framing, Head, Intake, NoRequest, Problem, Reply};
use crate::web::security::Visitor;
use crate::web::websocket::{Session, session};

/// Serves requests until the client or a rule ends the connection, or until it goes on as a WebSocket. `peer` is the client.
pub(crate) fn serve(shared: &Arc<Shared>, stream: &Arc<ClientSocket>, peer: IpAddr) -> Option<Box<Session>> {
    match catch_unwind(AssertUnwindSafe(|| try_serve(shared, stream, peer))) {
        Ok(Ok(End::WebSocket(session))) => return Some(session),
        Ok(Ok(End::Whole)) => linger(shared, stream),
        Ok(Ok(End::NotWhole)) => reset(stream),
        // Nobody knows in the middle of what.
        Err(_) => {
            log::error!("A connection ended because of a fault in the program");
            reset(stream);
        }
        Ok(Err(error)) => {
            log::debug!("A connection ended: {error}");
            // Whatever it was, earlier answers and a part of the last one may still be on their way.
            linger(shared, stream);
        }
    }
    None
}

/// How the serving of requests ends.
enum End {
    /// With the last answer, if there was one.
    Whole,
    /// In the middle of an answer whose end only the connection's end would show.
    NotWhole,
    /// The connection has become a WebSocket.
    WebSocket(Box<Session>),
}

/// What follows a request on its connection.
enum Next {
    /// Another request.
    Request,
    /// Another request, once this answer is sent.
    RequestAfter(Delivery),
    /// Nothing; the client may still be sending.
    End(End),
    /// A WebSocket.
    Handshake(LiveFeed, Box<Head>),
}

fn try_serve(shared: &Arc<Shared>, stream: &Arc<ClientSocket>, peer: IpAddr) -> io::Result<End> {
    stream.set_nodelay(true)?;
    DeadlineWriter::prepare(stream)?;
    let mut connection = Connection {
        shared,
        stream,
        intake: Intake::new(Arc::clone(stream))?,
        reached_at: stream.local_addr()?.ip().to_canonical(),
        visitor: Visitor { address: peer, resets: &shared.resets },
    };
    let mut under_way: Option<Delivery> = None;
    loop {
        let received = connection.intake.next_head();
        if let Some(delivery) = under_way.take() {
            delivery.finish(stream)?;
        }
        let next = match received {
            Ok(head) => connection.one_request(head)?,
            Err(NoRequest::Closed) => return Ok(End::Whole),
            Err(NoRequest::Broken(problem)) => connection.refuse(None, problem)?,
        };
        match next {
            Next::Request => {}
            Next::RequestAfter(delivery) => under_way = Some(delivery),
            Next::End(end) => return Ok(end),
            Next::Handshake(feed, head) => {
                let session =
                    session::open(shared, stream, feed, &head, connection.visitor, connection.intake.into_rest())?;
                return Ok(session.map_or(End::Whole, End::WebSocket));
            }
        }
    }
}

/// A connection that speaks HTTP.
struct Connection<'a> {
    shared: &'a Arc<Shared>,
    stream: &'a Arc<ClientSocket>,
    intake: Intake,
    /// Our end of it.
    reached_at: IpAddr,
    visitor: Visitor<'a>,
}

impl Connection<'_> {
    fn one_request(&mut self, head: Box<Head>) -> io::Result<Next> {
        let (shared, stream) = (self.shared, self.stream);
        // RFC 9110 §7.8: HTTP/1.0 knows no upgrade, and one that it asks for is not seen.
        let is_upgrade =
            head.is_http_1_1 && head.has_token("Connection", "upgrade") && head.has_token("Upgrade", "websocket");
        let feed = if is_upgrade { route::live_feed(&head.method, head.target()) } else { None };
        if let Err(problem) = shared.guard.check(&head, feed.is_some(), self.reached_at) {
            return self.refuse(Some(&head), problem);
        }
        if let Some(feed) = feed {
            return if matches!(head.framing, Framing::None | Framing::Length(0)) {
                Ok(Next::Handshake(feed, head))
            } else {
                self.refuse(Some(&head), Problem::new(400, "A WebSocket handshake has no body"))
            };
        }
        if let Err(problem) = self.expect(&head)? {
            return self.refuse(Some(&head), problem);
        }
        let mut body = match self.intake.body(head.framing, &shared.budget) {
            Ok(body) => body,
            Err(NoRequest::Closed) => return Ok(Next::End(End::Whole)),
            Err(NoRequest::Broken(problem)) => return self.refuse(Some(&head), problem),
        };
        let mut reply = match shared.guard.preflight(&head) {
            Some(reply) => reply,
            None => match body.reserve_for_parsing() {
                Ok(()) => answer(&Visit {
                    shop: &shared.shop,
                    head: &head,
                    body: &body.bytes,
                    visitor: self.visitor,
                    budget: &shared.budget,
                }),
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
        let ends_with_connection = reply.is_stream() && !head.is_http_1_1;
        let keeps_alive = head.keeps_alive() && !shared.is_stopping() && !ends_with_connection;
        if keeps_alive && let Some(pending) = reply.take_pending() {
            return Ok(Next::RequestAfter(Delivery::begin(pending, reply, head, shared, stream)));
        }
        match reply.print(DeadlineWriter::new(stream), shared.shop.clock(), Some(&head), keeps_alive) {
            Ok(()) if keeps_alive => Ok(Next::Request),
            Ok(()) => Ok(Next::End(End::Whole)),
            Err(error) if ends_with_connection => {
                log::debug!("A list broke off: {error}");
                Ok(Next::End(End::NotWhole))
            }
            Err(error) => Err(error),
        }
    }

    /// Tells a client that waits for it to send its body (RFC 9110 §10.1.1).
    fn expect(&self, head: &Head) -> io::Result<Result<(), Problem>> {
        match head.header("Expect") {
            None => Ok(Ok(())),
            Some(value) if value.eq_ignore_ascii_case("100-continue") => {
                if head.is_http_1_1 && head.framing != Framing::None && !self.intake.has_more() {
                    DeadlineWriter::new(self.stream).write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
                }
                Ok(Ok(()))
            }
            Some(_) => Ok(Err(Problem::new(417, "The only Expect understood here is 100-continue"))),
        }
    }

    /// Answers what cannot be served; the place of the next request is unknown, so the connection ends.
    fn refuse(&self, head: Option<&Head>, problem: Problem) -> io::Result<Next> {
        let mut reply = Reply::from(problem);
        if let Some(head) = head {
            self.shared.guard.sign(head, &mut reply);
        }
        reply.print(DeadlineWriter::new(self.stream), self.shared.shop.clock(), head, false)?;
        Ok(Next::End(End::Whole))
    }
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
