//! Orders: sold, found, listed, their status, deleted.

use serde_json::json;

use super::{
    CREATE_SALE, UNKNOWN_ESTIMATE, assert_id, assert_time, assert_tokens, at, bare, column, converted, estimate_record,
    new_estimate, new_sale, order_record, send, text,
};
use crate::support::json::body_with;
use crate::support::samples;
use crate::support::server::Server;

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
