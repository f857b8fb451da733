//! How a command gets into a shop: the folder of the shop's data, or the token of a program that was let in.

use std::convert::Infallible;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;

/// Which shop a command is about.
#[derive(Debug, Clone, Args)]
pub struct ShopFolder {
    /// Folder of the shop's data, as the server has it
    #[arg(long, value_name = "DIR", env = "TILLSYNC_DATA", default_value = "data")]
    pub data: PathBuf,
}

/// Who a client command says it is.
#[derive(Debug, Clone, Args)]
pub struct AccessOptions {
    /// Token of this program (`tillsync device add` makes one). Better in the environment: everybody on a machine sees its
    /// command lines. Not needed on the server's own machine by those who may read its data folder
    #[arg(long, value_name = "TOKEN", env = "TILLSYNC_TOKEN", hide_env_values = true)]
    pub token: Option<SecretText>,
    /// Data folder of the server if it runs on this machine; its file tillsync.local then lets this command in
    #[arg(long, value_name = "DIR", env = "TILLSYNC_DATA", default_value = "data")]
    pub data: PathBuf,
}

/// A text that is in no log and no error: its debug form does not show it, and no validation here quotes it.
#[derive(Clone)]
pub struct SecretText(String);

impl SecretText {
    /// The text; none if it is empty, as an environment variable is that was cleared.
    pub fn into_text(self) -> Option<String> {
        Some(self.0).filter(|text| !text.is_empty())
    }
}

impl FromStr for SecretText {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_string()))
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SecretText(…)")
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use crate::config::CommandLine;

    #[test]
    fn a_token_is_in_no_debug_text_and_in_no_help() {
        let line = CommandLine::parse_from(["tillsync", "tail", "--token", "needle"]);
        assert!(!format!("{line:?}").contains("needle"));
        for mut command in CommandLine::command().get_subcommands().cloned() {
            let hides =
                |argument: &clap::Arg| argument.get_long() != Some("token") || argument.is_hide_env_values_set();
            assert!(command.get_arguments().all(hides), "{}", command.render_long_help());
        }
    }
}
