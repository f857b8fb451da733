//! Goal: whatever bytes arrive, they are one request or none: the right status, the connection closed where the next
//! request's place is in doubt, and never two requests out of one (RFC 9112, RFC 9110).
//!
//! Method: one table of raw bytes. Each case is written on a connection of its own, followed by one more valid request, and
//! all statuses are read until the server closes. So a case shows at once whether it was taken (its answer, then the
//! answer to the follower), refused for good (one answer, then the end), or split (a status too many). Where a body or a bad
//! head could hide a second request, a sale stands there: it would be answered with 201 and be found in the list.

mod bodies;
mod connections;
mod heads;

use std::io::ErrorKind;
use std::net::SocketAddr;

use crate::support::http::{Client, Reply};
use crate::support::samples;
use crate::support::server::Server;
use crate::support::socket::Socket;

use bodies::{bodies_of_refused_requests, chunk_sizes, chunks, codings, lengths};
use connections::{expectations, limits, upgrades};
use heads::{heads, hosts, methods, request_lines, targets};

const BODY_BYTES_MAX: usize = 1 << 20;
const TARGET_BYTES_MAX: usize = 8 << 10;
const HEAD_BYTES_MAX: usize = 16 << 10;
const HEADERS_MAX: usize = 64;

/// Follows every case. It is answered only if the server goes on with the connection.
const FOLLOWER: &str = "GET /health HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n";

/// What is sent, and the statuses that must come back, in order.
struct Case {
    name: String,
    sent: Vec<u8>,
    statuses: &'static [u16],
    /// Whether the connection is closed behind them; otherwise the follower is answered too.
    closes: bool,
}

/// The framing is clear: the connection goes on.
fn kept(name: impl Into<String>, sent: impl Into<Vec<u8>>, statuses: &'static [u16]) -> Case {
    Case { name: name.into(), sent: sent.into(), statuses, closes: false }
}

/// Nothing behind it can be trusted, or the client wants no more.
fn closed(name: impl Into<String>, sent: impl Into<Vec<u8>>, statuses: &'static [u16]) -> Case {
    Case { name: name.into(), sent: sent.into(), statuses, closes: true }
}

#[test]
fn whatever_arrives_is_one_request_or_none() {
    let server = Server::start();
    let mut cases = Vec::new();
    for family in [
        heads,
        request_lines,
        hosts,
        targets,
        methods,
        lengths,
        codings,
        chunks,
        chunk_sizes,
        bodies_of_refused_requests,
        expectations,
        upgrades,
        limits,
    ] {
        cases.extend(family());
    }
    assert!(cases.len() >= 80, "{} cases", cases.len());
    let (mut faults, mut stored) = (Vec::new(), 0);
    for case in &cases {
        let replies = exchange(server.addr, &[case.sent.as_slice(), FOLLOWER.as_bytes()].concat());
        let statuses: Vec<u16> = replies.iter().map(|reply| reply.status).collect();
        let follower: &[u16] = if case.closes { &[] } else { &[200] };
        if statuses != [case.statuses, follower].concat() {
            faults.push(format!("{}: {statuses:?}, not {:?} and {follower:?}", case.name, case.statuses));
        }
        if let [.., last] = replies.as_slice() {
            assert_eq!(last.header("connection"), Some("close"), "{}", case.name);
        }
        for reply in replies.iter().filter(|reply| reply.status >= 400) {
            assert_explained(&case.name, reply);
        }
        stored += statuses.iter().filter(|&&status| status == 201).count();
    }
    assert!(faults.is_empty(), "{} of {} cases:\n{}", faults.len(), cases.len(), faults.join("\n"));
    eprintln!("{} cases", cases.len());

    let mut client = server.client();
    let orders = client.get("/api/orders/orders-only").expect(200);
    assert_eq!(orders["orders"]["count"], 0, "a hidden sale was carried out: {orders}");
    assert_eq!(client.get("/api/estimates/all").expect(200).as_array().unwrap().len(), stored);
    client.post("/api/orders/create-sale", &samples::sale("Asha")).expect(201);
}

/// What a client sends behind its handshake belongs to the WebSocket, whatever it looks like.
#[test]
fn bytes_behind_a_handshake_are_frames_and_never_a_request() {
    let server = Server::start();
    let mut client = server.client();
    client.send_raw(format!("{}{}", upgrade("GET", "/ws", ""), hidden()).as_bytes()).unwrap();
    assert_eq!(client.read("GET").status, 101);
    // 1002: "POST" is a frame without FIN, of a reserved kind.
    let mut rest = client.read_to_end();
    let close = rest.split_off(rest.len() - 2 - usize::from(rest[1] & 0x7f));
    assert_eq!(close[..4], [0x88, close[1], 0x03, 0xea], "{close:?}");

    let ping = [0x81, 0x84, 0, 0, 0, 0, b'p', b'i', b'n', b'g'];
    let mut client = server.client();
    client.send_raw(&[upgrade("GET", "/ws", "").as_bytes(), &ping].concat()).unwrap();
    assert_eq!(client.read("GET").status, 101);
    assert_eq!(client.read_exact(6), b"\x81\x04pong", "the frame was not lost");

    assert_eq!(server.get("/api/orders/orders-only").expect(200)["orders"]["count"], 0);
    let mut socket = Socket::connect(server.addr, "/ws", &[]);
    server.post("/api/orders/create-sale", &samples::sale("Asha")).expect(201);
    assert_eq!(socket.next_json()["action"], "create");
}

/// Writes `bytes` on a new connection and reads every answer until the server closes.
fn exchange(addr: SocketAddr, bytes: &[u8]) -> Vec<Reply> {
    let mut client = Client::connect(addr);
    // The server may have refused and closed before it took everything; its answer is what counts.
    let _ = client.send_raw(bytes);
    let mut replies = Vec::new();
    loop {
        match client.try_read("GET") {
            Ok(reply) => replies.push(reply),
            Err(error) if [ErrorKind::UnexpectedEof, ErrorKind::ConnectionReset].contains(&error.kind()) => {
                return replies;
            }
            Err(error) => panic!("after {} answers, neither another one nor the end: {error}", replies.len()),
        }
    }
}

/// Every refusal tells a person why.
fn assert_explained(name: &str, reply: &Reply) {
    assert!(!reply.json()["detail"].as_str().unwrap_or_default().is_empty(), "{name}: {}", reply.text());
    assert_eq!(reply.header("content-type"), Some("application/json"), "{name}");
    assert_eq!(reply.header("cache-control"), Some("no-store"), "{name}");
}

/// A request that hides where none may be found.
fn hidden() -> String {
    let body = samples::sale("hidden").to_string();
    let length = body.len();
    format!(
        "POST /api/orders/create-sale HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )
}

/// A GET with these header lines, each with its line end.
fn get(lines: &str) -> String {
    format!("GET /health HTTP/1.1\r\n{lines}\r\n")
}

fn line(request_line: &str) -> String {
    format!("{request_line}\r\nHost: shop\r\n\r\n")
}

fn upgrade(method: &str, path: &str, headers: &str) -> String {
    format!(
        "{method} {path} HTTP/1.1\r\nHost: shop\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n"
    )
}
