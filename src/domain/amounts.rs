//! The arithmetic of a bill. A till is never refused a sale over it: what does not add up is said, not rejected.

use super::decimal::{DecimalError, parse_scaled};
use super::money::{Currency, Money};
use super::records::Discount;

/// Fraction digits of prices, quantities and percentages: a screw may cost 0.125, a cable be sold by 2.75 m.
const MICRO_DIGITS: u32 = 6;
const MICRO: i128 = 10_i128.pow(MICRO_DIGITS);
const HUNDRED_PERCENT: i128 = 100 * MICRO;

/// The largest price, quantity or line value in whole units, far above any amount that [`Money`] holds; products of
/// two such values in micro-units stay within `i128`.
pub const WHOLE_UNITS_MAX: i128 = 10_i128.pow(13);

/// A decimal number in millionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Micros(i128);

impl Micros {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// 100 %, as a percentage.
    pub const HUNDRED: Self = Self(HUNDRED_PERCENT);

    /// Reads a decimal number; digits beyond the sixth are rounded.
    pub fn parse(text: &str) -> Result<Self, DecimalError> {
        parse_scaled(text, MICRO_DIGITS).and_then(|micros| {
            if micros.abs() > WHOLE_UNITS_MAX * MICRO { Err(DecimalError::TooLarge) } else { Ok(Self(micros)) }
        })
    }

    /// So many at this price, in minor units.
    pub fn times(self, quantity: Self, currency: Currency) -> i128 {
        let minor_unit = MICRO / 10_i128.pow(currency.decimals());
        self.0.saturating_mul(quantity.0) / MICRO / minor_unit
    }
}

/// One line of a bill, as far as arithmetic goes.
#[derive(Debug, Clone, Copy)]
pub struct Line {
    /// Price of one.
    pub price: Micros,
    /// How many; more than zero.
    pub quantity: Micros,
    /// Discount in per cent, 0 to 100.
    pub discount: Micros,
}

impl Line {
    /// price × quantity × (1 − discount/100), in millionths; saturates far beyond every amount.
    fn value(self) -> i128 {
        self.value_in_words().map_or_else(|| self.value_in_full(), i128::from)
    }

    /// The same where machine words hold it all, which divide in a tenth of the time.
    fn value_in_words(self) -> Option<i64> {
        const MICRO: i64 = 1_000_000;
        let [price, quantity, discount] =
            [self.price, self.quantity, self.discount].map(|number| i64::try_from(number.0));
        let gross = price.ok()?.checked_mul(quantity.ok()?)? / MICRO;
        Some(gross.checked_mul(100 * MICRO - discount.ok()?)? / (100 * MICRO))
    }

    fn value_in_full(self) -> i128 {
        let gross = self.price.0.saturating_mul(self.quantity.0) / MICRO;
        gross.saturating_mul(HUNDRED_PERCENT - self.discount.0) / HUNDRED_PERCENT
    }
}

/// What a till says about a bill.
#[derive(Debug, Clone, Copy)]
pub struct Amounts {
    /// Sum of the lines.
    pub subtotal: Money,
    /// Discount on the bill.
    pub discount: Discount,
    /// Subtotal less discount.
    pub total: Money,
}

/// Says in words what does not add up, allowing one minor unit per line for the till's rounding; `None` if all does.
pub fn what_does_not_add_up(lines: &[Line], amounts: Amounts, currency: Currency) -> Option<String> {
    let minor_unit = MICRO / 10_i128.pow(currency.decimals());
    let tolerance = minor_unit.saturating_mul(i128::try_from(lines.len()).unwrap_or(i128::MAX));
    let to_micros = |money: Money| i128::from(money.minor_units()) * minor_unit;
    let show = |micros: i128| format!("{:?}", currency.to_number(round_to(micros, minor_unit)));

    let lines_sum = lines.iter().fold(0_i128, |sum, line| sum.saturating_add(line.value()));
    let subtotal = to_micros(amounts.subtotal);
    let after_discount = match amounts.discount {
        Discount::Percent(percent) => subtotal - percent_of(subtotal, percent),
        Discount::Amount(money) => subtotal - to_micros(money),
    };
    let total = to_micros(amounts.total);

    let mut faults = Vec::new();
    if lines_sum.saturating_sub(subtotal).abs() > tolerance {
        faults.push(format!("the lines add up to {}, the subtotal says {}", show(lines_sum), show(subtotal)));
    }
    if (after_discount - total).abs() > tolerance {
        faults.push(format!(
            "the subtotal less the discount is {}, the total says {}",
            show(after_discount),
            show(total)
        ));
    }
    (!faults.is_empty()).then(|| faults.join("; "))
}

/// The discount in per cent, for a bill that does not say it: the percentage itself, or discount ÷ subtotal × 100.
#[expect(clippy::cast_precision_loss, reason = "a percentage for people; amounts are below 2^53")]
pub fn discount_percentage(subtotal: Money, discount: Discount) -> f64 {
    match discount {
        Discount::Percent(percent) => percent,
        Discount::Amount(_) if subtotal.minor_units() == 0 => 0.0,
        Discount::Amount(money) => money.minor_units() as f64 / subtotal.minor_units() as f64 * 100.0,
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a percentage is 0 to 100")]
fn percent_of(micros: i128, percent: f64) -> i128 {
    micros * ((percent * 1e6).round() as i128) / HUNDRED_PERCENT
}

/// Rounds half away from zero to whole `unit`s.
fn round_to(micros: i128, unit: i128) -> i128 {
    (micros + micros.signum() * unit / 2) / unit
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(price: &str, quantity: &str, discount: &str) -> Line {
        let read = |text| Micros::parse(text).unwrap();
        Line { price: read(price), quantity: read(quantity), discount: read(discount) }
    }

    fn flag(lines: &[Line], subtotal: &str, discount: Discount, total: &str) -> Option<String> {
        let read = |text| Currency::INR.parse(text).unwrap();
        what_does_not_add_up(lines, Amounts { subtotal: read(subtotal), discount, total: read(total) }, Currency::INR)
    }

    #[test]
    fn bills_that_add_up_are_not_flagged() {
        let none = Discount::Amount(Money::default());
        assert_eq!(flag(&[line("100", "3", "0")], "300", none, "300.0"), None);
        assert_eq!(flag(&[line("0.125", "1000", "0")], "125", none, "125"), None);
        assert_eq!(flag(&[line("99.99", "3", "12.5")], "262.47", Discount::Percent(10.0), "236.22"), None);
        // One minor unit per line is the till's rounding.
        assert_eq!(flag(&[line("10", "1", "0"), line("20", "1", "0")], "30.02", none, "30.00"), None);
    }

    #[test]
    fn bills_that_do_not_add_up_say_where() {
        let none = Discount::Amount(Money::default());
        assert_eq!(
            flag(&[line("100", "2", "0")], "300", none, "290").as_deref(),
            Some(
                "the lines add up to 200.0, the subtotal says 300.0; the subtotal less the discount is 300.0, the total says 290.0"
            )
        );
        assert!(flag(&[line("10", "1", "0")], "10.02", none, "10.02").is_some());
        assert!(flag(&[line("9999999999999", "9999999999999", "0")], "1", none, "1").is_some());
    }

    /// Goal: machine words give what the wide numbers give. Method: values of every size, of both signs, multiplied both ways.
    #[test]
    fn a_line_in_machine_words_has_the_same_value() {
        let sizes = (0..14).flat_map(|digits| [1, 2, 7].map(|digit| digit * 10_i128.pow(digits)));
        let sizes: Vec<i128> = sizes.flat_map(|size| [size, size + 1, -size]).collect();
        let mut in_words = 0;
        for (price, quantity) in sizes.iter().flat_map(|price| sizes.iter().map(move |quantity| (*price, *quantity))) {
            for discount in [0, 1, 12_500_000, HUNDRED_PERCENT] {
                let line = Line { price: Micros(price), quantity: Micros(quantity), discount: Micros(discount) };
                if let Some(value) = line.value_in_words() {
                    assert_eq!(i128::from(value), line.value_in_full(), "{line:?}");
                    in_words += 1;
                }
            }
        }
        assert!(in_words > 1_000, "{in_words}");
    }

    #[test]
    fn a_missing_discount_percentage_is_filled() {
        let read = |text| Currency::INR.parse(text).unwrap();
        assert!((discount_percentage(read("1500"), Discount::Amount(read("150"))) - 10.0).abs() < 1e-9);
        assert!((discount_percentage(read("1500"), Discount::Percent(12.5)) - 12.5).abs() < 1e-9);
        assert!(discount_percentage(Money::default(), Discount::Amount(Money::default())).abs() < 1e-9);
    }
}
