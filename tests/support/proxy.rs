//! The bad Wi-Fi of a shop: a TCP proxy between clients and the server that splits what they send into random pieces,
//! lets pieces wait, cuts connections at random bytes (so mostly in the middle of a WebSocket frame), and can freeze, so
//! that a client vanishes without a FIN. What it does follows from its seed; when it meets which frame does not.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::random::Random;

/// How a server behind a proxy is started: clients name it by the proxy's port, which is not one of its own.
pub const BEHIND_PROXY: [&str; 2] = ["--host", "127.0.0.1"];

/// How a proxy treats the bytes of a connection.
#[derive(Debug, Clone, Copy)]
pub struct Line {
    /// Each piece has a random size up to this.
    pub piece_bytes_max: u64,
    /// One piece in so many waits before it goes on.
    pub pause_one_in: u64,
    /// For a random time up to this.
    pub pause_max: Duration,
    /// Each connection is cut after a random number of bytes towards the client, up to this; `None` for never.
    pub cut_bytes_max: Option<u64>,
}

impl Line {
    /// Hands on everything as it comes.
    pub const STEADY: Self = Self {
        piece_bytes_max: READ_BYTES as u64,
        pause_one_in: u64::MAX,
        pause_max: Duration::ZERO,
        cut_bytes_max: None,
    };
}

/// What is read at once.
const READ_BYTES: usize = 16 << 10;

/// A running proxy. Dropping it ends its connections and its threads.
pub struct Proxy {
    /// Where clients connect.
    pub addr: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

struct Shared {
    line: Line,
    seed: u64,
    cuts: AtomicU64,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    target: SocketAddr,
    is_frozen: bool,
    is_over: bool,
    /// Both sockets of each connection, for ending them.
    open: HashMap<u64, [TcpStream; 2]>,
}

impl Proxy {
    /// Starts on a free port in front of `target`.
    pub fn start(target: SocketAddr, line: Line, seed: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let state = State { target, is_frozen: false, is_over: false, open: HashMap::new() };
        let shared =
            Arc::new(Shared { line, seed, cuts: AtomicU64::new(0), state: Mutex::new(state), changed: Condvar::new() });
        let acceptor = thread::spawn({
            let shared = Arc::clone(&shared);
            move || shared.accept(&listener)
        });
        Self { addr, shared, acceptor: Some(acceptor) }
    }

    /// Connections from now on go there, as after a restart of the server.
    pub fn aim_at(&self, target: SocketAddr) {
        self.shared.state().target = target;
    }

    /// From now on nothing goes through in either direction, not even the end of a connection.
    pub fn freeze(&self) {
        self.shared.state().is_frozen = true;
    }

    /// Connections that were cut so far.
    pub fn cuts(&self) -> u64 {
        self.shared.cuts.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        {
            let mut state = self.shared.state();
            state.is_over = true;
            for socket in state.open.values().flatten() {
                let _ = socket.shutdown(Shutdown::Both);
            }
        }
        self.shared.changed.notify_all();
        // The acceptor waits for a connection; this is the one that tells it to look.
        let _ = TcpStream::connect(self.addr);
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn accept(self: Arc<Self>, listener: &TcpListener) {
        let mut connections: Vec<JoinHandle<()>> = Vec::new();
        for number in 0_u64.. {
            let Ok((client, _)) = listener.accept() else { continue };
            let target = {
                let state = self.state();
                if state.is_over {
                    break;
                }
                state.target
            };
            connections.retain(|connection| !connection.is_finished());
            // While the server is down, the client's connection just ends.
            if let Ok(server) = TcpStream::connect(target) {
                let shared = Arc::clone(&self);
                connections.push(thread::spawn(move || shared.carry(number, &client, &server)));
            }
        }
        for connection in connections {
            let _ = connection.join();
        }
    }

    /// Carries one connection until it ends.
    fn carry(&self, number: u64, client: &TcpStream, server: &TcpStream) {
        let both = [client.try_clone().unwrap(), server.try_clone().unwrap()];
        for socket in &both {
            // Otherwise the pieces would be joined again.
            socket.set_nodelay(true).unwrap();
        }
        {
            let mut state = self.state();
            if state.is_over {
                return;
            }
            state.open.insert(number, both);
        }
        let mut random = Random::new(self.seed ^ number.rotate_left(32));
        let budget = self.line.cut_bytes_max.map(|most| random.within(1..most));
        let mut upwards = Random::new(random.within(0..u64::from(u32::MAX)));
        thread::scope(|scope| {
            scope.spawn(|| self.pump(client, server, &mut upwards, None));
            self.pump(server, client, &mut random, budget);
        });
        self.state().open.remove(&number);
    }

    /// Hands bytes on until the sender ends, the receiver is gone, or the budget is used up.
    fn pump(&self, mut from: &TcpStream, mut to: &TcpStream, random: &mut Random, mut budget: Option<u64>) {
        let mut buffer = [0; READ_BYTES];
        loop {
            let length = from.read(&mut buffer).unwrap_or(0);
            if !self.may_pass() || length == 0 {
                let _ = to.shutdown(Shutdown::Write);
                return;
            }
            let mut rest = &buffer[..length];
            while !rest.is_empty() {
                let size = random.within(1..self.line.piece_bytes_max + 1).min(budget.unwrap_or(u64::MAX));
                let (piece, later) = rest.split_at(rest.len().min(usize::try_from(size).unwrap()));
                rest = later;
                if random.one_in(self.line.pause_one_in) {
                    // The line is slow: this is what it does, nothing waits for it.
                    let micros = u64::try_from(self.line.pause_max.as_micros()).unwrap();
                    thread::sleep(Duration::from_micros(random.within(0..micros + 1)));
                }
                let is_sent = self.may_pass() && to.write_all(piece).is_ok();
                budget = budget.map(|budget| budget - piece.len() as u64);
                if budget == Some(0) {
                    self.cuts.fetch_add(1, Ordering::SeqCst);
                }
                if !is_sent || budget == Some(0) {
                    let _ = from.shutdown(Shutdown::Both);
                    let _ = to.shutdown(Shutdown::Both);
                    return;
                }
            }
        }
    }

    /// Waits while frozen. False once the proxy is over.
    fn may_pass(&self) -> bool {
        let state = self.changed.wait_while(self.state(), |state| state.is_frozen && !state.is_over).unwrap();
        !state.is_over
    }
}
