//! What is served of the page's sources: everything that a browser needs, and nothing that is only for their reader. It knows as
//! much of JavaScript as tells code from strings, templates and patterns; all else is up to how the sources are written, which
//! tests look at.

use super::{HTML, SCRIPT, STYLE};

/// Leaves out what only a reader of the source needs: comments, indentation, empty lines, spaces around signs, the ends of
/// lines and the semicolons that say nothing, and the length of names that are private to a class. No string in the sources
/// holds the marks of a comment (a test looks).
pub(super) fn lean(content_type: &str, source: &str) -> String {
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
    let mut script = lines.fold(String::new(), |mut script, line| {
        let is_parted = script.ends_with(is_sign) || line.starts_with(is_sign);
        if !is_parted && !script.is_empty() {
            script.push('\n');
        }
        script + &line
    });
    script.push('\n');
    script.replace(";}", "}")
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

/// The same for a line of a style sheet: around the signs of a selector, behind the name of a declaration and its commas.
fn squeeze_style(line: &str) -> String {
    let signs =
        |selector: &str| [" > ", " + "].iter().fold(selector.to_string(), |line, sign| line.replace(sign, sign.trim()));
    match line.strip_suffix(" {") {
        Some(selector) => signs(selector) + "{",
        None if line.ends_with(';') => line.replacen(": ", ":", 1).replace(", ", ",").replace(" !", "!"),
        None => signs(line),
    }
}

#[cfg(test)]
mod tests {
    use super::super::SVG;
    use super::*;

    #[test]
    fn only_what_is_for_the_reader_is_left_out() {
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
        let class = "  #one = '#one';\n  two() {\n    this.#two(this.#one, `#two ${this.#two}`);\n  }\n";
        assert_eq!(lean_script(class), "#a='#one';two(){this.#b(this.#a,`#two ${this.#b}`)}\n");
        assert_eq!(lean_script("return a\n  && typeof b;\nlet c\nlet d"), "return a&&typeof b;let c\nlet d\n");
        assert_eq!(lean(STYLE, "a :hover > b {\n  color: red;\n}\n"), "a :hover>b{color:red}");
    }
}
