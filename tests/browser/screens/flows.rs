//! Goal: what one device does shows on the others, and a person loses nothing. Method: two devices act through their
//! screens, `curl` as the third; each change is waited for on the other screens and looked up in what is stored.

use std::process::Command;

use serde_json::{Value, json};

use crate::chrome::{Chrome, Page};
use crate::steps::{
    come_back, confirm, go_away, live, look_now, note_looks, sell, shop_with_page, wait_live, wait_sent,
};
use crate::support::samples;
use crate::support::server::Server;
use crate::support::till::{create_estimate, create_sale, orders, text};

fn row(id: &str) -> String {
    format!("document.querySelector('.list-pane [data-id=\"{id}\"]')")
}

/// Whether the browser would ask before it leaves the page.
fn warns(page: &Page) -> bool {
    let asked =
        "(event => (dispatchEvent(event), event.defaultPrevented))(new Event('beforeunload', { cancelable: true }))";
    page.eval(asked) == true
}

/// What `curl` is told, once the answer has this status. A body is sent as JSON.
fn curl(server: &Server, status: &str, method: &str, path: &str, body: Option<&Value>) -> Value {
    let mut command = Command::new("curl");
    command.args([
        "--silent",
        "--show-error",
        "--max-time",
        "30",
        "--request",
        method,
        "--write-out",
        "\n%{http_code}",
    ]);
    if let Some(body) = body {
        command.args(["--header", "Content-Type: application/json", "--data", &body.to_string()]);
    }
    let output = command.arg(format!("http://{}{path}", server.addr)).output().unwrap();
    assert!(output.status.success(), "{method} {path}: {}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout).unwrap();
    let (answer, code) = said.rsplit_once('\n').unwrap();
    assert_eq!(code, status, "{method} {path}: {answer}");
    serde_json::from_str(answer).unwrap()
}

#[test]
#[cfg_attr(any(missing = "chromium", missing = "curl"), ignore = "Chromium or curl is not installed")]
fn an_estimate_is_made_changed_converted_and_deleted_on_two_devices_and_by_curl() {
    let chrome = Chrome::start();
    let server = Server::start();
    let (one, two) = (live(&chrome, &server, "#/new"), live(&chrome, &server, "#/estimates"));

    // Made on a screen, and by curl.
    sell(&one, "Asha", "save-estimate");
    two.wait_text(".list-pane a.row", "Asha");
    let made = text(&curl(&server, "200", "GET", "/api/estimates/all", None)[0], "estimate_id");
    let other = curl(&server, "201", "POST", "/api/estimates/create", Some(&samples::estimate("by curl")));
    let other = text(&other, "estimate_id");
    one.screen("#/estimates");
    for page in [&one, &two] {
        page.wait(&row(&other));
    }

    // Changed on a screen, and by curl.
    one.screen(&format!("#/estimates/{made}/edit"));
    one.fill("[name=customer_name]", "Asha Patil");
    two.screen(&format!("#/estimates/{made}"));
    two.wait_text(".bill", "Asha");
    one.click("[data-action=save]");
    two.wait_text(".bill", "Asha Patil");
    let path = format!("/api/estimates/{other}");
    curl(&server, "200", "PUT", &path, Some(&samples::estimate("changed by curl")));
    for page in [&one, &two] {
        page.wait_text(&format!(".list-pane [data-id=\"{other}\"]"), "changed by curl");
    }

    // Converted on a screen, and by curl.
    confirm(&two, "convert");
    two.wait("location.hash.startsWith('#/orders/')");
    one.wait_text(&format!("[data-id=\"{made}\"]"), "Converted");
    let order = text(&curl(&server, "200", "GET", "/api/orders/orders-only", None)["orders"]["items"][0], "order_id");
    one.screen("#/orders");
    one.wait(&row(&order));
    let second =
        curl(&server, "200", "POST", &format!("{path}/convert-to-order"), Some(&json!({"payment_mode": "UPI"})));
    let second = text(&second, "order_id");
    for page in [&one, &two] {
        page.wait(&row(&second));
        page.wait_text("#toasts", "became sale #002");
    }
    curl(&server, "200", "PUT", &format!("/api/orders/{second}/status?new_status=Delivered"), None);
    one.wait_text(&format!(".list-pane [data-id=\"{second}\"]"), "Delivered");

    // Sold by curl.
    let sold = curl(&server, "201", "POST", "/api/orders/create-sale", Some(&samples::sale("sold by curl")));
    for page in [&one, &two] {
        page.wait(&row(&text(&sold, "order_id")));
    }

    // Deleted on a screen, and by curl: an order takes its estimate with it.
    one.screen("#/estimates");
    two.screen(&format!("#/orders/{order}"));
    confirm(&two, "delete");
    two.wait(&format!("!{}", row(&order)));
    one.wait(&format!("!{}", row(&made)));
    curl(&server, "200", "DELETE", &format!("/api/orders/{second}"), None);
    two.wait(&format!("!{}", row(&second)));
    one.wait(&format!("!{}", row(&other)));
    let last = create_estimate(&mut server.client(), "an estimate alone").id;
    one.wait(&row(&last));
    curl(&server, "200", "DELETE", &format!("/api/estimates/{last}"), None);
    one.wait(&format!("!{}", row(&last)));
    curl(&server, "404", "GET", &format!("/api/estimates/{last}"), None);
    let left = curl(&server, "200", "GET", "/api/orders/all", None);
    assert_eq!(left.as_array().unwrap().len(), 1, "the sale by curl alone: {left}");
    chrome.expect_no_faults();
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn a_draft_outlives_a_reload_and_leaving_warns_only_while_something_is_unsent() {
    let chrome = Chrome::start();
    let (mut server, proxy, page) = shop_with_page(&chrome);
    page.screen("#/new");
    page.fill("[name=customer_name]", "Asha");
    page.fill(".line:not(.line-head) [name=name]", "LED bulb");
    page.fill(".line:not(.line-head) [name=rate]", "12,50");
    page.load_again(&format!("http://{}/#/new", proxy.addr));
    page.wait("document.querySelector('[name=customer_name]').value === 'Asha'");
    page.wait_text("[data-figure=total]", "12.50");
    wait_live(&page);
    assert!(!warns(&page), "a draft is kept, so nothing is lost");

    go_away(&mut server, &page);
    page.click("[data-action=complete-sale]");
    page.wait_text(".unsent", "1 not sent yet");
    assert!(warns(&page));
    page.eval("void (window.isSame = true)");
    page.stay_when_asked();
    assert_eq!(page.eval("window.isSame"), true);
    come_back(&mut server, &proxy);
    wait_sent(&page);
    assert!(!warns(&page));
    assert_eq!(orders(&mut server.client()).len(), 1);
    chrome.expect_no_faults();
}

/// The page's clock is moved on by a day, and the page's own look at it comes at once instead of within a minute.
#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn a_page_that_is_open_at_midnight_shows_the_figures_of_the_new_day() {
    let chrome = Chrome::start();
    let server = Server::start();
    create_sale(&mut server.client(), "Asha");
    let page = live(&chrome, &server, "");
    note_looks(&page);
    page.reload();
    page.wait_text("[data-figure=today-count]", "1 sale");
    let date = "document.querySelector('.pane-head .quiet').textContent";
    let before = page.eval(date);
    page.eval(
        "(Plain => void (window.Date = class extends Plain {
            constructor(...what) { super(...(what.length > 0 ? what : [Plain.now() + 86_400_000])) }
            static now() { return Plain.now() + 86_400_000 }
        }))(Date)",
    );
    page.eval("void (window.asked = 0, window.plain = fetch, window.fetch = (...what) => (window.asked += what[0] === '/api/summary', plain(...what)))");
    look_now(&page);
    page.wait_text("[data-figure=today-count]", "0 sales");
    page.wait_text("[data-figure=today-total]", "0.00");
    page.wait("window.asked > 0");
    assert_ne!(page.eval(date), before);
    chrome.expect_no_faults();
}

/// The page's clock is moved on, so that the test need not wait as long as the page does.
#[test]
#[ignore = "long: cargo test-all"]
fn a_connection_that_is_silent_too_long_counts_as_lost_and_what_was_missed_is_caught_up() {
    let chrome = Chrome::start();
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
