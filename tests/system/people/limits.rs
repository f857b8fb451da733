//! Who guesses is slowed down, over a power cut too, and nobody else is: neither other persons nor other devices nor sales.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use serde_json::json;

use crate::support::http::Reply;
use crate::support::people::{MANAGER, MANAGER_PIN, SELLER, SELLER_PIN, Staffed};
use crate::support::server::Server;
use crate::support::visitor::Visitor;
use crate::support::{till, wait_until};

/// Wrong tries of one person on one device before the first pause.
const TRIES: usize = 5;
const FIRST_PAUSE_SECONDS: u64 = 30;
const PASSWORD: &str = "correct horse battery";
/// What 200 logins at once may cost in memory.
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

/// A number of KiB in `/proc/PID/status`.
fn memory(server: &Server, name: &str) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

#[test]
fn two_hundred_logins_at_once_cost_64_mib_and_no_sale() {
    const LOGINS: usize = 200;
    let mut shop = Staffed::open();
    let guessed = shop.hire("Ravi", SELLER, SELLER_PIN);
    let (_, mut seller) = shop.worker("Meena", SELLER, SELLER_PIN);
    let till = shop.device("Till 1");
    let at_rest = memory(&shop.server, "VmRSS");
    std::fs::write(format!("/proc/{}/clear_refs", shop.server.pid()), "5").unwrap();
    let is_over = AtomicBool::new(false);
    let (addr, over) = (shop.server.addr, &is_over);
    let (statuses, sold) = thread::scope(|scope| {
        let selling = scope.spawn(move || {
            let mut sold = 0;
            while sold == 0 || !over.load(Ordering::Relaxed) {
                seller.create_sale("Asha");
                sold += 1;
            }
            sold
        });
        let origin = format!("http://{addr}");
        let cookies = till.cookie_header();
        let statuses = till::together(addr, LOGINS, |index, client| {
            let (body, cookie) = if index % 2 == 0 {
                (json!({"person": guessed, "pin": SELLER_PIN}), cookies.as_str())
            } else {
                (json!({"person": guessed, "password": "a wrong password"}), "theme=dark")
            };
            let headers = [("Origin", origin.as_str()), ("Cookie", cookie)];
            let reply = client.request("POST", "/api/login", &headers, Some(body.to_string().as_bytes()));
            assert!(reply.status != 503 || reply.header("retry-after").is_some());
            reply.status
        });
        is_over.store(true, Ordering::Relaxed);
        (statuses, selling.join().unwrap())
    });
    assert!(sold > 0);
    let strange: Vec<_> = statuses.iter().filter(|status| ![200, 401, 429, 503].contains(*status)).collect();
    assert!(strange.is_empty(), "{strange:?}");
    assert!(statuses.contains(&200), "{statuses:?}");
    let more = memory(&shop.server, "VmHWM").saturating_sub(at_rest);
    assert!(more <= MORE_KIB_MAX, "{more} KiB more for {LOGINS} logins");
    // Afterwards everything is as before.
    let (_, mut manager) = shop.worker("Bela", MANAGER, MANAGER_PIN);
    manager.create_sale("Asha");
}

#[test]
fn strangers_who_fill_the_waiting_places_keep_no_paired_device_out() {
    const STRANGERS: usize = 24;
    const ROUNDS: usize = 5;
    let mut shop = Staffed::open();
    let person = shop.hire("Ravi", SELLER, SELLER_PIN);
    let mut till = shop.device("Till 1");
    let addr = shop.server.addr;
    let (is_over, asked) = (AtomicBool::new(false), AtomicUsize::new(0));
    let (over, asked) = (&is_over, &asked);
    thread::scope(|scope| {
        for index in 0..STRANGERS {
            scope.spawn(move || {
                // Half of them guess at the person who logs in; the others never name the same one twice, so that no pause
                // takes them out of the queue.
                let mut named = if index % 2 == 0 { person } else { 10_000 * index as u64 };
                while !over.load(Ordering::Relaxed) {
                    named += (index % 2) as u64;
                    let status = Visitor::browser(addr).log_in_by_password(named, PASSWORD).status;
                    assert!([401, 429, 503].contains(&status), "{status}");
                    asked.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        wait_until("all of them are at it", || asked.load(Ordering::Relaxed) >= STRANGERS);
        let statuses: Vec<u16> = (0..ROUNDS).map(|_| till.log_in(person, SELLER_PIN).status).collect();
        is_over.store(true, Ordering::Relaxed);
        assert_eq!(statuses, [200; ROUNDS]);
    });
}
