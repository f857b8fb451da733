//! Metrics in the text format of Prometheus.

use std::sync::atomic::Ordering;

use super::request::Request;
use crate::metrics::MetricsText;
use crate::web::http::{Problem, Response};

/// `GET /metrics`: every counter, for Prometheus or a curious engineer.
pub(crate) fn metrics(request: &Request<'_>) -> Result<Response, Problem> {
    let (app, feed) = (request.app, request.app.feed().counts());
    let commits = app.commit_counts();
    let mut page = MetricsText::default();
    page.gauge("tillsync_clients", "WebSocket clients connected now", feed.clients.load(Ordering::Relaxed) as u64);
    let catching_up = feed.catching_up.load(Ordering::Relaxed) as u64;
    page.gauge("tillsync_catching_up", "Of these, those that are brought up to date from the log", catching_up);
    page.gauge("tillsync_views", "Different views that they have", app.feed().views() as u64);
    page.gauge("tillsync_seq", "Sequence of the last change", request.read()?.seq()?);
    page.counter("tillsync_changes_total", "Changes sent out", feed.changes.get());
    page.counter("tillsync_frames_total", "Frames handed to clients", feed.frames.get());
    page.counter("tillsync_frame_bytes_total", "Bytes of these frames", feed.bytes.get());
    page.counter(
        "tillsync_deflate_before_bytes_total",
        "Bytes of frames before they were compressed, once for each view",
        feed.deflate_before_bytes.get(),
    );
    page.counter("tillsync_deflate_after_bytes_total", "The same after that", feed.deflate_after_bytes.get());
    page.counter("tillsync_batches_total", "Batches of changes sent out", feed.batches.get());
    page.counter("tillsync_writes_total", "Writes of batches to clients", feed.writes.get());
    page.counter(
        "tillsync_fell_behind_total",
        "Times that a client was slow and went on from the log",
        feed.fell_behind.get(),
    );
    page.counter("tillsync_closed_slow_total", "Clients closed with 4408", feed.closed_slow.get());
    page.counter("tillsync_catch_ups_total", "Clients that caught up", feed.catch_ups.get());
    page.counter("tillsync_resets_total", "Clients told to reload", feed.resets.get());
    page.gauge("tillsync_presence_leases", "Tabs that are at a record now", app.feed().leases() as u64);
    page.counter(
        "tillsync_presence_dropped_total",
        "Presence messages that were too many, and not looked at",
        feed.presence_dropped.get(),
    );
    page.counter("tillsync_fsyncs_total", "Commits made durable, one sync each", commits.seconds.count());
    page.counter("tillsync_commit_failures_total", "Commits with unknown outcome", commits.failures.get());
    page.gauge("tillsync_commands_waiting", "Commands that wait for the writer now", app.commands_waiting() as u64);
    page.histogram("tillsync_commit_commands", "Commands of one commit", &commits.commands, 1.0);
    page.histogram("tillsync_commit_seconds", "Time of one commit", &commits.seconds, 1e6);
    let journal = app.journal_counts();
    let bytes = journal.bytes.load(Ordering::Relaxed);
    page.gauge("tillsync_journal_bytes", "Bytes in use of the journal's half; 0 without a journal", bytes);
    page.counter("tillsync_checkpoints_total", "Checkpoints", journal.checkpoint_seconds.count());
    page.histogram("tillsync_checkpoint_seconds", "Time of one checkpoint", &journal.checkpoint_seconds, 1e6);
    page.counter(
        "tillsync_journal_replayed_total",
        "Commits taken from the journal when it was opened",
        journal.replayed.get(),
    );
    page.counter("tillsync_journal_mended_total", "Of these, with a flipped bit put right", journal.mended.get());
    Ok(Response::text("text/plain; version=0.0.4; charset=utf-8", page.into_text()))
}
