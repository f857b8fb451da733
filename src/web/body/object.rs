//! Reading a JSON object field by field, as leniently as the old backend did, and naming every fault.

use std::borrow::Cow;
use std::fmt;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::elements::{Unlisted, each_element};
use crate::domain::{Currency, Micros, Money, NAME_CHARS_MAX, NAMES_MAX, TEXT_CHARS_MAX};
use crate::web::http::{FieldError, LocationPart, Problem};

/// Fields of one object; the app sends about fifteen.
pub(crate) const FIELDS_MAX: usize = 256;
/// A character of a text as JSON at its longest: the escapes of two halves, such as `\ud83d\udca1`.
const ESCAPED_CHAR_BYTES: usize = 12;

/// An object whose values are not looked at yet.
pub(crate) struct ObjectFields<'a> {
    entries: Vec<FieldEntry<'a>>,
}

/// A field under the name that it has for the first time.
struct FieldEntry<'a> {
    name: Cow<'a, str>,
    value: &'a RawValue,
    is_repeated: bool,
}

/// An object of which only the fields of an item are kept; the others are looked through and passed on untouched.
pub(crate) struct ItemFields<'a>(pub ObjectFields<'a>);

/// The fields of an item that are read.
const ITEM_FIELDS: [&str; 4] = ["name", "price", "quantity", "discount"];
/// Fields of a bill, so that most often the memory for them is taken once.
const BILL_FIELDS: usize = 16;

/// A text, copied only if it is written with escapes.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for ObjectFields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FieldsVisitor { is_item: false })
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for ItemFields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FieldsVisitor { is_item: true }).map(Self)
    }
}

struct FieldsVisitor {
    is_item: bool,
}

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = ObjectFields<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON object")
    }

    /// The error that serde would make of a text repeats it, and grows with it.
    fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<Self::Value, E> {
        Err(E::custom("invalid type: string, expected a JSON object"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let capacity = if self.is_item { ITEM_FIELDS.len() } else { BILL_FIELDS };
        let mut fields = ObjectFields { entries: Vec::with_capacity(capacity) };
        let mut count = FieldCount::default();
        while let Some(Text(name)) = map.next_key::<Text<'de>>()? {
            count.add()?;
            if self.is_item && !ITEM_FIELDS.contains(&&*name) {
                map.next_value::<Readable>()?;
                continue;
            }
            let value = map.next_value()?;
            match fields.entries.iter_mut().find(|own| own.name == name) {
                Some(own) => own.is_repeated = true,
                None => fields.entries.push(FieldEntry { name, value, is_repeated: false }),
            }
        }
        Ok(fields)
    }
}

/// Counts the fields of an object, those included that nobody reads or that are there twice.
#[derive(Default)]
struct FieldCount(usize);

impl FieldCount {
    fn add<E: serde::de::Error>(&mut self) -> Result<(), E> {
        self.0 += 1;
        if self.0 > FIELDS_MAX {
            return Err(E::custom(format_args!("more than {FIELDS_MAX} fields in one object")));
        }
        Ok(())
    }
}

impl<'a> ObjectFields<'a> {
    /// Parses a request body.
    pub fn parse(text: &'a str) -> Result<Self, Problem> {
        serde_json::from_str(text).map_err(|error| {
            if error.is_data() {
                Problem::invalid(vec![FieldError {
                    loc: vec![LocationPart::Name("body".into())],
                    msg: format!("The body must be a JSON object: {error}"),
                    kind: "dict_type",
                }])
            } else {
                Problem::new(400, format!("The request body is not valid JSON: {error}"))
            }
        })
    }

    /// The JSON of a value; `null` counts as absent.
    pub fn get(&self, name: &str) -> Option<&'a str> {
        self.entry(name)?.json()
    }

    /// Whether a field is there and is `null`, which says something where it stands for all, or for none.
    pub fn is_null(&self, name: &str) -> bool {
        self.entry(name).is_some_and(|entry| entry.json().is_none())
    }

    fn entry(&self, name: &str) -> Option<&FieldEntry<'a>> {
        self.entries.iter().find(|own| own.name == name)
    }
}

impl<'a> FieldEntry<'a> {
    fn json(&self) -> Option<&'a str> {
        let json = self.value.get();
        (json != "null").then_some(json)
    }
}

/// Any JSON value that every client can read: nested no deeper than the parser goes, numbers that a double holds, whole
/// characters, no more fields in an object than a bill may have. Nothing of it is kept.
struct Readable;

impl<'de> Deserialize<'de> for Readable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ReadableVisitor;
        impl<'de> Visitor<'de> for ReadableVisitor {
            type Value = Readable;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a JSON value")
            }

            fn visit_unit<E>(self) -> Result<Readable, E> {
                Ok(Readable)
            }

            fn visit_bool<E>(self, _: bool) -> Result<Readable, E> {
                Ok(Readable)
            }

            fn visit_i64<E>(self, _: i64) -> Result<Readable, E> {
                Ok(Readable)
            }

            fn visit_u64<E>(self, _: u64) -> Result<Readable, E> {
                Ok(Readable)
            }

            fn visit_f64<E>(self, _: f64) -> Result<Readable, E> {
                Ok(Readable)
            }

            fn visit_str<E>(self, _: &str) -> Result<Readable, E> {
                Ok(Readable)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Readable, A::Error> {
                while elements.next_element::<Readable>()?.is_some() {}
                Ok(Readable)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Readable, A::Error> {
                let mut count = FieldCount::default();
                while entries.next_entry::<Readable, Readable>()?.is_some() {
                    count.add()?;
                }
                Ok(Readable)
            }
        }
        deserializer.deserialize_any(ReadableVisitor)
    }
}

/// The faults of one input, collected so that a person corrects all of them at once.
pub(crate) struct FieldErrors {
    list: Vec<FieldError>,
}

/// Faults listed in one answer.
pub(crate) const FIELD_ERRORS_MAX: usize = 50;

impl FieldErrors {
    pub fn new() -> Self {
        Self { list: Vec::new() }
    }

    /// How many are listed so far.
    pub fn count(&self) -> usize {
        self.list.len()
    }

    /// Takes back those that were added since there were so many.
    pub fn forget_since(&mut self, count: usize) {
        self.list.truncate(count);
    }

    pub fn add(&mut self, at: &At<'_>, name: &str, kind: &'static str, msg: impl Into<String>) -> Noted {
        if self.list.len() < FIELD_ERRORS_MAX {
            let mut loc = at.loc();
            if !name.is_empty() {
                loc.push(LocationPart::Name(name.to_string()));
            }
            self.list.push(FieldError { loc, msg: msg.into(), kind });
        }
        Noted
    }

    /// The value, unless there were faults.
    pub fn finish<T>(self, value: Read<T>) -> Result<T, Problem> {
        match value {
            Ok(value) if self.list.is_empty() => Ok(value),
            _ => Err(Problem::invalid(self.list)),
        }
    }
}

/// Where an object stands in the input.
#[derive(Clone, Copy)]
pub(crate) enum At<'a> {
    /// The body itself.
    Body,
    /// The query.
    Query,
    /// An element of an array in the body.
    Element(&'a str, usize),
}

impl At<'_> {
    fn loc(&self) -> Vec<LocationPart> {
        match *self {
            Self::Body => vec![LocationPart::Name("body".into())],
            Self::Query => vec![LocationPart::Name("query".into())],
            Self::Element(array, index) => {
                vec![LocationPart::Name("body".into()), LocationPart::Name(array.into()), LocationPart::Index(index)]
            }
        }
    }
}

/// A fault was noted; there is no value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Noted;

/// What reading a field gives.
pub(crate) type Read<T> = Result<T, Noted>;

/// Reads the fields of one object and notes the faults.
pub(crate) struct Reader<'a, 'f> {
    pub fields: &'f ObjectFields<'a>,
    pub at: At<'f>,
    pub faults: &'f mut FieldErrors,
    pub currency: Currency,
}

impl<'a, 'f> Reader<'a, 'f> {
    pub fn new(fields: &'f ObjectFields<'a>, at: At<'f>, faults: &'f mut FieldErrors, currency: Currency) -> Self {
        Self { fields, at, faults, currency }
    }

    pub fn fault(&mut self, name: &str, kind: &'static str, msg: impl Into<String>) -> Noted {
        self.faults.add(&self.at, name, kind, msg)
    }

    /// A field that must be there.
    pub fn required<T>(&mut self, name: &str, read: impl FnOnce(&mut Self, &str, &'a str) -> Read<T>) -> Read<T> {
        match self.optional(name, read) {
            Ok(Some(value)) => Ok(value),
            Ok(None) => Err(self.fault(name, "missing", "is missing")),
            Err(noted) => Err(noted),
        }
    }

    /// A field that may be left away.
    pub fn optional<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&mut Self, &str, &'a str) -> Read<T>,
    ) -> Read<Option<T>> {
        match self.fields.entry(name) {
            Some(entry) if entry.is_repeated => Err(self.fault(name, "duplicate_field", "is there more than once")),
            entry => entry.and_then(FieldEntry::json).map(|value| read(self, name, value)).transpose(),
        }
    }

    /// Text; it may be empty.
    pub fn text(&mut self, name: &str, value: &str) -> Read<String> {
        if !value.starts_with('"') {
            return Err(self.fault(name, "string_type", "must be text"));
        }
        let too_long = format!("is longer than {TEXT_CHARS_MAX} characters");
        // So long a text is not decoded, whatever is in it.
        if value.len() > 2 + TEXT_CHARS_MAX * ESCAPED_CHAR_BYTES {
            return Err(self.fault(name, "string_too_long", too_long));
        }
        let Ok(text) = serde_json::from_str::<String>(value) else {
            return Err(self.fault(name, "string_unicode", "is not valid Unicode text"));
        };
        if text.len() > TEXT_CHARS_MAX && text.chars().count() > TEXT_CHARS_MAX {
            return Err(self.fault(name, "string_too_long", too_long));
        }
        Ok(text)
    }

    /// A currency with as many decimals as the stored amounts have.
    pub fn currency(&mut self, name: &str, value: &str) -> Read<Currency> {
        let text = self.text(name, value)?;
        let Some(currency) = Currency::from_code(text.trim()) else {
            return Err(self.fault(name, "currency", "must be a code of three letters, such as INR"));
        };
        let decimals = self.currency.decimals();
        if currency.decimals() == decimals {
            return Ok(currency);
        }
        Err(self.fault(name, "currency", format!("must have {decimals} decimals, as the stored amounts do")))
    }

    /// A list of names, or one text that holds them with commas between; blank ones and repetitions are left out.
    pub fn names(&mut self, name: &str, value: &str) -> Read<Vec<String>> {
        let mut names = Names::default();
        let read = if value.starts_with('"') {
            let text = self.text(name, value)?;
            let count = text.split([',', '\n']).inspect(|entry| names.add(entry)).count();
            if count > NAMES_MAX { Err(Unlisted::TooMany) } else { Ok(count) }
        } else {
            each_element(value, NAMES_MAX, |_, Text(entry)| names.add(&entry))
        };
        match read {
            Err(Unlisted::Unreadable) => Err(self.fault(name, "list_type", "must be a list of texts")),
            Err(Unlisted::TooMany) => Err(self.fault(name, "too_long", format!("must have at most {NAMES_MAX} names"))),
            Ok(_) if names.is_one_too_long => {
                let msg = format!("has a name longer than {NAME_CHARS_MAX} characters");
                Err(self.fault(name, "string_too_long", msg))
            }
            Ok(_) => Ok(names.list),
        }
    }

    /// Money: zero or more.
    pub fn amount(&mut self, name: &str, value: &str) -> Read<Money> {
        let number = self.number(name, value)?;
        match self.currency.parse(&number) {
            Ok(money) if money < Money::default() => {
                Err(self.fault(name, "greater_than_equal", "must not be negative"))
            }
            Ok(money) => Ok(money),
            Err(error) => Err(self.fault(name, "float_parsing", error.to_string())),
        }
    }

    /// A percentage, 0 to 100.
    pub fn percent(&mut self, name: &str, value: &str) -> Read<f64> {
        let number = self.number(name, value)?;
        match number.trim().parse::<f64>() {
            Ok(percent) if (0.0..=100.0).contains(&percent) => Ok(percent.abs()),
            Ok(_) => Err(self.fault(name, "percent_range", "must be between 0 and 100")),
            Err(_) => Err(self.fault(name, "float_parsing", "must be a number")),
        }
    }

    /// A decimal number.
    pub fn micros(&mut self, name: &str, value: &str) -> Read<Micros> {
        let number = self.number(name, value)?;
        Micros::parse(&number).map_err(|error| self.fault(name, "float_parsing", error.to_string()))
    }

    /// Yes or no, in every spelling that the old backend took.
    pub fn boolean(&mut self, name: &str, value: &str) -> Read<bool> {
        let word = unquoted(value).unwrap_or(Cow::Borrowed(value));
        let is_one_of = |words: [&str; 7]| words.iter().any(|own| word.trim().eq_ignore_ascii_case(own));
        if is_one_of(["true", "1", "1.0", "yes", "y", "on", "t"]) {
            Ok(true)
        } else if is_one_of(["false", "0", "0.0", "no", "n", "off", "f"]) {
            Ok(false)
        } else {
            Err(self.fault(name, "bool_parsing", "must be true or false"))
        }
    }

    /// The text of a number, or of a string that may hold one.
    fn number<'v>(&mut self, name: &str, value: &'v str) -> Read<Cow<'v, str>> {
        match value.as_bytes().first() {
            Some(b'0'..=b'9' | b'-') => Ok(Cow::Borrowed(value)),
            Some(b'"') => unquoted(value).map_or_else(|| self.not_a_number(name), Ok),
            _ => self.not_a_number(name),
        }
    }

    fn not_a_number<T>(&mut self, name: &str) -> Read<T> {
        Err(self.fault(name, "float_type", "must be a number"))
    }
}

/// The text that a JSON string holds; `None` if it is none, or holds half characters.
fn unquoted(value: &str) -> Option<Cow<'_, str>> {
    value.starts_with('"').then(|| serde_json::from_str(value).ok())?.map(|Text(text)| text)
}

/// Names as they are gathered: trimmed, without blank ones and repetitions.
#[derive(Default)]
struct Names {
    list: Vec<String>,
    is_one_too_long: bool,
}

impl Names {
    fn add(&mut self, entry: &str) {
        let name = entry.trim();
        if entry.chars().count() > NAME_CHARS_MAX {
            self.is_one_too_long = true;
        } else if !name.is_empty() && !self.list.iter().any(|own| own == name) {
            self.list.push(name.to_string());
        }
    }
}
