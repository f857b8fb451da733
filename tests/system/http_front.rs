//! Goal: the HTTP front takes everything that a correct client may send, and nothing that could be read in two ways.
//!
//! Method: a table of raw bytes. Each row is written on a connection of its own, followed by one more valid request, and
//! all statuses are read until the server closes. So a row shows at once whether it was taken (its answer, then the
//! answer to the follower), refused for good (one answer, then the end), or split into two requests (a status too many).

use std::fmt::Write as _;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use flate2::read::GzDecoder;
use serde_json::{Value, json};

use super::support::http::{Client, Reply};
use super::support::server::Server;
use super::support::{DEADLINE, samples, wait_until};

/// Limits of DESIGN.md §8 and of the issue.
const BODY_BYTES_MAX: usize = 1 << 20;
const TARGET_BYTES_MAX: usize = 8 * 1024;
const HEAD_BYTES_MAX: usize = 16 * 1024;
const HEADERS_MAX: usize = 64;

/// Follows every row. It is answered only if the server still holds the connection for good.
const FOLLOWER: &str = "GET /health HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n";

/// A request that hides in a body or behind a bad head; its 404 would betray that it was read as a request.
const HIDDEN: &str = "GET /hidden HTTP/1.1\r\nHost: shop\r\n\r\n";

/// The row is refused and the connection closed.
const REFUSED: &[&[u16]] = &[&[400]];
/// As [`REFUSED`]; RFC 9112 §6.1 allows 501 for a transfer coding that is not known.
const REFUSED_CODING: &[&[u16]] = &[&[400], &[501]];

/// As [`REFUSED`], where what stands in the place of the version is not one.
const REFUSED_VERSION: &[&[u16]] = &[&[400], &[505]];

/// What was sent, and the statuses that may come back until the server closes.
struct Row {
    what: String,
    sent: Vec<u8>,
    allowed: Vec<Vec<u16>>,
}

fn row(what: impl Into<String>, sent: impl Into<Vec<u8>>, allowed: &[&[u16]]) -> Row {
    Row { what: what.into(), sent: sent.into(), allowed: allowed.iter().map(|statuses| statuses.to_vec()).collect() }
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

/// Checks all rows and names every one that fails, since faults of a parser come in families.
fn assert_rows(server: &Server, rows: &[Row]) {
    let mut faults = Vec::new();
    for Row { what, sent, allowed } in rows {
        let replies = exchange(server.addr, &[sent.as_slice(), FOLLOWER.as_bytes()].concat());
        let statuses: Vec<u16> = replies.iter().map(|reply| reply.status).collect();
        if !allowed.contains(&statuses) {
            faults.push(format!("{what}: {statuses:?}, allowed {allowed:?}"));
        }
        for reply in replies.iter().filter(|reply| reply.status >= 400) {
            assert_explained(what, reply);
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    server.get("/health").expect(200);
}

/// Every refusal tells a person why.
fn assert_explained(what: &str, reply: &Reply) {
    assert!(reply.json()["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{what}: {}", reply.text());
    assert!(reply.header("content-type").is_some_and(|kind| kind.starts_with("application/json")), "{what}");
}

fn estimate() -> String {
    samples::estimate("Asha").to_string()
}

/// The head of a create with these further header lines, each with its line end.
fn create_head(headers: &str) -> String {
    format!("POST /api/estimates/create HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\n{headers}\r\n")
}

/// A complete create with its length.
fn create() -> String {
    let body = estimate();
    create_head(&format!("Content-Length: {}\r\n", body.len())) + &body
}

/// A create whose chunked body is given as it stands on the wire.
fn chunked_create(chunks: &str) -> String {
    create_head("Transfer-Encoding: chunked\r\n") + chunks
}

/// `body` in chunks of `size` bytes, with the last chunk.
fn in_chunks(body: &str, size: usize) -> String {
    let mut chunks = String::new();
    for chunk in body.as_bytes().chunks(size) {
        write!(chunks, "{:x}\r\n{}\r\n", chunk.len(), std::str::from_utf8(chunk).unwrap()).unwrap();
    }
    chunks + "0\r\n\r\n"
}

fn estimates_stored(server: &Server) -> usize {
    server.get("/api/estimates/all").expect(200).as_array().unwrap().len()
}

// ---- what is taken ----

#[test]
fn correct_requests_of_every_form_are_taken() {
    let server = Server::start();
    let body = estimate();
    let taken: &[&[u16]] = &[&[201, 200]];
    let length = format!("Content-Length: {}\r\n", body.len());
    let json_type = |kind: &str| {
        format!("POST /api/estimates/create HTTP/1.1\r\nHost: shop\r\nContent-Type: {kind}\r\n{length}\r\n{body}")
    };
    let hexadecimal = format!("{:x}", body.len());
    let rows = [
        row("a plain request", "GET /health HTTP/1.1\r\nHost: shop\r\n\r\n", &[&[200, 200]]),
        row("no space after the colon", "GET /health HTTP/1.1\r\nHost:shop\r\n\r\n", &[&[200, 200]]),
        row("header names in any case", "GET /health HTTP/1.1\r\nhOsT: \t shop \r\n\r\n", &[&[200, 200]]),
        row("an empty line before it", "\r\nGET /health HTTP/1.1\r\nHost: shop\r\n\r\n", &[&[200, 200]]),
        row("a query that nobody reads", "GET /health?a=%20&b HTTP/1.1\r\nHost: shop\r\n\r\n", &[&[200, 200]]),
        row("an absolute address", "GET http://shop/health HTTP/1.1\r\nHost: shop\r\n\r\n", &[&[200, 200]]),
        row("Connection: close", "GET /health HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n", &[&[200]]),
        row("Connection: CLOSE", "GET /health HTTP/1.1\r\nHost: shop\r\nConnection: CLOSE\r\n\r\n", &[&[200]]),
        row("close in a list", "GET /health HTTP/1.1\r\nHost: shop\r\nConnection: x, close\r\n\r\n", &[&[200]]),
        row("HTTP/1.0", "GET /health HTTP/1.0\r\n\r\n", &[&[200]]),
        row("HTTP/1.0 and keep-alive", "GET /health HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", &[&[200, 200]]),
        row("a body with its length", create(), taken),
        row("one chunk", chunked_create(&in_chunks(&body, body.len())), taken),
        row("chunks of one byte", chunked_create(&in_chunks(&body, 1)), taken),
        row("chunks of 7 bytes", chunked_create(&in_chunks(&body, 7)), taken),
        row("an upper-case coding", chunked_create(&in_chunks(&body, 50)).replace(": chunked", ": Chunked"), taken),
        row(
            "an upper-case size with leading zeros",
            chunked_create(&format!("000{}\r\n{body}\r\n0\r\n\r\n", hexadecimal.to_uppercase())),
            taken,
        ),
        row("an extension of a chunk", chunked_create(&format!("{hexadecimal};a=b\r\n{body}\r\n0\r\n\r\n")), taken),
        row("JSON with a charset", json_type("application/json; charset=utf-8"), taken),
        row("JSON in upper case", json_type("Application/JSON;charset=UTF-8"), taken),
        // RFC 9110 §10.1.1: a server must not send 100 to an HTTP/1.0 client.
        row(
            "Expect of an HTTP/1.0 client",
            create().replace("HTTP/1.1", "HTTP/1.0").replace("Host: shop", "Expect: 100-continue"),
            &[&[201]],
        ),
    ];
    assert_rows(&server, &rows);
}

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
    let (creates, missing, health) = (create().repeat(20), HIDDEN, FOLLOWER);
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

// ---- what is refused ----

#[test]
fn a_head_that_could_be_read_in_two_ways_is_refused_and_the_connection_closed() {
    let server = Server::start();
    let get = |lines: &str| format!("GET /health HTTP/1.1\r\n{lines}\r\n");
    let rows = [
        row("no Host", get(""), REFUSED),
        row("two Hosts", get("Host: shop\r\nHost: shop\r\n"), REFUSED),
        row("two Hosts in different case", get("Host: shop\r\nhost: b\r\n"), REFUSED),
        row("bare LF in the whole head", "GET /health HTTP/1.1\nHost: shop\n\n", REFUSED),
        row("bare LF after the request line", "GET /health HTTP/1.1\nHost: shop\r\n\r\n", REFUSED),
        row("bare LF after a header", get("Host: shop\nX: y\r\n"), REFUSED),
        row("bare LF at the end", "GET /health HTTP/1.1\r\nHost: shop\r\n\n", REFUSED),
        row("bare CR in a value", get("Host: shop\r\nX: a\rb\r\n"), REFUSED),
        row("obs-fold", get("Host: shop\r\nX: a\r\n b\r\n"), REFUSED),
        row("obs-fold with a tab", get("Host: shop\r\nX: a\r\n\tb\r\n"), REFUSED),
        row("a space before the first header", get(" X: a\r\nHost: shop\r\n"), REFUSED),
        row("a space before the colon", get("Host : shop\r\n"), REFUSED),
        row("a space before the colon of a length", create().replace("Content-Length:", "Content-Length :"), REFUSED),
        row("a tab before the colon", get("Host: shop\r\nX\t: a\r\n"), REFUSED),
        row("a space in a name", get("Host: shop\r\nX Y: a\r\n"), REFUSED),
        row("no colon", get("Host: shop\r\nX\r\n"), REFUSED),
        row("no name", get("Host: shop\r\n: a\r\n"), REFUSED),
        row("NUL in a value", get("Host: shop\r\nX: a\0b\r\n"), REFUSED),
        row("NUL in a name", get("Host: shop\r\nX\0: a\r\n"), REFUSED),
        row("NUL in the target", "GET /hea\0lth HTTP/1.1\r\nHost: shop\r\n\r\n", REFUSED),
        row("NUL in the method", "GE\0T /health HTTP/1.1\r\nHost: shop\r\n\r\n", REFUSED),
        row("a control character in a value", get("Host: shop\r\nX: a\u{1}b\r\n"), REFUSED),
        row("DEL in a value", get("Host: shop\r\nX: a\u{7f}b\r\n"), REFUSED),
        row("no version", "GET /health\r\nHost: shop\r\n\r\n", REFUSED),
        row("no target", "GET HTTP/1.1\r\nHost: shop\r\n\r\n", REFUSED),
        row("a word too many", "GET /health HTTP/1.1 x\r\nHost: shop\r\n\r\n", REFUSED),
        row("a space in the target", "GET /hea lth HTTP/1.1\r\nHost: shop\r\n\r\n", REFUSED_VERSION),
        row("a lower-case version", "GET /health http/1.1\r\nHost: shop\r\n\r\n", REFUSED_VERSION),
        row("a version from the future", "GET /health HTTP/2.0\r\nHost: shop\r\n\r\n", REFUSED_VERSION),
        row("a TLS client", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", REFUSED),
        row("noise", b"\xff\xfe\xfd\r\n\r\n", REFUSED),
    ];
    assert_rows(&server, &rows);
}

#[test]
fn an_address_that_cannot_be_decoded_is_refused() {
    let server = Server::start();
    // Where the request ends is not in doubt, so the connection may go on.
    let refused: &[&[u16]] = &[&[400], &[400, 200]];
    let mut rows = Vec::new();
    for path in ["/%", "/api/estimates/%zz", "/api/estimates/%4", "/api/estimates/%", "/api/orders/x%2", "/%c3", "/%ff"]
    {
        rows.push(row(path, format!("GET {path} HTTP/1.1\r\nHost: shop\r\n\r\n"), refused));
    }
    for value in ["%", "%4", "%g0", "%+1", "%ff"] {
        let target = format!("/api/orders/ORDER-DEADBEEF/status?new_status={value}");
        rows.push(row(value, format!("PUT {target} HTTP/1.1\r\nHost: shop\r\n\r\n"), refused));
    }
    for target in ["health", "*", "shop:80"] {
        rows.push(row(target, format!("GET {target} HTTP/1.1\r\nHost: shop\r\n\r\n"), refused));
    }
    assert_rows(&server, &rows);
}

#[test]
fn a_body_whose_length_is_in_doubt_is_refused_and_never_becomes_a_second_request() {
    let server = Server::start();
    let hidden = HIDDEN.len();
    let framed = |headers: &str| create_head(headers) + HIDDEN;
    let coded = |coding: &str| framed(&format!("Transfer-Encoding: {coding}\r\n"));
    let mut rows = vec![
        row("a length twice", framed(&format!("Content-Length: {hidden}\r\nContent-Length: {hidden}\r\n")), REFUSED),
        row("two lengths", framed(&format!("Content-Length: 0\r\nContent-Length: {hidden}\r\n")), REFUSED),
        row(
            "two lengths, the longer first",
            framed(&format!("Content-Length: {hidden}\r\ncontent-length: 0\r\n")),
            REFUSED,
        ),
        row("both framings", framed("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n"), REFUSED),
        row(
            "both framings the other way",
            framed(&format!("Transfer-Encoding: chunked\r\nContent-Length: {hidden}\r\n")),
            REFUSED,
        ),
        row("a coding that is not known", coded("gzip"), REFUSED_CODING),
        row("identity", coded("identity"), REFUSED_CODING),
        row("almost chunked", coded("xchunked"), REFUSED_CODING),
        row("quoted", coded("\"chunked\""), REFUSED_CODING),
        row("an empty coding", coded(""), REFUSED_CODING),
        row("gzip and chunked", coded("gzip, chunked"), REFUSED_CODING),
        row("chunked before another coding", coded("chunked, identity"), REFUSED_CODING),
        row("chunked twice in a list", coded("chunked, chunked"), REFUSED_CODING),
        row("chunked in two lines", coded("chunked\r\nTransfer-Encoding: chunked"), REFUSED_CODING),
        row("a coding hidden in a second line", coded("chunked\r\nTransfer-Encoding: x"), REFUSED_CODING),
    ];
    for length in ["", "+5", "-1", "0x10", "5 5", "1e2", "5.0", "abc", "5,5", "0, 0", "٣", "99999999999999999999999999"]
    {
        let allowed: &[&[u16]] = if length.len() > 20 { &[&[400], &[413]] } else { REFUSED };
        rows.push(row(format!("length {length:?}"), framed(&format!("Content-Length: {length}\r\n")), allowed));
    }
    for size in ["zz", "", "-5", "+5", "0x5", "5 5", "5_0", "g", "1e 2", "\n5", " 5", "fffffffffffffffff", "٣"] {
        let allowed: &[&[u16]] = if size.len() > 12 { &[&[400], &[413]] } else { REFUSED };
        let chunks = format!("{size}\r\nabcde\r\n0\r\n\r\n{HIDDEN}");
        rows.push(row(format!("chunk size {size:?}"), chunked_create(&chunks), allowed));
    }
    rows.extend([
        row("a chunk longer than its size", chunked_create(&format!("3\r\nabcde\r\n0\r\n\r\n{HIDDEN}")), REFUSED),
        row("a chunk without its line end", chunked_create(&format!("5\r\nabcde0\r\n\r\n{HIDDEN}")), REFUSED),
        row("bare LF after a chunk size", chunked_create(&format!("5\nabcde\r\n0\r\n\r\n{HIDDEN}")), REFUSED),
        row("bare LF in a chunk extension", chunked_create(&format!("5;a\nb\r\nabcde\r\n0\r\n\r\n{HIDDEN}")), REFUSED),
        row("NUL in a chunk extension", chunked_create(&format!("5;a\0b\r\nabcde\r\n0\r\n\r\n{HIDDEN}")), REFUSED),
        row("bare LF after a chunk", chunked_create(&format!("5\r\nabcde\n0\r\n\r\n{HIDDEN}")), REFUSED),
        row(
            "endless chunk extension",
            chunked_create(&format!("5;{}", "x".repeat(2 << 20))),
            &[&[400], &[413], &[431]],
        ),
    ]);
    assert_rows(&server, &rows);
    assert_eq!(estimates_stored(&server), 0);
}

#[test]
fn the_body_of_a_refused_request_is_never_read_as_a_request() {
    let server = Server::start();
    let with_body = |request_line: &str, headers: &str| {
        let length = HIDDEN.len();
        format!("{request_line} HTTP/1.1\r\nHost: shop\r\n{headers}Content-Length: {length}\r\n\r\n{HIDDEN}")
    };
    let json_type = "Content-Type: application/json\r\n";
    let chunked_hidden = in_chunks(HIDDEN, 10);
    let rows = [
        row("unknown path", with_body("POST /nope", json_type), &[&[404, 200], &[404]]),
        row("wrong method", with_body("POST /health", json_type), &[&[405, 200], &[405]]),
        row("a GET with a body", with_body("GET /health", json_type), &[&[200, 200], &[200], &[400]]),
        row("a DELETE with a body", with_body("DELETE /api/orders/x", json_type), &[&[404, 200], &[404], &[400]]),
        row("not JSON", with_body("POST /api/estimates/create", json_type), &[&[400, 200], &[400]]),
        row("no type", with_body("POST /api/estimates/create", ""), &[&[415, 200], &[415]]),
        row("text", with_body("POST /api/estimates/create", "Content-Type: text/plain\r\n"), &[&[415, 200], &[415]]),
        row(
            "a form",
            with_body("POST /api/estimates/create", "Content-Type: application/x-www-form-urlencoded\r\n"),
            &[&[415, 200], &[415]],
        ),
        row(
            "a type that only begins like JSON",
            with_body("POST /api/orders/create-sale", "Content-Type: application/jsonx\r\n"),
            &[&[415, 200], &[415]],
        ),
        row(
            "a conversion with text",
            with_body("POST /api/estimates/x/convert-to-order", "Content-Type: text/plain\r\n"),
            // Which of its two faults is told does not matter.
            &[&[415, 200], &[415], &[404, 200], &[404]],
        ),
        row("chunks of a request", chunked_create(&chunked_hidden), &[&[400, 200], &[400]]),
        row(
            "chunks to an unknown path",
            chunked_create(&chunked_hidden).replace("/api/estimates/create", "/nope"),
            &[&[404, 200], &[404]],
        ),
        row(
            "a trailer that looks like a request",
            chunked_create(&format!("2\r\n{{}}\r\n0\r\nX: y\r\n\r\n{HIDDEN}")).replace("GET /hidden", "GET /health"),
            &[&[422, 200, 200], &[400]],
        ),
        row(
            "chunks of an HTTP/1.0 client",
            chunked_create(&chunked_hidden).replace("HTTP/1.1", "HTTP/1.0"),
            &[&[400], &[501]],
        ),
        row("a create without any length", create_head(""), &[&[411, 200], &[411]]),
        row(
            "a sale without any length",
            create_head("").replace("estimates/create", "orders/create-sale"),
            &[&[411, 200], &[411]],
        ),
    ];
    assert_rows(&server, &rows);
    assert_eq!(estimates_stored(&server), 0);
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
fn a_head_beyond_its_limits_is_414_or_431() {
    let server = Server::start();
    let target = |bytes: usize| format!("GET /{} HTTP/1.1\r\nHost: shop\r\n\r\n", "a".repeat(bytes - 1));
    let query = |bytes: usize| format!("GET /health?{} HTTP/1.1\r\nHost: shop\r\n\r\n", "a".repeat(bytes - 8));
    let headers = |count: usize| {
        let lines = "X-Y: z\r\n".repeat(count - 1);
        format!("GET /health HTTP/1.1\r\nHost: shop\r\n{lines}\r\n")
    };
    let head = |bytes: usize| {
        let start = "GET /health HTTP/1.1\r\nHost: shop\r\nX: ";
        format!("{start}{}\r\n\r\n", "a".repeat(bytes - start.len() - 4))
    };
    let rows = [
        row("the longest target", target(TARGET_BYTES_MAX), &[&[404, 200]]),
        row("a target too long", target(TARGET_BYTES_MAX + 1), &[&[414]]),
        row("the longest query", query(TARGET_BYTES_MAX), &[&[200, 200]]),
        row("a query too long", query(TARGET_BYTES_MAX + 1), &[&[414]]),
        row("a target as long as a head", target(HEAD_BYTES_MAX), &[&[414], &[431]]),
        row("a target without an end", format!("GET /{}", "a".repeat(3 * HEAD_BYTES_MAX)), &[&[414], &[431]]),
        row("as many headers as allowed", headers(HEADERS_MAX), &[&[200, 200]]),
        row("a header too many", headers(HEADERS_MAX + 1), &[&[431]]),
        row("a thousand headers", headers(1_000), &[&[431]]),
        row("the longest head", head(HEAD_BYTES_MAX), &[&[200, 200]]),
        row("a head too long", head(HEAD_BYTES_MAX + 1), &[&[431]]),
        row("a header without an end", head(3 * HEAD_BYTES_MAX).trim_end().to_string(), &[&[431]]),
        row("a name without an end", format!("GET / HTTP/1.1\r\n{}", "a".repeat(3 * HEAD_BYTES_MAX)), &[&[431]]),
    ];
    assert_rows(&server, &rows);
}

#[test]
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
fn a_chunk_size_beyond_every_number_is_too_large_and_not_a_fault() {
    let server = Server::start();
    let mut client = server.client();
    let request = "POST /api/estimates/create HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\n\
                   Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\nffffffffffffffff\r\n";
    client.send_raw(request.as_bytes()).unwrap();
    assert_eq!(client.read("POST").status, 413);
    assert_eq!(server.get("/health").status, 200);
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
