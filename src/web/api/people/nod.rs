//! A manager's nod.

use serde::Serialize;

use super::names::NameJson;
use crate::app::NOD_SECONDS;
use crate::json;
use crate::web::api::request::Request;
use crate::web::body::{NodBody, read_nod};
use crate::web::http::{Problem, Response};

#[derive(Serialize)]
struct AllowedJson {
    allowed: bool,
    by: NameJson,
    expires_in: u64,
}

/// `POST /api/override`: somebody allows the command that was refused under a key of this device.
pub(crate) fn allow_once(request: &Request<'_>) -> Result<Response, Problem> {
    let NodBody { person, pin, password, key } = read_nod(request.json()?, request.app.currency())?;
    let allowed = request.app.allow_once(request.caller(), person, (pin, password), &key);
    let name = allowed.map_err(|error| request.problem(error))?;
    let body = AllowedJson { allowed: true, by: NameJson { id: person, name }, expires_in: NOD_SECONDS };
    Ok(Response::json(200, json::to_vec(&body)))
}
