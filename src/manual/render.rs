//! Renders Markdown, with tables, as HTML. Headings get the anchors that GitHub gives them, and a link to
//! another page leads to where the server has it, so that one link works in both places.

use super::names::CONTENTS;
use pulldown_cmark::{CowStr, Event, HeadingLevel, LinkType, Options, Parser, Tag, TagEnd, html};

/// The document around each page.
const TEMPLATE: &str = include_str!("page.html");
/// From so many headings on a page begins with a list of them.
const LISTED_HEADINGS_MIN: usize = 4;

/// A page's content as HTML.
pub(super) struct Rendered {
    /// Its first heading.
    pub title: String,
    content: String,
}

/// What stands around the content.
pub(super) struct Frame<'a> {
    pub icon: &'a str,
    /// Name and title of the page to read next.
    pub next: Option<(&'a str, &'a str)>,
}

impl Frame<'_> {
    /// A whole HTML document.
    pub fn document(&self, page: &Rendered) -> String {
        let next = self.next.map_or_else(String::new, |(name, title)| {
            format!("<p>Next: <a href=\"/help/{name}\" rel=\"next\">{title}</a></p>")
        });
        // The content comes last: it may hold anything.
        let frame = TEMPLATE.replace("{{icon}}", self.icon).replace("{{title}}", &page.title);
        frame.replace("{{next}}", &next).replace("{{content}}", &page.content)
    }
}

struct Heading {
    /// Its place among the events.
    place: usize,
    level: HeadingLevel,
    text: String,
    anchor: String,
}

pub(super) fn render(markdown: &str) -> Rendered {
    let mut events: Vec<Event<'_>> = Parser::new_ext(markdown, Options::ENABLE_TABLES).map(linked).collect();
    let headings = anchor(&mut events);
    let parts: Vec<&Heading> = headings.iter().filter(|heading| heading.level == HeadingLevel::H2).collect();
    if parts.len() >= LISTED_HEADINGS_MIN
        && let Some(first) = parts.first()
    {
        events.splice(first.place..first.place, list_of(&parts));
    }
    let mut content = String::new();
    html::push_html(&mut content, events.into_iter());
    let title = headings.into_iter().next().map(|heading| heading.text).unwrap_or_default();
    Rendered { title, content: scrollable(&content) }
}

/// A link to another page of the manual leads to its address.
fn linked(event: Event<'_>) -> Event<'_> {
    match event {
        Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
            let dest_url = address_of(&dest_url).map_or(dest_url, CowStr::from);
            Event::Start(Tag::Link { link_type, dest_url, title, id })
        }
        other => other,
    }
}

/// `limits.md#head` as `/help/limits#head`, and `index.md` as `/help`; nothing for a link that stays as it is.
fn address_of(link: &str) -> Option<String> {
    let (file, anchor) = link.split_once('#').map_or((link, None), |(file, anchor)| (file, Some(anchor)));
    let name = file.strip_suffix(".md").filter(|name| !name.contains([':', '/']))?;
    let path = if name == CONTENTS { "/help".to_string() } else { format!("/help/{name}") };
    Some(anchor.map_or(path.clone(), |anchor| format!("{path}#{anchor}")))
}

/// Gives every heading its anchor.
fn anchor(events: &mut [Event<'_>]) -> Vec<Heading> {
    let starts: Vec<usize> = (0..)
        .zip(events.iter())
        .filter(|(_, event)| matches!(event, Event::Start(Tag::Heading { .. })))
        .map(|(place, _)| place)
        .collect();
    let mut headings = Vec::new();
    for place in starts {
        let inside = events.iter().skip(place).take_while(|event| !matches!(event, Event::End(TagEnd::Heading(_))));
        let text: String = inside.filter_map(text_of).collect();
        if let Some(Event::Start(Tag::Heading { level, id, .. })) = events.get_mut(place) {
            let anchor = anchor_of(&text);
            *id = Some(anchor.clone().into());
            headings.push(Heading { place, level: *level, text, anchor });
        }
    }
    headings
}

fn text_of<'a>(event: &'a Event<'_>) -> Option<&'a str> {
    match event {
        Event::Text(text) | Event::Code(text) => Some(text),
        _ => None,
    }
}

/// The anchor of a heading, as GitHub makes it.
fn anchor_of(heading: &str) -> String {
    let kept = heading.chars().filter(|sign| sign.is_alphanumeric() || matches!(sign, ' ' | '-' | '_'));
    kept.flat_map(char::to_lowercase).map(|sign| if sign == ' ' { '-' } else { sign }).collect()
}

/// The list of a page's headings, each a link to its place.
fn list_of<'a>(headings: &[&Heading]) -> Vec<Event<'a>> {
    let mut events =
        vec![Event::Html("<nav class=\"here\" aria-label=\"On this page\">\n".into()), Event::Start(Tag::List(None))];
    for heading in headings {
        let dest_url = format!("#{}", heading.anchor).into();
        let link = Tag::Link { link_type: LinkType::Inline, dest_url, title: "".into(), id: "".into() };
        events.extend([
            Event::Start(Tag::Item),
            Event::Start(link),
            Event::Text(heading.text.clone().into()),
            Event::End(TagEnd::Link),
            Event::End(TagEnd::Item),
        ]);
    }
    events.extend([Event::End(TagEnd::List(false)), Event::Html("</nav>\n".into())]);
    events
}

/// What may be wider than a phone scrolls in itself, also by keyboard. Text is escaped, so these tags are the renderer's
/// own.
fn scrollable(content: &str) -> String {
    content
        .replace("<table>", "<div class=\"wide\" role=\"group\" aria-label=\"Table\" tabindex=\"0\"><table>")
        .replace("</table>", "</table></div>")
        .replace("<pre>", "<pre tabindex=\"0\">")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_between_pages_lead_to_their_addresses_and_others_stay() {
        for (link, expected) in [
            ("limits.md", "/help/limits"),
            ("api.md#health", "/help/api#health"),
            ("index.md", "/help"),
            ("#here", "#here"),
            ("https://example.org/a.md", "https://example.org/a.md"),
        ] {
            let html = render(&format!("# Title\n\n[text]({link})\n")).content;
            assert!(html.contains(&format!("<a href=\"{expected}\">text</a>")), "{html}");
        }
    }

    #[test]
    fn a_heading_has_the_anchor_that_github_gives_it() {
        let page = render("# A title\n\n## Two people, one `record`\n");
        assert_eq!(page.title, "A title");
        assert!(page.content.contains("<h2 id=\"two-people-one-record\">"), "{}", page.content);
    }

    #[test]
    fn a_long_page_lists_its_parts() {
        let page = render("# A title\n\nWords.\n\n## One & only\n\n## Two\n\n## Three\n\n## Four\n");
        assert!(page.content.contains("<li><a href=\"#one--only\">One &amp; only</a></li>"), "{}", page.content);
        assert!(!render("# A title\n\n## One\n").content.contains("<nav"));
    }

    #[test]
    fn text_that_looks_like_markup_stays_text() {
        let page = render("# A title\n\n`<table>` and `<pre>`\n\n| a |\n|---|\n| `</table>` |\n");
        assert_eq!(page.content.matches("<div class=\"wide\"").count(), 1);
        assert_eq!(page.content.matches("</table></div>").count(), 1);
        assert!(!page.content.contains("<pre"));
    }
}
