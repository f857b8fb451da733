//! Goal: what is cancelled counts nowhere. Method: a sale is cancelled, brought back and returned on one device, while the figures of
//! the day stand on another.

use serde_json::json;

use crate::chrome::Chrome;
use crate::steps::live;
use crate::support::samples;
use crate::support::server::Server;
use crate::support::till::Stored;

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn a_sale_that_is_cancelled_leaves_every_figure_and_one_that_is_brought_back_returns() {
    let chrome = Chrome::start();
    let server = Server::start();
    let mut client = server.client();
    let (home, page) = (live(&chrome, &server, ""), live(&chrome, &server, "#/orders"));
    let mut sale = samples::sale("Asha");
    (sale["subtotal"], sale["total"]) = (json!(25_000), json!(25_000));
    sale["items"] = json!([{"name": "Pump", "price": 25_000, "quantity": 1}]);
    (sale["amount_paid"], sale["payment_mode"]) = (json!(20_000), json!("Cash"));
    let id = Stored::order(&client.post("/api/orders/create-sale", &sale).expect(201)).id;
    home.wait_text("[data-figure=today-total]", "25,000.00");
    page.screen(&format!("#/orders/{id}"));
    page.wait_text(".detail-title", "₹5,000.00 due");
    let set = |status: &str| {
        page.wait("document.querySelector('[data-action=status]')");
        page.eval(&format!("(node => {{ node.value = '{status}'; node.dispatchEvent(new Event('change')) }})(document.querySelector('[data-action=status]'))"));
    };

    set("Cancelled");
    home.wait_text("[data-figure=today-count]", "0 sales");
    home.wait("!/[1-9]/.test(document.querySelector('[data-figure=today-total]').textContent)");
    home.wait("document.querySelector('[data-figure=modes]').textContent === ''");
    page.wait("document.querySelector('.detail-title .chip.bad').textContent === 'Cancelled'");
    assert_eq!(
        page.eval("document.querySelectorAll('.detail .due, .detail .chip.due').length"),
        0,
        "nothing is due of it"
    );
    page.wait_text(".bill .totals", "20,000.00");

    set("Completed");
    home.wait_text("[data-figure=today-count]", "1 sale");
    home.wait_text("[data-figure=modes]", "20,000.00");

    // Any spelling, from any program.
    for status in ["void", " Returned ", "CANCELED"] {
        client
            .request("PUT", &format!("/api/orders/{id}/status?status={}", status.replace(' ', "%20")), &[], None)
            .expect(200);
        home.wait_text("[data-figure=today-count]", "0 sales");
        page.wait(
            "document.querySelector('.detail-title .chip.bad') && !document.querySelector('.detail-title .chip.due')",
        );
        client.request("PUT", &format!("/api/orders/{id}/status?status=Completed"), &[], None).expect(200);
        home.wait_text("[data-figure=today-count]", "1 sale");
    }
    chrome.expect_no_faults();
}

/// The server has counted what the stream has yet to tell: it is not counted again.
#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn a_change_that_comes_after_the_count_that_contains_it_is_counted_once() {
    let chrome = Chrome::start();
    let server = Server::start();
    let page = live(&chrome, &server, "");
    let counts = page.eval(&format!(
        "(async () => {{
            const {{ Figures }} = {};
            const figures = new Figures();
            const order = {{ created_at: '2026-11-28T10:00:00.000000+00:00', total: 300, amount_paid: 300, payment_mode: 'Cash' }};
            const sell = (seq) => figures.change({{ seq, kind: 'order', before: null, after: order }});
            const count = () => figures.days[0].count;
            const seen = [];
            figures.expect();
            sell(9);
            sell(11);
            figures.take({{ days: [{{ day: '2026-11-28', count: 10, total: 3000, paid: 3000, modes: [] }}], open_estimates: {{ count: 0, total: 0 }} }}, 10);
            seen.push(count());
            sell(10);
            seen.push(count());
            sell(12);
            seen.push(count());
            return seen;
        }})()",
        crate::chrome::Page::import("figures.js")
    ));
    assert_eq!(counts, json!([11, 11, 12]));
    chrome.expect_no_faults();
}
