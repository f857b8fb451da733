//! Goal: paper holds the whole bill: sheets are numbered, a roll is one page as long as its text. Method: sales of one and of 200 lines
//! are printed to PDF on each paper and read back with poppler's `pdftotext` and `pdfinfo`.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::chrome::{Chrome, Page};
use crate::steps::live;
use crate::support::samples;
use crate::support::server::Server;
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

/// What the printer would get.
fn printed(page: &Page) -> Vec<u8> {
    let pdf = page.call("Page.printToPDF", &json!({"preferCSSPageSize": true}));
    piped("base64", &["--decode"], pdf["data"].as_str().unwrap().as_bytes())
}

/// The text of each of its pages.
fn pages_of(pdf: &[u8]) -> Vec<String> {
    let text = String::from_utf8(piped("pdftotext", &["-layout", "-", "-"], pdf)).unwrap();
    let mut pages: Vec<String> = text.split('\u{c}').map(str::to_string).collect();
    assert_eq!(pages.pop().unwrap(), "", "a page ends with a form feed");
    pages
}

/// Millimetres of a length in points.
fn mm(points: &str) -> f64 {
    points.parse::<f64>().unwrap() / 72.0 * 25.4
}

/// Width and height of its first page in millimetres.
fn size_of(pdf: &[u8]) -> (f64, f64) {
    let info = String::from_utf8(piped("pdfinfo", &["-"], pdf)).unwrap();
    let line = info.lines().find_map(|line| line.strip_prefix("Page size:")).unwrap();
    let numbers: Vec<f64> = line.split_whitespace().filter(|word| word.parse::<f64>().is_ok()).map(mm).collect();
    (numbers[0], numbers[1])
}

/// Where the last word stands that is printed on the first page, in millimetres from its top.
fn end_of_text(pdf: &[u8]) -> f64 {
    let words = String::from_utf8(piped("pdftotext", &["-bbox", "-l", "1", "-", "-"], pdf)).unwrap();
    let ends = words.split("yMax=\"").skip(1).map(|rest| mm(rest.split('"').next().unwrap()));
    ends.fold(0.0, f64::max)
}

/// A sale of so many lines of 25.0, of which a fifth is paid.
fn sale_of(server: &Server, lines: usize) -> String {
    let mut sale = samples::sale("Greenview Housing Society, Wing B Maintenance Committee");
    sale["items"] = (1..=lines)
        .map(|line| json!({"id": line, "name": format!("Item {line:03}"), "price": 12.5, "quantity": 2}))
        .collect();
    for (field, amount) in [("subtotal", 25 * lines), ("total", 25 * lines), ("amount_paid", 5 * lines)] {
        sale[field] = json!(amount);
    }
    Stored::order(&server.post("/api/orders/create-sale", &sale).expect(201)).id
}

fn choose_paper(page: &Page, server: &Server, paper: &str) {
    server.client().put("/api/settings", &json!({"paper_size": paper})).expect(200);
    page.wait(&format!("document.querySelector('.sheet[data-paper=\"{paper}\"]')"));
}

#[test]
#[cfg_attr(any(missing = "chromium", missing = "poppler"), ignore = "Chromium or poppler is not installed")]
fn two_hundred_lines_are_printed_whole_on_every_paper_and_sheets_are_numbered() {
    let chrome = Chrome::start();
    let server = Server::start();
    let page = live(&chrome, &server, &format!("#/orders/{}/print", sale_of(&server, LINES)));
    for paper in ["A4", "80mm", "58mm"] {
        choose_paper(&page, &server, paper);
        let pages = pages_of(&printed(&page));
        assert_eq!(pages.len() > 1, paper == "A4", "{paper}");
        for (index, text) in pages.iter().enumerate().filter(|_| paper == "A4") {
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

/// Whichever way the browser offers to make a style sheet: one is taken away from it.
#[test]
#[cfg_attr(any(missing = "chromium", missing = "poppler"), ignore = "Chromium or poppler is not installed")]
fn a_receipt_on_a_roll_is_one_page_as_long_as_its_text_and_has_no_page_number() {
    /// Below the text is the room for the blade, and what the measure is too long.
    const BELOW_MM: std::ops::Range<f64> = 6.0..12.0;
    let chrome = Chrome::start();
    let server = Server::start();
    let sales = [1, 12, LINES].map(|lines| (lines, sale_of(&server, lines)));
    for is_old in [false, true] {
        let page = chrome.open(&chrome.device(), "about:blank");
        if is_old {
            let source =
                "delete Document.prototype.adoptedStyleSheets; delete ShadowRoot.prototype.adoptedStyleSheets;";
            page.before_each_load(source);
        }
        page.goto(&format!("http://{}/", server.addr));
        for (lines, id) in &sales {
            page.screen(&format!("#/orders/{id}/print"));
            page.wait(&format!("document.querySelectorAll('.sheet tbody tr').length === {lines}"));
            for (paper, width) in [("80mm", 80.0), ("58mm", 58.0)] {
                choose_paper(&page, &server, paper);
                let pdf = printed(&page);
                let what = format!("{lines} lines on {paper}, old browser: {is_old}");
                let pages = pages_of(&pdf);
                assert_eq!(pages.len(), 1, "{what}");
                let (wide, tall) = size_of(&pdf);
                assert!((wide - width).abs() < 0.5, "{what}: {wide} mm");
                let below = tall - end_of_text(&pdf);
                let most = BELOW_MM.end + tall * 0.015;
                assert!((BELOW_MM.start..most).contains(&below), "{what}: {below} mm below the text of {tall} mm");
                let last = pages[0].trim().lines().last().unwrap();
                assert!(last.contains("Due"), "{what}: {last}");
            }
        }
    }
    chrome.expect_no_faults();
}
