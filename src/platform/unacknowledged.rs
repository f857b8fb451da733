//! How much of what was sent to a client its system has not acknowledged yet. A socket's buffer alone says little: with a reader of
//! 1 KB a second it takes nothing for half a minute, while the reader acknowledges all the time.

use super::ClientSocket;

/// For each socket the bytes that its peer has not acknowledged; `None` where the system does not tell. Reads a table of all sockets of
/// the system, so it is to be asked seldom.
#[cfg(target_os = "linux")]
pub fn unacknowledged(sockets: &[&ClientSocket]) -> Vec<Option<u64>> {
    let tables =
        ["/proc/self/net/tcp", "/proc/self/net/tcp6"].map(|path| std::fs::read_to_string(path).unwrap_or_default());
    let queues: std::collections::HashMap<&str, u64> =
        tables.iter().flat_map(|table| table.lines()).filter_map(queue).collect();
    sockets.iter().map(|socket| queues.get(ends(socket)?.as_str()).copied()).collect()
}

/// For each socket the bytes that its peer has not acknowledged; `None` where the system does not tell.
#[cfg(not(target_os = "linux"))]
pub fn unacknowledged(sockets: &[&ClientSocket]) -> Vec<Option<u64>> {
    vec![None; sockets.len()]
}

/// Of a line of the table (`proc_net_tcp`, kernel documentation): both ends of the connection as they are written there, and the bytes
/// of its sending queue, which holds what is not acknowledged.
#[cfg(target_os = "linux")]
fn queue(line: &str) -> Option<(&str, u64)> {
    let line = line.trim_start();
    let start = line.find(' ')? + 1;
    let mut fields = line.get(start..)?.split(' ');
    let (local, remote) = (fields.next()?, fields.next()?);
    let queues = fields.nth(1)?;
    let sending = u64::from_str_radix(queues.split_once(':')?.0, 16).ok()?;
    Some((line.get(start..start + local.len() + 1 + remote.len())?, sending))
}

/// Both ends of a connection as the table writes them.
#[cfg(target_os = "linux")]
fn ends(socket: &ClientSocket) -> Option<String> {
    use std::fmt::Write as _;
    use std::net::{IpAddr, SocketAddr};
    let end = |address: SocketAddr| {
        // Addresses are written as numbers of this machine, 32 bits each.
        let words = |octets: &[u8]| -> String {
            let mut written = String::with_capacity(2 * octets.len());
            for word in octets.chunks_exact(4).filter_map(|word| word.try_into().ok()) {
                // Writing to memory does not fail.
                let _ = write!(written, "{:08X}", u32::from_ne_bytes(word));
            }
            written
        };
        let ip = match address.ip() {
            IpAddr::V4(ip) => words(&ip.octets()),
            IpAddr::V6(ip) => words(&ip.octets()),
        };
        format!("{ip}:{:04X}", address.port())
    };
    Some(format!("{} {}", end(socket.local_addr().ok()?), end(socket.peer_addr().ok()?)))
}

#[cfg(test)]
mod tests {
    #[cfg(target_os = "linux")]
    #[test]
    fn what_a_peer_takes_is_acknowledged_and_what_it_leaves_is_not() {
        use std::io::{Read as _, Write as _};
        use std::net::{TcpListener, TcpStream};

        for host in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = TcpListener::bind(host) else { continue };
            let mut far = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let mut near = listener.accept().unwrap().0;
            near.set_nonblocking(true).unwrap();
            let mut sent = 0;
            while let Ok(length) = near.write(&[7; 4_096]) {
                sent += length;
            }
            let waiting = |near: &TcpStream| super::unacknowledged(&[near])[0].unwrap();
            let full = waiting(&near);
            assert!(full > 0 && full <= sent as u64, "{full} of {sent}");
            let mut taken = vec![0; sent];
            far.read_exact(&mut taken).unwrap();
            let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
            while waiting(&near) > 0 {
                assert!(std::time::Instant::now() < deadline);
                std::thread::yield_now();
            }
        }
    }
}
