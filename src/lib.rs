//! tillsync: the sync server that small shops trust.
//!
//! One binary, one database file, one port. Tills, phones and PCs store estimates and orders through it, and every
//! change appears on every other screen at once. This crate is the server and its command-line companions; `main.rs`
//! only maps a result to an exit code.
//!
//! # The house
//! Folders are layers and imports run one way, inside a folder too (`tests/tidy.rs` holds it). Each folder's `mod.rs` is its
//! gate: the folder's story, its files, what it passes on, and no implementation.
//! ```text
//! main → cli → config → web → app → live, store → domain        client, ui, manual, platform, json, queue, metrics: leaves
//! ```
//! | module | owns | never sees |
//! |---|---|---|
//! | [`domain`] | estimate, order, money, numbers and ids, change, search; pure checks | I/O, locks, clocks, sockets |
//! | [`store`] | redb: tables, stored form, the one commit, snapshot reads, the file and its upgrades | sockets, HTTP |
//! | [`live`] | broadcaster, subscribers, views, batches, outboxes, frames | redb, HTTP routes |
//! | [`app`] | commands, group commit, idempotency, alarms; the one door for reads; whether the shop is open | sockets, HTTP |
//! | [`web`] | listener, HTTP, origins, bodies, the route table with a file for each resource, WebSocket sessions | redb |
//! | [`ui`] | the page, embedded | |
//! | [`manual`] | the manual, embedded and rendered, for `/help` | |
//! | [`client`] | `tail`, `load` and `bench`: they speak the public wire like anybody else | the server's layers |
//! | [`platform`] | what differs between systems: disk, sockets, signals, systemd; the log | |
//! | [`json`] | serialisation: how JSON is written | |
//! | [`queue`] | receiving from a channel without spinning | |
//! | [`metrics`] | counters, and the text in which they are read | |
//! | [`cli`], [`config`] | the commands; the command line, turned once into validated values | |
//!
//! # Where to change what
//! | what | where |
//! |---|---|
//! | a route, and what answers it | `web/api/route.rs`, then the resource's file beside it, `openapi.json` |
//! | a field of a record | `domain/records.rs`, `web/body/bill.rs`, `store/format/record_json.rs` |
//! | what a command does | `app/commands/decide.rs` |
//! | how a repeated command is recognised | `app/commands/idempotency.rs`; how long its answer is kept: `store/write/idempotency.rs` |
//! | a limit of the network | `web/limits.rs`; of a bill: `domain/items.rs`, `domain/draft.rs` |
//! | an alarm | `app/monitor/alarms.rs` |
//! | a frame, and who gets it | `live/frame.rs`, `live/view.rs` |
//! | what a slow client gets | `live/outbox.rs` |
//! | the words of the page, and its printed bill | `ui/kit/words.js`, `ui/screens/bill.js` |
//! | the schema of the file | `store/tables.rs`, `store/file/upgrade.rs` |
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

// Windows has one exception, in `platform`.
#![cfg_attr(not(windows), forbid(unsafe_code))]

pub mod app;
pub mod cli;
pub mod client;
pub mod config;
pub mod domain;
pub mod json;
pub mod live;
pub mod manual;
pub mod metrics;
pub mod platform;
pub mod queue;
pub mod store;
pub mod ui;
pub mod web;
