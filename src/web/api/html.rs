//! What all HTML answers have in common: the content-security policy, the tag by which a browser knows what it has, and
//! whether it is a browser that asks (content negotiation, RFC 9110 §12.5.1).

use sha2::{Digest, Sha256};

use super::request::Visit;
use crate::web::http::Response;

/// Nothing but our own files runs in the page, and nobody frames it.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
     worker-src 'self'; img-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// Whether a browser asks, for a person to look at the answer.
pub(crate) fn wants_page(visit: &Visit<'_>) -> bool {
    visit.head.header("Accept").is_some_and(|accept| accept.contains("text/html"))
}

/// The `ETag` of a page. Weak, since the same page may be packed or not (RFC 9110 §8.8.1).
pub(crate) fn tag_of(page: &[u8]) -> String {
    let digest = Sha256::digest(page);
    digest.iter().take(8).fold("W/\"".to_string(), |tag, byte| format!("{tag}{byte:02x}")) + "\""
}

/// Whether the browser has a page with this tag.
pub(crate) fn has_already(visit: &Visit<'_>, tag: &str) -> bool {
    let tags = visit.head.header("If-None-Match").unwrap_or_default();
    tags.split(',').map(str::trim).any(|own| own == "*" || own == tag)
}

/// Forbids whatever the page does not need.
pub(crate) fn secured(mut response: Response) -> Response {
    response.add_header("Content-Security-Policy", CONTENT_SECURITY_POLICY);
    response
}
