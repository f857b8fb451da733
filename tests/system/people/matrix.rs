//! Goal: every route of the interface asks for the right that the document names, of everybody. Method: one table of all
//! operations; each is asked by a stranger, with a made-up cookie, by a device without a person, by a revoked one, and by
//! each role. Where it is allowed the request is wrong in some other way, so that nothing changes: rights are judged before
//! faults and revisions. The table and `/openapi.json` must name the same operations.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::support::http::Reply;
use crate::support::people::{MANAGER, RIGHTS, SELLER, Staffed, may, plain, this_machine};
use crate::support::samples;
use crate::support::server::Server;
use crate::support::till::array;
use crate::support::visitor::Visitor;

/// Who may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// Everybody, strangers too.
    Open,
    /// Any person or device.
    Anybody,
    /// A person, or a device with a role of its own.
    Role,
    /// One with this right.
    Right(&'static str),
    /// Programs of this machine.
    Machine,
}
use Need::{Anybody, Machine, Open, Right, Role};

/// What stands for nobody and nothing, with which nothing is changed.
const EMPTY: &str = "{}";
/// A revision that no record has.
const STALE: &str = r#"{"rev": 99}"#;

/// (operation, who may, body). `{estimate}` and `{order}` are the owner's, `{spare…}` may be removed.
pub(super) const TABLE: [(&str, Need, &str); 73] = [
    ("GET /", Open, ""),
    ("GET /ui/{folder}/{name}", Open, ""),
    ("GET /ui/{folder}/{part}/{name}", Open, ""),
    ("GET /sw.js", Open, ""),
    ("GET /help", Open, ""),
    ("GET /help/{page}", Open, ""),
    ("GET /openapi.json", Open, ""),
    ("GET /api", Open, ""),
    ("GET /api/", Open, ""),
    ("GET /health", Open, ""),
    ("GET /api/health", Open, ""),
    ("GET /websocket/status", Open, ""),
    ("GET /api/websocket/status", Open, ""),
    ("GET /debug/time", Open, ""),
    ("GET /metrics", Right("figures"), ""),
    ("GET /ws", Role, ""),
    ("GET /sync", Role, ""),
    ("GET /api/changes", Role, ""),
    ("GET /api/search", Role, ""),
    ("GET /api/summary", Role, ""),
    ("GET /api/settings", Anybody, ""),
    ("PUT /api/settings", Right("settings"), r#"{"currency": 7}"#),
    ("POST /api/estimates/create", Right("estimate"), EMPTY),
    ("GET /api/estimates/all", Role, ""),
    ("GET /api/estimates/pending", Role, ""),
    ("GET /api/estimates/converted", Role, ""),
    ("GET /api/estimates/number/{estimate_number}", Role, ""),
    ("GET /api/estimates/{estimate}", Role, ""),
    ("PUT /api/estimates/{estimate}", Right("edit_others"), EMPTY),
    ("DELETE /api/estimates/{estimate}", Right("delete_open"), STALE),
    ("GET /api/estimates/{estimate}/history", Role, ""),
    ("POST /api/estimates/{estimate}/convert-to-order", Right("convert"), r#"{"amount_paid": -1}"#),
    ("POST /api/estimates/{estimate}/duplicate", Right("estimate"), STALE),
    ("POST /api/estimates/{estimate}/owner", Right("edit_others"), EMPTY),
    ("POST /api/orders/create-sale", Right("sell"), EMPTY),
    ("GET /api/orders/orders-only", Role, ""),
    ("GET /api/orders/separate", Role, ""),
    ("GET /api/orders/all", Role, ""),
    ("GET /api/orders/number/{order_number}", Role, ""),
    ("GET /api/orders/{order}", Role, ""),
    ("GET /api/orders/{order}/history", Role, ""),
    ("PUT /api/orders/{order}/status", Right("status"), STALE),
    ("DELETE /api/orders/{order}", Right("undo_sold"), STALE),
    ("POST /api/orders/{order}/owner", Right("edit_others"), EMPTY),
    ("GET /api/me", Open, ""),
    ("POST /api/owner", Open, EMPTY),
    ("POST /api/owner/code", Machine, EMPTY),
    ("POST /api/pair", Open, r#"{"name": 7}"#),
    ("GET /api/pair", Open, ""),
    ("GET /api/pairings", Right("people"), ""),
    ("POST /api/pairings", Right("people"), EMPTY),
    ("POST /api/pairings/confirm", Right("people"), r#"{"code": "000000", "name": "x"}"#),
    ("POST /api/pairings/{nothing}/confirm", Right("people"), r#"{"code": "000000", "name": "x"}"#),
    ("POST /api/pairings/{nothing}/refuse", Right("people"), EMPTY),
    ("POST /api/login", Open, EMPTY),
    ("POST /api/override", Role, EMPTY),
    ("GET /api/people", Anybody, ""),
    ("POST /api/people", Right("people"), EMPTY),
    ("PUT /api/people/{spare_person}", Right("people"), r#"{"name": ""}"#),
    ("DELETE /api/people/{spare_person}", Right("people"), ""),
    ("GET /api/roles", Anybody, ""),
    ("POST /api/roles", Right("people"), EMPTY),
    ("PUT /api/roles/{spare_role}", Right("people"), r#"{"name": ""}"#),
    ("DELETE /api/roles/{spare_role}", Right("people"), ""),
    ("GET /api/devices", Right("people"), ""),
    ("POST /api/devices", Right("people"), EMPTY),
    ("PUT /api/devices/{spare_device}", Right("people"), r#"{"name": ""}"#),
    ("DELETE /api/devices/{spare_device}", Right("people"), ""),
    ("GET /api/audit", Right("export"), ""),
    ("GET /api/audit/verify", Right("export"), ""),
    ("GET /api/presence", Role, ""),
    ("POST /api/lock", Anybody, EMPTY),
    ("POST /api/logout", Anybody, EMPTY),
];

/// Strangers may ask, and be told 401 or 403 by what they ask for: there is no secret, no code, no person in the request.
const MAY_SAY_NO: [&str; 3] = ["POST /api/owner", "GET /api/pair", "POST /api/login"];

/// Where there is nobody yet, the document does not say which comes first, that somebody is missing or what is wrong.
const WITHOUT_A_PERSON: [&str; 2] = ["POST /api/override", "POST /api/lock"];

const BARE: &str = "a device without a person";

/// `/api/people/{id}` and `/api/people/{person_id}` are one path.
fn bare(operation: &str) -> String {
    let mut bare = String::new();
    let mut is_inside = false;
    for c in operation.chars() {
        is_inside = is_inside && c != '}';
        if !is_inside {
            bare.push(c);
        }
        is_inside = is_inside || c == '{';
    }
    bare
}

#[test]
fn the_table_and_the_description_name_the_same_operations() {
    let server = Server::start();
    let document = server.get("/openapi.json").expect(200);
    let mut described = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        let methods = operations.as_object().unwrap().keys().filter(|key| *key != "parameters");
        described.extend(methods.map(|method| bare(&format!("{} {path}", method.to_uppercase()))));
    }
    // What is below a door is what is without one.
    described.retain(|operation| !operation.contains(" /door/"));
    let listed: BTreeSet<String> = TABLE.iter().map(|(operation, _, _)| bare(operation)).collect();
    assert_eq!(listed.len(), TABLE.len(), "a row stands twice");
    let without_row: Vec<_> = described.difference(&listed).collect();
    assert!(without_row.is_empty(), "routes without a row here, so without a right that is tested: {without_row:?}");
    let undescribed: Vec<_> = listed.difference(&described).collect();
    assert!(undescribed.is_empty(), "routes without a description: {undescribed:?}");
}

/// A shop with somebody of every kind, and things to ask about.
struct Scene {
    shop: Staffed,
    names: BTreeMap<&'static str, String>,
    /// Name, and rights; none if it is not let in, or nobody.
    visitors: Vec<(&'static str, Visitor, Option<Vec<String>>)>,
}

impl Scene {
    fn open() -> Self {
        let mut shop = Staffed::open();
        let (estimate, order) = (shop.owner.create_estimate("Asha"), shop.owner.create_sale("Asha"));
        let nobody = Visitor::browser(shop.server.addr);
        let mut unknown = nobody.clone();
        for (name, value) in &shop.owner.cookies {
            unknown.cookies.insert(name.clone(), value.chars().rev().collect());
        }
        let bare = shop.device("Bare");
        let (_, revoked) = shop.worker("Gone", MANAGER, "909090");
        let listed = shop.listed_device("Gone");
        shop.revoke(&listed);
        let (viewer, seller, manager) = (shop.viewer().1, shop.seller().1, shop.manager().1);
        let spare_person = shop.hire("Spare", SELLER, "1234");
        let spare_role = shop.role("Spare", &["sell"], &Value::Null);
        shop.device("Spare");
        let spare_device = plain(&shop.listed_device("Spare")["id"]);
        let owner = shop.owner.clone();
        let of = |visitor: &Visitor| {
            let rights = array(visitor.clone().me()["rights"].take());
            Some(rights.iter().map(|right| right.as_str().unwrap().to_string()).collect::<Vec<_>>())
        };
        let [of_viewer, of_seller, of_manager, of_owner] = [&viewer, &seller, &manager, &owner].map(of);
        // The owner comes last: he removes what is spare.
        let visitors = vec![
            ("nobody", nobody, None),
            ("an unknown cookie", unknown, None),
            (BARE, bare, None),
            ("a revoked device", revoked, None),
            ("Viewer", viewer, of_viewer),
            ("Seller", seller, of_seller),
            ("Manager", manager, of_manager),
            ("Owner", owner, of_owner),
        ];
        let page = shop.server.client().request("GET", "/", &[("Accept", "text/html")], None);
        let file = page.text().split("\"/ui/").nth(1).and_then(|rest| rest.split('"').next()).unwrap().to_string();
        let parts: Vec<&str> = file.split('/').collect();
        let names = BTreeMap::from([
            ("estimate", estimate.id),
            ("estimate_number", estimate.number.to_string()),
            ("order", order.id),
            ("order_number", order.number.to_string()),
            ("spare_person", spare_person.to_string()),
            ("spare_role", spare_role.to_string()),
            ("spare_device", spare_device),
            ("nothing", "987654".into()),
            ("page", "limits".into()),
            ("folder", parts[0].to_string()),
            ("part", "kit".into()),
            ("name", parts[parts.len() - 1].to_string()),
        ]);
        Self { shop, names, visitors }
    }

    fn ask(&self, visitor: &mut Visitor, operation: &str, body: &str) -> Reply {
        let (method, path) = operation.split_once(' ').unwrap();
        let mut path = path.to_string();
        for (name, value) in &self.names {
            path = path.replace(&format!("{{{name}}}"), value);
        }
        let mut headers = Vec::new();
        if body == STALE {
            headers.push(("If-Match", "\"99\""));
            if path.ends_with("/status") {
                path.push_str("?status=Packed");
            }
        }
        if matches!(path.as_str(), "/ws" | "/sync") {
            return visitor.handshake(&path, &[]);
        }
        if path == "/api/search" {
            path.push_str("?q=asha");
        }
        visitor.request(method, &path, &headers, (!body.is_empty()).then_some(body.as_bytes()))
    }
}

/// What is expected of somebody with these rights: nothing if it is allowed, or the statuses of the refusal.
fn refusal(who: &str, rights: Option<&[String]>, need: Need) -> Option<&'static [u16]> {
    let is_known = rights.is_some() || who == BARE;
    let is_allowed = match need {
        Open => true,
        Anybody => is_known,
        Role => rights.is_some(),
        Right(right) => rights.is_some_and(|rights| rights.iter().any(|own| own == right)),
        Machine => return Some(&[401, 403]),
    };
    match (is_allowed, rights) {
        (true, _) => None,
        (false, None) => Some(&[401]),
        (false, Some(_)) => Some(&[403]),
    }
}

#[test]
fn every_route_asks_everybody_for_the_right_that_it_needs() {
    let mut scene = Scene::open();
    let mut faults = Vec::new();
    let visitors = std::mem::take(&mut scene.visitors);
    for (who, mut visitor, rights) in visitors {
        for (operation, need, body) in &TABLE {
            let reply = scene.ask(&mut visitor, operation, body);
            let status = reply.status;
            let is_unsaid = who == BARE && WITHOUT_A_PERSON.contains(operation);
            let as_expected = match refusal(who, rights.as_deref(), *need) {
                _ if is_unsaid => status < 500,
                Some(statuses) => statuses.contains(&status),
                None if MAY_SAY_NO.contains(operation) => status < 500,
                None => status < 500 && ![401, 403].contains(&status),
            };
            // Whoever sees the record is not told that there is none, and what a stranger asks for is not said to be missing.
            let is_a_record = operation.contains("{estimate") || operation.contains("{order");
            let is_denied = is_a_record && rights.is_some() && status == 404;
            if !as_expected || is_denied {
                faults.push(format!(
                    "{who}: {operation} ({need:?}) gave {status} {}",
                    String::from_utf8_lossy(&reply.body)
                ));
            }
            if let (403, Some(_), Right(right)) = (status, &rights, need)
                && !["settings", "people"].contains(right)
            {
                let names = may(&reply);
                assert!(names.contains(&"Owner".to_string()), "{who}: {operation}: {names:?}");
                let has_manager = names.contains(&"Manager".to_string());
                assert!(has_manager, "{who}: {operation}: {names:?}");
                assert!(!names.contains(&who.to_string()), "{who}: {operation}: {names:?}");
            }
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    // Nothing of all this was carried out but what is meant to be.
    let mut machine = this_machine(&scene.shop.server);
    let estimates = array(machine.get("/api/estimates/all").expect(200));
    let orders = machine.get("/api/orders/orders-only").expect(200);
    assert_eq!((estimates.len(), orders["orders"]["count"].as_u64()), (1, Some(1)));
    assert_eq!((&estimates[0]["rev"], &estimates[0]["is_converted_to_order"]), (&json!(1), &json!(false)));
    assert_eq!(machine.get("/api/settings").expect(200)["rev"], json!(1));
}

#[test]
fn what_is_out_of_sight_is_404_on_every_route_of_a_record() {
    let mut shop = Staffed::open();
    let everything: Vec<&str> = RIGHTS[..7].to_vec();
    let own = json!({"scope": {"estimates": "own", "orders": "own"}});
    let role = shop.role("Own", &everything, &own);
    let (_, mut seller) = shop.worker("Ravi", role, "1618");
    let (estimate, order) = (shop.owner.create_estimate("Asha"), shop.owner.create_sale("Asha"));
    let rows = TABLE.iter().filter(|(operation, _, _)| operation.contains("{estimate") || operation.contains("{order"));
    for (operation, _, _) in rows {
        let (method, path) = operation.split_once(' ').unwrap();
        let mut path = path
            .replace("{estimate}", &estimate.id)
            .replace("{estimate_number}", &estimate.number.to_string())
            .replace("{order}", &order.id)
            .replace("{order_number}", &order.number.to_string());
        if path.ends_with("/status") {
            path.push_str("?status=Packed");
        }
        let body = match method {
            "PUT" if !path.contains("/status") => Some(samples::estimate("Ravi").to_string()),
            "POST" if path.ends_with("/owner") => Some(json!({"person": shop.owner_id}).to_string()),
            "POST" => Some(EMPTY.to_string()),
            _ => None,
        };
        let reply = seller.request(method, &path, &[], body.as_ref().map(String::as_bytes));
        let unknown = path.replace(&estimate.id, "EST-00000000").replace(&order.id, "ORDER-00000000");
        assert_eq!(reply.status, 404, "{method} {path}: {}", reply.text());
        if unknown != path {
            let missing = seller.request(method, &unknown, &[], body.as_ref().map(String::as_bytes));
            assert_eq!(reply.body, missing.body, "{method} {path} is told apart from one that there is not");
        }
    }
    shop.owner.get(&format!("/api/estimates/{}", estimate.id)).expect(200);
    shop.owner.get(&format!("/api/orders/{}", order.id)).expect(200);
}

#[test]
fn a_role_that_may_do_one_thing_may_do_that_and_no_other() {
    let mut scene = Scene::open();
    // One device for all of them: only so many are let in a minute.
    let mut visitor = scene.shop.device("Shared");
    for right in RIGHTS {
        let role = scene.shop.role(&format!("Only {right}"), &[right], &Value::Null);
        let person = scene.shop.hire(right, role, "246810");
        assert_eq!(visitor.log_in(person, "246810").expect(200)["rights"], json!([right]));
        for (operation, need, body) in TABLE {
            let Right(needed) = need else { continue };
            // What would be removed is asked for by those alone who may not.
            if needed == right && operation.starts_with("DELETE") && body.is_empty() {
                continue;
            }
            let status = scene.ask(&mut visitor, operation, body).status;
            assert_eq!(status == 403, needed != right, "{right}: {operation} needs {needed}: {status}");
            assert!(status < 500, "{right}: {operation}: {status}");
        }
    }
    let people = array(scene.shop.owner.get("/api/people").expect(200));
    assert_eq!(people.len(), RIGHTS.len() + 6, "nobody came, nobody went");
}
