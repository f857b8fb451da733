//! The page and its files.

use std::sync::LazyLock;

use sha2::{Digest, Sha256};

use super::health::MessageBody;
use crate::app::{App, Unavailable};
use crate::web::api::Visit;
use crate::web::http::{Fixed, Problem, Response};
use crate::{json, ui};

/// Nothing but our own files runs in the page, and nobody frames it.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
     worker-src 'self'; img-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// What a path in the assets' folder names never changes (RFC 8246 §2).
const FOR_GOOD: &str = "public, max-age=31536000, immutable";

/// The files of the page, each packed at most once.
static FILES: LazyLock<Vec<(&ui::Asset, Fixed)>> =
    LazyLock::new(|| ui::assets().iter().map(|asset| (asset, Fixed::new(asset.bytes))).collect());

/// The page for a browser, a sentence for everything else.
pub(crate) fn root(visit: &Visit<'_>) -> Response {
    let wants_page = visit.head.header("Accept").is_some_and(|accept| accept.contains("text/html"));
    let mut response = match visit.lifecycle.app() {
        Ok(app) if wants_page => page(visit, app),
        Ok(_) => sentence(),
        Err(closed) if wants_page => closed_page(closed),
        Err(closed) => Problem::from(closed).into(),
    };
    response.add_header("Vary", "Accept");
    response
}

/// What the owner reads while the shop cannot be opened. It asks again by itself.
fn closed_page(closed: Unavailable) -> Response {
    let (title, remedy) = match &closed {
        Unavailable::Opening { .. } => ("The shop is being opened", String::new()),
        Unavailable::Failed(failure) => ("The shop cannot be opened", failure.remedy.clone()),
        Unavailable::Refused(_) => ("The shop cannot be opened", String::new()),
    };
    let problem = Problem::from(closed);
    let page = ui::CLOSED
        .replace("{{assets}}", ui::FOLDER.as_str())
        .replace("{{title}}", title)
        .replace("{{remedy}}", &escaped(&remedy))
        // Last, since it holds a path, and a path may hold anything.
        .replace("{{sentence}}", &escaped(&problem.detail));
    let mut response = Response::new(problem.status, ui::HTML, "no-store", page.into_bytes());
    for (name, value) in &problem.headers {
        response.add_header(name, value);
    }
    secured(response)
}

/// Text as HTML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn sentence() -> Response {
    let message = format!("tillsync {} is running. Open this address in a browser.", env!("CARGO_PKG_VERSION"));
    Response::json(200, json::to_vec(&MessageBody { message: &message }))
}

/// The document is asked for each time and seldom sent: it names the folder of the files, so after an upgrade a browser loads
/// all of them anew.
fn page(visit: &Visit<'_>, app: &App) -> Response {
    let currency = app.currency();
    let page = ui::INDEX
        .replace("{{currency}}", currency.code())
        .replace("{{decimals}}", &currency.decimals().to_string())
        .replace("{{assets}}", ui::FOLDER.as_str());
    // Weak, since the same page may be packed or not (RFC 9110 §8.8.1).
    let digest = Sha256::digest(&page);
    let tag = digest.iter().take(8).fold("W/\"".to_string(), |tag, byte| format!("{tag}{byte:02x}")) + "\"";
    let mut response = if has_already(visit, &tag) {
        Response::empty(304, "no-cache")
    } else {
        Response::new(200, ui::HTML, "no-cache", page.into_bytes())
    };
    response.add_header("ETag", &tag);
    secured(response)
}

fn has_already(visit: &Visit<'_>, tag: &str) -> bool {
    let tags = visit.head.header("If-None-Match").unwrap_or_default();
    tags.split(',').map(str::trim).any(|own| own == "*" || own == tag)
}

pub(crate) fn asset(folder: &str, name: &str) -> Result<Response, Problem> {
    let is_named = |asset: &ui::Asset| asset.name == name && folder == ui::FOLDER.as_str();
    let (asset, content) = FILES.iter().find(|(asset, _)| is_named(asset)).ok_or_else(Problem::not_found)?;
    Ok(secured(Response::fixed(asset.content_type, FOR_GOOD, content)))
}

/// The service worker. A browser asks for it at each visit and takes a changed one at once, whatever it has kept.
pub(crate) fn worker(_: &Visit<'_>) -> Response {
    let worker = ui::WORKER.replace("{{assets}}", ui::FOLDER.as_str());
    secured(Response::new(200, ui::SCRIPT, "no-cache", worker.into_bytes()))
}

fn secured(mut response: Response) -> Response {
    response.add_header("Content-Security-Policy", CONTENT_SECURITY_POLICY);
    response
}
