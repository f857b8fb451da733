//! The commands: their vocabulary, what each does to the records, and how a repeated one is recognised (idempotency,
//! promise 4).
//!
//! Held by `tests/system/store/model` and `tests/system/api/revisions.rs`.

mod command;
mod decide;
mod discount;
mod doings;
mod idempotency;
mod submit_error;
mod work;

pub use command::{Answer, Command, ConversionReceipt, Outcome, Receipt, Refusal, Submission, Verdict};
pub(crate) use decide::{Circumstances, decide};
pub(crate) use idempotency::InFlightGuard;
pub use idempotency::{Idempotency, InFlight};
pub use submit_error::SubmitError;
