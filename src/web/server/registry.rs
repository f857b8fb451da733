//! The registry of open connections: how many there are and from where, with a permit for each (promise 8).

use std::collections::HashMap;
use std::net::{IpAddr, Shutdown};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::platform::{ClientSocket, Network};

/// The open connections and the most that there may be.
pub(crate) struct Registry {
    connections_max: usize,
    connections_per_address_max: usize,
    open: Mutex<Open>,
}

/// The count of each address is given back with its [`Permit`].
#[derive(Default)]
struct Open {
    next_id: u64,
    streams: HashMap<u64, (Instant, Arc<ClientSocket>)>,
    /// By the network of the client.
    per_address: HashMap<Network, usize>,
}

impl Registry {
    pub fn new(connections_max: usize, connections_per_address_max: usize) -> Arc<Self> {
        Arc::new(Self { connections_max, connections_per_address_max, open: Mutex::default() })
    }

    /// Counts a connection; none if there are too many already. This machine's own are not counted by address.
    pub fn admit(self: &Arc<Self>, stream: &Arc<ClientSocket>, peer: IpAddr) -> Option<Permit> {
        let network = Network::of(peer);
        let mut open = self.open();
        let from_network = open.per_address.get(&network).copied().unwrap_or(0);
        let is_over = open.streams.len() >= self.connections_max
            || (!peer.is_loopback() && from_network >= self.connections_per_address_max);
        if is_over {
            return None;
        }
        let id = open.next_id;
        open.next_id += 1;
        open.streams.insert(id, (Instant::now(), Arc::clone(stream)));
        open.per_address.insert(network, from_network + 1);
        Some(Permit { registry: Arc::clone(self), network, id })
    }

    /// Whether no connection is open.
    pub fn is_empty(&self) -> bool {
        self.open().streams.is_empty()
    }

    /// Shuts down what has been open for so long.
    pub fn shutdown_older(&self, than: Duration, how: Shutdown) {
        for (since, stream) in self.open().streams.values() {
            if since.elapsed() >= than {
                let _ = stream.shutdown(how);
            }
        }
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of one connection. It comes back by `Drop`, so that not even a panic loses it.
pub(crate) struct Permit {
    registry: Arc<Registry>,
    /// Where its client is counted.
    network: Network,
    id: u64,
}

impl Permit {
    /// Tells this connection from all others, before and after it.
    pub fn id(&self) -> u64 {
        self.id
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut open = self.registry.open();
        open.streams.remove(&self.id);
        if let Some(count) = open.per_address.get_mut(&self.network) {
            *count -= 1;
            if *count == 0 {
                open.per_address.remove(&self.network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::client_socket;
    use std::net::{TcpListener, TcpStream};

    /// A registry and a way to ask it for a place for a client of this address.
    fn registry(connections_max: usize, per_address_max: usize) -> impl Fn(&str) -> Option<Permit> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let stream = Arc::new(client_socket(stream).unwrap());
        let registry = Registry::new(connections_max, per_address_max);
        move |peer| registry.admit(&stream, peer.parse().unwrap())
    }

    #[test]
    fn a_device_that_changes_its_ipv6_address_for_each_connection_gets_no_more_of_them() {
        let admit = registry(100, 3);
        let mut permits: Vec<_> = (1..=3).map(|device| admit(&format!("2001:db8:1:2::{device}")).unwrap()).collect();
        assert!(admit("2001:db8:1:2:ffff::4").is_none(), "a fourth address of the same network");
        let others = [admit("2001:db8:1:3::1"), admit("192.168.1.7"), admit("::1"), admit("127.0.0.1")];
        assert!(others.iter().all(Option::is_some), "other clients pay for it");
        // One that ends makes room for one.
        permits.pop();
        let next = admit("2001:db8:1:2:ffff::4");
        assert!(next.is_some() && admit("2001:db8:1:2::5").is_none());
        drop((permits, next));
        assert!(admit("2001:db8:1:2::5").is_some());
    }

    #[test]
    fn this_machines_own_connections_are_counted_together_with_all_others_alone() {
        let admit = registry(4, 1);
        let own: Vec<_> = ["127.0.0.1", "127.0.0.2", "::1", "::1"].map(&admit).into_iter().flatten().collect();
        assert_eq!(own.len(), 4);
        assert!(admit("::1").is_none() && admit("192.168.1.7").is_none());
    }
}
