//! Live feeds of those who do not see everything: how many views there are, what midnight does to them, one kind of records, and
//! records of the time before there were people.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::keeper::{Care, PlainKeeper, SyncKeeper, Told};
use crate::support::people::{SELLER_PIN, Staffed, noon_zone};
use crate::support::samples;
use crate::support::server::Server;
use crate::support::socket::Socket;
use crate::support::till::text;
use crate::support::visitor::Visitor;
use crate::support::wait_until;

/// Every form in which somebody may follow: each is a view of its own.
const FORMS: [&str; 5] = ["/ws", "/ws?format=legacy", "/sync", "/sync?types=estimate", "/sync?types=order"];

fn own_alone() -> Value {
    json!({"scope": {"estimates": "own", "orders": "own"}})
}

fn epoch(visitor: &mut Visitor) -> String {
    text(&visitor.get("/api/changes").expect(200), "epoch")
}

/// Programs of which each sees its own records: more of them than views are kept.
#[test]
fn beyond_512_views_a_new_one_is_turned_away_and_follows_by_long_polls() {
    /// Programs; the owner has two views more.
    const FULL: usize = 102;
    let mut shop = Staffed::open();
    let role = shop.role("Own", &["sell", "estimate"], &own_alone());
    let mut programs: Vec<Visitor> = (0..=FULL).map(|number| shop.program(&format!("P {number}"), role).1).collect();
    let mut late = programs.pop().unwrap();
    let mut sockets: Vec<Vec<Socket>> = Vec::new();
    for program in &programs {
        sockets.push(FORMS.map(|path| program.socket(path).unwrap()).into());
    }
    let mut owners = ["/ws", "/sync"].map(|path| shop.owner.socket(path).unwrap());
    for path in FORMS {
        let refused = late.handshake(path, &[]);
        assert!(refused.detail(503).contains("512"), "{}", refused.text());
        assert!(refused.header("retry-after").is_some_and(|seconds| seconds.parse::<u32>().is_ok()), "{path}");
    }
    // It follows all the same, and sells.
    let own = late.create_estimate("Late");
    let page = late.get("/api/changes?since=0").expect(200);
    assert_eq!((&page["changes"][0]["id"], page["changes"].as_array().unwrap().len()), (&json!(own.id), 1));
    let waiting = format!("/api/changes?since={}&epoch={}&wait=60", page["next"], text(&page, "epoch"));
    let mut poll = late.begin("GET", &waiting, b"", 0);
    let second = late.create_estimate("Late");
    assert_eq!(poll.read("GET").expect(200)["changes"][0]["id"], json!(second.id));

    // Another one who sees the same as somebody who follows shares his view.
    assert_eq!(programs[7].handshake("/sync", &[]).status, 101);
    let made = programs[7].create_estimate("Asha");
    for socket in &mut sockets[7][..1] {
        assert_eq!(socket.next_json()["id"], json!(made.id));
    }
    let order = |socket: &mut Socket| socket.texts_until_pong();
    assert_eq!(sockets[7][1].next_text(), "estimate_created");
    for (number, path) in [(2, "hello"), (3, "hello")] {
        assert_eq!(sockets[7][number].next_json()["action"], path);
        assert_eq!(sockets[7][number].next_json()["id"], json!(made.id));
    }
    assert_eq!(order(&mut sockets[7][4]).len(), 1, "its hello alone");
    assert_eq!(order(&mut sockets[8][0]), [""; 0], "nobody else is told");
    let told = order(&mut owners[0]);
    assert_eq!(told.len(), 3, "{told:?}");

    // Where one leaves there is room again.
    drop(sockets.pop());
    wait_until("there is room", || late.handshake("/ws", &[]).status == 101);
}

#[test]
fn when_a_role_of_many_views_is_cut_anew_each_is_told() {
    const MANY: usize = 40;
    let mut shop = Staffed::open();
    let role = shop.role("Own", &["sell", "estimate"], &own_alone());
    let mut programs: Vec<Visitor> = (0..MANY).map(|number| shop.program(&format!("P {number}"), role).1).collect();
    let mut keepers: Vec<SyncKeeper> =
        programs.iter().map(|program| SyncKeeper::start("a program", program.clone(), None, Care::Strict)).collect();
    for masks in [json!(["contact"]), json!(["amounts"]), json!([]), json!(["contact", "amounts"])] {
        shop.owner.put(&format!("/api/roles/{role}"), &json!({"masks": masks})).expect(200);
        for (program, keeper) in programs.iter_mut().zip(&mut keepers) {
            assert_eq!(keeper.read(false), Ok(Told::View));
            let made = program.create_estimate("Asha");
            assert_eq!(keeper.read(false), Ok(Told::Change));
            keeper.check(&[made.id], "a change of masks");
        }
    }
}

/// Where libfaketime is.
fn faketime() -> PathBuf {
    let folders = std::fs::read_dir("/usr/lib").unwrap().filter_map(|entry| Some(entry.ok()?.path()));
    let mut libraries = folders.map(|folder| folder.join("faketime/libfaketime.so.1"));
    libraries.find(|library| library.exists()).expect("libfaketime is not installed")
}

#[test]
#[cfg_attr(missing = "libfaketime", ignore = "libfaketime is not installed")]
fn at_midnight_those_who_see_some_days_are_told_by_the_server_itself() {
    /// The contract is a second or two; a slow machine adds to it.
    const SOON: Duration = Duration::from_secs(10);
    let hands = tempfile::tempdir().unwrap();
    let hands = hands.path().join("clock");
    let set_clock = |to: &str| {
        let next = hands.with_extension("next");
        std::fs::write(&next, to).unwrap();
        std::fs::rename(&next, &hands).unwrap();
    };
    set_clock("+0");
    let env = [
        ("LD_PRELOAD", faketime().to_str().unwrap().to_string()),
        ("FAKETIME_TIMESTAMP_FILE", hands.to_str().unwrap().to_string()),
        ("FAKETIME_NO_CACHE", "1".to_string()),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_string()),
        ("DONT_FAKE_MONOTONIC", "1".to_string()),
        ("TILLSYNC_TIMEZONE", noon_zone()),
    ];
    let env: Vec<(&str, &str)> = env.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut shop = Staffed::of(Server::start_with_env(&env));
    let today = shop.role("Today", &["sell", "estimate"], &json!({"days_back": 0}));
    let yesterday = shop.role("Yesterday", &["sell", "estimate"], &json!({"days_back": 1}));
    let (_, mut short) = shop.program("Short", today);
    let (_, mut long) = shop.program("Long", yesterday);
    let old = shop.owner.create_estimate("Asha");
    let mut keepers = [
        SyncKeeper::start("one of today", short.clone(), None, Care::Strict),
        SyncKeeper::start("one of yesterday", long.clone(), None, Care::Strict),
        SyncKeeper::start("one of today", short.clone(), Some("estimate"), Care::Strict),
    ];
    let mut plain = PlainKeeper::start("one of today", short.clone(), Care::Strict);
    let mut legacy = short.socket("/ws?format=legacy").unwrap();
    let mut owner = SyncKeeper::start("the owner", shop.owner.clone(), None, Care::Strict);
    let before = [epoch(&mut short), epoch(&mut long)];
    // Somebody who waits for what happens is told to begin anew as well.
    let page = short.get("/api/changes").expect(200);
    let mut poll =
        short.begin("GET", &format!("/api/changes?since={}&epoch={}&wait=60", page["next"], before[0]), b"", 0);

    for (turn, (clock, seen)) in [("+1d", [0, 1, 0]), ("+2d", [0, 0, 0]), ("+0", [1, 1, 1])].into_iter().enumerate() {
        let start = Instant::now();
        set_clock(clock);
        for (keeper, seen) in keepers.iter_mut().zip(seen) {
            // It may begin anew at a clock that is set in the middle of the old day's.
            while keeper.held.len() != seen || keeper.views <= turn {
                assert_eq!(keeper.read(false), Ok(Told::View), "{clock}");
            }
            keeper.check(std::slice::from_ref(&old.id), clock);
        }
        assert_eq!(plain.read(), Ok(true), "{clock}");
        plain.check(clock);
        assert_eq!(legacy.next_text(), "order_updated");
        assert!(start.elapsed() < SOON, "{:?} at {clock}", start.elapsed());
        if turn == 0 {
            let woken = poll.read("GET");
            assert!(woken.status == 409 || woken.json()["resume"] == "reset", "{} {}", woken.status, woken.text());
            assert!(start.elapsed() < SOON, "the poll slept for {:?}", start.elapsed());
            for (visitor, before) in [&mut short, &mut long].into_iter().zip(&before) {
                let hello = visitor.socket(&format!("/sync?since=1&epoch={before}")).unwrap().next_json();
                assert_eq!(hello["resume"], "reset");
            }
        }
    }
    // A clock that goes right again has the names of that day again.
    assert_eq!([epoch(&mut short), epoch(&mut long)], before);
    let new = shop.owner.create_estimate("Bina");
    for keeper in &mut keepers {
        assert_eq!(keeper.read(false), Ok(Told::Change));
        keeper.check(std::slice::from_ref(&new.id), "all");
    }
    owner.drain();
    assert_eq!((owner.views, owner.held.len()), (0, 2), "who sees all days is told of nothing");
}

/// Whoever sees nothing of what happens is told how far it has come, and goes on from there; what he holds is right then.
#[test]
fn who_sees_nothing_of_what_happens_is_told_how_far_it_is() {
    let mut shop = Staffed::open();
    let role = shop.role("Own", &["sell", "estimate"], &own_alone());
    let (_, ravi) = shop.worker("Ravi", role, SELLER_PIN);
    let own = ravi.clone().create_estimate("Asha");
    let mut keepers = [None, Some("order")].map(|types| SyncKeeper::start("Ravi", ravi.clone(), types, Care::Strict));
    for number in 0..3 {
        shop.owner.create_estimate("Hidden");
        shop.owner.create_sale("Hidden");
        let seq = shop.owner.get("/api/changes").expect(200)["seq"].as_u64().unwrap();
        for keeper in &mut keepers {
            while keeper.seq < seq {
                assert_eq!(keeper.read(false), Ok(Told::At));
            }
            assert_eq!((keeper.seq, keeper.changes), (seq, 0), "turn {number}");
            keeper.check(std::slice::from_ref(&own.id), "at");
            keeper.cut();
            assert_eq!(keeper.connect().unwrap(), "catch_up");
            assert_eq!((keeper.seq, keeper.changes), (seq, 0), "turn {number}");
        }
    }
}

/// One kind of records is a view of its own: from both one goes on with one of them, and the other way round one begins anew.
#[test]
fn of_both_kinds_one_goes_on_with_one_and_not_the_other_way_round() {
    let mut shop = Staffed::open();
    let cuts = [Value::Null, own_alone(), json!({"masks": ["contact"]})];
    for (number, cut) in cuts.iter().enumerate() {
        let role = shop.role(&format!("Role {number}"), &["sell", "estimate"], cut);
        let (_, mut program) = shop.program(&format!("Program {number}"), role);
        let estimate = program.create_estimate("Asha");
        let name = epoch(&mut program);
        let marked = |types: Option<&str>| match types {
            None => name.clone(),
            Some(types) => format!("{name}.{}", &types[..1]),
        };
        let since = shop.owner.get("/api/changes").expect(200)["seq"].as_u64().unwrap();
        let order = program.create_sale("Asha");
        let all = [None, Some("estimate"), Some("order")];
        for before in all {
            for after in all {
                let query = format!("since={since}&epoch={}", marked(before));
                let query = query + &after.map(|types| format!("&types={types}")).unwrap_or_default();
                let can = before.is_none() || before == after;
                let mut socket = program.socket(&format!("/sync?{query}")).unwrap();
                let hello = socket.next_json();
                let resume = if can { "catch_up" } else { "reset" };
                assert_eq!((&hello["resume"], &hello["epoch"]), (&json!(resume), &json!(marked(after))), "{query}");
                let page = program.get(&format!("/api/changes?{query}")).expect(200);
                assert_eq!((&page["resume"], &page["epoch"]), (&hello["resume"], &hello["epoch"]), "{query}");
                if can && after != Some("estimate") {
                    assert_eq!(socket.next_json()["id"], json!(order.id), "{query}");
                }
                if can {
                    assert_eq!(socket.next_json()["action"], "live", "{query}");
                }
                assert_eq!(socket.texts_until_pong(), [""; 0], "{query}");
            }
        }
        program.get(&format!("/api/estimates/{}", estimate.id)).expect(200);
    }
}

/// Records of the time before there were people are his whose name stands in them, to their end.
#[test]
fn a_record_from_before_the_people_is_followed_live_by_him_whose_name_is_in_it() {
    let server = Server::start();
    let mut anybody = server.client();
    let mut made = |kind: &str, sale_by: &str| {
        let (path, mut body) = match kind {
            "estimate" => ("/api/estimates/create", samples::estimate("Old")),
            _ => ("/api/orders/create-sale", samples::sale("Old")),
        };
        body["sale_by"] = json!(sale_by);
        text(&anybody.post(path, &body).expect(201), &format!("{kind}_id"))
    };
    let [edited, deleted, converted, given, nobodys, left] =
        ["Ravi", "RAVI", "ravi ", "Ravi", "", ""].map(|name| made("estimate", name));
    let [sold, removed] = ["Ravi", "Ravi"].map(|name| made("order", name));
    let mut shop = Staffed::of(server);
    let role = shop.role("Own", &["sell", "estimate", "convert"], &own_alone());
    let (_, ravi) = shop.worker("Ravi", role, SELLER_PIN);
    let (meena_id, meena) = shop.worker("Meena", role, SELLER_PIN);
    let people = [("Ravi", &ravi), ("Meena", &meena)];
    let mut keepers = people.map(|(name, visitor)| SyncKeeper::start(name, visitor.clone(), None, Care::Strict));
    let mut screens = people.map(|(name, visitor)| PlainKeeper::start(name, visitor.clone(), Care::Strict));
    let mut witness = SyncKeeper::start("the witness", shop.owner.clone(), None, Care::Lenient);
    assert_eq!((keepers[0].held.len(), keepers[1].held.len()), (6, 0));

    let mut body = samples::estimate("Edited");
    body["sale_by"] = json!("Meena");
    let owner = &mut shop.owner;
    let mut number = 0;
    let mut all_see = |owner: &mut Visitor, what: &str, id: &str| {
        number += 1;
        owner.put("/api/settings", &json!({"shop_name": format!("Shop {number}")})).expect(200);
        while witness.read(false).unwrap() != Told::Settings {}
        for keeper in &mut keepers {
            keeper.drain();
            keeper.check(&[id.to_string()], what);
        }
        for screen in &mut screens {
            screen.drain();
            screen.check(what);
        }
    };
    owner.put(&format!("/api/estimates/{edited}"), &body).expect(200);
    all_see(owner, "an edit with another name", &edited);
    owner.put(&format!("/api/estimates/{nobodys}"), &body).expect(200);
    all_see(owner, "a name where there was none", &nobodys);
    owner.post(&format!("/api/estimates/{given}/owner"), &json!({"person": meena_id})).expect(200);
    all_see(owner, "a hand-over", &given);
    owner.post(&format!("/api/estimates/{converted}/convert-to-order"), &json!({})).expect(200);
    all_see(owner, "a conversion", &converted);
    owner.request("PUT", &format!("/api/orders/{sold}/status?status=Packed"), &[], None).expect(200);
    all_see(owner, "a status", &sold);
    for (kind, id) in [("estimates", &deleted), ("orders", &removed), ("estimates", &left), ("estimates", &nobodys)] {
        owner.delete(&format!("/api/{kind}/{id}")).expect(200);
        all_see(owner, "a deletion", id);
    }
}
