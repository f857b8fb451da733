//! Devices: listed, made, changed, revoked.

use serde::Serialize;

use super::names::NameJson;
use super::pairing::{DeviceName, base_url};
use crate::app::App;
use crate::domain::{Asker, Device, DeviceKind, Directory};
use crate::json;
use crate::web::api::health::Done;
use crate::web::api::request::Request;
use crate::web::body::{read_device, read_device_change};
use crate::web::http::{Problem, Response};

#[derive(Serialize)]
struct DeviceJson<'a> {
    id: u32,
    name: &'a str,
    kind: &'static str,
    role: Option<NameJson>,
    person: Option<NameJson>,
    last_seen: Option<String>,
    address: Option<String>,
    made_at: String,
    is_this: bool,
}

impl<'a> DeviceJson<'a> {
    /// `own` is the number of the device that asks.
    fn of(app: &App, directory: &Directory, device: &'a Device, own: u32) -> Self {
        let seen = app.seen(device.id);
        let at_it = directory.sessions().find(|session| session.device == device.id).map(|session| session.person);
        let person = device.person.or(at_it);
        // What is known of a program or a door that was never used is the address of whoever made it.
        let asked_from = device.address.clone().filter(|_| device.kind == DeviceKind::Browser);
        Self {
            id: device.id,
            name: &device.name,
            kind: device.kind.name(),
            role: device.role.and_then(|role| NameJson::of_role(directory, role)),
            person: person.and_then(|person| NameJson::of_person(directory, person)),
            last_seen: seen.map(|seen| seen.at.to_rfc3339()),
            address: seen.map(|seen| seen.from.to_string()).or(asked_from),
            made_at: device.made_at.to_rfc3339(),
            is_this: device.id == own,
        }
    }
}

/// A new device, and what is shown this once.
#[derive(Serialize)]
struct MadeJson<'a> {
    device: DeviceName<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    is_cut: bool,
}

/// `GET /api/devices`.
pub(crate) fn devices(request: &Request<'_>) -> Response {
    let directory = request.app.directory();
    let own = request.caller().device();
    let devices = directory.devices().map(|device| DeviceJson::of(request.app, &directory, device, own));
    Response::json(200, json::to_vec(&devices.collect::<Vec<_>>()))
}

/// `POST /api/devices`: a program's token or a door's address, which are kept nowhere: not even for a repetition.
pub(crate) fn add_device(request: &Request<'_>) -> Result<Response, Problem> {
    let new = read_device(request.json()?, request.app.currency())?;
    let kind = new.kind;
    let key = request.idempotency(false)?;
    let (id, token) = request.app.add_device(request.caller(), new, key).map_err(|error| request.problem(error))?;
    let directory = request.app.directory();
    let device = DeviceName::of(directory.device(id).ok_or_else(Problem::not_found)?);
    let is_door = kind == DeviceKind::Door;
    let url = is_door.then(|| format!("{}/door/{token}", base_url(request)));
    let allowed = request.app.permission(Asker::Known { device: id, session: None });
    let is_cut = allowed.is_some_and(|permission| permission.allows.is_cut());
    let body = MadeJson { device, token: (!is_door).then_some(token.as_str()), url, is_cut };
    Ok(Response::json(201, json::to_vec(&body)))
}

/// `PUT /api/devices/{id}`.
pub(crate) fn change_device(request: &Request<'_>, id: u32) -> Result<Response, Problem> {
    let change = read_device_change(request.json()?, request.app.currency())?;
    request.app.change_device(request.caller(), id, &change).map_err(|error| request.problem(error))?;
    let directory = request.app.directory();
    let device = directory.device(id).ok_or_else(Problem::not_found)?;
    let body = DeviceJson::of(request.app, &directory, device, request.caller().device());
    Ok(Response::json(200, json::to_vec(&body)))
}

/// `DELETE /api/devices/{id}`: everything of the device has ended when this is answered.
pub(crate) fn revoke_device(request: &Request<'_>, id: u32) -> Result<Response, Problem> {
    request.app.revoke_device(request.caller(), id).map_err(|error| request.problem(error))?;
    Ok(Response::json(200, json::to_vec(&Done::new("Revoked"))))
}
