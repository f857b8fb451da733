//! Goal: the page computes what the server computes, to the last minor unit, in currencies of no, two and three decimals, also
//! where something is taken back. Method: random bills through the page's own module; whole-number arithmetic here; and the server,
//! which flags what does not add up and refuses a total below zero.

use serde_json::{Value, json};

use crate::chrome::{Chrome, Page};
use crate::steps::live;
use crate::support::http::Client;
use crate::support::random::Random;
use crate::support::server::Server;
use crate::support::till::{self, together};

/// Of each currency.
const BILLS: usize = 300;
const TILLS: usize = 10;
/// As ISO 4217 has them; a browser's own table says 0 for PKR.
const CURRENCIES: [(&str, u32); 4] = [("INR", 2), ("PKR", 2), ("JPY", 0), ("KWD", 3)];
const MICRO: i128 = 1_000_000;
const HUNDRED: i128 = 100 * MICRO;

/// Lines of price, quantity and discount in millionths, and the bill's discount in per cent.
struct Bill {
    lines: Vec<[i128; 3]>,
    percent: i128,
}

fn bills(seed: u64) -> Vec<Bill> {
    let mut random = Random::new(seed);
    let steps = [1_000_000, 10_000, 1_000, 1];
    (0..BILLS)
        .map(|_| {
            let lines = (0..random.within(1..13)).map(|_| {
                let mut draw = |most: u64| {
                    let step = steps[random.index(steps.len())];
                    i128::from(random.within(1..most * 1_000_000 / step) * step)
                };
                let [price, quantity, off] = [draw(100_000), draw(40), draw(100)];
                [if random.one_in(4) { -price } else { price }, quantity, off]
            });
            Bill { lines: lines.collect(), percent: i128::from(random.within(0..10_001)) * 10_000 }
        })
        .collect()
}

/// `-12.5` of -12,500,000.
fn text(micros: i128) -> String {
    let sign = if micros < 0 { "-" } else { "" };
    format!("{sign}{}.{:06}", micros.abs() / MICRO, micros.abs() % MICRO)
}

/// Half away from zero.
fn divided(value: i128, by: i128) -> i128 {
    (value.abs() + by / 2) / by * value.signum()
}

/// Subtotal and total in minor units.
fn expected(bill: &Bill, decimals: u32) -> (i128, i128) {
    let minor = MICRO / 10_i128.pow(decimals);
    let line =
        |&[price, quantity, off]: &[i128; 3]| divided(price * quantity * (HUNDRED - off), MICRO * HUNDRED * minor);
    let subtotal: i128 = bill.lines.iter().map(line).sum();
    (subtotal, divided(subtotal * (HUNDRED - bill.percent), HUNDRED))
}

fn computed(page: &Page, bills: &[Bill], decimals: u32) -> Vec<Value> {
    let typed: Vec<Value> = bills
        .iter()
        .map(|bill| json!({"lines": bill.lines.iter().map(|line| line.map(text)).collect::<Vec<_>>(), "percent": text(bill.percent)}))
        .collect();
    let compute = format!(
        "(async (bills, decimals) => {{
            const {{ billOf }} = {};
            const {{ parseMicros }} = {};
            return bills.map(({{ lines, percent }}) => {{
                const read = lines.map(([price, quantity, discount]) =>
                    ({{ price: parseMicros(price), quantity: parseMicros(quantity), discount: parseMicros(discount) }}));
                const {{ subtotal, total }} = billOf(read, {{ isPercent: true, value: parseMicros(percent) }}, decimals);
                return [String(subtotal), String(total)];
            }});
        }})({}, {decimals})",
        Page::import("amounts.js"),
        Page::import("decimal.js"),
        json!(typed)
    );
    page.eval(&compute).as_array().unwrap().clone()
}

/// Sells a bill for what it comes to, which is what the page has computed, too; the server has nothing to say against it.
fn sell(client: &mut Client, bill: &Bill, computed: &Value, currency: &str, decimals: u32) {
    let (subtotal, total) = expected(bill, decimals);
    let what = format!("{currency} {:?} {}", bill.lines, bill.percent);
    assert_eq!(computed, &json!([subtotal.to_string(), total.to_string()]), "{what}");
    let amount = |minor: i128| text(minor * (MICRO / 10_i128.pow(decimals)));
    let items: Vec<Value> = bill
        .lines
        .iter()
        .map(|&[price, quantity, off]| json!({"name": "x", "price": text(price), "quantity": text(quantity), "discount": text(off)}))
        .collect();
    let sale = json!({
        "customer_name": "Asha", "customer_phone": "", "customer_address": "", "sale_by": "", "items": items,
        "subtotal": amount(subtotal), "discount_amount": text(bill.percent), "is_percentage_discount": true,
        "total": amount(total),
    });
    let answer = client.post("/api/orders/create-sale", &sale);
    if subtotal < 0 {
        answer.expect(422);
        return;
    }
    let id = till::text(&answer.expect(201), "order_id");
    let record = client.get(&format!("/api/orders/{id}")).expect(200);
    assert_eq!(record.get("amounts_flagged"), None, "{currency} {sale}");
}

#[test]
#[ignore = "long: cargo test-all"]
fn random_bills_with_returns_come_to_the_same_in_every_kind_of_currency() {
    let chrome = Chrome::start();
    for (seed, (currency, decimals)) in (7..).zip(CURRENCIES) {
        let server = Server::start_with(&["--currency", currency]);
        let page = live(&chrome, &server, "#/new");
        let bills = bills(seed);
        let computed = computed(&page, &bills, decimals);
        // They share commits.
        together(server.addr, TILLS, |till, client| {
            for (bill, own) in bills.iter().zip(&computed).skip(till).step_by(TILLS) {
                sell(client, bill, own, currency, decimals);
            }
        });
    }
    chrome.expect_no_faults();
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn a_percentage_rounds_the_total_and_leaves_the_difference_as_discount() {
    let chrome = Chrome::start();
    let server = Server::start();
    let page = live(&chrome, &server, "#/new");
    page.fill("[name=customer_name]", "Asha");
    page.fill(".line:not(.line-head) [name=name]", "LED bulb");
    page.fill(".line:not(.line-head) [name=rate]", "78.99");
    page.fill("[name=discount]", "50");
    page.wait_text("[data-figure=total]", "39.50");
    page.wait_text(".totals", "39.49");
    chrome.expect_no_faults();
}
