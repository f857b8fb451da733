//! Goal: text is text. What a till sends is stored and served as it was sent, and in the log it neither forges a line nor
//! controls the terminal of whoever reads it.
//!
//! Method: names that are markup, formulas, control and direction characters go through every place that takes text, on a
//! server that logs all it can.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::support::http::Client;
use crate::support::samples;
use crate::support::server::Server;

const FORGED: &str = "line\r\n[2026-01-01T00:00:00Z ERROR forged] gone";

const NAMES: [&str; 20] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "</script><!--",
    "=cmd|'/C calc'!A0",
    "+1+1",
    "@SUM(A1:A9)",
    "-2+3",
    "'; DROP TABLE orders; --",
    "{{7*7}} ${7*7} %n%s",
    "invoice\u{202e}fdp.exe",
    "\u{2066}isolated\u{2069} \u{200f}\u{200e}\u{61c}",
    "nul\0in the middle",
    FORGED,
    "\u{1b}[2J\u{1b}]0;title\u{7}\u{8}\u{8}",
    "\u{7f}\u{80}\u{9b}31m",
    "a\u{2028}b\u{2029}c\u{85}d",
    "\u{feff}bom \u{fffe} \u{10ffff}",
    "👩\u{200d}👩\u{200d}👧 💡 e\u{301} é",
    "%00%0d%0a%2e%2e%2f",
    "\\u0000 \\n \\\\ \" \\",
];

#[test]
fn text_is_stored_and_served_as_it_was_sent_and_never_controls_the_log() {
    let server = Server::start_talkative();
    let mut client = server.client();
    let mut socket = server.socket("/ws");
    for name in NAMES {
        let mut sale = samples::sale(name);
        for field in ["customer_phone", "customer_address", "sale_by", "payment_mode"] {
            sale[field] = json!(name);
        }
        sale["items"] = json!([{"name": name, "price": 300, "quantity": 1, name: name}]);
        let answer = client.post("/api/orders/create-sale", &sale).expect(201);
        assert_eq!(answer["data"]["customer_name"], name);
        let id = answer["order_id"].as_str().unwrap();
        let status: String = name.chars().take(64).collect();
        let path = format!("/api/orders/{id}/status?status={}", encoded(&status));
        assert_eq!(client.put(&path, &json!({})).expect(200)["status"], status.as_str());

        let frame = socket.next_json();
        assert_eq!(socket.next_json()["data"]["status"], status.as_str());
        let stored = client.get(&format!("/api/orders/{id}")).expect(200);
        let listed = client.get("/api/orders/all?limit=1").expect(200)[0].clone();
        for record in [&frame["data"], &stored, &listed] {
            assert_same(&sale, record);
        }
        attack_the_log(&server, &mut client, name);
    }
    drop(socket);
    assert!(server.stop_and_log_is_clean());
}

fn assert_same(sent: &Value, record: &Value) {
    for field in ["customer_name", "customer_phone", "customer_address", "sale_by", "payment_mode", "items"] {
        assert_eq!(record[field], sent[field], "{field}");
    }
}

/// Sends the same text where it should not be: path, query, header, method, key, and as bytes of a WebSocket.
fn attack_the_log(server: &Server, client: &mut Client, name: &str) {
    let path = encoded(name);
    for target in [
        format!("/{path}"),
        format!("/api/orders/{path}"),
        format!("/api/search?q={path}"),
        format!("/sync?epoch={path}"),
    ] {
        let status = client.get(&target).status;
        assert!([200, 400, 404, 422, 426].contains(&status), "{target}: {status}");
    }
    let plain: String =
        name.chars().filter(|character| *character != '\r' && *character != '\n' && *character != '\0').collect();
    for header in ["User-Agent", "Idempotency-Key", "If-Match", "Origin", "X"] {
        let _ = server.client().try_request("DELETE", "/api/orders/ORDER-DEADBEEF", &[(header, &plain)], None);
    }
    let mut raw = server.client();
    raw.send_raw(format!("{name} / HTTP/1.1\r\nHost: shop\r\n\r\n").as_bytes()).unwrap();
    let _ = raw.try_read("GET");
    let mut socket = server.socket("/ws");
    socket.send_text(name);
    let reason: String = name.chars().take(20).collect();
    let close = tungstenite::protocol::CloseFrame { code: 4000.into(), reason: reason.into() };
    socket.inner.close(Some(close)).unwrap();
    assert_eq!(socket.close_code(), Some(4000));
}

fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        let _ = write!(encoded, "%{byte:02X}");
        encoded
    })
}

impl Server {
    /// Stops the server and looks through its whole log.
    fn stop_and_log_is_clean(mut self) -> bool {
        assert!(self.stop().success());
        let log = self.log();
        assert!(log.contains("script"), "the log shows the changes, or this test shows nothing");
        for line in log.split('\n').filter(|line| !line.is_empty()) {
            assert!(
                line.starts_with('[') && !line.starts_with("[2026-01-01T00:00:00Z"),
                "not a line of ours: {line:?}"
            );
            let marks = ['\u{202e}', '\u{2066}', '\u{2069}', '\u{200e}', '\u{200f}', '\u{61c}', '\u{2028}', '\u{2029}'];
            assert!(!line.contains(|c: char| c.is_control() || marks.contains(&c)), "{line:?}");
        }
        log.contains("\\u{202e}")
    }
}
