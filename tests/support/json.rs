//! Bodies that differ from a valid one in the bytes of a field, and what is said about them.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::value::RawValue;

use super::http::Reply;

/// A request body: `base` with some fields given as raw JSON; an empty text removes the field.
pub fn body_with(base: &Value, changes: &[(&str, &str)]) -> Vec<u8> {
    let mut fields: BTreeMap<String, Box<RawValue>> = serde_json::from_str(&base.to_string()).unwrap();
    for (field, token) in changes {
        if token.is_empty() {
            fields.remove(*field);
        } else {
            fields.insert((*field).to_string(), RawValue::from_string((*token).to_string()).unwrap());
        }
    }
    serde_json::to_vec(&fields).unwrap()
}

/// The `loc` of each listed fault, after checking the shape of a validation error.
pub fn fault_locations(reply: &Reply) -> Vec<Value> {
    assert!(!reply.detail(422).is_empty());
    let answer = reply.json();
    let faults = answer["errors"].as_array().unwrap_or_else(|| panic!("no errors in {answer}"));
    let mut locations = Vec::new();
    for fault in faults {
        assert!(fault["msg"].is_string() && fault["type"].is_string(), "{fault}");
        locations.push(fault["loc"].clone());
    }
    locations
}
