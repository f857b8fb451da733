//! The shop's own terms: estimate, order, money, numbers and ids, change; pure checks.
//!
//! Architecture invariant: nothing here does I/O, takes a lock, reads a clock or knows a socket. Given the same input it
//! gives the same answer.

mod amounts;
mod change;
mod decimal;
mod draft;
mod key;
mod money;
mod records;
mod search;
mod settings;
mod time;

pub use amounts::{Amounts, Line, Micros, WHOLE_UNITS_MAX, discount_percentage, what_does_not_add_up};
pub use change::{Action, Change, origin_of};
pub use decimal::DecimalError;
pub use draft::{Conversion, ITEMS_MAX, Items, STATUS_CHARS_MAX, SaleDraft, TEXT_CHARS_MAX};
pub use key::{Kind, RecordKey};
pub use money::{Currency, Money};
pub use records::{Discount, Estimate, Order, Sale, Source};
pub use search::{Needle, fold, has_status, search_text};
pub use settings::{NAME_CHARS_MAX, NAMES_MAX, PaperSize, Settings, SettingsPatch};
pub use time::Timestamp;
