//! Persons and roles: what may be a PIN, whose PIN one may set, and that the last owner stays.

use serde_json::{Value, json};

use crate::support::people::{MANAGER, MANAGER_PIN, OWNER, OWNER_PIN, RIGHTS, SELLER, SELLER_PIN, Staffed, VIEWER};
use crate::support::till::{array, text};
use crate::support::visitor::Visitor;

fn person<'a>(people: &'a [Value], name: &str) -> &'a Value {
    people.iter().find(|one| one["name"] == name).unwrap_or_else(|| panic!("no {name} in {people:?}"))
}

#[test]
fn persons_are_made_changed_and_removed_and_only_who_may_sees_more_than_names() {
    let mut shop = Staffed::open();
    let made = shop.owner.post("/api/people", &json!({"name": "Ravi", "role": SELLER, "pin": SELLER_PIN})).expect(201);
    let id = made["id"].as_u64().unwrap();
    assert_eq!(
        made,
        json!({"id": id, "name": "Ravi", "role": {"id": SELLER, "name": "Seller"}, "is_active": true, "has_pin": true, "has_password": false})
    );
    let path = format!("/api/people/{id}");
    let changed = shop.owner.put(&path, &json!({"name": "Ravi K", "password": "correct horse"})).expect(200);
    assert_eq!(
        (&changed["name"], &changed["has_password"], &changed["role"]["id"]),
        (&json!("Ravi K"), &json!(true), &json!(SELLER))
    );
    let mut till = shop.device("Till 1");
    assert!(array(till.get("/api/people").expect(200)).iter().all(|one| one.as_object().unwrap().len() == 2));
    till.log_in(id, SELLER_PIN).expect(200);
    shop.owner.put(&path, &json!({"is_active": false})).expect(200);
    assert_eq!(till.person(), None, "who is not active is not there");
    assert_eq!(array(till.get("/api/people").expect(200)).len(), 1, "the tiles show those who are active");
    let listed = array(shop.owner.get("/api/people").expect(200));
    assert_eq!(person(&listed, "Ravi K")["is_active"], json!(false));
    let removed = shop.owner.delete(&path).expect(200);
    assert_eq!((&removed["success"], removed["message"].is_string()), (&json!(true), true));
    shop.owner.put(&path, &json!({"name": "x"})).expect(404);
    shop.owner.delete("/api/people/987654").expect(404);
    // Nobody else does any of it.
    let (_, mut manager) = shop.manager();
    manager.post("/api/people", &json!({"name": "Mole", "role": OWNER, "pin": OWNER_PIN})).expect(403);
    manager.put(&format!("/api/people/{}", shop.owner_id), &json!({"role": VIEWER})).expect(403);
    manager.delete(&format!("/api/people/{}", shop.owner_id)).expect(403);
    assert!(array(manager.get("/api/people").expect(200)).iter().all(|one| one.as_object().unwrap().len() == 2));
}

#[test]
fn pins_passwords_and_names_have_their_rules() {
    let mut shop = Staffed::open();
    shop.hire("Ravi", SELLER, SELLER_PIN);
    for wrong in [
        json!({"name": "A", "role": SELLER, "pin": "123"}),
        json!({"name": "A", "role": SELLER, "pin": "123456789"}),
        json!({"name": "A", "role": SELLER, "pin": "12a4"}),
        json!({"name": "A", "role": SELLER, "pin": "1 234"}),
        json!({"name": "A", "role": MANAGER, "pin": "12345"}),
        json!({"name": "A", "role": OWNER, "pin": "1234"}),
        json!({"name": "A", "role": SELLER, "password": "7 chars"}),
        json!({"name": "A", "role": SELLER, "password": "x".repeat(257)}),
        json!({"name": "", "role": SELLER, "pin": "1234"}),
        json!({"role": SELLER, "pin": "1234"}),
        json!({"name": "A", "pin": "1234"}),
        json!({"name": "A", "role": 987, "pin": "1234"}),
        json!({"name": "Ravi", "role": SELLER, "pin": "1234"}),
    ] {
        let answer = shop.owner.post("/api/people", &wrong).expect(422);
        assert!(!answer["errors"].as_array().unwrap().is_empty(), "{wrong}: {answer}");
        assert!(!answer.to_string().contains("12a4"), "a PIN is not said again: {answer}");
    }
    for right in [
        json!({"name": "A", "role": SELLER, "pin": "1234"}),
        json!({"name": "B", "role": VIEWER, "pin": "12345678"}),
        json!({"name": "C", "role": MANAGER, "pin": "123456"}),
        json!({"name": "D", "role": OWNER, "pin": "012345"}),
        json!({"name": "E", "role": SELLER, "password": "8 chars!"}),
        json!({"name": "F", "role": SELLER, "password": "x".repeat(256)}),
        json!({"name": "G", "role": SELLER}),
    ] {
        shop.owner.post("/api/people", &right).expect(201);
    }
    assert_eq!(array(shop.owner.get("/api/people").expect(200)).len(), 9);
}

#[test]
fn everybody_changes_his_own_pin_who_knows_it_and_nothing_else() {
    let mut shop = Staffed::open();
    let (id, mut seller) = shop.seller();
    let own = format!("/api/people/{id}");
    let status = seller.put(&own, &json!({"current": "9999", "pin": "2468"})).status;
    assert!([401, 403, 422].contains(&status), "{status}");
    let status = seller.put(&own, &json!({"pin": "2468"})).status;
    assert!([401, 403, 422].contains(&status), "{status}");
    seller.put(&own, &json!({"current": SELLER_PIN, "pin": "24"})).expect(422);
    for new in [json!({"pin": "2468"}), json!({"password": "correct horse"})] {
        assert_eq!(seller.put(&own, &new).detail(422), "current is missing");
    }
    for more in [json!({"role": OWNER}), json!({"name": "Boss"}), json!({"is_active": true})] {
        let mut body = json!({"current": SELLER_PIN, "pin": "2468"});
        for (field, value) in more.as_object().unwrap() {
            body[field] = value.clone();
        }
        seller.put(&own, &body).expect(403);
    }
    seller.put(&format!("/api/people/{}", shop.owner_id), &json!({"current": SELLER_PIN, "pin": "246813"})).expect(403);
    seller.log_in(id, SELLER_PIN).expect(200);
    seller.put(&own, &json!({"current": SELLER_PIN, "pin": "2468"})).expect(200);
    let mut other = shop.device("Till 2");
    other.log_in(id, SELLER_PIN).expect(401);
    other.log_in(id, "2468").expect(200);
    assert_eq!(other.me()["role"]["id"], json!(SELLER));
}

#[test]
fn a_new_pin_by_the_owner_ends_the_sessions_that_the_old_one_opened() {
    let mut shop = Staffed::open();
    let (id, mut seller) = shop.seller();
    shop.owner.put(&format!("/api/people/{id}"), &json!({"pin": "8642"})).expect(200);
    assert_eq!(seller.person(), None);
    seller.log_in(id, "8642").expect(200);
}

#[test]
fn the_last_owner_is_neither_removed_nor_demoted() {
    let mut shop = Staffed::open();
    let own = format!("/api/people/{}", shop.owner_id);
    for body in [json!({"role": MANAGER}), json!({"is_active": false})] {
        assert!(!shop.owner.put(&own, &body).detail(409).is_empty(), "{body}");
    }
    assert!(!shop.owner.delete(&own).detail(409).is_empty());
    let second = shop.hire("Bela", OWNER, "777888");
    let mut bela = shop.device("Bela's");
    bela.log_in(second, "777888").expect(200);
    bela.put(&own, &json!({"role": SELLER})).expect(200);
    assert!(!bela.delete(&format!("/api/people/{second}")).detail(409).is_empty(), "now she is the last one");
    shop.owner.get("/api/devices").expect(403);
    // An owner who is not active does not count.
    let third = bela.post("/api/people", &json!({"name": "C", "role": OWNER, "pin": "456456", "is_active": false}));
    third.expect(201);
    bela.delete(&format!("/api/people/{second}")).expect(409);
}

#[test]
fn roles_are_made_changed_and_removed_and_the_four_stay() {
    let mut shop = Staffed::open();
    let roles = array(shop.owner.get("/api/roles").expect(200));
    let told: Vec<_> = roles.iter().map(|role| (role["id"].as_u64().unwrap(), text(role, "name"))).collect();
    let four = [(OWNER, "Owner"), (MANAGER, "Manager"), (SELLER, "Seller"), (VIEWER, "Viewer")];
    assert_eq!(told, four.map(|(id, name)| (id, name.to_string())));
    assert_eq!((&roles[0]["is_fixed"], roles[0]["rights"].as_array().unwrap().len()), (&json!(true), RIGHTS.len()));
    assert_eq!((&roles[3]["masks"], &roles[3]["days_back"]), (&json!(["contact"]), &json!(7)));
    let status = shop.owner.put(&format!("/api/roles/{OWNER}"), &json!({"rights": ["sell"]})).status;
    assert!([403, 409, 422].contains(&status), "the owner's role is fixed: {status}");
    for id in 1..=4 {
        shop.owner.delete(&format!("/api/roles/{id}")).expect(409);
    }

    let id = shop.role("Packer", &["status"], &json!({"masks": ["amounts"]}));
    let path = format!("/api/roles/{id}");
    let person = shop.hire("Ravi", id, SELLER_PIN);
    shop.owner.delete(&path).expect(409);
    let changed = shop.owner.put(&path, &json!({"rights": ["status", "sell"]})).expect(200);
    assert_eq!((&changed["name"], &changed["masks"]), (&json!("Packer"), &json!(["amounts"])));
    shop.owner.put(&format!("/api/people/{person}"), &json!({"role": SELLER})).expect(200);
    shop.owner.delete(&path).expect(200);
    shop.owner.put(&path, &json!({"name": "x"})).expect(404);
    for wrong in [
        json!({"name": "X", "rights": ["fly"]}),
        json!({"name": "X", "masks": ["everything"]}),
        json!({"name": "X", "scope": {"estimates": "some", "orders": "all"}}),
        json!({"name": "X", "days_back": -1}),
        json!({"name": "X", "discount_max": 101}),
        json!({"name": ""}),
    ] {
        shop.owner.post("/api/roles", &wrong).expect(422);
    }
    let status = shop.owner.post("/api/roles", &json!({"name": "Seller", "rights": []})).status;
    assert!([409, 422].contains(&status), "a name twice: {status}");
    let mut till = shop.device("Till 1");
    assert!(array(till.get("/api/roles").expect(200)).iter().all(|role| role.as_object().unwrap().len() == 2));
    Visitor::browser(shop.server.addr).get("/api/roles").expect(401);
}

#[test]
fn sixteen_roles_of_the_shops_own() {
    let mut shop = Staffed::open();
    for index in 0..16 {
        shop.role(&format!("Role {index}"), &["sell"], &Value::Null);
    }
    let body = json!({"name": "One more", "rights": ["sell"], "scope": {"estimates": "all", "orders": "all"}, "days_back": null, "discount_max": 0, "masks": []});
    let status = shop.owner.post("/api/roles", &body).status;
    assert!([409, 422].contains(&status), "{status}");
}

#[test]
fn a_manager_logs_in_with_his_own_pin_length_and_settings_say_when_the_page_locks() {
    let mut shop = Staffed::open();
    let (_, mut manager) = shop.manager();
    assert_eq!(manager.me()["role"]["id"], json!(MANAGER));
    manager.put("/api/settings", &json!({"lock_minutes": 5})).expect(403);
    for wrong in [json!(0), json!(241), json!("soon")] {
        shop.owner.put("/api/settings", &json!({"lock_minutes": wrong})).expect(422);
    }
    shop.owner.put("/api/settings", &json!({"lock_minutes": 5})).expect(200);
    assert_eq!(manager.me()["lock_minutes"], json!(5));
    assert_eq!(manager.get("/api/settings").expect(200)["lock_minutes"], json!(5));
    manager.log_in(shop.owner_id, MANAGER_PIN).expect(401);
}
