//! The web page, embedded: HTML, style sheets, icon and native JavaScript modules, as they stand in this folder.
//! There is no build step: what stands here is what is served. This module imports nothing; it is the one list of what the
//! page consists of.

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

/// The document at `/`. The server replaces the literal text `{{currency}}` by the shop's currency code, `{{decimals}}` by how many
/// decimals its amounts have, and `{{assets}}` by [`FOLDER`].
pub const INDEX: &str = include_str!("index.html");

/// The document at `/` while the shop cannot be opened. The server replaces `{{title}}`, `{{sentence}}`, `{{remedy}}`
/// and `{{assets}}`.
pub const CLOSED: &str = include_str!("closed.html");

/// The service worker at `/sw.js`, which keeps a copy of the page and of the help. The server replaces `{{assets}}` and
/// `{{help}}`.
pub const WORKER: &str = include_str!("sw.js");

/// The type of documents.
pub const HTML: &str = "text/html; charset=utf-8";
/// The type of scripts.
pub const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const SVG: &str = "image/svg+xml";

/// Every file.
static ASSETS: [Asset; 40] = [
    asset("actions.js", SCRIPT, include_bytes!("actions.js")),
    asset("amounts.js", SCRIPT, include_bytes!("amounts.js")),
    asset("api.js", SCRIPT, include_bytes!("api.js")),
    asset("book.js", SCRIPT, include_bytes!("book.js")),
    asset("catalogue.js", SCRIPT, include_bytes!("catalogue.js")),
    asset("dark.css", STYLE, include_bytes!("dark.css")),
    asset("db.js", SCRIPT, include_bytes!("db.js")),
    asset("dialog.js", SCRIPT, include_bytes!("dialog.js")),
    asset("dom.js", SCRIPT, include_bytes!("dom.js")),
    asset("draft.js", SCRIPT, include_bytes!("draft.js")),
    asset("figures.js", SCRIPT, include_bytes!("figures.js")),
    asset("fold.js", SCRIPT, include_bytes!("fold.js")),
    asset("form.js", SCRIPT, include_bytes!("form.js")),
    asset("format.js", SCRIPT, include_bytes!("format.js")),
    asset("home.js", SCRIPT, include_bytes!("home.js")),
    asset("icon.svg", SVG, include_bytes!("icon.svg")),
    asset("icons.js", SCRIPT, include_bytes!("icons.js")),
    asset("live.js", SCRIPT, include_bytes!("live.js")),
    asset("lossless.js", SCRIPT, include_bytes!("lossless.js")),
    asset("main.js", SCRIPT, include_bytes!("main.js")),
    asset("outbox.js", SCRIPT, include_bytes!("outbox.js")),
    asset("paper.css", STYLE, include_bytes!("paper.css")),
    asset("paper.js", SCRIPT, include_bytes!("paper.js")),
    asset("payment.js", SCRIPT, include_bytes!("payment.js")),
    asset("pending.js", SCRIPT, include_bytes!("pending.js")),
    asset("poll.js", SCRIPT, include_bytes!("poll.js")),
    asset("print.js", SCRIPT, include_bytes!("print.js")),
    asset("record.js", SCRIPT, include_bytes!("record.js")),
    asset("recovery.js", SCRIPT, include_bytes!("recovery.js")),
    asset("settings.js", SCRIPT, include_bytes!("settings.js")),
    asset("sha256.js", SCRIPT, include_bytes!("sha256.js")),
    asset("shell.js", SCRIPT, include_bytes!("shell.js")),
    asset("storage.js", SCRIPT, include_bytes!("storage.js")),
    asset("store.js", SCRIPT, include_bytes!("store.js")),
    asset("style.css", STYLE, include_bytes!("style.css")),
    asset("sync.js", SCRIPT, include_bytes!("sync.js")),
    asset("view.js", SCRIPT, include_bytes!("view.js")),
    asset("widgets.js", SCRIPT, include_bytes!("widgets.js")),
    asset("wire.js", SCRIPT, include_bytes!("wire.js")),
    asset("words.js", SCRIPT, include_bytes!("words.js")),
];

const fn asset(name: &'static str, content_type: &'static str, bytes: &'static [u8]) -> Asset {
    Asset { name, content_type, bytes }
}

/// The folder of the files: eight hex digits of what is in all of them. They import each other by relative paths, so one
/// folder for all keeps them together; what a path names never changes, so browsers keep it for good.
pub static FOLDER: LazyLock<String> = LazyLock::new(|| {
    const HASH_BYTES: usize = 4;
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
    use std::io::Read;

    use flate2::Compression;
    use flate2::read::GzEncoder;

    use super::*;

    fn is_there(name: &str) -> bool {
        ASSETS.iter().any(|asset| asset.name == name)
    }

    fn text(asset: &Asset) -> &str {
        std::str::from_utf8(asset.bytes).unwrap()
    }

    fn scripts() -> impl Iterator<Item = &'static Asset> {
        ASSETS.iter().filter(|asset| asset.content_type == SCRIPT)
    }

    /// What a phone on the shop's network waits for when it opens the page for the first time.
    #[test]
    fn the_page_is_small_over_the_wire() {
        const PAGE_BYTES_MAX: usize = 120_000;
        let packed = |bytes: &[u8]| {
            let mut packed = Vec::new();
            GzEncoder::new(bytes, Compression::best()).read_to_end(&mut packed).unwrap();
            packed.len()
        };
        let files: usize = ASSETS.iter().map(|asset| packed(asset.bytes)).sum();
        let bytes = packed(INDEX.as_bytes()) + packed(WORKER.as_bytes()) + files;
        assert!(bytes <= PAGE_BYTES_MAX, "{bytes} bytes");
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
        let imported = scripts().flat_map(|script| between(text(script), "'./", "'"));
        for name in named_by_index.into_iter().chain(imported) {
            assert!(is_there(name), "{name}");
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
        let sources = ASSETS.iter().map(|asset| (asset.name, text(asset)));
        let sources = sources.chain([("index.html", INDEX), ("closed.html", CLOSED), ("sw.js", WORKER)]);
        for (name, source) in sources {
            let source = source.replace("http://www.w3.org/2000/svg", "");
            for forbidden in ["http://", "https://", "innerHTML", "outerHTML", "insertAdjacentHTML", "eval("] {
                assert!(!source.contains(forbidden), "{name}: {forbidden}");
            }
        }
    }

    /// What the browsers that the manual names (page `till`) do not know; each has an older word for the same.
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
        for asset in &ASSETS {
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
        // What the browser keeps may throw and hold anything; only these two know how to live with that.
        for storage in ["localStorage.", "localStorage)", "sessionStorage.", "sessionStorage)", "new BroadcastChannel("]
        {
            assert!(users(storage).iter().all(|name| *name == "storage.js"), "{storage}");
        }
        assert_eq!(users("indexedDB."), ["db.js"]);
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
        assert_eq!(INDEX.matches("content=\"{{decimals}}\"").count(), 1);
    }
}
