//! What a search looks at, and when it finds a record: by number, name or phone, in any case and accent.

use unicode_normalization::UnicodeNormalization;

use super::RecordKey;

/// Between the parts of a search text; folded texts have no control characters.
const PART: char = '\u{1}';

/// The few words of a record that a search looks at, kept apart from the record so that many are read quickly.
pub fn search_text(key: RecordKey, status: &str, name: &str, phone: &str) -> String {
    let mut text = fold(status);
    for part in [key.label(), fold(name), digits(phone)] {
        text.push(PART);
        text.push_str(&part);
    }
    text
}

/// Lower case, without accents, without control characters.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text
            .bytes()
            .filter(|byte| !byte.is_ascii_control())
            .map(|byte| char::from(byte.to_ascii_lowercase()))
            .collect();
    }
    text.nfkd()
        .filter(|character| !('\u{300}'..='\u{36F}').contains(character) && !character.is_control())
        .flat_map(char::to_lowercase)
        .collect()
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// What is looked for.
#[derive(Debug, Clone)]
pub struct Needle {
    /// Found in names and, with its `#`, in numbers.
    text: String,
    /// The number that it is, if it is one.
    number: Option<u32>,
    /// The digits of a phone number, if it looks like one.
    phone: Option<String>,
}

/// A part of a phone number that is worth looking for.
const PHONE_DIGITS_MIN: usize = 3;

impl Needle {
    /// Takes what a person typed; `None` if that is nothing.
    pub fn new(typed: &str) -> Option<Self> {
        let text = fold(typed.trim());
        if text.is_empty() {
            return None;
        }
        let number = text.strip_prefix('#').unwrap_or(&text).parse().ok();
        let is_phone = text.chars().all(|character| character.is_ascii_digit() || "+-() ./".contains(character));
        let phone = Some(digits(&text)).filter(|digits| is_phone && digits.len() >= PHONE_DIGITS_MIN);
        Some(Self { text, number, phone })
    }

    /// Whether a record with this search text is found.
    pub fn finds(&self, number: u32, search_text: &str) -> bool {
        let mut parts = search_text.split(PART).skip(1);
        let (label, name, phone) = (parts.next(), parts.next(), parts.next());
        let contains = |part: Option<&str>, needle: &str| part.is_some_and(|part| part.contains(needle));
        self.number == Some(number)
            || contains(name, &self.text)
            || (self.text.starts_with('#') && contains(label, &self.text))
            || self.phone.as_deref().is_some_and(|needle| contains(phone, needle))
    }
}

/// Whether a record with this search text has a status, in any case and accent. `folded` is the status after [`fold`].
pub fn has_status(search_text: &str, folded: &str) -> bool {
    search_text.split(PART).next() == Some(folded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Kind;

    #[test]
    fn records_are_found_by_number_name_and_phone() {
        let key = RecordKey::new(Kind::Order, 12);
        let text = search_text(key, "Completed", "José Ångström", "+91 98450-12345");
        for typed in ["jose", "ANGSTROM", "é", "12", "#012", "#01", "98450", "98450 12345", "+919845", " josé "] {
            assert!(Needle::new(typed).unwrap().finds(12, &text), "{typed}");
        }
        for typed in ["maria", "13", "#13", "98451", "completed", "1"] {
            assert!(!Needle::new(typed).unwrap().finds(12, &text), "{typed}");
        }
        assert!(Needle::new("  ").is_none());
        assert!(has_status(&text, "completed") && !has_status(&text, "complete"));
    }

    #[test]
    fn vowel_signs_are_no_accents() {
        let text = search_text(RecordKey::new(Kind::Order, 1), "", "सविता कुलकर्णी", "");
        assert!(Needle::new("सविता").unwrap().finds(1, &text));
        assert!(!Needle::new("सवत").unwrap().finds(1, &text));
    }
}
