//! Doors: the old app, which cannot log in, works behind its secret prefix to the byte as it does in a shop without people.

use serde_json::{Value, json};

use crate::support::http::{Client, Reply};
use crate::support::people::{MANAGER, SELLER, Staffed, VIEWER, noon_zone};
use crate::support::samples;
use crate::support::server::Server;
use crate::support::till::text;
use crate::support::visitor::Visitor;

const APP: [(&str, &str); 1] = [("User-Agent", "Dart/3.4 (dart:io)")];

/// The shape of a moment.
const MOMENT: &str = "0000-00-00T00:00:00.000000+00:00";

/// Ids and moments differ between two shops; everything else must not.
fn without_ids_and_times(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    'text: while !rest.is_empty() {
        for prefix in ["EST-", "ORDER-"] {
            if let Some(digits) = rest.strip_prefix(prefix).and_then(|rest| rest.get(..8))
                && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
            {
                plain.push_str(prefix);
                rest = &rest[prefix.len() + 8..];
                continue 'text;
            }
        }
        if let Some(moment) = rest.get(..MOMENT.len()) {
            let shape: String = moment.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
            if shape.replacen("-00:00", "+00:00", usize::from(shape.ends_with("-00:00"))) == MOMENT {
                plain.push_str("MOMENT");
                rest = &rest[MOMENT.len()..];
                continue;
            }
        }
        let c = rest.chars().next().unwrap();
        plain.push(c);
        rest = &rest[c.len_utf8()..];
    }
    plain
}

/// An answer as the app sees it.
fn told(reply: &Reply) -> String {
    let mut headers: Vec<String> = reply
        .headers
        .iter()
        .filter(|(name, _)| !["date", "sync-epoch"].contains(&name.as_str()))
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    headers.sort();
    without_ids_and_times(&format!(
        "{}\n{}\n{}",
        reply.status,
        headers.join("\n"),
        String::from_utf8_lossy(&reply.body)
    ))
}

/// What the app does in a day: every answer and every frame.
fn day(app: &mut Visitor) -> Vec<String> {
    let mut screen = app.socket("/ws").unwrap();
    let mut legacy = app.socket("/ws?format=legacy").unwrap();
    let mut seen = Vec::new();
    let mut ask = |method: &str, path: &str, body: Option<Value>| -> Value {
        let bytes = body.map(|body| body.to_string().into_bytes());
        let reply = app.request(method, path, &APP, bytes.as_deref());
        seen.push(format!("{method} {}\n{}", without_ids_and_times(path), told(&reply)));
        serde_json::from_slice(&reply.body).unwrap_or_default()
    };
    let mut estimate = samples::estimate("Asha Patil");
    estimate["created_at"] = json!("2025-01-13T10:30:00.000");
    let created = ask("POST", "/api/estimates/create", Some(estimate.clone()));
    // It repeats what it has no answer of, byte for byte and without a key.
    ask("POST", "/api/estimates/create", Some(estimate));
    let id = text(&created, "estimate_id");
    let other = text(&ask("POST", "/api/estimates/create", Some(samples::estimate("Ravi"))), "estimate_id");
    for path in ["/api/estimates/all", "/api/estimates/pending", "/api/estimates/number/%23001", "/api/", "/api"] {
        ask("GET", path, None);
    }
    ask("GET", &format!("/api/estimates/{id}"), None);
    let converted = ask("POST", &format!("/api/estimates/{id}/convert-to-order"), Some(json!({"payment_mode": "UPI"})));
    let order = text(&converted, "order_id");
    ask("POST", &format!("/api/estimates/{id}/convert-to-order"), Some(json!({"payment_mode": "Card"})));
    ask("POST", "/api/orders/create-sale", Some(samples::sale("Meena")));
    ask("POST", "/api/orders/create-sale", Some(json!({"customer_name": " "})));
    for path in [
        "/api/orders/orders-only",
        "/api/orders/separate",
        "/api/orders/all",
        "/api/estimates/converted",
        "/api/orders/number/2",
        "/api/orders/ORDER-00000000",
        "/api/summary",
        "/api/search?q=patil",
        "/api/settings",
        "/websocket/status",
        "/api//estimates/all/",
        "/nothing",
    ] {
        ask("GET", path, None);
    }
    ask("PUT", &format!("/api/orders/{order}/status?status=Delivered"), None);
    ask("DELETE", "/api/orders/orders-only", None);
    ask("DELETE", &format!("/api/estimates/{other}"), None);
    ask("DELETE", &format!("/api/orders/{order}"), None);
    ask("GET", "/api/orders/all", None);
    for socket in [&mut screen, &mut legacy] {
        seen.extend(socket.texts_until_pong().iter().map(|frame| without_ids_and_times(frame)));
    }
    seen
}

#[test]
fn behind_a_door_the_old_app_works_as_without_people() {
    let arguments = ["--timezone", &noon_zone()];
    let without = Server::start_with(&arguments);
    let expected = day(&mut Visitor::program(without.addr, None));
    let mut shop = Staffed::of(Server::start_with(&arguments));
    let (_, mut app) = shop.door("Old phone", MANAGER, &Value::Null);
    let behind = day(&mut app);
    for (own, expected) in behind.iter().zip(&expected) {
        assert_eq!(own, expected);
    }
    assert_eq!(behind.len(), expected.len());
    assert!(expected.iter().any(|seen| seen.contains("convert_to_order")), "frames were compared");
}

/// The head of an answer line by line, with the names in their case and order; what differs from one shop or moment to another
/// stands as its name alone.
fn raw_head(app: &Visitor, request: &str) -> Vec<String> {
    let mut client = Client::connect(app.addr);
    client.send_raw(request.as_bytes()).unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.extend(client.read_exact(1));
    }
    let varies = |line: &&str| ["Date:", "Sync-Epoch:"].into_iter().find(|name| line.starts_with(name));
    String::from_utf8(head).unwrap().split("\r\n").map(|line| varies(&line).unwrap_or(line).to_string()).collect()
}

#[test]
fn behind_a_door_the_lines_of_a_head_are_the_same_in_the_same_order() {
    let without = Server::start();
    let mut shop = Staffed::of(Server::start());
    let (_, behind) = shop.door("Old phone", MANAGER, &Value::Null);
    let outside = Visitor::program(without.addr, None);
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                   Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let body = samples::sale("Asha").to_string();
    let ask = |app: &Visitor, method: &str, path: &str, more: &str, body: &str| {
        let head = app.head(method, path, body.len());
        let head = head.strip_suffix("\r\n").unwrap();
        raw_head(app, &format!("{head}User-Agent: Dart/3.4 (dart:io)\r\n{more}\r\n{body}"))
    };
    for (method, path, more, body, line) in [
        ("GET", "/api/estimates/all", "", "", "HTTP/1.1 200 OK"),
        ("POST", "/api/orders/create-sale", "", body.as_str(), "HTTP/1.1 201 Created"),
        ("GET", "/api/orders/orders-only", "Accept-Encoding: gzip\r\n", "", "HTTP/1.1 200 OK"),
        ("GET", "/nothing", "", "", "HTTP/1.1 404 Not Found"),
        ("GET", "/ws", upgrade, "", "HTTP/1.1 101 Switching Protocols"),
    ] {
        let (expected, own) = (ask(&outside, method, path, more, body), ask(&behind, method, path, more, body));
        assert_eq!(own, expected, "{method} {path}");
        assert_eq!(own[0], line, "{method} {path}");
    }
}

#[test]
fn what_is_replaced_before_a_comparison_is_ids_and_times_alone() {
    let text = r#"{"id":"EST-640FE50D","o":"ORDER-F92D20E4","at":"2026-11-22T10:30:00.000000-05:30","n":"EST-"}"#;
    assert_eq!(without_ids_and_times(text), r#"{"id":"EST-","o":"ORDER-","at":"MOMENT","n":"EST-"}"#);
}

#[test]
fn whether_a_door_sees_everything_is_said_when_it_is_made() {
    let mut shop = Staffed::open();
    let (manager, seller) = (shop.hire("Meena", MANAGER, "271828"), shop.hire("Ravi", SELLER, "1618"));
    for (role, person, is_cut) in [
        (MANAGER, Value::Null, false),
        (MANAGER, json!(manager), false),
        (MANAGER, json!(seller), true),
        (SELLER, json!(manager), true),
        (SELLER, Value::Null, true),
    ] {
        let door = json!({"name": "Old app", "kind": "door", "role": role, "person": person});
        assert_eq!(shop.owner.post("/api/devices", &door).expect(201)["is_cut"], is_cut, "{door}");
    }
}

#[test]
fn a_wrong_door_is_no_address_and_a_right_one_stands_in_no_log() {
    let mut shop = Staffed::of(Server::start_talkative());
    let (device, mut app) = shop.door("Old phone", MANAGER, &Value::Null);
    let secret = app.prefix.strip_prefix("/door/").unwrap().to_string();
    assert!(secret.len() == 32 && secret.bytes().all(|byte| byte.is_ascii_hexdigit()), "{} characters", secret.len());
    app.create_estimate("Asha");
    let mut screen = app.socket("/ws").unwrap();
    app.create_estimate("Asha");
    assert_eq!(screen.next_json()["action"], "create");
    let listed = shop.listed_device("Old phone");
    assert_eq!((&listed["kind"], &listed["id"], &listed["person"]), (&json!("door"), &json!(device), &Value::Null));
    assert!(listed["last_seen"].is_string() && listed["address"].is_string(), "{listed}");

    let mut wrong = app.clone();
    for prefix in [
        format!("/door/{}", "0".repeat(32)),
        format!("/door/{}", &secret[..31]),
        format!("/door/{secret}0"),
        "/door/".into(),
        "/door".into(),
        format!("/door/{secret}/door/{secret}"),
    ] {
        wrong.prefix.clone_from(&prefix);
        for path in ["/api/estimates/all", "/api/me", "/"] {
            assert_eq!(wrong.get(path).detail(404), "Not Found", "{path}");
        }
        assert_eq!(wrong.handshake("/ws", &[]).status, 404);
        let create = wrong.post("/api/estimates/create", &samples::estimate("Thief"));
        assert_eq!(create.detail(404), "Not Found");
    }
    shop.owner.delete(&format!("/api/devices/{device}")).expect(200);
    assert_eq!(app.get("/api/estimates/all").detail(404), "Not Found", "a revoked one is a wrong one");
    for path in ["/api/devices", "/api/audit", "/metrics"] {
        assert!(!shop.owner.get(path).text().contains(&secret), "{path}");
    }
    // The log is written behind the work: once it is ended, all of it is there.
    shop.server.stop();
    assert!(!shop.server.log().contains(&secret));
}

#[test]
fn a_door_has_a_role_and_perhaps_a_person() {
    let mut shop = Staffed::open();
    let person = shop.hire("Ravi", SELLER, "1618");
    let (_, mut named) = shop.door("Ravi's old phone", MANAGER, &json!({"person": person}));
    let id = named.create_sale("Asha").id;
    let record = shop.owner.get(&format!("/api/orders/{id}")).expect(200);
    assert_eq!(record["owner"], json!({"id": person, "name": "Ravi"}));
    assert_eq!(shop.listed_device("Ravi's old phone")["person"]["name"], "Ravi");

    let (_, mut watching) = shop.door("Wall", VIEWER, &Value::Null);
    watching.get("/api/estimates/all").expect(200);
    watching.post("/api/orders/create-sale", &samples::sale("Asha")).expect(403);
    assert_eq!(watching.me()["device"]["kind"], "door");
    // Nothing is opened by it but itself, and no page elsewhere is let in through it.
    Visitor::program(shop.server.addr, None).get("/api/estimates/all").expect(401);
    let evil = [("Origin", "https://evil.example")];
    let body = samples::sale("Thief").to_string();
    named.request("POST", "/api/orders/create-sale", &evil, Some(body.as_bytes())).expect(403);
    named.get("/api/devices").expect(403);
    named.post("/api/owner/code", &json!({})).expect(403);
}
