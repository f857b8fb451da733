//! The same for the addresses about people: the shop gets an owner, and then it is asked by him, by programs with little to see,
//! and by strangers.

use serde_json::{Value, json};

use super::{Asker, ESTIMATE, ORDER};
use crate::support::http::{Client, Reply};
use crate::support::samples;
use crate::support::server::Server;
use crate::support::wait_until;

/// The ids of the roles that every shop has.
pub(super) const OWNER: u64 = 1;
const SELLER: u64 = 3;

pub(super) const OWNER_PIN: &str = "483920";
const PASSWORD: &str = "correct horse battery";
const LOGIN: &str = "POST /api/login";
const PAIR: &str = "POST /api/pair";

/// A handshake, without which a socket's address says nothing else than that it is one.
const UPGRADE: [(&str, &str); 4] = [
    ("Connection", "Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
];

/// The token in the file that the server leaves for programs of its own machine.
pub(super) fn machine_token(server: &Server) -> String {
    let path = server.dir.path().join("tillsync.local");
    let mut lines: Vec<String> = Vec::new();
    wait_until("the token file of this machine", || {
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        lines = text.lines().map(str::to_string).collect();
        lines.len() >= 2 && server.ready.contains(lines[0].trim_end_matches('/'))
    });
    lines.remove(1)
}

/// One who asks with a token or as a stranger; on a connection for each question, since a refusal may end the one on which it
/// was said.
struct Visitor<'v, 'a> {
    asker: &'v mut Asker<'a>,
    token: Option<String>,
}

impl<'a> Visitor<'_, 'a> {
    /// Somebody else, until this one asks again.
    fn other(&mut self, token: Option<&str>) -> Visitor<'_, 'a> {
        Visitor { asker: &mut *self.asker, token: token.map(str::to_string) }
    }

    fn ask(&mut self, operation: &str, address: &str, body: Option<&Value>, status: u16) -> Value {
        self.ask_with(operation, address, &[], body, status).json()
    }

    fn ask_with(
        &mut self,
        operation: &str,
        address: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
        status: u16,
    ) -> Reply {
        self.asker.client = Client::connect(self.asker.client.peer());
        let bearer = self.token.as_ref().map(|token| format!("Bearer {token}"));
        let bearer = bearer.as_ref().map(|bearer| ("Authorization", bearer.as_str()));
        let own = bearer.filter(|_| headers.iter().all(|(name, _)| *name != "Authorization"));
        let all: Vec<(&str, &str)> = own.into_iter().chain(headers.iter().copied()).collect();
        self.asker.ask(operation, address, &all, body, status)
    }

    fn get(&mut self, path: &str, address: &str, status: u16) -> Value {
        self.ask(&format!("GET {path}"), address, None, status)
    }

    /// Posts to an address without parameters.
    fn post(&mut self, path: &str, body: &Value, status: u16) -> Value {
        self.ask(&format!("POST {path}"), path, Some(body), status)
    }
}

fn id(value: &Value) -> u64 {
    value["id"].as_u64().unwrap_or_else(|| panic!("no id: {value}"))
}

fn text(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap_or_else(|| panic!("no {field}: {value}")).to_string()
}

pub(super) fn ask_for_people(server: &Server, asker: &mut Asker<'_>) {
    let token = machine_token(server);
    let token = ask_for_the_owner(&mut Visitor { asker: &mut *asker, token: Some(token) });
    let mut owner = Visitor { asker, token: Some(token) };
    ask_as_a_stranger(&mut owner.other(None));
    ask_for_roles(&mut owner);
    ask_for_persons(&mut owner);
    ask_for_devices(&mut owner);
    ask_for_pairings(&mut owner);
    ask_for_logins(&mut owner);
    ask_for_a_nod(&mut owner);
    ask_for_records_handed_over(&mut owner);
    ask_for_what_is_masked(&mut owner);
    ask_for_the_audit(&mut owner);
}

/// Gives the owner's token.
fn ask_for_the_owner(machine: &mut Visitor<'_, '_>) -> String {
    let (owner, code) = ("/api/owner", "/api/owner/code");
    assert_eq!(machine.get("/api/me", "/api/me", 200)["has_owner"], false);
    machine.post(code, &json!({"reset": "perhaps"}), 422);
    let made = text(&machine.post(code, &json!({}), 201), "code");
    machine.post(owner, &json!({"code": "ZZZZZZZZ", "name": "Asha", "pin": OWNER_PIN}), 403);
    machine.post(owner, &json!({"code": made, "name": "Asha"}), 422);
    machine.post(owner, &json!({"code": made, "name": "Asha", "pin": "4839"}), 422);
    machine.ask("POST /api/owner", owner, None, 411);
    let typed = format!("{}-{}", made[..4].to_lowercase(), &made[4..]);
    let body = json!({"code": typed, "name": "Asha", "pin": OWNER_PIN, "password": PASSWORD, "program": true});
    let me = machine.post(owner, &body, 201);
    assert_eq!((&me["has_owner"], &me["role"]["id"]), (&json!(true), &json!(OWNER)));
    machine.post(owner, &body, 410);
    machine.post(code, &json!({}), 409);
    text(&me, "token")
}

fn ask_as_a_stranger(stranger: &mut Visitor<'_, '_>) {
    for path in [
        "/metrics",
        "/api/changes",
        "/api/presence",
        "/api/search",
        "/api/summary",
        "/api/settings",
        "/api/estimates/all",
        "/api/orders/orders-only",
        "/api/people",
        "/api/roles",
        "/api/devices",
        "/api/pairings",
        "/api/audit",
        "/api/audit/verify",
    ] {
        stranger.get(path, path, 401);
    }
    stranger.get(ESTIMATE, "/api/estimates/EST-00000000", 401);
    for path in ["/ws", "/sync"] {
        stranger.ask_with(&format!("GET {path}"), path, &UPGRADE, None, 401);
    }
    for (path, body) in [
        ("/api/estimates/create", samples::estimate("Asha")),
        ("/api/orders/create-sale", samples::sale("Asha")),
        ("/api/people", json!({"name": "Thief", "role": OWNER})),
        ("/api/devices", json!({"name": "Thief", "kind": "program", "role": OWNER})),
    ] {
        stranger.post(path, &body, 401);
    }
    let me = stranger.get("/api/me", "/api/me", 200);
    assert_eq!((&me["has_owner"], &me["device"], &me["rights"]), (&json!(true), &Value::Null, &json!([])));
    for path in ["/health", "/api/health"] {
        assert!(stranger.get(path, path, 200).get("seq").is_none());
    }
}

fn ask_for_roles(owner: &mut Visitor<'_, '_>) {
    let (roles, one) = ("/api/roles", "/api/roles/{role_id}");
    let body = json!({"name": "Helper", "rights": ["estimate"], "scope": {"estimates": "own", "orders": "all"},
        "days_back": 3, "discount_max": 2.5, "masks": ["amounts"]});
    let address = format!("/api/roles/{}", id(&owner.post(roles, &body, 201)));
    for wrong in [json!({"name": "Helper"}), json!({"name": "X", "rights": ["fly"]}), json!({"rights": []})] {
        owner.post(roles, &wrong, 422);
    }
    assert_eq!(owner.get(roles, roles, 200).as_array().unwrap().len(), 5);
    let (put, delete) = (format!("PUT {one}"), format!("DELETE {one}"));
    owner.ask(&put, &address, Some(&json!({"days_back": null, "masks": []})), 200);
    owner.ask(&put, &address, Some(&json!({"discount_max": 101})), 422);
    owner.ask(&put, "/api/roles/1", Some(&json!({"rights": []})), 409);
    owner.ask(&put, "/api/roles/987", Some(&json!({"name": "X"})), 404);
    owner.ask(&delete, &address, None, 200);
    owner.ask(&delete, &address, None, 404);
    owner.ask(&delete, "/api/roles/3", None, 409);
}

fn ask_for_persons(owner: &mut Visitor<'_, '_>) {
    let (people, one) = ("/api/people", "/api/people/{person_id}");
    let person = id(&owner.post(people, &json!({"name": "Ravi", "role": SELLER, "pin": "1618"}), 201));
    for wrong in
        [json!({"name": "Ravi", "role": SELLER}), json!({"name": "X", "role": SELLER, "pin": "12a4"}), json!({})]
    {
        owner.post(people, &wrong, 422);
    }
    let listed = owner.get(people, people, 200);
    let own = listed.as_array().unwrap().iter().find(|one| one["name"] == "Asha").map(id).unwrap();
    let (put, delete) = (format!("PUT {one}"), format!("DELETE {one}"));
    let address = format!("/api/people/{person}");
    owner.ask(&put, &address, Some(&json!({"name": "Ravi K", "password": PASSWORD, "is_active": false})), 200);
    owner.ask(&put, &address, Some(&json!({"pin": "1"})), 422);
    owner.ask(&put, &format!("/api/people/{own}"), Some(&json!({"is_active": false})), 409);
    owner.ask(&delete, &format!("/api/people/{own}"), None, 409);
    owner.ask(&delete, &address, None, 200);
    owner.ask(&delete, &address, None, 404);
    owner.ask(&put, &address, Some(&json!({"name": "X"})), 404);
}

fn ask_for_devices(owner: &mut Visitor<'_, '_>) {
    let (devices, one) = ("/api/devices", "/api/devices/{device_id}");
    let program = json!({"name": "Printer", "kind": "program", "role": SELLER});
    let key = [("Idempotency-Key", "till-7-0050")];
    let made = owner.ask_with("POST /api/devices", devices, &key, Some(&program), 201).json();
    owner.ask_with("POST /api/devices", devices, &key, Some(&program), 409);
    let token = text(&made, "token");
    let door = owner.post(devices, &json!({"name": "Old till", "kind": "door", "role": SELLER}), 201);
    assert!(door["url"].is_string() && door.get("token").is_none(), "{door}");
    for wrong in
        [json!({"name": "X", "kind": "browser", "role": SELLER}), json!({"name": "X", "kind": "door", "role": 987})]
    {
        owner.post(devices, &wrong, 422);
    }
    let address = format!("/api/devices/{}", id(&made["device"]));
    let (put, delete) = (format!("PUT {one}"), format!("DELETE {one}"));
    owner.ask(&put, &address, Some(&json!({"name": "Label printer"})), 200);
    owner.ask(&put, &address, Some(&json!({"role": null})), 422);
    owner.ask(&put, "/api/devices/987", Some(&json!({"name": "X"})), 404);

    // What its role does not allow, and what it lists to others.
    let mut seller = owner.other(Some(&token));
    seller.get(devices, devices, 403);
    seller.post("/api/people", &json!({}), 403);
    seller.post("/api/owner/code", &json!({}), 403);
    for path in ["/api/people", "/api/roles"] {
        let listed = seller.get(path, path, 200);
        assert_eq!(listed[0].as_object().unwrap().len(), 2, "names alone: {listed}");
    }
    assert_eq!(seller.get("/api/summary", "/api/summary", 200)["scope"], "own");
    owner.get(devices, devices, 200);
    owner.ask(&delete, &address, None, 200);
    owner.ask(&delete, &address, None, 404);
}

fn ask_for_pairings(owner: &mut Visitor<'_, '_>) {
    let (waiting, get) = ("/api/pairings", "GET /api/pair");
    let (confirm, refuse) = ("POST /api/pairings/{pairing_id}/confirm", "POST /api/pairings/{pairing_id}/refuse");
    let begun = owner.post("/api/pair", &json!({"name": "Ravi's phone"}), 202);
    let secret = format!("Pair {}", text(&begun, "secret"));
    let secret = [("Authorization", secret.as_str())];
    owner.ask_with(get, "/api/pair", &secret, None, 202);
    owner.get(waiting, waiting, 200);
    let address = format!("/api/pairings/{}/confirm", id(&begun));
    let code = text(&begun, "code");
    let other = if code == "000000" { "000001" } else { "000000" };
    owner.ask(confirm, &address, Some(&json!({"code": other, "name": "Phone"})), 403);
    owner.ask(confirm, &address, Some(&json!({"code": code, "name": " "})), 422);
    owner.ask(confirm, &address, Some(&json!({"code": code, "name": "Phone", "role": SELLER})), 200);
    owner.ask_with(get, "/api/pair", &secret, None, 200);
    owner.ask(confirm, "/api/pairings/987/confirm", Some(&json!({"code": code, "name": "Phone"})), 404);
    owner.ask_with(get, "/api/pair", &[("Authorization", "Pair 0000")], None, 410);

    let begun = owner.post("/api/pair", &json!({}), 202);
    let by_digits = json!({"code": begun["code"], "name": "Tablet"});
    owner.post("/api/pairings/confirm", &by_digits, 200);
    owner.post("/api/pairings/confirm", &by_digits, 404);

    let invited = owner.ask("POST /api/pairings", waiting, Some(&json!({})), 201);
    let begun = owner.post("/api/pair", &json!({"invite": invited["invite"], "program": true}), 202);
    assert_eq!(begun["code"], Value::Null);
    owner.post("/api/pair", &json!({"invite": invited["invite"]}), 410);
    owner.ask(PAIR, "/api/pair", Some(&json!({"name": 7})), 422);
    let secret = format!("Pair {}", text(&begun, "secret"));
    let refused = format!("/api/pairings/{}/refuse", id(&begun));
    owner.ask(refuse, &refused, Some(&json!({})), 200);
    owner.ask(refuse, &refused, Some(&json!({})), 404);
    owner.ask_with(get, "/api/pair", &[("Authorization", secret.as_str())], None, 403);
}

fn ask_for_logins(owner: &mut Visitor<'_, '_>) {
    let login = json!({"person": owner_id(owner), "password": PASSWORD, "program": true, "device_name": "Script"});
    for leave in ["/api/lock", "/api/logout"] {
        let mut stranger = owner.other(None);
        let me = stranger.post("/api/login", &login, 200);
        let mut script = owner.other(Some(&text(&me, "token")));
        assert_eq!(script.get("/api/me", "/api/me", 200)["device"]["name"], "Script");
        script.post(leave, &json!({}), 200);
        script.get("/api/people", "/api/people", 401);
    }
    let mut stranger = owner.other(None);
    // On a device that is not let in a PIN is not looked at.
    stranger.post("/api/login", &json!({"person": 1, "pin": OWNER_PIN}), 401);
    stranger.post("/api/login", &json!({"person": 1}), 422);
    stranger.ask_with(LOGIN, "/api/login", &[("Content-Type", "text/plain")], Some(&login), 415);
    let wrong = json!({"person": 987, "password": PASSWORD});
    for _ in 0..4 {
        stranger.post("/api/login", &wrong, 401);
    }
    stranger.post("/api/login", &wrong, 429);
}

fn owner_id(owner: &mut Visitor<'_, '_>) -> u64 {
    id(&owner.get("/api/me", "/api/me", 200)["person"])
}

/// The token of a new program.
fn program(owner: &mut Visitor<'_, '_>, name: &str, role: u64, person: Option<u64>) -> String {
    let body = json!({"name": name, "kind": "program", "role": role, "person": person});
    text(&owner.post("/api/devices", &body, 201), "token")
}

fn ask_for_a_nod(owner: &mut Visitor<'_, '_>) {
    let (sale, manager) = (samples::sale("Asha"), owner_id(owner));
    let token = program(owner, "Counter", SELLER, None);
    let mut seller = owner.other(Some(&token));
    let sold = seller.post("/api/orders/create-sale", &sale, 201);
    let address = format!("/api/orders/{}", text(&sold, "order_id"));
    let key = [("Idempotency-Key", "till-7-0051")];
    let delete = format!("DELETE {ORDER}");
    let refused = seller.ask_with(&delete, &address, &key, None, 403).json();
    assert!(refused["may"].as_array().unwrap().contains(&json!("Manager")), "{refused}");
    let nod = |pin: &str, key: &str| json!({"person": manager, "pin": pin, "for": key});
    seller.post("/api/override", &nod(OWNER_PIN, "till-7-0099"), 404);
    seller.post("/api/override", &nod("000000", "till-7-0051"), 401);
    seller.post("/api/override", &json!({"person": manager, "for": "till-7-0051"}), 422);
    seller.post("/api/override", &nod(OWNER_PIN, "till-7-0051"), 200);
    seller.ask_with(&delete, &address, &key, None, 200);
}

fn ask_for_records_handed_over(owner: &mut Visitor<'_, '_>) {
    let cut = json!({"name": "Own alone", "rights": ["estimate"], "scope": {"estimates": "own", "orders": "own"}});
    let role = id(&owner.post("/api/roles", &cut, 201));
    let helper = id(&owner.post("/api/people", &json!({"name": "Meena", "role": role}), 201));
    let token = program(owner, "Helper", role, Some(helper));
    let own = owner_id(owner);
    for (create, path, sample, field) in [
        ("/api/estimates/create", ESTIMATE, samples::estimate("Asha"), "estimate_id"),
        ("/api/orders/create-sale", ORDER, samples::sale("Asha"), "order_id"),
    ] {
        let record = text(&owner.post(create, &sample, 201), field);
        let one = path.replace(&format!("{{{field}}}"), &record);
        let (operation, address) = (format!("POST {path}/owner"), format!("{one}/owner"));
        let mut as_helper = owner.other(Some(&token));
        as_helper.get(path, &one, 404);
        let given = owner.ask(&operation, &address, Some(&json!({"person": helper})), 200);
        assert_eq!(given["data"]["owner"], json!({"id": helper, "name": "Meena"}));
        let mut as_helper = owner.other(Some(&token));
        as_helper.get(path, &one, 200);
        as_helper.ask(&operation, &address, Some(&json!({"person": own})), 403);
        owner.ask(&operation, &address, Some(&json!({"person": own, "rev": 1})), 412);
        owner.ask(&operation, &address, Some(&json!({"person": 987})), 422);
        owner.ask(&operation, &address, Some(&json!({})), 422);
        owner.ask(&operation, &address, None, 411);
        owner.ask(&operation, &address, Some(&json!({"person": own})), 200);
        let steps = owner.get(&format!("{path}/history"), &format!("{one}/history"), 200);
        assert_eq!(steps[0]["person"]["id"], own, "{steps}");
    }
    let mut as_helper = owner.other(Some(&token));
    let changes = as_helper.get("/api/changes", "/api/changes?since=0", 200);
    let is_hidden = |change: &Value| change["action"] == "hide";
    let changes = changes["changes"].as_array().unwrap();
    assert_eq!(changes.iter().filter(|change| is_hidden(change)).count(), 2, "{changes:?}");
}

fn ask_for_what_is_masked(owner: &mut Visitor<'_, '_>) {
    let rights = ["sell", "estimate", "convert", "edit_others", "figures"];
    for masks in [json!(["contact"]), json!(["amounts"]), json!(["contact", "amounts"])] {
        let name = format!("Without {masks}");
        let role = json!({"name": name, "rights": rights, "masks": masks, "discount_max": 100,
            "scope": {"estimates": "all", "orders": "all"}});
        let role = id(&owner.post("/api/roles", &role, 201));
        let token = program(owner, &name, role, None);
        let mut masked = owner.other(Some(&token));
        for path in [
            "/api/estimates/all",
            "/api/estimates/pending",
            "/api/estimates/converted",
            "/api/orders/orders-only",
            "/api/orders/separate",
            "/api/orders/all",
            "/api/search",
            "/api/summary",
        ] {
            masked.get(path, path, 200);
        }
        let changes = masked.get("/api/changes", "/api/changes?since=0", 200);
        assert!(changes.to_string().contains("redacted"), "{changes}");
        let made = masked.post("/api/estimates/create", &samples::estimate("Asha"), 201);
        let address = format!("/api/estimates/{}", text(&made, "estimate_id"));
        let record = masked.get(ESTIMATE, &address, 200);
        assert!(record["redacted"].is_array(), "{record}");
        let mut edit = record;
        edit["customer_name"] = json!("Bela");
        let edit = masked.ask(&format!("PUT {ESTIMATE}"), &address, Some(&edit), 200);
        assert_eq!(edit["data"]["customer_name"], "Bela");
        let convert = format!("POST {ESTIMATE}/convert-to-order");
        let converting = format!("{address}/convert-to-order");
        masked.ask(&convert, &converting, Some(&json!({"rev": 1})), 412);
        let sold = masked.ask(&convert, &converting, Some(&json!({"payment_mode": "UPI"})), 200);
        masked.get(ORDER, &format!("/api/orders/{}", text(&sold, "order_id")), 200);
        masked.post("/api/orders/create-sale", &samples::sale("Asha"), 201);
    }
}

fn ask_for_the_audit(owner: &mut Visitor<'_, '_>) {
    let (audit, verify) = ("/api/audit", "/api/audit/verify");
    let own = owner_id(owner);
    let entries = owner.get(audit, audit, 200);
    assert!(entries.as_array().unwrap().len() > 10, "{entries}");
    let place = entries[0]["place"].as_u64().unwrap();
    let query = format!("{audit}?from=2025-01-13&to=9999-12-31&person={own}&kind=role&before={place}&limit=2");
    assert_eq!(owner.get(audit, &query, 200).as_array().unwrap().len(), 2);
    for wrong in ["limit=1001", "limit=0", "from=2025-1-13", "kind=tea"] {
        owner.get(audit, &format!("{audit}?{wrong}"), 422);
    }
    owner.get(audit, &format!("{audit}?kind=%ff"), 400);
    assert_eq!(owner.get(verify, verify, 200)["is_whole"], true);
    let token = program(owner, "Watcher", SELLER, None);
    let mut seller = owner.other(Some(&token));
    for path in [audit, verify] {
        seller.get(path, path, 403);
    }
}
