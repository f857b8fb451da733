//! A client's socket: one thread waits in reads, others send without waiting, and any of them ends it. On Unix the system does
//! that for every socket; on Windows see `polled`.

use std::io;
use std::net::TcpStream;

#[cfg(windows)]
pub use super::polled::ClientSocket;
/// A client's socket. On Unix it is the standard library's; on Windows it has what the server uses of that.
#[cfg(not(windows))]
pub use std::net::TcpStream as ClientSocket;

/// Makes an accepted connection a client's socket.
#[cfg(not(windows))]
pub fn client_socket(stream: TcpStream) -> io::Result<ClientSocket> {
    Ok(stream)
}

/// Makes an accepted connection a client's socket.
#[cfg(windows)]
pub fn client_socket(stream: TcpStream) -> io::Result<ClientSocket> {
    ClientSocket::new(stream)
}

/// Sends as much as the socket takes at once and never waits (promise 7). `WouldBlock` when it takes nothing.
#[cfg(not(windows))]
pub fn send_now(socket: &ClientSocket, bytes: &[u8]) -> io::Result<usize> {
    use rustix::net::{SendFlags, send};
    send(socket, bytes, SendFlags::DONTWAIT | SendFlags::NOSIGNAL).map_err(io::Error::from)
}

/// Sends as much as the socket takes at once and never waits (promise 7). `WouldBlock` when it takes nothing.
#[cfg(windows)]
pub fn send_now(socket: &ClientSocket, bytes: &[u8]) -> io::Result<usize> {
    socket.send_now(bytes)
}

/// Whether a socket of the standard library may still be used after a read has timed out. On Windows it is indeterminate then.
pub const SURVIVES_READ_TIMEOUT: bool = cfg!(not(windows));
