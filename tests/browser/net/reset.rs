//! Goal: what a device has entered is neither lost nor entered twice when the server is put back to an older copy of its records.
//! Method: the database file is replaced by an older copy, or by none, while the page is open or closed; then other devices go
//! on, and the person answers.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::chrome::{Chrome, Page};
use crate::steps::{confirm, open, remove_shop, sell, shop, shop_with_page, wait_kept, wait_live, wait_sent};
use crate::support::proxy::Proxy;
use crate::support::server::Server;
use crate::support::till::{create_estimate, create_sale, estimates, orders, text};
use crate::support::wait_until;

const OFFER: &str = "document.querySelector('[data-action=lost]')";

/// Leads the page to the server that was started again, and waits until it is there.
fn lead(page: &Page, proxy: &Proxy, server: &Server) {
    let sockets = page.eval("window.sockets.length");
    proxy.aim_at(server.addr);
    page.wait(&format!("window.sockets.length > {sockets}"));
    wait_live(page);
}

fn copy_of(server: &mut Server, proxy: &Proxy, page: &Page) -> PathBuf {
    server.stop();
    let copy = server.dir.path().join("copy.redb");
    std::fs::copy(server.database(), &copy).unwrap();
    server.start_again();
    lead(page, proxy, server);
    copy
}

/// The page cannot reach the server until the proxy is aimed at it.
fn put_back(server: &mut Server, copy: &PathBuf) {
    server.stop();
    std::fs::copy(copy, server.database()).unwrap();
    server.start_again();
}

/// Sells, and waits until that has this number.
fn sell_as(page: &Page, customer: &str, action: &str, number: &str) {
    sell(page, customer, action);
    page.wait_text("#toasts", number);
    page.eval("document.querySelector('#toasts').replaceChildren()");
}

fn names(records: &[Value]) -> Vec<String> {
    records.iter().map(|record| text(record, "customer_name")).collect()
}

/// Sets the status of an order on its screen.
fn deliver(page: &Page, sale: &str) {
    page.screen(&format!("#/orders/{sale}"));
    page.wait("document.querySelector('[data-action=status]')");
    page.eval("(node => { node.value = 'Delivered'; node.dispatchEvent(new Event('change')) })(document.querySelector('[data-action=status]'))");
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn what_is_missing_after_the_server_was_put_back_is_offered_and_entered_again_once() {
    let chrome = Chrome::start();
    let (mut server, proxy, page) = shop_with_page(&chrome);
    sell_as(&page, "kept", "complete-sale", "#001");
    let copy = copy_of(&mut server, &proxy, &page);
    sell_as(&page, "lost", "complete-sale", "#002");
    sell_as(&page, "converted", "save-estimate", "#001");
    page.screen("#/estimates");
    page.click(".list-pane a.row");
    confirm(&page, "convert");
    page.wait("location.hash.startsWith('#/orders/')");

    put_back(&mut server, &copy);
    // The numbers, and so the ids, are other records' by now.
    let mut client = server.client();
    create_sale(&mut client, "somebody's sale");
    create_estimate(&mut client, "somebody's estimate");
    proxy.aim_at(server.addr);
    page.wait_text("#notices", "3 entries made on this device are missing");
    page.reload();
    page.wait_text("#notices", "3 entries made on this device are missing");
    wait_live(&page);
    assert_eq!(
        names(&orders(&mut client)),
        ["somebody's sale", "kept"],
        "nothing is sent before the person has answered"
    );

    page.click("[data-action=lost]");
    page.wait_text("dialog", "New sale · #002 · lost");
    page.wait_text("dialog", "New estimate · #001 · converted");
    page.wait_text("dialog", "Conversion · #001 converted");
    page.click("dialog [data-action=confirm]");
    page.wait(&format!("!{OFFER} && document.querySelector('.unsent').hidden"));
    wait_until("all is entered again", || orders(&mut client).len() == 4 && estimates(&mut client).len() == 2);
    assert_eq!(names(&orders(&mut client)), ["converted", "lost", "somebody's sale", "kept"]);
    let left = estimates(&mut client);
    assert_eq!(names(&left), ["converted", "somebody's estimate"]);
    assert_eq!((&left[0]["is_converted_to_order"], &left[1]["is_converted_to_order"]), (&true.into(), &false.into()));
    page.screen("#/orders");
    page.wait("[...document.querySelectorAll('.list-pane .row-name')].map((name) => name.textContent).join() === \"converted,lost,somebody's sale,kept\"");
    page.reload();
    wait_live(&page);
    assert_eq!(page.eval(&format!("{OFFER} === null")), true);
    chrome.expect_no_faults();
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn what_is_missing_is_noticed_by_a_page_that_was_closed_and_when_left_does_not_come_back() {
    let chrome = Chrome::start();
    let (mut server, proxy, page) = shop_with_page(&chrome);
    sell_as(&page, "kept", "complete-sale", "#001");
    let copy = copy_of(&mut server, &proxy, &page);
    sell_as(&page, "lost", "complete-sale", "#002");
    page.goto("about:blank");
    put_back(&mut server, &copy);
    proxy.aim_at(server.addr);
    page.goto(&format!("http://{}/", proxy.addr));
    page.wait_text("#notices", "1 entry made on this device is missing");
    page.click("[data-action=lost]");
    page.click("dialog [data-action=leave]");
    page.wait(&format!("!{OFFER} && !document.querySelector('dialog')"));

    page.reload();
    wait_live(&page);
    assert_eq!(page.eval(&format!("{OFFER} === null")), true);
    // Nor when it is put back once more: what is not missing is not offered either.
    put_back(&mut server, &copy);
    lead(&page, &proxy, &server);
    assert_eq!(page.eval(&format!("{OFFER} === null")), true);
    assert_eq!(names(&orders(&mut server.client())), ["kept"]);
    chrome.expect_no_faults();
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn a_shop_begun_anew_gets_nothing_unasked_and_no_command_meets_the_wrong_record() {
    let chrome = Chrome::start();
    let (mut server, proxy) = shop();
    let theirs = create_estimate(&mut server.client(), "theirs").id;
    let page = open(&chrome, &chrome.device(), &proxy);
    page.screen(&format!("#/estimates/{theirs}/edit"));
    page.fill("[name=customer_name]", "edited here");
    page.click("[data-action=save]");
    page.wait_text("#toasts", "Changes saved");
    sell_as(&page, "sold", "complete-sale", "#001");
    server.stop();
    remove_shop(&server);
    // Given to the old shop, but not sent yet.
    page.screen(&format!("#/estimates/{theirs}"));
    confirm(&page, "convert");
    page.wait_text(".unsent", "1 not sent yet");

    server.start_again();
    let mut client = server.client();
    let new = create_estimate(&mut client, "of the new shop").id;
    assert_eq!(new, theirs, "the first estimate of any shop has this id");
    proxy.aim_at(server.addr);
    page.wait_text("#notices", "2 entries made on this device are missing");
    page.wait("document.querySelector('.pill').dataset.state === 'unsent'");
    assert!(orders(&mut client).is_empty(), "nothing is sent before the person has answered");
    page.click("[data-action=lost]");
    page.wait_text("dialog", "What it was about is missing too");
    page.click("dialog [data-action=confirm]");
    page.wait(&format!("!{OFFER}"));
    page.wait_text(".unsent", "2 not sent yet");
    page.click("[data-action=unsent]");
    page.wait("document.querySelectorAll('dialog [data-state=parked]').length === 2");
    page.wait_text("[data-state=parked]", "What it was about is missing too");
    assert_eq!(
        page.eval("document.querySelector('dialog [data-action=retry], dialog [data-action=edit]') === null"),
        true
    );
    assert_eq!(names(&orders(&mut client)), ["sold"]);
    let left = estimates(&mut client);
    assert_eq!((names(&left), &left[0]["rev"]), (vec!["of the new shop".to_string()], &1.into()), "as it was made");
    chrome.expect_no_faults();
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn what_waited_for_the_server_meets_no_other_record_of_the_same_number_even_when_the_page_is_opened_anew() {
    let chrome = Chrome::start();
    let (mut server, proxy, page) = shop_with_page(&chrome);
    let empty = copy_of(&mut server, &proxy, &page);
    let theirs = create_estimate(&mut server.client(), "theirs").id;
    page.screen(&format!("#/estimates/{theirs}"));
    page.wait("document.querySelector('[data-action=delete]')");
    wait_kept(&page);
    server.stop();
    confirm(&page, "delete");
    page.wait_text(".unsent", "1 not sent yet");
    page.reload();
    page.wait_text(".unsent", "1 not sent yet");

    std::fs::copy(&empty, server.database()).unwrap();
    server.start_again();
    let mut client = server.client();
    assert_eq!(create_estimate(&mut client, "somebody else's").id, theirs, "the ids of any shop begin alike");
    proxy.aim_at(server.addr);
    page.wait("document.querySelector('.pill').dataset.state === 'unsent'");
    page.click("[data-action=unsent]");
    page.wait_text("dialog [data-state=parked]", "What it was about is missing too");
    assert_eq!(names(&estimates(&mut client)), ["somebody else's"]);
    chrome.expect_no_faults();
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn a_status_whose_order_is_deleted_after_the_server_was_put_back_does_not_keep_the_page_from_its_work() {
    let chrome = Chrome::start();
    let (mut server, proxy) = shop();
    let sale = create_sale(&mut server.client(), "sold").id;
    let page = open(&chrome, &chrome.device(), &proxy);
    let copy = copy_of(&mut server, &proxy, &page);
    deliver(&page, &sale);
    page.wait_text("#toasts", "Delivered");
    page.screen("");

    put_back(&mut server, &copy);
    server.client().delete(&format!("/api/orders/{sale}")).expect(200);
    lead(&page, &proxy, &server);
    page.wait_text("#notices", "1 entry made on this device is missing");
    sell_as(&page, "next", "complete-sale", "#002");
    assert_eq!(names(&orders(&mut server.client())), ["next"]);
    chrome.expect_no_faults();
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn a_status_that_an_order_had_already_is_not_taken_for_one_that_the_server_has_lost() {
    let chrome = Chrome::start();
    let (mut server, proxy) = shop();
    let sale = create_sale(&mut server.client(), "sold").id;
    let page = open(&chrome, &chrome.device(), &proxy);
    page.screen(&format!("#/orders/{sale}"));
    page.wait("document.querySelector('[data-action=status]')");
    server.stop();
    deliver(&page, &sale);
    page.wait_text(".unsent", "1 not sent yet");
    server.start_again();
    let mut client = server.client();
    let mut set = |status: &str| {
        client.put(&format!("/api/orders/{sale}/status?new_status={status}"), &json!({})).expect(200);
    };
    set("Delivered");
    lead(&page, &proxy, &server);
    wait_sent(&page);
    set("Cancelled");

    page.reload();
    wait_live(&page);
    assert_eq!(page.eval(&format!("{OFFER} === null")), true);
    chrome.expect_no_faults();
}

/// The page's clock is moved on, so that it is later by then.
#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn what_is_entered_again_says_when_it_was_made_first() {
    let chrome = Chrome::start();
    let (mut server, proxy, page) = shop_with_page(&chrome);
    let copy = copy_of(&mut server, &proxy, &page);
    page.keep_posted();
    sell_as(&page, "lost", "complete-sale", "#001");
    put_back(&mut server, &copy);
    lead(&page, &proxy, &server);
    page.wait(OFFER);
    page.eval("(now => void (Date.now = () => now() + 3_600_000))(Date.now.bind(Date))");
    page.click("[data-action=lost]");
    page.click("dialog [data-action=confirm]");
    page.wait("window.posted.length === 2");
    wait_until("it is entered again", || orders(&mut server.client()).len() == 1);
    page.wait("document.querySelector('.unsent').hidden");
    let bodies = page.eval("window.posted.map((body) => JSON.parse(body))");
    assert_eq!(bodies[0].get("made_at"), None);
    let said = bodies[1]["made_at"].as_str().unwrap();
    assert_eq!(page.eval(&format!("Date.parse('{said}') < Date.now() - 3_500_000")), true, "{said}");
    assert_eq!(names(&orders(&mut server.client())), ["lost"]);
    chrome.expect_no_faults();
}
