//! Goal: on other devices the page gets its changes compressed, by the browser's own reading of them; and where that does not go
//! well it goes on without. Method: a server that is reached by this machine's address on the network, as another device
//! reaches it; ends of connections by hand, since a browser tells a page no more of them.

use serde_json::json;

use crate::chrome::{Chrome, Page};
use crate::steps::{live, wait_live};
use crate::support::server::Server;
use crate::support::skip;
use crate::support::till::create_estimate;

/// The page as on another device. `None` if this machine has no network.
fn elsewhere(chrome: &Chrome) -> Option<(Server, Page)> {
    let server = Server::start_with(&["--listen", "0.0.0.0:0", "--trust-lan"]);
    let Some(address) = server.on_network() else {
        skip("this machine has no address but its loopback");
        return None;
    };
    let page = chrome.open(&chrome.device(), &format!("http://{address}/"));
    wait_live(&page);
    Some((server, page))
}

const IS_DEFLATED: &str = "window.sockets.at(-1).readyState === 1
    && window.sockets.at(-1).extensions.startsWith('permessage-deflate')
    && window.sockets.at(-1).url.includes('deflate=1')";
const IS_PLAIN: &str = "window.sockets.at(-1).readyState === 1
    && window.sockets.at(-1).extensions === '' && !window.sockets.at(-1).url.includes('deflate')";

fn bytes_deflated(server: &Server) -> u64 {
    let reply = server.get("/metrics");
    let metrics = reply.text();
    let line = metrics.lines().find_map(|line| line.strip_prefix("tillsync_deflate_after_bytes_total "));
    line.expect("the metric").parse().unwrap()
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn pages_of_other_devices_get_their_changes_compressed_and_the_one_beside_the_server_does_not() {
    let chrome = Chrome::start();
    let Some((server, page)) = elsewhere(&chrome) else { return };
    let here = live(&chrome, &server, "");
    page.wait(IS_DEFLATED);
    here.wait(IS_PLAIN);
    let mut client = server.client();
    for page in [&page, &here] {
        page.screen("#/estimates");
    }
    // The second comes in the middle of the stream.
    let mut second = None;
    for number in 0..6 {
        let estimate = create_estimate(&mut client, &format!("Customer {number}"));
        let listed = format!("document.querySelector('[data-id=\"{}\"]')", estimate.id);
        for page in [Some(&page), Some(&here), second.as_ref()].into_iter().flatten() {
            page.wait(&listed);
        }
        second.get_or_insert_with(|| {
            let late = chrome.open(&chrome.device(), &format!("http://{}/#/estimates", server.on_network().unwrap()));
            wait_live(&late);
            late.wait(IS_DEFLATED);
            late
        });
    }
    assert!(bytes_deflated(&server) > 0);
    // It is still the same socket: nothing of it was unreadable.
    assert_eq!(page.eval("window.sockets.length"), 1);
    chrome.expect_no_faults();
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn where_compression_does_not_go_well_the_page_goes_on_without_for_thirty_days() {
    let chrome = Chrome::start();
    let Some((server, page)) = elsewhere(&chrome) else { return };
    let end_with = |code: u16| page.eval(&format!("window.sockets.at(-1).onclose({{ code: {code} }})"));
    // A message that cannot be read, or one of this page that the server could not read.
    let faults: [&dyn Fn(); 2] = [&|| drop(end_with(1002)), &|| page.receive("{\"type\":\"est")];
    for fault in faults {
        page.wait(IS_DEFLATED);
        fault();
        page.wait(IS_PLAIN);
        wait_live(&page);
        page.reload();
        wait_live(&page);
        page.wait(IS_PLAIN);
        let days = page.eval("(Number(localStorage.deflate_off_until) - Date.now()) / 86400000").as_f64().unwrap();
        assert!((29.9..=30.0).contains(&days), "{days}");
        page.eval("void (localStorage.deflate_off_until = Date.now() - 1)");
        page.reload();
        wait_live(&page);
    }
    // Ends that say nothing about it.
    for code in [1001, 1011, 1013, 4408] {
        page.wait(IS_DEFLATED);
        end_with(code);
        wait_live(&page);
    }
    page.wait(IS_DEFLATED);

    // By the time for which it was open.
    let ends = [(1006, 0, true), (1006, 9_999, true), (1006, 10_000, false), (1000, 0, false), (1007, 60_000, true)];
    for (code, open_ms, is_left) in ends {
        for extensions in ["permessage-deflate; client_no_context_takeover", ""] {
            let wants = page.eval(&format!(
                "(async () => {{
                    const {{ noteEnd, wantsDeflate }} = {};
                    localStorage.removeItem('deflate_off_until');
                    noteEnd({{ extensions: {} }}, {code}, {open_ms});
                    return wantsDeflate();
                }})()",
                Page::import("deflate.js"),
                json!(extensions),
            ));
            assert_eq!(wants, !is_left || extensions.is_empty(), "{code} after {open_ms} ms, {extensions:?}");
        }
    }
    assert!(!server.log().contains("panicked"));
    chrome.expect_no_faults();
}
