//! tillsync: the sync server that small shops trust.
//!
//! One binary, one database file, one port. Tills, phones and PCs store estimates and orders through it, and every
//! change appears on every other screen at once. This crate is the server and its command-line companions; `main.rs`
//! only maps a result to an exit code.
//!
//! # The house
//! Folders are layers and imports run one way, inside a folder too (`tests/tidy.rs`). A folder's `mod.rs` documents it
//! and re-exports what others may use, and nothing else; its last line names the tests that fail when what it says is
//! broken.
//! ```text
//! main → cli → config → web → app → live, store → domain
//! beside them: client (uses platform and deflate alone), ui, manual, platform, deflate, json, queue, metrics
//! ```
//! | module | owns | never sees |
//! |---|---|---|
//! | [`domain`] | estimate, order, money, numbers and ids, change, search; people, roles and rights; pure checks | I/O, locks, clocks, sockets |
//! | [`store`] | redb and the journal before it: tables, stored form, the one commit, snapshot reads, the files and their upgrades | sockets, HTTP |
//! | [`live`] | broadcaster, subscribers, views, batches, outboxes, frames; presence | redb, HTTP routes |
//! | [`app`] | commands, group commit, idempotency, alarms; who is let in, and what he may do and see; the one door for reads; whether the shop is open | sockets, HTTP |
//! | [`web`] | listener, HTTP, origins, bodies, the route table with a file for each resource, WebSocket sessions | redb |
//! | [`ui`] | the page, embedded | |
//! | [`manual`] | the manual, embedded and rendered, for `/help` | |
//! | [`client`] | `tail`, `load`, `bench` and the commands about people: they speak the public wire like anybody else | the server's layers |
//! | [`platform`] | what differs between systems: disk, sockets, signals, systemd; the log | |
//! | [`deflate`] | compressed WebSocket messages (permessage-deflate), for both ends | sockets |
//! | [`json`] | how JSON is written; it is read in `web/body` and `store/format` | |
//! | [`queue`] | receiving from a channel without spinning | |
//! | [`metrics`] | counters, and the text in which they are read | |
//! | [`cli`], [`config`] | the commands; the command line, turned once into validated values | |
//!
//! # Where to change what
//! | what | where |
//! |---|---|
//! | a route, what it needs and what answers it | `web/api/route.rs`, the resource's file beside it (`health.rs` for the server itself), `openapi.json`, `manual/api.md` |
//! | a field of a record | `domain/records.rs`, `domain/draft.rs`, `web/body/bill.rs` and `plain_bill.rs`, `app/commands/doings.rs`, `store/format/record_json.rs` (an optional one needs no schema step), `openapi.json`; on the page `ui/data/records.js`, `ui/data/draft.js` and the screens |
//! | what a command does | `app/commands/doings.rs` |
//! | what a command needs a right for | `app/commands/doings.rs` (`require`), `app/commands/work.rs` (`judge`) |
//! | a right, a role, a limit of one | `domain/people`; the manual's page `people`; `ui/data/people.js` |
//! | what of a record is not seen, and who is told of a change | `domain/people/sight.rs`, `domain/people/masking.rs`, `live/view.rs` |
//! | who is at which record (presence) | `live/presence`, `web/websocket/presence.rs`, `web/api/presence.rs` |
//! | logging in, pairing, persons, devices | `app/people`, a file for each; their answers: `web/api/people` |
//! | how a repeated command is recognised, and for how long | `app/commands/idempotency.rs`; how its answer is stored and removed: `store/write/idempotency.rs` |
//! | a limit | of connections, heads and bodies: `web/limits.rs`; of a bill: `domain/items.rs`, `domain/draft.rs`; all of them: `manual/limits.md` |
//! | a warning for the owner (an alarm) | `app/monitor/alarms.rs`; its code in `openapi.json` and `manual/api.md` |
//! | a frame, and who gets it | `live/frame.rs`, `live/view.rs` |
//! | who is shown at which record (presence), and for how long | `live/presence`; what a client says of it: `web/body/presence.rs`, `web/websocket/presence.rs` |
//! | a command, and what it asks a server | `config/options.rs`, `cli/run.rs`, `client` |
//! | what a slow client gets | `live/outbox.rs` (`judge`: when it is behind), `app/catch_up.rs` (how it is brought on) |
//! | who gets compressed frames | `web/websocket/deflate.rs` (what is agreed on), `live/view.rs`, `live/deflate.rs` |
//! | the words of the page | `ui/kit/words.js`; sentences of the server: `web/http/problem.rs`, `app/monitor/alarms.rs` |
//! | the table of a bill, on screen and on paper | `ui/screens/bill.js`, `ui/style/paper.css`, `ui/style/narrow.css`; the sheet around it: `ui/screens/print.js` |
//! | the schema of the file | `store/tables.rs`, `store/file/upgrade.rs` |
//! | what a commit writes first, and what is replayed at the start | `store/journal` and `store/opened.rs`; which journal goes with which database: `store/file/attach.rs` |
//!
//! # The way of a change
//! ```text
//!  accept ──► one thread per connection ── HTTP: read, route, answer, keep alive
//!                     │        └────────── WebSocket: handshake, greeting; a fresh thread reads on
//!        command      ▼
//!    (bounded) ──► one commit at a time: everything that waits in ONE redb transaction, ONE write to the journal, ONE fsync
//!                     │                    └─► now and then a checkpoint of the database, when nobody waits
//!       crossbeam     ▼
//!      channel ──► broadcaster thread: builds each frame once, joins the batch, one write per socket
//!                     ▲ │ whoever comes back, or is too slow
//!                     │ ▼
//!                  catch-up thread: the latest states from the log, as each socket takes them
//! ```
//!
//! # The promises
//! 1. Durable before visible.
//! 2. One order.
//! 3. All or nothing.
//! 4. Exactly once.
//! 5. Numbers never repeat.
//! 6. Nothing is skipped silently.
//! 7. Nobody waits for a slow client.
//! 8. Bounded.
//! 9. Every failure is a clear answer.
//! 10. Nobody gets what is not theirs.
//!
//! They are cited by number where they are kept.

// On Windows `platform/claim.rs` needs one unsafe call.
#![cfg_attr(not(windows), forbid(unsafe_code))]

pub mod app;
#[cfg(test)]
mod callgrind;
pub mod cli;
pub mod client;
pub mod config;
pub mod deflate;
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
