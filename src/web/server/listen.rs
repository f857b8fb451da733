//! The server's own listeners as seen from both sides: bound here, and asked or woken over a connection to ourselves.

use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};

use crate::platform;

/// Connections that the system keeps until they are accepted.
const BACKLOG: i32 = 1_024;
/// How long the own listener is waited for, for a connection and for each byte.
const OWN_ANSWER_WAIT: Duration = Duration::from_secs(5);

/// Listens on every address. An error names the one at fault.
pub fn bind(addresses: &[SocketAddr]) -> io::Result<Vec<TcpListener>> {
    let named = |address, error: io::Error| io::Error::new(error.kind(), format!("{address}: {error}"));
    let bind = |&address: &SocketAddr| {
        bind_one(address, is_for_both(address, addresses)).map_err(|error| named(address, error))
    };
    addresses.iter().map(bind).collect()
}

/// Whether every IPv6 address stands for every address at all, as people mean it; not where one of IPv4 is named beside it.
fn is_for_both(address: SocketAddr, all: &[SocketAddr]) -> bool {
    let is_named_beside = |other: &SocketAddr| other.is_ipv4() && other.port() == address.port() && other.port() != 0;
    address.is_ipv6() && address.ip().is_unspecified() && !all.iter().any(is_named_beside)
}

fn bind_one(address: SocketAddr, is_for_both: bool) -> io::Result<TcpListener> {
    match bind_alone(address, is_for_both, true) {
        // Connections of an earlier start may still be coming to their ends. A listener that is there refuses this one as well.
        Err(_) if cfg!(windows) => bind_alone(address, is_for_both, false),
        bound => bound,
    }
}

fn bind_alone(address: SocketAddr, is_for_both: bool, is_claimed: bool) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if is_claimed {
        platform::claim_address(&socket)?;
    }
    if address.is_ipv6() {
        socket.set_only_v6(!is_for_both)?;
    }
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(TcpListener::from(socket))
}

/// Asks the own listeners for an answer, as a device would.
#[derive(Debug, Clone)]
pub struct Probe {
    addresses: Vec<SocketAddr>,
}

impl Probe {
    pub(crate) fn new(addresses: &[SocketAddr]) -> Self {
        Self { addresses: addresses.to_vec() }
    }

    /// Succeeds when every accept loop has taken a connection just now and something was answered on it. "Too many
    /// connections" is an answer, too.
    pub fn ask(&self) -> io::Result<()> {
        self.addresses.iter().try_for_each(|&address| {
            let mut stream = TcpStream::connect_timeout(&from_here(address), OWN_ANSWER_WAIT)?;
            stream.set_read_timeout(Some(OWN_ANSWER_WAIT))?;
            stream.set_write_timeout(Some(OWN_ANSWER_WAIT))?;
            stream.write_all(b"HEAD /health HTTP/1.0\r\n\r\n")?;
            stream.read_exact(&mut [0])
        })
    }
}

/// A connection to an own listener that brings its accept loop out of its waiting. The loop knows it by its address.
pub(crate) struct Wake {
    socket: Socket,
    towards: SocketAddr,
    /// Where it comes from.
    pub from: SocketAddr,
}

impl Wake {
    pub fn prepare(listener: SocketAddr) -> io::Result<Self> {
        let towards = from_here(listener);
        let socket = Socket::new(Domain::for_address(towards), Type::STREAM, Some(Protocol::TCP))?;
        socket.bind(&SocketAddr::new(towards.ip(), 0).into())?;
        let from = socket.local_addr()?.as_socket().ok_or(io::ErrorKind::AddrNotAvailable)?;
        Ok(Self { socket, towards, from })
    }

    pub fn send(&self) -> io::Result<()> {
        let connected = self.socket.connect_timeout(&self.towards.into(), Duration::from_secs(1));
        // The loop ends with it at once, so that Windows may show the connection's end before its beginning is noticed here.
        connected.or_else(|error| self.socket.peer_addr().map(drop).map_err(|_| error))
    }
}

/// The address under which this machine reaches its own listener.
fn from_here(listener: SocketAddr) -> SocketAddr {
    let ip = match listener.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::from([127, 0, 0, 1]),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]),
        ip => ip,
    };
    SocketAddr::new(ip, listener.port())
}
