//! Errors as the client sees them: a status and one sentence that a person can act on (promise 9).

use serde::Serialize;

use crate::app::{Answer, Refusal, SubmitError, Unavailable};
use crate::json::{self, Object};
use crate::store::StoreError;

/// Why a request is not carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// HTTP status.
    pub status: u16,
    /// The sentence; the app shows it.
    pub detail: String,
    /// Further headers.
    pub headers: Vec<(&'static str, String)>,
    /// What is wrong with which field, for 422.
    pub faults: Vec<FieldError>,
}

/// One thing that is wrong with one field of the input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// Where: `["body", "items", 0, "price"]`.
    pub loc: Vec<LocationPart>,
    /// What is wrong, as the end of a sentence that begins with the field.
    pub msg: String,
    /// For programs.
    #[serde(rename = "type")]
    pub kind: &'static str,
}

/// One step on the way to a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum LocationPart {
    /// A name.
    Name(String),
    /// A position in an array, from 0.
    Index(usize),
}

impl FieldError {
    /// The field in words: `items[0].price`.
    fn field(&self) -> String {
        self.loc.iter().skip(1).fold(String::new(), |field, place| match place {
            LocationPart::Index(index) => format!("{field}[{index}]"),
            LocationPart::Name(name) if field.is_empty() => name.clone(),
            LocationPart::Name(name) => format!("{field}.{name}"),
        })
    }
}

#[derive(Serialize)]
struct ProblemBody<'a> {
    detail: &'a str,
    #[serde(skip_serializing_if = "<[FieldError]>::is_empty")]
    errors: &'a [FieldError],
}

impl Problem {
    /// A status and its sentence.
    pub fn new(status: u16, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), headers: Vec::new(), faults: Vec::new() }
    }

    /// The path names nothing.
    pub fn not_found() -> Self {
        Self::new(404, "Not Found")
    }

    /// The input is readable, but something in it cannot be stored. The sentence names the first fault.
    pub fn invalid(faults: Vec<FieldError>) -> Self {
        let detail = match faults.as_slice() {
            [] => "The request is not valid.".to_string(),
            [only] => format!("{} {}", only.field(), only.msg),
            [first, rest @ ..] => format!("{} {} (and {} more)", first.field(), first.msg, rest.len()),
        };
        Self { faults, ..Self::new(422, detail.trim_start()) }
    }

    /// Adds a header.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The JSON of the answer.
    pub fn body(&self) -> Vec<u8> {
        json::to_vec(&ProblemBody { detail: &self.detail, errors: &self.faults })
    }
}

impl From<SubmitError> for Problem {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::QueueFull => {
                Self::new(503, "The server is busy and nothing was stored. Please send it again.").with_header("Retry-After", "1")
            }
            SubmitError::Unavailable => {
                Self::new(503, "The disk has reported a fault and nothing was stored. Please send it again shortly.")
                    .with_header("Retry-After", "1")
            }
            SubmitError::DiskFull => Self::new(
                507,
                "The disk of the shop's server is full and nothing was stored. Delete what is not needed there; reading and \
                 deleting still work here.",
            )
            .with_header("Retry-After", "10"),
            SubmitError::Stopping => {
                Self::new(503, "The server is restarting and nothing was stored. Please send it again.")
                    .with_header("Retry-After", "2")
            }
            SubmitError::OutcomeUnknown => Self::new(
                503,
                "The disk reported a fault and the outcome is unknown: send it again with the same key, which stores it once.",
            )
            .with_header("Retry-After", "1"),
            SubmitError::KeyReused => {
                Self::new(422, "This Idempotency-Key was already used for another request. Use a new key.")
            }
            SubmitError::InFlight => {
                Self::new(409, "A request with this Idempotency-Key is still being worked on. Please ask again in a moment.")
                    .with_header("Retry-After", "1")
            }
        }
    }
}

impl From<Unavailable> for Problem {
    fn from(closed: Unavailable) -> Self {
        match closed {
            Unavailable::Opening { percent } => {
                let detail = format!(
                    "The shop is being opened: {percent} % of its database is checked. Please try again shortly."
                );
                Self::new(503, detail).with_header("Retry-After", "2")
            }
            Unavailable::Failed(failure) => Self::new(503, failure.sentence).with_header("Retry-After", "5"),
            Unavailable::Refused(sentence) => Self::new(503, sentence),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        log::error!("⚠️ A read failed: {error}");
        Self::new(503, "The database cannot be read at the moment. Please try again.").with_header("Retry-After", "1")
    }
}

/// How a refusal is answered.
pub fn refusal_answer(refusal: &Refusal) -> Answer {
    if let Refusal::Stale(rev, json) = refusal {
        return stale_answer(*rev, json);
    }
    let (status, detail) = match refusal {
        Refusal::NoSuchEstimate => (404, "Estimate not found"),
        Refusal::NoSuchOrder => (404, "Order not found"),
        Refusal::AlreadyConverted => (400, "Estimate has already been converted to order"),
        Refusal::ConvertedCannotBeDeleted => (400, "Cannot delete estimate that has been converted to order"),
        Refusal::ConvertedCannotBeEdited => (400, "Cannot edit estimate that has been converted to order"),
        Refusal::Unreadable => (500, "The stored record cannot be read and was left as it is"),
        Refusal::AnswerUnreadable => (
            500,
            "This command was carried out before, but the answer that was stored for it cannot be read. Look whether its record \
             is there before you send it again under a new key.",
        ),
        Refusal::SeriesFull => (507, "All numbers of this kind are used up"),
        Refusal::Stale(..) => (412, ""),
    };
    Answer { status, rev: None, body: Problem::new(status, detail).body() }
}

/// 412 with the record as it is now, so that the caller can show both.
fn stale_answer(rev: u32, json: &[u8]) -> Answer {
    let mut body = Vec::new();
    let mut object = Object::open(&mut body);
    object.text("detail", "This record was changed on another device in the meantime").raw("current", json);
    object.close();
    Answer { status: 412, rev: Some(rev), body }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_sent_again_says_when() {
        for error in
            [SubmitError::QueueFull, SubmitError::Stopping, SubmitError::Unavailable, SubmitError::OutcomeUnknown]
        {
            let problem = Problem::from(error);
            assert_eq!(problem.status, 503, "{error:?}");
            assert!(problem.headers.iter().any(|(name, _)| *name == "Retry-After"), "{error:?}");
        }
        assert_eq!(Problem::from(SubmitError::DiskFull).status, 507);
    }
}
