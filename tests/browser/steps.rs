//! The steps that most tests begin with: a server, a device with the page open, an outage, a sale.

use crate::chrome::{Chrome, Page};
use crate::support::proxy::{BEHIND_PROXY, Line, Proxy};
use crate::support::server::Server;

/// A page on a device of its own, once it is live.
pub fn live(chrome: &Chrome, server: &Server, hash: &str) -> Page {
    let page = chrome.open(&chrome.device(), &format!("http://{}/{hash}", server.addr));
    wait_live(&page);
    page
}

pub fn wait_live(page: &Page) {
    page.wait("document.querySelector('.pill').dataset.state === 'live'");
}

pub fn shop() -> (Server, Proxy) {
    let server = Server::start_with(&BEHIND_PROXY);
    let proxy = Proxy::start(server.addr, Line::STEADY, 1);
    (server, proxy)
}

pub fn open(chrome: &Chrome, device: &str, proxy: &Proxy) -> Page {
    let page = chrome.open(device, &format!("http://{}/", proxy.addr));
    wait_live(&page);
    page
}

pub fn wait_lost(page: &Page) {
    page.wait("['reconnecting', 'offline'].includes(document.querySelector('.pill').dataset.state)");
}

pub fn sell(page: &Page, customer: &str, action: &str) {
    page.screen("#/new");
    page.fill("[name=customer_name]", customer);
    page.fill(".line:not(.line-head) [name=name]", "LED bulb");
    page.fill(".line:not(.line-head) [name=rate]", "110.50");
    page.click(&format!("[data-action={action}]"));
    page.wait("document.querySelector('[name=customer_name]').value === ''");
}

/// The worker that keeps the page has all of it.
pub fn wait_kept(page: &Page) {
    assert_eq!(page.eval("navigator.serviceWorker.ready.then(() => true)"), true);
}
