//! Goal: that each request says who asks costs an ordinary read or create little, however many people and devices a shop has, and
//! no disk. Method: in a shop that is full of them, the instructions that it takes to find out who shows a cookie or a token, what
//! he may, twice, as for a command that is committed, and that his device was seen.

use std::hint::black_box;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;

use super::{OriginPolicy, presented};
use crate::app::{App, DeviceRequest, NewCredential, OwnerRequest, PersonChange, Requester, RoleChange, ShopClock};
use crate::callgrind::{instructions_of, task};
use crate::domain::{Asker, DEVICES_MAX, DeviceKind, PEOPLE_MAX, ROLES_MAX, Role};
use crate::store::{JournalOptions, Store, StoreOptions};
use crate::web::http::{Head, Parsed, parse};

/// Of which two thirds are the hashing of the tokens, for which callgrind's processor has no instructions of its own and an ordinary
/// one has: there all of it takes a microsecond or two, which this test prints as well.
const ALLOWED_INSTRUCTIONS: u64 = 30_000;

#[test]
#[cfg_attr(missing = "valgrind", ignore = "valgrind is not installed")]
fn who_asks_is_found_out_in_few_instructions_in_a_full_shop() {
    if let Some((way, times)) = task() {
        ask(&way, times);
        return;
    }
    let test = concat!(module_path!(), "::who_asks_is_found_out_in_few_instructions_in_a_full_shop");
    let [nothing, cookies, bearer] = ["nothing", "cookies", "bearer"].map(|way| instructions_of(test, way));
    let [cookies, bearer] = [cookies, bearer].map(|all| all - nothing);
    eprintln!("{cookies} instructions by cookies, {bearer} by a bearer token");
    for way in ["nothing", "cookies", "bearer"] {
        const TIMES: u64 = 100_000;
        eprintln!("{} ns with {way}", ask(way, TIMES).as_nanos() / u128::from(TIMES));
    }
    assert!((1_000..=ALLOWED_INSTRUCTIONS).contains(&cookies), "{cookies}");
    assert!((500..=ALLOWED_INSTRUCTIONS).contains(&bearer), "{bearer}");
}

/// How long it takes so many times.
fn ask(way: &str, times: u64) -> Duration {
    let dir = tempfile::tempdir().unwrap();
    let options = StoreOptions {
        directory: dir.path().to_path_buf(),
        cache_bytes: 1 << 20,
        currency: None,
        journal: JournalOptions::default(),
    };
    let app = App::start(Store::open(&options).unwrap(), ShopClock::new(TimeZone::UTC)).unwrap();
    let lines = full_shop(&app);
    let line = match way {
        "cookies" => format!("Cookie: theme=dark; {}\r\nOrigin: http://127.0.0.1:8000\r\n", lines.cookies),
        "bearer" => format!("Authorization: Bearer {}\r\n", lines.bearer),
        _ => "Accept: */*\r\n".to_string(),
    };
    let head = head(&format!("GET /api/estimates/EST-00000000 HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n{line}\r\n"));
    let policy = OriginPolicy::new(vec![8_000], &[], &[]);
    let from = Ipv4Addr::LOCALHOST.into();
    let started = Instant::now();
    for _ in 0..times {
        let shown = presented(black_box(&head), app.short_id(), false, &policy).unwrap();
        let asker = app.asker(shown);
        if let Asker::Known { device, .. } = asker {
            app.note_seen(device, from);
        }
        assert_eq!(black_box(app.permission(asker)).is_some(), way != "nothing");
        black_box(app.permission(asker));
    }
    let taken = started.elapsed();
    app.stop();
    taken
}

fn head(text: &str) -> Box<Head> {
    match parse(text.as_bytes()) {
        Ok(Parsed::Complete(head, _)) => head,
        _ => panic!("{text}"),
    }
}

struct Lines {
    cookies: String,
    bearer: String,
}

/// With as many people, devices and roles as there can be.
fn full_shop(app: &App) -> Lines {
    let here = |asker| Requester { asker, from: Ipv4Addr::LOCALHOST.into(), before: None };
    let machine = here(Asker::Machine);
    let code = app.issue_owner_code(machine, false).unwrap();
    let credential = NewCredential { pin: Some("314159".to_string()), password: None };
    let (name, device_name) = ("Asha".to_string(), Some("Till".to_string()));
    let owner = OwnerRequest { code, name, credential, device_name, is_program: false };
    let owner = app.make_owner(here(Asker::Anybody), owner).ok().unwrap();
    for number in 0..ROLES_MAX {
        let role = RoleChange { name: Some(format!("Role {number}")), ..RoleChange::default() };
        app.add_role(machine, role).unwrap();
    }
    for number in 1..PEOPLE_MAX {
        let person = PersonChange {
            name: Some(format!("Person {number}")),
            role: Some(Role::SELLER),
            ..PersonChange::default()
        };
        app.add_person(machine, person).unwrap();
    }
    let mut bearer = String::new();
    for number in 1..DEVICES_MAX {
        let name = format!("Program {number}");
        let device = DeviceRequest { name, kind: DeviceKind::Program, role: Role::MANAGER, person: None };
        bearer = app.add_device(machine, device, None).unwrap().1;
    }
    let (shop, device, person) = (app.short_id(), owner.device_token.unwrap(), owner.person_token);
    Lines { cookies: format!("tillsync_{shop}={device}; tillsync_{shop}_p={person}"), bearer }
}
