//! Conditional requests (RFC 9110 §13): a change only of the revision that its sender has seen, and no answer with a record that
//! its reader has.

use crate::web::http::{Head, Problem};

/// The revisions that `If-Match` names (RFC 9110 §13.1.1), one of which the record is to have. `None` inside if it names any.
pub(crate) fn if_match(head: &Head) -> Result<Option<Option<Vec<u32>>>, Problem> {
    match head.header("If-Match").map(str::trim) {
        None => Ok(None),
        Some("*") => Ok(Some(None)),
        Some(tags) => {
            let revs: Option<Vec<u32>> = tags.split(',').map(|tag| tag_rev(tag.trim())).collect();
            let malformed = || Problem::new(400, "If-Match must be the ETag of a record, such as \"3\"");
            revs.ok_or_else(malformed).map(|revs| Some(Some(revs)))
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
