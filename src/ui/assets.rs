//! The files of the page: embedded, and named by their content. This is the one list of what the page consists of. It
//! imports nothing of the server.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::LazyLock;

use sha2::{Digest, Sha256};

use super::served::without_comments;

/// One file of the page, served under `/ui/<FOLDER>/<path>`.
#[derive(Debug)]
pub struct Asset {
    /// Where it stands below this folder: `main.js`, `kit/dom.js`.
    pub path: &'static str,
    /// The value of its `Content-Type` header.
    pub content_type: &'static str,
    /// Its content.
    pub content: Cow<'static, [u8]>,
}

/// The document at `/`. The server replaces the literal text `{{currency}}` by the shop's currency code,
/// `{{decimals}}` by how many decimals its amounts have, and `{{assets}}` by [`FOLDER`].
pub const INDEX: &str = include_str!("index.html");

/// The document at `/` while the shop cannot be opened. The server replaces `{{title}}`, `{{sentence}}`, `{{remedy}}`
/// and `{{assets}}`.
pub const CLOSED: &str = include_str!("closed.html");

/// The service worker. `{{assets}}` stands for [`FOLDER`].
const WORKER: &str = include_str!("sw.js");

/// The type of documents.
pub const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const SVG: &str = "image/svg+xml";

/// Paths and contents of these files, and before them the screens' style.
macro_rules! embedded {
    ($($path:literal)*) => { &[(SCREEN_STYLE, SCREEN.as_bytes()), $(($path, include_bytes!($path))),*] };
}

/// How the screens look: parts by what they style, sent as one file, which compresses better and needs one request.
const SCREEN: &str = concat!(
    include_str!("style/base.css"),
    include_str!("style/shared.css"),
    include_str!("style/frame.css"),
    include_str!("style/controls.css"),
    include_str!("style/cards.css"),
    include_str!("style/lists.css"),
    include_str!("style/forms.css"),
    include_str!("style/dialogs.css"),
    include_str!("style/people.css"),
    include_str!("style/narrow.css"),
);
const SCREEN_STYLE: &str = "style/screen.css";

const FILES: &[(&str, &[u8])] = embedded! {
    "main.js" "icon.svg"
    "kit/decimal.js" "kit/dialog.js" "kit/dom.js" "kit/fold.js" "kit/format.js" "kit/icons.js" "kit/rows.js"
    "kit/suggest.js" "kit/user_agent.js" "kit/widgets.js" "kit/words.js"
    "data/amounts.js" "data/commands.js" "data/draft.js" "data/figures.js" "data/lossless.js" "data/merge.js" "data/optimistic.js"
    "data/payment.js" "data/people.js" "data/presence.js" "data/records.js" "data/search.js" "data/settings.js"
    "data/sha256.js" "data/storage.js" "data/store.js" "data/view.js"
    "net/answers.js" "net/api.js" "net/attendance.js" "net/catalogue.js" "net/database.js" "net/deflate.js"
    "net/direct.js" "net/lease.js" "net/long_poll.js" "net/outbox.js" "net/recovery.js" "net/retry.js" "net/session.js" "net/sync.js"
    "net/websocket.js" "net/wire.js"
    "screens/actions.js" "screens/admin.js" "screens/audit.js" "screens/bill.js" "screens/chart.js" "screens/chips.js"
    "screens/conflict.js" "screens/conversion.js" "screens/devices.js" "screens/form.js" "screens/form_lines.js"
    "screens/form_payment.js" "screens/home.js" "screens/idle.js" "screens/keys.js" "screens/lists.js"
    "screens/login.js" "screens/masked.js" "screens/nod.js" "screens/owner.js" "screens/pairing.js" "screens/paper.js"
    "screens/people.js" "screens/print.js" "screens/problem.js" "screens/record.js" "screens/roles.js"
    "screens/route.js" "screens/secrets.js" "screens/settings.js" "screens/shell.js"
    "screens/theme.js" "screens/unsent.js"
    "style/dark.css" "style/paper.css"
};

static ASSETS: LazyLock<Vec<Asset>> =
    LazyLock::new(|| FILES.iter().map(|(path, bytes)| Asset::new(path, served(path, bytes))).collect());

static SERVICE_WORKER: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("sw.js", Cow::Owned(without_comments(&WORKER.replace("{{assets}}", FOLDER.as_str())).into_bytes()))
});

/// The folder of the files: eight hex digits of what is in all of them. They import each other by relative paths, so
/// one folder for all keeps them together; what a path names never changes, so browsers keep it for good.
pub static FOLDER: LazyLock<String> = LazyLock::new(|| {
    const HASH_BYTES: usize = 4;
    let mut hash = Sha256::new();
    for Asset { path, content, .. } in assets() {
        hash.update(path);
        hash.update((content.len() as u64).to_be_bytes());
        hash.update(content);
    }
    hash.finalize().iter().take(HASH_BYTES).fold(String::new(), |mut digits, byte| {
        // Writing to memory does not fail.
        let _ = write!(digits, "{byte:02x}");
        digits
    })
});

fn served(path: &str, bytes: &'static [u8]) -> Cow<'static, [u8]> {
    match std::str::from_utf8(bytes) {
        Ok(source) if content_type(path) != SVG => Cow::Owned(without_comments(source).into_bytes()),
        _ => Cow::Borrowed(bytes),
    }
}

/// Every file.
pub fn assets() -> &'static [Asset] {
    &ASSETS
}

/// The service worker at `/sw.js`, which keeps a copy of the page.
pub fn worker() -> &'static Asset {
    &SERVICE_WORKER
}

impl Asset {
    fn new(path: &'static str, content: Cow<'static, [u8]>) -> Self {
        Self { path, content_type: content_type(path), content }
    }
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.') {
        Some((_, "css")) => STYLE,
        Some((_, "svg")) => SVG,
        _ => SCRIPT,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Read as _;
    use std::path::Path;

    use flate2::Compression;
    use flate2::read::GzEncoder;

    use super::*;

    fn is_there(path: &str) -> bool {
        assets().iter().any(|asset| asset.path == path)
    }

    fn text(asset: &Asset) -> &str {
        std::str::from_utf8(&asset.content).unwrap()
    }

    fn scripts() -> impl Iterator<Item = &'static Asset> {
        assets().iter().filter(|asset| asset.content_type == SCRIPT)
    }

    /// What a script imports, from the folder of the page.
    fn imported(script: &Asset) -> Vec<String> {
        let folder = script.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let names = [between(text(script), "from './", "'"), between(text(script), "from '../", "'")];
        let own = names[0]
            .iter()
            .map(|name| if folder.is_empty() { (*name).to_string() } else { format!("{folder}/{name}") });
        own.chain(names[1].iter().map(|name| (*name).to_string())).collect()
    }

    /// A file that the list forgets would be missing in the browser only.
    #[test]
    fn every_file_of_the_folders_is_served() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ui");
        for folder in ["kit", "data", "net", "screens", "style"] {
            for entry in fs::read_dir(root.join(folder)).unwrap() {
                let path = format!("{folder}/{}", entry.unwrap().file_name().to_str().unwrap());
                let is_part = folder == "style" && SCREEN.contains(&fs::read_to_string(root.join(&path)).unwrap());
                assert!(is_part || is_there(&path), "{path}");
            }
        }
    }

    fn packed_bytes(content: &[u8]) -> usize {
        let mut packed = Vec::new();
        GzEncoder::new(content, Compression::best()).read_to_end(&mut packed).unwrap()
    }

    /// What a phone on the shop's network waits for when it opens the page for the first time.
    #[test]
    fn the_page_is_small_over_the_wire() {
        const PAGE_BYTES_MAX: usize = 120_000;
        let contents = assets().iter().chain([worker()]).map(|asset| &*asset.content);
        let bytes: usize = contents.chain([INDEX.as_bytes()]).map(packed_bytes).sum();
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
        for name in named_by_index {
            assert!(is_there(name), "{name}");
        }
        for script in scripts() {
            for path in imported(script) {
                assert!(is_there(&path), "{} imports {path}", script.path);
            }
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
        let sources = assets().iter().map(|asset| (asset.path, text(asset)));
        let sources = sources.chain([("index.html", INDEX), ("closed.html", CLOSED), ("sw.js", WORKER)]);
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
        for asset in assets() {
            for word in TOO_YOUNG {
                assert!(!text(asset).contains(word), "{}: {word}", asset.path);
            }
            // `ariaLabel` and its like are attributes of old, properties only of late.
            let is_property = |rest: &str| rest.starts_with(char::is_uppercase);
            assert!(!text(asset).split("aria").skip(1).any(is_property), "{}: a property for ARIA", asset.path);
        }
    }

    #[test]
    fn one_module_fetches_and_one_opens_the_socket() {
        let users = |call: &str| scripts().filter(|s| text(s).contains(call)).map(|s| s.path).collect::<Vec<_>>();
        assert_eq!(users("fetch("), ["net/api.js"]);
        assert_eq!(users("new WebSocket("), ["net/websocket.js"]);
        // What the browser keeps may throw and hold anything; only these two know how to live with that.
        for storage in ["localStorage.", "localStorage)", "sessionStorage.", "sessionStorage)", "new BroadcastChannel("]
        {
            assert!(users(storage).iter().all(|name| *name == "data/storage.js"), "{storage}");
        }
        assert_eq!(users("indexedDB."), ["net/database.js"]);
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
