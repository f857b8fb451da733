//! Goal: a file that an earlier release has written is taken up with everything in it. Method: a file of each earlier form, as that
//! release left it, opened by this one and looked at from outside.

use std::io::Read;

use serde_json::Value;

use crate::support::http::Client;
use crate::support::people::Staffed;
use crate::support::server::Server;
use crate::support::till::{array, origin, text};
use crate::support::wait_until;

/// 71 estimates (one edited, one deleted, one converted), 67 orders (two cancelled), settings, and commands under keys.
const SCHEMA_2: &[u8] = include_bytes!("files/schema-2.redb.gz");
/// 71 estimates (one edited, one deleted, one converted), 68 orders, settings, and commands under keys; killed, not closed.
const SCHEMA_3: &[u8] = include_bytes!("files/schema-3.redb.gz");
/// 40 estimates and 40 orders, made in turn under keys; killed, with a part of them in the journal alone, in which entries
/// shared pages.
const SCHEMA_4: [&[u8]; 2] = [include_bytes!("files/schema-4.redb.gz"), include_bytes!("files/schema-4.journal.gz")];
/// 40 estimates (one deleted, one converted) and 41 orders, made under keys, and settings; killed, with a part of them in the
/// journal alone. The last form without people.
const SCHEMA_5: [&[u8]; 2] = [include_bytes!("files/schema-5.redb.gz"), include_bytes!("files/schema-5.journal.gz")];
/// The body that was sent to it under the key `ord-0`.
const FIRST_SALE: &[u8] = br#"{"customer_name": "Buyer 0", "customer_phone": "", "customer_address": "MG Road", "sale_by": "Ravi", "items": [{"name": "LED bulb", "price": 110, "quantity": 4}], "subtotal": 440, "discount_amount": 0, "is_percentage_discount": false, "total": 440}"#;
/// The body that was sent to the later ones under the key `ord-0`.
const KEYED_SALE: &str = r#"{"customer_name": "Buyer 0", "customer_phone": "98450 12345", "customer_address": "MG Road", "sale_by": "Ravi", "items": [{"name": "LED bulb", "price": 110, "quantity": 4}], "subtotal": 440, "discount_amount": 0, "is_percentage_discount": false, "total": 440, "amount_paid": 440, "payment_mode": "Cash"}"#;
/// The day on which its records were made.
const DAY: &str = "2026-11-28";

fn unpacked(packed: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    flate2::read::GzDecoder::new(packed).read_to_end(&mut file).unwrap();
    file
}

fn open(packed: &[u8]) -> Server {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("tillsync.redb"), unpacked(packed)).unwrap();
    Server::start_in(folder, &["--timezone", "Asia/Kolkata"])
}

/// A shop that was killed: its file and its journal.
fn open_killed(packed: [&[u8]; 2]) -> Server {
    let folder = tempfile::tempdir().unwrap();
    for (name, packed) in ["tillsync.redb", "tillsync.journal"].into_iter().zip(packed) {
        std::fs::write(folder.path().join(name), unpacked(packed)).unwrap();
    }
    Server::start_in(folder, &["--timezone", "Asia/Kolkata"])
}

/// The sales of before are known by their keys, and a new one takes this number.
fn sells_on(client: &mut Client, new: &str, number: u64) {
    let mut sell = |key: &str, body: &str| {
        let keyed = [("Idempotency-Key", key)];
        let sale = client.request("POST", "/api/orders/create-sale", &keyed, Some(body.as_bytes()));
        text(&sale.expect(201), "sale_number")
    };
    assert_eq!(sell("ord-0", KEYED_SALE), "#001");
    assert_eq!(sell("ord-39", &KEYED_SALE.replace("Buyer 0", "Buyer 39")), "#040");
    assert_eq!(sell(new, KEYED_SALE), format!("#{number:03}"));
}

/// Whether the log says that, once over all starts. It is written a moment later, and not any more once the server is killed.
fn is_brought_up_from(server: &Server, version: u32) {
    let line = format!("from version {version} of its shape to version {}", version + 1);
    let said = || server.log().matches(&line).count();
    wait_until("the log says that the file was brought up", || said() > 0);
    assert_eq!(said(), 1);
}

fn customers(found: Value) -> Vec<String> {
    array(found).iter().map(|record| text(record, "customer_name")).collect()
}

#[test]
fn a_file_of_schema_2_is_brought_up_with_everything_in_it() {
    let mut server = open(SCHEMA_2);
    is_brought_up_from(&server, 2);
    for _ in 0..2 {
        let mut client = server.client();
        let orders = client.get("/api/orders/orders-only").expect(200);
        assert_eq!(orders["orders"]["count"], 67);
        assert_eq!(orders["orders"]["total_amount"], 65.0 * 440.0, "two are cancelled");
        assert_eq!(array(client.get("/api/estimates/all").expect(200)).len(), 69);
        let day = client.get(&format!("/api/summary?from={DAY}&to={DAY}")).expect(200)["days"][0].take();
        assert_eq!((day["count"].as_u64(), day["total"].as_f64()), (Some(65), Some(65.0 * 440.0)));
        let of_day = client.get(&format!("/api/estimates/all?from={DAY}&to={DAY}")).expect(200);
        assert_eq!(array(of_day).len(), 69, "by the index of days and beyond it");
        assert!(array(client.get("/api/estimates/all?from=2026-11-29").expect(200)).is_empty());

        assert_eq!(customers(client.get("/api/search?q=patil%20asha").expect(200)), ["Asha Patil"]);
        assert_eq!(customers(client.get("/api/search?q=09845012345").expect(200)), ["Asha Patil"]);
        assert_eq!(customers(client.get("/api/search?q=isik").expect(200)), ["Işık Yılmaz"]);

        let asha = array(client.get("/api/search?q=asha").expect(200)).remove(0);
        let history = client.get(&format!("/api/estimates/{}/history", text(&asha, "estimate_id"))).expect(200);
        let told: Vec<_> = array(history).iter().map(|step| (text(step, "action"), text(step, "origin"))).collect();
        let expected = [("update", "edit-1"), ("create", "est-3")];
        assert_eq!(told, expected.map(|(action, key)| (action.to_string(), origin(key))));
        let settings = client.get("/api/settings").expect(200);
        assert_eq!(settings["shop_name"], "Patil Electricals");
        assert_eq!(
            (settings["currency_decimals"].as_u64(), settings["cash_modes"][0].as_str()),
            (Some(2), Some("Cash"))
        );

        let keyed = [("Idempotency-Key", "ord-0")];
        let again = client.request("POST", "/api/orders/create-sale", &keyed, Some(FIRST_SALE));
        assert_eq!(again.expect(201)["sale_number"], "#001", "a command of that release is known by its key");
        server.kill();
        server.start_again();
    }
    is_brought_up_from(&server, 2);
}

#[test]
fn a_file_of_schema_3_gets_a_journal_with_everything_in_it() {
    let mut server = open(SCHEMA_3);
    is_brought_up_from(&server, 3);
    assert!(server.journal().exists());
    for turn in 0..2 {
        let mut client = server.client();
        let orders = client.get("/api/orders/orders-only").expect(200);
        assert_eq!(orders["orders"]["count"], 68 + turn);
        assert_eq!(array(client.get("/api/estimates/all").expect(200)).len(), 70);
        assert_eq!(customers(client.get("/api/search?q=patil").expect(200)), ["Asha Patil"]);
        assert_eq!(client.get("/api/settings").expect(200)["shop_name"], "Patil Electricals");
        let keyed = [("Idempotency-Key", "ord-0")];
        let again = client.request("POST", "/api/orders/create-sale", &keyed, Some(KEYED_SALE.as_bytes()));
        assert_eq!(again.expect(201)["sale_number"], "#001", "a command of that release is known by its key");
        if turn == 0 {
            let new = [("Idempotency-Key", "new")];
            let sale = client.request("POST", "/api/orders/create-sale", &new, Some(KEYED_SALE.as_bytes()));
            assert_eq!(sale.expect(201)["sale_number"], "#069");
        }
        server.kill();
        server.start_again();
    }
    is_brought_up_from(&server, 3);
}

#[test]
fn a_file_of_schema_4_keeps_what_is_in_its_journal_alone() {
    let mut server = open_killed(SCHEMA_4);
    is_brought_up_from(&server, 4);
    let metrics = server.get("/metrics").text().to_string();
    assert!(metrics.contains("\ntillsync_journal_replayed_total 29\n"), "{metrics}");
    for turn in 0..3 {
        let mut client = server.client();
        assert_eq!(client.get("/api/orders/orders-only").expect(200)["orders"]["count"], 40 + turn);
        assert_eq!(array(client.get("/api/estimates/all").expect(200)).len(), 40);
        assert_eq!(customers(client.get("/api/search?q=patil").expect(200)), ["Asha Patil"]);
        sells_on(&mut client, &format!("new {turn}"), 41 + turn);
        // The halves of before are begun again one after the other.
        server.kill();
        server.start_again();
    }
    is_brought_up_from(&server, 4);
}

#[test]
fn a_file_of_schema_5_is_open_to_everybody_until_it_has_an_owner_and_keeps_what_it_holds_for_him() {
    let mut server = open_killed(SCHEMA_5);
    is_brought_up_from(&server, 5);
    let metrics = server.get("/metrics").text().to_string();
    assert!(metrics.contains("\ntillsync_journal_replayed_total 7\n"), "{metrics}");
    for turn in 0..2 {
        let mut client = server.client();
        assert_eq!(client.get("/api/me").expect(200)["has_owner"], false);
        assert_eq!(client.get("/api/orders/orders-only").expect(200)["orders"]["count"], 41 + turn);
        assert_eq!(array(client.get("/api/estimates/all").expect(200)).len(), 39);
        assert_eq!(customers(client.get("/api/search?q=patil").expect(200)), ["Asha Patil"]);
        assert_eq!(client.get("/api/settings").expect(200)["shop_name"], "Patil Electricals");
        sells_on(&mut client, &format!("new {turn}"), 42 + turn);
        server.kill();
        server.start_again();
    }
    is_brought_up_from(&server, 5);

    let mut shop = Staffed::of(server);
    assert_eq!(shop.server.get("/api/orders/orders-only").status, 401);
    let orders = shop.owner.get("/api/orders/orders-only").expect(200);
    assert_eq!(orders["orders"]["count"], 43);
    let converted = array(shop.owner.get("/api/estimates/converted").expect(200)).remove(0);
    let history = shop.owner.get(&format!("/api/estimates/{}/history", text(&converted, "estimate_id"))).expect(200);
    let steps: Vec<_> = array(history).iter().map(|step| (text(step, "action"), step.get("person").cloned())).collect();
    assert_eq!(steps.len(), 2, "{steps:?}");
    assert!(steps.iter().all(|(_, person)| person.as_ref().is_none_or(Value::is_null)), "{steps:?}");
    assert_eq!(shop.owner.get("/api/audit/verify").expect(200)["is_whole"], true);
}
