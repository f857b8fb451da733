//! The live feeds `/ws` and `/sync`: what is sent, in which order, to whom, and the WebSocket protocol (RFC 6455) below it.

mod behind;
mod deflate;
mod feed;
mod presence;
mod slow_clients;
mod sync_guarantees;
mod sync_protocol;
mod websocket;
