//! The wire of the `DevTools` protocol: commands and their answers, and what the browser says in between.

use std::cell::{Cell, RefCell};
use std::net::TcpStream;

use serde_json::{Value, json};
use tungstenite::stream::MaybeTlsStream;
use tungstenite::{Message, WebSocket};

use super::text;
use crate::support::DEADLINE;

/// A connection to a browser.
pub struct Wire {
    socket: RefCell<WebSocket<MaybeTlsStream<TcpStream>>>,
    next_id: Cell<u64>,
    /// What pages threw; a test that ends with any fails.
    faults: RefCell<Vec<String>>,
    /// Kinds of the dialogs that the browser itself has shown.
    dialogs: RefCell<Vec<String>>,
}

impl Wire {
    /// Connects to the browser at this address.
    pub fn connect(address: &str) -> Self {
        let (socket, _) = tungstenite::connect(address).unwrap();
        if let MaybeTlsStream::Plain(stream) = socket.get_ref() {
            stream.set_read_timeout(Some(DEADLINE)).unwrap();
        }
        Self {
            socket: RefCell::new(socket),
            next_id: Cell::new(1),
            faults: RefCell::default(),
            dialogs: RefCell::default(),
        }
    }

    /// What pages threw so far, or were stopped from by their content-security policy.
    pub fn faults(&self) -> String {
        // A round trip brings everything that was said before it.
        self.call("", "Browser.getVersion", &json!({}));
        self.faults.borrow().join("\n")
    }

    /// Takes the kind of the dialog that the browser itself has shown last.
    pub fn last_dialog(&self) -> Option<String> {
        self.call("", "Browser.getVersion", &json!({}));
        self.dialogs.borrow_mut().pop()
    }

    pub fn call(&self, session: &str, method: &str, params: &Value) -> Value {
        self.try_call(session, method, params).unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    pub fn try_call(&self, session: &str, method: &str, params: &Value) -> Result<Value, Value> {
        let id = self.next_id.replace(self.next_id.get() + 1);
        let mut command = json!({"id": id, "method": method, "params": params});
        if !session.is_empty() {
            command["sessionId"] = json!(session);
        }
        let mut socket = self.socket.borrow_mut();
        socket.send(Message::text(command.to_string())).unwrap();
        loop {
            let Message::Text(text) = socket.read().unwrap() else { continue };
            let mut said: Value = serde_json::from_str(&text).unwrap();
            if said["id"] == id {
                return if said.get("error").is_some() { Err(said["error"].take()) } else { Ok(said["result"].take()) };
            }
            self.note(&said);
        }
    }

    fn note(&self, said: &Value) {
        let entry = &said["params"]["args"][0]["value"];
        match said["method"].as_str() {
            Some("Runtime.exceptionThrown") => {
                self.faults.borrow_mut().push(said["params"]["exceptionDetails"].to_string());
            }
            Some("Page.javascriptDialogOpening") => {
                self.dialogs.borrow_mut().push(text(&said["params"]["type"]));
            }
            Some("Runtime.consoleAPICalled") if said["params"]["type"] == "error" => {
                self.faults.borrow_mut().push(entry.to_string());
            }
            _ => {}
        }
    }
}
