//! `/help`: the manual, for a shop without internet. It is there as long as the program runs, whether or not the shop is
//! open.

use std::sync::LazyLock;

use super::page::{has_already, secured, tag_of, wants_page};
use super::problem::Problem;
use super::request::Visit;
use super::respond::{Fixed, Reply};
use crate::{manual, ui};

const STYLE: &str = "text/css; charset=utf-8";

/// A page of the manual, or its style sheet.
struct Leaf {
    name: &'static str,
    content_type: &'static str,
    tag: String,
    content: Fixed,
}

/// All of it, rendered at the first question and packed at most once.
static LEAVES: LazyLock<Vec<Leaf>> = LazyLock::new(|| {
    let pages = manual::documents(&icon()).into_iter().map(|page| leaf(page.name, ui::HTML, page.html.into_bytes()));
    pages.chain([leaf(manual::STYLE_NAME, STYLE, manual::STYLE.into())]).collect()
});

fn leaf(name: &'static str, content_type: &'static str, content: Vec<u8>) -> Leaf {
    Leaf { name, content_type, tag: tag_of(&content), content: Fixed::new(content) }
}

fn icon() -> String {
    format!("/ui/{}/icon.svg", ui::FOLDER.as_str())
}

/// What changes with any page.
pub(super) fn version() -> String {
    let tags: String = LEAVES.iter().map(|leaf| leaf.tag.as_str()).collect();
    tag_of(tags.as_bytes())
}

/// The contents page.
pub(super) fn contents(visit: &Visit<'_>) -> Result<Reply, Problem> {
    page(visit, manual::CONTENTS)
}

/// One page. A browser is asked to ask each time, so that an upgrade shows at once, and gets it once.
pub(super) fn page(visit: &Visit<'_>, name: &str) -> Result<Reply, Problem> {
    let Some(leaf) = LEAVES.iter().find(|leaf| leaf.name == name) else { return missing(visit) };
    let mut reply = if has_already(visit, &leaf.tag) {
        Reply::empty(304, "no-cache")
    } else {
        Reply::fixed(leaf.content_type, "no-cache", &leaf.content)
    };
    reply.add_header("ETag", &leaf.tag);
    Ok(secured(reply))
}

/// The way to the contents for a person, the usual problem for a program.
fn missing(visit: &Visit<'_>) -> Result<Reply, Problem> {
    if !wants_page(visit) {
        return Err(Problem::not_found().with_header("Vary", "Accept"));
    }
    let mut reply = Reply::new(404, ui::HTML, "no-store", manual::missing(&icon()).into_bytes());
    reply.add_header("Vary", "Accept");
    Ok(secured(reply))
}
