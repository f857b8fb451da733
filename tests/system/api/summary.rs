//! Goal: the figures of the first screen are what the records say, to the last minor unit. Method: known sales, and the figures
//! after each change; then a record's own history.

use serde_json::{Value, json};

use crate::support::samples;
use crate::support::server::Server;
use crate::support::till::{array, convert, create_estimate, create_sale, origin, text};

fn today(server: &Server) -> Value {
    array(server.get("/api/summary").expect(200)["days"].take()).pop().unwrap()
}

#[test]
fn figures_follow_sales_conversions_and_deletions() {
    let server = Server::start_with(&["--timezone", "Asia/Kolkata"]);
    let mut client = server.client();
    let summary = server.get("/api/summary").expect(200);
    assert_eq!(summary["days"].as_array().unwrap().len(), 14);
    assert_eq!(summary["days"][13]["day"], summary["today"]);
    assert_eq!(summary["open_estimates"], json!({"count": 0, "total": 0.0}));

    let sale = create_sale(&mut client, "Asha");
    let mut partly = samples::sale("Ravi");
    partly["payment_mode"] = json!("Cash");
    partly["amount_paid"] = json!(100.1);
    client.post("/api/orders/create-sale", &partly).expect(201);
    let (first, second) = (create_estimate(&mut client, "Meena"), create_estimate(&mut client, "Meena"));
    let day = today(&server);
    assert_eq!(
        (day["count"].as_u64(), day["total"].as_f64(), day["paid"].as_f64()),
        (Some(2), Some(600.0), Some(400.1))
    );
    assert_eq!(
        day["modes"],
        json!([
            {"mode": "Cash", "count": 1, "total": 300.0, "paid": 100.1},
            {"mode": "UPI", "count": 1, "total": 300.0, "paid": 300.0}
        ])
    );
    let summary = server.get("/api/summary");
    assert_eq!(summary.header("sync-seq"), Some("4"));
    assert_eq!(summary.expect(200)["open_estimates"], json!({"count": 2, "total": 600.0}));

    convert(&mut client, &first.id, b"").expect(200);
    client.delete(&format!("/api/estimates/{}", second.id)).expect(200);
    client.delete(&format!("/api/orders/{}", sale.id)).expect(200);
    assert_eq!(server.get("/api/summary").expect(200)["open_estimates"], json!({"count": 0, "total": 0.0}));
    assert_eq!((today(&server)["count"].as_u64(), today(&server)["total"].as_f64()), (Some(2), Some(600.0)));
}

#[test]
fn days_are_those_of_the_shop_and_bounded() {
    let server = Server::start();
    let days = |query: &str| server.get(&format!("/api/summary?{query}"));
    let one = days("from=2024-02-29&to=2024-03-01").expect(200);
    let names: Vec<&str> = one["days"].as_array().unwrap().iter().map(|day| day["day"].as_str().unwrap()).collect();
    assert_eq!(names, ["2024-02-29", "2024-03-01"]);
    assert_eq!(days("from=2024-03-02&to=2024-03-01").expect(200)["days"], json!([]));
    assert!(days("from=2020-01-01&to=2024-03-01").detail(422).contains("92 days"));
    for wrong in
        ["from=yesterday", "from=20240229", "to=2024-02-30", "to=2024-3-1", "to=20240301", "to=2024-03-01T10:00"]
    {
        days(wrong).expect(422);
    }
}

#[test]
fn the_history_of_a_record_names_each_step_the_newest_first() {
    let server = Server::start();
    let mut client = server.client();
    let estimate = create_estimate(&mut client, "Asha");
    create_estimate(&mut client, "somebody else");
    let mut edited = samples::estimate("Asha Patil");
    edited["sale_by"] = json!("Meena");
    client.put(&format!("/api/estimates/{}", estimate.id), &edited).expect(200);
    let order = convert(&mut client, &estimate.id, br#"{"sale_by": "Farhan"}"#).expect(200);

    let path = format!("/api/estimates/{}/history", estimate.id);
    let steps = array(client.get(&path).expect(200));
    let told: Vec<_> =
        steps.iter().map(|step| (step["rev"].as_u64(), step["action"].as_str(), step["by"].as_str())).collect();
    assert_eq!(
        told,
        [
            (Some(3), Some("convert_to_order"), Some("Farhan")),
            (Some(2), Some("update"), Some("Meena")),
            (Some(1), Some("create"), Some("Ravi"))
        ]
    );
    let order_id = order["order_id"].as_str().unwrap();
    client.request("PUT", &format!("/api/orders/{order_id}/status?status=Delivered"), &[], None).expect(200);
    assert_eq!(array(client.get(&format!("/api/orders/{order_id}/history")).expect(200)).len(), 2);
    client.delete(&format!("/api/orders/{order_id}")).expect(200);
    let last = array(client.get(&path).expect(200)).remove(0);
    assert_eq!((last["action"].as_str(), last["rev"].as_u64()), (Some("delete"), Some(4)), "it outlives the record");
    assert_eq!(client.get("/api/estimates/EST-00000000/history").detail(404), "Estimate not found");
}

/// By this a client finds out which of its commands a server knows that was put back to an older copy.
#[test]
fn the_history_names_the_hashes_of_the_commands_keys() {
    let server = Server::start();
    let mut client = server.client();
    let body = samples::estimate("Asha").to_string();
    let headers = |key| [("Idempotency-Key", key), ("Content-Type", "application/json")];
    let made = client.request("POST", "/api/estimates/create", &headers("till-1"), Some(body.as_bytes())).expect(201);
    let path = format!("/api/estimates/{}", made["estimate_id"].as_str().unwrap());
    client.request("DELETE", &path, &headers("till-2"), None).expect(200);
    client.get(&path).expect(404);
    let steps = array(client.get(&format!("{path}/history")).expect(200));
    let told: Vec<_> = steps.iter().map(|step| (text(step, "action"), text(step, "origin"))).collect();
    let expected = [("delete", "till-2"), ("create", "till-1")];
    assert_eq!(told, expected.map(|(action, key)| (action.to_string(), origin(key))));
    assert_eq!(steps[1]["at"], made["data"]["created_at"], "a record's time is that of its making");
}
