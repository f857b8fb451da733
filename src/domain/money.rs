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
}

impl Currency {
    /// The Indian rupee, the currency of the shops that we began with.
    pub const INR: Self = Self { code: *b"INR" };

    /// Reads a code of three letters, in either case.
    pub fn from_code(code: &str) -> Option<Self> {
        let bytes: [u8; 3] = code.as_bytes().try_into().ok()?;
        bytes.iter().all(u8::is_ascii_alphabetic).then_some(Self { code: bytes.map(|byte| byte.to_ascii_uppercase()) })
    }

    /// The three capital letters.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.code).unwrap_or_default()
    }

    /// Decimals of an amount: 2 for most currencies, 0 or 3 for those that ISO 4217 lists so.
    pub fn decimals(self) -> u32 {
        match &self.code {
            b"BIF" | b"CLP" | b"DJF" | b"GNF" | b"ISK" | b"JPY" | b"KMF" | b"KRW" | b"PYG" | b"RWF" | b"UGX"
            | b"UYI" | b"VND" | b"VUV" | b"XAF" | b"XOF" | b"XPF" => 0,
            b"BHD" | b"IQD" | b"JOD" | b"KWD" | b"LYD" | b"OMR" | b"TND" => 3,
            _ => 2,
        }
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
        assert_eq!(Currency::from_code("JPY").map(Currency::decimals), Some(0));
    }
}
