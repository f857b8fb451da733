//! The API: the route table and its handlers, one file for each resource (beside them `request`, `conditional`,
//! `list_query`, `receipt` and `html`, which several use); `openapi.json` describes all of it.
//!
//! Held by `tests/system/api/contract` and `tests/system/api/openapi`.

mod changes;
mod conditional;
mod estimates;
mod health;
mod help;
mod html;
mod list_query;
mod lists;
mod metrics;
mod need;
mod openapi;
mod orders;
mod page;
mod people;
mod presence;
mod receipt;
mod records;
mod request;
mod route;
mod settings;
mod summary;

pub(crate) use changes::{LogReader, ResumePoint, greet};
pub(crate) use request::{Reply, Visit};
pub(crate) use route::{LiveFeed, answer, is_for_first_owner, live_feed};
