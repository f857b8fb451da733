//! What a client is told of changes is what it may see: `/api/changes` for a cut view, records that come into sight and go out
//! of it, and an epoch that names the view, so that narrower rights never resume into older data.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::http::Client;
use crate::support::people::{MANAGER, SELLER, SELLER_PIN, Staffed, VIEWER};
use crate::support::random::Random;
use crate::support::samples;
use crate::support::server::Server;
use crate::support::till::{array, text};
use crate::support::visitor::Visitor;

/// A client that keeps what it is told.
struct Keeper {
    who: String,
    visitor: Visitor,
    since: u64,
    epoch: String,
    held: BTreeMap<String, Value>,
}

impl Keeper {
    fn start(who: &str, mut visitor: Visitor) -> Self {
        let page = visitor.get("/api/changes?since=0").expect(200);
        let mut keeper = Self {
            who: who.into(),
            visitor,
            since: page["next"].as_u64().unwrap(),
            epoch: text(&page, "epoch"),
            held: BTreeMap::new(),
        };
        keeper.take(&page);
        keeper
    }

    fn page(&mut self) -> Value {
        self.visitor.get(&format!("/api/changes?since={}&epoch={}", self.since, self.epoch)).expect(200)
    }

    /// Takes what is new and gives it.
    fn news(&mut self) -> Vec<Value> {
        let page = self.page();
        assert_ne!(page["resume"], "reset", "{}: {page}", self.who);
        assert_eq!(page["next"], page["seq"], "{}: one page is enough", self.who);
        self.take(&page)
    }

    fn take(&mut self, page: &Value) -> Vec<Value> {
        self.since = page["next"].as_u64().unwrap();
        self.epoch = text(page, "epoch");
        let changes = array(page["changes"].clone());
        for change in &changes {
            let id = text(change, "id");
            match change["action"].as_str().unwrap() {
                "delete" | "hide" => self.held.remove(&id),
                _ => self.held.insert(id, change["data"].clone()),
            };
        }
        changes
    }

    /// What it holds is what it is shown.
    fn check(&mut self, at: &str) {
        let estimates = array(self.visitor.get("/api/estimates/all").expect(200));
        let orders = array(self.visitor.get("/api/orders/orders-only").expect(200)["orders"]["items"].take());
        let shown: BTreeMap<String, Value> =
            estimates.into_iter().chain(orders).map(|record| (text(&record, "id"), record)).collect();
        assert_eq!(self.held, shown, "{} after {at}", self.who);
    }
}

fn hand_over(visitor: &mut Visitor, path: &str, person: u64) -> Value {
    visitor.post(&format!("{path}/owner"), &json!({"person": person})).expect(200)
}

#[test]
fn a_cut_view_has_no_socket_and_is_told_why() {
    let mut shop = Staffed::open();
    let (_, mut seller) = shop.seller();
    let (_, mut viewer) = shop.program("Wall", VIEWER);
    let (_, mut manager) = shop.program("Office", MANAGER);
    for path in ["/ws", "/ws?format=legacy", "/sync", "/sync?since=0"] {
        for visitor in [&mut seller, &mut viewer] {
            assert!(!visitor.handshake(path, &[]).detail(403).is_empty(), "{path}");
        }
        assert_eq!(manager.handshake(path, &[]).status, 101, "{path}");
        assert!(shop.owner.socket(path).is_ok(), "{path}");
    }
    for visitor in [&mut seller, &mut viewer] {
        assert_eq!(visitor.me()["is_cut"], json!(true));
        visitor.get("/api/changes?since=0").expect(200);
    }
    assert_eq!(manager.me()["is_cut"], json!(false));
}

#[test]
fn a_record_handed_over_disappears_for_the_one_and_appears_for_the_other() {
    let mut shop = Staffed::open();
    let own = json!({"scope": {"estimates": "own", "orders": "own"}});
    let role = shop.role("Counter", &["sell", "estimate", "convert"], &own);
    let (_, ravi) = shop.worker("Ravi", role, SELLER_PIN);
    let (meena_id, meena) = shop.worker("Meena", role, SELLER_PIN);
    let (mut ravi, mut meena) = (Keeper::start("Ravi", ravi), Keeper::start("Meena", meena));
    let mut owner = Keeper::start("the owner", shop.owner.clone());
    for kind in ["estimate", "order"] {
        let is_estimate = kind == "estimate";
        let record = if is_estimate { ravi.visitor.create_estimate("Asha") } else { ravi.visitor.create_sale("Asha") };
        let path = format!("/api/{kind}s/{}", record.id);
        ravi.visitor.post(&format!("{path}/owner"), &json!({"person": meena_id})).expect(403);
        assert_eq!((ravi.news().len(), meena.news().len(), owner.news().len()), (1, 0, 1));
        let answer = hand_over(&mut shop.owner, &path, meena_id);
        assert_eq!((&answer["success"], &answer["owner"]), (&json!(true), &json!({"id": meena_id, "name": "Meena"})));

        let seq = shop.owner.get("/api/changes").expect(200)["seq"].clone();
        assert_eq!(
            ravi.news(),
            [json!({"type": kind, "action": "hide", "id": record.id, "seq": seq})],
            "and nothing else"
        );
        let shown = meena.news();
        assert_eq!((shown.len(), &shown[0]["action"], &shown[0]["seq"]), (1, &json!("update"), &seq));
        assert_eq!(shown[0]["data"], meena.visitor.get(&path).expect(200), "all of it");
        assert_eq!(shown[0]["data"]["owner"]["name"], "Meena");
        ravi.visitor.get(&path).expect(404);
        assert_eq!(owner.news()[0]["data"], shown[0]["data"]);

        // From then on nothing of it reaches the one, and everything the other.
        let done = if is_estimate {
            shop.owner.put(&path, &samples::estimate("Edited")).expect(200)
        } else {
            shop.owner.request("PUT", &format!("{path}/status?status=Packed"), &[], None).expect(200)
        };
        assert_eq!(done["success"], json!(true));
        assert_eq!((ravi.news().len(), meena.news().len()), (0, 1));
        shop.owner.delete(&path).expect(200);
        assert_eq!(ravi.news().len(), 0);
        assert_eq!(meena.news()[0]["action"], "delete");
        owner.news();
        for keeper in [&mut ravi, &mut meena, &mut owner] {
            keeper.check("all");
        }
    }
    // Who begins from the start is told no more.
    assert!(Keeper::start("Ravi anew", ravi.visitor.clone()).held.is_empty());
}

#[test]
fn a_record_from_before_the_people_is_his_whose_name_was_in_it_and_he_hears_of_its_end() {
    let server = Server::start();
    let mut anybody = server.client();
    let made = |client: &mut Client, sale_by: &str| {
        let mut body = samples::estimate("Old");
        body["sale_by"] = json!(sale_by);
        text(&client.post("/api/estimates/create", &body).expect(201), "estimate_id")
    };
    let [named, deleted, converted, handed_over, nobodys] =
        ["ravi ", "Ravi", "RAVI", "Ravi", ""].map(|name| made(&mut anybody, name));
    let mut shop = Staffed::of(server);
    let own = json!({"scope": {"estimates": "own", "orders": "own"}});
    let role = shop.role("Counter", &["sell", "estimate", "convert"], &own);
    let (ravi_id, ravi) = shop.worker("Ravi", role, SELLER_PIN);
    let (meena_id, meena) = shop.worker("Meena", role, SELLER_PIN);
    let (mut ravi, mut meena) = (Keeper::start("Ravi", ravi), Keeper::start("Meena", meena));
    assert_eq!((ravi.held.len(), meena.held.len()), (4, 0));

    // Whatever name somebody writes into it, it is given away by handing it over alone.
    let mut edit = samples::estimate("Edited");
    edit["sale_by"] = json!("Meena");
    let path = format!("/api/estimates/{named}");
    shop.owner.put(&path, &edit).expect(200);
    let told = ravi.news();
    assert_eq!(told[0]["data"]["owner"], json!({"id": ravi_id, "name": "Ravi"}), "{told:?}");
    assert!(meena.news().is_empty());
    // One that is nobody's becomes his whose name is written into it.
    shop.owner.put(&format!("/api/estimates/{nobodys}"), &edit).expect(200);
    assert_eq!((ravi.news().len(), meena.news().len()), (0, 1));

    hand_over(&mut shop.owner, &format!("/api/estimates/{handed_over}"), meena_id);
    assert_eq!((ravi.news()[0]["action"].clone(), meena.news()[0]["action"].clone()), (json!("hide"), json!("update")));
    shop.owner.delete(&format!("/api/estimates/{deleted}")).expect(200);
    assert_eq!((ravi.news()[0]["action"].clone(), meena.news().len()), (json!("delete"), 0));
    // The sale is the owner's; the estimate stays his.
    let sold = shop.owner.post(&format!("/api/estimates/{converted}/convert-to-order"), &json!({})).expect(200);
    assert_eq!((ravi.news()[0]["action"].clone(), meena.news().len()), (json!("convert_to_order"), 0));
    ravi.check("the conversion");
    shop.owner.delete(&format!("/api/orders/{}", text(&sold, "order_id"))).expect(200);
    assert_eq!((ravi.news()[0]["id"].clone(), meena.news().len()), (json!(converted), 0));
    shop.owner.delete(&format!("/api/estimates/{nobodys}")).expect(200);
    assert_eq!((ravi.news().len(), meena.news()[0]["action"].clone()), (0, json!("delete")));
    for keeper in [&mut ravi, &mut meena] {
        keeper.check("all");
    }
}

#[test]
fn a_long_poll_of_a_cut_view_wakes_for_what_it_may_see() {
    let mut shop = Staffed::open();
    let own = json!({"scope": {"estimates": "own", "orders": "own"}});
    let role = shop.role("Counter", &["sell", "estimate"], &own);
    let (ravi_id, ravi) = shop.worker("Ravi", role, SELLER_PIN);
    let keeper = Keeper::start("Ravi", ravi);
    let waiting = format!("/api/changes?since={}&epoch={}&wait=60", keeper.since, keeper.epoch);
    let mut client = keeper.visitor.begin("GET", &waiting, b"", 0);
    let hidden = shop.owner.create_estimate("Secret customer");
    let shown = shop.owner.create_estimate("Asha");
    hand_over(&mut shop.owner, &format!("/api/estimates/{}", shown.id), ravi_id);
    let mut page = client.read("GET");
    // It may be woken by what it may not see, and is then told the sequence alone.
    while page.expect(200)["changes"].as_array().unwrap().is_empty() {
        assert!(!page.text().contains(&hidden.id) && !page.text().contains("Secret"), "{}", page.text());
        let next = page.json()["next"].as_u64().unwrap();
        let again = format!("/api/changes?since={next}&epoch={}&wait=60", keeper.epoch);
        client = keeper.visitor.begin("GET", &again, b"", 0);
        page = client.read("GET");
    }
    assert!(!page.text().contains(&hidden.id), "{}", page.text());
    assert_eq!(page.json()["changes"][0]["id"], json!(shown.id));
}

#[test]
fn a_role_renamed_changes_nothing_and_one_narrowed_begins_anew() {
    let mut shop = Staffed::open();
    let role = shop.role("Counter", &["sell", "estimate"], &json!({"days_back": 7}));
    let (_, ravi) = shop.worker("Ravi", role, SELLER_PIN);
    let mut keeper = Keeper::start("Ravi", ravi);
    shop.owner.create_estimate("Asha");
    let path = format!("/api/roles/{role}");
    let epoch = keeper.epoch.clone();
    shop.owner.put(&path, &json!({"name": "Shop floor"})).expect(200);
    assert_eq!((keeper.news().len(), &keeper.epoch), (1, &epoch));
    assert_eq!(keeper.visitor.me()["role"], json!({"id": role, "name": "Shop floor"}));

    for narrower in [
        json!({"masks": ["contact"]}),
        json!({"masks": ["contact", "amounts"]}),
        json!({"days_back": 0}),
        json!({"scope": {"estimates": "own", "orders": "all"}}),
        json!({"scope": {"estimates": "own", "orders": "own"}}),
    ] {
        shop.owner.put(&path, &narrower).expect(200);
        let page = keeper.page();
        assert_eq!(page["resume"], "reset", "{narrower}: {page}");
        assert_ne!(page["epoch"], json!(keeper.epoch), "{narrower}");
        assert!(page["changes"].as_array().is_none_or(Vec::is_empty), "{narrower}: {page}");
        keeper = Keeper::start("Ravi", keeper.visitor);
        keeper.check("a new beginning");
    }
    // So it is when the person gets another role.
    let person = keeper.visitor.me()["person"]["id"].as_u64().unwrap();
    shop.owner.put(&format!("/api/people/{person}"), &json!({"role": VIEWER})).expect(200);
    assert_eq!(keeper.page()["resume"], "reset");
}

#[test]
fn nobody_goes_on_where_somebody_else_stopped() {
    let mut shop = Staffed::open();
    shop.owner.create_estimate("Asha");
    let owner = Keeper::start("the owner", shop.owner.clone());
    let own = json!({"scope": {"estimates": "own", "orders": "own"}});
    let role = shop.role("Counter", &["sell", "estimate"], &own);
    let (_, ravi) = shop.worker("Ravi", role, SELLER_PIN);
    let (meena_id, meena) = (shop.hire("Meena", role, SELLER_PIN), ravi.clone());
    let ravi = Keeper::start("Ravi", ravi);
    // The next person at the same till, with what the page had kept.
    let mut meena = Keeper { visitor: meena, ..Keeper::start("Meena", ravi.visitor.clone()) };
    meena.visitor.log_in(meena_id, SELLER_PIN).expect(200);
    for epoch in [&owner.epoch, &ravi.epoch] {
        meena.epoch.clone_from(epoch);
        assert_eq!(meena.page()["resume"], "reset", "a view belongs to its person if the scope is own");
    }
}

#[test]
fn what_a_client_holds_is_what_it_is_shown_whatever_happens() {
    const STEPS: usize = 80;
    let mut shop = Staffed::open();
    let own = json!({"scope": {"estimates": "own", "orders": "all"}});
    let role = shop.role("Own estimates", &["sell", "estimate", "convert"], &own);
    let contact = shop.role("No contact", &["figures"], &json!({"masks": ["contact"]}));
    let amounts = shop.role("No amounts", &["status"], &json!({"masks": ["amounts"], "days_back": 1}));
    let (ravi_id, ravi) = shop.worker("Ravi", role, SELLER_PIN);
    let programs = [("contact", contact), ("amounts", amounts), ("seller", SELLER), ("manager", MANAGER)]
        .map(|(name, role)| (name, shop.program(name, role).1));
    let mut keepers: Vec<Keeper> = programs.into_iter().map(|(name, visitor)| Keeper::start(name, visitor)).collect();
    keepers.push(Keeper::start("Ravi", ravi.clone()));
    keepers.push(Keeper::start("the owner", shop.owner.clone()));
    let (mut ravi, mut random) = (ravi, Random::new(17));
    let (mut estimates, mut orders): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    for step in 0..STEPS {
        let actor = if random.one_in(3) { &mut ravi } else { &mut shop.owner };
        let customer = format!("Customer {step}");
        let done = match random.within(0..8) {
            0 | 1 => {
                estimates.push(actor.create_estimate(&customer).id);
                "an estimate"
            }
            2 => {
                orders.push(actor.create_sale(&customer).id);
                "a sale"
            }
            _ if estimates.is_empty() || orders.is_empty() => continue,
            // What is refused or gone by now changes nothing for anybody.
            3 => {
                let id = &estimates[random.index(estimates.len())];
                actor.put(&format!("/api/estimates/{id}"), &samples::estimate(&customer));
                "an edit"
            }
            4 => {
                let id = &estimates[random.index(estimates.len())];
                let reply = actor.post(&format!("/api/estimates/{id}/convert-to-order"), &json!({"sale_by": customer}));
                if reply.status == 200 {
                    orders.push(text(&reply.json(), "order_id"));
                }
                "a conversion"
            }
            5 => {
                let id = &orders[random.index(orders.len())];
                shop.owner.request("PUT", &format!("/api/orders/{id}/status?status=S{step}"), &[], None);
                "a status"
            }
            6 => {
                let person = if random.one_in(2) { ravi_id } else { shop.owner_id };
                let (kind, list) = if random.one_in(2) { ("estimates", &estimates) } else { ("orders", &orders) };
                let id = &list[random.index(list.len())];
                shop.owner.post(&format!("/api/{kind}/{id}/owner"), &json!({"person": person}));
                "a hand-over"
            }
            _ => {
                let (kind, list) = if random.one_in(2) { ("estimates", &estimates) } else { ("orders", &orders) };
                let id = &list[random.index(list.len())];
                shop.owner.delete(&format!("/api/{kind}/{id}"));
                "a deletion"
            }
        };
        for keeper in &mut keepers {
            keeper.news();
            keeper.check(&format!("step {step}, {done}"));
        }
    }
}
