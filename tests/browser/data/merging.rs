//! Goal: an edit is merged with what was changed elsewhere meanwhile wherever the two do not overlap, and only what does is asked.
//! Method: what both began with, mine and theirs through the page's own module, as records of a few fields.

use serde_json::{Value, json};

use crate::chrome::{Chrome, Page};
use crate::steps::live;
use crate::support::server::Server;

/// Makes records of `{customer?, phone?, discount?, items: [[id, name, price, quantity?, discount?, more?]]}`, merges them, and tells
/// what came of it: the lines and fields, what is asked, and what is theirs alone. `mine` are the labels for which mine is right.
const MERGE: &str = "
    const record = ({ customer = 'Asha', phone = '1', discount = 0, items }) => ({
        estimate_id: 'EST-1', estimate_number: '#001', created_at: '2026-11-28T10:00:00.000000+00:00', rev: 1, total: 0, subtotal: 0,
        customer_name: customer, customer_phone: phone, customer_address: '', sale_by: '', discount_amount: discount, is_percentage_discount: true,
        items: items.map(([id, name, price, quantity = 1, discount = 0, more = {}]) => ({ ...(id && { id }), name, price, quantity, discount, ...more })),
    });
    const merged = ([base, mine, theirs], right = []) => {
        const merge = new Merge(draftOf(record(base)), draftOf(record(mine)), draftOf(record(theirs)));
        const draft = merge.draft(({ label, by }) => (by === 'both' ? right.includes(label) : by === 'mine'));
        return {
            lines: draft.lines.map(lookOf), customer: draft.customer_name, phone: draft.customer_phone, discount: draft.discount,
            asked: merge.overlaps.map(({ label, mine, theirs }) => [label, mine, theirs]), taken: merge.taken,
            items: JSON.parse(bodyText(bodyOf({ ...draft, base: record(theirs) }, billOfDraft(draft)))).items,
        };
    };";

/// What comes of the three versions, where mine is right for these labels.
fn merged(page: &Page, versions: &Value, right: &Value) -> Value {
    page.eval(&format!(
        "(async () => {{
            const {{ Merge }} = {};
            const {{ billOfDraft, bodyOf, bodyText, draftOf, lookOf }} = {};
            {MERGE}
            return merged({versions}, {right});
        }})()",
        Page::import("merge.js"),
        Page::import("draft.js"),
    ))
}

fn page_of(chrome: &Chrome) -> (Server, Page) {
    let server = Server::start();
    let page = live(chrome, &server, "");
    (server, page)
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn what_does_not_overlap_is_kept_of_both() {
    let chrome = Chrome::start();
    let (_server, page) = page_of(&chrome);
    let bulb = json!([1, "Bulb", 100, 2]);
    let plug = json!([2, "Plug", 50]);
    let both = json!({"items": [bulb, plug]});
    let cases = [
        (
            "the customer here, a line there",
            json!({"customer": "Bina", "items": [bulb, plug]}),
            json!({"items": [bulb, [2, "Plug", 60]]}),
            json!(["Bina", "1", "", ["2 × Bulb · 100", "1 × Plug · 60"], ["Plug · Rate"]]),
        ),
        (
            "the name here, the phone there",
            json!({"customer": "Bina", "items": [bulb, plug]}),
            json!({"phone": "2", "items": [bulb, plug]}),
            json!(["Bina", "2", "", ["2 × Bulb · 100", "1 × Plug · 50"], ["Phone"]]),
        ),
        (
            "two lines",
            json!({"items": [[1, "Bulb", 90, 2], plug]}),
            json!({"items": [bulb, [2, "Plug", 50, 3]]}),
            json!(["Asha", "1", "", ["2 × Bulb · 90", "3 × Plug · 50"], ["Plug · Qty"]]),
        ),
        (
            "the price and the quantity of a line",
            json!({"items": [[1, "Bulb", 90, 2], plug]}),
            json!({"items": [[1, "Bulb", 100, 5], plug]}),
            json!(["Asha", "1", "", ["5 × Bulb · 90", "1 × Plug · 50"], ["Bulb · Qty"]]),
        ),
        (
            "the same of both",
            json!({"items": [[1, "Bulb", 90, 2], plug]}),
            json!({"items": [[1, "Bulb", 90, 2], plug]}),
            json!(["Asha", "1", "", ["2 × Bulb · 90", "1 × Plug · 50"], []]),
        ),
        (
            "a line more on each side",
            json!({"items": [bulb, [0, "Fan", 900], plug]}),
            json!({"items": [bulb, plug, [3, "Wire", 10]]}),
            json!(["Asha", "1", "", ["2 × Bulb · 100", "1 × Fan · 900", "1 × Plug · 50", "1 × Wire · 10"], ["Wire"]]),
        ),
        (
            "both at the end",
            json!({"items": [bulb, plug, [0, "Fan", 900]]}),
            json!({"items": [bulb, plug, [3, "Wire", 10]]}),
            json!(["Asha", "1", "", ["2 × Bulb · 100", "1 × Plug · 50", "1 × Wire · 10", "1 × Fan · 900"], ["Wire"]]),
        ),
        (
            "the same line more on both",
            json!({"items": [bulb, plug, [0, "Fan", 900]]}),
            json!({"items": [bulb, plug, [3, "Fan", 900]]}),
            json!(["Asha", "1", "", ["2 × Bulb · 100", "1 × Plug · 50", "1 × Fan · 900"], []]),
        ),
        (
            "a line less on each side",
            json!({"items": [plug]}),
            json!({"items": [bulb]}),
            json!(["Asha", "1", "", [], ["Plug"]]),
        ),
        (
            "a line less there, whose ids begin anew",
            json!({"items": [bulb, [2, "Plug", 55]]}),
            json!({"items": [[1, "Plug", 50]]}),
            json!(["Asha", "1", "", ["1 × Plug · 55"], ["Bulb"]]),
        ),
        (
            "the discount here, a line there",
            json!({"discount": 10, "items": [bulb, plug]}),
            json!({"items": [bulb]}),
            json!(["Asha", "1", "10", ["2 × Bulb · 100"], ["Plug"]]),
        ),
        (
            "what nobody sees of a line",
            json!({"items": [[1, "Bulb", 90, 2], plug]}),
            json!({"items": [[1, "Bulb", 100, 2, 0, {"hsn": 8544}], plug]}),
            json!(["Asha", "1", "", ["2 × Bulb · 90", "1 × Plug · 50"], []]),
        ),
    ];
    for (case, mine, theirs, expected) in cases {
        let told = merged(&page, &json!([both, mine, theirs]), &json!([]));
        assert_eq!(told["asked"], json!([]), "{case}");
        let kept = json!([told["customer"], told["phone"], told["discount"], told["lines"], told["taken"]]);
        assert_eq!(kept, expected, "{case}");
        if case.starts_with("what nobody") {
            assert_eq!(
                told["items"][0],
                json!({"id": 1, "name": "Bulb", "price": 90, "quantity": 2, "discount": 0, "hsn": 8544})
            );
        }
    }
    chrome.expect_no_faults();
}

#[test]
#[cfg_attr(missing = "chromium", ignore = "Chromium is not installed")]
fn only_what_overlaps_is_asked_and_either_answer_is_kept() {
    let chrome = Chrome::start();
    let (_server, page) = page_of(&chrome);
    let bulb = json!([1, "Bulb", 100, 2]);
    let both = json!({"items": [bulb]});
    let cases = [
        (
            "the same field",
            json!({"phone": "2", "items": [bulb]}),
            json!({"phone": "3", "items": [bulb]}),
            json!(["Phone", "2", "3"]),
            json!([["2", "2 × Bulb · 100"], ["3", "2 × Bulb · 100"]]),
        ),
        (
            "the quantity, and only there the price",
            json!({"items": [[1, "Bulb", 100, 3]]}),
            json!({"items": [[1, "Bulb", 90, 4]]}),
            json!(["Bulb · Qty", "3", "4"]),
            json!([["1", "3 × Bulb · 90"], ["1", "4 × Bulb · 90"]]),
        ),
        (
            "the price here, a discount there",
            json!({"items": [[1, "Bulb", 90, 2]]}),
            json!({"items": [[1, "Bulb", 100, 2, 5]]}),
            json!(["Bulb · Rate", "90", "100 · 5 %"]),
            json!([["1", "2 × Bulb · 90"], ["1", "2 × Bulb · 100 · 5 %"]]),
        ),
        (
            "another item here, more of the old one there",
            json!({"items": [[1, "Tube", 100, 2]]}),
            json!({"items": [[1, "Bulb", 100, 4]]}),
            json!(["Bulb", "2 × Tube · 100", "4 × Bulb · 100"]),
            json!([["1", "2 × Tube · 100"], ["1", "4 × Bulb · 100"]]),
        ),
        (
            "away here, changed there",
            json!({"items": []}),
            json!({"items": [[1, "Bulb", 100, 4]]}),
            json!(["Bulb", "Removed", "4 × Bulb · 100"]),
            json!([["1"], ["1", "4 × Bulb · 100"]]),
        ),
        (
            "changed here, away there",
            json!({"items": [[1, "Bulb", 100, 4]]}),
            json!({"items": []}),
            json!(["Bulb", "4 × Bulb · 100", "Removed"]),
            json!([["1", "4 × Bulb · 100"], ["1"]]),
        ),
        (
            "more of another number on each side",
            json!({"items": [bulb, [0, "Fan", 900]]}),
            json!({"items": [bulb, [2, "fan", 900, 2]]}),
            json!(["fan", "1 × Fan · 900", "2 × fan · 900"]),
            json!([["1", "2 × Bulb · 100", "1 × Fan · 900"], ["1", "2 × Bulb · 100", "2 × fan · 900"]]),
        ),
        (
            "the discount",
            json!({"discount": 5, "items": [bulb]}),
            json!({"discount": 7, "items": [bulb]}),
            json!(["Bill discount", "5 %", "7 %"]),
            json!([["1", "2 × Bulb · 100"], ["1", "2 × Bulb · 100"]]),
        ),
    ];
    for (case, mine, theirs, asked, outcomes) in cases {
        let versions = json!([both, mine, theirs]);
        for (right, outcome) in [(json!([asked[0]]), &outcomes[0]), (json!([]), &outcomes[1])] {
            let told = merged(&page, &versions, &right);
            assert_eq!(told["asked"], json!([asked]), "{case}");
            let mut kept = vec![told["phone"].clone()];
            kept.extend(told["lines"].as_array().unwrap().clone());
            assert_eq!(&json!(kept), outcome, "{case}, {right}");
            if case == "the discount" {
                assert_eq!(told["discount"], if right == json!([]) { "7" } else { "5" });
            }
        }
    }
    chrome.expect_no_faults();
}
