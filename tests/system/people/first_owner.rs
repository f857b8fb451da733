//! The first owner: made by a code that only this machine can ask for, never by whoever comes first.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::people::{OWNER_PIN, Pairing, RIGHTS, Staffed, machine_token, owner_code, this_machine};
use crate::support::samples;
use crate::support::server::Server;
use crate::support::till::{self, text};
use crate::support::visitor::Visitor;

const NEW_PIN: &str = "902144";

fn make(visitor: &mut Visitor, code: &str, name: &str) -> crate::support::http::Reply {
    visitor.post("/api/owner", &json!({"code": code, "name": name, "pin": OWNER_PIN, "device_name": name}))
}

#[test]
fn until_there_is_an_owner_everything_is_as_before() {
    let server = Server::start();
    let mut client = server.client();
    let me = client.get("/api/me").expect(200);
    assert_eq!(me["has_owner"], json!(false));
    assert_eq!((&me["person"], &me["device"], &me["role"]), (&Value::Null, &Value::Null, &Value::Null));
    assert_eq!((&me["masks"], &me["is_cut"], &me["days_back"]), (&json!([]), &json!(false), &Value::Null));
    let rights: BTreeSet<&str> = me["rights"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(rights, RIGHTS.into_iter().collect());

    let mut screen = server.socket("/ws");
    let mut sync = server.socket("/sync");
    assert_eq!(sync.next_json()["action"], "hello");
    let estimate = till::create_estimate(&mut client, "Asha");
    assert_eq!(screen.next_json()["id"], estimate.id.as_str());
    assert_eq!(sync.next_json()["id"], estimate.id.as_str());
    let record = client.get(&format!("/api/estimates/{}", estimate.id)).expect(200);
    assert_eq!((record.get("owner"), record.get("redacted")), (None, None), "{record}");
    client.put("/api/settings", &json!({"shop_name": "Patil"})).expect(200);
    assert_eq!(client.get("/api/people").expect(200), json!([]));
    // A browser of before, with a cookie of another shop and without an Origin, goes on as before.
    let body = samples::sale("Asha").to_string();
    let old = [("Cookie", "theme=dark")];
    client.request("POST", "/api/orders/create-sale", &old, Some(body.as_bytes())).expect(201);
}

#[test]
fn a_code_makes_one_owner_once_and_from_then_on_strangers_get_401() {
    let server = Server::start();
    let mut stranger = server.client();
    let before = till::create_estimate(&mut stranger, "Asha");
    let mut sockets = ["/ws", "/sync", "/ws?format=legacy"].map(|path| server.socket(path));

    let code = owner_code(&server, false);
    let is_plain = |c: char| c.is_ascii_alphanumeric() && !"0O1I".contains(c);
    assert!(code.len() == 8 && code.chars().all(is_plain), "{code}");
    let mut owner = Visitor::browser(server.addr);
    // As people type it.
    let typed = format!(" {}-{} ", code[..4].to_lowercase(), &code[4..]);
    let me = make(&mut owner, &typed, "Asha").expect(201);
    assert_eq!(
        (&me["has_owner"], &me["person"]["name"], &me["role"]["name"]),
        (&json!(true), &json!("Asha"), &json!("Owner"))
    );
    assert_eq!((&me["device"]["kind"], &me["is_cut"]), (&json!("browser"), &json!(false)));
    assert_eq!(owner.cookies.len(), 2, "{:?}", owner.cookies);
    assert_eq!(owner.me(), me);

    for socket in &mut sockets {
        assert_eq!(socket.close_code(), Some(4401));
    }
    for path in ["/api/estimates/all", "/api/changes?since=0", "/api/settings", "/metrics", "/api/people"] {
        assert!(!stranger.get(path).detail(401).is_empty(), "{path}");
    }
    stranger.get(&format!("/api/estimates/{}", before.id)).detail(401);
    assert!(!server.post("/api/estimates/create", &samples::estimate("Ravi")).detail(401).is_empty());
    for path in ["/ws", "/sync"] {
        let refused = Visitor::browser(server.addr).socket(path).err().expect("a refusal");
        assert!(refused.contains("401"), "{path}: {refused}");
    }
    let nobody = server.get("/api/me").expect(200);
    assert_eq!((&nobody["has_owner"], &nobody["rights"], &nobody["device"]), (&json!(true), &json!([]), &Value::Null));
    // What was there before is the owner's to see.
    assert_eq!(owner.ids("/api/estimates/all"), [before.id.as_str()]);

    let mut second = Visitor::browser(server.addr);
    let status = make(&mut second, &code, "Thief").status;
    assert!([403, 410].contains(&status), "a code works once: {status}");
    assert_eq!(till::array(owner.get("/api/people").expect(200)).len(), 1);
}

#[test]
fn health_tells_strangers_nothing_of_the_shop() {
    let mut shop = Staffed::open();
    shop.owner.create_estimate("Asha");
    for path in ["/health", "/api/health"] {
        let health = shop.server.get(path).expect(200);
        assert_eq!(health["status"], "healthy");
        for field in ["seq", "epoch", "counters", "connected_clients"] {
            assert_eq!(health.get(field), None, "{path}: {health}");
        }
    }
}

#[test]
fn a_code_is_over_after_five_wrong_tries() {
    let server = Server::start();
    let code = owner_code(&server, false);
    let mut visitor = Visitor::browser(server.addr);
    for turn in 1..=5 {
        let status = make(&mut visitor, "ZZZZZZZZ", "Thief").status;
        assert!(status == 403 || status == 410 && turn == 5, "try {turn}: {status}");
    }
    assert!(!make(&mut visitor, &code, "Asha").detail(410).is_empty());
    assert_eq!(visitor.me()["has_owner"], json!(false));
    assert!(visitor.cookies.is_empty());
    // The shop is not locked: there is a next code.
    let next = owner_code(&server, false);
    assert_ne!(next, code);
    make(&mut visitor, &next, "Asha").expect(201);
}

#[test]
fn a_newer_code_takes_the_place_of_the_older_one_and_faults_cost_no_try() {
    let server = Server::start();
    let older = owner_code(&server, false);
    let code = owner_code(&server, false);
    let mut visitor = Visitor::browser(server.addr);
    let status = make(&mut visitor, &older, "Asha").status;
    assert!([403, 410].contains(&status), "{status}");
    for wrong in [
        json!({"code": code, "name": "Asha"}),
        json!({"code": code, "name": "Asha", "pin": "12345"}),
        json!({"code": code, "name": "Asha", "pin": "123456789"}),
        json!({"code": code, "name": "Asha", "pin": "12345x"}),
        json!({"code": code, "name": "Asha", "password": "short"}),
        json!({"code": code, "name": " ", "pin": OWNER_PIN}),
    ] {
        visitor.post("/api/owner", &wrong).expect(422);
    }
    visitor.post("/api/owner", &json!({"code": code, "name": "Asha", "password": "correct horse"})).expect(201);
}

#[test]
fn of_two_at_once_one_wins() {
    for _ in 0..3 {
        let server = Server::start();
        let code = owner_code(&server, false);
        let bodies = ["Asha", "Bela"].map(|name| json!({"code": code, "name": name, "pin": OWNER_PIN}));
        let origin = format!("http://{}", server.addr);
        let replies = till::together(server.addr, 2, |index, client| {
            let body = bodies[index].to_string();
            client.request("POST", "/api/owner", &[("Origin", &origin)], Some(body.as_bytes()))
        });
        let mut statuses: Vec<u16> = replies.iter().map(|reply| reply.status).collect();
        statuses.sort_unstable();
        assert!(statuses[0] == 201 && [403, 409, 410].contains(&statuses[1]), "{statuses:?}");
        let winner = replies.iter().find(|reply| reply.status == 201).unwrap().json();
        let listed = till::array(this_machine(&server).get("/api/people").expect(200));
        assert_eq!(listed.len(), 1, "{listed:?}");
        assert_eq!(listed[0]["name"], winner["person"]["name"]);
    }
}

#[test]
fn only_this_machines_token_asks_for_a_code() {
    let mut shop = Staffed::open();
    let mut pairing = Pairing::ask(shop.server.addr, &json!({}));
    pairing.confirm(&mut shop.owner, &json!({"code": pairing.code, "name": "Till"})).expect(200);
    pairing.poll().expect(200);
    for (who, visitor) in [
        ("nobody", &mut Visitor::browser(shop.server.addr)),
        ("a device", &mut pairing.visitor),
        ("the owner", &mut shop.owner),
        ("a made-up token", &mut Visitor::program(shop.server.addr, Some("0".repeat(64)))),
    ] {
        let status = visitor.post("/api/owner/code", &json!({"reset": true})).status;
        assert!([401, 403].contains(&status), "{who}: {status}");
    }
    let answer = this_machine(&shop.server).post("/api/owner/code", &json!({"reset": true})).expect(201);
    assert!(answer["expires_in"].as_u64().is_some_and(|seconds| (1..=900).contains(&seconds)), "{answer}");
}

#[test]
fn a_reset_gives_the_owner_of_that_name_a_new_pin_and_ends_the_owners_sessions() {
    let mut shop = Staffed::open();
    let (_, mut other) = shop.worker("Bela", crate::support::people::OWNER, "777888");
    let (_, mut manager) = shop.manager();
    let people = till::array(shop.owner.get("/api/people").expect(200)).len();

    let code = owner_code(&shop.server, true);
    assert_eq!(shop.owner.person().as_deref(), Some("Asha"), "a code alone ends nothing");
    let mut rescuer = Visitor::browser(shop.server.addr);
    let made = rescuer.post("/api/owner", &json!({"code": code, "name": "Asha", "pin": NEW_PIN})).expect(201);
    assert_eq!(made["person"]["id"], json!(shop.owner_id), "the same person: {made}");
    assert_eq!(shop.owner.person(), None);
    assert_eq!(other.person(), None, "all owners' sessions end");
    assert_eq!(manager.person().as_deref(), Some("Meena"));
    assert_eq!(till::array(rescuer.get("/api/people").expect(200)).len(), people, "no second Asha");

    shop.owner.log_in(shop.owner_id, OWNER_PIN).expect(401);
    shop.owner.log_in(shop.owner_id, NEW_PIN).expect(200);

    // By another name it makes another owner.
    let code = owner_code(&shop.server, true);
    let made = Visitor::browser(shop.server.addr)
        .post("/api/owner", &json!({"code": code, "name": "Chitra", "pin": NEW_PIN}))
        .expect(201);
    assert_eq!((text(&made["person"], "name"), text(&made["role"], "name")), ("Chitra".into(), "Owner".into()));
    assert_eq!(shop.owner.person(), None);
}

#[cfg(unix)]
#[test]
fn the_token_and_the_pepper_are_for_this_user_alone_and_the_token_is_new_at_each_start() {
    use std::os::unix::fs::PermissionsExt as _;
    let mut shop = Staffed::open();
    for name in ["tillsync.local", "tillsync.pepper"] {
        let mode = std::fs::metadata(shop.server.dir.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    let (base, token) = machine_token(&shop.server);
    assert_eq!(base.trim_end_matches('/'), format!("http://{}", shop.server.addr));
    assert!(token.len() >= 32, "{} characters", token.len());
    let pepper = std::fs::read(shop.server.dir.path().join("tillsync.pepper")).unwrap();
    assert!(pepper.len() >= 32, "{} bytes", pepper.len());

    shop.server.kill();
    shop.server.start_again();
    let (_, newer) = machine_token(&shop.server);
    assert_ne!(newer, token);
    Visitor::program(shop.server.addr, Some(token)).get("/api/estimates/all").expect(401);
    let mut machine = Visitor::program(shop.server.addr, Some(newer));
    machine.get("/api/estimates/all").expect(200);
    machine.create_estimate("Asha");
    assert_eq!(machine.me()["rights"].as_array().unwrap().len(), RIGHTS.len());
    assert_eq!(std::fs::read(shop.server.dir.path().join("tillsync.pepper")).unwrap(), pepper, "the pepper stays");
}
