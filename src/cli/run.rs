//! The commands, and what carries each out.

use std::time::Duration;

use super::{people, serve};
use crate::client::{self, Credentials};
use crate::config::{AccessOptions, BenchOptions, CommandLine, ProgramCommand, SecretText};
use crate::platform;

/// Runs what the command line asks for. The error is one sentence for the person who started it.
pub fn run(command_line: CommandLine) -> Result<(), String> {
    // Without a command, or beside one, it is what the environment says about serving.
    let serving = command_line.serve;
    match command_line.command {
        None => serve::serve_supervised(&serving),
        Some(ProgramCommand::Serve(options)) => serve::serve_supervised(&options),
        Some(ProgramCommand::Owner(options)) => people::owner(&serving, options),
        Some(ProgramCommand::Device(command)) => people::device(&serving, command),
        Some(ProgramCommand::Person(command)) => people::person(&serving, command),
        Some(ProgramCommand::Verify(folder)) => people::verify(&serving, folder),
        Some(ProgramCommand::Tail { url, since, state, deflate, access }) => client::tail(client::TailPlan {
            url: &url,
            since,
            state: state.as_deref(),
            is_deflated: deflate,
            credentials: credentials(access)?,
        }),
        Some(ProgramCommand::Load { file, url, access }) => client::load(&file, &url, credentials(access)?),
        Some(ProgramCommand::Bench(options)) => bench(options),
    }
}

/// Measures a server. The limit that it inherits is for its own sockets and for those of the server that it starts.
fn bench(options: BenchOptions) -> Result<(), String> {
    platform::raise_open_file_limit();
    client::bench(&client::BenchPlan {
        url: options.url,
        credentials: credentials(options.access)?,
        listeners: options.listeners.map(|count| count as usize),
        writers: options.writers.map(|count| count as usize),
        readers: options.readers as usize,
        rate_per_second: options.rate,
        duration: options.duration.map(|seconds| Duration::from_secs(u64::from(seconds))),
        is_json: options.json,
    })
}

fn credentials(options: AccessOptions) -> Result<Credentials, String> {
    Credentials::new(options.token.and_then(SecretText::into_text).as_deref(), options.data)
}
