//! Which program the tests run: the one that was built with them, or one that was built for another machine.
//!
//! `TILLSYNC_PROGRAM` names the other one, `TILLSYNC_RUNNER` what it runs under, with its arguments: an emulator such as
//! `qemu-aarch64-static -L /usr/aarch64-linux-gnu`, or Wine.

use std::process::Command;

/// A command that runs the program under test; its arguments are added as to any other.
pub fn program() -> Command {
    let program = std::env::var("TILLSYNC_PROGRAM").unwrap_or_else(|_| env!("CARGO_BIN_EXE_tillsync").into());
    let runner = std::env::var("TILLSYNC_RUNNER").unwrap_or_default();
    let mut words = runner.split_whitespace();
    match words.next() {
        None => Command::new(program),
        Some(runner) => {
            let mut command = Command::new(runner);
            command.args(words).arg(program);
            command
        }
    }
}

/// Whether the program is one for Windows, which keeps who may read a file in another way.
pub fn is_for_windows() -> bool {
    cfg!(windows)
        || std::env::var("TILLSYNC_PROGRAM").is_ok_and(|program| program.to_ascii_lowercase().ends_with("exe"))
}

/// Whether the program runs under an emulator or Wine.
pub fn is_under_runner() -> bool {
    std::env::var("TILLSYNC_RUNNER").is_ok_and(|runner| !runner.trim().is_empty())
}
