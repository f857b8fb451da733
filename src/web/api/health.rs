//! Health: how the server is, in words that an owner understands.

use std::sync::atomic::Ordering;

use serde::Serialize;

use super::request::{Request, Visit};
use crate::app::{App, Failure, Lifecycle, Unavailable, Warning};
use crate::domain::{Asker, Permission, Timestamp};
use crate::json;
use crate::web::http::{Problem, Response};

pub(crate) fn api_root(_: &Request<'_>) -> Response {
    print(&MessageBody { message: "POS API is running" })
}

/// One sentence for whoever looks.
#[derive(Serialize)]
pub(crate) struct MessageBody<'a> {
    pub message: &'a str,
}

/// Something about people was done.
#[derive(Serialize)]
pub(crate) struct Done<'a> {
    success: bool,
    message: &'a str,
}

impl<'a> Done<'a> {
    pub fn new(message: &'a str) -> Self {
        Self { success: true, message }
    }
}

/// What every state of the server says of itself. Fields are only ever added.
#[derive(Serialize)]
struct HealthBody<'a, More> {
    status: &'a str,
    timestamp: String,
    service: &'a str,
    version: &'a str,
    uptime_seconds: u64,
    warnings: Vec<WarningBody>,
    #[serde(flatten)]
    more: More,
}

/// Something that the owner should know.
#[derive(Serialize)]
struct WarningBody {
    code: &'static str,
    message: String,
}

#[derive(Serialize)]
struct Healthy<'a> {
    connected_clients: usize,
    seq: u64,
    epoch: String,
    currency: &'a str,
    counters: Counters,
}

/// The same for whoever is not let in: nothing tells him how much happens in the shop.
#[derive(Serialize)]
struct HealthyOutside<'a> {
    currency: &'a str,
}

#[derive(Serialize)]
struct Opening<'a> {
    message: &'a str,
    percent: u8,
}

#[derive(Serialize)]
struct Failed {
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
}

#[derive(Serialize)]
struct Counters {
    changes: u64,
    frames: u64,
    frame_bytes: u64,
    batches: u64,
    fell_behind: u64,
    closed_slow: u64,
    catch_ups: u64,
    resets: u64,
    fsyncs: u64,
    commit_failures: u64,
    /// Commands of all commits; divided by `fsyncs`, the mean batch.
    commit_commands: u64,
    /// Time of all commits.
    commit_micros: u64,
    /// Bytes of the journal's half that are taken.
    journal_bytes: u64,
    checkpoints: u64,
    checkpoint_micros: u64,
    /// Commits taken from the journal when it was opened.
    journal_replayed: u64,
}

impl Counters {
    fn of(app: &App) -> Self {
        let (feed, commits, journal) = (app.feed().counts(), app.commit_counts(), app.journal_counts());
        Self {
            changes: feed.changes.get(),
            frames: feed.frames.get(),
            frame_bytes: feed.bytes.get(),
            batches: feed.batches.get(),
            fell_behind: feed.fell_behind.get(),
            closed_slow: feed.closed_slow.get(),
            catch_ups: feed.catch_ups.get(),
            resets: feed.resets.get(),
            fsyncs: commits.seconds.count(),
            commit_failures: commits.failures.get(),
            commit_commands: commits.commands.sum(),
            commit_micros: commits.seconds.sum(),
            journal_bytes: journal.bytes.load(Ordering::Relaxed),
            checkpoints: journal.checkpoint_seconds.count(),
            checkpoint_micros: journal.checkpoint_seconds.sum(),
            journal_replayed: journal.replayed.get(),
        }
    }
}

/// `GET /health`: 200 while the shop is open and its file can be read, else 503 with what is wrong.
pub(crate) fn health(visit: &Visit<'_>) -> Response {
    let lifecycle = visit.lifecycle;
    match lifecycle.app() {
        Ok(app) => health_of_open(lifecycle, app, app.asker(visit.presented)),
        Err(closed) => {
            let detail = Problem::from(closed.clone()).detail;
            match closed {
                Unavailable::Opening { percent } => {
                    answer_health(lifecycle, 503, "opening", Opening { message: &detail, percent })
                }
                Unavailable::Failed(failure) => {
                    let Failure { sentence, remedy, file } = failure;
                    let file = Some(file.display().to_string());
                    answer_health(lifecycle, 503, "failed", Failed { message: sentence, remedy: Some(remedy), file })
                }
                Unavailable::Refused(sentence) => answer_failed(lifecycle, sentence),
            }
        }
    }
}

fn health_of_open(lifecycle: &Lifecycle, app: &App, asker: Asker) -> Response {
    let currency = app.currency();
    // Whether the file can be read is nobody's secret.
    let read = app.read(Asker::Machine).and_then(|reading| Ok(reading.seq()?));
    let seq = match read {
        Ok(seq) => seq,
        Err(error) => return answer_failed(lifecycle, Problem::from(error).detail),
    };
    let inside = app.permission(asker).filter(Permission::is_member).and_then(|_| app.read(asker).ok());
    let Some(reading) = inside else {
        return answer_health(lifecycle, 200, "healthy", HealthyOutside { currency: currency.code() });
    };
    let healthy = Healthy {
        connected_clients: app.feed().counts().clients.load(Ordering::Relaxed),
        seq,
        epoch: app.epoch(&reading),
        currency: currency.code(),
        counters: Counters::of(app),
    };
    answer_health(lifecycle, 200, "healthy", healthy)
}

fn answer_failed(lifecycle: &Lifecycle, message: String) -> Response {
    answer_health(lifecycle, 503, "failed", Failed { message, remedy: None, file: None })
}

fn answer_health(lifecycle: &Lifecycle, status_code: u16, status: &str, more: impl Serialize) -> Response {
    let warnings = lifecycle.app().map(|app| app.warnings()).unwrap_or_default();
    let health = HealthBody {
        status,
        timestamp: lifecycle.clock().now().to_rfc3339(),
        service: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        uptime_seconds: lifecycle.clock().uptime_seconds(),
        warnings: warnings.into_iter().map(|Warning { code, message }| WarningBody { code, message }).collect(),
        more,
    };
    let mut response = Response::json(status_code, json::to_vec(&health));
    if status_code == 503 {
        response.add_header("Retry-After", "2");
    }
    response
}

pub(crate) fn websocket_status(request: &Request<'_>) -> Response {
    // Whoever is not let in is answered in the same form, and learns nothing.
    let is_inside = request.permission.is_member();
    let connected = if is_inside { request.app.feed().counts().clients.load(Ordering::Relaxed) } else { 0 };
    print(&WebSocketStatus { connected_clients: connected, status: "active" })
}

/// `GET /debug/time`: the server's clock, for whoever wonders about times. In UTC, as the shop has it, and as India does.
pub(crate) fn time(visit: &Visit<'_>) -> Response {
    const INDIA_SECONDS: i32 = (5 * 60 + 30) * 60;
    let now = visit.lifecycle.clock().now();
    let at = |offset_seconds| Timestamp { offset_seconds, ..now }.to_rfc3339();
    print(&TimeJson { utc: at(0), local: now.to_rfc3339(), india: at(INDIA_SECONDS) })
}

#[derive(Serialize)]
struct TimeJson {
    #[serde(rename = "utc_now")]
    utc: String,
    #[serde(rename = "local_now")]
    local: String,
    #[serde(rename = "ist_now")]
    india: String,
}

#[derive(Serialize)]
struct WebSocketStatus {
    connected_clients: usize,
    status: &'static str,
}

fn print(body: &impl Serialize) -> Response {
    Response::json(200, json::to_vec(body))
}
