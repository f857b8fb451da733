//! Which records a list shows: `limit`, `before`, `q`, `status`, `from`, `to`.

use std::ops::Range;
use std::sync::Arc;

use super::request::Request;
use crate::app::Reading;
use crate::domain::{Estimate, Kind, Needle, RecordKey, fold, has_status};
use crate::store::{Filter, StoreError, Wanted};
use crate::web::http::Problem;

/// What a list was asked for. Everything is optional.
#[derive(Debug, Clone, Default)]
pub(crate) struct ListQuery {
    /// So many of the newest.
    pub limit: Option<usize>,
    /// `open` or `converted` for estimates, any text for orders.
    pub status: Option<String>,
    before: Option<Cursor>,
    needle: Option<Needle>,
    /// From the first microsecond of the first day to before the first one after the last.
    times: Option<Range<i64>>,
}

impl ListQuery {
    /// Reads the query.
    pub fn read(request: &Request<'_>) -> Result<Self, Problem> {
        Ok(Self {
            limit: request.query("limit")?.map(|text| limit(&text)).transpose()?,
            status: request.query("status")?.filter(|status| !status.is_empty()),
            before: request.query("before")?.map(|text| Cursor::read(&text)).transpose()?,
            needle: request.query("q")?.and_then(|typed| Needle::new(&typed)),
            times: request.times()?,
        })
    }

    /// In a list of both kinds a bare number would be two records.
    pub fn check_merged(&self) -> Result<(), Problem> {
        match self.before {
            Some(Cursor::Number(_)) => Err(Problem::new(422, "before must be the id of a record here")),
            _ => Ok(()),
        }
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

    /// The records of a kind that are in the list.
    pub fn filter(&self, reading: &Reading, kind: Kind) -> Result<Filter, StoreError> {
        let before = self.before.map(|cursor| cursor.number(reading, kind)).transpose()?;
        Ok(Filter { before, times: self.times.clone(), wanted: self.wanted() })
    }

    /// What must be looked for in each record; `None` if nothing.
    fn wanted(&self) -> Option<Wanted> {
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
    // No series has more numbers.
    text.parse::<u32>()
        .ok()
        .filter(|&limit| limit > 0)
        .and_then(|limit| usize::try_from(limit).ok())
        .ok_or_else(|| Problem::new(422, format!("limit must be a whole number from 1 to {}", u32::MAX)))
}

/// The last record that the client has.
#[derive(Debug, Clone, Copy)]
enum Cursor {
    /// Its number, in a list of one kind.
    Number(u32),
    /// The record itself; in a list of both kinds it stands for all that were made before it.
    Record(RecordKey),
}

impl Cursor {
    fn read(text: &str) -> Result<Self, Problem> {
        let number = RecordKey::from_label(Kind::Estimate, text).map(|key| Self::Number(key.number));
        number
            .or_else(|| RecordKey::from_id(Kind::Estimate, text).map(Self::Record))
            .or_else(|| RecordKey::from_id(Kind::Order, text).map(Self::Record))
            .ok_or_else(|| Problem::new(422, "before must be the number or the id of a record"))
    }

    /// The number in a series before which the list goes on.
    fn number(self, reading: &Reading, kind: Kind) -> Result<u32, StoreError> {
        match self {
            Self::Number(number) => Ok(number),
            Self::Record(key) if key.kind == kind => Ok(key.number),
            Self::Record(key) => match reading.created_seq(key)? {
                Some(seq) => reading.first_number(kind, |record| record.created_seq >= seq),
                None => Ok(u32::MAX),
            },
        }
    }
}
