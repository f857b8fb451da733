//! Money as whole minor units (paise, cents): sums are exact, and what a client sees is the same decimal it sent.

use super::decimal::{DecimalError, parse_scaled};

/// An amount in minor units of the shop's currency. Sums of amounts are kept in `i128` and do not overflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Money(i64);

impl Money {
    /// The largest amount, in minor units: 15 decimal digits, so that the double in which every client holds an amount
    /// still names exactly one of them.
    pub const MINOR_UNITS_MAX: i64 = 999_999_999_999_999;

    /// Takes an amount that was stored before.
    pub fn from_minor_units(minor_units: i64) -> Self {
        Self(minor_units)
    }

    /// The amount in minor units.
    pub fn minor_units(self) -> i64 {
        self.0
    }
}

/// The shop's currency: an ISO 4217 code and the number of decimals that its amounts have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Currency {
    code: [u8; 3],
    decimals: u8,
}

impl Currency {
    /// The Indian rupee, the currency of the shops that we began with.
    pub const INR: Self = Self { code: *b"INR", decimals: 2 };
    /// Of an amount whose currency ISO 4217 does not list.
    const DECIMALS_DEFAULT: u8 = 2;
    /// More than any currency has.
    const DECIMALS_MAX: u8 = 4;

    /// Reads a code of three letters, in either case.
    pub fn from_code(code: &str) -> Option<Self> {
        let bytes: [u8; 3] = code.as_bytes().try_into().ok()?;
        let code = bytes.map(|byte| byte.to_ascii_uppercase());
        let listed = iso_currency::Currency::from_code(std::str::from_utf8(&code).ok()?);
        let decimals =
            listed.and_then(iso_currency::Currency::exponent).and_then(|decimals| u8::try_from(decimals).ok());
        let decimals = decimals.unwrap_or(Self::DECIMALS_DEFAULT).min(Self::DECIMALS_MAX);
        bytes.iter().all(u8::is_ascii_alphabetic).then_some(Self { code, decimals })
    }

    /// The same currency in a file whose amounts have so many decimals, whatever ISO 4217 says by now.
    #[must_use]
    pub fn with_decimals(self, decimals: u8) -> Self {
        Self { decimals: decimals.min(Self::DECIMALS_MAX), ..self }
    }

    /// The three capital letters.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.code).unwrap_or_default()
    }

    /// Decimals of an amount (the minor unit of ISO 4217).
    pub fn decimals(self) -> u32 {
        u32::from(self.decimals)
    }

    /// Reads a decimal number as an amount; digits beyond the minor unit are rounded half away from zero.
    pub fn parse(self, text: &str) -> Result<Money, DecimalError> {
        let minor_units = parse_scaled(text, self.decimals())?;
        i64::try_from(minor_units)
            .ok()
            .filter(|units| units.abs() <= Money::MINOR_UNITS_MAX)
            .map(Money)
            .ok_or(DecimalError::TooLarge)
    }

    /// The amount as the double that JSON shows. Exact to the last minor unit for every [`Money`] (see
    /// [`Money::MINOR_UNITS_MAX`]); a sum beyond that is the nearest double, which is all a client could hold.
    #[expect(clippy::cast_precision_loss, reason = "documented above; every single amount is below 2^53")]
    pub fn to_number(self, minor_units: i128) -> f64 {
        minor_units as f64 / f64::from(10_u32.pow(self.decimals()))
    }

    /// Takes back what [`Self::to_number`] gave.
    #[expect(clippy::cast_possible_truncation, reason = "amounts are at most 15 digits")]
    pub fn from_number(self, number: f64) -> Money {
        Money((number * f64::from(10_u32.pow(self.decimals()))).round() as i64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_amount_survives_the_way_through_a_double() {
        for code in ["INR", "JPY", "KWD"] {
            let currency = Currency::from_code(code).unwrap();
            let mut state = 7_u64;
            for step in 0..20_000_i64 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let units = match step {
                    0 => Money::MINOR_UNITS_MAX,
                    1 => -Money::MINOR_UNITS_MAX,
                    _ => i64::try_from(state >> 1).unwrap() % (Money::MINOR_UNITS_MAX + 1),
                };
                let number = currency.to_number(i128::from(units));
                let printed = format!("{number:?}");
                assert!(printed.contains('.') && !printed.contains('e'), "{printed}");
                assert_eq!(currency.from_number(number), Money(units));
                assert_eq!(currency.parse(&printed), Ok(Money(units)));
            }
        }
    }

    #[test]
    fn an_amount_beyond_the_type_is_refused() {
        assert_eq!(Currency::INR.parse("9999999999999.99"), Ok(Money(Money::MINOR_UNITS_MAX)));
        assert_eq!(Currency::INR.parse("10000000000000"), Err(DecimalError::TooLarge));
        assert_eq!(Currency::INR.parse("9223372036854775808"), Err(DecimalError::TooLarge));
    }

    #[test]
    fn currency_codes_are_three_letters() {
        assert_eq!(Currency::from_code("inr"), Some(Currency::INR));
        assert_eq!(Currency::from_code("₹"), None);
        assert_eq!(Currency::from_code("RUPEE"), None);
    }

    /// Browsers show many of these without decimals, because their coins are hardly used; the amounts have them all the same.
    #[test]
    fn decimals_are_those_of_iso_4217() {
        let decimals = |code| Currency::from_code(code).unwrap().decimals();
        for code in [
            "INR", "USD", "EUR", "PKR", "AFN", "ALL", "COP", "HUF", "IDR", "IRR", "KPW", "LAK", "LBP", "MGA", "MMK",
            "RSD", "SLL", "SOS", "SYP", "YER",
        ] {
            assert_eq!(decimals(code), 2, "{code}");
        }
        for code in ["BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "XAF", "XOF"] {
            assert_eq!(decimals(code), 0, "{code}");
        }
        for code in ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"] {
            assert_eq!(decimals(code), 3, "{code}");
        }
        assert_eq!((decimals("CLF"), decimals("ZZZ")), (4, 2));
        assert_eq!(Currency::from_code("CLF").unwrap().with_decimals(2).decimals(), 2);
    }
}
