//! One connection from its first byte to its last.

use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::delivery::Delivery;
use super::rejection::not_let_in;
use crate::app::Presented;
use crate::domain::Asker;
use crate::platform::ClientSocket;
use crate::web::api::{LiveFeed, Reply, Visit, answer, is_for_first_owner, live_feed};
use crate::web::http::{Framing, Head, NoRequest, Problem, RequestReader, Response, TimeoutWriter, linger, reset};
use crate::web::security::{Visitor, presented};
use crate::web::shared::Shared;
use crate::web::websocket::{LiveSession, open};

/// Serves requests until the client or a rule ends the connection, or until it goes on as a WebSocket. `peer` is the client.
pub(crate) fn serve(shared: &Arc<Shared>, stream: &Arc<ClientSocket>, peer: IpAddr) -> Option<Box<LiveSession>> {
    match catch_unwind(AssertUnwindSafe(|| try_serve(shared, stream, peer))) {
        Ok(Ok(ConnectionEnd::WebSocket(session))) => return Some(session),
        Ok(Ok(ConnectionEnd::Whole)) => linger(stream, || shared.is_stopping()),
        Ok(Ok(ConnectionEnd::NotWhole)) => reset(stream),
        // Nobody knows in the middle of what.
        Err(_) => {
            log::error!("A connection ended because of a fault in the program");
            reset(stream);
        }
        Ok(Err(error)) => {
            log::debug!("A connection ended: {error}");
            // Whatever it was, earlier answers and a part of the last one may still be on their way.
            linger(stream, || shared.is_stopping());
        }
    }
    None
}

/// How the serving of requests ends.
enum ConnectionEnd {
    /// With the last answer, if there was one.
    Whole,
    /// In the middle of an answer whose end only the connection's end would show.
    NotWhole,
    /// The connection has become a WebSocket.
    WebSocket(Box<LiveSession>),
}

/// What follows a request on its connection.
enum AfterRequest {
    /// Another request.
    Request,
    /// Another request, once this answer is sent.
    RequestAfter(Delivery),
    /// Nothing; the client may still be sending.
    End(ConnectionEnd),
    /// A WebSocket.
    Handshake(LiveFeed, Box<Head>, Presented),
}

fn try_serve(shared: &Arc<Shared>, stream: &Arc<ClientSocket>, peer: IpAddr) -> io::Result<ConnectionEnd> {
    stream.set_nodelay(true)?;
    TimeoutWriter::prepare(stream)?;
    let mut connection = Connection {
        shared,
        stream,
        reader: RequestReader::new(Arc::clone(stream))?,
        reached_at: stream.local_addr()?.ip().to_canonical(),
        peer,
        visitor: Visitor {
            address: peer,
            is_from_here: peer.is_loopback(),
            is_trusted: peer.is_loopback() || shared.is_lan_trusted,
            resets: &shared.resets,
        },
    };
    let mut under_way: Option<Delivery> = None;
    loop {
        let received = connection.reader.next_head();
        if let Some(delivery) = under_way.take() {
            delivery.finish(stream)?;
        }
        let next = match received {
            Ok(head) => connection.one_request(head)?,
            Err(NoRequest::Closed) => return Ok(ConnectionEnd::Whole),
            Err(NoRequest::Broken(problem)) => connection.refuse(None, problem)?,
        };
        match next {
            AfterRequest::Request => {}
            AfterRequest::RequestAfter(delivery) => under_way = Some(delivery),
            AfterRequest::End(end) => return Ok(end),
            AfterRequest::Handshake(feed, head, presented) => {
                let who = (connection.visitor, presented);
                let session = open(shared, stream, feed, &head, who, connection.reader.into_rest())?;
                return Ok(session.map_or(ConnectionEnd::Whole, ConnectionEnd::WebSocket));
            }
        }
    }
}

/// By which a proxy says that it hands a request on (RFC 7239, RFC 9110 §7.6.3, and what was usual before).
const FORWARDED: [&str; 5] = ["X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "Forwarded", "Via"];

/// A connection that speaks HTTP.
struct Connection<'a> {
    shared: &'a Arc<Shared>,
    stream: &'a Arc<ClientSocket>,
    reader: RequestReader,
    /// Our end of it.
    reached_at: IpAddr,
    /// The other end.
    peer: IpAddr,
    /// Who sends the request at hand.
    visitor: Visitor<'a>,
}

impl Connection<'_> {
    fn one_request(&mut self, head: Box<Head>) -> io::Result<AfterRequest> {
        let (shared, stream) = (self.shared, self.stream);
        self.look_at_proxy(&head);
        // RFC 9110 §7.8: HTTP/1.0 knows no upgrade, and one that it asks for is not seen.
        let is_upgrade =
            head.is_http_1_1 && head.has_token("Connection", "upgrade") && head.has_token("Upgrade", "websocket");
        let feed = if is_upgrade { live_feed(&head.method, head.target()) } else { None };
        if let Err(problem) = shared.origin_policy.check(&head, feed.is_some(), self.reached_at) {
            return self.refuse(Some(&head), problem);
        }
        let presented = match self.presented(&head, feed.is_some()) {
            Ok(presented) => presented,
            Err(problem) => return self.refuse(Some(&head), problem),
        };
        if let Some(feed) = feed {
            return if matches!(head.framing, Framing::None | Framing::Length(0)) {
                Ok(AfterRequest::Handshake(feed, head, presented))
            } else {
                self.refuse(Some(&head), Problem::new(400, "A WebSocket handshake has no body"))
            };
        }
        if let Err(problem) = self.expect(&head)? {
            return self.refuse(Some(&head), problem);
        }
        let mut body = match self.reader.body(head.framing, &shared.budget) {
            Ok(body) => body,
            Err(NoRequest::Closed) => return Ok(AfterRequest::End(ConnectionEnd::Whole)),
            Err(NoRequest::Broken(problem)) => return self.refuse(Some(&head), problem),
        };
        let reply = match shared.origin_policy.preflight(&head) {
            Some(response) => Reply::Now(response),
            None => match body.reserve_for_parsing() {
                Ok(()) => answer_guarded(&Visit {
                    lifecycle: &shared.lifecycle,
                    head: &head,
                    body: &body.bytes,
                    visitor: self.visitor,
                    presented,
                    origin_policy: &shared.origin_policy,
                    budget: &shared.budget,
                }),
                Err(exhausted) => Reply::Now(Problem::from(exhausted).into()),
            },
        };
        let response = match reply {
            Reply::Now(response) => response,
            // What a large body holds counts for as long as its command waits.
            Reply::Later(pending) if body.is_large() || !self.may_go_on(&head) => {
                Response::of_outcome(pending.wait(), &shared.directory())
            }
            Reply::Later(pending) => {
                drop(body);
                return Ok(AfterRequest::RequestAfter(Delivery::begin(pending, head, shared, stream)));
            }
        };
        drop(body);
        self.send(response, &head)
    }

    /// Whoever comes by a proxy on this machine is not on this machine, but where the proxy says: last in the list is whom it has
    /// spoken with itself. Where it does not say that, or names this machine, all of them are one who is nowhere.
    fn look_at_proxy(&mut self, head: &Head) {
        let is_forwarded = self.peer.is_loopback() && FORWARDED.iter().any(|name| head.header(name).is_some());
        self.visitor.is_trusted = (self.peer.is_loopback() && !is_forwarded) || self.shared.is_lan_trusted;
        self.visitor.address = self.peer;
        if is_forwarded {
            let named = head.values("X-Forwarded-For").last().and_then(|list| list.rsplit(',').next());
            let address = named.and_then(|address| address.trim().parse::<IpAddr>().ok()).map(|ip| ip.to_canonical());
            let elsewhere = address.filter(|address| !address.is_loopback());
            self.visitor.address = elsewhere.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        }
    }

    /// What a request shows of who sends it. A door that leads nowhere is no address; and until the shop has an owner, other devices
    /// get as far as making one.
    fn presented(&self, head: &Head, is_live_feed: bool) -> Result<Presented, Problem> {
        let Ok(app) = self.shared.lifecycle.app() else { return Ok(Presented::Nothing) };
        let presented = presented(head, app.short_id(), is_live_feed, &self.shared.origin_policy)?;
        if matches!(presented, Presented::Door(_)) && app.asker(presented) == Asker::Stranger {
            return Err(Problem::not_found());
        }
        // The token of this machine is no use to one who has carried it away.
        if app.asker(presented) == Asker::Machine && !self.visitor.address.is_loopback() {
            return Err(Problem::logged_out());
        }
        if !self.visitor.is_trusted && !app.directory().has_owner() && !is_for_first_owner(head.target()) {
            return Err(not_let_in());
        }
        Ok(presented)
    }

    /// Sends an answer that is there, within the memory for all.
    fn send(&self, response: Response, head: &Head) -> io::Result<AfterRequest> {
        let (shared, stream) = (self.shared, self.stream);
        let mut reservation = shared.budget.reservation();
        let mut response = response.within(&mut reservation, head);
        shared.origin_policy.add_cors_headers(head, &mut response);
        // HTTP/1.0 has no chunks: the end of a stream is the end of the connection.
        let ends_with_connection = response.is_stream() && !head.is_http_1_1;
        let keeps_alive = self.may_go_on(head) && !ends_with_connection;
        match response.print(TimeoutWriter::new(stream), shared.lifecycle.clock(), Some(head), keeps_alive) {
            Ok(()) if keeps_alive => Ok(AfterRequest::Request),
            Ok(()) => Ok(AfterRequest::End(ConnectionEnd::Whole)),
            Err(error) if ends_with_connection => {
                log::debug!("A list broke off: {error}");
                Ok(AfterRequest::End(ConnectionEnd::NotWhole))
            }
            Err(error) => Err(error),
        }
    }

    /// Whether another request may follow on this connection.
    fn may_go_on(&self, head: &Head) -> bool {
        head.keeps_alive() && !self.shared.is_stopping()
    }

    /// Tells a client that waits for it to send its body (RFC 9110 §10.1.1).
    fn expect(&self, head: &Head) -> io::Result<Result<(), Problem>> {
        match head.header("Expect") {
            None => Ok(Ok(())),
            Some(value) if value.eq_ignore_ascii_case("100-continue") => {
                if head.is_http_1_1 && head.framing != Framing::None && !self.reader.has_more() {
                    TimeoutWriter::new(self.stream).write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
                }
                Ok(Ok(()))
            }
            Some(_) => Ok(Err(Problem::new(417, "The only Expect understood here is 100-continue"))),
        }
    }

    /// Answers what cannot be served; the place of the next request is unknown, so the connection ends.
    fn refuse(&self, head: Option<&Head>, problem: Problem) -> io::Result<AfterRequest> {
        let mut response = Response::from(problem);
        if let Some(head) = head {
            self.shared.origin_policy.add_cors_headers(head, &mut response);
        }
        response.print(TimeoutWriter::new(self.stream), self.shared.lifecycle.clock(), head, false)?;
        Ok(AfterRequest::End(ConnectionEnd::Whole))
    }
}

/// Answers a request. A panic in a handler is a fault of ours: this request gets 500, everything else goes on.
fn answer_guarded(visit: &Visit<'_>) -> Reply {
    guarded(|| answer(visit)).unwrap_or_else(|problem| Reply::Now(problem.into()))
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
