//! A tab, and what a person or a test does in it.

use std::rc::Rc;

use serde_json::{Value, json};

use super::wire::Wire;
use crate::support::wait_until;

/// A tab of one device.
pub struct Page {
    pub(super) wire: Rc<Wire>,
    pub(super) session: String,
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
        self.wait("!window.isOld && document.readyState === 'complete'");
    }

    /// Tries to reload the page, like a person who has used it, and stays when the browser asks. Fails if it does not ask.
    pub fn stay_when_asked(&self) {
        let reload = "void setTimeout(() => location.reload())";
        self.call("Runtime.evaluate", &json!({"expression": reload, "userGesture": true}));
        wait_until("the browser's own question", || self.wire.last_dialog().is_some_and(|kind| kind == "beforeunload"));
        self.call("Page.handleJavaScriptDialog", &json!({"accept": false}));
    }

    /// Runs a script in every document from now on, before the page's own.
    pub fn before_each_load(&self, script: &str) {
        self.call("Page.addScriptToEvaluateOnNewDocument", &json!({"source": script}));
    }

    /// What an expression gives; a promise is waited for.
    pub fn eval(&self, expression: &str) -> Value {
        self.try_eval(expression).unwrap_or_else(|| panic!("{expression}: the page was left before it was answered"))
    }

    /// The same; `None` if the page is left before it is answered.
    fn try_eval(&self, expression: &str) -> Option<Value> {
        let params = json!({"expression": expression, "awaitPromise": true, "returnByValue": true});
        match self.wire.try_call(&self.session, "Runtime.evaluate", &params) {
            Ok(mut result) => {
                assert!(result.get("exceptionDetails").is_none(), "{expression}: {}", result["exceptionDetails"]);
                Some(result["result"]["value"].take())
            }
            Err(error) => {
                let text = error.to_string();
                assert!(
                    ["navigated", "context was destroyed", "find context"].iter().any(|left| text.contains(left)),
                    "{expression}: {text}"
                );
                None
            }
        }
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
        // A link may lead away before its click is answered.
        let _ = self.try_eval(&format!("document.querySelector({}).click()", json!(selector)));
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
        // A question that meets a change of pages is asked again.
        wait_until(condition, || self.try_eval(&guarded).is_some_and(|holds| holds == true));
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
