//! Persons: listed, made, changed, removed.

use serde::Serialize;

use super::names::NameJson;
use crate::app::AccessRefusal;
use crate::domain::{Directory, Person, Right};
use crate::json;
use crate::web::api::health::Done;
use crate::web::api::request::Request;
use crate::web::body::{PersonBody, read_person};
use crate::web::http::{Problem, Response};

/// A person for those who may change him.
#[derive(Serialize)]
struct PersonJson {
    id: u32,
    name: String,
    role: Option<NameJson>,
    is_active: bool,
    has_pin: bool,
    has_password: bool,
}

impl PersonJson {
    fn of(directory: &Directory, person: &Person) -> Self {
        Self {
            id: person.id,
            name: person.name.clone(),
            role: NameJson::of_role(directory, person.role),
            is_active: person.is_active,
            has_pin: person.pin_hash.is_some(),
            has_password: person.password_hash.is_some(),
        }
    }
}

/// `GET /api/people`: everything for those who may change it, and names for others; where nobody is logged in, they are those
/// who can log in.
pub(crate) fn persons(request: &Request<'_>) -> Response {
    let directory = request.app.directory();
    let body = if request.permission.may(Right::People) {
        json::to_vec(&directory.people().map(|person| PersonJson::of(&directory, person)).collect::<Vec<_>>())
    } else {
        let is_at_login = request.permission.person.is_none();
        let named = directory.people().filter(|person| person.is_active && (!is_at_login || person.has_credential()));
        json::to_vec(&named.map(|person| NameJson { id: person.id, name: person.name.clone() }).collect::<Vec<_>>())
    };
    Response::json(200, body)
}

/// `POST /api/people`.
pub(crate) fn add_person(request: &Request<'_>) -> Result<Response, Problem> {
    let PersonBody { change, .. } = read_person(request.json()?, request.app.currency())?;
    let id = request.app.add_person(request.caller(), change).map_err(|error| request.problem(error))?;
    answer(request, 201, id)
}

/// `PUT /api/people/{id}`: by those who may, and one's own PIN or password by whoever knows it.
pub(crate) fn change_person(request: &Request<'_>, id: u32) -> Result<Response, Problem> {
    let is_own = request.permission.person.as_ref().is_some_and(|person| person.id == id);
    if !is_own && !request.permission.may(Right::People) {
        return Err(request.problem(AccessRefusal::Forbidden(Right::People)));
    }
    let PersonBody { change, current } = read_person(request.json()?, request.app.currency())?;
    let is_credential_alone = change.name.is_none() && change.role.is_none() && change.is_active.is_none();
    match current {
        Some(current) if is_own && is_credential_alone => {
            // What he has is a PIN if it is digits that fit, and he has one.
            let has_pin = request.permission.person.as_ref().is_some_and(|person| person.pin_hash.is_some());
            let is_pin = has_pin && current.len() <= 8 && current.bytes().all(|byte| byte.is_ascii_digit());
            let current = if is_pin { (Some(current), None) } else { (None, Some(current)) };
            let changed = request.app.change_own_credential(request.caller(), id, current, change.credential);
            changed.map_err(|error| request.problem(error))?;
            answer(request, 200, id)
        }
        _ => {
            if !request.permission.may(Right::People) {
                let is_forgotten = is_credential_alone && !change.credential.is_empty();
                return Err(request.problem(if is_forgotten {
                    AccessRefusal::Invalid("current", "is missing".to_string())
                } else {
                    AccessRefusal::Forbidden(Right::People)
                }));
            }
            request.app.change_person(request.caller(), id, change).map_err(|error| request.problem(error))?;
            answer(request, 200, id)
        }
    }
}

/// `DELETE /api/people/{id}`.
pub(crate) fn remove_person(request: &Request<'_>, id: u32) -> Result<Response, Problem> {
    request.app.remove_person(request.caller(), id).map_err(|error| request.problem(error))?;
    Ok(Response::json(200, json::to_vec(&Done::new("Removed"))))
}

fn answer(request: &Request<'_>, status: u16, id: u32) -> Result<Response, Problem> {
    let directory = request.app.directory();
    let person = directory.person(id).ok_or_else(Problem::not_found)?;
    Ok(Response::json(status, json::to_vec(&PersonJson::of(&directory, person))))
}
