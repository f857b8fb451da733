//! Exact reading of decimal numbers: what a till sends is never passed through a float on its way to money.

use std::fmt;

/// Larger numbers are beyond every amount that the types hold; ten times this is still an `i128`.
const MAGNITUDE_MAX: i128 = 10_i128.pow(36);

/// Why a text is not a number that can be held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecimalError {
    /// It is not a finite decimal number.
    Malformed,
    /// It is a number, but larger than the type holds.
    TooLarge,
}

impl fmt::Display for DecimalError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Malformed => "must be a number",
            Self::TooLarge => "is larger than can be stored",
        })
    }
}

/// Bytes of a number that is read as one machine word; ten to this power is a `u64`.
const WORD_DIGITS: usize = 18;
const POWERS_OF_TEN: [u64; WORD_DIGITS + 1] = [
    1,
    10,
    100,
    1_000,
    10_000,
    100_000,
    1_000_000,
    10_000_000,
    100_000_000,
    1_000_000_000,
    10_000_000_000,
    100_000_000_000,
    1_000_000_000_000,
    10_000_000_000_000,
    100_000_000_000_000,
    1_000_000_000_000_000,
    10_000_000_000_000_000,
    100_000_000_000_000_000,
    1_000_000_000_000_000_000,
];

/// Reads `text` as value × 10^`scale`, rounded half away from zero. Surrounding spaces, a sign and an exponent are
/// allowed, as in JSON and in the numeric strings that old clients send.
pub(crate) fn parse_scaled(text: &str, scale: u32) -> Result<i128, DecimalError> {
    parse_word(text, scale).map_or_else(|| parse_any(text, scale), Ok)
}

/// The same for what a machine word holds: some digits, and perhaps a point. `None` is left to [`parse_any`].
fn parse_word(text: &str, scale: u32) -> Option<i128> {
    if text.len() > WORD_DIGITS || matches!(text, "" | ".") {
        return None;
    }
    let (whole, rest) = add_digits(0, text.as_bytes());
    let (digits, fraction) = match rest {
        [] => (whole, rest),
        [b'.', fraction @ ..] => match add_digits(whole, fraction) {
            (digits, []) => (digits, fraction),
            _ => return None,
        },
        _ => return None,
    };
    let fraction_count = u32::try_from(fraction.len()).ok()?;
    let power_of_ten = |exponent: u32| POWERS_OF_TEN.get(exponent as usize).copied();
    if let Some(zeros) = scale.checked_sub(fraction_count) {
        Some(i128::from(digits) * i128::from(power_of_ten(zeros)?))
    } else {
        let unit = power_of_ten(fraction_count - scale)?;
        Some(i128::from((digits + unit / 2) / unit))
    }
}

/// Adds the digits with which `bytes` begin to a number; gives what follows them, too. So few of them as
/// [`WORD_DIGITS`] cannot wrap.
fn add_digits(mut number: u64, mut bytes: &[u8]) -> (u64, &[u8]) {
    while let [digit @ b'0'..=b'9', rest @ ..] = bytes {
        number = number.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
        bytes = rest;
    }
    (number, bytes)
}

/// The same for any number. Apart, so that a plain one does not pay for it.
#[inline(never)]
fn parse_any(text: &str, scale: u32) -> Result<i128, DecimalError> {
    let text = text.trim();
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (number, exponent) = match text.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, parse_exponent(exponent)?),
        None => (text, 0),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits_only = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !digits_only(whole) || !digits_only(fraction) {
        return Err(DecimalError::Malformed);
    }

    // The power of ten of the digit that stands just left of the scaled point.
    let point = i64::try_from(whole.len()).map_err(|_| DecimalError::TooLarge)? + exponent + i64::from(scale);
    let mut magnitude = 0_i128;
    let mut digits = whole.bytes().chain(fraction.bytes()).map(|byte| i128::from(byte - b'0'));
    for _ in 0..point {
        let next = digits.next();
        if magnitude == 0 && next.is_none() {
            break;
        }
        if magnitude >= MAGNITUDE_MAX {
            return Err(DecimalError::TooLarge);
        }
        magnitude = magnitude * 10 + next.unwrap_or(0);
    }
    if point >= 0 && digits.next().is_some_and(|digit| digit >= 5) {
        magnitude += 1;
    }
    Ok(if negative { -magnitude } else { magnitude })
}

/// An exponent beyond any use saturates: the value is then too large, or zero.
fn parse_exponent(text: &str) -> Result<i64, DecimalError> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(DecimalError::Malformed);
    }
    let magnitude = digits.parse::<i64>().unwrap_or(i64::MAX).min(1_000_000_000);
    Ok(if text.starts_with('-') { -magnitude } else { magnitude })
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::sample::select;
    use proptest::test_runner::{Config, TestRunner};

    use super::*;

    #[test]
    fn decimals_are_read_exactly_and_rounded_half_away_from_zero() {
        let cases: [(&str, Result<i128, DecimalError>); 24] = [
            ("300", Ok(30_000)),
            ("300.0", Ok(30_000)),
            (" 12.5 ", Ok(1_250)),
            ("0.1", Ok(10)),
            (".5", Ok(50)),
            ("5.", Ok(500)),
            ("1.005", Ok(101)),
            ("1.004999", Ok(100)),
            ("-1.005", Ok(-101)),
            ("0.005", Ok(1)),
            ("0.0049", Ok(0)),
            ("0.0005", Ok(0)),
            ("1e3", Ok(100_000)),
            ("15E-1", Ok(150)),
            ("1e-400", Ok(0)),
            ("0e999999999999", Ok(0)),
            ("1e400", Err(DecimalError::TooLarge)),
            ("1e99999999999999999999", Err(DecimalError::TooLarge)),
            ("", Err(DecimalError::Malformed)),
            (".", Err(DecimalError::Malformed)),
            ("NaN", Err(DecimalError::Malformed)),
            ("Infinity", Err(DecimalError::Malformed)),
            ("1,5", Err(DecimalError::Malformed)),
            ("--1", Err(DecimalError::Malformed)),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_scaled(text, 2), expected, "{text}");
        }
    }

    /// Goal: the short way reads all that is plain, as the long way does. Method: random pieces of numbers, read both ways.
    #[test]
    fn a_plain_number_is_read_as_any_other() {
        let texts = vec(select(&b"0001234599.. -+e"[..]), 0..=20);
        let config = Config { cases: 20_000, failure_persistence: None, ..Config::default() };
        TestRunner::new(config)
            .run(&(texts, 0..=6_u32), |(bytes, scale)| {
                let text = std::str::from_utf8(&bytes).unwrap();
                let value = parse_word(text, scale);
                assert!(value.is_none() || value.map(Ok) == Some(parse_any(text, scale)), "{text}");
                let is_plain = !text.contains([' ', '-', '+', 'e']) && text.matches('.').count() < 2;
                let has_digits = text.contains(|c: char| c.is_ascii_digit());
                assert_eq!(value.is_some(), is_plain && has_digits && text.len() <= WORD_DIGITS, "{text}");
                Ok(())
            })
            .unwrap();
    }
}
