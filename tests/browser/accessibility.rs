//! Goal: everybody can use the page. Method: axe-core, of npm, looks at every screen, wide, narrow and at 320 px, in the light
//! and in the dark; and nothing but the lists' own panes scrolls sideways.

use std::path::PathBuf;
use std::process::Command;

use serde_json::json;

use crate::chrome::{Chrome, Page};
use crate::screens::live;
use crate::support::server::Server;
use crate::support::till::{convert, create_estimate, create_sale};

/// The script of axe-core, where npm keeps global packages.
fn axe() -> Option<String> {
    let root = Command::new("npm").args(["root", "-g"]).output().ok()?;
    let root = PathBuf::from(String::from_utf8(root.stdout).ok()?.trim());
    std::fs::read_to_string(root.join("axe-core/axe.min.js")).ok()
}

const CHECK: &str =
    "axe.run(document).then(({ violations }) => violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`))";

fn check(page: &Page, axe: &str, what: &str) {
    page.eval(&format!("{axe}; void 0"));
    let found = page.eval(CHECK);
    assert_eq!(found, json!([]), "{what}");
    let is_wide = page.eval("document.documentElement.scrollWidth > innerWidth");
    assert_eq!(is_wide, false, "{what} scrolls sideways");
}

#[test]
fn axe_finds_nothing_on_any_screen() {
    let Some(chrome) = Chrome::start() else { return };
    let Some(axe) = axe() else {
        eprintln!("SKIPPED: axe-core is not installed (npm install -g axe-core)");
        assert!(std::env::var_os("CI").is_none(), "in CI axe-core must be there");
        return;
    };
    let server = Server::start();
    let mut client = server.client();
    let (open, converted) = (create_estimate(&mut client, "Asha"), create_estimate(&mut client, "Ravi"));
    convert(&mut client, &converted.id, br#"{"amount_paid": 100}"#).expect(200);
    let sale = create_sale(&mut client, "Meena");
    let screens = [
        ("#/", ".activity a"),
        ("#/estimates", "a.row"),
        (&format!("#/estimates/{}", open.id), ".history li"),
        (&format!("#/estimates/{}/edit", open.id), "[data-action=save]"),
        ("#/orders", "a.row"),
        (&format!("#/orders/{}", sale.id), ".history li"),
        (&format!("#/orders/{}/print", sale.id), ".sheet"),
        ("#/new", "[data-action=complete-sale]"),
        ("#/settings", "[data-action=save]"),
    ];
    let page = live(&chrome, &server, "");
    for (width, height) in [(1280, 800), (390, 844), (320, 640)] {
        for scheme in ["light", "dark"] {
            page.look(width, height, scheme);
            for (hash, ready) in screens {
                page.screen(hash);
                page.wait(&format!("document.querySelector({})", json!(format!("main {ready}"))));
                check(&page, &axe, &format!("{hash} at {width} px, {scheme}"));
            }
            page.screen(&format!("#/estimates/{}", open.id));
            page.click("[data-action=convert]");
            check(&page, &axe, &format!("the conversion at {width} px, {scheme}"));
            page.click("dialog [data-action=cancel]");
        }
    }
    chrome.expect_no_faults();
}
