//! Group commit: whatever waits is carried out in one transaction with one sync, in one order (promise 2), and each caller gets
//! his answer through a ticket; a repeated command gets the first answer again (idempotency, promise 4).

mod group_commit;
mod idempotency;
mod ticket;

pub use group_commit::CommitCounts;
pub(crate) use group_commit::{Committer, Tools};
pub use idempotency::{InFlight, Repeat};
pub use ticket::{Pending, Progress};
