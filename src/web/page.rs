//! The page and its files.

use serde_json::json;

use super::problem::Problem;
use super::request::Visit;
use super::respond::Reply;
use crate::app::Closed;
use crate::ui;

const HTML: &str = "text/html; charset=utf-8";
/// Nothing but our own files runs in the page, and nobody frames it.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
     img-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// The page for a browser, a sentence for everything else.
pub(super) fn root(visit: &Visit<'_>) -> Reply {
    let wants_page = visit.head.header("Accept").is_some_and(|accept| accept.contains("text/html"));
    match visit.shop.app() {
        Ok(app) if wants_page => {
            let page = ui::INDEX.replace("{{currency}}", app.currency().code());
            secured(Reply::asset(HTML, page))
        }
        Ok(_) => {
            let message = format!("tillsync {} is running. Open this address in a browser.", env!("CARGO_PKG_VERSION"));
            Reply::json(200, json!({ "message": message }).to_string().into_bytes())
        }
        Err(closed) if wants_page => closed_page(closed),
        Err(closed) => Problem::from(closed).into(),
    }
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
        .replace("{{title}}", title)
        .replace("{{remedy}}", &escaped(&remedy))
        // Last, since it holds a path, and a path may hold anything.
        .replace("{{sentence}}", &escaped(&problem.detail));
    let mut reply = Reply::page(problem.status, HTML, page);
    for (name, value) in &problem.headers {
        reply.add_header(name, value);
    }
    secured(reply)
}

/// Text as HTML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

pub(super) fn asset(name: &str) -> Result<Reply, Problem> {
    let asset = ui::asset(name).ok_or_else(Problem::not_found)?;
    Ok(secured(Reply::asset(asset.content_type, asset.bytes)))
}

fn secured(mut reply: Reply) -> Reply {
    reply.add_header("Content-Security-Policy", CONTENT_SECURITY_POLICY);
    reply
}
