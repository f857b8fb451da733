//! Goal: whatever bytes arrive, they are one request or none: the right status, the connection closed where the next
//! request's place is in doubt, and never two requests out of one (RFC 9112, RFC 9110).
//!
//! Method: one table of raw bytes. Each case is written on a connection of its own, followed by one more valid request, and
//! all statuses are read until the server closes. So a case shows at once whether it was taken (its answer, then the
//! answer to the follower), refused for good (one answer, then the end), or split (a status too many). Where a body or a bad
//! head could hide a second request, a sale stands there: it would be answered with 201 and be found in the list.

use std::io::ErrorKind;
use std::net::SocketAddr;

use crate::support::http::{Client, Reply};
use crate::support::samples;
use crate::support::server::Server;
use crate::support::socket::Socket;
use crate::support::wire::{chunked_create as chunked, create, create_head, estimate, in_chunks, open_chunks};

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

// ---- the pieces that cases are made of ----

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

// ---- the table ----

fn heads() -> Vec<Case> {
    vec![
        kept("a plain request", get("Host: shop\r\n"), &[200]),
        kept("no space after the colon", get("Host:shop\r\n"), &[200]),
        kept("header names in any case", get("hOsT: \t shop \r\n"), &[200]),
        kept("an empty value", get("Host: shop\r\nX:\r\n"), &[200]),
        kept("UTF-8 in a value", get("Host: shop\r\nX: ₹\r\n"), &[200]),
        closed("Connection: close", get("Host: shop\r\nConnection: close\r\n"), &[200]),
        closed("Connection: CLOSE", get("Host: shop\r\nConnection: CLOSE\r\n"), &[200]),
        closed("close in a list", get("Host: shop\r\nConnection: x, close\r\n"), &[200]),
        closed("HTTP/1.0", "GET /health HTTP/1.0\r\n\r\n", &[200]),
        kept("HTTP/1.0 and keep-alive", "GET /health HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", &[200]),
        kept("two requests at once", get("Host: shop\r\n").repeat(2), &[200, 200]),
        closed("a good one and a bad one", create() + &get("") + &hidden(), &[201, 400]),
        closed("bare LF everywhere", "GET /health HTTP/1.1\nHost: shop\n\n", &[400]),
        closed("bare LF after the request line", "GET /health HTTP/1.1\nHost: shop\r\n\r\n", &[400]),
        closed("bare LF after a header", get("Host: shop\nX: y\r\n"), &[400]),
        closed("bare LF at the end", "GET /health HTTP/1.1\r\nHost: shop\r\n\n", &[400]),
        closed("bare CR in a value", get("Host: shop\r\nX: a\rb\r\n"), &[400]),
        closed("bare CR as a line end", get("Host: shop\rX: b\r\n"), &[400]),
        closed("CR CR LF", get("Host: shop\r\r\n"), &[400]),
        closed("obs-fold", get("Host: shop\r\nX: a\r\n b\r\n"), &[400]),
        closed("obs-fold with a tab", get("Host: shop\r\nX: a\r\n\tb\r\n"), &[400]),
        closed("obs-fold around a length", create_head("Content-Length:\r\n 5\r\n") + &hidden(), &[400]),
        closed("a space before the first header", get(" X: a\r\nHost: shop\r\n"), &[400]),
        closed("a space before the colon", get("Host : shop\r\n"), &[400]),
        closed("a tab before the colon", get("Host: shop\r\nX\t: a\r\n"), &[400]),
        closed("a space in a name", get("Host: shop\r\nX Y: a\r\n"), &[400]),
        closed("no colon", get("Host: shop\r\nX\r\n"), &[400]),
        closed("no name", get("Host: shop\r\n: a\r\n"), &[400]),
        closed("NUL in a value", get("Host: shop\r\nX: a\0b\r\n"), &[400]),
        closed("NUL in a name", get("Host: shop\r\nX\0: a\r\n"), &[400]),
        closed("a control character in a value", get("Host: shop\r\nX: a\u{1}b\r\n"), &[400]),
        closed("DEL in a value", get("Host: shop\r\nX: a\u{7f}b\r\n"), &[400]),
        closed("no ASCII in a name", get("Host: shop\r\nXé: a\r\n"), &[400]),
        kept(
            "Latin-1 in a value that nobody reads",
            b"GET /health HTTP/1.1\r\nHost: shop\r\nX: M\xfcller\r\n\r\n",
            &[200],
        ),
        kept("Latin-1 in User-Agent", b"GET /health HTTP/1.1\r\nHost: shop\r\nUser-Agent: M\xfcller\r\n\r\n", &[200]),
        closed(
            "Latin-1 in a value that is read",
            b"GET /health HTTP/1.1\r\nHost: shop\r\nOrigin: \xff\r\n\r\n",
            &[400],
        ),
        closed("Latin-1 in the Host", b"GET /health HTTP/1.1\r\nHost: sh\xf6p\r\n\r\n", &[400]),
        closed("Latin-1 in a name", b"GET /health HTTP/1.1\r\nHost: shop\r\nX\xfc: y\r\n\r\n", &[400]),
    ]
}

fn request_lines() -> Vec<Case> {
    vec![
        kept("an empty line before it", "\r\n".to_string() + &get("Host: shop\r\n"), &[200]),
        kept("three empty lines before it", "\r\n".repeat(3) + &get("Host: shop\r\n"), &[200]),
        closed("a bare LF before it", "\n".to_string() + &get("Host: shop\r\n"), &[400]),
        closed("a bare CR before it", "\r".to_string() + &get("Host: shop\r\n"), &[400]),
        closed("a space before it", " ".to_string() + &get("Host: shop\r\n"), &[400]),
        closed("HTTP/0.9", "GET /health\r\n", &[400]),
        closed("no version", line("GET /health"), &[400]),
        closed("no target", line("GET HTTP/1.1"), &[400]),
        closed("an empty target", line("GET  HTTP/1.1"), &[400]),
        closed("two spaces", line("GET  /health HTTP/1.1"), &[400]),
        closed("a tab", line("GET\t/health HTTP/1.1"), &[400]),
        closed("a word too many", line("GET /health HTTP/1.1 x"), &[400]),
        closed("a space behind the version", line("GET /health HTTP/1.1 "), &[400]),
        closed("a space in the target", line("GET /hea lth HTTP/1.1"), &[400]),
        closed("a lower-case version", line("GET /health http/1.1"), &[505]),
        closed("HTTP/1.2", line("GET /health HTTP/1.2"), &[505]),
        closed("HTTP/1.10", line("GET /health HTTP/1.10"), &[400]),
        closed("HTTP/1,1", line("GET /health HTTP/1,1"), &[505]),
        closed("HTTP/2.0", line("GET /health HTTP/2.0"), &[505]),
        closed("the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &[505]),
        closed("a TLS client", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", &[400]),
        closed("noise", b"\xff\xfe\xfd\r\n\r\n", &[400]),
        closed("a mail client", "HELO shop\r\n", &[400]),
        closed("an SSH client", "SSH-2.0-OpenSSH_9.6\r\n", &[400]),
    ]
}

fn hosts() -> Vec<Case> {
    let named = |host: &str| get(&format!("Host: {host}\r\n"));
    let absolute = |authority: &str, host: &str| format!("GET {authority}/health HTTP/1.1\r\nHost: {host}\r\n\r\n");
    let mut cases = vec![
        closed("no Host", get(""), &[400]),
        closed("two Hosts", get("Host: shop\r\nHost: shop\r\n"), &[400]),
        closed("two Hosts in different case", get("Host: shop\r\nhost: evil.example\r\n"), &[400]),
        kept("the name of an absolute address", absolute("http://shop", "shop"), &[200]),
        kept("a scheme in any case", absolute("HTTP://shop", "shop"), &[200]),
        // RFC 9112 §3.2.2: the Host header is not asked then.
        kept("an absolute address under a foreign Host", absolute("http://shop", "evil.example"), &[200]),
        closed("a foreign absolute address", absolute("http://evil.example", "shop"), &[421]),
        closed("an absolute address with a user", absolute("http://shop@evil.example", "shop"), &[400]),
        closed("an absolute address without a name", absolute("http://", "shop"), &[400]),
        closed("an absolute address with two ends", absolute("http://shop\\@evil.example", "shop"), &[400]),
    ];
    for host in ["SHOP", "shop.", "shop:80", "shop:65535"] {
        cases.push(kept(format!("Host {host:?}"), named(host), &[200]));
    }
    for host in
        ["", "shop, shop", "user@shop", "shop/x", "shop?x", "shop#x", "shop x", "shop\\x", "http://shop", "sh\tp"]
    {
        cases.push(closed(format!("Host {host:?}"), named(host), &[400]));
    }
    for host in
        ["evil.example", "shop:", "shop:x", "shop:65536", "shop:80:80", "[::1", "127.0.0.1", "shop.evil.example"]
    {
        cases.push(closed(format!("Host {host:?}"), named(host), &[421]));
    }
    cases
}

fn targets() -> Vec<Case> {
    let mut cases = Vec::new();
    let rows: [(&[&str], &'static [u16]); 4] = [
        (&["/health?a=%20&b", "/%68ealth", "/health#x", "//health", "/health/", "//health//?a"], &[200]),
        (&["/./health", "/api/../health", "/api/%2e%2e/health", "/%2E/health", "/health%20"], &[404]),
        (
            &["/ui/..%2fmain.js", "/ui/..%5cmain.js", "/ui/%2e%2e%2f%2e%2e%2fetc%2fpasswd", "/é", "/ui/main.js%2f"],
            &[404],
        ),
        (
            &["/%", "/%4", "/api/orders/x%2", "/api/estimates/%zz", "/%+1", "/%c3", "/%ff", "health", "*", "shop:80"],
            &[400],
        ),
    ];
    for (paths, statuses) in rows {
        cases.extend(paths.iter().map(|path| kept(*path, line(&format!("GET {path} HTTP/1.1")), statuses)));
    }
    for path in ["/%00", "/health%00", "/api/estimates/%00", "/ui/main.js%00.svg", "/%0d%0aX:%20y", "/a%7f"] {
        cases.push(kept(path, line(&format!("GET {path} HTTP/1.1")), &[400]));
    }
    for value in ["%", "%4", "%g0", "%+1", "%ff"] {
        let target = format!("PUT /api/orders/ORDER-DEADBEEF/status?new_status={value} HTTP/1.1");
        cases.push(kept(format!("{value} in a query"), line(&target), &[400]));
    }
    cases.push(closed("NUL in the target", line("GET /hea\0lth HTTP/1.1"), &[400]));
    cases.push(closed("DEL in the target", line("GET /hea\u{7f}lth HTTP/1.1"), &[400]));
    cases.push(closed("not UTF-8 in the target", b"GET /\xff HTTP/1.1\r\nHost: shop\r\n\r\n", &[400]));
    cases
}

fn methods() -> Vec<Case> {
    vec![
        kept("an unknown method", line("BREW /health HTTP/1.1"), &[405]),
        kept("an unknown method and path", line("BREW /nope HTTP/1.1"), &[404]),
        kept("a method with a sign", line("M-SEARCH /health HTTP/1.1"), &[405]),
        kept("a lower-case method", line("get /health HTTP/1.1"), &[405]),
        kept("a long method", line(&format!("{} /health HTTP/1.1", "A".repeat(1000))), &[405]),
        kept("TRACE", line("TRACE /health HTTP/1.1"), &[405]),
        kept("OPTIONS", line("OPTIONS /health HTTP/1.1"), &[405]),
        kept("OPTIONS *", line("OPTIONS * HTTP/1.1"), &[400]),
        kept("CONNECT", line("CONNECT shop:80 HTTP/1.1"), &[400]),
        closed("CONNECT to an address", line("CONNECT http://evil.example/ HTTP/1.1"), &[421]),
        closed("no method", line(" /health HTTP/1.1"), &[400]),
        closed("NUL in the method", line("GE\0T /health HTTP/1.1"), &[400]),
        closed("a bracket in the method", line("GE(T /health HTTP/1.1"), &[400]),
    ]
}

fn lengths() -> Vec<Case> {
    let (hidden, body) = (hidden(), estimate());
    let length = hidden.len();
    let framed = |headers: &str| create_head(headers) + &hidden;
    let mut cases = vec![
        kept("a body with its length", create(), &[201]),
        kept("zeros before a length", create_head(&format!("Content-Length: 000{}\r\n", body.len())) + &body, &[201]),
        closed("a length twice", framed(&format!("Content-Length: {length}\r\nContent-Length: {length}\r\n")), &[400]),
        closed("two lengths", framed(&format!("Content-Length: 0\r\nContent-Length: {length}\r\n")), &[400]),
        closed(
            "two lengths, the longer first",
            framed(&format!("Content-Length: {length}\r\ncontent-length: 0\r\n")),
            &[400],
        ),
        closed("a space before the colon of a length", framed(&format!("Content-Length : {length}\r\n")), &[400]),
        closed(
            "two lengths of a GET",
            get("Host: shop\r\nContent-Length: 0\r\nContent-Length: 5\r\n") + &hidden,
            &[400],
        ),
        kept("a create without any length", create_head(""), &[411]),
        kept("a create of length 0", create_head("Content-Length: 0\r\n"), &[400]),
    ];
    for value in
        ["", "+5", "-1", "-0", "0x10", "5 5", "1e2", "5.0", "abc", "5,5", "0, 0", "5;", "٣", "\"5\"", "5\u{a0}"]
    {
        cases.push(closed(format!("length {value:?}"), framed(&format!("Content-Length: {value}\r\n")), &[400]));
    }
    for value in
        ["1048577", "1000000000000", "9223372036854775808", "18446744073709551616", "99999999999999999999999999"]
    {
        cases.push(closed(format!("length {value}"), framed(&format!("Content-Length: {value}\r\n")), &[413]));
    }
    cases
}

fn codings() -> Vec<Case> {
    let (hidden, body) = (hidden(), in_chunks(&estimate(), 50));
    let framed = |headers: &str| create_head(headers) + &hidden;
    let length = hidden.len();
    let mut cases = vec![
        closed("both framings", framed("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n"), &[400]),
        closed(
            "both framings the other way",
            framed(&format!("Transfer-Encoding: chunked\r\nContent-Length: {length}\r\n")),
            &[400],
        ),
        closed(
            "a length beside identity",
            framed(&format!("Transfer-Encoding: identity\r\nContent-Length: {length}\r\n")),
            &[400],
        ),
        closed("chunked in two lines", framed("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), &[400]),
        closed(
            "a coding hidden in a second line",
            framed("Transfer-Encoding: chunked\r\nTransfer-encoding: x\r\n"),
            &[400],
        ),
        closed("a space before the colon of a coding", framed("Transfer-Encoding : chunked\r\n"), &[400]),
        closed("a folded coding", framed("Transfer-Encoding:\r\n chunked\r\n"), &[400]),
        closed("a vertical tab in a coding", framed("Transfer-Encoding: \u{b}chunked\r\n"), &[400]),
        closed("NUL behind a coding", framed("Transfer-Encoding: chunked\0\r\n"), &[400]),
        closed("a coding of an HTTP/1.0 client", chunked(&body).replace("HTTP/1.1", "HTTP/1.0"), &[400]),
    ];
    for value in ["Chunked", "CHUNKED", " chunked", "\tchunked \t"] {
        let sent = create_head(&format!("Transfer-Encoding:{value}\r\n")) + &body;
        cases.push(kept(format!("coding {value:?}"), sent, &[201]));
    }
    for value in [
        "",
        "gzip",
        "identity",
        "xchunked",
        "x-chunked",
        "chunked;q=1",
        "\"chunked\"",
        "'chunked'",
        "chunked,",
        ", chunked",
        "gzip, chunked",
        "chunked, identity",
        "chunked, chunked",
        "chunked chunked",
        "chunk",
        "c hunked",
        "chunkeḍ",
    ] {
        cases.push(closed(format!("coding {value:?}"), framed(&format!("Transfer-Encoding: {value}\r\n")), &[501]));
    }
    cases
}

fn chunks() -> Vec<Case> {
    let (body, hidden) = (estimate(), hidden());
    let size = format!("{:x}", body.len());
    let behind = |end: &str| chunked(&format!("{}{end}{hidden}", open_chunks(&body, body.len())));
    vec![
        kept("one chunk", chunked(&in_chunks(&body, body.len())), &[201]),
        kept("chunks of one byte", chunked(&in_chunks(&body, 1)), &[201]),
        kept("chunks of 7 bytes", chunked(&in_chunks(&body, 7)), &[201]),
        kept(
            "zeros before an upper-case size",
            chunked(&format!("000{}\r\n{body}\r\n0\r\n\r\n", size.to_uppercase())),
            &[201],
        ),
        kept("an extension", chunked(&format!("{size};a=b\r\n{body}\r\n0;c\r\n\r\n")), &[201]),
        kept("a trailer", chunked(&(open_chunks(&body, 100) + "X: y\r\nContent-Length: 5\r\n\r\n")), &[201]),
        closed("a chunk longer than its size", chunked(&format!("3\r\nabcde\r\n0\r\n\r\n{hidden}")), &[400]),
        closed("a chunk without its line end", chunked(&format!("5\r\nabcde0\r\n\r\n{hidden}")), &[400]),
        closed("bare LF after a size", chunked(&format!("5\nabcde\r\n0\r\n\r\n{hidden}")), &[400]),
        closed("bare CR after a size", chunked(&format!("5\rabcde\r\n0\r\n\r\n{hidden}")), &[400]),
        closed("bare LF after a chunk", chunked(&format!("5\r\nabcde\n0\r\n\r\n{hidden}")), &[400]),
        closed("bare LF after the last size", chunked(&format!("0\n\r\n{hidden}")), &[400]),
        closed("bare LF in an extension", chunked(&format!("5;a\nb\r\nabcde\r\n0\r\n\r\n{hidden}")), &[400]),
        closed("bare CR in an extension", chunked(&format!("5;a\rb\r\nabcde\r\n0\r\n\r\n{hidden}")), &[400]),
        closed("NUL in an extension", chunked(&format!("5;a\0b\r\nabcde\r\n0\r\n\r\n{hidden}")), &[400]),
        closed("an endless extension", chunked(&format!("5;{}", "x".repeat(2 << 20))), &[400]),
        closed("bare LF as the end", behind("\n"), &[400]),
        closed("bare LF after a trailer", behind("X: y\n\r\n"), &[400]),
        closed("NUL in a trailer", behind("X: \0\r\n\r\n"), &[400]),
        closed("a trailer without a colon", behind("X\r\n\r\n"), &[400]),
        closed("a folded trailer", behind("X: y\r\n z\r\n\r\n"), &[400]),
        closed("a request in the place of the trailers", behind(""), &[400]),
        closed("a long trailer", behind(&format!("X: {}\r\n\r\n", "y".repeat(5_000))), &[400]),
        closed("endless trailers", behind(&"X: y\r\n".repeat(10_000)), &[400]),
    ]
}

fn chunk_sizes() -> Vec<Case> {
    let with = |size: &str| chunked(&format!("{size}\r\nabcde\r\n0\r\n\r\n{}", hidden()));
    let mut cases = Vec::new();
    for size in
        ["zz", "", "-5", "+5", "0x5", "5 5", "5_0", "g", "1e 2", "\n5", " 5", "5 ", "5\t", ";a", "5,5", "٣", "5\0"]
    {
        cases.push(closed(format!("chunk size {size:?}"), with(size), &[400]));
    }
    for size in ["100001", "7fffffffffffffff", "ffffffffffffffff", "10000000000000005", "fffffffffffffffffffffff"] {
        cases.push(closed(format!("chunk size {size}"), with(size), &[413]));
    }
    cases
}

/// A request that is not carried out has its body read or the connection closed: it never begins the next request.
fn bodies_of_refused_requests() -> Vec<Case> {
    let hidden = hidden();
    let with_body = |request_line: &str, headers: &str| {
        format!("{request_line} HTTP/1.1\r\nHost: shop\r\n{headers}Content-Length: {}\r\n\r\n{hidden}", hidden.len())
    };
    let typed = |kind: &str| with_body("POST /api/estimates/create", &format!("Content-Type: {kind}\r\n"));
    let json = "Content-Type: application/json\r\n";
    let in_chunks = in_chunks(&hidden, 10);
    let mut cases = vec![
        kept("a body to an unknown path", with_body("POST /nope", json), &[404]),
        kept("a body under a wrong method", with_body("POST /health", json), &[405]),
        kept("a body under an unknown method", with_body("BREW /health", json), &[405]),
        kept("a body of TRACE", with_body("TRACE /health", ""), &[405]),
        kept("a body of GET", with_body("GET /health", json), &[200]),
        kept("a body of DELETE", with_body("DELETE /api/orders/x", json), &[404]),
        kept("a body that is not JSON", with_body("POST /api/estimates/create", json), &[400]),
        kept("a body without a type", with_body("POST /api/estimates/create", ""), &[415]),
        kept("chunks that are not JSON", chunked(&in_chunks), &[400]),
        kept("chunks to an unknown path", chunked(&in_chunks).replace("/api/estimates/create", "/nope"), &[404]),
        closed(
            "a body under a foreign name",
            with_body("POST /nope", json).replacen("shop", "evil.example", 1),
            &[421],
        ),
        closed("a body of a foreign page", with_body("POST /nope", "Origin: null\r\n"), &[403]),
    ];
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonx",
        "*/*",
    ] {
        cases.push(kept(format!("a body of {kind}"), typed(kind), &[415]));
    }
    for coding in ["gzip", "GZIP", "br", "deflate, identity", "identity, gzip", "x"] {
        let sent = with_body("POST /api/estimates/create", &format!("{json}Content-Encoding: {coding}\r\n"));
        cases.push(kept(format!("a body packed as {coding}"), sent, &[415]));
    }
    for path in ["/api/estimates/x/convert-to-order", "/api/estimates/x/duplicate"] {
        cases.push(kept(
            format!("text to {path}"),
            with_body(&format!("POST {path}"), "Content-Type: text/plain\r\n"),
            &[415],
        ));
    }
    for kind in ["application/json; charset=utf-8", "Application/JSON;charset=UTF-8"] {
        let sent = create().replace("application/json", kind);
        cases.push(kept(format!("a create of {kind}"), sent, &[201]));
    }
    cases
}

fn expectations() -> Vec<Case> {
    let length = estimate().len();
    let expecting = |value: &str| create().replace("Content-Length", &format!("Expect: {value}\r\nContent-Length"));
    vec![
        kept("Expect, and the body is there already", expecting("100-continue"), &[201]),
        kept("Expect in upper case", expecting("100-CONTINUE"), &[201]),
        closed("another Expect", expecting("200-ok"), &[417]),
        closed("Expect with a list", expecting("100-continue, x"), &[417]),
        kept("Expect without a body", get("Host: shop\r\nExpect: 100-continue\r\n"), &[200]),
        closed(
            "Expect before a body that is too large",
            create_head(&format!("Expect: 100-continue\r\nContent-Length: {}\r\n", BODY_BYTES_MAX + 1)),
            &[413],
        ),
        // RFC 9110 §10.1.1: a server must not send 100 to an HTTP/1.0 client.
        closed(
            "Expect of an HTTP/1.0 client",
            format!(
                "POST /api/estimates/create HTTP/1.0\r\nExpect: 100-continue\r\nContent-Type: application/json\r\n\
                 Content-Length: {length}\r\n\r\n{}",
                estimate()
            ),
            &[201],
        ),
    ]
}

fn upgrades() -> Vec<Case> {
    let hidden = hidden();
    let with_length = |path: &str| upgrade("GET", path, &format!("Content-Length: {}\r\n", hidden.len())) + &hidden;
    let no_key = upgrade("GET", "/ws", "").replace("Sec-WebSocket-Key", "X");
    vec![
        closed("an upgrade with a body", with_length("/ws"), &[400]),
        closed("an upgrade of /sync with a body", with_length("/sync"), &[400]),
        closed(
            "an upgrade with chunks",
            upgrade("GET", "/ws", "Transfer-Encoding: chunked\r\n") + "0\r\n\r\n" + &hidden,
            &[400],
        ),
        closed("an upgrade without a key", no_key + &hidden, &[400]),
        closed("an upgrade of another version", upgrade("GET", "/ws", "").replace(": 13", ": 8") + &hidden, &[426]),
        closed("an upgrade of HTTP/1.0", upgrade("GET", "/ws", "").replace("HTTP/1.1", "HTTP/1.0") + &hidden, &[426]),
        closed("an upgrade of a foreign page", upgrade("GET", "/ws", "Origin: null\r\n") + &hidden, &[403]),
        kept("a POST upgrade", upgrade("POST", "/ws", ""), &[405]),
        kept("an upgrade of an ordinary path", upgrade("GET", "/health", ""), &[200]),
        kept("an upgrade to something else", get("Host: shop\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n"), &[200]),
        kept("a feed without an upgrade", line("GET /ws HTTP/1.1"), &[426]),
        closed("a broken position", upgrade("GET", "/sync?since=x", "") + &hidden, &[400]),
    ]
}

fn limits() -> Vec<Case> {
    let target = |bytes: usize| line(&format!("GET /{} HTTP/1.1", "a".repeat(bytes - 1)));
    let query = |bytes: usize| line(&format!("GET /health?{} HTTP/1.1", "a".repeat(bytes - 8)));
    let headers = |count: usize| get(&format!("Host: shop\r\n{}", "X-Y: z\r\n".repeat(count - 1)));
    let head = |bytes: usize| {
        let start = "GET /health HTTP/1.1\r\nHost: shop\r\nX: ";
        format!("{start}{}\r\n\r\n", "a".repeat(bytes - start.len() - 4))
    };
    vec![
        kept("the longest target", target(TARGET_BYTES_MAX), &[404]),
        closed("a target too long", target(TARGET_BYTES_MAX + 1), &[414]),
        closed("a target of 20 KiB", target(20 << 10), &[414]),
        kept("the longest query", query(TARGET_BYTES_MAX), &[200]),
        closed("a query too long", query(TARGET_BYTES_MAX + 1), &[414]),
        closed("a target without an end", format!("GET /{}", "a".repeat(3 * HEAD_BYTES_MAX)), &[414]),
        closed("a method without an end", "A".repeat(3 * HEAD_BYTES_MAX), &[414]),
        kept("as many headers as allowed", headers(HEADERS_MAX), &[200]),
        closed("a header too many", headers(HEADERS_MAX + 1), &[431]),
        closed("a thousand headers", headers(1_000), &[431]),
        kept("the longest head", head(HEAD_BYTES_MAX), &[200]),
        closed("a head too long", head(HEAD_BYTES_MAX + 1), &[431]),
        closed("a header without an end", head(3 * HEAD_BYTES_MAX).trim_end().to_string(), &[431]),
        closed("a name without an end", format!("GET / HTTP/1.1\r\n{}", "a".repeat(3 * HEAD_BYTES_MAX)), &[431]),
    ]
}
