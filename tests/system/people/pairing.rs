//! Pairing: six digits typed by somebody who may, or an invitation; once, and never many at a time.

use serde_json::{Value, json};

use crate::support::people::{OWNER_PIN, Pairing, Staffed, VIEWER, plain};
use crate::support::server::Server;
use crate::support::skip;
use crate::support::till::{array, text};
use crate::support::visitor::Visitor;

/// From loopback, where only the whole number is limited.
const PENDING_MAX: usize = 32;
const CONFIRMATIONS_A_MINUTE: usize = 10;

fn pending(shop: &mut Staffed) -> Vec<Value> {
    array(shop.owner.get("/api/pairings").expect(200))
}

/// Digits that are not these.
fn other_digits(code: Option<&str>) -> String {
    if code == Some("000000") { "000001".into() } else { "000000".into() }
}

fn retry_after(reply: &crate::support::http::Reply) -> u64 {
    assert!(!reply.detail(429).is_empty());
    reply.header("retry-after").and_then(|seconds| seconds.parse().ok()).expect("Retry-After")
}

#[test]
fn six_digits_let_a_device_in_once() {
    let mut shop = Staffed::open();
    let mut pairing = Pairing::ask(shop.server.addr, &json!({"name": "Ravi's phone"}));
    let code = pairing.code.clone().expect("digits");
    assert!(code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()), "{code}");
    assert!(pairing.secret.len() >= 43, "256 bits need more than {} characters", pairing.secret.len());
    assert_eq!(pairing.poll().expect(202)["state"], "waiting");
    assert!(pairing.visitor.cookies.is_empty());

    let reply = shop.owner.get("/api/pairings");
    let (waiting, told) = (array(reply.expect(200)), reply.text().to_string());
    assert_eq!(waiting.len(), 1);
    assert_eq!((plain(&waiting[0]["id"]), text(&waiting[0], "name")), (pairing.id.clone(), "Ravi's phone".into()));
    assert_eq!((&waiting[0]["is_invited"], waiting[0]["at"].is_string()), (&json!(false), true));
    assert!(text(&waiting[0], "address").contains("127.0.0.1"), "{told}");
    assert!(!told.contains(&code) && !told.contains(&pairing.secret), "the digits are on one screen only: {told}");

    let body = json!({"code": code, "name": "Till 1"});
    let confirmed = pairing.confirm(&mut shop.owner, &body).expect(200);
    assert_eq!(text(&confirmed["device"], "name"), "Till 1");
    let collected = pairing.poll().expect(200);
    assert_eq!(
        (text(&collected["device"], "name"), text(&collected["device"], "kind")),
        ("Till 1".into(), "browser".into())
    );
    assert_eq!(collected.get("token"), None);
    assert_eq!(pairing.visitor.cookies.len(), 1);
    let me = pairing.visitor.me();
    assert_eq!((&me["device"]["name"], &me["person"], &me["rights"]), (&json!("Till 1"), &Value::Null, &json!([])));
    assert!(pending(&mut shop).is_empty());

    // Once: neither the digits nor the secret work again.
    pairing.confirm(&mut shop.owner, &body).expect(404);
    let mut copy = Visitor::browser(shop.server.addr);
    let again = copy.request("GET", "/api/pair", &[("Authorization", &format!("Pair {}", pairing.secret))], None);
    assert_eq!(again.status, 410, "{}", again.text());
    assert!(copy.cookies.is_empty());
    let listed = shop.listed_device("Till 1");
    assert_eq!(
        (&listed["kind"], &listed["role"], &listed["is_this"]),
        (&json!("browser"), &Value::Null, &json!(false))
    );
}

#[test]
fn wrong_digits_or_another_secret_let_nobody_in() {
    let mut shop = Staffed::open();
    let mut pairing = Pairing::ask(shop.server.addr, &json!({}));
    let wrong = other_digits(pairing.code.as_deref());
    assert!(!pairing.confirm(&mut shop.owner, &json!({"code": wrong, "name": "Till"})).detail(403).is_empty());
    let without = pairing.confirm(&mut shop.owner, &json!({"name": "Till"})).status;
    assert!([403, 422].contains(&without), "without the digits: {without}");
    assert_eq!(pairing.poll().status, 202);

    // The right digits let in who showed them, not who else waits.
    let mut other = Pairing::ask(shop.server.addr, &json!({}));
    pairing.confirm(&mut shop.owner, &json!({"code": pairing.code, "name": "Till"})).expect(200);
    assert_eq!(other.poll().status, 202);
    for secret in ["", "0", &"0".repeat(64), &pairing.secret[1..]] {
        let mut thief = Visitor::browser(shop.server.addr);
        let reply = thief.request("GET", "/api/pair", &[("Authorization", &format!("Pair {secret}"))], None);
        assert!([400, 401, 403, 404, 410].contains(&reply.status), "{secret:?}: {}", reply.status);
        assert!(thief.cookies.is_empty());
    }
    pairing.poll().expect(200);
}

#[test]
fn the_digits_alone_find_the_device_that_shows_them() {
    let mut shop = Staffed::open();
    let [mut first, mut second] =
        [(), ()].map(|()| Pairing::ask(shop.server.addr, &json!({"name": "Chrome on Android"})));
    let confirm =
        |by: &mut Visitor, code: Value| by.post("/api/pairings/confirm", &json!({"code": code, "name": "Till 2"}));
    let digits = |pairing: &Pairing| json!(pairing.code);
    let (_, mut seller) = shop.seller();
    confirm(&mut seller, digits(&second)).expect(403);
    assert_eq!(text(&confirm(&mut shop.owner, digits(&second)).expect(200)["device"], "name"), "Till 2");
    second.poll().expect(200);
    assert_eq!(first.poll().status, 202, "the other one waits");

    // What nobody shows, or nobody shows any more, counts as a try. The device of the seller was one as well.
    let nobody = "No device that is waiting shows these digits";
    for code in [digits(&second), Value::Null, json!("")] {
        assert_eq!(confirm(&mut shop.owner, code).detail(404), nobody);
    }
    for _ in 5..CONFIRMATIONS_A_MINUTE {
        assert_eq!(confirm(&mut shop.owner, json!("no digits")).detail(404), nobody);
    }
    assert!((1..=60).contains(&retry_after(&confirm(&mut shop.owner, digits(&first)))));
    assert_eq!(first.poll().status, 202);
}

#[test]
fn a_33rd_that_waits_is_told_to_come_again() {
    let mut shop = Staffed::open();
    let mut waiting: Vec<Pairing> = (0..PENDING_MAX).map(|_| Pairing::ask(shop.server.addr, &json!({}))).collect();
    let mut visitor = Visitor::browser(shop.server.addr);
    let refused = visitor.post("/api/pair", &json!({}));
    assert!((1..=600).contains(&retry_after(&refused)));
    assert_eq!(pending(&mut shop).len(), PENDING_MAX);
    // Those who wait already are none the worse, and a place that is free again is given again.
    shop.owner.post(&format!("/api/pairings/{}/refuse", waiting[0].id), &json!({})).expect(200);
    waiting[0].poll().expect(403);
    Pairing::ask(shop.server.addr, &json!({}));
    let last = waiting.last_mut().unwrap();
    last.confirm(&mut shop.owner, &json!({"code": last.code, "name": "Till"})).expect(200);
    last.poll().expect(200);
}

#[test]
fn from_one_address_of_the_lan_three_wait() {
    let server = Server::start_with(&["--listen", "0.0.0.0:0", "--trust-lan"]);
    let Some(lan) = server.on_network() else {
        return skip("this machine has no address but loopback");
    };
    let mut shop = Staffed::of(server);
    let waiting: Vec<Pairing> = (0..3).map(|_| Pairing::ask(lan, &json!({}))).collect();
    let mut visitor = Visitor::browser(lan);
    retry_after(&visitor.post("/api/pair", &json!({})));
    // Others still may, and it may again when one of its own is done with.
    Pairing::ask(shop.server.addr, &json!({}));
    shop.owner.post(&format!("/api/pairings/{}/refuse", waiting[0].id), &json!({})).expect(200);
    let mut phone = Pairing::ask(lan, &json!({}));
    phone.confirm(&mut shop.owner, &json!({"code": phone.code, "name": "Phone"})).expect(200);
    phone.poll().expect(200);
    // It is let in as a device, wherever it is.
    phone.visitor.log_in(shop.owner_id, OWNER_PIN).expect(200);
    phone.visitor.create_estimate("Asha");
    Visitor::browser(lan).get("/api/estimates/all").expect(401);
}

#[test]
fn who_is_refused_is_told_so_and_is_over() {
    let mut shop = Staffed::open();
    let mut pairing = Pairing::ask(shop.server.addr, &json!({}));
    let answer = shop.owner.post(&format!("/api/pairings/{}/refuse", pairing.id), &json!({})).expect(200);
    assert_eq!(answer["success"], json!(true));
    assert!(!pairing.poll().detail(403).is_empty());
    pairing.confirm(&mut shop.owner, &json!({"code": pairing.code, "name": "Till"})).expect(404);
    assert!(pairing.visitor.cookies.is_empty() && pending(&mut shop).is_empty());
    shop.owner.post("/api/pairings/99999/refuse", &json!({})).expect(404);
}

#[test]
fn an_invitation_lets_one_phone_in_after_the_owner_has_confirmed_it() {
    let mut shop = Staffed::open();
    let made = shop.owner.post("/api/pairings", &json!({})).expect(201);
    let invite = text(&made, "invite");
    assert!(invite.len() == 32 && invite.bytes().all(|byte| byte.is_ascii_hexdigit()), "{invite}");
    let url = text(&made, "url");
    assert!(url.starts_with("https://shop/") && url.ends_with(&format!("/#pair={invite}")), "{url}");
    assert!(made["expires_in"].as_u64().is_some_and(|seconds| (1..=600).contains(&seconds)), "{made}");

    let wrong = Visitor::browser(shop.server.addr).post("/api/pair", &json!({"invite": "0".repeat(32)})).status;
    assert!([403, 404, 410, 422].contains(&wrong), "{wrong}");
    let mut phone = Pairing::ask(shop.server.addr, &json!({"invite": invite, "name": "Phone"}));
    assert_eq!(phone.code, None);
    let waiting = pending(&mut shop);
    let own = waiting.iter().find(|one| plain(&one["id"]) == phone.id).expect("it waits");
    assert_eq!(own["is_invited"], json!(true));
    assert_eq!(phone.poll().status, 202, "not before the owner says so");
    let second = Visitor::browser(shop.server.addr).post("/api/pair", &json!({"invite": invite})).status;
    assert!([403, 404, 409, 410].contains(&second), "an invitation is for one: {second}");

    phone.confirm(&mut shop.owner, &json!({"name": "Ravi's phone"})).expect(200);
    phone.poll().expect(200);
    assert_eq!(phone.visitor.me()["device"]["name"], "Ravi's phone");
    let third = Visitor::browser(shop.server.addr).post("/api/pair", &json!({"invite": invite})).status;
    assert!([403, 404, 409, 410].contains(&third), "{third}");
}

#[test]
fn ten_confirmations_a_minute_failed_ones_included() {
    let mut shop = Staffed::open();
    let mut pairing = Pairing::ask(shop.server.addr, &json!({}));
    let wrong = other_digits(pairing.code.as_deref());
    for _ in 0..CONFIRMATIONS_A_MINUTE {
        pairing.confirm(&mut shop.owner, &json!({"code": wrong, "name": "Till"})).expect(403);
    }
    let refused = pairing.confirm(&mut shop.owner, &json!({"code": pairing.code, "name": "Till"}));
    assert!((1..=60).contains(&retry_after(&refused)), "even with the right digits");
    assert_eq!(pairing.poll().status, 202);
}

#[test]
fn a_device_may_have_a_role_of_its_own_and_nobody_is_more_on_it() {
    let mut shop = Staffed::open();
    let mut wall = shop.device_as(&json!({"name": "Wall", "role": VIEWER}));
    let me = wall.me();
    assert_eq!(
        (&me["person"], &me["role"]["name"], &me["rights"]),
        (&Value::Null, &json!("Viewer"), &json!(["figures"]))
    );
    shop.owner.create_estimate("Asha");
    assert_eq!(wall.ids("/api/estimates/all").len(), 1, "a screen that only watches needs no person");
    wall.post("/api/estimates/create", &crate::support::samples::estimate("Asha")).expect(403);
    assert_eq!(shop.listed_device("Wall")["role"]["id"], json!(VIEWER));

    wall.log_in(shop.owner_id, OWNER_PIN).expect(200);
    assert_eq!(wall.me()["rights"], json!(["figures"]), "the owner is limited to what the device may");
    wall.get("/api/devices").expect(403);
}

#[test]
fn an_owner_gives_no_more_on_a_limited_device_than_may_be_done_there() {
    let mut shop = Staffed::open();
    let limit = shop.role("Door keeper", &["people", "sell"], &json!({"masks": ["contact", "amounts"]}));
    let mut desk = shop.device_as(&json!({"name": "Desk", "role": limit}));
    desk.log_in(shop.owner_id, OWNER_PIN).expect(200);
    let owners = json!({"name": "Script", "kind": "program", "role": crate::support::people::OWNER});
    let refused = desk.post("/api/devices", &owners);
    let refused = refused.expect(403);
    assert_eq!((&refused["may"], refused.get("right")), (&json!(["Owner"]), None), "{refused}");
    let own = shop.listed_device("Desk")["id"].clone();
    desk.put(&format!("/api/devices/{own}"), &json!({"role": null})).expect(403);
    assert_eq!(desk.me()["rights"], json!(["sell", "people"]));
    desk.post("/api/devices", &json!({"name": "Script", "kind": "program", "role": limit})).expect(201);
}

#[test]
fn a_door_is_made_by_an_owner() {
    let mut shop = Staffed::open();
    let role = shop.role("Office", &["sell", "estimate", "people"], &Value::Null);
    let (_, mut office) = shop.worker("Meena", role, crate::support::people::MANAGER_PIN);
    let new = |kind: &str| json!({"name": "Old app", "kind": kind, "role": role});
    let refused = office.post("/api/devices", &new("door"));
    assert_eq!(refused.expect(403)["may"], json!(["Owner"]));
    office.post("/api/devices", &new("program")).expect(201);
    shop.owner.post("/api/devices", &new("door")).expect(201);
    crate::support::people::this_machine(&shop.server).post("/api/devices", &new("door")).expect(201);
}

#[test]
fn a_password_lets_in_eight_devices_and_takes_none_away_for_the_ninth() {
    const PASSWORD: &str = "correct horse battery";
    let mut shop = Staffed::open();
    let person = shop.hire_as(&json!({"name": "Meena", "role": VIEWER, "password": PASSWORD}));
    let mut phones: Vec<Visitor> = (0..9).map(|_| Visitor::browser(shop.server.addr)).collect();
    let (ninth, eight) = phones.split_last_mut().unwrap();
    for phone in &mut *eight {
        phone.log_in_by_password(person, PASSWORD).expect(200);
    }
    assert!(!ninth.log_in_by_password(person, PASSWORD).detail(409).is_empty());
    assert!(ninth.cookies.is_empty());
    for phone in &mut *eight {
        assert_eq!(phone.person().as_deref(), Some("Meena"));
    }
    let listed = shop.listed_device("Meena");
    shop.revoke(&listed);
    ninth.log_in_by_password(person, PASSWORD).expect(200);
}

#[test]
fn a_program_gets_its_token_in_the_answer_and_no_cookie() {
    let mut shop = Staffed::open();
    let mut pairing = Pairing::ask(shop.server.addr, &json!({"program": true, "name": "Printer"}));
    pairing.confirm(&mut shop.owner, &json!({"code": pairing.code, "name": "Printer", "role": VIEWER})).expect(200);
    let collected = pairing.poll();
    let token = text(&collected.expect(200), "token");
    assert_eq!(collected.header("set-cookie"), None);
    let mut printer = Visitor::program(shop.server.addr, Some(token));
    assert_eq!(printer.me()["device"]["name"], "Printer");
    printer.get("/api/estimates/all").expect(200);
}

#[test]
fn a_secret_in_an_address_is_not_read() {
    let mut shop = Staffed::open();
    let mut pairing = Pairing::ask(shop.server.addr, &json!({}));
    pairing.confirm(&mut shop.owner, &json!({"code": pairing.code, "name": "Till"})).expect(200);
    let mut thief = Visitor::browser(shop.server.addr);
    let status = thief.get(&format!("/api/pair?secret={}", pairing.secret)).status;
    assert!((400..500).contains(&status) && thief.cookies.is_empty(), "{status}");
    pairing.poll().expect(200);
}
