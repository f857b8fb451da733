//! Logging in: by PIN on a paired device, by password anywhere; who fails learns nothing from it.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::http::Reply;
use crate::support::people::{MANAGER_PIN, OWNER_PIN, SELLER, SELLER_PIN, Staffed, VIEWER};
use crate::support::till::{array, text};
use crate::support::visitor::{SetCookie, Visitor};

const PASSWORD: &str = "correct horse battery";
/// Every refused login takes as long.
const REFUSAL: Duration = Duration::from_millis(300);

/// A login that is refused; gives the bytes of the answer.
fn refused(visitor: &mut Visitor, body: &Value) -> Vec<u8> {
    let began = Instant::now();
    let reply = visitor.post("/api/login", body);
    let took = began.elapsed();
    assert!(!reply.detail(401).is_empty(), "{body}");
    assert!(took >= REFUSAL, "{body} was refused after {took:?}");
    assert_eq!(reply.header("set-cookie"), None, "{body}");
    reply.body
}

#[test]
fn a_pin_logs_in_on_a_paired_device_and_says_who_that_is() {
    let mut shop = Staffed::open();
    let person = shop.hire("Ravi", SELLER, SELLER_PIN);
    let newcomer = shop.hire_as(&json!({"name": "Tara", "role": SELLER}));
    let mut till = shop.device("Till 1");
    let able = json!([{"id": shop.owner_id, "name": "Asha"}, {"id": person, "name": "Ravi"}]);
    assert_eq!(till.get("/api/people").expect(200), able, "Tara has neither PIN nor password");
    let me = till.log_in(person, SELLER_PIN).expect(200);
    assert_eq!(array(till.get("/api/people").expect(200))[2], json!({"id": newcomer, "name": "Tara"}));
    assert_eq!(me, till.me());
    assert_eq!((&me["person"], &me["device"]["name"]), (&json!({"id": person, "name": "Ravi"}), &json!("Till 1")));
    assert_eq!(me["role"], json!({"id": SELLER, "name": "Seller"}));
    let mut rights: Vec<&str> = me["rights"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    rights.sort_unstable();
    assert_eq!(rights, ["convert", "estimate", "sell", "status"]);
    assert_eq!((me["discount_max"].as_f64(), me["days_back"].as_u64()), (Some(10.0), Some(7)));
    assert_eq!((&me["is_cut"], &me["masks"], &me["lock_minutes"]), (&json!(true), &json!([]), &json!(10)));
    till.create_sale("Asha");
}

#[test]
fn every_refused_login_is_answered_alike() {
    let mut shop = Staffed::open();
    let person = shop.hire("Ravi", SELLER, SELLER_PIN);
    let without_pin = shop.hire_as(&json!({"name": "Meena", "role": SELLER, "password": PASSWORD}));
    let gone = shop.hire("Old", SELLER, SELLER_PIN);
    shop.owner.put(&format!("/api/people/{gone}"), &json!({"is_active": false})).expect(200);
    let mut till = shop.device("Till 1");
    let mut strange = Visitor::browser(shop.server.addr);
    let same = refused(&mut till, &json!({"person": person, "pin": "9999"}));
    for (is_paired, body) in [
        (true, json!({"person": person, "pin": "99999999"})),
        (true, json!({"person": 987_654, "pin": SELLER_PIN})),
        (true, json!({"person": gone, "pin": SELLER_PIN})),
        (true, json!({"person": without_pin, "pin": SELLER_PIN})),
        (true, json!({"person": person, "password": "not the password"})),
        (true, json!({"person": without_pin, "password": "not the password"})),
        // On a device that is not paired a PIN is not even looked at.
        (false, json!({"person": person, "pin": SELLER_PIN})),
        (false, json!({"person": shop.owner_id, "pin": OWNER_PIN})),
        (false, json!({"person": without_pin, "password": "not the password"})),
        (false, json!({"person": 987_654, "password": PASSWORD})),
    ] {
        let visitor = if is_paired { &mut till } else { &mut strange };
        assert_eq!(refused(visitor, &body), same, "{body}");
    }
    assert!(strange.cookies.is_empty());
    let mut revoked = shop.device("Stolen");
    let listed = shop.listed_device("Stolen");
    shop.revoke(&listed);
    assert_eq!(refused(&mut revoked, &json!({"person": person, "pin": SELLER_PIN})), same);
    // Nor does the pause that five of them make tell strangers who there is.
    for name in [json!(person), json!(987_654), json!("Ravi"), json!("Nobody")] {
        strange.post("/api/login", &json!({"person": name, "password": PASSWORD})).expect(429);
    }
}

#[test]
fn a_password_works_anywhere_and_pairs_the_device() {
    let mut shop = Staffed::open();
    let person = shop.hire_as(&json!({"name": "Meena", "role": VIEWER, "password": PASSWORD}));
    let mut phone = Visitor::browser(shop.server.addr);
    let reply = phone.log_in_by_password(person, PASSWORD);
    assert_eq!(reply.expect(200)["person"]["name"], "Meena");
    assert_eq!(SetCookie::all_of(&reply).len(), 2);
    let listed = shop.listed_device("Meena");
    assert_eq!((&listed["kind"], listed["last_seen"].is_string()), (&json!("browser"), true));
    // It is a device like the others: locked it stays, and it is revoked as they are.
    phone.post("/api/lock", &json!({})).expect(200);
    assert_eq!(phone.me()["device"]["name"], "Meena");
    phone.log_in_by_password(person, PASSWORD).expect(200);
    let devices = array(shop.owner.get("/api/devices").expect(200));
    assert_eq!(devices.len(), 2, "it is paired once: {devices:?}");
    shop.revoke(&listed);
    phone.get("/api/estimates/all").expect(401);

    // A program gets a token instead of a cookie.
    let mut program = Visitor::program(shop.server.addr, None);
    let body = json!({"person": person, "password": PASSWORD, "program": true, "device_name": "Script"});
    let reply = program.post("/api/login", &body);
    program.token = Some(text(&reply.expect(200), "token"));
    assert_eq!(reply.header("set-cookie"), None);
    assert_eq!(program.person().as_deref(), Some("Meena"));
}

#[test]
fn each_login_has_a_token_of_its_own_and_the_one_before_is_dead() {
    let mut shop = Staffed::open();
    let (person, mut seller) = shop.seller();
    let before = seller.clone();
    seller.log_in(person, SELLER_PIN).expect(200);
    assert_ne!(seller.person_cookie(), before.person_cookie());
    assert_eq!(seller.person().as_deref(), Some("Ravi"));
    let mut before = before;
    assert_eq!(before.person(), None);
    before.get("/api/estimates/all").expect(401);

    // Nor does a chosen token become a session (session fixation).
    let mut victim = shop.device("Till 2");
    let (name, _) = seller.person_cookie();
    let chosen = "f".repeat(64);
    victim.cookies.insert(name.clone(), chosen.clone());
    victim.log_in(person, SELLER_PIN).expect(200);
    assert_ne!(victim.cookies[&name], chosen);
    let mut attacker = victim.clone();
    attacker.cookies.insert(name, chosen);
    assert_eq!(attacker.person(), None);
}

#[test]
fn a_failed_login_ends_nothing_and_another_person_takes_the_place_of_the_first() {
    let mut shop = Staffed::open();
    let (_, mut seller) = shop.seller();
    let manager = shop.hire("Meena", crate::support::people::MANAGER, MANAGER_PIN);
    refused(&mut seller, &json!({"person": manager, "pin": "000000"}));
    assert_eq!(seller.person().as_deref(), Some("Ravi"));
    let before = seller.clone();
    seller.log_in(manager, MANAGER_PIN).expect(200);
    assert_eq!(seller.person().as_deref(), Some("Meena"));
    assert_eq!(before.clone().person(), None, "one session a device");
}

#[test]
fn two_persons_with_one_pin_are_two() {
    let mut shop = Staffed::open();
    let (first, second) = (shop.hire("Ravi", SELLER, "2580"), shop.hire("Meena", SELLER, "2580"));
    let mut till = shop.device("Till 1");
    let mut sold = Vec::new();
    for (person, name) in [(first, "Ravi"), (second, "Meena")] {
        till.log_in(person, "2580").expect(200);
        assert_eq!(till.person().as_deref(), Some(name));
        sold.push((till.create_sale(name).id, name));
    }
    for (id, name) in sold {
        let record = shop.owner.get(&format!("/api/orders/{id}")).expect(200);
        assert_eq!(record["owner"]["name"], name);
    }
}

#[test]
fn a_restart_keeps_sessions_and_devices() {
    let mut shop = Staffed::open();
    let (_, seller) = shop.seller();
    let (_, mut program) = shop.program("Printer", VIEWER);
    program.get("/api/estimates/all").expect(200);
    shop.server.kill();
    shop.server.start_again();
    let mut seller = seller.moved_to(&shop.server);
    assert_eq!(seller.person().as_deref(), Some("Ravi"));
    seller.create_sale("Asha");
    program.moved_to(&shop.server).get("/api/estimates/all").expect(200);
    assert_eq!(shop.owner.moved_to(&shop.server).person().as_deref(), Some("Asha"));
}

/// What is wrong with the form is said at once; it is no try.
#[test]
fn a_login_that_names_nobody_or_nothing_is_a_fault_of_the_form() {
    let mut shop = Staffed::open();
    let person = shop.hire("Ravi", SELLER, SELLER_PIN);
    let mut till = shop.device("Till 1");
    let ask = |till: &mut Visitor, body: &Value| -> Reply { till.post("/api/login", body) };
    for body in
        [json!({}), json!({"person": person}), json!({"pin": SELLER_PIN}), json!({"person": {}, "pin": SELLER_PIN})]
    {
        for _ in 0..2 {
            ask(&mut till, &body).expect(422);
        }
    }
    till.log_in(person, SELLER_PIN).expect(200);
}
