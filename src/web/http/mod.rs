//! HTTP/1.1 on the server's side (RFC 9112): request head and body within the memory budget, responses, and problems,
//! which are errors as a client sees them. `linger` ends a connection so that its client reads the last answer.
//!
//! Held by `tests/system/http/front` and `tests/system/http/hostile`.

#[cfg(test)]
mod fuzzing;
mod head;
mod linger;
mod memory_budget;
mod problem;
mod query;
mod request_reader;
mod response;
mod stream;
mod write_timeout;

#[cfg(test)]
pub(crate) use fuzzing::{changed, fuzz, spoilt};
pub(crate) use head::{Framing, Head};
#[cfg(test)]
pub(crate) use head::{Parsed, parse};
pub(crate) use linger::{drain, linger, reset};
pub(crate) use memory_budget::{MemoryBudget, OWN_BYTES_MAX, Reservation};
pub(crate) use problem::{BEYOND_OWN_RIGHTS, FieldError, LocationPart, Problem, refusal_answer};
pub(crate) use query::{Query, percent_decode};
pub(crate) use request_reader::{NoRequest, RequestReader};
pub(crate) use response::{Fixed, GZIP_FROM_BYTES, Response, SECURITY_LINES};
pub(crate) use stream::BodySource;
pub(crate) use write_timeout::TimeoutWriter;
