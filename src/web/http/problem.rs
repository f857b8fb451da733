//! Errors as the client sees them: a status and one sentence that a person can act on (promise 9).

use serde::Serialize;

use crate::app::{AccessRefusal, Answer, ReadError, Refusal, SubmitError, Unavailable};
use crate::domain::{Directory, Right, Role};
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
    /// What is lacking, for 403.
    pub lacking: Option<Box<Lacking>>,
}

/// What whoever asks does not have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lacking {
    /// The roles that have it.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    may: Vec<String>,
    /// Its name; none for what only an owner does, whatever rights others have.
    #[serde(skip_serializing_if = "Option::is_none")]
    right: Option<&'static str>,
    /// The people who have it.
    #[serde(skip_serializing_if = "<[Somebody]>::is_empty")]
    who: Vec<Somebody>,
}

/// One of the shop's people, by number and name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Somebody {
    id: u32,
    name: String,
}

/// What is said to somebody who would give or take more than he has.
pub(crate) const BEYOND_OWN_RIGHTS: &str = "You cannot give or take more than you may yourself.";

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
    #[serde(flatten)]
    lacking: Option<&'a Lacking>,
}

impl Problem {
    /// A status and its sentence.
    pub fn new(status: u16, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), headers: Vec::new(), faults: Vec::new(), lacking: None }
    }

    /// Nobody is let in who has not logged in.
    pub fn logged_out() -> Self {
        Self::new(401, "Please log in: this shop lets in only devices and people that it knows.")
            .with_header("WWW-Authenticate", "Bearer")
    }

    /// Whoever asks lacks a right; the roles that have it are named, and the people who do.
    pub fn forbidden(right: Right, directory: &Directory) -> Self {
        let may: Vec<String> = directory.roles_with(right).map(str::to_string).collect();
        let detail = format!("{} The role {} may.", not_allowed(right), may.join(" or "));
        let has_it = |role: u32| directory.role(role).is_some_and(|role| role.allows.may(right));
        let people = directory.people().filter(|person| person.is_active && has_it(person.role));
        let who = people.map(|person| Somebody { id: person.id, name: person.name.clone() }).collect();
        Self::lacking(Lacking { may, right: Some(right.name()), who }, detail)
    }

    /// Only an owner may do it.
    pub fn owners_alone(sentence: &str, directory: &Directory) -> Self {
        let may = directory.role(Role::OWNER).map(|role| role.name.clone()).into_iter().collect();
        let owners = directory.owners().filter(|owner| owner.is_active);
        let who = owners.map(|owner| Somebody { id: owner.id, name: owner.name.clone() }).collect();
        Self::lacking(Lacking { may, right: None, who }, sentence)
    }

    fn lacking(lacking: Lacking, detail: impl Into<String>) -> Self {
        Self { lacking: Some(Box::new(lacking)), ..Self::new(403, detail) }
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
        json::to_vec(&ProblemBody { detail: &self.detail, errors: &self.faults, lacking: self.lacking.as_deref() })
    }
}

/// What is not allowed without a right, as a sentence.
fn not_allowed(right: Right) -> &'static str {
    match right {
        Right::Sell => "You may not sell.",
        Right::Estimate => "You may not make or edit estimates.",
        Right::Convert => "You may not make a sale of an estimate.",
        Right::EditOthers => "You may not edit what belongs to others, nor give it away.",
        Right::Status => "You may not set the status of a sale.",
        Right::DeleteOpen => "You may not delete estimates.",
        Right::UndoSold => "You may not take back, cancel or delete what was sold.",
        Right::Discount => "This is more discount than your role gives.",
        Right::Figures => "You may not see the figures of the whole shop.",
        Right::Settings => "You may not change the settings of the shop.",
        Right::People => "You may not let people or devices in, nor change what they may.",
        Right::Export => "You may not take out the audit.",
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
            SubmitError::LoggedOut => Self::logged_out(),
            // Whoever has the directory at hand says who may.
            SubmitError::Forbidden(right) => {
                Self::lacking(Lacking { may: Vec::new(), right: Some(right.name()), who: Vec::new() }, not_allowed(right))
            }
            SubmitError::NotYours => Self::new(
                409,
                "This was stored before under the same Idempotency-Key, and is not stored again. Its record is none that you may see.",
            ),
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

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Store(error) => error.into(),
            ReadError::LoggedOut => Self::logged_out(),
            ReadError::Changed => Self::new(409, "What you may see was changed just now. Please ask again."),
        }
    }
}

impl From<AccessRefusal> for Problem {
    fn from(refusal: AccessRefusal) -> Self {
        let later = |status: u16, detail: &str, seconds: u64| {
            Self::new(status, detail).with_header("Retry-After", seconds.to_string())
        };
        match refusal {
            AccessRefusal::LoggedOut => Self::logged_out(),
            AccessRefusal::Forbidden(right) => SubmitError::Forbidden(right).into(),
            AccessRefusal::BeyondOwnRights => Self::new(403, BEYOND_OWN_RIGHTS),
            AccessRefusal::OwnersAlone(sentence) => Self::new(403, sentence),
            AccessRefusal::WrongCredential => {
                Self::new(401, "That is not right. Please try again.").with_header("WWW-Authenticate", "Bearer")
            }
            AccessRefusal::Locked { seconds } => {
                later(429, &format!("Too many wrong tries. Please try again in {seconds} seconds."), seconds)
            }
            AccessRefusal::PinRefused => {
                later(429, "Too many wrong PINs on this device. Use a password, or have the device let in anew.", 3_600)
            }
            AccessRefusal::Busy => later(503, "Many people log in at this moment. Please try again.", 1),
            AccessRefusal::TooMany { seconds } => {
                later(429, &format!("Too many of these at once. Please try again in {seconds} seconds."), seconds)
            }
            AccessRefusal::WrongCode => Self::new(403, "That code is not right. Please look again."),
            AccessRefusal::Over => Self::new(410, "That cannot be used any more. Please begin anew."),
            AccessRefusal::NotFound(sentence) => Self::new(404, sentence),
            AccessRefusal::Conflict(sentence) => Self::new(409, sentence),
            AccessRefusal::Invalid(field, msg) => Self::invalid(vec![FieldError {
                loc: vec![LocationPart::Name("body".into()), LocationPart::Name(field.into())],
                msg,
                kind: "value_error",
            }]),
            AccessRefusal::NoRandomness => later(503, "The system gives no random numbers. Please try again.", 1),
            AccessRefusal::Submit(error) => error.into(),
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
        Refusal::NoSuchPerson => (422, "person is the number of nobody"),
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
