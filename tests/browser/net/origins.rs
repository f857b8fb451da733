//! Goal: a page knows its own commands by the hashes of their keys, on every device. Method: the published test vectors of
//! SHA-256 through the page's own module; then a command of the page, and what the server tells everybody about it.

use serde_json::json;

use crate::chrome::Chrome;
use crate::steps::live;
use crate::support::server::Server;
use crate::support::till::create_estimate;

/// FIPS 180-4 examples and NIST's byte-oriented vectors: the message, how often it is repeated, and its hash.
const VECTORS: [(&str, usize, &str); 5] = [
    ("", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        1,
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
    ),
    (
        "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
        1,
        "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1",
    ),
    ("a", 1_000_000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
];

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn the_pages_own_hash_is_the_published_one() {
    let chrome = Chrome::start();
    let server = Server::start();
    let page = live(&chrome, &server, "");
    for (message, times, hash) in VECTORS {
        let own = page.eval(&format!(
            "(async () => {{
                const address = performance.getEntriesByType('resource').map(({{ name }}) => name).find((name) => name.endsWith('/sha256.js'));
                const {{ sha256, hex }} = await import(address);
                return hex(sha256(new TextEncoder().encode({}.repeat({times}))));
            }})()",
            json!(message)
        ));
        assert_eq!(own, hash, "{message} × {times}");
    }
    chrome.expect_no_faults();
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn the_device_that_converts_is_not_told_of_its_own_conversion_as_of_somebody_elses() {
    let chrome = Chrome::start();
    let server = Server::start();
    let estimate = create_estimate(&mut server.client(), "Asha");
    let (page, other) = (live(&chrome, &server, ""), live(&chrome, &server, ""));
    page.eval(
        "void (window.keys = [], window.plain = window.fetch, window.fetch = (path, how) =>
            (how?.headers?.['Idempotency-Key'] && window.keys.push(how.headers['Idempotency-Key']), window.plain(path, how)))",
    );
    page.screen(&format!("#/estimates/{}", estimate.id));
    page.click("[data-action=convert]");
    // Said once for the answer, and not again for the echo.
    page.eval("void (window.said = 0, new MutationObserver((changes) => changes.forEach(({ addedNodes }) => window.said += addedNodes.length)).observe(document.querySelector('#toasts'), { childList: true }))");
    page.click("dialog [data-action=confirm]");
    page.wait_text("#toasts", "became sale #001");
    other.wait_text("#toasts", "became sale #001");
    page.wait("location.hash.startsWith('#/orders/')");
    assert_eq!(page.eval("window.said"), 1);

    // Nobody else learns the key.
    let key = page.eval("window.keys[0]");
    let history = server.get(&format!("/api/estimates/{}/history", estimate.id)).expect(200);
    let changes = server.get("/api/changes?since=0").expect(200);
    assert!(!history.to_string().contains(key.as_str().unwrap()), "{history}");
    assert!(!changes.to_string().contains(key.as_str().unwrap()), "{changes}");
    let origin = history[0]["origin"].as_str().unwrap();
    assert!(origin.len() == 16 && origin.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')), "{origin}");
    chrome.expect_no_faults();
}
