//! Snapshot reads: they never queue and never see half a command.

use std::sync::OnceLock;

use redb::{ReadTransaction, ReadableTable};

use super::directory::{AuditCheck, DirectoryTables, check};
use super::health::{Bytes, ReadHealth};
use super::walk::{Filter, Records};
use crate::domain::{
    Action, Actor, AuditEntry, Change, Currency, Directory, Kind, OriginHash, RecordKey, Settings, Timestamp,
};
use crate::store::error::StoreError;
use crate::store::format::{LogEntry, Record, RunEntry, audit_from, hex, settings_json, settings_or_default};
use crate::store::tables::{
    AUDIT, AccessNote, CHANGES, DEVICES, ESTIMATES, META, META_AUDIT, META_PEPPER, META_SETTINGS, ORDERS, PEOPLE,
    ROLES, RUNS, SESSIONS, audit_head_from,
};

/// Everything that was committed when it was taken. Keep it for a moment only: the file grows while an old one is held.
pub struct Snapshot {
    transaction: ReadTransaction,
    currency: Currency,
    /// Opened by the first reader; the readers between two commits share them.
    estimates: OnceLock<Bytes>,
    orders: OnceLock<Bytes>,
    changes: OnceLock<Bytes>,
    health: ReadHealth,
}

impl Snapshot {
    pub(crate) fn new(transaction: ReadTransaction, currency: Currency, health: ReadHealth) -> Self {
        let (estimates, orders, changes) = (OnceLock::new(), OnceLock::new(), OnceLock::new());
        Self { transaction, currency, estimates, orders, changes, health }
    }

    /// The shop's currency.
    pub fn currency(&self) -> Currency {
        self.currency
    }

    /// Sequence of the last change in it; 0 when nothing was ever stored.
    pub fn seq(&self) -> Result<u64, StoreError> {
        self.health.watch(|| Ok(self.changes()?.last()?.map_or(0, |(seq, _)| seq.value())))
    }

    /// Time of the last change in it, in microseconds since 1970; `None` if there is none, or it cannot be read.
    pub fn last_change_micros(&self) -> Result<Option<i64>, StoreError> {
        self.health.watch(|| {
            let last = self.changes()?.last()?;
            Ok(last.and_then(|(_, entry)| Some(LogEntry::decode(entry.value()).ok()?.at.unix_micros)))
        })
    }

    /// Shows a record to `read`, deleted or not; `None` if there never was one.
    pub fn record<T>(&self, key: RecordKey, read: impl FnOnce(&Record<'_>) -> T) -> Result<Option<T>, StoreError> {
        self.health.watch(|| {
            let table = self.records(key.kind)?;
            let Some(bytes) = table.get(u64::from(key.number))? else { return Ok(None) };
            Ok(Some(read(&Record::decode(bytes.value())?)))
        })
    }

    /// Everybody who may come in.
    pub fn directory(&self) -> Result<Directory, StoreError> {
        self.health.watch(|| {
            let tables = DirectoryTables {
                people: &self.transaction.open_table(PEOPLE)?,
                roles: &self.transaction.open_table(ROLES)?,
                devices: &self.transaction.open_table(DEVICES)?,
                sessions: &self.transaction.open_table(SESSIONS)?,
                meta: &self.transaction.open_table(META)?,
            };
            tables.load()
        })
    }

    /// What was kept of who comes in; empty if nothing was.
    pub fn access_note(&self, what: AccessNote) -> Result<Vec<u8>, StoreError> {
        self.health.watch(|| {
            let stored = self.transaction.open_table(META)?.get(what.name())?;
            Ok(stored.map(|bytes| bytes.value().to_vec()).unwrap_or_default())
        })
    }

    /// With which pepper the PINs in it are hashed.
    pub fn pepper_mark(&self) -> Result<Option<[u8; 32]>, StoreError> {
        self.health.watch(|| {
            let stored = self.transaction.open_table(META)?.get(META_PEPPER)?;
            Ok(stored.and_then(|bytes| bytes.value().try_into().ok()))
        })
    }

    /// Entries of the audit before this place, the newest first, that `take` wants; at most so many are looked at. The place from
    /// which to go on, unless `take` has broken off or there is none.
    pub fn audit(
        &self,
        before: Option<u64>,
        looked_at_max: usize,
        mut take: impl FnMut(AuditEntry) -> std::ops::ControlFlow<()>,
    ) -> Result<Option<u64>, StoreError> {
        self.health.watch(|| {
            let table = self.transaction.open_table(AUDIT)?;
            let mut reached = None;
            for entry in table.range(..before.unwrap_or(u64::MAX))?.rev().take(looked_at_max) {
                let (place, bytes) = entry?;
                reached = Some(place.value());
                // One that cannot be read is found by the check, and holds up no other.
                let Ok(entry) = audit_from(place.value(), bytes.value()) else { continue };
                if take(entry).is_break() {
                    return Ok(None);
                }
            }
            Ok(reached)
        })
    }

    /// How many entries the audit has.
    pub fn audit_entries(&self) -> Result<u64, StoreError> {
        self.health.watch(|| Ok(self.transaction.open_table(AUDIT)?.last()?.map_or(0, |(place, _)| place.value())))
    }

    /// Follows the chain of the audit from its first entry.
    pub fn check_audit(&self) -> Result<AuditCheck, StoreError> {
        self.health.watch(|| {
            let meta = self.transaction.open_table(META)?;
            // One that cannot be read is that of no chain.
            let head = meta.get(META_AUDIT)?.map(|bytes| audit_head_from(bytes.value()).unwrap_or_default());
            let table = self.transaction.open_table(AUDIT)?;
            let mut fault = None;
            let entries = table.iter()?.map_while(|entry| match entry {
                Ok((place, bytes)) => Some(audit_from(place.value(), bytes.value())),
                Err(error) => {
                    fault = Some(error);
                    None
                }
            });
            let checked = check(entries, head);
            fault.map_or(Ok(checked), |error| Err(error.into()))
        })
    }

    /// The settings of the shop: their revision and JSON.
    pub fn settings(&self) -> Result<(u32, Vec<u8>), StoreError> {
        self.health.watch(|| {
            let meta = self.transaction.open_table(META)?;
            let stored = meta.get(META_SETTINGS)?;
            let settings = stored.map_or_else(Settings::default, |json| settings_or_default(json.value()));
            Ok((settings.rev, settings_json(&settings, self.currency)))
        })
    }

    /// After how many minutes without input a till locks.
    pub fn lock_minutes(&self) -> Result<u32, StoreError> {
        let (_, json) = self.settings()?;
        Ok(settings_or_default(&json).lock_minutes)
    }

    /// The payment modes in the spelling of the settings.
    pub fn payment_modes(&self) -> Result<Vec<String>, StoreError> {
        let (_, json) = self.settings()?;
        Ok(settings_or_default(&json).payment_modes)
    }

    /// What was done to a record, the newest first, at most `steps_max` steps; `None` if there never was one. The log outlives a
    /// deletion. Each entry names the one before it, so no other record's entries are read.
    pub fn history(&self, key: RecordKey, steps_max: usize) -> Result<Option<Vec<HistoryStep>>, StoreError> {
        self.health.watch(|| {
            let table = self.records(key.kind)?;
            let Some(bytes) = table.get(u64::from(key.number))? else { return Ok(None) };
            let record = Record::decode(bytes.value())?;
            let (log, mut steps) = (self.changes()?, Vec::new());
            let (mut seq, mut rev) = (record.seq, record.rev);
            while seq != 0 && steps.len() < steps_max {
                let bytes = log.get(seq)?.ok_or(StoreError::Malformed("log entry"))?;
                let entry = LogEntry::decode(bytes.value())?;
                if entry.key != key || entry.prev >= seq {
                    return Err(StoreError::Malformed("log entry"));
                }
                let by = entry.by.map(str::to_string);
                steps.push(HistoryStep {
                    seq,
                    rev,
                    action: entry.action,
                    at: entry.at,
                    by,
                    origin: entry.origin,
                    actor: entry.actor,
                });
                rev = rev.saturating_sub(1);
                seq = entry.prev;
            }
            Ok(Some(steps))
        })
    }

    /// The changes after `seq` of which `form` makes something, in order, out of at most `entries_max` entries of the log and until
    /// their records have `bytes_max` bytes; and the sequence up to which the log was read. `form` also hears of changes that are
    /// not the latest of their record any more.
    pub fn changes_after<T>(
        &self,
        seq: u64,
        entries_max: usize,
        bytes_max: usize,
        form: impl Fn(&ChangeStep<'_>) -> Option<T>,
    ) -> Result<(Vec<T>, u64), StoreError> {
        self.health.watch(|| {
            let log = self.changes()?;
            let (mut formed, mut read_to, mut bytes_read) = (Vec::new(), seq, 0);
            for entry in log.range(seq.saturating_add(1)..)?.take(entries_max) {
                let (own_seq, bytes) = entry?;
                read_to = own_seq.value();
                match self.change_step(read_to, bytes.value(), &form) {
                    Ok(Some((change, bytes))) => {
                        bytes_read += bytes;
                        formed.push(change);
                    }
                    Ok(None) => {}
                    // One that cannot be read holds up no other.
                    Err(StoreError::Malformed(what)) => {
                        log::error!("⚠️ A stored {what} cannot be read; change {read_to} is left out");
                    }
                    Err(error) => return Err(error),
                }
                if bytes_read >= bytes_max {
                    break;
                }
            }
            Ok((formed, read_to))
        })
    }

    /// What `form` makes of a log entry, and the bytes of its record.
    fn change_step<T>(
        &self,
        seq: u64,
        entry: &[u8],
        form: impl Fn(&ChangeStep<'_>) -> Option<T>,
    ) -> Result<Option<(T, usize)>, StoreError> {
        let entry = LogEntry::decode(entry)?;
        let stored = self.records(entry.key.kind)?.get(u64::from(entry.key.number))?;
        let stored = stored.ok_or(StoreError::Malformed("log entry"))?;
        let record = Record::decode(stored.value())?;
        let bytes = record.json.len();
        Ok(form(&ChangeStep { seq, entry, record }).map(|formed| (formed, bytes)))
    }

    /// Whether a client that was last served in the run named by `epoch`, and has everything up to `seq`, can go on from
    /// there: this file knows the run, and the run came at least so far in this file.
    pub(crate) fn can_resume(&self, file_id: &str, epoch: &str, seq: u64) -> Result<bool, StoreError> {
        self.health.watch(|| {
            let Some(run_id) = epoch.strip_prefix(file_id).and_then(|rest| rest.strip_prefix('-')) else {
                return Ok(false);
            };
            let runs = self.transaction.open_table(RUNS)?;
            // A run ends where the next one begins; the newest one is still going on.
            let mut end = self.seq()?;
            for run in runs.iter()?.rev() {
                let (_, bytes) = run?;
                let run = RunEntry::decode(bytes.value())?;
                if hex(&run.id) == run_id {
                    return Ok(seq <= end);
                }
                end = run.seq_before;
            }
            Ok(false)
        })
    }

    /// Walks the records of a kind, the newest number first.
    pub fn newest_first(&self, kind: Kind, filter: &Filter) -> Result<Records, StoreError> {
        self.health
            .watch(|| Records::start(&self.transaction, kind, self.open_records(kind)?, filter, self.health.clone()))
    }

    /// The first number of a series whose record `is_later`, which must hold for all records after it too. Few records are
    /// looked at.
    pub fn first_number(&self, kind: Kind, is_later: impl Fn(&Record<'_>) -> bool) -> Result<u32, StoreError> {
        self.health.watch(|| {
            let table = self.records(kind)?;
            let last = table.last()?.map_or(0, |(number, _)| number.value());
            let (mut low, mut high) = (1, last + 1);
            while low < high {
                let middle = low.midpoint(high);
                let bytes = table.get(middle)?.ok_or(StoreError::Malformed("series"))?;
                if is_later(&Record::decode(bytes.value())?) {
                    high = middle;
                } else {
                    low = middle + 1;
                }
            }
            Ok(u32::try_from(low).unwrap_or(u32::MAX))
        })
    }

    /// The place of a record, deleted or not, in the order in which all records were made.
    pub fn created_seq(&self, key: RecordKey) -> Result<Option<u64>, StoreError> {
        self.health.watch(|| {
            let bytes = self.records(key.kind)?.get(u64::from(key.number))?;
            bytes.map(|bytes| Record::decode(bytes.value()).map(|record| record.created_seq)).transpose()
        })
    }

    fn records(&self, kind: Kind) -> Result<&Bytes, StoreError> {
        let shared = match kind {
            Kind::Estimate => &self.estimates,
            Kind::Order => &self.orders,
        };
        share(shared, || self.open_records(kind))
    }

    fn changes(&self) -> Result<&Bytes, StoreError> {
        share(&self.changes, || Ok(self.transaction.open_table(CHANGES)?))
    }

    fn open_records(&self, kind: Kind) -> Result<Bytes, StoreError> {
        Ok(self.transaction.open_table(match kind {
            Kind::Estimate => ESTIMATES,
            Kind::Order => ORDERS,
        })?)
    }
}

fn share<T>(shared: &OnceLock<T>, open: impl FnOnce() -> Result<T, StoreError>) -> Result<&T, StoreError> {
    if let Some(table) = shared.get() {
        return Ok(table);
    }
    let opened = open()?;
    Ok(shared.get_or_init(|| opened))
}

/// An entry of the log, and its record as it is now.
pub struct ChangeStep<'a> {
    /// Its place in the one order of all changes.
    pub seq: u64,
    entry: LogEntry<'a>,
    /// The record, deleted or not.
    pub record: Record<'a>,
}

impl ChangeStep<'_> {
    /// The record's name.
    pub fn key(&self) -> RecordKey {
        self.entry.key
    }

    /// Whether the record has not changed since.
    pub fn is_latest(&self) -> bool {
        self.record.seq == self.seq
    }

    /// Whose the record was until then, if this has given it to somebody else.
    pub fn owner_before(&self) -> Option<Actor> {
        self.entry.owner_before
    }

    /// The change that has led to the record as it is now.
    pub fn change(&self) -> Change {
        self.entry.into_change(self.seq, &self.record)
    }
}

/// One step in the history of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryStep {
    /// Its place in the one order of all changes.
    pub seq: u64,
    /// Revision of the record after it.
    pub rev: u32,
    /// What was done.
    pub action: Action,
    /// When.
    pub at: Timestamp,
    /// Who, as far as known.
    pub by: Option<String>,
    /// Hash of the key of the command that did it, if it came with one.
    pub origin: Option<OriginHash>,
    /// Who did it, as the shop knows its people.
    pub actor: Option<Actor>,
}
