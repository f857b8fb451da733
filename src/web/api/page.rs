//! The page and its files.

use std::borrow::Cow;
use std::sync::{LazyLock, OnceLock};

use super::health::MessageBody;
use super::help;
use super::html::{has_already, secured, tag_of, wants_page};
use super::request::Visit;
use crate::app::{App, Unavailable};
use crate::domain::Currency;
use crate::web::http::{Fixed, Problem, Response};
use crate::{json, ui};

/// What a path in the assets' folder names never changes (RFC 8246 §2).
const FOR_GOOD: &str = "public, max-age=31536000, immutable";

/// The files of the page.
static FILES: LazyLock<Vec<(&ui::Asset, Fixed)>> =
    LazyLock::new(|| ui::assets().iter().map(|asset| (asset, Fixed::new(Cow::Borrowed(&*asset.content)))).collect());

/// The service worker. One that differs is installed anew, and so are its copies of the help.
static WORKER: LazyLock<Fixed> = LazyLock::new(|| {
    let worker = String::from_utf8_lossy(&ui::worker().content).replace("{{help}}", &help::version());
    Fixed::new(worker.into_bytes().into())
});

/// The document, for the currency of the shop that is asked for it first: a program serves one.
static DOCUMENT: OnceLock<ShopPage> = OnceLock::new();

struct ShopPage {
    currency: Currency,
    content: Fixed,
    tag: String,
}

impl ShopPage {
    fn new(currency: Currency) -> Self {
        let page = document(currency).into_bytes();
        Self { currency, tag: tag_of(&page), content: Fixed::new(page.into()) }
    }
}

fn document(currency: Currency) -> String {
    ui::INDEX
        .replace("{{currency}}", currency.code())
        .replace("{{decimals}}", &currency.decimals().to_string())
        .replace("{{assets}}", ui::FOLDER.as_str())
}

/// The page for a browser, a sentence for everything else.
pub(crate) fn root(visit: &Visit<'_>) -> Response {
    let wants_page = wants_page(visit);
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
    let kept = DOCUMENT.get_or_init(|| ShopPage::new(currency));
    if kept.currency != currency {
        return secured(Response::new(200, ui::HTML, "no-cache", document(currency).into_bytes()));
    }
    let mut response = if has_already(visit, &kept.tag) {
        Response::empty(304, "no-cache")
    } else {
        Response::fixed(ui::HTML, "no-cache", &kept.content)
    };
    response.add_header("ETag", &kept.tag);
    secured(response)
}

/// A file; `part` is the folder in which it stands, empty for none.
pub(crate) fn asset(folder: &str, part: &str, name: &str) -> Result<Response, Problem> {
    let is_named = |asset: &ui::Asset| {
        asset.path.rsplit_once('/').unwrap_or(("", asset.path)) == (part, name) && folder == ui::FOLDER.as_str()
    };
    let (asset, content) = FILES.iter().find(|(asset, _)| is_named(asset)).ok_or_else(Problem::not_found)?;
    Ok(secured(Response::fixed(asset.content_type, FOR_GOOD, content)))
}

/// The service worker. A browser asks for it at each visit and takes a changed one at once, whatever it has kept.
pub(crate) fn worker(_: &Visit<'_>) -> Response {
    secured(Response::fixed(ui::worker().content_type, "no-cache", &WORKER))
}
