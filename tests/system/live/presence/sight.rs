//! Promise 10: whoever does not see a record is not told who is at it, by a frame or an answer, whatever happens to the record or to
//! his rights; and nobody is at a record that he does not see.

use serde_json::json;

use super::{Screen, present};
use crate::support::people::{MANAGER, SELLER, SELLER_PIN, Staffed, noon_zone};
use crate::support::samples;
use crate::support::server::Server;
use crate::support::till::Stored;
use crate::support::visitor::Visitor;

/// A shop with Ravi and Meena, each of whom sees his own records only, and what they work with.
struct Counter {
    shop: Staffed,
    ravi_id: u64,
    ravi: Visitor,
    meena_id: u64,
    meena: Visitor,
}

impl Counter {
    fn open() -> Self {
        let mut shop = Staffed::open();
        let own = json!({"scope": {"estimates": "own", "orders": "own"}});
        let role = shop.role("Counter", &["sell", "estimate", "convert"], &own);
        let (ravi_id, ravi) = shop.worker("Ravi", role, SELLER_PIN);
        let (meena_id, meena) = shop.worker("Meena", role, SELLER_PIN);
        Self { shop, ravi_id, ravi, meena_id, meena }
    }

    fn hand_over(&mut self, id: &str, person: u64) {
        self.shop.owner.post(&format!("/api/estimates/{id}/owner"), &json!({"person": person})).expect(200);
    }
}

#[test]
fn who_is_at_a_record_of_somebody_else_is_not_seen_and_nobody_gets_there() {
    let mut counter = Counter::open();
    let hers = counter.meena.create_estimate("Asha").id;
    let his = counter.ravi.create_estimate("Bela").id;
    let mut owner = Screen::open(&counter.shop.owner);
    let (mut at_till, mut at_office) = (Screen::open(&counter.ravi), Screen::open(&counter.meena));
    owner.say(&hers, "edit", "one");
    at_office.sees(&hers, &["Asha edit"]);
    assert_eq!(present(&mut counter.ravi), ["Asha none", "Meena none", "Ravi none"]);
    // An id that he has guessed leads him nowhere, nor does it take him from where he is.
    at_till.say(&his, "view", "one");
    at_till.say(&hers, "edit", "one");
    at_till.take(&hers, "two");
    at_till.say("EST-00000000", "view", "three");
    owner.sees(&his, &["Ravi view"]);
    owner.say(&his, "view", "two");
    at_till.sees(&his, &["Asha view", "Ravi view"]);
    at_till.never_heard_of(&hers);
    assert_eq!(owner.count(&hers), 1);
    assert!(owner.told().iter().all(|frame| frame["action"] != "taken"), "{:#?}", owner.heard);
    // Who connects later is not told either.
    Screen::open(&counter.ravi).never_heard_of(&hers);
    Screen::open_at(&counter.ravi, "/sync?since=0").never_heard_of(&hers);
    let all =
        [format!("Asha edit {hers}"), format!("Asha view {his}"), "Meena none".into(), format!("Ravi view {his}")];
    assert_eq!(present(&mut counter.shop.owner), all);
}

#[test]
fn a_record_handed_over_takes_those_who_are_at_it_along() {
    let mut counter = Counter::open();
    let id = counter.ravi.create_estimate("Asha").id;
    let marker = counter.ravi.create_estimate("Bela").id;
    let mut owner = Screen::open(&counter.shop.owner);
    let (mut at_till, mut at_office) = (Screen::open(&counter.ravi), Screen::open(&counter.meena));
    owner.say(&id, "view", "one");
    at_till.say(&id, "edit", "one");
    at_till.sees(&id, &["Ravi edit", "Asha view"]);
    counter.hand_over(&id, counter.meena_id);
    // He does not see it any more, so he is not at it any more.
    at_office.sees(&id, &["Asha view"]);
    owner.sees(&id, &["Asha view"]);
    at_till.sees(&id, &[]);
    let frames = at_till.heard.clone();
    let hidden = frames.iter().position(|text| text.contains("\"hide\"")).expect("it is hidden");
    assert!(
        frames[hidden..].iter().all(|text| !text.contains("Asha view") && !text.contains("\"name\"")),
        "{frames:#?}"
    );
    assert_eq!(present(&mut counter.ravi), ["Asha none", "Meena none", "Ravi none"]);
    // What is said of it from now on, and what he says of it himself, stays without effect for him.
    at_till.say(&id, "edit", "one");
    owner.say(&id, "edit", "one");
    at_office.sees(&id, &["Asha edit"]);
    owner.say(&marker, "view", "two");
    at_till.sees(&marker, &["Asha view"]);
    let later = at_till.heard[frames.len()..].join("\n");
    assert!(!later.contains(&id), "{later}");
    // And back.
    counter.hand_over(&id, counter.ravi_id);
    at_till.sees(&id, &["Asha edit"]);
    at_office.sees(&id, &[]);
}

#[test]
fn nobody_is_at_a_deleted_record() {
    let mut shop = Staffed::open();
    let (_, ravi) = shop.seller();
    let (gone, stays) = (shop.owner.create_estimate("Asha").id, shop.owner.create_estimate("Bela").id);
    let (mut at_till, mut owner) = (Screen::open(&ravi), Screen::open(&shop.owner));
    at_till.say(&gone, "edit", "one");
    owner.sees(&gone, &["Ravi edit"]);
    shop.owner.delete(&format!("/api/estimates/{gone}")).expect(200);
    owner.sees(&gone, &[]);
    at_till.say(&gone, "edit", "one");
    at_till.say(&stays, "edit", "two");
    owner.sees(&stays, &["Ravi edit"]);
    assert_eq!(owner.count(&gone), 2);
    assert_eq!(present(&mut shop.owner), ["Asha none".to_string(), format!("Ravi edit {stays}")]);
}

#[test]
fn days_that_are_not_seen_and_kinds_that_were_not_asked_for_are_not_told() {
    let mut shop = Staffed::of(Server::start_with(&["--timezone", &noon_zone()]));
    let (_, seller) = shop.program("Seller", SELLER);
    let (_, manager) = shop.program("Office", MANAGER);
    let mut old = samples::estimate("Asha");
    old["made_at"] = json!((jiff::Timestamp::now() - jiff::SignedDuration::from_hours(24 * 9)).to_string());
    let old = Stored::estimate(&shop.owner.post("/api/estimates/create", &old).expect(201)).id;
    let (new, order) = (shop.owner.create_estimate("Bela").id, shop.owner.create_sale("Chitra").id);
    let mut owner = Screen::open(&shop.owner);
    let mut sees_days = Screen::open(&seller);
    let mut sees_orders = Screen::open_at(&manager, "/sync?types=order");
    let mut sees_estimates = Screen::open_at(&manager, "/sync?types=estimate");
    for (tab, id) in [&old, &new, &order].into_iter().enumerate() {
        owner.say(id, "view", &tab.to_string());
        owner.sees(id, &["Asha view"]);
    }
    sees_days.sees(&order, &["Asha view"]);
    sees_days.never_heard_of(&old);
    sees_orders.sees(&order, &["Asha view"]);
    sees_orders.never_heard_of("EST-");
    sees_estimates.sees(&new, &["Asha view"]);
    sees_estimates.never_heard_of("ORDER-");
    Screen::open(&seller).never_heard_of(&old);
    Screen::open_at(&manager, "/sync?types=order").never_heard_of("EST-");
    let mut seller = seller;
    assert!(present(&mut seller).iter().all(|one| !one.contains(&old)), "{:?}", present(&mut seller));
}

#[test]
fn rights_that_change_show_what_they_show_from_then_on() {
    let mut counter = Counter::open();
    let id = counter.meena.create_estimate("Asha").id;
    let mut owner = Screen::open(&counter.shop.owner);
    let mut at_till = Screen::open(&counter.ravi);
    owner.say(&id, "edit", "one");
    owner.sees(&id, &["Asha edit"]);
    at_till.never_heard_of(&id);
    let role = format!("/api/roles/{}", counter.ravi.me()["role"]["id"]);
    let scope = |whose: &str| json!({"scope": {"estimates": whose, "orders": "own"}});
    counter.shop.owner.put(&role, &scope("all")).expect(200);
    let view = loop {
        let frame = at_till.next();
        if frame["action"] == "view" {
            break frame;
        }
    };
    assert_eq!(view["resume"], "reset");
    at_till.sees(&id, &["Asha edit"]);
    at_till.say(&id, "view", "one");
    owner.sees(&id, &["Asha edit", "Ravi view"]);
    // Narrowed again, he is not there any more.
    counter.shop.owner.put(&role, &scope("own")).expect(200);
    owner.sees(&id, &["Asha edit"]);
    let seen = at_till.told().len();
    owner.say(&id, "view", "one");
    owner.sees(&id, &["Asha view"]);
    assert_eq!(at_till.told().len(), seen, "{:#?}", at_till.heard);
}

/// How somebody is let in no more: of a shop, the person of this id, who is here.
type Ending = fn(&mut Staffed, u64, &mut Visitor);

#[test]
fn of_who_is_not_let_in_any_more_nothing_stays() {
    let mut shop = Staffed::open();
    let id = shop.owner.create_estimate("Asha").id;
    let mut owner = Screen::open(&shop.owner);
    // His connection is over as well; it is not by that that he goes: what a broken one leaves stays for 5 s.
    let moment = std::time::Duration::from_secs(3);
    let endings: [Ending; 3] = [
        |shop, _, _| {
            let listed = shop.listed_device("Ravi 0");
            shop.revoke(&listed);
        },
        |_, _, visitor| drop(visitor.post("/api/logout", &json!({})).expect(200)),
        |shop, person, _| drop(shop.owner.delete(&format!("/api/people/{person}")).expect(200)),
    ];
    for (number, end) in endings.into_iter().enumerate() {
        let name = format!("Ravi {number}");
        let (person, mut visitor) = shop.worker(&name, SELLER, SELLER_PIN);
        let mut screen = Screen::open(&visitor);
        screen.say(&id, "edit", "one");
        owner.sees(&id, &[&format!("{name} edit")]);
        // One that is broken off just before leaves nothing either.
        let mut broken = Screen::open(&visitor);
        broken.say(&id, "view", "two");
        broken.next_action("you");
        drop(broken);
        let start = std::time::Instant::now();
        end(&mut shop, person, &mut visitor);
        assert!(present(&mut shop.owner).iter().all(|one| !one.contains(&name)), "{:?}", present(&mut shop.owner));
        owner.sees(&id, &[]);
        assert!(start.elapsed() < moment, "{:?}", start.elapsed());
        assert_eq!(screen.close_code(), Some(4401));
    }
}
