//! Lists of any length in flat memory: joined from stored bytes while they are sent.

use std::io;
use std::mem::take;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::list_query::ListQuery;
use super::request::Request;
use crate::app::{App, ReadError, Reading, SeenRecords};
use crate::domain::{Asker, Directory, Kind, Money, RecordKey};
use crate::json::Object;
use crate::store::{Filter, Record, StoreError};
use crate::web::http::{BodySource, Problem, Response};

/// A list is one snapshot for a client that reads it promptly. For a slower one it goes on from a newer reading, since
/// the file grows while an old one is held; what changed in between comes over the live feed anyway. It is looked at between
/// two pieces, so one blocked write may add its own time limit.
const SNAPSHOT_TIME_MAX: Duration = Duration::from_secs(2);

/// A bare array of estimates, perhaps of those with one status only.
pub(crate) fn estimates(request: &Request<'_>, status: Option<&str>) -> Result<Response, Problem> {
    let mut list_query = ListQuery::read(request)?;
    list_query.check_estimate_status()?;
    list_query.status = status.map(str::to_string).or(list_query.status);
    answer(request, b"[", |seer, reading| {
        let mut walk = Walk::start(seer, reading, Kind::Estimate, &list_query)?;
        Ok(move |piece: &mut Vec<u8>, until| {
            let more = walk.fill(piece, until)?;
            if !more {
                piece.push(b']');
            }
            Ok(more)
        })
    })
}

/// `{"orders":{"items":[…],"count":n,"total_amount":x}}`: the sums come last, since they are known last.
pub(crate) fn orders_only(request: &Request<'_>) -> Result<Response, Problem> {
    let list_query = ListQuery::read(request)?;
    answer(request, br#"{"orders":{"items":["#, |seer, reading| {
        let mut orders = Walk::start(seer, reading, Kind::Order, &list_query)?;
        Ok(move |piece: &mut Vec<u8>, until| {
            let more = orders.fill(piece, until)?;
            if !more {
                orders.push_sums(piece);
                piece.push(b'}');
            }
            Ok(more)
        })
    })
}

/// Both kinds beside each other, and what they come to. Revenue is what was sold; an open estimate is none.
pub(crate) fn separate(request: &Request<'_>) -> Result<Response, Problem> {
    let list_query = ListQuery::read(request)?;
    answer(request, br#"{"estimates":{"items":["#, |seer, reading| {
        let mut estimates = Walk::start(seer, reading, Kind::Estimate, &list_query)?;
        let mut orders = Walk::start(seer, reading, Kind::Order, &list_query)?;
        let mut is_at_orders = false;
        Ok(move |piece: &mut Vec<u8>, until| {
            if !is_at_orders {
                if estimates.fill(piece, until)? {
                    return Ok(true);
                }
                estimates.push_sums(piece);
                piece.extend_from_slice(br#","orders":{"items":["#);
                is_at_orders = true;
            }
            let more = orders.fill(piece, until)?;
            if !more {
                orders.push_sums(piece);
                push_summary(piece, &estimates, &orders);
            }
            Ok(more)
        })
    })
}

fn push_summary(piece: &mut Vec<u8>, estimates: &Walk, orders: &Walk) {
    let mut object = Object::reopen(piece);
    object.object("summary", |summary| {
        summary
            .integer("total_estimates", estimates.sums.count)
            .integer("total_orders", orders.sums.count)
            .integer("total_transactions", estimates.sums.count + orders.sums.count);
        if orders.has_amounts {
            summary.number("total_revenue", orders.total_amount());
        } else {
            summary.array("redacted", br#""total_revenue""#);
        }
    });
    object.close();
}

/// Both kinds merged, newest first, with the names that the app's activity list uses.
pub(crate) fn merged(request: &Request<'_>) -> Result<Response, Problem> {
    merge(request, &ListQuery::read(request)?)
}

/// Records that a search finds unless the client asks for fewer or more: what one screen shows.
pub(crate) const FOUND_DEFAULT: usize = 50;

/// The newest of both kinds that a search finds.
pub(crate) fn search(request: &Request<'_>) -> Result<Response, Problem> {
    let mut list_query = ListQuery::read(request)?;
    list_query.limit = list_query.limit.or(Some(FOUND_DEFAULT));
    merge(request, &list_query)
}

fn merge(request: &Request<'_>, list_query: &ListQuery) -> Result<Response, Problem> {
    list_query.check_merged()?;
    let limit = list_query.limit;
    answer(request, b"[", |seer, reading| {
        let mut estimates = Peeked::new(Walk::start(seer, reading, Kind::Estimate, list_query)?)?;
        let mut orders = Peeked::new(Walk::start(seer, reading, Kind::Order, list_query)?)?;
        let mut count = 0;
        Ok(move |piece: &mut Vec<u8>, until| {
            while piece.len() < until {
                let side = if estimates.is_newer_than(&orders) { &mut estimates } else { &mut orders };
                let entry = if limit.is_some_and(|limit| count >= limit) { None } else { side.take()? };
                let Some(entry) = entry else {
                    piece.push(b']');
                    return Ok(false);
                };
                if count > 0 {
                    piece.push(b',');
                }
                piece.extend_from_slice(&entry);
                count += 1;
            }
            Ok(true)
        })
    })
}

/// Streams `opening` and then what `start` yields piece by piece. The headers say which state of the shop the list shows.
fn answer<F>(
    request: &Request<'_>,
    opening: &'static [u8],
    start: impl FnOnce(&Seer, &Reading) -> Result<F, ReadError>,
) -> Result<Response, Problem>
where
    F: FnMut(&mut Vec<u8>, usize) -> Result<bool, ReadError> + Send + 'static,
{
    let directory = request.app.directory();
    let reading = request.read()?;
    let (seq, epoch) = (reading.seq()?, request.app.epoch(&reading));
    let seer = Seer { app: Arc::clone(request.app), asker: request.asker, epoch: epoch.clone(), directory };
    let pieces = Pieces { opening, next: start(&seer, &reading)? };
    let mut response = Response::json_stream(pieces).map_err(|error| match error.downcast::<ReadError>() {
        // Rights that have changed since it was begun are no fault of the file.
        Ok(error @ (ReadError::LoggedOut | ReadError::Changed)) => error.into(),
        error => {
            let error = error.map_or_else(|error| error.to_string(), |error| error.to_string());
            log::error!("⚠️ A list could not be read: {error}");
            Problem::new(503, "The database cannot be read at the moment. Please try again.")
                .with_header("Retry-After", "1")
        }
    })?;
    response.add_header("Sync-Seq", &seq.to_string());
    response.add_header("Sync-Epoch", &epoch);
    Ok(response)
}

/// Who reads a list, and what he saw when it began.
#[derive(Clone)]
struct Seer {
    app: Arc<App>,
    asker: Asker,
    epoch: String,
    /// As it was when the list began.
    directory: Arc<Directory>,
}

impl Seer {
    /// Whether what he may see is still the same: a list ends for whoever is not let in any more. Between two pieces it is asked,
    /// so nothing is looked up as long as nothing has changed.
    fn check(&mut self) -> Result<(), ReadError> {
        let directory = self.app.directory();
        if !Arc::ptr_eq(&directory, &self.directory) {
            self.read()?;
            self.directory = directory;
        }
        Ok(())
    }

    /// A newer reading, unless he may see something else by now, or nothing.
    fn read(&self) -> Result<Reading, ReadError> {
        let reading = self.app.read(self.asker)?;
        if self.app.epoch(&reading) == self.epoch { Ok(reading) } else { Err(ReadError::Changed) }
    }
}

/// A walk over the records of one kind that renews its snapshot and keeps count.
struct Walk {
    seer: Seer,
    kind: Kind,
    /// What is still to be walked.
    filter: Filter,
    records: SeenRecords,
    has_amounts: bool,
    opened: Instant,
    sums: ListSums,
}

/// What a walk has shown.
struct ListSums {
    /// Records that it may still show.
    left: usize,
    last_number: Option<u32>,
    count: u64,
    total_minor_units: i128,
}

impl ListSums {
    fn add(&mut self, key: RecordKey, record: &Record<'_>) {
        // What is cancelled is in the list, and in no amount.
        let total = if record.is_cancelled { Money::default() } else { record.total };
        self.left -= 1;
        self.last_number = Some(key.number);
        self.count += 1;
        self.total_minor_units += i128::from(total.minor_units());
    }
}

impl Walk {
    fn start(seer: &Seer, reading: &Reading, kind: Kind, list_query: &ListQuery) -> Result<Self, ReadError> {
        let filter = list_query.filter(reading, kind)?;
        let left = list_query.limit.unwrap_or(usize::MAX);
        Ok(Self {
            seer: seer.clone(),
            kind,
            records: reading.newest_first(kind, &filter)?,
            has_amounts: !reading.masks().amounts,
            filter,
            opened: Instant::now(),
            sums: ListSums { left, last_number: None, count: 0, total_minor_units: 0 },
        })
    }

    /// Goes on from a newer reading when this one is old.
    fn renew_if_old(&mut self) -> Result<(), ReadError> {
        if self.opened.elapsed() > SNAPSHOT_TIME_MAX {
            self.filter.before = self.sums.last_number.or(self.filter.before);
            self.records = self.seer.read()?.newest_first(self.kind, &self.filter)?;
            self.opened = Instant::now();
        }
        Ok(())
    }

    /// Shows the next record to `take`; `None` at the end.
    fn next_with<T>(&mut self, take: impl Fn(&Record<'_>) -> T) -> Result<Option<T>, ReadError> {
        if self.sums.left == 0 {
            return Ok(None);
        }
        self.renew_if_old()?;
        let Self { records, sums, .. } = self;
        records
            .walk(|key, record| {
                sums.add(key, record);
                ControlFlow::Break(take(record))
            })
            .map_err(ReadError::from)
    }

    /// Appends records until the piece is full. False once the walk has ended.
    fn fill(&mut self, piece: &mut Vec<u8>, until: usize) -> Result<bool, ReadError> {
        self.seer.check()?;
        while piece.len() < until {
            if self.sums.left == 0 {
                return Ok(false);
            }
            self.renew_if_old()?;
            // Where many records lie between two that are wanted, a piece may take longer than a snapshot may get old.
            let pause = if self.records.is_selective() { piece.len() + 1 } else { until };
            let Self { records, sums, .. } = self;
            let paused = records.walk(|key, record| {
                if sums.count > 0 {
                    piece.push(b',');
                }
                piece.extend_from_slice(record.json);
                sums.add(key, record);
                if sums.left == 0 || piece.len() >= pause { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            })?;
            if paused.is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Ends a list of items with what it came to.
    fn push_sums(&self, piece: &mut Vec<u8>) {
        piece.push(b']');
        let mut object = Object::reopen(piece);
        object.integer("count", self.sums.count);
        if self.has_amounts {
            object.number("total_amount", self.total_amount());
        } else {
            object.array("redacted", br#""total_amount""#);
        }
        object.close();
    }

    fn total_amount(&self) -> f64 {
        self.seer.app.currency().to_number(self.sums.total_minor_units)
    }
}

/// A walk whose next entry is known, for merging.
struct Peeked {
    walk: Walk,
    /// Its place in the order in which records were made, and its JSON. No clock is asked.
    next: Option<(u64, Vec<u8>)>,
}

impl Peeked {
    fn new(walk: Walk) -> Result<Self, ReadError> {
        let mut peeked = Self { walk, next: None };
        peeked.advance()?;
        Ok(peeked)
    }

    fn is_newer_than(&self, other: &Self) -> bool {
        match (&self.next, &other.next) {
            (Some((own, _)), Some((others, _))) => own > others,
            (own, _) => own.is_some(),
        }
    }

    fn take(&mut self) -> Result<Option<Vec<u8>>, ReadError> {
        let taken = self.next.take().map(|(_, entry)| entry);
        self.advance()?;
        Ok(taken)
    }

    fn advance(&mut self) -> Result<(), ReadError> {
        let kind = self.walk.kind;
        let next = self.walk.next_with(|record| (record.created_seq, activity_entry(kind, record)))?;
        self.next = next.map(|(created_seq, entry)| entry.map(|entry| (created_seq, entry))).transpose()?;
        Ok(())
    }
}

/// The two fields of a record that the activity list has under other names.
#[derive(Deserialize)]
struct Brief<'a> {
    #[serde(borrow)]
    customer_name: &'a RawValue,
    /// Not for whoever does not see amounts.
    #[serde(borrow)]
    total: Option<&'a RawValue>,
}

/// Room for the further names of the activity list.
const ENTRY_FRONT_BYTES: usize = 256;

/// A record with the further names of the activity list in front.
fn activity_entry(kind: Kind, record: &Record<'_>) -> Result<Vec<u8>, StoreError> {
    let brief: Brief<'_> = serde_json::from_slice(record.json).map_err(|_| StoreError::Malformed("record"))?;
    let mut entry = Vec::with_capacity(ENTRY_FRONT_BYTES + record.json.len());
    let mut object = Object::open(&mut entry);
    object.plain("type", kind.name()).raw("customer", brief.customer_name.get().as_bytes());
    if let Some(total) = brief.total {
        object.raw("amount", total.get().as_bytes());
    }
    object
        .integer("items_count", u64::from(record.items_count))
        .plain("time", &record.counted_at().to_day())
        .plain_if("status", (kind == Kind::Estimate).then_some("Pending"));
    object.close_with(record.json).ok_or(StoreError::Malformed("record"))?;
    Ok(entry)
}

/// A text in pieces: the opening, and what `next` appends, which says whether more may come.
struct Pieces<F> {
    opening: &'static [u8],
    next: F,
}

impl<F: FnMut(&mut Vec<u8>, usize) -> Result<bool, ReadError> + Send> BodySource for Pieces<F> {
    fn append(&mut self, bytes: &mut Vec<u8>, until: usize) -> io::Result<bool> {
        bytes.extend_from_slice(take(&mut self.opening));
        (self.next)(bytes, until).map_err(io::Error::other)
    }
}
