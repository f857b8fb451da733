//! Goal: the HTTP front takes everything that a correct client may send, ends what takes too long, and bounds what it holds.
//! Method: raw bytes and real clients against a real server. What must be refused is the table of `hostile_http`.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use flate2::read::GzDecoder;
use serde_json::{Value, json};

use crate::support::http::{Client, Reply};
use crate::support::server::Server;
use crate::support::wire::{chunked_create, create, create_head, estimate, in_chunks};
use crate::support::{DEADLINE, samples, wait_until};

/// Limit of DESIGN.md §8.
const BODY_BYTES_MAX: usize = 1 << 20;

/// A request after which the connection ends.
const LAST: &str = "GET /health HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n";

/// Every refusal tells a person why.
fn assert_explained(what: &str, reply: &Reply) {
    assert!(reply.json()["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{what}: {}", reply.text());
    assert!(reply.header("content-type").is_some_and(|kind| kind.starts_with("application/json")), "{what}");
}

fn estimates_stored(server: &Server) -> usize {
    server.get("/api/estimates/all").expect(200).as_array().unwrap().len()
}

// ---- what is taken ----

#[test]
fn one_connection_serves_many_requests_and_survives_refusals() {
    let server = Server::start();
    let mut client = server.client();
    for _ in 0..50 {
        client.get("/health").expect(200);
        client.get("/nope").expect(404);
        client.post("/health", &json!({"a": 1})).expect(405);
        client.post("/nope", &json!({"a": 1})).expect(404);
        client.post("/api/estimates/create", &json!({})).expect(422);
        client.post("/api/estimates/create", &samples::estimate("Asha")).expect(201);
    }
    assert_eq!(estimates_stored(&server), 50);
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let server = Server::start();
    let mut client = server.client();
    let (creates, missing, health) = (create().repeat(20), "GET /nope HTTP/1.1\r\nHost: shop\r\n\r\n", LAST);
    client.send_raw(format!("{creates}{missing}{creates}{health}").as_bytes()).unwrap();
    for number in 1..=20 {
        assert_eq!(client.read("POST").expect(201)["estimate_number"], format!("#{number:03}"));
    }
    client.read("GET").expect(404);
    for number in 21..=40 {
        assert_eq!(client.read("POST").expect(201)["estimate_number"], format!("#{number:03}"));
    }
    let last = client.read("GET");
    assert_eq!(last.expect(200)["status"], "healthy");
    assert_eq!(last.header("connection").map(str::to_ascii_lowercase).as_deref(), Some("close"));
    assert!(client.is_closed_by_server());
}

#[test]
fn a_request_may_arrive_byte_by_byte() {
    let server = Server::start();
    let mut client = server.client();
    for request in [create(), chunked_create(&in_chunks(&estimate(), 64))] {
        for byte in request.as_bytes() {
            client.send_raw(&[*byte]).unwrap();
        }
        client.read("POST").expect(201);
    }
    assert_eq!(estimates_stored(&server), 2);
}

#[test]
fn head_answers_as_get_does_but_without_a_body() {
    let server = Server::start();
    let mut client = server.client();
    let created = client.post("/api/estimates/create", &samples::estimate("Asha")).expect(201);
    let path = format!("/api/estimates/{}", created["estimate_id"].as_str().unwrap());
    let full = client.get(&path);
    let head = client.request("HEAD", &path, &[], None);
    assert_eq!(head.status, 200);
    for name in ["content-length", "content-type"] {
        assert!(full.header(name).is_some(), "{name}");
        assert_eq!(head.header(name), full.header(name), "{name}");
    }
    // Were there a body, the next answer on this connection could not be read.
    for (path, status) in [("/", 200), ("/api/estimates/all", 200), ("/nope", 404), ("/api/estimates/number/9", 404)] {
        assert_eq!(client.request("HEAD", path, &[], None).status, status, "{path}");
        client.get("/health").expect(200);
    }
}

#[test]
fn a_client_that_expects_100_continue_is_told_to_go_on_or_refused_at_once() {
    let server = Server::start();
    let body = estimate();
    let mut client = server.client();
    for (framing, on_the_wire) in [
        (format!("Content-Length: {}\r\n", body.len()), body.clone()),
        ("Transfer-Encoding: chunked\r\n".into(), in_chunks(&body, 100)),
    ] {
        client.send_raw(create_head(&format!("Expect: 100-continue\r\n{framing}")).as_bytes()).unwrap();
        assert_eq!(client.read("POST").status, 100, "nothing of the body was sent yet");
        client.send_raw(on_the_wire.as_bytes()).unwrap();
        client.read("POST").expect(201);
    }
    client.get("/health").expect(200);

    // Whoever asks first is spared from sending what would be refused.
    let too_large = create_head(&format!("Expect: 100-continue\r\nContent-Length: {}\r\n", BODY_BYTES_MAX + 1));
    let mut client = server.client();
    client.send_raw(too_large.as_bytes()).unwrap();
    assert_explained("too large", &client.read("POST"));
    assert_eq!(estimates_stored(&server), 2);
}

#[test]
fn an_http_1_0_client_gets_its_version_of_persistence_and_of_lists() {
    let server = Server::start();
    let mut client = server.client();
    for _ in 0..2 {
        client.send_raw(b"GET /health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").unwrap();
        let reply = client.read("GET");
        reply.expect(200);
        assert_eq!(reply.header("connection").map(str::to_ascii_lowercase).as_deref(), Some("keep-alive"));
    }
    let listed = fill(&server);
    // HTTP/1.0 knows no chunks: the list comes with its length, or until the end of the connection.
    let mut stream = TcpStream::connect(server.addr).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.write_all(b"GET /api/estimates/all HTTP/1.0\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(!head.to_ascii_lowercase().contains("transfer-encoding"), "{head}");
    assert_eq!(body, listed.text());
}

/// Stores enough estimates for a list of some 100 KiB, and returns that list as a client without gzip sees it.
fn fill(server: &Server) -> Reply {
    let mut client = server.client();
    client.send_raw(create().repeat(200).as_bytes()).unwrap();
    for _ in 0..200 {
        client.read("POST").expect(201);
    }
    let list = client.get("/api/estimates/all");
    assert_eq!(list.expect(200).as_array().unwrap().len(), 200);
    list
}

#[test]
fn a_large_list_is_compressed_for_those_who_accept_it_and_for_nobody_else() {
    let server = Server::start();
    let plain = fill(&server);
    assert_eq!(plain.header("content-encoding"), None);
    let mut client = server.client();
    for accept in ["gzip", "GZIP", "deflate, gzip, br", "br;q=1.0, gzip;q=0.5, *;q=0.1", "gzip ; q=1"] {
        let reply = client.request("GET", "/api/estimates/all", &[("Accept-Encoding", accept)], None);
        assert_eq!(reply.status, 200);
        assert_eq!(reply.header("content-encoding"), Some("gzip"), "{accept}");
        assert!(reply.body.len() < plain.body.len() / 4, "{accept}: {} bytes", reply.body.len());
        let mut unpacked = Vec::new();
        GzDecoder::new(reply.body.as_slice()).read_to_end(&mut unpacked).unwrap();
        assert!(unpacked == plain.body, "{accept}: the same list");
    }
    for accept in ["identity", "br", "gzip;q=0", "gzip;q=0.000, identity", "xgzip", ""] {
        let reply = client.request("GET", "/api/estimates/all", &[("Accept-Encoding", accept)], None);
        assert_eq!(reply.header("content-encoding"), None, "{accept}");
        assert!(reply.body == plain.body, "{accept}");
    }
}

#[test]
fn a_body_that_ends_early_stores_nothing() {
    let server = Server::start();
    let body = estimate();
    let requests = [
        create_head(&format!("Content-Length: {}\r\n", body.len() + 1)) + &body,
        chunked_create(&format!("{:x}\r\n{body}\r\n", body.len())),
        chunked_create(&format!("{:x}\r\n{body}", body.len() + 1)),
        create_head(&format!("Content-Length: {}\r\n", body.len())),
    ];
    for request in &requests {
        let mut client = server.client();
        client.send_raw(request.as_bytes()).unwrap();
        client.finish_sending();
        // The server may explain or just leave; it must not take the piece for the whole.
        if let Ok(reply) = client.try_read("POST") {
            assert_eq!(reply.status, 400, "{}", reply.text());
        }
    }
    assert_eq!(estimates_stored(&server), 0);
}

// ---- limits ----

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

// ---- addresses and headers as clients write them ----

#[test]
fn a_raw_space_in_the_address_is_named_and_an_old_encoding_is_too() {
    let server = Server::start();
    let raw = |bytes: &[u8]| {
        let mut client = server.client();
        client.send_raw(bytes).unwrap();
        client.read("GET").detail(400)
    };
    let said = raw(b"GET /api/search?q=asha patil HTTP/1.1\r\nHost: shop\r\n\r\n");
    assert!(said.contains("space") && said.contains("%20"), "{said}");
    let said = raw(b"GET /api/estimates/all HTTP/1.1\r\nHost: shop\r\nIf-None-Match: \"\xe9\"\r\n\r\n");
    assert!(said.contains("If-None-Match") && said.contains("UTF-8"), "{said}");
}

#[test]
fn slashes_too_many_lead_to_the_same_place() {
    let server = Server::start();
    let mut client = server.client();
    let created = client.post("/api//estimates/create/", &samples::estimate("Asha")).expect(201);
    let id = created["estimate_id"].as_str().unwrap();
    for path in [
        "/api/estimates/all",
        "/api/estimates/{id}",
        "/api/estimates/{id}/history",
        "/api/orders/separate",
        "/api",
        "/openapi.json",
    ] {
        let path = path.replace("{id}", id);
        let plain = client.get(&path);
        assert_eq!(plain.status, 200, "{path}");
        for other in [format!("{path}/"), format!("/{path}"), path.replace('/', "//"), format!("{path}/?x=1")] {
            let reply = client.get(&other);
            assert_eq!((reply.status, reply.text()), (200, plain.text()), "{other}");
        }
    }
    let page = client.request("GET", "/", &[("Accept", "text/html")], None);
    assert_eq!(client.request("GET", "//", &[("Accept", "text/html")], None).text(), page.text());
    let asset = page.text().split("\"/ui/").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    assert_eq!(client.get(&format!("//ui//{asset}/")).body, client.get(&format!("/ui/{asset}")).body);
    for feed in ["/ws/", "//ws", "/sync/", "//sync/?since=0"] {
        server.socket(feed);
    }
    let order = client.post_empty(&format!("/api/estimates//{id}/convert-to-order/")).expect(200);
    let order = order["order_id"].as_str().unwrap();
    client.request("PUT", &format!("//api/orders/{order}/status/?status=Packed"), &[], None).expect(200);
    client.delete(&format!("/api/orders/{order}//")).expect(200);
    // An id that was left out does not lead to what the others share.
    for (method, path) in
        [("DELETE", "/api/orders/"), ("PUT", "/api/orders//status?status=x"), ("GET", "/api/estimates//")]
    {
        let status = client.request(method, path, &[], None).status;
        assert!([404, 405].contains(&status), "{method} {path}: {status}");
    }
}

// ---- the end of a connection ----

#[test]
fn a_client_that_is_turned_away_while_it_is_sending_can_read_why() {
    let server = Server::start_with(&["--connections-max", "1"]);
    let mut inside = server.client();
    inside.get("/health").expect(200);
    let body = estimate() + &" ".repeat(BODY_BYTES_MAX - estimate().len());
    let request = create_head(&format!("Content-Length: {}\r\n", body.len())) + &body;
    for _ in 0..2 {
        let mut client = server.client();
        client.send_raw(request.as_bytes()).expect("all of it is taken");
        assert_eq!(client.read("POST").status, 503);
        client.finish_sending();
        let end = client.try_read("POST").map_err(|error| error.kind()).unwrap_err();
        assert_eq!(end, ErrorKind::UnexpectedEof, "an orderly end and no reset");
    }
    inside.get("/health").expect(200);
}

#[test]
fn a_client_that_is_still_sending_when_the_server_stops_can_read_its_last_answer() {
    let mut server = Server::start();
    let mut stream = TcpStream::connect(server.addr).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.write_all(b"GET /health HTTP/1.1\r\nHost: shop\r\n\r\n").unwrap();
    let mut first = [0; 1];
    stream.read_exact(&mut first).unwrap();
    stream.write_all(b"GET /api/changes?since=0&wait=60 HTTP/1.1\r\nHost: shop\r\n\r\n").unwrap();
    // The first answer is read up to its end, so that what comes now is the last one.
    let mut rest = vec![0; 64 << 10];
    let mut health = String::new();
    while !health.ends_with("}}") {
        let length = stream.read(&mut rest).unwrap();
        health.push_str(std::str::from_utf8(&rest[..length]).unwrap());
    }
    server.terminate();
    stream.set_nonblocking(true).unwrap();
    wait_until("the last answer has come", || {
        // It goes on with a next request meanwhile, as a client does that pipelines.
        let _ = stream.write_all(b"G");
        stream.peek(&mut first).is_ok()
    });
    for _ in 0..4 {
        let _ = stream.write_all(b"E");
        std::thread::sleep(Duration::from_millis(10));
    }
    stream.set_nonblocking(false).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an orderly end and no reset");
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with('}'), "{answer}");
    drop(stream);
    assert!(server.wait_exit().success());
}
