//! Expectations, upgrades, and sizes beyond the limits.

use super::{
    BODY_BYTES_MAX, Case, HEAD_BYTES_MAX, HEADERS_MAX, TARGET_BYTES_MAX, closed, get, hidden, kept, line, upgrade,
};
use crate::support::wire::{create, create_head, estimate};

pub(super) fn expectations() -> Vec<Case> {
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

pub(super) fn upgrades() -> Vec<Case> {
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

pub(super) fn limits() -> Vec<Case> {
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
