//! Who guesses is slowed down, over a power cut too, and nobody else is: neither other persons nor other devices nor sales.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::http::Reply;
use crate::support::people::{MANAGER, MANAGER_PIN, OWNER_PIN, SELLER, SELLER_PIN, Staffed, owner_code};
use crate::support::server::Server;
use crate::support::visitor::Visitor;
use crate::support::{skip, till, wait_until};

/// Wrong tries of one person on one device before the first pause.
const TRIES: usize = 5;
const FIRST_PAUSE_SECONDS: u64 = 30;
const PASSWORD: &str = "correct horse battery";
/// What hundreds of logins at once may cost in memory.
const MORE_KIB_MAX: usize = 64 << 10;

/// For how long it says to wait.
fn pause(reply: &Reply) -> u64 {
    assert!(!reply.detail(429).is_empty());
    reply.header("retry-after").and_then(|seconds| seconds.parse().ok()).expect("Retry-After")
}

fn guess(visitor: &mut Visitor, person: u64, count: usize) {
    for _ in 0..count {
        visitor.log_in(person, "0000").expect(401);
    }
}

#[test]
fn five_wrong_pins_lock_one_person_on_one_device_and_nobody_else() {
    let mut shop = Staffed::open();
    let (guessed, other) = (shop.hire("Ravi", SELLER, SELLER_PIN), shop.hire("Meena", SELLER, SELLER_PIN));
    let (mut till, mut second) = (shop.device("Till 1"), shop.device("Till 2"));
    guess(&mut till, guessed, TRIES);
    let locked = till.log_in(guessed, SELLER_PIN);
    assert!((1..=FIRST_PAUSE_SECONDS).contains(&pause(&locked)), "also with the right PIN");
    assert_eq!(locked.header("set-cookie"), None);
    till.log_in(other, SELLER_PIN).expect(200);
    till.create_sale("Asha");
    second.log_in(guessed, SELLER_PIN).expect(200);
    second.create_sale("Asha");
    // Another person's success does not give the guesser new tries.
    pause(&till.log_in(guessed, "0000"));
}

#[test]
fn a_right_pin_in_time_forgets_the_wrong_ones() {
    let mut shop = Staffed::open();
    let person = shop.hire("Ravi", SELLER, SELLER_PIN);
    let mut till = shop.device("Till 1");
    for _ in 0..2 {
        guess(&mut till, person, TRIES - 1);
        till.log_in(person, SELLER_PIN).expect(200);
    }
}

#[test]
fn a_pause_goes_on_after_a_power_cut() {
    let mut shop = Staffed::open();
    let (guessed, other) = (shop.hire("Ravi", SELLER, SELLER_PIN), shop.hire("Meena", SELLER, SELLER_PIN));
    let mut till = shop.device("Till 1");
    guess(&mut till, guessed, TRIES);
    pause(&till.log_in(guessed, SELLER_PIN));
    shop.server.kill();
    shop.server.start_again();
    let mut till = till.moved_to(&shop.server);
    let left = pause(&till.log_in(guessed, SELLER_PIN));
    assert!((1..=FIRST_PAUSE_SECONDS).contains(&left), "{left}");
    till.log_in(other, SELLER_PIN).expect(200);
}

/// The tries themselves are counted over a power cut, or pulling the plug after every fourth would give as many as wanted.
#[test]
fn tries_are_counted_over_a_power_cut() {
    let mut shop = Staffed::open();
    let person = shop.hire("Ravi", SELLER, SELLER_PIN);
    let mut till = shop.device("Till 1");
    guess(&mut till, person, TRIES - 1);
    shop.server.kill();
    shop.server.start_again();
    let mut till = till.moved_to(&shop.server);
    guess(&mut till, person, 1);
    pause(&till.log_in(person, SELLER_PIN));
}

#[test]
fn after_twenty_wrong_ones_a_device_asks_for_a_password_or_a_new_pairing() {
    let mut shop = Staffed::open();
    let persons: Vec<u64> = (0..6).map(|index| shop.hire(&format!("Person {index}"), SELLER, SELLER_PIN)).collect();
    let with_password =
        shop.hire_as(&json!({"name": "Meena", "role": SELLER, "pin": SELLER_PIN, "password": PASSWORD}));
    let (mut till, mut other) = (shop.device("Till 1"), shop.device("Till 2"));
    // Four of each: no person is locked on it, the device is.
    for person in &persons[..5] {
        guess(&mut till, *person, TRIES - 1);
    }
    for person in [persons[5], with_password] {
        let reply = till.log_in(person, SELLER_PIN);
        assert!([401, 429].contains(&reply.status), "no PIN is looked at there any more: {}", reply.status);
    }
    other.log_in(persons[0], SELLER_PIN).expect(200);
    till.log_in_by_password(with_password, PASSWORD).expect(200);
    till.create_sale("Asha");
}

/// A till at which so many wrong PINs were typed that none is looked at any more; no person is locked out there.
fn till_without_pins(shop: &mut Staffed) -> (Visitor, u64) {
    let persons: Vec<u64> = (0..5).map(|index| shop.hire(&format!("Person {index}"), SELLER, SELLER_PIN)).collect();
    let person = shop.hire_as(&json!({"name": "Meena", "role": SELLER, "pin": SELLER_PIN, "password": PASSWORD}));
    let mut till = shop.device("Till 1");
    for person in persons {
        guess(&mut till, person, TRIES - 1);
    }
    let refused = till.log_in(person, SELLER_PIN).status;
    assert!([401, 429].contains(&refused), "{refused}");
    (till, person)
}

#[test]
fn a_password_lets_pins_in_again_on_a_device_that_refused_them() {
    let mut shop = Staffed::open();
    let (mut till, person) = till_without_pins(&mut shop);
    till.log_in_by_password(person, "another password").expect(401);
    let refused = till.log_in(person, SELLER_PIN).status;
    assert!([401, 429].contains(&refused), "a wrong password lets nothing in: {refused}");
    till.log_in_by_password(person, PASSWORD).expect(200);
    till.log_in(person, SELLER_PIN).expect(200);
    till.create_sale("Asha");
}

#[test]
fn a_new_pairing_lets_pins_in_again_on_a_device_that_refused_them() {
    let mut shop = Staffed::open();
    let (mut till, person) = till_without_pins(&mut shop);
    let asked = till.post("/api/pair", &json!({})).expect(202);
    let confirm = format!("/api/pairings/{}/confirm", asked["id"]);
    shop.owner.post(&confirm, &json!({"code": asked["code"], "name": "Till 1"})).expect(200);
    let secret = format!("Pair {}", till::text(&asked, "secret"));
    till.request("GET", "/api/pair", &[("Authorization", &secret)], None).expect(200);
    till.log_in(person, SELLER_PIN).expect(200);
    till.create_sale("Asha");
}

#[test]
fn wrong_tries_of_the_owners_code_are_counted_over_a_power_cut() {
    let mut server = Server::start();
    let code = owner_code(&server, false);
    let try_code = |server: &Server, code: &str| {
        let body = json!({"code": code, "name": "Asha", "pin": OWNER_PIN, "device_name": "Office"});
        Visitor::browser(server.addr).post("/api/owner", &body)
    };
    for _ in 0..TRIES - 1 {
        assert!(!try_code(&server, "ZZZZZZZZ").detail(403).is_empty());
    }
    server.kill();
    server.start_again();
    let last = try_code(&server, "ZZZZZZZZ").status;
    assert!([403, 410].contains(&last), "{last}");
    assert!(!try_code(&server, &code).detail(410).is_empty());
    server.kill();
    server.start_again();
    assert!(!try_code(&server, &code).detail(410).is_empty(), "nor after the next power cut");
    let next = owner_code(&server, false);
    try_code(&server, &next).expect(201);
}

/// A number of KiB in `/proc/PID/status`.
fn memory(server: &Server, name: &str) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

/// The addresses of this machine from which strangers come; none where it has but one (Linux has all of 127.0.0.0/8).
fn stranger(index: usize) -> IpAddr {
    let [high, low] = u16::try_from(index + 2).unwrap().to_be_bytes();
    Ipv4Addr::new(127, 1, high, low).into()
}

/// As a shop has them whose programs log in: browsers are let in one by one, ten in a minute.
fn paired(shop: &mut Staffed, count: usize) -> Vec<Visitor> {
    (0..count).map(|index| shop.program(&format!("Till {index}"), SELLER).1).collect()
}

#[test]
fn two_hundred_strangers_and_all_tills_at_once_cost_64_mib_and_no_sale() {
    const STRANGERS: usize = 200;
    /// More than may wait.
    const PAIRED: usize = 24;
    const SALES_MIN: usize = 10;
    const SALE_TIME_MAX: Duration = Duration::from_secs(5);
    if !cfg!(target_os = "linux") {
        return skip("this system has one address of its own for strangers");
    }
    let mut shop = Staffed::open();
    let person = shop.hire("Ravi", SELLER, SELLER_PIN);
    let (_, mut seller) = shop.worker("Meena", SELLER, SELLER_PIN);
    let tills = paired(&mut shop, PAIRED);
    let addr = shop.server.addr;
    let at_rest = memory(&shop.server, "VmRSS");
    std::fs::write(format!("/proc/{}/clear_refs", shop.server.pid()), "5").unwrap();
    let (sold, start) = (AtomicUsize::new(0), Barrier::new(STRANGERS + PAIRED));
    let (sold, start) = (&sold, &start);
    let are_sold = || sold.load(Ordering::Relaxed) >= SALES_MIN;
    let (of_strangers, of_tills) = thread::scope(|scope| {
        let selling = scope.spawn(move || {
            while !are_sold() {
                let begun = Instant::now();
                seller.create_sale("Asha");
                // Whoever pays waits for it; without the others it takes a few milliseconds.
                assert!(begun.elapsed() < SALE_TIME_MAX, "a sale took {:?}", begun.elapsed());
                sold.fetch_add(1, Ordering::Relaxed);
            }
        });
        let strangers: Vec<_> = (0..STRANGERS)
            .map(|index| {
                scope.spawn(move || {
                    let mut visitor = Visitor::browser_from(stranger(index), addr);
                    start.wait();
                    let reply = visitor.log_in_by_password(person, "a wrong password");
                    assert!(reply.status != 503 || reply.header("retry-after").is_some());
                    reply.status
                })
            })
            .collect();
        let tills: Vec<_> = tills
            .into_iter()
            .map(|mut till| {
                scope.spawn(move || {
                    start.wait();
                    let mut statuses = Vec::new();
                    // Whoever was turned away tries again; and all go on until enough was sold beside them.
                    wait_until("every till to be let in", || {
                        statuses.push(till.log_in(person, SELLER_PIN).status);
                        statuses.last() == Some(&200) && are_sold()
                    });
                    statuses
                })
            })
            .collect();
        selling.join().unwrap();
        let of_strangers: Vec<u16> = strangers.into_iter().map(|one| one.join().unwrap()).collect();
        let of_tills: Vec<Vec<u16>> = tills.into_iter().map(|one| one.join().unwrap()).collect();
        (of_strangers, of_tills)
    });
    let more = memory(&shop.server, "VmHWM").saturating_sub(at_rest);
    assert!(more <= MORE_KIB_MAX, "{more} KiB more for {} logins", STRANGERS + PAIRED);
    assert!(of_strangers.iter().all(|status| [401, 503].contains(status)), "{of_strangers:?}");
    assert!(of_strangers.contains(&401) && of_strangers.contains(&503), "{of_strangers:?}");
    let first: Vec<u16> = of_tills.iter().map(|statuses| statuses[0]).collect();
    assert!(of_tills.iter().flatten().all(|status| [200, 503].contains(status)), "{of_tills:?}");
    assert!(first.contains(&200) && first.contains(&503), "all places were taken: {first:?}");
    // Afterwards everything is as before.
    let (_, mut manager) = shop.worker("Bela", MANAGER, MANAGER_PIN);
    manager.create_sale("Asha");
}

#[test]
fn strangers_who_fill_the_waiting_places_keep_no_paired_device_out() {
    const STRANGERS: usize = 24;
    const ROUNDS: usize = 5;
    /// Fewer than lock an address out: each stranger goes on from another one, so that no pause takes him out of the queue.
    const TRIES_EACH: usize = TRIES - 1;
    if !cfg!(target_os = "linux") {
        return skip("this system has one address of its own for strangers");
    }
    let mut shop = Staffed::open();
    let person = shop.hire("Ravi", SELLER, SELLER_PIN);
    let mut till = shop.device("Till 1");
    let addr = shop.server.addr;
    let (is_over, turned_away, guessed) = (AtomicBool::new(false), AtomicUsize::new(0), AtomicUsize::new(0));
    let (over, turned_away, guessed) = (&is_over, &turned_away, &guessed);
    thread::scope(|scope| {
        for index in 0..STRANGERS {
            scope.spawn(move || {
                let addresses = (0..).map(|round| stranger(STRANGERS * round + index));
                for mut visitor in addresses.map(|source| Visitor::browser_from(source, addr)) {
                    let mut tries = 0;
                    while tries < TRIES_EACH {
                        if over.load(Ordering::Relaxed) {
                            return;
                        }
                        // Half of them guess at the person who logs in.
                        let named = if index % 2 == 0 { person } else { 10_000 + index as u64 };
                        match visitor.log_in_by_password(named, PASSWORD).status {
                            503 => turned_away.fetch_add(1, Ordering::Relaxed),
                            status => {
                                assert_eq!(status, 401);
                                tries += 1;
                                guessed.fetch_add(1, Ordering::Relaxed)
                            }
                        };
                    }
                }
            });
        }
        let mut statuses = Vec::new();
        for round in 1..=ROUNDS {
            let seen = turned_away.load(Ordering::Relaxed);
            wait_until("their places to be taken", || {
                turned_away.load(Ordering::Relaxed) > seen && guessed.load(Ordering::Relaxed) >= round
            });
            statuses.push(till.log_in(person, SELLER_PIN).status);
        }
        is_over.store(true, Ordering::Relaxed);
        assert_eq!(statuses, [200; ROUNDS]);
    });
}
