//! Goal: a shop's day in the browser. Method: two devices and a program that speaks the API; what one does is waited for on the
//! other's screen.

use serde_json::{Value, json};

use crate::chrome::{Chrome, Page};
use crate::steps::{live, wait_live};
use crate::support::http::Client;
use crate::support::samples;
use crate::support::server::Server;
use crate::support::till::{array, convert, create_estimate, create_sale, orders};

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn what_one_device_does_is_on_the_others_screen_at_once() {
    let chrome = Chrome::start();
    let server = Server::start();
    let mut client = server.client();
    let (home, list) = (live(&chrome, &server, ""), live(&chrome, &server, "#/estimates"));

    let estimate = create_estimate(&mut client, "Asha Patil");
    list.wait(&format!("document.querySelector('[data-id=\"{}\"] .chip.open')", estimate.id));
    home.wait_text("[data-figure=open-total]", "300.00");
    home.wait_text(".activity", "Asha Patil");

    convert(&mut client, &estimate.id, br#"{"amount_paid": 100, "payment_mode": "UPI"}"#).expect(200);
    list.wait_text(&format!("[data-id=\"{}\"]", estimate.id), "Converted");
    list.wait_text("#toasts", "became sale #001");
    home.wait_text("[data-figure=today-total]", "300.00");
    home.wait_text("[data-figure=modes]", "UPI");
    home.wait_text("[data-figure=modes]", "200.00");

    let order = array(client.get("/api/orders/orders-only").expect(200)["orders"]["items"].take()).remove(0);
    client.delete(&format!("/api/orders/{}", order["id"].as_str().unwrap())).expect(200);
    list.wait(&format!("!document.querySelector('[data-id=\"{}\"]')", estimate.id));
    home.wait_text("[data-figure=today-count]", "0 sales");

    // Of what is gone, a page that never knew it says the id.
    let late = live(&chrome, &server, "");
    late.wait_text(".activity", &format!("Estimate {} · deleted", estimate.id));
    late.wait_text(".activity", &format!("Sale {} · deleted", order["id"].as_str().unwrap()));
    chrome.expect_no_faults();
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn a_whole_sale_needs_only_the_keyboard() {
    let chrome = Chrome::start();
    let server = Server::start();
    let mut client = server.client();
    create_sale(&mut client, "Asha Patil");
    let page = live(&chrome, &server, "");

    page.press("n", 0);
    page.wait("document.activeElement.name === 'customer_name'");
    page.type_text("Ash");
    page.wait("document.querySelector('.suggestions:not([hidden]) li')");
    page.press("ArrowDown", 0);
    page.press("Enter", 0);
    page.wait("document.activeElement.name === 'name'");
    page.type_text("LED");
    page.wait("document.querySelector('.lines .suggestions:not([hidden]) li')");
    page.press("ArrowDown", 0);
    page.press("Enter", 0);
    page.wait("document.activeElement.name === 'quantity'");
    page.type_text("3");
    page.press("Enter", 0);
    page.type_text("12,5");
    page.press("Enter", 0);
    page.wait_text("[data-figure=total]", "262.50");
    page.press("Enter", 0);
    page.wait("document.activeElement.name === 'mode'");
    page.press("Enter", 2);
    page.wait_text("#toasts", "Sale saved · #002");

    let sale = orders(&mut client).remove(0);
    assert_eq!(sale["total"], 262.5);
    assert_eq!(sale["customer_phone"], samples::sale("")["customer_phone"]);
    assert!(sale.get("amounts_flagged").is_none(), "{sale}");
    chrome.expect_no_faults();
}

/// An estimate that is edited on a page, and what is stored of it.
fn edited(chrome: &Chrome, server: &Server) -> (Page, String) {
    let estimate = create_estimate(&mut server.client(), "Asha");
    let page = live(chrome, server, &format!("#/estimates/{}/edit", estimate.id));
    page.wait("document.querySelector('[name=customer_address]')");
    (page, format!("/api/estimates/{}", estimate.id))
}

/// Somebody else changes what is edited, and the page is told.
fn change(page: &Page, client: &mut Client, path: &str, change: impl FnOnce(&mut Value)) {
    let mut theirs = client.get(path).expect(200);
    change(&mut theirs);
    theirs["sale_by"] = json!("Meena");
    client.put(path, &theirs).expect(200);
    page.wait_text("[data-conflict]", "Meena changed this estimate");
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn the_customer_changed_here_and_a_line_there_are_merged_and_said_once() {
    let chrome = Chrome::start();
    let server = Server::start();
    let mut client = server.client();
    let (page, path) = edited(&chrome, &server);
    page.fill("[name=customer_name]", "Asha Patil");
    page.fill("[name=customer_address]", "Mine");
    change(&page, &mut client, &path, |theirs| {
        theirs["items"][0]["quantity"] = json!(5);
        theirs["subtotal"] = json!(600.0);
        theirs["total"] = json!(600.0);
    });
    page.click("[data-action=save]");
    page.wait("!location.hash.endsWith('edit')");
    page.wait_text("#toasts", "Changes saved · #001, with those of Meena: Made by, LED bulb 9 W · Qty");
    assert_eq!(page.eval("document.querySelectorAll('#toasts > *').length"), 1);
    let stored = client.get(&path).expect(200);
    assert_eq!(json!([stored["customer_name"], stored["customer_address"]]), json!(["Asha Patil", "Mine"]));
    assert_eq!(json!([stored["items"][0]["quantity"], stored["total"], stored["rev"]]), json!([5, 600.0, 3]));
    assert!(stored.get("amounts_flagged").is_none(), "{stored}");
    page.wait_text(".history", "Changed · Meena");
    chrome.expect_no_faults();
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn what_both_have_changed_is_asked_once_and_either_answer_is_stored() {
    let chrome = Chrome::start();
    let server = Server::start();
    let mut client = server.client();
    for (pick, quantity) in [("", 7), ("td:last-child ", 5)] {
        let (page, path) = edited(&chrome, &server);
        page.fill("[name=customer_address]", "Mine");
        page.fill(".line:not(.line-head) [name=quantity]", "7");
        change(&page, &mut client, &path, |theirs| {
            theirs["customer_phone"] = json!("Theirs");
            theirs["items"][0]["quantity"] = json!(5);
            theirs["subtotal"] = json!(600.0);
            theirs["total"] = json!(600.0);
        });
        page.click("[data-action=save]");
        page.wait_text("dialog [data-field='LED bulb 9 W · Qty']", "75");
        assert_eq!(page.eval("document.querySelectorAll('dialog [data-field]').length"), 1, "nothing else is asked");
        if !pick.is_empty() {
            page.click(&format!("dialog {pick}input"));
        }
        page.click("dialog [data-action=confirm]");
        page.wait("!location.hash.endsWith('edit') && !document.querySelector('dialog')");
        page.wait_text("#toasts", "with those of Meena: Phone, Made by");
        let stored = client.get(&path).expect(200);
        let total = f64::from(quantity) * 100.0 + 100.0;
        assert_eq!(json!([stored["customer_address"], stored["customer_phone"]]), json!(["Mine", "Theirs"]));
        assert_eq!(
            json!([stored["items"][0]["quantity"], stored["total"], stored["rev"]]),
            json!([quantity, total, 3])
        );
        assert!(stored.get("amounts_flagged").is_none(), "{stored}");
    }
    chrome.expect_no_faults();
}

/// Before it is saved, too, the person may look at both, and choose for everything that differs.
#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn both_versions_are_shown_to_whoever_asks_and_the_person_chooses() {
    let chrome = Chrome::start();
    let server = Server::start();
    let mut client = server.client();
    let (page, path) = edited(&chrome, &server);
    page.fill("[name=customer_address]", "Mine");
    change(&page, &mut client, &path, |theirs| theirs["customer_name"] = json!("Asha Patil"));
    page.click("[data-action=show-both]");
    page.wait_text("dialog [data-field=Customer]", "Asha Patil");
    page.wait("document.querySelectorAll('dialog [data-field]').length === 3");
    page.click("dialog [data-action=confirm]");
    page.wait("!document.querySelector('dialog')");
    page.wait("document.querySelector('[name=customer_name]').value === 'Asha Patil'");
    page.click("[data-action=save]");
    page.wait("!location.hash.endsWith('edit')");
    let stored = client.get(&path).expect(200);
    assert_eq!(json!([stored["customer_name"], stored["customer_address"]]), json!(["Asha Patil", "Mine"]));
    chrome.expect_no_faults();
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn what_the_page_does_not_understand_makes_it_read_the_lists_again() {
    let chrome = Chrome::start();
    let server = Server::start();
    let mut client = server.client();
    create_estimate(&mut client, "the first");
    let page = live(&chrome, &server, "#/estimates");
    page.wait("document.querySelector('a.row')");
    let messages = [
        "estimate_created",
        "{\"type\":\"estim",
        r#"{"type":"invoice","action":"create","id":"X"}"#,
        r#"{"type":"estimate","action":"archive","id":"EST-00000001"}"#,
        r#"{"type":"estimate","action":"create","id":"EST-00000001"}"#,
    ];
    for (index, message) in messages.iter().enumerate() {
        // From here on the page hears nothing of the server.
        page.eval("window.heard = window.sockets.at(-1).onmessage; void (window.sockets.at(-1).onmessage = () => {})");
        let unseen = create_estimate(&mut client, &format!("unseen {index}"));
        page.eval("void (window.sockets.at(-1).onmessage = window.heard)");
        page.receive(message);
        page.wait(&format!("document.querySelector('[data-id=\"{}\"]')", unseen.id));
    }
    wait_live(&page);
    chrome.expect_no_faults();
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn a_search_a_status_and_the_print_sheet_say_what_is_stored() {
    let chrome = Chrome::start();
    let server = Server::start();
    let mut client = server.client();
    client.put("/api/settings", &json!({"shop_name": "Patil Electricals", "paper_size": "80mm"})).expect(200);
    let sale = create_sale(&mut client, "José Fernandes");
    create_sale(&mut client, "Ravi");
    let page = live(&chrome, &server, "#/orders");
    page.wait("document.querySelectorAll('.list-pane a.row').length === 2");
    page.fill("[data-search=order]", "jose");
    page.wait("document.querySelectorAll('.list-pane a.row').length === 1");
    page.click(&format!("[data-id=\"{}\"]", sale.id));
    page.wait("document.querySelector('[data-action=status]')");
    page.eval("(node => { node.value = 'Delivered'; node.dispatchEvent(new Event('change')) })(document.querySelector('[data-action=status]'))");
    page.wait_text(".detail-title", "Delivered");
    assert_eq!(client.get(&format!("/api/orders/{}", sale.id)).expect(200)["status"], "Delivered");

    page.screen(&format!("#/orders/{}/print", sale.id));
    page.wait_text(".sheet[data-paper='80mm']", "Patil Electricals");
    for part in ["RECEIPT", "#001", "José Fernandes", "LED bulb 9 W", "300.00"] {
        page.wait_text(".sheet", part);
    }
    chrome.expect_no_faults();
}
