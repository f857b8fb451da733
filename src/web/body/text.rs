//! A request body as the text of a JSON document, and whether it says that it is one.

use crate::web::http::{Framing, Head, Problem};

/// U+FEFF, three bytes as UTF-8.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// There is no body where there must be one.
pub(crate) fn missing_body(head: &Head) -> Problem {
    match head.framing {
        Framing::None => Problem::new(411, "This request needs a body; send it with its Content-Length"),
        Framing::Length(_) | Framing::Chunked => Problem::new(400, "The request body is empty"),
    }
}

/// The body as text of a JSON document; `None` if there is none. An error if it is something else.
pub(crate) fn optional_json_text<'a>(head: &Head, body: &'a [u8]) -> Result<Option<&'a str>, Problem> {
    if body.is_empty() {
        return Ok(None);
    }
    let content_type = head.header("Content-Type").unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/json") {
        return Err(Problem::new(415, "Send the body as JSON, with Content-Type: application/json"));
    }
    if head.values("Content-Encoding").any(|codings| !is_identity(codings)) {
        let problem =
            Problem::new(415, "Send the body as it is: no Content-Encoding, such as gzip, is understood here");
        return Err(problem.with_header("Accept-Encoding", "identity"));
    }
    let text = std::str::from_utf8(body).map_err(|_| Problem::new(400, "The request body is not UTF-8 text"))?;
    // RFC 8259 §8.1: a byte order mark may be ignored. Some programs write one in front of all that they write.
    Ok(Some(text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text)))
}

/// Whether a list of content codings says that there is none (RFC 9110 §8.4).
fn is_identity(codings: &str) -> bool {
    codings.split(',').map(str::trim).all(|coding| coding.is_empty() || coding.eq_ignore_ascii_case("identity"))
}
