//! The page and its files.

use std::sync::{LazyLock, OnceLock};

use serde_json::json;
use sha2::{Digest, Sha256};

use super::problem::Problem;
use super::request::Visit;
use super::respond::{Fixed, Reply};
use crate::app::{App, Closed};
use crate::domain::Currency;
use crate::ui;

/// Nothing but our own files runs in the page, and nobody frames it.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
     worker-src 'self'; img-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// What a path in the assets' folder names never changes (RFC 8246 §2).
const FOR_GOOD: &str = "public, max-age=31536000, immutable";

/// The files of the page.
static FILES: LazyLock<Vec<(&ui::Asset, Fixed)>> =
    LazyLock::new(|| ui::assets().iter().map(|asset| (asset, fixed(asset))).collect());

static WORKER: LazyLock<Fixed> = LazyLock::new(|| fixed(ui::worker()));

/// The document, for the currency of the shop that this program serves.
static DOCUMENT: OnceLock<Document> = OnceLock::new();

struct Document {
    currency: Currency,
    content: Fixed,
    tag: String,
}

impl Document {
    fn new(currency: Currency) -> Self {
        let page = ui::INDEX
            .replace("{{currency}}", currency.code())
            .replace("{{decimals}}", &currency.decimals().to_string())
            .replace("{{assets}}", ui::FOLDER.as_str());
        // Weak, since the same page may be compressed or not (RFC 9110 §8.8.1).
        let digest = Sha256::digest(&page);
        let tag = digest.iter().take(8).fold("W/\"".to_string(), |tag, byte| format!("{tag}{byte:02x}")) + "\"";
        let packed = ui::gzip(page.as_bytes());
        Self { currency, content: Fixed::new(page.into_bytes(), packed), tag }
    }
}

/// Compresses the page, so that no browser waits for that.
pub(super) fn prepare() {
    LazyLock::force(&FILES);
    LazyLock::force(&WORKER);
}

fn fixed(asset: &'static ui::Asset) -> Fixed {
    Fixed::new(asset.plain.as_slice(), asset.gzip.as_slice())
}

/// The page for a browser, a sentence for everything else.
pub(super) fn root(visit: &Visit<'_>) -> Reply {
    let wants_page = visit.head.header("Accept").is_some_and(|accept| accept.contains("text/html"));
    let mut reply = match visit.shop.app() {
        Ok(app) if wants_page => page(visit, app),
        Ok(_) => sentence(),
        Err(closed) if wants_page => closed_page(closed),
        Err(closed) => Problem::from(closed).into(),
    };
    reply.add_header("Vary", "Accept");
    reply
}

/// What the owner reads while the shop cannot be opened. It asks again by itself.
fn closed_page(closed: Closed) -> Reply {
    let (title, remedy) = match &closed {
        Closed::Opening { .. } => ("The shop is being opened", String::new()),
        Closed::Failed(failure) => ("The shop cannot be opened", failure.remedy.clone()),
        Closed::Refused(_) => ("The shop cannot be opened", String::new()),
    };
    let problem = Problem::from(closed);
    let page = ui::CLOSED
        .replace("{{assets}}", ui::FOLDER.as_str())
        .replace("{{title}}", title)
        .replace("{{remedy}}", &escaped(&remedy))
        // Last, since it holds a path, and a path may hold anything.
        .replace("{{sentence}}", &escaped(&problem.detail));
    let mut reply = Reply::new(problem.status, ui::HTML, "no-store", page.into_bytes());
    for (name, value) in &problem.headers {
        reply.add_header(name, value);
    }
    secured(reply)
}

/// Text as HTML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn sentence() -> Reply {
    let message = format!("tillsync {} is running. Open this address in a browser.", env!("CARGO_PKG_VERSION"));
    Reply::json(200, json!({ "message": message }).to_string().into_bytes())
}

/// The document is asked for each time and seldom sent: it names the folder of the files, so after an upgrade a browser loads
/// all of them anew.
fn page(visit: &Visit<'_>, app: &App) -> Reply {
    let currency = app.currency();
    let document = DOCUMENT.get_or_init(|| Document::new(currency));
    debug_assert_eq!(document.currency, currency, "a program serves one shop, which keeps its currency");
    let mut reply = if has_already(visit, &document.tag) {
        Reply::empty(304, "no-cache")
    } else {
        Reply::fixed(ui::HTML, "no-cache", &document.content)
    };
    reply.add_header("ETag", &document.tag);
    secured(reply)
}

fn has_already(visit: &Visit<'_>, tag: &str) -> bool {
    let tags = visit.head.header("If-None-Match").unwrap_or_default();
    tags.split(',').map(str::trim).any(|own| own == "*" || own == tag)
}

/// A file; `part` is the folder in which it stands, empty for none.
pub(super) fn asset(folder: &str, part: &str, name: &str) -> Result<Reply, Problem> {
    let is_named = |asset: &ui::Asset| {
        asset.path.rsplit_once('/').unwrap_or(("", asset.path)) == (part, name) && folder == ui::FOLDER.as_str()
    };
    let (asset, content) = FILES.iter().find(|(asset, _)| is_named(asset)).ok_or_else(Problem::not_found)?;
    Ok(secured(Reply::fixed(asset.content_type, FOR_GOOD, content)))
}

/// The service worker. A browser asks for it at each visit and takes a changed one at once, whatever it has kept.
pub(super) fn worker() -> Reply {
    secured(Reply::fixed(ui::worker().content_type, "no-cache", &WORKER))
}

fn secured(mut reply: Reply) -> Reply {
    reply.add_header("Content-Security-Policy", CONTENT_SECURITY_POLICY);
    reply
}
