//! Goal: an edit changes what the person changed and nothing else, also where the page does not know what it is. Method: estimates as
//! other programs send them; the text that is stored, before and after an edit, a duplicate and a conversion, with and without a
//! server.

use crate::chrome::{Chrome, Page};
use crate::steps::{come_back, go_away, live, open, shop, wait_live, wait_sent};
use crate::support::http::Client;
use crate::support::server::Server;
use crate::support::till::{Stored, estimates, orders, text};

const CABLE: &str = r#"{"id":7,"name":"Cable","price":45.5,"quantity":2.75,"hsn":"8544","unit":"m"}"#;
/// What `JSON.parse` forgets: how numbers and texts were written, what stood before what.
const PIPE: &str = r#"{"unit":"m","hsn":8544.00,"name":"Pi\u0070e \"x\" \/","price":1e1,"quantity":2.750,"2":"two","1":"one","deep":{"items":[1.0,{"a":1e2}],"customer_name":"x","t":"\u00e9"}}"#;
/// Numbers as old programs write them, and none of the page's own fields beside them.
const PLUG: &str = r#"{"name":" Plug ","price":"12.50","quantity":"3","barcode":"0001"}"#;

/// Its lines come to 190.13, which the program rounds in its own way.
const AMOUNTS: &str = r#""subtotal":190.12,"discount_amount":19.01,"is_percentage_discount":false,"discount_percentage":10.0,"total":171.11"#;

fn create(client: &mut Client, customer: &str) -> String {
    let body = format!(
        r#"{{"customer_name":"{customer}","customer_phone":" 98450 ","customer_address":"12 MG Road\nPune","sale_by":"Ravi","items":[{CABLE},{PIPE},{PLUG}],{AMOUNTS}}}"#
    );
    let answer = client.request("POST", "/api/estimates/create", &[], Some(body.as_bytes())).expect(201);
    format!("/api/estimates/{}", Stored::estimate(&answer).id)
}

/// The lines of a record, byte for byte.
fn items(client: &mut Client, path: &str) -> String {
    let record = client.get(path).text().to_string();
    let (_, items) = record.split_once(r#""items":["#).unwrap();
    items.split_once(r#"],"subtotal""#).unwrap().0.to_string()
}

fn edit(page: &Page, path: &str) {
    page.screen(&format!("#{}/edit", path.strip_prefix("/api").unwrap()));
    page.wait("document.querySelectorAll('.line:not(.line-head)').length >= 4");
}

/// A shop with one such estimate, which is open in the form on a device.
fn being_edited(chrome: &Chrome) -> (Server, Client, String, Page) {
    let server = Server::start();
    let mut client = server.client();
    let path = create(&mut client, "Asha");
    let page = live(chrome, &server, "#/estimates");
    edit(&page, &path);
    (server, client, path, page)
}

fn save(page: &Page) {
    page.click("[data-action=save]");
    page.wait("!location.hash.endsWith('edit')");
}

/// Types into a field of the line with this place, from 1.
fn fill_line(page: &Page, place: usize, field: &str, value: &str) {
    page.eval(&format!(
        "void document.querySelectorAll('.line:not(.line-head)')[{}].setAttribute('data-place', {place})",
        place - 1
    ));
    page.fill(&format!("[data-place='{place}'] [name={field}]"), value);
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn an_edit_of_the_address_leaves_every_byte_of_the_lines_and_the_amounts() {
    let chrome = Chrome::start();
    let server = Server::start();
    let mut client = server.client();
    // Of one the page reads the list, the other comes as a message while it is open.
    let read = create(&mut client, "Asha");
    let page = live(&chrome, &server, "#/estimates");
    page.wait("document.querySelectorAll('.list-pane a.row').length === 1");
    let told = create(&mut client, "Ravi");
    page.wait("document.querySelectorAll('.list-pane a.row').length === 2");
    for path in [&read, &told] {
        let before = client.get(path).expect(200);
        edit(&page, path);
        page.fill("[name=customer_address]", "12345");
        save(&page);
        assert_eq!(items(&mut client, path), [CABLE, PIPE, PLUG].join(","));
        let after = client.get(path).expect(200);
        assert_eq!((text(&after, "customer_address").as_str(), &after["rev"]), ("12345", &2.into()));
        for field in [
            "customer_phone",
            "sale_by",
            "subtotal",
            "discount_amount",
            "is_percentage_discount",
            "discount_percentage",
            "total",
        ] {
            assert_eq!(after[field], before[field], "{field}");
        }
    }

    // An edit of what was edited, in a page that is loaded anew, and of which the draft was kept meanwhile.
    edit(&page, &read);
    page.fill("[name=customer_phone]", "67890");
    page.reload();
    page.wait("document.querySelector('[name=customer_phone]')?.value === '67890'");
    save(&page);
    assert_eq!(items(&mut client, &read), [CABLE, PIPE, PLUG].join(","));
    chrome.expect_no_faults();
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn a_line_that_is_changed_keeps_the_rest_of_itself_and_one_that_goes_or_comes_leaves_the_others() {
    let chrome = Chrome::start();
    let (_server, mut client, path, page) = being_edited(&chrome);
    // The same number in another spelling is no change.
    fill_line(&page, 2, "rate", "10.00");
    fill_line(&page, 2, "quantity", "3");
    fill_line(&page, 3, "name", "Plug \"old\"");
    fill_line(&page, 3, "off", "5");
    fill_line(&page, 4, "name", "New");
    fill_line(&page, 4, "rate", "7.25");
    save(&page);
    let pipe = PIPE.replace("2.750", "3");
    let plug = PLUG.replace(" Plug ", r#"Plug \"old\""#).replace(r#""0001"}"#, r#""0001","discount":5}"#);
    let new = r#"{"id":4,"name":"New","price":7.25,"quantity":1,"discount":0}"#;
    assert_eq!(items(&mut client, &path), [CABLE, &pipe, &plug, new].join(","));
    let stored = client.get(&path).expect(200);
    assert_eq!(stored.get("amounts_flagged"), None, "what was touched is computed anew: {stored}");

    // Without the first, and with one more, whose id is no other's.
    edit(&page, &path);
    page.click(".line:not(.line-head) .button");
    page.wait("document.querySelectorAll('.line:not(.line-head)').length === 4");
    fill_line(&page, 4, "name", "Another");
    fill_line(&page, 4, "rate", "1");
    save(&page);
    let another = r#"{"id":5,"name":"Another","price":1,"quantity":1,"discount":0}"#;
    assert_eq!(items(&mut client, &path), [&pipe, &plug, new, another].join(","));
    chrome.expect_no_faults();
}

/// Two lines that look alike are told apart by what a program has given them.
#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn of_two_lines_that_look_alike_the_one_that_was_left_keeps_what_is_its_own() {
    const FIRST: &str = r#"{"id":7,"name":"Phone","price":100,"quantity":1,"discount":0,"serial":"AAA"}"#;
    const SECOND: &str = r#"{"id":8,"name":"Phone","price":100,"quantity":1,"discount":0,"serial":"BBB"}"#;
    let chrome = Chrome::start();
    let server = Server::start();
    let mut client = server.client();
    let body = format!(
        r#"{{"customer_name":"Asha","customer_phone":"","customer_address":"","sale_by":"","items":[{FIRST},{SECOND}],"subtotal":200,"discount_amount":0,"is_percentage_discount":false,"total":200}}"#
    );
    let answer = client.request("POST", "/api/estimates/create", &[], Some(body.as_bytes())).expect(201);
    let path = format!("/api/estimates/{}", Stored::estimate(&answer).id);
    let page = live(&chrome, &server, &format!("#{}/edit", path.strip_prefix("/api").unwrap()));
    page.wait("document.querySelectorAll('.line:not(.line-head)').length === 3");
    page.click(".line:not(.line-head) .button");
    page.wait("document.querySelectorAll('.line:not(.line-head)').length === 2");
    // The draft was kept, and the page that reads it again pairs the lines anew.
    page.screen("#/estimates");
    page.wait("document.querySelector('.list-pane')");
    page.reload();
    wait_live(&page);
    page.screen(&format!("#{}/edit", path.strip_prefix("/api").unwrap()));
    page.wait("document.querySelectorAll('.line:not(.line-head)').length === 2");
    save(&page);
    assert_eq!(items(&mut client, &path), SECOND);
    chrome.expect_no_faults();
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn duplicates_conversions_and_edits_without_a_server_keep_every_byte_too() {
    let chrome = Chrome::start();
    let (mut server, proxy) = shop();
    let mut client = server.client();
    let whole = [CABLE, PIPE, PLUG].join(",");
    let path = create(&mut client, "Asha");
    let page = open(&chrome, &chrome.device(), &proxy);
    let hash = format!("#{}", path.strip_prefix("/api").unwrap());
    page.screen(&hash);
    page.wait("document.querySelector('.history li')");

    go_away(&mut server, &page);
    edit(&page, &path);
    page.fill("[name=customer_name]", "Asha Patil");
    save(&page);
    // The edit of an edit that waits.
    edit(&page, &path);
    page.fill("[name=customer_phone]", "1");
    save(&page);
    page.click("[data-action=duplicate]");
    page.wait_text(".unsent", "3 not sent yet");
    page.screen(&hash);
    page.click("[data-action=convert]");
    page.click("dialog [data-action=confirm]");
    page.wait_text(".unsent", "4 not sent yet");
    come_back(&mut server, &proxy);
    wait_sent(&page);

    let mut client = server.client();
    let all = estimates(&mut client);
    assert_eq!(all.len(), 2);
    for estimate in all {
        assert_eq!(text(&estimate, "customer_name"), "Asha Patil");
        assert_eq!(items(&mut client, &format!("/api/estimates/{}", text(&estimate, "id"))), whole);
    }
    let order = text(&orders(&mut client)[0], "id");
    assert_eq!(items(&mut client, &format!("/api/orders/{order}")), whole);
    chrome.expect_no_faults();
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn what_was_changed_elsewhere_meanwhile_stays_where_only_i_have_not_seen_it() {
    let chrome = Chrome::start();
    let (_server, mut client, path, page) = being_edited(&chrome);
    page.fill("[name=customer_name]", "Asha Patil");
    let theirs = client.get(&path).text().replace("8544", "8545");
    client.request("PUT", &path, &[], Some(theirs.as_bytes())).expect(200);
    page.click("[data-action=keep-mine]");
    page.wait("document.querySelector('[data-conflict]').hidden");
    save(&page);
    assert_eq!(items(&mut client, &path), [CABLE, PIPE, PLUG].join(",").replace("8544", "8545"));
    assert_eq!(text(&client.get(&path).expect(200), "customer_name"), "Asha Patil");
    chrome.expect_no_faults();
}
