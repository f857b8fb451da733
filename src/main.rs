//! The program: reads the command line, runs the command, and turns its result into an exit code.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use tillsync::cli;
use tillsync::config::CommandLine;

fn main() -> ExitCode {
    let command_line = CommandLine::parse();
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("info")).init();
    match cli::run(command_line) {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            let _ = writeln!(std::io::stderr(), "tillsync: {sentence}");
            ExitCode::FAILURE
        }
    }
}
