//! Answers about orders.

use super::lists;
use super::request::Request;
use crate::app::Command;
use crate::domain::{Kind, RecordKey};
use crate::web::body::input;
use crate::web::http::{Problem, Reply};

pub(crate) fn create(request: &Request<'_>) -> Result<Reply, Problem> {
    let input = input::sale(request.json()?, request.app.currency(), request.app.clock())?;
    request.submit_made(Command::CreateSale(Box::new(input.draft)), input.made_at, input.has_client_time)
}

pub(crate) fn list(request: &Request<'_>) -> Result<Reply, Problem> {
    lists::orders_only(request)
}

pub(crate) fn list_separate(request: &Request<'_>) -> Result<Reply, Problem> {
    lists::separate(request)
}

pub(crate) fn list_all(request: &Request<'_>) -> Result<Reply, Problem> {
    lists::merged(request)
}

pub(crate) fn by_id(request: &Request<'_>, id: &str) -> Result<Reply, Problem> {
    request.record(key(id)?, "Order not found")
}

pub(crate) fn by_number(request: &Request<'_>, number: &str) -> Result<Reply, Problem> {
    request.record(RecordKey::from_label(Kind::Order, number).ok_or_else(not_found)?, "Order not found")
}

pub(crate) fn set_status(request: &Request<'_>, id: &str) -> Result<Reply, Problem> {
    let key = key(id)?;
    let status = input::status(request)?;
    request.submit(Command::SetOrderStatus(key, status), false)
}

pub(crate) fn history(request: &Request<'_>, id: &str) -> Result<Reply, Problem> {
    request.history(key(id)?, "Order not found")
}

pub(crate) fn delete(request: &Request<'_>, id: &str) -> Result<Reply, Problem> {
    request.submit(Command::DeleteOrder(key(id)?), true)
}

fn key(id: &str) -> Result<RecordKey, Problem> {
    RecordKey::from_id(Kind::Order, id).ok_or_else(not_found)
}

fn not_found() -> Problem {
    Problem::new(404, "Order not found")
}
