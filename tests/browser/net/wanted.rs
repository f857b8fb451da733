//! Goal: an answer that comes when the person has gone on changes nothing that it is not about. Method: the page's own `fetch`
//! holds chosen answers back; the person goes on to another record, form, screen or shop; then the answers come.

use serde_json::{Value, json};

use crate::chrome::{Chrome, Page};
use crate::steps::live;
use crate::support::samples;
use crate::support::server::Server;
use crate::support::till::{Stored, create_estimate, create_sale, text};

/// Requests whose address contains one of `window.holds` are asked, and their answers come with `window.release()`.
const FRONT: &str = "(() => {
    window.holds = [];
    window.waiting = [];
    window.release = () => window.waiting.splice(0).forEach((answer) => answer());
    const plain = window.fetch;
    window.fetch = async (path, how) => {
        const isHeld = window.holds.some((part) => String(path).includes(part));
        const answer = await plain(path, how);
        if (isHeld) await new Promise((resolve) => window.waiting.push(resolve));
        return answer;
    };
})()";

fn held(chrome: &Chrome, server: &Server, hash: &str, holds: &Value) -> Page {
    let page = live(chrome, server, hash);
    page.eval(FRONT);
    page.eval(&format!("void (window.holds = {holds})"));
    page
}

/// Lets the answers come, and everything that follows from them: mostly nothing, so that there is nothing to wait for.
fn release(page: &Page) {
    page.eval("window.release()");
    page.eval("new Promise((resolve) => setTimeout(() => requestAnimationFrame(() => setTimeout(resolve)), 50))");
}

fn two_estimates(server: &Server) -> [Stored; 2] {
    let mut client = server.client();
    ["Asha", "Bina"].map(|customer| create_estimate(&mut client, customer))
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn a_record_shows_its_own_history_although_that_of_the_one_before_comes_later() {
    let chrome = Chrome::start();
    let server = Server::start();
    let [first, second] = two_estimates(&server);
    let mut edited = samples::estimate("Asha Patil");
    edited["sale_by"] = json!("Meena");
    server.client().put(&format!("/api/estimates/{}", first.id), &edited).expect(200);
    let page = held(&chrome, &server, "", &json!([format!("{}/history", first.id)]));
    page.screen(&format!("#/estimates/{}", first.id));
    page.wait("window.waiting.length === 1");
    page.screen(&format!("#/estimates/{}", second.id));
    let steps = "document.querySelectorAll('.history li').length";
    page.wait(&format!("{steps} === 1"));
    release(&page);
    assert_eq!(page.eval(steps), 1, "the second record was only made");
    page.wait_text(".bill", "Bina");

    // Nor is the history of the one before shown while its own is on the way.
    page.eval(&format!("void (window.holds = ['{}/history'])", second.id));
    page.screen(&format!("#/estimates/{}", first.id));
    page.wait(&format!("{steps} === 2"));
    page.screen(&format!("#/estimates/{}", second.id));
    page.wait("window.waiting.length === 1");
    assert_eq!(page.eval(steps), 0);
    release(&page);
    page.wait(&format!("{steps} === 1"));
    chrome.expect_no_faults();
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn what_is_found_missing_too_late_does_not_replace_what_is_open_by_then() {
    let chrome = Chrome::start();
    let server = Server::start();
    let [_, there] = two_estimates(&server);
    let page = held(&chrome, &server, "", &json!(["EST-00000000"]));
    // A form, and a sheet of paper.
    page.screen("#/estimates/EST-00000000/edit");
    page.wait("window.waiting.length === 1");
    page.screen("#/new");
    page.wait("document.querySelector('[name=customer_name]')");
    release(&page);
    assert_eq!(page.eval("document.querySelector('[name=customer_name]') !== null"), true);
    page.screen("#/estimates/EST-00000000/print");
    page.wait("window.waiting.length === 1");
    page.screen(&format!("#/estimates/{}/print", there.id));
    page.wait_text(".sheet", "Bina");
    release(&page);
    assert_eq!(page.eval("document.querySelector('.sheet') !== null"), true);
    // An estimate.
    page.screen("#/estimates/EST-00000000");
    page.wait("window.waiting.length === 1");
    page.screen(&format!("#/estimates/{}", there.id));
    page.wait_text(".bill", "Bina");
    release(&page);
    page.wait_text(".bill", "Bina");
    chrome.expect_no_faults();
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn the_answer_to_an_edit_touches_neither_the_form_nor_the_screen_that_is_open_by_then() {
    let chrome = Chrome::start();
    let server = Server::start();
    let [first, second] = two_estimates(&server);
    let page = held(&chrome, &server, "", &json!([]));
    page.screen(&format!("#/estimates/{}/edit", first.id));
    page.fill("[name=customer_name]", "Asha Patil");
    page.eval(&format!("void (window.holds = ['/api/estimates/{}'])", first.id));
    page.click("[data-action=save]");
    page.wait("window.waiting.length === 1");
    page.screen(&format!("#/estimates/{}/edit", second.id));
    page.fill("[name=customer_name]", "being typed");
    release(&page);
    page.wait_text("#toasts", "Changes saved");
    assert_eq!(page.eval("location.hash"), format!("#/estimates/{}/edit", second.id));
    assert_eq!(page.eval("document.querySelector('[name=customer_name]').value"), "being typed");
    page.reload();
    page.wait("document.querySelector('[name=customer_name]').value === 'being typed'");
    let stored = server.get(&format!("/api/estimates/{}", first.id)).expect(200);
    assert_eq!(text(&stored, "customer_name"), "Asha Patil");
    chrome.expect_no_faults();
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn a_refusal_that_comes_when_the_form_was_left_is_said_and_the_draft_stays() {
    let chrome = Chrome::start();
    let server = Server::start();
    let page = held(&chrome, &server, "#/new", &json!([]));
    page.fill("[name=customer_name]", "Asha");
    page.fill(".line:not(.line-head) [name=name]", "LED bulb");
    page.fill(".line:not(.line-head) [name=rate]", "110.50");
    page.eval(
        "(() => {
            const plain = window.fetch;
            window.fetch = async (path, how) => {
                if (!String(path).includes('create-sale')) return plain(path, how);
                await new Promise((resolve) => window.waiting.push(resolve));
                return new Response(JSON.stringify({ detail: 'The total is wrong' }), { status: 422 });
            };
        })()",
    );
    page.click("[data-action=complete-sale]");
    page.wait("window.waiting.length === 1");
    page.screen("#/orders");
    page.wait("document.querySelector('[data-screen=order]')");
    release(&page);
    page.wait_text("#toasts", "The total is wrong");
    page.screen("#/new");
    page.wait("document.querySelector('[name=customer_name]').value === 'Asha'");
    chrome.expect_no_faults();
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn a_conversion_does_not_call_back_a_person_who_has_gone_on() {
    let chrome = Chrome::start();
    let server = Server::start();
    let [first, second] = two_estimates(&server);
    let page = held(&chrome, &server, "", &json!(["convert-to-order"]));
    page.screen(&format!("#/estimates/{}", first.id));
    page.click("[data-action=convert]");
    page.click("dialog [data-action=confirm]");
    page.wait("window.waiting.length === 1");
    page.screen(&format!("#/estimates/{}", second.id));
    page.wait_text(".bill", "Bina");
    release(&page);
    page.wait_text("#toasts", "became sale #001");
    assert_eq!(page.eval("location.hash"), format!("#/estimates/{}", second.id));
    chrome.expect_no_faults();
}

/// Two counts cross: the older answer comes last.
#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn figures_that_were_counted_earlier_do_not_replace_later_ones() {
    let chrome = Chrome::start();
    let server = Server::start();
    let mut client = server.client();
    let page = held(&chrome, &server, "", &json!([]));
    // What the page does not understand makes it count again.
    let ask_again = "window.sockets.at(-1).onmessage(new MessageEvent('message', { data: 'order_updated' }))";
    page.eval("void (window.holds = ['/api/summary'])");
    page.eval(ask_again);
    page.wait("window.waiting.length === 1");
    page.eval("void (window.early = window.waiting.splice(0), window.holds = [])");
    create_sale(&mut client, "Asha");
    page.wait_text("[data-figure=today-count]", "1 sale");
    page.eval("void (window.counted = 0, window.plain = window.fetch, window.fetch = async (...what) => { const answer = await window.plain(...what); window.counted += String(what[0]).includes('/api/summary'); return answer })");
    page.eval(ask_again);
    page.wait("window.counted === 1");
    // What the page makes of an answer shows nowhere when it is what was there before.
    page.eval("new Promise((resolve) => setTimeout(resolve, 50))");
    page.eval("window.early.forEach((answer) => answer())");
    release(&page);
    page.wait_text("[data-figure=today-count]", "1 sale");
    chrome.expect_no_faults();
}

/// A page of a list that was asked for before the list was told anew.
#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn a_page_of_the_list_that_comes_after_the_list_was_told_anew_leaves_no_gap() {
    let chrome = Chrome::start();
    let server = Server::start();
    let mut client = server.client();
    for number in 0..120 {
        create_estimate(&mut client, &format!("customer {number}"));
    }
    let page = held(&chrome, &server, "#/estimates", &json!([]));
    let rows =
        "[...document.querySelectorAll('.list-pane .row-meta')].map((node) => parseInt(node.textContent.slice(1), 10))";
    page.wait(&format!("{rows}.length === 50"));
    page.eval("void (window.holds = ['before='])");
    page.eval("(node => void (node.scrollTop = node.scrollHeight))(document.querySelector('.list-pane .scroll'))");
    page.wait("window.waiting.length === 1");
    for number in 0..10 {
        create_estimate(&mut client, &format!("later {number}"));
    }
    page.eval("void (window.holds = [], window.listed = 0, window.plain = window.fetch, window.fetch = async (...what) => { const answer = await window.plain(...what); window.listed += String(what[0]).includes('/estimates/all'); return answer })");
    page.eval("window.sockets.at(-1).onmessage(new MessageEvent('message', { data: 'estimate_updated' }))");
    page.wait("window.listed >= 1");
    // The same of the list.
    page.eval("new Promise((resolve) => setTimeout(resolve, 50))");
    release(&page);
    for _ in 0..3 {
        page.eval("(node => void (node.scrollTop = node.scrollHeight))(document.querySelector('.list-pane .scroll'))");
        page.eval("new Promise((resolve) => setTimeout(resolve, 200))");
    }
    page.eval("(node => void (node.scrollTop = 0))(document.querySelector('.list-pane .scroll'))");
    page.wait(&format!("{rows}[0] === 130"));
    page.wait(&format!("{rows}.at(-1) === 1"));
    assert_eq!(page.eval(rows), json!((1..=130).rev().collect::<Vec<_>>()));
    chrome.expect_no_faults();
}
