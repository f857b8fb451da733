//! Goal: where no WebSocket gets through, the page is as live as elsewhere. Method: a front before the server that refuses each
//! `Upgrade`, or swallows it without a word, until the test lets it through; everything else passes.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::json;

use crate::chrome::{Chrome, Page};
use crate::steps::{go_away, remove_shop, sell, wait_live, wait_sent};
use crate::support::proxy::BEHIND_PROXY;
use crate::support::server::Server;
use crate::support::till::{convert, create_estimate, orders};
use crate::support::wait_until;

const REFUSES: u8 = 0;
const SWALLOWS: u8 = 1;
const PASSES: u8 = 2;

/// A proxy that knows of `WebSockets`, or does not. Its threads end with the test's process.
struct Front {
    addr: SocketAddr,
    upgrades: Arc<AtomicU8>,
    asked: Arc<AtomicUsize>,
    target: Arc<Mutex<SocketAddr>>,
}

impl Front {
    fn start(server: &Server, upgrades: u8) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let front = Self {
            addr: listener.local_addr().unwrap(),
            upgrades: Arc::new(AtomicU8::new(upgrades)),
            asked: Arc::default(),
            target: Arc::new(Mutex::new(server.addr)),
        };
        let (upgrades, asked, target) =
            (Arc::clone(&front.upgrades), Arc::clone(&front.asked), Arc::clone(&front.target));
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let (upgrades, asked, target) = (Arc::clone(&upgrades), Arc::clone(&asked), *target.lock().unwrap());
                // A browser that goes away in the middle is no fault.
                thread::spawn(move || carry(client, target, &upgrades, &asked));
            }
        });
        front
    }

    fn open(&self, chrome: &Chrome) -> Page {
        let page = chrome.open(&chrome.device(), &format!("http://{}/", self.addr));
        wait_live(&page);
        page
    }
}

/// A browser opens a connection of its own for each WebSocket, so the first head tells what the connection is for.
fn carry(mut client: TcpStream, target: SocketAddr, upgrades: &AtomicU8, asked: &AtomicUsize) -> Option<()> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        client.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    if String::from_utf8_lossy(&head).to_ascii_lowercase().contains("upgrade: websocket") {
        asked.fetch_add(1, Ordering::SeqCst);
        match upgrades.load(Ordering::SeqCst) {
            REFUSES => {
                let refusal = "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
                return client.write_all(refusal.as_bytes()).ok();
            }
            SWALLOWS => {
                // Until the browser gives up.
                let _ = client.read_to_end(&mut Vec::new());
                return None;
            }
            _ => {}
        }
    }
    let mut server = TcpStream::connect(target).ok()?;
    server.write_all(&head).ok()?;
    let (mut up, mut down) = (client.try_clone().ok()?, server.try_clone().ok()?);
    thread::spawn(move || {
        let _ = std::io::copy(&mut up, &mut down);
        let _ = down.shutdown(Shutdown::Write);
    });
    let _ = std::io::copy(&mut server, &mut client);
    client.shutdown(Shutdown::Write).ok()
}

fn follow_the_shop(upgrades: u8) {
    let chrome = Chrome::start();
    let mut server = Server::start_with(&BEHIND_PROXY);
    let front = Front::start(&server, upgrades);
    let mut client = server.client();
    let page = front.open(&chrome);
    assert_eq!(page.eval("window.sockets.every(({ readyState }) => readyState !== 1)"), true);

    // What others do appears, and what is given is sent.
    page.screen("#/estimates");
    let estimate = create_estimate(&mut client, "Asha Patil");
    page.wait(&format!("document.querySelector('[data-id=\"{}\"] .chip.open')", estimate.id));
    convert(&mut client, &estimate.id, b"").expect(200);
    page.wait_text(&format!("[data-id=\"{}\"]", estimate.id), "Converted");
    page.wait_text("#toasts", "became sale #001");
    sell(&page, "sold here", "complete-sale");
    page.wait_text("#toasts", "#002");
    client.put("/api/settings", &json!({"shop_name": "Corner Shop"})).expect(200);
    page.wait_text(".brand", "Corner Shop");

    // The server goes, and comes back: HTTP tells.
    go_away(&mut server, &page);
    sell(&page, "waited", "complete-sale");
    page.wait_text(".unsent", "1 not sent yet");
    server.start_again();
    *front.target.lock().unwrap() = server.addr;
    wait_sent(&page);
    wait_live(&page);
    assert_eq!(orders(&mut server.client()).len(), 3);

    // The socket is tried again, and taken as soon as it comes through.
    let before = front.asked.load(Ordering::SeqCst);
    wait_until("another attempt", || front.asked.load(Ordering::SeqCst) > before);
    front.upgrades.store(PASSES, Ordering::SeqCst);
    page.wait("window.sockets.at(-1).readyState === 1");
    wait_live(&page);
    let last = create_estimate(&mut server.client(), "by socket");
    page.screen("#/estimates");
    page.wait(&format!("document.querySelector('[data-id=\"{}\"]')", last.id));
    chrome.expect_no_faults();
}

#[test]
#[ignore = "long: cargo test-all"]
fn a_proxy_that_refuses_upgrades_is_worked_through_by_long_polling() {
    follow_the_shop(REFUSES);
}

#[test]
#[ignore = "long: cargo test-all"]
fn a_proxy_that_swallows_upgrades_is_worked_through_by_long_polling() {
    follow_the_shop(SWALLOWS);
}

/// The database is another one after a while without a server; what comes over HTTP is no continuation of what is shown.
#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn over_http_too_a_shop_that_was_begun_anew_is_read_anew() {
    let chrome = Chrome::start();
    let mut server = Server::start_with(&BEHIND_PROXY);
    let front = Front::start(&server, REFUSES);
    let old = create_estimate(&mut server.client(), "of the old shop");
    let page = front.open(&chrome);
    page.screen("#/estimates");
    page.wait(&format!("document.querySelector('[data-id=\"{}\"]')", old.id));
    server.stop();
    remove_shop(&server);
    server.start_again();
    create_estimate(&mut server.client(), "of the new shop");
    *front.target.lock().unwrap() = server.addr;
    page.wait_text(".list-pane", "of the new shop");
    assert_eq!(page.eval("document.querySelector('.list-pane').textContent.includes('of the old shop')"), false);
    wait_live(&page);
    chrome.expect_no_faults();
}

/// A quiet shop costs a question now and then, not a storm.
#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn a_quiet_shop_is_asked_by_questions_that_wait() {
    let chrome = Chrome::start();
    let server = Server::start_with(&BEHIND_PROXY);
    let front = Front::start(&server, REFUSES);
    let page = front.open(&chrome);
    page.eval("void (window.asked = [], window.plain = window.fetch, window.fetch = (...what) => (window.asked.push(String(what[0])), window.plain(...what)))");
    // Nothing to wait for: it is the absence of questions that is looked at.
    thread::sleep(Duration::from_secs(5));
    let asked = page.eval("window.asked.filter((path) => path.includes('/api/changes')).length");
    assert!(asked.as_u64().unwrap() <= 2, "{}", page.eval("window.asked"));
    chrome.expect_no_faults();
}
