//! Answers about orders.

use super::input;
use super::lists;
use super::problem::Problem;
use super::request::Request;
use super::respond::Reply;
use crate::app::Command;
use crate::domain::{Kind, RecordKey};

pub(super) fn create(request: &Request<'_>) -> Result<Reply, Problem> {
    let input = input::sale(request.json()?, request.app.currency(), request.app.clock())?;
    request.submit_made(Command::CreateSale(Box::new(input.draft)), input.made_at, input.has_client_time)
}

pub(super) fn list(request: &Request<'_>) -> Result<Reply, Problem> {
    lists::orders_only(request)
}

pub(super) fn list_separate(request: &Request<'_>) -> Result<Reply, Problem> {
    lists::separate(request)
}

pub(super) fn list_all(request: &Request<'_>) -> Result<Reply, Problem> {
    lists::merged(request)
}

pub(super) fn by_id(request: &Request<'_>, id: &str) -> Result<Reply, Problem> {
    request.record(key(id)?, "Order not found")
}

pub(super) fn by_number(request: &Request<'_>, number: &str) -> Result<Reply, Problem> {
    request.record(RecordKey::from_label(Kind::Order, number).ok_or_else(not_found)?, "Order not found")
}

pub(super) fn set_status(request: &Request<'_>, id: &str) -> Result<Reply, Problem> {
    let key = key(id)?;
    let status = input::status(request)?;
    request.submit(Command::SetOrderStatus(key, status), false)
}

pub(super) fn history(request: &Request<'_>, id: &str) -> Result<Reply, Problem> {
    request.history(key(id)?, "Order not found")
}

pub(super) fn delete(request: &Request<'_>, id: &str) -> Result<Reply, Problem> {
    request.submit(Command::DeleteOrder(key(id)?), true)
}

fn key(id: &str) -> Result<RecordKey, Problem> {
    RecordKey::from_id(Kind::Order, id).ok_or_else(not_found)
}

fn not_found() -> Problem {
    Problem::new(404, "Order not found")
}
