//! Pairing: a device asks to be let in, somebody confirms it, the device fetches its cookie.

use serde::Serialize;

use super::entrance::cookies;
use super::qr::QrJson;
use crate::app::{Invitation, PairingOutcome, StartedPairing, WaitingDevice};
use crate::domain::Device;
use crate::json;
use crate::web::api::health::Done;
use crate::web::api::request::Request;
use crate::web::body::{ConfirmBody, PairBody, read_confirm, read_pair};
use crate::web::http::{Problem, Response};

/// The scheme under which a device shows the secret of its pairing.
const PAIR: &str = "Pair ";

#[derive(Serialize)]
struct StartedJson<'a> {
    id: u32,
    code: Option<&'a str>,
    secret: &'a str,
    expires_in: u64,
    /// Of the address that confirms it, for somebody who has a phone at hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    qr: Option<QrJson>,
}

#[derive(Serialize)]
struct StateJson {
    state: &'static str,
}

#[derive(Serialize)]
struct LetInJson<'a> {
    device: DeviceName<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<&'a str>,
}

/// A device as it stands in an answer about it alone.
#[derive(Serialize)]
pub(crate) struct DeviceName<'a> {
    id: u32,
    name: &'a str,
    kind: &'static str,
}

impl<'a> DeviceName<'a> {
    pub fn of(device: &'a Device) -> Self {
        Self { id: device.id, name: &device.name, kind: device.kind.name() }
    }
}

#[derive(Serialize)]
struct WaitingJson {
    id: u32,
    name: String,
    address: String,
    at: String,
    is_invited: bool,
}

#[derive(Serialize)]
struct InviteJson<'a> {
    invite: &'a str,
    url: String,
    expires_in: u64,
    qr: Option<QrJson>,
}

/// `POST /api/pair`: a device asks.
pub(crate) fn begin_pairing(request: &Request<'_>) -> Result<Response, Problem> {
    let PairBody { name, invite, is_program } = read_pair(request.optional_json(), request.app.currency())?;
    let begun = request.app.begin_pairing(request.caller(), name.as_deref(), invite.as_deref(), is_program);
    let StartedPairing { id, code, secret, expires_in } = begun.map_err(|error| request.problem(error))?;
    let confirm = code.as_deref().map(|code| format!("{}/#confirm={id}.{code}", base_url(request)));
    let qr = confirm.and_then(|url| QrJson::of(&url));
    Ok(Response::json(202, json::to_vec(&StartedJson { id, code: code.as_deref(), secret: &secret, expires_in, qr })))
}

/// `GET /api/pair`: what became of it.
pub(crate) fn pairing(request: &Request<'_>) -> Result<Response, Problem> {
    let shown = request.head.header("Authorization").and_then(|value| value.strip_prefix(PAIR));
    let secret = shown.ok_or_else(|| {
        Problem::new(401, "The secret of the pairing is missing: Authorization: Pair …")
            .with_header("WWW-Authenticate", "Pair")
    })?;
    match request.app.pairing(secret.trim()) {
        PairingOutcome::Waiting => Ok(Response::json(202, json::to_vec(&StateJson { state: "waiting" }))),
        PairingOutcome::Refused => Err(Problem::new(403, "This device was not let in.")),
        PairingOutcome::Over => Err(Problem::new(410, "Nobody has let this device in in time. Please ask again.")),
        PairingOutcome::LetIn { token, device } => {
            let directory = request.app.directory();
            let device = directory.device(device).ok_or_else(|| Problem::new(403, "This device was not let in."))?;
            let is_program = device.kind == crate::domain::DeviceKind::Program;
            let body = LetInJson { device: DeviceName::of(device), token: is_program.then_some(token.as_str()) };
            let mut response = Response::json(200, json::to_vec(&body));
            if !is_program {
                response.add_header("Set-Cookie", &cookies(request).device(&token));
            }
            Ok(response)
        }
    }
}

/// `GET /api/pairings`: the devices that wait.
pub(crate) fn pairings(request: &Request<'_>) -> Response {
    let now = request.app.clock().now();
    let waiting = request.app.waiting_devices().into_iter().map(|waiting| {
        let WaitingDevice { id, name, address, age_seconds, is_invited } = waiting;
        let age_micros = i64::try_from(age_seconds).unwrap_or_default().saturating_mul(1_000_000);
        let at = crate::domain::Timestamp { unix_micros: now.unix_micros.saturating_sub(age_micros), ..now };
        WaitingJson { id, name, address, at: at.to_rfc3339(), is_invited }
    });
    Response::json(200, json::to_vec(&waiting.collect::<Vec<_>>()))
}

/// `POST /api/pairings`: an invitation, to be shown as a QR code. It stands in the fragment, which no browser sends.
pub(crate) fn invite(request: &Request<'_>) -> Result<Response, Problem> {
    let Invitation { invite, expires_in } =
        request.app.invite(request.caller()).map_err(|error| request.problem(error))?;
    let url = format!("{}/#pair={invite}", base_url(request));
    Ok(Response::json(201, json::to_vec(&InviteJson { qr: QrJson::of(&url), invite: &invite, url, expires_in })))
}

/// The address under which other devices reach the shop.
pub(crate) fn base_url(request: &Request<'_>) -> String {
    request.origin_policy.base_url_for_others(request.head, request.visitor.is_from_here)
}

/// `POST /api/pairings/confirm`: the device that shows these digits.
pub(crate) fn confirm_digits(request: &Request<'_>) -> Result<Response, Problem> {
    confirm(request, None)
}

/// `POST /api/pairings/{id}/confirm`.
pub(crate) fn confirm_pairing(request: &Request<'_>, id: u32) -> Result<Response, Problem> {
    confirm(request, Some(id))
}

fn confirm(request: &Request<'_>, id: Option<u32>) -> Result<Response, Problem> {
    let ConfirmBody { code, name, role } = read_confirm(request.json()?, request.app.currency())?;
    let confirmed = request.app.confirm_pairing(request.caller(), id, code.as_deref(), &name, role);
    let device = confirmed.map_err(|error| request.problem(error))?;
    let directory = request.app.directory();
    let device = DeviceName::of(directory.device(device).ok_or_else(Problem::not_found)?);
    Ok(Response::json(200, json::to_vec(&ConfirmedJson { device })))
}

#[derive(Serialize)]
struct ConfirmedJson<'a> {
    device: DeviceName<'a>,
}

/// `POST /api/pairings/{id}/refuse`.
pub(crate) fn refuse_pairing(request: &Request<'_>, id: u32) -> Result<Response, Problem> {
    request.app.refuse_pairing(request.caller(), id).map_err(|error| request.problem(error))?;
    Ok(Response::json(200, json::to_vec(&Done::new("Turned away"))))
}
