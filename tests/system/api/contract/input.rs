//! What is read leniently, what is passed through, what is refused; amounts, text, times.

use serde_json::{Value, json};

use super::{CREATE_ESTIMATE, CREATE_SALE, assert_time, at, estimate_record, find, order_record, send, text};
use crate::support::json::{body_with, fault_locations};
use crate::support::samples;
use crate::support::server::Server;

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
