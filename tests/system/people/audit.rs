//! The audit: who let whom in, who was refused, who allowed what; a chain that can be checked, and nothing secret in it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::people::{MANAGER, MANAGER_PIN, OWNER_PIN, Pairing, SELLER, SELLER_PIN, Staffed, VIEWER};
use crate::support::samples;
use crate::support::till::{array, text};
use crate::support::visitor::Visitor;
use crate::support::wait_until;

/// A shop in which everything that is kept has happened once.
fn eventful() -> (Staffed, Visitor) {
    let mut shop = Staffed::open();
    let (id, mut seller) = shop.seller();
    let manager = shop.hire("Meena", MANAGER, MANAGER_PIN);
    seller.log_in(id, "0000").expect(401);
    seller.post("/api/lock", &json!({})).expect(200);
    seller.log_in(id, SELLER_PIN).expect(200);
    let role = shop.role("Packer", &["status"], &Value::Null);
    shop.owner.put(&format!("/api/roles/{role}"), &json!({"masks": ["amounts"]})).expect(200);
    shop.owner.put("/api/settings", &json!({"shop_name": "Patil"})).expect(200);
    shop.program("Printer", VIEWER);
    let printer = shop.listed_device("Printer");
    shop.revoke(&printer);
    let refused = Pairing::ask(shop.server.addr, &json!({}));
    shop.owner.post(&format!("/api/pairings/{}/refuse", refused.id), &json!({})).expect(200);
    let sold = seller.create_sale("Asha");
    let path = format!("/api/orders/{}", sold.id);
    seller.request("DELETE", &path, &[("Idempotency-Key", "gone")], None).expect(403);
    seller.post("/api/override", &json!({"person": manager, "pin": MANAGER_PIN, "for": "gone"})).expect(200);
    seller.request("DELETE", &path, &[("Idempotency-Key", "gone")], None).expect(200);
    let estimate = seller.create_estimate("Asha");
    let path = format!("/api/estimates/{}", estimate.id);
    shop.owner.post(&format!("{path}/owner"), &json!({"person": manager})).expect(200);
    shop.owner.delete(&path).expect(200);
    (shop, seller)
}

fn places(entries: &[Value]) -> Vec<u64> {
    entries.iter().map(|entry| entry["place"].as_u64().expect("a place")).collect()
}

/// Everything, once all that was done is there.
fn whole(shop: &mut Staffed) -> Vec<Value> {
    let mut entries = Vec::new();
    wait_until("the deletion is in the audit", || {
        entries = shop.audit("limit=1000");
        entries.iter().any(|entry| entry["kind"] == "delete")
    });
    entries
}

#[test]
fn what_happened_is_there_with_who_and_where() {
    let (mut shop, mut seller) = eventful();
    let entries = whole(&mut shop);
    let of = |kind: &str| -> Vec<&Value> { entries.iter().filter(|entry| entry["kind"] == kind).collect() };
    for (kind, person) in [
        ("owner", "Asha"),
        ("login", "Ravi"),
        ("login_refused", "Ravi"),
        ("lock", "Ravi"),
        ("pair", "Asha"),
        ("pair_refused", "Asha"),
        ("device", "Asha"),
        ("person", "Asha"),
        ("role", "Asha"),
        ("settings", "Asha"),
        ("refused", "Ravi"),
        ("hand_over", "Asha"),
        ("undo", "Ravi"),
        ("delete", "Asha"),
    ] {
        let found = of(kind);
        assert!(!found.is_empty(), "nothing of kind {kind} in {entries:#?}");
        assert!(found.iter().any(|entry| entry.to_string().contains(person)), "{kind} names nobody: {found:?}");
    }
    let nod = of("override").first().unwrap().to_string();
    assert!(nod.contains("Meena") && nod.contains("Ravi"), "{nod}");
    for entry in &entries {
        for field in ["place", "at", "person", "device", "address", "kind", "target", "detail", "hash"] {
            assert!(entry.get(field).is_some(), "{field} in {entry}");
        }
        assert!(text(entry, "at").parse::<jiff::Timestamp>().is_ok(), "{entry}");
        assert!(text(entry, "hash").len() == 64, "{entry}");
    }
    let login = of("login")[0];
    assert_eq!((&login["person"]["name"], &login["device"]["name"]), (&json!("Ravi"), &json!("Ravi")));
    assert!(text(login, "address").contains("127.0.0.1"), "{login}");
    let told = serde_json::to_string(&entries).unwrap();
    for secret in [OWNER_PIN, MANAGER_PIN, &seller.person_cookie().1] {
        assert!(!told.contains(secret));
    }
    // It is kept apart from the changes, and shown to those who may.
    seller.get("/api/audit").expect(403);
    seller.get("/api/audit/verify").expect(403);
    let (_, mut manager) = shop.program("Office", MANAGER);
    manager.get("/api/audit").expect(200);
}

#[test]
fn it_is_asked_by_person_kind_day_and_page() {
    let (mut shop, _) = eventful();
    let all = whole(&mut shop);
    let all_places = places(&all);
    assert!(
        all_places.windows(2).all(|pair| pair[0] == pair[1] + 1),
        "the newest first, without a hole: {all_places:?}"
    );
    assert_eq!(all_places.last(), Some(&1));

    let logins = shop.audit("kind=login");
    assert!(!logins.is_empty() && logins.iter().all(|entry| entry["kind"] == "login"));
    let ravi = all.iter().find(|entry| entry["person"]["name"] == "Ravi").unwrap()["person"]["id"].clone();
    let of_ravi = shop.audit(&format!("person={ravi}&limit=1000"));
    let expected: Vec<&Value> = all.iter().filter(|entry| entry["person"]["id"] == ravi).collect();
    assert_eq!(of_ravi.iter().collect::<Vec<_>>(), expected);
    let both = shop.audit(&format!("person={ravi}&kind=login"));
    assert!(!both.is_empty() && both.iter().all(|entry| entry["kind"] == "login" && entry["person"]["id"] == ravi));

    let mut paged = Vec::new();
    let mut before = String::new();
    loop {
        let page = shop.audit(&format!("limit=3{before}"));
        assert!(page.len() <= 3);
        let Some(last) = page.last() else { break };
        before = format!("&before={}", last["place"]);
        paged.extend(page);
    }
    assert_eq!(paged, all);
    assert!(shop.audit("from=2001-01-01&to=2001-12-31").is_empty());
    assert!(shop.audit("to=2001-12-31").is_empty());
    assert_eq!(shop.audit("from=2001-01-01&to=2199-12-31&limit=1000").len(), all.len());
    for wrong in ["limit=0", "limit=1001", "limit=x", "from=yesterday", "before=x", "kind=nothing", "person=x"] {
        let status = shop.owner.get(&format!("/api/audit?{wrong}")).status;
        assert!([200, 400, 422].contains(&status), "{wrong}: {status}");
    }
}

#[test]
fn the_chain_is_whole_and_stays_so_over_a_power_cut() {
    let (mut shop, _) = eventful();
    let all = whole(&mut shop);
    let verify = |shop: &mut Staffed| shop.owner.get("/api/audit/verify").expect(200);
    let told = verify(&mut shop);
    assert_eq!((&told["is_whole"], &told["broken_at"]), (&json!(true), &Value::Null));
    assert_eq!((&told["entries"], &told["head"]), (&json!(all.len()), &all[0]["hash"]));
    let hashes: BTreeSet<String> = all.iter().map(|entry| text(entry, "hash")).collect();
    assert_eq!(hashes.len(), all.len(), "each is another");

    shop.server.kill();
    shop.server.start_again();
    shop.owner = shop.owner.moved_to(&shop.server);
    let again = shop.audit("limit=1000");
    assert_eq!(&again[again.len() - all.len()..], all.as_slice(), "nothing of it is lost or changed");
    shop.owner.put("/api/settings", &json!({"shop_name": "Patil & Sons"})).expect(200);
    let told = verify(&mut shop);
    assert_eq!(told["is_whole"], json!(true));
    let newest = shop.audit("limit=1").remove(0);
    assert_eq!((&told["head"], &newest["kind"]), (&newest["hash"], &json!("settings")));
}

/// Strangers cannot fill it: what they fail at is added up.
#[test]
fn failures_of_strangers_are_summed() {
    const FAILURES: usize = 12;
    let mut shop = Staffed::open();
    let before = shop.audit("limit=1000").len();
    let mut stranger = Visitor::browser(shop.server.addr);
    for _ in 0..FAILURES {
        stranger.get("/api/estimates/all").expect(401);
        stranger.post("/api/orders/create-sale", &samples::sale("Thief")).expect(401);
    }
    stranger.log_in(shop.owner_id, OWNER_PIN).expect(401);
    let after = shop.audit("limit=1000");
    let news = &after[..after.len() - before];
    assert!(news.len() <= 2, "{news:?}");
    assert!(news.iter().all(|entry| entry["kind"] == "strangers"), "{news:?}");
    shop.hire("Ravi", SELLER, SELLER_PIN);
    assert!(array(shop.owner.get("/api/audit").expect(200)).iter().any(|entry| entry["kind"] == "person"));
}
