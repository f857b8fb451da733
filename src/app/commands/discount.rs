//! How much a bill takes off what its lines cost, whatever the reason: a discount on a line, on the bill, or a total that is
//! below them.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::domain::{Currency, Items, Micros, PERCENT_WHOLE, Sale};

/// What whoever gives a command may need a right for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reduction {
    /// Hundredths of a percent, 0 to 10,000.
    pub hundredths: u16,
    /// Something is taken back.
    pub has_negative_line: bool,
}

/// A line as it was sent: numbers, or texts of such.
#[derive(Deserialize)]
struct SentLine<'a> {
    #[serde(borrow, default)]
    name: Cow<'a, str>,
    #[serde(borrow, default)]
    discount: Option<&'a RawValue>,
    #[serde(borrow)]
    price: &'a RawValue,
    #[serde(borrow)]
    quantity: &'a RawValue,
}

/// Whether two bills sell the same goods at the same prices, however their lines are written.
pub(crate) fn sells_the_same(one: &Sale, other: &Sale) -> bool {
    let (one, other) = (sent_lines(&one.items), sent_lines(&other.items));
    let values = |line: &SentLine<'_>| {
        [Some(line.price), Some(line.quantity), line.discount].map(|sent| sent.map_or(Micros::ZERO, number))
    };
    one.len() == other.len()
        && one.iter().zip(&other).all(|(one, other)| one.name == other.name && values(one) == values(other))
}

/// 1 − total / Σ price × quantity over the lines with a positive price.
pub(crate) fn discount_of(sale: &Sale, currency: Currency) -> Reduction {
    let (list, has_negative_line) = list_price(&sale.items, currency);
    let total = i128::from(sale.total.minor_units());
    let whole = i128::from(PERCENT_WHOLE);
    // Half a minor unit a line is rounding and no discount.
    let tolerance = i128::from(sale.items.count()) / 2 + 1;
    let missing = list.saturating_sub(total);
    let hundredths = if missing <= tolerance || list <= 0 { 0 } else { missing.saturating_mul(whole) / list };
    Reduction { hundredths: u16::try_from(hundredths.min(whole)).unwrap_or(PERCENT_WHOLE), has_negative_line }
}

/// What was stored was readable once; of what is not, nothing is known, and nothing is taken off.
fn sent_lines(items: &Items) -> Vec<SentLine<'_>> {
    serde_json::from_str(items.json()).unwrap_or_default()
}

/// A number, or a text of one, as it was read when it came.
fn number(sent: &RawValue) -> Micros {
    let json = sent.get();
    let text = if json.starts_with('"') { serde_json::from_str(json).unwrap_or_default() } else { json.to_string() };
    Micros::parse(&text).unwrap_or_default()
}

/// What the lines cost before any discount, in minor units, and whether there is one with a negative price.
fn list_price(items: &Items, currency: Currency) -> (i128, bool) {
    sent_lines(items).iter().fold((0, false), |(sum, has_negative), line| {
        let (price, quantity) = (number(line.price), number(line.quantity));
        if price < Micros::ZERO {
            (sum, true)
        } else {
            (price.times(quantity, currency).saturating_add(sum), has_negative)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Discount, Money};

    fn of(items: &str, total: i64) -> Reduction {
        let count = u32::try_from(items.matches("price").count()).unwrap();
        let sale = Sale {
            customer_name: String::new(),
            customer_phone: String::new(),
            customer_address: String::new(),
            sale_by: String::new(),
            items: Items::new(items, count),
            subtotal: Money::default(),
            discount: Discount::Amount(Money::default()),
            discount_percentage: 0.0,
            total: Money::from_minor_units(total),
            amounts_flagged: None,
        };
        discount_of(&sale, Currency::INR)
    }

    #[test]
    fn whatever_takes_off_counts() {
        let items = r#"[{"price":100,"quantity":2,"discount":50},{"price":"50.00","quantity":"1"}]"#;
        assert_eq!(of(items, 25_000).hundredths, 0);
        assert_eq!(of(items, 22_500).hundredths, 1_000);
        assert_eq!(of(items, 15_000).hundredths, 4_000, "by the lines");
        assert_eq!(of(items, 0).hundredths, PERCENT_WHOLE);
        assert_eq!(of(items, 24_999).hundredths, 0, "rounding");
        assert_eq!(of(items, 90_000).hundredths, 0, "more than it costs is no discount");
    }

    #[test]
    fn a_number_that_is_written_with_escapes_is_that_number() {
        assert_eq!(of(r#"[{"price":"1\u00300","quantity":"\u0031"}]"#, 100).hundredths, 9_900);
        assert!(of(r#"[{"price":"\u002d90","quantity":1}]"#, 0).has_negative_line);
    }

    #[test]
    fn what_is_taken_back_is_no_discount_but_is_said() {
        let items = r#"[{"price":100,"quantity":1},{"price":-40,"quantity":1}]"#;
        assert_eq!(of(items, 6_000), Reduction { hundredths: 4_000, has_negative_line: true });
        assert!(!of(r#"[{"price":0,"quantity":1}]"#, 0).has_negative_line);
        assert_eq!(of("[]", 0).hundredths, 0);
    }
}
