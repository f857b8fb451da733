//! A manager's nod: what a seller is refused for want of a right is allowed in place, this one command and no other. With it
//! the limits that only the content of a command can reach: discounts, negative lines, a status that cancels.

use serde_json::{Value, json};

use crate::support::http::Reply;
use crate::support::people::{MANAGER_PIN, SELLER, SELLER_PIN, Staffed, may};
use crate::support::samples;
use crate::support::till::{Stored, array, text};
use crate::support::visitor::Visitor;

const SALE: &str = "/api/orders/create-sale";

/// A sale of lines worth 300 with these changes.
fn sale(changes: &Value) -> Value {
    let mut sale = samples::sale("Asha");
    sale.as_object_mut().unwrap().remove("amount_paid");
    sale.as_object_mut().unwrap().remove("discount_percentage");
    for (field, value) in changes.as_object().unwrap() {
        sale[field] = value.clone();
    }
    sale
}

fn percent_off(percent: f64) -> Value {
    sale(&json!({"discount_amount": percent, "is_percentage_discount": true, "total": 300.0 * (1.0 - percent / 100.0)}))
}

fn nod(at: &mut Visitor, person: u64, pin: &str, key: &str) -> Reply {
    at.post("/api/override", &json!({"person": person, "pin": pin, "for": key}))
}

/// A seller, who may give 10 %, and a manager, who may give all.
struct Counter {
    shop: Staffed,
    seller_id: u64,
    seller: Visitor,
    manager: u64,
}

impl Counter {
    fn open() -> Self {
        let mut shop = Staffed::open();
        let (seller_id, seller) = shop.seller();
        let manager = shop.hire("Meena", crate::support::people::MANAGER, MANAGER_PIN);
        Self { shop, seller_id, seller, manager }
    }

    fn sales(&mut self) -> u64 {
        self.shop.owner.get("/api/orders/orders-only").expect(200)["orders"]["count"].as_u64().unwrap()
    }
}

#[test]
fn a_copy_hands_on_nothing_that_was_allowed_once() {
    let mut counter = Counter::open();
    let lines = json!([{"name": "Bulb", "price": 100, "quantity": 1}, {"name": "Back", "price": -90, "quantity": 1}]);
    let negative = json!({"items": lines, "subtotal": 10.0, "discount_amount": 0.0, "is_percentage_discount": false, "total": 10.0});
    for changes in [json!({"discount_amount": 30.0, "is_percentage_discount": true, "total": 210.0}), negative] {
        let mut bill = samples::estimate("Asha");
        for (field, value) in changes.as_object().unwrap() {
            bill[field] = value.clone();
        }
        let id = text(&counter.shop.owner.post("/api/estimates/create", &bill).expect(201), "estimate_id");
        counter.seller.post(&format!("/api/estimates/{id}/duplicate"), &json!({})).expect(403);
        counter.shop.owner.post(&format!("/api/estimates/{id}/duplicate"), &json!({})).expect(201);
        // What a manager has offered may be sold; that raises nothing.
        counter.seller.post(&format!("/api/estimates/{id}/convert-to-order"), &json!({})).expect(200);
    }
    let plain = counter.seller.create_estimate("Asha");
    counter.seller.post(&format!("/api/estimates/{}/duplicate", plain.id), &json!({})).expect(201);
}

#[test]
fn what_a_nod_has_allowed_is_answered_again_when_its_answer_was_lost() {
    let mut counter = Counter::open();
    let estimate = counter.shop.owner.create_estimate("Asha");
    let path = format!("/api/estimates/{}", estimate.id);
    counter.seller.keyed("DELETE", &path, "gone-1", &json!({})).expect(403);
    nod(&mut counter.seller, counter.manager, MANAGER_PIN, "gone-1").expect(200);
    let first = counter.seller.keyed("DELETE", &path, "gone-1", &json!({})).expect(200);
    assert_eq!(counter.seller.keyed("DELETE", &path, "gone-1", &json!({})).expect(200), first);
    assert_eq!(counter.shop.audit("kind=refused").len(), 1, "and nobody was refused by that");
    let other = counter.shop.owner.create_estimate("Asha");
    counter.seller.keyed("DELETE", &format!("/api/estimates/{}", other.id), "gone-1", &json!({})).expect(403);
}

#[test]
fn another_content_under_the_key_takes_nothing_from_a_nod() {
    let mut counter = Counter::open();
    counter.seller.keyed("POST", SALE, "till-1", &percent_off(20.0)).expect(403);
    nod(&mut counter.seller, counter.manager, MANAGER_PIN, "till-1").expect(200);
    counter.seller.keyed("POST", SALE, "till-1", &percent_off(40.0)).expect(403);
    counter.seller.keyed("POST", SALE, "till-1", &percent_off(20.0)).expect(201);
    assert_eq!(counter.sales(), 1);
}

#[test]
fn who_may_allow_it_is_named() {
    let mut counter = Counter::open();
    let refused = counter.seller.keyed("POST", SALE, "till-1", &percent_off(20.0));
    let owner = json!({"id": counter.shop.owner_id, "name": "Asha"});
    assert_eq!(refused.expect(403)["who"], json!([owner, {"id": counter.manager, "name": "Meena"}]));
}

#[test]
fn a_nod_allows_the_refused_command_once_and_both_names_are_kept() {
    let mut counter = Counter::open();
    let refused = counter.seller.keyed("POST", SALE, "till-1", &percent_off(20.0));
    assert_eq!(may(&refused), ["Owner", "Manager"]);
    assert_eq!(counter.sales(), 0);
    let allowed = nod(&mut counter.seller, counter.manager, MANAGER_PIN, "till-1").expect(200);
    assert_eq!(
        (&allowed["allowed"], &allowed["by"], &allowed["expires_in"]),
        (&json!(true), &json!({"id": counter.manager, "name": "Meena"}), &json!(60))
    );
    assert_eq!(counter.seller.person().as_deref(), Some("Ravi"), "the seller stays at the till");
    let sold = counter.seller.keyed("POST", SALE, "till-1", &percent_off(20.0)).expect(201);
    let record = counter.shop.owner.get(&format!("/api/orders/{}", text(&sold, "order_id"))).expect(200);
    assert_eq!(record["owner"], json!({"id": counter.seller_id, "name": "Ravi"}), "the record stays the seller's");
    let entry = counter.shop.audit("kind=override").remove(0);
    let told = entry.to_string();
    assert!(told.contains("Meena") && told.contains("Ravi"), "{told}");

    // A repetition is the answer of before; the nod is used up.
    assert_eq!(counter.seller.keyed("POST", SALE, "till-1", &percent_off(20.0)).expect(201), sold);
    assert_eq!(counter.sales(), 1);
    nod(&mut counter.seller, counter.manager, MANAGER_PIN, "till-1").expect(404);
    counter.seller.keyed("POST", SALE, "till-2", &percent_off(20.0)).expect(403);
    assert_eq!(counter.sales(), 1);
}

#[test]
fn a_nod_is_for_that_key_that_content_and_that_device() {
    let mut counter = Counter::open();
    let manager = counter.manager;
    counter.seller.keyed("POST", SALE, "other-key", &percent_off(20.0)).expect(403);
    nod(&mut counter.seller, manager, MANAGER_PIN, "other-key").expect(200);
    counter.seller.keyed("POST", SALE, "another-key", &percent_off(20.0)).expect(403);
    counter.seller.post(SALE, &percent_off(20.0)).expect(403);

    counter.seller.keyed("POST", SALE, "other-content", &percent_off(20.0)).expect(403);
    nod(&mut counter.seller, manager, MANAGER_PIN, "other-content").expect(200);
    let status = counter.seller.keyed("POST", SALE, "other-content", &percent_off(90.0)).status;
    assert!([403, 422].contains(&status), "{status}");

    let mut second = counter.shop.device("Till 2");
    second.log_in(counter.seller_id, SELLER_PIN).expect(200);
    counter.seller.keyed("POST", SALE, "other-device", &percent_off(20.0)).expect(403);
    nod(&mut counter.seller, manager, MANAGER_PIN, "other-device").expect(200);
    second.keyed("POST", SALE, "other-device", &percent_off(20.0)).expect(403);
    // Nor is what was refused on one device allowed from another.
    counter.seller.keyed("POST", SALE, "asked-elsewhere", &percent_off(20.0)).expect(403);
    nod(&mut second, manager, MANAGER_PIN, "asked-elsewhere").expect(404);
    assert_eq!(counter.sales(), 0);
}

#[test]
fn only_who_may_himself_allows_it_and_only_with_his_pin() {
    let mut counter = Counter::open();
    let other = counter.shop.hire("Vik", SELLER, "5151");
    counter.seller.keyed("POST", SALE, "k", &percent_off(20.0)).expect(403);
    nod(&mut counter.seller, other, "5151", "k").expect(403);
    nod(&mut counter.seller, counter.seller_id, SELLER_PIN, "k").expect(403);
    nod(&mut counter.seller, counter.manager, "000000", "k").expect(401);
    nod(&mut counter.seller, 987_654, MANAGER_PIN, "k").expect(401);
    nod(&mut counter.seller, counter.manager, MANAGER_PIN, "never-refused").expect(404);
    counter.seller.keyed("POST", SALE, "k", &percent_off(20.0)).expect(403);
    let mut stranger = Visitor::browser(counter.shop.server.addr);
    let status = nod(&mut stranger, counter.manager, MANAGER_PIN, "k").status;
    assert_eq!(status, 401);
    // Guessing here is guessing at the login: five wrong ones are a pause.
    for _ in 0..4 {
        nod(&mut counter.seller, counter.manager, "000000", "k").expect(401);
    }
    let locked = nod(&mut counter.seller, counter.manager, MANAGER_PIN, "k");
    assert!(locked.status == 429 && locked.header("retry-after").is_some(), "{}", locked.text());
    assert_eq!(counter.seller.log_in(counter.manager, MANAGER_PIN).status, 429);
    assert_eq!(counter.sales(), 0);
    // Nobody nods at settings and people.
    counter.seller.keyed("PUT", "/api/settings", "s", &json!({"shop_name": "Mine"})).expect(403);
    let status = nod(&mut counter.seller, counter.shop.owner_id, "314159", "s").status;
    assert!([403, 404].contains(&status), "{status}");
    counter.seller.keyed("PUT", "/api/settings", "s", &json!({"shop_name": "Mine"})).expect(403);
}

#[test]
fn a_nod_at_a_deletion_works_like_one_at_a_sale() {
    let mut counter = Counter::open();
    let id = counter.seller.create_sale("Asha").id;
    let path = format!("/api/orders/{id}");
    let delete = |seller: &mut Visitor| seller.request("DELETE", &path, &[("Idempotency-Key", "gone")], None);
    assert!(may(&delete(&mut counter.seller)).contains(&"Manager".to_string()));
    nod(&mut counter.seller, counter.manager, MANAGER_PIN, "gone").expect(200);
    delete(&mut counter.seller).expect(200);
    assert_eq!(counter.sales(), 0);
    let entry = counter.shop.audit("kind=undo").remove(0);
    assert!(entry.to_string().contains(&id), "{entry}");
}

#[test]
#[ignore = "long: cargo test-all"]
fn in_the_61st_second_a_nod_is_over() {
    let mut counter = Counter::open();
    counter.seller.keyed("POST", SALE, "k", &percent_off(20.0)).expect(403);
    nod(&mut counter.seller, counter.manager, MANAGER_PIN, "k").expect(200);
    std::thread::sleep(std::time::Duration::from_secs(61));
    counter.seller.keyed("POST", SALE, "k", &percent_off(20.0)).expect(403);
    assert_eq!(counter.sales(), 0);
}

#[test]
fn a_discount_is_what_is_missing_however_it_is_given() {
    let mut counter = Counter::open();
    let line = |discount: f64| {
        json!([{"id": 1, "name": "A", "price": 100, "quantity": 2, "discount": discount},
            {"id": 2, "name": "B", "price": 50, "quantity": 2, "discount": discount}])
    };
    let allowed = [
        percent_off(0.0),
        percent_off(10.0),
        sale(&json!({"discount_amount": 30.0, "total": 270.0})),
        sale(&json!({"items": line(10.0), "subtotal": 270.0, "total": 270.0})),
        sale(&json!({"items": line(5.0), "subtotal": 285.0, "discount_amount": 15.0, "total": 270.0})),
    ];
    for body in &allowed {
        counter.seller.post(SALE, body).expect(201);
    }
    let refused = [
        percent_off(10.5),
        sale(&json!({"discount_amount": 31.0, "total": 269.0})),
        sale(&json!({"items": line(12.0), "subtotal": 264.0, "total": 264.0})),
        // By line and bill together, each of them below.
        sale(
            &json!({"items": line(6.0), "subtotal": 282.0, "discount_amount": 6.0, "is_percentage_discount": true, "total": 265.08}),
        ),
        // By a total below its lines, whatever is said of it.
        sale(&json!({"total": 200.0})),
        sale(&json!({"subtotal": 200.0, "total": 200.0})),
    ];
    let before = counter.sales();
    assert_eq!(before, allowed.len() as u64);
    for body in &refused {
        assert!(may(&counter.seller.post(SALE, body)).contains(&"Manager".to_string()), "{body}");
        counter.seller.post("/api/estimates/create", body).expect(403);
    }
    assert_eq!(counter.sales(), before);
    // What is wrong with the request is said before.
    let mut wrong = refused[0].clone();
    wrong["customer_name"] = json!(" ");
    counter.seller.post(SALE, &wrong).expect(422);
}

#[test]
fn a_discount_is_judged_when_a_command_raises_it() {
    let mut counter = Counter::open();
    let manager = &mut counter.shop.owner;
    let given = Stored::estimate(&manager.post("/api/estimates/create", &percent_off(30.0)).expect(201));
    counter.seller.post(&format!("/api/estimates/{}/convert-to-order", given.id), &json!({})).expect(200);
    let own = counter.seller.create_estimate("Asha");
    let path = format!("/api/estimates/{}", own.id);
    counter.seller.put(&path, &percent_off(9.0)).expect(200);
    counter.seller.put(&path, &percent_off(11.0)).expect(403);
    // Before a conflict is told of.
    let body = percent_off(11.0).to_string();
    counter.seller.request("PUT", &path, &[("If-Match", "\"99\"")], Some(body.as_bytes())).expect(403);
    counter.shop.owner.put(&path, &percent_off(40.0)).expect(200);
    let mut renamed = percent_off(40.0);
    renamed["customer_name"] = json!("Asha Patil");
    counter.seller.put(&path, &renamed).expect(200);
    counter.seller.put(&path, &percent_off(41.0)).expect(403);
    let record = counter.shop.owner.get(&path).expect(200);
    assert_eq!((&record["customer_name"], &record["total"]), (&json!("Asha Patil"), &json!(180.0)));
}

#[test]
fn negative_lines_and_statuses_that_cancel_need_undo_sold() {
    let mut counter = Counter::open();
    let body = sale(&json!({
        "items": [{"name": "A", "price": 300, "quantity": 1}, {"name": "Returned bulb", "price": -50, "quantity": 1}],
        "subtotal": 250.0, "total": 250.0,
    }));
    assert!(may(&counter.seller.post(SALE, &body)).contains(&"Manager".to_string()));
    counter.shop.owner.post(SALE, &body).expect(201);
    let id = counter.seller.create_sale("Asha").id;
    for status in ["Void", "cancelled", "%20CANCELED%20", "Returned"] {
        let path = format!("/api/orders/{id}/status?status={status}");
        assert!(may(&counter.seller.request("PUT", &path, &[], None)).contains(&"Manager".to_string()), "{status}");
    }
    counter.seller.request("PUT", &format!("/api/orders/{id}/status?status=Packed"), &[], None).expect(200);
    let steps = array(counter.shop.owner.get(&format!("/api/orders/{id}/history")).expect(200));
    assert_eq!(steps.len(), 2, "{steps:?}");
    assert!(steps.iter().all(|step| step["person"]["name"] == "Ravi" && step["device"]["name"] == "Ravi"), "{steps:?}");
}
