//! Programs: a token that is shown once, and the sockets of pages that the owner allows.

use serde_json::json;

use crate::support::people::{MANAGER, SELLER, Staffed, VIEWER};
use crate::support::samples;
use crate::support::server::Server;
use crate::support::till::text;
use crate::support::visitor::Visitor;

const PAGE: &str = "https://office.example";

#[test]
fn a_token_is_shown_once_and_is_no_stored_answer() {
    let mut shop = Staffed::open();
    let body = json!({"name": "Accounts", "kind": "program", "role": MANAGER});
    let made = shop.owner.keyed("POST", "/api/devices", "make-it", &body);
    let token = text(&made.expect(201), "token");
    assert!(token.len() >= 43, "{} characters", token.len());
    assert_eq!(
        (&made.json()["device"]["name"], &made.json()["device"]["kind"]),
        (&json!("Accounts"), &json!("program"))
    );
    let again = shop.owner.keyed("POST", "/api/devices", "make-it", &body);
    assert!(!again.detail(409).is_empty());
    assert!(!again.text().contains(&token));
    let door = json!({"name": "Old phone", "kind": "door", "role": MANAGER});
    shop.owner.keyed("POST", "/api/devices", "a-door", &door).expect(201);
    shop.owner.keyed("POST", "/api/devices", "a-door", &door).expect(409);

    let listed = shop.listed_device("Accounts");
    assert_eq!((&listed["role"]["id"], &listed["last_seen"]), (&json!(MANAGER), &json!(null)));
    for unused in ["Accounts", "Old phone"] {
        assert_eq!(shop.listed_device(unused)["address"], json!(null), "that of whoever has made it is not its own");
    }
    let mut program = Visitor::program(shop.server.addr, Some(token.clone()));
    program.create_estimate("Asha");
    let listed = shop.listed_device("Accounts");
    assert!(listed["last_seen"].is_string() && text(&listed, "address").contains("127.0.0.1"), "{listed}");
    assert!(!shop.owner.get("/api/devices").text().contains(&token));
    shop.revoke(&listed);
    program.get("/api/estimates/all").expect(401);
    for wrong in [
        json!({"name": "X", "kind": "browser", "role": MANAGER}),
        json!({"name": "X", "kind": "door"}),
        json!({"name": "", "kind": "program", "role": MANAGER}),
        json!({"name": "X", "kind": "program", "role": 987}),
        json!({"name": "X", "kind": "program", "role": MANAGER, "person": 987}),
    ] {
        shop.owner.post("/api/devices", &wrong).expect(422);
    }
}

#[test]
fn a_program_needs_no_origin_and_has_its_roles_rights() {
    let mut shop = Staffed::open();
    let person = shop.hire("Ravi", SELLER, "1618");
    let body = json!({"name": "Ravi's script", "kind": "program", "role": SELLER, "person": person});
    let token = text(&shop.owner.post("/api/devices", &body).expect(201), "token");
    let mut program = Visitor::program(shop.server.addr, Some(token));
    let id = program.create_sale("Asha").id;
    let record = shop.owner.get(&format!("/api/orders/{id}")).expect(200);
    assert_eq!(record["owner"], json!({"id": person, "name": "Ravi"}));
    program.delete(&format!("/api/orders/{id}")).expect(403);
    program.get("/api/audit").expect(403);
    let (_, mut wall) = shop.program("Wall", VIEWER);
    wall.post("/api/orders/create-sale", &samples::sale("Asha")).expect(403);
    assert_eq!(
        wall.get(&format!("/api/orders/{id}")).expect(200)["redacted"],
        json!(["customer_phone", "customer_address"])
    );
    let evil = [("Origin", "https://evil.example")];
    let body = samples::sale("Asha").to_string();
    program.request("POST", "/api/orders/create-sale", &evil, Some(body.as_bytes())).expect(403);
    assert_eq!(program.handshake("/sync", &evil).status, 403);
}

#[test]
fn a_socket_of_an_allowed_page_brings_its_token_as_a_subprotocol() {
    let mut shop = Staffed::of(Server::start_with(&["--allow-origin", PAGE]));
    let (_, program) = shop.program("Office", MANAGER);
    let token = program.token.clone().unwrap();
    let mut page = Visitor::program(shop.server.addr, None);
    let with = |protocols: &str, page: &mut Visitor| {
        page.handshake("/sync", &[("Origin", PAGE), ("Sec-WebSocket-Protocol", protocols)])
    };
    let joined = with(&format!("tillsync, bearer.{token}"), &mut page);
    assert_eq!((joined.status, joined.header("sec-websocket-protocol")), (101, Some("tillsync")));
    assert!(!joined.headers.iter().any(|(_, value)| value.contains(&token)), "{:?}", joined.headers);
    for wrong in ["tillsync", "tillsync, bearer.", &format!("tillsync, bearer.{}", "0".repeat(64)), "bearer.x"] {
        assert_eq!(with(wrong, &mut page).status, 401, "{wrong}");
    }
    assert_eq!(page.handshake("/sync", &[("Origin", PAGE)]).status, 401);
    // By its API such a page sends the token as a header, and never a cookie of ours.
    let bearer = format!("Bearer {token}");
    page.request("GET", "/api/estimates/all", &[("Origin", PAGE), ("Authorization", &bearer)], None).expect(200);
    let mut with_cookie = Visitor { is_browser: false, ..shop.owner.clone() };
    let reply = with_cookie.request("GET", "/api/estimates/all", &[("Origin", PAGE)], None);
    assert_eq!(reply.header("access-control-allow-credentials"), None);
}

#[test]
fn the_shops_machine_and_a_device_that_use_one_key_give_two_commands() {
    let mut shop = Staffed::open();
    let mut machine = crate::support::people::this_machine(&shop.server);
    let body = crate::support::samples::estimate("Asha");
    let first = machine.keyed("POST", "/api/estimates/create", "shared", &body).expect(201);
    let second = shop.owner.keyed("POST", "/api/estimates/create", "shared", &body).expect(201);
    assert_ne!(first["estimate_id"], second["estimate_id"]);
    assert_eq!(machine.keyed("POST", "/api/estimates/create", "shared", &body).expect(201), first);
}

#[test]
fn when_a_device_was_seen_is_known_after_a_restart() {
    let mut shop = Staffed::open();
    let (_, mut program) = shop.program("Printer", SELLER);
    assert_eq!(shop.listed_device("Printer")["last_seen"], serde_json::Value::Null);
    program.get("/api/me").expect(200);
    let seen = shop.listed_device("Printer")["last_seen"].clone();
    assert!(seen.is_string());
    shop.server.stop();
    shop.server.start_again();
    shop.owner = shop.owner.moved_to(&shop.server);
    assert_eq!(shop.listed_device("Printer")["last_seen"], seen);
}
