//! Goal: the HTTP front takes everything that a correct client may send, ends what takes too long, and bounds what it holds.
//! Method: raw bytes and real clients against a real server. What must be refused is the table of `hostile`.

mod addresses;
mod ends;
mod limits;
mod taken;

use crate::support::http::Reply;
use crate::support::server::Server;

/// The README's limit for a body.
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
