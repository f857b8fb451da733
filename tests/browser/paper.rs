//! Goal: paper holds the whole bill. Method: a sale of 200 lines is printed to PDF on each paper and read back with poppler's
//! `pdftotext`.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::chrome::{Chrome, Page};
use crate::screens::live;
use crate::support::samples;
use crate::support::server::Server;
use crate::support::skip_without;
use crate::support::till::Stored;

const LINES: usize = 200;

/// What a tool makes of its input.
fn piped(tool: &str, args: &[&str], input: &[u8]) -> Vec<u8> {
    let mut child = Command::new(tool).args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&input).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success(), "{tool}");
    output.stdout
}

/// The text of each page that the printer would get.
fn printed(page: &Page) -> Vec<String> {
    let pdf = page.call("Page.printToPDF", &json!({"preferCSSPageSize": true}));
    let pdf = piped("base64", &["--decode"], pdf["data"].as_str().unwrap().as_bytes());
    let text = String::from_utf8(piped("pdftotext", &["-layout", "-", "-"], &pdf)).unwrap();
    let mut pages: Vec<String> = text.split('\u{c}').map(str::to_string).collect();
    assert_eq!(pages.pop().unwrap(), "", "a page ends with a form feed");
    pages
}

#[test]
fn two_hundred_lines_are_printed_whole_on_numbered_pages_of_every_paper() {
    let Some(chrome) = Chrome::start() else { return };
    if Command::new("pdftotext").arg("-v").stderr(Stdio::null()).status().is_err() {
        return skip_without("pdftotext");
    }
    let server = Server::start();
    let mut client = server.client();
    let mut sale = samples::sale("Greenview Housing Society, Wing B Maintenance Committee");
    let items =
        (1..=LINES).map(|line| json!({"id": line, "name": format!("Item {line:03}"), "price": 12.5, "quantity": 2}));
    sale["items"] = items.collect();
    for (field, amount) in [("subtotal", 5_000), ("total", 5_000), ("amount_paid", 1_000)] {
        sale[field] = json!(amount);
    }
    let sale = Stored::order(&client.post("/api/orders/create-sale", &sale).expect(201));
    let page = live(&chrome, &server, &format!("#/orders/{}/print", sale.id));
    for paper in ["A4", "80mm", "58mm"] {
        client.put("/api/settings", &json!({"paper_size": paper})).expect(200);
        page.wait(&format!("document.querySelector('.sheet[data-paper=\"{paper}\"]')"));
        let pages = printed(&page);
        assert!(pages.len() > 1, "{paper}");
        for (index, text) in pages.iter().enumerate() {
            let last = text.trim().lines().last().unwrap().replace(' ', "");
            assert_eq!(last, format!("{}/{}", index + 1, pages.len()), "{paper}: {text}");
        }
        let whole = pages.concat();
        let lines: Vec<&str> = whole.match_indices("Item ").filter_map(|(at, _)| whole.get(at + 5..at + 8)).collect();
        let lines: Vec<usize> = lines.iter().filter_map(|line| line.parse().ok()).collect();
        assert_eq!(lines, (1..=LINES).collect::<Vec<_>>(), "{paper}");
        for part in ["Greenview", "5,000.00", "1,000.00", "4,000.00"] {
            assert!(whole.contains(part), "{paper}: {part}");
        }
    }
    chrome.expect_no_faults();
}
