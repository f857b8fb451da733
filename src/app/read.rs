//! The one door for reads: whoever looks at the shop's records does it through here, in one consistent state, and sees what his
//! rights show him. Until a shop has people, everybody sees everything.

use std::ops::ControlFlow;
use std::sync::Arc;

use crate::domain::{Actor, Belonging, Change, Kind, Masks, Permission, RecordKey, Right, Sight, sale_by};
use crate::live::{change_json, hide_json};
use crate::store::{
    AuditCheck, ChangeStep, Filter, HistoryStep, Record, Records, Snapshot, StoreError, Wanted, belonging,
};

/// Why nothing is read.
#[derive(Debug)]
pub enum ReadError {
    /// The database cannot be read.
    Store(StoreError),
    /// Whoever asks is to log in.
    LoggedOut,
    /// The state is newer than the rights that it was asked for with.
    Changed,
}

impl From<StoreError> for ReadError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl std::fmt::Display for ReadError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Store(error) => error.fmt(formatter),
            Self::LoggedOut => formatter.write_str("whoever asked is not let in any more"),
            Self::Changed => formatter.write_str("what whoever asked may see was changed"),
        }
    }
}

impl std::error::Error for ReadError {}

/// Everything that was committed at one moment, as the one who asks may see it. Keep it for a moment only: the file grows while
/// an old one is held.
pub struct Reading {
    snapshot: Arc<Snapshot>,
    sight: Arc<Sight>,
}

/// What one sees of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SeenChange {
    /// The record as it is now, or that it is gone.
    Shown(Change),
    /// It is not seen any more, since it was given to somebody else.
    Hidden(RecordKey, u64),
}

/// For whoever sees everything.
impl From<Arc<Snapshot>> for Reading {
    fn from(snapshot: Arc<Snapshot>) -> Self {
        Self::new(snapshot, Arc::new(Sight::of_everything()))
    }
}

impl SeenChange {
    /// The record's name.
    pub fn key(&self) -> RecordKey {
        match self {
            Self::Shown(change) => change.key,
            Self::Hidden(key, _) => *key,
        }
    }

    /// As it is told on `/sync`. A record that cannot be shown is left out and said in the log; it would not be readable for the
    /// client either.
    pub fn json(&self) -> Option<Vec<u8>> {
        match self {
            Self::Hidden(key, seq) => Some(hide_json(*key, *seq)),
            Self::Shown(change) => change_json(change)
                .inspect_err(|error| log::error!("⚠️ {} cannot be shown and is left out: {error}", change.key))
                .ok(),
        }
    }

    /// Its place in the one order.
    pub fn seq(&self) -> u64 {
        match self {
            Self::Shown(change) => change.seq,
            Self::Hidden(_, seq) => *seq,
        }
    }
}

impl Reading {
    pub(crate) fn new(snapshot: Arc<Snapshot>, sight: Arc<Sight>) -> Self {
        Self { snapshot, sight }
    }

    /// What the one who asks may do and see.
    pub fn permission(&self) -> &Permission {
        self.sight.permission()
    }

    /// Sequence of the last change; 0 when nothing was ever stored.
    pub fn seq(&self) -> Result<u64, StoreError> {
        self.snapshot.seq()
    }

    /// The JSON of a record and its revision, unless there is none or it is deleted.
    pub fn record(&self, key: RecordKey) -> Result<Option<(u32, Vec<u8>)>, StoreError> {
        let shown = self.snapshot.record(key, |record| {
            let is_shown = !record.is_deleted && record.is_seen(key.kind, &self.sight);
            is_shown
                .then(|| (record.rev, self.sight.show(record.json, || self.sees_link(key.kind, record)).into_owned()))
        })?;
        Ok(shown.flatten())
    }

    /// The same with every field, for what is to be put into an edit of it; nobody is shown this.
    pub fn record_unmasked(&self, key: RecordKey) -> Result<Option<(u32, Vec<u8>)>, StoreError> {
        let stored = self.snapshot.record(key, |record| {
            let is_seen = !record.is_deleted && record.is_seen(key.kind, &self.sight);
            is_seen.then(|| (record.rev, record.json.to_vec()))
        })?;
        Ok(stored.flatten())
    }

    /// What was done to a record, the newest first, at most `steps_max` steps; `None` if there never was one.
    pub fn history(&self, key: RecordKey, steps_max: usize) -> Result<Option<Vec<HistoryStep>>, StoreError> {
        if self.is_seen(key)? { self.snapshot.history(key, steps_max) } else { Ok(None) }
    }

    /// The latest states of what changed after a sequence, within these bounds, and the sequence up to which they reach.
    pub fn changes_after(
        &self,
        seq: u64,
        entries_max: usize,
        bytes_max: usize,
    ) -> Result<(Vec<SeenChange>, u64), StoreError> {
        self.snapshot.changes_after(seq, entries_max, bytes_max, |step| self.seen(step))
    }

    fn seen(&self, step: &ChangeStep<'_>) -> Option<SeenChange> {
        let (kind, record) = (step.key().kind, &step.record);
        if record.is_seen(kind, &self.sight) {
            return step.is_latest().then(|| {
                let mut change = step.change();
                if self.sight.is_cut() {
                    let is_link_seen = self.sees_link(kind, record);
                    change.record = change.record.map(|json| Arc::from(&*self.sight.show(&json, || is_link_seen)));
                    change.linked = change.linked.filter(|_| is_link_seen);
                }
                SeenChange::Shown(change)
            });
        }
        // Told where it was given away, since what follows is not his to see.
        let before = Record { owner: step.owner_before().filter(|owner| *owner != Actor::NOBODY), ..*record };
        let was_seen = step.owner_before().is_some() && before.is_seen(kind, &self.sight);
        was_seen.then(|| SeenChange::Hidden(step.key(), step.seq))
    }

    /// A walk over the records of one kind, the newest first.
    pub fn newest_first(&self, kind: Kind, filter: &Filter) -> Result<SeenRecords, StoreError> {
        let since = self.sight.since_micros();
        let times = match &filter.times {
            Some(times) => Some(times.start.max(since)..times.end),
            None => (since > i64::MIN).then_some(since..i64::MAX),
        };
        let filter = Filter { times, ..filter.clone() };
        Ok(SeenRecords {
            kind,
            records: self.snapshot.newest_first(kind, &filter)?,
            is_selective: filter.is_selective() || self.sight.is_cut(),
            wanted: filter.wanted.filter(|_| self.sight.masks().contact),
            reading: Self { snapshot: Arc::clone(&self.snapshot), sight: Arc::clone(&self.sight) },
        })
    }

    /// The first number of a series whose record `is_later`, which must hold for all records after it too.
    pub fn first_number(&self, kind: Kind, is_later: impl Fn(&Record<'_>) -> bool) -> Result<u32, StoreError> {
        self.snapshot.first_number(kind, is_later)
    }

    /// The sequence of the change that made a record.
    pub fn created_seq(&self, key: RecordKey) -> Result<Option<u64>, StoreError> {
        let seq =
            self.snapshot.record(key, |record| record.is_seen(key.kind, &self.sight).then_some(record.created_seq))?;
        Ok(seq.flatten())
    }

    /// What decides who sees a record, if whoever asks does and it is not deleted.
    pub fn belonging(&self, key: RecordKey) -> Result<Option<Belonging>, StoreError> {
        let belonging = self.snapshot.record(key, |record| {
            let is_seen = !record.is_deleted && record.is_seen(key.kind, &self.sight);
            is_seen.then(|| belonging(record))
        })?;
        Ok(belonging.flatten())
    }

    /// The eyes that look, for one who goes on looking after this state is let go.
    pub fn shared_sight(&self) -> Arc<Sight> {
        Arc::clone(&self.sight)
    }

    /// The eyes that look.
    pub fn sight(&self) -> &Sight {
        &self.sight
    }

    /// The first microsecond that is seen.
    pub fn since_micros(&self) -> i64 {
        self.sight.since_micros()
    }

    /// What of a record is not seen.
    pub fn masks(&self) -> Masks {
        self.sight.masks()
    }

    /// Whether a record is one's own: without the right to the shop's figures one has those of one's own records.
    pub fn is_own(&self, record: &Record<'_>) -> bool {
        self.permission().may(Right::Figures) || self.permission().owns(record.owner, || sale_by(record.json))
    }

    /// Whether a record that is seen is one's own; `None` if there is none. In a shop without people each is.
    pub fn is_own_record(&self, key: RecordKey) -> Result<Option<bool>, StoreError> {
        let permission = self.permission();
        let is_own = self.snapshot.record(key, |record| {
            let is_seen = !record.is_deleted && record.is_seen(key.kind, &self.sight);
            is_seen.then(|| permission.owns(record.owner, || sale_by(record.json)))
        })?;
        Ok(is_own.flatten())
    }

    /// Revision and JSON of the settings.
    pub fn settings(&self) -> Result<(u32, Vec<u8>), StoreError> {
        self.snapshot.settings()
    }

    /// The payment modes in the spelling of the settings.
    pub fn payment_modes(&self) -> Result<Vec<String>, StoreError> {
        self.snapshot.payment_modes()
    }

    /// Entries of the audit before this place, the newest first, that `take` wants; at most so many are looked at. The place from
    /// which to go on, unless `take` has broken off or there is none.
    pub fn audit(
        &self,
        before: Option<u64>,
        looked_at_max: usize,
        take: impl FnMut(crate::domain::AuditEntry) -> ControlFlow<()>,
    ) -> Result<Option<u64>, StoreError> {
        self.snapshot.audit(before, looked_at_max, take)
    }

    /// How many entries the audit has.
    pub fn audit_entries(&self) -> Result<u64, StoreError> {
        self.snapshot.audit_entries()
    }

    /// Follows the chain of the audit from its first entry.
    pub fn check_audit(&self) -> Result<AuditCheck, StoreError> {
        self.snapshot.check_audit()
    }

    fn is_seen(&self, key: RecordKey) -> Result<bool, StoreError> {
        let is_seen = self.snapshot.record(key, |record| record.is_seen(key.kind, &self.sight))?;
        Ok(is_seen.unwrap_or(false))
    }

    /// Whether the record is seen that this one is linked to, if there is one.
    fn sees_link(&self, kind: Kind, record: &Record<'_>) -> bool {
        let linked = record.linked.map(|number| RecordKey::new(kind.other(), number));
        // What cannot be read is not shown.
        linked.is_none_or(|key| self.is_seen(key).unwrap_or(false))
    }
}

/// A walk over the records that one sees.
pub struct SeenRecords {
    kind: Kind,
    records: Records,
    is_selective: bool,
    /// What a search wants, to be asked again without what is not seen.
    wanted: Option<Wanted>,
    reading: Reading,
}

impl SeenRecords {
    /// Whether records are passed over, however many.
    pub fn is_selective(&self) -> bool {
        self.is_selective
    }

    /// Shows the next record to `take`; `None` at the end.
    pub fn next_with<T>(&mut self, mut take: impl FnMut(RecordKey, &Record<'_>) -> T) -> Result<Option<T>, StoreError> {
        self.walk(|key, record| ControlFlow::Break(take(key, record)))
    }

    /// Shows record after record to `take` until it breaks off, which gives the value; `None` at the end.
    pub fn walk<T>(
        &mut self,
        mut take: impl FnMut(RecordKey, &Record<'_>) -> ControlFlow<T>,
    ) -> Result<Option<T>, StoreError> {
        let Self { kind, records, wanted, reading, .. } = self;
        let sight = &reading.sight;
        if !sight.is_cut() {
            return records.walk(take);
        }
        let wanted = wanted.as_ref();
        let is_wanted = |key: RecordKey, json: &[u8]| {
            let Some(wanted) = wanted else { return true };
            Sight::searched_text(key, json).is_some_and(|text| wanted(key.number, &text))
        };
        records.walk(|key, record| {
            if !record.is_seen(*kind, sight) || !is_wanted(key, record.json) {
                return ControlFlow::Continue(());
            }
            let json = sight.show(record.json, || reading.sees_link(*kind, record));
            take(key, &Record { json: &json, ..*record })
        })
    }
}
