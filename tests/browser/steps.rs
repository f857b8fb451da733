//! The steps that most tests begin with: a server, a device with the page open, an outage, a sale.

use crate::chrome::{Chrome, Page};
use crate::support::proxy::{BEHIND_PROXY, Line, Proxy};
use crate::support::server::Server;
use crate::support::till::{orders, text};

/// A page on a device of its own, once it is live.
pub fn live(chrome: &Chrome, server: &Server, hash: &str) -> Page {
    let page = chrome.open(&chrome.device(), &format!("http://{}/{hash}", server.addr));
    wait_live(&page);
    page
}

/// Notes what a page does every so often, for [`look_now`].
const LOOKS: &str = "const every = setInterval; window.looks = [];
    window.setInterval = (act, pause) => (window.looks.push(act), every(act, pause))";

/// Lets a test have the page look at once, in every document from now on, instead of within a minute.
pub fn note_looks(page: &Page) {
    page.before_each_load(LOOKS);
}

/// Has the page look now at what it looks at every so often.
pub fn look_now(page: &Page) {
    page.eval("void window.looks.forEach((look) => look())");
}

pub fn wait_live(page: &Page) {
    page.wait("document.querySelector('.pill').dataset.state === 'live'");
}

/// A shop on an address that stays while its server goes and comes back.
pub fn shop() -> (Server, Proxy) {
    let server = Server::start_with(&BEHIND_PROXY);
    let proxy = Proxy::start(server.addr, Line::STEADY, 1);
    (server, proxy)
}

/// The same with its page on a device of its own.
pub fn shop_with_page(chrome: &Chrome) -> (Server, Proxy, Page) {
    let (server, proxy) = shop();
    let page = open(chrome, &chrome.device(), &proxy);
    (server, proxy, page)
}

/// The page of such a shop on a device, once it is live.
pub fn open(chrome: &Chrome, device: &str, proxy: &Proxy) -> Page {
    let page = chrome.open(device, &format!("http://{}/", proxy.addr));
    wait_live(&page);
    page
}

/// Ends the server, and waits until the page knows.
pub fn go_away(server: &mut Server, page: &Page) {
    server.kill();
    wait_lost(page);
}

pub fn wait_lost(page: &Page) {
    page.wait("['reconnecting', 'offline'].includes(document.querySelector('.pill').dataset.state)");
}

/// Starts the server again, under the address that pages know.
pub fn come_back(server: &mut Server, proxy: &Proxy) {
    server.start_again();
    proxy.aim_at(server.addr);
}

/// Waits until nothing waits to be sent any more.
pub fn wait_sent(page: &Page) {
    page.wait("document.querySelector('.unsent').hidden");
}

/// Types a bill into the form for a new one.
pub fn fill_bill(page: &Page, customer: &str) {
    page.screen("#/new");
    page.fill("[name=customer_name]", customer);
    page.fill(".line:not(.line-head) [name=name]", "LED bulb");
    page.fill(".line:not(.line-head) [name=rate]", "110.50");
}

pub fn sell(page: &Page, customer: &str, action: &str) {
    fill_bill(page, customer);
    page.click(&format!("[data-action={action}]"));
    page.wait("document.querySelector('[name=customer_name]').value === ''");
}

/// Sells, and looks on the server whether it is there once.
pub fn sell_once(page: &Page, server: &Server, customer: &str) {
    sell(page, customer, "complete-sale");
    page.wait_text("#toasts", "saved");
    let sold = orders(&mut server.client());
    let named = sold.iter().filter(|order| text(order, "customer_name") == customer).count();
    assert_eq!(named, 1, "{customer}");
    page.eval("document.querySelector('#toasts').replaceChildren()");
}

/// Presses a button that asks whether it is meant, and says yes.
pub fn confirm(page: &Page, action: &str) {
    page.click(&format!("[data-action={action}]"));
    page.click("dialog [data-action=confirm]");
}

/// The worker that keeps the page has all of it.
pub fn wait_kept(page: &Page) {
    assert_eq!(page.eval("navigator.serviceWorker.ready.then(() => true)"), true);
}

/// Removes the shop of a server that has stopped.
pub fn remove_shop(server: &Server) {
    for file in [server.database(), server.journal()] {
        std::fs::remove_file(file).unwrap();
    }
}
