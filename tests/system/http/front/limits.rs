//! What is too long, too late or too much is refused in words.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{BODY_BYTES_MAX, assert_explained, estimates_stored};
use crate::support::http::Client;
use crate::support::server::Server;
use crate::support::wire::{chunked_create, create_head, estimate, in_chunks};
use crate::support::{DEADLINE, samples, wait_until};

#[test]
fn a_body_beyond_its_limit_is_413_and_the_client_can_read_it_though_it_was_still_sending() {
    let server = Server::start();
    let padded = |bytes: usize| estimate() + &" ".repeat(bytes - estimate().len());

    let mut client = server.client();
    client.request("POST", "/api/estimates/create", &[], Some(padded(BODY_BYTES_MAX).as_bytes())).expect(201);
    client.send_raw(chunked_create(&in_chunks(&padded(BODY_BYTES_MAX), 60_000)).as_bytes()).unwrap();
    client.read("POST").expect(201);

    let large = padded(2 * BODY_BYTES_MAX);
    let requests = [
        create_head(&format!("Content-Length: {}\r\n", large.len())) + &large,
        chunked_create(&in_chunks(&large, 60_000)),
        create_head(&format!("Content-Length: {}\r\n", BODY_BYTES_MAX + 1)) + &padded(BODY_BYTES_MAX + 1),
        chunked_create(&in_chunks(&padded(BODY_BYTES_MAX + 1), BODY_BYTES_MAX + 1)),
        // Only announced: a terabyte is refused before anybody waits for it or sets memory aside.
        create_head("Content-Length: 1000000000000\r\n"),
    ];
    for request in &requests {
        let what = format!("{} bytes", request.len());
        let mut client = server.client();
        // Most clients read only after they have sent everything, so sending must not fail either.
        client.send_raw(request.as_bytes()).unwrap_or_else(|error| panic!("{what}: {error}"));
        let reply = client.read("POST");
        assert_eq!(reply.status, 413, "{what}");
        assert_explained(&what, &reply);
        client.finish_sending();
        // A reset instead of an orderly end takes the answer away from clients that had not read it yet.
        assert_eq!(
            client.try_read("POST").map_err(|error| error.kind()).unwrap_err(),
            ErrorKind::UnexpectedEof,
            "{what}"
        );
    }
    assert_eq!(estimates_stored(&server), 2);
}

#[test]
#[ignore = "long: cargo test-all"]
fn an_unfinished_request_gets_408_while_everybody_else_is_served() {
    let server = Server::start();
    let unfinished = [
        "G".to_string(),
        "GET /health HTTP/1.1\r\nHost: shop\r\n".into(),
        "GET /health HTTP/1.1\r\nHost: shop\r\n\r\nGET /second".into(),
        create_head(&format!("Content-Length: {}\r\n", estimate().len())) + "{\"customer_name\":",
        chunked_create("5\r\nabc"),
        chunked_create("ffffffffffffffff\r\nabc"),
    ];
    let mut waiting: Vec<Client> = unfinished.iter().map(|_| server.client()).collect();
    for (client, bytes) in waiting.iter_mut().zip(&unfinished) {
        client.send_raw(bytes.as_bytes()).unwrap();
    }
    server.get("/health").expect(200);
    std::thread::scope(|scope| {
        // A byte now and then does not prolong the time that a whole head has.
        scope.spawn(|| assert_trickle_ends(server.addr));
        for (client, bytes) in waiting.iter_mut().zip(&unfinished) {
            let mut reply = client.read("GET");
            if bytes.contains("/second") {
                reply.expect(200);
                reply = client.read("GET");
            }
            // A chunk of more bytes than a body may have can be refused before they were waited for.
            assert!(reply.status == 408 || bytes.contains("ffff") && reply.status == 413, "{bytes}: {}", reply.status);
            assert_explained(bytes, &reply);
            assert!(client.is_closed_by_server(), "{bytes}");
            server.get("/health").expect(200);
        }
    });
    assert_eq!(estimates_stored(&server), 0);
}

/// Sends a head that never ends, a byte at a time, until the server has had enough.
fn assert_trickle_ends(addr: SocketAddr) {
    let mut stream = TcpStream::connect(addr).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(250))).unwrap();
    stream.write_all(b"GET /health HTTP/1.1\r\nX: ").unwrap();
    let deadline = Instant::now() + DEADLINE;
    let mut answer = Vec::new();
    loop {
        let mut piece = [0; 1024];
        match stream.read(&mut piece) {
            Ok(0) => break,
            Ok(length) => answer.extend_from_slice(&piece[..length]),
            // Only while nothing was answered: what is sent after that could reset the connection.
            Err(error) if [ErrorKind::WouldBlock, ErrorKind::TimedOut].contains(&error.kind()) => {
                assert!(Instant::now() < deadline, "a trickled head is waited for without end");
                if answer.is_empty() {
                    let _ = stream.write_all(b"a");
                }
            }
            Err(error) if error.kind() == ErrorKind::ConnectionReset => break,
            Err(error) => panic!("{error}"),
        }
    }
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(serde_json::from_str::<Value>(body).unwrap()["detail"].is_string(), "{body}");
}

#[test]
fn a_connection_too_many_gets_503_and_a_place_is_free_again_when_one_leaves() {
    let server = Server::start_with(&["--connections-max", "8"]);
    let mut clients: Vec<Client> = (0..7).map(|_| server.client()).collect();
    for client in &mut clients {
        client.get("/health").expect(200);
    }
    let socket = server.socket("/ws");
    for _ in 0..20 {
        let reply = server.get("/health");
        assert_eq!(reply.status, 503);
        assert_explained("the ninth connection", &reply);
        assert!(
            reply.header("retry-after").is_some_and(|seconds| seconds.parse::<u32>().is_ok()),
            "{:?}",
            reply.headers
        );
    }
    for client in &mut clients {
        client.get("/health").expect(200);
    }
    // The one that is served keeps its connection, and with it the place.
    let newcomer = || {
        let mut taken_in = None;
        wait_until("a place for a newcomer", || {
            let mut client = server.client();
            let reply = client.try_request("GET", "/health", &[], None);
            taken_in = reply.is_ok_and(|reply| reply.status == 200).then_some(client);
            taken_in.is_some()
        });
        taken_in.unwrap()
    };
    clients.pop();
    clients.push(newcomer());
    drop(socket);
    clients.push(newcomer());
    assert_eq!(server.get("/health").status, 503, "all eight places are taken again");
    for client in &mut clients {
        client.get("/health").expect(200);
    }
}

#[test]
#[cfg(target_os = "linux")]
fn the_accept_loop_survives_too_many_open_files() {
    let server = Server::start();
    let open_files = || std::fs::read_dir(format!("/proc/{}/fd", server.pid())).unwrap().count();
    server.get("/health").expect(200);
    // Below what the program had when it chose its own limits, so that accept itself fails.
    let limit = open_files() + 4;
    let pid = server.pid().to_string();
    let nofile = format!("--nofile={limit}:{limit}");
    assert!(std::process::Command::new("prlimit").args(["--pid", &pid, &nofile]).status().unwrap().success());

    let mut clients: Vec<Client> = (0..12).map(|_| server.client()).collect();
    for client in &mut clients {
        client.send_raw(b"GET /health HTTP/1.1\r\nHost: shop\r\n\r\n").unwrap();
    }
    wait_until("no file is left", || open_files() >= limit - 1);
    // Those who wait are served one by one as others leave, or are told to come again; nobody is forgotten.
    for mut client in clients {
        let status = client.read("GET").status;
        assert!(status == 200 || status == 503, "{status}");
    }
    wait_until("ordinary service again", || {
        server.client().try_request("GET", "/health", &[], None).is_ok_and(|reply| reply.status == 200)
    });
    assert_eq!(server.post("/api/estimates/create", &samples::estimate("Asha")).expect(201)["estimate_number"], "#001");
}

#[test]
fn only_a_get_opens_a_live_feed() {
    let server = Server::start();
    let mut client = server.client();
    let upgrade = "Host: shop\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                   Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    client.send_raw(format!("HEAD /ws HTTP/1.1\r\n{upgrade}").as_bytes()).unwrap();
    assert_eq!(client.read("HEAD").status, 426);
    client.send_raw(format!("GET /ws HTTP/1.1\r\nContent-Length: 0\r\n{upgrade}").as_bytes()).unwrap();
    assert_eq!(client.read("GET").status, 101);
}

/// A body that is packed is told so by the name of the header, and not that it is no text. One that says that it is not packed is
/// read, and so is one that an editor has put a byte order mark in front of.
#[test]
fn a_packed_body_is_refused_by_the_name_of_its_header() {
    let server = Server::start();
    let mut client = server.client();
    let sale = samples::sale("Asha").to_string();
    let gzip: &[u8] = &[0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 0xAB, 0xAE, 5, 0, 0x43, 0xBF, 0xA6, 0xA3, 2, 0, 0, 0];
    for (coding, body) in [("gzip", gzip), ("br", sale.as_bytes()), ("identity, gzip", gzip)] {
        for path in ["/api/orders/create-sale", "/api/estimates/EST-640FE50D/convert-to-order"] {
            let reply = client.request("POST", path, &[("Content-Encoding", coding)], Some(body));
            assert!(reply.detail(415).contains("Content-Encoding"), "{}", reply.text());
            assert_eq!(reply.header("accept-encoding"), Some("identity"));
        }
    }
    for coding in ["identity", "Identity", ""] {
        client
            .request("POST", "/api/orders/create-sale", &[("Content-Encoding", coding)], Some(sale.as_bytes()))
            .expect(201);
    }
    let marked = format!("\u{feff}{sale}");
    client.request("POST", "/api/orders/create-sale", &[], Some(marked.as_bytes())).expect(201);
    assert_eq!(client.get("/api/orders/orders-only").expect(200)["orders"]["count"], 4);
}
