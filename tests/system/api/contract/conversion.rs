//! An estimate becomes an order.

use serde_json::json;

use super::{
    assert_id, assert_time, assert_tokens, at, estimate_record, new_estimate, new_sale, order_record, send, text,
};
use crate::support::json::fault_locations;
use crate::support::server::Server;

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
