//! Coming in and going: the first owner, logging in, locking, logging out.

use serde::Serialize;

use super::me::welcome;
use crate::app::LoggedIn;
use crate::domain::{Asker, OwnerCode};
use crate::json;
use crate::web::api::health::Done;
use crate::web::api::request::Request;
use crate::web::body::{read_login, read_owner, read_owner_code};
use crate::web::http::{Problem, Response};
use crate::web::security::Cookies;

#[derive(Serialize)]
struct CodeJson<'a> {
    code: &'a str,
    expires_in: u64,
}

/// `POST /api/owner/code`: a code for an owner, for programs on the shop's own machine.
pub(crate) fn owner_code(request: &Request<'_>) -> Result<Response, Problem> {
    let is_reset = read_owner_code(request.optional_json(), request.app.currency())?;
    let code = request.app.issue_owner_code(request.caller(), is_reset).map_err(|error| request.problem(error))?;
    Ok(Response::json(201, json::to_vec(&CodeJson { code: &code, expires_in: OwnerCode::SECONDS })))
}

/// `POST /api/owner`: makes the owner of the code.
pub(crate) fn make_owner(request: &Request<'_>) -> Result<Response, Problem> {
    let body = read_owner(request.json()?, request.app.currency())?;
    let is_program = body.is_program;
    let logged_in = request.app.make_owner(request.caller(), body).map_err(|error| request.problem(error))?;
    let_in(request, 201, &logged_in, is_program)
}

/// `POST /api/login`.
pub(crate) fn log_in(request: &Request<'_>) -> Result<Response, Problem> {
    let body = read_login(request.json()?, request.app.currency())?;
    let is_program = body.is_program;
    let logged_in = request.app.log_in(request.caller(), body).map_err(|error| request.problem(error))?;
    let_in(request, 200, &logged_in, is_program)
}

/// `POST /api/lock`: the session ends, the device stays.
pub(crate) fn lock(request: &Request<'_>) -> Result<Response, Problem> {
    request.app.lock(request.caller()).map_err(|error| request.problem(error))?;
    let mut response = Response::json(200, json::to_vec(&Done::new("Locked")));
    response.add_header("Set-Cookie", &cookies(request).no_person());
    Ok(response)
}

/// `POST /api/logout`: the session ends, and the device is let in no more.
pub(crate) fn log_out(request: &Request<'_>) -> Result<Response, Problem> {
    request.app.log_out(request.caller()).map_err(|error| request.problem(error))?;
    let mut response = Response::json(200, json::to_vec(&Done::new("Logged out")));
    response.add_header("Set-Cookie", &cookies(request).no_person());
    response.add_header("Set-Cookie", &cookies(request).no_device());
    Ok(response)
}

/// Gives a browser its cookies, and a program its token.
fn let_in(request: &Request<'_>, status: u16, logged_in: &LoggedIn, is_program: bool) -> Result<Response, Problem> {
    let LoggedIn { device_token, person_token, asker } = logged_in;
    if let Asker::Known { device, .. } = asker {
        request.app.note_seen(*device, request.visitor.address);
    }
    let token = is_program.then_some(person_token.as_str());
    let mut response = welcome(request.app, status, *asker, token)?;
    if !is_program {
        let cookies = cookies(request);
        if let Some(token) = device_token {
            response.add_header("Set-Cookie", &cookies.device(token));
        }
        response.add_header("Set-Cookie", &cookies.person(person_token));
    }
    Ok(response)
}

pub(crate) fn cookies<'a>(request: &Request<'a>) -> Cookies<'a> {
    Cookies {
        shop: request.app.short_id(),
        is_secure: request.origin_policy.is_https(request.head, request.visitor.is_from_here),
    }
}
