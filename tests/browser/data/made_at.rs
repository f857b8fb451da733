//! Goal: a sale counts on the day on which it was made, however late it reaches the server. Method: sales given without a server and
//! before one that hangs; the bodies of all attempts are kept. And records that were made earlier, as every screen shows them.

use std::process::Command;

use serde_json::{Value, json};

use crate::chrome::{Chrome, Page};
use crate::steps::{come_back, go_away, live, open, sell, shop, wait_sent};
use crate::support::samples;
use crate::support::server::Server;
use crate::support::till::{create_estimate, orders};
use crate::support::wait_until;

/// What was posted so far, as JSON.
fn posted(page: &Page) -> Vec<Value> {
    let bodies = page.eval("window.posted");
    bodies.as_array().unwrap().iter().map(|body| serde_json::from_str(body.as_str().unwrap()).unwrap()).collect()
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn a_command_that_waited_says_when_it_was_given_and_one_that_goes_straight_through_does_not() {
    let chrome = Chrome::start();
    let (mut server, proxy) = shop();
    let estimate = create_estimate(&mut server.client(), "to be converted");
    let page = open(&chrome, &chrome.device(), &proxy);
    page.keep_posted();
    sell(&page, "straight", "complete-sale");
    page.wait_text("#toasts", "Sale saved");
    assert_eq!(posted(&page)[0].get("made_at"), None, "the server's clock says it");

    page.screen(&format!("#/estimates/{}", estimate.id));
    page.wait("document.querySelector('[data-action=convert]')");
    go_away(&mut server, &page);
    // So long ago that it is another day by now.
    page.eval("void (window.now = Date.now(), Date = class extends Date { constructor(...what) { super(...(what.length ? what : [window.now - 3_600_000])) } })");
    page.click("[data-action=convert]");
    page.click("dialog [data-action=confirm]");
    page.wait_text(".unsent", "1 not sent yet");
    sell(&page, "late sale", "complete-sale");
    sell(&page, "late estimate", "save-estimate");
    page.keep_posted();
    come_back(&mut server, &proxy);
    wait_sent(&page);
    let given = page.eval("new Date(window.now - 3_600_000).toISOString()");
    let late = posted(&page);
    assert_eq!(late.len(), 3, "{late:?}");
    for body in late {
        assert_eq!(body["made_at"], given, "{body}");
    }
    let stored = orders(&mut server.client());
    let told: Vec<_> = stored.iter().map(|order| (order["customer_name"].as_str(), order.get("made_at"))).collect();
    assert!(told.iter().all(|(name, made_at)| (*name == Some("straight")) == made_at.is_none()), "{told:?}");
    chrome.expect_no_faults();
}

/// The server takes the connection and says nothing: only the first attempt can tell.
#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn a_command_before_a_server_that_hangs_says_when_it_was_given_with_the_same_bytes_at_each_attempt() {
    let chrome = Chrome::start();
    let server = Server::start();
    let signal = |name: &str| {
        assert!(Command::new("kill").args([name, &server.pid().to_string()]).status().unwrap().success());
    };
    let page = live(&chrome, &server, "#/new");
    page.keep_posted();
    signal("-STOP");
    sell(&page, "Asha", "complete-sale");
    page.wait("window.posted.length >= 1");
    // What the page knew is sent again by a page that is loaded anew.
    signal("-CONT");
    wait_sent(&page);
    let bodies = page.eval("[...new Set(window.posted)]");
    assert_eq!(bodies.as_array().unwrap().len(), 1, "{bodies}");
    let body: Value = serde_json::from_str(bodies[0].as_str().unwrap()).unwrap();
    assert!(body["made_at"].is_string(), "{body}");
    wait_until("the one sale", || orders(&mut server.client()).len() == 1);
    chrome.expect_no_faults();
}

/// The answers are lost, as on a bad line, and an hour passes between the attempts.
#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn a_body_is_never_completed_after_its_first_attempt() {
    let chrome = Chrome::start();
    let server = Server::start();
    let page = live(&chrome, &server, "#/new");
    page.eval(
        "(plain => void (window.posted = [], window.fetch = async (path, init) => {
            const answer = await plain(path, init);
            if (init?.method !== 'POST' || window.isMended) return answer;
            window.posted.push(init.body);
            throw new TypeError('lost');
        }))(fetch)",
    );
    sell(&page, "Asha", "complete-sale");
    page.wait("window.posted.length >= 1");
    page.eval("(now => void (Date.now = () => now() + 3_600_000))(Date.now.bind(Date))");
    page.wait("window.posted.length >= 3");
    let bodies = page.eval("[...new Set(window.posted)].map((body) => JSON.parse(body))");
    assert_eq!(bodies.as_array().unwrap().len(), 1, "{bodies}");
    assert_eq!(bodies[0].get("made_at"), None);
    page.eval("void (window.isMended = true)");
    wait_sent(&page);
    assert_eq!(orders(&mut server.client()).len(), 1);
    chrome.expect_no_faults();
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn every_screen_and_paper_shows_when_it_was_made_and_the_day_counts_it_then() {
    let chrome = Chrome::start();
    let server = Server::start();
    let page = live(&chrome, &server, "");
    let days = server.get("/api/summary").expect(200)["days"].clone();
    let (yesterday, today) = (days[12]["day"].as_str().unwrap(), days[13]["day"].as_str().unwrap());
    let mut sale = samples::sale("Asha");
    let fields = json!({
        "id": "ORDER-00000001", "_id": "ORDER-00000001", "order_id": "ORDER-00000001", "sale_number": "#001", "status": "Completed",
        "source_estimate_id": null, "source_estimate_number": null, "is_from_estimate": false, "rev": 1,
        "created_at": format!("{today}T07:00:00.000000+00:00"), "made_at": format!("{yesterday}T23:50:00.000000+00:00"),
    });
    sale.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let frame = json!({"type": "order", "action": "create", "id": "ORDER-00000001", "data": sale, "rev": 1, "seq": 1, "at": sale["created_at"]});
    page.receive(&frame.to_string());

    page.wait_text(".activity", "Asha");
    page.wait_text(".activity time", "11:50");
    page.wait_text("[data-figure=today-count]", "0 sales");
    let column = format!("document.querySelector('[data-day=\"{yesterday}\"]').getAttribute('aria-label')");
    page.wait(&format!("{column}.includes('300.00, 1 sale')"));
    for (hash, place) in [
        ("#/orders", ".list-pane a.row"),
        ("#/orders/ORDER-00000001", ".bill"),
        ("#/orders/ORDER-00000001/print", ".sheet"),
    ] {
        page.screen(hash);
        page.wait_text(place, "11:50");
    }
    chrome.expect_no_faults();
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn what_the_server_notes_about_a_command_is_shown() {
    let chrome = Chrome::start();
    let server = Server::start();
    let page = live(&chrome, &server, "#/new");
    page.eval(
        "(plain => void (window.fetch = async (path, init) => {
            const answer = await plain(path, init);
            if (init?.method !== 'POST') return answer;
            return new Response(JSON.stringify({ ...await answer.json(), notes: ['The time of this device is not believed.'] }), { status: answer.status });
        }))(fetch)",
    );
    sell(&page, "Asha", "complete-sale");
    page.wait_text("#toasts", "The time of this device is not believed.");
    chrome.expect_no_faults();
}
