//! Masks: a field that one may not see is left out and named in `redacted`, in every answer; it is found by no search, and an
//! edit by somebody who does not see it keeps it.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::support::people::{MANAGER, MANAGER_PIN, SELLER_PIN, Staffed};
use crate::support::till::{Stored, array, text};
use crate::support::visitor::Visitor;

const PHONE: &str = "98712 36540";
const PHONE_DIGITS: &str = "9871236540";
const ADDRESS: &str = "77 Needle Lane";
const AMOUNT: f64 = 98_765.43;
/// How the amount stands in any text.
const AMOUNT_TEXT: &str = "98765.43";

const CONTACT: [&str; 2] = ["customer_phone", "customer_address"];
const AMOUNTS: [&str; 16] = [
    "subtotal",
    "discount_amount",
    "discount_percentage",
    "is_percentage_discount",
    "tax",
    "tax_amount",
    "tax_lines",
    "round_off",
    "total",
    "amount_paid",
    "change",
    "refunded",
    "due",
    "payments",
    "amounts_flagged",
    "amount",
];

fn body(customer: &str) -> Value {
    json!({
        "customer_name": customer, "customer_phone": PHONE, "customer_address": ADDRESS, "sale_by": "Asha",
        "items": [{"id": 1, "name": "Heater", "price": AMOUNT, "quantity": 1, "discount": 0, "hsn": "8516"}],
        "subtotal": AMOUNT, "discount_amount": 0.0, "is_percentage_discount": false, "total": AMOUNT,
    })
}

/// A shop with an estimate and an order that hold what is not for everybody.
struct Hidden {
    shop: Staffed,
    estimate: Stored,
    order: Stored,
}

impl Hidden {
    fn open() -> Self {
        let mut shop = Staffed::open();
        let estimate = Stored::estimate(&shop.owner.post("/api/estimates/create", &body("Asha")).expect(201));
        let order = Stored::order(&shop.owner.post("/api/orders/create-sale", &body("Asha")).expect(201));
        Self { shop, estimate, order }
    }

    /// Somebody who may do much, and does not see this.
    fn masked(&mut self, masks: &[&str]) -> Visitor {
        let rights = ["sell", "estimate", "convert", "edit_others", "status", "figures"];
        let name = format!("Without {}", masks.join(" and "));
        let role = self.shop.role(&name, &rights, &json!({"masks": masks, "discount_max": 100}));
        self.shop.program(&name, role).1
    }

    fn paths(&self) -> Vec<String> {
        let (estimate, order) = (&self.estimate, &self.order);
        let mut paths: Vec<String> =
            ["estimates/all", "estimates/pending", "estimates/converted", "orders/orders-only"]
                .into_iter()
                .chain([
                    "orders/separate",
                    "orders/all",
                    "search?q=asha",
                    "search?q=heater",
                    "changes?since=0",
                    "summary",
                ])
                .map(|path| format!("/api/{path}"))
                .collect();
        for (kind, record) in [("estimates", estimate), ("orders", order)] {
            paths.push(format!("/api/{kind}/{}", record.id));
            paths.push(format!("/api/{kind}/{}/history", record.id));
            paths.push(format!("/api/{kind}/number/{}", record.number));
        }
        paths
    }
}

/// Nothing of what is hidden stands in these bytes.
fn holds_none(bytes: &[u8], needles: &[&str], what: &str) {
    let text = String::from_utf8_lossy(bytes);
    for needle in needles {
        assert!(!text.contains(needle), "{what} says {needle}: {text}");
    }
}

/// The masked record is the whole one without the fields that it names.
fn is_without(masked: &Value, whole: &Value, may_be_missing: &[&str]) {
    let redacted: BTreeSet<String> =
        array(masked["redacted"].clone()).iter().map(|name| name.as_str().unwrap().to_string()).collect();
    let (masked, whole) = (masked.as_object().unwrap(), whole.as_object().unwrap());
    for name in &redacted {
        let field = name.strip_prefix("items.").unwrap_or(name);
        assert!(may_be_missing.contains(&field) || name.starts_with("items."), "{name}");
    }
    for (field, value) in whole {
        match masked.get(field) {
            None => assert!(redacted.contains(field), "{field} is missing and not named"),
            Some(_) if redacted.contains(field) => panic!("{field} is named and there"),
            Some(own) if field == "items" => {
                let pairs = own.as_array().unwrap().iter().zip(value.as_array().unwrap());
                for (own, whole) in pairs {
                    items_are_without(own.as_object().unwrap(), whole.as_object().unwrap(), &redacted);
                }
            }
            Some(own) => assert_eq!(own, value, "{field}"),
        }
    }
    let more: Vec<_> = masked.keys().filter(|field| !whole.contains_key(*field) && *field != "redacted").collect();
    assert!(more.is_empty(), "{more:?}");
}

fn items_are_without(own: &Map<String, Value>, whole: &Map<String, Value>, redacted: &BTreeSet<String>) {
    for (field, value) in whole {
        let is_hidden = redacted.contains(&format!("items.{field}"));
        assert_eq!(own.get(field), (!is_hidden).then_some(value), "items.{field}");
    }
}

#[test]
fn a_masked_field_is_left_out_and_named_everywhere() {
    let mut hidden = Hidden::open();
    for (mask, needles, fields) in [
        ("contact", [PHONE, PHONE_DIGITS, ADDRESS].as_slice(), CONTACT.as_slice()),
        ("amounts", [AMOUNT_TEXT].as_slice(), AMOUNTS.as_slice()),
    ] {
        let mut visitor = hidden.masked(&[mask]);
        assert_eq!(visitor.me()["masks"], json!([mask]));
        for path in hidden.paths() {
            let reply = visitor.get(&path);
            assert_eq!(reply.status, 200, "{path}");
            holds_none(&reply.body, needles, &format!("{mask}: {path}"));
        }
        for path in [format!("/api/estimates/{}", hidden.estimate.id), format!("/api/orders/{}", hidden.order.id)] {
            let (masked, whole) = (visitor.get(&path).expect(200), hidden.shop.owner.get(&path).expect(200));
            is_without(&masked, &whole, fields);
            assert_eq!(whole.get("redacted"), None, "{whole}");
            let redacted = array(masked["redacted"].clone());
            let sure = if mask == "contact" { CONTACT.to_vec() } else { vec!["subtotal", "total", "items.price"] };
            for name in sure {
                assert!(redacted.contains(&json!(name)), "{name} in {redacted:?}");
            }
        }
        let change = array(visitor.get("/api/changes?since=0").expect(200)["changes"].take()).remove(0);
        let seen = visitor.get(&format!("/api/estimates/{}", hidden.estimate.id)).expect(200);
        assert_eq!(change["data"], seen, "{mask}: the change is what the GET shows");
        holds_none(&visitor.heard, needles, mask);
    }
    let mut both = hidden.masked(&["contact", "amounts"]);
    for path in hidden.paths() {
        both.get(&path);
    }
    holds_none(&both.heard, &[PHONE, PHONE_DIGITS, ADDRESS, AMOUNT_TEXT], "both");
}

#[test]
fn sums_of_amounts_that_one_may_not_see_are_not_there_either() {
    let mut hidden = Hidden::open();
    let mut visitor = hidden.masked(&["amounts"]);
    let only = visitor.get("/api/orders/orders-only").expect(200);
    assert_eq!((&only["orders"]["count"], only["orders"].get("total_amount")), (&json!(1), None), "{only}");
    let separate = visitor.get("/api/orders/separate").expect(200);
    assert_eq!(separate["summary"]["total_orders"], json!(1));
    assert_eq!(separate["summary"].get("total_revenue"), None, "{separate}");
    for part in ["estimates", "orders"] {
        assert_eq!(separate[part].get("total_amount"), None, "{separate}");
    }
    for record in array(visitor.get("/api/orders/all").expect(200)) {
        assert_eq!(record.get("amount"), None, "{record}");
    }
    for digit in ["0.0", "0"] {
        let record = visitor.get(&format!("/api/orders/{}", hidden.order.id)).expect(200);
        assert_ne!(record.get("total").map(Value::to_string), Some(digit.into()), "left out, never zero");
    }
}

#[test]
fn a_search_finds_nothing_by_what_is_masked() {
    let mut hidden = Hidden::open();
    let mut visitor = hidden.masked(&["contact"]);
    for query in [PHONE_DIGITS, "987123", "36540", "98712%2036540", "+919871236540", "needle", "77%20needle%20lane"] {
        let found = visitor.ids(&format!("/api/search?q={query}"));
        assert!(found.is_empty(), "{query}: {found:?}");
        for list in ["/api/estimates/all", "/api/orders/all"] {
            assert!(visitor.ids(&format!("{list}?q={query}")).is_empty(), "{list} {query}");
        }
    }
    // With words of both kinds, too: the name alone would be found.
    assert_eq!(visitor.ids("/api/search?q=asha").len(), 2);
    assert!(visitor.ids("/api/search?q=asha%20987123").is_empty());
    assert_eq!(hidden.shop.owner.ids(&format!("/api/search?q={PHONE_DIGITS}")).len(), 2);
}

#[test]
fn neither_a_conflict_nor_the_answer_to_a_command_shows_it() {
    let mut hidden = Hidden::open();
    let path = format!("/api/estimates/{}", hidden.estimate.id);
    for (mask, needles) in
        [("contact", [PHONE, PHONE_DIGITS, ADDRESS].as_slice()), ("amounts", [AMOUNT_TEXT].as_slice())]
    {
        let mut visitor = hidden.masked(&[mask]);
        let edit = json!({"customer_name": "Asha", "sale_by": "Ravi", "items": [{"name": "Heater", "price": 5, "quantity": 1}],
            "customer_phone": "1", "customer_address": "x", "subtotal": 5, "discount_amount": 0, "is_percentage_discount": false, "total": 5});
        let stale = visitor.request("PUT", &path, &[("If-Match", "\"99\"")], Some(edit.to_string().as_bytes()));
        assert_eq!(stale.expect(412)["current"]["customer_name"], "Asha");
        let stale = visitor.post(&format!("{path}/convert-to-order"), &json!({"rev": 99}));
        stale.expect(412);
        let order = format!("/api/orders/{}/status?status=Packed", hidden.order.id);
        visitor.request("PUT", &order, &[("If-Match", "\"99\"")], None).expect(412);
        visitor.request("PUT", &order, &[], None).expect(200);
        let copied = visitor.post(&format!("{path}/duplicate"), &json!({})).expect(201);
        let copy = text(&copied, "estimate_id");
        visitor.post(&format!("/api/estimates/{copy}/convert-to-order"), &json!({})).expect(200);
        holds_none(&visitor.heard, needles, mask);
    }
}

#[test]
fn an_edit_by_somebody_who_does_not_see_it_keeps_it() {
    let mut hidden = Hidden::open();
    let path = format!("/api/estimates/{}", hidden.estimate.id);
    let before = hidden.shop.owner.get(&path).expect(200);
    for (mask, name) in [("contact", "Bela"), ("amounts", "Chitra")] {
        let mut visitor = hidden.masked(&[mask]);
        // As its screen has it: what it was shown, with another name.
        let mut edit = visitor.get(&path).expect(200);
        edit["customer_name"] = json!(name);
        edit.as_object_mut().unwrap().remove("redacted");
        visitor.put(&path, &edit).expect(200);
        let after = hidden.shop.owner.get(&path).expect(200);
        assert_eq!(after["customer_name"], name);
        for field in ["customer_phone", "customer_address", "subtotal", "total", "discount_amount", "items"] {
            assert_eq!(after[field], before[field], "{mask}: {field}");
        }
        assert_eq!(after.get("amounts_flagged"), before.get("amounts_flagged"), "{mask}");
    }
    // Others must name everything, as before.
    let mut short = body("Dev");
    short.as_object_mut().unwrap().remove("customer_phone");
    hidden.shop.owner.put(&path, &short).expect(422);
}

#[test]
fn a_repetition_of_what_was_done_to_a_record_tells_nobody_who_does_not_see_it() {
    let mut hidden = Hidden::open();
    let own = json!({"scope": {"estimates": "own", "orders": "own"}});
    let rights = ["sell", "estimate", "status", "undo_sold", "delete_open", "edit_others"];
    let own = hidden.shop.role("Own", &rights, &own);
    let manager = hidden.shop.hire("Meena", MANAGER, MANAGER_PIN);
    let own = hidden.shop.hire("Vik", own, SELLER_PIN);
    let mut till = hidden.shop.device("Till 1");
    let (sale, estimate) = (hidden.shop.owner.create_sale("Asha"), hidden.shop.owner.create_estimate("Asha"));
    let order = format!("/api/orders/{}", sale.id);
    let commands = [
        ("PUT", format!("{order}/status?status=Packed"), "status"),
        ("DELETE", order, "gone"),
        ("DELETE", format!("/api/estimates/{}", estimate.id), "gone too"),
    ];
    till.log_in(manager, MANAGER_PIN).expect(200);
    for (method, path, key) in &commands {
        till.keyed(method, path, key, &json!({})).expect(200);
    }
    till.log_in(own, SELLER_PIN).expect(200);
    for (method, path, key) in &commands {
        let told = till.keyed(method, path, key, &json!({}));
        assert!(!told.detail(409).is_empty(), "{path}");
        holds_none(&told.body, &["Packed", "deleted"], path);
    }
    till.log_in(manager, MANAGER_PIN).expect(200);
    for (method, path, key) in &commands {
        till.keyed(method, path, key, &json!({})).expect(200);
    }
}

#[test]
fn what_is_wrong_with_a_request_is_told_to_those_alone_who_see_the_record() {
    let mut hidden = Hidden::open();
    let own = json!({"scope": {"estimates": "own", "orders": "own"}});
    let rights = ["sell", "estimate", "convert", "status", "edit_others"];
    let role = hidden.shop.role("Own", &rights, &own);
    let (person, mut seller) = hidden.shop.worker("Vik", role, SELLER_PIN);
    let (sale, estimate) = (hidden.shop.owner.create_sale("Asha"), hidden.shop.owner.create_estimate("Asha"));
    let (estimate, order) = (format!("/api/estimates/{}", estimate.id), format!("/api/orders/{}", sale.id));
    let wrong = [
        ("PUT", estimate.clone(), json!({})),
        ("POST", format!("{estimate}/convert-to-order"), json!({"amount_paid": "x"})),
        ("POST", format!("{estimate}/owner"), json!({})),
        ("POST", format!("{order}/owner"), json!({"person": "x"})),
        ("PUT", format!("{order}/status"), json!({})),
    ];
    for (method, path, body) in &wrong {
        let body = body.to_string();
        assert!(!seller.request(method, path, &[], Some(body.as_bytes())).detail(404).is_empty(), "{path}");
        assert_eq!(hidden.shop.owner.request(method, path, &[], Some(body.as_bytes())).status, 422, "{path}");
    }
    for path in [&estimate, &order] {
        hidden.shop.owner.post(&format!("{path}/owner"), &json!({"person": person})).expect(200);
    }
    for (method, path, body) in &wrong {
        assert_eq!(seller.request(method, path, &[], Some(body.to_string().as_bytes())).status, 422, "{path}");
    }
}

#[test]
fn masked_amounts_are_not_found_out_by_what_is_refused() {
    let mut hidden = Hidden::open();
    let role = hidden.shop.role("Blind", &["sell", "convert"], &json!({"masks": ["amounts"], "discount_max": 0}));
    let (_, mut seller) = hidden.shop.worker("Ravi", role, SELLER_PIN);
    let estimate = hidden.shop.owner.create_estimate("Asha");
    let price =
        hidden.shop.owner.get(&format!("/api/estimates/{}", estimate.id)).expect(200)["total"].as_f64().unwrap();
    let mut guess = |total: f64| {
        let mut body = crate::support::samples::sale("Asha");
        body["source_estimate_id"] = json!(estimate.id);
        body["items"] = json!([{"name": "Bulb", "price": total, "quantity": 1}]);
        (body["subtotal"], body["total"], body["discount_amount"]) = (json!(total), json!(total), json!(0));
        seller.post("/api/orders/create-sale", &body).status
    };
    assert_eq!([guess(price - 1.0), guess(price), guess(price + 1.0)], [403; 3]);
    hidden.shop.owner.post(&format!("/api/estimates/{}/convert-to-order", estimate.id), &json!({})).expect(200);
    assert_eq!([guess(price - 1.0), guess(price), guess(price + 1.0)], [403; 3]);
}

#[test]
fn a_repetition_by_another_person_on_the_same_device_tells_nothing() {
    let mut hidden = Hidden::open();
    let masked = hidden.shop.role("Masked", &["sell", "estimate"], &json!({"masks": ["contact", "amounts"]}));
    let own = json!({"scope": {"estimates": "own", "orders": "own"}});
    let own = hidden.shop.role("Own", &["sell", "estimate"], &own);
    let manager = hidden.shop.hire("Meena", MANAGER, MANAGER_PIN);
    let (masked, own) = (hidden.shop.hire("Ravi", masked, SELLER_PIN), hidden.shop.hire("Vik", own, SELLER_PIN));
    let mut till = hidden.shop.device("Till 1");
    for (path, key) in [("/api/estimates/create", "till-1-a"), ("/api/orders/create-sale", "till-1-b")] {
        till.log_in(manager, MANAGER_PIN).expect(200);
        let first = till.keyed("POST", path, key, &body("Asha")).expect(201);
        // The session is another one, the device is the same: nothing is sold twice.
        till.log_in(manager, MANAGER_PIN).expect(200);
        assert_eq!(till.keyed("POST", path, key, &body("Asha")).expect(201), first);

        till.log_in(own, SELLER_PIN).expect(200);
        let refused = till.keyed("POST", path, key, &body("Asha"));
        assert!(!refused.detail(409).is_empty());
        let id = first["data"]["estimate_id"].as_str().or(first["data"]["order_id"].as_str()).unwrap();
        holds_none(&refused.body, &[id, PHONE, ADDRESS, AMOUNT_TEXT, "Asha"], "a repetition");

        till.log_in(masked, SELLER_PIN).expect(200);
        let told = till.keyed("POST", path, key, &body("Asha"));
        assert!([201, 409].contains(&told.status), "{}", told.text());
        holds_none(&told.body, &[PHONE, ADDRESS, AMOUNT_TEXT], "a stored answer");
        // From another device the same key is another command.
        let mut other = hidden.shop.owner.clone();
        let second = other.keyed("POST", path, key, &body("Asha")).expect(201);
        assert_ne!(second["data"], first["data"]);
    }
    let mut owner = hidden.shop.owner.clone();
    assert_eq!(owner.ids("/api/estimates/all").len(), 3);
    assert_eq!(owner.get("/api/orders/orders-only").expect(200)["orders"]["count"], json!(3));
}
