//! Request lines, header lines, hosts, targets, methods.

use super::{Case, closed, get, hidden, kept, line};
use crate::support::wire::{create, create_head};

pub(super) fn heads() -> Vec<Case> {
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

pub(super) fn request_lines() -> Vec<Case> {
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

pub(super) fn hosts() -> Vec<Case> {
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

pub(super) fn targets() -> Vec<Case> {
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

pub(super) fn methods() -> Vec<Case> {
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
