//! Attacks: replayed cookies, other pages, guessed secrets, a stolen copy of the data.

use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::matrix;
use crate::support::http::Client;
use crate::support::people::{MANAGER, OWNER_PIN, Pairing, SELLER, SELLER_PIN, Staffed, machine_token, this_machine};
use crate::support::samples;
use crate::support::server::Server;
use crate::support::till::{array, text};
use crate::support::visitor::Visitor;

/// Every command that there is, with its path: each route that is not only asked.
fn commands() -> Vec<(&'static str, String)> {
    let operations = matrix::TABLE.iter().map(|(operation, ..)| operation.split_once(' ').unwrap());
    let commands: Vec<_> =
        operations.filter(|(method, _)| *method != "GET").map(|(method, path)| (method, of_the_first(path))).collect();
    assert!(commands.len() > 20, "{commands:?}");
    commands
}

/// A path with 1 in place of each parameter.
fn of_the_first(path: &str) -> String {
    let parts = path.split('/').map(|part| if part.starts_with('{') { "1" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

fn number_of_records(visitor: &mut Visitor) -> usize {
    visitor.ids("/api/orders/all").len()
}

/// Sends a request with these headers alone.
fn raw(shop: &Staffed, method: &str, path: &str, headers: &[(&str, &str)]) -> u16 {
    let body = if method == "GET" { None } else { Some(samples::sale("Thief").to_string().into_bytes()) };
    Client::connect(shop.server.addr).request(method, path, headers, body.as_deref()).status
}

#[test]
fn a_cookie_without_an_origin_or_of_another_page_changes_nothing_and_hears_nothing() {
    let mut shop = Staffed::open();
    let cookies = shop.owner.cookie_header();
    let port = shop.server.addr.port();
    let other_port = if port == 8001 { 8002 } else { 8001 };
    let before = shop.owner.me();
    let foreign = [
        format!("http://127.0.0.1:{other_port}"),
        "http://127.0.0.1".into(),
        format!("http://localhost:{other_port}"),
        format!("https://127.0.0.1:{port}"),
        format!("http://127.0.0.1:{port}.evil.example"),
        format!("http://evil.example:{port}"),
        "null".into(),
        String::new(),
    ];
    for (method, path) in commands() {
        assert_eq!(raw(&shop, method, &path, &[("Cookie", &cookies)]), 403, "{method} {path} without Origin");
        for origin in &foreign {
            let headers = [("Cookie", cookies.as_str()), ("Origin", origin.as_str())];
            assert_eq!(raw(&shop, method, &path, &headers), 403, "{method} {path} of {origin:?}");
        }
    }
    for path in ["/ws", "/sync", "/ws?format=legacy"] {
        let mut visitor = Visitor { is_browser: false, ..shop.owner.clone() };
        assert_eq!(visitor.handshake(path, &[]).status, 403, "{path} without Origin");
        for origin in &foreign {
            assert_eq!(visitor.handshake(path, &[("Origin", origin)]).status, 403, "{path} of {origin:?}");
        }
        let own = shop.owner.origin();
        assert_eq!(visitor.handshake(path, &[("Origin", &own)]).status, 101, "{path} of our own page");
    }
    // Reading needs no Origin: browsers send none with it.
    assert_eq!(raw(&shop, "GET", "/api/estimates/all", &[("Cookie", &cookies)]), 200);
    assert_eq!(shop.owner.me(), before, "nobody was logged out or removed");
    assert_eq!(shop.owner.get("/api/settings").expect(200)["rev"], json!(1));
    assert_eq!(number_of_records(&mut shop.owner), 0);
}

#[test]
fn a_foreign_name_reaches_nothing_with_any_cookie() {
    let mut shop = Staffed::open();
    let port = shop.server.addr.port();
    let cookies = shop.owner.cookie_header();
    let reads = [("GET", "/api/me".to_string()), ("GET", "/api/estimates/all".into())];
    for (method, path) in commands().into_iter().chain(reads) {
        let mut client = Client::connect(shop.server.addr);
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: evil.example:{port}\r\nOrigin: http://evil.example:{port}\r\n\
             Cookie: {cookies}\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}"
        );
        client.send_raw(head.as_bytes()).unwrap();
        let reply = client.read(method);
        assert_eq!((reply.status, reply.header("set-cookie")), (421, None), "{method} {path}");
    }
    assert_eq!(number_of_records(&mut shop.owner), 0);
}

#[test]
fn guessed_secrets_open_nothing() {
    let mut shop = Staffed::open();
    let (_, program) = shop.program("Script", MANAGER);
    let token = program.token.clone().unwrap();
    let (_, local) = machine_token(&shop.server);
    let changed = |token: &str| {
        let last = if token.ends_with('0') { "1" } else { "0" };
        format!("{}{last}", &token[..token.len() - 1])
    };
    for guess in ["", "0", "undefined", "null", &"0".repeat(64), &token[1..], &changed(&token), &changed(&local)] {
        let mut thief = Visitor::program(shop.server.addr, Some(guess.to_string()));
        thief.get("/api/estimates/all").expect(401);
        thief.post("/api/orders/create-sale", &samples::sale("Thief")).expect(401);
        assert_eq!(thief.handshake("/sync", &[]).status, 401);
    }
    // A token of one kind in the place of another.
    let device = shop.owner.cookies.iter().find(|(name, _)| !name.ends_with("_p")).map(|(_, value)| value.clone());
    let (name, session) = shop.owner.person_cookie();
    for guess in [device.unwrap(), session.clone()] {
        Visitor::program(shop.server.addr, Some(guess)).get("/api/devices").expect(401);
    }
    let mut thief = Visitor::browser(shop.server.addr);
    thief.cookies.insert(name.trim_end_matches("_p").to_string(), token.clone());
    thief.cookies.insert(name, session);
    assert_eq!(thief.person(), None);
    thief.get("/api/devices").expect(401);
    // Nothing secret is read from an address, where it would stand in logs.
    for key in ["token", "access_token", "bearer", "authorization", "auth", "key"] {
        let mut thief = Visitor::program(shop.server.addr, None);
        thief.get(&format!("/api/estimates/all?{key}={token}")).expect(401);
        assert_eq!(thief.handshake(&format!("/sync?{key}={token}"), &[]).status, 401);
    }
    for scheme in ["Basic", "Pair", "Token", "Bearer Bearer"] {
        let header = format!("{scheme} {token}");
        assert_eq!(raw(&shop, "GET", "/api/estimates/all", &[("Authorization", &header)]), 401, "{scheme}");
    }
    assert_eq!(program.clone().get("/api/estimates/all").status, 200);
    assert_eq!(number_of_records(&mut shop.owner), 0);
}

/// Of tokens a file holds their SHA-256 alone. Whoever has a copy of it shows these in every place where a token may stand.
#[test]
fn the_hashes_that_a_stolen_file_holds_open_nothing() {
    let mut shop = Staffed::open();
    let (_, program) = shop.program("Script", MANAGER);
    let (_, app) = shop.door("Old phone", MANAGER, &Value::Null);
    let (_, local) = machine_token(&shop.server);
    let (person_name, session) = shop.owner.person_cookie();
    let device_name = person_name.trim_end_matches("_p").to_string();
    let device = shop.owner.cookies[&device_name].clone();
    let secret = app.prefix.strip_prefix("/door/").unwrap().to_string();
    let hash =
        |token: &str| Sha256::digest(token).iter().fold(String::new(), |digits, byte| format!("{digits}{byte:02x}"));
    for token in [program.token.as_ref().unwrap(), &secret, &local, &session, &device] {
        let hash = hash(token);
        for shown in [hash.clone(), hash.to_uppercase(), hash[..32].to_string()] {
            let mut thief = Visitor::program(shop.server.addr, Some(shown.clone()));
            thief.get("/api/estimates/all").expect(401);
            thief.post("/api/orders/create-sale", &samples::sale("Thief")).expect(401);
            thief.post("/api/owner/code", &json!({"reset": true})).expect(401);
            let protocol = format!("tillsync, bearer.{shown}");
            thief.token = None;
            assert_eq!(thief.handshake("/sync", &[("Sec-WebSocket-Protocol", &protocol)]).status, 401);
            thief.prefix = format!("/door/{shown}");
            thief.get("/api/estimates/all").expect(404);
            assert_eq!(thief.handshake("/ws", &[]).status, 404);
            let mut browser = Visitor::browser(shop.server.addr);
            browser.cookies.insert(device_name.clone(), shown.clone());
            browser.cookies.insert(person_name.clone(), shown);
            browser.get("/api/estimates/all").expect(401);
            browser.post("/api/orders/create-sale", &samples::sale("Thief")).expect(401);
            assert_eq!(browser.person(), None);
        }
    }
    // Nor is a session found on a device that is right.
    let mut browser = shop.owner.clone();
    browser.cookies.insert(person_name, hash(&session));
    assert_eq!(browser.person(), None);
    assert_eq!(number_of_records(&mut shop.owner), 0);
    program.clone().get("/api/estimates/all").expect(200);
    app.clone().get("/api/estimates/all").expect(200);
}

#[test]
fn nobody_becomes_owner_where_there_is_one() {
    let mut shop = Staffed::open();
    let mut thief = Visitor::browser(shop.server.addr);
    for code in ["", "AAAAAAAA", "00000000", "%", "ABCDEFGHJKLMNPQR"] {
        let reply = thief.post("/api/owner", &json!({"code": code, "name": "Thief", "pin": "123456"}));
        assert!([403, 410, 422].contains(&reply.status), "{code:?}: {}", reply.status);
        assert_eq!(reply.header("set-cookie"), None);
    }
    thief.post("/api/people", &json!({"name": "Thief", "role": 1, "pin": "123456"})).expect(401);
    assert_eq!(array(shop.owner.get("/api/people").expect(200)).len(), 1);
}

#[test]
fn a_seller_does_not_raise_himself() {
    let mut shop = Staffed::open();
    let (id, mut seller) = shop.seller();
    let listed = shop.listed_device("Ravi")["id"].clone();
    for (method, path, body) in [
        ("PUT", format!("/api/people/{id}"), json!({"role": 1})),
        ("PUT", format!("/api/people/{id}"), json!({"role": 1, "current": SELLER_PIN, "pin": "123456"})),
        ("PUT", format!("/api/roles/{SELLER}"), json!({"rights": ["people", "settings"]})),
        ("POST", "/api/roles".into(), json!({"name": "Boss", "rights": ["people"]})),
        ("PUT", format!("/api/devices/{listed}"), json!({"role": 1})),
        ("POST", "/api/devices".into(), json!({"name": "Mine", "kind": "program", "role": 1})),
        ("POST", "/api/pairings".into(), json!({})),
        ("POST", format!("/api/people/{id}"), json!({"role": 1})),
    ] {
        let status = seller.request(method, &path, &[], Some(body.to_string().as_bytes())).status;
        assert!([403, 405].contains(&status), "{method} {path} {body}: {status}");
    }
    // Nor does he let in a device of his own.
    let mut phone = Pairing::ask(shop.server.addr, &json!({}));
    phone.confirm(&mut seller, &json!({"code": phone.code, "name": "Mine"})).expect(403);
    phone.poll().expect(202);
    // Who made a record is who was logged in, whatever the body says.
    let mut sale = samples::sale("Asha");
    sale["owner"] = json!({"id": shop.owner_id, "name": "Asha"});
    sale["person"] = json!(shop.owner_id);
    let order = seller.post("/api/orders/create-sale", &sale).expect(201)["order_id"].as_str().unwrap().to_string();
    let record = shop.owner.get(&format!("/api/orders/{order}")).expect(200);
    assert_eq!(record["owner"], json!({"id": id, "name": "Ravi"}));
    assert_eq!(seller.me()["role"]["id"], json!(SELLER));
}

/// Copies the data of a server that was ended, as a thief takes it: without what is not among the data.
fn stolen(from: &Path, names: &[&str]) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for name in names {
        let path = from.join(name);
        if path.exists() {
            std::fs::copy(path, copy.path().join(name)).unwrap();
        }
    }
    copy
}

#[test]
fn a_copy_of_the_data_without_the_pepper_lets_nobody_log_in_by_pin() {
    let mut shop = Staffed::open();
    let (person, seller) = shop.seller();
    let (_, program) = shop.program("Script", MANAGER);
    shop.owner.create_sale("Asha");
    shop.server.stop();
    let copy = stolen(shop.server.dir.path(), &["tillsync.redb", "tillsync.journal"]);
    let thief = Server::start_in(copy, &[]);
    for visitor in [&shop.owner, &seller] {
        let mut there = visitor.moved_to(&thief);
        assert_eq!(there.person(), None, "sessions do not work in a copy");
        there.get("/api/estimates/all").expect(401);
    }
    // Even on a device that the thief lets in himself, since it is his machine, no PIN can be tried out.
    let mut machine = this_machine(&thief);
    let mut pairing = Pairing::ask(thief.addr, &json!({}));
    pairing.confirm(&mut machine, &json!({"code": pairing.code, "name": "Thief's"})).expect(200);
    pairing.poll().expect(200);
    for (person, pin) in [(person, SELLER_PIN), (shop.owner_id, OWNER_PIN)] {
        assert_ne!(pairing.visitor.log_in(person, pin).status, 200);
    }
    assert_eq!(pairing.visitor.person(), None);
    // Tokens of devices are hashed without the pepper, so a program is known in a copy: that opens to whoever holds both what he
    // can read in the file anyway. What he lets in there is let in there alone, and what the shop ends is ended in the shop.
    let mut copied = program.moved_to(&thief);
    assert_eq!(copied.ids("/api/estimates/all").len(), 0);
    assert_eq!(copied.ids("/api/orders/all").len(), 1);
    let body = json!({"name": "Thief's", "kind": "program", "role": MANAGER});
    let token = text(&machine.post("/api/devices", &body).expect(201), "token");
    let made_there = Visitor::program(thief.addr, Some(token));
    made_there.clone().get("/api/estimates/all").expect(200);

    // The shop itself goes on with what it has.
    shop.server.start_again();
    shop.owner = shop.owner.moved_to(&shop.server);
    let listed = shop.listed_device("Script");
    assert_eq!(program.moved_to(&shop.server).get("/api/estimates/all").status, 200);
    shop.revoke(&listed);
    for visitor in [&program, &made_there, &pairing.visitor, &machine] {
        let mut there = visitor.moved_to(&shop.server);
        there.get("/api/estimates/all").expect(401);
        there.post("/api/orders/create-sale", &samples::sale("Thief")).expect(401);
        assert_eq!(there.handshake("/sync", &[]).status, 401);
    }
    assert_eq!(number_of_records(&mut shop.owner), 1);
    let mut seller = seller.moved_to(&shop.server);
    assert_eq!(seller.person().as_deref(), Some("Ravi"));
    seller.log_in(person, SELLER_PIN).expect(200);
}

#[test]
fn without_the_pepper_a_new_pin_is_set_and_works() {
    let mut shop = Staffed::open();
    let person = shop.hire("Ravi", SELLER, SELLER_PIN);
    let mut till = shop.device("Till 1");
    shop.server.stop();
    std::fs::remove_file(shop.server.dir.path().join("tillsync.pepper")).unwrap();
    shop.server.start_again();
    let mut till = {
        till.heard.clear();
        till.moved_to(&shop.server)
    };
    till.log_in(person, SELLER_PIN).expect(401);
    let mut machine = this_machine(&shop.server);
    machine.put(&format!("/api/people/{person}"), &json!({"pin": "9753"})).expect(200);
    till.log_in(person, "9753").expect(200);
    till.create_sale("Asha");
}

#[test]
fn requests_that_are_no_requests_are_refused_before_anything_is_looked_up() {
    let mut shop = Staffed::open();
    let own = shop.owner.origin();
    for body in [
        "",
        "[]",
        "null",
        "{",
        r#"{"person": 1e99, "pin": "123456"}"#,
        r#"{"person": "1", "pin": 123456}"#,
        r#"{"person": 1, "pin": ["123456"]}"#,
        r#"{"person": 1, "pin": ""}"#,
    ] {
        for path in
            ["/api/login", "/api/owner", "/api/pair", "/api/override", "/api/people", "/api/roles", "/api/devices"]
        {
            let reply = shop.owner.request("POST", path, &[("Origin", &own)], Some(body.as_bytes()));
            assert!(reply.status < 500, "{path} {body}: {}", reply.text());
            assert!(!reply.text().contains("123456"), "{path} {body}: {}", reply.text());
        }
    }
    let long = json!({"person": shop.owner_id, "password": "x".repeat(500_000)});
    let status = Visitor::browser(shop.server.addr).post("/api/login", &long).status;
    assert!([401, 413, 422].contains(&status), "{status}");
    assert_eq!(shop.owner.person().as_deref(), Some("Asha"));
    assert_eq!(shop.owner.me()["rights"].as_array().map_or(0, Vec::len), 12);
    assert_eq!(shop.owner.get("/api/estimates/all").expect(200), Value::Array(Vec::new()));
}
