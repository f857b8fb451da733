//! Promise 8: whatever a client sends, it takes up a few messages a second and a few leases, and its connection goes on.

use serde_json::json;

use super::{Screen, present};
use crate::support::people::{MANAGER, Staffed};
use crate::support::server::Server;
use crate::support::visitor::Visitor;
use crate::support::wait_until;

/// A number of `/metrics`.
fn metric(visitor: &mut Visitor, name: &str) -> u64 {
    let text = visitor.get("/metrics").text().to_string();
    let line =
        text.lines().find(|line| line.starts_with(&format!("{name} "))).unwrap_or_else(|| panic!("{name}: {text}"));
    line.rsplit_once(' ').unwrap().1.parse().unwrap()
}

const DROPPED: &str = "tillsync_presence_dropped_total";
const LEASES: &str = "tillsync_presence_leases";

#[test]
fn a_flood_is_capped_and_counted_and_others_go_on() {
    const FLOOD: u64 = 2_000;
    let mut shop = Staffed::open();
    let (flooding, quiet) = (shop.program("Flood", MANAGER).1, shop.program("Till", MANAGER).1);
    let ids: Vec<String> = (0..2).map(|_| shop.owner.create_estimate("Asha").id).collect();
    let (mut flooding, mut quiet) = (Screen::open(&flooding), Screen::open(&quiet));
    let mut owner = Screen::open(&shop.owner);
    let start = std::time::Instant::now();
    for number in 0..FLOOD {
        let does = if number % 2 == 0 { "view" } else { "edit" };
        flooding.say(&ids[0], does, "one");
    }
    quiet.say(&ids[1], "edit", "one");
    owner.sees(&ids[1], &["Till edit"]);
    // All of them were read once the connection answers.
    flooding.told();
    let seconds = start.elapsed().as_secs() + 1;
    let dropped = metric(&mut shop.owner, DROPPED);
    assert!(dropped >= FLOOD - 5 * (seconds + 1) && dropped <= FLOOD - 5, "{dropped} in {seconds} s");
    // Its connection lives, and after a moment it is heard again.
    wait_until("it is heard again", || {
        flooding.say(&ids[1], "view", "one");
        present(&mut shop.owner).contains(&format!("Flood view {}", ids[1]))
    });
    owner.sees(&ids[1], &["Till edit", "Flood view"]);
}

#[test]
fn one_who_opens_ever_more_tabs_gets_no_more_than_his_leases() {
    const LEASES_PER_ATTENDEE: usize = 64;
    let mut shop = Staffed::open();
    let (flooding, till) = (shop.program("Flood", MANAGER).1, shop.program("Till", MANAGER).1);
    let (id, other) = (shop.owner.create_estimate("Asha").id, shop.owner.create_estimate("Bela").id);
    let mut owner = Screen::open(&shop.owner);
    // Five from each connection: that is not too often.
    let mut screens: Vec<Screen> = (0..16).map(|_| Screen::open(&flooding)).collect();
    for (number, screen) in screens.iter_mut().enumerate() {
        (0..5).for_each(|tab| screen.say(&id, "view", &format!("{number} {tab}")));
        screen.told();
    }
    assert_eq!(metric(&mut shop.owner, LEASES), LEASES_PER_ATTENDEE as u64);
    assert_eq!(metric(&mut shop.owner, DROPPED), 80 - LEASES_PER_ATTENDEE as u64);
    let mut till = Screen::open(&till);
    till.say(&id, "edit", "one");
    owner.sees(&id, &["Till edit", "Flood view"]);
    drop(screens);
    // What they leave behind is of no use either, and the first tab may go elsewhere.
    let mut again = Screen::open(&flooding);
    again.say(&other, "view", "new");
    again.say(&other, "edit", "0 0");
    owner.sees(&other, &["Flood edit"]);
    assert_eq!(metric(&mut shop.owner, DROPPED), 81 - LEASES_PER_ATTENDEE as u64);
}

#[test]
fn what_is_no_presence_message_is_ignored() {
    let server = Server::start();
    let visitor = Visitor::program(server.addr, None);
    let id = visitor.clone().create_estimate("Asha").id;
    let mut screen = Screen::open(&visitor);
    let good = json!({"type": "presence", "id": id, "does": "view", "tab": "one"});
    let spoilt = |field: &str, value: serde_json::Value| {
        let mut message = good.clone();
        message[field] = value;
        message.to_string()
    };
    let mut foreign = vec![
        "[]".to_string(),
        "{".to_string(),
        "\"presence\"".to_string(),
        "[".repeat(60_000),
        "{\"type\":".repeat(5_000),
        "x".repeat(64 << 10),
        json!({"type": "presence"}).to_string(),
        spoilt("type", json!("absence")),
        spoilt("id", json!("EST-1")),
        spoilt("id", json!("EST-00000000")),
        spoilt("id", json!(["EST-1"])),
        spoilt("does", json!("lock")),
        spoilt("does", json!("VIEW")),
        spoilt("tab", json!("")),
        spoilt("tab", json!("t".repeat(65))),
        spoilt("tab", json!(null)),
        spoilt("take", json!("yes")),
    ];
    foreign.push(good.to_string().replace("\"tab\"", "\"tab\":\"two\",\"tab\""));
    for text in &foreign {
        screen.socket.send_text(text);
    }
    screen.socket.inner.send(tungstenite::Message::binary(good.to_string().into_bytes())).unwrap();
    assert!(screen.told().iter().all(|frame| frame["action"] == "you"), "{:#?}", screen.heard);
    // On `/ws` nobody says where he is.
    let mut plain = visitor.socket("/ws").unwrap();
    plain.send_text(&good.to_string());
    assert_eq!(plain.texts_until_pong(), [""; 0]);
    assert_eq!(present(&mut visitor.clone()), ["the server's computer none"]);
    screen.send(&good);
    screen.sees(&id, &["the server's computer view"]);
    assert_eq!(screen.count(&id), 1);
}
