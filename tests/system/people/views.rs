//! What a client is told of changes is what it may see: `/api/changes` for a cut view, records that come into sight and go out
//! of it, and an epoch that names the view, so that narrower rights never resume into older data.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan as _;
use serde_json::{Value, json};

use crate::support::http::Client;
use crate::support::keeper::{Care, PlainKeeper, Shown, SyncKeeper, Told};
use crate::support::people::{MANAGER, RIGHTS, SELLER, SELLER_PIN, Staffed, VIEWER, noon_zone};
use crate::support::random::Random;
use crate::support::samples;
use crate::support::server::Server;
use crate::support::till::{Stored, array, text};
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
fn a_cut_view_has_its_sockets_under_a_name_of_its_own() {
    let mut shop = Staffed::open();
    shop.owner.create_estimate("Asha");
    let (_, mut seller) = shop.seller();
    let (_, mut viewer) = shop.program("Wall", VIEWER);
    let (_, mut manager) = shop.program("Office", MANAGER);
    let run = text(&shop.owner.get("/api/changes").expect(200), "epoch");
    for (visitor, is_cut) in [(&mut seller, true), (&mut viewer, true), (&mut manager, false)] {
        assert_eq!(visitor.me()["is_cut"], json!(is_cut));
        for path in ["/ws", "/ws?format=legacy", "/sync", "/sync?since=0"] {
            assert_eq!(visitor.handshake(path, &[]).status, 101, "{path}");
        }
        // It has one name wherever it is told.
        let page = visitor.get("/api/changes?since=0").expect(200);
        let list = visitor.get("/api/estimates/all");
        let hello = visitor.socket("/sync?since=1").unwrap().next_json();
        assert_eq!(list.header("sync-epoch").map(|epoch| json!(epoch)).as_ref(), Some(&page["epoch"]));
        assert_eq!((&hello["epoch"], &hello["resume"]), (&page["epoch"], &json!("reset")), "without an epoch");
        let name = text(&page, "epoch");
        let own = name.strip_prefix(&run).unwrap_or_else(|| panic!("{name} in the run {run}"));
        assert_eq!(own.starts_with('~'), is_cut, "{name}");
        let resumed = visitor.socket(&format!("/sync?since=1&epoch={name}")).unwrap().next_json();
        assert_eq!((&resumed["epoch"], &resumed["resume"]), (&page["epoch"], &json!("catch_up")));
    }
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

/// What is linked is named to those alone who see it, so the other one of a conversion is told anew with the one handed over.
#[test]
fn whoever_follows_is_told_that_a_link_is_not_shown_any_more_or_is_from_now_on() {
    let mut shop = Staffed::open();
    let rights = ["sell", "estimate", "convert"];
    for (kind, scope) in [
        ("estimates", json!({"estimates": "own", "orders": "all"})),
        ("orders", json!({"estimates": "all", "orders": "own"})),
    ] {
        let role = shop.role(&format!("Own {kind}"), &rights, &json!({"scope": scope}));
        let (ravi_id, ravi) = shop.worker(&format!("Ravi {kind}"), role, SELLER_PIN);
        let mut ravi = Keeper::start("Ravi", ravi);
        let estimate = ravi.visitor.create_estimate("Asha").id;
        let sold = ravi.visitor.post(&format!("/api/estimates/{estimate}/convert-to-order"), &json!({})).expect(200);
        let order = text(&sold, "order_id");
        let (given, left) = if kind == "estimates" { (&estimate, &order) } else { (&order, &estimate) };
        let names_it = |ravi: &Keeper| ravi.held[left].to_string().contains(given.as_str());
        ravi.news();
        assert!(names_it(&ravi), "{kind}");
        for (person, is_named) in [(shop.owner_id, false), (ravi_id, true)] {
            hand_over(&mut shop.owner, &format!("/api/{kind}/{given}"), person);
            ravi.news();
            assert_eq!(names_it(&ravi), is_named, "{kind}");
            ravi.check("a hand-over");
        }
    }
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
fn a_role_that_sees_everything_is_renamed_under_sockets_that_stay() {
    let mut shop = Staffed::open();
    let role = shop.role("Floor", &RIGHTS, &Value::Null);
    let (_, mut ravi) = shop.worker("Ravi", role, "161803");
    let mut sockets = ["/sync", "/ws", "/ws?format=legacy"].map(|path| ravi.socket(path).unwrap());
    let hello = sockets[0].next_json();
    assert_eq!(hello["action"], "hello");
    shop.owner.put(&format!("/api/roles/{role}"), &json!({"name": "Shop floor"})).expect(200);
    let made = shop.owner.create_estimate("Asha");
    for socket in &mut sockets {
        // It is told of the change and of nothing else; the oldest app is told what happened, and not to what.
        let told = socket.next_text();
        assert!(told.contains(&made.id) || told == "estimate_created", "{told}");
        assert_eq!(socket.texts_until_pong(), [""; 0]);
    }
    let seq = hello["seq"].as_u64().unwrap();
    let epoch = text(&hello, "epoch");
    let page = ravi.get(&format!("/api/changes?since={seq}&epoch={epoch}")).expect(200);
    assert_eq!((&page["epoch"], &page["resume"]), (&hello["epoch"], &json!("catch_up")), "{page}");
    assert_eq!(ravi.me()["role"]["name"], "Shop floor");
}

/// A record that was made, whoever sees it.
#[derive(Clone)]
struct Made {
    kind: &'static str,
    stored: Stored,
}

impl Made {
    fn path(&self) -> String {
        format!("/api/{}/{}", self.kind, self.stored.id)
    }
}

impl Keeper {
    /// Takes what is new; one whose view was cut anew begins from the start, and nobody else does.
    fn follow(&mut self, is_cut_anew: bool) {
        let page = self.page();
        if page["resume"] != "reset" {
            assert_eq!(page["next"], page["seq"], "{}: one page is enough", self.who);
            self.take(&page);
            return;
        }
        assert!(is_cut_anew, "{} was reset for nothing: {page}", self.who);
        assert!(page["changes"].as_array().is_none_or(Vec::is_empty), "{}: {page}", self.who);
        *self = Self::start(&self.who, self.visitor.clone());
    }

    /// Asked for by itself, by its id or its number, a record is what is held of it; what is not held is not there.
    fn check_one(&mut self, made: &Made, at: &str) {
        let by_number = format!("/api/{}/number/{}", made.kind, made.stored.number);
        for path in [made.path(), by_number] {
            let reply = self.visitor.get(&path);
            match self.held.get(&made.stored.id) {
                Some(held) => assert_eq!(&reply.expect(200), held, "{} after {at}: {path}", self.who),
                None => assert_eq!(reply.status, 404, "{} after {at}: {path}", self.who),
            }
        }
    }

    /// A search finds what is held, and tells of it no more than that.
    fn check_search(&mut self, at: &str) {
        let found = array(self.visitor.get("/api/search?q=customer&limit=500").expect(200));
        let ids: BTreeSet<String> = found.iter().map(|record| text(record, "id")).collect();
        let held: BTreeSet<String> = self.held.keys().cloned().collect();
        assert_eq!((ids, found.len()), (held, self.held.len()), "{} after {at}", self.who);
        for record in found {
            let held = &self.held[record["id"].as_str().unwrap()];
            for field in ["customer_name", "customer_phone", "customer_address", "total", "owner"] {
                let (told, held) = (record.get(field), held.get(field));
                assert!(told.is_none() || told == held, "{} after {at}: {field} of {record}", self.who);
            }
        }
    }
}

/// A shop in which anything may happen, and those who follow it by what they are told.
struct World {
    shop: Staffed,
    random: Random,
    ravi_id: u64,
    ravi: Visitor,
    /// Those which Ravi may have, each with the rights that he uses.
    his_roles: [u64; 3],
    /// The names of those who have a role that is cut anew now and then.
    cut_roles: Vec<(u64, &'static str)>,
    keepers: Vec<Keeper>,
    followers: Vec<Follower>,
    screens: Vec<Screen>,
    /// Is told of everything at last.
    witness: SyncKeeper,
    made: Vec<Made>,
}

/// Somebody on `/sync`, who is away now and then.
struct Follower {
    name: &'static str,
    keeper: SyncKeeper,
    /// What he sees has changed since he was there.
    is_cut_anew: bool,
}

/// Somebody on `/ws`.
struct Screen {
    name: &'static str,
    keeper: PlainKeeper,
}

/// What may be asked for.
const TYPES: [Option<&str>; 4] = [None, None, Some("estimate"), Some("order")];

impl Follower {
    fn start(name: &'static str, visitor: Visitor, types: Option<&'static str>) -> Self {
        Self { name, keeper: SyncKeeper::start(name, visitor, types, Care::Strict), is_cut_anew: false }
    }

    /// He comes back, perhaps for other kinds of records, and goes on where he can.
    fn come_back(&mut self, types: Option<&'static str>, at: &str) {
        let keeper = &mut self.keeper;
        let is_wider = keeper.types.is_some() && keeper.types != types;
        keeper.types = types;
        let resume = keeper.connect().unwrap();
        if is_wider {
            assert_eq!(resume, "reset", "{} after {at}", keeper.who);
        } else {
            assert!(resume == "catch_up" || self.is_cut_anew, "{} after {at}: {resume}", keeper.who);
        }
        self.is_cut_anew = false;
    }

    fn check(&mut self, random: &mut Random, made: &[String], at: &str, cut_anew: &str) {
        self.is_cut_anew |= self.name == cut_anew;
        let keeper = &mut self.keeper;
        let views = keeper.views;
        if keeper.is_connected() {
            keeper.drain();
            assert!(keeper.views == views || self.is_cut_anew, "{} began anew for nothing after {at}", keeper.who);
            self.is_cut_anew = false;
            keeper.shown_meanwhile.clear();
        } else if random.one_in(3) {
            let types = if random.one_in(3) { TYPES[random.index(TYPES.len())] } else { keeper.types };
            self.come_back(types, at);
        } else {
            let shown = Shown::to(&mut keeper.visitor, None);
            keeper.shown_meanwhile.extend(shown.held.into_keys());
            return;
        }
        self.keeper.check(made, at);
        if random.one_in(8) {
            self.keeper.cut();
        }
    }
}

impl Screen {
    fn check(&mut self, random: &mut Random, at: &str, cut_anew: &str) {
        let keeper = &mut self.keeper;
        let reloads = keeper.reloads;
        if keeper.is_connected() {
            keeper.drain();
        } else {
            keeper.connect().unwrap();
        }
        assert!(keeper.reloads == reloads || self.name == cut_anew, "{} read anew for nothing after {at}", keeper.who);
        keeper.check(at);
        if random.one_in(20) {
            keeper.cut();
        }
    }
}

impl World {
    fn open(seed: u64) -> Self {
        // Nobody's day ends while it goes on.
        let mut shop = Staffed::of(Server::start_with(&["--timezone", &noon_zone()]));
        let own = json!({"scope": {"estimates": "own", "orders": "all"}});
        let rights = ["sell", "estimate", "convert"];
        let role = shop.role("Own estimates", &rights, &own);
        let second = shop.role("Own orders", &rights, &json!({"scope": {"estimates": "all", "orders": "own"}}));
        let contact = shop.role("No contact", &["figures"], &json!({"masks": ["contact"]}));
        let amounts = shop.role("No amounts", &["status"], &json!({"masks": ["amounts"], "days_back": 1}));
        let (ravi_id, ravi) = shop.worker("Ravi", role, SELLER_PIN);
        // Who has seen nothing yet may go on from there under any name.
        shop.owner.create_estimate("First customer");
        let programs = [("contact", contact), ("amounts", amounts), ("seller", SELLER), ("manager", MANAGER)];
        let programs = programs.map(|(name, role)| (name, shop.program(name, role).1));
        let mut all = Vec::from(programs);
        all.extend([("Ravi", ravi.clone()), ("the owner", shop.owner.clone())]);
        let keepers = all.iter().map(|(name, visitor)| Keeper::start(name, visitor.clone())).collect();
        let follow =
            |types| move |(name, visitor): &(&'static str, Visitor)| Follower::start(name, visitor.clone(), types);
        let mut followers: Vec<_> = all.iter().map(follow(None)).collect();
        followers.extend(all[..2].iter().map(follow(Some("order"))));
        followers.extend(all[4..].iter().map(follow(Some("estimate"))));
        let watch = |(name, visitor): &(&'static str, Visitor)| Screen {
            name,
            keeper: PlainKeeper::start(name, visitor.clone(), Care::Strict),
        };
        let screens = all.iter().map(watch).collect();
        let witness = SyncKeeper::start("the witness", shop.owner.clone(), None, Care::Lenient);
        Self {
            shop,
            random: Random::new(seed),
            ravi_id,
            ravi,
            his_roles: [role, second, SELLER],
            cut_roles: vec![(role, "Ravi"), (second, "Ravi"), (contact, "contact"), (amounts, "amounts")],
            keepers,
            followers,
            screens,
            witness,
            made: Vec::new(),
        }
    }

    fn one_of<T: Clone>(random: &mut Random, all: &[T]) -> T {
        all[random.index(all.len())].clone()
    }

    fn any(&mut self, kind: &str) -> Option<Made> {
        let all: Vec<Made> = self.made.iter().filter(|made| made.kind == kind).cloned().collect();
        (!all.is_empty()).then(|| Self::one_of(&mut self.random, &all))
    }

    fn any_record(&mut self) -> Option<Made> {
        let kind = Self::one_of(&mut self.random, &["estimates", "orders"]);
        self.any(kind)
    }

    /// Something happens. What it was, and whose view was cut anew by it.
    fn step(&mut self, number: usize) -> Option<(&'static str, &'static str)> {
        let customer = format!("Customer {number}");
        let is_ravi = self.random.one_in(3);
        let done = match self.random.within(0..12) {
            0..=2 => {
                let days = [0, 0, 1, 2, 5, 9][self.random.index(6)];
                let made_at = (jiff::Timestamp::now() - (24 * days).hours()).to_string();
                let is_estimate = self.random.one_in(2);
                let (kind, path, mut body) = if is_estimate {
                    ("estimates", "/api/estimates/create", samples::estimate(&customer))
                } else {
                    ("orders", "/api/orders/create-sale", samples::sale(&customer))
                };
                body["made_at"] = json!(made_at);
                let actor = if is_ravi { &mut self.ravi } else { &mut self.shop.owner };
                let answer = actor.post(path, &body).expect(201);
                let stored = if is_estimate { Stored::estimate(&answer) } else { Stored::order(&answer) };
                self.made.push(Made { kind, stored });
                ("a record of some days ago", "")
            }
            // What is refused or gone by now changes nothing for anybody.
            3 => {
                let path = self.any("estimates")?.path();
                let actor = if is_ravi { &mut self.ravi } else { &mut self.shop.owner };
                actor.put(&path, &samples::estimate(&customer));
                ("an edit", "")
            }
            4 => {
                let path = format!("{}/convert-to-order", self.any("estimates")?.path());
                let actor = if is_ravi { &mut self.ravi } else { &mut self.shop.owner };
                let reply = actor.post(&path, &json!({"sale_by": customer}));
                if reply.status == 200 {
                    self.made.push(Made { kind: "orders", stored: Stored::order(&reply.json()) });
                }
                ("a conversion", "")
            }
            5 => {
                let path = format!("{}/status?status=S{number}", self.any("orders")?.path());
                self.shop.owner.request("PUT", &path, &[], None);
                ("a status", "")
            }
            6 | 7 => {
                let person = if self.random.one_in(2) { self.ravi_id } else { self.shop.owner_id };
                let path = format!("{}/owner", self.any_record()?.path());
                self.shop.owner.post(&path, &json!({"person": person}));
                ("a hand-over", "")
            }
            8 => {
                let path = self.any_record()?.path();
                self.shop.owner.delete(&path);
                ("a deletion", "")
            }
            9 | 10 => {
                let (role, who) = Self::one_of(&mut self.random, &self.cut_roles);
                let masks = [json!([]), json!(["contact"]), json!(["amounts"]), json!(["contact", "amounts"])];
                let days = [Value::Null, json!(0), json!(1), json!(7)];
                let mut scope = || Self::one_of(&mut self.random, &["own", "all"]);
                let scope = json!({"estimates": scope(), "orders": scope()});
                let cut = match self.random.within(0..3) {
                    0 => json!({"masks": Self::one_of(&mut self.random, &masks)}),
                    1 => json!({"days_back": Self::one_of(&mut self.random, &days)}),
                    _ => json!({"scope": scope}),
                };
                self.shop.owner.put(&format!("/api/roles/{role}"), &cut).expect(200);
                ("a role that is cut anew", who)
            }
            _ => {
                let role = Self::one_of(&mut self.random, &self.his_roles);
                self.shop.owner.put(&format!("/api/people/{}", self.ravi_id), &json!({"role": role})).expect(200);
                ("another role", "Ravi")
            }
        };
        Some(done)
    }

    /// Whatever was stored until now is sent to everybody: settings go to `/sync` in their turn, and nothing of a record with them.
    fn all_is_sent(&mut self, number: usize) {
        let name = format!("Shop {number}");
        self.shop.owner.put("/api/settings", &json!({"shop_name": name})).expect(200);
        while self.witness.read(false).unwrap() != Told::Settings {}
    }

    fn check(&mut self, number: usize, at: &str, cut_anew: &str) {
        let one = self.any_record();
        self.all_is_sent(number);
        let ones: Vec<String> = one.iter().chain(self.made.last()).map(|made| made.stored.id.clone()).collect();
        for follower in &mut self.followers {
            follower.check(&mut self.random, &ones, at, cut_anew);
        }
        for screen in &mut self.screens {
            screen.check(&mut self.random, at, cut_anew);
        }
        for keeper in &mut self.keepers {
            keeper.follow(keeper.who == cut_anew);
            keeper.check(at);
            keeper.check_search(at);
            if let Some(one) = &one {
                keeper.check_one(one, at);
            }
            keeper.visitor.heard.clear();
        }
    }
}

fn what_happens_by_chance(seed: u64, steps: usize) {
    let mut world = World::open(seed);
    for number in 0..steps {
        if let Some((done, cut_anew)) = world.step(number) {
            world.check(number, &format!("step {number} of seed {seed}, {done}"), cut_anew);
        }
    }
    let made = std::mem::take(&mut world.made);
    for keeper in &mut world.keepers {
        for one in &made {
            keeper.check_one(one, &format!("all of seed {seed}"));
        }
        // Who begins now holds the same.
        let anew = Keeper::start(&keeper.who, keeper.visitor.clone());
        assert_eq!(anew.held, keeper.held, "{} of seed {seed}", keeper.who);
    }
    for follower in &mut world.followers {
        if !follower.keeper.is_connected() {
            follower.come_back(follower.keeper.types, &format!("all of seed {seed}"));
        }
        let ids: Vec<String> = made.iter().map(|made| made.stored.id.clone()).collect();
        follower.keeper.check(&ids, &format!("all of seed {seed}"));
    }
}

#[test]
fn what_a_client_holds_is_what_it_is_shown_whatever_happens() {
    for seed in 17..23 {
        what_happens_by_chance(seed, 40);
    }
}

#[test]
#[ignore = "long: cargo test-all"]
fn what_a_client_holds_is_what_it_is_shown_whatever_happens_for_long() {
    for seed in 100..112 {
        what_happens_by_chance(seed, 150);
    }
}
