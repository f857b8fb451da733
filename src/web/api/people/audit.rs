//! The audit: who did what to whom, the newest first; and whether it is whole.

use std::fmt::Write as _;
use std::num::NonZero;
use std::ops::ControlFlow;

use serde::Serialize;

use super::names::NameJson;
use crate::domain::{AuditEntry, AuditKind, AuditNote, Directory};
use crate::json;
use crate::web::api::request::Request;
use crate::web::http::{Problem, Response};

/// Entries of one answer, unless fewer or more are asked for.
pub(crate) const AUDIT_DEFAULT: usize = 100;
/// Entries of one answer at most.
pub(crate) const AUDIT_MAX: usize = 1_000;
/// Entries that are looked at in one state of the file, which grows while that is held. What is not found in them is looked for in
/// the next state; what is older than an entry never changes.
const LOOKED_AT_MAX: usize = 20_000;

#[derive(Serialize)]
struct EntryJson {
    place: u64,
    at: String,
    person: Option<NameJson>,
    device: Option<NameJson>,
    address: Option<String>,
    kind: &'static str,
    target: Option<String>,
    detail: Option<String>,
    hash: String,
}

impl EntryJson {
    fn of(directory: &Directory, entry: AuditEntry) -> Self {
        let AuditNote { person, device, address, kind, target, detail } = entry.note;
        Self {
            place: entry.place,
            at: entry.at.to_rfc3339(),
            person: NameJson::of_person(directory, person),
            device: NameJson::of_device(directory, device),
            address,
            kind: kind.name(),
            target,
            detail,
            hash: hex(&entry.hash),
        }
    }
}

#[derive(Serialize)]
struct CheckJson {
    entries: u64,
    head: String,
    is_whole: bool,
    broken_at: Option<u64>,
}

/// `GET /api/audit`.
pub(crate) fn audit(request: &Request<'_>) -> Result<Response, Problem> {
    let times = request.times()?;
    let person: Option<NonZero<u32>> = number(request, "person")?;
    let before: Option<NonZero<u64>> = number(request, "before")?;
    let limit = number::<usize>(request, "limit")?.unwrap_or(AUDIT_DEFAULT);
    if !(1..=AUDIT_MAX).contains(&limit) {
        return Err(Problem::new(422, format!("limit must be a whole number from 1 to {AUDIT_MAX}")));
    }
    let kind = request.query("kind")?.filter(|kind| !kind.is_empty());
    let kind =
        kind.map(|kind| AuditKind::from_name(&kind).ok_or_else(|| Problem::new(422, "kind is none of the audit")));
    let kind = kind.transpose()?;
    let directory = request.app.directory();
    let mut entries = Vec::new();
    let mut take = |entry: AuditEntry| {
        let is_meant = times.as_ref().is_none_or(|times| times.contains(&entry.at.unix_micros))
            && person.is_none_or(|person| entry.note.person == person.get())
            && kind.is_none_or(|kind| entry.note.kind == kind);
        if is_meant {
            entries.push(EntryJson::of(&directory, entry));
        }
        if entries.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    let mut before = before.map(NonZero::get);
    while let Some(place) = request.read()?.audit(before, LOOKED_AT_MAX, &mut take)? {
        before = Some(place);
    }
    Ok(Response::json(200, json::to_vec(&entries)))
}

/// `GET /api/audit/verify`: follows the chain from its first entry.
pub(crate) fn verify_audit(request: &Request<'_>) -> Result<Response, Problem> {
    let check = request.read()?.check_audit()?;
    let body = CheckJson {
        entries: check.entries,
        head: hex(&check.head),
        is_whole: check.broken_at.is_none(),
        broken_at: check.broken_at,
    };
    Ok(Response::json(200, json::to_vec(&body)))
}

fn number<T: std::str::FromStr>(request: &Request<'_>, name: &str) -> Result<Option<T>, Problem> {
    let text = request.query(name)?.filter(|text| !text.is_empty());
    text.map(|text| text.parse().map_err(|_| Problem::new(422, format!("{name} must be a whole number from 1"))))
        .transpose()
}

fn hex(hash: &[u8; 32]) -> String {
    hash.iter().fold(String::with_capacity(64), |mut digits, byte| {
        // Writing to memory does not fail.
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}
