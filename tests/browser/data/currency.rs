//! Goal: amounts have the decimals that the server says, whatever the browser's own table has for the currency. Method: a sale in
//! rupees of Pakistan, for which browsers say none; and every currency for which they say something else than ISO 4217.

use serde_json::json;

use crate::chrome::{Chrome, Page};
use crate::steps::live;
use crate::support::server::Server;
use crate::support::till::orders;

/// Currencies of which browsers show fewer decimals than ISO 4217 gives them, and what that is.
const DIFFERENT: [(&str, usize); 18] = [
    ("AFN", 2),
    ("ALL", 2),
    ("COP", 2),
    ("HUF", 2),
    ("IDR", 2),
    ("IQD", 3),
    ("IRR", 2),
    ("KPW", 2),
    ("LAK", 2),
    ("LBP", 2),
    ("MGA", 2),
    ("MMK", 2),
    ("PKR", 2),
    ("RSD", 2),
    ("SLL", 2),
    ("SOS", 2),
    ("SYP", 2),
    ("YER", 2),
];

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn a_rate_of_99_50_is_sold_for_99_50_in_rupees_of_pakistan() {
    let chrome = Chrome::start();
    let server = Server::start_with(&["--currency", "PKR"]);
    let mut client = server.client();
    let page = live(&chrome, &server, "#/new");
    page.fill("[name=customer_name]", "Asha");
    page.fill(".line:not(.line-head) [name=name]", "LED bulb");
    page.fill(".line:not(.line-head) [name=rate]", "99.50");
    page.wait_text("[data-figure=total]", "99.50");
    page.click("[data-action=complete-sale]");
    page.wait_text("#toasts", "Sale saved");
    let sale = orders(&mut client).remove(0);
    assert_eq!((&sale["total"], sale.get("amounts_flagged")), (&json!(99.5), None), "{sale}");
    page.screen("");
    page.wait_text("[data-figure=today-total]", "99.50");
    page.screen(&format!("#/orders/{}/print", sale["order_id"].as_str().unwrap()));
    page.wait_text(".sheet .totals", "99.50");

    // The document says it too, for the time before the first answer.
    let told = page.eval("document.querySelector('meta[name=tillsync-decimals]').content");
    assert_eq!(told, "2");
    assert_eq!(client.get("/api/settings").expect(200)["currency_decimals"], 2);
    chrome.expect_no_faults();
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn no_currency_has_the_decimals_of_the_browsers_table() {
    let chrome = Chrome::start();
    let server = Server::start();
    let page = live(&chrome, &server, "");
    for (currency, decimals) in DIFFERENT {
        let shown = page.eval(&format!(
            "(async () => {{
                const {{ decimals, money, useShop }} = {};
                useShop('{currency}', '', {decimals});
                return [decimals(), money(99.5)];
            }})()",
            Page::import("format.js")
        ));
        assert_eq!(shown[0], decimals, "{currency}");
        let amount = format!("{:.decimals$}", 99.5);
        assert!(shown[1].as_str().unwrap().contains(&amount), "{currency}: {shown}");
    }
    chrome.expect_no_faults();
}
