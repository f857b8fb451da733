//! `/help`: the manual, for a shop without internet. It is there as long as the program runs, whether or not the shop is
//! open.

use std::sync::LazyLock;

use super::html::{has_already, secured, tag_of, wants_page};
use super::request::Visit;
use crate::web::http::{Fixed, Problem, Response};
use crate::{manual, ui};

const STYLE: &str = "text/css; charset=utf-8";

/// A page of the manual, or its style sheet.
struct Leaf {
    name: &'static str,
    content_type: &'static str,
    tag: String,
    content: Fixed,
}

/// All of it, rendered at the first question.
static LEAVES: LazyLock<Vec<Leaf>> = LazyLock::new(|| {
    let pages = manual::documents(&icon()).into_iter().map(|page| leaf(page.name, ui::HTML, page.html.into_bytes()));
    pages.chain([leaf(manual::STYLE_NAME, STYLE, manual::STYLE.into())]).collect()
});

fn leaf(name: &'static str, content_type: &'static str, content: Vec<u8>) -> Leaf {
    Leaf { name, content_type, tag: tag_of(&content), content: Fixed::new(content.into()) }
}

fn icon() -> String {
    format!("/ui/{}/icon.svg", ui::FOLDER.as_str())
}

/// What changes with any page.
pub(crate) fn version() -> String {
    let tags: String = LEAVES.iter().map(|leaf| leaf.tag.as_str()).collect();
    tag_of(tags.as_bytes())
}

/// One page. A browser is asked to ask each time, so that an upgrade shows at once, and gets it once.
pub(crate) fn page(visit: &Visit<'_>, name: &str) -> Result<Response, Problem> {
    let Some(leaf) = LEAVES.iter().find(|leaf| leaf.name == name) else { return missing(visit) };
    let mut response = if has_already(visit, &leaf.tag) {
        Response::empty(304, "no-cache")
    } else {
        Response::fixed(leaf.content_type, "no-cache", &leaf.content)
    };
    response.add_header("ETag", &leaf.tag);
    Ok(secured(response))
}

/// The way to the contents for a person, the usual problem for a program.
fn missing(visit: &Visit<'_>) -> Result<Response, Problem> {
    if !wants_page(visit) {
        return Err(Problem::not_found().with_header("Vary", "Accept"));
    }
    let mut response = Response::new(404, ui::HTML, "no-store", manual::missing(&icon()).into_bytes());
    response.add_header("Vary", "Accept");
    Ok(secured(response))
}
