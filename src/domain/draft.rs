//! What a till asks to be stored, after every check and before it has a number.

use super::money::Money;
use super::records::Sale;

/// Lines of one record at most.
pub const ITEMS_MAX: usize = 1_000;
/// Characters of one text at most.
pub const TEXT_CHARS_MAX: usize = 1_000;
/// Characters of a status at most.
pub const STATUS_CHARS_MAX: usize = 64;

/// The lines of a bill exactly as the till sent them: a JSON array, passed through untouched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Items {
    json: Box<str>,
    count: u32,
}

impl Items {
    /// Takes a JSON array whose elements were checked one by one, and how many there are.
    pub fn new(json: impl Into<Box<str>>, count: u32) -> Self {
        Self { json: json.into(), count }
    }

    /// The JSON array.
    pub fn json(&self) -> &str {
        &self.json
    }

    /// How many lines.
    pub fn count(&self) -> u32 {
        self.count
    }
}

/// A sale to be stored.
#[derive(Debug, Clone, PartialEq)]
pub struct SaleDraft {
    /// Customer, lines, amounts.
    pub sale: Sale,
    /// The total, unless the till says otherwise.
    pub amount_paid: Money,
    /// `Cash`, unless the till says otherwise.
    pub payment_mode: String,
    /// The estimate that the till names as the source.
    pub source_estimate_id: Option<String>,
    /// Its number as the till knows it.
    pub source_estimate_number: Option<String>,
}

/// What a conversion may say about the order that it makes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Conversion {
    /// Instead of `Cash`.
    pub payment_mode: Option<String>,
    /// Instead of the estimate's.
    pub sale_by: Option<String>,
    /// Instead of the total.
    pub amount_paid: Option<Money>,
}
