//! Estimates: made, found, listed, edited, duplicated, deleted.

use serde_json::{Value, json};

use super::{
    CREATE_ESTIMATE, assert_id, assert_time, assert_tokens, at, column, converted, estimate_record, new_estimate, send,
};
use crate::support::json::{body_with, fault_locations};
use crate::support::samples;
use crate::support::server::Server;

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
