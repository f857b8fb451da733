//! What a till asks to be stored, after every check and before it has a number.

use super::money::Money;
use super::records::Sale;

/// Characters of one text at most.
pub const TEXT_CHARS_MAX: usize = 1_000;
/// Characters of a status at most.
pub const STATUS_CHARS_MAX: usize = 64;

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
