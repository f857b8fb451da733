//! Goal: whatever stands in the browser's own storage, and however it fails, the page comes and sells. Method: broken addresses;
//! broken, foreign and older values under every name that the page keeps; storage that throws; then a sale, looked up on the
//! server.

use serde_json::{Value, json};

use crate::chrome::{Chrome, Page};
use crate::steps::{live, sell_once, wait_live};
use crate::support::server::Server;
use crate::support::till::{create_estimate, orders};

/// What others may have left under a name: nothing that can be read, another type, another shape.
const FOREIGN: [&str; 9] = [
    "%",
    "{",
    "null",
    "7",
    "\"text\"",
    "[]",
    "{\"lines\":7,\"payment_modes\":\"Cash\",\"currency\":7,\"paper_size\":\"A9\",\"timezone\":\"Nowhere\"}",
    "{\"lines\":[7,null,{\"name\":null}],\"customer_name\":{},\"payment_modes\":[],\"staff_names\":[7],\"base\":7,\"replaces\":\"x\"}",
    "{\"base\":{\"estimate_id\":\"EST-1\"},\"timezone\":7,\"shop_name\":null}",
];

/// The names under which the page keeps something. That of the tab is not among them: a tab of another name waits until the
/// lease of the one before is over.
const NAMES: [&str; 4] = ["settings", "theme", "sale_by", "draft"];

fn says_something(page: &Page) {
    page.wait(
        "document.querySelector('main [data-screen]') && document.querySelector('main').textContent.trim() !== ''",
    );
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn an_address_that_cannot_be_decoded_shows_a_screen() {
    let chrome = Chrome::start();
    let server = Server::start();
    let page = chrome.open(&chrome.device(), &format!("http://{}/#/%", server.addr));
    says_something(&page);
    wait_live(&page);
    for (hash, said) in [
        ("#/estimates/%", "not there any more"),
        ("#/orders/%E0%A4%A", "not there any more"),
        ("#/orders/%/print", "not there any more"),
    ] {
        page.screen(hash);
        page.wait_text("main", said);
    }
    page.screen("#/estimates/%/edit");
    page.wait_text("main", "not there any more");
    chrome.expect_no_faults();
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn what_others_have_left_under_the_names_of_the_page_is_passed_over() {
    let chrome = Chrome::start();
    let server = Server::start();
    let estimate = create_estimate(&mut server.client(), "Asha").id;
    let page = live(&chrome, &server, "");
    for (round, value) in FOREIGN.iter().enumerate() {
        let names =
            json!(NAMES.iter().map(ToString::to_string).chain([format!("draft {estimate}")]).collect::<Vec<_>>());
        page.eval(&format!(
            "void (location.hash = '', {names}.forEach((name) => localStorage.setItem(name, {value})))",
            value = json!(value)
        ));
        page.reload();
        wait_live(&page);
        page.screen("#/settings");
        says_something(&page);
        page.screen(&format!("#/estimates/{estimate}/edit"));
        page.wait("document.querySelector('[name=customer_name]').value === 'Asha'");
        sell_once(&page, &server, &format!("customer {round}"));
    }
    page.eval("sessionStorage.setItem('tab', '{')");
    page.reload();
    wait_live(&page);
    assert_eq!(page.eval("/^[0-9a-f]{32}$/.test(sessionStorage.getItem('tab'))"), true);
    chrome.expect_no_faults();
}

/// An edit whose estimate is not told in the draft would be saved as a new estimate.
#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn a_draft_of_an_edit_that_has_lost_its_estimate_makes_no_second_one() {
    let chrome = Chrome::start();
    let server = Server::start();
    let estimate = create_estimate(&mut server.client(), "Asha").id;
    let page = live(&chrome, &server, "");
    page.eval(&format!(
        "localStorage.setItem('draft {estimate}', JSON.stringify({{ customer_name: 'from a draft', lines: [] }}))"
    ));
    page.screen(&format!("#/estimates/{estimate}/edit"));
    page.wait("document.querySelector('[name=customer_name]').value === 'Asha'");
    page.fill("[name=customer_name]", "Asha Patil");
    page.click("[data-action=save]");
    page.wait_text("#toasts", "Changes saved");
    let all = server.get("/api/estimates/all").expect(200);
    assert_eq!(all.as_array().map(Vec::len), Some(1), "{all}");
    chrome.expect_no_faults();
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn where_every_access_to_the_storage_throws_the_page_sells() {
    let chrome = Chrome::start();
    let server = Server::start();
    let page = live(&chrome, &server, "");
    page.before_each_load(
        "for (const name of ['localStorage', 'sessionStorage', 'indexedDB', 'caches'])
            Object.defineProperty(window, name, { get() { throw new DOMException('not allowed', 'SecurityError') } });
         window.BroadcastChannel = class { constructor() { throw new DOMException('not allowed', 'SecurityError') } };
         Object.defineProperty(Navigator.prototype, 'serviceWorker', { get() { throw new DOMException('not allowed', 'SecurityError') } });",
    );
    page.reload();
    wait_live(&page);
    page.screen("#/new");
    page.fill("[name=customer_name]", "typed and left");
    page.screen("#/settings");
    page.click("[value=dark]");
    page.wait("document.querySelector('#dark').media === 'screen'");
    page.screen("#/new");
    page.wait("document.querySelector('[name=customer_name]').value === 'typed and left'");
    sell_once(&page, &server, "Asha");
    chrome.expect_no_faults();
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn where_the_storage_is_full_the_page_sells() {
    let chrome = Chrome::start();
    let server = Server::start();
    let page = live(&chrome, &server, "");
    page.before_each_load(
        "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError') };",
    );
    page.reload();
    wait_live(&page);
    sell_once(&page, &server, "Asha");
    chrome.expect_no_faults();
}

/// Commands that another version of the page has stored, or nobody: they are neither sent nor shown, and hold nothing up.
#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn what_cannot_be_read_in_the_database_holds_nothing_up() {
    let chrome = Chrome::start();
    let server = Server::start();
    let page = live(&chrome, &server, "");
    let foreign: Vec<Value> = vec![
        json!({}),
        json!({"key": "a", "state": "waiting"}),
        json!({"key": "b", "state": "waiting", "method": "POST", "path": "/api/orders/create-sale", "body": "{", "at": "2026-01-01", "tries": 0, "title": ""}),
        json!({"key": "c", "state": "waiting", "method": "POST", "path": "/api/orders/create-sale", "body": "{}", "at": "never", "tries": 0, "title": ""}),
        json!({"key": "d", "state": "parked", "what": "create", "kind": "order", "method": "POST", "path": "/api/orders/create-sale", "body": "{}", "at": "2026-01-01", "tries": 0, "title": ""}),
        json!({"key": "e", "state": "parked", "what": "something new", "kind": "order", "id": "ORDER-1", "method": "POST", "path": "/api/orders", "at": "2026-01-01", "tries": 0, "title": ""}),
    ];
    page.eval(&format!(
        "new Promise((resolve) => {{
            const opening = indexedDB.open('tillsync', 1);
            opening.onsuccess = () => {{
                const change = opening.result.transaction(['commands', 'values'], 'readwrite');
                for (const one of {}) change.objectStore('commands').put(one);
                change.objectStore('values').put('not a list', 'lost');
                change.objectStore('values').put(7, 'lease');
                change.objectStore('values').put({{}}, ['sent', 7]);
                change.oncomplete = () => (opening.result.close(), resolve(true));
            }};
        }})",
        json!(foreign)
    ));
    page.reload();
    wait_live_or_unsent(&page);
    sell_once(&page, &server, "Asha");
    for hash in ["#/orders", "#/estimates", "#/"] {
        page.screen(hash);
        says_something(&page);
    }
    page.click("[data-action=unsent]");
    page.wait("document.querySelectorAll('dialog [data-entry]').length === 2");
    // Tabs of other versions may say anything.
    page.eval("[null, 7, 'x', {}, { type: 'done' }, { type: 'refused', outcome: { entry: 7 } }].forEach((said) => new BroadcastChannel('tillsync').postMessage(said))");
    page.eval("new Promise((resolve) => setTimeout(resolve))");
    assert_eq!(orders(&mut server.client()).len(), 1);
    chrome.expect_no_faults();
}

fn wait_live_or_unsent(page: &Page) {
    page.wait("['live', 'unsent'].includes(document.querySelector('.pill').dataset.state)");
}
