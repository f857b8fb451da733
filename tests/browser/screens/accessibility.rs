//! Goal: everybody can use the page. Method: axe-core, of npm, looks at every screen, wide, narrow and at 320 px, in the light
//! and in the dark; nothing but the lists' own panes scrolls sideways; and what a screen reader hears is read from the browser's
//! own tree.

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use super::people::{
    SEE_NO_OWNER, SELLER, SELLER_PIN, add_person, ask, choose, log_in, press, read_by_camera, shut_out, staffed,
};
use crate::chrome::{Chrome, Page};
use crate::steps::{come_back, fill_bill, live, sell, shop as shop_behind_proxy};
use crate::support::server::Server;
use crate::support::till::{convert, create_estimate, create_sale};

/// A name that no space breaks, wider than a phone.
const LONG_NAME: &str = "Wolfeschlegelsteinhausenbergerdorffwelchevoraltern";

/// The script of axe-core, where npm keeps global packages; `None`, after saying so, where it is not. In CI it must be there.
fn axe() -> Option<String> {
    let root = Command::new("npm").args(["root", "-g"]).output().ok();
    let root = root.and_then(|output| String::from_utf8(output.stdout).ok());
    let axe =
        root.and_then(|root| std::fs::read_to_string(PathBuf::from(root.trim()).join("axe-core/axe.min.js")).ok());
    if axe.is_none() {
        eprintln!("SKIPPED: axe-core is not installed (npm install -g axe-core)");
        assert!(std::env::var_os("CI").is_none(), "in CI axe-core must be there");
    }
    axe
}

const CHECK: &str =
    "axe.run(document).then(({ violations }) => violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`))";

fn check(page: &Page, axe: &str, what: &str) {
    page.eval(&format!("{axe}; void 0"));
    let found = page.eval(CHECK);
    assert_eq!(found, json!([]), "{what}");
    let is_wide = page.eval(
        "document.documentElement.scrollWidth > innerWidth
            || [...document.querySelectorAll('dialog')].some(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)",
    );
    assert_eq!(is_wide, false, "{what} scrolls sideways");
}

/// The same in every size and scheme, for what stays on the page meanwhile.
fn check_all_over(page: &Page, axe: &str, what: &str, ready: &str) {
    for ((width, height), scheme) in looks() {
        page.look(width, height, scheme);
        page.wait(&format!("document.querySelector({})", json!(ready)));
        check(page, axe, &format!("{what} at {width} px, {scheme}"));
    }
}

/// The sizes of a PC, a phone and a page at 400 %, in the light and in the dark.
fn looks() -> impl Iterator<Item = ((u32, u32), &'static str)> {
    [(1280, 800), (390, 844), (320, 640)].into_iter().flat_map(|size| [(size, "light"), (size, "dark")])
}

/// A shop with a few records: the id of an estimate that is open, and every screen with what shows that it is there.
fn shop(server: &Server) -> (String, Vec<(String, &'static str)>) {
    let mut client = server.client();
    let (open, converted) = (create_estimate(&mut client, "Asha"), create_estimate(&mut client, "Ravi"));
    convert(&mut client, &converted.id, br#"{"amount_paid": 100}"#).expect(200);
    let sale = create_sale(&mut client, "Meena");
    let screens = vec![
        ("#/".to_string(), ".activity a"),
        ("#/estimates".to_string(), "a.row"),
        (format!("#/estimates/{}", open.id), ".history li"),
        (format!("#/estimates/{}/edit", open.id), "[data-action=save]"),
        ("#/orders".to_string(), "a.row"),
        (format!("#/orders/{}", sale.id), ".history li"),
        (format!("#/orders/{}/print", sale.id), ".sheet"),
        ("#/new".to_string(), "[data-action=complete-sale]"),
        ("#/settings".to_string(), "[data-action=save]"),
    ];
    (open.id, screens)
}

#[test]
#[ignore = "long: cargo test-all"]
fn axe_finds_nothing_on_any_screen() {
    let chrome = Chrome::start();
    let axe = axe().expect("axe-core is not installed (npm install --global axe-core)");
    let server = Server::start();
    let (open, screens) = shop(&server);
    let page = live(&chrome, &server, "");
    for ((width, height), scheme) in looks() {
        page.look(width, height, scheme);
        for (hash, ready) in &screens {
            page.screen(hash);
            page.wait(&format!("document.querySelector({})", json!(format!("main {ready}"))));
            check(&page, &axe, &format!("{hash} at {width} px, {scheme}"));
        }
        page.screen(&format!("#/estimates/{open}"));
        page.click("[data-action=convert]");
        check(&page, &axe, &format!("the conversion at {width} px, {scheme}"));
        page.click("dialog [data-action=cancel]");
    }
    chrome.expect_no_faults();
}

/// An edit that meets another one: what is asked, what comes of it, and what is said; and an estimate that is gone from the form.
#[test]
#[ignore = "long: cargo test-all"]
fn axe_finds_nothing_where_an_edit_meets_another() {
    let chrome = Chrome::start();
    let axe = axe().expect("axe-core is not installed (npm install --global axe-core)");
    let server = Server::start();
    let mut client = server.client();
    let estimate = create_estimate(&mut client, "Asha");
    let path = format!("/api/estimates/{}", estimate.id);
    let page = live(&chrome, &server, &format!("#/estimates/{}/edit", estimate.id));
    page.fill(".line:not(.line-head) [name=quantity]", "7");
    let mut theirs = client.get(&path).expect(200);
    theirs["items"][0]["quantity"] = json!(5);
    theirs["items"][0]["name"] = json!(LONG_NAME);
    theirs["sale_by"] = json!("Meena");
    client.put(&path, &theirs).expect(200);
    page.wait_text("[data-conflict]", "Meena changed this estimate");
    check_all_over(&page, &axe, "the bar above an edit", "[data-action=show-both]");
    page.click("[data-action=save]");
    page.wait_text("dialog [data-field]", LONG_NAME);
    check_all_over(&page, &axe, "what both have changed", "dialog [data-action=confirm]");
    page.click("dialog [data-action=confirm]");
    page.wait_text("#toasts", "with those of Meena");
    check_all_over(&page, &axe, "what is said of it", "#toasts > *");

    page.screen(&format!("#/estimates/{}/edit", estimate.id));
    page.wait("document.querySelector('[name=customer_name]')");
    page.receive(&json!({"type": "estimate", "action": "hide", "id": estimate.id, "seq": 9}).to_string());
    page.wait_text("[data-screen=form]", "not there any more");
    check_all_over(&page, &axe, "an edit of what is hidden", "[data-screen=form] h1.empty-title");
    for part in ["", "/print"] {
        page.screen(&format!("#/estimates/EST-00000000{part}"));
        page.wait_text("h1.empty-title", "not there any more");
        check_all_over(&page, &axe, &format!("what is not there{part}"), "h1.empty-title");
    }
    chrome.expect_no_faults();
}

#[test]
#[ignore = "long: cargo test-all"]
fn axe_finds_nothing_where_people_and_devices_are_let_in() {
    let chrome = Chrome::start();
    let axe = axe().expect("axe-core is not installed (npm install --global axe-core)");
    let (server, proxy) = shop_behind_proxy();
    let (owner, seller) = staffed(&chrome, &server, &proxy);
    add_person(&owner, LONG_NAME, SELLER, "6214");
    let long = json!({"name": LONG_NAME, "kind": "program", "role": SELLER});
    assert_eq!(ask(&owner, "POST", "/api/devices", &long)["device"]["name"], LONG_NAME);
    let waiting = chrome.open(&chrome.device(), &format!("http://{}/", proxy.addr));
    let read = read_by_camera(&waiting);
    sell(&seller, "Meena’s own", "save-estimate");
    seller.wait_text("#toasts", "saved");
    let estimate = seller.eval("document.querySelector('#toasts a').hash");
    let estimate = estimate.as_str().unwrap();
    for ((width, height), scheme) in looks() {
        let look = |page: &Page, what: &str, ready: &str| {
            page.look(width, height, scheme);
            page.wait(&format!("document.querySelector({})", json!(ready)));
            check(page, &axe, &format!("{what} at {width} px, {scheme}"));
        };
        look(&waiting, "pairing", ".qr");
        waiting.screen("#/owner");
        look(&waiting, "owner", "[data-action=become-owner]");
        waiting.screen("#/login");
        look(&waiting, "a password", "[name=password]");
        waiting.screen("#/");

        for page in [&owner, &seller] {
            page.screen(estimate);
            look(page, "a record", ".detail [data-action=give]");
        }
        owner.click("[data-action=give]");
        look(&owner, "whom a record is given", "dialog");
        owner.click("dialog [data-action=cancel]");

        seller.click("[data-action=who]");
        look(&seller, "the names", ".tile");
        choose(&seller, "Meena");
        look(&seller, "the pad", ".pad");
        seller.click(".pad ~ .button, form ~ .button");
        look(&seller, "the password", "[name=password]");
        seller.reload();
        log_in(&seller, "Meena", SELLER_PIN);

        for (screen, ready, opener) in [
            ("people", ".admin-row", "[data-action=add-person]"),
            ("roles", ".admin-row", "[data-action=add-role]"),
            ("devices", "[data-action=refuse]", "[data-action=add-door]"),
            ("audit", ".admin-row", ""),
        ] {
            owner.screen(&format!("#/{screen}"));
            look(&owner, screen, &format!("[data-screen={screen}] {ready}"));
            if !opener.is_empty() {
                owner.click(opener);
                look(&owner, &format!("a dialog of {screen}"), "dialog");
                owner.click("dialog [data-action=cancel]");
            }
        }
        owner.screen(&read);
        look(&owner, "who reads a code", "dialog");
        owner.click("dialog [data-action=cancel]");
        owner.click("[data-action=invite]");
        look(&owner, "an invitation", "dialog .qr");
        owner.click("dialog [data-action=cancel]");
    }
    chrome.expect_no_faults();
}

#[test]
#[ignore = "long: cargo test-all"]
fn axe_finds_nothing_where_somebody_else_allows_or_somebody_is_shut_out() {
    let chrome = Chrome::start();
    let axe = axe().expect("axe-core is not installed (npm install --global axe-core)");
    let (mut server, proxy) = shop_behind_proxy();
    let stranger = live(&chrome, &server, "");
    stranger.before_each_load(SEE_NO_OWNER);
    stranger.reload();
    check_all_over(&stranger, &axe, "a shop that is closed", "[data-screen=closed]");

    let (owner, seller) = staffed(&chrome, &server, &proxy);
    fill_bill(&seller, "with a discount");
    seller.fill("[name=discount]", "30");
    seller.click("[data-action=complete-sale]");
    check_all_over(&seller, &axe, "a nod by PIN", "dialog [name=pin]");
    seller.click("dialog [data-action=other-way]");
    check_all_over(&seller, &axe, "a nod by password", "dialog [name=password]");
    seller.click("dialog [data-action=cancel]");

    owner.screen("#/roles");
    owner.click("[aria-label='Edit role: Manager']");
    check_all_over(&owner, &axe, "a role", "dialog [name=days_back]");
    owner.click("dialog [data-action=cancel]");

    server.stop();
    seller.click("[data-action=who]");
    seller.wait_text(".gate .note", "cannot be reached");
    check_all_over(&seller, &axe, "the names without the server", ".tile");
    choose(&seller, "Ravi");
    come_back(&mut server, &proxy);
    seller.wait_text("[data-screen=login]", "waits for the PIN");
    check_all_over(&seller, &axe, "who has not confirmed", ".gate .pad");
    press(&seller, "The PIN cannot be typed now");
    log_in(&seller, "Meena", SELLER_PIN);

    shut_out(&owner, &seller, "Till 2");
    check_all_over(&seller, &axe, "who is shut out", "[data-screen=pair] .qr");
    chrome.expect_no_faults();
}

#[test]
#[ignore = "long: cargo test-all"]
fn axe_finds_nothing_in_the_help() {
    let chrome = Chrome::start();
    let axe = axe().expect("axe-core is not installed (npm install --global axe-core)");
    let server = Server::start();
    let address = |name: &str| format!("http://{}/help{name}", server.addr);
    let page = chrome.open(&chrome.device(), &address(""));
    for name in ["", "/wrong", "/api", "/limits", "/nothing"] {
        page.goto(&address(name));
        check_all_over(&page, &axe, &format!("/help{name}"), "main");
    }
    chrome.expect_no_faults();
}

/// What a screen reader says of each part: its role (for a heading with the level) and its name.
fn heard(page: &Page) -> Vec<(String, String)> {
    let tree = page.call("Accessibility.getFullAXTree", &json!({}));
    let text = |value: &Value| value["value"].as_str().unwrap_or_default().trim().to_string();
    let nodes = tree["nodes"].as_array().unwrap().iter().filter(|node| node["ignored"] == false);
    nodes
        .map(|node| {
            let properties = node["properties"].as_array().into_iter().flatten();
            let level = properties.filter(|one| one["name"] == "level").map(|one| one["value"]["value"].to_string());
            let role = text(&node["role"]);
            let level = if role == "heading" { level.collect() } else { String::new() };
            (role + &level, text(&node["name"]))
        })
        .collect()
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn a_screen_reader_hears_one_first_heading_and_the_name_of_every_control() {
    const CONTROLS: [&str; 9] =
        ["button", "link", "textbox", "searchbox", "combobox", "radio", "listbox", "option", "dialog"];
    let chrome = Chrome::start();
    let server = Server::start();
    let (open, screens) = shop(&server);
    let page = live(&chrome, &server, "");
    let listen = |what: &str| {
        let heard = heard(&page);
        for (role, name) in &heard {
            assert!(!CONTROLS.contains(&role.as_str()) || !name.is_empty(), "{what}: a {role} without a name");
        }
        heard
    };
    for (width, height) in [(1280, 800), (390, 844)] {
        page.look(width, height, "light");
        for (hash, ready) in &screens {
            page.screen(hash);
            page.wait(&format!("document.querySelector({})", json!(format!("main {ready}"))));
            let first = listen(hash).iter().filter(|(role, _)| role == "heading1").count();
            assert_eq!(first, 1, "{hash} at {width} px");
        }

        // Where a line of a bill takes two rows, it is still a table.
        page.screen(&format!("#/estimates/{open}"));
        page.wait("document.querySelector('.history li')");
        let heard = listen("the bill");
        let names = |wanted: &str| -> Vec<_> {
            heard.iter().filter(|(role, _)| role == wanted).map(|(_, name)| name.as_str()).collect()
        };
        assert_eq!(names("table").len(), 1, "at {width} px");
        assert_eq!(names("columnheader"), ["Item", "Rate", "Qty", "Amount"], "at {width} px");
        assert_eq!(names("cell").first(), Some(&"LED bulb 9 W"), "at {width} px");
    }

    // A suggestion is no part of the name of its field.
    page.screen("#/new");
    page.wait("document.activeElement.name === 'customer_name'");
    page.type_text("Ash");
    page.wait("document.querySelector('.suggestions:not([hidden]) li')");
    let expected = ("combobox".to_string(), "Customer".to_string());
    assert!(listen("suggestions").contains(&expected), "the field is called by its label alone");

    page.screen(&format!("#/estimates/{open}"));
    page.click("[data-action=convert]");
    let dialogs: Vec<_> = listen("the conversion").into_iter().filter(|(role, _)| role == "dialog").collect();
    assert_eq!(dialogs, [("dialog".to_string(), "Convert estimate #001 to a sale".to_string())]);
    chrome.expect_no_faults();
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn at_200_percent_the_bars_go_along_with_the_page_and_a_long_sheet_begins_at_its_top() {
    let chrome = Chrome::start();
    let server = Server::start();
    let (open, _) = shop(&server);
    let page = live(&chrome, &server, "#/new");
    // What a window of 1280 × 800 px has at 200 %.
    page.look(640, 400, "light");
    for hash in ["#/new".to_string(), format!("#/estimates/{open}")] {
        page.screen(&hash);
        page.wait("document.documentElement.scrollHeight > innerHeight");
        page.eval("scrollTo(0, 9_999)");
        page.wait("['.brand', '.nav'].every((bar) => document.querySelector(bar).getBoundingClientRect().bottom <= 0)");
        page.eval("scrollTo(0, 0)");
    }
    page.screen("#/new");
    page.wait("document.querySelector('.save-bar')?.getBoundingClientRect().top > innerHeight");

    page.look(320, 400, "light");
    page.screen("#/settings");
    page.click("[data-action=keys]");
    page.wait("document.querySelector('dialog').scrollHeight > innerHeight");
    assert_eq!(page.eval("document.querySelector('dialog').scrollTop"), 0);
    page.wait("document.activeElement.matches('dialog')");
    chrome.expect_no_faults();
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn the_focus_goes_into_a_dialog_and_back_and_on_a_phone_over_to_the_record_and_back_to_its_row() {
    let chrome = Chrome::start();
    let server = Server::start();
    let (open, _) = shop(&server);
    let page = live(&chrome, &server, "#/estimates");
    page.look(390, 844, "light");

    let row = format!("a.row[data-id=\"{open}\"]");
    page.click(&row);
    page.wait("document.activeElement === document.querySelector('.detail')");
    for action in ["convert", "delete"] {
        let button = format!("[data-action={action}]");
        page.wait(&format!("document.querySelector('{button}')"));
        page.eval(&format!("document.querySelector('{button}').focus()"));
        page.click(&button);
        page.wait("document.querySelector('dialog').contains(document.activeElement)");
        page.click("dialog [data-action=cancel]");
        page.wait(&format!("!document.querySelector('dialog') && document.activeElement.matches('{button}')"));
    }
    page.click(".back");
    page.wait(&format!("document.activeElement.matches('{row}')"));
    chrome.expect_no_faults();
}
