//! HTTP/1.1 on the server's side (RFC 9112): request head and body within the memory budget, responses, and problems, which are
//! errors as a client sees them.

#[cfg(test)]
mod fuzzing;
mod head;
mod memory_budget;
mod problem;
mod request_reader;
mod response;
mod write_timeout;

#[cfg(test)]
pub(crate) use fuzzing::{fuzz, spoilt};
pub(crate) use head::{Framing, Head};
pub(crate) use memory_budget::{Budget, OWN_BYTES_MAX, Share};
pub(crate) use problem::{Fault, Place, Problem, refusal_answer};
pub(crate) use request_reader::{Intake, NoRequest};
pub(crate) use response::{Fixed, GZIP_FROM_BYTES, Reply, SECURITY_LINES};
pub(crate) use write_timeout::DeadlineWriter;
