//! Busy tills: random commands on records of their own, so that none is refused, each under a key of its own, so that it
//! can be sent again when its answer was lost. And how far those who follow them have come.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use serde_json::{Value, json};

use super::http::{Client, Reply};
use super::random::Random;
use super::{samples, till};

/// One till.
pub struct BusyTill {
    name: String,
    addr: SocketAddr,
    /// `None` after a broken connection.
    client: Option<Client>,
    random: Random,
    /// Estimates that are not converted.
    estimates: Vec<String>,
    orders: Vec<String>,
    turns: u64,
    /// The command whose answer did not come.
    unanswered: Option<Command>,
}

/// A command as it goes over the wire.
struct Command {
    method: &'static str,
    path: String,
    body: Option<Value>,
    key: String,
}

impl BusyTill {
    pub fn new(addr: SocketAddr, seed: u64) -> Self {
        Self {
            name: format!("Till {seed}"),
            addr,
            client: None,
            random: Random::new(seed),
            estimates: Vec::new(),
            orders: Vec::new(),
            turns: 0,
            unanswered: None,
        }
    }

    /// Sends commands until `count`, shared by all tills, is used up. `before_each` may hold it back.
    pub fn act_until(&mut self, count: &AtomicU64, most: u64, before_each: impl Fn()) {
        while count.fetch_add(1, Ordering::SeqCst) < most {
            before_each();
            assert!(self.act(), "the server is gone");
        }
    }

    /// Sends one command: a new one, or the one that got no answer. False when there is no answer again.
    pub fn act(&mut self) -> bool {
        let command = self.unanswered.take().unwrap_or_else(|| self.next_command());
        match self.send(&command) {
            Some(reply) if reply.status < 300 => {
                self.note(&command, &reply.json());
                true
            }
            Some(reply) if reply.status != 503 => panic!("{} {}: {}", command.method, command.path, reply.text()),
            _ => {
                self.client = None;
                self.unanswered = Some(command);
                false
            }
        }
    }

    fn send(&mut self, command: &Command) -> Option<Reply> {
        let client = self.client.get_or_insert_with(|| Client::connect(self.addr));
        let body = command.body.as_ref().map(|body| body.to_string().into_bytes());
        let headers = [("Idempotency-Key", command.key.as_str())];
        client.try_request(command.method, &command.path, &headers, body.as_deref()).ok()
    }

    fn next_command(&mut self) -> Command {
        self.turns += 1;
        let customer = format!("{} customer {}", self.name, self.turns);
        let create_sale = ("POST", "/api/orders/create-sale".to_string(), Some(samples::sale(&customer)));
        let create_estimate = ("POST", "/api/estimates/create".to_string(), Some(samples::estimate(&customer)));
        let (method, path, body) = match self.random.within(0..20) {
            0..2 => create_sale,
            2..6 if !self.estimates.is_empty() => {
                let id = &self.estimates[self.random.index(self.estimates.len())];
                ("PUT", format!("/api/estimates/{id}"), Some(samples::estimate(&customer)))
            }
            6..10 if !self.estimates.is_empty() => {
                let id = self.estimates.swap_remove(self.random.index(self.estimates.len()));
                ("POST", format!("/api/estimates/{id}/convert-to-order"), Some(json!({"sale_by": self.name})))
            }
            10..11 if !self.estimates.is_empty() => {
                let id = self.estimates.swap_remove(self.random.index(self.estimates.len()));
                ("DELETE", format!("/api/estimates/{id}"), None)
            }
            11..12 if !self.orders.is_empty() => {
                let id = self.orders.swap_remove(self.random.index(self.orders.len()));
                ("DELETE", format!("/api/orders/{id}"), None)
            }
            12..14 if !self.orders.is_empty() => {
                let id = &self.orders[self.random.index(self.orders.len())];
                // Never the status that it has already, which would be no change.
                ("PUT", format!("/api/orders/{id}/status?status=Packed%20{}", self.turns), None)
            }
            _ => create_estimate,
        };
        Command { method, path, body, key: format!("{}-{}", self.name, self.turns) }
    }

    /// Keeps the id of a new record.
    fn note(&mut self, command: &Command, answer: &Value) {
        if command.method != "POST" {
            return;
        }
        match (answer["order_id"].as_str(), answer["estimate_id"].as_str()) {
            (Some(order), _) => self.orders.push(order.to_string()),
            (None, Some(estimate)) => self.estimates.push(estimate.to_string()),
            (None, None) => panic!("{} named no record: {answer}", command.path),
        }
    }
}

/// How far the devices of a test have come, and where they stop.
pub struct Progress {
    of_each: Vec<AtomicU64>,
    end: AtomicU64,
    writing_is_over: AtomicBool,
}

impl Progress {
    pub fn of_devices(count: usize) -> Self {
        Self {
            of_each: (0..count).map(|_| AtomicU64::new(0)).collect(),
            end: AtomicU64::new(u64::MAX),
            writing_is_over: AtomicBool::new(false),
        }
    }

    /// Notes the sequence that a device has reached; true when that is the end.
    pub fn note(&self, device: usize, seq: u64) -> bool {
        self.of_each[device].store(seq, Ordering::SeqCst);
        seq >= self.end.load(Ordering::SeqCst)
    }

    pub fn of(&self, device: usize) -> u64 {
        self.of_each[device].load(Ordering::SeqCst)
    }

    pub fn furthest(&self) -> u64 {
        (0..self.of_each.len()).map(|device| self.of(device)).max().unwrap()
    }

    pub fn slowest(&self) -> u64 {
        (0..self.of_each.len()).map(|device| self.of(device)).min().unwrap()
    }

    pub fn writing_is_over(&self) {
        self.writing_is_over.store(true, Ordering::SeqCst);
    }

    pub fn is_writing_over(&self) -> bool {
        self.writing_is_over.load(Ordering::SeqCst)
    }

    /// Ends the log with one more record, once nobody else writes. Its sequence is known before it is stored, so that no
    /// device reads past it.
    pub fn finish(&self, client: &mut Client) {
        self.writing_is_over();
        let last: u64 = client.get("/api/estimates/all?limit=1").header("sync-seq").unwrap().parse().unwrap();
        self.end.store(last + 1, Ordering::SeqCst);
        till::create_estimate(client, "the last one");
    }
}
