//! Goal: cash figures are what lies in the drawer, a payment mode is one mode however it is spelt, and what is cancelled counts
//! nowhere. Method: sales as tills send them, the records, and every figure after each step.

use serde_json::{Value, json};

use crate::support::http::Client;
use crate::support::samples;
use crate::support::server::Server;
use crate::support::till::{array, convert, create_estimate, create_sale, text};

/// A sale of 440, paid so.
fn sale(mode: &str, paid: f64) -> Value {
    let mut sale = samples::sale("Asha");
    for (name, value) in [
        ("items", json!([{"name": "LED bulb", "price": 110, "quantity": 4}])),
        ("subtotal", json!(440)),
        ("total", json!(440)),
        ("payment_mode", json!(mode)),
        ("amount_paid", json!(paid)),
    ] {
        sale[name] = value;
    }
    sale
}

fn sell(client: &mut Client, sale: &Value) -> Value {
    let answer = client.post("/api/orders/create-sale", sale).expect(201);
    client.get(&format!("/api/orders/{}", text(&answer, "order_id"))).expect(200)
}

fn today(client: &mut Client) -> Value {
    array(client.get("/api/summary").expect(200)["days"].take()).pop().unwrap()
}

#[test]
fn cash_beyond_the_total_is_change_and_not_in_the_drawer() {
    let server = Server::start();
    let mut client = server.client();
    let record = sell(&mut client, &sale("Cash", 500.0));
    assert_eq!(
        (record["amount_paid"].as_f64(), record["change"].as_f64(), record.get("amounts_flagged")),
        (Some(440.0), Some(60.0), None)
    );
    assert_eq!(today(&mut client)["modes"], json!([{"mode": "Cash", "count": 1, "total": 440.0, "paid": 440.0}]));
    let exact = sell(&mut client, &sale("Cash", 440.0));
    assert_eq!(exact.get("change"), None);

    let estimate = create_estimate(&mut client, "Ravi");
    let answer = convert(&mut client, &estimate.id, br#"{"payment_mode": " cash", "amount_paid": 1000}"#).expect(200);
    let data = &answer["data"];
    assert_eq!(
        (data["payment_mode"].as_str(), data["amount_paid"].as_f64(), data["change"].as_f64()),
        (Some("Cash"), Some(300.0), Some(700.0))
    );
    // A change of status leaves it.
    let id = text(&answer, "order_id");
    client.request("PUT", &format!("/api/orders/{id}/status?status=Packed"), &[], None).expect(200);
    assert_eq!(client.get(&format!("/api/orders/{id}")).expect(200)["change"], json!(700.0));
}

#[test]
fn too_much_in_another_mode_is_stored_as_sent_and_flagged() {
    let server = Server::start();
    let mut client = server.client();
    let record = sell(&mut client, &sale("upi", 500.0));
    assert_eq!((record["amount_paid"].as_f64(), record.get("change")), (Some(500.0), None));
    assert_eq!(record["payment_mode"], "UPI", "in the spelling of the settings");
    assert!(text(&record, "amounts_flagged").contains("paid by UPI is 500.0"), "{record}");
    let mut wrong = sale("Card", 600.0);
    wrong["subtotal"] = json!(441.5);
    let flag = text(&sell(&mut client, &wrong), "amounts_flagged");
    assert!(
        flag.contains("the lines add up to 440.0") && flag.ends_with("paid by Card is 600.0, the total says 440.0"),
        "{flag}"
    );

    client.put("/api/settings", &json!({"cash_modes": ["UPI", "Cash"]})).expect(200);
    assert_eq!(sell(&mut client, &sale("UPI", 500.0))["change"], json!(60.0));
    client.put("/api/settings", &json!({"cash_modes": []})).expect(200);
    assert_eq!(sell(&mut client, &sale("Cash", 500.0))["amount_paid"], json!(500.0));
}

#[test]
fn a_payment_mode_is_one_mode_however_it_is_spelt() {
    let server = Server::start();
    let mut client = server.client();
    for mode in ["Cash", "cash", "Cash ", " CASH"] {
        assert_eq!(sell(&mut client, &sale(mode, 440.0))["payment_mode"], "Cash", "{mode:?}");
    }
    for mode in ["Store Credit", "store credit "] {
        assert_eq!(sell(&mut client, &sale(mode, 440.0))["payment_mode"], mode, "others stay as sent");
    }
    let modes = array(today(&mut client)["modes"].take());
    let told: Vec<_> = modes.iter().map(|mode| (text(mode, "mode"), mode["count"].as_u64().unwrap())).collect();
    assert_eq!(told[0], ("Cash".to_string(), 4));
    assert_eq!((told[1].0.to_lowercase(), told[1].1, told.len()), ("store credit".to_string(), 2, 2));
    // Spelt anew in the settings: what was stored before counts with it.
    client.put("/api/settings", &json!({"payment_modes": ["CASH", "Card"]})).expect(200);
    assert_eq!(sell(&mut client, &sale("cash", 440.0))["payment_mode"], "CASH");
    let modes = array(today(&mut client)["modes"].take());
    assert_eq!((text(&modes[0], "mode"), modes[0]["count"].as_u64()), ("CASH".to_string(), Some(5)));
}

#[test]
fn what_is_cancelled_counts_nowhere_and_stays_in_the_lists() {
    let mut server = Server::start();
    let mut client = server.client();
    create_sale(&mut client, "Meena");
    let before = (today(&mut client), client.get("/api/orders/separate").expect(200));
    for status in ["Void", "cancelled", " CANCELED ", "Returned"] {
        let record = sell(&mut client, &sale("Cash", 440.0));
        let path = format!("/api/orders/{}/status", text(&record, "order_id"));
        let put = |client: &mut Client, status: &str| {
            let status = status.replace(' ', "%20");
            client.request("PUT", &format!("{path}?status={status}"), &[], None).expect(200)
        };
        put(&mut client, "Delivered");
        assert_eq!(today(&mut client)["count"], 2);
        put(&mut client, status);
        assert_eq!(today(&mut client), before.0, "{status}");
        put(&mut client, "Completed");
        assert_eq!(today(&mut client)["count"], 2, "it counts again");
        put(&mut client, status);
    }
    server.kill();
    server.start_again();
    let mut client = server.client();
    assert_eq!(today(&mut client), before.0);
    let orders = client.get("/api/orders/orders-only").expect(200);
    assert_eq!((orders["orders"]["count"].as_u64(), orders["orders"]["total_amount"].as_f64()), (Some(5), Some(300.0)));
    let separate = client.get("/api/orders/separate").expect(200);
    assert_eq!(separate["summary"]["total_revenue"], before.1["summary"]["total_revenue"]);
    assert_eq!(separate["orders"]["total_amount"], before.1["orders"]["total_amount"]);
    let cancelled = client.get("/api/orders/orders-only?status=cancelled").expect(200);
    assert_eq!(
        (cancelled["orders"]["count"].as_u64(), cancelled["orders"]["total_amount"].as_f64()),
        (Some(1), Some(0.0))
    );
}
