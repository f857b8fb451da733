//! Goal: what is given while the server is away is carried out exactly once when it is back. Method: a proxy keeps the page's
//! address while the server behind it is killed, started again, or replaced by an older copy of its database.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::chrome::Chrome;
use crate::steps::{come_back, go_away, open, sell, shop, shop_with_page, wait_kept, wait_live, wait_lost, wait_sent};
use crate::support::till::{convert, create_estimate, estimates, orders, text};
use crate::support::wait_until;

/// How long the server is away in [`five_commands_given_in_thirty_seconds_without_a_server_make_five_records_over_a_reload`].
const OUTAGE: Duration = Duration::from_secs(30);

#[test]
#[ignore = "long: cargo test-all"]
fn five_commands_given_in_thirty_seconds_without_a_server_make_five_records_over_a_reload() {
    let chrome = Chrome::start();
    let (mut server, proxy) = shop();
    server.client().put("/api/settings", &json!({"payment_modes": ["UPI", "Cash"]})).expect(200);
    let page = open(&chrome, &chrome.device(), &proxy);
    wait_kept(&page);
    server.kill();
    let away_since = Instant::now();
    wait_lost(&page);
    sell(&page, "first", "complete-sale");
    sell(&page, "second", "save-estimate");
    sell(&page, "third", "complete-sale");
    page.wait_text(".unsent", "3 not sent yet");

    page.screen("#/orders");
    page.reload();
    page.wait_text(".unsent", "3 not sent yet");
    page.wait("[...document.querySelectorAll('.list-pane .row-name')].map((name) => name.textContent).join() === 'third,first'");
    sell(&page, "fourth", "save-estimate");
    sell(&page, "fifth", "complete-sale");
    page.wait_text(".unsent", "5 not sent yet");
    page.wait("document.querySelector('.pill').dataset.state === 'offline'");
    thread::sleep(OUTAGE.saturating_sub(away_since.elapsed()));

    come_back(&mut server, &proxy);
    wait_sent(&page);
    wait_live(&page);
    let mut client = server.client();
    let (orders, estimates) = (orders(&mut client), estimates(&mut client));
    let names = |records: &[Value]| records.iter().map(|one| text(one, "customer_name")).collect::<Vec<_>>();
    // Exactly five, in the order in which they were given.
    assert_eq!(names(&orders), ["fifth", "third", "first"]);
    assert_eq!(names(&estimates), ["fourth", "second"]);
    assert!(
        orders.iter().all(|order| order["payment_mode"] == "UPI"),
        "what the shop has chosen was known all the time"
    );
    page.screen("#/orders");
    page.wait_text(".list-pane a.row", "#003");
    page.wait("document.querySelectorAll('.list-pane a.row').length === 3");
    chrome.expect_no_faults();
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn a_conversion_and_a_deletion_given_without_a_server_are_carried_out_once_in_whichever_tab() {
    let chrome = Chrome::start();
    let (mut server, proxy) = shop();
    let doomed = create_estimate(&mut server.client(), "doomed");
    let device = chrome.device();
    let (page, other) = (open(&chrome, &device, &proxy), open(&chrome, &device, &proxy));
    page.bring_to_front();
    page.screen("#/estimates");
    page.wait(&format!("document.querySelector('[data-id=\"{}\"]')", doomed.id));
    go_away(&mut server, &page);

    sell(&page, "first", "complete-sale");
    sell(&page, "second", "save-estimate");
    page.screen("#/estimates");
    page.wait_text(".list-pane a.row", "no number yet");
    page.click(".list-pane a.row");
    page.click("[data-action=convert]");
    page.click("dialog [data-action=confirm]");
    page.wait_text(".unsent", "3 not sent yet");
    page.screen(&format!("#/estimates/{}", doomed.id));
    page.click("[data-action=delete]");
    page.click("dialog [data-action=confirm]");
    page.wait_text(".unsent", "4 not sent yet");
    other.wait_text(".unsent", "4 not sent yet");
    // The server stays away for so long that the page says so.
    page.wait("document.querySelector('.pill').dataset.state === 'offline'");
    page.wait_text("#notices", "nothing is lost");

    come_back(&mut server, &proxy);
    page.load_again(&format!("http://{}/#/orders", proxy.addr));
    for page in [&page, &other] {
        wait_sent(page);
        wait_live(page);
    }
    // A page that is loaded anew says that nothing waits until it has looked.
    let mut client = server.client();
    wait_until("all is sent", || orders(&mut client).len() == 2 && estimates(&mut client).len() == 1);
    let sold: Vec<String> = orders(&mut client).iter().map(|order| text(order, "customer_name")).collect();
    assert_eq!(sold, ["second", "first"], "in the order in which they were given, each once");
    let left = estimates(&mut client);
    assert_eq!(left.len(), 1, "the doomed one is gone");
    assert_eq!(left[0]["is_converted_to_order"], true);
    chrome.expect_no_faults();
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn a_command_that_is_refused_is_set_aside_with_its_reason_and_the_rest_goes_on() {
    let chrome = Chrome::start();
    let (mut server, proxy) = shop();
    let estimate = create_estimate(&mut server.client(), "wanted by two");
    let page = open(&chrome, &chrome.device(), &proxy);
    page.screen(&format!("#/estimates/{}", estimate.id));
    page.wait("document.querySelector('[data-action=convert]')");
    go_away(&mut server, &page);
    page.click("[data-action=convert]");
    page.click("dialog [data-action=confirm]");
    sell(&page, "somebody else", "complete-sale");

    server.start_again();
    convert(&mut server.client(), &estimate.id, b"").expect(200);
    proxy.aim_at(server.addr);
    page.wait("document.querySelector('.pill').dataset.state === 'unsent'");
    page.wait_text(".unsent", "1 not sent yet");
    page.click("[data-action=unsent]");
    page.wait_text("[data-state=parked]", "wanted by two");
    page.wait_text("[data-state=parked]", "changed on another device");
    page.click("[data-action=discard]");
    page.click("dialog:last-of-type [data-action=confirm]");
    wait_sent(&page);
    assert_eq!(orders(&mut server.client()).len(), 2);
    chrome.expect_no_faults();
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn an_open_page_follows_a_restart_and_a_restored_database() {
    let chrome = Chrome::start();
    let (mut server, proxy) = shop();
    let kept = create_estimate(&mut server.client(), "kept");
    let page = open(&chrome, &chrome.device(), &proxy);
    page.screen("#/estimates");
    page.wait(&format!("document.querySelector('[data-id=\"{}\"]')", kept.id));
    server.stop();
    let copy = server.dir.path().join("copy.redb");
    std::fs::copy(server.database(), &copy).unwrap();
    server.start_again();
    let lost = create_estimate(&mut server.client(), "lost with the card");
    proxy.aim_at(server.addr);
    page.wait(&format!("document.querySelector('[data-id=\"{}\"]')", lost.id));

    server.stop();
    std::fs::copy(&copy, server.database()).unwrap();
    come_back(&mut server, &proxy);
    page.wait(&format!("!document.querySelector('[data-id=\"{}\"]')", lost.id));
    page.wait(&format!("document.querySelector('[data-id=\"{}\"]')", kept.id));
    wait_live(&page);
    chrome.expect_no_faults();
}

/// Two edits of an estimate wait on a page while somebody else changes another part of it.
#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn edits_that_waited_are_merged_with_what_was_changed_meanwhile() {
    let chrome = Chrome::start();
    let (mut server, proxy, page) = shop_with_page(&chrome);
    let estimate = create_estimate(&mut server.client(), "Asha");
    let (hash, path) = (format!("#/estimates/{}", estimate.id), format!("/api/estimates/{}", estimate.id));
    page.screen(&hash);
    page.wait("document.querySelector('.history li')");
    go_away(&mut server, &page);
    for (field, typed, waiting) in [("customer_phone", "98450", 1), ("customer_address", "Mine", 2)] {
        page.screen(&format!("{hash}/edit"));
        page.fill(&format!("[name={field}]"), typed);
        page.click("[data-action=save]");
        page.wait("!location.hash.endsWith('edit')");
        page.wait_text(".unsent", &format!("{waiting} not sent yet"));
    }
    server.start_again();
    let mut client = server.client();
    let mut theirs = client.get(&path).expect(200);
    theirs["items"][0]["quantity"] = json!(5);
    (theirs["subtotal"], theirs["total"], theirs["sale_by"]) = (json!(600.0), json!(600.0), json!("Meena"));
    client.put(&path, &theirs).expect(200);
    proxy.aim_at(server.addr);
    wait_sent(&page);
    page.wait_text("#toasts", "Changes saved · #001, with those of Meena: Made by, LED bulb 9 W · Qty");
    assert_eq!(
        page.eval(
            "[...document.querySelectorAll('#toasts > *')].filter((one) => one.textContent.includes('saved')).length"
        ),
        1
    );
    let stored = client.get(&path).expect(200);
    assert_eq!(json!([stored["customer_phone"], stored["customer_address"]]), json!(["98450", "Mine"]));
    assert_eq!(json!([stored["items"][0]["quantity"], stored["total"], stored["rev"]]), json!([5, 600.0, 4]));
    assert!(stored.get("amounts_flagged").is_none(), "{stored}");
    chrome.expect_no_faults();
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn of_an_edit_that_waited_only_what_overlaps_is_asked() {
    let chrome = Chrome::start();
    let (mut server, proxy, page) = shop_with_page(&chrome);
    let estimate = create_estimate(&mut server.client(), "Asha");
    let (hash, path) = (format!("#/estimates/{}", estimate.id), format!("/api/estimates/{}", estimate.id));
    page.screen(&hash);
    page.wait("document.querySelector('.history li')");
    go_away(&mut server, &page);
    page.screen(&format!("{hash}/edit"));
    page.fill("[name=customer_phone]", "98450");
    page.fill("[name=customer_address]", "Mine");
    page.click("[data-action=save]");
    page.wait_text(".unsent", "1 not sent yet");
    server.start_again();
    let mut client = server.client();
    let mut theirs = client.get(&path).expect(200);
    (theirs["customer_phone"], theirs["customer_name"]) = (json!("Theirs"), json!("Asha Patil"));
    client.put(&path, &theirs).expect(200);
    proxy.aim_at(server.addr);
    page.click("[data-action=unsent]");
    page.wait_text("dialog [data-state=parked] .error", "It was changed on another device meanwhile");
    page.click("dialog [data-action=edit]");
    page.wait("document.querySelector('[name=customer_address]')?.value === 'Mine'");
    page.click("[data-action=save]");
    page.wait_text("dialog [data-field=Phone]", "98450");
    assert_eq!(page.eval("document.querySelectorAll('dialog [data-field]').length"), 1);
    page.click("dialog [data-action=confirm]");
    wait_sent(&page);
    let stored = client.get(&path).expect(200);
    let kept = json!([stored["customer_name"], stored["customer_phone"], stored["customer_address"]]);
    assert_eq!(kept, json!(["Asha Patil", "98450", "Mine"]));
    chrome.expect_no_faults();
}
