//! Reading a JSON object field by field, as leniently as the old backend did, and naming every fault.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::problem::{Fault, Place, Problem};
use crate::domain::{Currency, Micros, Money, TEXT_CHARS_MAX};

/// Fields of one object; the app sends about fifteen.
const FIELDS_MAX: usize = 256;

/// An object whose values are not looked at yet.
pub(super) struct Fields<'a> {
    entries: Vec<(Cow<'a, str>, &'a RawValue)>,
    repeated: Option<String>,
}

#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FieldsVisitor;
        impl<'de> Visitor<'de> for FieldsVisitor {
            type Value = Fields<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Fields { entries: Vec::with_capacity(16), repeated: None };
                while let Some((Name(name), value)) = map.next_entry::<Name<'de>, &'de RawValue>()? {
                    if fields.entries.len() == FIELDS_MAX {
                        return Err(A::Error::custom(format_args!("more than {FIELDS_MAX} fields in one object")));
                    }
                    if fields.get(&name).is_some() {
                        fields.repeated = Some(name.into_owned());
                    } else {
                        fields.entries.push((name, value));
                    }
                }
                Ok(fields)
            }
        }
        deserializer.deserialize_map(FieldsVisitor)
    }
}

impl<'a> Fields<'a> {
    /// Parses a request body.
    pub fn parse(text: &'a str) -> Result<Self, Problem> {
        serde_json::from_str(text).map_err(|error| {
            if error.is_data() {
                Problem::invalid(vec![Fault {
                    loc: vec![Place::Name("body".into())],
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
        let value = self.entries.iter().find(|(own, _)| own == name).map(|(_, value)| value.get())?;
        (value != "null").then_some(value)
    }
}

/// The faults of one input, collected so that a person corrects all of them at once.
pub(super) struct Faults {
    list: Vec<Fault>,
}

/// Faults listed in one answer.
const FAULTS_MAX: usize = 50;

impl Faults {
    pub fn new() -> Self {
        Self { list: Vec::new() }
    }

    pub fn add(&mut self, at: &At<'_>, name: &str, kind: &'static str, msg: impl Into<String>) {
        if self.list.len() < FAULTS_MAX {
            let mut loc = at.loc();
            if !name.is_empty() {
                loc.push(Place::Name(name.to_string()));
            }
            self.list.push(Fault { loc, msg: msg.into(), kind });
        }
    }

    /// The value, unless there were faults.
    pub fn finish<T>(self, value: Option<T>) -> Result<T, Problem> {
        match value {
            Some(value) if self.list.is_empty() => Ok(value),
            _ => Err(Problem::invalid(self.list)),
        }
    }
}

/// Where an object stands in the input.
#[derive(Clone, Copy)]
pub(super) enum At<'a> {
    /// The body itself.
    Body,
    /// The query.
    Query,
    /// An element of an array in the body.
    Element(&'a str, usize),
}

impl At<'_> {
    fn loc(&self) -> Vec<Place> {
        match *self {
            Self::Body => vec![Place::Name("body".into())],
            Self::Query => vec![Place::Name("query".into())],
            Self::Element(array, index) => {
                vec![Place::Name("body".into()), Place::Name(array.into()), Place::Index(index)]
            }
        }
    }
}

/// Reads the fields of one object and notes the faults. Each reader gives `None` where it noted one.
pub(super) struct Reader<'a, 'f> {
    pub fields: &'f Fields<'a>,
    pub at: At<'f>,
    pub faults: &'f mut Faults,
    pub currency: Currency,
}

impl<'a, 'f> Reader<'a, 'f> {
    pub fn new(fields: &'f Fields<'a>, at: At<'f>, faults: &'f mut Faults, currency: Currency) -> Self {
        if let Some(name) = &fields.repeated {
            faults.add(&at, name, "duplicate_field", "is there more than once");
        }
        Self { fields, at, faults, currency }
    }

    pub fn fault(&mut self, name: &str, kind: &'static str, msg: impl Into<String>) {
        self.faults.add(&self.at, name, kind, msg);
    }

    /// Text that must be there; it may be empty.
    pub fn text(&mut self, name: &str) -> Option<String> {
        match self.fields.get(name) {
            Some(value) => self.read_text(name, value),
            None => self.missing(name),
        }
    }

    /// Text that may be left away. The outer `None` is a fault.
    pub fn optional_text(&mut self, name: &str) -> Option<Option<String>> {
        match self.fields.get(name) {
            Some(value) => self.read_text(name, value).map(Some),
            None => Some(None),
        }
    }

    /// Money that must be there: zero or more.
    pub fn amount(&mut self, name: &str) -> Option<Money> {
        match self.fields.get(name) {
            Some(value) => self.read_amount(name, value),
            None => self.missing(name),
        }
    }

    /// Money that may be left away. The outer `None` is a fault.
    pub fn optional_amount(&mut self, name: &str) -> Option<Option<Money>> {
        match self.fields.get(name) {
            Some(value) => self.read_amount(name, value).map(Some),
            None => Some(None),
        }
    }

    /// A percentage that may be left away. The outer `None` is a fault.
    pub fn optional_percent(&mut self, name: &str) -> Option<Option<f64>> {
        match self.fields.get(name) {
            Some(value) => self.read_percent(name, value).map(Some),
            None => Some(None),
        }
    }

    /// A percentage that must be there, 0 to 100.
    pub fn percent(&mut self, name: &str) -> Option<f64> {
        match self.fields.get(name) {
            Some(value) => self.read_percent(name, value),
            None => self.missing(name),
        }
    }

    /// A decimal number that must be there.
    pub fn micros(&mut self, name: &str) -> Option<Micros> {
        match self.fields.get(name) {
            Some(value) => self.read_micros(name, value),
            None => self.missing(name),
        }
    }

    /// A decimal number that may be left away. The outer `None` is a fault.
    pub fn optional_micros(&mut self, name: &str) -> Option<Option<Micros>> {
        match self.fields.get(name) {
            Some(value) => self.read_micros(name, value).map(Some),
            None => Some(None),
        }
    }

    /// Yes or no, in every spelling that the old backend took.
    pub fn boolean(&mut self, name: &str) -> Option<bool> {
        let Some(value) = self.fields.get(name) else { return self.missing(name) };
        let word = serde_json::from_str::<String>(value).unwrap_or_else(|_| value.to_string()).to_ascii_lowercase();
        match word.trim() {
            "true" | "1" | "1.0" | "yes" | "y" | "on" | "t" => Some(true),
            "false" | "0" | "0.0" | "no" | "n" | "off" | "f" => Some(false),
            _ => {
                self.fault(name, "bool_parsing", "must be true or false");
                None
            }
        }
    }

    fn missing<T>(&mut self, name: &str) -> Option<T> {
        self.fault(name, "missing", "is missing");
        None
    }

    fn read_text(&mut self, name: &str, value: &str) -> Option<String> {
        if !value.starts_with('"') {
            self.fault(name, "string_type", "must be text");
            return None;
        }
        let Ok(text) = serde_json::from_str::<String>(value) else {
            self.fault(name, "string_unicode", "is not valid Unicode text");
            return None;
        };
        if text.chars().count() > TEXT_CHARS_MAX {
            self.fault(name, "string_too_long", format!("is longer than {TEXT_CHARS_MAX} characters"));
            return None;
        }
        Some(text)
    }

    fn read_amount(&mut self, name: &str, value: &str) -> Option<Money> {
        let number = self.read_number(name, value)?;
        match self.currency.parse(&number) {
            Ok(money) if money < Money::default() => {
                self.fault(name, "greater_than_equal", "must not be negative");
                None
            }
            Ok(money) => Some(money),
            Err(error) => {
                self.fault(name, "float_parsing", error.to_string());
                None
            }
        }
    }

    fn read_percent(&mut self, name: &str, value: &str) -> Option<f64> {
        let number = self.read_number(name, value)?;
        match number.trim().parse::<f64>() {
            Ok(percent) if (0.0..=100.0).contains(&percent) => Some(percent.abs()),
            Ok(_) => {
                self.fault(name, "percent_range", "must be between 0 and 100");
                None
            }
            Err(_) => {
                self.fault(name, "float_parsing", "must be a number");
                None
            }
        }
    }

    fn read_micros(&mut self, name: &str, value: &str) -> Option<Micros> {
        let number = self.read_number(name, value)?;
        Micros::parse(&number).map_err(|error| self.fault(name, "float_parsing", error.to_string())).ok()
    }

    /// The text of a number, or of a string that may hold one.
    fn read_number<'v>(&mut self, name: &str, value: &'v str) -> Option<Cow<'v, str>> {
        match value.as_bytes().first() {
            Some(b'0'..=b'9' | b'-') => Some(Cow::Borrowed(value)),
            Some(b'"') => serde_json::from_str(value).map(Cow::Owned).ok().or_else(|| self.not_a_number(name)),
            _ => self.not_a_number(name),
        }
    }

    fn not_a_number<T>(&mut self, name: &str) -> Option<T> {
        self.fault(name, "float_type", "must be a number");
        None
    }
}
