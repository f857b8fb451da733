//! Needles: secrets are used in every way that there is, and then looked for in every byte that was answered, in the log, the
//! metrics, the audit, and the files. What is masked is looked for in every byte that the masked person was answered.

use serde_json::{Value, json};

use crate::support::people::{MANAGER, Pairing, Staffed, VIEWER, machine_token, owner_code};
use crate::support::samples;
use crate::support::server::Server;
use crate::support::till::text;
use crate::support::visitor::Visitor;

const PIN: &str = "80417263";
const MANAGER_PIN: &str = "59302841";
const PASSWORD: &str = "needle in a haystack";
const PHONE: &str = "97318 64205";
const PHONE_DIGITS: &str = "9731864205";
const ADDRESS: &str = "4711 Needle Lane";
const AMOUNT: f64 = 86_420.97;
const AMOUNT_TEXT: &str = "86420.97";

fn has(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}

/// A secret as text, and as the bytes that its digits stand for.
fn forms(secret: &str) -> Vec<Vec<u8>> {
    let mut forms = vec![secret.as_bytes().to_vec()];
    let is_hex =
        secret.len() >= 16 && secret.len().is_multiple_of(2) && secret.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hex {
        let pairs = (0..secret.len()).step_by(2).map(|at| u8::from_str_radix(&secret[at..at + 2], 16).unwrap());
        forms.push(pairs.collect());
    }
    forms
}

fn bill() -> Value {
    let mut bill = samples::sale("Asha");
    bill["customer_phone"] = json!(PHONE);
    bill["customer_address"] = json!(ADDRESS);
    bill["items"] = json!([{"id": 1, "name": "Heater", "price": AMOUNT, "quantity": 1, "discount": 0}]);
    for field in ["subtotal", "total", "amount_paid"] {
        bill[field] = json!(AMOUNT);
    }
    bill
}

/// Everything that can be read.
const READS: [&str; 22] = [
    "/",
    "/api/",
    "/health",
    "/api/health",
    "/websocket/status",
    "/metrics",
    "/openapi.json",
    "/api/me",
    "/api/people",
    "/api/roles",
    "/api/devices",
    "/api/pairings",
    "/api/audit?limit=1000",
    "/api/audit/verify",
    "/api/settings",
    "/api/changes?since=0",
    "/api/search?q=asha",
    "/api/summary",
    "/api/estimates/all",
    "/api/orders/orders-only",
    "/api/orders/separate",
    "/api/orders/all",
];

fn read_everything(visitor: &mut Visitor, records: &[(&str, String)]) {
    for path in READS {
        visitor.get(path);
    }
    for (kind, id) in records {
        for end in ["", "/history"] {
            visitor.get(&format!("/api/{kind}/{id}{end}"));
        }
    }
    for path in ["/ws", "/sync"] {
        visitor.handshake(path, &[]);
    }
}

#[test]
fn no_pin_no_token_and_no_code_is_anywhere_but_where_it_belongs() {
    let server = Server::start_talkative();
    let mut secrets: Vec<(&str, String)> = Vec::new();
    let (_, local) = machine_token(&server);
    let code = owner_code(&server, false);
    let mut owner = Visitor::browser(server.addr);
    let mut wrong = Visitor::browser(server.addr);
    wrong.post("/api/owner", &json!({"code": "WRNGNEED", "name": "Thief", "pin": PIN}));
    owner.post("/api/owner", &json!({"code": code, "name": "Asha", "pin": PIN, "device_name": "Office"})).expect(201);
    let mut shop = Staffed { owner_id: owner.me()["person"]["id"].as_u64().unwrap(), server, owner };

    let manager = shop.hire_as(&json!({"name": "Meena", "role": MANAGER, "pin": MANAGER_PIN, "password": PASSWORD}));
    let mut pairing = Pairing::ask(shop.server.addr, &json!({"name": "Till"}));
    pairing.confirm(&mut shop.owner, &json!({"code": pairing.code, "name": "Till"})).expect(200);
    pairing.poll().expect(200);
    let mut till = pairing.visitor.clone();
    let invite = text(&shop.owner.post("/api/pairings", &json!({})).expect(201), "invite");
    let invited = Pairing::ask(shop.server.addr, &json!({"invite": invite}));
    till.log_in(manager, "00000000").expect(401);
    till.log_in(manager, MANAGER_PIN).expect(200);
    let first_session = till.person_cookie().1;
    till.log_in(manager, MANAGER_PIN).expect(200);
    let mut phone = Visitor::browser(shop.server.addr);
    phone.log_in_by_password(manager, PASSWORD).expect(200);
    phone.log_in_by_password(manager, "needle in another stack").expect(401);
    let new_pin = json!({"current": MANAGER_PIN, "pin": "71625348"});
    till.put(&format!("/api/people/{manager}"), &new_pin).expect(200);
    till.log_in(manager, "71625348").expect(200);
    let (_, mut program) = shop.program("Script", MANAGER);
    let (_, mut door) = shop.door("Old phone", MANAGER, &Value::Null);
    let order = text(&door.post("/api/orders/create-sale", &bill()).expect(201), "order_id");
    program.create_estimate("Asha");
    let screen = program.socket("/sync");
    let _old = door.socket("/ws").unwrap();
    // A token, a PIN or a secret in the wrong place is still a secret.
    let token = program.token.clone().unwrap();
    program.get(&format!("{}x/api/estimates/all", door.prefix));
    program.post("/api/login", &json!({"person": manager, "pin": [PIN]}));
    shop.owner.keyed("POST", "/api/people", "key-1", &json!({"name": "Ravi", "role": 3, "pin": PIN})).expect(201);

    for (name, secret) in [
        ("a PIN", PIN.to_string()),
        ("a manager's PIN", MANAGER_PIN.into()),
        ("a new PIN", "71625348".into()),
        ("a password", PASSWORD.into()),
        ("a wrong password", "needle in another stack".into()),
        ("the owner's code", code),
        ("this machine's token", local),
        ("a program's token", token),
        ("a door's secret", door.prefix.strip_prefix("/door/").unwrap().into()),
        ("a pairing's secret", pairing.secret.clone()),
        ("an invited one's secret", invited.secret.clone()),
        ("an invitation", invite),
        ("a session that is over", first_session),
    ] {
        secrets.push((name, secret));
    }
    for visitor in [&shop.owner, &till, &phone] {
        secrets.extend(visitor.cookies.values().map(|value| ("a cookie", value.clone())));
    }
    drop(screen);

    // What anybody reads from now on.
    let records = [("orders", order)];
    for mut visitor in [shop.owner.clone(), till, phone, program, door, Visitor::browser(shop.server.addr), wrong] {
        visitor.heard.clear();
        read_everything(&mut visitor, &records);
        for (name, secret) in &secrets {
            assert!(!has(&visitor.heard, secret.as_bytes()), "{name} stands in an answer");
        }
    }
    // What is left behind: after a proper end everything is written.
    shop.server.stop();
    let directory = shop.server.dir.path().to_path_buf();
    for entry in std::fs::read_dir(&directory).unwrap() {
        let path = entry.unwrap().path();
        let is_for_programs = path.ends_with("tillsync.local");
        let Ok(bytes) = std::fs::read(&path) else { continue };
        for (name, secret) in secrets.iter().filter(|(name, _)| !is_for_programs || *name != "this machine's token") {
            for form in forms(secret) {
                assert!(!has(&bytes, &form), "{name} stands in {}", path.display());
            }
        }
    }
}

#[test]
fn what_is_masked_is_in_no_byte_that_the_masked_person_is_answered() {
    let mut shop = Staffed::open();
    let rights = ["sell", "estimate", "convert", "edit_others", "status", "figures", "export"];
    let role = shop.role("Masked", &rights, &json!({"masks": ["contact", "amounts"], "discount_max": 100}));
    let (_, mut masked) = shop.worker("Ravi", role, "1618");
    let order = text(&shop.owner.post("/api/orders/create-sale", &bill()).expect(201), "order_id");
    let estimate = text(&shop.owner.post("/api/estimates/create", &bill()).expect(201), "estimate_id");
    let second = text(&shop.owner.post("/api/estimates/create", &bill()).expect(201), "estimate_id");
    let page = masked.get("/api/changes").expect(200);
    let waiting = format!("/api/changes?since={}&epoch={}&wait=60", page["next"], page["epoch"].as_str().unwrap());
    let mut poll = masked.begin("GET", &waiting, b"", 0);
    shop.owner.put(&format!("/api/estimates/{estimate}"), &bill()).expect(200);
    let polled = poll.read("GET");
    assert_eq!(polled.status, 200);
    masked.heard.extend(polled.body);

    let records = [("orders", order.clone()), ("estimates", estimate.clone()), ("estimates", second.clone())];
    read_everything(&mut masked, &records);
    for path in ["customers", "reports/today", "reports/sales", "exports/orders.csv", "exports/all.jsonl", "presence"] {
        // Those that a later stage brings are asked already.
        masked.get(&format!("/api/{path}"));
    }
    let stale = [("If-Match", "\"99\"")];
    let small = samples::estimate("Asha").to_string();
    // Other lines take a right that he has not; what the bill costs does not decide that.
    masked.request("PUT", &format!("/api/estimates/{estimate}"), &stale, Some(small.as_bytes())).expect(403);
    masked.post(&format!("/api/estimates/{estimate}/duplicate"), &json!({})).expect(201);
    masked.keyed("POST", &format!("/api/estimates/{second}/convert-to-order"), "k", &json!({})).expect(200);
    masked.keyed("POST", &format!("/api/estimates/{second}/convert-to-order"), "k", &json!({})).expect(200);
    masked.post(&format!("/api/estimates/{second}/convert-to-order"), &json!({"sale_by": "x"}));
    masked.request("PUT", &format!("/api/orders/{order}/status?status=Packed"), &[], None).expect(200);
    masked.delete(&format!("/api/orders/{order}"));
    masked.post(&format!("/api/orders/{order}/owner"), &json!({"person": shop.owner_id})).expect(200);
    read_everything(&mut masked, &records);
    for needle in [PHONE, PHONE_DIGITS, ADDRESS, AMOUNT_TEXT, "86,420", "8642097"] {
        assert!(!has(&masked.heard, needle.as_bytes()), "{needle} was told");
    }
    // A Viewer, who sees amounts, is not told whom to call.
    let (_, mut wall) = shop.program("Wall", VIEWER);
    read_everything(&mut wall, &records);
    for needle in [PHONE, PHONE_DIGITS, ADDRESS] {
        assert!(!has(&wall.heard, needle.as_bytes()), "{needle} was told");
    }
    assert!(has(&wall.heard, AMOUNT_TEXT.as_bytes()), "amounts are not masked for all");
}
