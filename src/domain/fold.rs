//! Text folding: what two spellings of one word have in common. Stored text and what is looked for are folded by the same
//! rules, so that a person finds what another one has typed.

use unicode_normalization::UnicodeNormalization;

/// Lower case, without accents, dashes and invisible characters, digits as `0` to `9`, and one space between two words.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    push_folded(&mut folded, text);
    folded
}

/// Puts the folded text behind what is there already.
pub(super) fn push_folded(folded: &mut String, text: &str) {
    let mut words = Words { start: folded.len(), folded };
    if text.is_ascii() {
        // Most texts are, and each new record has several: the same without the tables of Unicode.
        text.bytes().for_each(|byte| words.push_ascii(byte));
    } else {
        text.chars().map(before).nfkd().for_each(|character| words.push(character));
    }
    words.end();
}

/// A folded text in the making.
struct Words<'a> {
    folded: &'a mut String,
    /// Where it begins.
    start: usize,
}

impl Words<'_> {
    /// Folds what is left after decomposition.
    fn push(&mut self, character: char) {
        if character.is_whitespace() {
            self.gap();
        } else if !is_ignored(character) {
            character.to_lowercase().for_each(|lower| push_letter(self.folded, lower));
        }
    }

    fn push_ascii(&mut self, byte: u8) {
        match byte {
            b' ' | b'\t'..=b'\r' => self.gap(),
            b'-' | 0..=0x1F | 0x7F.. => {}
            b'`' => self.folded.push('\''),
            byte => self.folded.push(char::from(byte.to_ascii_lowercase())),
        }
    }

    /// White space: one space between two words.
    fn gap(&mut self) {
        if self.folded.len() > self.start && !self.folded.ends_with(' ') {
            self.folded.push(' ');
        }
    }

    fn end(self) {
        if self.folded.len() > self.start && self.folded.ends_with(' ') {
            self.folded.pop();
        }
    }
}

/// The acute accent that stands alone is typed for an apostrophe; decomposition would make a space of it.
fn before(character: char) -> char {
    if character == '\u{B4}' { '\'' } else { character }
}

/// What decomposition (Unicode Standard Annex 15, NFKD) leaves apart, though people take it for one letter.
fn push_letter(folded: &mut String, letter: char) {
    folded.push(match letter {
        'ı' => 'i',
        'ł' => 'l',
        'ø' => 'o',
        'đ' | 'ð' => 'd',
        'ς' => 'σ',
        '’' | '‘' | 'ʼ' | 'ʻ' | '`' => '\'',
        // Arabic and Persian keyboards write one letter in several ways.
        'ى' | 'ی' => 'ي',
        'ک' => 'ك',
        'ة' => 'ه',
        'þ' => return folded.push_str("th"),
        'æ' => return folded.push_str("ae"),
        'œ' => return folded.push_str("oe"),
        'ß' => return folded.push_str("ss"),
        other => digit(other).unwrap_or(other),
    });
}

/// Accents and vowel signs that people leave out, dashes of every kind, and what cannot be seen. The vowel signs of Indian
/// scripts are letters and stay.
fn is_ignored(character: char) -> bool {
    character.is_control()
        || matches!(character,
            // Combining accents.
            '\u{300}'..='\u{36F}' | '\u{1AB0}'..='\u{1AFF}' | '\u{1DC0}'..='\u{1DFF}' | '\u{20D0}'..='\u{20FF}' | '\u{FE20}'..='\u{FE2F}'
            // Arabic vowel signs and the stroke that lengthens a word.
            | '\u{610}'..='\u{61A}' | '\u{640}' | '\u{64B}'..='\u{65F}' | '\u{670}'
            // Dashes.
            | '-' | '\u{58A}' | '\u{5BE}' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{2E3A}' | '\u{2E3B}' | '\u{FE58}' | '\u{FE63}' | '\u{FF0D}'
            // Format characters (general category Cf) and variation selectors.
            | '\u{AD}' | '\u{600}'..='\u{605}' | '\u{61C}' | '\u{6DD}' | '\u{70F}' | '\u{890}' | '\u{891}' | '\u{8E2}'
            | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
            | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}'
            | '\u{E0001}' | '\u{E0020}'..='\u{E007F}' | '\u{E0100}'..='\u{E01EF}')
}

/// The zeros of the scripts in use that have decimal digits of their own (general category Nd); nine more follow each.
const ZEROS: [char; 41] = [
    '\u{660}',
    '\u{6F0}',
    '\u{7C0}',
    '\u{966}',
    '\u{9E6}',
    '\u{A66}',
    '\u{AE6}',
    '\u{B66}',
    '\u{BE6}',
    '\u{C66}',
    '\u{CE6}',
    '\u{D66}',
    '\u{DE6}',
    '\u{E50}',
    '\u{ED0}',
    '\u{F20}',
    '\u{1040}',
    '\u{1090}',
    '\u{17E0}',
    '\u{1810}',
    '\u{1946}',
    '\u{19D0}',
    '\u{1A80}',
    '\u{1A90}',
    '\u{1B50}',
    '\u{1BB0}',
    '\u{1C40}',
    '\u{1C50}',
    '\u{A620}',
    '\u{A8D0}',
    '\u{A900}',
    '\u{A9D0}',
    '\u{A9F0}',
    '\u{AA50}',
    '\u{ABF0}',
    '\u{FF10}',
    '\u{104A0}',
    '\u{11066}',
    '\u{11136}',
    '\u{1E950}',
    '\u{1FBF0}',
];

/// The value of a digit of another script, as an ASCII digit.
fn digit(character: char) -> Option<char> {
    if character < '\u{660}' {
        return None;
    }
    ZEROS.iter().find_map(|&zero| {
        let value = u32::from(character).checked_sub(u32::from(zero))?;
        char::from_digit(value, 10)
    })
}

#[cfg(test)]
mod tests {
    use proptest::test_runner::{Config, TestRunner};

    use super::*;

    #[test]
    fn words_are_separated_by_one_space_and_nothing_invisible_is_left() {
        assert_eq!(fold("  Asha \t\n  PATIL "), "asha patil");
        assert_eq!(fold("A\u{200B}sha\u{A0}\u{2003}Pa\u{AD}til\u{1}"), "asha patil");
        assert_eq!(fold("e-mail \u{2014} \u{2011}x"), "email x");
        assert_eq!(fold(" \u{200B} - "), "");
    }

    /// Goal: the way for ASCII gives what the way for everything gives. Method: any ASCII, control characters too, through both.
    #[test]
    fn ascii_is_folded_as_all_else() {
        let through_both = |text: &str| {
            let (mut ascii, mut other) = (String::from("before "), String::from("before "));
            push_folded(&mut ascii, text);
            let mut words = Words { start: other.len(), folded: &mut other };
            text.chars().map(before).nfkd().for_each(|character| words.push(character));
            words.end();
            assert_eq!(ascii, other, "{text:?}");
        };
        (0..128_u8).for_each(|byte| through_both(&format!("a{}B", char::from(byte))));
        let config = Config { cases: 4_000, failure_persistence: None, ..Config::default() };
        TestRunner::new(config)
            .run(&r"[\x00-\x7F]{0,24}", |text| {
                through_both(&text);
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn digits_of_any_script_are_digits() {
        assert_eq!(fold("१२० ١٢٠ ۱۲۰ １２０ ๑๒๐"), "120 120 120 120 120");
        for zero in ZEROS {
            assert_eq!(digit(zero), Some('0'), "{zero:?}");
            assert_eq!(digit(char::from_u32(u32::from(zero) + 9).unwrap()), Some('9'), "{zero:?}");
        }
    }
}
