//! What the HTTP interface answers: the old app's contract, the resources with their rights and wrongs, and whether the
//! interface description (`OpenAPI`) says the same.

mod contract;
mod lists;
mod made_at;
mod openapi;
mod payment;
mod revisions;
mod settings;
mod summary;
