//! Payment: the mode of a sale, and what of the money handed over stays in the drawer (change).

use super::money::{Currency, Money};
use super::settings::Settings;

/// How a sale is paid, as it is booked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// In the spelling of the settings, if they know it.
    pub mode: String,
    /// What the shop keeps.
    pub amount_paid: Money,
    /// What is given back at once, of cash alone.
    pub change: Money,
    /// What does not add up, in words for the owner: too much in another mode than cash.
    pub fault: Option<String>,
}

impl Payment {
    /// Books what was handed over for a bill. Cash beyond the total is given back; in any other mode it is kept, and said.
    pub fn book(settings: &Settings, mode: &str, handed_over: Money, total: Money, currency: Currency) -> Self {
        let known = settings.payment_modes.iter().find(|known| is_same_mode(known, mode));
        let mode = known.map_or_else(|| mode.to_string(), Clone::clone);
        let excess = Money::from_minor_units(handed_over.minor_units().saturating_sub(total.minor_units()));
        if excess <= Money::default() {
            return Self { mode, amount_paid: handed_over, change: Money::default(), fault: None };
        }
        if settings.cash_modes.iter().any(|cash| is_same_mode(cash, &mode)) {
            return Self { mode, amount_paid: total, change: excess, fault: None };
        }
        let show = |money: Money| currency.to_number(i128::from(money.minor_units()));
        let fault = format!("paid by {mode} is {:?}, the total says {:?}", show(handed_over), show(total));
        Self { mode, amount_paid: handed_over, change: Money::default(), fault: Some(fault) }
    }
}

/// Whether two spellings name one payment mode: "Cash", "cash" and "Cash " do.
pub fn is_same_mode(one: &str, other: &str) -> bool {
    // Each sale is asked for its mode, which takes no memory so. A letter beyond ASCII may have one within it as its lower case.
    if one.is_ascii() && other.is_ascii() {
        return one.trim().eq_ignore_ascii_case(other.trim());
    }
    folded_mode(one) == folded_mode(other)
}

/// What the spellings of one payment mode have in common.
pub fn folded_mode(mode: &str) -> String {
    mode.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use proptest::test_runner::{Config, TestRunner};

    use super::*;

    fn book(mode: &str, handed_over: i64, total: i64) -> (String, i64, i64, Option<String>) {
        let settings = Settings { cash_modes: vec!["Cash".into(), "Cheque".into()], ..Settings::default() };
        let [handed_over, total] = [handed_over, total].map(Money::from_minor_units);
        let payment = Payment::book(&settings, mode, handed_over, total, Currency::INR);
        (payment.mode, payment.amount_paid.minor_units(), payment.change.minor_units(), payment.fault)
    }

    #[test]
    fn cash_beyond_the_total_is_given_back() {
        assert_eq!(book("Cash", 50_000, 44_000), ("Cash".into(), 44_000, 6_000, None));
        assert_eq!(book(" cASH ", 50_000, 44_000), ("Cash".into(), 44_000, 6_000, None));
        // A cash mode that is no payment mode of the settings keeps the spelling that was sent.
        assert_eq!(book("cheque", 50_000, 44_000), ("cheque".into(), 44_000, 6_000, None));
        for paid in [0, 43_999, 44_000] {
            assert_eq!(book("Cash", paid, 44_000), ("Cash".into(), paid, 0, None));
        }
    }

    #[test]
    fn too_much_in_another_mode_is_stored_as_sent_and_said() {
        let said = "paid by UPI is 500.0, the total says 440.0".to_string();
        assert_eq!(book("upi", 50_000, 44_000), ("UPI".into(), 50_000, 0, Some(said)));
        assert_eq!(book("Voucher ", 44_000, 44_000), ("Voucher ".into(), 44_000, 0, None));
    }

    #[test]
    fn spellings_are_the_same_whichever_way_they_are_compared() {
        let config = Config { cases: 4_000, failure_persistence: None, ..Config::default() };
        TestRunner::new(config)
            .run(&(r"[ \x00-\x7F]{0,3}[CK\x{212A}ckUPIupi]{0,2}\PC?\s?", r"\s?[CKckUPIupi]{0,2}\s?"), |(one, other)| {
                for (one, other) in [(&one, &other), (&other, &one), (&one, &one.to_uppercase())] {
                    assert_eq!(is_same_mode(one, other), folded_mode(one) == folded_mode(other), "{one:?} {other:?}");
                }
                Ok(())
            })
            .unwrap();
        assert!(is_same_mode("cash\u{212A}", " CASHk"));
    }
}
