//! Goal: what is taken back on a bill counts, is shown and printed with its amount, and survives an edit; a rate keeps its digits
//! on paper. Method: bills through the form, then the sheet and what is stored.

use serde_json::json;

use crate::chrome::{Chrome, Page};
use crate::steps::live;
use crate::support::samples;
use crate::support::server::Server;
use crate::support::till::{Stored, estimates, orders};

/// Types a line into the empty one at the end.
fn add_line(page: &Page, name: &str, rate: &str) {
    page.eval("void [...document.querySelectorAll('.line')].at(-1).classList.add('under-test')");
    page.fill(".under-test [name=name]", name);
    page.fill(".under-test [name=rate]", rate);
    page.eval("void document.querySelector('.under-test').classList.remove('under-test')");
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn a_return_on_a_bill_counts_and_is_printed_and_an_edit_leaves_it() {
    let chrome = Chrome::start();
    let server = Server::start();
    let mut client = server.client();
    let page = live(&chrome, &server, "#/new");
    page.fill("[name=customer_name]", "Asha");
    add_line(&page, "Fan", "2500");
    // A minus as phones and spreadsheets write it.
    add_line(&page, "Old fan taken back", "\u{2212}500");
    page.wait_text("[data-figure=total]", "2,000.00");
    page.click("[data-action=save-estimate]");
    page.wait_text("#toasts", "Estimate saved");
    let made = estimates(&mut client).remove(0);
    assert_eq!((&made["items"][1]["price"], &made["total"]), (&json!(-500), &json!(2000.0)), "{made}");
    assert_eq!(made.get("amounts_flagged"), None);

    let id = made["estimate_id"].as_str().unwrap();
    page.screen(&format!("#/estimates/{id}/edit"));
    page.wait("[...document.querySelectorAll('.line [name=rate]')].some(({ value }) => value === '-500')");
    page.wait_text("[data-figure=total]", "2,000.00");
    page.fill("[name=customer_address]", "MG Road");
    page.click("[data-action=save]");
    page.wait("!location.hash.endsWith('edit')");
    page.wait_text(".bill .items", "-₹500.00");
    let edited = client.get(&format!("/api/estimates/{id}")).expect(200);
    assert_eq!((&edited["items"], &edited["total"]), (&made["items"], &made["total"]));

    page.screen(&format!("#/estimates/{id}/print"));
    page.wait("document.querySelector('.sheet')");
    let line = page.eval("[...document.querySelectorAll('.sheet tbody tr')].at(1).innerText");
    let amounts: Vec<&str> = line.as_str().unwrap().split_whitespace().filter(|word| word.contains("500.00")).collect();
    assert_eq!(amounts, ["-₹500.00", "-₹500.00"], "the rate and the amount: {line}");
    chrome.expect_no_faults();
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn a_bill_that_takes_back_more_than_it_sells_is_refused_with_a_sentence() {
    let chrome = Chrome::start();
    let server = Server::start();
    let page = live(&chrome, &server, "#/new");
    page.fill("[name=customer_name]", "Asha");
    add_line(&page, "Fan", "100");
    add_line(&page, "Old fan taken back", "-500");
    page.wait_text("[data-figure=total]", "-₹400.00");
    for action in ["complete-sale", "save-estimate"] {
        page.click(&format!("[data-action={action}]"));
        page.wait_text(".save-bar .error", "The total is below zero");
    }
    assert_eq!(orders(&mut server.client()).len(), 0);

    // A quantity, a discount and what is paid are never negative.
    for (field, sentence) in
        [("quantity", "more than 0"), ("off", "percentage"), ("discount", "percentage"), ("paid", "amount")]
    {
        page.reload();
        page.click("[data-action=clear]");
        page.fill("[name=customer_name]", "Asha");
        add_line(&page, "Fan", "100");
        page.fill(&format!("[name={field}]"), "-5");
        page.click("[data-action=complete-sale]");
        page.wait_text(".save-bar .error", sentence);
    }
    chrome.expect_no_faults();
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn a_rate_has_all_its_digits_on_paper_on_the_screen_and_in_suggestions() {
    let chrome = Chrome::start();
    let server = Server::start();
    let mut bill = samples::estimate("Asha");
    bill["items"] = json!([
        {"name": "Screw", "price": 0.125, "quantity": 1000}, {"name": "Nail", "price": 0.004, "quantity": 500},
        {"name": "Plug", "price": 45.5, "quantity": 1},
    ]);
    (bill["subtotal"], bill["total"]) = (json!(172.5), json!(172.5));
    let id = Stored::estimate(&server.post("/api/estimates/create", &bill).expect(201)).id;
    let page = live(&chrome, &server, &format!("#/estimates/{id}"));
    let rates = |place: &str| {
        page.wait(&format!("document.querySelector('{place} tbody')"));
        page.eval(&format!(
            "[...document.querySelectorAll('{place} tbody td:nth-child(2)')].map((cell) => cell.textContent)"
        ))
    };
    let expected = json!(["₹0.125", "₹0.004", "₹45.50"]);
    assert_eq!(rates(".bill"), expected);
    page.screen(&format!("#/estimates/{id}/print"));
    assert_eq!(rates(".sheet"), expected);
    page.screen("#/new");
    page.wait("document.querySelector('.line [name=name]')");
    page.eval("document.querySelector('.line [name=name]').focus()");
    page.type_text("scre");
    page.wait_text(".lines .suggestions", "₹0.125");
    chrome.expect_no_faults();
}
