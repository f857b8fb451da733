//! Goal: the shop's settings are one state, stored, the same on every device, and never lost to a race. Method: the route as
//! clients use it, and the frames that follow.

use serde_json::{Value, json};

use crate::support::server::Server;
use crate::support::till::{array, create_estimate};

const PATH: &str = "/api/settings";

#[test]
fn settings_have_defaults_and_keep_what_a_change_does_not_name() {
    let server = Server::start_with(&["--timezone", "Asia/Kolkata"]);
    let mut client = server.client();
    let fresh = client.get(PATH);
    assert_eq!(fresh.header("etag"), Some("\"1\""));
    let fresh = fresh.expect(200);
    assert_eq!(fresh["currency"], "INR");
    assert_eq!(fresh["timezone"], "Asia/Kolkata");
    assert_eq!(fresh["payment_modes"], json!(["Cash", "UPI", "Card"]));
    assert_eq!(fresh["paper_size"], "A4");

    let saved =
        client.put(PATH, &json!({"shop_name": "Patil Electricals", "staff_names": ["Ravi", " Meena ", "", "Ravi"]}));
    assert_eq!(saved.header("etag"), Some("\"2\""));
    let saved = saved.expect(200);
    assert_eq!(saved["data"]["staff_names"], json!(["Ravi", "Meena"]));
    client.put(PATH, &json!({"paper_size": "80MM", "payment_modes": "Cash, Card", "currency": "usd"})).expect(200);
    let now = client.get(PATH).expect(200);
    assert_eq!(now["shop_name"], "Patil Electricals");
    assert_eq!(now["paper_size"], "80mm");
    assert_eq!(now["payment_modes"], json!(["Cash", "Card"]));
    assert_eq!((now["currency"].as_str(), now["rev"].as_u64()), (Some("USD"), Some(3)));
}

#[test]
fn what_cannot_be_a_setting_is_refused_with_every_fault_and_changes_nothing() {
    let server = Server::start();
    let mut client = server.client();
    let refused = client.put(
        PATH,
        &json!({"shop_name": 7, "currency": "JPY", "paper_size": "A5", "payment_modes": [], "staff_names": ["x".repeat(65)]}),
    );
    let faults = array(refused.expect(422)["errors"].take());
    let fields: Vec<&str> = faults.iter().map(|fault| fault["loc"][1].as_str().unwrap()).collect();
    assert_eq!(fields, ["shop_name", "currency", "staff_names", "payment_modes", "paper_size"]);
    assert!(faults[1]["msg"].as_str().unwrap().contains("2 decimals"), "{}", faults[1]);
    client.put(PATH, &json!({"staff_names": vec!["n"; 1]})).expect(200);
    let many: Vec<String> = (0..101).map(|index| format!("Name {index}")).collect();
    client.put(PATH, &json!({"staff_names": many})).expect(422);
    assert_eq!(client.get(PATH).expect(200)["rev"], 2);
    assert_eq!(client.request("DELETE", PATH, &[], None).status, 405);
}

#[test]
fn two_devices_do_not_overwrite_each_other_and_a_repetition_counts_once() {
    let server = Server::start();
    let mut client = server.client();
    let put = |client: &mut crate::support::http::Client, rev: &str, key: &str, name: &str| {
        let body = json!({"shop_name": name}).to_string();
        client.request("PUT", PATH, &[("If-Match", rev), ("Idempotency-Key", key)], Some(body.as_bytes()))
    };
    put(&mut client, "\"1\"", "one", "First").expect(200);
    let late = put(&mut client, "\"1\"", "two", "Second");
    assert_eq!(late.header("etag"), Some("\"2\""));
    assert_eq!(late.expect(412)["current"]["shop_name"], "First");
    let again = put(&mut client, "\"1\"", "one", "First").expect(200);
    assert_eq!(again["data"]["rev"], 2);
    put(&mut client, "\"2\"", "three", "First").expect(200);
    assert_eq!(client.get(PATH).expect(200)["rev"], 2, "what changes nothing is no change");
}

#[test]
fn a_change_is_live_on_sync_alone_and_survives_a_restart() {
    let mut server = Server::start();
    let mut client = server.client();
    let mut sync = server.socket("/sync");
    let mut filtered = server.socket("/sync?types=estimate");
    let mut plain = server.socket("/ws");
    let mut legacy = server.socket("/ws?format=legacy");
    assert_eq!(sync.next_json()["action"], "hello");
    assert_eq!(filtered.next_json()["action"], "hello");

    client.put(PATH, &json!({"footer_line": "Thank you"})).expect(200);
    let estimate = create_estimate(&mut client, "Asha");
    let frame: Value = sync.next_json();
    assert_eq!((frame["type"].as_str(), frame["action"].as_str()), (Some("settings"), Some("update")));
    assert_eq!((frame["seq"].as_u64(), frame["data"]["footer_line"].as_str()), (Some(0), Some("Thank you")));
    assert_eq!(sync.next_json()["id"], estimate.id.as_str());
    for socket in [&mut filtered, &mut plain] {
        assert_eq!(socket.next_json()["id"], estimate.id.as_str(), "the first frame is the estimate's");
    }
    assert_eq!(legacy.next_text(), "estimate_created");

    server.kill();
    server.start_again();
    assert_eq!(server.get(PATH).expect(200)["footer_line"], "Thank you");
}
