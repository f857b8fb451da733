//! Orders: sold, listed, and their status. What every record has in common is in `records`.

use super::records::{about, key};
use super::request::{Reply, Request};
use crate::app::Command;
use crate::domain::Kind;
use crate::web::body::{read_sale_body, read_status};
use crate::web::http::{Problem, Query, Response};

pub(crate) fn create(request: &Request<'_>) -> Result<Reply, Problem> {
    let input = read_sale_body(request.json()?, request.app.currency(), request.app.clock())?;
    request.create(Command::CreateSale(Box::new(input.draft)), input.made_at, input.has_client_time)
}

pub(crate) fn set_status(request: &Request<'_>, id: &str) -> Result<Response, Problem> {
    let key = key(Kind::Order, id)?;
    let status = about(request, key, read_status(Query::of(request.head.target())))?;
    request.submit(Command::SetOrderStatus(key, status), false)
}
