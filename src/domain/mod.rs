//! The shop's own terms: estimate, order, money, numbers and ids, change, payment, settings, time, search; pure checks.
//!
//! Architecture invariant: nothing here does I/O, takes a lock, reads a clock or knows a socket. Given the same input
//! it gives the same answer.
//!
//! Held by the tests of its files, and by `tests/system/store/model`.

mod actor;
mod amounts;
mod belonging;
mod change;
mod decimal;
mod draft;
mod fold;
mod items;
mod key;
mod money;
mod payment;
mod people;
mod records;
mod run_time;
mod search;
mod settings;
mod short_text;
mod time;

pub use actor::{Actor, Ownership};
pub use amounts::{Amounts, Line, Micros, WHOLE_UNITS_MAX, discount_percentage, what_does_not_add_up};
pub use belonging::Belonging;
pub use change::{Action, Change, OriginHash};
pub use decimal::DecimalError;
pub use draft::{Conversion, STATUS_CHARS_MAX, SaleDraft, TEXT_CHARS_MAX};
pub use fold::fold;
pub use items::{ITEMS_MAX, Items};
pub use key::{Kind, RecordKey};
pub use money::{Currency, Money};
pub use payment::{Payment, folded_mode, is_same_mode};
pub use people::{
    Allowance, Asker, AuditEntry, AuditKind, AuditNote, DEVICES_MAX, Device, DeviceKind, Directory, DirectoryEdit,
    Glimpse, Holder, Masks, OwnerCode, PEOPLE_MAX, PERCENT_WHOLE, Permission, Person, ROLES_MAX, Right, Rights, Role,
    Scope, SeenDays, Session, Sight, TokenHash, VIEW_MARK, cut, sale_by, whole_edit,
};
pub use records::{Discount, Estimate, Order, Sale, Source};
pub use run_time::RunTime;
pub use search::{Needle, has_status, search_text};
pub use settings::{
    LOCK_MINUTES_DEFAULT, LOCK_MINUTES_RANGE, NAME_CHARS_MAX, NAMES_MAX, PaperSize, Settings, SettingsPatch,
};
pub use short_text::ShortText;
pub use time::{MADE_AGE_DAYS_MAX, MADE_AHEAD_SECONDS_MAX, MadeAt, Timestamp};
