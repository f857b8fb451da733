//! Lengths, codings, chunks, and the bodies of requests that are refused.

use super::{Case, closed, get, hidden, kept};
use crate::support::wire::{chunked_create as chunked, create, create_head, estimate, in_chunks, open_chunks};

pub(super) fn lengths() -> Vec<Case> {
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

pub(super) fn codings() -> Vec<Case> {
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

pub(super) fn chunks() -> Vec<Case> {
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

pub(super) fn chunk_sizes() -> Vec<Case> {
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
pub(super) fn bodies_of_refused_requests() -> Vec<Case> {
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
