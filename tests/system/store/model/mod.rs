//! Random commands against a model.
//!
//! Goal: for every sequence of commands, valid and invalid, the answers, the records, the lists, the links between
//! records and the frames of the live feed agree with a model of the contract that is simple enough
//! to be seen right: two growing vectors and a few rules.
//!
//! Method: proptest makes short sequences; each runs against a fresh server and a fresh model. A target is an index into
//! what exists by then, so that targets that were converted, deleted or never there come up by themselves. After every
//! command all lists are compared, so that a failure is noticed at the command that caused it and shrinks well.

mod shop;

use std::collections::HashMap;

use proptest::prelude::{Strategy, any};
use proptest::prop_oneof;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value, json};

use crate::support::till::Stored;

use shop::Shop;

const CASES: u32 = 24;
const COMMANDS_MAX: usize = 30;

/// What a till may do. Targets are taken modulo what exists, plus one that does not.
#[derive(Debug, Clone)]
enum Command {
    CreateEstimate(Cart),
    CreateSale(Cart),
    CreateSaleFrom {
        estimate: usize,
        cart: Cart,
    },
    /// A create with the client's own moment in it: whatever happened since, its repeat is the same command.
    CreateStamped {
        sale: bool,
        stamp: usize,
    },
    CreateInvalid {
        sale: bool,
        fault: usize,
    },
    Edit {
        estimate: usize,
        cart: Cart,
    },
    Duplicate {
        estimate: usize,
    },
    Convert {
        estimate: usize,
        body: usize,
    },
    DeleteEstimate {
        estimate: usize,
    },
    DeleteOrder {
        order: usize,
    },
    SetStatus {
        order: usize,
        status: usize,
        spelling: usize,
    },
}

/// One line of goods and a discount, in whole units and per cent, so that every amount is exact to the minor unit.
#[derive(Debug, Clone, Copy)]
struct Cart {
    price: u32,
    quantity: u32,
    percent: u32,
    discount_is_money: bool,
}

fn cart() -> impl Strategy<Value = Cart> {
    (1_u32..500, 1_u32..5, 0_u32..=100, any::<bool>()).prop_map(|(price, quantity, percent, discount_is_money)| Cart {
        price,
        quantity,
        percent,
        discount_is_money,
    })
}

fn command() -> impl Strategy<Value = Command> {
    let target = || 0_usize..1_000;
    prop_oneof![
        5 => cart().prop_map(Command::CreateEstimate),
        2 => cart().prop_map(Command::CreateSale),
        3 => (target(), cart()).prop_map(|(estimate, cart)| Command::CreateSaleFrom { estimate, cart }),
        2 => (any::<bool>(), 0_usize..2).prop_map(|(sale, stamp)| Command::CreateStamped { sale, stamp }),
        1 => (any::<bool>(), 0..FAULTS.len()).prop_map(|(sale, fault)| Command::CreateInvalid { sale, fault }),
        3 => (target(), cart()).prop_map(|(estimate, cart)| Command::Edit { estimate, cart }),
        2 => target().prop_map(|estimate| Command::Duplicate { estimate }),
        5 => (target(), 0..CONVERT_BODIES.len()).prop_map(|(estimate, body)| Command::Convert { estimate, body }),
        3 => target().prop_map(|estimate| Command::DeleteEstimate { estimate }),
        3 => target().prop_map(|order| Command::DeleteOrder { order }),
        3 => (target(), 0..STATUSES.len(), 0_usize..2)
            .prop_map(|(order, status, spelling)| Command::SetStatus { order, status, spelling }),
    ]
}

/// Ids that no record has: one of each kind, and one that is no id at all.
const UNKNOWN_IDS: [&str; 3] = ["EST-DEADBEEF", "ORDER-DEADBEEF", "nonsense"];
const STATUSES: [&str; 3] = ["Completed", "Packed", "Delivered"];
const CONVERT_BODIES: [&str; 3] = ["", r#"{"payment_mode":"Card","amount_paid":100}"#, r#"{"sale_by":"Mina"}"#];

/// A field and a value that makes a create invalid.
const FAULTS: [(&str, &str); 6] = [
    ("customer_name", "\"  \""),
    ("customer_phone", "98450"),
    ("items", "[]"),
    ("items", r#"[{"name":"Fan","price":10.0,"quantity":0}]"#),
    ("total", "-1.0"),
    ("subtotal", "\"many\""),
];

#[test]
fn random_commands_give_what_the_model_gives() {
    // No regressions file: a test writes nothing into the repository.
    let config = Config { cases: CASES, failure_persistence: None, max_shrink_iters: 200, ..Config::default() };
    let sequences = proptest::collection::vec(command(), 1..=COMMANDS_MAX);
    TestRunner::new(config)
        .run(&sequences, |commands| {
            let mut shop = Shop::open();
            for command in commands {
                shop.carry_out(&command);
                shop.compare_lists();
            }
            shop.compare_each_record();
            shop.compare_end_of_feed();
            Ok(())
        })
        .unwrap();
}

/// An estimate as the model has it; `fields` are those that its record must show, beside its links.
struct Estimate {
    stored: Stored,
    fields: Map<String, Value>,
    /// When it was stored, among all records.
    birth: usize,
    order: Option<usize>,
    deleted: bool,
    /// The answers that repeats of these commands must get.
    delete_answer: Option<Vec<u8>>,
    convert_answers: HashMap<usize, Vec<u8>>,
}

struct Order {
    stored: Stored,
    fields: Map<String, Value>,
    birth: usize,
    status: String,
    source: Source,
    deleted: bool,
    delete_answer: Option<Vec<u8>>,
}

#[derive(Clone, Copy)]
enum Source {
    None,
    Estimate(usize),
    /// Named by the till, but not there.
    Missing,
}

impl Estimate {
    /// What its record must show.
    fn view(&self, orders: &[Order]) -> Value {
        let mut view = self.fields.clone();
        let order = self.order.map(|order| &orders[order].stored);
        for key in ["id", "_id", "estimate_id"] {
            view.insert(key.into(), json!(self.stored.id));
        }
        view.insert("estimate_number".into(), json!(number_text(self.stored.number)));
        view.insert("amounts_flagged".into(), Value::Null);
        view.insert("is_converted_to_order".into(), json!(order.is_some()));
        view.insert("linked_order_id".into(), json!(order.map(|order| &order.id)));
        view.insert("linked_order_number".into(), json!(order.map(|order| number_text(order.number))));
        Value::Object(view)
    }
}

impl Order {
    fn view(&self, estimates: &[Estimate]) -> Value {
        let mut view = self.fields.clone();
        for key in ["id", "_id", "order_id"] {
            view.insert(key.into(), json!(self.stored.id));
        }
        view.insert("sale_number".into(), json!(number_text(self.stored.number)));
        view.insert("amounts_flagged".into(), flag_of(&self.fields));
        view.insert("status".into(), json!(self.status));
        let source = match self.source {
            Source::None => Some(None),
            Source::Estimate(estimate) => Some(Some(&estimates[estimate].stored)),
            // The contract links it to nothing and leaves open whether the record keeps the name that the till sent.
            Source::Missing => None,
        };
        if let Some(source) = source {
            view.insert("is_from_estimate".into(), json!(source.is_some()));
            view.insert("source_estimate_id".into(), json!(source.map(|source| &source.id)));
            view.insert("source_estimate_number".into(), json!(source.map(|source| number_text(source.number))));
        }
        Value::Object(view)
    }
}

/// Nothing is given back of what was paid too much in another mode than cash.
fn flag_of(order: &Map<String, Value>) -> Value {
    let (paid, total) = (order["amount_paid"].as_f64().unwrap(), order["total"].as_f64().unwrap());
    let mode = order["payment_mode"].as_str().unwrap();
    if mode == "Cash" || paid <= total {
        Value::Null
    } else {
        json!(format!("paid by {mode} is {paid:?}, the total says {total:?}"))
    }
}

fn number_text(number: u64) -> String {
    format!("#{number:03}")
}

/// Minor units as the API writes them.
fn money(minor_units: u32) -> Value {
    json!(f64::from(minor_units) / 100.0)
}

/// Every key that is expected is there with its value; further keys are the server's own business.
fn agrees(actual: &Value, expected: &Value) -> bool {
    match expected {
        Value::Object(expected) => {
            expected.iter().all(|(key, expected)| key == "items" || agrees(&actual[key], expected))
                && expected.get("items").is_none_or(|items| actual["items"] == *items)
        }
        _ => actual == expected,
    }
}

fn assert_agrees(actual: &Value, expected: &Value) {
    assert!(agrees(actual, expected), "the server has\n{actual:#}\nwhere the model has\n{expected:#}");
}

impl Cart {
    /// The fields of a create for this customer.
    fn fields(self, customer: &str) -> Map<String, Value> {
        let subtotal = self.price * self.quantity * 100;
        let discount = self.price * self.quantity * self.percent;
        let amount = if self.discount_is_money { money(discount) } else { json!(f64::from(self.percent)) };
        let fields = json!({
            "customer_name": customer,
            "customer_phone": "98450",
            "customer_address": "12 MG Road",
            "sale_by": "Ravi",
            "items": [{"id": 1, "name": "Fan", "price": self.price, "quantity": self.quantity, "discount": 0}],
            "subtotal": money(subtotal),
            "discount_amount": amount,
            "is_percentage_discount": !self.discount_is_money,
            "discount_percentage": f64::from(self.percent),
            "total": money(subtotal - discount),
        });
        match fields {
            Value::Object(fields) => fields,
            _ => unreachable!("json! was given an object"),
        }
    }
}

/// What a sale without further words is paid with.
fn paid_in_cash(mut fields: Map<String, Value>) -> Map<String, Value> {
    fields.insert("amount_paid".into(), fields["total"].clone());
    fields.insert("payment_mode".into(), json!("Cash"));
    fields
}

/// The sum of the totals, added in minor units.
fn total_of(records: &[Value]) -> Value {
    let minor_units = |record: &Value| (record["total"].as_f64().unwrap() * 100.0).round();
    json!(records.iter().map(minor_units).sum::<f64>() / 100.0)
}
