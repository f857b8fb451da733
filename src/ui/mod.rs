//! The web page, embedded: HTML, style sheet, icon and native JavaScript modules, as they stand in this folder.
//! There is no build step. This module imports no other; it is the one list of what the page consists of.

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
    /// Its content.
    pub bytes: &'static [u8],
}

/// The document at `/`. The server replaces the literal text `{{currency}}` by the shop's currency code, and `{{assets}}` by
/// [`FOLDER`].
pub const INDEX: &str = include_str!("index.html");

/// The document at `/` while the shop cannot be opened. The server replaces `{{title}}`, `{{sentence}}`, `{{remedy}}`
/// and `{{assets}}`.
pub const CLOSED: &str = include_str!("closed.html");

const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const SVG: &str = "image/svg+xml";

static ASSETS: [Asset; 14] = [
    Asset { name: "api.js", content_type: SCRIPT, bytes: include_bytes!("api.js") },
    Asset { name: "dom.js", content_type: SCRIPT, bytes: include_bytes!("dom.js") },
    Asset { name: "format.js", content_type: SCRIPT, bytes: include_bytes!("format.js") },
    Asset { name: "icon.svg", content_type: SVG, bytes: include_bytes!("icon.svg") },
    Asset { name: "list.js", content_type: SCRIPT, bytes: include_bytes!("list.js") },
    Asset { name: "live.js", content_type: SCRIPT, bytes: include_bytes!("live.js") },
    Asset { name: "main.js", content_type: SCRIPT, bytes: include_bytes!("main.js") },
    Asset { name: "shell.js", content_type: SCRIPT, bytes: include_bytes!("shell.js") },
    Asset { name: "store.js", content_type: SCRIPT, bytes: include_bytes!("store.js") },
    Asset { name: "style.css", content_type: STYLE, bytes: include_bytes!("style.css") },
    Asset { name: "sync.js", content_type: SCRIPT, bytes: include_bytes!("sync.js") },
    Asset { name: "warnings.js", content_type: SCRIPT, bytes: include_bytes!("warnings.js") },
    Asset { name: "wire.js", content_type: SCRIPT, bytes: include_bytes!("wire.js") },
    Asset { name: "words.js", content_type: SCRIPT, bytes: include_bytes!("words.js") },
];

/// The folder of the files: twelve hex digits of what is in all of them. They import each other by relative paths, so one
/// folder for all keeps them together; what a path names never changes, so browsers keep it for good.
pub static FOLDER: LazyLock<String> = LazyLock::new(|| {
    const HASH_BYTES: usize = 6;
    let mut hash = Sha256::new();
    for asset in &ASSETS {
        hash.update(asset.name);
        hash.update((asset.bytes.len() as u64).to_be_bytes());
        hash.update(asset.bytes);
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

    fn text(asset: &Asset) -> &'static str {
        std::str::from_utf8(asset.bytes).unwrap()
    }

    fn scripts() -> impl Iterator<Item = &'static Asset> {
        ASSETS.iter().filter(|asset| asset.content_type == SCRIPT)
    }

    /// What stands in `text` between each `before` and the next `after`.
    fn between<'a>(text: &'a str, before: &str, after: &str) -> Vec<&'a str> {
        text.split(before).skip(1).filter_map(|rest| rest.split(after).next()).collect()
    }

    #[test]
    fn everything_that_the_page_asks_for_is_there() {
        let named = |page| between(page, "\"/ui/{{assets}}/", "\"");
        let named_by_index = [named(INDEX), named(CLOSED)].concat();
        let all = INDEX.matches("/ui/").count() + CLOSED.matches("/ui/").count();
        assert_eq!(all, named_by_index.len(), "outside the folder nothing is served");
        assert!(named_by_index.contains(&"main.js"));
        let imported = scripts().flat_map(|script| between(text(script), "from './", "'"));
        for name in named_by_index.into_iter().chain(imported) {
            assert!(is_there(name), "{name}");
        }
    }

    #[test]
    fn every_module_is_loaded_without_waiting_for_its_importer() {
        for script in scripts() {
            assert!(INDEX.contains(&format!("\"/ui/{{{{assets}}}}/{}\"", script.name)), "{}", script.name);
        }
    }

    /// The content-security policy would stop it in the browser; here it is found before.
    #[test]
    fn nothing_is_inline_external_or_markup_made_of_text() {
        for page in [INDEX, CLOSED] {
            assert!(!page.contains("<style") && !page.contains(" style=") && !page.contains(" onclick="));
        }
        assert!(!CLOSED.contains("<script"));
        assert_eq!(INDEX.matches("<script").count(), INDEX.matches("<script type=\"module\" src=").count());
        let sources = ASSETS
            .iter()
            .map(|asset| (asset.name, text(asset)))
            .chain([("index.html", INDEX), ("closed.html", CLOSED)]);
        for (name, source) in sources {
            let source = source.replace("http://www.w3.org/2000/svg", "");
            for forbidden in ["http://", "https://", "innerHTML", "outerHTML", "insertAdjacentHTML", "eval("] {
                assert!(!source.contains(forbidden), "{name}: {forbidden}");
            }
        }
    }

    #[test]
    fn one_module_fetches_and_one_opens_the_socket() {
        let users = |call: &str| scripts().filter(|s| text(s).contains(call)).map(|s| s.name).collect::<Vec<_>>();
        assert_eq!(users("fetch("), ["api.js"]);
        assert_eq!(users("new WebSocket("), ["live.js"]);
    }

    #[test]
    fn the_folder_is_twelve_hex_digits() {
        assert_eq!(FOLDER.len(), 12);
        assert!(FOLDER.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')));
    }

    #[test]
    fn the_currency_has_one_place() {
        assert_eq!(INDEX.matches("content=\"{{currency}}\"").count(), 1);
    }
}
