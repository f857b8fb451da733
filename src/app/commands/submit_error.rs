//! Why a command has no verdict.

use crate::domain::Right;

/// Why a command has no verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubmitError {
    /// Nothing was stored: too many commands wait. Send it again a little later.
    QueueFull,
    /// Nothing was stored: the disk has reported a fault and the file is not open again yet. Send it again shortly.
    Unavailable,
    /// Nothing was stored: the disk is nearly full. Send it again when there is room.
    DiskFull,
    /// Nothing was stored: the server is stopping. Send it again when it is back.
    Stopping,
    /// It may or may not be stored. Send it again with the same key (or the same body), which settles it.
    OutcomeUnknown,
    /// Nothing was stored: the key was used for another command.
    KeyReused,
    /// Nothing was stored: whoever sent it is to log in.
    LoggedOut,
    /// Nothing was stored: whoever sent it lacks this right. Somebody who has it may allow it, if it can be lent.
    Forbidden(Right),
    /// Nothing was stored by this request: the command under this key was carried out, and its record is not to be seen by
    /// whoever repeats it.
    NotYours,
    /// Nothing was stored by this request: the same key is being worked on. Ask again in a moment.
    InFlight,
}
