//! The tables of the file, and the version of their shape.

use redb::TableDefinition;

/// The shape that this release reads and writes. A higher one is refused; a lower one is brought up step by step
/// (`file/upgrade`).
pub(crate) const SCHEMA_VERSION: u32 = 6;

/// Series number → record (see `record`).
pub(crate) const ESTIMATES: TableDefinition<u64, &[u8]> = TableDefinition::new("estimates");
/// Series number → record.
pub(crate) const ORDERS: TableDefinition<u64, &[u8]> = TableDefinition::new("orders");
/// Series number → search text of the estimate (`domain::search_text`); deleted ones have none, and those of the newest
/// records follow in blocks (see `format/search_texts`).
pub(crate) const ESTIMATES_SEARCH: TableDefinition<u64, &str> = TableDefinition::new("estimates_search");
/// Series number → search text of the order.
pub(crate) const ORDERS_SEARCH: TableDefinition<u64, &str> = TableDefinition::new("orders_search");
/// Quarter of an hour since 1970 → numbers of the estimates that count in it, as runs (see `day_index`). Those of the newest records
/// follow in blocks.
pub(crate) const ESTIMATES_DAYS: TableDefinition<i64, &[u8]> = TableDefinition::new("estimates_days");
/// The same of the orders.
pub(crate) const ORDERS_DAYS: TableDefinition<i64, &[u8]> = TableDefinition::new("orders_days");
/// Sequence → entry (see `log_entry`): the sync log and the audit log, kept for ever.
pub(crate) const CHANGES: TableDefinition<u64, &[u8]> = TableDefinition::new("changes");
/// Place, which is the order of storing, from 1 → fingerprint of a command and its stored answer (see `write/idempotency`).
pub(crate) const ANSWERS: TableDefinition<u64, &[u8]> = TableDefinition::new("answers_by_place");
/// Fingerprint of a command → place of its answer. The newest follow in blocks.
pub(crate) const ANSWER_PLACES: TableDefinition<[u8; 16], u64> = TableDefinition::new("answer_places");
/// Number of the run, from 1 → random id (8 bytes) and the last sequence before it (u64).
pub(crate) const RUNS: TableDefinition<u64, &[u8]> = TableDefinition::new("runs");
/// Number of a person, from 1 → row (see `format/directory_rows`).
pub(crate) const PEOPLE: TableDefinition<u64, &[u8]> = TableDefinition::new("people");
/// Number of a role, from 1 → row; those that every shop has only once they were changed.
pub(crate) const ROLES: TableDefinition<u64, &[u8]> = TableDefinition::new("roles");
/// Number of a device, from 1 → row.
pub(crate) const DEVICES: TableDefinition<u64, &[u8]> = TableDefinition::new("devices");
/// Number of a session, from 1 → row.
pub(crate) const SESSIONS: TableDefinition<u64, &[u8]> = TableDefinition::new("sessions");
/// Place, from 1 → hash and entry (see `format/audit_row`), kept for ever.
pub(crate) const AUDIT: TableDefinition<u64, &[u8]> = TableDefinition::new("audit");
/// Facts about the file: `schema`, `file_id`, `currency` and the decimals of its amounts; what it says of its `journal`; the
/// shop's `settings`, once they were saved; the code for an owner; lock-outs, and when devices were seen; and the head of the audit.
pub(crate) const META: TableDefinition<&str, &[u8]> = TableDefinition::new("meta");

pub(crate) const META_SCHEMA: &str = "schema";
pub(crate) const META_FILE_ID: &str = "file_id";
pub(crate) const META_CURRENCY: &str = "currency";
pub(crate) const META_DECIMALS: &str = "currency_decimals";
pub(crate) const META_SETTINGS: &str = "settings";
pub(crate) const META_JOURNAL: &str = "journal";
pub(crate) const META_OWNER_CODE: &str = "owner_code";
pub(crate) const META_ENDINGS: &str = "endings";
pub(crate) const META_PEPPER: &str = "pepper_mark";
pub(crate) const META_AUDIT: &str = "audit_head";

/// What is kept over a restart of who comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessNote {
    /// Wrong PINs and passwords on devices that were let in.
    Attempts,
    /// Those of strangers.
    Strangers,
    /// When each device was there last.
    LastSeen,
}

impl AccessNote {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Attempts => "attempts",
            Self::Strangers => "strangers",
            Self::LastSeen => "last_seen",
        }
    }
}

/// The head of the audit, as it is noted: how many entries there are, and the hash of the last.
pub(crate) fn audit_head(entries: u64, hash: &[u8; 32]) -> Vec<u8> {
    [entries.to_le_bytes().as_slice(), hash].concat()
}

/// What [`audit_head`] has written; `None` if it cannot be read.
pub(crate) fn audit_head_from(bytes: &[u8]) -> Option<(u64, [u8; 32])> {
    let (entries, hash) = bytes.split_first_chunk()?;
    Some((u64::from_le_bytes(*entries), hash.try_into().ok()?))
}

/// A table as an entry of the journal names it. Codes are never given to another table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum TableId {
    Estimates = 1,
    Orders = 2,
    EstimatesSearch = 3,
    OrdersSearch = 4,
    EstimatesDays = 5,
    OrdersDays = 6,
    Changes = 7,
    Answers = 8,
    AnswerPlaces = 9,
    Meta = 10,
    People = 11,
    Roles = 12,
    Devices = 13,
    Sessions = 14,
    Audit = 15,
}

impl TableId {
    pub fn from_code(code: u8) -> Option<Self> {
        use TableId::{
            AnswerPlaces, Answers, Audit, Changes, Devices, Estimates, EstimatesDays, EstimatesSearch, Meta, Orders,
            OrdersDays, OrdersSearch, People, Roles, Sessions,
        };
        let all = [
            Estimates,
            Orders,
            EstimatesSearch,
            OrdersSearch,
            EstimatesDays,
            OrdersDays,
            Changes,
            Answers,
            AnswerPlaces,
            Meta,
            People,
            Roles,
            Devices,
            Sessions,
            Audit,
        ];
        all.into_iter().find(|table| *table as u8 == code)
    }
}
