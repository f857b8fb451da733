//! Goal: an app that was written against the old backend works here by changing its address only.
//!
//! Method: every sentence of the old backend's contract is asked of a real server over real sockets. Where the contract is
//! exact to the byte (decimal points, items, sentences) the raw JSON text is compared, never a parsed number: to a
//! parser `300` and `300.0` are the same, to the app they are not.

mod conversion;
mod estimates;
mod feed;
mod input;
mod orders;
mod repeats;
mod routes;

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::support::http::{Client, Reply};
use crate::support::samples;

const CREATE_ESTIMATE: &str = "/api/estimates/create";
const CREATE_SALE: &str = "/api/orders/create-sale";
const UNKNOWN_ESTIMATE: &str = "EST-DEADBEEF";
const UNKNOWN_ORDER: &str = "ORDER-DEADBEEF";

/// What a frame may say beside the contract's own keys.
const EXTRA_FRAME_KEYS: [&str; 5] = ["seq", "rev", "at", "by", "origin"];

/// The JSON text at a dotted path (`data.total`, `0.items`), exactly as it was received; `None` if there is nothing.
fn find(json: &str, path: &str) -> Option<String> {
    let mut here = json.to_string();
    for part in path.split('.') {
        here = if let Ok(index) = part.parse::<usize>() {
            serde_json::from_str::<Vec<Box<RawValue>>>(&here).ok()?.get(index)?.get().to_string()
        } else {
            serde_json::from_str::<BTreeMap<String, Box<RawValue>>>(&here).ok()?.get(part)?.get().to_string()
        };
    }
    Some(here)
}

/// As [`find`], for what must be there.
fn at(json: &str, path: &str) -> String {
    find(json, path).unwrap_or_else(|| panic!("no {path} in {json}"))
}

/// Compares raw JSON texts at many paths.
fn assert_tokens(json: &str, expected: &[(&str, &str)]) {
    for (path, token) in expected {
        assert_eq!(at(json, path), *token, "{path} of {json}");
    }
}

fn send(client: &mut Client, method: &str, path: &str, body: &[u8]) -> Reply {
    client.request(method, path, &[], Some(body))
}

/// A request with neither a body nor a length, as `curl -X` makes it.
fn bare(client: &mut Client, method: &str, path: &str) -> Reply {
    client.request(method, path, &[], None)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("not text: {value}")).to_string()
}

/// Creates an estimate for `customer`; returns its id.
fn new_estimate(client: &mut Client, customer: &str) -> String {
    text(&client.post(CREATE_ESTIMATE, &samples::estimate(customer)).expect(201)["estimate_id"])
}

/// Creates a direct sale for `customer`; returns the order's id.
fn new_sale(client: &mut Client, customer: &str) -> String {
    text(&client.post(CREATE_SALE, &samples::sale(customer)).expect(201)["order_id"])
}

/// Creates an estimate and converts it; returns both ids.
fn converted(client: &mut Client, customer: &str) -> (String, String) {
    let estimate = new_estimate(client, customer);
    let answer = client.post(&format!("/api/estimates/{estimate}/convert-to-order"), &json!({})).expect(200);
    (estimate, text(&answer["order_id"]))
}

fn estimate_record(client: &mut Client, id: &str) -> Reply {
    let reply = client.get(&format!("/api/estimates/{id}"));
    reply.expect(200);
    reply
}

fn order_record(client: &mut Client, id: &str) -> Reply {
    let reply = client.get(&format!("/api/orders/{id}"));
    reply.expect(200);
    reply
}

/// The given field of every record of a list, in the order of the list.
fn column(list: &Value, field: &str) -> Vec<String> {
    list.as_array().expect("a list").iter().map(|record| text(&record[field])).collect()
}

fn assert_id(id: &str, prefix: &str) {
    let digits = id.strip_prefix(prefix).unwrap_or_else(|| panic!("{id} does not begin with {prefix}"));
    let upper_case_hex = |byte: u8| byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte);
    assert!(digits.len() == 8 && digits.bytes().all(upper_case_hex), "{id}");
}

/// RFC 3339 with microseconds and a numeric offset, as in `2025-01-13T10:30:00.000000+05:30`.
fn assert_time(at: &str) {
    let shape: String = at.chars().map(|character| if character.is_ascii_digit() { '0' } else { character }).collect();
    assert_eq!(shape.replace("-00:00", "+00:00"), "0000-00-00T00:00:00.000000+00:00", "{at}");
    assert!(at.parse::<jiff::Timestamp>().is_ok(), "{at}");
}
