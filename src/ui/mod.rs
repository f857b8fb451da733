//! The web page, embedded: HTML, style sheets, icon and native JavaScript modules, as they stand in this folder.
//! There is no build step; only what is for the reader of the source, comments and indentation, is left out of what is
//! served. This module imports nothing; it is the one list of what the page consists of.

use std::fmt::Write;
use std::sync::LazyLock;

use sha2::{Digest, Sha256};

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
pub static INDEX: LazyLock<String> = LazyLock::new(|| lean(PAGE, include_str!("index.html")));

/// The document at `/` while the shop cannot be opened. The server replaces `{{title}}`, `{{sentence}}`, `{{remedy}}`
/// and `{{assets}}`.
pub const CLOSED: &str = include_str!("closed.html");

const PAGE: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const SVG: &str = "image/svg+xml";

/// Name, type and source of each file.
const SOURCES: [(&str, &str, &str); 32] = [
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

/// Leaves out what only a reader of the source needs: comments, indentation, empty lines, the last semicolon of a block, and in
/// scripts the spaces around signs. No string in the sources holds the marks of a comment (a test looks).
fn lean(content_type: &str, source: &str) -> String {
    let mut text = String::with_capacity(source.len());
    let mut rest = source;
    while let Some((before, comment)) = rest.split_once("/*") {
        text.push_str(before);
        rest = comment.split_once("*/").map_or("", |(_, after)| after.strip_prefix(' ').unwrap_or(after));
    }
    text.push_str(rest);
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//"));
    let joined: String = match content_type {
        SCRIPT => lines.map(squeeze).map(|line| if needs_end(&line) { line + "\n" } else { line }).collect(),
        STYLE => lines.map(squeeze_style).collect(),
        _ => lines.map(|line| line.to_string() + "\n").collect(),
    };
    // Before the end of a block, neither language needs one.
    joined.replace(";}", "}")
}

/// Whether the end of a line of script may mean something: not behind an opening or a separating sign.
fn needs_end(line: &str) -> bool {
    !line.ends_with(['{', '(', '[', ',', ';'])
}

/// Takes the spaces around signs out of a line of script, but not out of its strings. A line with nested templates, or with a
/// slash, which may be a pattern, stays as it is.
fn squeeze(line: &str) -> String {
    let is_sign = |byte: Option<&u8>| byte.is_some_and(|byte| b"=,(){}:?&|<>;!*[]%+".contains(byte));
    let bytes = line.as_bytes();
    let mut quote = None;
    let mut lean = Vec::with_capacity(bytes.len());
    for (index, &byte) in bytes.iter().enumerate() {
        match (byte, quote) {
            (b'/', None) => return line.to_string(),
            (b'\'' | b'`' | b'"', None) => quote = Some(byte),
            (byte, Some(open)) if byte == open => quote = None,
            _ => {}
        }
        let is_idle = quote.is_none() && byte == b' ' && (is_sign(lean.last()) || is_sign(bytes.get(index + 1)));
        if !is_idle {
            lean.push(byte);
        }
    }
    if line.matches('`').count() > 2 {
        return line.to_string();
    }
    // Only spaces were taken away.
    String::from_utf8(lean).unwrap_or_default()
}

/// The same for a line of a style sheet: around the signs of a selector, behind the name of a declaration and its commas.
fn squeeze_style(line: &str) -> String {
    let signs = |selector: &str| selector.replace(" > ", ">").replace(" + ", "+");
    match line.strip_suffix(" {") {
        Some(selector) => signs(selector) + "{",
        None if line.ends_with(';') => line.replacen(": ", ":", 1).replace(", ", ","),
        None => signs(line),
    }
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
        let bytes = index.len() + ASSETS.iter().map(|asset| asset.bytes.len()).sum::<usize>();
        assert!(bytes <= PAGE_BYTES, "{bytes} bytes");
    }

    #[test]
    fn only_comments_and_white_space_are_left_out() {
        let source =
            "// Head.\n/** @type {any} */\nlet a = /** @type {any} */ (b);\n\n  c(); // said here\n/* One\n   two */\n";
        assert_eq!(lean(SVG, source), "let a = (b);\nc(); // said here\n");
        let script = "const a = b ? 'one = \u{201c}two\u{201d}' : { c };\nif (x / 2 > 1) {\n  y(' ' + `${a} = b`)\n}\n";
        let lean_script = "const a=b?'one = \u{201c}two\u{201d}':{c};if (x / 2 > 1) {y(' '+`${a} = b`)\n}\n";
        assert_eq!(lean(SCRIPT, script), lean_script);
        assert_eq!(lean(STYLE, "a > b :hover {\n  color: rgb(1, 2, 3);\n}\n"), "a>b :hover{color:rgb(1,2,3)}");
        for (name, _, source) in SOURCES {
            assert_eq!(source.matches("/*").count(), source.matches("*/").count(), "{name}");
            let is_open = |line: &str| !line.trim_start().starts_with("//") && line.matches('`').count() % 2 == 1;
            assert!(!source.lines().any(is_open), "{name}: a template over several lines would lose its indentation");
            assert!(!source.contains(";}"), "{name}: a semicolon that may mean something");
            assert!(!source.contains("+ +") && !source.contains("'+ "), "{name}: signs that must stay apart");
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

    #[test]
    fn every_module_is_asked_for_by_the_first_one_without_waiting_for_its_importer() {
        let main = scripts().find(|script| script.name == "main.js").map(text).unwrap_or_default();
        for script in scripts().filter(|script| script.name != "main.js") {
            assert!(main.contains(&format!("'./{}'", script.name)), "{}", script.name);
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
        let sources = sources.chain([("index.html", INDEX.as_str()), ("closed.html", CLOSED)]);
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
