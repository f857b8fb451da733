//! The program: reads the command line, runs the command, and turns its result into an exit code.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use tillsync::cli;
use tillsync::config::CommandLine;
use tillsync::platform::log_writer;

fn main() -> ExitCode {
    let command_line = CommandLine::parse();
    let log = match log_writer::start() {
        Ok(log) => log,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "tillsync: The log cannot be started: {error}.");
            return ExitCode::FAILURE;
        }
    };
    let result = cli::run(command_line);
    drop(log);
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            let _ = writeln!(std::io::stderr(), "tillsync: {sentence}");
            ExitCode::FAILURE
        }
    }
}
