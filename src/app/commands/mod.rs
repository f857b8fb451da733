//! The commands: their vocabulary, what each does to the records, and how a repeated one is recognised (idempotency, promise 4).

mod command;
mod decide;
mod idempotency;

pub use command::{Answer, Command, ConversionReceipt, Outcome, Receipt, Refusal, Submission, SubmitError, Verdict};
pub(crate) use decide::decide;
pub(crate) use idempotency::InFlightGuard;
pub use idempotency::{Idempotency, InFlight};
