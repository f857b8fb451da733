//! Serialisation: how JSON is written. A struct that derives `Serialize` and [`to_vec`] are the way. Two hot paths write
//! with [`Object`] instead, field by field, so that stored JSON is spliced in as it is and not parsed and printed again: a
//! command's record, answer and frame; and lists of records and changes. Numbers, and texts that need an escape, are printed by
//! `serde_json` there, too.

use serde::Serialize;

/// The JSON of a value made of texts, numbers and lists of them, which always has one.
pub fn to_vec(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

/// One object in the making. Fields stand in the order of the calls.
pub struct Object<'a> {
    bytes: &'a mut Vec<u8>,
    is_empty: bool,
}

#[expect(
    clippy::inline_always,
    reason = "names are constants: in the caller's code a few moves write one, instead of three copies of unknown length; a new \
              record has seventy fields, with its answer and its frame"
)]
impl<'a> Object<'a> {
    /// Opens an object at the end of `bytes`.
    pub fn open(bytes: &'a mut Vec<u8>) -> Self {
        bytes.push(b'{');
        Self { bytes, is_empty: true }
    }

    /// Goes on with an object at the end of `bytes` that has fields and is not closed yet.
    pub fn reopen(bytes: &'a mut Vec<u8>) -> Self {
        Self { bytes, is_empty: false }
    }

    /// Closes it.
    pub fn close(self) {
        self.bytes.push(b'}');
    }

    /// Closes it with all fields of another object, which is JSON already and has at least one; `None` if it is no object.
    pub fn close_with(self, object: &[u8]) -> Option<()> {
        let fields = object.strip_prefix(b"{")?;
        if !self.is_empty {
            self.bytes.push(b',');
        }
        self.bytes.extend_from_slice(fields);
        Some(())
    }

    /// A text.
    #[inline(always)]
    pub fn text(&mut self, name: &str, value: &str) -> &mut Self {
        self.name(name);
        push_text(self.bytes, value);
        self
    }

    /// A text of letters, digits and signs that need no escape, such as an id or a time.
    #[inline(always)]
    pub fn plain(&mut self, name: &str, value: &(impl AsRef<[u8]> + ?Sized)) -> &mut Self {
        self.name(name);
        push_plain(self.bytes, value.as_ref());
        self
    }

    /// The same, or no field at all.
    pub fn plain_if(&mut self, name: &str, value: Option<&str>) -> &mut Self {
        match value {
            Some(value) => self.plain(name, value),
            None => self,
        }
    }

    /// A text, or `null`.
    pub fn text_or_null(&mut self, name: &str, value: Option<&str>) -> &mut Self {
        match value {
            Some(value) => self.text(name, value),
            None => self.raw(name, b"null"),
        }
    }

    /// A text, or no field at all.
    pub fn text_if(&mut self, name: &str, value: Option<&str>) -> &mut Self {
        match value {
            Some(value) => self.text(name, value),
            None => self,
        }
    }

    /// A number that always has a decimal point.
    pub fn number(&mut self, name: &str, value: f64) -> &mut Self {
        self.name(name);
        // Writing to memory does not fail, and every number here is finite.
        let _ = serde_json::to_writer(&mut *self.bytes, &value);
        self
    }

    /// The same, or no field at all.
    pub fn number_if(&mut self, name: &str, value: Option<f64>) -> &mut Self {
        match value {
            Some(value) => self.number(name, value),
            None => self,
        }
    }

    /// A whole number.
    pub fn integer(&mut self, name: &str, value: u64) -> &mut Self {
        self.name(name);
        let _ = serde_json::to_writer(&mut *self.bytes, &value);
        self
    }

    /// True or false.
    #[inline(always)]
    pub fn boolean(&mut self, name: &str, value: bool) -> &mut Self {
        self.raw(name, if value { b"true" } else { b"false" })
    }

    /// A value that is JSON already.
    #[inline(always)]
    pub fn raw(&mut self, name: &str, json: &[u8]) -> &mut Self {
        self.name(name);
        self.bytes.extend_from_slice(json);
        self
    }

    /// An array of values that are JSON already, with commas between them.
    pub fn array(&mut self, name: &str, values: &[u8]) -> &mut Self {
        self.name(name);
        self.bytes.push(b'[');
        self.bytes.extend_from_slice(values);
        self.bytes.push(b']');
        self
    }

    /// An object inside this one.
    pub fn object(&mut self, name: &str, fill: impl FnOnce(&mut Object<'_>)) -> &mut Self {
        self.name(name);
        let mut inner = Object::open(self.bytes);
        fill(&mut inner);
        inner.close();
        self
    }

    #[inline(always)]
    fn name(&mut self, name: &str) {
        if !self.is_empty {
            self.bytes.push(b',');
        }
        self.is_empty = false;
        self.bytes.push(b'"');
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.extend_from_slice(b"\":");
    }
}

fn push_text(bytes: &mut Vec<u8>, value: &str) {
    // Without an early return, so that the compiler looks at many bytes at a step. Few texts need an escape.
    let is_plain = |byte: u8| byte >= b' ' && byte != b'"' && byte != b'\\';
    if value.bytes().map(|byte| u8::from(!is_plain(byte))).fold(0, |any, one| any | one) != 0 {
        // Writing to memory does not fail.
        let _ = serde_json::to_writer(bytes, value);
    } else {
        push_plain(bytes, value.as_bytes());
    }
}

fn push_plain(bytes: &mut Vec<u8>, value: &[u8]) {
    bytes.reserve(value.len() + 2);
    bytes.push(b'"');
    bytes.extend_from_slice(value);
    bytes.push(b'"');
}

#[cfg(test)]
mod tests {
    use proptest::test_runner::{Config, TestRunner};

    use super::*;

    #[test]
    fn any_text_is_written_as_serde_json_writes_it() {
        let config = Config { cases: 4_000, failure_persistence: None, ..Config::default() };
        TestRunner::new(config)
            .run(&r#"[\x00-\x7F]{0,3}([a-z "\\]|\PC){0,20}"#, |text| {
                let mut bytes = Vec::new();
                push_text(&mut bytes, &text);
                assert_eq!(bytes, serde_json::to_vec(&text).unwrap());
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn objects_are_json_whatever_is_in_them() {
        let mut bytes = Vec::new();
        let mut object = Object::open(&mut bytes);
        object.text("name", "a \"b\"\n\u{1}é").plain("id", "EST-1").number("total", 300.0).integer("seq", 7);
        object.boolean("is", true).text_or_null("by", None).text_if("left", None).raw("items", b"[1]");
        object.object("data", |data| {
            data.number("x", 0.1);
        });
        object.close();
        assert_eq!(
            String::from_utf8(bytes).unwrap(),
            r#"{"name":"a \"b\"\n\u0001é","id":"EST-1","total":300.0,"seq":7,"is":true,"by":null,"items":[1],"data":{"x":0.1}}"#
        );
    }

    #[test]
    fn objects_go_on_and_take_in_others() {
        let mut bytes = br#"{"items":[1]"#.to_vec();
        let mut object = Object::reopen(&mut bytes);
        object.integer("count", 1).array("changes", b"2,3");
        assert_eq!(object.close_with(br#"{"rev":4}"#), Some(()));
        assert_eq!(bytes, br#"{"items":[1],"count":1,"changes":[2,3],"rev":4}"#);
        assert_eq!(Object::open(&mut bytes).close_with(b"[]"), None);
    }
}
