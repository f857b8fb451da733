//! Goal: what is given while the server is away is carried out exactly once when it is back. Method: a proxy keeps the page's
//! address while the server behind it is killed, started again, or replaced by an older copy of its database.

use crate::chrome::{Chrome, Page};
use crate::screens::wait_live;
use crate::support::proxy::{BEHIND_PROXY, Line, Proxy};
use crate::support::server::Server;
use crate::support::till::{convert, create_estimate, estimates, orders};

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

#[test]
fn five_commands_given_without_a_server_are_carried_out_once_over_a_reload_and_two_tabs() {
    let Some(chrome) = Chrome::start() else { return };
    let (mut server, proxy) = shop();
    let doomed = create_estimate(&mut server.client(), "doomed");
    let device = chrome.device();
    let (page, other) = (open(&chrome, &device, &proxy), open(&chrome, &device, &proxy));
    page.bring_to_front();
    page.screen("#/estimates");
    page.wait(&format!("document.querySelector('[data-id=\"{}\"]')", doomed.id));
    server.kill();
    wait_lost(&page);

    sell(&page, "first", "complete-sale");
    sell(&page, "second", "save-estimate");
    sell(&page, "third", "complete-sale");
    page.screen("#/estimates");
    page.wait_text(".list-pane a.row", "no number yet");
    page.click(".list-pane a.row");
    page.click("[data-action=convert]");
    page.click("dialog [data-action=confirm]");
    page.wait_text(".unsent", "4 not sent yet");
    page.screen(&format!("#/estimates/{}", doomed.id));
    page.click("[data-action=delete]");
    page.click("dialog [data-action=confirm]");
    page.wait_text(".unsent", "5 not sent yet");
    other.wait_text(".unsent", "5 not sent yet");
    // The server stays away for so long that the page says so.
    page.wait("document.querySelector('.pill').dataset.state === 'offline'");
    page.wait_text("#notices", "nothing is lost");

    server.start_again();
    proxy.aim_at(server.addr);
    page.load_again(&format!("http://{}/#/orders", proxy.addr));
    for page in [&page, &other] {
        page.wait("document.querySelector('.unsent').hidden");
        wait_live(page);
    }
    let mut client = server.client();
    let sold: Vec<String> = orders(&mut client).iter().map(|order| order["customer_name"].to_string()).collect();
    assert_eq!(sold, ["\"second\"", "\"third\"", "\"first\""], "in the order in which they were given, each once");
    let left = estimates(&mut client);
    assert_eq!(left.len(), 1, "the doomed one is gone");
    assert_eq!(left[0]["is_converted_to_order"], true);
    chrome.expect_no_faults();
}

#[test]
fn a_command_that_is_refused_is_set_aside_with_its_reason_and_the_rest_goes_on() {
    let Some(chrome) = Chrome::start() else { return };
    let (mut server, proxy) = shop();
    let estimate = create_estimate(&mut server.client(), "wanted by two");
    let page = open(&chrome, &chrome.device(), &proxy);
    page.screen(&format!("#/estimates/{}", estimate.id));
    page.wait("document.querySelector('[data-action=convert]')");
    server.kill();
    wait_lost(&page);
    page.click("[data-action=convert]");
    page.click("dialog [data-action=confirm]");
    sell(&page, "somebody else", "complete-sale");

    server.start_again();
    convert(&mut server.client(), &estimate.id, b"").expect(200);
    proxy.aim_at(server.addr);
    page.wait("document.querySelector('.pill').dataset.state === 'unsent'");
    page.wait_text(".unsent", "1 not sent yet");
    page.click("[data-action=unsent]");
    page.wait_text("[data-state=parked]", "wanted by two");
    page.wait_text("[data-state=parked]", "changed on another device");
    page.click("[data-action=discard]");
    page.click("dialog:last-of-type [data-action=confirm]");
    page.wait("document.querySelector('.unsent').hidden");
    assert_eq!(orders(&mut server.client()).len(), 2);
    chrome.expect_no_faults();
}

#[test]
fn an_open_page_follows_a_restart_and_a_restored_database() {
    let Some(chrome) = Chrome::start() else { return };
    let (mut server, proxy) = shop();
    let kept = create_estimate(&mut server.client(), "kept");
    let page = open(&chrome, &chrome.device(), &proxy);
    page.screen("#/estimates");
    page.wait(&format!("document.querySelector('[data-id=\"{}\"]')", kept.id));
    server.stop();
    let copy = server.dir.path().join("copy.redb");
    std::fs::copy(server.database(), &copy).unwrap();
    server.start_again();
    let lost = create_estimate(&mut server.client(), "lost with the card");
    proxy.aim_at(server.addr);
    page.wait(&format!("document.querySelector('[data-id=\"{}\"]')", lost.id));

    server.stop();
    std::fs::copy(&copy, server.database()).unwrap();
    server.start_again();
    proxy.aim_at(server.addr);
    page.wait(&format!("!document.querySelector('[data-id=\"{}\"]')", lost.id));
    page.wait(&format!("document.querySelector('[data-id=\"{}\"]')", kept.id));
    wait_live(&page);
    chrome.expect_no_faults();
}
