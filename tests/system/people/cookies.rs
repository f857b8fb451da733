//! The cookies of a browser: what they say, when they are taken away, and that a session is device and person together.

use serde_json::{Value, json};

use crate::support::http::{Client, Reply};
use crate::support::people::{OWNER_PIN, Pairing, SELLER, SELLER_PIN, Staffed, owner_code};
use crate::support::server::Server;
use crate::support::visitor::{SetCookie, Visitor};

const DEVICE_SECONDS: u64 = 400 * 24 * 3600;

/// A cookie that this server sets, whoever's it is.
fn check(cookie: &SetCookie, is_secure: bool) {
    for attribute in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(cookie.has(attribute), "{attribute} is missing: {cookie:?}");
    }
    assert_eq!(cookie.has("Secure"), is_secure, "{cookie:?}");
    assert!(!cookie.attributes.iter().any(|own| own.to_lowercase().starts_with("domain")), "{cookie:?}");
    let name = cookie.name.strip_prefix("tillsync_").unwrap_or_else(|| panic!("{cookie:?}"));
    let digits = name.strip_suffix("_p").unwrap_or(name);
    assert!(digits.len() == 8 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()), "{cookie:?}");
    // 256 bits, in whatever digits.
    assert!(cookie.value.len() >= 43, "{cookie:?}");
    if !cookie.is_of_person() {
        assert!(cookie.has(&format!("Max-Age={DEVICE_SECONDS}")), "{cookie:?}");
    }
}

/// What an answer sets: the device's and the person's.
fn both(reply: &Reply) -> (Option<SetCookie>, Option<SetCookie>) {
    let (person, device): (Vec<_>, Vec<_>) = SetCookie::all_of(reply).into_iter().partition(SetCookie::is_of_person);
    assert!(person.len() <= 1 && device.len() <= 1, "{:?}", reply.headers);
    (device.into_iter().next(), person.into_iter().next())
}

#[test]
fn every_cookie_is_for_this_site_alone_and_no_script_reads_it() {
    let server = Server::start();
    let code = owner_code(&server, false);
    let mut owner = Visitor::browser(server.addr);
    let made = owner.post("/api/owner", &json!({"code": code, "name": "Asha", "pin": OWNER_PIN}));
    let owner_id = made.expect(201)["person"]["id"].as_u64().unwrap();
    let (device, person) = both(&made);
    let (device, person) = (device.expect("the device's"), person.expect("the person's"));
    check(&device, false);
    check(&person, false);
    assert_eq!(person.name, format!("{}_p", device.name));
    assert_ne!(person.value, device.value);

    let mut pairing = Pairing::ask(server.addr, &json!({}));
    pairing.confirm(&mut owner, &json!({"code": pairing.code, "name": "Till"})).expect(200);
    let (paired, nobody) = both(&pairing.poll());
    let paired = paired.expect("the device's");
    check(&paired, false);
    assert!(nobody.is_none());
    assert_eq!(paired.name, device.name, "named after the file");

    let logged_in = pairing.visitor.log_in(owner_id, OWNER_PIN);
    let (_, person) = both(&logged_in);
    check(&person.expect("the person's"), false);

    owner.post("/api/people", &json!({"name": "Ravi", "role": SELLER, "password": "correct horse"})).expect(201);
    let mut phone = Visitor::browser(server.addr);
    let ravi = owner.get("/api/people").expect(200);
    let ravi = ravi.as_array().unwrap().iter().find(|one| one["name"] == "Ravi").unwrap()["id"].as_u64().unwrap();
    let (device, person) = both(&phone.log_in_by_password(ravi, "correct horse"));
    check(&device.expect("a password pairs"), false);
    check(&person.expect("the person's"), false);
}

#[test]
fn behind_a_proxy_of_this_machine_that_speaks_https_cookies_are_secure() {
    let server = Server::start_with(&["--host", "https://Shop.lan/"]);
    let code = owner_code(&server, false);
    let body = json!({"code": code, "name": "Asha", "pin": OWNER_PIN}).to_string();
    let head = format!(
        "POST /api/owner HTTP/1.1\r\nHost: shop.lan\r\nOrigin: https://shop.lan\r\nX-Forwarded-Proto: https\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut client = Client::connect(server.addr);
    client.send_raw(head.as_bytes()).unwrap();
    let made = client.read("POST");
    made.expect(201);
    let (device, person) = both(&made);
    check(&device.expect("the device's"), true);
    check(&person.expect("the person's"), true);
}

#[test]
fn logging_out_takes_both_cookies_away_and_locking_the_persons_alone() {
    let mut shop = Staffed::open();
    let (person, mut seller) = shop.seller();
    let kept = seller.clone();
    let locked = seller.post("/api/lock", &json!({}));
    locked.expect(200);
    let me = seller.me();
    assert_eq!((&me["person"], &me["device"]["name"]), (&Value::Null, &json!("Ravi")));
    assert_eq!(kept.clone().person(), None, "a kept copy of the cookie is dead");

    seller.log_in(person, SELLER_PIN).expect(200);
    let kept = seller.clone();
    seller.post("/api/logout", &json!({})).expect(200);
    assert!(seller.cookies.is_empty(), "{:?}", seller.cookies);
    let mut replayed = kept;
    let me = replayed.me();
    assert_eq!((&me["person"], &me["device"]), (&Value::Null, &Value::Null));
    replayed.get("/api/people").expect(401);
    replayed.log_in(person, SELLER_PIN).expect(401);
}

#[test]
fn a_persons_cookie_is_worth_nothing_on_another_device() {
    let mut shop = Staffed::open();
    let (_, manager) = shop.manager();
    let (name, value) = manager.person_cookie();
    let mut other = shop.device("Other");
    other.cookies.insert(name.clone(), value.clone());
    assert_eq!(other.person(), None);
    other.get("/api/estimates/all").expect(401);
    let mut alone = Visitor::browser(shop.server.addr);
    alone.cookies.insert(name, value);
    assert_eq!(alone.person(), None, "nor without any device");
    alone.get("/api/estimates/all").expect(401);
}

#[test]
fn cookies_of_other_programs_on_this_machine_do_not_matter() {
    let mut shop = Staffed::open();
    let mut owner = shop.owner.clone();
    owner.cookies.insert("session".into(), "x".repeat(200));
    owner.cookies.insert("tillsync_00000000".into(), "0".repeat(64));
    owner.cookies.insert("tillsync_00000000_p".into(), "0".repeat(64));
    assert_eq!(owner.person().as_deref(), Some("Asha"), "another shop's server on another port has cookies, too");
    owner.create_estimate("Asha");
    assert_eq!(shop.owner.person().as_deref(), Some("Asha"));
}
