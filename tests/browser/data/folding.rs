//! Goal: where the page searches by itself it finds what the server finds. Method: the server's own table of cases through the
//! page's module; and names in another order in the suggestions and in a list without a server.

use serde_json::{Value, json};

use crate::chrome::{Chrome, Page};
use crate::steps::{go_away, live, open, shop};
use crate::support::samples;
use crate::support::server::Server;

const CASES: &str = include_str!("../../../src/domain/search_cases.json");

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn the_page_finds_what_the_server_finds() {
    let chrome = Chrome::start();
    let server = Server::start();
    let page = live(&chrome, &server, "");
    let wrong = page.eval(&format!(
        "(async () => {{
            const {{ Needle }} = {};
            return {CASES}.flatMap(({{ name, phone, found_by, not_found_by }}) => {{
                const finds = (typed) => new Needle(typed).finds(name, phone, '#4000000', 4_000_000);
                return [...found_by.filter((typed) => !finds(typed)), ...not_found_by.filter(finds)].map((typed) => [name, typed]);
            }});
        }})()",
        Page::import("search.js")
    ));
    assert_eq!(wrong, json!([]));
    let numbers = page.eval(&format!(
        "(async () => {{
            const {{ Needle }} = {};
            const finds = (typed) => new Needle(typed).finds('José Ångström', '+91 98450-12345', '#012', 12);
            return [['12', '#012', '#01', 'jose #012', '12 angstrom', '१२', ''].every(finds), ['13', '#13', '1', 'maria 12'].some(finds)];
        }})()",
        Page::import("search.js")
    ));
    assert_eq!(numbers, json!([true, false]));
    chrome.expect_no_faults();
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn suggestions_and_lists_without_a_server_find_words_in_any_order() {
    let chrome = Chrome::start();
    let (mut server, proxy) = shop();
    let mut client = server.client();
    client.put("/api/settings", &json!({"staff_names": ["Łukasz Nowak", "Meena"]})).expect(200);
    let mut estimate = samples::estimate("Łukasz  Kowalski");
    estimate["items"][0]["name"] = json!("Cable – blue 2.5 mm");
    for bill in [estimate, samples::estimate("Asha Patil")] {
        client.post("/api/estimates/create", &bill).expect(201);
    }
    let page = open(&chrome, &chrome.device(), &proxy);
    page.screen("#/estimates");
    page.wait("document.querySelectorAll('.list-pane a.row').length === 2");
    go_away(&mut server, &page);
    page.fill("[data-search=estimate]", "kowalski lukasz");
    page.wait("document.querySelectorAll('.list-pane a.row').length === 1");
    page.wait_text(".list-pane a.row", "Kowalski");

    page.screen("#/new");
    for (field, typed, found) in [
        ("[name=customer_name]", "09845012345 ", "Asha Patil"),
        ("[name=customer_name]", "PATIL asha", "Asha Patil"),
        (".line [name=name]", "blue cable", "Cable – blue"),
        ("[name=sale_by]", "nowak", "Łukasz Nowak"),
    ] {
        page.fill(field, "");
        page.eval(&format!("document.querySelector({}).focus()", Value::from(field)));
        page.type_text(typed);
        let list = format!(
            "document.querySelector({}).parentNode.querySelector('.suggestions:not([hidden])')",
            Value::from(field)
        );
        page.wait(&format!("{list}.textContent.includes({})", Value::from(found)));
    }
    chrome.expect_no_faults();
}
