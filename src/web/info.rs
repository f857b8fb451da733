//! Answers about the server itself.

use std::sync::atomic::Ordering;

use serde::Serialize;
use serde_json::json;

use super::problem::Problem;
use super::request::Request;
use super::respond::Reply;
use crate::app::App;
use crate::metrics::Page;

pub(super) fn api_root() -> Reply {
    print(&json!({"message": "POS API is running"}))
}

#[derive(Serialize)]
struct Health<'a> {
    status: &'a str,
    timestamp: String,
    service: &'a str,
    version: &'a str,
    uptime_seconds: u64,
    connected_clients: usize,
    seq: u64,
    epoch: String,
    currency: &'a str,
    counters: Counters,
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

pub(super) fn health(request: &Request<'_>) -> Result<Reply, Problem> {
    let app = request.app;
    Ok(print(&Health {
        status: "healthy",
        timestamp: app.clock().now().to_rfc3339(),
        service: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        uptime_seconds: app.uptime_seconds(),
        connected_clients: app.feed().counts().clients.load(Ordering::Relaxed),
        seq: app.snapshot()?.seq()?,
        epoch: app.epoch(),
        currency: app.currency().code(),
        counters: Counters::of(app),
    }))
}

pub(super) fn websocket_status(request: &Request<'_>) -> Reply {
    let connected = request.app.feed().counts().clients.load(Ordering::Relaxed);
    print(&json!({"connected_clients": connected, "status": "active"}))
}

fn print(body: &impl Serialize) -> Reply {
    // Texts and numbers always serialise.
    Reply::json(200, serde_json::to_vec(body).unwrap_or_default())
}

/// `GET /metrics`: every counter, for Prometheus or a curious engineer.
pub(super) fn metrics(request: &Request<'_>) -> Result<Reply, Problem> {
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
