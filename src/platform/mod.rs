//! What differs between operating systems, in one place, with one file for each reason: disk, sockets, signals and limits of the
//! process, systemd, the log; and what a process lives through that is stopped, or whose machine is suspended, and goes on.
//!
//! Held by `tests/system/operations`.

mod claim;
mod disk;
pub mod log_writer;
#[cfg(any(windows, test))]
mod polled;
mod process;
mod socket;
mod suspension;
pub mod systemd;

pub use claim::claim_address;
pub use disk::{forget_cached, free_bytes, is_missing, rename_new, sync_directory};
pub use process::{EndOnPanic, is_output_closed, machine_name, on_stop_signal, processor_time, raise_open_file_limit};
pub use socket::{ClientSocket, SURVIVES_READ_TIMEOUT, client_socket, send_now};
pub use suspension::{Awake, LOOK_EVERY, is_timeout, uninterrupted};
