//! Which records a list shows: `limit`, `before`, `q`, `status`, `from`, `to`.

use std::ops::Range;
use std::sync::Arc;

use super::problem::Problem;
use super::request::Request;
use crate::domain::{Estimate, Kind, Needle, RecordKey, fold, has_status};
use crate::store::{Snapshot, StoreError, Wanted};

/// What a list was asked for. Everything is optional.
#[derive(Debug, Clone, Default)]
pub(super) struct Selection {
    /// So many of the newest.
    pub limit: Option<usize>,
    /// `open` or `converted` for estimates, any text for orders.
    pub status: Option<String>,
    before: Option<u32>,
    needle: Option<Needle>,
    /// First microsecond of the first day.
    from_micros: Option<i64>,
    /// First microsecond after the last day.
    to_micros: Option<i64>,
}

impl Selection {
    /// Reads the query.
    pub fn read(request: &Request<'_>) -> Result<Self, Problem> {
        let day = |name: &str| match request.query(name)? {
            None => Ok(None),
            Some(text) => request
                .app
                .clock()
                .day(&text)
                .map(Some)
                .ok_or_else(|| Problem::new(422, format!("{name} must be a day written like 2025-01-13"))),
        };
        Ok(Self {
            limit: request.query("limit")?.map(|text| limit(&text)).transpose()?,
            status: request.query("status")?.filter(|status| !status.is_empty()),
            before: request.query("before")?.map(|text| before(&text)).transpose()?,
            needle: request.query("q")?.and_then(|typed| Needle::new(&typed)),
            from_micros: day("from")?.map(|(start, _)| start),
            to_micros: day("to")?.map(|(_, end)| end),
        })
    }

    /// Estimates have two statuses; any other is a mistake and not an empty list.
    pub fn check_estimate_status(&self) -> Result<(), Problem> {
        let known = [Estimate::STATUS_OPEN, Estimate::STATUS_CONVERTED];
        match &self.status {
            Some(status) if !known.contains(&fold(status).as_str()) => {
                Err(Problem::new(422, "status of an estimate must be open or converted"))
            }
            _ => Ok(()),
        }
    }

    /// The numbers of a series that can be in the list.
    pub fn numbers(&self, snapshot: &Snapshot, kind: Kind) -> Result<Range<u32>, StoreError> {
        let since = |micros: Option<i64>| micros.map(|micros| snapshot.first_number_since(kind, micros)).transpose();
        let start = since(self.from_micros)?.unwrap_or(1);
        let end = since(self.to_micros)?.unwrap_or(u32::MAX).min(self.before.unwrap_or(u32::MAX));
        Ok(start..end.max(start))
    }

    /// What must be looked for in each record; `None` if nothing.
    pub fn wanted(&self) -> Option<Wanted> {
        let (needle, status) = (self.needle.clone(), self.status.as_deref().map(fold));
        if needle.is_none() && status.is_none() {
            return None;
        }
        Some(Arc::new(move |number, text| {
            status.as_deref().is_none_or(|status| has_status(text, status))
                && needle.as_ref().is_none_or(|needle| needle.finds(number, text))
        }))
    }
}

fn limit(text: &str) -> Result<usize, Problem> {
    text.parse()
        .ok()
        .filter(|&limit| limit > 0)
        .ok_or_else(|| Problem::new(422, "limit must be a whole number above 0"))
}

/// A cursor: the number or id of the last record that the client has.
fn before(text: &str) -> Result<u32, Problem> {
    RecordKey::from_label(Kind::Estimate, text)
        .or_else(|| RecordKey::from_id(Kind::Estimate, text))
        .or_else(|| RecordKey::from_id(Kind::Order, text))
        .map(|key| key.number)
        .ok_or_else(|| Problem::new(422, "before must be the number or the id of a record"))
}
