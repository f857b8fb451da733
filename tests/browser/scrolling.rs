//! Goal: a list of thousands is read to its end without a row lost, doubled or drawn twice. Method: 5,000 estimates; the list
//! is scrolled to its end again and again while the page's own observers count what it asks for and what it builds.

use std::thread;

use serde_json::json;

use crate::chrome::Chrome;
use crate::screens::live;
use crate::support::server::Server;
use crate::support::till::create_estimate;

const ESTIMATES: usize = 5_000;
const TILLS: usize = 20;
/// Rows of a page of the list, as `sync.js` asks for them.
const PAGE: usize = 50;

const OBSERVE: &str = "(() => {
    window.built = 0;
    window.asked = 0;
    new MutationObserver((changes) => {
        for (const { addedNodes } of changes) for (const node of addedNodes) window.built += node.querySelector?.('a.row') ? 1 : 0;
    }).observe(document.querySelector('.list-pane .rows'), { childList: true });
    const plain = window.fetch;
    window.fetch = (...what) => { window.asked += String(what[0]).includes('/estimates/all') ? 1 : 0; return plain(...what); };
})()";

#[test]
fn five_thousand_estimates_scroll_by_without_a_row_lost_doubled_or_drawn_twice() {
    let Some(chrome) = Chrome::start() else { return };
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

    // What is new waits above instead of moving what is read.
    let before = page.eval("document.querySelector('.list-pane .scroll').scrollTop");
    create_estimate(&mut server.client(), "Meena");
    page.wait_text(".list-pane .news:not([hidden])", "1 new");
    assert_eq!(page.eval("document.querySelector('.list-pane .scroll').scrollTop"), before);
    page.click(".list-pane .news");
    page.wait_text(".list-pane a.row", "Meena");
    chrome.expect_no_faults();
}
