//! What several files ask of a server: commands as the app sends them, the lists, and the frames that follow.

use std::net::SocketAddr;
use std::sync::Barrier;
use std::thread;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::http::{Client, Reply};
use super::samples;
use super::socket::Socket;

/// What a create or a conversion answered: the id and the number in its series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    pub id: String,
    pub number: u64,
}

impl Stored {
    /// Of an answer that names an estimate, or of an estimate's record.
    pub fn estimate(answer: &Value) -> Self {
        Self { id: text(answer, "estimate_id"), number: number_of(&answer["estimate_number"]) }
    }

    /// Of an answer that names an order, or of an order's record.
    pub fn order(answer: &Value) -> Self {
        Self { id: text(answer, "order_id"), number: number_of(&answer["sale_number"]) }
    }
}

/// A text field; anything else there is a fault.
pub fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_else(|| panic!("{key} is not text in {value}")).to_string()
}

/// What everybody is told of a command's key.
pub fn origin(key: &str) -> String {
    let digest = Sha256::digest(key);
    digest.iter().take(8).fold(String::new(), |digits, byte| format!("{digits}{byte:02x}"))
}

/// `7` of `"#007"`, after checking the form.
pub fn number_of(number: &Value) -> u64 {
    let text = number.as_str().unwrap_or_else(|| panic!("not a number of a series: {number}"));
    let parsed = text.strip_prefix('#').and_then(|digits| digits.parse().ok());
    let parsed: u64 = parsed.unwrap_or_else(|| panic!("not a number of a series: {text}"));
    assert_eq!(text, format!("#{parsed:03}"));
    parsed
}

pub fn create_estimate(client: &mut Client, customer: &str) -> Stored {
    Stored::estimate(&client.post("/api/estimates/create", &samples::estimate(customer)).expect(201))
}

pub fn create_sale(client: &mut Client, customer: &str) -> Stored {
    Stored::order(&client.post("/api/orders/create-sale", &samples::sale(customer)).expect(201))
}

pub fn convert(client: &mut Client, estimate_id: &str, body: &[u8]) -> Reply {
    client.request("POST", &format!("/api/estimates/{estimate_id}/convert-to-order"), &[], Some(body))
}

/// All estimates, newest first.
pub fn estimates(client: &mut Client) -> Vec<Value> {
    array(client.get("/api/estimates/all").expect(200))
}

/// All orders, newest first.
pub fn orders(client: &mut Client) -> Vec<Value> {
    array(client.get("/api/orders/orders-only").expect(200)["orders"]["items"].take())
}

pub fn array(value: Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items,
        other => panic!("not a list: {other}"),
    }
}

/// An estimate of about 100 KB, so that a few dozen fill every buffer between the server and a client that stopped
/// reading.
pub fn bulky_estimate(customer: &str) -> Value {
    let name = "x".repeat(480);
    let items: Vec<Value> = (0..200).map(|_| json!({"name": name, "price": 1.0, "quantity": 1})).collect();
    let mut estimate = samples::estimate(customer);
    estimate["items"] = json!(items);
    estimate["subtotal"] = json!(200.0);
    estimate["total"] = json!(200.0);
    estimate
}

/// Every frame that waits on `socket`. Frames come in commit order, so a marker estimate stored now ends the list: what
/// is not there when the marker arrives was never sent.
pub fn frames_so_far(client: &mut Client, socket: &mut Socket) -> Vec<Value> {
    let marker = create_estimate(client, "marker");
    let mut frames = Vec::new();
    loop {
        let frame = socket.next_json();
        if frame["id"] == marker.id.as_str() {
            return frames;
        }
        frames.push(frame);
    }
}

/// Runs `act` on `count` threads at the same moment, each with a connection of its own that is open already.
pub fn together<T: Send>(addr: SocketAddr, count: usize, act: impl Fn(usize, &mut Client) -> T + Sync) -> Vec<T> {
    let clients: Vec<Client> = (0..count).map(|_| Client::connect(addr)).collect();
    let (start, act) = (&Barrier::new(count), &act);
    thread::scope(|scope| {
        let start_one = |(index, mut client): (usize, Client)| {
            scope.spawn(move || {
                start.wait();
                act(index, &mut client)
            })
        };
        let running: Vec<_> = clients.into_iter().enumerate().map(start_one).collect();
        running.into_iter().map(|one| one.join().unwrap()).collect()
    })
}
