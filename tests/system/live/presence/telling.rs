//! What is told, to whom, and when.

use serde_json::json;

use super::{Screen, present};
use crate::support::people::{MANAGER, SELLER, Staffed};
use crate::support::server::Server;
use crate::support::visitor::Visitor;

#[test]
fn everybody_is_told_who_looks_who_edits_and_who_has_left() {
    let mut shop = Staffed::open();
    let (ravi, meena) = (shop.seller().1, shop.manager().1);
    let id = shop.owner.create_estimate("Asha").id;
    let (mut at_till, mut at_office, mut owner) =
        (Screen::open(&ravi), Screen::open(&meena), Screen::open(&shop.owner));
    at_till.say(&id, "view", "one");
    assert_eq!(
        at_till.next_action("you"),
        json!({"type": "presence", "action": "you", "name": "Ravi", "device": "Ravi"})
    );
    for screen in [&mut at_till, &mut at_office, &mut owner] {
        screen.sees(&id, &["Ravi view"]);
    }
    at_office.say(&id, "edit", "one");
    for screen in [&mut at_till, &mut at_office, &mut owner] {
        // Who edits comes first.
        assert_eq!(screen.next_who(&id), ["Meena edit", "Ravi view"]);
    }
    at_till.say(&id, "idle", "one");
    owner.sees(&id, &["Meena edit", "Ravi idle"]);
    // A tab is at one record.
    let other = shop.owner.create_sale("Bela").id;
    at_office.say(&other, "view", "one");
    owner.sees(&id, &["Ravi idle"]);
    owner.sees(&other, &["Meena view"]);
    // Late news of a record that it has left do not take it from where it is.
    at_office.say(&id, "none", "one");
    at_till.say(&id, "none", "one");
    owner.sees(&id, &[]);
    assert_eq!(
        present(&mut shop.owner),
        ["Asha none".to_string(), format!("Meena view {other}"), "Ravi none".to_string()]
    );
    at_office.send(&json!({"type": "presence", "does": "none", "tab": "one"}));
    owner.sees(&other, &[]);
    assert_eq!(present(&mut shop.owner), ["Asha none", "Meena none", "Ravi none"]);
}

#[test]
fn since_is_when_he_began_and_stays_while_he_renews() {
    let mut shop = Staffed::open();
    let (_, ravi) = shop.seller();
    let id = shop.owner.create_estimate("Asha").id;
    let (mut at_till, mut owner) = (Screen::open(&ravi), Screen::open(&shop.owner));
    let since = |screen: &mut Screen| loop {
        let frame = screen.next();
        if frame["id"] == json!(id) {
            break frame["who"][0]["since"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
        }
    };
    at_till.say(&id, "view", "one");
    let viewing = since(&mut owner);
    // Renewals change nothing, and nobody is told of them.
    at_till.say(&id, "view", "one");
    at_till.say(&id, "view", "one");
    at_till.say(&id, "edit", "one");
    let editing = since(&mut owner);
    assert!(viewing < editing && editing <= jiff::Timestamp::now());
    assert_eq!(owner.count(&id), 2);
}

#[test]
fn a_person_on_a_device_is_named_once_however_many_tabs_he_has() {
    let mut shop = Staffed::open();
    let (_, ravi) = shop.seller();
    let id = shop.owner.create_estimate("Asha").id;
    let mut owner = Screen::open(&shop.owner);
    let (mut first, mut second) = (Screen::open(&ravi), Screen::open(&ravi));
    first.say(&id, "view", "one");
    owner.sees(&id, &["Ravi view"]);
    second.say(&id, "edit", "two");
    owner.sees(&id, &["Ravi edit"]);
    first.say(&id, "idle", "one");
    second.say(&id, "none", "two");
    owner.sees(&id, &["Ravi idle"]);
    // Two tabs of one connection are two tabs as well.
    first.say(&id, "view", "three");
    owner.sees(&id, &["Ravi view"]);
    first.say(&id, "none", "three");
    owner.sees(&id, &["Ravi idle"]);
    // He himself on another device is another one.
    let person = ravi.clone().me()["person"]["id"].as_u64().unwrap();
    let mut phone = shop.device("Phone");
    phone.log_in(person, crate::support::people::SELLER_PIN).expect(200);
    let mut phone = Screen::open(&phone);
    phone.say(&id, "view", "one");
    owner.sees(&id, &["Ravi idle", "Ravi view"]);
}

#[test]
fn what_happens_within_a_moment_is_one_frame() {
    let mut shop = Staffed::open();
    let id = shop.owner.create_estimate("Asha").id;
    let other = shop.owner.create_estimate("Bela").id;
    let mut owner = Screen::open(&shop.owner);
    let programs: Vec<Visitor> = (0..10).map(|number| shop.program(&format!("Till {number}"), MANAGER).1).collect();
    let mut screens: Vec<Screen> = programs.iter().map(Screen::open).collect();
    for screen in &mut screens {
        screen.say(&id, "view", "one");
        screen.say(&id, "edit", "one");
    }
    let expected: Vec<String> = (0..10).map(|number| format!("Till {number} edit")).collect();
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    owner.sees(&id, &expected);
    // Twenty messages; a slow machine may need more than one moment for them.
    let frames = owner.count(&id);
    assert!(frames <= 4, "{frames} frames");
    // What is over before it was told is not told.
    screens[0].say(&id, "view", "two");
    screens[0].say(&id, "none", "two");
    screens[0].say(&other, "view", "three");
    owner.sees(&other, &["Till 0 view"]);
    assert_eq!(owner.count(&id), frames);
}

#[test]
fn who_connects_is_told_everything_once_after_the_greeting() {
    let mut shop = Staffed::open();
    let (_, ravi) = shop.seller();
    let ids: Vec<String> = (0..3).map(|_| shop.owner.create_estimate("Asha").id).collect();
    let order = shop.owner.create_sale("Asha").id;
    let (mut at_till, mut owner) = (Screen::open(&ravi), Screen::open(&shop.owner));
    for (tab, id) in ids.iter().chain([&order]).enumerate() {
        at_till.say(id, "view", &tab.to_string());
        owner.sees(id, &["Ravi view"]);
    }
    for path in ["/sync", "/sync?since=0", "/sync?since=3&epoch=other"] {
        let mut late = Screen::open_at(&shop.owner, path);
        let told = late.told();
        let frames: Vec<serde_json::Value> =
            late.heard.iter().map(|text| serde_json::from_str(text).unwrap()).collect();
        let at = frames.iter().position(|frame| frame["type"] == "presence").unwrap();
        // Nothing of it comes before the catching up is over.
        assert!(frames[at..].iter().all(|frame| frame["type"] == "presence"), "{path}: {frames:#?}");
        let mut named: Vec<&str> = told.iter().map(|frame| frame["id"].as_str().unwrap()).collect();
        named.sort_unstable();
        let mut all: Vec<&str> = ids.iter().chain([&order]).map(String::as_str).collect();
        all.sort_unstable();
        assert_eq!(named, all, "{path}");
    }
    // No other client knows of any of this.
    for path in ["/ws", "/ws?format=legacy"] {
        let mut plain = shop.owner.socket(path).unwrap();
        at_till.say(&ids[0], "edit", "0");
        owner.sees(&ids[0], &["Ravi edit"]);
        at_till.say(&ids[0], "view", "0");
        owner.sees(&ids[0], &["Ravi view"]);
        assert_eq!(plain.texts_until_pong(), [""; 0], "{path}");
    }
}

#[test]
fn who_takes_a_record_is_told_to_those_who_edit_it_and_to_nobody_else() {
    let mut shop = Staffed::open();
    let (ravi, meena) = (shop.seller().1, shop.manager().1);
    let (_, looking) = shop.program("Wall", SELLER);
    let id = shop.owner.create_estimate("Asha").id;
    let mut at_till = Screen::open(&ravi);
    let (mut at_office, mut wall) = (Screen::open(&meena), Screen::open(&looking));
    at_till.say(&id, "edit", "one");
    wall.say(&id, "view", "one");
    at_office.sees(&id, &["Ravi edit", "Wall view"]);
    // To take it is to edit it.
    at_office.send(&json!({"type": "presence", "id": id, "does": "view", "tab": "one", "take": true}));
    wall.sees(&id, &["Ravi edit", "Wall view", "Meena view"]);
    at_office.take(&id, "one");
    let by = json!({"name": "Meena", "device": "Meena"});
    assert_eq!(at_till.next_action("taken"), json!({"type": "presence", "action": "taken", "id": id, "by": by}));
    // It is no lock: both are shown until he leaves it.
    wall.sees(&id, &["Ravi edit", "Meena edit", "Wall view"]);
    at_till.say(&id, "view", "one");
    wall.sees(&id, &["Ravi view", "Meena edit", "Wall view"]);
    // Nor does it stop a save.
    let mut edit = crate::support::samples::estimate("Bela");
    edit["rev"] = json!(1);
    ravi.clone().put(&format!("/api/estimates/{id}"), &edit).expect(403);
    let mut owner = shop.owner.clone();
    owner.put(&format!("/api/estimates/{id}"), &edit).expect(200);
    owner.put(&format!("/api/estimates/{id}"), &edit).expect(412);
    for screen in [&mut at_office, &mut wall] {
        assert!(screen.told().iter().all(|frame| frame["action"] != "taken"), "{:#?}", screen.heard);
    }
    assert_eq!(at_till.told().iter().filter(|frame| frame["action"] == "taken").count(), 1);
    // Another tab of the same person takes it, too.
    at_till.take(&id, "two");
    assert_eq!(at_office.next_action("taken")["by"], json!({"name": "Ravi", "device": "Ravi"}));
    let mut again = Screen::open(&ravi);
    again.take(&id, "three");
    assert_eq!(at_till.next_action("taken")["by"], json!({"name": "Ravi", "device": "Ravi"}));
}

#[test]
fn a_shop_without_people_shows_its_devices() {
    let server = Server::start();
    let visitor = Visitor::program(server.addr, None);
    let id = visitor.clone().create_estimate("Asha").id;
    let (mut one, mut other) = (Screen::open(&visitor), Screen::open(&visitor));
    one.say(&id, "edit", "one");
    let name = "the server's computer";
    assert_eq!(one.next_action("you"), json!({"type": "presence", "action": "you", "name": name, "device": name}));
    other.sees(&id, &[&format!("{name} edit")]);
    // Its tabs are on one device.
    other.say(&id, "view", "two");
    one.say(&id, "none", "one");
    one.sees(&id, &[&format!("{name} view")]);
    assert_eq!(present(&mut visitor.clone()), [format!("{name} view {id}")]);
}

#[test]
fn a_person_renamed_is_told_so_and_shown_so() {
    let mut shop = Staffed::open();
    let (person, ravi) = shop.seller();
    let id = shop.owner.create_estimate("Asha").id;
    let (mut at_till, mut owner) = (Screen::open(&ravi), Screen::open(&shop.owner));
    at_till.say(&id, "view", "one");
    owner.sees(&id, &["Ravi view"]);
    shop.owner.put(&format!("/api/people/{person}"), &json!({"name": "Ravindra"})).expect(200);
    at_till.say(&id, "view", "one");
    owner.sees(&id, &["Ravindra view"]);
    at_till.next_action("you");
    assert_eq!(at_till.next_action("you")["name"], "Ravindra");
}
