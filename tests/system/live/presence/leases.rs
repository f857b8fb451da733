//! How long somebody is shown who has gone: killed, cut off, asleep, closed, or on a server that was started again.

use std::ops::Range;
use std::time::{Duration, Instant};

use socket2::SockRef;

use super::{Screen, present};
use crate::support::people::{MANAGER, Staffed};
use crate::support::proxy::{BEHIND_PROXY, Line, Proxy};
use crate::support::server::Server;
use crate::support::visitor::Visitor;

/// Five seconds, and what a slow machine adds or a clock that is looked at late takes away.
const CLOSED: Range<Duration> = Duration::from_secs(4)..Duration::from_secs(7);
/// The same of thirty.
const SILENT: Range<Duration> = Duration::from_secs(28)..Duration::from_secs(32);
/// Far less than either.
const AT_ONCE: Duration = Duration::from_secs(2);

/// How a client goes.
type End = fn(Screen);

#[test]
fn a_killed_client_and_one_that_closes_are_gone_after_five_seconds() {
    let mut shop = Staffed::open();
    let id = shop.owner.create_estimate("Asha").id;
    let mut owner = Screen::open(&shop.owner);
    let endings: [(&str, End); 3] = [
        ("killed with its connection reset", |screen| {
            SockRef::from(screen.socket.inner.get_ref()).set_linger(Some(Duration::ZERO)).unwrap();
        }),
        ("killed", drop),
        ("closed", |mut screen| {
            screen.socket.inner.close(None).unwrap();
            screen.close_code();
        }),
    ];
    for (number, (how, end)) in endings.into_iter().enumerate() {
        let name = format!("Till {number}");
        let (_, till) = shop.program(&name, MANAGER);
        let mut screen = Screen::open(&till);
        screen.say(&id, "edit", "one");
        owner.sees(&id, &[&format!("{name} edit")]);
        let start = Instant::now();
        end(screen);
        assert_eq!(owner.next_who(&id), [""; 0], "{how}");
        let taken = start.elapsed();
        assert!(CLOSED.contains(&taken), "{how}: {taken:?}");
        assert!(present(&mut shop.owner).iter().all(|one| !one.contains(&name)));
    }
}

#[test]
fn a_closed_tab_says_so_and_is_gone_at_once() {
    let mut shop = Staffed::open();
    let (_, till) = shop.program("Till", MANAGER);
    let id = shop.owner.create_estimate("Asha").id;
    let (mut owner, mut screen) = (Screen::open(&shop.owner), Screen::open(&till));
    screen.say(&id, "edit", "one");
    owner.sees(&id, &["Till edit"]);
    // What is not read when a connection is closed resets it, and what was sent last may be lost with it.
    screen.told();
    let start = Instant::now();
    screen.say(&id, "none", "one");
    drop(screen);
    assert_eq!(owner.next_who(&id), [""; 0]);
    assert!(start.elapsed() < AT_ONCE, "{:?}", start.elapsed());
}

#[test]
fn a_tab_that_comes_again_was_never_gone() {
    let mut shop = Staffed::open();
    let (_, till) = shop.program("Till", MANAGER);
    let id = shop.owner.create_estimate("Asha").id;
    let (mut owner, mut screen) = (Screen::open(&shop.owner), Screen::open(&till));
    screen.say(&id, "edit", "one");
    owner.sees(&id, &["Till edit"]);
    drop(screen);
    let start = Instant::now();
    let mut again = Screen::open(&till);
    again.say(&id, "edit", "one");
    again.sees(&id, &["Till edit"]);
    // Longer than what the closed connection has left.
    while start.elapsed() < CLOSED.end {
        std::thread::sleep(Duration::from_millis(100));
        assert_eq!(present(&mut shop.owner), ["Asha none".to_string(), format!("Till edit {id}")]);
    }
    assert_eq!(owner.count(&id), 1, "{:#?}", owner.heard);
    // Another device with a tab of the same name has one of its own.
    let (_, other) = shop.program("Other", MANAGER);
    let mut other = Screen::open(&other);
    other.say(&id, "view", "one");
    owner.sees(&id, &["Till edit", "Other view"]);
    other.say(&id, "none", "one");
    owner.sees(&id, &["Till edit"]);
}

#[test]
fn nothing_is_left_after_a_restart() {
    let mut server = Server::start();
    let visitor = Visitor::program(server.addr, None);
    let id = visitor.clone().create_estimate("Asha").id;
    let mut screen = Screen::open(&visitor);
    screen.say(&id, "edit", "one");
    screen.sees(&id, &["the server's computer edit"]);
    for is_killed in [true, false] {
        if is_killed {
            server.kill();
        } else {
            server.stop();
        }
        server.start_again();
        let visitor = visitor.moved_to(&server);
        assert_eq!(present(&mut visitor.clone()), [""; 0]);
        let mut screen = Screen::open(&visitor);
        assert_eq!(screen.told(), [""; 0]);
        screen.say(&id, "view", "two");
        screen.sees(&id, &["the server's computer view"]);
    }
}

/// The Wi-Fi is cut, so that nobody is told of an end; and a laptop sleeps, whose connection stays open.
#[test]
#[ignore = "long: cargo test-all"]
fn who_is_cut_off_or_asleep_is_gone_after_thirty_seconds() {
    let mut shop = Staffed::of(Server::start_with(&BEHIND_PROXY));
    let (phone, laptop) = (shop.program("Phone", MANAGER).1, shop.program("Laptop", MANAGER).1);
    let (_, till) = shop.program("Till", MANAGER);
    let [of_phone, of_laptop, of_till] = ["Asha", "Bela", "Chitra"].map(|name| shop.owner.create_estimate(name).id);
    let proxy = Proxy::start(shop.server.addr, Line::STEADY, 0);
    let mut phone = Screen::open(&Visitor { addr: proxy.addr, ..phone });
    let (mut laptop, mut till, mut owner) = (Screen::open(&laptop), Screen::open(&till), Screen::open(&shop.owner));
    let start = Instant::now();
    phone.say(&of_phone, "edit", "one");
    laptop.say(&of_laptop, "edit", "one");
    till.say(&of_till, "edit", "one");
    owner.sees(&of_phone, &["Phone edit"]);
    proxy.freeze();
    let mut ends = Vec::new();
    while ends.len() < 2 {
        // Who goes on renewing stays.
        till.say(&of_till, "edit", "one");
        std::thread::sleep(Duration::from_millis(250));
        let listed = present(&mut shop.owner);
        assert!(listed.contains(&format!("Till edit {of_till}")), "{listed:?}");
        for (name, id) in [("Phone", &of_phone), ("Laptop", &of_laptop)] {
            if !listed.contains(&format!("{name} edit {id}")) && !ends.iter().any(|(own, _)| *own == name) {
                ends.push((name, start.elapsed()));
            }
        }
        assert!(start.elapsed() < SILENT.end * 2, "{ends:?}");
    }
    for (name, taken) in ends {
        assert!(SILENT.contains(&taken), "{name}: {taken:?}");
    }
    owner.sees(&of_phone, &[]);
    drop((phone, laptop));
}
