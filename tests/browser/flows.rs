//! Goal: what SEED.md's "Message Flow Examples" promise, and what a person must not lose. Method: two devices act through their
//! screens, a program through the API; each change is waited for on the other screens and looked up in what is stored.

use crate::chrome::{Chrome, Page};
use crate::offline::{open, sell, shop, wait_lost};
use crate::screens::{live, wait_live};
use crate::support::server::Server;
use crate::support::till::{create_estimate, estimates, orders, text};

fn row(id: &str) -> String {
    format!("document.querySelector('.list-pane [data-id=\"{id}\"]')")
}

fn confirm(page: &Page, action: &str) {
    page.click(&format!("[data-action={action}]"));
    page.click("dialog [data-action=confirm]");
}

/// Whether the browser would ask before it leaves the page.
fn warns(page: &Page) -> bool {
    let asked =
        "(event => (dispatchEvent(event), event.defaultPrevented))(new Event('beforeunload', { cancelable: true }))";
    page.eval(asked) == true
}

#[test]
fn an_estimate_is_made_changed_converted_and_deleted_on_two_devices_and_by_a_program() {
    let Some(chrome) = Chrome::start() else { return };
    let server = Server::start();
    let mut client = server.client();
    let (one, two) = (live(&chrome, &server, "#/new"), live(&chrome, &server, "#/estimates"));

    sell(&one, "Asha", "save-estimate");
    two.wait_text(".list-pane a.row", "Asha");
    let made = text(&estimates(&mut client)[0], "estimate_id");
    let other = create_estimate(&mut client, "by a program").id;
    one.screen("#/estimates");
    for page in [&one, &two] {
        page.wait(&row(&other));
    }

    one.screen(&format!("#/estimates/{made}/edit"));
    one.fill("[name=customer_name]", "Asha Patil");
    two.screen(&format!("#/estimates/{made}"));
    two.wait_text(".bill", "Asha");
    one.click("[data-action=save]");
    two.wait_text(".bill", "Asha Patil");
    assert_eq!(client.get(&format!("/api/estimates/{made}")).expect(200)["customer_name"], "Asha Patil");

    confirm(&two, "convert");
    two.wait("location.hash.startsWith('#/orders/')");
    one.wait_text(&format!("[data-id=\"{made}\"]"), "Converted");
    let order = text(&orders(&mut client)[0], "order_id");
    one.screen("#/orders");
    one.wait(&row(&order));

    one.screen(&format!("#/estimates/{other}"));
    two.screen("#/estimates");
    two.wait(&row(&other));
    confirm(&one, "delete");
    two.wait(&format!("!{}", row(&other)));
    client.get(&format!("/api/estimates/{other}")).expect(404);

    one.screen("#/estimates");
    two.screen(&format!("#/orders/{order}"));
    confirm(&two, "delete");
    two.wait(&format!("!{}", row(&order)));
    one.wait(&format!("!{}", row(&made)));
    assert!(orders(&mut client).is_empty() && estimates(&mut client).is_empty(), "an order takes its estimate with it");
    chrome.expect_no_faults();
}

#[test]
fn a_draft_outlives_a_reload_and_leaving_warns_only_while_something_is_unsent() {
    let Some(chrome) = Chrome::start() else { return };
    let (mut server, proxy) = shop();
    let page = open(&chrome, &chrome.device(), &proxy);
    page.screen("#/new");
    page.fill("[name=customer_name]", "Asha");
    page.fill(".line:not(.line-head) [name=name]", "LED bulb");
    page.fill(".line:not(.line-head) [name=rate]", "12,50");
    page.load_again(&format!("http://{}/#/new", proxy.addr));
    page.wait("document.querySelector('[name=customer_name]').value === 'Asha'");
    page.wait_text("[data-figure=total]", "12.50");
    wait_live(&page);
    assert!(!warns(&page), "a draft is kept, so nothing is lost");

    server.kill();
    wait_lost(&page);
    page.click("[data-action=complete-sale]");
    page.wait_text(".unsent", "1 not sent yet");
    assert!(warns(&page));
    server.start_again();
    proxy.aim_at(server.addr);
    page.wait("document.querySelector('.unsent').hidden");
    assert!(!warns(&page));
    assert_eq!(orders(&mut server.client()).len(), 1);
    chrome.expect_no_faults();
}

/// The page's clock is moved on, so that the test need not wait as long as the page does.
#[test]
fn a_connection_that_is_silent_too_long_counts_as_lost_and_what_was_missed_is_caught_up() {
    let Some(chrome) = Chrome::start() else { return };
    let server = Server::start();
    let page = live(&chrome, &server, "#/estimates");
    page.eval("void (window.silent = window.sockets.at(-1)); void (window.silent.onmessage = () => {})");
    let missed = create_estimate(&mut server.client(), "missed").id;
    page.eval("(now => void (Date.now = () => now() + 60_000))(Date.now.bind(Date))");
    page.wait("window.sockets.at(-1) !== window.silent && window.silent.readyState >= WebSocket.CLOSING");
    page.wait(&row(&missed));
    wait_live(&page);
    chrome.expect_no_faults();
}
