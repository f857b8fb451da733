//! Numbers and ids. Promise 5: both follow from the series number, which only ever grows.

use std::fmt;

use super::short_text::ShortText;

/// The two series of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A quotation; it may become an order.
    Estimate,
    /// A sale.
    Order,
}

impl Kind {
    /// The `type` of its frames.
    pub fn name(self) -> &'static str {
        match self {
            Self::Estimate => "estimate",
            Self::Order => "order",
        }
    }

    /// The kind that records of this kind link to.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Estimate => Self::Order,
            Self::Order => Self::Estimate,
        }
    }

    fn id_prefix(self) -> &'static str {
        match self {
            Self::Estimate => "EST-",
            Self::Order => "ORDER-",
        }
    }

    /// Odd constants: multiplication by one is a permutation of the 32-bit numbers. Different ones for each series, so
    /// that the first estimate and the first order do not look alike.
    fn multipliers(self) -> [u32; 2] {
        match self {
            Self::Estimate => [0x9E37_79B1, 0x85EB_CA6B],
            Self::Order => [0xC2B2_AE35, 0x27D4_EB2F],
        }
    }
}

/// Names one record for ever: its kind and its number in that series, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordKey {
    /// Which series.
    pub kind: Kind,
    /// The number in the series.
    pub number: u32,
}

impl RecordKey {
    /// Names a record.
    pub fn new(kind: Kind, number: u32) -> Self {
        Self { kind, number }
    }

    /// The id of the wire: `EST-` or `ORDER-` and 8 upper-case hex digits. The digits are a fixed permutation of the
    /// number, so ids cannot collide and are looked up without an index.
    pub fn id(self) -> ShortText {
        let [first, second] = self.kind.multipliers();
        let mixed = self.number.wrapping_mul(first);
        let mixed = (mixed ^ (mixed >> 16)).wrapping_mul(second);
        let digits = mixed ^ (mixed >> 16);
        let mut id = ShortText::default();
        id.push(self.kind.id_prefix().as_bytes());
        id.push(&std::array::from_fn::<_, 8, _>(|place| hex_digit(digits >> (28 - 4 * place))));
        id
    }

    /// Reads an id back; `None` if it is not one of this kind.
    pub fn from_id(kind: Kind, id: &str) -> Option<Self> {
        let digits = id.strip_prefix(kind.id_prefix())?;
        if digits.len() != 8 || !digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'F')) {
            return None;
        }
        let mixed = u32::from_str_radix(digits, 16).ok()?;
        let [first, second] = kind.multipliers();
        let mixed = (mixed ^ (mixed >> 16)).wrapping_mul(inverse(second));
        let number = (mixed ^ (mixed >> 16)).wrapping_mul(inverse(first));
        (number != 0).then_some(Self { kind, number })
    }

    /// The number that people read: `#` and at least three digits.
    pub fn label(self) -> ShortText {
        let mut digits = itoa::Buffer::new();
        let digits = digits.format(self.number);
        let mut label = ShortText::default();
        label.push(match digits.len() {
            1 => b"#00",
            2 => b"#0",
            _ => b"#",
        });
        label.push(digits.as_bytes());
        label
    }

    /// Reads a number as a person would write it: `#001`, `001` or `1`.
    pub fn from_label(kind: Kind, label: &str) -> Option<Self> {
        let digits = label.strip_prefix('#').unwrap_or(label);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        digits.parse().ok().filter(|&number| number != 0).map(|number| Self { kind, number })
    }
}

impl fmt::Display for RecordKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.id())
    }
}

/// The lowest four bits as an upper-case hex digit.
fn hex_digit(bits: u32) -> u8 {
    let value = (bits & 15) as u8;
    if value < 10 { b'0' + value } else { b'A' - 10 + value }
}

/// The inverse of an odd number modulo 2^32, by Newton's iteration: each step doubles the number of correct bits.
fn inverse(odd: u32) -> u32 {
    (0..5).fold(odd, |guess, _| guess.wrapping_mul(2_u32.wrapping_sub(odd.wrapping_mul(guess))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_a_bijection_of_the_numbers() {
        for kind in [Kind::Estimate, Kind::Order] {
            let mut seen = std::collections::HashSet::new();
            for number in (1..50_000).chain([u32::MAX - 1, u32::MAX]) {
                let key = RecordKey::new(kind, number);
                assert_eq!(RecordKey::from_id(kind, &key.id()), Some(key));
                assert!(seen.insert(key.id()));
            }
        }
    }

    #[test]
    fn only_the_exact_form_is_an_id() {
        let id = RecordKey::new(Kind::Estimate, 1).id();
        assert_eq!(RecordKey::from_id(Kind::Order, &id), None);
        assert_eq!(RecordKey::from_id(Kind::Estimate, &id.to_lowercase()), None);
        assert_eq!(RecordKey::from_id(Kind::Estimate, &format!("{id}0")), None);
        assert_eq!(RecordKey::from_id(Kind::Estimate, "EST-+1234567"), None);
        assert_eq!(RecordKey::from_id(Kind::Estimate, "EST-00000000"), None);
    }

    #[test]
    fn labels_are_padded_to_three_digits_and_read_leniently() {
        for number in (1..2_000).chain([u32::MAX]) {
            assert_eq!(RecordKey::new(Kind::Order, number).label().as_str(), format!("#{number:03}"));
        }
        for label in ["#001", "001", "1", "#1"] {
            assert_eq!(RecordKey::from_label(Kind::Order, label), Some(RecordKey::new(Kind::Order, 1)));
        }
        for label in ["", "#", "#-1", "0", "#000", "99999999999", "1a"] {
            assert_eq!(RecordKey::from_label(Kind::Order, label), None, "{label}");
        }
    }
}
