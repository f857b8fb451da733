//! Goal: no bytes make the head's parser panic, and where its input is cut does not change what it says. Method: valid heads,
//! spoilt, with a fixed budget.

use super::super::mutation::{fuzz, spoilt};
use super::*;

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
        assert!(head.headers().count() <= HEADERS_MAX);
        for cut in 0..length {
            assert!(matches!(parse(&bytes[..cut]), Ok(Parsed::Partial)), "cut at {cut}");
        }
        // What follows is another request's and changes nothing.
        let Ok(Parsed::Complete(alone, _)) = parse(&bytes[..length]) else { panic!("needs what follows") };
        assert_eq!((alone.target(), alone.framing, alone.host()), (head.target(), head.framing, head.host()));
        // One length, one coding, one host, whatever the spelling.
        let count = |name: &str| head.headers().filter(|(own, _)| own.eq_ignore_ascii_case(name)).count();
        assert!(count("Content-Length") + count("Transfer-Encoding") <= 1 && count("Host") <= 1);
        assert_eq!(head.framing == Framing::None, count("Content-Length") + count("Transfer-Encoding") == 0);
        let (host, text) = (head.host(), &head.text);
        assert!(!host.contains(|c: char| c.is_whitespace() || "@/,\\?#".contains(c)), "{host:?}");
        assert!(text.matches('\n').count() == text.matches("\r\n").count() && !text.contains('\0'), "{text:?}");
    });
}
