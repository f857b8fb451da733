//! The web page, embedded: HTML, style sheets, icon and native JavaScript modules, as they stand in this folder.
//! There is no build step; only what is for the reader of the source, such as comments and indentation, is left out of what
//! is served. This module imports nothing; it is the one list of what the page consists of.

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
const SOURCES: [(&str, &str, &str); 32] = [
    ("actions.js", SCRIPT, include_str!("actions.js")),
    ("amounts.js", SCRIPT, include_str!("amounts.js")),
    ("api.js", SCRIPT, include_str!("api.js")),
    ("book.js", SCRIPT, include_str!("book.js")),
    ("catalogue.js", SCRIPT, include_str!("catalogue.js")),
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

/// The folder of the files: twelve hex digits of what is in all of them. They import each other by relative paths, so one
/// folder for all keeps them together; what a path names never changes, so browsers keep it for good.
pub static FOLDER: LazyLock<String> = LazyLock::new(|| {
    const HASH_BYTES: usize = 6;
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

/// Leaves out what only a reader of the source needs: comments, indentation, empty lines, spaces around signs, the ends of
/// lines and the semicolons that say nothing, and the length of names that are private to a class. No string in the sources holds the marks of a comment (a test looks).
fn lean(content_type: &str, source: &str) -> String {
    let mut text = String::with_capacity(source.len());
    let mut rest = source;
    while let Some((before, comment)) = rest.split_once("/*") {
        text.push_str(before);
        rest = comment.split_once("*/").map_or("", |(_, after)| after.strip_prefix(' ').unwrap_or(after));
    }
    text.push_str(rest);
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//"));
    match content_type {
        SCRIPT => {
            let mut private = Vec::new();
            joined(lines.map(|line| squeeze(line, &mut private)))
        }
        // Before the end of a block, neither language needs one.
        STYLE => lines.map(squeeze_style).collect::<String>().replace(";}", "}"),
        HTML => lines.collect(),
        _ => lines.map(|line| line.to_string() + "\n").collect(),
    }
}

/// Joins lines of script. Every statement ends with a semicolon or a block, so the end of a line only ever parts words.
fn joined(lines: impl Iterator<Item = String>) -> String {
    let mut is_after_constant = false;
    let mut script = lines.fold(String::new(), |mut script, line| {
        let is_constant = declares_constant(&line);
        if let (true, true, Some(rest)) = (is_after_constant, is_constant, line.strip_prefix("const")) {
            script.pop();
            return script + "," + rest.trim_start();
        }
        is_after_constant = is_constant;
        let is_parted = script.ends_with(is_sign) || line.starts_with(is_sign);
        if !is_parted && !script.is_empty() {
            script.push('\n');
        }
        script + &line
    });
    script.push('\n');
    without_brackets(&script.replace(";}", "}"))
}

/// Whether a line is the declaration of a constant and nothing else, so that it can be one with the next.
fn declares_constant(line: &str) -> bool {
    let count = |signs: [char; 3]| line.matches(signs).count();
    let is_closed = count(['(', '[', '{']) == count([')', ']', '}']);
    line.starts_with("const") && line.ends_with(';') && line.matches(';').count() == 1 && is_closed
}

/// A function of one parameter needs no brackets around it, unless a word stands before them.
fn without_brackets(script: &str) -> String {
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let mut parts = script.split(")=>");
    let mut lean = parts.next().unwrap_or_default().to_string();
    for part in parts {
        let before = lean.trim_end_matches(is_word).len();
        let head = lean[..before].strip_suffix('(').filter(|head| before < lean.len() && !head.ends_with(is_word));
        lean = match head.map(str::len) {
            Some(head) => lean[..head].to_string() + &lean[before..] + "=>" + part,
            None => lean + ")=>" + part,
        };
    }
    lean
}

/// A sign beside which no space is needed.
fn is_sign(letter: char) -> bool {
    "=,(){}:?&|<>;!*[]%+-/.".contains(letter)
}

/// The beginning of a string, of which no word before it can be taken for a part.
fn is_quote(letter: char) -> bool {
    "'\"`".contains(letter)
}

/// Takes the spaces around signs and a comment at the end out of a line of script, but not out of its strings and patterns.
/// What is private to a class by the language goes by its place in `private`, the script's names of that kind so far.
fn squeeze(line: &str, private: &mut Vec<String>) -> String {
    let mut lean = String::with_capacity(line.len());
    // What the place is in: a kind of string, a pattern, or in a template again code, for which the brace stands.
    let mut within: Vec<char> = Vec::new();
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        let next = letters.peek().copied().unwrap_or(' ');
        match (within.last(), letter) {
            (Some('{') | None, '/') if next == '/' => return lean.trim_end().to_string(),
            (Some('{') | None, '/') if begins_pattern(&lean) => within.push('/'),
            (Some('{') | None, '\'' | '"' | '`' | '{') => within.push(letter),
            (Some('{'), '}') | (Some('['), ']') => drop(within.pop()),
            (Some('{') | None, '#') => {
                let mut name = String::new();
                while let Some(letter) = letters.next_if(char::is_ascii_alphanumeric) {
                    name.push(letter);
                }
                lean.push_str(&short(name, private));
                continue;
            }
            (Some('{') | None, ' ') if lean.ends_with(is_sign) || is_sign(next) || is_quote(next) => continue,
            (Some('`'), '$') if next == '{' => {
                lean.push(letter);
                lean.extend(letters.next());
                within.push('{');
                continue;
            }
            (Some('/' | '[' | '\'' | '"' | '`'), '\\') => {
                lean.push(letter);
                lean.extend(letters.next());
                continue;
            }
            (Some('/'), '[') => within.push('['),
            (Some(open), _) if *open == letter && letter != '{' => drop(within.pop()),
            _ => {}
        }
        lean.push(letter);
    }
    lean
}

/// `#a` for the first private name of a script, `#b` for the second, `#a1` when the letters are used up.
fn short(name: String, private: &mut Vec<String>) -> String {
    let place = private.iter().position(|known| *known == name).unwrap_or_else(|| {
        private.push(name);
        private.len() - 1
    });
    let letter = ('a'..='z').nth(place % 26).unwrap_or('a');
    if place < 26 { format!("#{letter}") } else { format!("#{letter}{}", place / 26) }
}

/// Whether a slash behind this text begins a pattern; otherwise it divides.
fn begins_pattern(before: &str) -> bool {
    before.is_empty()
        || before.ends_with("return")
        || before.ends_with(['(', ',', '=', ':', '[', '!', '&', '|', '?', '>'])
}

/// The same for a line of a style sheet.
fn squeeze_style(line: &str) -> String {
    [(" {", "{"), (" !", "!"), (": ", ":"), (", ", ","), (" > ", ">")]
        .iter()
        .fold(line.to_string(), |line, (wide, lean)| line.replace(wide, lean))
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
    fn only_comments_and_white_space_are_left_out() {
        let source =
            "// Head.\n/** @type {any} */\nlet a = /** @type {any} */ (b);\n\n  c(); // said here\n/* One\n   two */\n";
        assert_eq!(lean(SVG, source), "let a = (b);\nc(); // said here\n");
        let lean_script = |source| lean(SCRIPT, source);
        assert_eq!(
            lean_script("const a = b ? 'one = \u{201c}two\u{201d}' : { c };"),
            "const a=b?'one = \u{201c}two\u{201d}':{c};\n"
        );
        assert_eq!(
            lean_script("if (x / 2 > 1) {\n  y(' ' + `${a} = b`);\n}\nz();\n"),
            "if(x/2>1){y(' '+`${a} = b`)}z();\n"
        );
        assert_eq!(lean_script("a = `x ${b ? `y = ${c + 1} ` : ''} = z`;"), "a=`x ${b?`y = ${c+1} `:''} = z`;\n");
        assert_eq!(lean_script("a = b.replace(/[/'] , \\/ /, ' / '); // why"), "a=b.replace(/[/'] , \\/ /,' / ');\n");
        assert_eq!(
            lean_script("a((b) => c, async (d) => e, (f, g) => h, (i) => j());"),
            "a(b=>c,async(d)=>e,(f,g)=>h,i=>j());\n"
        );
        assert_eq!(
            lean_script("const a = 1;\nconst [b] = c;\nd();\nconst e = {\n};"),
            "const a=1,[b]=c;d();const e={};\n"
        );
        let class = "  #one = '#one';\n  two() {\n    this.#two(this.#one, `#two ${this.#two}`);\n  }\n";
        assert_eq!(lean_script(class), "#a='#one';two(){this.#b(this.#a,`#two ${this.#b}`)}\n");
        assert_eq!(lean_script("return a\n  && typeof b;\nlet c\nlet d"), "return a&&typeof b;let c\nlet d\n");
        assert_eq!(lean(STYLE, "a :hover > b {\n  color: red;\n}\n"), "a :hover>b{color:red}");
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
        let named = |page: &'static str| between(page, "\"/ui/{{assets}}/", "\"");
        let named_by_index = [named(&INDEX), named(CLOSED)].concat();
        let all = INDEX.matches("/ui/").count() + CLOSED.matches("/ui/").count();
        assert_eq!(all, named_by_index.len(), "outside the folder nothing is served");
        assert!(named_by_index.contains(&"main.js"));
        let imported = scripts().flat_map(|script| between(text(script), "from'./", "'"));
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

    #[test]
    fn one_module_fetches_and_one_opens_the_socket() {
        let users = |call: &str| scripts().filter(|s| text(s).contains(call)).map(|s| s.name).collect::<Vec<_>>();
        assert_eq!(users("fetch("), ["api.js"]);
        assert_eq!(users("new WebSocket("), ["live.js"]);
        // The worker runs beside the page, and asks for its files alone.
        assert!(!WORKER.contains("/api") && !WORKER.contains("import"));
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
