//! What differs between operating systems, a file for each subject: `claim` (who has the port), `disk`, `socket` (on
//! Windows `polled`), `process` (signals and limits), `systemd`, `log_writer`, `network` (what counts as one client, and where others reach this machine); and `suspension`: a process that was
//! stopped, or slept with its machine, and goes on.
//!
//! Held by `tests/system/operations`.

mod claim;
mod disk;
pub mod log_writer;
mod network;
#[cfg(any(windows, test))]
mod polled;
mod private_file;
mod process;
mod socket;
mod suspension;
pub mod systemd;
mod unacknowledged;

pub use claim::claim_address;
pub use disk::{forget_cached, free_bytes, is_missing, is_own, rename_new, sync_directory};
pub use network::{Address, Network, address_elsewhere};
pub use private_file::{make_private_folder, new_private, read_private, write_private};
pub use process::{EndOnPanic, is_output_closed, machine_name, on_stop_signal, processor_time, raise_open_file_limit};
pub use socket::{ClientSocket, SURVIVES_READ_TIMEOUT, client_socket, send_now};
pub use suspension::{Awake, LOOK_EVERY, is_timeout, uninterrupted};
pub use unacknowledged::unacknowledged;
