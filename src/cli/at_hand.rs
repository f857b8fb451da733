//! The shop of a data folder for a single command: that of the server which runs with the folder or, where none does, the same
//! server in this process, on a port of loopback that nobody else is told, until the command is done. So a command speaks
//! HTTP in either case, and what it may do is decided in one place.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};
use std::{io, thread};

use jiff::tz::TimeZone;

use super::serve;
use crate::app::{Lifecycle, ShopClock, Unavailable};
use crate::client::LocalServer;
use crate::client::people::{ShopClient, is_let_in_at};
use crate::config::{ServeOptions, ShopFolder};
use crate::platform;
use crate::store::OpenError;
use crate::web::{self, HostName, Options, Server};

/// For the server of this process to leave its token in the folder once it is open.
const TOKEN_WAIT: Duration = Duration::from_secs(10);
const TOKEN_LOOK_EVERY: Duration = Duration::from_millis(10);

/// Does something with the shop of a folder. `serving` is how the environment has it served.
pub(super) fn with_shop(
    serving: &ServeOptions,
    folder: ShopFolder,
    act: impl FnOnce(&ShopClient) -> Result<(), String>,
) -> Result<(), String> {
    let local = LocalServer::read(&folder.data)?;
    if let Some(local) = &local
        && let Some(mut shop) = ShopClient::reach(local)?
    {
        shop.addresses = addresses_of(local);
        return act(&shop);
    }
    let options = ServeOptions { data: folder.data, ..serving.clone() };
    let server = ServerAtHand::start(&options, local.is_some())?;
    let result = server.client(&options).and_then(|shop| act(&shop));
    server.server.stop();
    result
}

/// Where browsers open the shop of a running server: under its name for other devices, over the network, if it lets others in
/// there, and on this machine.
fn addresses_of(local: &LocalServer) -> Vec<String> {
    let network = platform::address_elsewhere(SocketAddr::from((Ipv4Addr::UNSPECIFIED, local.port())));
    let network = network.map(|address| format!("http://{address}")).filter(|address| is_let_in_at(address));
    let named = local.elsewhere().map(str::to_string);
    named.into_iter().chain(network).chain([local.base().to_string()]).collect()
}

/// A server in this process, for this process.
struct ServerAtHand {
    server: Server,
    port: u16,
}

impl ServerAtHand {
    /// Starts it and waits until the shop is open. `had_server` is whether a server has left its token in the folder.
    fn start(options: &ServeOptions, had_server: bool) -> Result<Self, String> {
        check_folder(options)?;
        if std::env::var_os("RUST_LOG").is_none() {
            // What goes wrong is the sentence of this command; how a server starts and stops is not its subject.
            log::set_max_level(log::LevelFilter::Off);
        }
        let zone = options.timezone.clone().unwrap_or_else(TimeZone::system);
        let lifecycle = Arc::new(Lifecycle::new(ShopClock::new(zone)));
        let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let server = web::bind(&[loopback])
            .and_then(|listeners| Server::start(Arc::clone(&lifecycle), listeners, &Options::default()))
            .map_err(|error| format!("The shop cannot be opened here: {error}."))?;
        let opened = open(&lifecycle, options, had_server);
        match (opened, server.addresses().first().map(SocketAddr::port)) {
            (Ok(()), Some(port)) => Ok(Self { server, port }),
            (opened, _) => {
                server.stop();
                Err(opened.err().unwrap_or_else(|| "The shop cannot be opened here: there is no port.".to_string()))
            }
        }
    }

    /// A client of it, with the token that it has left in the folder.
    fn client(&self, options: &ServeOptions) -> Result<ShopClient, String> {
        let deadline = Instant::now() + TOKEN_WAIT;
        loop {
            let local = LocalServer::read(&options.data)?.filter(|local| local.port() == self.port);
            if let Some(mut shop) = local.as_ref().map(ShopClient::reach).transpose()?.flatten() {
                // Others do not reach this server, but the one that will be started.
                let elsewhere = options.listen.iter().filter_map(|&address| platform::address_elsewhere(address));
                let here = options.listen.iter().map(|&address| crate::web::from_here(address));
                let named = HostName::first_base_url(&options.host, &options.listen);
                let numbered = elsewhere.chain(here).map(|address| format!("http://{address}"));
                shop.addresses = named.into_iter().chain(numbered).collect();
                shop.is_serving = false;
                return Ok(shop);
            }
            if Instant::now() > deadline {
                return Err(format!(
                    "The shop in {} is open, but does not let this command in.",
                    options.data.display()
                ));
            }
            thread::sleep(TOKEN_LOOK_EVERY);
        }
    }
}

/// Opens the shop. It is not tried again: a person waits for it.
fn open(lifecycle: &Arc<Lifecycle>, options: &ServeOptions, had_server: bool) -> Result<(), String> {
    let (news, arriving) = channel();
    let on_change = move |_: &Lifecycle| {
        let _ = news.send(());
    };
    lifecycle
        .open(serve::store_options(options), u64::from(options.disk_reserve_mib) << 20, on_change)
        .map_err(|error| format!("The system does not give the server its threads: {error}."))?;
    wait_until_open(lifecycle, &arriving).map_err(|sentence| explained(sentence, database(options), had_server))
}

fn wait_until_open(lifecycle: &Lifecycle, arriving: &Receiver<()>) -> Result<(), String> {
    while arriving.recv().is_ok() {
        match lifecycle.app() {
            Ok(_) => return Ok(()),
            Err(Unavailable::Opening { .. }) => {}
            Err(Unavailable::Failed(failure)) => return Err(failure.sentence),
            Err(Unavailable::Refused(sentence)) => return Err(sentence),
        }
    }
    Err("The shop cannot be opened here.".to_string())
}

/// What to do about a shop that another server has open without being reached.
fn explained(sentence: String, database: PathBuf, had_server: bool) -> String {
    if sentence != OpenError::InUse(database).to_string() {
        return sentence;
    }
    if had_server {
        format!("{sentence} It does not answer where its file tillsync.local says; try again in a moment.")
    } else {
        format!(
            "{sentence} It has left no file tillsync.local there, by which it could be asked; stop it, and try again."
        )
    }
}

/// A shop that is not there is not made here, and what is made here has to belong to the server's account.
fn check_folder(options: &ServeOptions) -> Result<(), String> {
    let folder = options.data.display();
    if is_missing(&database(options)).map_err(|error| format!("{folder} cannot be used: {error}."))? {
        return Err(format!("There is no shop in {folder}; name the folder of its data with --data."));
    }
    if platform::is_own(&options.data).map_err(|error| format!("{folder} cannot be used: {error}."))? {
        return Ok(());
    }
    Err(format!(
        "No tillsync runs with {folder}, which belongs to another account; start it (sudo systemctl start tillsync) and try \
         again."
    ))
}

fn is_missing(database: &Path) -> io::Result<bool> {
    match platform::is_missing(database) {
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => Ok(true),
        result => result,
    }
}

fn database(options: &ServeOptions) -> PathBuf {
    serve::store_options(options).file()
}
