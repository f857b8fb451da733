//! Goal: who pays 500 for 440 in cash gets 60 back, sees it large, and finds it on the paper; no other mode gives change. Method: the
//! form, the conversion, a sale that waits, and records of which the server says the change.

use serde_json::json;

use crate::chrome::{Chrome, Page};
use crate::steps::{go_away, live, shop_with_page};
use crate::support::samples;
use crate::support::server::Server;
use crate::support::till::{create_estimate, orders};

/// A sale of 440 in the form, with 500 on the counter.
fn type_sale(page: &Page) {
    page.screen("#/new");
    page.fill("[name=customer_name]", "Asha");
    page.fill(".line:not(.line-head) [name=name]", "Fan");
    page.fill(".line:not(.line-head) [name=rate]", "440");
    page.fill("[name=paid]", "500");
}

fn choose(page: &Page, mode: &str) {
    page.click(&format!("[name=mode][value={mode}]"));
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn change_is_the_largest_thing_on_the_screen_until_the_next_sale_begins() {
    let chrome = Chrome::start();
    let server = Server::start();
    let page = live(&chrome, &server, "#/new");
    page.keep_posted();
    type_sale(&page);
    page.wait_text("[data-figure=change]", "Change ₹60.00");
    let size = "[...document.querySelectorAll('.form-pane *')].filter((node) => node.getClientRects().length > 0 && node.textContent)
        .every((node) => parseFloat(getComputedStyle(node).fontSize) <= parseFloat(getComputedStyle(document.querySelector('[data-figure=change] b')).fontSize))";
    assert_eq!(page.eval(size), true);

    // Another mode gives none, and says so at once; nothing is sent.
    choose(&page, "UPI");
    page.wait("document.querySelector('[data-figure=change]').hidden");
    page.wait_text(".payment .error", "Only cash gives change. Type at most ₹440.00");
    page.click("[data-action=complete-sale]");
    page.wait_text(".save-bar .error", "Only cash gives change");
    assert_eq!(page.eval("window.posted.length"), 0);

    choose(&page, "Cash");
    page.wait_text("[data-figure=change]", "Change ₹60.00");
    page.click("[data-action=complete-sale]");
    page.wait_text("#toasts", "Sale saved");
    assert_eq!(
        page.eval("JSON.parse(window.posted[0]).amount_paid"),
        500,
        "what was handed over; the server takes it apart"
    );
    // The form is empty, the change stands, also after a look at another screen.
    page.wait("document.querySelector('[name=customer_name]').value === ''");
    page.screen("#/orders");
    page.wait("document.querySelector('[data-screen=order]')");
    page.screen("#/new");
    page.wait("document.querySelector('[name=customer_name]')");
    page.wait("!document.querySelector('[data-figure=change]').hidden");
    page.wait_text("[data-figure=change]", "Change ₹60.00");
    page.fill("[name=customer_name]", "R");
    page.wait("document.querySelector('[data-figure=change]').hidden");
    chrome.expect_no_faults();
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn a_sale_that_waits_shows_its_change_on_the_screen_and_on_paper() {
    let chrome = Chrome::start();
    let (mut server, _proxy, page) = shop_with_page(&chrome);
    go_away(&mut server, &page);
    type_sale(&page);
    page.click("[data-action=complete-sale]");
    page.wait("document.querySelector('[name=customer_name]').value === ''");
    page.wait_text("[data-figure=change]", "Change ₹60.00");
    page.screen("#/orders");
    page.click(".list-pane a.row");
    let is_said = |place: &str| {
        page.wait(&format!("document.querySelector('{place} .totals')"));
        let totals = page
            .eval(&format!("[...document.querySelectorAll('{place} .totals > *')].map((node) => node.textContent)"));
        assert_eq!(totals, json!(["Total", "₹440.00", "Paid", "₹500.00", "Change", "₹60.00"]), "{place}");
    };
    is_said(".bill");
    page.screen(&format!("{}/print", page.eval("location.hash").as_str().unwrap()));
    is_said(".sheet");
    chrome.expect_no_faults();
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn paper_says_what_was_paid_and_what_was_given_back() {
    let chrome = Chrome::start();
    let server = Server::start();
    let page = live(&chrome, &server, "#/orders/ORDER-00000001/print");
    let mut sale = samples::sale("Asha");
    let fields = json!({
        "id": "ORDER-00000001", "_id": "ORDER-00000001", "order_id": "ORDER-00000001", "sale_number": "#001", "status": "Completed",
        "created_at": "2025-01-13T10:30:00.000000+05:30", "rev": 1, "subtotal": 440.0, "total": 440.0, "amount_paid": 440.0, "change": 60.0,
        "payment_mode": "Cash",
    });
    sale.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    page.receive(
        &json!({"type": "order", "action": "create", "id": "ORDER-00000001", "data": sale, "rev": 1, "seq": 1})
            .to_string(),
    );
    page.wait("document.querySelector('.sheet')");
    let totals = page.eval("[...document.querySelectorAll('.sheet .totals > *')].map((node) => node.textContent)");
    assert_eq!(totals, json!(["Total", "₹440.00", "Paid", "₹500.00", "Change", "₹60.00"]));
    chrome.expect_no_faults();
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn a_conversion_gives_change_in_cash_alone() {
    let chrome = Chrome::start();
    let server = Server::start();
    let estimate = create_estimate(&mut server.client(), "Asha");
    let page = live(&chrome, &server, &format!("#/estimates/{}", estimate.id));
    page.keep_posted();
    page.click("[data-action=convert]");
    page.fill("dialog [name=amount_paid]", "500");
    page.wait_text("dialog .change", "Change ₹200.00");
    page.click("dialog [value=UPI]");
    page.wait_text("dialog .error", "Only cash gives change. Type at most ₹300.00");
    page.click("dialog [data-action=confirm]");
    assert_eq!(page.eval("window.posted.length + document.querySelectorAll('dialog').length"), 1, "it is still open");
    page.click("dialog [value=Cash]");
    page.click("dialog [data-action=confirm]");
    page.wait("location.hash.startsWith('#/orders/')");
    assert_eq!(page.eval("JSON.parse(window.posted[0]).amount_paid"), 500);
    chrome.expect_no_faults();
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn which_modes_are_cash_is_a_setting_and_every_spelling_of_a_mode_is_that_mode() {
    let chrome = Chrome::start();
    let server = Server::start();
    let mut client = server.client();
    for (mode, paid) in [("Cash", 100), (" cash ", 200)] {
        let mut sale = samples::sale("Asha");
        (sale["payment_mode"], sale["amount_paid"]) = (json!(mode), json!(paid));
        client.post("/api/orders/create-sale", &sale).expect(201);
    }
    let page = live(&chrome, &server, "");
    page.wait("document.querySelectorAll('[data-figure=modes] li').length === 2");
    page.wait_text("[data-figure=modes] li", "Cash₹300.00");
    // One that comes while the page is open is counted there too.
    let mut sale = samples::sale("Asha");
    sale["payment_mode"] = json!("CASH");
    client.post("/api/orders/create-sale", &sale).expect(201);
    page.wait_text("[data-figure=modes] li", "Cash₹600.00");

    page.screen("#/settings");
    page.wait("document.querySelector('[name=cash_modes]').value === 'Cash'");
    page.keep_posted();
    page.fill("[name=cash_modes]", "cash\nUPI ");
    page.click("[data-action=save]");
    page.wait("window.posted.length === 1");
    assert_eq!(page.eval("JSON.parse(window.posted[0])"), json!({"cash_modes": ["cash", "UPI"]}));
    page.receive(&json!({"type": "settings", "data": {
        "shop_name": "", "shop_address": "", "shop_phone": "", "tax_number": "", "currency": "INR", "currency_decimals": 2, "staff_names": [],
        "payment_modes": ["Cash", "UPI"], "cash_modes": ["cash", "UPI"], "paper_size": "A4", "footer_line": "", "rev": 99,
    }}).to_string());
    type_sale(&page);
    for mode in ["UPI", "Cash"] {
        choose(&page, mode);
        page.wait_text("[data-figure=change]", "Change ₹60.00");
    }
    assert_eq!(orders(&mut client).len(), 3);
    chrome.expect_no_faults();
}
