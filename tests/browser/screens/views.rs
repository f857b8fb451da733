//! Goal: what is not somebody's to see any more is gone from every open page at once, by the live feed and without a reload, and
//! what is from now on appears. Method: tabs of one device with a record open in each of the ways in which a page shows it, while
//! the owner narrows the role or hands the record over; the questions and the frames of the page are counted.

use serde_json::{Value, json};

use super::people::{SELLER, SELLER_PIN, add_person, ask, ask_for, become_owner, let_in, log_in};
use crate::chrome::{Chrome, Page};
use crate::steps::{open, shop, wait_live};
use crate::support::proxy::Proxy;
use crate::support::till::text;

/// Keeps what a page asks, and what it is told by its socket.
const NOTE: &str = "window.asked = []; window.told = [];
    const plainFetch = window.fetch;
    window.fetch = (path, how) => (window.asked.push(String(path)), plainFetch(path, how));
    const listen = WebSocket.prototype.addEventListener;
    const Noted = WebSocket;
    window.WebSocket = class extends Noted {
        constructor(...address) { super(...address); listen.call(this, 'message', ({ data }) => window.told.push(data)); }
    };";

/// Everything that a page shows, types or keeps of a word.
fn has(page: &Page, word: &str) -> bool {
    let condition = format!(
        "[document.title, document.body.textContent, ...[...document.querySelectorAll('input')].map(({{ value }}) => value),
            ...Object.values(localStorage)].some((text) => text.includes({}))",
        json!(word)
    );
    page.eval(&condition) == true
}

fn wait_gone(page: &Page, word: &str) {
    page.wait(&format!(
        "![document.body.textContent, ...[...document.querySelectorAll('input')].map(({{ value }}) => value)].some((text) => text.includes({}))",
        json!(word)
    ));
}

/// A tab of a device that is in, at an address; nothing of it is loaded again from here on.
fn tab(chrome: &Chrome, device: &str, proxy: &Proxy, hash: &str) -> Page {
    let page = chrome.open(device, "about:blank");
    page.before_each_load(NOTE);
    page.goto(&format!("http://{}/{hash}", proxy.addr));
    wait_live(&page);
    page.wait("window.sockets.at(-1).readyState === 1");
    page.eval("void (window.isOld = true)");
    page
}

/// What a tab was told, as `type action`, and whether it followed by its socket alone.
fn expect_by_socket(page: &Page, frame: &str) {
    let action = format!("window.told.some((data) => data.includes({}))", json!(frame));
    assert_eq!(page.eval(&action), true, "{}", page.eval("window.told"));
    assert_eq!(page.eval("window.asked.some((path) => path.includes('wait='))"), false, "it polls");
    assert_eq!(page.eval("window.isOld"), true, "it was loaded anew");
}

/// A role that shows one's own records alone.
fn own_records(owner: &Page) -> Value {
    let role = ask(
        owner,
        "POST",
        "/api/roles",
        &json!({"name": "Own only", "rights": ["sell", "estimate", "convert", "edit_others"],
            "scope": {"estimates": "own", "orders": "own"}, "days_back": null, "discount_max": 10, "masks": []}),
    );
    assert!(role["id"].is_number(), "{role}");
    role["id"].clone()
}

fn person(owner: &Page, name: &str) -> Value {
    let people = ask_for(owner, "/api/people");
    people.as_array().unwrap().iter().find(|one| one["name"] == name).unwrap()["id"].clone()
}

fn set_role(owner: &Page, name: &str, role: &Value) {
    let id = person(owner, name);
    let changed = ask(owner, "PUT", &format!("/api/people/{id}"), &json!({"role": role}));
    assert_eq!(changed["role"]["id"], *role, "{changed}");
}

/// An estimate of whoever is at a page.
fn estimate(page: &Page, customer: &str) -> String {
    let bill = json!({"customer_name": customer, "customer_phone": "98450", "customer_address": "", "sale_by": "",
        "items": [{"id": 1, "name": format!("Item of {customer}"), "price": 100, "quantity": 1, "discount": 0}],
        "subtotal": 100.0, "discount_amount": 0.0, "is_percentage_discount": false, "total": 100.0});
    text(&ask(page, "POST", "/api/estimates/create", &bill), "estimate_id")
}

/// Lets a device in and a new seller onto it.
fn seller(chrome: &Chrome, owner: &Page, proxy: &Proxy, name: &str, pin: &str) -> (String, Page) {
    add_person(owner, name, SELLER, pin);
    let device = chrome.device();
    let page = chrome.open(&device, &format!("http://{}/", proxy.addr));
    let_in(owner, &page, &format!("Till of {name}"));
    log_in(&page, name, pin);
    (device, page)
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn what_a_narrower_role_does_not_show_is_gone_from_every_open_page_at_once() {
    let chrome = Chrome::start();
    let (server, proxy) = shop();
    let owner = open(&chrome, &chrome.device(), &proxy);
    become_owner(&owner, &server);
    let (device, first) = seller(&chrome, &owner, &proxy, "Meena", SELLER_PIN);
    let theirs = estimate(&owner, "Asha’s secret");
    estimate(&first, "of Meena");
    let role = own_records(&owner);

    let places = [
        "",
        "#/estimates",
        &format!("#/estimates/{theirs}"),
        &format!("#/estimates/{theirs}/edit"),
        &format!("#/estimates/{theirs}/print"),
        "#/new",
    ];
    let tabs = places.map(|hash| tab(&chrome, &device, &proxy, hash));
    let [home, list, record, edit, print, new] = &tabs;
    for page in [home, list, record, print] {
        page.wait("document.body.textContent.includes('Asha’s secret')");
    }
    list.fill("[data-search=estimate]", "98450");
    list.wait("document.querySelectorAll('.list-pane a.row').length === 2");
    edit.fill("[name=customer_address]", "typed");
    edit.wait("localStorage.length > 0 && Object.values(localStorage).some((text) => text.includes('typed'))");
    new.bring_to_front();
    new.fill("[name=customer_name]", "Asha’s");
    new.eval("document.querySelector('[name=customer_name]').focus()");
    new.type_text(" se");
    new.wait("document.querySelector('.suggestions:not([hidden]) li')");

    set_role(&owner, "Meena", &role);
    for page in [home, list, record, edit, print] {
        wait_gone(page, "secret");
        page.wait("!Object.values(localStorage).some((text) => text.includes('secret'))");
        expect_by_socket(page, r#""action":"view""#);
        assert!(!has(page, "secret"));
    }
    record.wait_text(".detail", "This estimate is not there any more.");
    edit.wait_text("[data-screen=form]", "This estimate is not there any more.");
    list.wait("document.querySelectorAll('.list-pane a.row').length === 1");
    list.wait_text(".list-pane a.row", "of Meena");
    home.wait_text("[data-figure=open-count]", "1 estimate");
    // What is typed itself stays; what was suggested goes.
    new.wait("document.querySelector('[name=customer_name]').value === 'Asha’s se'");
    new.wait("!document.querySelector('.suggestions li')");
    wait_live(home);

    // Back again, everything is there again.
    set_role(&owner, "Meena", &json!(SELLER));
    for page in [home, list, record] {
        page.wait("document.body.textContent.includes('Asha’s secret')");
        assert_eq!(page.eval("window.isOld"), true, "it was loaded anew");
    }
    chrome.expect_no_faults();
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn a_record_that_is_handed_over_goes_from_one_page_and_comes_to_another() {
    let chrome = Chrome::start();
    let (server, proxy) = shop();
    let owner = open(&chrome, &chrome.device(), &proxy);
    become_owner(&owner, &server);
    let role = own_records(&owner);
    let (device, before) = seller(&chrome, &owner, &proxy, "Meena", SELLER_PIN);
    let (other_device, _after) = seller(&chrome, &owner, &proxy, "Tara", "6214");
    set_role(&owner, "Meena", &role);
    set_role(&owner, "Tara", &role);
    let id = estimate(&before, "Asha’s secret");
    let kept = estimate(&before, "kept");

    let places = [
        "",
        "#/estimates",
        &format!("#/estimates/{id}"),
        &format!("#/estimates/{id}/edit"),
        &format!("#/estimates/{id}/print"),
    ];
    let tabs = places.map(|hash| tab(&chrome, &device, &proxy, hash));
    let [home, list, record, edit, print] = &tabs;
    for page in [home, list, record, print] {
        page.wait("document.body.textContent.includes('Asha’s secret')");
    }
    edit.fill("[name=customer_address]", "typed");
    edit.wait("Object.values(localStorage).some((text) => text.includes('typed'))");
    let other = tab(&chrome, &other_device, &proxy, "#/estimates");
    other.wait_text(".list-pane", "No estimates yet");

    let tara = person(&owner, "Tara");
    let given = ask(&owner, "POST", &format!("/api/estimates/{id}/owner"), &json!({"person": tara}));
    assert_eq!(given["owner"]["name"], "Tara", "{given}");
    other.wait_text(".list-pane", "Asha’s secret");
    expect_by_socket(&other, r#""action":"update""#);
    for page in &tabs {
        wait_gone(page, "secret");
        page.wait("!Object.values(localStorage).some((text) => text.includes('secret'))");
        expect_by_socket(page, r#""action":"hide""#);
    }
    record.wait_text(".detail", "This estimate is not there any more.");
    edit.wait_text("[data-screen=form]", "This estimate is not there any more.");
    list.wait("document.querySelectorAll('.list-pane a.row').length === 1");
    list.wait(&format!("document.querySelector('[data-id=\"{kept}\"]')"));
    home.wait_text("[data-figure=open-count]", "1 estimate");
    chrome.expect_no_faults();
}

/// A browser that has no `WebSockets`.
const NO_SOCKETS: &str = "window.WebSocket = class { constructor() { throw new Error('none') } }";

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn where_no_socket_is_had_the_same_goes_from_the_page_over_http() {
    let chrome = Chrome::start();
    let (server, proxy) = shop();
    let owner = open(&chrome, &chrome.device(), &proxy);
    become_owner(&owner, &server);
    let role = own_records(&owner);
    let (device, first) = seller(&chrome, &owner, &proxy, "Meena", SELLER_PIN);
    let theirs = estimate(&owner, "Asha’s secret");
    let own = estimate(&first, "given away");
    let page = chrome.open(&device, "about:blank");
    page.before_each_load(NO_SOCKETS);
    page.goto(&format!("http://{}/#/estimates/{theirs}", proxy.addr));
    wait_live(&page);
    page.wait("document.querySelector('.detail').textContent.includes('Asha’s secret')");
    page.eval("void (window.isOld = true)");

    set_role(&owner, "Meena", &role);
    wait_gone(&page, "secret");
    page.wait_text(".detail", "This estimate is not there any more.");
    page.screen(&format!("#/estimates/{own}"));
    page.wait("document.querySelector('.detail').textContent.includes('given away')");
    let asha = person(&owner, "Asha");
    ask(&owner, "POST", &format!("/api/estimates/{own}/owner"), &json!({"person": asha}));
    wait_gone(&page, "given away");
    page.wait_text(".list-pane", "No estimates yet");
    assert_eq!(page.eval("window.isOld"), true, "it was loaded anew");
    chrome.expect_no_faults();
}

/// Answers that were asked before a record was hidden come behind that.
#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn an_answer_that_comes_late_does_not_show_again_what_was_hidden() {
    let chrome = Chrome::start();
    let (_server, proxy) = shop();
    let page = open(&chrome, &chrome.device(), &proxy);
    let seen = page.eval(&format!(
        "(async () => {{
            const {{ Store }} = {};
            const store = new Store();
            const record = {{ estimate_id: 'EST-1', estimate_number: '#001', customer_name: 'Asha', items: [], total: 1, rev: 2,
                created_at: '2026-11-28T10:00:00.000000+00:00', is_converted_to_order: false }};
            const seen = [];
            const look = () => seen.push([store.known('estimate').size, store.isHidden('EST-1')]);
            store.learn('estimate', [record], 5);
            look();
            store.apply({{ type: 'estimate', action: 'hide', id: 'EST-1', seq: 7 }});
            look();
            for (const seq of [6, 0]) store.learn('estimate', [record], seq);
            look();
            store.learn('estimate', [record], 8);
            look();
            store.apply({{ type: 'estimate', action: 'hide', id: 'EST-1', seq: 9 }});
            store.apply({{ type: 'estimate', action: 'update', id: 'EST-1', seq: 10, rev: 2, at: '', data: record }});
            look();
            return seen;
        }})()",
        Page::import("store.js")
    ));
    assert_eq!(seen, json!([[1, false], [0, true], [0, true], [1, false], [1, false]]));
    chrome.expect_no_faults();
}
