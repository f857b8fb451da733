//! Goal: the page tells the server at which record it is, and hears of others without reading anything again. Method: what the
//! server knows is asked of it; what the socket brings and takes is noted in the page.

use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::chrome::{Chrome, Page};
use crate::screens::people::{ask_for, become_owner, staffed};
use crate::steps::{open, sell, shop, wait_live};
use crate::support::wait_until;

/// Longer than a list would take to be read again.
const A_WHILE: Duration = Duration::from_millis(1_500);

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
fn what_the_page_hears_of_others_makes_it_read_no_list_again() {
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
    assert_eq!(second.eval("window.asked"), 0);
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
    let (server, proxy) = shop();
    let (owner, seller) = staffed(&chrome, &server, &proxy);
    let estimate = save_estimate(&seller);
    let wait_doing = |does: &str| wait_until(does, || doing(&owner, "Meena") == does);
    wait_doing("none");
    edit(&seller, &estimate);
    wait_doing("edit");
    seller.eval("window.sockets.at(-1).onclose({ code: 1006 })");
    seller.wait("window.sockets.length > 1 && window.sockets.at(-1).readyState === 1");
    wait_live(&seller);
    wait_doing("edit");
    // As fast as nobody is: the last one counts, and a second has five at most.
    seller.eval(NOTE);
    for _ in 0..10 {
        for part in ["", "/edit"] {
            seller.screen(&format!("{estimate}{part}"));
        }
    }
    seller.screen(&estimate);
    wait_doing("view");
    let sent = seller.eval("window.sent");
    let at: Vec<f64> = sent.as_array().unwrap().iter().map(|one| one["at"].as_f64().unwrap()).collect();
    assert!(!at.is_empty() && at.windows(5).all(|five| five[4] - five[0] > 1_000.0), "{sent}");
    chrome.expect_no_faults();
}
