//! Goal: the page computes what the server computes, to the last minor unit. Method: a thousand random bills through the page's
//! own module; whole-number arithmetic here; and the server, which flags what does not add up.

use serde_json::{Value, json};

use crate::chrome::Chrome;
use crate::screens::live;
use crate::support::random::Random;
use crate::support::server::Server;

const BILLS: usize = 1_000;
const MICRO: i128 = 1_000_000;
const MINOR: i128 = 10_000;

/// Lines of price, quantity and discount in millionths, and the bill's discount in per cent.
struct Bill {
    lines: Vec<[u64; 3]>,
    percent: u64,
}

fn bills() -> Vec<Bill> {
    let mut random = Random::new(7);
    let steps = [1_000_000, 10_000, 1_000, 1];
    (0..BILLS)
        .map(|_| {
            let lines = (0..random.within(1..13)).map(|_| {
                let mut draw = |most: u64| {
                    let step = steps[random.index(steps.len())];
                    random.within(1..most * 1_000_000 / step) * step
                };
                [draw(100_000), draw(40), draw(100)]
            });
            Bill { lines: lines.collect(), percent: random.within(0..10_001) * 10_000 }
        })
        .collect()
}

/// `12.5` of 12,500,000.
fn text(micros: u64) -> String {
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

fn round(micros: i128) -> i128 {
    (micros + MINOR / 2) / MINOR
}

/// Subtotal and total in minor units.
fn expected(bill: &Bill) -> (i128, i128) {
    let line = |&[price, quantity, off]: &[u64; 3]| {
        let gross = i128::from(price) * i128::from(quantity) / MICRO;
        round(gross * (100 * MICRO - i128::from(off)) / (100 * MICRO))
    };
    let subtotal: i128 = bill.lines.iter().map(line).sum();
    let off = subtotal * MINOR * i128::from(bill.percent) / (100 * MICRO);
    (subtotal, round(subtotal * MINOR - off))
}

const COMPUTE: &str = "(async (bills) => {
    const address = performance.getEntriesByType('resource').map(({ name }) => name).find((name) => name.endsWith('/amounts.js'));
    const { billOf, parseMicros } = await import(address);
    return bills.map(({ lines, percent }) => {
        const read = lines.map(([price, quantity, discount]) =>
            ({ price: parseMicros(price), quantity: parseMicros(quantity), discount: parseMicros(discount) }));
        const { subtotal, total } = billOf(read, { isPercent: true, value: parseMicros(percent) }, 2);
        return [String(subtotal), String(total)];
    });
})";

#[test]
fn a_thousand_random_bills_come_to_the_same() {
    let Some(chrome) = Chrome::start() else { return };
    let server = Server::start();
    let mut client = server.client();
    let page = live(&chrome, &server, "#/new");
    let bills = bills();
    let typed: Vec<Value> = bills
        .iter()
        .map(|bill| json!({"lines": bill.lines.iter().map(|line| line.map(text)).collect::<Vec<_>>(), "percent": text(bill.percent)}))
        .collect();
    let computed = page.eval(&format!("{COMPUTE}({})", json!(typed)));
    for (bill, own) in bills.iter().zip(computed.as_array().unwrap()) {
        let (subtotal, total) = expected(bill);
        assert_eq!(own, &json!([subtotal.to_string(), total.to_string()]), "{:?} {}", bill.lines, bill.percent);
        let amount = |minor: i128| format!("{}.{:02}", minor / 100, minor % 100);
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
        let stored = client.post("/api/orders/create-sale", &sale).expect(201);
        let id = stored["order_id"].as_str().unwrap();
        let record = client.get(&format!("/api/orders/{id}")).expect(200);
        assert_eq!(record.get("amounts_flagged"), None, "{sale}");
    }
    chrome.expect_no_faults();
}
