//! A small client of the `DevTools` protocol: one Chromium process, contexts that share nothing (devices), pages in them.

use std::cell::{Cell, RefCell};
use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::rc::Rc;
use std::sync::mpsc;
use std::thread;

use serde_json::{Value, json};
use tempfile::TempDir;
use tungstenite::stream::MaybeTlsStream;
use tungstenite::{Message, WebSocket};

use crate::support::{DEADLINE, wait_until};

/// A running browser. Dropping it ends the process.
pub struct Chrome {
    wire: Rc<Wire>,
    child: Child,
    _profile: TempDir,
}

struct Wire {
    socket: RefCell<WebSocket<MaybeTlsStream<TcpStream>>>,
    next_id: Cell<u64>,
    /// What pages threw; a test that ends with any fails.
    faults: RefCell<Vec<String>>,
    /// Kinds of the dialogs that the browser itself has shown.
    dialogs: RefCell<Vec<String>>,
}

/// A tab of one device.
pub struct Page {
    wire: Rc<Wire>,
    session: String,
}

const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "chrome"];
const FLAGS: [&str; 11] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--lang=en-US",
    "--window-size=1280,800",
    "--remote-debugging-port=0",
];

/// Lets a test hand a page messages that no server of ours sends.
const SOCKETS: &str = "window.sockets = []; const Plain = WebSocket; window.WebSocket = class extends Plain {
    constructor(...address) { super(...address); window.sockets.push(this); } };";

impl Chrome {
    /// Starts a browser; `None`, after saying so, where there is none. In CI there must be one.
    pub fn start() -> Option<Self> {
        let profile = tempfile::tempdir().unwrap();
        let child = NAMES.iter().find_map(|name| {
            let mut command = Command::new(name);
            command.args(FLAGS).arg(format!("--user-data-dir={}", profile.path().display())).arg("about:blank");
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().ok()
        });
        let Some(mut child) = child else {
            eprintln!("SKIPPED: Chromium is not installed");
            assert!(std::env::var_os("CI").is_none(), "in CI Chromium must be there");
            return None;
        };
        let address = address_of(&mut child);
        let (socket, _) = tungstenite::connect(&address).unwrap();
        if let MaybeTlsStream::Plain(stream) = socket.get_ref() {
            stream.set_read_timeout(Some(DEADLINE)).unwrap();
        }
        let wire = Wire {
            socket: RefCell::new(socket),
            next_id: Cell::new(1),
            faults: RefCell::default(),
            dialogs: RefCell::default(),
        };
        Some(Self { wire: Rc::new(wire), child, _profile: profile })
    }

    /// A new device: nothing is shared with other devices.
    pub fn device(&self) -> String {
        text(&self.wire.call("", "Target.createBrowserContext", &json!({}))["browserContextId"])
    }

    /// A page on a device, open at an address.
    pub fn open(&self, device: &str, url: &str) -> Page {
        let target =
            self.wire.call("", "Target.createTarget", &json!({"url": "about:blank", "browserContextId": device}));
        let attached =
            self.wire.call("", "Target.attachToTarget", &json!({"targetId": target["targetId"], "flatten": true}));
        let page = Page { wire: Rc::clone(&self.wire), session: text(&attached["sessionId"]) };
        page.call("Runtime.enable", &json!({}));
        page.call("Page.enable", &json!({}));
        page.call("Page.addScriptToEvaluateOnNewDocument", &json!({"source": SOCKETS}));
        page.goto(url);
        page
    }

    /// Fails if any page threw something or was stopped by its content-security policy.
    pub fn expect_no_faults(&self) {
        // A round trip brings everything that was said before it.
        self.wire.call("", "Browser.getVersion", &json!({}));
        let faults = self.wire.faults.borrow();
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }
}

impl Drop for Chrome {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads from the browser where its debugger listens.
fn address_of(child: &mut Child) -> String {
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut line = String::new();
        while stderr.read_line(&mut line).is_ok_and(|length| length > 0) {
            if let Some(address) = line.trim().strip_prefix("DevTools listening on ") {
                let _ = sender.send(address.to_string());
                break;
            }
            line.clear();
        }
        let _ = stderr.read_to_end(&mut Vec::new());
    });
    receiver.recv_timeout(DEADLINE).expect("Chromium did not start")
}

impl Wire {
    fn call(&self, session: &str, method: &str, params: &Value) -> Value {
        self.try_call(session, method, params).unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    fn try_call(&self, session: &str, method: &str, params: &Value) -> Result<Value, Value> {
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

impl Page {
    pub fn call(&self, method: &str, params: &Value) -> Value {
        self.wire.call(&self.session, method, params)
    }

    pub fn goto(&self, url: &str) {
        self.call("Page.navigate", &json!({"url": url}));
        self.wait("document.readyState === 'complete'");
    }

    /// Leaves the page and opens an address anew, as a reload or a tab that is closed and opened again does.
    pub fn load_again(&self, url: &str) {
        self.goto("about:blank");
        self.goto(url);
    }

    /// Reloads the page, as its person does.
    pub fn reload(&self) {
        self.eval("void (window.isOld = true)");
        self.call("Page.reload", &json!({}));
        // A question that meets the change of pages is not answered, but asked again.
        let expression = "!window.isOld && document.readyState === 'complete'";
        let is_there = || self.wire.try_call(&self.session, "Runtime.evaluate", &json!({"expression": expression}));
        wait_until("the reload", || is_there().is_ok_and(|answer| answer["result"]["value"] == true));
    }

    /// Tries to reload the page, like a person who has used it, and stays when the browser asks. Fails if it does not ask.
    pub fn stay_when_asked(&self) {
        let reload = "void setTimeout(() => location.reload())";
        self.call("Runtime.evaluate", &json!({"expression": reload, "userGesture": true}));
        wait_until("the browser's own question", || {
            self.wire.call("", "Browser.getVersion", &json!({}));
            self.wire.dialogs.borrow_mut().pop().is_some_and(|kind| kind == "beforeunload")
        });
        self.call("Page.handleJavaScriptDialog", &json!({"accept": false}));
    }

    /// What an expression gives; a promise is waited for.
    pub fn eval(&self, expression: &str) -> Value {
        let params = json!({"expression": expression, "awaitPromise": true, "returnByValue": true});
        let mut result = self.call("Runtime.evaluate", &params);
        assert!(result.get("exceptionDetails").is_none(), "{expression}: {}", result["exceptionDetails"]);
        result["result"]["value"].take()
    }

    /// Code that imports a module of the page, as the page itself has loaded it.
    pub fn import(name: &str) -> String {
        let loaded = "performance.getEntriesByType('resource').map((entry) => entry.name)";
        format!("await import({loaded}.find((name) => name.endsWith('/{name}')))")
    }

    /// Opens an address in the language of a person: `de-DE`.
    pub fn goto_in(&self, locale: &str, url: &str) {
        self.call("Emulation.setLocaleOverride", &json!({}));
        self.call("Emulation.setLocaleOverride", &json!({"locale": locale}));
        self.load_again(url);
    }

    /// Keeps every body that is posted from now on, in the order of the attempts.
    pub fn keep_posted(&self) {
        self.eval(
            "void (window.posted = [], window.plain ??= fetch, window.fetch = (path, init) => {
                if (init?.method === 'POST' || init?.method === 'PUT') window.posted.push(init.body ?? '');
                return window.plain(path, init);
            })",
        );
    }

    /// Makes it the tab that the person sees; one behind others has no frames.
    pub fn bring_to_front(&self) {
        self.call("Page.bringToFront", &json!({}));
    }

    /// Goes to a screen, such as `#/orders`.
    pub fn screen(&self, hash: &str) {
        self.eval(&format!("void (location.hash = {})", json!(hash)));
    }

    /// Puts text into a field, as typing does.
    pub fn fill(&self, selector: &str, text: &str) {
        self.wait(&format!("document.querySelector({})", json!(selector)));
        self.eval(&format!(
            "(node => {{ node.value = {}; node.dispatchEvent(new Event('input', {{ bubbles: true }})) }})(document.querySelector({}))",
            json!(text),
            json!(selector)
        ));
    }

    /// Waits for an element and clicks it.
    pub fn click(&self, selector: &str) {
        self.wait(&format!("document.querySelector({})", json!(selector)));
        self.eval(&format!("document.querySelector({}).click()", json!(selector)));
    }

    /// Hands the page a message, as if the server had sent it.
    pub fn receive(&self, text: &str) {
        self.eval(&format!(
            "window.sockets.at(-1).onmessage(new MessageEvent('message', {{ data: {} }}))",
            json!(text)
        ));
    }

    /// Looks at the page as a device of this size does, in the light or in the dark.
    pub fn look(&self, width: u32, height: u32, scheme: &str) {
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.call("Emulation.setDeviceMetricsOverride", &size);
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}, {"name": "prefers-reduced-motion", "value": "reduce"}]);
        self.call("Emulation.setEmulatedMedia", &json!({"features": features}));
    }

    /// Waits until an expression is true.
    pub fn wait(&self, condition: &str) {
        let guarded = format!("(() => {{ try {{ return Boolean({condition}) }} catch {{ return false }} }})()");
        wait_until(condition, || self.eval(&guarded) == true);
    }

    /// Waits until the first element that matches says something.
    pub fn wait_text(&self, selector: &str, part: &str) {
        self.wait(&format!("document.querySelector({}).textContent.includes({})", json!(selector), json!(part)));
    }

    /// Presses a key such as `Enter`, with modifiers (2 for Ctrl).
    pub fn press(&self, key: &str, modifiers: u32) {
        let text = match key {
            "Enter" => "\r",
            key if key.chars().count() == 1 => key,
            _ => "",
        };
        let code = if key == "Enter" { 13 } else { 0 };
        let down =
            json!({"type": "keyDown", "key": key, "text": text, "modifiers": modifiers, "windowsVirtualKeyCode": code});
        self.call("Input.dispatchKeyEvent", &down);
        self.call("Input.dispatchKeyEvent", &json!({"type": "keyUp", "key": key, "modifiers": modifiers}));
    }

    /// Types into what has the focus.
    pub fn type_text(&self, text: &str) {
        self.call("Input.insertText", &json!({"text": text}));
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_string()
}
