//! Answers about the settings of the shop.

use super::request::Request;
use crate::app::{Answer, Command};
use crate::web::body::read_settings_body;
use crate::web::http::{Problem, Response};

/// `GET /api/settings`: the settings, and the shop's time zone, which is chosen at the start of the server.
pub(crate) fn read(request: &Request<'_>) -> Result<Response, Problem> {
    let (rev, mut body) = request.read()?.settings()?;
    if let Some(zone) = request.app.clock().zone_name() {
        body.pop();
        body.extend_from_slice(format!(r#","timezone":"{zone}"}}"#).as_bytes());
    }
    Ok(Answer { status: 200, rev: Some(rev), body }.into())
}

/// `PUT /api/settings`: changes those that the body names.
pub(crate) fn save(request: &Request<'_>) -> Result<Response, Problem> {
    let patch = read_settings_body(request.json()?, request.app.currency())?;
    request.submit(Command::SaveSettings(Box::new(patch)), false)
}
