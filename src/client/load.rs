//! `load`: sends a JSON-lines file of estimates, sales and conversions through the public API.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, IsTerminal, Read, Write};
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::base_url::base_url;
use super::credentials::Credentials;
use super::not_admitted::NotAdmitted;
use super::token::Token;

/// A line longer than a request body may be is no line of such a file.
const LINE_BYTES_MAX: u64 = 2 << 20;
const TIMEOUT: Duration = Duration::from_secs(30);
/// Attempts at one line while the server is busy or away.
const ATTEMPTS_MAX: u32 = 5;
const RETRY_WAIT: Duration = Duration::from_millis(500);

/// One line of the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LoadLine {
    #[serde(rename = "type")]
    kind: LineKind,
    /// Names an estimate for later lines.
    #[serde(rename = "ref")]
    name: Option<String>,
    /// The name of the estimate that is converted.
    estimate: Option<String>,
    /// The request body; a conversion may leave it away.
    data: Option<Box<RawValue>>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum LineKind {
    Estimate,
    Sale,
    Convert,
}

#[derive(Default)]
struct Summary {
    estimates: u64,
    sales: u64,
    conversions: u64,
}

/// Sends every line of `file` in order. It stops at the first line that cannot be sent; sending the same file again goes
/// on where it stopped, since each line has a key of its own.
pub fn load(file: &Path, url: &str, credentials: Credentials) -> Result<(), String> {
    let base = base_url(url)?;
    let name = file.display();
    let reader: Box<dyn Read> = if file.as_os_str() == "-" {
        Box::new(std::io::stdin())
    } else {
        Box::new(File::open(file).map_err(|error| format!("{name} cannot be read: {error}."))?)
    };
    let mut loader = Loader::new(base, credentials);
    let mut reader = BufReader::new(reader);
    let progress = LoadProgress::new();
    for number in 1_u64.. {
        let in_line = |why: String| format!("{name}, line {number}: {why}");
        let Some(line) = read_line(&mut reader).map_err(in_line)? else { break };
        // Some programs write a byte order mark in front of all that they write.
        let line = if number == 1 { line.strip_prefix('\u{feff}').unwrap_or(&line) } else { &line };
        if !line.trim().is_empty() {
            loader.send(line.trim()).map_err(in_line)?;
        }
        progress.show(number);
    }
    progress.finish();
    let Summary { estimates, sales, conversions } = loader.summary;
    let _ = writeln!(
        std::io::stdout(),
        "{estimates} estimates, {sales} sales and {conversions} conversions are stored on {base}"
    );
    Ok(())
}

/// Reads the next line; `None` at the end of the file.
fn read_line(reader: &mut impl BufRead) -> Result<Option<String>, String> {
    let mut line = Vec::new();
    let length = reader
        .take(LINE_BYTES_MAX)
        .read_until(b'\n', &mut line)
        .map_err(|error| format!("it cannot be read: {error}."))?;
    if length as u64 == LINE_BYTES_MAX && !line.ends_with(b"\n") {
        return Err(format!("it is longer than {} MiB.", LINE_BYTES_MAX >> 20));
    }
    let text = String::from_utf8(line).map_err(|_| "it is not UTF-8 text.".to_string())?;
    Ok(Some(text).filter(|_| length > 0))
}

struct Loader<'a> {
    base: &'a str,
    agent: ureq::Agent,
    credentials: Credentials,
    token: Option<Token>,
    /// Ids of the estimates that lines have named.
    estimates: HashMap<String, String>,
    /// Over all lines so far: the same line at the same place of the same file has the same key.
    history: Sha256,
    summary: Summary,
}

impl<'a> Loader<'a> {
    fn new(base: &'a str, credentials: Credentials) -> Self {
        // The token is for this server, so no redirection is followed.
        let agent = ureq::Agent::config_builder().timeout_global(Some(TIMEOUT)).max_redirects(0);
        let token = credentials.token_for(base);
        Self {
            base,
            agent: agent.http_status_as_error(false).build().into(),
            credentials,
            token,
            estimates: HashMap::new(),
            history: Sha256::new(),
            summary: Summary::default(),
        }
    }

    fn send(&mut self, line: &str) -> Result<(), String> {
        self.history.update(line.as_bytes());
        self.history.update(b"\n");
        let parsed: LoadLine =
            serde_json::from_str(line).map_err(|error| format!("this is not a line to load: {error}."))?;
        let data = parsed.data.as_ref().map(|data| data.get());
        match parsed.kind {
            LineKind::Estimate => {
                let answer = self.post("/api/estimates/create", data.ok_or("an estimate needs its data.")?)?;
                if let Some(name) = parsed.name {
                    let id =
                        answer.get("estimate_id").and_then(Value::as_str).ok_or("the answer has no estimate_id.")?;
                    self.estimates.insert(name, id.to_string());
                }
                self.summary.estimates += 1;
            }
            LineKind::Sale => {
                self.post("/api/orders/create-sale", data.ok_or("a sale needs its data.")?)?;
                self.summary.sales += 1;
            }
            LineKind::Convert => {
                let name = parsed.estimate.ok_or("a conversion names its estimate.")?;
                let id = self.estimates.get(&name).ok_or_else(|| format!("no earlier line has the ref {name:?}."))?;
                self.post(&format!("/api/estimates/{id}/convert-to-order"), data.unwrap_or("{}"))?;
                self.summary.conversions += 1;
            }
        }
        Ok(())
    }

    /// Sends a command until it is answered; the key makes sure that it is carried out once.
    fn post(&mut self, path: &str, body: &str) -> Result<Value, String> {
        let digest = self.history.clone().finalize();
        let key: String = digest.iter().take(16).fold(String::from("load-"), |key, byte| format!("{key}{byte:02x}"));
        let mut attempt = 1;
        loop {
            let result = self.post_once(path, body, &key);
            match result {
                Ok((status, answer)) if status < 400 => return Ok(answer),
                // A server that has started anew meanwhile has another token of its own.
                Ok((401, _)) if attempt < ATTEMPTS_MAX && self.renews_token() => {}
                Ok((status @ (401 | 403), answer)) => return Err(self.not_admitted(status, &answer)),
                Ok((status, answer)) if attempt == ATTEMPTS_MAX || !matches!(status, 409 | 503) => {
                    let detail = answer.get("detail").and_then(Value::as_str).unwrap_or("without a reason");
                    return Err(format!("the server refused it ({status}): {detail}."));
                }
                Err(why) if attempt == ATTEMPTS_MAX => return Err(format!("{} does not answer: {why}.", self.base)),
                _ => {}
            }
            std::thread::sleep(RETRY_WAIT * attempt);
            attempt += 1;
        }
    }

    /// Looks for another token; true if there is one.
    fn renews_token(&mut self) -> bool {
        let before = std::mem::replace(&mut self.token, self.credentials.token_for(self.base));
        self.token != before
    }

    fn not_admitted(&self, status: u16, answer: &Value) -> String {
        let refused = NotAdmitted::of_status(status, answer.to_string().as_bytes());
        refused.map_or_else(String::new, |refused| refused.sentence(self.base))
    }

    fn post_once(&self, path: &str, body: &str, key: &str) -> Result<(u16, Value), ureq::Error> {
        let mut request = self
            .agent
            .post(format!("{}{path}", self.base))
            .header("Content-Type", "application/json")
            .header("Idempotency-Key", key);
        if let Some(token) = &self.token {
            request = request.header("Authorization", token.authorization());
        }
        let mut response = request.send(body)?;
        let status = response.status().as_u16();
        let text = response.body_mut().read_to_string()?;
        Ok((status, serde_json::from_str(&text).unwrap_or_default()))
    }
}

/// A line that counts up, on a terminal only.
struct LoadProgress {
    is_shown: bool,
}

impl LoadProgress {
    fn new() -> Self {
        Self { is_shown: std::io::stderr().is_terminal() }
    }

    fn show(&self, lines: u64) {
        if self.is_shown {
            let _ = write!(std::io::stderr(), "\r{lines} lines");
        }
    }

    fn finish(&self) {
        if self.is_shown {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}
