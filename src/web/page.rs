//! The page and its files.

use serde_json::json;

use super::problem::Problem;
use super::request::Request;
use super::respond::Reply;
use crate::ui;

/// Nothing but our own files runs in the page, and nobody frames it.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
     img-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// The page for a browser, a sentence for everything else.
pub(super) fn root(request: &Request<'_>) -> Reply {
    let wants_page = request.head.header("Accept").is_some_and(|accept| accept.contains("text/html"));
    if !wants_page {
        let message = format!("tillsync {} is running. Open this address in a browser.", env!("CARGO_PKG_VERSION"));
        return Reply::json(200, json!({ "message": message }).to_string().into_bytes());
    }
    let page = ui::INDEX.replace("{{currency}}", request.app.currency().code());
    secured(Reply::asset("text/html; charset=utf-8", page))
}

pub(super) fn asset(name: &str) -> Result<Reply, Problem> {
    let asset = ui::asset(name).ok_or_else(Problem::not_found)?;
    Ok(secured(Reply::asset(asset.content_type, asset.bytes.as_slice())))
}

fn secured(mut reply: Reply) -> Reply {
    reply.add_header("Content-Security-Policy", CONTENT_SECURITY_POLICY);
    reply
}
