//! Roles: listed, made, changed, removed.

use serde::Serialize;

use super::me::{ScopeJson, percent};
use super::names::NameJson;
use crate::domain::{Right, Role};
use crate::json;
use crate::web::api::health::Done;
use crate::web::api::request::Request;
use crate::web::body::read_role;
use crate::web::http::{Problem, Response};

/// A role for those who may change it.
#[derive(Serialize)]
struct RoleJson<'a> {
    id: u32,
    name: &'a str,
    rights: Vec<&'static str>,
    scope: ScopeJson,
    days_back: Option<u16>,
    discount_max: f64,
    masks: Vec<&'static str>,
    is_fixed: bool,
}

impl<'a> RoleJson<'a> {
    fn of(role: &'a Role) -> Self {
        let Role { id, name, allows } = role;
        Self {
            id: *id,
            name,
            rights: allows.rights.iter().map(Right::name).collect(),
            scope: ScopeJson::of(allows),
            days_back: allows.days_back,
            discount_max: percent(allows.discount_max),
            masks: allows.masks.names(),
            is_fixed: *id == Role::OWNER,
        }
    }
}

/// `GET /api/roles`: names for everybody who is let in, everything for those who may change it.
pub(crate) fn roles(request: &Request<'_>) -> Response {
    let directory = request.app.directory();
    let body = if request.permission.may(Right::People) {
        json::to_vec(&directory.roles().map(|role| RoleJson::of(role)).collect::<Vec<_>>())
    } else {
        json::to_vec(
            &directory.roles().map(|role| NameJson { id: role.id, name: role.name.clone() }).collect::<Vec<_>>(),
        )
    };
    Response::json(200, body)
}

/// `POST /api/roles`.
pub(crate) fn add_role(request: &Request<'_>) -> Result<Response, Problem> {
    let change = read_role(request.json()?, request.app.currency())?;
    let id = request.app.add_role(request.caller(), change).map_err(|error| request.problem(error))?;
    answer(request, 201, id)
}

/// `PUT /api/roles/{id}`.
pub(crate) fn change_role(request: &Request<'_>, id: u32) -> Result<Response, Problem> {
    let change = read_role(request.json()?, request.app.currency())?;
    request.app.change_role(request.caller(), id, change).map_err(|error| request.problem(error))?;
    answer(request, 200, id)
}

/// `DELETE /api/roles/{id}`.
pub(crate) fn remove_role(request: &Request<'_>, id: u32) -> Result<Response, Problem> {
    request.app.remove_role(request.caller(), id).map_err(|error| request.problem(error))?;
    Ok(Response::json(200, json::to_vec(&Done::new("Removed"))))
}

fn answer(request: &Request<'_>, status: u16, id: u32) -> Result<Response, Problem> {
    let directory = request.app.directory();
    let role = directory.role(id).ok_or_else(Problem::not_found)?;
    Ok(Response::json(status, json::to_vec(&RoleJson::of(role))))
}
