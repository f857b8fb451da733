//! Which requests open a session, and what the others are answered (RFC 6455 §4).

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use super::{ACCEPT, KEY};
use crate::support::DEADLINE;
use crate::support::http::Client;
use crate::support::server::Server;
use crate::support::socket::Socket;

/// A request for `/ws`, its headers with these in place of those of the same name.
fn handshake(request_line: &str, changes: &[&str]) -> Vec<u8> {
    let usual = ["Host: shop", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"];
    let name_of = |line: &str| line.split(':').next().unwrap().to_ascii_lowercase();
    let key = format!("Sec-WebSocket-Key: {KEY}");
    let kept = usual.into_iter().chain([key.as_str()]);
    let kept = kept.filter(|line| !changes.iter().any(|change| name_of(change) == name_of(line)));
    // A name without a value takes the header away.
    let lines = kept.chain(changes.iter().copied().filter(|change| change.contains(':')));
    let head = lines.fold(format!("{request_line}\r\n"), |head, line| head + line + "\r\n");
    (head + "\r\n").into_bytes()
}

const GET: &str = "GET /ws HTTP/1.1";

#[test]
fn a_handshake_is_accepted_in_every_spelling() {
    let server = Server::start();
    let absolute = format!("GET http://{}/ws HTTP/1.1", server.addr);
    let accepted: [(&str, &[&str]); 17] = [
        (GET, &[]),
        ("GET /sync HTTP/1.1", &[]),
        ("GET /ws?format=legacy HTTP/1.1", &[]),
        (&absolute, &[]),
        (GET, &["connection: upgrade", "upgrade: websocket", "sec-websocket-version: 13"]),
        (GET, &["CONNECTION: UPGRADE", "UPGRADE: WEBSOCKET"]),
        (GET, &["Connection: keep-alive, Upgrade"]),
        (GET, &["Connection: keep-alive,upgrade,Foo"]),
        (GET, &["Connection: keep-alive", "Connection: Upgrade"]),
        (GET, &["Upgrade: WebSocket"]),
        (GET, &["Upgrade: h2c, websocket"]),
        (GET, &["Upgrade: h2c", "Upgrade: websocket"]),
        (GET, &["Sec-WebSocket-Version:   13   "]),
        (GET, &["Sec-WebSocket-Protocol: chat, superchat"]),
        (GET, &["Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"]),
        (GET, &["Sec-WebSocket-Extensions: x-unknown", "Sec-WebSocket-Extensions: bbf-usp-protocol; a=\"b\""]),
        (GET, &["Content-Length: 0", "User-Agent: Dart/3.4 (dart:io)", "Cookie: a=b"]),
    ];
    for (request_line, changes) in accepted {
        let mut client = Client::connect(server.addr);
        client.send_raw(&handshake(request_line, changes)).unwrap();
        let reply = client.read("GET");
        assert_eq!(reply.status, 101, "{request_line} {changes:?}");
        assert_eq!(reply.header("Sec-WebSocket-Accept"), Some(ACCEPT));
        assert_eq!(reply.header("Connection").map(str::to_ascii_lowercase).as_deref(), Some("upgrade"));
        assert_eq!(reply.header("Upgrade").map(str::to_ascii_lowercase).as_deref(), Some("websocket"));
        // Nothing that was offered is taken up (RFC 6455 §4.2.2), nor is there a body.
        assert_eq!(reply.headers.len(), 3, "{:?}", reply.headers);
    }
    let mut client = Client::connect(server.addr);
    client.send_raw(&handshake(GET, &["Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw=="])).unwrap();
    assert_eq!(client.read("GET").header("Sec-WebSocket-Accept"), Some("HSmrc0sMlYUkAGmm5OPpG2HaGWk="));
}

#[test]
fn what_is_no_handshake_gets_a_clear_answer_and_no_session() {
    let server = Server::start();
    let refused: [(&str, &[&str], u16); 33] = [
        (GET, &["Sec-WebSocket-Key"], 400),
        (GET, &["Sec-WebSocket-Key:"], 400),
        (GET, &["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ"], 400),
        (GET, &["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j"], 400),
        (GET, &["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZSE="], 400),
        (GET, &["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZSEh"], 400),
        (GET, &["Sec-WebSocket-Key: ========================"], 400),
        (GET, &["Sec-WebSocket-Key: dGhlIHNhbXBsZSB?b25jZQ=="], 400),
        (GET, &["Sec-WebSocket-Key: ключключключ"], 400),
        (GET, &["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ=="], 400),
        (GET, &["Content-Length: 4"], 400),
        (GET, &["Transfer-Encoding: chunked"], 400),
        (GET, &["Sec-WebSocket-Version"], 426),
        (GET, &["Sec-WebSocket-Version: 0"], 426),
        (GET, &["Sec-WebSocket-Version: 8"], 426),
        (GET, &["Sec-WebSocket-Version: 14"], 426),
        (GET, &["Sec-WebSocket-Version: 013"], 426),
        (GET, &["Sec-WebSocket-Version: 13, 8"], 426),
        (GET, &["Connection"], 426),
        (GET, &["Connection: keep-alive"], 426),
        (GET, &["Connection: upgraded"], 426),
        (GET, &["Upgrade"], 426),
        (GET, &["Upgrade: websockets"], 426),
        (GET, &["Upgrade: h2c"], 426),
        ("GET /ws HTTP/1.0", &[], 426),
        ("GET /sync HTTP/1.0", &["Connection: keep-alive, Upgrade"], 426),
        ("HEAD /ws HTTP/1.1", &[], 426),
        ("POST /ws HTTP/1.1", &["Content-Length: 0"], 405),
        ("PUT /sync HTTP/1.1", &["Content-Length: 0"], 405),
        ("GET /wss HTTP/1.1", &[], 404),
        ("GET /websocket HTTP/1.1", &[], 404),
        (GET, &["Origin: https://evil.example"], 403),
        (GET, &["Host: evil.example"], 421),
    ];
    for (request_line, changes, status) in refused {
        let method = request_line.split(' ').next().unwrap();
        let mut client = Client::connect(server.addr);
        client.send_raw(&handshake(request_line, changes)).unwrap();
        let reply = client.read(method);
        assert_eq!(reply.status, status, "{request_line} {changes:?}");
        if method != "HEAD" {
            assert!(!reply.detail(status).is_empty());
        }
        if status == 426 {
            assert_eq!(reply.header("Upgrade"), Some("websocket"));
        }
        if changes.iter().any(|change| change.starts_with("Sec-WebSocket-Version")) {
            assert_eq!(reply.header("Sec-WebSocket-Version"), Some("13"), "{changes:?}");
        }
    }
    assert_eq!(server.get("/api/websocket/status").expect(200)["connected_clients"], 0);
    Socket::connect(server.addr, "/ws", &[]).send_text("ping");
}

#[test]
fn a_refused_handshake_is_readable_although_the_client_goes_on_sending() {
    let server = Server::start();
    let mut stream = TcpStream::connect(server.addr).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.set_write_timeout(Some(DEADLINE)).unwrap();
    let eager = [handshake(GET, &["Sec-WebSocket-Version: 8"]), vec![b'x'; 1 << 20]].concat();
    stream.write_all(&eager).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("the answer, and not a reset");
    assert!(answer.starts_with("HTTP/1.1 426 "), "{answer}");
}

#[test]
#[cfg(not(feature = "conformance"))]
fn a_shops_build_echoes_nothing() {
    let server = Server::start();
    let mut client = server.client();
    client.send_raw(&handshake("GET /ws/echo HTTP/1.1", &[])).unwrap();
    client.read("GET").detail(404);
}
