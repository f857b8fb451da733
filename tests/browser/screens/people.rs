//! Goal: the page lets in whom the shop knows, shows each person what the role allows, and loses nothing over a change of persons.
//! Method: the first owner comes by the code that the command prints; further devices are let in as people do it, by their
//! digits, by what a camera reads from them, or by an invitation; and what each page shows and sends is looked at there and on
//! the server.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::chrome::{Chrome, Page};
use crate::steps::{come_back, fill_bill, go_away, live, open, sell, shop, wait_live};
use crate::support::program::program;
use crate::support::proxy::{BEHIND_PROXY, Proxy};
use crate::support::qr;
use crate::support::server::Server;
use crate::support::wait_until;

const OWNER_PIN: &str = "482911";
const MANAGER_PIN: &str = "730264";
pub(super) const SELLER_PIN: &str = "5093";
const MANAGER: u32 = 2;
pub(super) const SELLER: u32 = 3;
const VIEWER: u32 = 4;
/// What stands on the button that locks.
const WHO: &str = "document.querySelector('.who-name')?.textContent";
/// The digits of a device that waits.
const DIGITS: &str = "document.querySelector('[data-pairing]').textContent";
const HAS_DIGITS: &str = "/^\\d{3} \\d{3}$/.test(document.querySelector('[data-pairing]').textContent)";
const IS_LOCKED: &str = "document.querySelector('.tile') && !document.querySelector('.row')";

/// The code of `tillsync owner`, run on the machine of the shop.
fn owner_code(server: &Server) -> String {
    let output = program().args(["owner", "--data"]).arg(server.dir.path()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stdout).unwrap();
    let (_, rest) = said.split_once("#owner=").unwrap_or_else(|| panic!("no address with the code in {said}"));
    rest.split_whitespace().next().unwrap().to_string()
}

/// Makes whoever sits before a page the owner.
pub(crate) fn become_owner(page: &Page, server: &Server) {
    page.screen(&format!("#owner={}", owner_code(server)));
    page.fill("[name=name]", "Asha");
    page.fill("[name=pin]", OWNER_PIN);
    page.fill("[name=pin_again]", OWNER_PIN);
    page.click("[data-action=become-owner]");
    page.wait(&format!("{WHO} === 'Asha'"));
    wait_live(page);
}

/// Asks the server from within a page, in the name of its person.
pub(super) fn ask(page: &Page, method: &str, path: &str, body: &Value) -> Value {
    let request = json!({"method": method, "headers": {"Content-Type": "application/json"}, "body": body.to_string()});
    page.eval(&format!("fetch({}, {request}).then((answer) => answer.json())", json!(path)))
}

pub(super) fn add_person(owner: &Page, name: &str, role: u32, pin: &str) {
    let added = ask(owner, "POST", "/api/people", &json!({"name": name, "role": role, "pin": pin}));
    assert_eq!(added["name"], name, "{added}");
}

/// Lets the device of a page in by the digits that it shows.
pub(super) fn let_in(owner: &Page, page: &Page, name: &str) {
    page.wait(HAS_DIGITS);
    let digits = page.eval(DIGITS);
    owner.screen("#/devices");
    owner.fill("[name=digits]", digits.as_str().unwrap());
    owner.click("[data-action=find]");
    name_device(owner, page, name);
}

/// Gives the device that is asked about its name, by which it is in.
fn name_device(owner: &Page, page: &Page, name: &str) {
    owner.fill("dialog [name=name]", name);
    owner.click("dialog [data-action=confirm]");
    page.wait("document.querySelector('.tile')");
}

/// Invites a device: the address that it is to open, which is drawn as well.
fn invite(owner: &Page) -> String {
    owner.screen("#/devices");
    owner.click("[data-action=invite]");
    owner.wait("document.querySelector('dialog [data-secret]')");
    let address = owner.eval("document.querySelector('dialog [data-secret]').value");
    let address = address.as_str().unwrap().to_string();
    expect_code(owner, "dialog .qr", &address);
    owner.click("dialog [data-action=cancel]");
    address
}

/// A camera needs a square, large enough, dark on light, and reads this text from it.
fn expect_code(page: &Page, selector: &str, text: &str) {
    page.wait(&format!("document.querySelector({})", json!(selector)));
    let drawn = page.eval(&format!(
        "(code => {{
            const {{ width, height }} = code.getBoundingClientRect();
            const colors = [getComputedStyle(code).backgroundColor, getComputedStyle(code.firstChild).fill];
            const places = [...Array(code.viewBox.baseVal.width).keys()];
            const isDark = (x, y) => code.firstChild.isPointInFill(new DOMPoint(x + 0.5, y + 0.5));
            const modules = places.map((y) => places.map((x) => (isDark(x, y) ? '#' : '.')).join(''));
            return {{ isSquare: width === height, isLarge: width >= 200, colors, modules }};
        }})(document.querySelector({}))",
        json!(selector)
    ));
    let colors = ["rgb(255, 255, 255)", "rgb(0, 0, 0)"];
    let modules = qr::modules(text);
    assert_eq!(drawn, json!({"isSquare": true, "isLarge": true, "colors": colors, "modules": modules}), "{text}");
}

/// What a camera reads from a device that waits, behind the address of the shop.
pub(super) fn read_by_camera(page: &Page) -> String {
    page.wait(HAS_DIGITS);
    let asked = page.eval("JSON.parse(sessionStorage.getItem('pairing'))");
    let digits = page.eval(DIGITS).as_str().unwrap().replace(' ', "");
    assert_eq!(asked["code"], digits);
    let read = format!("#confirm={}.{digits}", asked["id"]);
    let shop = page.eval("location.origin");
    expect_code(page, "[data-screen=pair] .qr", &format!("{}/{read}", shop.as_str().unwrap()));
    read
}

/// Chooses a name from the tiles.
pub(super) fn choose(page: &Page, name: &str) {
    let tile =
        format!("[...document.querySelectorAll('.tile')].find((tile) => tile.textContent.includes({}))", json!(name));
    page.wait(&tile);
    page.eval(&format!("{tile}.click()"));
}

/// Presses the button that says this.
pub(super) fn press(page: &Page, label: &str) {
    let button =
        format!("[...document.querySelectorAll('button')].find((one) => one.textContent === {})", json!(label));
    page.wait(&button);
    page.eval(&format!("{button}.click()"));
}

fn type_pin(page: &Page, pin: &str) {
    page.fill("[data-pin]", pin);
    page.click("[data-action=ok]");
}

pub(super) fn log_in(page: &Page, name: &str, pin: &str) {
    log_in_until(page, name, pin, "live");
}

/// The same until the page stands so with the server: it does not say that all is well while something is unsent.
fn log_in_until(page: &Page, name: &str, pin: &str, state: &str) {
    choose(page, name);
    type_pin(page, pin);
    page.wait(&format!("{WHO} === {}", json!(name)));
    page.wait(&format!("document.querySelector('.pill').dataset.state === {}", json!(state)));
}

/// A shop with an owner, a manager and a seller, who is logged in on a second device: the pages of both.
pub(crate) fn staffed(chrome: &Chrome, server: &Server, proxy: &Proxy) -> (Page, Page) {
    let owner = open(chrome, &chrome.device(), proxy);
    become_owner(&owner, server);
    add_person(&owner, "Ravi", MANAGER, MANAGER_PIN);
    add_person(&owner, "Meena", SELLER, SELLER_PIN);
    let seller = chrome.open(&chrome.device(), &format!("http://{}/", proxy.addr));
    let_in(&owner, &seller, "Till 2");
    log_in(&seller, "Meena", SELLER_PIN);
    (owner, seller)
}

/// Ends what lets a device in, whose page says so at once.
pub(super) fn shut_out(owner: &Page, page: &Page, name: &str) {
    owner.screen("#/devices");
    owner.wait_text("[data-screen=devices]", name);
    owner.eval(&format!(
        "[...document.querySelectorAll('.admin-row')].find((row) => row.textContent.startsWith({}))
            .querySelector('[data-action=revoke]').click()",
        json!(name)
    ));
    owner.click("dialog [data-action=confirm]");
    page.wait_text("[data-screen=pair] h1", "This device was shut out");
}

/// Answers the question for a nod.
fn allow(page: &Page, name: &str, pin: &str) {
    page.wait("document.querySelector('dialog [name=pin]')");
    pick(page, "dialog [name=person]", name);
    page.fill("dialog [name=pin]", pin);
    page.click("dialog [data-action=confirm]");
}

/// Chooses in a list by what stands there.
fn pick(page: &Page, selector: &str, text: &str) {
    page.wait(&format!("document.querySelector({})", json!(selector)));
    page.eval(&format!(
        "(select => {{ select.value = [...select.options].find((one) => one.text === {}).value }})(document.querySelector({}))",
        json!(text),
        json!(selector)
    ));
}

/// The names of the customers of all sales, as the owner sees them.
fn sold(owner: &Page) -> Vec<String> {
    orders(owner).iter().map(|order| order["customer_name"].as_str().unwrap().to_string()).collect()
}

/// All sales, the newest first.
fn orders(owner: &Page) -> Vec<Value> {
    ask_for(owner, "/api/orders/orders-only?limit=50")["orders"]["items"].as_array().unwrap().clone()
}

pub(crate) fn ask_for(page: &Page, path: &str) -> Value {
    page.eval(&format!("fetch({}).then((answer) => answer.json())", json!(path)))
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn from_the_first_owner_on_a_page_that_was_open_has_to_be_let_in() {
    let chrome = Chrome::start();
    let server = Server::start_with(&BEHIND_PROXY);
    let (page, other) = (live(&chrome, &server, ""), live(&chrome, &server, "#/orders"));
    page.screen("#/settings");
    page.wait_text("[data-section=access]", "Let other devices in");
    become_owner(&page, &server);
    assert_eq!(page.eval("location.href.includes('owner=')"), false, "the code stays in no address");
    other.wait(HAS_DIGITS);
    let digits = other.eval(DIGITS);
    other.reload();
    other.wait(&format!("{DIGITS} === {digits}"));
    for scheme in ["light", "dark"] {
        other.look(390, 844, scheme);
        read_by_camera(&other);
    }
    chrome.expect_no_faults();
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn in_the_first_minute_of_an_owner_an_invited_phone_sells() {
    let chrome = Chrome::start();
    let server = Server::start_with(&BEHIND_PROXY);
    let owner = live(&chrome, &server, "");
    let begun = Instant::now();
    become_owner(&owner, &server);
    owner.click("[data-action=people]");
    owner.click("[data-action=add-person]");
    owner.fill("dialog [name=name]", "Meena");
    pick(&owner, "dialog [name=role]", "Seller");
    owner.fill("dialog [name=pin]", SELLER_PIN);
    owner.click("dialog [data-action=confirm]");
    owner.wait_text("[data-screen=people] ul", "Meena");
    let phone = chrome.open(&chrome.device(), &invite(&owner));
    phone.look(390, 844, "light");
    phone.wait_text("[data-screen=pair]", "confirm it");
    assert_eq!(phone.eval("location.href.includes('pair=')"), false, "the invitation stays in no address");
    owner.click("[data-action=let-in]");
    name_device(&owner, &phone, "Meena’s phone");
    log_in(&phone, "Meena", SELLER_PIN);
    sell(&phone, "the first", "complete-sale");
    phone.wait_text("#toasts", "saved");
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
    assert_eq!(sold(&owner), ["the first"]);
    chrome.expect_no_faults();
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn who_reads_the_code_of_a_device_that_waits_types_no_digits_and_needs_the_right() {
    let chrome = Chrome::start();
    let (server, proxy) = shop();
    let (owner, seller) = staffed(&chrome, &server, &proxy);
    let third = chrome.open(&chrome.device(), &format!("http://{}/", proxy.addr));
    let address = format!("http://{}/{}", proxy.addr, read_by_camera(&third));

    seller.load_again(&address);
    seller.wait_text("#toasts", "“Manage people, roles and devices”");
    assert_eq!(seller.eval("location.hash"), "#/");
    assert_eq!(seller.eval("document.querySelector('dialog')"), Value::Null);

    // Whoever has to log in first goes on with it then, also where the page does not know yet that the session is over.
    let before = owner.eval("localStorage.getItem('me')");
    owner.click("[data-action=who]");
    owner.wait("document.querySelector('.tile') && localStorage.getItem('away') === null");
    owner.eval(&format!("localStorage.setItem('me', {before})"));
    owner.load_again(&address);
    choose(&owner, "Asha");
    type_pin(&owner, OWNER_PIN);
    owner.wait_text("dialog", third.eval(DIGITS).as_str().unwrap());
    assert_eq!(owner.eval("location.hash"), "#/devices", "the digits stay in no address");
    name_device(&owner, &third, "Till 3");
    owner.load_again(&address);
    owner.wait_text("[data-screen=devices] [role=status]", "over");
    chrome.expect_no_faults();
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn of_two_devices_that_wait_the_digits_let_in_the_one_that_shows_them() {
    let chrome = Chrome::start();
    let (server, proxy) = shop();
    let owner = open(&chrome, &chrome.device(), &proxy);
    become_owner(&owner, &server);
    let [first, second] = [(), ()].map(|()| chrome.open(&chrome.device(), &format!("http://{}/", proxy.addr)));
    for page in [&first, &second] {
        page.wait(HAS_DIGITS);
    }
    owner.screen("#/devices");
    owner.wait("document.querySelectorAll('[data-action=refuse]').length === 2");
    let name = owner.eval("document.querySelector('.admin-row strong').textContent");
    let named =
        owner.eval(&format!("(async () => ({}).browserName(navigator.userAgent, 0))()", Page::import("user_agent.js")));
    assert_eq!(name, named);
    assert!(name.as_str().unwrap().starts_with("Chrome on "), "{name}");
    assert_eq!(owner.eval("document.querySelector('[data-action=let-in]')"), Value::Null, "only by its digits");

    owner.fill("[name=digits]", "12 34");
    owner.click("[data-action=find]");
    owner.wait_text("[data-section=let-in] .error", "Type the six digits.");
    let digits = [&first, &second].map(|page| page.eval(DIGITS).as_str().unwrap().to_string());
    let wrong = ["000 000", "000 001", "000 002"].into_iter().find(|wrong| !digits.iter().any(|own| own == wrong));
    owner.fill("[name=digits]", wrong.unwrap());
    owner.click("[data-action=find]");
    owner.fill("dialog [name=name]", "Till 2");
    owner.click("dialog [data-action=confirm]");
    owner.wait_text("dialog .error", "No device that is waiting shows these digits");
    owner.click("dialog [data-action=cancel]");

    let_in(&owner, &second, "Till 2");
    assert_eq!(owner.eval("document.querySelector('[name=digits]').value"), "");
    owner.wait("document.querySelectorAll('[data-action=refuse]').length === 1");
    assert_eq!(first.eval(DIGITS), digits[0], "the other one waits");
    owner.click("[data-action=refuse]");
    first.wait_text("[data-screen=pair]", "This device was refused.");
    chrome.expect_no_faults();
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn a_browser_says_what_it_is_in_a_few_words() {
    const MOZILLA: &str = "Mozilla/5.0";
    const BLINK: &str = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0";
    const APPLE: &str = "AppleWebKit/605.1.15 (KHTML, like Gecko)";
    let cases = [
        (format!("{MOZILLA} (Linux; Android 10; K) {BLINK} Mobile Safari/537.36"), 5, "Chrome on Android"),
        (
            format!("{MOZILLA} (Linux; Android 13; SM-X200) {BLINK} SamsungBrowser/28.0 Safari/537.36"),
            5,
            "Samsung Internet on Android",
        ),
        (format!("{MOZILLA} (Windows NT 10.0; Win64; x64) {BLINK} Safari/537.36 Edg/140.0.0.0"), 0, "Edge on Windows"),
        (format!("{MOZILLA} (X11; CrOS x86_64 14541.0.0) {BLINK} Safari/537.36"), 0, "Chrome on ChromeOS"),
        (format!("{MOZILLA} (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"), 0, "Firefox on Linux"),
        (
            format!(
                "{MOZILLA} (iPhone; CPU iPhone OS 18_5 like Mac OS X) {APPLE} Version/18.5 Mobile/15E148 Safari/604.1"
            ),
            5,
            "Safari on iPhone",
        ),
        (
            format!(
                "{MOZILLA} (iPhone; CPU iPhone OS 18_5 like Mac OS X) {APPLE} CriOS/140.0 Mobile/15E148 Safari/604.1"
            ),
            5,
            "Chrome on iPhone",
        ),
        (
            format!("{MOZILLA} (Macintosh; Intel Mac OS X 10_15_7) {APPLE} Version/18.5 Safari/605.1.15"),
            0,
            "Safari on Mac",
        ),
        (
            format!("{MOZILLA} (Macintosh; Intel Mac OS X 10_15_7) {APPLE} Version/18.5 Safari/605.1.15"),
            5,
            "Safari on iPad",
        ),
        ("Links (2.29; Linux 6.1)".to_string(), 0, "Linux"),
    ];
    let chrome = Chrome::start();
    let server = Server::start();
    let page = live(&chrome, &server, "");
    for (user_agent, touch_points, expected) in cases {
        let said = page.eval(&format!(
            "(async () => ({}).browserName({}, {touch_points}))()",
            Page::import("user_agent.js"),
            json!(user_agent)
        ));
        assert_eq!(said, expected, "{user_agent}");
    }
    chrome.expect_no_faults();
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn who_cannot_log_in_yet_is_said_and_everybody_changes_the_own_pin_or_password() {
    let chrome = Chrome::start();
    let (server, proxy) = shop();
    let (owner, seller) = staffed(&chrome, &server, &proxy);
    owner.screen("#/people");
    owner.click("[data-action=add-person]");
    owner.fill("dialog [name=name]", "Tara");
    owner.click("dialog [data-action=confirm]");
    owner.wait_text("[data-screen=people] [role=status]", "Tara cannot log in yet: no PIN and no password.");
    owner.wait_text("[data-screen=people] ul", "Cannot log in yet: no PIN and no password");

    seller.screen("#/settings");
    seller.click("[data-action=change-pin]");
    seller.fill("dialog [name=current]", SELLER_PIN);
    seller.click("dialog [data-action=confirm]");
    seller.wait_text("dialog .error", "Type a new PIN or a new password.");
    seller.fill("dialog [name=password]", "correct horse");
    seller.click("dialog [data-action=confirm]");
    seller.wait_text("#toasts", "Changed.");
    seller.click("[data-action=who]");
    choose(&seller, "Meena");
    press(&seller, "Use a password instead");
    seller.fill("[name=password]", "correct horse");
    seller.click("[data-action=login]");
    seller.wait(&format!("{WHO} === 'Meena'"));
    chrome.expect_no_faults();
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn a_door_that_does_not_see_everything_says_so_and_one_that_does_is_silent() {
    let chrome = Chrome::start();
    let server = Server::start();
    let owner = live(&chrome, &server, "");
    become_owner(&owner, &server);
    for (role, is_told) in [("Seller", true), ("Manager", false)] {
        owner.screen("#/devices");
        owner.click("[data-action=add-door]");
        owner.fill("dialog [name=name]", "Old app");
        pick(&owner, "dialog [name=role]", role);
        owner.click("dialog [data-action=confirm]");
        owner.wait("document.querySelector('dialog [data-secret]')");
        let address = owner.eval("document.querySelector('dialog [data-secret]').value");
        // The page was opened on the server's machine, and the door is for another one.
        assert!(address.as_str().unwrap().starts_with("https://shop/door/"), "{address}");
        assert_eq!(owner.eval("document.querySelector('dialog').textContent.includes('not see everything')"), is_told);
        owner.click("dialog [data-action=cancel]");
    }
    chrome.expect_no_faults();
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn three_persons_sell_on_one_till_within_a_minute() {
    let chrome = Chrome::start();
    let (server, proxy) = shop();
    let (owner, till) = staffed(&chrome, &server, &proxy);
    let begun = Instant::now();
    sell(&till, "of Meena", "complete-sale");
    for (name, pins) in [("Ravi", ["730265", MANAGER_PIN].as_slice()), ("Asha", &[OWNER_PIN])] {
        till.click("[data-action=who]");
        till.wait(IS_LOCKED);
        choose(&till, name);
        let (right, wrong) = pins.split_last().unwrap();
        for pin in wrong {
            type_pin(&till, pin);
            till.wait("document.querySelector('.error').textContent !== ''");
        }
        type_pin(&till, right);
        till.wait(&format!("{WHO} === {}", json!(name)));
        wait_live(&till);
        sell(&till, &format!("of {name}"), "complete-sale");
    }
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
    let sales: Vec<_> =
        orders(&owner).iter().map(|sale| json!([sale["customer_name"], sale["owner"]["name"]])).collect();
    assert_eq!(sales, [json!(["of Asha", "Asha"]), json!(["of Ravi", "Ravi"]), json!(["of Meena", "Meena"])]);
    chrome.expect_no_faults();
}

/// The lock of this page waits on its way until `window.letGo()`.
const HOLD_LOCK: &str = "(() => {
    const plain = window.fetch;
    const released = new Promise((resolve) => (window.letGo = resolve));
    window.fetch = async (path, how) => {
        if (path === '/api/login') window.isEarly = !window.isLockedThere;
        if (path !== '/api/lock') return plain(path, how);
        window.isOnItsWay = true;
        await released;
        const answer = await plain(path, how);
        window.isLockedThere = true;
        return answer;
    };
})()";

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn a_lock_that_is_slow_does_not_put_out_who_has_come_meanwhile() {
    let chrome = Chrome::start();
    let (server, proxy) = shop();
    let (owner, till) = staffed(&chrome, &server, &proxy);
    till.eval(HOLD_LOCK);
    till.click("[data-action=who]");
    till.wait("window.isOnItsWay");
    choose(&till, "Ravi");
    type_pin(&till, MANAGER_PIN);
    till.eval("window.letGo()");
    till.wait("window.isLockedThere");
    till.wait(&format!("{WHO} === 'Ravi'"));
    assert_eq!(till.eval("window.isEarly"), false, "the lock would have ended the session of Ravi");
    wait_live(&till);
    sell(&till, "of Ravi", "complete-sale");
    till.wait_text("#toasts", "saved");
    assert_eq!(orders(&owner)[0]["owner"]["name"], "Ravi");
    chrome.expect_no_faults();
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn a_record_is_given_to_somebody_else_by_who_may_or_with_a_nod() {
    let chrome = Chrome::start();
    let (server, proxy) = shop();
    let (owner, seller) = staffed(&chrome, &server, &proxy);
    sell(&seller, "handed over", "save-estimate");
    seller.wait_text("#toasts", "saved");
    let estimate = ask_for(&owner, "/api/estimates/all")[0]["estimate_id"].as_str().unwrap().to_string();
    for (page, before, after) in [(&owner, "Meena", "Ravi"), (&seller, "Ravi", "Asha")] {
        page.screen(&format!("#/estimates/{estimate}"));
        page.wait_text(".people dl", &format!("Belongs to{before}"));
        page.click("[data-action=give]");
        pick(page, "dialog [name=person]", after);
        page.click("dialog [data-action=confirm]");
        if before == "Ravi" {
            allow(page, "Ravi", MANAGER_PIN);
        }
        page.wait_text("#toasts", &format!("belongs to {after} now"));
        page.wait_text(".people dl", &format!("Belongs to{after}"));
    }
    owner.wait_text(".people dl", "Belongs toAsha");
    chrome.expect_no_faults();
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn a_locked_page_holds_nothing_and_goes_on_where_it_was() {
    let chrome = Chrome::start();
    let (server, proxy) = shop();
    let (owner, seller) = staffed(&chrome, &server, &proxy);
    fill_bill(&seller, "half done");
    owner.screen("#/orders");
    seller.click("[data-action=who]");
    seller.wait(IS_LOCKED);
    assert_eq!(seller.eval("document.body.textContent.includes('LED bulb')"), false);
    choose(&seller, "Meena");
    type_pin(&seller, "9999");
    seller.wait("document.querySelector('.error').textContent !== ''");
    type_pin(&seller, SELLER_PIN);
    seller.wait("document.querySelector('[name=customer_name]').value === 'half done'");
    wait_live(&seller);
    assert_eq!(seller.eval("document.querySelector('[name=sale_by]').value"), "Meena");

    // Whoever takes it over makes it, unless somebody has typed who does.
    seller.click("[data-action=who]");
    seller.wait(IS_LOCKED);
    add_person(&owner, "Tara", SELLER, "6214");
    log_in(&seller, "Tara", "6214");
    seller.wait("document.querySelector('[name=customer_name]').value === 'half done'");
    assert_eq!(seller.eval("document.querySelector('[name=sale_by]').value"), "Tara");
    chrome.expect_no_faults();
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn what_a_seller_may_not_do_is_done_with_the_nod_of_a_manager_and_once() {
    let chrome = Chrome::start();
    let (server, proxy) = shop();
    let (owner, seller) = staffed(&chrome, &server, &proxy);
    seller.screen("#/settings");
    seller.wait("document.querySelector('[data-action=logout]')");
    assert_eq!(seller.eval("document.querySelector('[data-action=save]').getClientRects().length"), 0);
    fill_bill(&seller, "with a discount");
    seller.fill("[name=discount]", "30");
    seller.click("[data-action=complete-sale]");
    seller.wait_text("dialog [data-nod=what]", "New sale · with a discount · ₹77.35 · 30 % discount");
    seller.click("dialog [data-action=cancel]");
    let refusal = "Not done: This needs the right “Give more discount than the limit”, which Owner and Manager have.";
    seller.wait_text(".save-bar .error", refusal);
    seller.click("[data-action=complete-sale]");
    allow(&seller, "Ravi", "000000");
    seller.wait("document.querySelector('dialog .error').textContent !== ''");
    allow(&seller, "Ravi", MANAGER_PIN);
    seller.wait_text("#toasts", "saved");
    assert_eq!(sold(&owner), ["with a discount"]);

    // A manager may have a password alone.
    let people = ask_for(&owner, "/api/people");
    let ravi = people.as_array().unwrap().iter().find(|one| one["name"] == "Ravi").unwrap()["id"].clone();
    ask(&owner, "PUT", &format!("/api/people/{ravi}"), &json!({"password": "correct horse"}));
    fill_bill(&seller, "by password");
    seller.fill("[name=discount]", "30");
    seller.click("[data-action=complete-sale]");
    seller.wait("document.querySelector('dialog [name=pin]')");
    seller.click("dialog [data-action=other-way]");
    pick(&seller, "dialog [name=person]", "Ravi");
    seller.fill("dialog [name=password]", "correct horse");
    seller.click("dialog [data-action=confirm]");
    wait_until("the sale", || sold(&owner) == ["by password", "with a discount"]);
    chrome.expect_no_faults();
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn a_nod_outlives_a_new_start_of_the_server() {
    let chrome = Chrome::start();
    let (mut server, proxy) = shop();
    let (owner, seller) = staffed(&chrome, &server, &proxy);
    fill_bill(&seller, "before and after");
    seller.fill("[name=discount]", "30");
    seller.click("[data-action=complete-sale]");
    seller.wait("document.querySelector('dialog [name=pin]')");
    go_away(&mut server, &seller);
    come_back(&mut server, &proxy);
    wait_live(&seller);
    allow(&seller, "Ravi", MANAGER_PIN);
    seller.wait_text("#toasts", "saved");
    wait_live(&owner);
    assert_eq!(sold(&owner), ["before and after"]);
    chrome.expect_no_faults();
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn who_works_is_told_of_another_role() {
    let chrome = Chrome::start();
    let (server, proxy) = shop();
    let (owner, seller) = staffed(&chrome, &server, &proxy);
    seller.wait_text("[data-screen=home]", "Your open estimates");
    let people = ask_for(&owner, "/api/people");
    let meena = people.as_array().unwrap().iter().find(|one| one["name"] == "Meena").unwrap();
    let changed = ask(&owner, "PUT", &format!("/api/people/{}", meena["id"]), &json!({"role": VIEWER}));
    let role = changed["role"]["name"].as_str().unwrap();
    seller.wait_text("#toasts", &format!("Your role was changed: {role}"));
    chrome.expect_no_faults();
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn no_role_is_given_unchosen_and_no_word_is_a_limit() {
    let chrome = Chrome::start();
    let server = Server::start();
    let owner = live(&chrome, &server, "");
    become_owner(&owner, &server);
    owner.screen("#/devices");
    for action in ["add-program", "add-door"] {
        owner.click(&format!("[data-action={action}]"));
        owner.fill("dialog [name=name]", "Old app");
        owner.click("dialog [data-action=confirm]");
        owner.wait_text("dialog .error", "a role");
        owner.click("dialog [data-action=cancel]");
    }
    owner.screen("#/roles");
    owner.click("[aria-label='Edit role: Manager']");
    for (field, good, said) in [("discount_max", "12,5", "percentage"), ("days_back", "30", "whole number")] {
        for wrong in ["ten", "-1"] {
            owner.fill(&format!("dialog [name={field}]"), wrong);
            owner.click("dialog [data-action=confirm]");
            owner.wait_text("dialog .error", said);
        }
        owner.fill(&format!("dialog [name={field}]"), good);
    }
    owner.click("dialog [data-action=confirm]");
    owner.wait("!document.querySelector('dialog')");
    let manager = ask_for(&owner, "/api/roles").as_array().unwrap().iter().find(|one| one["id"] == MANAGER).cloned();
    let manager = manager.unwrap();
    assert_eq!([&manager["discount_max"], &manager["days_back"]], [&json!(12.5), &json!(30)]);
    chrome.expect_no_faults();
}

/// The server as another device sees it before there is an owner.
pub(super) const SEE_NO_OWNER: &str = "(() => {
    const plain = window.fetch;
    window.fetch = async (path, how) =>
        path === '/api/me' ? new Response('{\"has_owner\":false,\"rights\":[]}') : plain(path, how);
})()";

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn a_shop_without_an_owner_says_to_other_devices_what_it_lacks() {
    let chrome = Chrome::start();
    let server = Server::start();
    let page = live(&chrome, &server, "");
    page.before_each_load(SEE_NO_OWNER);
    page.reload();
    page.wait_text("[data-screen=closed]", "This shop is not open to other devices yet.");
    page.click("[data-screen=closed] a");
    page.wait_text("[data-screen=owner] h1", "The owner of the shop");
    chrome.expect_no_faults();
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn who_takes_over_while_the_server_is_away_sends_nothing_before_the_pin() {
    let chrome = Chrome::start();
    let (mut server, proxy) = shop();
    let (owner, seller) = staffed(&chrome, &server, &proxy);
    server.stop();
    seller.click("[data-action=who]");
    seller.wait_text(".gate .note", "cannot be reached");
    choose(&seller, "Ravi");
    fill_bill(&seller, "not confirmed");
    seller.click("[data-action=complete-sale]");
    seller.wait_text(".unsent", "1 not sent yet");
    come_back(&mut server, &proxy);
    seller.wait("document.querySelector('[data-pin]')");
    wait_live(&owner);
    assert!(sold(&owner).is_empty(), "nothing is sent before the PIN is accepted");
    type_pin(&seller, MANAGER_PIN);
    seller.wait("document.querySelector('.unsent').hidden");
    wait_live(&seller);
    assert_eq!(sold(&owner), ["not confirmed"]);
    chrome.expect_no_faults();
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn what_somebody_has_given_who_cannot_confirm_it_is_set_aside_in_that_name_and_the_first_person_goes_on() {
    let chrome = Chrome::start();
    let (mut server, proxy) = shop();
    let (owner, till) = staffed(&chrome, &server, &proxy);
    till.keep_posted();
    server.stop();
    sell(&till, "of Meena, while it was away", "complete-sale");
    till.click("[data-action=who]");
    till.wait_text(".gate .note", "cannot be reached");
    choose(&till, "Ravi");
    sell(&till, "not confirmed", "complete-sale");
    till.wait_text(".unsent", "2 not sent yet");
    come_back(&mut server, &proxy);
    till.wait_text("[data-screen=login]", "What Ravi has done meanwhile waits for the PIN.");
    wait_live(&owner);
    wait_until("what Meena has given herself", || sold(&owner) == ["of Meena, while it was away"]);

    type_pin(&till, "730265");
    till.wait("document.querySelector('.error').textContent !== ''");
    press(&till, "The PIN cannot be typed now");
    till.wait("document.querySelectorAll('.tile').length === 3");
    till.wait_text(".unsent", "1 not sent yet");
    log_in_until(&till, "Meena", SELLER_PIN, "unsent");
    sell(&till, "of Meena, after it", "complete-sale");
    till.wait_text("#toasts", "saved");
    assert_eq!(sold(&owner), ["of Meena, after it", "of Meena, while it was away"]);
    let posted = till.eval("window.posted.filter((body) => body.includes('not confirmed')).length");
    assert_eq!(posted, 0, "nothing of it was sent");
    // Of what others have given, a seller is told that it is there, and no more.
    till.click("[data-action=unsent]");
    till.wait_text("dialog .unsent-list", "1 entry of others");
    assert_eq!(till.eval("document.querySelector('dialog').textContent.includes('not confirmed')"), false);
    till.click("dialog [data-action=cancel]");

    // Whose it is decides, once the PIN is known again.
    till.click("[data-action=who]");
    till.wait(IS_LOCKED);
    log_in_until(&till, "Ravi", MANAGER_PIN, "unsent");
    till.click("[data-action=unsent]");
    till.wait_text("dialog [data-state=parked] .error", "Ravi has not confirmed it");
    till.click("dialog [data-action=retry]");
    till.wait("document.querySelector('.unsent').hidden");
    let sale = orders(&owner).into_iter().find(|sale| sale["customer_name"] == "not confirmed").unwrap();
    assert_eq!(sale["owner"]["name"], "Ravi");
    chrome.expect_no_faults();
}

/// Sales of this page wait on their way until `window.letGo()`.
const HOLD_SALES: &str = "(() => {
    const plain = window.fetch;
    const released = new Promise((resolve) => (window.letGo = resolve));
    window.fetch = async (path, how) => {
        if (String(path).includes('create-sale')) {
            window.isOnItsWay = true;
            await released;
        }
        return plain(path, how);
    };
})()";

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn a_device_that_is_revoked_while_it_sells_is_out_at_once_and_its_sale_waits_on_it() {
    let chrome = Chrome::start();
    let (server, proxy) = shop();
    let (owner, seller) = staffed(&chrome, &server, &proxy);
    seller.eval(HOLD_SALES);
    fill_bill(&seller, "on its way");
    seller.click("[data-action=complete-sale]");
    seller.wait("window.isOnItsWay");
    shut_out(&owner, &seller, "Till 2");
    assert_eq!(seller.eval("document.body.textContent.includes('on its way')"), false);
    seller.eval("window.letGo()");
    seller.wait_text(".unsent", "1 not sent yet");
    seller.wait_text("#toasts", "as soon as that is mended");
    assert_eq!(seller.eval("document.querySelectorAll('#toasts > *').length"), 1);
    owner.wait("!document.querySelector('[data-screen=devices]').textContent.includes('Till 2')");
    assert!(sold(&owner).is_empty());

    let_in(&owner, &seller, "Till 2 again");
    assert!(sold(&owner).is_empty(), "nobody has logged in yet");
    log_in(&seller, "Meena", SELLER_PIN);
    seller.wait("document.querySelector('.unsent').hidden");
    assert_eq!(sold(&owner), ["on its way"]);
    chrome.expect_no_faults();
}
