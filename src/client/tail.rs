//! `tail`: follows the changes over `/sync` and prints one JSON line each, without a gap over lost connections and, with
//! a state file, over its own restarts.

use std::fs::{self, File};
use std::io::{self, ErrorKind, StdoutLock, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tungstenite::client::IntoClientRequest;
use tungstenite::http::header::{AUTHORIZATION, SEC_WEBSOCKET_EXTENSIONS};
use tungstenite::http::{HeaderValue, Uri};
use tungstenite::{HandshakeError, Message, WebSocket};

use super::base_url::base_url;
use super::credentials::Credentials;
use super::feed_wire::{FeedWire, OFFER};
use super::not_admitted::NotAdmitted;
use super::token::Token;
use crate::platform::{self, Awake, is_timeout};

/// Waiting times between attempts to connect.
const RETRY_FIRST: Duration = Duration::from_millis(500);
const RETRY_MAX: Duration = Duration::from_secs(20);
/// The server pings every 20 s; after this silence the connection is given up.
const SILENCE_MAX: Duration = Duration::from_secs(45);

/// How often a quiet tail looks whether anybody is there. A socket that a time-out spoils is looked after once: then it is
/// given up.
const LOOK_AROUND: Duration = if platform::SURVIVES_READ_TIMEOUT { Duration::from_secs(1) } else { SILENCE_MAX };

/// How far the output has come. Kept in the state file as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Position {
    epoch: String,
    seq: u64,
}

/// What is read of a frame; all else is passed on as it is.
#[derive(Deserialize)]
struct Frame<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(borrow)]
    action: &'a str,
    seq: u64,
    epoch: Option<&'a str>,
    resume: Option<&'a str>,
}

/// Why connecting or printing ended.
enum End {
    /// The connection is lost; connect again.
    Lost(String),
    /// The server does not let us in; asking again would not help, unless there is another token.
    Refused(NotAdmitted),
    /// Whoever reads our output has left.
    OutputClosed,
    /// The state file cannot be written: going on would print lines twice after the next start.
    StateLost(String),
}

/// What to print, and where from.
#[derive(Debug, Clone)]
pub struct TailPlan<'a> {
    /// The server.
    pub url: &'a str,
    /// Begin after this sequence.
    pub since: Option<u64>,
    /// The file that says how far the output has come.
    pub state: Option<&'a Path>,
    /// Ask for compressed frames.
    pub is_deflated: bool,
    /// Who asks.
    pub credentials: Credentials,
}

/// Prints changes until its output is closed or it is not let in: from `since`, or from where the state file ends, or from
/// now on.
pub fn tail(plan: TailPlan<'_>) -> Result<(), String> {
    let TailPlan { url, since, state, is_deflated, credentials } = plan;
    let base = base_url(url)?;
    let state = state.map(real_path).transpose()?;
    let mut clock = Awake::start();
    let mut tail = Tail {
        since,
        position: read_state(state.as_deref(), since)?,
        state,
        last_heard: clock.now(),
        clock,
        output: std::io::stdout().lock(),
        is_deflated,
        credentials,
        used: None,
        refused: None,
    };
    let mut wait = RETRY_FIRST;
    loop {
        let end = match tail.connect(base) {
            Ok(socket) => {
                log::info!("Following {base}");
                wait = RETRY_FIRST;
                tail.print_changes(socket)
            }
            Err(end) => end,
        };
        let why = match end {
            End::OutputClosed => return Ok(()),
            End::StateLost(why) => return Err(why),
            End::Refused(not_admitted) if tail.has_spent_token() => return Err(not_admitted.sentence(base)),
            End::Refused(_) => "it does not let this machine in just now".to_string(),
            End::Lost(why) => why,
        };
        log::warn!("{base} is not reachable ({why}); trying again in {:.1} s", wait.as_secs_f32());
        std::thread::sleep(wait);
        wait = (wait * 2).min(RETRY_MAX);
    }
}

struct Tail {
    since: Option<u64>,
    position: Option<Position>,
    state: Option<PathBuf>,
    /// When the server was heard last, on `clock`.
    last_heard: Instant,
    /// Looked at every [`LOOK_AROUND`]. A tail that was stopped, or slept with its machine, does not take its own absence for
    /// the server's.
    clock: Awake,
    output: StdoutLock<'static>,
    is_deflated: bool,
    credentials: Credentials,
    /// The token of the last attempt.
    used: Option<Token>,
    /// One that was refused.
    refused: Option<Token>,
}

impl Tail {
    fn connect(&mut self, base: &str) -> Result<WebSocket<FeedWire>, End> {
        let server = base.strip_prefix("http").unwrap_or_default();
        self.used = self.credentials.token_for(base);
        let position = match (&self.position, self.since) {
            (Some(Position { epoch, seq }), _) => format!("since={seq}&epoch={epoch}"),
            (None, Some(since)) => format!("since={since}&epoch={}", current_epoch(base, self.used.as_ref())?),
            (None, None) => String::new(),
        };
        let form = if self.is_deflated { "&deflate=1" } else { "" };
        let address = format!("ws{server}/sync?{position}{form}");
        let socket = open_feed(&address, self.used.as_ref(), self.is_deflated)?;
        // Without a time-out neither a server that vanished nor a reader that left would ever be missed.
        let stream = socket.get_ref().stream();
        stream.set_read_timeout(Some(LOOK_AROUND)).map_err(|error| End::Lost(error.to_string()))?;
        self.last_heard = self.clock.now();
        Ok(socket)
    }

    /// Whether a refusal of the token that was used is the last word. A token that a person gave is the same one the next
    /// time; that of this machine's server is made anew when it starts, so each gets a second chance.
    fn has_spent_token(&mut self) -> bool {
        if self.credentials.is_given() || self.used.is_none() || self.refused == self.used {
            return true;
        }
        self.refused = self.used.take();
        false
    }

    fn print_changes(&mut self, mut socket: WebSocket<FeedWire>) -> End {
        loop {
            let read = socket.read();
            let now = self.clock.now();
            if read.is_ok() {
                self.last_heard = now;
            }
            let read = match read.map(|message| socket.get_mut().inflated(message)) {
                Ok(Ok(message)) => Ok(message),
                Ok(Err(why)) => return End::Lost(why),
                Err(error) => Err(error),
            };
            let ended = match read {
                Ok(Message::Text(text)) => self.take(text.as_str()),
                Ok(Message::Close(frame)) => {
                    let refused =
                        frame.and_then(|frame| NotAdmitted::of_close(frame.code.into(), frame.reason.as_str()));
                    let lost = || End::Lost("the server closed the connection".into());
                    Some(refused.map_or_else(lost, End::Refused))
                }
                Ok(_) => None,
                Err(tungstenite::Error::Io(error)) if is_timeout(&error) => self.look_around(now),
                // A signal, such as that to go on after a stop, says nothing about the connection.
                Err(tungstenite::Error::Io(error)) if error.kind() == ErrorKind::Interrupted => None,
                Err(error) => Some(End::Lost(error.to_string())),
            };
            if let Some(end) = ended {
                return end;
            }
        }
    }

    /// Nothing came for a while: is anybody still reading, and is the server still there?
    fn look_around(&self, now: Instant) -> Option<End> {
        if platform::is_output_closed() {
            return Some(End::OutputClosed);
        }
        let is_silent = now.saturating_duration_since(self.last_heard) > SILENCE_MAX;
        (is_silent || !platform::SURVIVES_READ_TIMEOUT).then(|| End::Lost("it is silent".into()))
    }

    /// Prints a change, and notes how far it has come only after it is printed.
    fn take(&mut self, text: &str) -> Option<End> {
        let Ok(frame) = serde_json::from_str::<Frame<'_>>(text) else {
            if is_presence(text) {
                return None;
            }
            return Some(End::Lost(format!("the server sent something else than a change: {}", text.escape_debug())));
        };
        let is_reset = frame.resume == Some("reset");
        if is_reset && frame.action == "view" {
            log::warn!("What this program may see was changed; what was printed may be of no more use");
        } else if is_reset {
            log::error!("The server's database is not the one that was followed; what was printed may not be in it");
        }
        if (frame.kind != "sync" || is_reset)
            && let Err(error) = writeln!(self.output, "{text}").and_then(|()| self.output.flush())
        {
            if error.kind() != ErrorKind::BrokenPipe {
                log::error!("The output cannot be written: {error}");
            }
            return Some(End::OutputClosed);
        }
        self.advance(&frame).err().map(End::StateLost)
    }

    fn advance(&mut self, frame: &Frame<'_>) -> Result<(), String> {
        let position = match (frame.action, &mut self.position) {
            // What was missed is still to come, so only the epoch is new.
            ("hello", Some(position)) if frame.resume == Some("catch_up") => {
                Position { epoch: frame.epoch.unwrap_or_default().to_string(), seq: position.seq }
            }
            ("hello", None) if frame.resume == Some("catch_up") => {
                Position { epoch: frame.epoch.unwrap_or_default().to_string(), seq: self.since.unwrap_or_default() }
            }
            ("hello" | "view", _) => Position { epoch: frame.epoch.unwrap_or_default().to_string(), seq: frame.seq },
            (_, Some(position)) => Position { epoch: std::mem::take(&mut position.epoch), seq: frame.seq },
            (_, None) => return Ok(()),
        };
        if let Some(state) = &self.state {
            write_state(state, &position)?;
        }
        self.position = Some(position);
        Ok(())
    }
}

/// Whether it says who is where, which is no change and has no place in the order.
fn is_presence(text: &str) -> bool {
    #[derive(Deserialize)]
    struct FrameType<'a> {
        r#type: &'a str,
    }
    serde_json::from_str::<FrameType<'_>>(text).is_ok_and(|frame| frame.r#type == "presence")
}

/// Connects to a live feed. It follows no redirection: the token is for this server.
fn open_feed(address: &str, token: Option<&Token>, is_deflated: bool) -> Result<WebSocket<FeedWire>, End> {
    let lost = |error: &dyn std::fmt::Display| End::Lost(error.to_string());
    let mut request = address.into_client_request().map_err(|error| lost(&error))?;
    if let Some(token) = token {
        let mut value = HeaderValue::try_from(token.authorization()).map_err(|error| lost(&error))?;
        value.set_sensitive(true);
        request.headers_mut().insert(AUTHORIZATION, value);
    }
    if is_deflated {
        request.headers_mut().insert(SEC_WEBSOCKET_EXTENSIONS, HeaderValue::from_static(OFFER));
    }
    let stream = connect_to(request.uri()).map_err(|error| lost(&error))?;
    match tungstenite::client(request, FeedWire::new(stream, is_deflated)) {
        Ok((socket, _)) => Ok(socket),
        Err(HandshakeError::Failure(tungstenite::Error::Http(answer))) => {
            let body = answer.body().as_deref().unwrap_or_default();
            let refused = NotAdmitted::of_status(answer.status().as_u16(), body);
            Err(refused.map_or_else(|| End::Lost(format!("it answers {}", answer.status())), End::Refused))
        }
        Err(HandshakeError::Failure(error)) => Err(lost(&error)),
        Err(error) => Err(lost(&error)),
    }
}

fn connect_to(address: &Uri) -> io::Result<TcpStream> {
    let host = address.host().unwrap_or_default().trim_matches(['[', ']']);
    let stream = TcpStream::connect((host, address.port_u16().unwrap_or(80)))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// The epoch of the running server, for a sequence that a person typed.
fn current_epoch(base: &str, token: Option<&Token>) -> Result<String, End> {
    #[derive(Deserialize)]
    struct ServerHealth {
        epoch: String,
    }
    let lost = |error: &dyn std::fmt::Display| End::Lost(error.to_string());
    let mut request = ureq::get(format!("{base}/health")).config().http_status_as_error(false).max_redirects(0).build();
    if let Some(token) = token {
        request = request.header(AUTHORIZATION, token.authorization());
    }
    let mut answer = request.call().map_err(|error| lost(&error))?;
    let text = answer.body_mut().read_to_string().map_err(|error| lost(&error))?;
    if let Some(refused) = NotAdmitted::of_status(answer.status().as_u16(), text.as_bytes()) {
        return Err(End::Refused(refused));
    }
    serde_json::from_str::<ServerHealth>(&text).map(|health| health.epoch).map_err(|error| lost(&error))
}

/// Where a state file really is: what replaces it must not replace a link to it, and a link that leads nowhere is no missing
/// file, since beginning anew there would miss what came in between.
fn real_path(path: &Path) -> Result<PathBuf, String> {
    match platform::is_missing(path) {
        Ok(true) => Ok(path.to_path_buf()),
        Ok(false) => fs::canonicalize(path),
        Err(error) => Err(error),
    }
    .map_err(|error| format!("{} cannot be read: {error}.", path.display()))
}

/// How far the output had come. A file that says nothing of it, such as one that is empty, stops nobody who says it with `since`.
fn read_state(state: Option<&Path>, since: Option<u64>) -> Result<Option<Position>, String> {
    let Some(path) = state else { return Ok(None) };
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("{} cannot be read: {error}.", path.display())),
    };
    match serde_json::from_slice(&text) {
        Ok(position) => Ok(Some(position)),
        Err(_) if since.is_some() => Ok(None),
        Err(error) => Err(format!(
            "{} does not say how far the output had come ({error}). Say it with --since and the seq of the last line, or \
             remove the file to begin now.",
            path.display()
        )),
    }
}

/// Replaces the file as a whole and durably: after a power cut it is the old one or the new one, never half of it.
fn write_state(path: &Path, position: &Position) -> Result<(), String> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".new");
    let text = serde_json::to_string(position).map_err(|error| error.to_string())?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::create(&temporary)
        .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&temporary, path))
        .and_then(|()| platform::sync_directory(folder))
        .map_err(|error| format!("{} cannot be written: {error}.", path.display()))
}
