//! The one door for reads: whoever looks at the shop's records does it through here, in one consistent state. Who may see what
//! is decided here and nowhere else; until a shop has people, everybody sees everything.

use std::sync::Arc;

use crate::domain::{Change, Kind, RecordKey};
use crate::store::{Filter, HistoryStep, Record, Records, Snapshot, StoreError};

/// Everything that was committed at one moment, as the one who asks may see it. Keep it for a moment only: the file grows while
/// an old one is held.
pub struct Reading(Arc<Snapshot>);

impl From<Arc<Snapshot>> for Reading {
    fn from(snapshot: Arc<Snapshot>) -> Self {
        Self(snapshot)
    }
}

impl Reading {
    /// Sequence of the last change; 0 when nothing was ever stored.
    pub fn seq(&self) -> Result<u64, StoreError> {
        self.0.seq()
    }

    /// The JSON of a record and its revision, unless there is none or it is deleted.
    pub fn record(&self, key: RecordKey) -> Result<Option<(u32, Vec<u8>)>, StoreError> {
        self.0.record(key)
    }

    /// What was done to a record, the newest first, at most `steps_max` steps; `None` if there never was one.
    pub fn history(&self, key: RecordKey, steps_max: usize) -> Result<Option<Vec<HistoryStep>>, StoreError> {
        self.0.history(key, steps_max)
    }

    /// The latest states of what changed after a sequence, within these bounds, and the sequence up to which they reach.
    pub fn changes_after(
        &self,
        seq: u64,
        entries_max: usize,
        bytes_max: usize,
    ) -> Result<(Vec<Change>, u64), StoreError> {
        self.0.changes_after(seq, entries_max, bytes_max)
    }

    /// A walk over the records of one kind, the newest first.
    pub fn newest_first(&self, kind: Kind, filter: &Filter) -> Result<Records, StoreError> {
        self.0.newest_first(kind, filter)
    }

    /// The first number of a series whose record `is_later`, which must hold for all records after it too.
    pub fn first_number(&self, kind: Kind, is_later: impl Fn(&Record<'_>) -> bool) -> Result<u32, StoreError> {
        self.0.first_number(kind, is_later)
    }

    /// The sequence of the change that made a record.
    pub fn created_seq(&self, key: RecordKey) -> Result<Option<u64>, StoreError> {
        self.0.created_seq(key)
    }

    /// Revision and JSON of the settings.
    pub fn settings(&self) -> Result<(u32, Vec<u8>), StoreError> {
        self.0.settings()
    }

    /// The payment modes in the spelling of the settings.
    pub fn payment_modes(&self) -> Result<Vec<String>, StoreError> {
        self.0.payment_modes()
    }
}
