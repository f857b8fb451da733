//! The commands: their vocabulary, and what each does to the records.

mod command;
mod decide;

pub use command::{Answer, Command, ConversionReceipt, Outcome, Receipt, Refusal, Submission, SubmitError, Verdict};
pub(crate) use decide::decide;
