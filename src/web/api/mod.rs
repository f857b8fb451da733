//! The API: the route table and its handlers, one file for each resource; `openapi.json` describes all of it.

pub(crate) mod changes;
mod estimates;
mod health;
mod list_query;
mod lists;
mod openapi;
mod orders;
mod receipt;
mod request;
pub(crate) mod route;
mod settings;
mod summary;

pub(crate) use changes::Position;
pub(crate) use request::{Request, Visit, query};
pub(crate) use route::LiveFeed;
