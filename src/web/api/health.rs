//! Answers about the server itself.

use std::sync::atomic::Ordering;

use serde::Serialize;
use serde_json::json;

use super::request::Request;
use crate::app::{App, Closed, Failure, Shop, Warning};
use crate::metrics::Page;
use crate::web::http::{Problem, Reply};

pub(crate) fn api_root() -> Reply {
    print(&json!({"message": "POS API is running"}))
}

/// What every state of the server says of itself. Fields are only ever added.
#[derive(Serialize)]
struct Health<'a, More> {
    status: &'a str,
    timestamp: String,
    service: &'a str,
    version: &'a str,
    uptime_seconds: u64,
    warnings: Vec<Notice>,
    #[serde(flatten)]
    more: More,
}

/// Something that the owner should know.
#[derive(Serialize)]
struct Notice {
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
    closed_slow: u64,
    catch_ups: u64,
    resets: u64,
    fsyncs: u64,
    commit_failures: u64,
    /// Commands of all commits; divided by `fsyncs`, the mean batch.
    commit_commands: u64,
    /// Time of all commits.
    commit_micros: u64,
}

impl Counters {
    fn of(app: &App) -> Self {
        let (feed, commits) = (app.feed().counts(), app.commit_counts());
        Self {
            changes: feed.changes.get(),
            frames: feed.frames.get(),
            frame_bytes: feed.bytes.get(),
            batches: feed.batches.get(),
            closed_slow: feed.closed_slow.get(),
            catch_ups: feed.catch_ups.get(),
            resets: feed.resets.get(),
            fsyncs: commits.seconds.count(),
            commit_failures: commits.failures.get(),
            commit_commands: commits.commands.sum(),
            commit_micros: commits.seconds.sum(),
        }
    }
}

/// `GET /health`: 200 while the shop is open and its file can be read, else 503 with what is wrong.
pub(crate) fn health(shop: &Shop) -> Reply {
    match shop.app() {
        Ok(app) => health_of_open(shop, app),
        Err(closed) => {
            let detail = Problem::from(closed.clone()).detail;
            match closed {
                Closed::Opening { percent } => {
                    answer_health(shop, 503, "opening", Opening { message: &detail, percent })
                }
                Closed::Failed(failure) => {
                    let Failure { sentence, remedy, file } = failure;
                    let file = Some(file.display().to_string());
                    answer_health(shop, 503, "failed", Failed { message: sentence, remedy: Some(remedy), file })
                }
                Closed::Refused(sentence) => answer_failed(shop, sentence),
            }
        }
    }
}

fn health_of_open(shop: &Shop, app: &App) -> Reply {
    let seq = match app.snapshot().and_then(|snapshot| snapshot.seq()) {
        Ok(seq) => seq,
        Err(error) => return answer_failed(shop, Problem::from(error).detail),
    };
    let currency = app.currency();
    let healthy = Healthy {
        connected_clients: app.feed().counts().clients.load(Ordering::Relaxed),
        seq,
        epoch: app.epoch(),
        currency: currency.code(),
        counters: Counters::of(app),
    };
    answer_health(shop, 200, "healthy", healthy)
}

fn answer_failed(shop: &Shop, message: String) -> Reply {
    answer_health(shop, 503, "failed", Failed { message, remedy: None, file: None })
}

fn answer_health(shop: &Shop, status_code: u16, status: &str, more: impl Serialize) -> Reply {
    let warnings = shop.app().map(|app| app.warnings()).unwrap_or_default();
    let health = Health {
        status,
        timestamp: shop.clock().now().to_rfc3339(),
        service: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        uptime_seconds: shop.clock().uptime_seconds(),
        warnings: warnings.into_iter().map(|Warning { code, message }| Notice { code, message }).collect(),
        more,
    };
    let mut reply = Reply::json(status_code, to_json(&health));
    if status_code == 503 {
        reply.add_header("Retry-After", "2");
    }
    reply
}

pub(crate) fn websocket_status(request: &Request<'_>) -> Reply {
    let connected = request.app.feed().counts().clients.load(Ordering::Relaxed);
    print(&json!({"connected_clients": connected, "status": "active"}))
}

fn print(body: &impl Serialize) -> Reply {
    Reply::json(200, to_json(body))
}

fn to_json(body: &impl Serialize) -> Vec<u8> {
    // Texts and numbers always serialise.
    serde_json::to_vec(body).unwrap_or_default()
}

/// `GET /metrics`: every counter, for Prometheus or a curious engineer.
pub(crate) fn metrics(request: &Request<'_>) -> Result<Reply, Problem> {
    let (app, feed) = (request.app, request.app.feed().counts());
    let commits = app.commit_counts();
    let mut page = Page::default();
    page.gauge("tillsync_clients", "WebSocket clients connected now", feed.clients.load(Ordering::Relaxed) as u64);
    page.gauge("tillsync_seq", "Sequence of the last change", app.snapshot()?.seq()?);
    page.counter("tillsync_changes_total", "Changes sent out", feed.changes.get());
    page.counter("tillsync_frames_total", "Frames handed to clients", feed.frames.get());
    page.counter("tillsync_frame_bytes_total", "Bytes of these frames", feed.bytes.get());
    page.counter("tillsync_batches_total", "Batches of changes sent out", feed.batches.get());
    page.counter("tillsync_writes_total", "Writes of batches to clients", feed.writes.get());
    page.counter("tillsync_closed_slow_total", "Clients closed with 4408", feed.closed_slow.get());
    page.counter("tillsync_catch_ups_total", "Clients that caught up", feed.catch_ups.get());
    page.counter("tillsync_resets_total", "Clients told to reload", feed.resets.get());
    page.counter("tillsync_fsyncs_total", "Commits made durable, one sync each", commits.seconds.count());
    page.counter("tillsync_commit_failures_total", "Commits with unknown outcome", commits.failures.get());
    page.histogram("tillsync_commit_commands", "Commands of one commit", &commits.commands, 1.0);
    page.histogram("tillsync_commit_seconds", "Time of one commit", &commits.seconds, 1e6);
    Ok(Reply::text("text/plain; version=0.0.4; charset=utf-8", page.into_text()))
}
