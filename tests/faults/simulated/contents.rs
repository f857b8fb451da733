//! Everything that a file holds, so that two states can be compared, and whether it agrees with itself.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tillsync::app::{Reading, SeenChange};
use tillsync::domain::{Action, Change, Estimate, Kind, RecordKey, search_text};
use tillsync::store::{Filter, StoreError};

/// A record as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    pub rev: u32,
    pub seq: u64,
    pub created_seq: u64,
    pub linked: Option<u32>,
    pub json: Vec<u8>,
}

/// All that can be read of a file: records, search texts, and the log with the state that each entry has left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    pub seq: u64,
    pub records: BTreeMap<RecordKey, Stored>,
    pub search: BTreeMap<RecordKey, String>,
    /// Of each record, deleted or not: the number, and the sequence that made it.
    pub made: BTreeMap<RecordKey, u64>,
    /// The last change of each record, in order.
    pub latest: Vec<Change>,
}

const KINDS: [Kind; 2] = [Kind::Estimate, Kind::Order];

fn shown(seen: SeenChange) -> Option<Change> {
    match seen {
        SeenChange::Shown(change) => Some(change),
        SeenChange::Hidden(..) => None,
    }
}

impl Contents {
    pub fn read(snapshot: &Reading) -> Result<Self, StoreError> {
        let seq = snapshot.seq()?;
        let (latest, _) = snapshot.changes_after(0, usize::MAX, usize::MAX)?;
        let latest = latest.into_iter().filter_map(shown).collect();
        let mut contents =
            Self { seq, records: BTreeMap::new(), search: BTreeMap::new(), made: BTreeMap::new(), latest };
        for kind in KINDS {
            let mut all = snapshot.newest_first(kind, &Filter::default())?;
            while let Some((key, record)) = all.next_with(|key, record| {
                let stored = Stored {
                    rev: record.rev,
                    seq: record.seq,
                    created_seq: record.created_seq,
                    linked: record.linked,
                    json: record.json.to_vec(),
                };
                (key, stored)
            })? {
                contents.records.insert(key, stored_once(&contents.records, key, record));
            }
            contents.search.extend(search_texts(snapshot, kind)?);
            for number in 1.. {
                let key = RecordKey::new(kind, number);
                let Some(made) = snapshot.created_seq(key)? else { break };
                contents.made.insert(key, made);
            }
        }
        Ok(contents)
    }

    /// Whether records, log, numbers, links and search texts tell the same story.
    pub fn check(&self, snapshot: &Reading) -> Result<(), String> {
        for seq in 0..self.seq {
            let (_, next) = snapshot.changes_after(seq, 1, usize::MAX).map_err(|error| error.to_string())?;
            ensure(next == seq + 1, || format!("a hole in the log after {seq}"))?;
        }
        let logged: BTreeSet<RecordKey> = self.latest.iter().map(|change| change.key).collect();
        ensure(logged.iter().eq(self.made.keys()), || "a record without a log entry, or the other way round".into())?;
        for Change { seq, key, rev, action, .. } in &self.latest {
            match self.records.get(key) {
                Some(record) => ensure((record.seq, record.rev) == (*seq, *rev), || format!("{key} is not as logged"))?,
                None => ensure(*action == Action::Delete, || format!("{key} is missing"))?,
            }
        }
        for kind in KINDS {
            let mut before = 0;
            for (key, &made) in self.made.iter().filter(|(key, _)| key.kind == kind) {
                ensure(made > before, || format!("{key} was made before its forerunner"))?;
                before = made;
            }
            // Beyond the last number there is nothing; a hole would hide what follows it.
            let last = self.made.keys().rfind(|key| key.kind == kind).map_or(0, |key| key.number);
            let beyond = self.records.keys().find(|key| key.kind == kind && key.number > last);
            ensure(beyond.is_none(), || format!("a hole in the numbers before {beyond:?}"))?;
        }
        ensure(self.search.keys().eq(self.records.keys()), || "records and search texts differ".into())?;
        for (key, record) in &self.records {
            self.check_record(*key, record)?;
        }
        self.check_histories(snapshot)?;
        for kind in KINDS {
            let days = days(snapshot, kind).map_err(|error| error.to_string())?;
            let all = self.records.keys().rev().filter(|key| key.kind == kind);
            ensure(days.iter().eq(all), || format!("the index of days names {days:?}"))?;
        }
        Ok(())
    }

    /// Each record's entries of the log are linked, from its last change to its making.
    fn check_histories(&self, snapshot: &Reading) -> Result<(), String> {
        for Change { seq, key, rev, .. } in &self.latest {
            let steps = snapshot.history(*key, usize::MAX).map_err(|error| error.to_string())?.unwrap_or_default();
            let (first, last) = (steps.last().map(|step| (step.seq, step.rev)), steps.first().map(|step| step.seq));
            let is_whole = last == Some(*seq) && first == Some((self.made[key], 1)) && steps.len() == *rev as usize;
            ensure(is_whole, || format!("the history of {key} is {steps:?}"))?;
        }
        Ok(())
    }

    fn check_record(&self, key: RecordKey, record: &Stored) -> Result<(), String> {
        let json: Value = serde_json::from_slice(&record.json).map_err(|error| error.to_string())?;
        ensure(json["id"] == key.id().as_str() && json["rev"] == record.rev, || format!("{key} holds another record"))?;
        let status = match key.kind {
            Kind::Order => json["status"].as_str().unwrap_or_default(),
            Kind::Estimate if record.linked.is_some() => Estimate::STATUS_CONVERTED,
            Kind::Estimate => Estimate::STATUS_OPEN,
        };
        let text = |name: &str| json[name].as_str().unwrap_or_default();
        let expected = search_text(key, status, text("customer_name"), text("customer_phone"));
        ensure(self.search.get(&key) == Some(&expected), || format!("{key} is found by another text"))?;
        if let Some(number) = record.linked {
            let linked = RecordKey::new(key.kind.other(), number);
            let back = self.records.get(&linked).and_then(|other| other.linked);
            ensure(back == Some(key.number), || format!("{key} names {linked}, which does not name it"))?;
        }
        Ok(())
    }
}

pub fn ensure(holds: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what()) }
}

fn stored_once(records: &BTreeMap<RecordKey, Stored>, key: RecordKey, record: Stored) -> Stored {
    assert!(!records.contains_key(&key), "{key} is listed twice");
    record
}

/// The records that count at any time, by the index.
fn days(snapshot: &Reading, kind: Kind) -> Result<Vec<RecordKey>, StoreError> {
    let mut walk = snapshot.newest_first(kind, &Filter { times: Some(i64::MIN..i64::MAX), ..Filter::default() })?;
    let mut keys = Vec::new();
    while let Some(key) = walk.next_with(|key, _| key)? {
        keys.push(key);
    }
    Ok(keys)
}

fn search_texts(snapshot: &Reading, kind: Kind) -> Result<Vec<(RecordKey, String)>, StoreError> {
    let texts = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&texts);
    let nothing_is_wanted = move |number, text: &str| {
        seen.lock().unwrap().push((RecordKey::new(kind, number), text.to_string()));
        false
    };
    let mut walk =
        snapshot.newest_first(kind, &Filter { wanted: Some(Arc::new(nothing_is_wanted)), ..Filter::default() })?;
    while walk.next_with(|_, _| ())?.is_some() {}
    Ok(std::mem::take(&mut *texts.lock().unwrap()))
}
