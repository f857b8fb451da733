//! Behind a proxy on the shop's own machine, as the manual sets one up for https: whoever comes by it is not on that machine, and
//! its cookies are taken from the shop's own page alone, port included.

use serde_json::{Value, json};

use crate::support::http::Reply;
use crate::support::people::{MANAGER, OWNER_PIN, Staffed, owner_code, this_machine};
use crate::support::program::program;
use crate::support::server::Server;
use crate::support::till::{array, text};
use crate::support::visitor::Visitor;
use crate::support::wait_until;

const NAME: &str = "shop.lan";
const PAGE: &str = "https://shop.lan";

fn server() -> Server {
    Server::start_with(&["--host", NAME, "--allow-origin", "http://127.0.0.1:3000"])
}

/// Asks as a browser does that is at the shop's page over https, from this address.
fn ask(visitor: &mut Visitor, from: &str, (method, path): (&str, &str), body: Option<&Value>) -> Reply {
    let headers = [
        ("Host", NAME),
        ("Origin", PAGE),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-For", from),
        ("Via", "1.1 proxy"),
    ];
    let body = body.map(Value::to_string);
    visitor.request(method, path, &headers, body.as_ref().map(String::as_bytes))
}

#[test]
fn until_there_is_an_owner_whoever_comes_by_a_proxy_is_let_in_no_more_than_other_devices() {
    let server = server();
    let mut visitor = Visitor::program(server.addr, None);
    visitor.create_estimate("Asha");
    for from in ["192.168.1.66", "127.0.0.1", "nonsense"] {
        for path in ["/api/estimates/all", "/metrics", "/api/settings", "/api/changes"] {
            assert!(!ask(&mut visitor, from, ("GET", path), None).detail(403).is_empty(), "{path} from {from}");
        }
        ask(&mut visitor, from, ("PUT", "/api/settings"), Some(&json!({"shop_name": "Thief"}))).expect(403);
        let me = ask(&mut visitor, from, ("GET", "/api/me"), None);
        assert_eq!(me.expect(200)["rights"], json!([]));
    }
    // Each of these headers alone says that somebody hands it on.
    for header in ["X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "Forwarded", "Via"] {
        visitor.request("GET", "/api/estimates/all", &[(header, "for=192.168.1.66")], None).expect(403);
    }
    visitor.get("/api/estimates/all").expect(200);
    // The code is what counts, also from there.
    let code = owner_code(&server, false);
    let mut owner = Visitor::browser(server.addr);
    let body = json!({"code": code, "name": "Asha", "pin": OWNER_PIN});
    ask(&mut owner, "192.168.1.66", ("POST", "/api/owner"), Some(&body)).expect(201);
}

#[test]
fn who_comes_by_a_proxy_is_told_apart_by_where_the_proxy_has_him_from() {
    let server = server();
    let code = owner_code(&server, false);
    let mut thief = Visitor::browser(server.addr);
    // What he writes himself stands before what the proxy adds.
    for _ in 0..6 {
        let wrong = json!({"code": "ZZZZZZZZ", "name": "Thief", "pin": OWNER_PIN});
        let status = ask(&mut thief, "127.0.0.1, 192.168.1.66", ("POST", "/api/owner"), Some(&wrong)).status;
        assert!([403, 410].contains(&status), "{status}");
    }
    let mut owner = Visitor::browser(server.addr);
    let body = json!({"code": code, "name": "Asha", "pin": OWNER_PIN});
    owner.post("/api/owner", &body).expect(201);

    let pair = |from: &str| ask(&mut Visitor::browser(server.addr), from, ("POST", "/api/pair"), Some(&json!({})));
    for _ in 0..3 {
        pair("192.168.1.66").expect(202);
    }
    assert!(!pair("127.0.0.1, 192.168.1.66").detail(429).is_empty(), "three from one address wait");
    pair("192.168.1.67").expect(202);
    let waiting = array(owner.get("/api/pairings").expect(200));
    let addresses: Vec<String> = waiting.iter().map(|one| text(one, "address")).collect();
    assert_eq!(addresses, ["192.168.1.66", "192.168.1.66", "192.168.1.66", "192.168.1.67"]);

    // Neither does one who locks himself out lock the next one out.
    let login = |from: &str| {
        let body = json!({"person": "Asha", "password": "a wrong password"});
        ask(&mut Visitor::browser(server.addr), from, ("POST", "/api/login"), Some(&body)).status
    };
    assert_eq!((0..6).map(|_| login("192.168.1.66")).collect::<Vec<_>>(), [401, 401, 401, 401, 401, 429]);
    assert_eq!(login("192.168.1.67"), 401);
    let told = owner.get("/api/audit?kind=strangers").expect(200).to_string();
    assert!(told.contains("192.168.1.6"), "{told}");
}

#[test]
fn this_machines_token_is_worth_nothing_by_the_proxy_to_somebody_elsewhere() {
    let shop = Staffed::of(server());
    let mut machine = this_machine(&shop.server);
    machine.get("/api/devices").expect(200);
    for from in ["192.168.1.66", "127.0.0.1", "nonsense"] {
        ask(&mut machine, from, ("GET", "/api/devices"), None).expect(401);
    }
}

/// A page on the shop's own machine shows another device the name, and one that came by the proxy how it came.
#[test]
fn links_for_other_devices_have_the_name_that_the_server_was_given() {
    for (name, expected) in [
        ("https://shop.lan", "https://shop.lan"),
        ("https://shop.lan:8443/", "https://shop.lan:8443"),
        ("http://shop.lan", "http://shop.lan"),
        // Its port is for its own machine alone, so that there is a proxy in front.
        ("shop.lan", "https://shop.lan"),
    ] {
        let server = Server::start_with(&["--host", name]);
        assert!(!server.ready.contains(expected), "before there is an owner: {}", server.ready);
        let hint = format!("let in at {expected} once the shop has an owner");
        wait_until("the hint", || server.log().contains(&hint));
        let mut shop = Staffed::of(server);
        let invited = text(&shop.owner.post("/api/pairings", &json!({})).expect(201), "url");
        assert!(invited.starts_with(&format!("{expected}/#pair=")), "{invited}");
        let door = json!({"name": "Old app", "kind": "door", "role": MANAGER});
        let door = text(&shop.owner.post("/api/devices", &door).expect(201), "url");
        assert!(door.starts_with(&format!("{expected}/door/")), "{door}");
        let by_proxy = ask(&mut shop.owner, "192.168.1.66", ("POST", "/api/pairings"), Some(&json!({})));
        assert!(text(&by_proxy.expect(201), "url").starts_with(&format!("{PAGE}/#pair=")));

        let data = shop.server.dir.path();
        let run = |args: &[&str]| {
            let output = program().args(args).arg("--data").arg(data).output().unwrap();
            assert!(output.status.success(), "{output:?}");
            (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
        };
        let (sheet, beside) = run(&["owner", "--reset"]);
        assert!(sheet.contains(&format!("    {expected}/#owner=")) && sheet.contains('▀'), "{sheet}");
        assert!(!beside.contains("not open to other devices"), "{beside}");
        let (door, beside) = run(&["device", "add", "Old phone", "--door", "--role", "Manager"]);
        assert!(
            door.starts_with(&format!("{expected}/door/")) && !beside.contains("not see everything"),
            "{door}{beside}"
        );
        let (_, beside) = run(&["device", "add", "Wall", "--door", "--role", "Seller"]);
        assert!(beside.contains("not see everything"), "{beside}");

        shop.server.stop();
        shop.server.start_again();
        assert!(shop.server.ready.contains(&format!("; on other devices {expected}/")), "{}", shop.server.ready);
    }
}

#[test]
fn cookies_are_taken_from_the_shops_own_page_alone_port_included() {
    let mut shop = Staffed::of(server());
    let invitations = |owner: &mut Visitor, host: &str, origin: &str| {
        let post = owner.request("POST", "/api/pairings", &[("Host", host), ("Origin", origin)], Some(b"{}")).status;
        let socket = owner.handshake("/ws", &[("Host", host), ("Origin", origin)]).status;
        (post, socket)
    };
    let own = format!("http://{}", shop.server.addr);
    let plain = shop.server.addr.to_string();
    assert_eq!(invitations(&mut shop.owner, &plain, &own), (201, 101));
    for (host, origin) in [(NAME, PAGE), (NAME, "https://shop.lan:443"), ("shop.lan:8443", "https://shop.lan:8443")] {
        assert_eq!(invitations(&mut shop.owner, host, origin), (201, 101), "{origin} at {host}");
    }
    for (host, origin) in [
        (NAME, "https://shop.lan:9443"),
        (NAME, "http://127.0.0.1:3000"),
        ("shop.lan:8443", PAGE),
        (plain.as_str(), "http://127.0.0.1:3000"),
        (plain.as_str(), PAGE),
        (plain.as_str(), "null"),
    ] {
        assert_eq!(invitations(&mut shop.owner, host, origin), (403, 403), "{origin} at {host}");
    }
    // A page of an allowed address has a token of its own.
    let (_, mut program) = shop.program("Kitchen", MANAGER);
    assert_eq!(program.handshake("/ws", &[("Origin", "http://127.0.0.1:3000")]).status, 101);
}
