//! The HTTP calls of the commands about people, to a server of this machine, with the token that it has left there.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use ureq::http::Request;

use crate::client::local_server::LocalServer;
use crate::client::token::Token;

/// Longer than a hash of a PIN with all its waiting places takes.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(60);
/// For a server that is opening its shop.
const OPENING_TIME_MAX: Duration = Duration::from_secs(120);
const OPENING_LOOK_EVERY: Duration = Duration::from_millis(500);
/// For an address of this machine to say whether it serves the shop.
const LOOK_TIME_MAX: Duration = Duration::from_secs(2);

/// A shop that answers.
pub struct ShopClient {
    base: String,
    token: Token,
    agent: ureq::Agent,
    /// Where browsers open the shop, the best address first, each like `http://192.168.1.10:8000`.
    pub addresses: Vec<String>,
    /// Whether it goes on when the command ends.
    pub is_serving: bool,
}

/// Why a call has no answer that could be used.
#[derive(Debug)]
pub(crate) enum CallError {
    /// Nobody answers; nothing may have been done.
    Silent(String),
    /// It was refused, for this reason; nothing was done.
    Refused { status: u16, sentence: String },
}

impl ShopClient {
    /// Looks whether a server answers where it said it would; nothing if none does, or one that does not know the token.
    pub fn reach(local: &LocalServer) -> Result<Option<Self>, String> {
        let client = Self {
            base: local.base.clone(),
            token: local.token.clone(),
            agent: agent(ANSWER_TIME_MAX),
            addresses: vec![local.base.clone()],
            is_serving: true,
        };
        let deadline = Instant::now() + OPENING_TIME_MAX;
        loop {
            match client.get("/api/me") {
                Ok(me) if knows_us(&me) => return Ok(Some(client)),
                Err(CallError::Refused { status: 503, .. }) if client.is_opening() && Instant::now() < deadline => {
                    thread::sleep(OPENING_LOOK_EVERY);
                }
                Err(CallError::Refused { status: 503, sentence }) => return Err(sentence),
                // Another program has the port now, or the server of another shop.
                Ok(_) | Err(_) => return Ok(None),
            }
        }
    }

    fn is_opening(&self) -> bool {
        let request = self.agent.get(format!("{}/health", self.base)).call();
        let text = request.ok().and_then(|mut answer| answer.body_mut().read_to_string().ok()).unwrap_or_default();
        let health = serde_json::from_str::<Value>(&text).unwrap_or_default();
        health.get("status").and_then(Value::as_str) == Some("opening")
    }

    pub(crate) fn get(&self, path: &str) -> Result<Value, CallError> {
        self.call("GET", path, None)
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Result<Value, CallError> {
        self.call("POST", path, Some(body))
    }

    pub(crate) fn delete(&self, path: &str) -> Result<Value, CallError> {
        self.call("DELETE", path, None)
    }

    /// A list, as the server gives it.
    pub(crate) fn list(&self, path: &str) -> Result<Vec<Value>, CallError> {
        match self.get(path)? {
            Value::Array(items) => Ok(items),
            _ => Err(CallError::Silent(format!("{} does not answer like a tillsync server.", self.base))),
        }
    }

    fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value, CallError> {
        let (status, answer) = self
            .exchange(method, path, body)
            .map_err(|error| CallError::Silent(format!("The server at {} does not answer: {error}.", self.base)))?;
        if (200..300).contains(&status) {
            return Ok(answer);
        }
        Err(CallError::Refused { status, sentence: refusal(status, &answer) })
    }

    fn exchange(&self, method: &str, path: &str, body: Option<&Value>) -> Result<(u16, Value), ureq::Error> {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header("Authorization", self.token.authorization());
        let mut answer = match body {
            Some(body) => self.agent.run(request.header("Content-Type", "application/json").body(body.to_string())?)?,
            None => self.agent.run(request.body(())?)?,
        };
        let text = answer.body_mut().read_to_string()?;
        Ok((answer.status().as_u16(), serde_json::from_str(&text).unwrap_or_default()))
    }
}

impl From<CallError> for String {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Silent(sentence) | CallError::Refused { sentence, .. } => sentence,
        }
    }
}

/// Whether an address of this machine serves a shop to whoever comes over it, be it to ask for a login.
pub fn is_let_in_at(address: &str) -> bool {
    let answer = agent(LOOK_TIME_MAX).get(format!("{address}/api/me")).call();
    let text = answer.ok().and_then(|mut answer| answer.body_mut().read_to_string().ok()).unwrap_or_default();
    serde_json::from_str::<Value>(&text).is_ok_and(|me| me.get("has_owner").is_some())
}

/// No proxy, and no redirection: the token is for a server of this machine.
fn agent(time: Duration) -> ureq::Agent {
    let config = ureq::Agent::config_builder().timeout_global(Some(time)).http_status_as_error(false);
    config.proxy(None).max_redirects(0).build().into()
}

/// A server that knows the token lets it do everything; one that does not says 401, or who has no rights.
fn knows_us(me: &Value) -> bool {
    let rights = me.get("rights").and_then(Value::as_array);
    rights.is_some_and(|rights| rights.iter().any(|right| right == "people"))
}

/// What the server says, with the first thing that it finds wrong, unless it has said that already.
fn refusal(status: u16, answer: &Value) -> String {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(|text| text.trim_end_matches('.').to_string());
    let Some(detail) = text(answer.get("detail")) else {
        return format!("The server refuses it with status {status} and says no reason.");
    };
    let fault = answer.get("errors").and_then(|errors| errors.get(0)).and_then(|error| text(error.get("msg")));
    let fault = fault.filter(|fault| !detail.contains(fault.as_str())).map(|fault| format!(": {fault}"));
    format!("{detail}{}.", fault.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_refusal_is_one_sentence_with_what_is_wrong() {
        assert_eq!(refusal(409, &json!({"detail": "The last owner stays."})), "The last owner stays.");
        let errors = json!([{"loc": ["body", "pin"], "msg": "4 to 8 digits", "type": "value_error"}]);
        assert_eq!(
            refusal(422, &json!({"detail": "Check the input", "errors": errors})),
            "Check the input: 4 to 8 digits."
        );
        let errors = json!([{"loc": ["body", "pin"], "msg": "must be 4 to 8 digits", "type": "value_error"}]);
        let doubled = json!({"detail": "pin must be 4 to 8 digits.", "errors": errors});
        assert_eq!(refusal(422, &doubled), "pin must be 4 to 8 digits.");
        assert_eq!(refusal(500, &Value::Null), "The server refuses it with status 500 and says no reason.");
    }

    #[test]
    fn only_a_server_that_knows_the_token_is_ours() {
        assert!(knows_us(&json!({"has_owner": true, "rights": ["sell", "people"]})));
        assert!(!knows_us(&json!({"has_owner": true, "rights": []})));
        assert!(!knows_us(&json!("ok")));
    }
}
