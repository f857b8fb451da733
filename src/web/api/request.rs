//! A request as the handlers see it.

use std::ops::Range;
use std::sync::Arc;

use tiny_http::Method;

use super::conditional::{IfMatch, if_match};
use super::need::Need;
use super::receipt;
use crate::app::{
    AccessRefusal, App, Command, Idempotency, Lifecycle, Presented, Progress, Reading, Requester, Submission,
    SubmitError, Ticket,
};
use crate::domain::{Asker, MadeAt, Permission, RecordKey, Right};
use crate::web::body::{missing_body, optional_json_text, read_expected_rev};
use crate::web::http::{BEYOND_OWN_RIGHTS, Head, MemoryBudget, Problem, Query, Response};
use crate::web::security::{OriginPolicy, Visitor};

/// The answer to a request: here, or still to come.
pub(crate) enum Reply {
    Now(Response),
    /// The receipt for something new, which is small.
    Later(Ticket),
}

impl From<Response> for Reply {
    fn from(response: Response) -> Self {
        Self::Now(response)
    }
}

/// A request that has come, whether or not the shop is open.
pub(crate) struct Visit<'a> {
    pub lifecycle: &'a Lifecycle,
    pub head: &'a Head,
    pub body: &'a [u8],
    pub visitor: Visitor<'a>,
    /// What it shows of who sends it.
    pub presented: Presented,
    pub origin_policy: &'a OriginPolicy,
    pub budget: &'a MemoryBudget,
}

impl<'a> Visit<'a> {
    /// The body of a write as text of a JSON document. Every write with a body must say that it is JSON: a form of a foreign page
    /// cannot (Fetch standard, simple requests).
    fn text(&self) -> Result<Option<&'a str>, Problem> {
        let is_read = matches!(self.head.method, Method::Get | Method::Head);
        if is_read { Ok(None) } else { optional_json_text(self.head, self.body) }
    }

    /// Lets it into the shop, or says why not: the shop is closed, whoever asks is to log in, or he may not. Only then its body is
    /// looked at.
    pub fn enter(&self, need: Need) -> Result<Request<'a>, Problem> {
        let Self { lifecycle, head, body, visitor, presented, origin_policy, budget } = *self;
        let app = lifecycle.app()?;
        let asker = app.asker(presented);
        if let Asker::Known { device, .. } = asker {
            app.note_seen(device, visitor.address);
        }
        let permission = match app.permission(asker) {
            Some(permission) => permission,
            None if need == Need::Nothing => Permission::nobody(),
            None => return Err(Problem::logged_out()),
        };
        // Whoever is let in needs no look at those who were.
        let before = if asker == Asker::Stranger { app.revoked_device(presented) } else { None };
        let request =
            Request { app, head, body, text: None, visitor, asker, before, permission, origin_policy, budget };
        request.check(need)?;
        Ok(Request { text: self.text()?, ..request })
    }
}

/// A request to the open shop: everything a handler may use.
pub(crate) struct Request<'a> {
    pub app: &'a Arc<App>,
    pub head: &'a Head,
    pub body: &'a [u8],
    /// The body as text of a JSON document.
    text: Option<&'a str>,
    pub visitor: Visitor<'a>,
    /// Who asks.
    pub asker: Asker,
    /// The device that he was at until it was revoked, if he shows that.
    before: Option<u32>,
    /// What he may do and see as he comes in; what a command may is decided again when it is carried out.
    pub permission: Permission,
    pub origin_policy: &'a OriginPolicy,
    /// Memory for what is read to be answered.
    pub budget: &'a MemoryBudget,
}

/// Characters of an `Idempotency-Key`.
pub(crate) const KEY_CHARS_MAX: usize = 255;

impl Request<'_> {
    /// The body as text of a JSON document. An error if there must be one and there is none, or it is something else.
    pub fn json(&self) -> Result<&str, Problem> {
        self.text.ok_or_else(|| missing_body(self.head))
    }

    /// The same where the body may be omitted.
    pub fn optional_json(&self) -> Option<&str> {
        self.text
    }

    /// Everything that is committed, as whoever asks may see it.
    pub fn read(&self) -> Result<Reading, Problem> {
        Ok(self.app.read(self.asker)?)
    }

    /// Who asks, for what is done about people.
    pub fn caller(&self) -> Requester {
        Requester { asker: self.asker, from: self.visitor.address, before: self.before }
    }

    /// Whether an estimate may be edited, which depends on whose it is. So that is said before anything about the edit; one that is
    /// not there may have been edited by this very command before.
    pub fn require_for(&self, key: RecordKey) -> Result<(), Problem> {
        if self.permission.may(Right::Estimate) && self.permission.may(Right::EditOthers) {
            return Ok(());
        }
        match self.read()?.is_own_record(key)? {
            Some(true) => self.check(Need::Right(Right::Estimate)),
            Some(false) => self.check(Need::Right(Right::EditOthers)),
            None => Ok(()),
        }
    }

    /// Whether whoever asks may go on to what answers, by his rights or by a nod.
    fn check(&self, need: Need) -> Result<(), Problem> {
        let rights = match need {
            Need::Nothing | Need::Device => return Ok(()),
            Need::Member if self.permission.is_member() => return Ok(()),
            Need::Member => return Err(Problem::logged_out()),
            Need::Right(right) => &[right][..],
            Need::AnyOf(rights) => rights,
        };
        if rights.iter().any(|&right| self.permission.may(right)) {
            return Ok(());
        }
        // A device without anybody at it is asked to log in, not told that it may not.
        if !self.permission.is_member() {
            return Err(Problem::logged_out());
        }
        let Some(&right) = rights.first() else { return Ok(()) };
        // What only reads is no command that somebody could allow once.
        let is_read = matches!(self.head.method, Method::Get | Method::Head);
        let idempotency = if is_read { None } else { self.idempotency(false).ok().flatten() };
        if idempotency.as_ref().is_some_and(|key| rights.iter().any(|&right| self.app.is_allowed_once(key, right))) {
            return Ok(());
        }
        self.app.note_refused(&self.permission, self.visitor.address, idempotency.as_ref(), right);
        Err(Problem::forbidden(right, &self.app.directory()))
    }

    /// Why something was not done, with who may.
    pub fn problem(&self, error: impl Into<Refused>) -> Problem {
        match error.into() {
            Refused::Lacks(right) => Problem::forbidden(right, &self.app.directory()),
            Refused::OwnersAlone(sentence) => Problem::owners_alone(sentence, &self.app.directory()),
            Refused::Otherwise(problem) => problem,
        }
    }

    /// A parameter of the query, decoded; the first one if it is repeated.
    pub fn query(&self, name: &str) -> Result<Option<String>, Problem> {
        Query::of(self.head.target()).get(name)
    }

    /// The microseconds since 1970 between the shop days `from` and `to` of the query, both of them included and each
    /// optional; nothing if neither is there.
    pub fn times(&self) -> Result<Option<Range<i64>>, Problem> {
        let day = |name: &str| match self.query(name)? {
            None => Ok(None),
            Some(text) => match self.app.clock().day(&text) {
                None => Err(Problem::new(422, format!("{name} must be a day written like 2025-01-13"))),
                day => Ok(day),
            },
        };
        Ok(match (day("from")?, day("to")?) {
            (None, None) => None,
            (from, to) => Some(from.map_or(i64::MIN, |(start, _)| start)..to.map_or(i64::MAX, |(_, end)| end)),
        })
    }

    /// Carries out a command and answers with what became of it.
    pub fn submit(&self, command: Command, is_repeated_by_old_clients: bool) -> Result<Response, Problem> {
        self.submit_made(command, MadeAt::Unsaid, is_repeated_by_old_clients)
    }

    /// The same for a command that makes a record of another one, and may have waited on its device.
    pub fn submit_made(
        &self,
        command: Command,
        made_at: MadeAt,
        is_repeated_by_old_clients: bool,
    ) -> Result<Response, Problem> {
        let submission = self.submission(command, made_at, is_repeated_by_old_clients)?;
        let expected_revs = self.expected_revs()?;
        let answer = self.app.submit(Submission { expected_revs, ..submission });
        Ok(answer.map_err(|error| self.problem(error))?.into())
    }

    /// The same for a change of a record as it was in this revision, unless the caller names others.
    pub fn submit_of_rev(&self, command: Command, rev: u32) -> Result<Response, Problem> {
        let submission = self.submission(command, MadeAt::Unsaid, false)?;
        let expected_revs = self.expected_revs()?.or_else(|| Some(vec![rev]));
        let answer = self.app.submit(Submission { expected_revs, ..submission });
        Ok(answer.map_err(|error| self.problem(error))?.into())
    }

    /// Begins a command that makes something new; its answer may come while the connection does something else.
    pub fn create(
        &self,
        command: Command,
        made_at: MadeAt,
        is_repeated_by_old_clients: bool,
    ) -> Result<Reply, Problem> {
        let begun = self.app.begin(self.submission(command, made_at, is_repeated_by_old_clients)?);
        Ok(match begun.map_err(|error| self.problem(error))? {
            Progress::Done(answer) => Reply::Now(answer.into()),
            Progress::Pending(pending) => Reply::Later(pending),
        })
    }

    fn submission(
        &self,
        command: Command,
        made_at: MadeAt,
        is_repeated_by_old_clients: bool,
    ) -> Result<Submission, Problem> {
        let idempotency = self.idempotency(is_repeated_by_old_clients)?;
        let (asker, from) = (self.asker, Some(self.visitor.address));
        Ok(Submission { command, asker, from, made_at, idempotency, expected_revs: None, render: receipt::answer })
    }

    /// The revisions one of which the caller expects the record to have: from `If-Match`, else `rev` in the body.
    fn expected_revs(&self) -> Result<Option<Vec<u32>>, Problem> {
        // A body that cannot be read is told so, whichever of the two counts.
        let named_by_body = read_expected_rev(self.optional_json(), self.app.currency())?;
        Ok(match if_match(self.head)? {
            IfMatch::Unsaid => named_by_body.map(|rev| vec![rev]),
            IfMatch::Any => None,
            IfMatch::OneOf(revs) => Some(revs),
        })
    }

    /// The repetition rule of a command: by its key if it has one, else by its content where old clients repeat.
    pub fn idempotency(&self, is_repeated_by_old_clients: bool) -> Result<Option<Idempotency>, Problem> {
        let (method, target) = (self.head.method.as_str(), self.head.target());
        let device = self.app.key_device(self.asker);
        let earlier = || self.app.earlier_devices(device);
        match self.head.header("Idempotency-Key") {
            Some(value) => {
                let key = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value);
                let is_valid = !key.is_empty()
                    && key.len() <= KEY_CHARS_MAX
                    && key.bytes().all(|byte| (0x20..0x7F).contains(&byte));
                if !is_valid {
                    return Err(Problem::new(400, "The Idempotency-Key must be 1 to 255 visible ASCII characters"));
                }
                // The same command under another condition is another command.
                let condition = self.head.header("If-Match").unwrap_or_default();
                Ok(Some(Idempotency::by_key(device, &earlier(), key, &[method, target, condition], self.body)))
            }
            None if is_repeated_by_old_clients => {
                Ok(Some(Idempotency::by_content(device, &[method, target], self.body)))
            }
            None => Ok(None),
        }
    }
}

/// Why something was not done: a right is lacking, which others may have, or another reason.
pub(crate) enum Refused {
    Lacks(Right),
    OwnersAlone(&'static str),
    Otherwise(Problem),
}

impl From<SubmitError> for Refused {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::Forbidden(right) => Self::Lacks(right),
            error => Self::Otherwise(error.into()),
        }
    }
}

impl From<AccessRefusal> for Refused {
    fn from(refusal: AccessRefusal) -> Self {
        match refusal {
            AccessRefusal::Forbidden(right) => Self::Lacks(right),
            AccessRefusal::BeyondOwnRights => Self::OwnersAlone(BEYOND_OWN_RIGHTS),
            AccessRefusal::OwnersAlone(sentence) => Self::OwnersAlone(sentence),
            refusal => Self::Otherwise(refusal.into()),
        }
    }
}
