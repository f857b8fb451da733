//! Answers about the server itself.

use serde::Serialize;
use serde_json::json;

use super::problem::Problem;
use super::request::Request;
use super::respond::Reply;

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
}

pub(super) fn health(request: &Request<'_>) -> Result<Reply, Problem> {
    let app = request.app;
    Ok(print(&Health {
        status: "healthy",
        timestamp: app.clock().now().to_rfc3339(),
        service: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        uptime_seconds: app.uptime_seconds(),
        connected_clients: app.feed().counts().clients(),
        seq: app.snapshot()?.seq()?,
        epoch: app.epoch(),
        currency: app.currency().code(),
    }))
}

pub(super) fn websocket_status(request: &Request<'_>) -> Reply {
    let connected = request.app.feed().counts().clients();
    print(&json!({"connected_clients": connected, "status": "active"}))
}

fn print(body: &impl Serialize) -> Reply {
    // Texts and numbers always serialise.
    Reply::json(200, serde_json::to_vec(body).unwrap_or_default())
}
