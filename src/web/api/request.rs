//! A request as the handlers see it.

use std::sync::Arc;

use tiny_http::Method;

use super::conditional::{IfMatch, if_match};
use super::receipt;
use crate::app::{App, Command, Idempotency, Lifecycle, Progress, Submission, Ticket};
use crate::domain::MadeAt;
use crate::web::body::{missing_body, optional_json_text, read_expected_rev};
use crate::web::http::{Head, MemoryBudget, Problem, Query, Response};
use crate::web::security::Visitor;

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
    pub budget: &'a MemoryBudget,
}

impl<'a> Visit<'a> {
    /// The body of a write as text of a JSON document. Every write with a body must say that it is JSON: a form of a foreign page
    /// cannot (Fetch standard, simple requests).
    pub fn text(&self) -> Result<Option<&'a str>, Problem> {
        let is_read = matches!(self.head.method, Method::Get | Method::Head);
        if is_read { Ok(None) } else { optional_json_text(self.head, self.body) }
    }

    /// Lets it into the shop with this text of its body, or says why the shop is closed.
    pub fn enter(&self, text: Option<&'a str>) -> Result<Request<'a>, Problem> {
        let Self { lifecycle, head, body, visitor, budget } = *self;
        Ok(Request { app: lifecycle.app()?, head, body, text, visitor, budget })
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

    /// A parameter of the query, decoded; the first one if it is repeated.
    pub fn query(&self, name: &str) -> Result<Option<String>, Problem> {
        Query::of(self.head.target()).get(name)
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
        Ok(self.app.submit(Submission { expected_revs, ..submission })?.into())
    }

    /// Begins a command that makes something new; its answer may come while the connection does something else.
    pub fn create(
        &self,
        command: Command,
        made_at: MadeAt,
        is_repeated_by_old_clients: bool,
    ) -> Result<Reply, Problem> {
        Ok(match self.app.begin(self.submission(command, made_at, is_repeated_by_old_clients)?)? {
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
        Ok(Submission { command, actor: None, made_at, idempotency, expected_revs: None, render: receipt::answer })
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
    fn idempotency(&self, is_repeated_by_old_clients: bool) -> Result<Option<Idempotency>, Problem> {
        let (method, target) = (self.head.method.as_str(), self.head.target());
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
                Ok(Some(Idempotency::by_key(key, &[method, target, condition], self.body)))
            }
            None if is_repeated_by_old_clients => Ok(Some(Idempotency::by_content(&[method, target], self.body))),
            None => Ok(None),
        }
    }
}
