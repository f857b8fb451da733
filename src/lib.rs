//! tillsync: the sync server that small shops trust.
//!
//! One binary, one database file, one port. Tills, phones and PCs store estimates and orders through it, and every
//! change appears on every other screen at once. This crate is the server and its command-line companions; `main.rs`
//! only maps a result to an exit code.
//!
//! # The house
//! Folders are layers and imports run one way (`tests/tidy.rs` holds it):
//! ```text
//! main → cli → web → app → live, store → domain        client, ui, json, queue, logging, metrics, process: leaves
//! ```
//! | module | owns | never sees |
//! |---|---|---|
//! | [`domain`] | estimate, order, money, numbers and ids, change; pure checks | I/O, locks, clocks, sockets |
//! | [`store`] | redb: tables, stored form, schema steps, snapshot reads, the one commit | sockets, HTTP |
//! | [`live`] | broadcaster, outbox, frames | redb, HTTP routes |
//! | [`app`] | one function per thing a user does; the writer thread; whether the shop is open | sockets, HTTP |
//! | [`web`] | listener, HTTP, the route table, WebSocket sessions, the JSON shapes of the wire | redb |
//! | [`ui`] | the page, embedded | |
//! | [`client`] | `tail`, `load` and `bench`: they speak the public wire like anybody else | the server's layers |
//! | [`json`] | serialisation: how JSON is written | |
//! | [`queue`] | receiving from a channel without spinning | |
//! | [`logging`] | the log, which never holds up the shop | |
//! | [`metrics`] | counters, and the text in which they are read | |
//! | [`process`] | signals, limits of the operating system, systemd, sending without waiting | |
//! | [`cli`], [`config`] | the command line, turned once into validated values; the commands | |
//!
//! # The way of a change
//! ```text
//!  accept ──► one thread per connection ── HTTP: read, route, answer, keep alive
//!                     │        └────────── WebSocket: handshake, catching up; a fresh thread reads on
//!        command      ▼
//!    (bounded) ──► one commit at a time: everything that waits in ONE redb transaction, ONE fsync
//!                     │
//!       crossbeam     ▼
//!      channel ──► broadcaster thread: builds each frame once, joins the batch, one write per socket
//! ```
//!
//! # The promises
//! 1. Durable before visible. 2. One order. 3. All or nothing. 4. Exactly once. 5. Numbers never repeat.
//! 6. Nothing is skipped silently. 7. Nobody waits for a slow client. 8. Bounded. 9. Every failure is a clear answer.
//!
//! They are cited by number where they are kept.

// Windows has one exception, in `process`.
#![cfg_attr(not(windows), forbid(unsafe_code))]

pub mod app;
pub mod cli;
pub mod client;
pub mod config;
pub mod domain;
pub mod json;
pub mod live;
pub mod metrics;
pub mod platform;
pub mod queue;
pub mod store;
pub mod ui;
pub mod web;
