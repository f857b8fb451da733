//! `GET /api/me`: who somebody is here, and what he may. Who logs in is answered the same.

use serde::Serialize;

use super::names::NameJson;
use crate::app::App;
use crate::domain::{Allowance, Asker, Device, Permission, Right};
use crate::json;
use crate::web::api::request::Request;
use crate::web::http::{Problem, Response};

#[derive(Serialize)]
struct MeJson<'a> {
    has_owner: bool,
    person: Option<NameJson>,
    device: Option<MyDevice<'a>>,
    role: Option<NameJson>,
    rights: Vec<&'static str>,
    scope: ScopeJson,
    days_back: Option<u16>,
    discount_max: f64,
    masks: Vec<&'static str>,
    is_cut: bool,
    lock_minutes: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<&'a str>,
}

#[derive(Serialize)]
struct MyDevice<'a> {
    id: u32,
    name: &'a str,
    kind: &'static str,
}

/// Whose records are seen.
#[derive(Serialize)]
pub(crate) struct ScopeJson {
    estimates: &'static str,
    orders: &'static str,
}

impl ScopeJson {
    pub fn of(allows: &Allowance) -> Self {
        Self { estimates: allows.estimates.name(), orders: allows.orders.name() }
    }
}

/// A discount limit in percent.
pub(crate) fn percent(hundredths: u16) -> f64 {
    f64::from(hundredths) / 100.0
}

/// `GET /api/me`.
pub(crate) fn me(request: &Request<'_>) -> Result<Response, Problem> {
    // Another device in a shop without an owner may do nothing but make one.
    let is_outside = !request.app.directory().has_owner() && !request.visitor.is_trusted;
    let nobody = Permission::nobody();
    let permission = if is_outside { &nobody } else { &request.permission };
    Ok(Response::json(200, describe(request.app, permission, None)?))
}

/// The same for somebody who has just come in, with the token of a program.
pub(crate) fn welcome(app: &App, status: u16, asker: Asker, token: Option<&str>) -> Result<Response, Problem> {
    // Whoever was thrown out again in the meantime sees it at his next request.
    let permission = app.permission(asker).ok_or_else(Problem::logged_out)?;
    Ok(Response::json(status, describe(app, &permission, token)?))
}

fn describe(app: &App, permission: &Permission, token: Option<&str>) -> Result<Vec<u8>, Problem> {
    let name = |id: u32, name: &str| NameJson { id, name: name.to_string() };
    let Permission { person, device, role, allows } = permission;
    Ok(json::to_vec(&MeJson {
        has_owner: app.directory().has_owner(),
        person: person.as_deref().map(|person| name(person.id, &person.name)),
        device: device.as_deref().map(|Device { id, name, kind, .. }| MyDevice { id: *id, name, kind: kind.name() }),
        role: role.as_deref().map(|role| name(role.id, &role.name)),
        rights: allows.rights.iter().map(Right::name).collect(),
        scope: ScopeJson::of(allows),
        days_back: allows.days_back,
        discount_max: percent(allows.discount_max),
        masks: allows.masks.names(),
        is_cut: allows.is_cut(),
        lock_minutes: app.lock_minutes()?,
        token,
    }))
}
