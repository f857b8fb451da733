//! The description of a running server, ready to hold answers against it.

use std::collections::{BTreeMap, BTreeSet};

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::{Value, json};

use crate::support::http::Reply;
use crate::support::server::Server;

const LOCATION: &str = "http://shop/openapi.json";

/// The description of a running server, ready to hold answers against it.
pub(super) struct Description {
    pub(super) document: Value,
    pub(super) compiler: Compiler,
    pub(super) schemas: Schemas,
    pub(super) compiled: BTreeMap<String, SchemaIndex>,
    /// Which operation was seen to answer with which status.
    pub(super) seen: BTreeSet<(String, u16)>,
}

/// Escapes a key for a JSON pointer in a URL fragment.
fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1").replace('{', "%7B").replace('}', "%7D")
}

impl Description {
    pub(super) fn of(server: &Server) -> Self {
        let document = server.get("/openapi.json").expect(200);
        let mut strict = document.clone();
        let parts = parts_of_others(&document);
        for (name, schema) in strict["components"]["schemas"].as_object_mut().unwrap() {
            let fields = schema.as_object_mut().unwrap();
            let is_object = fields.contains_key("properties") || fields.contains_key("allOf");
            // A line of a bill is given back as it was sent, whatever is in it.
            if is_object && !parts.contains(name.as_str()) && name != "Item" {
                fields.insert("unevaluatedProperties".into(), json!(false));
            }
        }
        let mut compiler = Compiler::new();
        compiler.add_resource(LOCATION, strict).unwrap();
        Self { document, compiler, schemas: Schemas::new(), compiled: BTreeMap::new(), seen: BTreeSet::new() }
    }

    /// Fails unless `value` is what the schema at a JSON pointer says.
    pub(super) fn validate(&mut self, pointer: &str, value: &Value, what: &str) {
        let index = self.compiled(pointer);
        let validity = self.schemas.validate(value, index);
        assert!(validity.is_ok(), "{what}: {:#}\n{value}", validity.err().unwrap());
    }

    /// Whether `value` is what the schema at a JSON pointer says.
    pub(super) fn describes(&mut self, pointer: &str, value: &Value) -> bool {
        let index = self.compiled(pointer);
        self.schemas.validate(value, index).is_ok()
    }

    pub(super) fn compiled(&mut self, pointer: &str) -> SchemaIndex {
        if !self.compiled.contains_key(pointer) {
            let location = format!("{LOCATION}#{pointer}");
            let index = self.compiler.compile(&location, &mut self.schemas).unwrap_or_else(|error| panic!("{error:#}"));
            self.compiled.insert(pointer.to_string(), index);
        }
        self.compiled[pointer]
    }

    pub(super) fn validate_message(&mut self, schema: &str, message: &Value) {
        self.validate(&format!("/components/schemas/{schema}"), message, schema);
    }

    /// Follows a reference, if there is one at the pointer.
    pub(super) fn resolve(&self, pointer: &str) -> String {
        let plain = pointer.replace("%7B", "{").replace("%7D", "}");
        let found = self.document.pointer(&plain).unwrap_or_else(|| panic!("nothing at {plain}"));
        found["$ref"].as_str().map_or_else(|| pointer.to_string(), |reference| self.resolve(&reference[1..]))
    }

    pub(super) fn at(&self, pointer: &str) -> &Value {
        self.document.pointer(&pointer.replace("%7B", "{").replace("%7D", "}")).unwrap_or(&Value::Null)
    }

    /// Holds an answer of the operation `method path` against its description.
    pub(super) fn check(&mut self, method: &str, path: &str, reply: &Reply) {
        let what = format!("{method} {path}: {}", reply.status);
        let responses = format!("/paths/{}/{}/responses", escaped(path), method.to_lowercase());
        assert!(self.at(&responses)[reply.status.to_string()].is_object(), "{what} is not described");
        let response = self.resolve(&format!("{responses}/{}", reply.status));
        for (name, header) in self.at(&format!("{response}/headers")).clone().as_object().into_iter().flatten() {
            let pointer = header["$ref"].as_str().unwrap()[1..].to_string();
            let is_required = self.at(&pointer)["required"] == true;
            let Some(value) = reply.header(name) else {
                assert!(!is_required, "{what} has no {name}");
                continue;
            };
            let is_number = self.at(&format!("{pointer}/schema"))["type"] == "integer";
            let value = if is_number { json!(value.parse::<u64>().unwrap()) } else { json!(value) };
            self.validate(&format!("{pointer}/schema"), &value, &what);
        }
        match self.at(&format!("{response}/content")).as_object() {
            None => assert!(reply.body.is_empty(), "{what} has a body"),
            Some(content) => {
                let media_type = reply.header("Content-Type").unwrap().split(';').next().unwrap();
                assert!(content.contains_key(media_type), "{what} is {media_type}");
                if media_type == "application/json" {
                    assert_eq!(reply.header("Cache-Control"), Some("no-store"), "{what}");
                    self.validate(&format!("{response}/content/application~1json/schema"), &reply.json(), &what);
                }
            }
        }
        assert_eq!(reply.header("X-Content-Type-Options"), Some("nosniff"), "{what}");
        self.seen.insert((format!("{method} {path}"), reply.status));
    }

    pub(super) fn operations(&self) -> BTreeSet<String> {
        let paths = self.document["paths"].as_object().unwrap();
        let methods =
            |path: &Value| path.as_object().unwrap().keys().filter(|key| *key != "parameters").cloned().collect();
        paths
            .iter()
            .flat_map(|(path, operations)| {
                let methods: Vec<String> = methods(operations);
                methods.into_iter().map(move |method| format!("{} {path}", method.to_uppercase()))
            })
            .collect()
    }
}

/// The names of schemas that are parts of others: they alone may be followed by further fields.
fn parts_of_others(document: &Value) -> BTreeSet<String> {
    let text = document.to_string();
    let lists = text.split("\"allOf\":[").skip(1).map(|rest| rest.split(']').next().unwrap());
    let references = lists.flat_map(|list| list.split("#/components/schemas/").skip(1));
    references.map(|rest| rest.split('"').next().unwrap().to_string()).collect()
}
