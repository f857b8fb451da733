//! Goal: who asks for paper gets the browser's dialog when the record is on the sheet, and once. Method: the dialog is counted; the
//! record comes late, or has not been sent yet.

use serde_json::json;

use crate::chrome::{Chrome, Page};
use crate::steps::{go_away, open, sell, shop, wait_live};
use crate::support::server::Server;
use crate::support::till::create_sale;

/// Counts what is printed, with what stood on the sheet; and holds back answers to what `holds` matches until `release()`.
fn count_prints(page: &Page, holds: &str) {
    let source = format!(
        "window.printed = []; window.print = () => window.printed.push(document.querySelector('.sheet')?.textContent ?? '');
         window.asked = 0;
         const released = new Promise((resolve) => (window.release = resolve));
         const plain = fetch;
         window.fetch = async (path, init) => {{
             const answer = await plain(path, init);
             if ({holds}.test(path)) {{ window.asked += 1; await released; }}
             return answer;
         }};"
    );
    page.before_each_load(&source);
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn the_dialog_comes_when_the_record_is_drawn_and_once() {
    let chrome = Chrome::start();
    let server = Server::start();
    let mut client = server.client();
    client.put("/api/settings", &json!({"shop_name": "Patil Electricals", "paper_size": "80mm"})).expect(200);
    let sale = create_sale(&mut client, "Asha");
    // The record is late; then the shop's name and paper are, on a device that never saw them.
    // The record stands in what the page asks of the recent changes, too.
    let record = format!("/orders\\/{}$|\\/changes\\?/", sale.id);
    for (late, footer) in [(record.as_str(), "Thank you"), ("/settings$/", "Come again")] {
        let page = chrome.open(&chrome.device(), "about:blank");
        count_prints(&page, late);
        page.goto(&format!("http://{}/#/orders/{}/print/now", server.addr, sale.id));
        page.wait("window.asked > 0");
        // As long as a frame or two, in which nothing may be printed.
        page.eval("new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))");
        assert_eq!(page.eval("window.printed.length"), 0, "{late}");
        page.eval("window.release()");
        page.wait("window.printed.length === 1");
        let printed = page.eval("window.printed[0]");
        for part in ["Asha", "RECEIPT", "Patil Electricals"] {
            assert!(printed.as_str().unwrap().contains(part), "{late}: {printed}");
        }
        wait_live(&page);
        create_sale(&mut client, "somebody else");
        client.put("/api/settings", &json!({"footer_line": footer})).expect(200);
        page.wait_text(".sheet", footer);
        assert_eq!(page.eval("window.printed.length"), 1, "what changes later is not printed by itself");
    }
    chrome.expect_no_faults();
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn a_sale_that_waits_on_this_device_is_printed_as_soon_as_it_is_drawn() {
    let chrome = Chrome::start();
    let (mut server, proxy) = shop();
    let device = chrome.device();
    let page = open(&chrome, &device, &proxy);
    go_away(&mut server, &page);
    sell(&page, "Asha", "complete-sale");
    page.screen("#/orders");
    page.wait("document.querySelector('.list-pane a.row')");
    let local = page.eval("document.querySelector('.list-pane a.row').dataset.id").as_str().unwrap().to_string();

    // The tab is closed, so that nobody sends it before it is drawn.
    page.goto("about:blank");
    server.start_again();
    let other = chrome.open(&device, "about:blank");
    count_prints(&other, "/nothing/");
    proxy.aim_at(server.addr);
    other.goto(&format!("http://{}/#/orders/{local}/print/now", proxy.addr));
    other.wait("window.printed.length === 1");
    assert!(other.eval("window.printed[0]").as_str().unwrap().contains("Asha"));
    other.wait("/^#.orders.ORDER-[0-9A-F]{8}.print$/.test(location.hash)");
    wait_live(&other);
    assert_eq!(other.eval("window.printed.length"), 1, "the number that it has by now makes no second paper");
    chrome.expect_no_faults();
}
