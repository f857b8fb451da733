//! Full-text search: what it looks at, and when it finds a record: by number, name or phone, words in any order.

use super::fold::{fold, push_folded};
use super::key::RecordKey;

/// Between the parts of a search text; folded texts have no control characters.
const PART: char = '\u{1}';
/// Room for a label and what stands between the parts.
const LABEL_BYTES: usize = 16;

/// The few words of a record that a search looks at, kept apart from the record so that many are read quickly.
pub fn search_text(key: RecordKey, status: &str, name: &str, phone: &str) -> String {
    let mut text = String::with_capacity(status.len() + name.len() + phone.len() + LABEL_BYTES);
    push_folded(&mut text, status);
    text.push(PART);
    text.push_str(&key.label());
    text.push(PART);
    push_folded(&mut text, name);
    text.push(PART);
    push_phone_numbers(&mut text, phone);
    text
}

/// Whether a record with this search text has a status, in any case and accent. `folded` is the status after [`fold`].
pub fn has_status(search_text: &str, folded: &str) -> bool {
    search_text.split(PART).next() == Some(folded)
}

/// The numbers in a text such as `+91 (0) 98450-12345, 0253 555 0100`: digits alone, a space between two numbers, without the
/// zeros that are dialled at home only.
fn push_phone_numbers(numbers: &mut String, text: &str) {
    let mut folded = fold(text);
    // Most have none, and to look for one byte is a small part of the work of looking for three.
    if folded.contains('(') {
        folded = folded.replace("(0)", "");
    }
    let start = numbers.len();
    for number in folded.split(|character: char| !is_of_phone(character)) {
        if is_apart(number) {
            number.split('/').for_each(|number| push_phone_number(numbers, start, number));
        } else {
            push_phone_number(numbers, start, number);
        }
    }
}

fn push_phone_number(numbers: &mut String, start: usize, number: &str) {
    let mut significant = digits(number).skip_while(|digit| *digit == b'0').peekable();
    if significant.peek().is_some() && numbers.len() > start {
        numbers.push(' ');
    }
    numbers.extend(significant.map(char::from));
}

/// Whether the strokes of a text stand between whole numbers, and not between the code of a town and a number.
fn is_apart(text: &str) -> bool {
    text.contains('/') && text.split('/').all(|part| digits(part).count() >= WHOLE_PHONE_DIGITS_MIN)
}

fn digits(text: &str) -> impl Iterator<Item = u8> {
    text.bytes().filter(u8::is_ascii_digit)
}

/// Whether it may stand in a phone number: a digit, or what people put between digits. Dashes are gone by then.
fn is_of_phone(character: char) -> bool {
    matches!(character, '0'..='9' | '+' | '(' | ')' | ' ' | '.' | '/')
}

/// Words of what is looked for; what is typed beyond does not count. Each is looked for in every record.
const SEARCH_WORDS_MAX: usize = 16;
/// A part of a phone number that is worth looking for.
const PHONE_DIGITS_MIN: usize = 3;
/// So many digits are a whole number, even without the code of its country or town.
const WHOLE_PHONE_DIGITS_MIN: usize = 7;
/// Two numbers that agree in so many digits at their ends are one, whatever stands before.
const SAME_PHONE_DIGITS_MIN: usize = 9;

/// What is looked for.
#[derive(Debug, Clone)]
pub struct Needle {
    /// The digits of a phone number, if all of it looks like one.
    phone: Option<String>,
    /// Each must be found.
    words: Vec<Word>,
}

/// One word of what is looked for.
#[derive(Debug, Clone)]
struct Word {
    /// Found in names and, with its `#`, in numbers.
    text: String,
    /// The number of a record that it is, if it is one.
    number: Option<u32>,
    /// The digits of a part of a phone number, if it looks like one.
    phone: Option<String>,
}

impl Needle {
    /// Takes what a person typed; `None` if that is nothing.
    pub fn new(typed: &str) -> Option<Self> {
        let folded = fold(typed);
        if folded.is_empty() {
            return None;
        }
        let words = folded.split(' ').take(SEARCH_WORDS_MAX).map(Word::new).collect();
        Some(Self { phone: phone_needle(&folded), words })
    }

    /// Whether a record with this search text is found.
    pub fn finds(&self, number: u32, search_text: &str) -> bool {
        let mut parts = search_text.split(PART).skip(1);
        let [label, name, phones] = [(); 3].map(|()| parts.next().unwrap_or_default());
        let has_phone = |needle: &Option<String>| needle.as_deref().is_some_and(|needle| is_phone(phones, needle));
        has_phone(&self.phone)
            || self.words.iter().all(|word| {
                word.number == Some(number)
                    || name.contains(&word.text)
                    || (word.text.starts_with('#') && label.contains(&word.text))
                    || has_phone(&word.phone)
            })
    }
}

impl Word {
    fn new(text: &str) -> Self {
        let number = text.strip_prefix('#').unwrap_or(text).parse().ok();
        Self { text: text.to_string(), number, phone: phone_needle(text) }
    }
}

/// The digits of a text that can be a part of a phone number.
fn phone_needle(folded: &str) -> Option<String> {
    let mut numbers = String::new();
    push_phone_numbers(&mut numbers, folded);
    (folded.chars().all(is_of_phone) && numbers.len() >= PHONE_DIGITS_MIN).then_some(numbers)
}

/// Whether one of the stored numbers is the one that is looked for, or has it inside.
fn is_phone(phones: &str, needle: &str) -> bool {
    phones.split(' ').any(|phone| {
        let same = phone.bytes().rev().zip(needle.bytes().rev()).take_while(|(own, other)| own == other).count();
        phone.contains(needle)
            || same >= SAME_PHONE_DIGITS_MIN
            || (same >= WHOLE_PHONE_DIGITS_MIN && same == phone.len().min(needle.len()))
    })
}

#[cfg(test)]
mod tests {
    use proptest::test_runner::{Config, TestRunner};
    use serde::Deserialize;

    use super::*;
    use crate::domain::key::Kind;

    /// A record and what finds it; the page's own search is held against the same table.
    #[derive(Deserialize)]
    struct Case {
        name: String,
        phone: String,
        found_by: Vec<String>,
        not_found_by: Vec<String>,
    }

    #[test]
    fn a_search_finds_what_people_type() {
        const NUMBER: u32 = 4_000_000;
        let cases: Vec<Case> = serde_json::from_str(include_str!("search_cases.json")).unwrap();
        for Case { name, phone, found_by, not_found_by } in cases {
            let text = search_text(RecordKey::new(Kind::Order, NUMBER), "Completed", &name, &phone);
            for (typed, is_found) in
                found_by.iter().map(|typed| (typed, true)).chain(not_found_by.iter().map(|typed| (typed, false)))
            {
                let finds = Needle::new(typed).unwrap().finds(NUMBER, &text);
                assert_eq!(finds, is_found, "{typed:?} in {name:?}, {phone:?}: {text:?}");
            }
        }
    }

    #[test]
    fn records_are_found_by_their_number() {
        let text = search_text(RecordKey::new(Kind::Order, 12), "In Progress", "José Ångström", "+91 98450-12345");
        for typed in ["12", "#012", "#01", "jose #012", "12 angstrom", "१२"] {
            assert!(Needle::new(typed).unwrap().finds(12, &text), "{typed}");
        }
        for typed in ["13", "#13", "in", "1", "maria 12"] {
            assert!(!Needle::new(typed).unwrap().finds(12, &text), "{typed}");
        }
        assert!(Needle::new(" \u{200B} - ").is_none());
        assert_eq!(Needle::new(&"a ".repeat(4_000)).unwrap().words.len(), SEARCH_WORDS_MAX);
        assert!(has_status(&text, &fold(" in  PROGRESS ")) && !has_status(&text, &fold("progress")));
    }

    /// The phone part of a search text, as the files of shops have it since there are search texts: written for being read, with a
    /// text of its own for each step.
    fn phone_numbers(text: &str) -> String {
        let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
        let folded = fold(text).replace("(0)", "");
        let mut numbers = Vec::new();
        for number in folded.split(|character: char| !(character.is_ascii_digit() || "+() ./".contains(character))) {
            let parts: Vec<&str> = number.split('/').collect();
            let is_apart = parts.iter().all(|part| digits(part).len() >= WHOLE_PHONE_DIGITS_MIN);
            let parts = if is_apart { parts } else { vec![number] };
            numbers.extend(parts.into_iter().map(|part| digits(part).trim_start_matches('0').to_string()));
        }
        numbers.retain(|number| !number.is_empty());
        numbers.join(" ")
    }

    /// Goal: search texts stay what they were in every file. Method: against the plain form of each part.
    #[test]
    fn a_search_text_is_its_folded_parts_whatever_they_are() {
        const PHONE: &str = r"(\(0\)|[0-9]{1,8}|[-+() ./,;a-z]|\PC){0,12}";
        let config = Config { cases: 4_000, failure_persistence: None, ..Config::default() };
        TestRunner::new(config)
            .run(&(1_u32.., r"\PC{0,12}", r"\PC{0,20}", PHONE), |(number, status, name, phone)| {
                let key = RecordKey::new(Kind::Order, number);
                let parts = [fold(&status), format!("#{number:03}"), fold(&name), phone_numbers(&phone)];
                assert_eq!(search_text(key, &status, &name, &phone), parts.join("\u{1}"));
                Ok(())
            })
            .unwrap();
    }
}
