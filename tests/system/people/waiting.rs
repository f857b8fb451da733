//! What waits while rights are taken away: commands of every kind, an outbox that is full, a device that catches up. Rights are
//! decided at commit, not when a command arrived.

use serde_json::{Value, json};

use crate::support::http::Client;
use crate::support::people::{MANAGER, MANAGER_PIN, SELLER, Staffed, VIEWER};
use crate::support::samples;
use crate::support::socket::{Ended, Socket};
use crate::support::till::bulky_estimate;
use crate::support::visitor::Visitor;
use crate::support::wait_until;

const LATER: &str = "Needle Later";

/// Commands of every kind that somebody with all rights has begun to send.
struct Begun {
    shop: Staffed,
    waiting: Vec<(String, Client, Vec<u8>)>,
    state: Vec<Value>,
}

/// All that a command could have changed.
fn state(owner: &mut Visitor) -> Vec<Value> {
    ["/api/orders/separate", "/api/settings", "/api/people", "/api/roles", "/api/devices", "/api/pairings"]
        .map(|path| {
            let mut told = owner.get(path).expect(200);
            // Being seen is no change.
            for device in told.as_array_mut().into_iter().flatten() {
                device.as_object_mut().unwrap().remove("last_seen");
            }
            told
        })
        .into()
}

impl Begun {
    /// `take` takes the rights away; the state is looked at afterwards.
    fn open(role: u64, take: impl FnOnce(&mut Staffed, u64)) -> Self {
        let mut shop = Staffed::open();
        // With a second owner a person may be any role and yet be taken away.
        let (person, visitor) = shop.worker("Meena", role, MANAGER_PIN);
        let (first, second) = (shop.owner.create_estimate("Asha"), shop.owner.create_estimate("Asha"));
        let (third, sale) = (shop.owner.create_estimate("Asha"), shop.owner.create_sale("Asha"));
        let commands = [
            ("POST", "/api/estimates/create".to_string(), samples::estimate("Half")),
            ("POST", "/api/orders/create-sale".into(), samples::sale("Half")),
            ("PUT", format!("/api/estimates/{}", first.id), samples::estimate("Half")),
            ("POST", format!("/api/estimates/{}/convert-to-order", second.id), json!({"payment_mode": "Cash"})),
            ("POST", format!("/api/estimates/{}/duplicate", second.id), json!({"rev": 1})),
            ("POST", format!("/api/estimates/{}/owner", third.id), json!({"person": person})),
            ("DELETE", format!("/api/estimates/{}", third.id), json!({"rev": 1})),
            ("PUT", format!("/api/orders/{}/status?status=Packed", sale.id), json!({"rev": 1})),
            ("POST", format!("/api/orders/{}/owner", sale.id), json!({"person": person})),
            ("DELETE", format!("/api/orders/{}", sale.id), json!({"rev": 1})),
            ("PUT", "/api/settings".into(), json!({"shop_name": "Half"})),
            ("POST", "/api/people".into(), json!({"name": "Half", "role": SELLER})),
            ("POST", "/api/roles".into(), json!({"name": "Half", "rights": ["sell"]})),
            ("POST", "/api/devices".into(), json!({"name": "Half", "kind": "program", "role": SELLER})),
        ];
        let mut waiting = Vec::new();
        for (method, path, body) in commands {
            let body = body.to_string().into_bytes();
            let half = body.len() / 2;
            let client = visitor.begin(method, &path, &body, half);
            waiting.push((format!("{method} {path}"), client, body[half..].to_vec()));
        }
        take(&mut shop, person);
        let state = state(&mut shop.owner);
        Self { shop, waiting, state }
    }

    /// The rest of each arrives; none of them is carried out.
    fn arrives(mut self, statuses: &[u16]) {
        for (what, mut client, rest) in self.waiting {
            let method = what.split(' ').next().unwrap();
            // It may have been refused, and the connection ended, before the rest is there.
            let _ = client.send_raw(&rest);
            if let Ok(reply) = client.try_read(method) {
                assert!(statuses.contains(&reply.status), "{what}: {} {}", reply.status, reply.text());
            }
        }
        assert_eq!(state(&mut self.shop.owner), self.state);
    }
}

#[test]
fn a_command_that_waits_is_not_carried_out_for_a_revoked_device() {
    let begun = Begun::open(crate::support::people::OWNER, |shop, _| {
        let listed = shop.listed_device("Meena");
        shop.revoke(&listed);
    });
    begun.arrives(&[401]);
}

#[test]
fn a_command_that_waits_is_not_carried_out_for_a_removed_person() {
    let begun = Begun::open(MANAGER, |shop, person| {
        shop.owner.delete(&format!("/api/people/{person}")).expect(200);
    });
    // What a manager may not is perhaps refused before all of it is there.
    begun.arrives(&[401, 403]);
}

#[test]
fn a_command_that_waits_is_not_carried_out_under_a_role_that_may_not() {
    let begun = Begun::open(MANAGER, |shop, person| {
        shop.owner.put(&format!("/api/people/{person}"), &json!({"role": VIEWER})).expect(200);
    });
    // A changed role may ask for a new login.
    begun.arrives(&[401, 403]);
}

/// The sockets of which what waits is told apart.
const SOCKETS: [&str; 2] = ["/ws", "/sync"];

/// Reads whatever is still sent; the end may come in the middle of a frame that was begun.
fn is_told_nothing_later(mut socket: Socket) {
    loop {
        match socket.try_next_text() {
            Ok(text) => assert!(!text.contains(LATER), "{} bytes of a later change", text.len()),
            Err(Ended::Closed(code)) => return assert_eq!(code.map(u16::from), Some(4401)),
            Err(Ended::Broken(_)) => return,
        }
    }
}

/// More than the buffers between the server and a client that does not read.
const BULKY: usize = 120;

/// Fills the outboxes of both sockets of somebody who reads nothing, as far as they may be filled: until a device that was opened
/// with them would be behind but for half of an outbox. Gives the sockets, and how many changes they were sent.
fn with_full_outboxes(shop: &mut Staffed, visitor: &Visitor) -> ([Socket; 2], usize) {
    /// Half of an outbox, in bulky records.
    const LEFT: usize = 5;
    let fill = |shop: &mut Staffed| {
        shop.owner.post("/api/estimates/create", &bulky_estimate("Asha")).expect(201);
    };
    let of_health = |shop: &mut Staffed, name: &str| {
        let health = shop.owner.get("/health").expect(200);
        let number = health.get(name).unwrap_or(&health["counters"][name]);
        number.as_u64().unwrap_or_else(|| panic!("no {name} in {health}"))
    };
    let (_, probing) = shop.program("Probe", MANAGER);
    let mut room = usize::MAX;
    // How much the system keeps for a connection is its own affair: each kind of socket is asked by one that may fall behind.
    for path in SOCKETS {
        let probe = probing.narrow_socket(path);
        let behind = of_health(shop, "fell_behind");
        let mut sent = 0;
        while of_health(shop, "fell_behind") == behind {
            fill(shop);
            sent += 1;
        }
        room = room.min(sent);
        drop(probe);
    }
    wait_until("those that were asked are gone", || of_health(shop, "connected_clients") == 0);
    let behind = of_health(shop, "fell_behind");
    let sockets = SOCKETS.map(|path| visitor.narrow_socket(path));
    let sent = room - LEFT;
    for _ in 0..sent {
        fill(shop);
    }
    assert_eq!(of_health(shop, "fell_behind"), behind, "neither is behind before");
    assert_eq!(of_health(shop, "connected_clients"), 2);
    (sockets, sent)
}

/// What waited in the outboxes is not sent any more, nor what came later, and the close frame says why.
fn end_unsent((sockets, sent): ([Socket; 2], usize), codes: &[u16]) {
    for mut socket in sockets {
        let mut received = 0;
        loop {
            match socket.try_next_text() {
                Ok(text) => {
                    assert!(!text.contains(LATER), "{} bytes of a later change", text.len());
                    received += usize::from(text.contains("Asha"));
                }
                Err(Ended::Closed(code)) => {
                    assert!(code.is_some_and(|code| codes.contains(&code.into())), "{code:?}");
                    break;
                }
                Err(Ended::Broken(why)) => panic!("no close frame: {why}"),
            }
        }
        assert!(received < sent, "its outbox was not full: all of {sent} changes came");
    }
}

#[test]
fn a_device_whose_outbox_is_full_is_told_nothing_of_what_comes_after_its_end() {
    let mut shop = Staffed::open();
    let (_, program) = shop.program("Screen", MANAGER);
    let full = with_full_outboxes(&mut shop, &program);
    let listed = shop.listed_device("Screen");
    shop.revoke(&listed);
    shop.owner.create_estimate(LATER);
    end_unsent(full, &[4401]);
}

#[test]
fn a_removed_person_whose_outbox_is_full_is_told_nothing_of_what_comes_after_the_end() {
    let mut shop = Staffed::open();
    let (person, manager) = shop.manager();
    let full = with_full_outboxes(&mut shop, &manager);
    shop.owner.delete(&format!("/api/people/{person}")).expect(200);
    shop.owner.create_estimate(LATER);
    end_unsent(full, &[4401]);
}

/// One's own records and no others.
fn own_alone() -> Value {
    json!({"scope": {"estimates": "own", "orders": "own"}})
}

/// Something of which he is told nothing, and then a record that he is given. Gives its id.
fn later_and_given(shop: &mut Staffed, person: u64) -> String {
    shop.owner.create_estimate(LATER);
    let given = shop.owner.create_estimate("Given").id;
    shop.owner.post(&format!("/api/estimates/{given}/owner"), &json!({"person": person})).expect(200);
    given
}

/// Reads until the record that he is given. Gives what comes before, up to where he is told that he begins anew, which is the last of
/// it but for the record.
fn until_given(socket: &mut Socket, given: &str) -> Vec<String> {
    let mut before = Vec::new();
    loop {
        let text = socket.next_text();
        assert!(!text.contains(LATER), "{} bytes of a later change", text.len());
        if text.contains(given) {
            assert!(text.contains(r#""action":"update""#), "{text}");
            break;
        }
        before.push(text);
    }
    let anew = before.pop().expect("something before it");
    assert!(anew.contains(r#""action":"view""#) || anew.contains(r#""data":{}"#), "{} bytes", anew.len());
    before
}

#[test]
fn a_person_with_a_lesser_role_whose_outbox_is_full_is_told_of_what_came_before_and_then_of_his_own() {
    let mut shop = Staffed::open();
    let (person, manager) = shop.manager();
    let role = shop.role("Own", &["sell", "estimate"], &own_alone());
    let (sockets, sent) = with_full_outboxes(&mut shop, &manager);
    shop.owner.put(&format!("/api/people/{person}"), &json!({"role": role})).expect(200);
    let given = later_and_given(&mut shop, person);
    for mut socket in sockets {
        let before = until_given(&mut socket, &given);
        let received = before.iter().filter(|text| text.contains("Asha")).count();
        assert_eq!(received, sent, "all that came before is his to see");
    }
}

#[test]
fn a_device_that_catches_up_is_told_nothing_of_what_comes_after_its_end() {
    let mut shop = Staffed::open();
    let oldest = shop.owner.create_estimate("Asha");
    for _ in 0..BULKY {
        shop.owner.post("/api/estimates/create", &bulky_estimate("Asha")).expect(201);
    }
    let (_, program) = shop.program("Screen", MANAGER);
    let mut socket = program.socket("/sync?since=0").unwrap();
    assert_eq!(socket.next_json()["resume"], "catch_up");
    let listed = shop.listed_device("Screen");
    shop.revoke(&listed);
    shop.owner.put(&format!("/api/estimates/{}", oldest.id), &samples::estimate(LATER)).expect(200);
    shop.owner.create_estimate(LATER);
    is_told_nothing_later(socket);
}

/// Somebody who catches up with more than all buffers hold, and reads it when his rights have become narrower.
fn catches_up_while(narrow: impl FnOnce(&mut Staffed, u64)) {
    let mut shop = Staffed::open();
    let oldest = shop.owner.create_estimate("Asha");
    for _ in 0..BULKY {
        shop.owner.post("/api/estimates/create", &bulky_estimate("Asha")).expect(201);
    }
    let (person, manager) = shop.manager();
    let epoch = shop.owner.get("/api/changes").expect(200)["epoch"].clone();
    let mut socket = manager.narrow_socket("/sync?since=0");
    assert_eq!(socket.next_json()["resume"], "catch_up");
    narrow(&mut shop, person);
    shop.owner.put(&format!("/api/estimates/{}", oldest.id), &samples::estimate(LATER)).expect(200);
    let given = later_and_given(&mut shop, person);
    let reached = shop.owner.get("/api/changes").expect(200)["seq"].as_u64().unwrap();
    let (mut received, mut manager) = (0, manager);
    let now = manager.get("/api/changes").expect(200)["epoch"].clone();
    assert_ne!(now, epoch);
    let seq = loop {
        let text = socket.next_text();
        assert!(!text.contains(LATER), "{} bytes of a later change", text.len());
        let frame: Value = serde_json::from_str(&text).unwrap();
        assert_ne!(frame["action"], "live", "the rest never comes");
        received += usize::from(frame["action"] == "create");
        if frame["action"] == "view" && frame["epoch"] == now {
            break frame["seq"].as_u64().unwrap();
        }
    };
    assert!(received < BULKY, "it had caught up before");
    // From there on it is told what it sees: what was stored when it was told so is in the lists that it reads.
    if seq < reached {
        let frame = socket.next_json();
        assert_eq!((&frame["id"], &frame["action"]), (&json!(given), &json!("update")), "{frame}");
    }
    let own = manager.create_estimate("Asha").id;
    assert_eq!(socket.next_json()["id"], json!(own));
}

#[test]
fn a_person_who_catches_up_while_his_role_is_changed_begins_anew_in_place_of_the_rest() {
    catches_up_while(|shop, person| {
        let role = shop.role("Own", &["sell", "estimate"], &own_alone());
        shop.owner.put(&format!("/api/people/{person}"), &json!({"role": role})).expect(200);
    });
}

#[test]
fn a_person_who_catches_up_while_his_role_is_narrowed_begins_anew_in_place_of_the_rest() {
    catches_up_while(|shop, _| {
        shop.owner.put(&format!("/api/roles/{MANAGER}"), &own_alone()).expect(200);
    });
}
