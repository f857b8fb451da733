//! What is outside a role's scope or days is nowhere: in no list, no sum, no search, no history, no change; asked for by id or
//! number it is 404, as if it were not there.

use jiff::ToSpan as _;
use serde_json::{Value, json};

use crate::support::http::Reply;
use crate::support::people::{SELLER_PIN, Staffed, VIEWER, noon_zone};
use crate::support::samples;
use crate::support::server::Server;
use crate::support::till::{Stored, array};
use crate::support::visitor::{Visitor, ids};

/// A shop whose day does not end during the test.
fn open() -> Staffed {
    Staffed::of(Server::start_with(&["--timezone", &noon_zone()]))
}

fn days_ago(days: i64) -> String {
    (jiff::Timestamp::now() - (24 * days).hours()).to_string()
}

fn estimate_of(visitor: &mut Visitor, days: i64, customer: &str) -> Stored {
    let mut body = samples::estimate(customer);
    body["made_at"] = json!(days_ago(days));
    Stored::estimate(&visitor.post("/api/estimates/create", &body).expect(201))
}

fn sale_of(visitor: &mut Visitor, days: i64, customer: &str) -> Stored {
    let mut body = samples::sale(customer);
    body["made_at"] = json!(days_ago(days));
    Stored::order(&visitor.post("/api/orders/create-sale", &body).expect(201))
}

fn convert(visitor: &mut Visitor, id: &str) -> Stored {
    Stored::order(&visitor.post(&format!("/api/estimates/{id}/convert-to-order"), &json!({})).expect(200))
}

fn sorted(mut ids: Vec<String>) -> Vec<String> {
    ids.sort_unstable();
    ids
}

/// The ids that any change names.
fn changed(visitor: &mut Visitor) -> Vec<String> {
    let mut ids = ids(&array(visitor.get("/api/changes?since=0").expect(200)["changes"].take()));
    ids.sort_unstable();
    ids.dedup();
    ids
}

fn worth(records: &[String]) -> Value {
    json!(records.iter().fold(0.0, |sum, _| sum + 300.0))
}

/// Everything that shows records shows these and no others; each is worth 300.
fn sees(visitor: &mut Visitor, who: &str, estimates: &[&Stored], orders: &[&Stored]) {
    let of = |stored: &[&Stored]| sorted(stored.iter().map(|one| one.id.clone()).collect());
    let (estimates, orders) = (of(estimates), of(orders));
    let both = sorted([estimates.as_slice(), orders.as_slice()].concat());
    assert_eq!(sorted(visitor.ids("/api/estimates/all")), estimates, "{who}");
    let open = [visitor.ids("/api/estimates/pending"), visitor.ids("/api/estimates/converted")].concat();
    assert_eq!(sorted(open), estimates, "{who}");
    let mut only = visitor.get("/api/orders/orders-only").expect(200);
    assert_eq!(only["orders"]["count"], json!(orders.len()), "{who}");
    assert_eq!(only["orders"]["total_amount"], worth(&orders), "{who}");
    assert_eq!(sorted(ids(&array(only["orders"]["items"].take()))), orders, "{who}");
    assert_eq!(sorted(visitor.ids("/api/orders/all")), both, "{who}");
    let mut separate = visitor.get("/api/orders/separate").expect(200);
    assert_eq!(separate["summary"]["total_estimates"], json!(estimates.len()), "{who}: {separate}");
    assert_eq!(separate["summary"]["total_orders"], json!(orders.len()), "{who}: {separate}");
    assert_eq!(separate["summary"]["total_revenue"], worth(&orders), "{who}: {separate}");
    for (part, expected) in [("estimates", &estimates), ("orders", &orders)] {
        assert_eq!(separate[part]["total_amount"], worth(expected), "{who}: {part}");
        assert_eq!(&sorted(ids(&array(separate[part]["items"].take()))), expected, "{who}: {part}");
    }
    for query in ["q=led", "q=customer", "q=9845012345"] {
        let found = sorted(visitor.ids(&format!("/api/search?{query}")));
        assert!(found.iter().all(|id| both.contains(id)), "{who}: {query}: {found:?}");
    }
    assert_eq!(sorted(visitor.ids("/api/search?q=customer")), both, "{who}");
    assert_eq!(changed(visitor), both, "{who}");
}

fn is_nowhere(visitor: &mut Visitor, kind: &str, record: &Stored) {
    for path in [
        format!("/api/{kind}s/{}", record.id),
        format!("/api/{kind}s/number/{}", record.number),
        format!("/api/{kind}s/{}/history", record.id),
    ] {
        let reply: Reply = visitor.get(&path);
        assert_eq!(reply.status, 404, "{path}: {}", reply.text());
        assert_eq!(reply.header("etag"), None, "{path}");
    }
    let seen = format!("/api/{kind}s/{}", record.id);
    let conditional = visitor.request("GET", &seen, &[("If-None-Match", "*")], None);
    assert_eq!(conditional.status, 404, "nor is it said that it has not changed");
}

#[test]
fn with_scope_own_everybody_sees_his_own_and_the_owner_all() {
    let mut shop = open();
    let own = json!({"scope": {"estimates": "own", "orders": "own"}});
    let role = shop.role("Counter", &["sell", "estimate", "convert", "status"], &own);
    let (ravi_id, mut ravi) = shop.worker("Ravi", role, SELLER_PIN);
    let (_, mut meena) = shop.worker("Meena", role, SELLER_PIN);
    let theirs = [
        ravi.create_estimate("Customer one"),
        meena.create_estimate("Customer two"),
        meena.create_estimate("Customer three"),
    ];
    let sold =
        [ravi.create_sale("Customer four"), meena.create_sale("Customer five"), shop.owner.create_sale("Customer six")];
    let converted = convert(&mut meena, &theirs[1].id);
    let copy = meena.post(&format!("/api/estimates/{}/duplicate", theirs[2].id), &json!({})).expect(201);
    let copy = Stored::estimate(&copy);

    sees(&mut ravi, "Ravi", &[&theirs[0]], &[&sold[0]]);
    sees(&mut meena, "Meena", &[&theirs[1], &theirs[2], &copy], &[&sold[1], &converted]);
    let all = [&theirs[0], &theirs[1], &theirs[2], &copy];
    sees(&mut shop.owner.clone(), "the owner", &all, &[&sold[0], &sold[1], &sold[2], &converted]);
    for record in [&theirs[1], &theirs[2], &copy] {
        is_nowhere(&mut ravi, "estimate", record);
    }
    for record in [&sold[1], &sold[2], &converted] {
        is_nowhere(&mut ravi, "order", record);
    }
    let record = ravi.get(&format!("/api/estimates/{}", theirs[0].id)).expect(200);
    assert_eq!(
        record["owner"],
        json!({"id": ravi_id, "name": "Ravi"}),
        "the owner is the person, whatever sale_by says"
    );
    let me = ravi.me();
    assert_eq!((&me["scope"], &me["is_cut"]), (&json!({"estimates": "own", "orders": "own"}), &json!(true)));
    // What is not seen is not changed either.
    let edit = samples::estimate("Mine now");
    ravi.put(&format!("/api/estimates/{}", theirs[1].id), &edit).expect(404);
    ravi.put(&format!("/api/estimates/{}", theirs[0].id), &edit).expect(200);
    let mut sale = samples::sale("Customer seven");
    sale["source_estimate_id"] = json!(theirs[2].id);
    let reply = ravi.post("/api/orders/create-sale", &sale);
    let untouched = meena.get(&format!("/api/estimates/{}", theirs[2].id)).expect(200);
    assert_eq!(untouched["is_converted_to_order"], json!(false), "{}", reply.text());
    assert!(!reply.text().contains(&theirs[2].id), "{}", reply.text());
}

#[test]
fn each_kind_has_a_scope_of_its_own_and_links_to_what_is_hidden_are_left_out() {
    let mut shop = open();
    let cut = json!({"scope": {"estimates": "own", "orders": "all"}});
    let role = shop.role("Packer", &["status"], &cut);
    let (_, mut packer) = shop.program("Packer", role);
    let estimate = shop.owner.create_estimate("Customer one");
    let order = convert(&mut shop.owner, &estimate.id);
    let sale = shop.owner.create_sale("Customer two");
    sees(&mut packer, "the packer", &[], &[&order, &sale]);
    is_nowhere(&mut packer, "estimate", &estimate);
    for path in [
        format!("/api/orders/{}", order.id),
        format!("/api/orders/{}/history", order.id),
        "/api/orders/orders-only".into(),
        "/api/orders/separate".into(),
        "/api/orders/all".into(),
        "/api/search?q=customer".into(),
        "/api/changes?since=0".into(),
        format!("/api/orders/{}/status?status=Packed", order.id),
    ] {
        let method = if path.contains("status") { "PUT" } else { "GET" };
        let reply = packer.request(method, &path, &[], None);
        assert_eq!(reply.status, 200, "{path}");
        assert!(!reply.text().contains(&estimate.id), "{path} names the estimate: {}", reply.text());
    }
    let order = packer.get(&format!("/api/orders/{}", order.id)).expect(200);
    assert!(order["source_estimate_number"].is_null(), "{order}");
}

#[test]
fn days_back_are_whole_days_of_the_shop_by_when_it_was_made() {
    let mut shop = open();
    let estimates: Vec<Stored> = (0..4).map(|days| estimate_of(&mut shop.owner, days, "Customer")).collect();
    let orders: Vec<Stored> = (0..4).map(|days| sale_of(&mut shop.owner, days, "Customer")).collect();
    for days in [0, 1, 3] {
        let role = shop.role(&format!("{days} days"), &["figures"], &json!({"days_back": days}));
        let (_, mut wall) = shop.program(&format!("Wall {days}"), role);
        let who = format!("{days} days back");
        let seen: Vec<&Stored> = estimates[..=days].iter().collect();
        sees(&mut wall, &who, &seen, &orders[..=days].iter().collect::<Vec<_>>());
        for record in &estimates[days + 1..] {
            is_nowhere(&mut wall, "estimate", record);
        }
        for record in &orders[days + 1..] {
            is_nowhere(&mut wall, "order", record);
        }
        // No range reaches further back.
        let asked = wall.ids("/api/estimates/all?from=2020-01-01&to=2099-01-01");
        assert_eq!(asked.len(), seen.len(), "{who}");
        assert_eq!((wall.me()["days_back"].as_u64(), &wall.me()["is_cut"]), (Some(days as u64), &json!(true)));
    }
    // Found by what it came from, an order of today does not lead to the estimate of before.
    let order = convert(&mut shop.owner, &estimates[3].id);
    let role = shop.role("Today", &["figures"], &json!({"days_back": 0}));
    let (_, mut wall) = shop.program("Wall", role);
    let shown = wall.get(&format!("/api/orders/{}", order.id));
    shown.expect(200);
    assert!(!shown.text().contains(&estimates[3].id), "{}", shown.text());
}

#[test]
fn without_figures_a_summary_is_ones_own_day() {
    let mut shop = open();
    let (_, mut seller) = shop.seller();
    let (_, mut wall) = shop.program("Wall", VIEWER);
    shop.owner.create_sale("Customer");
    shop.owner.create_estimate("Customer");
    for _ in 0..2 {
        seller.create_sale("Customer");
    }
    let today = |visitor: &mut Visitor| -> (Value, Value) {
        let summary = visitor.get("/api/summary").expect(200);
        let day = array(summary["days"].clone()).pop().unwrap();
        assert_eq!(day["day"], summary["today"]);
        (day["count"].clone(), day["total"].clone())
    };
    assert_eq!(today(&mut seller), (json!(2), json!(600.0)));
    assert_eq!(today(&mut shop.owner), (json!(3), json!(900.0)));
    assert_eq!(today(&mut wall), (json!(3), json!(900.0)));
    assert_eq!(seller.get("/api/summary").expect(200)["open_estimates"]["count"], json!(0));
    assert!(seller.get("/metrics").detail(403).len() > 3);
}
