//! A pull scanner (tokenizer) for JSON as programs write it: flat values, in objects and lists through which the caller goes
//! in one pass.
//!
//! It takes a part of JSON (RFC 8259) and means by it what serde does. Everything else is `None`, whether it is wrong or only
//! rare: an escape in hexadecimal, an exponent, space in front of a colon. It takes no memory, so that a hostile body costs none.

use super::object::FIELDS_MAX;

/// Bytes of a number. So few digits without an exponent are far within a double; the amounts of a till need half of them.
const PLAIN_NUMBER_BYTES: usize = 32;

/// What of a text is not read yet.
pub(crate) struct Scanner<'a> {
    rest: &'a str,
    has_skipped_space: bool,
}

/// A value without parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scalar<'a> {
    Null,
    Bool(bool),
    /// A number without an exponent, as it is written.
    Number(&'a str),
    /// A text without escapes, without its quotes.
    Text(&'a str),
    /// A text that serde decodes without fail: with escapes and with its quotes.
    EscapedText(&'a str),
}

impl<'a> Scanner<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { rest: text, has_skipped_space: false }
    }

    /// Lets the caller read each field of an object: its name (`takes`, `other_name`), and its value.
    #[inline]
    pub fn each_field(&mut self, mut read: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.expect('{')?;
        for _ in 0..FIELDS_MAX {
            if !self.rest.starts_with('"') {
                self.skip_space();
            }
            read(self)?;
            if !self.goes_on('}')? {
                return Some(());
            }
        }
        None
    }

    /// Takes the name of a field if it is this one, written with quotes and colon: `"total":`. Far cheaper than to look for
    /// its end.
    #[inline]
    pub fn takes(&mut self, name: &str) -> bool {
        let rest = self.rest.strip_prefix(name);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// Takes a name that [`Self::takes`] does not know. White space in front of the colon hides one that it knows: `None`.
    pub fn other_name(&mut self) -> Option<()> {
        self.rest = self.rest.strip_prefix('"')?;
        self.plain_text()?;
        self.rest = self.rest.strip_prefix(':')?;
        Some(())
    }

    /// Lets the caller read each element of a list that has at least one and at most so many.
    #[inline]
    pub fn each_element(&mut self, count_max: usize, mut read: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.expect('[')?;
        for _ in 0..count_max {
            read(self)?;
            if !self.goes_on(']')? {
                return Some(());
            }
        }
        None
    }

    /// Lets the caller read a value; gives its JSON too, and whether there is white space between its tokens.
    pub fn with_json<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<(T, &'a str, bool)> {
        self.skip_space();
        let start = self.rest;
        self.has_skipped_space = false;
        let value = read(self)?;
        Some((value, self.read_since(start)?, self.has_skipped_space))
    }

    /// A value without parts.
    pub fn scalar(&mut self) -> Option<Scalar<'a>> {
        match self.rest.as_bytes().first()? {
            b'"' => self.text(),
            b'0'..=b'9' | b'-' => self.number(),
            b't' => self.word("true", Scalar::Bool(true)),
            b'f' => self.word("false", Scalar::Bool(false)),
            b'n' => self.word("null", Scalar::Null),
            b' ' | b'\n' | b'\r' | b'\t' => self.scalar_behind_space(),
            _ => None,
        }
    }

    /// The end of the text.
    pub fn end(&mut self) -> Option<()> {
        self.skip_space();
        self.rest.is_empty().then_some(())
    }

    /// Apart, so that a value without space in front of it keeps no registers for this.
    #[cold]
    #[inline(never)]
    fn scalar_behind_space(&mut self) -> Option<Scalar<'a>> {
        self.skip_space();
        self.scalar()
    }

    /// Takes this token, or nothing but the white space in front of another.
    #[inline]
    fn expect(&mut self, token: char) -> Option<()> {
        match self.rest.strip_prefix(token) {
            Some(rest) => self.rest = rest,
            None => self.rest = self.skip_space().strip_prefix(token)?,
        }
        Some(())
    }

    /// Takes a comma, or what closes the list.
    #[inline]
    fn goes_on(&mut self, close: char) -> Option<bool> {
        if let Some(rest) = self.rest.strip_prefix(',') {
            self.rest = rest;
            Some(true)
        } else if let Some(rest) = self.rest.strip_prefix(close) {
            self.rest = rest;
            Some(false)
        } else {
            self.goes_on_behind_space(close)
        }
    }

    #[cold]
    fn goes_on_behind_space(&mut self, close: char) -> Option<bool> {
        self.skip_space();
        let goes_on = self.rest.starts_with(',');
        self.rest = self.rest.strip_prefix([',', close])?;
        Some(goes_on)
    }

    #[cold]
    fn skip_space(&mut self) -> &'a str {
        let rest = self.rest.trim_start_matches([' ', '\n', '\r', '\t']);
        self.has_skipped_space |= rest.len() < self.rest.len();
        self.rest = rest;
        rest
    }

    fn word(&mut self, word: &str, value: Scalar<'a>) -> Option<Scalar<'a>> {
        self.rest = self.rest.strip_prefix(word)?;
        Some(value)
    }

    /// A text whose opening quote is next. Apart from numbers, which need fewer registers.
    #[inline(never)]
    fn text(&mut self) -> Option<Scalar<'a>> {
        let quoted = self.rest;
        self.rest = quoted.strip_prefix('"')?;
        self.plain_text().map(Scalar::Text).or_else(|| self.escaped_text(quoted))
    }

    /// A text without escapes, behind its opening quote.
    #[inline]
    fn plain_text(&mut self) -> Option<&'a str> {
        let (text, rest) = self.rest.split_at_checked(plain_length(self.rest.as_bytes()))?;
        self.rest = rest.strip_prefix('"')?;
        Some(text)
    }

    /// A text with escapes, behind its opening quote.
    #[cold]
    fn escaped_text(&mut self, quoted: &'a str) -> Option<Scalar<'a>> {
        loop {
            let (_, rest) = self.rest.split_at_checked(plain_length(self.rest.as_bytes()))?;
            if let Some(rest) = rest.strip_prefix('"') {
                self.rest = rest;
                return self.read_since(quoted).map(Scalar::EscapedText);
            }
            self.rest = rest.strip_prefix('\\')?.strip_prefix(['"', '\\', '/', 'b', 'f', 'n', 'r', 't'])?;
        }
    }

    /// A number whose first byte is next. What must not follow one, such as an exponent, is no other token either.
    #[inline(never)]
    fn number(&mut self) -> Option<Scalar<'a>> {
        let signed = self.rest.as_bytes();
        let unsigned = if let [b'-', rest @ ..] = signed { rest } else { signed };
        let fraction = match unsigned {
            [b'0', rest @ ..] => rest,
            _ => without_digits(unsigned)?,
        };
        let rest = match fraction {
            [b'.', digits @ ..] => without_digits(digits)?,
            _ => fraction,
        };
        let (number, rest) = self.rest.split_at_checked(signed.len() - rest.len())?;
        self.rest = rest;
        (number.len() <= PLAIN_NUMBER_BYTES).then_some(Scalar::Number(number))
    }

    fn read_since(&self, start: &'a str) -> Option<&'a str> {
        start.get(..start.len() - self.rest.len())
    }
}

/// What follows one digit or more.
#[inline]
fn without_digits(bytes: &[u8]) -> Option<&[u8]> {
    let mut rest = bytes;
    while let [b'0'..=b'9', after @ ..] = rest {
        rest = after;
    }
    (rest.len() < bytes.len()).then_some(rest)
}

/// Bytes before the first that is no plain one of a text: a quote, a backslash or a control character.
#[inline]
fn plain_length(bytes: &[u8]) -> usize {
    let mut rest = bytes;
    while let Some((word, after)) = rest.split_first_chunk() {
        let marks = not_plain(u64::from_le_bytes(*word));
        if marks != 0 {
            return bytes.len() - rest.len() + marks.trailing_zeros() as usize / 8;
        }
        rest = after;
    }
    bytes.len() - rest.len() + plain_length_of_few(rest)
}

/// The same for less than a word.
#[cold]
fn plain_length_of_few(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|&&byte| byte >= b' ' && byte != b'"' && byte != b'\\').count()
}

/// Eight bytes at once (SWAR): marks the top bit of the first that is not plain. Those behind it may be marked for nothing.
fn not_plain(word: u64) -> u64 {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const TOP_BITS: u64 = ONES << 7;
    let below = |word: u64, byte: u8| word.wrapping_sub(ONES * u64::from(byte)) & !word;
    // With its second bit turned the quote (0x22) is 0x20, next to the control characters, and the space and `!` are above it.
    let control_or_quote = below(word ^ (ONES * 2), b'!');
    let backslash = below(word ^ (ONES * u64::from(b'\\')), 1);
    (control_or_quote | backslash) & TOP_BITS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scalar(text: &str) -> Option<Scalar<'_>> {
        let mut scanner = Scanner::new(text);
        let scalar = scanner.scalar()?;
        scanner.end()?;
        Some(scalar)
    }

    #[test]
    fn plain_values_are_read_as_they_are_written() {
        for (text, expected) in [
            (" null\n", Scalar::Null),
            ("\ttrue\r", Scalar::Bool(true)),
            ("false", Scalar::Bool(false)),
            ("0", Scalar::Number("0")),
            ("-0.50", Scalar::Number("-0.50")),
            ("1250.75", Scalar::Number("1250.75")),
            ("\"\"", Scalar::Text("")),
            ("\"José ₹ 💡\u{7f}\"", Scalar::Text("José ₹ 💡\u{7f}")),
            (r#""4\" pipe\n""#, Scalar::EscapedText(r#""4\" pipe\n""#)),
            (r#""\\""#, Scalar::EscapedText(r#""\\""#)),
        ] {
            assert_eq!(scalar(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn everything_else_is_left_to_serde() {
        let long = "1".repeat(PLAIN_NUMBER_BYTES + 1);
        for text in [
            "",
            " ",
            "nul",
            "True",
            "nulll",
            "01",
            "-",
            "-a",
            ".5",
            "5.",
            "1e3",
            "1.5E2",
            "+1",
            "--1",
            "NaN",
            "٣",
            "'a'",
            "\"",
            "\"a",
            "\"\\",
            "\"\\\"",
            r#""\u0041""#,
            r#""\x""#,
            "\"\n\"",
            "\"\0\"",
            "\"a\" b",
            "1 2",
            "1,",
            "{}",
            "[]",
            "\u{feff}1",
            "\u{a0}1",
            &long,
        ] {
            assert_eq!(scalar(text), None, "{text}");
        }
    }

    #[test]
    fn objects_and_lists_are_gone_through_up_to_their_limits() {
        let count_fields = |text: &str| {
            let (mut scanner, mut count) = (Scanner::new(text), 0);
            scanner.each_field(|scanner| {
                count += 1;
                let is_known = scanner.takes("\"a\":");
                if !is_known {
                    scanner.other_name()?;
                }
                scanner.scalar().map(drop)
            })?;
            scanner.end().map(|()| count)
        };
        assert_eq!(count_fields(" { \"a\": 1 ,\n\"a\":null,\"b\":2 } "), Some(3));
        for text in [
            "{}",
            "{\"a\"}",
            "{\"a\":1,}",
            "{\"a\":1 \"b\":2}",
            "{\"a\":1",
            "{\"a\":[1]}",
            r#"{"\n":1}"#,
            "{a:1}",
            "[1]",
            "{\"a\" :1}",
            "{,\"a\":1}",
            "{\"a\"::1}",
        ] {
            assert_eq!(count_fields(text), None, "{text}");
        }
        let object = |fields: usize| format!("{{{}}}", vec!["\"a\":1"; fields].join(","));
        assert_eq!(count_fields(&object(FIELDS_MAX)), Some(FIELDS_MAX));
        assert_eq!(count_fields(&object(FIELDS_MAX + 1)), None);

        let count_elements = |text: &str| {
            let (mut scanner, mut count) = (Scanner::new(text), 0);
            scanner.each_element(3, |scanner| {
                count += 1;
                scanner.scalar().map(drop)
            })?;
            scanner.end().map(|()| count)
        };
        assert_eq!(count_elements("[1, 2,3]"), Some(3));
        for text in ["[]", "[1,2,3,4]", "[1,]", "[1", "[1}", "{}"] {
            assert_eq!(count_elements(text), None, "{text}");
        }
    }

    #[test]
    fn the_json_of_a_value_comes_with_it() {
        let json = |text| {
            Scanner::new(text).with_json(|scanner| scanner.each_element(9, |scanner| scanner.scalar().map(drop)))
        };
        assert_eq!(json(" [1,\" \"] "), Some(((), "[1,\" \"]", false)));
        assert_eq!(json("[1, 2]"), Some(((), "[1, 2]", true)));
    }
}
