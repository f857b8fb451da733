//! Goal: an app that was written against the old backend works here by changing its address only.
//!
//! Method: every sentence of CONTRACT.md §1 to §5 is asked of a real server over real sockets. Where the contract is
//! exact to the byte (decimal points, items, sentences) the raw JSON text is compared, never a parsed number: to a
//! parser `300` and `300.0` are the same, to the app they are not.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::support::http::{Client, Reply};
use crate::support::json::{body_with, fault_locations};
use crate::support::samples;
use crate::support::server::Server;

const CREATE_ESTIMATE: &str = "/api/estimates/create";
const CREATE_SALE: &str = "/api/orders/create-sale";
const UNKNOWN_ESTIMATE: &str = "EST-DEADBEEF";
const UNKNOWN_ORDER: &str = "ORDER-DEADBEEF";

/// What a frame may say beside the keys of CONTRACT.md §4.
const EXTRA_FRAME_KEYS: [&str; 5] = ["seq", "rev", "at", "by", "origin"];

// ---- reading JSON by the byte ----

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

// ---- the routes beside the records ----

#[test]
fn the_root_shows_a_page_to_browsers_and_a_message_to_programs() {
    let server = Server::start();
    let mut client = server.client();
    let page = client.request("GET", "/", &[("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")], None);
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").unwrap().starts_with("text/html"), "{:?}", page.headers);
    assert!(page.text().contains("<html"), "{}", page.text());
    for accept in ["application/json", "*/*", ""] {
        let headers = [("Accept", accept)];
        let reply = client.request("GET", "/", if accept.is_empty() { &[] } else { &headers }, None);
        assert!(reply.expect(200)["message"].is_string(), "{accept}");
        assert!(reply.header("content-type").unwrap().starts_with("application/json"), "{accept}");
    }
    assert_eq!(client.get("/api/").expect(200), json!({"message": "POS API is running"}));
}

#[test]
fn health_and_the_state_of_the_feed_are_told() {
    let server = Server::start();
    let mut client = server.client();
    for path in ["/health", "/api/health"] {
        let health = client.get(path).expect(200);
        assert_eq!(health["status"], "healthy", "{path}");
        for field in ["timestamp", "service", "version"] {
            assert!(health[field].as_str().is_some_and(|text| !text.is_empty()), "{field} of {path}: {health}");
        }
    }
    let status = client.get("/api/websocket/status").expect(200);
    assert_eq!(status["status"], "active");
    assert_eq!(status["connected_clients"], 0);
}

#[test]
fn an_unknown_path_is_404_and_a_wrong_method_405_with_allow() {
    let server = Server::start();
    let mut client = server.client();
    let id = new_estimate(&mut client, "Asha");
    let order = new_sale(&mut client, "Asha");
    for path in ["/nope", "/api/nope", "/api/estimates/all/more", "/api/orders/number/%23001/more", "/wss"] {
        assert_eq!(client.get(path).expect(404), json!({"detail": "Not Found"}), "{path}");
    }
    let rows = [
        ("POST", "/".to_string(), &["GET"][..]),
        ("POST", "/health".into(), &["GET"]),
        ("POST", "/api/health".into(), &["GET"]),
        ("DELETE", "/api/websocket/status".into(), &["GET"]),
        ("POST", "/api/estimates/all".into(), &["GET"]),
        ("PATCH", format!("/api/estimates/{id}"), &["GET", "PUT", "DELETE"]),
        ("GET", format!("/api/estimates/{id}/convert-to-order"), &["POST"]),
        ("GET", format!("/api/estimates/{id}/duplicate"), &["POST"]),
        ("POST", "/api/estimates/number/%23001".into(), &["GET"]),
        ("POST", "/api/orders/orders-only".into(), &["GET"]),
        ("POST", "/api/orders/separate".into(), &["GET"]),
        ("PATCH", format!("/api/orders/{order}"), &["GET", "DELETE"]),
        ("GET", format!("/api/orders/{order}/status"), &["PUT"]),
    ];
    for (method, path, allowed) in rows {
        let reply = bare(&mut client, method, &path);
        assert_eq!(reply.expect(405), json!({"detail": "Method Not Allowed"}), "{method} {path}");
        let allow = reply.header("allow").unwrap_or_else(|| panic!("{method} {path} has no Allow"));
        // A GET route may say that it takes HEAD too, and `all` could be an id to PUT and DELETE.
        let allow: Vec<&str> = allow.split(',').map(str::trim).collect();
        assert!(allowed.iter().all(|method| allow.contains(method)), "{method} {path}: {allow:?}");
        assert!(!allow.contains(&method), "{method} {path}: {allow:?}");
    }
}

#[test]
fn an_unknown_id_or_number_is_404_in_its_own_words() {
    let server = Server::start();
    let mut client = server.client();
    let existing = new_estimate(&mut client, "Asha");
    let estimate_body = samples::estimate("Asha").to_string();
    let wrong_ids = [
        UNKNOWN_ESTIMATE.to_string(),
        UNKNOWN_ORDER.to_string(),
        "nonsense".into(),
        existing.to_lowercase(),
        format!("{existing}0"),
        existing.replace("EST-", "ORDER-"),
        "EST-%E2%82%B9%E2%82%B9".into(),
        "EST-+1234567".into(),
    ];
    for id in &wrong_ids {
        let estimate_rows = [
            ("GET", format!("/api/estimates/{id}"), ""),
            ("DELETE", format!("/api/estimates/{id}"), ""),
            ("PUT", format!("/api/estimates/{id}"), estimate_body.as_str()),
            ("POST", format!("/api/estimates/{id}/convert-to-order"), "{}"),
            ("POST", format!("/api/estimates/{id}/duplicate"), ""),
        ];
        for (method, path, body) in estimate_rows {
            let reply = client.request(method, &path, &[], (!body.is_empty()).then_some(body.as_bytes()));
            assert_eq!(reply.expect(404), json!({"detail": "Estimate not found"}), "{method} {path}");
        }
        let order_rows = [
            ("GET", format!("/api/orders/{id}")),
            ("DELETE", format!("/api/orders/{id}")),
            ("PUT", format!("/api/orders/{id}/status?new_status=Packed")),
        ];
        for (method, path) in order_rows {
            let reply = bare(&mut client, method, &path);
            assert_eq!(reply.expect(404), json!({"detail": "Order not found"}), "{method} {path}");
        }
    }
    for number in ["%23999", "999", "abc", "%23", "%23000", "-1", "99999999999999999999"] {
        assert_eq!(client.get(&format!("/api/estimates/number/{number}")).detail(404), "Estimate not found");
        assert_eq!(client.get(&format!("/api/orders/number/{number}")).detail(404), "Order not found");
    }
}

// ---- estimates ----

#[test]
fn a_new_estimate_is_answered_with_its_id_and_number() {
    let server = Server::start();
    let reply = server.post(CREATE_ESTIMATE, &samples::estimate("Asha"));
    let answer = reply.expect(201);
    assert_tokens(
        reply.text(),
        &[
            ("success", "true"),
            ("message", "\"Estimate created successfully!\""),
            ("estimate_number", "\"#001\""),
            ("data.estimate_number", "\"#001\""),
            ("data.customer_name", "\"Asha\""),
            ("data.total", "300.0"),
        ],
    );
    assert_id(answer["estimate_id"].as_str().unwrap(), "EST-");
    assert_eq!(answer["data"]["estimate_id"], answer["estimate_id"]);
    assert_time(answer["data"]["created_at"].as_str().unwrap());
    assert!(reply.header("content-type").unwrap().starts_with("application/json"));
}

#[test]
fn an_estimate_is_found_by_id_and_number_with_every_field() {
    let server = Server::start();
    let mut client = server.client();
    let created = client.post(CREATE_ESTIMATE, &samples::estimate("Asha")).expect(201);
    let record = estimate_record(&mut client, created["estimate_id"].as_str().unwrap());
    assert_tokens(
        record.text(),
        &[
            ("id", &created["estimate_id"].to_string()),
            ("_id", &created["estimate_id"].to_string()),
            ("estimate_id", &created["estimate_id"].to_string()),
            ("estimate_number", "\"#001\""),
            ("customer_name", "\"Asha\""),
            ("customer_phone", "\"+91 98450 12345\""),
            ("customer_address", "\"12 MG Road\""),
            ("sale_by", "\"Ravi\""),
            ("items.0.price", "100"),
            ("items.1.price", "50.0"),
            ("subtotal", "300.0"),
            ("discount_amount", "0.0"),
            ("is_percentage_discount", "false"),
            ("discount_percentage", "0.0"),
            ("total", "300.0"),
            ("created_at", &created["data"]["created_at"].to_string()),
            ("is_converted_to_order", "false"),
            ("linked_order_id", "null"),
            ("linked_order_number", "null"),
        ],
    );
    assert!(record.json().get("amounts_flagged").is_none_or(Value::is_null), "{}", record.text());
    assert_eq!(client.get("/api/estimates/number/%23001").body, record.body);
}

#[test]
fn estimate_lists_are_newest_first_and_parted_by_conversion() {
    let server = Server::start();
    let mut client = server.client();
    for list in ["all", "pending", "converted"] {
        assert_eq!(client.get(&format!("/api/estimates/{list}")).expect(200), json!([]), "{list}");
    }
    for customer in ["A", "B", "C", "D"] {
        if customer == "B" || customer == "C" {
            converted(&mut client, customer);
        } else {
            new_estimate(&mut client, customer);
        }
    }
    let rows = [("all", &["D", "C", "B", "A"][..]), ("pending", &["D", "A"]), ("converted", &["C", "B"])];
    for (list, expected) in rows {
        let records = client.get(&format!("/api/estimates/{list}")).expect(200);
        assert_eq!(column(&records, "customer_name"), expected, "{list}");
        for record in records.as_array().unwrap() {
            let own = estimate_record(&mut client, record["id"].as_str().unwrap()).json();
            assert_eq!(record, &own, "a list shows the records themselves");
        }
    }
}

#[test]
fn a_deleted_estimate_is_gone_and_its_number_stays_used() {
    let server = Server::start();
    let mut client = server.client();
    let id = new_estimate(&mut client, "Asha");
    let path = format!("/api/estimates/{id}");
    let answer = client.delete(&path).expect(200);
    assert_eq!(answer["success"], true);
    assert_eq!(answer["message"], "Estimate deleted successfully");
    assert_eq!(client.get(&path).detail(404), "Estimate not found");
    assert_eq!(client.get("/api/estimates/number/%23001").detail(404), "Estimate not found");
    assert_eq!(client.get("/api/estimates/all").expect(200), json!([]));
    assert_eq!(client.put(&path, &samples::estimate("B")).detail(404), "Estimate not found");
    assert_eq!(client.post(&format!("{path}/convert-to-order"), &json!({})).detail(404), "Estimate not found");
    assert_eq!(client.post_empty(&format!("{path}/duplicate")).detail(404), "Estimate not found");
    assert_eq!(client.post(CREATE_ESTIMATE, &samples::estimate("B")).expect(201)["estimate_number"], "#002");
}

#[test]
fn a_converted_estimate_is_neither_deleted_nor_edited_nor_converted_again() {
    let server = Server::start();
    let mut client = server.client();
    let (estimate, order) = converted(&mut client, "Asha");
    let path = format!("/api/estimates/{estimate}");
    let before = estimate_record(&mut client, &estimate);
    assert_eq!(client.delete(&path).detail(400), "Cannot delete estimate that has been converted to order");
    assert_eq!(
        client.put(&path, &samples::estimate("B")).detail(400),
        "Cannot edit estimate that has been converted to order"
    );
    assert_eq!(
        client.post(&format!("{path}/convert-to-order"), &json!({"payment_mode": "Card"})).detail(400),
        "Estimate has already been converted to order"
    );
    assert_eq!(estimate_record(&mut client, &estimate).body, before.body);
    assert_eq!(column(&client.get("/api/orders/orders-only").expect(200)["orders"]["items"], "id"), [order]);
}

#[test]
fn an_edited_estimate_keeps_its_id_its_number_and_its_time() {
    let server = Server::start();
    let mut client = server.client();
    let id = new_estimate(&mut client, "Asha");
    let path = format!("/api/estimates/{id}");
    let before = estimate_record(&mut client, &id).json();
    let edit = body_with(&samples::estimate("Bina"), &[("total", "\"250\""), ("discount_amount", "50"), ("note", "1")]);
    assert_eq!(send(&mut client, "PUT", &path, &edit).status, 200);
    let record = estimate_record(&mut client, &id);
    assert_tokens(record.text(), &[("customer_name", "\"Bina\""), ("total", "250.0"), ("discount_amount", "50.0")]);
    for field in ["id", "estimate_number", "created_at", "is_converted_to_order"] {
        assert_eq!(record.json()[field], before[field], "{field}");
    }
    assert_eq!(client.get("/api/estimates/all").expect(200), json!([record.json()]));
    let faulty = body_with(&samples::estimate("Bina"), &[("total", "-1"), ("sale_by", "7")]);
    let mut locations = fault_locations(&send(&mut client, "PUT", &path, &faulty));
    locations.sort_by_key(Value::to_string);
    assert_eq!(locations, [json!(["body", "sale_by"]), json!(["body", "total"])]);
    assert_eq!(estimate_record(&mut client, &id).body, record.body, "a refused edit changes nothing");
}

#[test]
fn a_duplicate_is_a_new_estimate_of_the_same_content() {
    let server = Server::start();
    let mut client = server.client();
    let original = new_estimate(&mut client, "Asha");
    for number in ["\"#002\"", "\"#003\""] {
        let reply = client.post_empty(&format!("/api/estimates/{original}/duplicate"));
        let answer = reply.expect(201);
        assert_tokens(
            reply.text(),
            &[
                ("success", "true"),
                ("estimate_number", number),
                ("data.estimate_number", number),
                ("data.customer_name", "\"Asha\""),
                ("data.total", "300.0"),
                ("data.estimate_id", &answer["estimate_id"].to_string()),
            ],
        );
        assert!(answer["message"].is_string());
        assert_id(answer["estimate_id"].as_str().unwrap(), "EST-");
        assert_time(answer["data"]["created_at"].as_str().unwrap());
        let copy = estimate_record(&mut client, answer["estimate_id"].as_str().unwrap());
        let record = estimate_record(&mut client, &original);
        assert_eq!(at(copy.text(), "items"), at(record.text(), "items"));
        for field in ["customer_phone", "customer_address", "sale_by", "subtotal", "discount_amount", "total"] {
            assert_eq!(at(copy.text(), field), at(record.text(), field), "{field}");
        }
        assert_eq!(at(copy.text(), "is_converted_to_order"), "false");
    }
}

// ---- conversion ----

#[test]
fn a_conversion_is_answered_with_the_order_and_links_both_records() {
    let server = Server::start();
    let mut client = server.client();
    new_sale(&mut client, "someone before, so that the two series differ");
    let estimate = new_estimate(&mut client, "Asha");
    let reply = client.post(&format!("/api/estimates/{estimate}/convert-to-order"), &json!({}));
    let answer = reply.expect(200);
    let order = text(&answer["order_id"]);
    assert_id(&order, "ORDER-");
    let (order_json, estimate_json) = (json!(order).to_string(), json!(estimate).to_string());
    assert_tokens(
        reply.text(),
        &[
            ("success", "true"),
            ("message", "\"Estimate converted to order successfully!\""),
            ("sale_number", "\"#002\""),
            ("data.order_id", &order_json),
            ("data.sale_number", "\"#002\""),
            ("data.estimate_id", &estimate_json),
            ("data.estimate_number", "\"#001\""),
            ("data.customer_name", "\"Asha\""),
            ("data.total", "300.0"),
            ("data.payment_mode", "\"Cash\""),
            ("data.amount_paid", "300.0"),
        ],
    );
    assert_time(answer["data"]["created_at"].as_str().unwrap());

    let source = estimate_record(&mut client, &estimate);
    assert_tokens(
        source.text(),
        &[("is_converted_to_order", "true"), ("linked_order_id", &order_json), ("linked_order_number", "\"#002\"")],
    );
    let record = order_record(&mut client, &order);
    assert_tokens(
        record.text(),
        &[
            ("source_estimate_id", &estimate_json),
            ("source_estimate_number", "\"#001\""),
            ("is_from_estimate", "true"),
            ("status", "\"Completed\""),
            ("created_at", &answer["data"]["created_at"].to_string()),
        ],
    );
    let copied = ["customer_name", "customer_phone", "customer_address", "sale_by", "items", "subtotal", "total"];
    for field in copied.into_iter().chain(["discount_amount", "is_percentage_discount", "discount_percentage"]) {
        assert_eq!(at(record.text(), field), at(source.text(), field), "{field}");
    }
}

#[test]
fn a_conversion_takes_its_options_from_the_body_or_from_the_query() {
    let server = Server::start();
    let mut client = server.client();
    let rows: [(&str, Option<&str>, [&str; 3]); 10] = [
        ("", None, ["\"Cash\"", "\"Ravi\"", "300.0"]),
        ("", Some("{}"), ["\"Cash\"", "\"Ravi\"", "300.0"]),
        ("", Some(r#"{"payment_mode":null,"sale_by":null,"amount_paid":null}"#), ["\"Cash\"", "\"Ravi\"", "300.0"]),
        ("", Some(r#"{"payment_mode":"UPI","unknown":[1]}"#), ["\"UPI\"", "\"Ravi\"", "300.0"]),
        ("", Some(r#"{"sale_by":"Meena","amount_paid":100}"#), ["\"Cash\"", "\"Meena\"", "100.0"]),
        ("", Some(r#"{"amount_paid":"99.50"}"#), ["\"Cash\"", "\"Ravi\"", "99.5"]),
        ("", Some(r#"{"amount_paid":0}"#), ["\"Cash\"", "\"Ravi\"", "0.0"]),
        ("?payment_mode=Card&sale_by=Meena%20K&amount_paid=10", None, ["\"Card\"", "\"Meena K\"", "10.0"]),
        ("?payment_mode=Bank+transfer&unknown=1", Some("{}"), ["\"Bank transfer\"", "\"Ravi\"", "300.0"]),
        ("?amount_paid=12.5", Some(r#"{"payment_mode":"UPI"}"#), ["\"UPI\"", "\"Ravi\"", "12.5"]),
    ];
    for (query, body, [payment_mode, sale_by, amount_paid]) in rows {
        let estimate = new_estimate(&mut client, "Asha");
        let path = format!("/api/estimates/{estimate}/convert-to-order{query}");
        let reply = client.request("POST", &path, &[], body.map(str::as_bytes));
        let answer = reply.expect(200);
        assert_tokens(reply.text(), &[("data.payment_mode", payment_mode), ("data.amount_paid", amount_paid)]);
        let record = order_record(&mut client, answer["order_id"].as_str().unwrap());
        assert_tokens(
            record.text(),
            &[("payment_mode", payment_mode), ("sale_by", sale_by), ("amount_paid", amount_paid)],
        );
    }
}

#[test]
fn a_faulty_conversion_is_refused_and_changes_nothing() {
    let server = Server::start();
    let mut client = server.client();
    let estimate = new_estimate(&mut client, "Asha");
    let path = format!("/api/estimates/{estimate}/convert-to-order");
    let rows = [
        ("", r#"{"payment_mode":5}"#, "payment_mode"),
        ("", r#"{"sale_by":true}"#, "sale_by"),
        ("", r#"{"amount_paid":"much"}"#, "amount_paid"),
        ("", r#"{"amount_paid":-1}"#, "amount_paid"),
        ("", r#"{"amount_paid":1e300}"#, "amount_paid"),
        ("?amount_paid=much", "{}", "amount_paid"),
    ];
    for (query, body, field) in rows {
        let reply = send(&mut client, "POST", &format!("{path}{query}"), body.as_bytes());
        let locations = fault_locations(&reply);
        assert_eq!(locations.len(), 1, "{body}: {locations:?}");
        assert_eq!(locations[0][1], field, "{body}: {locations:?}");
    }
    assert!(!send(&mut client, "POST", &path, b"[]").detail(422).is_empty());
    assert!(!send(&mut client, "POST", &path, b"{").detail(400).is_empty());
    assert_eq!(at(estimate_record(&mut client, &estimate).text(), "is_converted_to_order"), "false");
    assert_eq!(client.get("/api/orders/orders-only").expect(200)["orders"]["count"], 0);
}

// ---- orders ----

#[test]
fn a_new_sale_is_answered_with_its_id_and_number_and_found_by_both() {
    let server = Server::start();
    let mut client = server.client();
    let reply = client.post(CREATE_SALE, &samples::sale("Asha"));
    let answer = reply.expect(201);
    assert_tokens(
        reply.text(),
        &[
            ("success", "true"),
            ("message", "\"Sale completed successfully!\""),
            ("sale_number", "\"#001\""),
            ("data.sale_number", "\"#001\""),
            ("data.customer_name", "\"Asha\""),
            ("data.total", "300.0"),
        ],
    );
    let id = answer["order_id"].to_string();
    assert_id(answer["order_id"].as_str().unwrap(), "ORDER-");
    assert_time(answer["data"]["created_at"].as_str().unwrap());
    let record = order_record(&mut client, answer["order_id"].as_str().unwrap());
    assert_tokens(
        record.text(),
        &[
            ("id", &id),
            ("_id", &id),
            ("order_id", &id),
            ("sale_number", "\"#001\""),
            ("customer_name", "\"Asha\""),
            ("customer_phone", "\"+91 98450 12345\""),
            ("customer_address", "\"12 MG Road\""),
            ("sale_by", "\"Ravi\""),
            ("items.0.price", "100"),
            ("subtotal", "300.0"),
            ("discount_amount", "0.0"),
            ("is_percentage_discount", "false"),
            ("discount_percentage", "0.0"),
            ("total", "300.0"),
            ("amount_paid", "300.0"),
            ("payment_mode", "\"UPI\""),
            ("status", "\"Completed\""),
            ("source_estimate_id", "null"),
            ("source_estimate_number", "null"),
            ("is_from_estimate", "false"),
            ("created_at", &answer["data"]["created_at"].to_string()),
        ],
    );
    assert_eq!(client.get("/api/orders/number/%23001").body, record.body);
}

#[test]
fn a_sale_without_payment_details_is_paid_in_full_in_cash() {
    let server = Server::start();
    let mut client = server.client();
    let rows = [
        ("", "", "300.0", "\"Cash\""),
        ("null", "null", "300.0", "\"Cash\""),
        ("0", "\"Credit\"", "0.0", "\"Credit\""),
        ("\"120.5\"", "\"UPI\"", "120.5", "\"UPI\""),
    ];
    for (amount_paid, payment_mode, stored_amount, stored_mode) in rows {
        let changes = [("amount_paid", amount_paid), ("payment_mode", payment_mode)];
        let reply = send(&mut client, "POST", CREATE_SALE, &body_with(&samples::sale("Asha"), &changes));
        let record = order_record(&mut client, reply.expect(201)["order_id"].as_str().unwrap());
        assert_tokens(record.text(), &[("amount_paid", stored_amount), ("payment_mode", stored_mode)]);
    }
}

#[test]
fn a_sale_that_names_an_estimate_marks_it_converted() {
    let server = Server::start();
    let mut client = server.client();
    let estimate = new_estimate(&mut client, "Asha");
    let mut sale = samples::sale("Asha");
    sale["source_estimate_id"] = json!(estimate);
    sale["source_estimate_number"] = json!("#001");
    let order = text(&client.post(CREATE_SALE, &sale).expect(201)["order_id"]);
    assert_tokens(
        order_record(&mut client, &order).text(),
        &[
            ("source_estimate_id", &json!(estimate).to_string()),
            ("source_estimate_number", "\"#001\""),
            ("is_from_estimate", "true"),
        ],
    );
    assert_tokens(
        estimate_record(&mut client, &estimate).text(),
        &[
            ("is_converted_to_order", "true"),
            ("linked_order_id", &json!(order).to_string()),
            ("linked_order_number", "\"#001\""),
        ],
    );
    assert_eq!(column(&client.get("/api/estimates/converted").expect(200), "id"), [estimate.as_str()]);

    sale["customer_name"] = json!("another sale from the same estimate");
    assert_eq!(client.post(CREATE_SALE, &sale).detail(400), "Estimate has already been converted to order");
    assert_eq!(client.get("/api/orders/orders-only").expect(200)["orders"]["count"], 1);
}

#[test]
fn a_sale_that_names_an_unknown_estimate_is_stored_as_sent_and_linked_to_nothing() {
    let server = Server::start();
    let mut client = server.client();
    new_estimate(&mut client, "Asha");
    for source in [UNKNOWN_ESTIMATE, "a paper slip"] {
        let mut sale = samples::sale("Asha");
        sale["source_estimate_id"] = json!(source);
        sale["source_estimate_number"] = json!("#007");
        let order = text(&client.post(CREATE_SALE, &sale).expect(201)["order_id"]);
        assert_tokens(
            order_record(&mut client, &order).text(),
            &[("source_estimate_id", &json!(source).to_string()), ("source_estimate_number", "\"#007\"")],
        );
        let answer = client.delete(&format!("/api/orders/{order}")).expect(200);
        assert_eq!(answer["message"], "Order deleted successfully");
    }
    assert_eq!(client.get("/api/estimates/pending").expect(200).as_array().unwrap().len(), 1);
}

#[test]
fn order_lists_are_newest_first_with_counts_and_sums() {
    let server = Server::start();
    let mut client = server.client();
    let empty = client.get("/api/orders/orders-only");
    empty.expect(200);
    assert_tokens(empty.text(), &[("orders.count", "0"), ("orders.total_amount", "0.0"), ("orders.items", "[]")]);
    new_estimate(&mut client, "A");
    new_sale(&mut client, "B");
    new_estimate(&mut client, "C");
    new_sale(&mut client, "D");
    new_sale(&mut client, "E");

    let only = client.get("/api/orders/orders-only");
    let answer = only.expect(200);
    assert_tokens(only.text(), &[("orders.count", "3"), ("orders.total_amount", "900.0")]);
    assert_eq!(column(&answer["orders"]["items"], "customer_name"), ["E", "D", "B"]);
    let newest = order_record(&mut client, answer["orders"]["items"][0]["id"].as_str().unwrap());
    assert_eq!(answer["orders"]["items"][0], newest.json());

    let separate = client.get("/api/orders/separate");
    let answer = separate.expect(200);
    assert_tokens(
        separate.text(),
        &[
            ("estimates.count", "2"),
            ("estimates.total_amount", "600.0"),
            ("orders.count", "3"),
            ("orders.total_amount", "900.0"),
            ("summary.total_estimates", "2"),
            ("summary.total_orders", "3"),
            ("summary.total_transactions", "5"),
            // Only what was sold is revenue, not what is merely offered.
            ("summary.total_revenue", "900.0"),
        ],
    );
    assert_eq!(column(&answer["estimates"]["items"], "customer_name"), ["C", "A"]);
    assert_eq!(column(&answer["orders"]["items"], "customer_name"), ["E", "D", "B"]);
}

#[test]
fn the_merged_list_shows_both_kinds_newest_first_with_their_own_fields() {
    let server = Server::start();
    let mut client = server.client();
    assert_eq!(client.get("/api/orders/all").expect(200), json!([]));
    new_estimate(&mut client, "A");
    new_sale(&mut client, "B");
    new_estimate(&mut client, "C");
    new_sale(&mut client, "D");
    let merged = client.get("/api/orders/all");
    let answer = merged.expect(200);
    assert_eq!(column(&answer, "customer"), ["D", "C", "B", "A"]);
    assert_eq!(column(&answer, "type"), ["order", "estimate", "order", "estimate"]);
    assert_eq!(column(&answer, "status"), ["Completed", "Pending", "Completed", "Pending"]);
    for (index, entry) in answer.as_array().unwrap().iter().enumerate() {
        let path = |field: &str| at(merged.text(), &format!("{index}.{field}"));
        assert_eq!((path("amount"), path("total"), path("items_count")), ("300.0".into(), "300.0".into(), "2".into()));
        assert_eq!(entry["time"].as_str().unwrap(), &entry["created_at"].as_str().unwrap()[..10]);
        let id = entry["id"].as_str().unwrap();
        let own =
            if entry["type"] == "order" { order_record(&mut client, id) } else { estimate_record(&mut client, id) };
        for (field, value) in own.json().as_object().unwrap() {
            assert_eq!(&entry[field], value, "{field} of {id}");
        }
    }
}

#[test]
fn the_status_of_an_order_is_set_under_both_spellings() {
    let server = Server::start();
    let mut client = server.client();
    let id = new_sale(&mut client, "Asha");
    let longest = "é".repeat(64);
    let rows = [
        ("new_status=Packed".to_string(), "Packed"),
        ("status=Delivered".into(), "Delivered"),
        // Setting the same status again is a success too.
        ("status=Delivered".into(), "Delivered"),
        ("new_status=Out%20for%20delivery".into(), "Out for delivery"),
        ("status=Out+for+delivery".into(), "Out for delivery"),
        ("status=%E0%A4%A4%E0%A5%88%E0%A4%AF%E0%A4%BE%E0%A4%B0".into(), "तैयार"),
        (format!("new_status={}", "%C3%A9".repeat(64)), longest.as_str()),
        ("other=1&new_status=a%26b%3D%22c%22".into(), "a&b=\"c\""),
    ];
    for (query, status) in rows {
        let answer = bare(&mut client, "PUT", &format!("/api/orders/{id}/status?{query}")).expect(200);
        assert_eq!(answer["success"], true, "{query}");
        assert_eq!(answer["message"], format!("Order status updated to {status}"), "{query}");
        assert_eq!(answer["status"], status, "{query}");
        assert_eq!(order_record(&mut client, &id).json()["status"], status, "{query}");
    }
    let too_long = format!("?new_status={}", "a".repeat(65));
    for query in ["", "?new_status=", "?status=", "?other=Packed", &too_long] {
        assert!(
            !bare(&mut client, "PUT", &format!("/api/orders/{id}/status{query}")).detail(422).is_empty(),
            "{query}"
        );
    }
    assert_eq!(order_record(&mut client, &id).json()["status"], "a&b=\"c\"", "refused texts change nothing");
}

#[test]
fn a_deleted_order_takes_its_estimate_with_it_and_says_so() {
    let server = Server::start();
    let mut client = server.client();
    let direct = new_sale(&mut client, "Asha");
    let (estimate, order) = converted(&mut client, "Bina");
    let rows =
        [(direct, "Order deleted successfully"), (order, "Order deleted successfully (linked estimate also deleted)")];
    for (id, message) in rows {
        let answer = client.delete(&format!("/api/orders/{id}")).expect(200);
        assert_eq!((&answer["success"], &answer["message"]), (&json!(true), &json!(message)));
        assert_eq!(client.get(&format!("/api/orders/{id}")).detail(404), "Order not found");
    }
    assert_eq!(client.get(&format!("/api/estimates/{estimate}")).detail(404), "Estimate not found");
    assert_eq!(client.get("/api/orders/all").expect(200), json!([]));
    assert_eq!(client.post(CREATE_SALE, &samples::sale("C")).expect(201)["sale_number"], "#003");
}

// ---- input and amounts ----

#[test]
fn items_are_passed_through_exactly_as_sent() {
    let items = concat!(
        r#"[{"quantity":2,"price":100,"name":"LED \u0939 \"9 W\"","id":1,"discount":0,"extra":{"z":1,"a":[1.50,null]}},"#,
        r#"{"name":"old client","price":1.0e2,"quantity":1},{"price":"50","name":"","quantity":"2","discount":"10"},"#,
        r#"{"id":12345678901234567890,"name":"₹","price":0.1,"quantity":1000,"discount":100}]"#
    );
    let server = Server::start();
    let mut client = server.client();
    let mut socket = server.socket("/ws");
    let body = body_with(&samples::estimate("Asha"), &[("items", items), ("subtotal", "390"), ("total", "390")]);
    let estimate = text(&send(&mut client, "POST", CREATE_ESTIMATE, &body).expect(201)["estimate_id"]);
    assert_eq!(at(&socket.next_text(), "data.items"), items);
    let record = estimate_record(&mut client, &estimate);
    assert_eq!(at(record.text(), "items"), items);
    assert!(record.json().get("amounts_flagged").is_none_or(Value::is_null), "{}", record.text());
    let order = client.post(&format!("/api/estimates/{estimate}/convert-to-order"), &json!({})).expect(200);
    assert_eq!(at(order_record(&mut client, order["order_id"].as_str().unwrap()).text(), "items"), items);
    for (list, path) in [
        ("/api/estimates/all", "0.items"),
        ("/api/orders/orders-only", "orders.items.0.items"),
        ("/api/orders/separate", "orders.items.0.items"),
        ("/api/orders/all", "0.items"),
    ] {
        assert_eq!(at(client.get(list).text(), path), items, "{list}");
    }
}

#[test]
fn input_is_read_leniently_and_money_always_has_a_decimal_point() {
    let rows = [
        ("total", "300", "300.0"),
        ("total", "3e2", "300.0"),
        ("total", "\"300\"", "300.0"),
        ("total", "\"300.50\"", "300.5"),
        ("subtotal", "\"299.99\"", "299.99"),
        ("total", "0", "0.0"),
        ("total", "1234567890", "1234567890.0"),
        ("total", "1234567890123.25", "1234567890123.25"),
        ("discount_amount", "\"12\"", "12.0"),
        ("discount_percentage", "\"4\"", "4.0"),
        ("is_percentage_discount", "true", "true"),
        ("is_percentage_discount", "1", "true"),
        ("is_percentage_discount", "\"yes\"", "true"),
        ("is_percentage_discount", "\"true\"", "true"),
        ("is_percentage_discount", "\"True\"", "true"),
        ("is_percentage_discount", "\"1\"", "true"),
        ("is_percentage_discount", "\"on\"", "true"),
        ("is_percentage_discount", "0", "false"),
        ("is_percentage_discount", "\"no\"", "false"),
        ("is_percentage_discount", "\"false\"", "false"),
        ("is_percentage_discount", "\"0\"", "false"),
        ("customer_phone", "\"\"", "\"\""),
        ("customer_address", "\"\"", "\"\""),
    ];
    let server = Server::start();
    let mut client = server.client();
    for (field, sent, stored) in rows {
        let changes = [(field, sent), ("unknown_field", r#"{"deep":[1,2]}"#)];
        let estimate = send(&mut client, "POST", CREATE_ESTIMATE, &body_with(&samples::estimate("Asha"), &changes));
        let record = estimate_record(&mut client, estimate.expect(201)["estimate_id"].as_str().unwrap());
        assert_eq!(at(record.text(), field), stored, "{field}: {sent}");
        assert_eq!(find(record.text(), "unknown_field"), None);
        // Without a word about the payment it is the total.
        let sale = send(&mut client, "POST", CREATE_SALE, &body_with(&samples::estimate("Asha"), &changes));
        let record = order_record(&mut client, sale.expect(201)["order_id"].as_str().unwrap());
        assert_eq!(at(record.text(), field), stored, "{field}: {sent}");
    }
}

#[test]
fn text_of_any_script_comes_back_as_it_was_sent() {
    let name = "आशा \"Asha\" \\ \u{0007}\u{1f4a1} </script>";
    let server = Server::start();
    let mut client = server.client();
    let answer = client.post(CREATE_ESTIMATE, &samples::estimate(name)).expect(201);
    assert_eq!(answer["data"]["customer_name"], name);
    let record = estimate_record(&mut client, answer["estimate_id"].as_str().unwrap()).json();
    assert_eq!(record["customer_name"], name);
}

#[test]
fn a_missing_discount_percentage_is_filled() {
    let rows = [
        // is_percentage_discount, subtotal, discount_amount, total, discount_percentage sent and stored
        ("true", "300", "12.5", "262.5", "", "12.5"),
        ("true", "300", "10", "270", "null", "10.0"),
        ("false", "300", "30", "270", "", "10.0"),
        ("false", "300", "0", "300", "", "0.0"),
        ("false", "0", "0", "0", "null", "0.0"),
        ("false", "300", "30", "270", "7", "7.0"),
    ];
    let server = Server::start();
    let mut client = server.client();
    for (percentage, subtotal, discount, total, sent, stored) in rows {
        let changes = [
            ("is_percentage_discount", percentage),
            ("subtotal", subtotal),
            ("discount_amount", discount),
            ("total", total),
            ("discount_percentage", sent),
        ];
        let estimate = send(&mut client, "POST", CREATE_ESTIMATE, &body_with(&samples::estimate("Asha"), &changes));
        let record = estimate_record(&mut client, estimate.expect(201)["estimate_id"].as_str().unwrap());
        assert_eq!(at(record.text(), "discount_percentage"), stored, "{changes:?}");
        // Without a word about the payment it is the total.
        let sale = send(&mut client, "POST", CREATE_SALE, &body_with(&samples::estimate("Asha"), &changes));
        let record = order_record(&mut client, sale.expect(201)["order_id"].as_str().unwrap());
        assert_eq!(at(record.text(), "discount_percentage"), stored, "{changes:?}");
    }
}

#[test]
fn a_till_is_never_refused_a_sale_over_arithmetic() {
    // subtotal, discount_amount, is_percentage_discount, total of the sample's two lines of 200 and 100
    let rows = [
        ("300", "0", "false", "300", false),
        ("300", "10", "true", "270", false),
        ("300", "45.5", "false", "254.5", false),
        // One minor unit for each of the two lines is the till's own rounding.
        ("300.02", "0", "false", "300.02", false),
        ("300", "0", "false", "299.98", false),
        ("300.03", "0", "false", "300.03", true),
        ("300", "0", "false", "299.97", true),
        ("200", "0", "false", "200", true),
        ("300", "0", "false", "1", true),
        ("300", "10", "true", "290", true),
        ("0", "0", "false", "0", true),
        ("300", "400", "false", "0", true),
    ];
    let server = Server::start();
    let mut client = server.client();
    for (subtotal, discount, percentage, total, flagged) in rows {
        let changes = [
            ("subtotal", subtotal),
            ("discount_amount", discount),
            ("is_percentage_discount", percentage),
            ("total", total),
            ("discount_percentage", ""),
        ];
        // Without a word about the payment it is the total.
        let sale = send(&mut client, "POST", CREATE_SALE, &body_with(&samples::estimate("Asha"), &changes));
        let record = order_record(&mut client, sale.expect(201)["order_id"].as_str().unwrap()).json();
        let estimate = send(&mut client, "POST", CREATE_ESTIMATE, &body_with(&samples::estimate("Asha"), &changes));
        let id = text(&estimate.expect(201)["estimate_id"]);
        for record in [record, estimate_record(&mut client, &id).json()] {
            for (field, sent) in [("subtotal", subtotal), ("discount_amount", discount), ("total", total)] {
                assert_eq!(record[field].as_f64(), sent.parse().ok(), "{field} is stored as sent");
            }
            let says = record.get("amounts_flagged").and_then(Value::as_str).unwrap_or_default();
            assert_eq!(!says.is_empty(), flagged, "{changes:?}: {record}");
        }
        let order = client.post(&format!("/api/estimates/{id}/convert-to-order"), &json!({})).expect(200);
        let record = order_record(&mut client, order["order_id"].as_str().unwrap()).json();
        assert_eq!(
            record.get("amounts_flagged").is_some_and(Value::is_string),
            flagged,
            "the flag is copied: {record}"
        );
    }
}

/// A price below zero is a return or a deposit: it counts like any other. What is paid never goes below zero.
#[test]
fn a_negative_price_adds_up_and_a_negative_total_is_refused() {
    // items, subtotal, discount_amount, is_percentage_discount, total, whether it is flagged
    let of = |prices: &[&str]| {
        let lines = prices.iter().map(|price| format!(r#"{{"name":"a","price":{price},"quantity":1}}"#));
        format!("[{}]", lines.collect::<Vec<_>>().join(","))
    };
    let discounted =
        r#"[{"name":"a","price":2500,"quantity":1},{"name":"b","price":"-250.50","quantity":2,"discount":50}]"#;
    let rows = [
        (of(&["2500", "-500"]), "2000", "0", "false", "2000", false),
        (of(&["2500", "-500"]), "2000", "10", "true", "1800", false),
        (discounted.to_string(), "2249.5", "0.5", "false", "2249", false),
        (of(&["500", "-500"]), "0", "0", "false", "0", false),
        (of(&["2500", "-500"]), "2500", "0", "false", "2500", true),
        (of(&["2500", "-500"]), "3000", "0", "false", "3000", true),
    ];
    let server = Server::start();
    let mut client = server.client();
    for (items, subtotal, discount, percentage, total, is_flagged) in &rows {
        let changes = [
            ("items", items.as_str()),
            ("subtotal", subtotal),
            ("discount_amount", discount),
            ("is_percentage_discount", percentage),
            ("discount_percentage", ""),
            ("total", total),
            ("amount_paid", total),
        ];
        let sale = send(&mut client, "POST", CREATE_SALE, &body_with(&samples::sale("Asha"), &changes));
        let order = order_record(&mut client, sale.expect(201)["order_id"].as_str().unwrap());
        let estimate = send(&mut client, "POST", CREATE_ESTIMATE, &body_with(&samples::estimate("Asha"), &changes));
        let estimate = estimate_record(&mut client, estimate.expect(201)["estimate_id"].as_str().unwrap());
        for record in [order, estimate] {
            assert_eq!(at(record.text(), "items"), items.as_str(), "stored as sent");
            let record = record.json();
            assert_eq!(record["total"].as_f64(), total.parse().ok(), "{record}");
            let flag = record.get("amounts_flagged").is_some_and(Value::is_string);
            assert_eq!(flag, *is_flagged, "{changes:?}: {record}");
        }
    }
    let below = of(&["500", "-2500"]);
    for (subtotal, total, faults) in [
        ("-2000", "-2000", vec![r#"["body","subtotal"]"#, r#"["body","total"]"#]),
        ("0", "-2000", vec![r#"["body","total"]"#]),
        ("-2000", "0", vec![r#"["body","subtotal"]"#]),
    ] {
        let changes = [("items", below.as_str()), ("subtotal", subtotal), ("total", total)];
        for (path, base) in [(CREATE_SALE, samples::sale("Asha")), (CREATE_ESTIMATE, samples::estimate("Asha"))] {
            let reply = send(&mut client, "POST", path, &body_with(&base, &changes));
            let locations: Vec<String> = fault_locations(&reply).iter().map(Value::to_string).collect();
            assert_eq!(locations, faults, "{changes:?}");
        }
    }
}

#[test]
fn all_faults_of_a_body_are_listed_at_once() {
    let server = Server::start();
    let mut client = server.client();
    let items = r#"[{"name":"a","price":1,"quantity":1},{"name":"b","price":"x","quantity":0}]"#;
    let changes = [
        ("customer_name", "7"),
        ("sale_by", ""),
        ("total", "-1"),
        ("is_percentage_discount", "\"so\""),
        ("items", items),
    ];
    let reply = send(&mut client, "POST", CREATE_ESTIMATE, &body_with(&samples::estimate("Asha"), &changes));
    let mut locations: Vec<String> = fault_locations(&reply).iter().map(Value::to_string).collect();
    locations.sort_unstable();
    let expected = [
        r#"["body","customer_name"]"#,
        r#"["body","is_percentage_discount"]"#,
        r#"["body","items",1,"price"]"#,
        r#"["body","items",1,"quantity"]"#,
        r#"["body","sale_by"]"#,
        r#"["body","total"]"#,
    ];
    assert_eq!(locations, expected);
}

#[test]
fn times_are_the_shops_own_and_never_the_clients() {
    let server = Server::start_with(&["--timezone", "Asia/Kolkata"]);
    let mut client = server.client();
    let changes = [("created_at", "\"2025-01-13T10:30:00\"")];
    let sale = send(&mut client, "POST", CREATE_SALE, &body_with(&samples::sale("Asha"), &changes)).expect(201);
    let estimate =
        send(&mut client, "POST", CREATE_ESTIMATE, &body_with(&samples::estimate("Asha"), &changes)).expect(201);
    let records = [
        order_record(&mut client, sale["order_id"].as_str().unwrap()).json(),
        estimate_record(&mut client, estimate["estimate_id"].as_str().unwrap()).json(),
    ];
    for (answer, record) in [sale, estimate].iter().zip(records) {
        let at = text(&record["created_at"]);
        assert_time(&at);
        assert!(at.ends_with("+05:30") && !at.starts_with("2025-01-13"), "{at}");
        assert_eq!(answer["data"]["created_at"], record["created_at"]);
    }
}

// ---- repeats within ten minutes (CONTRACT.md §5) ----

#[test]
fn a_repeated_create_with_the_clients_own_time_is_stored_once() {
    let mut server = Server::start();
    let mut socket = server.socket("/ws");
    let stamp = [("created_at", "\"2025-01-13T10:30:00.123\"")];
    // The very same bytes on the two routes are two commands.
    let body = body_with(&samples::sale("Asha"), &stamp);
    let mut client = server.client();
    let first: Vec<Reply> = [CREATE_ESTIMATE, CREATE_SALE].map(|path| send(&mut client, "POST", path, &body)).into();
    for round in 0..4 {
        if round == 2 {
            // A till repeats exactly when the server was away.
            drop(socket);
            server.stop();
            server.start_again();
            socket = server.socket("/ws");
        }
        let mut client = server.client();
        for (path, first) in [CREATE_ESTIMATE, CREATE_SALE].iter().zip(&first) {
            let again = send(&mut client, "POST", path, &body);
            assert_eq!((again.status, again.text()), (201, first.text()), "{path}, round {round}");
        }
        let all = client.get("/api/orders/all").expect(200);
        assert_eq!(column(&all, "type"), ["order", "estimate"], "round {round}");
    }
    let mut client = server.client();
    let other = body_with(&samples::sale("Asha"), &[("created_at", "\"2025-01-13T10:30:00.124\"")]);
    assert_eq!(send(&mut client, "POST", CREATE_SALE, &other).expect(201)["sale_number"], "#002");
    assert_eq!(socket.next_json()["data"]["sale_number"], "#002", "repeats are not announced again");
}

#[test]
fn equal_creates_without_the_clients_time_are_two_sales() {
    let server = Server::start();
    let mut client = server.client();
    for number in ["#001", "#002"] {
        assert_eq!(client.post(CREATE_SALE, &samples::sale("Asha")).expect(201)["sale_number"], number);
        assert_eq!(client.post(CREATE_ESTIMATE, &samples::estimate("Asha")).expect(201)["estimate_number"], number);
    }
}

#[test]
fn a_refused_create_is_refused_again_and_its_correction_is_taken() {
    let server = Server::start();
    let mut client = server.client();
    let stamp = ("created_at", "\"2025-01-13T10:30:00\"");
    let faulty = body_with(&samples::sale("Asha"), &[stamp, ("total", "-1")]);
    for _ in 0..2 {
        assert_eq!(fault_locations(&send(&mut client, "POST", CREATE_SALE, &faulty)), [json!(["body", "total"])]);
    }
    let corrected = body_with(&samples::sale("Asha"), &[stamp]);
    assert_eq!(send(&mut client, "POST", CREATE_SALE, &corrected).expect(201)["sale_number"], "#001");
}

#[test]
fn a_repeated_conversion_gets_its_first_answer_and_another_one_400() {
    let server = Server::start();
    let mut client = server.client();
    let rows: [(&str, Option<&str>); 4] = [
        ("", None),
        ("", Some("{}")),
        ("", Some(r#"{"payment_mode":"UPI","amount_paid":100}"#)),
        ("?payment_mode=UPI&amount_paid=100", None),
    ];
    for (query, body) in rows {
        let path = format!("/api/estimates/{}/convert-to-order{query}", new_estimate(&mut client, "Asha"));
        let first = client.request("POST", &path, &[], body.map(str::as_bytes));
        first.expect(200);
        for _ in 0..3 {
            let again = client.request("POST", &path, &[], body.map(str::as_bytes));
            assert_eq!((again.status, again.text()), (200, first.text()));
            let other = send(&mut client, "POST", &path, br#"{"payment_mode":"Card"}"#);
            assert_eq!(other.detail(400), "Estimate has already been converted to order");
        }
    }
    assert_eq!(client.get("/api/orders/orders-only").expect(200)["orders"]["count"], rows.len());
}

#[test]
fn a_repeated_deletion_gets_its_first_answer() {
    let mut server = Server::start();
    let mut client = server.client();
    let estimate = new_estimate(&mut client, "Asha");
    let direct = new_sale(&mut client, "Bina");
    let (_, order) = converted(&mut client, "Chitra");
    let paths = [format!("/api/estimates/{estimate}"), format!("/api/orders/{direct}"), format!("/api/orders/{order}")];
    let first: Vec<Reply> = paths.iter().map(|path| client.delete(path)).collect();
    for round in 0..2 {
        for (path, first) in paths.iter().zip(&first) {
            let again = client.delete(path);
            assert_eq!((again.status, again.text()), (200, first.text()), "{path}, round {round}");
        }
        server.stop();
        server.start_again();
        client = server.client();
    }
}

// ---- the live feed ----

/// A frame without the keys that go beyond CONTRACT.md §4.
fn contract_part(frame: &str) -> Value {
    let mut frame: Value = serde_json::from_str(frame).unwrap_or_else(|error| panic!("{error} in {frame}"));
    frame.as_object_mut().expect("a frame is an object").retain(|key, _| !EXTRA_FRAME_KEYS.contains(&key.as_str()));
    frame
}

#[test]
fn every_screen_sees_the_whole_flow_of_the_shop_in_order() {
    let server = Server::start();
    let mut client = server.client();
    let mut sockets = [(); 5].map(|()| server.socket("/ws"));
    let mut expected = Vec::new();

    assert_eq!(client.get("/health").expect(200)["status"], "healthy");

    let estimate = new_estimate(&mut client, "Asha");
    let record = estimate_record(&mut client, &estimate).json();
    expected.push(json!({"type": "estimate", "action": "create", "id": estimate, "data": record}));

    let direct = new_sale(&mut client, "Bina");
    let record = order_record(&mut client, &direct).json();
    expected.push(json!({"type": "order", "action": "create", "id": direct, "data": record}));

    let answer = client.post(&format!("/api/estimates/{estimate}/convert-to-order"), &json!({})).expect(200);
    let order = text(&answer["order_id"]);
    expected.push(json!({
        "type": "estimate", "action": "convert_to_order", "id": estimate, "order_id": order, "order_number": "#002"
    }));

    client.delete(&format!("/api/orders/{direct}")).expect(200);
    expected.push(json!({"type": "order", "action": "delete", "id": direct}));

    client.delete(&format!("/api/orders/{order}")).expect(200);
    expected.push(json!({"type": "order", "action": "delete", "id": order}));
    expected.push(json!({"type": "estimate", "action": "delete", "id": estimate}));

    // The last frame proves that nothing else came before it.
    let last = new_estimate(&mut client, "the last one");
    let record = estimate_record(&mut client, &last).json();
    expected.push(json!({"type": "estimate", "action": "create", "id": last, "data": record}));

    for socket in &mut sockets {
        let frames: Vec<String> = expected.iter().map(|_| socket.next_text()).collect();
        let seen: Vec<Value> = frames.iter().map(|frame| contract_part(frame)).collect();
        assert_eq!(seen, expected);
        for created in [&frames[0], &frames[1]] {
            assert_tokens(
                created,
                &[("data.total", "300.0"), ("data.subtotal", "300.0"), ("data.items.0.price", "100")],
            );
        }
        assert_eq!(socket.texts_until_pong(), Vec::<String>::new(), "nothing follows");
    }
}
