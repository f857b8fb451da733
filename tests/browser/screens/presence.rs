//! Goal: two people do not work on one estimate without knowing, and nothing is in anybody's way. Method: an owner and a seller
//! on devices of their own; what one does is waited for on the other's screen, and where things stand is measured before and
//! after.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::people::{ask_for, become_owner, staffed};
use crate::chrome::{Chrome, Page};
use crate::steps::{look_now, note_looks, open, sell, shop, wait_live};
use crate::support::proxy::Proxy;
use crate::support::server::Server;

/// What the line says in the editor, and in the record.
const LINE: &str = "document.querySelector('main .there > span').textContent";
/// The page shows somebody who stays after 400 ms, of which the server is told at once and tells within 250 ms. A machine with
/// other work gets as long again.
const SHOWN_MAX: Duration = Duration::from_secs(2);
/// Longer than it takes until somebody is shown.
const A_WHILE: Duration = Duration::from_millis(1_500);

/// An owner, Asha, and a seller, Meena on Till 2, with an estimate of the seller.
pub(super) struct Two {
    _server: Server,
    _proxy: Proxy,
    pub(super) owner: Page,
    pub(super) seller: Page,
    /// `#/estimates/EST-…`
    pub(super) estimate: String,
}

impl Two {
    pub(super) fn start(chrome: &Chrome) -> Self {
        let (server, proxy) = shop();
        let (owner, seller) = staffed(chrome, &server, &proxy);
        let estimate = save_estimate(&seller);
        Self { _server: server, _proxy: proxy, owner, seller, estimate }
    }

    fn id(&self) -> &str {
        id_of(&self.estimate)
    }

    pub(super) fn both_edit(&self) {
        for page in [&self.owner, &self.seller] {
            edit(page, &self.estimate);
        }
        wait_line(&self.owner, "Meena is editing this too · Till 2");
        wait_line(&self.seller, "Asha is editing this too");
    }
}

fn save_estimate(page: &Page) -> String {
    sell(page, "Kiran Shah", "save-estimate");
    page.wait_text("#toasts", "saved");
    page.eval("document.querySelector('#toasts a').hash").as_str().unwrap().to_string()
}

fn id_of(estimate: &str) -> &str {
    estimate.rsplit('/').next().unwrap()
}

fn edit(page: &Page, estimate: &str) {
    page.screen(&format!("{estimate}/edit"));
    page.wait("document.querySelector('[data-screen=form] [name=customer_address]')");
}

fn wait_line(page: &Page, start: &str) {
    page.wait(&format!("{LINE}.startsWith({})", Value::from(start)));
}

/// Where everything stands that a finger may be on.
fn places(page: &Page, selector: &str) -> Value {
    page.eval(&format!(
        "[...document.querySelectorAll({})].map((node) => JSON.stringify(node.getBoundingClientRect()))",
        Value::from(selector)
    ))
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn whoever_edits_the_same_estimate_is_named_within_a_moment_and_nothing_moves() {
    const PARTS: &str = "[data-screen=form] :is(input, h1, [data-action=save], [data-action=clear])";
    let chrome = Chrome::start();
    let two = Two::start(&chrome);
    for (width, height) in [(1280, 800), (390, 844)] {
        two.seller.look(width, height, "light");
        edit(&two.seller, &two.estimate);
        two.owner.screen("#/settings");
        two.seller.wait(&format!("{LINE} === ''"));
        let before = places(&two.seller, PARTS);
        let begun = Instant::now();
        edit(&two.owner, &two.estimate);
        wait_line(&two.seller, "Asha is editing this too");
        assert!(begun.elapsed() < SHOWN_MAX, "{:?}", begun.elapsed());
        assert_eq!(places(&two.seller, PARTS), before, "at {width} px");
        assert_eq!(two.seller.eval("document.querySelector('dialog, #toasts [data-presence]')"), Value::Null);

        // Whoever looks is told the same, and is told of.
        two.seller.screen(&two.estimate);
        wait_line(&two.seller, "Asha is editing this");
        wait_line(&two.owner, "Meena is looking at this · Till 2");
    }
    two.owner.goto("about:blank");
    two.seller.wait(&format!("{LINE} === ''"));
    chrome.expect_no_faults();
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn whoever_goes_on_is_said_to_the_other_who_loses_nothing() {
    let chrome = Chrome::start();
    let two = Two::start(&chrome);
    two.both_edit();
    two.owner.fill("[name=customer_address]", "typed here");
    two.seller.click("[data-action=take]");
    wait_line(&two.owner, "Meena goes on with this · Till 2");
    assert_eq!(two.owner.eval("document.querySelector('[name=customer_address]').value"), "typed here");
    assert_eq!(two.owner.eval("document.querySelector('dialog')"), Value::Null);
    two.seller.wait("document.querySelector('[data-action=take]').hidden");
    wait_line(&two.seller, "Asha is looking at this");

    // Whoever types all the same is at it again.
    two.owner.fill("[name=customer_address]", "typed on");
    wait_line(&two.seller, "Asha is editing this too");
    two.seller.screen("#/");
    two.owner.wait(&format!("{LINE} === ''"));
    chrome.expect_no_faults();
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn the_row_has_an_initial_while_somebody_else_is_at_it_and_nothing_moves() {
    const PARTS: &str = ".list-pane :is(a.row, .row-total, .chip)";
    let chrome = Chrome::start();
    let two = Two::start(&chrome);
    let mark = format!("document.querySelector('[data-id=\"{}\"] .at')", two.id());
    for (width, height) in [(1280, 800), (390, 844), (320, 640)] {
        two.owner.look(width, height, "light");
        two.owner.screen("#/estimates");
        two.owner.wait("document.querySelector('a.row')");
        let before = places(&two.owner, PARTS);
        edit(&two.seller, &two.estimate);
        two.owner.wait(&format!("{mark}.textContent === 'M' && {mark}.title === 'Meena is editing this · Till 2'"));
        assert_eq!(places(&two.owner, PARTS), before, "at {width} px");
        two.seller.screen("#/");
        two.owner.wait(&format!("!{mark}"));
        assert_eq!(places(&two.owner, PARTS), before, "at {width} px");
    }
    chrome.expect_no_faults();
}

/// Notes what the socket brings and takes, and what is read over HTTP.
const NOTE: &str = "(() => {
    const socket = window.sockets.at(-1);
    window.told = [];
    window.sent = [];
    window.asked = 0;
    socket.addEventListener('message', ({ data }) => window.told.push(data));
    const send = socket.send.bind(socket);
    socket.send = (text) => { if (text !== 'ping') window.sent.push({ ...JSON.parse(text), at: performance.now() }); send(text); };
    const plain = window.fetch;
    window.fetch = (...what) => { window.asked += String(what[0]).includes('/estimates/all') ? 1 : 0; return plain(...what); };
})()";

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn two_tabs_of_one_person_do_not_show_themselves_and_read_no_list_again() {
    let chrome = Chrome::start();
    let (server, proxy) = shop();
    let device = chrome.device();
    let first = open(&chrome, &device, &proxy);
    become_owner(&first, &server);
    let estimate = save_estimate(&first);
    let second = open(&chrome, &device, &proxy);
    second.screen("#/estimates");
    second.wait("document.querySelector('a.row')");
    second.eval(NOTE);
    edit(&first, &estimate);
    second.wait(&format!("window.told.some((text) => text.includes('\"presence\",\"id\":\"{}\"'))", id_of(&estimate)));
    thread::sleep(A_WHILE);
    assert_eq!(second.eval("document.querySelector('.at')"), Value::Null);
    assert_eq!(second.eval("window.asked"), 0);
    edit(&second, &estimate);
    thread::sleep(A_WHILE);
    for page in [&first, &second] {
        assert_eq!(page.eval(LINE), "");
    }
    chrome.expect_no_faults();
}

/// What the server knows of a person.
fn doing(page: &Page, name: &str) -> Value {
    let all = ask_for(page, "/api/presence");
    all.as_array().unwrap().iter().find(|one| one["name"] == name).map_or(Value::Null, |one| one["does"].clone())
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn the_server_is_told_again_after_a_broken_connection_and_never_too_often() {
    let chrome = Chrome::start();
    let two = Two::start(&chrome);
    let wait_doing = |does: &str| crate::support::wait_until(does, || doing(&two.owner, "Meena") == does);
    wait_doing("none");
    edit(&two.seller, &two.estimate);
    wait_doing("edit");
    two.seller.eval("window.sockets.at(-1).onclose({ code: 1006 })");
    two.seller.wait("window.sockets.length > 1 && window.sockets.at(-1).readyState === 1");
    wait_live(&two.seller);
    wait_doing("edit");
    two.owner.screen(&two.estimate);
    wait_line(&two.owner, "Meena is editing this · Till 2");

    // As fast as nobody is: the last one counts, and a second has five at most.
    two.seller.eval(NOTE);
    for _ in 0..10 {
        for part in ["", "/edit"] {
            two.seller.screen(&format!("{}{part}", two.estimate));
        }
    }
    two.seller.screen(&two.estimate);
    wait_doing("view");
    let sent = two.seller.eval("window.sent");
    let at: Vec<f64> = sent.as_array().unwrap().iter().map(|one| one["at"].as_f64().unwrap()).collect();
    assert!(!at.is_empty() && at.windows(5).all(|five| five[4] - five[0] > 1_000.0), "{sent}");
    chrome.expect_no_faults();
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn whoever_touches_nothing_for_two_minutes_has_it_only_open() {
    let chrome = Chrome::start();
    let two = Two::start(&chrome);
    note_looks(&two.seller);
    two.seller.reload();
    edit(&two.seller, &two.estimate);
    two.owner.screen(&two.estimate);
    wait_line(&two.owner, "Meena is editing this · Till 2");
    two.seller.eval("void (window.now = Date.now, Date.now = () => window.now() + 121_000)");
    look_now(&two.seller);
    wait_line(&two.owner, "Meena has this open · Till 2");
    two.seller.press("Shift", 0);
    wait_line(&two.owner, "Meena is editing this · Till 2");
    chrome.expect_no_faults();
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn where_two_edits_meet_it_is_said_who_else_is_at_it() {
    let chrome = Chrome::start();
    let two = Two::start(&chrome);
    two.both_edit();
    for (page, said) in [(&two.owner, "hers"), (&two.seller, "mine")] {
        page.fill("[name=customer_address]", said);
    }
    two.owner.click("[data-action=save]");
    two.seller.wait("document.querySelector('[data-conflict]:not([hidden])')");
    wait_line(&two.seller, "Asha is looking at this");
    two.seller.click("[data-action=save]");
    two.seller.wait_text("dialog [data-others]", "Asha is looking at this");
    chrome.expect_no_faults();
}
