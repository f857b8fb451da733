//! Goal: what a fault has kept from the screens is shown to each as it is his to see (promises 6 and 10): whoever lost a record in
//! that stretch is told that it is hidden, and nothing of what came after. Method: commands that share one commit, whose sync fails
//! and lands; followers of whom each sees his own, who apply what they are told.

use std::collections::BTreeMap;
use std::io::Read;
use std::net::TcpStream;
use std::thread;

use serde_json::Value;
use tillsync::app::{AccessRefusal, App, Command, NewCredential, PersonChange, Requester, RoleChange, Submission};
use tillsync::domain::{Allowance, Kind, RecordKey, Rights, Role, Scope};

use crate::simulated::disk::{Fault, Landed, Operation};
use crate::simulated::shop::{HALF_BYTES, create, estimate, follow_as, keyed, sale};
use crate::simulated::staffed::{PASSWORD, Staffed};
use crate::support::wait_until;

/// Of each the requester and his socket.
struct Follower {
    name: &'static str,
    id: u32,
    who: Requester,
    far: TcpStream,
}

/// Everything may be done; one's own records are seen.
fn own() -> RoleChange {
    let Allowance { days_back, discount_max, masks, .. } = Allowance::ALL;
    RoleChange {
        name: Some("Own".to_string()),
        rights: Some(Rights::ALL),
        estimates: Some(Scope::Own),
        orders: Some(Scope::Own),
        days_back: Some(days_back),
        discount_max: Some(discount_max),
        masks: Some(masks),
    }
}

/// A person with this role who follows.
fn follower(shop: &Staffed, name: &'static str, role: u32) -> Follower {
    let credential = NewCredential { pin: None, password: Some(PASSWORD.to_string()) };
    let person = PersonChange { name: Some(name.to_string()), role: Some(role), credential, ..PersonChange::default() };
    let id = shop.app.add_person(shop.owner, person).unwrap();
    let who = shop.log_in(name).unwrap();
    Follower { name, id, who, far: follow_as(&shop.app, who.asker) }
}

/// The texts of all frames until the feed stopped (RFC 6455 §5.2; server frames are not masked).
fn texts(mut far: TcpStream) -> Vec<String> {
    let mut bytes = Vec::new();
    far.read_to_end(&mut bytes).unwrap();
    let (mut rest, mut texts) = (bytes.as_slice(), Vec::new());
    while let [first, short, after @ ..] = rest {
        let (length, after) = match short {
            126 => (usize::from(u16::from_be_bytes([after[0], after[1]])), &after[2..]),
            127 => (usize::try_from(u64::from_be_bytes(after[..8].try_into().unwrap())).unwrap(), &after[8..]),
            short => (usize::from(*short), after),
        };
        if *first == 0x81 {
            texts.push(String::from_utf8(after[..length].to_vec()).unwrap());
        }
        rest = &after[length..];
    }
    texts
}

/// What somebody holds who applies all frames.
fn held(texts: &[String]) -> BTreeMap<String, Value> {
    let mut held = BTreeMap::new();
    let mut last = 0;
    for text in texts {
        let frame: Value = serde_json::from_str(text).unwrap();
        // At the end it is told how far it has come.
        if frame["action"] == "at" {
            continue;
        }
        let (id, seq) = (frame["id"].as_str().unwrap_or_else(|| panic!("{text}")), frame["seq"].as_u64().unwrap());
        assert!(seq > last, "{text} after {last}");
        last = seq;
        match frame.get("data") {
            Some(data) => held.insert(id.to_string(), data.clone()),
            None => held.remove(id),
        };
    }
    held
}

/// Both, in this order, in one commit whose sync fails and lands; then the disk is well again, and everything is shown.
fn in_one_unshown_stretch(shop: &Staffed, commands: &[(Requester, Command)]) {
    let gate = shop.disk.gate.lock().unwrap();
    let fault =
        Fault { operation: Operation::Sync, after: 1, is_lasting: true, landed: Landed::Everything, is_panic: false };
    shop.disk.break_by(&[fault]);
    let syncs = shop.disk.syncs_begun();
    thread::scope(|scope| {
        let first = scope.spawn(|| shop.app.submit(shop.sale("first")));
        wait_until("the first sync", || shop.disk.syncs_begun() > syncs);
        let waiting = shop.app.commands_waiting();
        let mut calls = Vec::new();
        for (number, (by, command)) in commands.iter().enumerate() {
            let submission = Submission { asker: by.asker, ..keyed(&format!("unshown {number}"), command.clone()) };
            calls.push(scope.spawn(|| shop.app.submit(submission)));
            wait_until("it to wait", || shop.app.commands_waiting() == waiting + number + 1);
        }
        drop(gate);
        first.join().unwrap().unwrap();
        for call in calls {
            assert!(call.join().unwrap().is_err(), "nobody knows what became of it");
        }
    });
    shop.disk.mend();
    wait_until("all is shown", || {
        shop.app.read(shop.owner.asker).is_ok_and(|reading| reading.seq().unwrap() == shop.app.feed().last_published())
    });
}

fn edited(number: u32) -> Command {
    Command::EditEstimate(estimate(number), Box::new(sale("Edited", 1)))
}

#[test]
fn who_loses_a_record_in_a_stretch_that_was_not_shown_is_told_that_and_nothing_after_it() {
    type Doings = fn(u32, u32) -> Vec<Command>;
    let stretches: [(&str, Doings, bool); 6] = [
        ("handed over and edited", |_, meena| vec![Command::HandOver(estimate(1), meena), edited(1)], false),
        ("edited and handed over", |_, meena| vec![edited(1), Command::HandOver(estimate(1), meena)], false),
        (
            "handed over and deleted",
            |_, meena| vec![Command::HandOver(estimate(1), meena), Command::DeleteEstimate(estimate(1))],
            false,
        ),
        (
            "handed over, edited and handed back",
            |ravi, meena| vec![Command::HandOver(estimate(1), meena), edited(1), Command::HandOver(estimate(1), ravi)],
            true,
        ),
        (
            "handed over and converted",
            |_, meena| {
                let conversion = tillsync::domain::Conversion::default();
                vec![Command::HandOver(estimate(1), meena), Command::ConvertEstimate(estimate(1), conversion)]
            },
            false,
        ),
        ("edited", |_, _| vec![edited(1)], true),
    ];
    for (what, doings, is_his) in stretches {
        let shop = Staffed::open(HALF_BYTES);
        let role = shop.app.add_role(shop.owner, own()).unwrap();
        let ravi = follower(&shop, "Ravi", role);
        let meena = follower(&shop, "Meena", role);
        let manager = follower(&shop, "Bela", Role::MANAGER);
        shop.app.submit(Submission { asker: ravi.who.asker, ..keyed("his", create("Asha")) }).unwrap();
        let commands: Vec<_> = doings(ravi.id, meena.id).into_iter().map(|command| (shop.owner, command)).collect();
        in_one_unshown_stretch(&shop, &commands);
        // What comes next finds everybody where he should be.
        shop.app.submit(shop.sale("last")).unwrap();
        shop.app.feed().stop();
        for Follower { name, who, far, .. } in [ravi, meena, manager] {
            let texts = texts(far);
            let is_ravi = name == "Ravi";
            let reading = shop.app.read(who.asker).unwrap();
            let mut shown = BTreeMap::new();
            for (kind, number) in [(Kind::Estimate, 1), (Kind::Estimate, 2), (Kind::Estimate, 3), (Kind::Order, 1)] {
                let key = RecordKey::new(kind, number);
                if let Some((_, json)) = reading.record(key).unwrap() {
                    shown.insert(key.id().to_string(), serde_json::from_slice(&json).unwrap());
                }
            }
            assert_eq!(held(&texts), shown, "{what}: {name}: {texts:#?}");
            let hides = texts.iter().filter(|text| text.contains(r#""action":"hide""#)).count();
            if is_ravi && !is_his {
                assert_eq!(hides, 1, "{what}: {texts:#?}");
                // An edit that came before the hand-over was his to see, but it is shown as its latest state or not at all.
                assert!(!texts.iter().any(|text| text.contains("Edited")), "{what}: {texts:#?}");
            }
            if name == "Bela" {
                assert_eq!(hides, 0, "{what}: {texts:#?}");
            }
        }
        shop.close();
    }
}

type Narrowing = fn(&App, Requester, u32) -> Result<(), AccessRefusal>;

/// Rights that change in such a stretch: what came with them is shown as it is seen afterwards.
#[test]
fn who_sees_less_by_what_a_fault_has_left_is_told_so_before_what_came_with_it() {
    let narrowings: [(&str, Narrowing); 2] = [
        ("the role is cut", |app, by, role| app.change_role(by, role, RoleChange { name: None, ..own() })),
        ("the role is another", |app, by, _| {
            let id = app.directory().people().find(|person| person.name == "Ravi").unwrap().id;
            app.change_person(by, id, PersonChange { role: Some(Role::VIEWER), ..PersonChange::default() })
        }),
    ];
    for (what, narrow) in narrowings {
        let shop = Staffed::open(HALF_BYTES);
        let everything = RoleChange { estimates: Some(Scope::All), orders: Some(Scope::All), ..own() };
        let role = shop.app.add_role(shop.owner, everything).unwrap();
        let ravi = follower(&shop, "Ravi", role);
        shop.app.submit(shop.sale("before")).unwrap();
        let fault = Fault {
            operation: Operation::Sync,
            after: 0,
            is_lasting: true,
            landed: Landed::Everything,
            is_panic: false,
        };
        shop.disk.break_by(&[fault]);
        assert!(narrow(&shop.app, shop.owner, role).is_err(), "{what}");
        shop.disk.mend();
        wait_until("the file to be open again", || shop.app.read(shop.owner.asker).is_ok());
        wait_until("something to be stored", || shop.app.submit(shop.sale("after")).is_ok());
        let epoch = {
            let reading = shop.app.read(ravi.who.asker).unwrap();
            shop.app.epoch(&reading)
        };
        shop.app.feed().stop();
        let texts = texts(ravi.far);
        let views: Vec<_> = texts.iter().filter(|text| text.contains(r#""action":"view""#)).collect();
        assert!(views.len() == 1 && views[0].contains(&epoch), "{what}: {texts:#?}");
        let place = texts.iter().position(|text| text.contains(r#""action":"view""#)).unwrap();
        assert!(!texts[place..].iter().any(|text| text.contains("98450")), "{what}: {texts:#?}");
        shop.close();
    }
}
