//! Catching up (promise 6): what a client has missed, read in slices, handed on without a gap and without doubles.

use std::io;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::request::Request;
use crate::app::{App, ReadError, Reading, Resume, SLICE_BYTES_MAX, SLICE_ENTRIES_MAX, SeenChange};
use crate::domain::{Asker, Kind};
use crate::json::Object;
use crate::live::{Client, Kinds, Laggard, hello_frame};
use crate::web::http::{MemoryBudget, OWN_BYTES_MAX, Problem, Reservation, Response};
use crate::web::security::Visitor;

/// Bytes of one page over HTTP, after which it ends early.
pub(crate) const PAGE_BYTES_MAX: usize = 2 << 20;
/// Room for what a page says besides its changes.
const PAGE_FRAME_BYTES: usize = 256;
/// Changes of one page over HTTP, unless the client asks for fewer or more.
pub(crate) const PAGE_CHANGES_DEFAULT: usize = 500;
/// Changes of one page at most.
pub(crate) const PAGE_CHANGES_MAX: usize = 5_000;
/// For how long a client may let the server wait for the next change.
pub(crate) const WAIT_SECONDS_MAX: u64 = 60;

/// What a client says about where it is.
pub(crate) struct ResumePoint {
    pub since: Option<u64>,
    pub epoch: Option<String>,
    pub kinds: Kinds,
}

impl ResumePoint {
    /// Reads `since`, `epoch` and `types` from the query.
    pub fn read(query: impl Fn(&str) -> Result<Option<String>, Problem>) -> Result<Self, Problem> {
        let since = query("since")?
            .map(|text| text.parse().map_err(|_| Problem::new(400, "since must be a sequence number, 0 or more")))
            .transpose()?;
        let kinds = match query("types")? {
            None => Kinds::All,
            Some(types) => kinds(&types)?,
        };
        Ok(Self { since, epoch: query("epoch")?, kinds })
    }
}

fn kinds(types: &str) -> Result<Kinds, Problem> {
    let (mut has_estimates, mut has_orders) = (false, false);
    for name in types.split(',') {
        match name.trim() {
            "estimate" => has_estimates = true,
            "order" => has_orders = true,
            _ => return Err(Problem::new(400, "types must be estimate, order, or both with a comma")),
        }
    }
    Ok(match (has_estimates, has_orders) {
        (true, false) => Kinds::Only(Kind::Estimate),
        (false, true) => Kinds::Only(Kind::Order),
        _ => Kinds::All,
    })
}

/// Who catches up, and what he saw when he began.
pub(crate) struct LogReader<'a> {
    pub app: &'a App,
    pub budget: &'a MemoryBudget,
    pub asker: Asker,
    pub visitor: Visitor<'a>,
}

/// Greets a `/sync` client: `hello`, and then what happens from now on, or first what it has missed, which the catch-up thread brings.
pub(crate) fn greet(follower: &LogReader<'_>, client: &Arc<Client>, position: &ResumePoint) -> io::Result<()> {
    let (app, view) = (follower.app, client.view());
    let reading = app.read(follower.asker).map_err(io::Error::other)?;
    // Rights that change at this moment: it begins with what it sees from here on.
    let is_settled = app.epoch_of(&reading, position.kinds) == view.epoch();
    let resume = if is_settled { resume(follower, &reading, position) } else { Ok(Resume::Reset) };
    let resume = resume.map_err(io::Error::other)?;
    if let Resume::CatchUp(since) = resume {
        let head = reading.seq().map_err(io::Error::other)?;
        let (settings_rev, _) = reading.settings().map_err(io::Error::other)?;
        drop(reading);
        client.start_at(since);
        client.offer_ahead(hello_frame(view.epoch(), head, resume.name()).into());
        app.feed().catch_up(Laggard { client: Arc::clone(client), view, settings_rev: Some(settings_rev) });
        return Ok(());
    }
    drop(reading);
    let seam = app.feed().join_after(client, 0).ok_or_else(|| io::Error::other("the server is stopping"))?;
    client.go_live(Some(hello_frame(seam.view.epoch(), seam.start, resume.name()).into()));
    Ok(())
}

/// How a client goes on from where it is; that it has to reload is said in the log.
fn resume(follower: &LogReader<'_>, reading: &Reading, position: &ResumePoint) -> Result<Resume, ReadError> {
    let resume = follower.app.resume(reading, position.since, position.epoch.as_deref(), position.kinds)?;
    if resume == Resume::Reset && !reading.permission().allows.is_cut() {
        follower.visitor.note_reset(position.since.unwrap_or_default(), reading.seq()?);
    }
    Ok(resume)
}

/// A part of what a client has missed.
struct Slice<'b> {
    /// The latest states in it, in sequence order, as they are sent.
    bytes: Vec<u8>,
    /// How many they are.
    changes: usize,
    /// The sequence up to which it reaches.
    seq: u64,
    /// The last sequence of the shop when it was read.
    head: u64,
    /// Memory for it: a client may take long to fetch it.
    _share: Reservation<'b>,
}

/// Reads the next part after a sequence in a snapshot of its own, at most so many changes, and puts each as JSON into bytes.
/// When memory is short it is a part that is the connection's own; a record that is too large for that has to wait.
fn slice_after<'b>(
    follower: &LogReader<'b>,
    epoch: &str,
    (seq, kinds, changes_max): (u64, Kinds, usize),
    push: impl Fn(&mut Vec<u8>, &[u8]),
) -> Result<Slice<'b>, Problem> {
    let LogReader { app, budget, asker, .. } = *follower;
    let mut reservation = budget.reservation();
    let bytes_max = if reservation.cover(SLICE_BYTES_MAX).is_ok() { SLICE_BYTES_MAX } else { OWN_BYTES_MAX / 4 };
    let _turn = budget.turn();
    let reading = app.read(asker)?;
    if app.epoch_of(&reading, kinds) != epoch {
        return Err(ReadError::Changed.into());
    }
    let (changes, read_to) = reading.changes_after(seq, changes_max.min(SLICE_ENTRIES_MAX), bytes_max)?;
    let mut bytes = Vec::new();
    let texts = changes.iter().filter(|change| kinds.include(change.key().kind)).filter_map(SeenChange::json);
    let changes = texts.inspect(|text| push(&mut bytes, text)).count();
    bytes.shrink_to_fit();
    reservation.cover(bytes.len())?;
    Ok(Slice { bytes, changes, seq: read_to, head: reading.seq()?, _share: reservation })
}

/// `GET /api/changes`: a page of what happened after `since`, for clients that cannot hold a socket.
pub(crate) fn changes(request: &Request<'_>) -> Result<Response, Problem> {
    let position = ResumePoint::read(|name| request.query(name))?;
    let limit = number(request, "limit", PAGE_CHANGES_DEFAULT as u64, 1..=PAGE_CHANGES_MAX as u64)?;
    let wait = number(request, "wait", 0, 0..=WAIT_SECONDS_MAX)?;
    let app = request.app;
    let follower = LogReader { app, budget: request.budget, asker: request.asker, visitor: request.visitor };
    let reading = request.read()?;
    let epoch = app.epoch_of(&reading, position.kinds);
    let resume = resume(&follower, &reading, &position)?;
    let mut page = ChangesPage {
        follower,
        epoch,
        changes: Vec::new(),
        count: 0,
        next: reading.seq()?,
        reservation: request.budget.reservation(),
    };
    drop(reading);
    if let Resume::CatchUp(since) = resume {
        page.next = since;
        page.fill(position.kinds, limit)?;
        let deadline = Instant::now() + Duration::from_secs(wait);
        while page.count == 0 && Instant::now() < deadline && app.feed().wait_beyond(page.next, deadline) {
            page.fill(position.kinds, limit)?;
        }
    }
    page.answer(resume)
}

fn number(request: &Request<'_>, name: &str, default: u64, range: RangeInclusive<u64>) -> Result<u64, Problem> {
    match request.query(name)?.map(|text| text.parse::<u64>()) {
        None => Ok(default),
        Some(Ok(number)) if range.contains(&number) => Ok(number),
        Some(_) => {
            let (low, high) = (range.start(), range.end());
            Err(Problem::new(422, format!("{name} must be a whole number from {low} to {high}")))
        }
    }
}

struct ChangesPage<'b> {
    follower: LogReader<'b>,
    epoch: String,
    /// With a comma before each.
    changes: Vec<u8>,
    count: usize,
    next: u64,
    reservation: Reservation<'b>,
}

impl ChangesPage<'_> {
    fn fill(&mut self, kinds: Kinds, limit: u64) -> Result<(), Problem> {
        let limit = usize::try_from(limit).unwrap_or(PAGE_CHANGES_MAX);
        let push = |bytes: &mut Vec<u8>, text: &[u8]| {
            bytes.push(b',');
            bytes.extend_from_slice(text);
        };
        while self.count < limit && self.changes.len() < PAGE_BYTES_MAX {
            let slice = slice_after(&self.follower, &self.epoch, (self.next, kinds, limit - self.count), push)?;
            // As it grows it is there twice for a moment, and so it is when it is put into the answer.
            if let Err(exhausted) = self.reservation.cover(2 * (self.changes.len() + slice.bytes.len())) {
                // What is there by now is a page as well.
                return if self.count > 0 { Ok(()) } else { Err(exhausted.into()) };
            }
            self.changes.reserve_exact(slice.bytes.len());
            self.changes.extend_from_slice(&slice.bytes);
            self.count += slice.changes;
            self.next = slice.seq;
            if slice.seq >= slice.head {
                break;
            }
        }
        Ok(())
    }

    fn answer(self, resume: Resume) -> Result<Response, Problem> {
        let reading = self.follower.app.read(self.follower.asker)?;
        let seq = reading.seq()?;
        let changes = self.changes.strip_prefix(b",").unwrap_or_default();
        let mut body = Vec::with_capacity(PAGE_FRAME_BYTES + changes.len());
        let mut object = Object::open(&mut body);
        object.plain("resume", resume.name()).array("changes", changes).integer("next", self.next);
        object.plain("epoch", &self.epoch).integer("seq", seq);
        object.close();
        Ok(Response::json(200, body))
    }
}
