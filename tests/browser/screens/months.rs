//! Goal: a page that stays open for months is as large and as quick as a fresh one, and still right. Method: 60,000 changes
//! through the real server, as fast as 16 tills give them, while one page shows the list and another has left it; then both are
//! held against a page that was opened afterwards: what they show, their nodes, their memory, and the script for each of the
//! same further changes, always as a ratio.

use std::thread;

use serde_json::json;

use crate::chrome::{Chrome, Page};
use crate::steps::{live, wait_live};
use crate::support::http::Client;
use crate::support::server::Server;
use crate::support::till::{convert, create_estimate, create_sale};
use crate::support::wait_until;

const CHANGES: usize = 60_000;
const TILLS: usize = 16;
/// What one round of a till adds to the log.
const CHANGES_PER_ROUND: usize = 7;
/// Rows of a list whose top is on the screen, as `view.js` has it.
const ROWS_MAX: u64 = 150;
/// Changes for which the script is measured.
const MEASURED: usize = 150;
/// How much more than a fresh page one may need that has been open for long. The machine is shared, so it is no tight figure;
/// a page that forgets nothing is above it tenfold.
const RATIO_MAX: f64 = 2.5;

const NUMBERS: &str =
    "[...document.querySelectorAll('.list-pane .row-meta')].map((node) => parseInt(node.textContent.slice(1), 10))";
const LIST: &str =
    "[...document.querySelectorAll('.list-pane a.row')].slice(0, 50).map((node) => node.textContent).join('\\n')";
/// The figures of the first screen, and what happened last; of what is deleted, a page that did not know it cannot say the same.
const HOME: &str = "[
    [...document.querySelectorAll('[data-figure], .said')].map((node) => node.textContent),
    [...document.querySelectorAll('.activity li')].map((node) => node.textContent).filter((text) => !text.includes('deleted')).slice(0, 8),
]";
const END: &str = "(node => void (node.scrollTop = node.scrollHeight))(document.querySelector('.list-pane .scroll'))";
const TOP: &str = "(node => void (node.scrollTop = 0))(document.querySelector('.list-pane .scroll'))";

fn round(client: &mut Client) {
    let sale = create_sale(client, "Asha Patil").id;
    client.put(&format!("/api/orders/{sale}/status?status=Delivered"), &json!({})).expect(200);
    let estimate = create_estimate(client, "Bina Rao").id;
    convert(client, &estimate, b"").expect(200);
    let dropped = create_estimate(client, "Chitra").id;
    client.delete(&format!("/api/estimates/{dropped}")).expect(200);
}

/// What a page needs: nodes and memory after everything unused is gone.
fn size_of(page: &Page) -> [f64; 2] {
    page.call("HeapProfiler.collectGarbage", &json!({}));
    page.call("HeapProfiler.collectGarbage", &json!({}));
    let nodes = page.call("Memory.getDOMCounters", &json!({}))["nodes"].as_f64().unwrap();
    [nodes, page.call("Runtime.getHeapUsage", &json!({}))["usedSize"].as_f64().unwrap()]
}

/// The seconds of script that some further sales cost a page.
fn script_of(page: &Page, client: &mut Client) -> f64 {
    let spent = || {
        let metrics = page.call("Performance.getMetrics", &json!({}));
        let all = metrics["metrics"].as_array().unwrap();
        all.iter().find(|one| one["name"] == "ScriptDuration").unwrap()["value"].as_f64().unwrap()
    };
    page.bring_to_front();
    let before = spent();
    for _ in 0..MEASURED {
        create_sale(client, "measured");
    }
    let last = create_sale(client, "measured last").number;
    page.wait(&format!("{NUMBERS}[0] === {last}"));
    spent() - before
}

/// Waits for the newest number of a list, for as long as the list gets on: what is waited for is a machine's work.
fn wait_as_it_goes_on(page: &Page, last: u64) {
    let mut shown = 0;
    while shown != last {
        page.wait(&format!("{NUMBERS}[0] !== {shown}"));
        shown = page.eval(&format!("{NUMBERS}[0]")).as_u64().unwrap();
    }
}

/// Waits until a screen of one page shows what that of another one shows: this, of which there must be some.
fn wait_alike(pages: [&Page; 2], hash: &str, some: &str, wanted: &str) {
    for page in pages {
        page.screen(hash);
        wait_live(page);
        page.wait(&format!("document.querySelector('{some}')"));
    }
    wait_until(&format!("{hash} to be alike"), || {
        let [one, other] = pages.map(|page| page.eval(wanted));
        one == other
    });
}

#[test]
#[ignore = "long: cargo test-all"]
fn a_page_that_was_open_for_sixty_thousand_changes_is_as_large_and_as_quick_as_a_fresh_one_and_right() {
    let chrome = Chrome::start();
    let server = Server::start_with_env(&[("RUST_LOG", "warn")]);
    let mut client = server.client();
    let (old, left) = (live(&chrome, &server, "#/orders"), live(&chrome, &server, "#/orders"));
    left.wait("document.querySelector('.list-pane')");
    left.screen("");
    thread::scope(|scope| {
        for _ in 0..TILLS {
            scope.spawn(|| {
                let mut client = server.client();
                for _ in 0..CHANGES.div_ceil(TILLS * CHANGES_PER_ROUND) {
                    round(&mut client);
                }
            });
        }
    });
    let last = create_sale(&mut client, "the last").number;
    wait_as_it_goes_on(&old, last);
    left.wait_text(".activity", "the last");

    let fresh = live(&chrome, &server, "#/orders");
    fresh.wait(&format!("{NUMBERS}[0] === {last}"));
    // Right: the list, and the figures and the latest on the first screen.
    assert_eq!(old.eval(LIST), fresh.eval(LIST));
    assert!(old.eval(&format!("{NUMBERS}.length")).as_u64().unwrap() <= ROWS_MAX);
    wait_alike([&old, &fresh], "", ".activity li", HOME);
    wait_alike([&left, &fresh], "", ".activity li", HOME);
    wait_alike([&left, &fresh], "#/orders", ".list-pane a.row", LIST);

    // As large: the fresh one shows as many rows.
    for page in [&old, &left, &fresh] {
        page.screen("#/orders");
        page.wait("document.querySelector('.list-pane')");
    }
    fresh.eval(END);
    fresh.wait(&format!("{NUMBERS}.length >= 100"));
    fresh.eval(TOP);
    let most = size_of(&fresh);
    // What has just left the screen is let go with one of the next frames, which a page in the background draws seldom.
    for page in [&old, &left] {
        page.bring_to_front();
        wait_until("the page to be as small as a fresh one", || {
            let own = size_of(page);
            eprintln!("nodes {} of {}, memory {:.1} of {:.1} MB", own[0], most[0], own[1] / 1e6, most[1] / 1e6);
            own.into_iter().zip(most).all(|(own, most)| own <= RATIO_MAX * most)
        });
    }

    // As quick: the best of some rounds counts, since others work on this machine too.
    for page in [&old, &fresh] {
        page.call("Performance.enable", &json!({}));
    }
    let ratio = (0..3)
        .map(|_| script_of(&old, &mut client) / script_of(&fresh, &mut client))
        .inspect(|ratio| eprintln!("script for each change: {ratio:.2} times that of a fresh page"))
        .fold(f64::INFINITY, f64::min);
    assert!(ratio <= RATIO_MAX, "{ratio}");
    chrome.expect_no_faults();
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn a_list_that_grew_at_its_top_loads_its_end_again_without_a_gap() {
    let chrome = Chrome::start();
    let server = Server::start();
    let mut client = server.client();
    for _ in 0..60 {
        create_estimate(&mut client, "early");
    }
    let page = live(&chrome, &server, "#/estimates");
    page.wait(&format!("{NUMBERS}.length === 50"));
    for _ in 0..400 {
        create_estimate(&mut client, "later");
    }
    page.wait(&format!("{NUMBERS}[0] === 460"));
    assert!(page.eval(&format!("{NUMBERS}.length")).as_u64().unwrap() <= ROWS_MAX);
    page.wait(&format!("({END}, {NUMBERS}.at(-1) === 1)"));
    assert_eq!(page.eval(NUMBERS), json!((1..=460).rev().collect::<Vec<_>>()));
    chrome.expect_no_faults();
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn what_is_on_the_screen_does_not_move_while_more_comes_than_can_wait_above() {
    let chrome = Chrome::start();
    let server = Server::start();
    let mut client = server.client();
    for _ in 0..120 {
        create_estimate(&mut client, "early");
    }
    let page = live(&chrome, &server, "#/estimates");
    page.wait(&format!("{NUMBERS}.length === 50"));
    page.eval("(node => void (node.scrollTop = 1_000))(document.querySelector('.list-pane .scroll'))");
    page.eval("new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))");
    let seen = "(({ x, y, width, height }) => {
        const row = document.elementFromPoint(x + width / 2, y + height / 2).closest('a.row');
        return [row.dataset.id, row.getBoundingClientRect().top];
    })(document.querySelector('.list-pane .scroll').getBoundingClientRect())";
    let before = page.eval(seen);
    for _ in 0..50 {
        create_estimate(&mut client, "later");
    }
    page.wait_text(".list-pane .news:not([hidden])", "50 new");
    assert_eq!(page.eval(seen), before);
    for _ in 0..250 {
        create_estimate(&mut client, "later");
    }
    page.wait_text(".list-pane .news:not([hidden])", "200+ new");
    assert_eq!(page.eval(seen), before);
    page.click(".list-pane .news");
    page.wait(&format!("{NUMBERS}[0] === 420"));
    let numbers = page.eval(NUMBERS);
    let shown = numbers.as_array().unwrap().len();
    assert_eq!(numbers, json!((421 - shown..=420).rev().collect::<Vec<_>>()), "without a gap");
    // And it follows again.
    create_estimate(&mut client, "last");
    page.wait(&format!("{NUMBERS}[0] === 421"));
    chrome.expect_no_faults();
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn opening_one_record_after_the_other_makes_the_list_no_longer() {
    let chrome = Chrome::start();
    let server = Server::start();
    let mut client = server.client();
    let ids: Vec<String> = (0..200).map(|_| create_estimate(&mut client, "Asha").id).collect();
    let page = live(&chrome, &server, "#/estimates");
    page.wait(&format!("{NUMBERS}.length === 50"));
    for id in ids.iter().rev().take(10) {
        page.screen(&format!("#/estimates/{id}"));
        page.wait(&format!("document.querySelector('[data-id=\"{id}\"][aria-current]')"));
    }
    // Nothing to wait for: it is the absence of further rows that is looked at.
    page.eval("new Promise((resolve) => setTimeout(resolve, 300))");
    assert_eq!(page.eval(&format!("{NUMBERS}.length")), 50);
    chrome.expect_no_faults();
}
