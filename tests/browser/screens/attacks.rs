//! Goal: a page of another program on the same machine gets nothing out of a browser in which the owner is logged in. Cookies
//! know no ports: to the browser such a page is of the same site, and its requests carry the owner's cookies. Method: a web
//! server of this file, whose page tries what pages can do; the shop's own page does the same with success.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};

use super::people::{ask_for, become_owner};
use crate::chrome::{Chrome, Page};
use crate::steps::wait_live;
use crate::support::samples;
use crate::support::server::Server;

/// A page that hides where it is from: to the server its forms come from `null`.
const HIDDEN: &str = "/hidden";
const WITHOUT_REFERRER: &str = "Referrer-Policy: no-referrer\r\n";

/// The web server of somebody else.
struct ForeignServer {
    addr: SocketAddr,
    /// The heads of all requests.
    asked: Arc<Mutex<Vec<String>>>,
}

impl ForeignServer {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, kept) = (stream.unwrap(), Arc::clone(&kept));
                thread::spawn(move || serve(&stream, &kept));
            }
        });
        Self { addr, asked }
    }

    fn open(&self, chrome: &Chrome, device: &str, path: &str) -> Page {
        chrome.open(device, &format!("http://{}{path}", self.addr))
    }
}

/// Answers each request of a connection with an empty page.
fn serve(stream: &TcpStream, kept: &Mutex<Vec<String>>) {
    const PAGE: &str = "<!doctype html><title>Another program</title><body></body>";
    let mut reader = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head).unwrap_or(0) == 0 {
                return;
            }
        }
        let more = if head.starts_with(&format!("GET {HIDDEN} ")) { WITHOUT_REFERRER } else { "" };
        kept.lock().unwrap().push(head);
        let length = PAGE.len();
        let head = format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n{more}Content-Length: {length}\r\n\r\n");
        (&*stream).write_all([&head, PAGE].concat().as_bytes()).unwrap();
    }
}

/// A shop whose owner is logged in on a device.
struct Attacked {
    server: Server,
    device: String,
    owner: Page,
}

/// What must be after the attacks as it was before.
#[derive(Debug, PartialEq)]
struct State {
    records: usize,
    me: Value,
    devices: Vec<Value>,
    cookies: Vec<String>,
}

impl Attacked {
    fn open(chrome: &Chrome) -> Self {
        let server = Server::start();
        let device = chrome.device();
        let owner = chrome.open(&device, &format!("http://{}/", server.addr));
        wait_live(&owner);
        become_owner(&owner, &server);
        Self { server, device, owner }
    }

    fn state(&self) -> State {
        let records = ask_for(&self.owner, "/api/orders/all").as_array().unwrap().len();
        let devices = ask_for(&self.owner, "/api/devices");
        let devices = devices.as_array().unwrap().iter().map(|one| json!([one["id"], one["name"]])).collect();
        let cookies = self.owner.call("Network.getCookies", &json!({}));
        let cookies = cookies["cookies"].as_array().unwrap().iter();
        let mut cookies: Vec<_> = cookies.map(|one| format!("{}={}", one["name"], one["value"])).collect();
        cookies.sort();
        State { records, me: ask_for(&self.owner, "/api/me"), devices, cookies }
    }
}

/// Posts to the shop: what becomes of it for the page that asks.
fn post(page: &Page, shop: SocketAddr, path: &str, kind: &str, mode: &str) -> Value {
    let how = json!({
        "method": "POST", "credentials": "include", "mode": mode,
        "headers": {"Content-Type": kind}, "body": samples::sale("Thief").to_string(),
    });
    page.eval(&format!(
        "fetch('http://{shop}{path}', {how}).then(({{ type, status }}) => `${{type}} ${{status}}`, () => 'failed')"
    ))
}

/// Opens a live feed of the shop, and keeps what is heard there in `window.heard`.
fn listen(page: &Page, shop: SocketAddr, path: &str) -> Value {
    page.eval(&format!(
        "new Promise((resolve) => {{
            const socket = new WebSocket('ws://{shop}{path}');
            window.heard ??= [];
            socket.onmessage = ({{ data }}) => window.heard.push(data);
            socket.onopen = () => resolve('open');
            socket.onclose = () => resolve('closed');
        }})"
    ))
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn another_page_on_this_machine_stores_nothing_and_hears_nothing_with_the_cookies_of_the_owner() {
    let chrome = Chrome::start();
    let foreign = ForeignServer::start();
    let shop = Attacked::open(&chrome);
    let addr = shop.server.addr;
    let before = shop.state();
    for path in ["/", HIDDEN] {
        let page = foreign.open(&chrome, &shop.device, path);
        for target in ["/api/orders/create-sale", "/api/lock", "/api/logout"] {
            for kind in ["text/plain", "application/json"] {
                assert_eq!(post(&page, addr, target, kind, "cors"), "failed", "{target} {kind}");
                // It is sent, and nobody reads the answer.
                assert_eq!(post(&page, addr, target, kind, "no-cors"), "opaque 0", "{target} {kind}");
            }
        }
        for feed in ["/ws", "/ws?format=legacy", "/sync"] {
            assert_eq!(listen(&page, addr, feed), "closed", "{feed}");
        }
        let read = format!("fetch('http://{addr}/api/people', {{ credentials: 'include' }}).then(() => 1, () => 0)");
        assert_eq!(page.eval(&read), 0, "nothing is read either");
        assert_eq!(shop.state(), before, "of {path}");
        assert_eq!(page.eval("window.heard"), json!([]));
    }
    let asked = foreign.asked.lock().unwrap().join("");
    assert!(asked.contains("Cookie: tillsync_"), "the browser sends the cookies there: {asked}");

    // The same from the shop's own page.
    for feed in ["/ws", "/ws?format=legacy", "/sync"] {
        assert_eq!(listen(&shop.owner, addr, feed), "open", "{feed}");
    }
    assert_eq!(post(&shop.owner, addr, "/api/orders/create-sale", "application/json", "cors"), "basic 201");
    shop.owner.wait("window.heard.some((frame) => frame.includes('Thief'))");
    assert_eq!(shop.state().records, 1);
    chrome.expect_no_faults();
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn a_form_of_another_page_is_refused_however_its_body_is_written() {
    let chrome = Chrome::start();
    let foreign = ForeignServer::start();
    let shop = Attacked::open(&chrome);
    let before = shop.state();
    let sale = samples::sale("Thief").to_string();
    // As plain text a field is `name=value`, which makes one JSON text of the two halves.
    let (start, end) = (format!("{},\"notes\":\"", sale.strip_suffix('}').unwrap()), "\"}");
    for path in ["/", HIDDEN] {
        for (target, kind) in [
            ("/api/orders/create-sale", "text/plain"),
            ("/api/orders/create-sale", "application/x-www-form-urlencoded"),
            ("/api/orders/create-sale", "multipart/form-data"),
            ("/api/lock", "text/plain"),
            ("/api/logout", "text/plain"),
        ] {
            let page = foreign.open(&chrome, &shop.device, path);
            let address = json!(format!("http://{}{target}", shop.server.addr));
            let fields = json!({"method": "POST", "enctype": kind});
            let input = json!({"type": "hidden", "name": start, "value": end});
            page.eval(&format!(
                "void setTimeout(() => {{
                    const form = Object.assign(document.createElement('form'), {fields}, {{ action: {address} }});
                    form.append(Object.assign(document.createElement('input'), {input}));
                    document.body.append(form);
                    form.submit();
                }})"
            ));
            page.wait(&format!("location.href === {address} && document.readyState === 'complete'"));
            let status = page.eval("performance.getEntriesByType('navigation')[0].responseStatus");
            assert_eq!(status, 403, "{target} as {kind} of {path}");
        }
    }
    assert_eq!(shop.state(), before);
    chrome.expect_no_faults();
}

/// Frames an address: the title of what can be read there, and the address of what the browser shows there.
fn frame(page: &Page, address: &str) -> (Value, Value) {
    let title = page.eval(&format!(
        "new Promise((resolve) => {{
            const frame = Object.assign(document.createElement('iframe'), {{ src: {} }});
            frame.onload = () => resolve(frame.contentDocument?.title);
            document.body.replaceChildren(frame);
        }})",
        json!(address)
    ));
    let tree = page.call("Page.getFrameTree", &json!({}));
    (title, tree["frameTree"]["childFrames"][0]["frame"]["url"].clone())
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn no_other_page_frames_the_shop_or_reads_what_it_frames() {
    let chrome = Chrome::start();
    let foreign = ForeignServer::start();
    let shop = Attacked::open(&chrome);
    let page = foreign.open(&chrome, &shop.device, "/");
    for path in ["/", "/#/orders", "/help"] {
        let framed = frame(&page, &format!("http://{}{path}", shop.server.addr));
        assert_eq!(framed, (Value::Null, json!("chrome-error://chromewebdata/")), "{path}");
    }
    let (title, _) = frame(&page, &format!("http://{}/api/people", shop.server.addr));
    assert_eq!(title, Value::Null, "an answer is not read");

    let own = format!("http://{}/own", foreign.addr);
    assert_eq!(frame(&page, &own), (json!("Another program"), json!(own)));
    chrome.expect_no_faults();
}
