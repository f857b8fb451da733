//! The live feed as a device sees it.
//!
//! Goal: every change is announced to every client by exactly the frames of the contract, in commit order, and no client
//! can hold up another or the server's exit.
//!
//! Method: a real server with real sockets. What must be sent is read and compared frame by frame. What must not be sent
//! is shown by a later change: frames come in commit order, so whatever is absent before it was never sent. No test
//! relies on how fast the machine is; the only times that are measured are those that the contract itself names.

mod connections;
mod crowds;
mod frames;
mod old_app;

use serde_json::{Map, Value, json};

use crate::support::http::Client;
use crate::support::server::Server;
use crate::support::socket::Socket;
use crate::support::till::{self, Stored};

/// Items as no serialiser of ours would write them: the order of the keys, the forms of the numbers, the escapes, and a
/// key that the server does not know must all come out as they went in.
const ITEMS: &str = concat!(
    r#"[{"quantity":2,"price":100,"name":"LED bulb \u20b9 9 W","id":1,"discount":0,"hsn":"8539"},"#,
    r#"{"name":"Wire 1.5 mm²","price":50.50,"quantity":2}]"#
);

/// The amounts of a record, which the old app hands to a Dart `double`.
const AMOUNTS: [&str; 5] = ["subtotal", "discount_amount", "discount_percentage", "total", "amount_paid"];

/// What a frame may carry beyond the contract.
const EXTRA_KEYS: [&str; 5] = ["seq", "rev", "at", "by", "origin"];

/// A body with [`ITEMS`]; its amounts are integers, which must not stay integers.
fn raw_body(customer: &str, source_estimate_id: Option<&str>) -> String {
    let customer = format!(r#""customer_name":"{customer}","customer_phone":"98450","customer_address":"12 MG Road""#);
    let amounts = r#""subtotal":301,"discount_amount":0,"is_percentage_discount":false,"total":301"#;
    let source = source_estimate_id.map(|id| format!(r#","source_estimate_id":"{id}""#)).unwrap_or_default();
    format!(r#"{{{customer},"sale_by":"Ravi","items":{ITEMS},{amounts}{source}}}"#)
}

/// A server with several screens that watch it. Also the device that sends the commands has a screen among them: nobody
/// is left out.
struct Shop {
    _server: Server,
    till: Client,
    screens: Vec<Socket>,
    legacy: Socket,
    last_seq: u64,
}

impl Shop {
    fn open() -> Self {
        let server = Server::start();
        let screens = (0..3).map(|_| server.socket("/ws")).collect();
        let legacy = server.socket("/ws?format=legacy");
        Self { till: server.client(), screens, legacy, _server: server, last_seq: 0 }
    }

    fn create_estimate(&mut self, customer: &str) -> Stored {
        let body = raw_body(customer, None);
        let reply = self.till.request("POST", "/api/estimates/create", &[], Some(body.as_bytes()));
        Stored::estimate(&reply.expect(201))
    }

    fn create_sale(&mut self, customer: &str, source_estimate_id: Option<&str>) -> Stored {
        let body = raw_body(customer, source_estimate_id);
        let reply = self.till.request("POST", "/api/orders/create-sale", &[], Some(body.as_bytes()));
        Stored::order(&reply.expect(201))
    }

    fn convert(&mut self, estimate: &Stored) -> Stored {
        Stored::order(&till::convert(&mut self.till, &estimate.id, b"{}").expect(200))
    }

    /// An estimate/create or estimate/update frame with the record as the server has it now.
    fn estimate_frame(&mut self, action: &str, estimate: &Stored) -> Value {
        let record = self.till.get(&format!("/api/estimates/{}", estimate.id)).expect(200);
        json!({"type": "estimate", "action": action, "id": estimate.id, "data": record})
    }

    /// An order/create or order/update frame with the record as the server has it now.
    fn order_frame(&mut self, action: &str, order: &Stored) -> Value {
        let record = self.till.get(&format!("/api/orders/{}", order.id)).expect(200);
        json!({"type": "order", "action": action, "id": order.id, "data": record})
    }

    /// The next frames of every screen are these and the next strings of the legacy client are those.
    fn sees(&mut self, frames: &[Value], strings: &[&str]) {
        let mut last_seq = self.last_seq;
        for screen in &mut self.screens {
            last_seq = self.last_seq;
            for expected in frames {
                let raw = screen.next_text();
                let (frame, seq) = without_extras(&raw);
                assert_eq!(&frame, expected);
                assert!(seq > last_seq, "seq {seq} after {last_seq}");
                last_seq = seq;
                if let Some(data) = frame.get("data") {
                    assert_record_bytes(&raw, data);
                }
            }
        }
        self.last_seq = last_seq;
        for expected in strings {
            assert_eq!(&self.legacy.next_text(), expected);
        }
    }

    /// Nothing beyond what was seen has been sent to anybody.
    fn sees_nothing_more(&mut self) {
        let marker = self.create_estimate("marker");
        let frame = self.estimate_frame("create", &marker);
        self.sees(&[frame], &["estimate_created"]);
    }
}

/// The only frame of a conversion.
fn conversion_frame(estimate: &Stored, order: &Stored) -> Value {
    json!({
        "type": "estimate", "action": "convert_to_order", "id": estimate.id,
        "order_id": order.id, "order_number": format!("#{:03}", order.number),
    })
}

/// The keys of the contract alone, and the sequence number.
fn without_extras(raw: &str) -> (Value, u64) {
    let mut frame: Map<String, Value> = serde_json::from_str(raw).unwrap_or_else(|error| panic!("{error} in {raw}"));
    let seq = frame["seq"].as_u64().unwrap_or_else(|| panic!("no seq in {raw}"));
    for key in EXTRA_KEYS {
        frame.remove(key);
    }
    // A conversion may carry the estimate as it is now; the contract asks for none.
    if frame["action"] == "convert_to_order"
        && let Some(data) = frame.remove("data")
    {
        assert_record_bytes(raw, &data);
        assert_eq!((&data["estimate_id"], &data["linked_order_id"]), (&frame["id"], &frame["order_id"]), "{raw}");
    }
    (Value::Object(frame), seq)
}

/// Items byte for byte as they were sent, and a decimal point in every amount.
fn assert_record_bytes(raw: &str, data: &Value) {
    assert!(raw.contains(ITEMS), "the items were touched: {raw}");
    for key in AMOUNTS {
        if data.get(key).is_none() {
            continue;
        }
        let (_, value) = raw.split_once(&format!("\"{key}\":")).unwrap_or_else(|| panic!("no {key} in {raw}"));
        let digits = value.trim_start().split([',', '}']).next().unwrap();
        assert!(digits.contains('.'), "{key} is {digits}, without a decimal point: {raw}");
    }
}
