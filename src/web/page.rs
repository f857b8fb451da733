//! The page and its files.

use std::sync::LazyLock;

use serde_json::json;
use sha2::{Digest, Sha256};

use super::problem::Problem;
use super::request::Request;
use super::respond::{Fixed, Reply};
use crate::ui;

/// Nothing but our own files runs in the page, and nobody frames it.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
     img-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// What a path in the assets' folder names never changes (RFC 8246 §2).
const FOR_GOOD: &str = "public, max-age=31536000, immutable";

/// The files of the page, each packed at most once.
static FILES: LazyLock<Vec<(&ui::Asset, Fixed)>> =
    LazyLock::new(|| ui::assets().iter().map(|asset| (asset, Fixed::new(asset.bytes))).collect());

/// The page for a browser, a sentence for everything else.
pub(super) fn root(request: &Request<'_>) -> Reply {
    let wants_page = request.head.header("Accept").is_some_and(|accept| accept.contains("text/html"));
    let mut reply = if wants_page { page(request) } else { sentence() };
    reply.add_header("Vary", "Accept");
    reply
}

fn sentence() -> Reply {
    let message = format!("tillsync {} is running. Open this address in a browser.", env!("CARGO_PKG_VERSION"));
    Reply::json(200, json!({ "message": message }).to_string().into_bytes())
}

/// The document is asked for each time and seldom sent: it names the folder of the files, so after an upgrade a browser loads
/// all of them anew.
fn page(request: &Request<'_>) -> Reply {
    let page =
        ui::INDEX.replace("{{currency}}", request.app.currency().code()).replace("{{assets}}", ui::FOLDER.as_str());
    // Weak, since the same page may be packed or not (RFC 9110 §8.8.1).
    let digest = Sha256::digest(&page);
    let tag = digest.iter().take(8).fold("W/\"".to_string(), |tag, byte| format!("{tag}{byte:02x}")) + "\"";
    let mut reply = if has_already(request, &tag) {
        Reply::empty(304, "no-cache")
    } else {
        Reply::new(200, "text/html; charset=utf-8", "no-cache", page.into_bytes())
    };
    reply.add_header("ETag", &tag);
    secured(reply)
}

fn has_already(request: &Request<'_>, tag: &str) -> bool {
    let tags = request.head.header("If-None-Match").unwrap_or_default();
    tags.split(',').map(str::trim).any(|own| own == "*" || own == tag)
}

pub(super) fn asset(folder: &str, name: &str) -> Result<Reply, Problem> {
    let is_named = |asset: &ui::Asset| asset.name == name && folder == ui::FOLDER.as_str();
    let (asset, content) = FILES.iter().find(|(asset, _)| is_named(asset)).ok_or_else(Problem::not_found)?;
    Ok(secured(Reply::fixed(asset.content_type, FOR_GOOD, content)))
}

fn secured(mut reply: Reply) -> Reply {
    reply.add_header("Content-Security-Policy", CONTENT_SECURITY_POLICY);
    reply
}
