//! Goal: a list of thousands is read to its end without a row lost, doubled or drawn twice. Method: 5,000 estimates; the list
//! is scrolled to its end again and again while the page's own observers count what it asks for and what it builds; then it is
//! wheeled through from the first row to the last while the rows that are laid out are counted.

use std::thread;

use serde_json::json;

use crate::chrome::{Chrome, Page};
use crate::steps::live;
use crate::support::server::Server;
use crate::support::till::create_estimate;

const ESTIMATES: usize = 5_000;
const TILLS: usize = 20;
/// A turn of the wheel.
const WHEEL_PX: u32 = 1_200;
/// Rows that are laid out at once, of a screen that shows a dozen.
const RENDERED_MAX: u64 = 200;
/// Rows of a page of the list, as `sync.js` asks for them.
const PAGE: usize = 50;

const OBSERVE: &str = "(() => {
    window.built = 0;
    window.asked = 0;
    new MutationObserver((changes) => {
        for (const { addedNodes } of changes) for (const node of addedNodes) window.built += node.querySelectorAll?.('a.row').length ?? 0;
    }).observe(document.querySelector('.list-pane .rows'), { childList: true, subtree: true });
    const plain = window.fetch;
    window.fetch = (...what) => { window.asked += String(what[0]).includes('/estimates/all') ? 1 : 0; return plain(...what); };
})()";

/// Wheels from the first row to the last; meanwhile only the rows near the screen are laid out and painted. How long the frames
/// took is printed, since that is the machine's.
fn wheel_through(page: &Page) {
    page.eval("(node => void (node.scrollTop = 0))(document.querySelector('.list-pane .scroll'))");
    page.eval(
        "(() => {
            window.gaps = [];
            let before = performance.now();
            window.count = () => [...document.querySelectorAll('.list-pane a.row')]
                .filter((row) => row.checkVisibility({ contentVisibilityAuto: true })).length;
            const step = (now) => { window.gaps.push(now - before); before = now; requestAnimationFrame(step) };
            requestAnimationFrame(step);
        })()",
    );
    let list = page.eval(
        "(({ x, y, width, height }) => [x + width / 2, y + height / 2])(document.querySelector('.list-pane .scroll').getBoundingClientRect())",
    );
    let at_end = "(node => node.scrollTop + node.clientHeight > node.scrollHeight - 2)(document.querySelector('.list-pane .scroll'))";
    let mut most_rendered = 0;
    for turn in 0.. {
        let wheel = json!({"type": "mouseWheel", "x": list[0], "y": list[1], "deltaX": 0, "deltaY": WHEEL_PX});
        page.call("Input.dispatchMouseEvent", &wheel);
        if turn % 20 == 0 {
            most_rendered = most_rendered.max(page.eval("window.count()").as_u64().unwrap());
            if page.eval(at_end) == true {
                break;
            }
        }
    }
    let gaps = page.eval("window.gaps.slice(1).sort((one, other) => one - other)");
    let gaps: Vec<f64> = gaps.as_array().unwrap().iter().filter_map(serde_json::Value::as_f64).collect();
    let of = |part: usize| gaps[(gaps.len() - 1) * part / 100];
    eprintln!(
        "{} frames; median {:.1} ms, 95 % {:.1} ms, longest {:.1} ms; {most_rendered} rows rendered",
        gaps.len(),
        of(50),
        of(95),
        of(100)
    );
    assert!((1..=RENDERED_MAX).contains(&most_rendered), "{most_rendered} rows rendered at once");
}

#[test]
#[ignore = "long: cargo test-all"]
fn five_thousand_estimates_scroll_by_without_a_row_lost_doubled_or_drawn_twice() {
    let chrome = Chrome::start();
    let server = Server::start();
    thread::scope(|scope| {
        for _ in 0..TILLS {
            scope.spawn(|| {
                let mut client = server.client();
                for _ in 0..ESTIMATES / TILLS {
                    create_estimate(&mut client, "Asha");
                }
            });
        }
    });
    let page = live(&chrome, &server, "");
    page.screen("#/estimates");
    page.wait(&format!("document.querySelectorAll('.list-pane a.row').length === {PAGE}"));
    page.eval(OBSERVE);
    page.eval("void (window.first = document.querySelector('.list-pane a.row'))");
    for rows in (2 * PAGE..=ESTIMATES).step_by(PAGE) {
        page.eval("(node => void (node.scrollTop = node.scrollHeight))(document.querySelector('.list-pane .scroll'))");
        page.wait(&format!("document.querySelectorAll('.list-pane a.row').length >= {rows}"));
    }
    let numbers = page.eval(
        "[...document.querySelectorAll('.list-pane .row-meta')].map((node) => parseInt(node.textContent.slice(1), 10))",
    );
    assert_eq!(numbers, json!((1..=ESTIMATES).rev().collect::<Vec<_>>()));
    let count = |what: &str| usize::try_from(page.eval(what).as_u64().unwrap()).unwrap();
    assert_eq!(count("window.built"), ESTIMATES - PAGE, "each row is built once");
    // One more may find that nothing is older.
    assert!(count("window.asked") <= ESTIMATES / PAGE, "{} questions", count("window.asked"));
    assert_eq!(page.eval("window.first.isConnected"), true);

    wheel_through(&page);
    page.eval("(node => void (node.scrollTop = node.scrollHeight))(document.querySelector('.list-pane .scroll'))");

    // What is new waits above instead of moving what is read.
    let before = page.eval("document.querySelector('.list-pane .scroll').scrollTop");
    create_estimate(&mut server.client(), "Meena");
    page.wait_text(".list-pane .news:not([hidden])", "1 new");
    assert_eq!(page.eval("document.querySelector('.list-pane .scroll').scrollTop"), before);
    page.click(".list-pane .news");
    page.wait_text(".list-pane a.row", "Meena");
    chrome.expect_no_faults();
}
