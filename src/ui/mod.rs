//! The web page, embedded: HTML, style sheet, icon and native JavaScript modules, as they stand in this folder.
//! There is no build step. This module imports nothing; it is the one list of what the page consists of.

/// One file of the page, served under `/ui/<name>`.
#[derive(Debug)]
pub struct Asset {
    /// Its file name, which is also the last part of its path.
    pub name: &'static str,
    /// The value of its `Content-Type` header.
    pub content_type: &'static str,
    /// Its content.
    pub bytes: &'static [u8],
}

/// The document at `/`. The server replaces the literal text `{{currency}}` by the shop's currency code.
pub const INDEX: &str = include_str!("index.html");

const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const SVG: &str = "image/svg+xml";

static ASSETS: [Asset; 30] = [
    Asset { name: "actions.js", content_type: SCRIPT, bytes: include_bytes!("actions.js") },
    Asset { name: "amounts.js", content_type: SCRIPT, bytes: include_bytes!("amounts.js") },
    Asset { name: "api.js", content_type: SCRIPT, bytes: include_bytes!("api.js") },
    Asset { name: "book.js", content_type: SCRIPT, bytes: include_bytes!("book.js") },
    Asset { name: "catalogue.js", content_type: SCRIPT, bytes: include_bytes!("catalogue.js") },
    Asset { name: "db.js", content_type: SCRIPT, bytes: include_bytes!("db.js") },
    Asset { name: "dialog.js", content_type: SCRIPT, bytes: include_bytes!("dialog.js") },
    Asset { name: "dom.js", content_type: SCRIPT, bytes: include_bytes!("dom.js") },
    Asset { name: "figures.js", content_type: SCRIPT, bytes: include_bytes!("figures.js") },
    Asset { name: "form.js", content_type: SCRIPT, bytes: include_bytes!("form.js") },
    Asset { name: "format.js", content_type: SCRIPT, bytes: include_bytes!("format.js") },
    Asset { name: "home.js", content_type: SCRIPT, bytes: include_bytes!("home.js") },
    Asset { name: "icon.svg", content_type: SVG, bytes: include_bytes!("icon.svg") },
    Asset { name: "icons.js", content_type: SCRIPT, bytes: include_bytes!("icons.js") },
    Asset { name: "live.js", content_type: SCRIPT, bytes: include_bytes!("live.js") },
    Asset { name: "main.js", content_type: SCRIPT, bytes: include_bytes!("main.js") },
    Asset { name: "outbox.js", content_type: SCRIPT, bytes: include_bytes!("outbox.js") },
    Asset { name: "paper.css", content_type: STYLE, bytes: include_bytes!("paper.css") },
    Asset { name: "pending.js", content_type: SCRIPT, bytes: include_bytes!("pending.js") },
    Asset { name: "print.js", content_type: SCRIPT, bytes: include_bytes!("print.js") },
    Asset { name: "record.js", content_type: SCRIPT, bytes: include_bytes!("record.js") },
    Asset { name: "settings.js", content_type: SCRIPT, bytes: include_bytes!("settings.js") },
    Asset { name: "shell.js", content_type: SCRIPT, bytes: include_bytes!("shell.js") },
    Asset { name: "store.js", content_type: SCRIPT, bytes: include_bytes!("store.js") },
    Asset { name: "style.css", content_type: STYLE, bytes: include_bytes!("style.css") },
    Asset { name: "sync.js", content_type: SCRIPT, bytes: include_bytes!("sync.js") },
    Asset { name: "view.js", content_type: SCRIPT, bytes: include_bytes!("view.js") },
    Asset { name: "widgets.js", content_type: SCRIPT, bytes: include_bytes!("widgets.js") },
    Asset { name: "wire.js", content_type: SCRIPT, bytes: include_bytes!("wire.js") },
    Asset { name: "words.js", content_type: SCRIPT, bytes: include_bytes!("words.js") },
];

/// The file of this name, such as `main.js`; `None` if the page has no such file.
pub fn asset(name: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let named_by_index = between(INDEX, "\"/ui/", "\"");
        assert!(named_by_index.contains(&"main.js"));
        let imported = scripts().flat_map(|script| between(text(script), "from './", "'"));
        for name in named_by_index.into_iter().chain(imported) {
            assert!(asset(name).is_some(), "{name}");
        }
        assert!(asset("nothing.js").is_none());
    }

    #[test]
    fn every_module_is_loaded_without_waiting_for_its_importer() {
        for script in scripts() {
            assert!(INDEX.contains(&format!("\"/ui/{}\"", script.name)), "{}", script.name);
        }
    }

    /// The content-security policy would stop it in the browser; here it is found before.
    #[test]
    fn nothing_is_inline_external_or_markup_made_of_text() {
        assert!(!INDEX.contains("<style") && !INDEX.contains(" style=") && !INDEX.contains(" onclick="));
        assert_eq!(INDEX.matches("<script").count(), INDEX.matches("<script type=\"module\" src=").count());
        let sources = ASSETS.iter().map(|asset| (asset.name, text(asset))).chain([("index.html", INDEX)]);
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
    fn the_currency_has_one_place() {
        assert_eq!(INDEX.matches("content=\"{{currency}}\"").count(), 1);
    }
}
