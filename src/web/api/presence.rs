//! `GET /api/presence`: who is connected, and at which record, for clients that hold no socket.

use std::collections::HashSet;

use serde::Serialize;

use super::request::Request;
use crate::domain::{RecordKey, ShortText, Timestamp};
use crate::json;
use crate::live::{Attendee, Who};
use crate::web::http::{Problem, Response};

/// What is said of one who is at no record, or at none that whoever asks sees.
const NO_RECORD: &str = "none";

#[derive(Serialize)]
struct PresentJson<'a> {
    name: &'a str,
    device: &'a str,
    does: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    since: String,
}

impl<'a> PresentJson<'a> {
    fn of(
        Attendee { name, device, .. }: &'a Attendee,
        record: Option<(RecordKey, &'static str)>,
        since: Timestamp,
    ) -> Self {
        let id = record.map(|(key, _)| ShortText::to_string(&key.id()));
        let does = record.map_or(NO_RECORD, |(_, does)| does);
        Self { name, device, does, id, since: since.to_rfc3339() }
    }
}

/// `GET /api/presence`. Who is at a record that whoever asks does not see is connected, and no more.
pub(crate) fn presence(request: &Request<'_>) -> Result<Response, Problem> {
    let attendances = request.app.feed().attendances();
    // Read afterwards: nothing is told of a record that was taken out of sight until then.
    let reading = request.read()?;
    let (mut present, mut told) = (Vec::new(), HashSet::new());
    for (&key, who) in &attendances.at_records {
        if reading.belonging(key)?.is_none() {
            continue;
        }
        for Who { attendee, does, since } in who {
            told.insert(attendee.id());
            present.push(PresentJson::of(attendee, Some((key, does.name())), *since));
        }
    }
    let elsewhere = attendances.connected.iter().filter(|(attendee, _)| !told.contains(&attendee.id()));
    present.extend(elsewhere.map(|(attendee, since)| PresentJson::of(attendee, None, *since)));
    Ok(Response::json(200, json::to_vec(&present)))
}
