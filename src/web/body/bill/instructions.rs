//! Goal: an ordinary bill costs few instructions to read, whatever the machine.

use std::hint::black_box;

use super::*;
use crate::callgrind::{instructions_of, task};

/// A sale of four lines as the app sends it: that of `bench`, with the app's own time.
pub const SAMPLE: &str = r#"{"customer_name":"Customer 12-7","customer_phone":"+91 98450 12345","customer_address":"12 MG Road, Nashik","sale_by":"Ravi","items":[{"id":1,"name":"LED bulb 9 W, cool white","price":110.0,"quantity":4,"discount":0},{"id":2,"name":"Switch 6 A, one way","price":45.0,"quantity":8,"discount":0},{"id":3,"name":"Copper wire 1.5 sq mm, 10 m","price":230.0,"quantity":1,"discount":0},{"id":4,"name":"Ceiling rose","price":23.0,"quantity":10,"discount":0}],"subtotal":1260.0,"discount_amount":0.0,"is_percentage_discount":false,"discount_percentage":0.0,"total":1260.0,"payment_mode":"UPI","amount_paid":1260.0,"created_at":"2025-01-13T10:30:00.000000+05:30"}"#;

/// What reading [`SAMPLE`] may cost in a release build.
const ALLOWED_INSTRUCTIONS: u64 = 12_000;

#[test]
#[cfg_attr(missing = "valgrind", ignore = "valgrind is not installed")]
fn an_ordinary_bill_is_read_in_few_instructions() {
    if let Some((way, times)) = task() {
        return read(&way, times);
    }
    let test = concat!(module_path!(), "::an_ordinary_bill_is_read_in_few_instructions");
    let [fast, long] = ["fast", "long"].map(|way| instructions_of(test, way));
    eprintln!("{} bytes: {fast} instructions on the fast path, {long} field by field", SAMPLE.len());
    assert!(fast * 2 < long, "{fast} of {long}");
    // Other builds keep what the optimiser would take out.
    assert!(cfg!(debug_assertions) || fast <= ALLOWED_INSTRUCTIONS, "{fast}");
}

fn read(way: &str, times: u64) {
    let clock = ShopClock::new(jiff::tz::TimeZone::UTC);
    for _ in 0..times {
        let body = std::str::from_utf8(black_box(SAMPLE.as_bytes())).unwrap();
        let sale = match way {
            "fast" => read_sale_body(body, Currency::INR, &clock),
            _ => read_by_field(body, Currency::INR, &clock, read_sale_draft),
        };
        drop(black_box(sale));
    }
}
