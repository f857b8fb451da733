//! The command line and the environment, turned once into validated values.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use jiff::tz::TimeZone;

use super::access::{AccessOptions, ShopFolder};
use super::addresses::{parse_host, parse_listen, parse_origin};
use super::people::{DeviceCommand, OwnerOptions, PersonCommand};
use crate::app::FREE_BYTES_MIN;
use crate::domain::Currency;
use crate::store::JournalOptions;
use crate::web::{HostName, limits};

/// The sync server that small shops trust: estimates and orders on every screen at once.
///
/// Without a command it serves: it listens on 127.0.0.1:8000, keeps everything in the folder data, and makes what is
/// missing. Open the address that it prints in a browser.
#[derive(Debug, Parser)]
#[command(name = "tillsync", version, about, long_about, args_conflicts_with_subcommands = true, max_term_width = 100)]
pub struct CommandLine {
    /// What to do; serve if it is left away.
    #[command(subcommand)]
    pub command: Option<ProgramCommand>,
    /// How to serve.
    #[command(flatten)]
    pub serve: ServeOptions,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum ProgramCommand {
    /// Serve the shop (the default)
    Serve(ServeOptions),
    /// Make the code with which the shop gets its first owner: from then on, only who is let in gets in
    ///
    /// Prints a code, the addresses to open with it, and a QR code of the first. Whoever opens one becomes the owner, with a
    /// name and a PIN. This is also the only way back in for an owner who has forgotten the PIN, with --reset.
    ///
    /// Like `device`, `person` and `verify` it asks the server that runs with this data folder, or opens the folder itself
    /// while none does. It needs no login: whoever may read the folder may do this.
    Owner(OwnerOptions),
    /// Let programs in, list devices, and end them
    #[command(subcommand)]
    Device(DeviceCommand),
    /// Add and list the people of the shop
    #[command(subcommand)]
    Person(PersonCommand),
    /// Check that nothing was changed in the audit or cut off it
    Verify(ShopFolder),
    /// Follow the live feed and print one JSON line per change, reconnecting by itself
    ///
    /// Nothing is missed over a lost connection; with --state, nothing over a restart of this command either.
    Tail {
        /// The server
        #[arg(default_value = DEFAULT_URL)]
        url: String,
        /// Begin after this sequence; 0 for everything. Otherwise begin now
        #[arg(long, value_name = "SEQ")]
        since: Option<u64>,
        /// Keep in this file how far the output has come, and go on from there at the next start
        #[arg(long, value_name = "FILE")]
        state: Option<PathBuf>,
        /// Have the server compress the changes, for a slow or dear line; what is printed is the same
        #[arg(long)]
        deflate: bool,
        #[command(flatten)]
        #[allow(missing_docs, reason = "clap would take the comment for that of the command")]
        access: AccessOptions,
    },
    /// Send a JSON-lines file of estimates, sales and conversions; safe to repeat within seven days
    ///
    /// A line that was sent before is recognised when the same device sends it again, that is with the same token; also one
    /// that was stored before the shop had an owner.
    Load {
        /// The file; - reads standard input
        file: PathBuf,
        /// The server
        #[arg(default_value = DEFAULT_URL)]
        url: String,
        #[command(flatten)]
        #[allow(missing_docs, reason = "clap would take the comment for that of the command")]
        access: AccessOptions,
    },
    /// Measure how fast a server stores and spreads changes; takes about 50 seconds
    ///
    /// Measures, one after the other: memory with idle listeners, durable creates per second, reads of one record, a
    /// fan-out at a fixed rate, and a burst. With the defaults it takes about 50 seconds. It fails only when it cannot
    /// measure, or when a listener misses a change, gets one twice or out of order; never because something is slow.
    ///
    /// Writers, readers and listeners run on this machine. If the server does too, they share its processor cores.
    Bench(BenchOptions),
}

/// What to measure.
#[derive(Debug, Clone, Args)]
pub struct BenchOptions {
    /// The server; the load stays stored on it, so never name a shop's own. Without it an empty server is started for
    /// the measurement, with its data in the system's temporary folder (TMPDIR chooses another disk)
    pub url: Option<String>,
    /// Listeners on /ws, instead of 1000 for the fan-out and 200 for the burst
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=20_000))]
    pub listeners: Option<u32>,
    /// Writers, instead of 1, 16 and 64 for the creates, 4 for the fan-out and 32 for the burst
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub writers: Option<u32>,
    /// Readers of one record
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub readers: u32,
    /// Changes of the fan-out, of all its writers together
    #[arg(long, value_name = "PER_SECOND", default_value_t = 200,
          value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub rate: u32,
    /// Length of each measurement, instead of 15 for the fan-out and 5 for the others
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..=3_600))]
    pub duration: Option<u32>,
    /// Print one JSON object instead of the table
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    #[allow(missing_docs, reason = "clap would take the comment for that of the command")]
    pub access: AccessOptions,
}

/// Where the client commands look for a server.
const DEFAULT_URL: &str = "http://127.0.0.1:8000";

/// How to serve.
#[derive(Debug, Clone, Args)]
#[allow(rustdoc::broken_intra_doc_links, reason = "its comments are the text of `--help`, where [::] is an address")]
pub struct ServeOptions {
    /// Address and port to listen on; give it again for more. 0.0.0.0:8000, or :8000, lets other devices in, [::]:8000 over
    /// IPv6 as well; without a port it is 8000. Sockets that systemd holds take its place
    #[arg(
        long,
        value_name = "ADDR:PORT",
        env = "TILLSYNC_LISTEN",
        default_value = "127.0.0.1:8000",
        value_delimiter = ',',
        value_parser = parse_listen
    )]
    pub listen: Vec<SocketAddr>,
    /// As long as the shop has no owner (see `tillsync owner`), let in every device that reaches it: whoever is on that
    /// network can see and change everything
    #[arg(long, env = "TILLSYNC_TRUST_LAN", value_parser = clap::builder::BoolishValueParser::new())]
    pub trust_lan: bool,
    /// Folder of the database file tillsync.redb and its journal
    #[arg(long, value_name = "DIR", env = "TILLSYNC_DATA", default_value = "data")]
    pub data: PathBuf,
    /// The shop's time zone, such as Asia/Kolkata; the system's if it is left away
    #[arg(long, value_name = "ZONE", env = "TILLSYNC_TIMEZONE", value_parser = parse_zone)]
    pub timezone: Option<TimeZone>,
    /// The shop's currency, such as INR; its decimals follow. A new database is made with INR
    #[arg(long, value_name = "CODE", env = "TILLSYNC_CURRENCY", value_parser = parse_currency)]
    pub currency: Option<Currency>,
    /// A further name under which browsers reach this server, over http or, with a proxy in front, https, on whatever port;
    /// its address and the machine's own names are known. Links for other devices are made with the first one, and with the
    /// scheme that it is given with, such as `https://shop.example`
    #[arg(long, value_name = "NAME", env = "TILLSYNC_HOST", value_delimiter = ',', value_parser = parse_host)]
    pub host: Vec<HostName>,
    /// Origin of a page elsewhere that may use this server, scheme and host, of whatever scheme since apps have their own; none
    /// unless given
    #[arg(long, value_name = "ORIGIN", env = "TILLSYNC_ALLOW_ORIGIN", value_delimiter = ',', value_parser = parse_origin)]
    pub allow_origin: Vec<String>,
    /// Memory for database pages, in MiB
    #[arg(long, value_name = "N", env = "TILLSYNC_CACHE_MIB", default_value_t = 32,
          value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub cache_mib: u32,
    /// Size of each of the two halves of the journal beside the database, in KiB; a multiple of 4, or the next one
    #[arg(long, value_name = "N", env = "TILLSYNC_JOURNAL_KIB",
          default_value_t = (JournalOptions::default().half_bytes >> 10) as u32,
          value_parser = clap::value_parser!(u32).range(64..=16_384))]
    pub journal_kib: u32,
    /// Open a database whose journal is missing or damaged, without what was in that alone. Numbers that may have been given
    /// out stay used. Once the shop is open, start without this again
    #[arg(long, env = "TILLSYNC_WITHOUT_JOURNAL", value_parser = clap::builder::BoolishValueParser::new())]
    pub without_journal: bool,
    /// Free space on the database's disk, in MiB, below which nothing new is stored
    #[arg(long, value_name = "N", env = "TILLSYNC_DISK_RESERVE_MIB", default_value_t = (FREE_BYTES_MIN >> 20) as u32,
          value_parser = clap::value_parser!(u32).range(1..=1_048_576))]
    pub disk_reserve_mib: u32,
    /// Connections at once
    #[arg(long, value_name = "N", env = "TILLSYNC_CONNECTIONS_MAX", default_value_t = limits::CONNECTIONS_MAX as u32,
          value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub connections_max: u32,
    /// Of these, from one address other than this machine's own
    #[arg(long, value_name = "N", env = "TILLSYNC_CONNECTIONS_PER_ADDRESS_MAX",
          default_value_t = limits::CONNECTIONS_PER_ADDRESS_MAX as u32,
          value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub connections_per_address_max: u32,
}

fn parse_zone(name: &str) -> Result<TimeZone, String> {
    TimeZone::get(name).map_err(|_| format!("there is no time zone {name:?}; use a name such as Asia/Kolkata or UTC"))
}

fn parse_currency(code: &str) -> Result<Currency, String> {
    Currency::from_code(code).ok_or_else(|| "use a code of three letters, such as INR or EUR".to_string())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn every_serve_flag_has_its_environment_variable() {
        let command = CommandLine::command();
        for argument in command.get_arguments().filter(|argument| argument.get_long().is_some()) {
            let long = argument.get_long().unwrap();
            if matches!(long, "help" | "version") {
                continue;
            }
            let expected = format!("TILLSYNC_{}", long.to_uppercase().replace('-', "_"));
            assert_eq!(argument.get_env().and_then(|name| name.to_str()), Some(expected.as_str()));
        }
    }
}
