//! Rights taken away: after the answer to the command that takes them, no byte of a later change reaches whoever lost them, by
//! socket, long poll or a list in flight, and no command of theirs that was still waiting is carried out.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::http::Client;
use crate::support::people::{MANAGER, MANAGER_PIN, SELLER, Staffed, VIEWER};
use crate::support::samples;
use crate::support::socket::{Ended, Socket};
use crate::support::till::{Stored, array, bulky_estimate};
use crate::support::visitor::Visitor;
use crate::support::{DEADLINE, wait_until};

/// A customer who is stored after the rights were taken away.
const LATER: &str = "Needle Later";

/// Reads to the end; nothing of what came later is there. Gives the close code.
fn ends_without_later(mut socket: Socket) -> u16 {
    loop {
        match socket.try_next_text() {
            Ok(text) => assert!(!text.contains(LATER), "{text}"),
            Err(Ended::Closed(code)) => return code.map(u16::from).expect("a code"),
            Err(Ended::Broken(why)) => panic!("no close frame: {why}"),
        }
    }
}

/// How one may follow.
const FEEDS: [&str; 3] = ["/ws", "/sync", "/ws?format=legacy"];

/// A record that is his under whatever rights.
const GIVEN: &str = "Given";

/// His rights have become narrower. Something happens afterwards, and at last he is given a record: first he is told that he begins
/// anew, and then what he sees now and nothing else. Gives what he was told then on each socket.
fn goes_on(shop: &mut Staffed, person: u64, visitor: &mut Visitor, sockets: Vec<Socket>) -> [Vec<String>; 3] {
    let seq = shop.owner.get("/api/changes").expect(200)["seq"].clone();
    shop.owner.create_estimate(LATER);
    let given = shop.owner.create_estimate(GIVEN).id;
    shop.owner.post(&format!("/api/estimates/{given}/owner"), &json!({"person": person})).expect(200);
    let epoch = visitor.get("/api/changes").expect(200)["epoch"].clone();
    let told = FEEDS.into_iter().zip(sockets).map(|(path, mut socket)| {
        let mut told = Vec::new();
        if path == "/sync" {
            assert_eq!(socket.next_json()["action"], "hello");
        }
        let first = socket.next_text();
        match path {
            "/sync" => {
                let view = json!({"type": "sync", "action": "view", "epoch": epoch, "seq": seq, "resume": "reset"});
                assert_eq!(serde_json::from_str::<Value>(&first).unwrap(), view);
            }
            "/ws" => {
                let reload: Value = serde_json::from_str(&first).unwrap();
                assert_eq!((&reload["type"], &reload["data"]), (&json!("order"), &json!({})), "{first}");
                assert_eq!(reload.as_object().unwrap().len(), 4, "a record that there is not, and no place: {first}");
                visitor.get(&format!("/api/orders/{}", reload["id"].as_str().unwrap())).expect(404);
            }
            _ => assert_eq!(first, "order_updated"),
        }
        loop {
            told.push(socket.next_text());
            let last = told.last().unwrap();
            if last == "estimate_updated" || last.contains(&given) && last.contains(r#""action":"update""#) {
                break;
            }
        }
        // It stays, and nothing else is on its way.
        assert_eq!(socket.texts_until_pong(), [""; 0], "{path}");
        told
    });
    told.collect::<Vec<_>>().try_into().unwrap()
}

/// Where the scope is his own, that is the record that he was given, and nothing of what came before it.
fn goes_on_with_his_own(shop: &mut Staffed, person: u64, visitor: &mut Visitor, sockets: Vec<Socket>) {
    let [plain, sync, legacy] = goes_on(shop, person, visitor, sockets);
    assert_eq!(legacy, ["estimate_updated"]);
    for told in [&plain, &sync] {
        assert!(told.len() == 1 && told[0].contains(GIVEN), "{told:?}");
    }
    assert_eq!(visitor.ids("/api/estimates/all").len(), 1);
}

/// A Viewer is told of everything, and of no customer how to reach him.
fn goes_on_as_a_viewer(shop: &mut Staffed, person: u64, visitor: &mut Visitor, sockets: Vec<Socket>) {
    let [plain, sync, legacy] = goes_on(shop, person, visitor, sockets);
    assert_eq!(legacy, ["estimate_created", "estimate_created", "estimate_updated"]);
    for told in [&plain, &sync] {
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(told[0].contains(LATER) && told.iter().all(|text| text.contains("redacted")), "{told:?}");
        for needle in ["98450", "MG Road"] {
            assert!(!told.iter().any(|text| text.contains(needle)), "{told:?}");
        }
    }
}

/// Somebody who sees everything, with a socket of each kind, a long poll, and a command of which half is sent.
struct Busy {
    shop: Staffed,
    person: u64,
    visitor: Visitor,
    sockets: Vec<Socket>,
    poll: Client,
    edited: Stored,
    command: Client,
    rest: Vec<u8>,
}

impl Busy {
    fn open() -> Self {
        let mut shop = Staffed::open();
        let (person, mut visitor) = shop.manager();
        let edited = shop.owner.create_estimate("Asha");
        let sockets = FEEDS.map(|path| visitor.socket(path).unwrap()).into();
        let poll = waiting(&mut visitor);
        let body = samples::estimate("Half").to_string().into_bytes();
        let half = body.len() / 2;
        let command = visitor.begin("PUT", &format!("/api/estimates/{}", edited.id), &body, half);
        Self { shop, person, visitor, sockets, poll, edited, command, rest: body[half..].to_vec() }
    }

    /// Rights are gone; something happens afterwards. `codes` may close its sockets, `statuses` refuse its command.
    fn ends(mut self, codes: &[u16], statuses: &[u16]) {
        self.shop.owner.create_estimate(LATER);
        for socket in std::mem::take(&mut self.sockets) {
            let code = ends_without_later(socket);
            assert!(codes.contains(&code), "{code}");
        }
        self.does_nothing(statuses);
        for path in ["/ws", "/sync"] {
            assert!(self.visitor.socket(path).is_err(), "{path}");
        }
    }

    /// The role is a Viewer's now: its sockets go on as one's.
    fn goes_on_as_a_viewer(mut self) {
        let sockets = std::mem::take(&mut self.sockets);
        goes_on_as_a_viewer(&mut self.shop, self.person, &mut self.visitor, sockets);
        self.does_nothing(&[401, 403]);
    }

    /// Its poll and its command are refused.
    fn does_nothing(&mut self, statuses: &[u16]) {
        if let Ok(reply) = self.poll.try_read("GET") {
            assert!(!reply.text().contains(LATER), "{} {}", reply.status, reply.text());
        }
        // It may have been refused, and the connection ended, before the rest is there.
        let _ = self.command.send_raw(&self.rest);
        if let Ok(reply) = self.command.try_read("PUT") {
            assert!(statuses.contains(&reply.status), "{} {}", reply.status, reply.text());
        }
        let record = self.shop.owner.get(&format!("/api/estimates/{}", self.edited.id)).expect(200);
        assert_eq!((&record["customer_name"], &record["rev"]), (&json!("Asha"), &json!(1)));
    }
}

#[test]
fn a_revoked_device_hears_and_does_nothing_more() {
    let mut busy = Busy::open();
    let listed = busy.shop.listed_device("Meena");
    busy.shop.revoke(&listed);
    for path in ["/api/estimates/all", "/api/changes?since=0", "/api/settings", "/api/people"] {
        busy.visitor.get(path).expect(401);
    }
    busy.visitor.log_in(busy.person, MANAGER_PIN).expect(401);
    assert!(array(busy.shop.owner.get("/api/devices").expect(200)).iter().all(|device| device["name"] != "Meena"));
    busy.ends(&[4401], &[401]);
}

/// A poll that nobody wakes is answered when the 60 s that it was given are over, and is then refused as well: only the time
/// tells the two apart. This is a third of it, and far more than a slow machine needs.
const WOKEN_WITHIN: Duration = Duration::from_secs(20);

/// Somebody whose long poll sleeps loses his rights, and nothing else happens: it ends by that alone.
fn wakes(poll: &mut Client, take: impl FnOnce(), statuses: &[u16]) {
    let start = Instant::now();
    take();
    match poll.try_read("GET") {
        // One that only comes in when the view is cut already is told to begin anew.
        Ok(reply) if reply.status == 200 => assert_eq!(reply.json()["resume"], "reset", "{}", reply.text()),
        Ok(reply) => assert!(statuses.contains(&reply.status), "{} {}", reply.status, reply.text()),
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof, "{error}"),
    }
    assert!(start.elapsed() < WOKEN_WITHIN, "it slept on for {:?}", start.elapsed());
}

/// The poll of a busy one wakes and is answered by one of these. Gives what goes on.
fn poll_wakes(take: impl FnOnce(&mut Staffed, u64), answers: &[u16]) -> Busy {
    let mut busy = Busy::open();
    let Busy { shop, poll, person, .. } = &mut busy;
    wakes(poll, || take(shop, *person), answers);
    busy.poll = busy.shop.owner.begin("GET", "/api/me", b"", 0);
    busy
}

#[test]
fn a_sleeping_long_poll_of_a_revoked_device_ends_by_that_alone() {
    let take = |shop: &mut Staffed, _| {
        let listed = shop.listed_device("Meena");
        shop.revoke(&listed);
    };
    poll_wakes(take, &[401]).ends(&[4401], &[401]);
}

#[test]
fn a_sleeping_long_poll_of_a_removed_person_ends_by_that_alone() {
    let take = |shop: &mut Staffed, person| {
        shop.owner.delete(&format!("/api/people/{person}")).expect(200);
    };
    poll_wakes(take, &[401]).ends(&[4401], &[401]);
}

#[test]
fn a_sleeping_long_poll_of_a_person_who_is_not_active_ends_by_that_alone() {
    let take = |shop: &mut Staffed, person| {
        shop.owner.put(&format!("/api/people/{person}"), &json!({"is_active": false})).expect(200);
    };
    poll_wakes(take, &[401]).ends(&[4401], &[401]);
}

#[test]
fn a_sleeping_long_poll_of_a_person_with_a_lesser_role_ends_by_that_alone() {
    let take = |shop: &mut Staffed, person| {
        shop.owner.put(&format!("/api/people/{person}"), &json!({"role": VIEWER})).expect(200);
    };
    // Whoever still sees something asks again, and begins anew.
    poll_wakes(take, &[409]).goes_on_as_a_viewer();
}

/// Where somebody is up to date, with the longest wait.
fn waiting(visitor: &mut Visitor) -> Client {
    let page = visitor.get("/api/changes").expect(200);
    let path = format!("/api/changes?since={}&epoch={}&wait=60", page["next"], page["epoch"].as_str().unwrap());
    visitor.begin("GET", &path, b"", 0)
}

#[test]
fn a_sleeping_long_poll_under_a_role_that_is_cut_ends_by_that_alone() {
    let mut shop = Staffed::open();
    let role = shop.role("Floor", &["sell", "estimate"], &Value::Null);
    let (_, mut seller) = shop.worker("Ravi", role, "1618");
    // Who has seen nothing yet has nothing to begin anew.
    shop.owner.create_estimate("Asha");
    let mut poll = waiting(&mut seller);
    let own = json!({"scope": {"estimates": "own", "orders": "own"}});
    let take = || drop(shop.owner.put(&format!("/api/roles/{role}"), &own).expect(200));
    wakes(&mut poll, take, &[401, 403, 409]);
}

#[test]
fn a_sleeping_long_poll_behind_a_revoked_door_ends_by_that_alone() {
    let mut shop = Staffed::open();
    let (device, mut app) = shop.door("Old phone", MANAGER, &Value::Null);
    let mut poll = waiting(&mut app);
    let take = || drop(shop.owner.delete(&format!("/api/devices/{device}")).expect(200));
    wakes(&mut poll, take, &[401, 404]);
}

#[test]
fn a_removed_person_hears_and_does_nothing_more() {
    let mut busy = Busy::open();
    busy.shop.owner.delete(&format!("/api/people/{}", busy.person)).expect(200);
    assert_eq!(busy.visitor.person(), None);
    busy.visitor.get("/api/estimates/all").expect(401);
    busy.ends(&[4401], &[401]);
}

#[test]
fn a_person_who_is_not_active_hears_and_does_nothing_more() {
    let mut busy = Busy::open();
    busy.shop.owner.put(&format!("/api/people/{}", busy.person), &json!({"is_active": false})).expect(200);
    busy.ends(&[4401], &[401]);
}

#[test]
fn a_person_with_a_lesser_role_loses_what_that_role_has_not() {
    let mut busy = Busy::open();
    busy.shop.owner.put(&format!("/api/people/{}", busy.person), &json!({"role": VIEWER})).expect(200);
    busy.visitor.get("/api/audit").expect(403);
    busy.goes_on_as_a_viewer();
}

#[test]
fn a_role_that_is_cut_is_cut_for_everybody_who_has_it() {
    let mut shop = Staffed::open();
    let role = shop.role("Floor", &["sell", "estimate"], &Value::Null);
    let (person, mut seller) = shop.worker("Ravi", role, "1618");
    let sockets = FEEDS.map(|path| seller.socket(path).unwrap()).into();
    let mut poll = waiting(&mut seller);
    let own = json!({"scope": {"estimates": "own", "orders": "own"}});
    shop.owner.put(&format!("/api/roles/{role}"), &own).expect(200);
    goes_on_with_his_own(&mut shop, person, &mut seller, sockets);
    if let Ok(reply) = poll.try_read("GET") {
        assert!(!reply.text().contains(LATER), "{}", reply.text());
    }
    // One that comes back with what it saw before begins anew, too.
    let epoch = shop.owner.get("/api/changes").expect(200)["epoch"].clone();
    let resume = format!("/sync?since=1&epoch={}", epoch.as_str().unwrap());
    assert_eq!(seller.socket(&resume).unwrap().next_json()["resume"], "reset");
}

/// An old app keeps only the last frame of a quick row: what it is told is that it reads everything anew.
#[test]
fn an_old_app_whose_role_is_cut_is_made_to_reload() {
    let mut shop = Staffed::open();
    let role = shop.role("Floor", &["sell", "estimate"], &Value::Null);
    let (_, app) = shop.door("Old phone", role, &Value::Null);
    let path = format!("{}/ws", app.prefix);
    let mut socket = Socket::connect(app.addr, &path, &[("User-Agent", "Dart/3.4 (dart:io)")]);
    let own = json!({"scope": {"estimates": "own", "orders": "own"}});
    shop.owner.put(&format!("/api/roles/{role}"), &own).expect(200);
    shop.owner.create_estimate(LATER);
    let reload = socket.next_json();
    assert_eq!((&reload["type"], &reload["action"], &reload["data"]), (&json!("order"), &json!("update"), &json!({})));
    let mut app = app;
    let own = app.create_estimate("Asha");
    let next = socket.next_json();
    assert_eq!((&next["action"], &next["id"]), (&json!("create"), &json!(own.id)), "{next}");
}

#[test]
fn a_logout_and_a_lock_end_ones_own_sockets() {
    let mut shop = Staffed::open();
    let (person, mut manager) = shop.manager();
    for path in ["/api/lock", "/api/logout"] {
        let sockets = ["/ws", "/sync"].map(|path| manager.socket(path).unwrap());
        manager.post(path, &json!({})).expect(200);
        shop.owner.create_estimate(LATER);
        for socket in sockets {
            assert_eq!(ends_without_later(socket), 4401);
        }
        if path == "/api/lock" {
            manager.log_in(person, MANAGER_PIN).expect(200);
        }
    }
}

/// Somebody's list is being sent, of more than all buffers hold, when his rights are taken away.
fn list_stops(shop: &mut Staffed, visitor: &Visitor, take: impl FnOnce(&mut Staffed)) {
    const RECORDS: usize = 150;
    let oldest = shop.owner.create_estimate("Oldest");
    for _ in 0..RECORDS {
        shop.owner.post("/api/estimates/create", &bulky_estimate("Asha")).expect(201);
    }
    let mut stream = TcpStream::connect(visitor.addr).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.write_all(visitor.head("GET", "/api/estimates/all", 0).as_bytes()).unwrap();
    let mut received = vec![0; 4096];
    stream.read_exact(&mut received).unwrap();
    assert!(received.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&received));
    take(shop);
    // The last of the list, which no buffer holds yet.
    shop.owner.put(&format!("/api/estimates/{}", oldest.id), &samples::estimate(LATER)).expect(200);
    // However it ends.
    let _ = stream.read_to_end(&mut received);
    let text = String::from_utf8_lossy(&received);
    assert!(!text.contains(LATER), "{} bytes", received.len());
    assert!(!received.ends_with(b"0\r\n\r\n"), "the list was sent to its end: {} bytes", received.len());
}

#[test]
fn a_list_that_is_being_sent_stops() {
    let mut shop = Staffed::open();
    let (_, program) = shop.program("Printer", MANAGER);
    list_stops(&mut shop, &program, |shop| {
        let listed = shop.listed_device("Printer");
        shop.revoke(&listed);
    });
}

#[test]
fn a_list_that_is_being_sent_to_a_removed_person_stops() {
    let mut shop = Staffed::open();
    let (person, manager) = shop.manager();
    list_stops(&mut shop, &manager, |shop| {
        shop.owner.delete(&format!("/api/people/{person}")).expect(200);
    });
}

#[test]
fn a_list_that_is_being_sent_under_a_role_that_is_narrowed_stops() {
    let mut shop = Staffed::open();
    let role = shop.role("Floor", &["sell", "estimate"], &Value::Null);
    let (_, seller) = shop.worker("Ravi", role, "1618");
    list_stops(&mut shop, &seller, |shop| {
        let own = json!({"scope": {"estimates": "own", "orders": "own"}});
        shop.owner.put(&format!("/api/roles/{role}"), &own).expect(200);
    });
}

#[test]
fn no_command_is_carried_out_after_the_answer_that_took_the_rights() {
    const THREADS: usize = 6;
    let mut shop = Staffed::open();
    let (_, program) = shop.program("Script", SELLER);
    let mut counting = shop.owner.clone();
    let mut count = || counting.get("/api/orders/orders-only").expect(200)["orders"]["count"].as_u64().unwrap();
    thread::scope(|scope| {
        let running: Vec<_> = (0..THREADS)
            .map(|_| {
                let mut program = program.clone();
                scope.spawn(move || {
                    loop {
                        let status = program.post("/api/orders/create-sale", &samples::sale("Asha")).status;
                        if status != 201 {
                            return status;
                        }
                    }
                })
            })
            .collect();
        wait_until("sales are made", || count() > 20);
        let listed = shop.listed_device("Script");
        shop.revoke(&listed);
        let after = count();
        for one in running {
            assert_eq!(one.join().unwrap(), 401);
        }
        assert_eq!(count(), after);
    });
}

#[test]
fn a_revoked_door_is_shut_while_somebody_stands_in_it() {
    let mut shop = Staffed::open();
    let (device, mut app) = shop.door("Old phone", MANAGER, &Value::Null);
    let sockets = ["/ws", "/ws?format=legacy"].map(|path| app.socket(path).unwrap());
    let body = samples::sale("Half").to_string().into_bytes();
    let half = body.len() / 2;
    let mut command = app.begin("POST", "/api/orders/create-sale", &body, half);
    app.create_estimate("Asha");
    shop.owner.delete(&format!("/api/devices/{device}")).expect(200);
    shop.owner.create_estimate(LATER);
    for socket in sockets {
        assert_eq!(ends_without_later(socket), 4401);
    }
    let _ = command.send_raw(&body[half..]);
    if let Ok(reply) = command.try_read("POST") {
        assert!([401, 404].contains(&reply.status), "{}", reply.text());
    }
    app.get("/api/estimates/all").expect(404);
    assert!(app.socket("/ws").is_err());
    assert_eq!(shop.owner.get("/api/orders/orders-only").expect(200)["orders"]["count"], json!(0));
}

#[test]
fn a_device_with_another_role_is_what_that_role_is_at_once() {
    let mut shop = Staffed::open();
    let (device, mut program) = shop.program("Script", MANAGER);
    let sockets = FEEDS.map(|path| program.socket(path).unwrap()).into();
    let path = format!("/api/devices/{device}");
    let changed = shop.owner.put(&path, &json!({"name": "Wall", "role": VIEWER})).expect(200);
    let listed = shop.listed_device("Wall");
    assert_eq!((&listed["role"]["id"], &listed["id"]), (&json!(VIEWER), &json!(device)), "{changed}");
    let other = shop.hire("Meena", MANAGER, MANAGER_PIN);
    goes_on_as_a_viewer(&mut shop, other, &mut program, sockets);
    program.post("/api/orders/create-sale", &samples::sale("Asha")).expect(403);
    assert_eq!(program.me()["role"]["name"], "Viewer");
}

#[test]
fn what_a_device_has_sold_is_known_by_its_key_when_it_is_let_in_anew() {
    let mut shop = Staffed::open();
    let seller = shop.hire("Ravi", MANAGER, MANAGER_PIN);
    let mut till = shop.device("Till 7");
    till.log_in(seller, MANAGER_PIN).expect(200);
    let sell = |till: &mut Visitor| {
        till.keyed("POST", "/api/orders/create-sale", "till-7-0001", &samples::sale("Asha")).expect(201)
    };
    let sold = sell(&mut till);
    for _ in 0..2 {
        let listed = shop.listed_device("Till 7");
        shop.revoke(&listed);
        let asked = till.post("/api/pair", &json!({})).expect(202);
        let confirm = format!("/api/pairings/{}/confirm", asked["id"]);
        shop.owner.post(&confirm, &json!({"code": asked["code"], "name": "Till 7"})).expect(200);
        let secret = format!("Pair {}", asked["secret"].as_str().unwrap());
        till.request("GET", "/api/pair", &[("Authorization", &secret)], None).expect(200);
        till.log_in(seller, MANAGER_PIN).expect(200);
        assert_eq!(sell(&mut till), sold, "the first answer again");
    }
    // On another device the same key is another sale.
    let mut other = shop.device("Till 8");
    other.log_in(seller, MANAGER_PIN).expect(200);
    assert_ne!(sell(&mut other)["order_id"], sold["order_id"]);
}
