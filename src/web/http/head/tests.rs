//! Goal: no bytes make the head's parser panic, and where its input is cut does not change what it says. Method: valid heads,
//! spoilt, with a fixed budget.

use super::*;
use crate::web::http::{fuzz, spoilt};

const CASES: u32 = 20_000;

const TOKENS: [&str; 26] = [
    "\r\n",
    "\n",
    "\r",
    "\0",
    " ",
    "\t",
    ":",
    "\r\n\r\n",
    "\r\n ",
    "Host: shop\r\n",
    "Content-Length: 5\r\n",
    "Content-Length:",
    "Transfer-Encoding: chunked\r\n",
    "chunked",
    ", ",
    "HTTP/1.0",
    "HTTP/1.1",
    "http://",
    "//",
    "@",
    "%00",
    "é",
    "\u{7f}",
    "99999999999999999999",
    "-1",
    "X: y\r\n",
];

fn corpus() -> Vec<Vec<u8>> {
    [
        "GET /health HTTP/1.1\r\nHost: shop\r\n\r\n",
        "GET http://shop/health?a=%20 HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n",
        "POST /api/estimates/create HTTP/1.1\r\nHost: shop:8000\r\nContent-Length: 300\r\nContent-Type: application/json\r\n\r\n",
        "POST /x HTTP/1.1\r\nhost: [::1]:80\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n",
        "DELETE /api/orders/ORDER-1 HTTP/1.0\r\nIf-Match: \"3\"\r\n\r\n",
    ]
    .map(|head| head.as_bytes().to_vec())
    .into()
}

#[test]
fn any_bytes_are_a_head_or_refused_wherever_they_are_cut() {
    fuzz(CASES, &spoilt(corpus(), &TOKENS), |bytes| {
        let Ok(Parsed::Complete(head, length)) = parse(&bytes) else { return };
        assert!(length <= HEAD_BYTES_MAX && head.target().len() <= TARGET_BYTES_MAX);
        assert!(head.headers.len() <= HEADERS_MAX);
        for cut in 0..length {
            assert!(matches!(parse(&bytes[..cut]), Ok(Parsed::Partial)), "cut at {cut}");
        }
        // What follows is another request's and changes nothing.
        let Ok(Parsed::Complete(alone, _)) = parse(&bytes[..length]) else { panic!("needs what follows") };
        assert_eq!((alone.target(), alone.framing, alone.host()), (head.target(), head.framing, head.host()));
        // One length, one coding, one host, whatever the spelling.
        let piece = |range: &Range<usize>| &head.text[range.clone()];
        let count = |name: &str| head.headers.iter().filter(|(own, _)| piece(own).eq_ignore_ascii_case(name)).count();
        assert!(count("Content-Length") + count("Transfer-Encoding") <= 1 && count("Host") <= 1);
        assert_eq!(head.framing == Framing::None, count("Content-Length") + count("Transfer-Encoding") == 0);
        let (host, text) = (head.host(), &head.text);
        assert!(!host.contains(|c: char| c.is_whitespace() || "@/,\\?#".contains(c)), "{host:?}");
        assert!(text.matches('\n').count() == text.matches("\r\n").count() && !text.contains('\0'), "{text:?}");
    });
}

/// The list of headers that are read is the one that the code asks for.
#[test]
fn every_header_that_is_read_is_refused_when_it_is_not_text() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web");
    let mut read = std::collections::BTreeSet::new();
    let mut left = vec![folder];
    while let Some(path) = left.pop() {
        if path.is_dir() {
            left.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        if path.extension().is_none_or(|ending| ending != "rs") || path.ends_with("tests.rs") {
            continue;
        }
        let text = std::fs::read_to_string(path).unwrap();
        let shipped = text.split("#[cfg(test)]\nmod tests").next().unwrap();
        for call in [".header(\"", ".values(\"", "has_token(\"", "named(\""] {
            read.extend(shipped.split(call).skip(1).map(|rest| rest.split('"').next().unwrap().to_string()));
        }
    }
    // What tungstenite's handshake is built with, and what is compared with a constant alone.
    for own in ["User-Agent", "Sec-WebSocket-Version"] {
        assert!(read.remove(own), "{own} is not read any more");
    }
    for name in &read {
        assert!(READ_HEADERS.iter().any(|own| own.eq_ignore_ascii_case(name)), "{name} is missing in READ_HEADERS");
    }
    for name in READ_HEADERS {
        let head = [b"GET / HTTP/1.1\r\nHost: shop\r\n", name.as_bytes(), b": M\xfcller\r\n\r\n"].concat();
        let Err(problem) = parse(&head) else { panic!("{name} is accepted") };
        assert_eq!((problem.status, problem.detail), (400, format!("The header {name} is not UTF-8 text")));
    }
}

#[test]
fn old_encodings_in_headers_that_nobody_reads_change_nothing_else() {
    let head = b"GET /x HTTP/1.1\r\nX-Till: K\xf6ln \xe2\x82\xac\xff\r\nHost: shop\r\nUser-Agent: Dart/3 M\xfcller\r\nX-Euro: \xe2\x82\xac\r\n\r\n";
    let Ok(Parsed::Complete(head, length)) = parse(head) else { panic!("refused") };
    assert_eq!((head.text.len(), head.target(), head.host()), (length, "/x", "shop"));
    assert_eq!(head.header("User-Agent"), Some("Dart/3 M?ller"));
    assert_eq!(head.header("X-Till"), Some("K?ln ????"));
    assert_eq!(head.header("X-Euro"), Some("\u{20ac}"));
}

#[test]
fn a_space_in_the_address_is_told_from_another_version_wherever_the_line_is_cut() {
    let ends = |line: &[u8]| {
        let head = [line, b"\r\nHost: shop\r\n\r\n"].concat();
        let whole = parse(&head).err().map(|problem| problem.status);
        // What has come decides nothing before the end of the line.
        for cut in 0..line.len() {
            assert!(matches!(parse(&head[..cut]), Ok(Parsed::Partial)), "{} cut at {cut}", line.escape_ascii());
        }
        whole
    };
    for line in ["GET /a b HTTP/1.1", "GET /search?q=asha patil HTTP/1.1", "GET /a HTTPS HTTP/1.1", "GET /a h HTTP/1.1"]
    {
        assert_eq!(ends(line.as_bytes()), Some(400), "{line}");
    }
    for line in ["GET /a HTTP/2.0", "GET /a http/1.1", "GET /a HTTP/1,1"] {
        assert_eq!(ends(line.as_bytes()), Some(505), "{line}");
    }
    assert_eq!(ends(b"GET /a HTTP/1.1"), None);
}
