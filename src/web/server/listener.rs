//! The listener: accepts, counts, gives each connection a thread, and stops in order.

use std::io;
use std::net::{IpAddr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::connection;
use super::listen::{Probe, Wake};
use super::registry::Registry;
use super::rejection::{Rejector, not_let_in, too_many};
use crate::app::Lifecycle;
use crate::platform::client_socket;
use crate::web::limits::{CONNECTIONS_MAX, CONNECTIONS_PER_ADDRESS_MAX, STACK_BYTES, STOP_TIME_MAX};
use crate::web::security::{HostName, OriginPolicy};
use crate::web::shared::Shared;

/// How long the accept loop rests after an error such as "too many open files".
const ACCEPT_REST: Duration = Duration::from_millis(50);
/// How often such errors are written to the log.
const ACCEPT_LOG_EVERY: Duration = Duration::from_secs(5);
/// For so long the first clients wait for a shop that is being opened, which is longer than it takes most often; then they are
/// told about it.
const PATIENCE: Duration = Duration::from_secs(2);
/// So long after its beginning a connection may still send its first request to a server that is stopping.
const FIRST_REQUEST_WAIT: Duration = Duration::from_millis(250);

/// What can be chosen about the listener.
#[derive(Debug, Clone)]
pub struct Options {
    /// Whether other devices are let in; otherwise they are told that they are not.
    pub is_lan_trusted: bool,
    /// Connections at once.
    pub connections_max: usize,
    /// Of these, from one address other than this machine's own.
    pub connections_per_address_max: usize,
    /// Further names under which the server is reached.
    pub hosts: Vec<HostName>,
    /// Origins of other pages that may use the API.
    pub allowed_origins: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            is_lan_trusted: false,
            connections_max: CONNECTIONS_MAX,
            connections_per_address_max: CONNECTIONS_PER_ADDRESS_MAX,
            hosts: Vec::new(),
            allowed_origins: Vec::new(),
        }
    }
}

/// What the accept loops and the one who stops them share.
struct Listening {
    shared: Arc<Shared>,
    registry: Arc<Registry>,
    /// Where the connections come from that end the accept loops.
    wakes: Mutex<Vec<SocketAddr>>,
}

impl Listening {
    fn wakes(&self) -> MutexGuard<'_, Vec<SocketAddr>> {
        self.wakes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether other devices than this machine are answered at all.
    fn lets_network_in(&self) -> bool {
        self.shared.is_lan_trusted || self.shared.lifecycle.app().is_ok_and(|app| app.lets_network_in())
    }

    /// Whether an accepted connection is the one that ends the accept loop. Those before it in the queue are served; those
    /// behind it stay there, for the next program if systemd keeps the socket open.
    fn is_wake(&self, peer: SocketAddr) -> bool {
        self.shared.is_stopping() && self.wakes().contains(&peer)
    }
}

/// A running server.
pub struct Server {
    listening: Arc<Listening>,
    addresses: Vec<SocketAddr>,
    acceptors: Vec<JoinHandle<()>>,
}

impl Server {
    /// Starts accepting.
    pub fn start(lifecycle: Arc<Lifecycle>, listeners: Vec<TcpListener>, options: &Options) -> io::Result<Self> {
        let addresses = listeners.iter().map(TcpListener::local_addr).collect::<io::Result<Vec<_>>>()?;
        let ports = addresses.iter().map(SocketAddr::port).collect();
        if let Some(&address) = addresses.first() {
            let elsewhere = HostName::first_base_url(&options.hosts, &addresses);
            lifecycle.note_addresses(format!("http://{}", from_here(address)), elsewhere);
        }
        let listening = Arc::new(Listening {
            shared: Arc::new(Shared::new(
                lifecycle,
                OriginPolicy::new(ports, &options.hosts, &options.allowed_origins).listening_on(&addresses),
                options.is_lan_trusted,
            )),
            registry: Registry::new(options.connections_max, options.connections_per_address_max),
            wakes: Mutex::default(),
        });
        let rejector = Rejector::start()?;
        let acceptors = listeners
            .into_iter()
            .map(|listener| {
                let acceptor = Acceptor { listening: Arc::clone(&listening), rejector: rejector.clone() };
                thread::Builder::new().name("accept".into()).spawn(move || acceptor.run(&listener))
            })
            .collect::<io::Result<Vec<_>>>()?;
        Ok(Self { listening, addresses, acceptors })
    }

    /// Where it listens.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Shows whether it answers.
    pub fn probe(&self) -> Probe {
        Probe::new(&self.addresses)
    }

    /// Finishes what is in flight, closes live clients with 1001, commits what waits, and closes the database. Stuck
    /// clients are cut off after a few seconds.
    pub fn stop(mut self) {
        let Listening { shared, registry, .. } = &*Arc::clone(&self.listening);
        shared.stop();
        for (&address, acceptor) in self.addresses.iter().zip(std::mem::take(&mut self.acceptors)) {
            if self.wake(address) {
                let _ = acceptor.join();
            }
        }
        let deadline = Instant::now() + STOP_TIME_MAX;
        if let Ok(app) = shared.lifecycle.app() {
            app.feed().stop();
        }
        // No new request begins; those that have arrived are answered.
        while !registry.is_empty() && Instant::now() < deadline {
            registry.shutdown_older(FIRST_REQUEST_WAIT, Shutdown::Read);
            thread::sleep(Duration::from_millis(5));
        }
        registry.shutdown_older(Duration::ZERO, Shutdown::Both);
        shared.lifecycle.stop();
    }

    /// Brings an accept loop out of its waiting; false if the system does not let us.
    fn wake(&self, address: SocketAddr) -> bool {
        let wake = || {
            let wake = Wake::prepare(address)?;
            self.listening.wakes().push(wake.from);
            wake.send()
        };
        wake().inspect_err(|error| log::warn!("The listener on {address} is cut off: {error}")).is_ok()
    }
}

/// The address as a program on this machine reaches it.
pub fn from_here(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => SocketAddr::from(([127, 0, 0, 1], address.port())),
        IpAddr::V6(ip) if ip.is_unspecified() => SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], address.port())),
        _ => address,
    }
}

/// The accept loop of one address.
struct Acceptor {
    listening: Arc<Listening>,
    rejector: Rejector,
}

impl Acceptor {
    fn run(&self, listener: &TcpListener) {
        self.listening.shared.lifecycle.wait_for_opening(PATIENCE);
        let mut last_logged: Option<Instant> = None;
        loop {
            let admitted = match listener.accept() {
                Ok((_, peer)) if self.listening.is_wake(peer) => return,
                Ok((stream, peer)) => self.admit(stream, peer.ip().to_canonical()),
                Err(error) => Err(error),
            };
            if let Err(error) = admitted {
                if last_logged.is_none_or(|at| at.elapsed() > ACCEPT_LOG_EVERY) {
                    log::warn!("A connection could not be accepted: {error}");
                    last_logged = Some(Instant::now());
                }
                thread::sleep(ACCEPT_REST);
            }
        }
    }

    /// Gives a connection its thread, or turns it away with a clear answer.
    fn admit(&self, stream: TcpStream, peer: IpAddr) -> io::Result<()> {
        let stream = Arc::new(client_socket(stream)?);
        if !peer.is_loopback() && !self.listening.lets_network_in() {
            self.rejector.turn_away(stream, &not_let_in());
            return Ok(());
        }
        let Some(permit) = self.listening.registry.admit(&stream, peer) else {
            self.rejector.turn_away(stream, &too_many());
            return Ok(());
        };
        let id = permit.id();
        let shared = Arc::clone(&self.listening.shared);
        spawn(format!("conn-{id}"), move || {
            let session = connection::serve(&shared, &stream, peer);
            drop(stream);
            let Some(session) = session else { return };
            let read_session = move || {
                session.run();
                drop(permit);
            };
            if let Err(error) = spawn(format!("live-{id}"), read_session) {
                log::warn!("A live client could not be served: {error}");
            }
        })
    }
}

fn spawn(name: String, run: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new().name(name).stack_size(STACK_BYTES).spawn(run).map(|_| ())
}
