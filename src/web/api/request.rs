//! A request as the handlers see it.

use std::borrow::Cow;
use std::sync::Arc;

use tiny_http::Method;

use super::receipt;
use crate::app::{Answer, App, Command, Progress, Repeat, Shop, Submission};
use crate::domain::{MadeAt, RecordKey};
use crate::json::Object;
use crate::web::body::input;
use crate::web::http::{Budget, Framing, Head, Problem, Reply};
use crate::web::security::Visitor;

/// A request that has come, whether or not the shop is open.
pub(crate) struct Visit<'a> {
    pub shop: &'a Shop,
    pub head: &'a Head,
    pub body: &'a [u8],
    pub visitor: Visitor<'a>,
    pub budget: &'a Budget,
}

impl<'a> Visit<'a> {
    /// Every write with a body must say that it is JSON: a form of a foreign page cannot (Fetch standard, simple requests).
    pub fn check_type(&self) -> Result<(), Problem> {
        let is_read = matches!(self.head.method, Method::Get | Method::Head);
        if is_read { Ok(()) } else { optional_json(self.head, self.body).map(|_| ()) }
    }

    /// Lets it into the shop, or says why the shop is closed.
    pub fn enter(&self) -> Result<Request<'a>, Problem> {
        let Self { shop, head, body, visitor, budget } = *self;
        Ok(Request { app: shop.app()?, head, body, visitor, budget })
    }
}

/// A request to the open shop: everything a handler may use.
pub(crate) struct Request<'a> {
    pub app: &'a Arc<App>,
    pub head: &'a Head,
    pub body: &'a [u8],
    pub visitor: Visitor<'a>,
    /// Memory for what is read to be answered.
    pub budget: &'a Budget,
}

/// Characters of an `Idempotency-Key`.
pub(crate) const KEY_CHARS_MAX: usize = 255;
/// U+FEFF, three bytes as UTF-8.
const BYTE_ORDER_MARK: char = '\u{feff}';
/// Steps of a record's history that one answer tells.
pub(crate) const HISTORY_STEPS_MAX: usize = 1_000;

fn optional_json<'a>(head: &Head, body: &'a [u8]) -> Result<Option<&'a str>, Problem> {
    if body.is_empty() {
        return Ok(None);
    }
    let content_type = head.header("Content-Type").unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/json") {
        return Err(Problem::new(415, "Send the body as JSON, with Content-Type: application/json"));
    }
    let mut codings = head.headers().filter(|(name, _)| name.eq_ignore_ascii_case("Content-Encoding"));
    if codings.any(|(_, value)| !is_identity(value)) {
        let problem =
            Problem::new(415, "Send the body as it is: no Content-Encoding, such as gzip, is understood here");
        return Err(problem.with_header("Accept-Encoding", "identity"));
    }
    let text = std::str::from_utf8(body).map_err(|_| Problem::new(400, "The request body is not UTF-8 text"))?;
    // RFC 8259 §8.1: a byte order mark may be ignored. Some programs write one in front of all that they write.
    Ok(Some(text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text)))
}

/// Whether a list of content codings says that there is none (RFC 9110 §8.4).
fn is_identity(codings: &str) -> bool {
    codings.split(',').map(str::trim).all(|coding| coding.is_empty() || coding.eq_ignore_ascii_case("identity"))
}

impl Request<'_> {
    /// The body as text of a JSON document. An error if there must be one and there is none, or it is something else.
    pub fn json(&self) -> Result<&str, Problem> {
        if self.body.is_empty() {
            return Err(match self.head.framing {
                Framing::None => Problem::new(411, "This request needs a body; send it with its Content-Length"),
                Framing::Length(_) | Framing::Chunked => Problem::new(400, "The request body is empty"),
            });
        }
        self.optional_json().map(Option::unwrap_or_default)
    }

    /// The same where the body may be left away.
    pub fn optional_json(&self) -> Result<Option<&str>, Problem> {
        optional_json(self.head, self.body)
    }

    /// A parameter of the query, decoded; the first one if it is repeated.
    pub fn query(&self, name: &str) -> Result<Option<String>, Problem> {
        query(self.head, name)
    }

    /// Carries out a command and answers with what became of it.
    pub fn submit(&self, command: Command, is_repeated_by_old_clients: bool) -> Result<Reply, Problem> {
        self.submit_made(command, MadeAt::Unsaid, is_repeated_by_old_clients)
    }

    /// The same for a command that makes a record and may have waited on its device.
    pub fn submit_made(
        &self,
        command: Command,
        made_at: MadeAt,
        is_repeated_by_old_clients: bool,
    ) -> Result<Reply, Problem> {
        let repeat = self.repeat(is_repeated_by_old_clients)?;
        let is_new = matches!(command, Command::CreateEstimate(_) | Command::CreateSale(_));
        let expected_revs = if is_new { None } else { self.expected_revs()? };
        let submission = Submission { command, made_at, repeat, expected_revs, render: receipt::answer };
        if !is_new {
            return Ok(self.app.submit(submission)?.into());
        }
        Ok(match self.app.begin(submission)? {
            Progress::Done(answer) => answer.into(),
            Progress::Pending(pending) => Reply::later(pending),
        })
    }

    /// Answers with a stored record.
    pub fn record(&self, key: RecordKey, not_found: &str) -> Result<Reply, Problem> {
        match self.app.snapshot()?.record(key)? {
            Some((rev, _)) if self.has_already(rev) => {
                Ok(Answer { status: 304, rev: Some(rev), body: Vec::new() }.into())
            }
            Some((rev, body)) => Ok(Answer { status: 200, rev: Some(rev), body }.into()),
            None => Err(Problem::new(404, not_found)),
        }
    }

    /// Answers with what was done to a record, the newest first.
    pub fn history(&self, key: RecordKey, not_found: &str) -> Result<Reply, Problem> {
        let steps =
            self.app.snapshot()?.history(key, HISTORY_STEPS_MAX)?.ok_or_else(|| Problem::new(404, not_found))?;
        let mut body = vec![b'['];
        for step in steps {
            if body.len() > 1 {
                body.push(b',');
            }
            let mut object = Object::open(&mut body);
            object
                .integer("seq", step.seq)
                .integer("rev", u64::from(step.rev))
                .plain("action", step.action.name())
                .plain("at", &step.at.to_rfc3339())
                .text_if("by", step.by.as_deref())
                .plain_if("origin", step.origin.map(|origin| origin.to_string()).as_deref());
            object.close();
        }
        body.push(b']');
        Ok(Reply::json(200, body))
    }

    /// The revisions one of which the caller expects the record to have: from `If-Match` (RFC 9110 §13.1.1), else
    /// `rev` in the body.
    fn expected_revs(&self) -> Result<Option<Vec<u32>>, Problem> {
        // A body that cannot be read is told so, whichever of the two counts.
        let named_by_body = input::expected_rev(self)?;
        match self.head.header("If-Match").map(str::trim) {
            Some("*") => Ok(None),
            Some(tags) => {
                let revs: Option<Vec<u32>> = tags.split(',').map(|tag| tag_rev(tag.trim())).collect();
                let malformed = || Problem::new(400, "If-Match must be the ETag of a record, such as \"3\"");
                revs.ok_or_else(malformed).map(Some)
            }
            None => Ok(named_by_body.map(|rev| vec![rev])),
        }
    }

    /// Whether the client has this revision of a record (RFC 9110 §13.1.2, weak comparison).
    fn has_already(&self, rev: u32) -> bool {
        self.head.header("If-None-Match").is_some_and(|tags| {
            tags.split(',')
                .map(str::trim)
                .any(|tag| tag == "*" || tag_rev(tag.strip_prefix("W/").unwrap_or(tag)) == Some(rev))
        })
    }

    /// The repetition rule of a command: by its key if it has one, else by its content where old clients repeat.
    fn repeat(&self, is_repeated_by_old_clients: bool) -> Result<Option<Repeat>, Problem> {
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
                Ok(Some(Repeat::by_key(key, &[method, target, condition], self.body)))
            }
            None if is_repeated_by_old_clients => Ok(Some(Repeat::by_content(&[method, target], self.body))),
            None => Ok(None),
        }
    }
}

/// The revision in an `ETag`.
fn tag_rev(tag: &str) -> Option<u32> {
    tag.strip_prefix('"')?.strip_suffix('"')?.parse().ok()
}

/// A parameter of a request's query, decoded; the first one if it is repeated.
pub(crate) fn query(head: &Head, name: &str) -> Result<Option<String>, Problem> {
    let Some((_, query)) = head.target().split_once('?') else { return Ok(None) };
    for pair in query.split('&') {
        let (own, value) = pair.split_once('=').unwrap_or((pair, ""));
        if percent_decode(own, true)? == name {
            return percent_decode(value, true).map(|value| Some(value.into_owned()));
        }
    }
    Ok(None)
}

/// Decodes `%XX`, and `+` as a space where the text is a query.
pub(crate) fn percent_decode(text: &str, is_query: bool) -> Result<Cow<'_, str>, Problem> {
    let has_spaces = is_query && text.contains('+');
    if !has_spaces && !text.contains('%') {
        return Ok(Cow::Borrowed(text));
    }
    let malformed = || Problem::new(400, "The address is not percent-encoded UTF-8");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digit = |digit: Option<u8>| digit.and_then(|digit| char::from(digit).to_digit(16));
                let (high, low) =
                    (digit(rest.next()).ok_or_else(malformed)?, digit(rest.next()).ok_or_else(malformed)?);
                u8::try_from(high * 16 + low).map_err(|_| malformed())?
            }
            b'+' if is_query => b' ',
            byte => byte,
        });
    }
    String::from_utf8(bytes).map(Cow::Owned).map_err(|_| malformed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_decoded_once_and_strictly() {
        assert_eq!(percent_decode("%23001", false).unwrap(), "#001");
        assert_eq!(percent_decode("a+b", false).unwrap(), "a+b");
        assert_eq!(percent_decode("a+b%2B", true).unwrap(), "a b+");
        assert_eq!(percent_decode("%2523", false).unwrap(), "%23");
        for broken in ["%", "%2", "%zz", "%+1", "%ff"] {
            assert_eq!(percent_decode(broken, false).map_err(|problem| problem.status), Err(400), "{broken}");
        }
    }
}
