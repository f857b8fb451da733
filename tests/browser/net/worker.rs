//! Goal: the copy of the page that a browser keeps never stands before what the server has to say. Method: a front passes the
//! page off as an earlier version's, in another folder; then the page's address leads to the server itself, to one whose file
//! is spoilt, and to none.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

use serde_json::json;

use crate::chrome::Chrome;
use crate::steps::{come_back, go_away, shop, shop_with_page, wait_kept, wait_live};
use crate::support::http::Client;

const OLD_FOLDER: &str = "00000000000a";
/// Whether the page is that of the earlier version.
const IS_OLD: &str = "document.documentElement.lang === 'en-old'";
/// The versions of which the browser keeps files.
const KEPT: &str = "caches.keys().then((names) => names.join())";

/// What the page has loaded, and how many of these files the browser did not keep.
const LOADED: &str = "caches.keys().then((names) => caches.open(names[0])).then((kept) => kept.keys()).then((kept) => {
    const files = performance.getEntriesByType('resource').map(({ name }) => name).filter((name) => name.includes('/ui/'));
    return { files: files.length, missing: files.filter((name) => !kept.some(({ url }) => url === name)) };
})";

/// Answers like `server`, one version earlier. Its thread ends with the test's process.
fn earlier_version_of(server: SocketAddr, folder: &str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let folder = folder.to_string();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let folder = folder.clone();
            // Each by itself: a browser opens connections ahead, on which nothing comes. One that goes away is no fault.
            thread::spawn(move || answer_earlier(stream, server, &folder));
        }
    });
    addr
}

fn answer_earlier(mut stream: TcpStream, server: SocketAddr, folder: &str) -> Option<()> {
    let mut lines = BufReader::new(stream.try_clone().ok()?).lines();
    let path = lines.next()?.ok()?.split(' ').nth(1)?.replace(OLD_FOLDER, folder);
    while !lines.next()?.ok()?.is_empty() {}
    let reply = Client::connect(server).request("GET", &path, &[("Accept", "text/html")], None);
    let body = reply.text().replace(folder, OLD_FOLDER).replace("lang=\"en\"", "lang=\"en-old\"");
    let (status, kind, policy) = (reply.status, reply.header("Content-Type")?, reply.header("Content-Security-Policy"));
    let policy = policy.unwrap_or("default-src 'none'");
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Security-Policy: {policy}\r\nContent-Length: {length}\r\n\
         Connection: close\r\nVary: Accept\r\n\r\n{body}"
    )
    .ok()
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn the_kept_page_gives_way_to_a_new_version_and_to_a_closed_shop() {
    let chrome = Chrome::start();
    let (mut server, proxy) = shop();
    let worker = server.get("/sw.js").text().to_string();
    let folder = worker.split("NAME = '").nth(1).unwrap().split('\'').next().unwrap().to_string();
    proxy.aim_at(earlier_version_of(server.addr, &folder));
    let page = chrome.open(&chrome.device(), &format!("http://{}/", proxy.addr));
    wait_kept(&page);
    assert_eq!((page.eval(IS_OLD), page.eval(KEPT)), (true.into(), OLD_FOLDER.into()));
    let loaded = page.eval(LOADED);
    assert!(loaded["files"].as_u64().unwrap() > 25, "{loaded}");
    assert_eq!(loaded["missing"], json!([]));

    // An upgrade: the very next look is at the new version, and soon nothing is kept of the old one.
    proxy.aim_at(server.addr);
    page.reload();
    assert_eq!(page.eval(IS_OLD), false);
    wait_live(&page);
    page.wait(&format!("({KEPT}.then((names) => window.kept = names), window.kept === '{folder}')"));

    go_away(&mut server, &page);
    page.reload();
    page.wait("document.querySelector('[data-screen=home]')");
    assert_eq!(page.eval(IS_OLD), false);

    // A server that cannot open its file is a server that answers.
    let shops_own = std::fs::read(server.database()).unwrap();
    std::fs::write(server.database(), "not a database").unwrap();
    come_back(&mut server, &proxy);
    page.reload();
    page.wait_text("h1", "The shop cannot be opened");
    std::fs::write(server.database(), shops_own).unwrap();
    page.wait("document.querySelector('[data-screen=home]')");
    wait_live(&page);
    chrome.expect_no_faults();
}

/// What to do when the server is lost can be read while it is.
#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn the_help_opens_while_the_server_is_away() {
    let chrome = Chrome::start();
    let (mut server, proxy, page) = shop_with_page(&chrome);
    wait_kept(&page);
    server.kill();
    page.goto(&format!("http://{}/help", proxy.addr));
    page.click("a[href='/help/wrong']");
    page.wait_text("h1", "When something is wrong");
    page.wait("document.styleSheets[0].cssRules.length > 0");
    chrome.expect_no_faults();
}

/// A page over plain HTTP from another device is not allowed a worker: it must do without.
#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn a_page_without_a_worker_is_the_same_page() {
    let chrome = Chrome::start();
    let (_server, _proxy, page) = shop_with_page(&chrome);
    let forget = "Object.defineProperty(Navigator.prototype, 'serviceWorker', { value: undefined })";
    page.before_each_load(forget);
    page.reload();
    assert_eq!(page.eval("navigator.serviceWorker === undefined"), true);
    wait_live(&page);
    chrome.expect_no_faults();
}
