//! The tables of the file, and the version of their shape.

use redb::TableDefinition;

/// The shape that this release reads and writes. A higher one is refused; a lower one is brought up step by step
/// (`open::upgrade`).
pub(super) const SCHEMA_VERSION: u32 = 1;

/// Series number → record (see `record`).
pub(super) const ESTIMATES: TableDefinition<u64, &[u8]> = TableDefinition::new("estimates");
/// Series number → record.
pub(super) const ORDERS: TableDefinition<u64, &[u8]> = TableDefinition::new("orders");
/// Series number → search text of the estimate (`domain::search_text`); deleted ones have none.
pub(super) const ESTIMATES_SEARCH: TableDefinition<u64, &str> = TableDefinition::new("estimates_search");
/// Series number → search text of the order.
pub(super) const ORDERS_SEARCH: TableDefinition<u64, &str> = TableDefinition::new("orders_search");
/// Sequence → entry (see `record`): the sync log and the audit log, kept for ever.
pub(super) const CHANGES: TableDefinition<u64, &[u8]> = TableDefinition::new("changes");
/// Fingerprint of a command → its stored answer.
pub(super) const ANSWERS: TableDefinition<[u8; 16], &[u8]> = TableDefinition::new("answers");
/// Order of storing → fingerprint, so that old answers are found from the front.
pub(super) const ANSWER_LOG: TableDefinition<u64, [u8; 16]> = TableDefinition::new("answer_log");
/// Number of the run, from 1 → random id (8 bytes) and the last sequence before it (u64).
pub(super) const RUNS: TableDefinition<u64, &[u8]> = TableDefinition::new("runs");
/// Facts about the file: `schema`, `file_id`, `currency`; and the shop's `settings`, once they were saved.
pub(super) const META: TableDefinition<&str, &[u8]> = TableDefinition::new("meta");

pub(super) const META_SCHEMA: &str = "schema";
pub(super) const META_FILE_ID: &str = "file_id";
pub(super) const META_CURRENCY: &str = "currency";
pub(super) const META_SETTINGS: &str = "settings";
