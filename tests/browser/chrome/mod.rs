//! A small client of the `DevTools` protocol: a browser, contexts that share nothing (devices), pages in them.

mod page;
mod process;
mod wire;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::thread;

use serde_json::{Value, json};

pub use page::Page;
use process::{Idle, Process};
use wire::Wire;

/// A browser that one test has for itself, with a connection of its own. Dropping it closes every page, and hands the browser
/// on to the next test, unless this one has failed.
pub struct Chrome {
    wire: Rc<Wire>,
    /// There until it is handed on.
    process: Option<Process>,
    devices: RefCell<Vec<String>>,
    idle: Arc<Idle>,
}

/// Lets a test hand a page messages that no server of ours sends.
const SOCKETS: &str = "window.sockets = []; const Plain = WebSocket; window.WebSocket = class extends Plain {
    constructor(...address) { super(...address); window.sockets.push(this); } };";

impl Chrome {
    /// A browser without any page.
    pub fn start() -> Self {
        let idle = Idle::shared();
        let process = idle.take_or_start();
        let wire = Rc::new(Wire::connect(&process.address));
        Self { wire, process: Some(process), devices: RefCell::default(), idle }
    }

    /// A new device: nothing is shared with other devices.
    pub fn device(&self) -> String {
        let device = text(&self.wire.call("", "Target.createBrowserContext", &json!({}))["browserContextId"]);
        self.devices.borrow_mut().push(device.clone());
        device
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
        page.before_each_load(SOCKETS);
        page.goto(url);
        page
    }

    /// Fails if any page threw something or was stopped by its content-security policy.
    pub fn expect_no_faults(&self) {
        let faults = self.wire.faults();
        assert!(faults.is_empty(), "{faults}");
    }

    /// Closes every page of every device, with all that they have stored.
    fn forget_devices(&self) -> Result<(), Value> {
        for device in self.devices.borrow().iter() {
            self.wire.try_call("", "Target.disposeBrowserContext", &json!({"browserContextId": device}))?;
        }
        Ok(())
    }
}

impl Drop for Chrome {
    fn drop(&mut self) {
        if thread::panicking() || self.forget_devices().is_err() {
            return;
        }
        if let Some(process) = self.process.take() {
            self.idle.put_back(process);
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_string()
}
