//! The two records of a shop, as they are after every check.

use super::actor::Ownership;
use super::fold;
use super::items::Items;
use super::key::RecordKey;
use super::money::Money;
use super::time::Timestamp;

/// A discount on the whole bill.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Discount {
    /// `discount_amount` is a percentage, 0 to 100.
    Percent(f64),
    /// `discount_amount` is money.
    Amount(Money),
}

/// What an estimate and an order have in common.
#[derive(Debug, Clone, PartialEq)]
pub struct Sale {
    /// Never blank.
    pub customer_name: String,
    /// As typed.
    pub customer_phone: String,
    /// As typed.
    pub customer_address: String,
    /// Who serves the customer.
    pub sale_by: String,
    /// At least one.
    pub items: Items,
    /// Sum of the lines, as sent.
    pub subtotal: Money,
    /// On the whole bill.
    pub discount: Discount,
    /// The discount in per cent, as sent or filled in.
    pub discount_percentage: f64,
    /// What is to be paid, as sent.
    pub total: Money,
    /// What does not add up, in words for the owner.
    pub amounts_flagged: Option<String>,
}

/// A quotation.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimate {
    /// Its name.
    pub key: RecordKey,
    /// From 1, plus 1 with each change.
    pub rev: u32,
    /// When it was stored; edits do not move it.
    pub created_at: Timestamp,
    /// When it was made on a device that could not send it at once. Figures and days count it then.
    pub made_at: Option<Timestamp>,
    /// Whose it is; `None` if it was made before the shop had people, or by its own machine.
    pub owner: Option<Ownership>,
    /// Customer, lines, amounts.
    pub sale: Sale,
    /// The order that it became. Promise 4: set once, never again.
    pub converted_to: Option<RecordKey>,
}

impl Estimate {
    /// The status by which an unconverted estimate is found.
    pub const STATUS_OPEN: &str = "open";
    /// The status by which a converted one is found.
    pub const STATUS_CONVERTED: &str = "converted";
}

/// Where an order came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Sold directly.
    Direct,
    /// Converted from this estimate; both records link each other.
    Estimate(RecordKey),
    /// The till named an estimate that does not exist here; kept as sent, linked to nothing.
    Unknown {
        /// `source_estimate_id` as sent.
        id: Option<String>,
        /// `source_estimate_number` as sent.
        number: Option<String>,
    },
}

/// A sale.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// Its name.
    pub key: RecordKey,
    /// From 1, plus 1 with each change.
    pub rev: u32,
    /// When it was stored.
    pub created_at: Timestamp,
    /// When it was sold on a device that could not send it at once. Figures and days count it then.
    pub made_at: Option<Timestamp>,
    /// Whose it is; `None` if it was made before the shop had people, or by its own machine.
    pub owner: Option<Ownership>,
    /// Customer, lines, amounts.
    pub sale: Sale,
    /// Less than the total when something is still due.
    pub amount_paid: Money,
    /// What was given back of the cash handed over; it is not in `amount_paid`.
    pub change: Money,
    /// `Cash`, `UPI`, …
    pub payment_mode: String,
    /// `Completed`, or any text that the shop sets.
    pub status: String,
    /// Where it came from.
    pub source: Source,
}

impl Order {
    /// The status of a new order.
    pub const STATUS_NEW: &str = "Completed";
    /// The payment mode when none is given.
    pub const PAYMENT_MODE_DEFAULT: &str = "Cash";

    /// The statuses of a sale that counts nowhere, folded.
    const STATUSES_CANCELLED: [&str; 4] = ["void", "cancelled", "canceled", "returned"];

    /// Whether a sale with this status counts in no figure.
    pub fn is_cancelled(status: &str) -> bool {
        Self::STATUSES_CANCELLED.contains(&fold(status).as_str())
    }

    /// The estimate that it was converted from.
    pub fn estimate(&self) -> Option<RecordKey> {
        match self.source {
            Source::Estimate(key) => Some(key),
            Source::Direct | Source::Unknown { .. } => None,
        }
    }
}
