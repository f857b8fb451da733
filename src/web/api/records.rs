//! What is the same for every kind of record: reading one by id or number, its history, and its deletion.

use serde::Serialize;

use super::conditional::has_already;
use super::people::NameJson;
use super::request::Request;
use crate::app::{Answer, Command};
use crate::domain::{Actor, Directory, Kind, RecordKey};
use crate::json;
use crate::store::HistoryStep;
use crate::web::body::read_new_owner;
use crate::web::http::{Problem, Response};

/// Steps of a record's history that one answer tells.
pub(crate) const HISTORY_STEPS_MAX: usize = 1_000;

/// `GET …/{id}`: the record as it is now.
pub(crate) fn by_id(request: &Request<'_>, kind: Kind, id: &str) -> Result<Response, Problem> {
    read(request, key(kind, id)?)
}

/// `GET …/number/{number}`: the record with this number, such as `#001`.
pub(crate) fn by_number(request: &Request<'_>, kind: Kind, number: &str) -> Result<Response, Problem> {
    read(request, RecordKey::from_label(kind, number).ok_or_else(|| not_found(kind))?)
}

fn read(request: &Request<'_>, key: RecordKey) -> Result<Response, Problem> {
    match request.read()?.record(key)? {
        Some((rev, _)) if has_already(request.head, rev) => {
            Ok(Answer { status: 304, rev: Some(rev), body: Vec::new() }.into())
        }
        Some((rev, body)) => Ok(Answer { status: 200, rev: Some(rev), body }.into()),
        None => Err(not_found(key.kind)),
    }
}

/// `GET …/{id}/history`: what was done to the record, the newest first.
pub(crate) fn history(request: &Request<'_>, kind: Kind, id: &str) -> Result<Response, Problem> {
    let key = key(kind, id)?;
    let steps = request.read()?.history(key, HISTORY_STEPS_MAX)?.ok_or_else(|| not_found(kind))?;
    let directory = request.app.directory();
    let steps = steps.into_iter().map(|step| HistoryStepJson::of(&directory, step));
    Ok(Response::json(200, json::to_vec(&steps.collect::<Vec<_>>())))
}

/// What was done to a record, as `history` says it.
#[derive(Serialize)]
struct HistoryStepJson {
    seq: u64,
    rev: u32,
    action: &'static str,
    at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    person: Option<NameJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<NameJson>,
}

impl HistoryStepJson {
    fn of(directory: &Directory, step: HistoryStep) -> Self {
        let actor = step.actor.unwrap_or(Actor::NOBODY);
        Self {
            person: NameJson::of_person(directory, actor.person),
            device: NameJson::of_device(directory, actor.device),
            seq: step.seq,
            rev: step.rev,
            action: step.action.name(),
            at: step.at.to_rfc3339(),
            by: step.by,
            origin: step.origin.map(|origin| origin.to_string()),
        }
    }
}

/// What is wrong with a request about a record is told to those alone who see the record; to others it is not there.
pub(crate) fn about<T>(request: &Request<'_>, key: RecordKey, read: Result<T, Problem>) -> Result<T, Problem> {
    let Err(problem) = read else { return read };
    // What is no request at all is said to everybody.
    let is_told = problem.status != 422 || request.read()?.is_own_record(key)?.is_some();
    Err(if is_told { problem } else { not_found(key.kind) })
}

/// `POST …/{id}/owner`: gives the record to somebody else.
pub(crate) fn hand_over(request: &Request<'_>, kind: Kind, id: &str) -> Result<Response, Problem> {
    let key = key(kind, id)?;
    let person = request.json().and_then(|json| read_new_owner(json, request.app.currency()));
    let person = about(request, key, person)?;
    request.submit(Command::HandOver(key, person), false)
}

/// `DELETE …/{id}`.
pub(crate) fn delete(request: &Request<'_>, kind: Kind, id: &str) -> Result<Response, Problem> {
    let key = key(kind, id)?;
    let command = match kind {
        Kind::Estimate => Command::DeleteEstimate(key),
        Kind::Order => Command::DeleteOrder(key),
    };
    request.submit(command, true)
}

/// The record that an id names.
pub(crate) fn key(kind: Kind, id: &str) -> Result<RecordKey, Problem> {
    RecordKey::from_id(kind, id).ok_or_else(|| not_found(kind))
}

fn not_found(kind: Kind) -> Problem {
    Problem::new(
        404,
        match kind {
            Kind::Estimate => "Estimate not found",
            Kind::Order => "Order not found",
        },
    )
}
