//! The pages of the manual, in the order in which the contents page lists them.

use super::names::CONTENTS;
use super::render::{self, Frame};

/// The name of the style sheet beside the pages.
pub const STYLE_NAME: &str = "help.css";
/// The style sheet, light and dark, for the screen and for paper.
pub const STYLE: &str = include_str!("help.css");

/// What a browser shows instead of a page that does not exist.
const MISSING: &str = "# There is no such page in the help\n\nThe [contents](index.md) list all pages.\n";

/// A page as it is kept: its name in an address, and its Markdown.
struct MarkdownSource {
    name: &'static str,
    markdown: &'static str,
}

static SOURCES: [MarkdownSource; 14] = [
    MarkdownSource { name: CONTENTS, markdown: include_str!("index.md") },
    MarkdownSource { name: "install", markdown: include_str!("install.md") },
    MarkdownSource { name: "till", markdown: include_str!("till.md") },
    MarkdownSource { name: "wrong", markdown: include_str!("wrong.md") },
    MarkdownSource { name: "backups", markdown: include_str!("backups.md") },
    MarkdownSource { name: "people", markdown: include_str!("people.md") },
    MarkdownSource { name: "devices", markdown: include_str!("devices.md") },
    MarkdownSource { name: "api", markdown: include_str!("api.md") },
    MarkdownSource { name: "live", markdown: include_str!("live.md") },
    MarkdownSource { name: "limits", markdown: include_str!("limits.md") },
    MarkdownSource { name: "speed", markdown: include_str!("speed.md") },
    MarkdownSource { name: "tested", markdown: include_str!("tested.md") },
    MarkdownSource { name: "inside", markdown: include_str!("inside.md") },
    MarkdownSource { name: "development", markdown: include_str!("development.md") },
];

/// A page as a browser shows it.
#[derive(Debug)]
pub struct Document {
    /// The last part of its address.
    pub name: &'static str,
    /// A whole HTML document.
    pub html: String,
}

/// Every page, rendered. `icon` is the address of the shop's icon.
pub fn documents(icon: &str) -> Vec<Document> {
    let rendered: Vec<_> = SOURCES.iter().map(|source| (source.name, render::render(source.markdown))).collect();
    let of = |place: usize| {
        let (name, page) = rendered.get(place)?;
        let next = rendered.get(place + 1).filter(|_| *name != CONTENTS);
        let next = next.map(|(name, page)| (*name, page.title.as_str()));
        Some(Document { name, html: Frame { icon, next }.document(page) })
    };
    (0..rendered.len()).filter_map(of).collect()
}

/// The document for the address of a page that does not exist.
pub fn missing(icon: &str) -> String {
    Frame { icon, next: None }.document(&render::render(MISSING))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contents_list_every_page_in_its_order() {
        let contents = SOURCES[0].markdown;
        let listed: Vec<&str> = contents.split("](").skip(1).filter_map(|rest| rest.split(".md)").next()).collect();
        let pages: Vec<&str> = SOURCES.iter().skip(1).map(|source| source.name).collect();
        assert_eq!(listed, pages);
    }

    #[test]
    fn nothing_is_inline_or_left_to_be_filled_in() {
        for Document { name, html } in documents("/icon.svg") {
            for forbidden in ["<script", "<style", " style=", "{{"] {
                assert!(!html.contains(forbidden), "{name}: {forbidden}");
            }
            assert_eq!(html.matches("<h1").count(), 1, "{name}");
        }
    }
}
