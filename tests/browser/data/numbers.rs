//! Goal: a number means what the person's language says, in digits of any script, and what is meant is shown beside the field. Method:
//! the page in browsers of several languages; the page's own reader for the many spellings, the form for what is seen and stored.

use serde_json::{Value, json};

use crate::chrome::{Chrome, Page};
use crate::steps::wait_live;
use crate::support::samples;
use crate::support::server::Server;
use crate::support::till::{Stored, orders};

/// What was typed, and what it is; nothing where it is no number.
type Spellings = &'static [(&'static str, &'static str)];

/// The same everywhere.
const ANYWHERE: Spellings = &[
    ("1500", "1500"),
    ("12.50", "12.5"),
    ("12,5", "12.5"),
    ("0,500", "0.5"),
    ("0.125", "0.125"),
    ("1.500,50", "1500.5"),
    ("1,500.50", "1500.5"),
    ("1,00,000.25", "100000.25"),
    ("1.234.567", "1234567"),
    ("1’500.50", "1500.5"),
    ("1'500", "1500"),
    ("1 500", "1500"),
    ("1\u{202f}500,25", "1500.25"),
    ("1\u{a0}500", "1500"),
    ("१२०", "120"),
    ("١٢٠", "120"),
    ("۱۲۰", "120"),
    ("１２．５", "12.5"),
    ("١٬٥٠٠٫٥٠", "1500.5"),
    ("٠٫٥", "0.5"),
    ("-500", "-500"),
    ("\u{2212}500", "-500"),
    ("\u{200f}-٥٠٠", "-500"),
    ("1.2.3", ""),
    ("1,50,5", ""),
    ("1,50.5", ""),
    ("12.345.67", ""),
    ("-", ""),
    (".", ""),
    ("1e3", ""),
    ("ten", ""),
];

/// Where the languages differ.
const LANGUAGES: [(&str, Spellings); 7] = [
    ("en-US", &[("1,500", "1500"), ("1.500", "1.5"), ("1,00,000", "100000")]),
    ("en-IN", &[("1,500", "1500"), ("1.500", "1.5"), ("1,00,000", "100000"), ("12,34,567.50", "1234567.5")]),
    ("de-DE", &[("1,500", "1.5"), ("1.500", "1500"), ("-1.500", "-1500")]),
    ("de-AT", &[("1,500", "1.5"), ("1.500", "1500")]),
    ("de-CH", &[("1’500", "1500"), ("1.500", "1.5")]),
    ("fr-FR", &[("1,500", "1.5"), ("1\u{202f}500", "1500")]),
    ("ar-EG", &[("١٬٥٠٠", "1500"), ("١٫٥٠٠", "1.5"), ("1.500", "1.5")]),
];

fn read(page: &Page, typed: &[&str]) -> Value {
    page.eval(&format!(
        "(async () => {{
            const {{ microsText, parseMicros }} = {};
            return {}.map((typed) => {{ const micros = parseMicros(typed); return micros === null ? '' : microsText(micros) }});
        }})()",
        Page::import("decimal.js"),
        json!(typed)
    ))
}

fn open_in(chrome: &Chrome, server: &Server, locale: &str, hash: &str) -> Page {
    let page = chrome.open(&chrome.device(), "about:blank");
    page.goto_in(locale, &format!("http://{}/{hash}", server.addr));
    wait_live(&page);
    page
}

#[test]
#[ignore = "long: cargo test-all"]
fn every_spelling_is_read_as_the_language_of_the_browser_means_it() {
    let chrome = Chrome::start();
    let server = Server::start();
    for (locale, own) in LANGUAGES {
        let page = open_in(&chrome, &server, locale, "#/new");
        let (typed, meant): (Vec<&str>, Vec<&str>) = ANYWHERE.iter().chain(own).copied().unzip();
        assert_eq!(read(&page, &typed), json!(meant), "{locale}: {typed:?}");
    }
    chrome.expect_no_faults();
}

/// The last rate has three decimals: what the form writes itself must not be read as thousands.
#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn what_is_meant_stands_beside_the_field_and_what_the_form_writes_is_read_back() {
    let chrome = Chrome::start();
    let server = Server::start_with(&["--currency", "EUR"]);
    let mut client = server.client();
    let page = open_in(&chrome, &server, "de-DE", "#/new");
    let rate = ".line:not(.line-head) [name=rate]";
    let hint = format!("document.querySelector('{rate}').parentNode.querySelector('.meant')");
    page.fill("[name=customer_name]", "Asha");
    page.fill(".line:not(.line-head) [name=name]", "Cable");
    for (typed, shown) in [("1.500", "= 1500"), ("१२०", "= 120"), ("12.5", "= 12,5"), ("1500", ""), ("12,50", "")]
    {
        page.fill(rate, typed);
        assert_eq!(page.eval(&format!("{hint}.textContent")), shown, "{typed}");
        assert_eq!(page.eval(&format!("{hint}.hidden")), shown.is_empty(), "{typed}");
    }
    page.fill(rate, "1.500");
    page.wait_text("[data-figure=total]", "1.500,00");
    // What is left says itself how it was understood.
    page.eval(&format!("document.querySelector('{rate}').focus()"));
    page.press("Enter", 0);
    page.wait(&format!("document.querySelector('{rate}').value === '1500' && {hint}.hidden"));
    page.click("[data-action=complete-sale]");
    page.wait_text("#toasts", "Sale saved");
    assert_eq!(orders(&mut client).remove(0)["total"], 1500.0);

    let mut bill = samples::estimate("Asha");
    bill["items"] = json!([{"name": "Screw", "price": 1.125, "quantity": 1000}]);
    (bill["subtotal"], bill["total"]) = (json!(1125.0), json!(1125.0));
    let path =
        format!("/api/estimates/{}", Stored::estimate(&client.post("/api/estimates/create", &bill).expect(201)).id);
    page.screen(&format!("#{}/edit", path.strip_prefix("/api").unwrap()));
    page.wait(&format!("document.querySelector('{rate}')?.value === '1,125'"));
    page.fill(".line:not(.line-head) [name=quantity]", "2.000");
    page.wait_text("[data-figure=total]", "2.250,00");
    page.click("[data-action=save]");
    page.wait("!location.hash.endsWith('edit')");
    let stored = client.get(&path).expect(200);
    assert_eq!((&stored["items"][0]["price"], &stored["total"]), (&json!(1.125), &json!(2250.0)), "{stored}");
    chrome.expect_no_faults();
}
