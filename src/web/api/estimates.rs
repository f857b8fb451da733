//! Answers about estimates.

use super::lists;
use super::request::Request;
use crate::app::Command;
use crate::domain::{Kind, RecordKey};
use crate::web::body::input;
use crate::web::http::{Problem, Reply};

pub(crate) fn create(request: &Request<'_>) -> Result<Reply, Problem> {
    let input = input::estimate(request.json()?, request.app.currency(), request.app.clock())?;
    request.submit_made(Command::CreateEstimate(Box::new(input.draft)), input.made_at, input.has_client_time)
}

pub(crate) fn list(request: &Request<'_>, status: Option<&str>) -> Result<Reply, Problem> {
    lists::estimates(request, status)
}

pub(crate) fn by_id(request: &Request<'_>, id: &str) -> Result<Reply, Problem> {
    request.record(key(id)?, "Estimate not found")
}

pub(crate) fn by_number(request: &Request<'_>, number: &str) -> Result<Reply, Problem> {
    request.record(RecordKey::from_label(Kind::Estimate, number).ok_or_else(not_found)?, "Estimate not found")
}

pub(crate) fn edit(request: &Request<'_>, id: &str) -> Result<Reply, Problem> {
    let key = key(id)?;
    let input = input::estimate(request.json()?, request.app.currency(), request.app.clock())?;
    request.submit(Command::EditEstimate(key, Box::new(input.draft)), false)
}

pub(crate) fn history(request: &Request<'_>, id: &str) -> Result<Reply, Problem> {
    request.history(key(id)?, "Estimate not found")
}

pub(crate) fn delete(request: &Request<'_>, id: &str) -> Result<Reply, Problem> {
    request.submit(Command::DeleteEstimate(key(id)?), true)
}

pub(crate) fn convert(request: &Request<'_>, id: &str) -> Result<Reply, Problem> {
    let key = key(id)?;
    let (conversion, made_at) = input::conversion(request)?;
    request.submit_made(Command::ConvertEstimate(key, conversion), made_at, true)
}

pub(crate) fn duplicate(request: &Request<'_>, id: &str) -> Result<Reply, Problem> {
    let key = key(id)?;
    request.submit_made(Command::DuplicateEstimate(key), input::optional_made_at(request)?, false)
}

fn key(id: &str) -> Result<RecordKey, Problem> {
    RecordKey::from_id(Kind::Estimate, id).ok_or_else(not_found)
}

fn not_found() -> Problem {
    Problem::new(404, "Estimate not found")
}
