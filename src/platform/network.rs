//! What counts as one client on the network, however many addresses it has; and the address by which others reach this machine.

use std::fmt;
use std::net::{IpAddr, SocketAddr, UdpSocket};

use serde::{Deserialize, Serialize};

/// Where a client is.
pub type Address = IpAddr;

/// An address, and of IPv6 the 64 bits in front, since a single device has all that follow to choose from (RFC 4291 §2.5.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Network(IpAddr);

impl Network {
    /// The network of a client.
    pub fn of(peer: IpAddr) -> Self {
        Self(match peer.to_canonical() {
            IpAddr::V6(ip) if !ip.is_loopback() => IpAddr::from((ip.to_bits() >> 64 << 64).to_be_bytes()),
            ip => ip,
        })
    }

    /// Whether it is this machine.
    pub fn is_loopback(self) -> bool {
        self.0.is_loopback()
    }
}

impl fmt::Display for Network {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// The address as other devices can open it; `None` if they cannot.
pub fn address_elsewhere(address: SocketAddr) -> Option<SocketAddr> {
    if address.ip().is_loopback() {
        return None;
    }
    if !address.ip().is_unspecified() {
        return Some(address);
    }
    // First the way outwards; a shop without internet has none, but an address in one of the usual networks.
    let v4 = || towards(&["192.0.2.1:9", "192.168.1.1:9", "192.168.0.1:9", "10.0.0.1:9", "172.16.0.1:9"], "0.0.0.0:0");
    let v6 = || towards(&["[2001:db8::1]:9", "[fd00::1]:9"], "[::]:0");
    // Every address of IPv6 stands for those of IPv4 too, which are easier to type.
    let ip = if address.is_ipv4() { v4() } else { v4().or_else(v6) };
    ip.map(|ip| SocketAddr::new(ip, address.port()))
}

fn towards(others: &[&str], local: &str) -> Option<IpAddr> {
    others.iter().find_map(|other| address_towards(local, other))
}

/// The address of this machine that leads to another one. Connecting a UDP socket sends nothing; it only asks the system.
fn address_towards(local: &str, other: &str) -> Option<IpAddr> {
    let socket = UdpSocket::bind(local).ok()?;
    socket.connect(other).ok()?;
    let ip = socket.local_addr().ok()?.ip();
    (!ip.is_loopback() && !ip.is_unspecified()).then_some(ip)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_with_a_network_of_its_own_is_counted_once() {
        let network = |text: &str| Network::of(text.parse().unwrap());
        let shown = |text: &str| network(text).to_string();
        assert_eq!(shown("192.168.1.7"), "192.168.1.7");
        assert_eq!(shown("::ffff:192.168.1.7"), "192.168.1.7");
        assert_eq!(shown("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(shown("2001:db8:1:2:ffff::1"), shown("2001:db8:1:2::2"));
        assert_ne!(shown("2001:db8:1:2::1"), shown("2001:db8:1:3::1"));
        assert_eq!(shown("fe80::1"), "fe80::");
        assert_eq!(shown("::1"), "::1");
        assert!(
            network("::1").is_loopback() && network("127.0.0.9").is_loopback() && !network("10.0.0.1").is_loopback()
        );
    }

    #[test]
    fn others_open_an_address_that_is_no_wildcard_and_not_this_machines_own() {
        let elsewhere = |text: &str| address_elsewhere(text.parse().unwrap());
        assert_eq!((elsewhere("127.0.0.1:8000"), elsewhere("[::1]:8000")), (None, None));
        assert_eq!(elsewhere("192.168.1.10:8000"), "192.168.1.10:8000".parse().ok());
        for every in ["0.0.0.0:8000", "[::]:8000"] {
            // A machine without a network has none.
            let found = elsewhere(every);
            let is_usable = |a: SocketAddr| !a.ip().is_unspecified() && !a.ip().is_loopback() && a.port() == 8_000;
            assert!(found.is_none_or(is_usable), "{found:?}");
        }
    }
}
