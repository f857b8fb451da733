//! The journal: a small file beside the database that takes each commit with one write and one sync. The database itself
//! is written at a checkpoint, now and then, if it can be while nobody waits; what came after the last one is replayed when
//! the file is opened (write-ahead logging).
//!
//! The file has two halves of fixed size, which take turns: a checkpoint begins the other one. So everything since the last
//! checkpoint but one is there twice, and a database that goes back to its last commit but one, since a bit of its newest
//! pages has flipped, loses nothing. An entry says what a commit has put into which tables and removed from them, so
//! replaying decides nothing, and doing it twice does no harm.
//!
//! ```text
//! half    header sector │ entry │ entry │ entry │ sectors of earlier use, each of them on pages of 4 KiB of its own
//! entry   one or more sectors of 512 bytes: stamp │ length, checksum, puts and removals │ stamp
//! ```
//!
//! A sector's stamp says to which entry of which half it belongs. An entry that lacks sectors at the end of the newest half
//! is torn: its sync never ended, so nobody had an answer. An entry that has them all and not its checksum is damaged: a
//! single flipped bit is put right, and with more the shop stays closed.
//!
//! Where to look: `checksum` (and the flipped bit), `sector`, `header` and `entry` are the stored form, `scan` reads a half,
//! `recovery` decides what an opened file lacks, `writer` appends, `replay` carries out entries, `note` is what the database
//! says of its journal.
//!
//! Held by `tests/faults`.

mod checksum;
mod entry;
mod header;
mod note;
mod recovery;
mod replay;
mod scan;
mod sector;
mod writer;

pub(crate) use entry::{EntryLog, last_change};
pub(crate) use note::{JournalNote, NUMBERS_PER_CHECKPOINT_MAX};
pub(crate) use recovery::{Fault, Recovered, examine};
pub(crate) use replay::replay;
pub(crate) use writer::{Appended, Journal};
