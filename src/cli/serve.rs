//! `serve`: wires the layers together and runs them until a stop signal.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, channel};

use jiff::tz::TimeZone;

use super::supervision::Supervision;
use crate::app::{Lifecycle, ShopClock, Unavailable};
use crate::config::ServeOptions;
use crate::platform::address_elsewhere;
use crate::platform::systemd::{self, Notice};
use crate::store::{JournalOptions, StoreOptions};
use crate::web::{HostName, Options, Probe, Server};
use crate::{platform, web};

/// Serves; `systemctl status` shows why it could not.
pub(super) fn serve_supervised(options: &ServeOptions) -> Result<(), String> {
    serve(options).inspect_err(|sentence| systemd::tell(&[Notice::Status(sentence)]))
}

/// Serves until a stop signal, then closes everything in order.
fn serve(options: &ServeOptions) -> Result<(), String> {
    let passed = systemd::take_listeners().map_err(|error| format!("A socket of systemd cannot be used: {error}."))?;
    let (news, arriving) = channel();
    let signals = news.clone();
    platform::on_stop_signal(move || {
        let _ = signals.send(News::Stop);
    })
    .map_err(|error| format!("Stop signals cannot be received: {error}."))?;

    let zone = options.timezone.clone().unwrap_or_else(TimeZone::system);
    let lifecycle = Arc::new(Lifecycle::new(ShopClock::new(zone)));
    // First the port: whoever cannot have it touches no file.
    let listeners = if passed.is_empty() { web::bind(&options.listen) } else { Ok(passed) };
    let server = listeners
        .and_then(|listeners| Server::start(Arc::clone(&lifecycle), listeners, &server_options(options)))
        .map_err(|error| cannot_listen(&error))?;
    let starting = super::supervision::start();
    let on_change = move |_: &Lifecycle| {
        let _ = news.send(News::Lifecycle);
    };
    lifecycle
        .open(store_options(options), u64::from(options.disk_reserve_mib) << 20, on_change)
        .map_err(|error| format!("The system does not give the server its threads: {error}."))?;
    let followed = Follower {
        lifecycle: &lifecycle,
        server: &server,
        public_url: HostName::first_base_url(&options.host, server.addresses()),
        is_lan_trusted: options.trust_lan,
        starting: Some(starting),
    }
    .follow(&arriving);
    if let Err(sentence) = followed {
        server.stop();
        return Err(sentence);
    }
    log::info!("Stopping");
    systemd::tell(&[Notice::Stopping, Notice::Status("Finishing what is in flight")]);
    server.stop();
    log::info!("Stopped; everything is saved");
    Ok(())
}

/// What the commands of `serve` hear of.
enum News {
    /// Somebody wants the program to end.
    Stop,
    /// The state of the shop has changed; it says itself what it is now.
    Lifecycle,
}

/// Tells whoever started the program, and systemd, how it stands with the shop.
struct Follower<'a> {
    lifecycle: &'a Arc<Lifecycle>,
    server: &'a Server,
    /// The base URL for other devices under a name of `--host`.
    public_url: Option<String>,
    is_lan_trusted: bool,
    /// Patience for the check; nothing once requests are answered.
    starting: Option<Supervision>,
}

impl Follower<'_> {
    /// Until the program is to stop. The error is a sentence for whoever started it.
    fn follow(mut self, arriving: &Receiver<News>) -> Result<(), String> {
        let (mut is_failure_told, mut is_ready_told) = (false, false);
        let mut signs_of_life = None;
        // The senders are in the handler of the signals, which lives as long as the process.
        while let Ok(News::Lifecycle) = arriving.recv() {
            match self.lifecycle.app() {
                Ok(_) if is_ready_told => continue,
                Ok(app) => {
                    is_ready_told = true;
                    self.tell("tillsync is ready: open", "Serving", Some(app.directory().has_owner()));
                }
                Err(Unavailable::Opening { percent }) => {
                    systemd::tell(&[Notice::Status(&format!("Checking the database: {percent} %"))]);
                    continue;
                }
                Err(Unavailable::Failed(_)) if is_failure_told => continue,
                Err(Unavailable::Failed(failure)) => {
                    is_failure_told = true;
                    self.tell("tillsync cannot use its database; to see why, open", &failure.sentence, None);
                }
                Err(Unavailable::Refused(sentence)) => return Err(sentence),
            }
            signs_of_life.get_or_insert_with(|| {
                let (lifecycle, probe) = (Arc::clone(self.lifecycle), self.server.probe());
                super::supervision::watch(move || prove(&lifecycle, &probe))
            });
        }
        Ok(())
    }

    /// Requests are answered from here on, be it with what is wrong. Of a shop that cannot be read nobody knows whether it
    /// has an owner.
    fn tell(&mut self, state: &str, status: &str, has_owner: Option<bool>) {
        drop(self.starting.take());
        let addresses = self.server.addresses();
        if has_owner == Some(false) {
            tell_of_no_owner(addresses, self.public_url.as_deref(), self.is_lan_trusted);
        }
        let lets_others_in = self.is_lan_trusted || has_owner == Some(true);
        announce(state, addresses, &if lets_others_in { self.elsewhere() } else { Vec::new() });
        systemd::tell(&[Notice::Ready, Notice::Status(status)]);
    }

    /// What other devices open: the shop's name, and its addresses on the network.
    fn elsewhere(&self) -> Vec<String> {
        let named = self.public_url.iter().map(|base| format!("{base}/"));
        let addresses = self.server.addresses().iter().filter_map(|&address| address_elsewhere(address)).map(url);
        let mut elsewhere: Vec<String> = named.chain(addresses).collect();
        elsewhere.dedup();
        elsewhere
    }
}

pub(super) fn store_options(options: &ServeOptions) -> StoreOptions {
    StoreOptions {
        directory: options.data.clone(),
        cache_bytes: (options.cache_mib as usize).saturating_mul(1 << 20),
        currency: options.currency,
        journal: JournalOptions {
            // Whole pages, so that those of the second half are pages of the disk, too.
            half_bytes: (options.journal_kib as usize).next_multiple_of(4).saturating_mul(1 << 10),
            may_be_left_out: options.without_journal,
        },
    }
}

/// Goes through everything that must not hang: a read, a commit, and the accept loops. Gives a line for `systemctl status`.
fn prove(lifecycle: &Lifecycle, probe: &Probe) -> Result<String, String> {
    let line = match lifecycle.app() {
        Ok(app) => match app.prove() {
            Ok(()) => format!("Serving, with {} live clients", app.feed().counts().clients.load(Ordering::Relaxed)),
            // A restart would find the same disk; what reads and commits answer is what there is to say.
            Err(error) => format!("The database cannot be read at the moment: {error}"),
        },
        Err(Unavailable::Opening { percent }) => format!("Checking the database: {percent} %"),
        Err(Unavailable::Failed(failure)) => failure.sentence,
        Err(Unavailable::Refused(sentence)) => sentence,
    };
    probe.ask().map_err(|error| format!("The server does not answer itself: {error}"))?;
    Ok(line)
}

/// Until the shop has an owner, letting other devices in is an express decision. Without it they get as far as making one.
fn tell_of_no_owner(addresses: &[SocketAddr], public_url: Option<&str>, is_lan_trusted: bool) {
    let open = addresses.iter().find(|address| !address.ip().is_loopback());
    // A machine that starts before its network is there has no address yet.
    let by_address = |&open: &SocketAddr| {
        address_elsewhere(open).map_or_else(|| format!("port {}", open.port()), |open| open.to_string())
    };
    let Some(open) = public_url.map(str::to_string).or_else(|| open.map(by_address)) else { return };
    if is_lan_trusted {
        log::warn!(
            "⚠️ Until the shop has an owner, every device that reaches {open} can see and change everything (--trust-lan); the \
             command tillsync owner makes one"
        );
    } else {
        log::info!(
            "Other devices are let in at {open} once the shop has an owner: the command tillsync owner makes one"
        );
    }
}

fn server_options(options: &ServeOptions) -> Options {
    /// Open files besides connections: the database, the log, and some room.
    const OTHER_FILES: u64 = 64;
    let mut connections_max = options.connections_max as usize;
    if let Some(files) = platform::raise_open_file_limit() {
        let room = usize::try_from(files.saturating_sub(OTHER_FILES)).unwrap_or(usize::MAX).max(1);
        if room < connections_max {
            log::warn!("The open-file limit of {files} allows {room} connections instead of {connections_max}");
            connections_max = room;
        }
    }
    Options {
        is_lan_trusted: options.trust_lan,
        connections_max,
        connections_per_address_max: options.connections_per_address_max as usize,
        hosts: options.host.clone(),
        allowed_origins: options.allow_origin.clone(),
    }
}

fn cannot_listen(error: &std::io::Error) -> String {
    // That is how Windows says that another program keeps the port for itself.
    let is_kept = cfg!(windows) && error.kind() == std::io::ErrorKind::PermissionDenied;
    match error.kind() {
        kind if is_kept || kind == std::io::ErrorKind::AddrInUse => format!(
            "Another program is already listening there ({error}). Stop it, or choose another port with --listen."
        ),
        std::io::ErrorKind::PermissionDenied => {
            format!("The system does not allow listening there ({error}). Choose a port above 1023 with --listen.")
        }
        _ => format!("The server cannot listen ({error}). Choose an address of this machine with --listen."),
    }
}

/// Prints the one line that a person needs: how it stands, and the address to open, here and on other devices.
fn announce(state: &str, addresses: &[SocketAddr], elsewhere: &[String]) {
    let mut line = format!("{state} ");
    let here: Vec<String> = addresses.iter().map(|&address| url(web::from_here(address))).collect();
    line.push_str(&here.join(" or "));
    if !elsewhere.is_empty() {
        line.push_str("; on other devices ");
        line.push_str(&elsewhere.join(" or "));
    }
    // Whoever started the program without an output does not read it.
    let _ = writeln!(std::io::stdout(), "{line}");
}

fn url(address: SocketAddr) -> String {
    format!("http://{address}/")
}
