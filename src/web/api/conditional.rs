//! Conditional requests (RFC 9110 §13): a change only of the revision that its sender has seen, and no answer with a record that
//! its reader has.

use crate::web::http::{Head, Problem};

/// What `If-Match` says (RFC 9110 §13.1.1).
pub(crate) enum IfMatch {
    Unsaid,
    /// The record, whatever its revision.
    Any,
    /// The record with one of these revisions.
    OneOf(Vec<u32>),
}

/// Reads `If-Match`.
pub(crate) fn if_match(head: &Head) -> Result<IfMatch, Problem> {
    match head.header("If-Match").map(str::trim) {
        None => Ok(IfMatch::Unsaid),
        Some("*") => Ok(IfMatch::Any),
        Some(tags) => {
            let revs: Option<Vec<u32>> = tags.split(',').map(|tag| tag_rev(tag.trim())).collect();
            let malformed = || Problem::new(400, "If-Match must be the ETag of a record, such as \"3\"");
            revs.ok_or_else(malformed).map(IfMatch::OneOf)
        }
    }
}

/// Whether the client has this revision of a record (RFC 9110 §13.1.2, weak comparison).
pub(crate) fn has_already(head: &Head, rev: u32) -> bool {
    head.header("If-None-Match").is_some_and(|tags| {
        tags.split(',')
            .map(str::trim)
            .any(|tag| tag == "*" || tag_rev(tag.strip_prefix("W/").unwrap_or(tag)) == Some(rev))
    })
}

/// The revision in an `ETag`.
fn tag_rev(tag: &str) -> Option<u32> {
    tag.strip_prefix('"')?.strip_suffix('"')?.parse().ok()
}
