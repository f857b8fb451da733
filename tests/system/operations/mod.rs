//! What the owner of the machine meets: the commands, the log, the README's examples, systemd, other systems, standstill.

mod help;
mod load;
mod log;
mod people_commands;
mod platform;
mod readme;
#[cfg(target_os = "linux")]
mod standstill;
#[cfg(target_os = "linux")]
mod systemd;
mod tail;
mod tail_access;
