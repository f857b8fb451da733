//! Requests as they stand on the wire, for tests that send bytes.

use std::fmt::Write as _;

use super::samples;

/// A valid body of a create.
pub fn estimate() -> String {
    samples::estimate("Asha").to_string()
}

/// The head of a create with these further header lines, each with its line end.
pub fn create_head(headers: &str) -> String {
    format!("POST /api/estimates/create HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\n{headers}\r\n")
}

/// A complete create with its length.
pub fn create() -> String {
    let body = estimate();
    create_head(&format!("Content-Length: {}\r\n", body.len())) + &body
}

/// A create whose chunked body is given as it stands on the wire.
pub fn chunked_create(chunks: &str) -> String {
    create_head("Transfer-Encoding: chunked\r\n") + chunks
}

/// `body` in chunks of `size` bytes, with the last chunk but without the line that ends the trailers.
pub fn open_chunks(body: &str, size: usize) -> String {
    let mut chunks = String::new();
    for chunk in body.as_bytes().chunks(size) {
        write!(chunks, "{:x}\r\n{}\r\n", chunk.len(), std::str::from_utf8(chunk).unwrap()).unwrap();
    }
    chunks + "0\r\n"
}

/// `body` in chunks of `size` bytes.
pub fn in_chunks(body: &str, size: usize) -> String {
    open_chunks(body, size) + "\r\n"
}
