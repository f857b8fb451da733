//! What a user does (in `commands`), and the one place where commands are committed, one after the other.
//!
//! Architecture invariant: no socket, and nothing that reads or writes HTTP. The layer above says how an outcome looks
//! on the wire ([`Submission::render`]), so that the stored answer of a command is the very bytes that were sent.
//!
//! Where to look: `commands` says what each command does and recognises repetitions (idempotency), `commit` carries out
//! what waits, one transaction after the other (group commit), `monitor` watches clock, disk and log, `access` says who is
//! let in, `people` is what is done about people, `read` is the one door for reads, `read_door` opens it for whoever asks, `catch_up` brings clients on from the log, `application` puts
//! them together, and `lifecycle` is the shop as the network finds it: being opened, open, or closed for a reason.
//!
//! Held by `tests/system/store/model`, `tests/system/store/concurrency.rs` and `tests/faults`.

mod access;
mod application;
mod catch_up;
mod commands;
mod commit;
mod lifecycle;
mod monitor;
mod people;
mod read;
mod read_door;

pub use access::{LastSeen, NOD_SECONDS, Presented, Secrets};
pub use application::{App, AppError, Resume};
pub use catch_up::{SLICE_BYTES_MAX, SLICE_ENTRIES_MAX};
pub use commands::{
    Answer, Command, ConversionReceipt, Idempotency, InFlight, Outcome, Receipt, Refusal, Submission, SubmitError,
    Verdict,
};
pub use commit::{CommitCounts, Progress, Ticket};
pub use lifecycle::{Failure, Lifecycle, Unavailable};
pub use monitor::{DiskSpace, FREE_BYTES_MIN, ShopClock, Warning};
pub use people::{
    AccessRefusal, DeviceChange, DeviceRequest, Invitation, LoggedIn, LoginRequest, Named, NewCredential, OwnerRequest,
    PASSWORD_CHARS, PIN_DIGITS, PairingOutcome, PersonChange, Requester, RoleChange, StartedPairing,
    TRUSTED_PIN_DIGITS_MIN, WaitingDevice,
};
pub use read::{ReadError, Reading, SeenChange, SeenRecords};
