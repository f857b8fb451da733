//! Estimates: made, listed, edited, converted, duplicated. What every record has in common is in `records`.

use super::lists;
use super::records::{about, key};
use super::request::{Reply, Request};
use crate::app::Command;
use crate::domain::{Estimate, Kind, whole_edit};
use crate::web::body::{read_conversion, read_estimate_body, read_made_at};
use crate::web::http::{Problem, Query, Response};

pub(crate) fn create(request: &Request<'_>) -> Result<Reply, Problem> {
    let input = read_estimate_body(request.json()?, request.app.currency(), request.app.clock())?;
    request.create(Command::CreateEstimate(Box::new(input.draft)), input.made_at, input.has_client_time)
}

pub(crate) fn all(request: &Request<'_>) -> Result<Response, Problem> {
    lists::estimates(request, None)
}

pub(crate) fn pending(request: &Request<'_>) -> Result<Response, Problem> {
    lists::estimates(request, Some(Estimate::STATUS_OPEN))
}

pub(crate) fn converted(request: &Request<'_>) -> Result<Response, Problem> {
    lists::estimates(request, Some(Estimate::STATUS_CONVERTED))
}

pub(crate) fn edit(request: &Request<'_>, id: &str) -> Result<Response, Problem> {
    let key = key(Kind::Estimate, id)?;
    request.require_for(key)?;
    let read = |body: &str| read_estimate_body(body, request.app.currency(), request.app.clock());
    if request.permission.allows.masks.is_none() {
        let input = about(request, key, request.json().and_then(read))?;
        return request.submit(Command::EditEstimate(key, Box::new(input.draft)), false);
    }
    // What he does not see stays as it is: so the edit is one of the revision that it was taken from.
    let stored = request.read()?.record_unmasked(key)?;
    let whole = stored.and_then(|(rev, stored)| {
        let body = whole_edit(request.optional_json()?, &stored, request.permission.allows.masks)?;
        Some((rev, body))
    });
    if let Some((rev, body)) = whole {
        return request.submit_of_rev(Command::EditEstimate(key, Box::new(read(&body)?.draft)), rev);
    }
    let input = about(request, key, request.json().and_then(read))?;
    request.submit(Command::EditEstimate(key, Box::new(input.draft)), false)
}

pub(crate) fn convert(request: &Request<'_>, id: &str) -> Result<Response, Problem> {
    let key = key(Kind::Estimate, id)?;
    let query = Query::of(request.head.target());
    let read = read_conversion(request.optional_json(), query, request.app.currency(), request.app.clock());
    let (conversion, made_at) = about(request, key, read)?;
    request.submit_made(Command::ConvertEstimate(key, conversion), made_at, true)
}

pub(crate) fn duplicate(request: &Request<'_>, id: &str) -> Result<Response, Problem> {
    let key = key(Kind::Estimate, id)?;
    let made_at = about(request, key, read_made_at(request.optional_json(), request.app.clock()))?;
    request.submit_made(Command::DuplicateEstimate(key), made_at, false)
}
