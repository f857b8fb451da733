//! Goal: whatever many people do at once, to the shop and to each other's rights, each client is told what is his to see, in order,
//! and holds in the end what he is shown, byte for byte.
//!
//! Method: as in `live/sync_guarantees.rs`, with people: busy writers make, edit, convert, hand over and delete records, and cut
//! roles anew, while clients follow on lines that are good, rough or narrow, cut their connections and go on. At last each sees a
//! record of his own that he waits for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::keeper::{Care, Last, Over, PlainKeeper, SyncKeeper, folder};
use crate::support::people::{MANAGER, SELLER_PIN, Staffed, noon_zone};
use crate::support::proxy::{BEHIND_PROXY, Line, Proxy};
use crate::support::random::Random;
use crate::support::samples;
use crate::support::server::Server;
use crate::support::till::text;
use crate::support::visitor::Visitor;
use crate::support::{DEADLINE, wait_until};

const PHONE: &str = "97318 64205";
const AMOUNT: f64 = 86_420.97;
const AMOUNT_TEXT: &str = "86420.97";

/// Pieces of any size, short pauses, and a cut after some hundred changes.
const ROUGH: Line = Line {
    piece_bytes_max: 3_000,
    pause_one_in: 200,
    pause_max: Duration::from_millis(3),
    cut_bytes_max: Some(400_000),
};

fn bill(customer: &str) -> Value {
    let mut bill = samples::sale(customer);
    bill["customer_phone"] = json!(PHONE);
    bill["items"] = json!([{"id": 1, "name": "Heater", "price": AMOUNT, "quantity": 1, "discount": 0}]);
    for field in ["subtotal", "total", "amount_paid"] {
        bill[field] = json!(AMOUNT);
    }
    bill
}

/// Somebody who follows.
#[derive(Clone)]
struct Person {
    name: String,
    visitor: Visitor,
    /// By which others name him who sees his own records alone.
    worker: Option<usize>,
    /// Stands in nothing that he is told.
    never: Vec<String>,
}

/// How large it is.
#[derive(Clone, Copy)]
struct Size {
    clients: usize,
    commands: u64,
    writers: u64,
}

/// A shop in which many do something at once.
struct Storm {
    size: Size,
    owner: Visitor,
    owner_id: u64,
    workers: Vec<(u64, Visitor)>,
    /// Under which a worker sees his own.
    own_roles: [u64; 2],
    /// Of a program that sees the same masks under all of them.
    contact_role: u64,
    sent: AtomicU64,
    /// Ids by kind.
    made: Mutex<Vec<(&'static str, String)>>,
    /// Whoever was given a record; noted before he is.
    given: Mutex<BTreeMap<usize, BTreeSet<String>>>,
    role_changes: AtomicUsize,
}

impl Storm {
    fn note(&self, worker: usize, id: &str) {
        self.given.lock().unwrap().entry(worker).or_default().insert(id.to_string());
    }

    fn any(&self, random: &mut Random, kind: &str) -> Option<String> {
        let made = self.made.lock().unwrap();
        let of_kind: Vec<&String> = made.iter().filter(|(own, _)| *own == kind).map(|(_, id)| id).collect();
        (!of_kind.is_empty()).then(|| of_kind[random.index(of_kind.len())].clone())
    }

    /// Makes a record of somebody's.
    fn make(&self, visitor: &mut Visitor, worker: Option<usize>, kind: &'static str, customer: &str) {
        let path = if kind == "estimate" { "/api/estimates/create" } else { "/api/orders/create-sale" };
        let id = text(&visitor.post(path, &bill(customer)).expect(201), &format!("{kind}_id"));
        if let Some(worker) = worker {
            self.note(worker, &id);
        }
        self.made.lock().unwrap().push((kind, id));
    }

    fn write(&self, writer: u64) {
        let mut random = Random::new(writer);
        let mut owner = self.owner.clone();
        let mut workers = self.workers.clone();
        loop {
            let number = self.sent.fetch_add(1, Ordering::SeqCst);
            if number >= self.size.commands {
                return;
            }
            let customer = format!("Customer {number}");
            let worker = random.index(workers.len());
            let kind = ["estimate", "order"][random.index(2)];
            let Some(id) = self.any(&mut random, kind) else {
                self.make(&mut owner, None, kind, &customer);
                continue;
            };
            let path = format!("/api/{}/{id}", folder(kind));
            // Whatever is refused, since somebody else was first, changes nothing.
            match random.within(0..100) {
                0..22 => self.make(&mut workers[worker].1, Some(worker), kind, &customer),
                22..32 => self.make(&mut owner, None, kind, &customer),
                32..50 if kind == "estimate" => drop(owner.put(&path, &bill(&customer))),
                32..50 => drop(owner.request("PUT", &format!("{path}/status?status=S{number}"), &[], None)),
                50..58 if kind == "estimate" => {
                    let by_worker = random.one_in(2);
                    let actor = if by_worker { &mut workers[worker].1 } else { &mut owner };
                    let reply = actor.post(&format!("{path}/convert-to-order"), &json!({}));
                    if reply.status == 200 {
                        let order = text(&reply.json(), "order_id");
                        if by_worker {
                            self.note(worker, &order);
                        }
                        self.made.lock().unwrap().push(("order", order));
                    }
                }
                50..82 => {
                    let person = if random.one_in(4) {
                        self.owner_id
                    } else {
                        self.note(worker, &id);
                        workers[worker].0
                    };
                    owner.post(&format!("{path}/owner"), &json!({"person": person}));
                }
                82..97 => {
                    owner.delete(&path);
                    self.made.lock().unwrap().retain(|(_, own)| *own != id);
                }
                97..99 => {
                    let masks = [json!([]), json!(["contact"]), json!(["amounts"])][random.index(3)].clone();
                    let days = [Value::Null, json!(1), json!(7)][random.index(3)].clone();
                    let role = self.own_roles[random.index(2)];
                    owner.put(&format!("/api/roles/{role}"), &json!({"masks": masks, "days_back": days})).expect(200);
                    self.role_changes.fetch_add(1, Ordering::SeqCst);
                }
                _ if random.one_in(3) => {
                    let masks = [json!(["contact"]), json!(["contact", "amounts"])][random.index(2)].clone();
                    owner.put(&format!("/api/roles/{}", self.contact_role), &json!({"masks": masks})).expect(200);
                }
                _ => {
                    let role = json!({"role": self.own_roles[random.index(2)]});
                    owner.put(&format!("/api/people/{}", workers[worker].0), &role).expect(200);
                }
            }
            owner.heard.clear();
            workers[worker].1.heard.clear();
        }
    }

    /// The last records of each, of which he alone hears if he sees his own, and at last those of which all others hear.
    fn finish(&self) {
        for (worker, (_, visitor)) in self.workers.iter().enumerate() {
            for kind in ["estimate", "order"] {
                self.make(&mut visitor.clone(), Some(worker), kind, &mark(Some(worker)));
            }
        }
        for kind in ["estimate", "order"] {
            self.make(&mut self.owner.clone(), None, kind, &mark(None));
        }
    }
}

/// The customer of the last records that somebody sees.
fn mark(worker: Option<usize>) -> String {
    worker.map_or_else(|| "The last of all".to_string(), |worker| format!("The last of worker {worker}."))
}

/// What has become of those who follow.
#[derive(Default)]
struct Tally {
    cuts: AtomicUsize,
    catch_ups: AtomicUsize,
    resets: AtomicUsize,
    views: AtomicUsize,
    slow: AtomicUsize,
}

/// It is never without news for so long.
const SILENCE_MAX: Duration = Duration::from_secs(3 * DEADLINE.as_secs());

/// One of the clients, from its start to the last record. Gives every id that it was told.
fn follow(number: usize, person: &Person, line: Over, tally: &Tally) -> BTreeSet<String> {
    let mut random = Random::new(1_000 + number as u64);
    let last = Last::marked(&mark(person.worker));
    let count = |counter: &AtomicUsize| {
        counter.fetch_add(1, Ordering::SeqCst);
    };
    let mut progress = Instant::now();
    if number / 10 % 5 == 4 {
        let mut keeper = PlainKeeper::start(&person.name, person.visitor.clone(), Care::Lenient);
        (keeper.last, keeper.over, keeper.never) = (last, line, person.never.clone());
        keeper.cut();
        while !keeper.has_last() {
            assert!(progress.elapsed() < SILENCE_MAX, "{} waits for ever", keeper.who);
            if !keeper.is_connected() && keeper.connect().is_err() {
                thread::sleep(Duration::from_millis(10));
                continue;
            }
            if keeper.read().is_ok() {
                progress = Instant::now();
            }
            if random.one_in(2_000) {
                keeper.cut();
                count(&tally.cuts);
            }
        }
        keeper.check("the storm");
        return keeper.told;
    }
    let types = [None, None, None, Some(["estimate", "order"][number % 2])][number / 10 % 4];
    let mut keeper = SyncKeeper::start(&person.name, person.visitor.clone(), types, Care::Lenient);
    (keeper.last, keeper.over, keeper.never) = (last, line, person.never.clone());
    keeper.cut();
    while !keeper.has_last() {
        assert!(progress.elapsed() < SILENCE_MAX, "{} waits for ever at {}", keeper.who, keeper.seq);
        if !keeper.is_connected() {
            match keeper.connect() {
                Ok(resume) => count(if resume == "catch_up" { &tally.catch_ups } else { &tally.resets }),
                Err(_) => thread::sleep(Duration::from_millis(10)),
            }
            continue;
        }
        match keeper.read(false) {
            Ok(_) => progress = Instant::now(),
            Err(crate::support::socket::Ended::Closed(_)) => count(&tally.slow),
            Err(_) => {}
        }
        if line == Over::Narrow && random.one_in(200) {
            // It is slow: this is what it does, nothing waits for it.
            thread::sleep(Duration::from_millis(random.within(0..200)));
        }
        if random.one_in(400) {
            keeper.cut();
            count(&tally.cuts);
            thread::sleep(Duration::from_millis(random.within(0..100)));
        }
    }
    tally.views.fetch_add(keeper.views, Ordering::SeqCst);
    if !keeper.is_connected() {
        wait_until("it connects once more", || keeper.connect().is_ok());
    }
    keeper.drain();
    keeper.check(&[], "the storm");
    keeper.told
}

fn storm(size: Size) {
    const WORKERS: usize = 4;
    let zone = noon_zone();
    let arguments = [&BEHIND_PROXY[..], &["--timezone", &zone]].concat();
    let mut shop = Staffed::of(Server::start_with(&arguments));
    let proxy = Proxy::start(shop.server.addr, ROUGH, 5);
    let own = json!({"scope": {"estimates": "own", "orders": "own"}});
    let rights = ["sell", "estimate", "convert"];
    let own_roles = ["Own", "His own"].map(|name| shop.role(name, &rights, &own));
    let contact_role = shop.role("No contact", &["figures"], &json!({"masks": ["contact"]}));
    let amounts = shop.role("No amounts", &["figures"], &json!({"masks": ["amounts"], "days_back": 2}));
    let workers: Vec<(u64, Visitor)> = (0..WORKERS)
        .map(|number| shop.worker(&format!("Worker {number}"), own_roles[number % 2], SELLER_PIN))
        .collect();
    let person = |name: &str, visitor: &Visitor, worker, never: &[&str]| Person {
        name: name.to_string(),
        visitor: visitor.clone(),
        worker,
        never: never.iter().map(ToString::to_string).collect(),
    };
    let mut people = vec![
        person("the owner", &shop.owner, None, &[]),
        person("no contact", &shop.program("No contact", contact_role).1, None, &[PHONE]),
        person("no amounts", &shop.program("No amounts", amounts).1, None, &[AMOUNT_TEXT]),
        person("a manager", &shop.program("Office", MANAGER).1, None, &[]),
    ];
    for (number, (_, visitor)) in workers.iter().enumerate() {
        people.push(person(&format!("worker {number}"), visitor, Some(number), &[]));
    }
    // Some of the workers have more than others.
    people.extend([people[4].clone(), people[5].clone()]);
    assert_eq!(people.len(), 10);
    let storm = Storm {
        size,
        owner: shop.owner.clone(),
        owner_id: shop.owner_id,
        workers,
        own_roles,
        contact_role,
        sent: AtomicU64::new(0),
        made: Mutex::default(),
        given: Mutex::default(),
        role_changes: AtomicUsize::new(0),
    };
    let tally = Tally::default();
    let told = thread::scope(|scope| {
        let mut clients = Vec::new();
        for number in 0..size.clients {
            let line = match number % 7 {
                0 | 1 => Over::Proxy(proxy.addr),
                2 => Over::Narrow,
                _ => Over::Straight,
            };
            let (person, tally) = (&people[number % 10], &tally);
            clients.push((person, scope.spawn(move || follow(number, person, line, tally))));
        }
        thread::scope(|writers| {
            for writer in 0..size.writers {
                let storm = &storm;
                writers.spawn(move || storm.write(writer));
            }
        });
        storm.finish();
        clients.into_iter().map(|(person, client)| (person, client.join().unwrap())).collect::<Vec<_>>()
    });
    // Who sees his own alone was told of what was his at some time, and of nothing else.
    let given = storm.given.into_inner().unwrap();
    for (person, told) in told {
        let others = person.worker.map(|worker| told.difference(&given[&worker]).cloned().collect());
        assert_eq!(others.unwrap_or_else(Vec::new), [""; 0], "{} was told of these", person.name);
    }
    // Otherwise nothing was shown.
    let of = |counter: &AtomicUsize| counter.load(Ordering::SeqCst);
    let Tally { cuts, catch_ups, resets, views, slow } = &tally;
    let tally = format!(
        "{} cuts, {} by the line, {} catch-ups, {} resets, {} views, {} closed; {} role changes",
        of(cuts),
        proxy.cuts(),
        of(catch_ups),
        of(resets),
        of(views),
        of(slow),
        of(&storm.role_changes)
    );
    assert!(of(cuts) > size.clients / 4 && of(catch_ups) > size.clients, "{tally}");
    assert!(of(views) > size.clients / 4 && of(&storm.role_changes) > 2, "{tally}");
}

#[test]
fn in_a_small_storm_everybody_holds_what_he_is_shown() {
    storm(Size { clients: 30, commands: 600, writers: 4 });
}

#[test]
#[ignore = "long: cargo test-all"]
fn in_a_storm_of_people_roles_and_cuts_everybody_holds_what_he_is_shown() {
    storm(Size { clients: 100, commands: 10_000, writers: 8 });
}
