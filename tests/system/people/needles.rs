//! Needles: secrets are used in every way that there is, and then looked for in every byte that was answered, in the log, the
//! metrics, the audit, and the files. What is masked is looked for in every byte that the masked person was answered.

use serde_json::{Value, json};

use crate::support::people::{MANAGER, Pairing, SELLER, Staffed, VIEWER, machine_token, owner_code};
use crate::support::samples;
use crate::support::server::Server;
use crate::support::socket::Socket;
use crate::support::till::{array, text};
use crate::support::visitor::Visitor;

const PIN: &str = "80417263";
const MANAGER_PIN: &str = "59302841";
const NEW_PIN: &str = "71625348";
const WRONG_PIN: &str = "60518274";
const NOD_PIN: &str = "93847561";
const RESET_PIN: &str = "48392017";
const SELLER_PIN: &str = "26405918";
const PASSWORD: &str = "needle in a haystack";
const WRONG_PASSWORD: &str = "needle in another stack";
const NOD_PASSWORD: &str = "the nod of a needle";
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

/// How often a needle stands in these bytes.
fn count(bytes: &[u8], needle: &[u8]) -> usize {
    bytes.windows(needle.len()).filter(|window| *window == needle).count()
}

/// A secret: what it is called, what it is, and how often all answers together may tell it: never, if somebody else chose it, and
/// once in the one answer that gives it.
struct Secret {
    name: &'static str,
    text: String,
    given: usize,
}

fn chosen(name: &'static str, text: &str) -> Secret {
    Secret { name, text: text.to_string(), given: 0 }
}

fn given(name: &'static str, text: &str) -> Secret {
    Secret { name, text: text.to_string(), given: 1 }
}

/// Everybody who has used a secret, and the sockets of managers that were open meanwhile.
struct Scene {
    shop: Staffed,
    secrets: Vec<Secret>,
    visitors: Vec<Visitor>,
    watching: Vec<Socket>,
    order: String,
}

impl Scene {
    fn open() -> Self {
        let server = Server::start_talkative();
        let mut secrets = vec![given("this machine's token", &machine_token(&server).1)];
        let code = owner_code(&server, false);
        secrets.push(chosen("the owner's code", &code));
        secrets.push(chosen("a wrong owner's code", "WRNGNEED"));
        let mut wrong = Visitor::browser(server.addr);
        wrong.post("/api/owner", &json!({"code": "WRNGNEED", "name": "Thief", "pin": PIN}));
        let mut owner = Visitor::browser(server.addr);
        let body = json!({"code": code, "name": "Asha", "pin": PIN, "device_name": "Office"});
        owner.post("/api/owner", &body).expect(201);
        let mut shop = Staffed { owner_id: owner.me()["person"]["id"].as_u64().unwrap(), server, owner };
        let (_, screen) = shop.program("Screen", MANAGER);
        let (_, manager) = shop.worker("Bela", MANAGER, "27182818");
        let sockets = [(&screen, "/sync"), (&screen, "/ws"), (&manager, "/sync"), (&manager, "/ws")];
        let watching = sockets.map(|(visitor, path)| visitor.socket(path).unwrap()).into();
        secrets.push(chosen("a PIN", PIN));
        secrets.push(chosen("a watching manager's PIN", "27182818"));
        Self { shop, secrets, visitors: vec![wrong, screen, manager], watching, order: String::new() }
    }

    /// Every cookie that somebody has now, given by one answer each.
    fn keep_cookies(&mut self, visitor: &Visitor) {
        for value in visitor.cookies.values() {
            if !self.secrets.iter().any(|secret| secret.text == *value) {
                self.secrets.push(given("a cookie", value));
            }
        }
    }

    /// Persons and their PINs and passwords: right ones, wrong ones, changed ones, and those that allow a seller's command.
    fn log_in_and_nod(&mut self) {
        let body = json!({"name": "Meena", "role": MANAGER, "pin": MANAGER_PIN, "password": PASSWORD});
        let manager = self.shop.hire_as(&body);
        let mut pairing = Pairing::ask(self.shop.server.addr, &json!({"name": "Till"}));
        pairing.confirm(&mut self.shop.owner, &json!({"code": pairing.code, "name": "Till"})).expect(200);
        pairing.poll().expect(200);
        // Six digits stand in many a number: a code is looked for where a code would stand.
        let digits = pairing.code.clone().unwrap();
        self.secrets.push(given("a pairing's digits", &format!("\"code\":\"{digits}\"")));
        self.secrets.push(chosen("a pairing's digits in an address or a line", &format!("code={digits}")));
        self.secrets.push(given("a pairing's secret", &pairing.secret));
        let mut till = pairing.visitor;
        till.log_in(manager, WRONG_PIN).expect(401);
        till.log_in(manager, MANAGER_PIN).expect(200);
        self.keep_cookies(&till);
        till.log_in(manager, MANAGER_PIN).expect(200);
        self.keep_cookies(&till);
        let mut phone = Visitor::browser(self.shop.server.addr);
        phone.log_in_by_password(manager, PASSWORD).expect(200);
        phone.log_in_by_password(manager, WRONG_PASSWORD).expect(401);
        let new_pin = json!({"current": MANAGER_PIN, "pin": NEW_PIN});
        till.put(&format!("/api/people/{manager}"), &new_pin).expect(200);
        till.log_in(manager, NEW_PIN).expect(200);
        till.post("/api/login", &json!({"person": manager, "pin": [PIN]}));

        let seller = self.shop.hire("Vik", SELLER, SELLER_PIN);
        let nodding = json!({"name": "Nila", "role": MANAGER, "pin": NOD_PIN, "password": NOD_PASSWORD});
        let nodding = self.shop.hire_as(&nodding);
        phone.log_in_by_password(manager, PASSWORD).expect(200);
        till.log_in(seller, SELLER_PIN).expect(200);
        for (key, credential) in [("nod-1", json!({"pin": NOD_PIN})), ("nod-2", json!({"password": NOD_PASSWORD}))] {
            let path = format!("/api/estimates/{}", self.shop.owner.create_estimate("Asha").id);
            till.keyed("DELETE", &path, key, &json!({})).expect(403);
            let mut nod = json!({"person": nodding, "for": key, "pin": WRONG_PIN});
            till.post("/api/override", &nod).expect(401);
            nod.as_object_mut().unwrap().remove("pin");
            nod.as_object_mut().unwrap().extend(credential.as_object().unwrap().clone());
            till.post("/api/override", &nod).expect(200);
            till.keyed("DELETE", &path, key, &json!({})).expect(200);
        }
        for (name, text) in [
            ("a manager's PIN", MANAGER_PIN),
            ("a new PIN", NEW_PIN),
            ("a wrong PIN", WRONG_PIN),
            ("a password", PASSWORD),
            ("a wrong password", WRONG_PASSWORD),
            ("a PIN that allows", NOD_PIN),
            ("a password that allows", NOD_PASSWORD),
            ("a seller's PIN", SELLER_PIN),
        ] {
            self.secrets.push(chosen(name, text));
        }
        self.visitors.extend([till, phone]);
    }

    /// Invitations, programs and doors, of which some are revoked, and tokens in places where they do not belong.
    fn let_in_and_revoke(&mut self) {
        let shop = &mut self.shop;
        let answer = shop.owner.post("/api/pairings", &json!({})).expect(201);
        let invite = text(&answer, "invite");
        let invited = Pairing::ask(shop.server.addr, &json!({"invite": invite}));
        let (_, mut program) = shop.program("Script", MANAGER);
        let (_, mut door) = shop.door("Old phone", MANAGER, &Value::Null);
        let (lost_id, mut lost) = shop.program("Lost", MANAGER);
        let (shut_id, mut shut) = shop.door("Lost phone", MANAGER, &Value::Null);
        let (mut by_protocol, token) = (program.clone(), program.token.clone().unwrap());
        self.order = text(&door.post("/api/orders/create-sale", &bill()).expect(201), "order_id");
        program.create_estimate("Asha");
        by_protocol.token = None;
        let protocol = format!("tillsync, bearer.{token}");
        let shaken = by_protocol.handshake("/sync", &[("Sec-WebSocket-Protocol", &protocol)]);
        assert_eq!((shaken.status, shaken.header("sec-websocket-protocol")), (101, Some("tillsync")));
        program.get(&format!("{}x/api/estimates/all", door.prefix));
        program.get(&format!("/api/estimates/all?token={token}"));
        for (id, visitor) in [(lost_id, &mut lost), (shut_id, &mut shut)] {
            visitor.create_estimate("Asha");
            let _open = visitor.socket("/ws").unwrap();
            shop.owner.delete(&format!("/api/devices/{id}")).expect(200);
            let refused = visitor.post("/api/estimates/create", &samples::estimate("Asha")).status;
            assert!([401, 404].contains(&refused), "{refused}");
        }
        let secret = |door: &Visitor| door.prefix.strip_prefix("/door/").unwrap().to_string();
        self.secrets.extend([
            given("a program's token", &token),
            given("a door's secret", &secret(&door)),
            given("a revoked program's token", lost.token.as_ref().unwrap()),
            given("a revoked door's secret", &secret(&shut)),
            given("an invited one's secret", &invited.secret),
            // By itself, and in the address that is drawn.
            Secret {
                name: "an invitation",
                given: count(answer.to_string().as_bytes(), invite.as_bytes()),
                text: invite,
            },
        ]);
        self.visitors.extend([invited.visitor, program, by_protocol, door, lost, shut]);
    }

    /// The shop's people change while managers watch, and at last the owner comes back by a code.
    fn change_people(&mut self) {
        let shop = &mut self.shop;
        let body = json!({"name": "Ravi", "role": SELLER, "pin": PIN, "password": PASSWORD});
        let ravi = shop.owner.keyed("POST", "/api/people", "key-1", &body).expect(201)["id"].clone();
        let role = shop.role("Floor", &["sell"], &Value::Null);
        shop.owner.put(&format!("/api/people/{ravi}"), &json!({"role": role, "pin": NEW_PIN})).expect(200);
        shop.owner.put(&format!("/api/roles/{role}"), &json!({"name": "Shop floor", "masks": ["contact"]})).expect(200);
        shop.owner.delete(&format!("/api/people/{ravi}")).expect(200);
        let code = owner_code(&shop.server, true);
        let back = json!({"code": code, "name": "Asha", "pin": RESET_PIN});
        let before = shop.owner.clone();
        shop.owner.post("/api/owner", &back).expect(201);
        let after = shop.owner.clone();
        self.secrets.push(chosen("the code of a reset", &code));
        self.secrets.push(chosen("a PIN of a reset", RESET_PIN));
        for visitor in [&before, &after] {
            self.keep_cookies(visitor);
        }
    }

    /// What was answered to those who used secrets, and what managers were told meanwhile.
    fn search_answers(&mut self) {
        let mut heard = self.shop.owner.heard.clone();
        for visitor in &self.visitors {
            heard.extend(&visitor.heard);
        }
        let marker = self.shop.owner.create_estimate("Marker").id;
        for socket in &mut self.watching {
            // It is open to the end.
            let mut is_last = false;
            while !is_last {
                let text = socket.next_text();
                is_last = text.contains(&marker);
                heard.extend(text.into_bytes());
            }
        }
        for Secret { name, text, given } in &self.secrets {
            assert_eq!(count(&heard, text.as_bytes()).max(*given), *given, "{name} is told too often");
        }
    }

    /// What anybody reads from now on.
    fn search_reads(&mut self) {
        let records = [("orders", self.order.clone())];
        let nobody = Visitor::browser(self.shop.server.addr);
        for visitor in self.visitors.iter().chain([&self.shop.owner, &nobody]) {
            let mut visitor = Visitor { heard: Vec::new(), ..visitor.clone() };
            read_everything(&mut visitor, &records);
            for Secret { name, text, .. } in &self.secrets {
                assert!(!has(&visitor.heard, text.as_bytes()), "{name} stands in an answer");
            }
        }
    }

    /// What is left behind in the folder, the log among it. The file for programs of this machine has their token.
    fn search_files(&self, when: &str) {
        let mut read = 0;
        for entry in std::fs::read_dir(self.shop.server.dir.path()).unwrap() {
            let path = entry.unwrap().path();
            let is_for_programs = path.ends_with("tillsync.local");
            let Ok(bytes) = std::fs::read(&path) else { continue };
            read += 1;
            for Secret { name, text, .. } in &self.secrets {
                if is_for_programs && *name == "this machine's token" {
                    continue;
                }
                for form in forms(text) {
                    assert!(!has(&bytes, &form), "{name} stands in {} {when}", path.display());
                }
            }
        }
        assert!(read >= 4, "database, journal, pepper and log were looked at {when}: {read}");
    }
}

#[test]
fn no_pin_no_token_and_no_code_is_anywhere_but_where_it_belongs() {
    let mut scene = Scene::open();
    scene.log_in_and_nod();
    scene.let_in_and_revoke();
    scene.change_people();
    let visitors = scene.visitors.clone();
    for visitor in &visitors {
        scene.keep_cookies(visitor);
    }
    scene.search_answers();
    scene.search_reads();
    // The journal holds what no checkpoint has brought into the database yet.
    scene.shop.server.kill();
    scene.search_files("after a power cut");
    scene.shop.server.start_again();
    scene.shop.server.stop();
    scene.search_files("after a proper end");
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
    // A Viewer, who sees amounts, is not told whom to call.
    let (_, mut wall) = shop.program("Wall", VIEWER);
    let polls = [&mut masked, &mut wall].map(|visitor| {
        let page = visitor.get("/api/changes").expect(200);
        let path = format!("/api/changes?since={}&epoch={}&wait=60", page["next"], page["epoch"].as_str().unwrap());
        visitor.begin("GET", &path, b"", 0)
    });
    shop.owner.put(&format!("/api/estimates/{estimate}"), &bill()).expect(200);
    for (mut poll, visitor) in polls.into_iter().zip([&mut masked, &mut wall]) {
        let polled = poll.read("GET");
        assert_eq!(array(polled.expect(200)["changes"].take())[0]["id"], json!(estimate));
        visitor.heard.extend(polled.body);
    }

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
    read_everything(&mut wall, &records);
    for needle in [PHONE, PHONE_DIGITS, ADDRESS] {
        assert!(!has(&wall.heard, needle.as_bytes()), "{needle} was told");
    }
    assert!(has(&wall.heard, AMOUNT_TEXT.as_bytes()), "amounts are not masked for all");
    // The log of every day does not show it either; the one for whoever looks for a fault shows each change, as the manual says.
    shop.server.stop();
    let log = shop.server.log();
    assert!(log.contains(&estimate), "changes are in the log: {log}");
    for needle in [PHONE, PHONE_DIGITS, ADDRESS, AMOUNT_TEXT] {
        assert!(!log.contains(needle), "{needle} stands in the log");
    }
}

/// Every way to follow, from now on and from the beginning.
const FEEDS: [&str; 7] = [
    "/ws",
    "/ws?format=legacy",
    "/sync",
    "/sync?since=0",
    "/sync?types=estimate",
    "/sync?types=order",
    "/sync?since=0&types=estimate,order",
];

/// All that somebody's sockets are told by now. All that was stored is sent, since the owner has seen the settings that came after it.
fn told(sockets: &mut [Socket]) -> String {
    sockets.iter_mut().flat_map(Socket::texts_until_pong).collect()
}

#[test]
fn what_is_masked_or_out_of_sight_is_in_no_frame_of_any_socket() {
    let mut shop = Staffed::open();
    let own = json!({"scope": {"estimates": "own", "orders": "own"}});
    let hidden_orders = json!({"scope": {"estimates": "all", "orders": "own"}});
    let roles = [
        ("Masked", json!({"masks": ["contact", "amounts"]})),
        ("No contact", json!({"masks": ["contact"]})),
        ("No amounts", json!({"masks": ["amounts"], "days_back": 3})),
        ("Own", own),
        ("Own orders", hidden_orders),
    ];
    let programs = roles.map(|(name, cut)| {
        let role = shop.role(name, &["sell", "estimate", "convert"], &cut);
        (name, shop.program(name, role).1)
    });
    let worker_role =
        shop.role("Owner of his own", &["sell"], &json!({"scope": {"estimates": "own", "orders": "own"}}));
    let (worker_id, worker) = shop.worker("Ravi", worker_role, "1618");
    // Something that is there before, and something that happens while they follow.
    let mut customers = 0;
    let mut happens = |owner: &mut Visitor| -> Vec<String> {
        let mut hidden_orders = Vec::new();
        let mut make = |owner: &mut Visitor, path: &str| {
            customers += 1;
            let mut bill = bill();
            bill["customer_name"] = json!(format!("Customer {customers}"));
            owner.post(path, &bill).expect(201)
        };
        let estimates = [(); 4].map(|()| text(&make(owner, "/api/estimates/create"), "estimate_id"));
        let orders = [(); 2].map(|()| text(&make(owner, "/api/orders/create-sale"), "order_id"));
        owner.put(&format!("/api/estimates/{}", estimates[0]), &bill()).expect(200);
        let sold = owner.post(&format!("/api/estimates/{}/convert-to-order", estimates[1]), &json!({})).expect(200);
        owner.delete(&format!("/api/estimates/{}", estimates[2])).expect(200);
        owner.post(&format!("/api/estimates/{}/duplicate", estimates[0]), &json!({})).expect(201);
        owner.request("PUT", &format!("/api/orders/{}/status?status=Packed", orders[0]), &[], None).expect(200);
        owner.delete(&format!("/api/orders/{}", orders[1])).expect(200);
        // To one of them for a moment, who may know it from then on.
        owner.post(&format!("/api/estimates/{}/owner", estimates[3]), &json!({"person": worker_id})).expect(200);
        let shop_owner = owner.me()["person"]["id"].clone();
        owner.post(&format!("/api/estimates/{}/owner", estimates[3]), &json!({"person": shop_owner})).expect(200);
        hidden_orders.extend(orders);
        hidden_orders.push(text(&sold, "order_id"));
        hidden_orders
    };
    let mut hidden_orders = happens(&mut shop.owner);
    let open = |visitor: &Visitor| FEEDS.map(|path| visitor.socket(path).unwrap());
    let mut sockets = programs.each_ref().map(|(_, visitor)| open(visitor));
    let mut workers = open(&worker);
    let mut witness = shop.owner.socket("/sync").unwrap();
    hidden_orders.extend(happens(&mut shop.owner));
    shop.owner.put("/api/settings", &json!({"shop_name": "After all of it"})).expect(200);
    while witness.next_json()["type"] != "settings" {}

    let [masked, no_contact, no_amounts, own, own_orders] = sockets.each_mut().map(|sockets| told(sockets));
    let contact = [PHONE, PHONE_DIGITS, ADDRESS];
    let amounts = [AMOUNT_TEXT, "86,420", "8642097", "86420"];
    let has_not = |who: &str, told: &str, needles: &[&str]| {
        for needle in needles {
            assert!(!told.contains(needle), "{who} is told {needle}");
        }
    };
    has_not("Masked", &masked, &[&contact[..], &amounts[..]].concat());
    has_not("No contact", &no_contact, &contact);
    has_not("No amounts", &no_amounts, &amounts);
    for (who, told) in [("Masked", &masked), ("No contact", &no_contact), ("No amounts", &no_amounts)] {
        for sign in ["redacted", "estimate_created", "Customer 12", "convert_to_order", "delete", r#""live""#] {
            assert!(told.contains(sign), "{who} is told of {sign}");
        }
    }
    assert!(no_contact.contains(AMOUNT_TEXT) && no_amounts.contains(PHONE) && no_amounts.contains(ADDRESS));
    // Of others' records not even that there is something.
    has_not("Own", &own, &["EST-", "ORDER-", "Customer", "estimate_", "order_", "sale_completed", "hide", PHONE]);
    // An estimate that is seen names no order that is not.
    has_not("Own orders", &own_orders, &["\"order\"", "\"order_number", "sale_completed", "order_updated"]);
    has_not("Own orders", &own_orders, &hidden_orders.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(own_orders.contains("convert_to_order") && own_orders.contains(PHONE));

    // What he had for a moment he is told of, and that he has it no more; nothing of the rest.
    let ravi = told(&mut workers);
    has_not("Ravi", &ravi, &["ORDER-", "\"convert_to_order\"", "\"create\"", "sale_completed"]);
    let ids: std::collections::BTreeSet<&str> = ravi.match_indices("EST-").map(|(at, _)| &ravi[at..at + 12]).collect();
    assert_eq!(ids.len(), 2, "the two that he had");
    assert!(ravi.contains(r#""action":"hide""#) && ravi.contains(r#""action":"update""#), "{ravi}");
}
