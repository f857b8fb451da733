//! The web page, embedded: HTML, style sheets, icon and native JavaScript modules, as they stand in this folder.
//! There is no build step; what is only for the reader of the source is left out when the program starts (`lean`). This module
//! imports nothing; it is the one list of what the page consists of.

mod lean;

use std::fmt::Write;
use std::sync::LazyLock;

use sha2::{Digest, Sha256};

use lean::lean;

/// One file of the page, served under `/ui/<FOLDER>/<name>`.
#[derive(Debug)]
pub struct Asset {
    /// Its file name, which is also the last part of its path.
    pub name: &'static str,
    /// The value of its `Content-Type` header.
    pub content_type: &'static str,
    /// Its content as it is served.
    pub bytes: Vec<u8>,
}

/// The document at `/`. The server replaces the literal text `{{currency}}` by the shop's currency code, and `{{assets}}` by
/// [`FOLDER`].
pub static INDEX: LazyLock<String> = LazyLock::new(|| lean(HTML, include_str!("index.html")));

/// The document at `/` while the shop cannot be opened. The server replaces `{{title}}`, `{{sentence}}`, `{{remedy}}`
/// and `{{assets}}`.
pub const CLOSED: &str = include_str!("closed.html");

/// The service worker at `/sw.js`, which keeps a copy of the page. The server replaces `{{assets}}`.
pub static WORKER: LazyLock<String> = LazyLock::new(|| lean(SCRIPT, include_str!("sw.js")));

/// The type of documents.
pub const HTML: &str = "text/html; charset=utf-8";
/// The type of scripts.
pub const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const SVG: &str = "image/svg+xml";

/// Name, type and source of each file.
const SOURCES: [(&str, &str, &str); 33] = [
    ("actions.js", SCRIPT, include_str!("actions.js")),
    ("amounts.js", SCRIPT, include_str!("amounts.js")),
    ("api.js", SCRIPT, include_str!("api.js")),
    ("book.js", SCRIPT, include_str!("book.js")),
    ("catalogue.js", SCRIPT, include_str!("catalogue.js")),
    ("dark.css", STYLE, include_str!("dark.css")),
    ("db.js", SCRIPT, include_str!("db.js")),
    ("dialog.js", SCRIPT, include_str!("dialog.js")),
    ("dom.js", SCRIPT, include_str!("dom.js")),
    ("draft.js", SCRIPT, include_str!("draft.js")),
    ("figures.js", SCRIPT, include_str!("figures.js")),
    ("form.js", SCRIPT, include_str!("form.js")),
    ("format.js", SCRIPT, include_str!("format.js")),
    ("home.js", SCRIPT, include_str!("home.js")),
    ("icon.svg", SVG, include_str!("icon.svg")),
    ("icons.js", SCRIPT, include_str!("icons.js")),
    ("live.js", SCRIPT, include_str!("live.js")),
    ("main.js", SCRIPT, include_str!("main.js")),
    ("outbox.js", SCRIPT, include_str!("outbox.js")),
    ("paper.css", STYLE, include_str!("paper.css")),
    ("pending.js", SCRIPT, include_str!("pending.js")),
    ("print.js", SCRIPT, include_str!("print.js")),
    ("record.js", SCRIPT, include_str!("record.js")),
    ("recovery.js", SCRIPT, include_str!("recovery.js")),
    ("settings.js", SCRIPT, include_str!("settings.js")),
    ("shell.js", SCRIPT, include_str!("shell.js")),
    ("store.js", SCRIPT, include_str!("store.js")),
    ("style.css", STYLE, include_str!("style.css")),
    ("sync.js", SCRIPT, include_str!("sync.js")),
    ("view.js", SCRIPT, include_str!("view.js")),
    ("widgets.js", SCRIPT, include_str!("widgets.js")),
    ("wire.js", SCRIPT, include_str!("wire.js")),
    ("words.js", SCRIPT, include_str!("words.js")),
];

static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    let asset =
        |(name, content_type, source)| Asset { name, content_type, bytes: lean(content_type, source).into_bytes() };
    SOURCES.into_iter().map(asset).collect()
});

/// The folder of the files: eight hex digits of what is in all of them. They import each other by relative paths, so one
/// folder for all keeps them together; what a path names never changes, so browsers keep it for good.
pub static FOLDER: LazyLock<String> = LazyLock::new(|| {
    const HASH_BYTES: usize = 4;
    let mut hash = Sha256::new();
    for asset in ASSETS.iter() {
        hash.update(asset.name);
        hash.update((asset.bytes.len() as u64).to_be_bytes());
        hash.update(&asset.bytes);
    }
    hash.finalize().iter().take(HASH_BYTES).fold(String::new(), |mut digits, byte| {
        // Writing to memory does not fail.
        let _ = write!(digits, "{byte:02x}");
        digits
    })
});

/// Every file.
pub fn assets() -> &'static [Asset] {
    &ASSETS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_there(name: &str) -> bool {
        ASSETS.iter().any(|asset| asset.name == name)
    }

    fn text(asset: &Asset) -> &str {
        std::str::from_utf8(&asset.bytes).unwrap()
    }

    fn scripts() -> impl Iterator<Item = &'static Asset> {
        ASSETS.iter().filter(|asset| asset.content_type == SCRIPT)
    }

    #[test]
    fn the_page_is_small_before_compression() {
        const PAGE_BYTES: usize = 120_000;
        // The folder's name stands in each address of the page.
        let index = INDEX.replace("{{assets}}", FOLDER.as_str());
        let bytes = index.len() + WORKER.len() + ASSETS.iter().map(|asset| asset.bytes.len()).sum::<usize>();
        assert!(bytes <= PAGE_BYTES, "{bytes} bytes");
    }

    #[test]
    fn the_sources_are_written_so_that_nothing_is_lost_with_their_comments_and_line_ends() {
        for (name, _, source) in SOURCES {
            assert_eq!(source.matches("/*").count(), source.matches("*/").count(), "{name}");
            let is_open = |line: &str| !line.trim_start().starts_with("//") && line.matches('`').count() % 2 == 1;
            assert!(!source.lines().any(is_open), "{name}: a template over several lines would lose its indentation");
            assert!(!source.contains(";}"), "{name}: a semicolon that may mean something");
            for apart in ["+ +", "- -", "/ /", "/ *"] {
                assert!(!source.contains(apart), "{name}: {apart} must stay apart");
            }
        }
    }

    /// What stands in `text` between each `before` and the next `after`.
    fn between<'a>(text: &'a str, before: &str, after: &str) -> Vec<&'a str> {
        text.split(before).skip(1).filter_map(|rest| rest.split(after).next()).collect()
    }

    #[test]
    fn everything_that_the_page_asks_for_is_there() {
        let named = |page| between(page, "\"/ui/{{assets}}/", "\"");
        let named_by_index = [named(&INDEX), named(CLOSED)].concat();
        let all = INDEX.matches("/ui/").count() + CLOSED.matches("/ui/").count();
        assert_eq!(all, named_by_index.len(), "outside the folder nothing is served");
        assert!(named_by_index.contains(&"main.js"));
        let imported = scripts().flat_map(|script| between(text(script), "'./", "'"));
        for name in named_by_index.into_iter().chain(imported) {
            assert!(is_there(name), "{name}");
        }
    }

    /// The content-security policy would stop it in the browser; here it is found before.
    #[test]
    fn nothing_is_inline_external_or_markup_made_of_text() {
        for page in [INDEX.as_str(), CLOSED] {
            assert!(!page.contains("<style") && !page.contains(" style=") && !page.contains(" onclick="));
        }
        assert!(!CLOSED.contains("<script"));
        assert_eq!(INDEX.matches("<script").count(), INDEX.matches("<script type=\"module\" src=").count());
        let sources = SOURCES.into_iter().map(|(name, _, source)| (name, source));
        let sources =
            sources.chain([("index.html", INDEX.as_str()), ("closed.html", CLOSED), ("sw.js", WORKER.as_str())]);
        for (name, source) in sources {
            let source = source.replace("http://www.w3.org/2000/svg", "");
            for forbidden in ["http://", "https://", "innerHTML", "outerHTML", "insertAdjacentHTML", "eval("] {
                assert!(!source.contains(forbidden), "{name}: {forbidden}");
            }
        }
    }

    /// What the browsers that the README names do not know; each has an older word for the same.
    #[test]
    fn nothing_needs_a_younger_browser_than_the_readme_says() {
        const TOO_YOUNG: [&str; 9] = [
            "light-dark(",
            "@container",
            ":has(",
            "findLast",
            "toSorted",
            "structuredClone",
            "AbortSignal.timeout(",
            "Object.hasOwn",
            "Object.groupBy",
        ];
        for asset in ASSETS.iter() {
            for word in TOO_YOUNG {
                assert!(!text(asset).contains(word), "{}: {word}", asset.name);
            }
            // `ariaLabel` and its like are attributes of old, properties only of late.
            let is_property = |rest: &str| rest.starts_with(char::is_uppercase);
            assert!(!text(asset).split("aria").skip(1).any(is_property), "{}: a property for ARIA", asset.name);
        }
    }

    #[test]
    fn one_module_fetches_and_one_opens_the_socket() {
        let users = |call: &str| scripts().filter(|s| text(s).contains(call)).map(|s| s.name).collect::<Vec<_>>();
        assert_eq!(users("fetch("), ["api.js"]);
        assert_eq!(users("new WebSocket("), ["live.js"]);
        // The worker runs beside the page, and asks for its files alone.
        assert!(!WORKER.contains("/api") && !WORKER.contains("import"));
    }

    #[test]
    fn the_folder_is_eight_hex_digits() {
        assert_eq!(FOLDER.len(), 8);
        assert!(FOLDER.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')));
    }

    #[test]
    fn the_currency_has_one_place() {
        assert_eq!(INDEX.matches("content=\"{{currency}}\"").count(), 1);
    }
}
