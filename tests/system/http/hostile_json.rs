//! Goal: no body, however malformed, deep, long or large its numbers, is stored, stops a thread or is misunderstood; and what
//! is refused says which field is wrong.
//!
//! Method: one table of bodies, each sent to both creates: JSON by the byte, with one thing changed in a valid bill. A row says
//! what the answer is; at the end exactly the rows that are bills are in the lists.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::support::http::Client;
use crate::support::json::{body_with, fault_locations};
use crate::support::samples;
use crate::support::server::Server;

const BODY_BYTES_MAX: usize = 1 << 20;

/// What a body is answered with.
#[derive(Debug, Clone, PartialEq)]
enum Answer {
    /// It is a bill.
    Stored,
    /// 400: not JSON at all.
    NotJson,
    /// 413.
    TooLarge,
    /// 422, with the place of the only fault.
    Fault(Value),
}

use Answer::{Fault, NotJson, Stored, TooLarge};

struct Row {
    name: String,
    body: Vec<u8>,
    answer: Answer,
}

fn row(name: impl Into<String>, body: impl Into<Vec<u8>>, answer: Answer) -> Row {
    Row { name: name.into(), body: body.into(), answer }
}

fn valid() -> String {
    samples::estimate("Asha").to_string()
}

/// A bill with the JSON of one field replaced; an empty text removes it.
fn field(name: &str, json: &str, answer: Answer) -> Row {
    let shown: String = json.chars().take(60).collect();
    row(format!("{name}: {shown}"), body_with(&samples::estimate("Asha"), &[(name, json)]), answer)
}

/// The place of a fault in a field of the bill.
fn in_field(name: &str) -> Answer {
    Fault(json!(["body", name]))
}

/// The place of a fault in the first line of the bill.
fn in_item(name: &str) -> Answer {
    Fault(json!(["body", "items", 0, name]))
}

fn nest(open: &str, close: &str, depth: usize) -> String {
    format!("{}1{}", open.repeat(depth), close.repeat(depth))
}

#[test]
fn what_is_no_bill_is_refused_by_name_and_never_stored() {
    let server = Server::start();
    let mut client = server.client();
    let mut faults = Vec::new();
    let (mut rows, mut stored) = (0, 0);
    for path in ["/api/estimates/create", "/api/orders/create-sale"] {
        let both = [not_json(), not_an_object(), texts(), amounts(), booleans(), items(), item_fields(), sizes()];
        let of_orders = if path.ends_with("sale") { order_fields() } else { Vec::new() };
        for Row { name, body, answer } in both.into_iter().flatten().chain(of_orders) {
            rows += 1;
            stored += usize::from(answer == Stored);
            let seen = send(&mut client, path, &body);
            if answer == TooLarge {
                client = server.client();
            }
            if seen != answer {
                faults.push(format!("{path} {name}: {seen:?}, not {answer:?}"));
            }
        }
    }
    assert!(faults.is_empty(), "{} of {rows}:\n{}", faults.len(), faults.join("\n"));
    eprintln!("{rows} bodies");
    assert_eq!(client.get("/api/orders/all").expect(200).as_array().unwrap().len(), stored);
    client.post("/api/estimates/create", &samples::estimate("the next one")).expect(201);
}

fn send(client: &mut Client, path: &str, body: &[u8]) -> Answer {
    let reply = client.request("POST", path, &[], Some(body));
    match reply.status {
        201 => Stored,
        400 => {
            assert!(!reply.detail(400).is_empty());
            NotJson
        }
        413 => TooLarge,
        422 => {
            let mut places = fault_locations(&reply);
            assert_eq!(places.len(), 1, "{}", reply.text());
            let place = places.remove(0);
            // The sentence that a person reads begins with the field.
            let named = place.as_array().unwrap().iter().skip(1).fold(String::new(), |name, step| match step {
                Value::Number(index) => format!("{name}[{index}]"),
                step if name.is_empty() => step.as_str().unwrap().to_string(),
                step => format!("{name}.{}", step.as_str().unwrap()),
            });
            assert!(reply.detail(422).starts_with(&named), "{}", reply.text());
            Fault(place)
        }
        status => panic!("{status}: {}", reply.text()),
    }
}

fn not_json() -> Vec<Row> {
    let valid = valid();
    let with_total = |token: &str| valid.replace("\"total\":300.0", &format!("\"total\":{token}"));
    let with_name = |bytes: &[u8]| {
        let at = valid.find("Asha").unwrap();
        [&valid.as_bytes()[..at], bytes, &valid.as_bytes()[at + 4..]].concat()
    };
    let mut rows = vec![
        // It says nothing, and may be ignored (RFC 8259 §8.1).
        row("a byte order mark", format!("\u{feff}{valid}"), Stored),
        row("nothing", "", NotJson),
        row("white space", " \r\n\t", NotJson),
        row("an unfinished object", &valid.as_bytes()[..valid.len() - 1], NotJson),
        row("text", "hello", NotJson),
        row("a comma too many", valid.replace("}]", "},]"), NotJson),
        row("a comma before the end", valid.replacen("{\"", "{,\"", 1), NotJson),
        row("two objects", valid.repeat(2), NotJson),
        row("something behind it", valid.clone() + " x", NotJson),
        row("NUL behind it", valid.clone() + "\0", NotJson),
        row("a byte order mark alone", "\u{feff}", NotJson),
        row("two byte order marks", format!("\u{feff}\u{feff}{valid}"), NotJson),
        row("a byte order mark inside", valid.replacen('{', "{\u{feff}", 1), NotJson),
        row("UTF-16", valid.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>(), NotJson),
        row("single quotes", valid.replace('"', "'"), NotJson),
        row("a comment", valid.replacen('{', "{/* x */", 1), NotJson),
        row("a name without quotes", valid.replacen("\"total\"", "total", 1), NotJson),
        row("not UTF-8", with_name(b"\xff"), NotJson),
        row("an overlong slash", with_name(b"\xc0\xaf"), NotJson),
        row("a surrogate in UTF-8", with_name(b"\xed\xa0\x80"), NotJson),
        row("half a character", with_name(b"\xe2\x82"), NotJson),
        row("a number beyond every type", "1e400", NotJson),
        row("100,000 objects that never end", "{\"a\":".repeat(100_000), NotJson),
    ];
    for raw in ["\n", "\0", "\u{1f}", "\t", "\\x", "\\u12", "\\u{1}", "\\'"] {
        rows.push(row(format!("{raw:?} in a text"), with_name(raw.as_bytes()), NotJson));
    }
    let tokens = [
        "NaN",
        "nan",
        "Infinity",
        "-Infinity",
        "inf",
        "01",
        "-01",
        "00",
        "+1",
        "1.",
        ".5",
        "0x10",
        "1e",
        "1e+",
        "--1",
        "1_000",
        "1,5",
        "-",
        "tru",
        "nul",
        "undefined",
        "\u{661}",
    ];
    rows.extend(tokens.map(|token| row(format!("total: {token}"), with_total(token), NotJson)));
    rows
}

fn not_an_object() -> Vec<Row> {
    let mut rows: Vec<Row> =
        ["[]", "5", "null", "true", "\"text\""].map(|body| row(body, body, Fault(json!(["body"])))).into();
    rows.push(row("100,000 lists that never end", "[".repeat(100_000), Fault(json!(["body"]))));
    rows.push(row("100,000 lists", nest("[", "]", 100_000), Fault(json!(["body"]))));
    let more_fields = |count: usize| {
        let mut fields = String::new();
        for index in 0..count {
            write!(fields, "\"x{index}\":{index},").unwrap();
        }
        valid().replacen('{', &format!("{{{fields}"), 1)
    };
    rows.push(row("256 fields", more_fields(246), Stored));
    rows.push(row("257 fields", more_fields(247), Fault(json!(["body"]))));
    let same_field = |count: usize| valid().replacen('{', &format!("{{{}", "\"x\":0,".repeat(count)), 1);
    rows.push(row("256 fields, most of them the same", same_field(246), Stored));
    rows.push(row("257 fields, most of them the same", same_field(247), Fault(json!(["body"]))));
    for name in ["total", "items", "customer_name", "is_percentage_discount"] {
        let twice = valid().replacen('{', &format!("{{\"{name}\":1,"), 1);
        rows.push(row(format!("{name} twice"), twice, in_field(name)));
    }
    let escaped = valid().replacen('{', "{\"t\\u006ftal\":1,", 1);
    rows.push(row("total twice, once in escapes", escaped, in_field("total")));
    // What nobody reads is not stored and harms nobody.
    rows.push(row("an unknown field twice", valid().replacen('{', "{\"x\":1,\"x\":2,", 1), Stored));
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let nested = nest(open, close, 50_000);
        rows.push(row(
            format!("an unknown field of 50,000 {open}"),
            valid().replacen('{', &format!("{{\"x\":{nested},"), 1),
            Stored,
        ));
    }
    rows
}

fn texts() -> Vec<Row> {
    let text_of = |characters: usize| format!("\"{}\"", "₹".repeat(characters));
    let mut rows = Vec::new();
    for name in ["customer_name", "customer_phone", "customer_address", "sale_by"] {
        for token in ["", "null", "5", "1.5", "true", "[]", "{}", "[\"x\"]"] {
            rows.push(field(name, token, in_field(name)));
        }
        for lone in [r#""\ud800""#, r#""\udc00""#, r#""\ud800\ud800""#, r#""a\ud83dx""#, r#""\udca1\ud83d""#] {
            rows.push(field(name, lone, in_field(name)));
        }
        rows.push(field(name, &text_of(1_000), Stored));
        rows.push(field(name, &text_of(1_001), in_field(name)));
        rows.push(field(name, &format!("\"{}\"", "x".repeat(900_000)), in_field(name)));
        rows.push(field(name, &format!("\"{}\"", "\\u0001".repeat(150_000)), in_field(name)));
    }
    rows.push(field("customer_name", "\"\"", in_field("customer_name")));
    rows.push(field("customer_name", "\"  \\t\\n\"", in_field("customer_name")));
    rows.push(field("customer_name", r#""\ud83d\udca1""#, Stored));
    rows
}

fn amounts() -> Vec<Row> {
    let mut rows = Vec::new();
    for name in ["subtotal", "discount_amount", "total"] {
        for token in [
            "",
            "null",
            "true",
            "[]",
            "{}",
            "\"abc\"",
            "\"\"",
            "\" \"",
            "\"NaN\"",
            "\"Infinity\"",
            "\"inf\"",
            "\"-inf\"",
            "\"0x10\"",
            "\"1,5\"",
            "\"1_0\"",
            "\"\\u0661\"",
            "\"\\ud800\"",
            "\"1e400\"",
            "1e400",
            "1e99999999999999999999",
            "9223372036854775807",
            "9223372036854775808",
            "18446744073709551616",
            "99999999999999999",
            "10000000000000",
            "-1",
            "-0.01",
            "\"-5\"",
            "-1e400",
            "-9223372036854775808",
        ] {
            rows.push(field(name, token, in_field(name)));
        }
        for token in
            ["0", "-0", "-0.0", "1e-400", "9999999999999.99", "\"007\"", "0.000000000000000000000000000000000001"]
        {
            rows.push(field(name, token, Stored));
        }
        rows.push(field(name, &format!("0.{}", "1".repeat(100_000)), Stored));
        rows.push(field(name, &"1".repeat(100_000), in_field(name)));
    }
    for token in ["100.5", "-1", "\"101\"", "1e400", "\"NaN\""] {
        let changes = [("is_percentage_discount", "true"), ("discount_amount", token)];
        let body = body_with(&samples::estimate("Asha"), &changes);
        rows.push(row(format!("a discount of {token} %"), body, in_field("discount_amount")));
    }
    for token in ["\"some\"", "true", "[]", "101", "-1", "\"NaN\"", "\"inf\"", "1e400"] {
        rows.push(field("discount_percentage", token, in_field("discount_percentage")));
    }
    rows
}

fn booleans() -> Vec<Row> {
    let name = "is_percentage_discount";
    ["", "null", "\"maybe\"", "2", "-1", "[]", "{}", "\"\"", "1e400"]
        .map(|token| field(name, token, in_field(name)))
        .into()
}

fn items() -> Vec<Row> {
    let lines = |count: usize| format!("[{}]", vec![r#"{"name":"a","price":1,"quantity":1}"#; count].join(","));
    let mut rows = vec![
        field("items", &lines(1_000), Stored),
        field("items", &lines(1_001), in_field("items")),
        field("items", &format!("[{}]", vec!["1"; 100_000].join(",")), in_field("items")),
    ];
    rows.extend(["", "null", "[]", "{}", "\"x\"", "5"].map(|token| field("items", token, in_field("items"))));
    let first = || Fault(json!(["body", "items", 0]));
    let line = |more: &str| format!(r#"[{{"name":"a","price":1,"quantity":1,{more}}}]"#);
    for token in ["[1]", "[null]", "[\"x\"]", "[[]]"] {
        rows.push(field("items", token, first()));
    }
    for more in [
        r#""x":1e400"#.to_string(),
        r#""x":"\ud800""#.to_string(),
        format!("\"x\":{}", nest("[", "]", 200)),
        format!("\"x\":{}", nest("{\"a\":", "}", 50_000)),
    ] {
        rows.push(field("items", &line(&more), first()));
    }
    rows.push(field("items", &line(&format!("\"x\":{}", nest("[", "]", 100))), Stored));
    // Fields are counted also where nobody reads them, since every client must.
    let same_fields = |count: usize| vec![r#""x":0"#; count].join(",");
    let fields = |count: usize| (0..count).map(|index| format!("\"x{index}\":0")).collect::<Vec<_>>().join(",");
    for (more, answer) in [
        (fields(253), Stored),
        (fields(254), first()),
        (fields(5_000), first()),
        (same_fields(253), Stored),
        (same_fields(254), first()),
        (format!("\"x\":{{{}}}", fields(256)), Stored),
        (format!("\"x\":[[{{{}}}]]", fields(257)), first()),
        (format!("\"x\":{{{}}}", same_fields(257)), first()),
    ] {
        rows.push(field("items", &line(&more), answer));
    }
    // One line that cannot be read does not hide that there are too many, nor what is wrong with another one.
    let unreadable = r#"{"x":1e400}"#;
    rows.push(field("items", &format!("[{unreadable},{}]", vec!["{}"; 1_000].join(",")), in_field("items")));
    rows.push(field("items", &format!("[{}]", vec![unreadable; 1_001].join(",")), in_field("items")));
    let well = r#"{"name":"a","price":1,"quantity":1}"#;
    rows.push(field("items", &format!("[{well},{unreadable}]"), Fault(json!(["body", "items", 1]))));
    // Amounts beyond every type: stored as sent and flagged, since a till is never refused a sale over arithmetic.
    let huge = r#"{"name":"a","price":9999999999999,"quantity":9999999999999}"#;
    rows.push(field("items", &format!("[{huge}]"), Stored));
    rows.push(field("items", &format!("[{}]", vec![huge; 1_000].join(",")), Stored));
    let below = r#"{"name":"a","price":-9999999999999,"quantity":9999999999999}"#;
    rows.push(field("items", &format!("[{}]", vec![below; 1_000].join(",")), Stored));
    rows
}

fn item_fields() -> Vec<Row> {
    let mut rows = Vec::new();
    let base = json!({"name": "a", "price": 1, "quantity": 1});
    let mut with = |name: &str, token: &str, answer: Answer| {
        let item = String::from_utf8(body_with(&base, &[(name, token)])).unwrap();
        rows.push(field("items", &format!("[{item}]"), answer));
    };
    for name in ["price", "quantity"] {
        for token in [
            "",
            "null",
            "true",
            "[]",
            "\"some\"",
            "\"\"",
            "\"NaN\"",
            "1e400",
            "-1e400",
            "1e14",
            "9223372036854775808",
            "\"1e400\"",
        ] {
            with(name, token, in_item(name));
        }
    }
    for token in ["0", "-0", "-1", "1e-400"] {
        with("quantity", token, in_item("quantity"));
    }
    for token in ["100.5", "-0.5", "1e400", "\"some\"", "true"] {
        with("discount", token, in_item("discount"));
    }
    let long = format!("\"{}\"", "x".repeat(1_001));
    for token in ["", "null", "5", "[]", r#""\ud800""#, &long] {
        with("name", token, in_item("name"));
    }
    let twice = r#"[{"name":"a","price":1,"quantity":1,"price":2}]"#;
    rows.push(field("items", twice, in_item("price")));
    rows
}

fn sizes() -> Vec<Row> {
    let padded = |bytes: usize| valid() + &" ".repeat(bytes - valid().len());
    vec![row("a megabyte", padded(BODY_BYTES_MAX), Stored), row("a byte more", padded(BODY_BYTES_MAX + 1), TooLarge)]
}

fn order_fields() -> Vec<Row> {
    let mut rows: Vec<Row> = ["-1", "\"some\"", "1e400", "9223372036854775808", "[]"]
        .map(|token| field("amount_paid", token, in_field("amount_paid")))
        .into();
    for name in ["payment_mode", "source_estimate_id", "source_estimate_number"] {
        for token in ["5", "[]", r#""\ud800""#] {
            rows.push(field(name, token, in_field(name)));
        }
        rows.push(field(name, &format!("\"{}\"", "₹".repeat(1_000)), Stored));
        rows.push(field(name, &format!("\"{}\"", "₹".repeat(1_001)), in_field(name)));
    }
    rows
}
