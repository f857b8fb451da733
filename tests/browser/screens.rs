//! Goal: a shop's day in the browser. Method: two devices and a program that speaks the API; what one does is waited for on the
//! other's screen.

use crate::chrome::{Chrome, Page};
use crate::support::samples;
use crate::support::server::Server;
use crate::support::till::{array, convert, create_estimate, create_sale, orders};

fn live(chrome: &Chrome, server: &Server, hash: &str) -> Page {
    let page = chrome.open(&chrome.device(), &format!("http://{}/{hash}", server.addr));
    page.wait("document.querySelector('.pill').dataset.state === 'live'");
    page
}

#[test]
fn what_one_device_does_is_on_the_others_screen_at_once() {
    let Some(chrome) = Chrome::start() else { return };
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
    chrome.expect_no_faults();
}

#[test]
fn a_whole_sale_needs_only_the_keyboard() {
    let Some(chrome) = Chrome::start() else { return };
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
