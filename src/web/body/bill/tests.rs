//! Goal: the fast path is taken by what tills send, and gives what reading field by field gives; no bytes give a bill out of
//! bounds. Method: bills written in the ways of many programs, ordinary and odd, and spoilt ones, are read both ways.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::slice;

use proptest::collection::vec;
use proptest::prelude::{Strategy, any};
use serde_json::Value;

use super::instructions::SAMPLE;
use super::*;
use crate::domain::TEXT_CHARS_MAX;
use crate::web::body::compact::compact;
use crate::web::body::object::FIELDS_MAX;
use crate::web::http::{changed, fuzz, spoilt};

/// What spoils a body.
const TOKENS: [&str; 30] = [
    "\"",
    "\\",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "null",
    "true",
    "-",
    "-1",
    "1e400",
    "1e-400",
    "9223372036854775808",
    "0",
    "NaN",
    "\\ud800",
    "\\u0000",
    "\\u202e",
    "\u{202e}",
    "\0",
    "é",
    "\"total\":1,",
    "\"items\":[]",
    "[[[[[[[[[[[[[[[[",
    "0.1",
    "\n",
    "\"price\":",
    "100000000000000000000000000000000000000000",
];

const BILL: &str = r#"{"customer_name":"Asha","customer_phone":"","customer_address":"MG Road","sale_by":"Ravi","items":[
    {"id":1,"name":"LED","price":100,"quantity":2,"discount":0,"x":{"y":[1.5,null]}},{"name":"a","price":"5","quantity":1e1}],
    "subtotal":300.0,"discount_amount":"5","is_percentage_discount":true,"discount_percentage":5,"total":285,
    "payment_mode":"UPI","amount_paid":0.5,"source_estimate_id":"EST-1","created_at":"2025","unknown":[]}"#;

/// Whatever the body, it is a bill within all bounds that other programs can read, or refused as 400 or 422.
#[test]
fn any_body_is_a_bill_or_refused() {
    let clock = ShopClock::new(jiff::tz::TimeZone::UTC);
    fuzz(20_000, &spoilt([BILL.as_bytes().to_vec()].into(), &TOKENS), |bytes| {
        let Ok(body) = std::str::from_utf8(&bytes) else { return };
        match read_sale_body(body, Currency::INR, &clock) {
            Ok(BillBody { draft, .. }) => check(&draft),
            Err(problem) => {
                assert!([400, 422].contains(&problem.status), "{problem:?}");
                assert_eq!(problem.faults.is_empty(), problem.status == 400, "{problem:?}");
            }
        }
    });
}

fn check(draft: &SaleDraft) {
    let sale = &draft.sale;
    for text in [&sale.customer_name, &sale.customer_phone, &sale.customer_address, &sale.sale_by, &draft.payment_mode]
    {
        assert!(text.chars().count() <= TEXT_CHARS_MAX);
    }
    for amount in [sale.subtotal, sale.total, draft.amount_paid] {
        assert!((0..=999_999_999_999_999).contains(&amount.minor_units()), "{amount:?}");
    }
    let items: Vec<Value> = serde_json::from_str(sale.items.json()).unwrap();
    assert!((1..=ITEMS_MAX).contains(&items.len()) && items.iter().all(Value::is_object));
    assert_eq!(compact(sale.items.json()), sale.items.json(), "one line, and the same again");
}

/// Where the fast path gives a draft, the long way gives the same and refuses nothing. Whether it does for a sale of INR.
fn is_same_both_ways(body: &str) -> bool {
    let clock = ShopClock::new(jiff::tz::TimeZone::UTC);
    let mut is_fast = false;
    for code in ["KWD", "JPY", "INR"] {
        let currency = Currency::from_code(code).unwrap();
        let estimate = plain_body(body, &clock, |bill| bill.sale(currency));
        let sale = plain_body(body, &clock, |bill| bill.sale_draft(currency));
        is_fast = sale.is_some();
        if let Some(estimate) = estimate {
            assert_eq!(estimate, read_by_field(body, currency, &clock, read_sale).unwrap());
        }
        if let Some(sale) = sale {
            assert_eq!(sale, read_by_field(body, currency, &clock, read_sale_draft).unwrap());
        }
    }
    is_fast
}

/// Enough for the longest bill; with fewer the rest of it is plain.
const CHOICES: std::ops::Range<usize> = 0..500;

#[test]
fn the_fast_path_gives_what_reading_field_by_field_gives() {
    let (all, fast) = (Cell::new(0), Cell::new(0));
    fuzz(20_000, &vec(any::<u8>(), CHOICES), |choices| {
        all.set(all.get() + 1);
        fast.set(fast.get() + i32::from(is_same_both_ways(&BillWriter::write(&choices, true))));
    });
    let share = f64::from(fast.get()) / f64::from(all.get());
    assert!((0.1..0.9).contains(&share), "{share} of them take the fast path; both kinds must be met");
}

#[test]
fn a_spoilt_bill_on_the_fast_path_is_one_all_the_same() {
    let bills = vec(any::<u8>(), CHOICES).prop_map(|choices| BillWriter::write(&choices, false).into_bytes());
    fuzz(20_000, &changed(bills, &TOKENS), |bytes| {
        if let Ok(body) = std::str::from_utf8(&bytes) {
            is_same_both_ways(body);
        }
    });
}

#[test]
fn an_ordinary_bill_takes_the_fast_path_however_it_is_written() {
    fuzz(5_000, &vec(any::<u8>(), CHOICES), |choices| {
        let body = BillWriter::write(&choices, false);
        assert!(is_same_both_ways(&body), "{body}");
    });
}

#[test]
fn what_tills_send_takes_the_fast_path() {
    let page = r#"{"customer_name":"José \"Pepe\" Ruiz","customer_phone":"","customer_address":"12 MG Road\nNashik","sale_by":"Ravi","subtotal":1260,"discount_amount":12.5,"is_percentage_discount":true,"total":1102.5,"payment_mode":"UPI","amount_paid":1102.5,"items":[{"id":1,"name":"Pipe 4\", ₹","price":45,"quantity":28,"discount":0}],"made_at":"2025-01-13T05:00:00.000Z"}"#;
    let app = r#"{"customer_name":"Asha","customer_phone":"","customer_address":"","sale_by":"Ravi","items":[{"id":1,"name":"LED","price":110.0,"quantity":3,"discount":10.0}],"subtotal":297.0,"discount_amount":7.0,"is_percentage_discount":false,"discount_percentage":2.356902356902357,"total":290.0,"amount_paid":null,"payment_mode":"Cash","source_estimate_id":null,"source_estimate_number":null,"created_at":"2025-01-13T10:30:00.000"}"#;
    for body in [SAMPLE, page, app] {
        assert!(is_same_both_ways(body), "{body}");
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/data/sample.jsonl");
    let mut bills = 0;
    for line in std::fs::read_to_string(path).unwrap().lines() {
        let fields: BTreeMap<&str, &RawValue> = serde_json::from_str(line).unwrap();
        if fields["type"].get() != "\"convert\"" {
            assert!(is_same_both_ways(fields["data"].get()), "{line}");
            bills += 1;
        }
    }
    assert!(bills > 20, "{bills}");
}

/// A field that the long way alone knew would be passed over on the fast path. There a known one is refused the second time.
#[test]
fn the_fast_path_knows_every_field_of_the_interface() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/web/api/openapi.json");
    let description: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let names = |place: &str| -> Vec<String> {
        description
            .pointer(&format!("/components/schemas/{place}"))
            .unwrap()
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect()
    };
    let bill = [names("SaleInput/properties"), names("NewSale/allOf/1/properties")].concat();
    let more = ["discount_amount", "is_percentage_discount"].map(String::from);
    let is_read = |bill: &str, name: &str| PlainBill::read(&bill.replace('X', name)).is_some();
    let (twice, items_twice) = (r#"{"X":0,"X":0}"#, r#"{"items":[{"name":"","price":0,"quantity":1,"X":0,"X":0}]}"#);
    for name in bill.iter().chain(&more) {
        assert!(!is_read(twice, name), "{name}");
    }
    for name in names("Item/properties") {
        assert!(!is_read(items_twice, &name), "{name}");
    }
    assert!(is_read(twice, "else") && is_read(items_twice, "else"));
}

#[test]
fn the_fast_path_keeps_the_limits() {
    let item = r#"{"name":"a","price":0,"quantity":1}"#;
    let plain = r#"{"customer_name":"NAME","customer_phone":"","customer_address":"","sale_by":"","items":[ITEMS],"subtotal":0,"discount_amount":0,"is_percentage_discount":false,"total":0MORE}"#;
    let bill =
        |name: &str, items: &str, more: &str| plain.replace("NAME", name).replace("ITEMS", items).replace("MORE", more);
    let items = |count: usize| vec![item; count].join(",");
    let fields = |count: usize| r#","x":0"#.repeat(count);
    let item_fields = |count: usize| item.replace('}', &(fields(count) + "}"));
    for (is_fast, body) in [
        (true, bill("a", &items(ITEMS_MAX), "")),
        (false, bill("a", &items(ITEMS_MAX + 1), "")),
        (true, bill("a", item, &fields(FIELDS_MAX - 9))),
        (false, bill("a", item, &fields(FIELDS_MAX - 8))),
        (true, bill("a", &item_fields(FIELDS_MAX - 3), "")),
        (false, bill("a", &item_fields(FIELDS_MAX - 2), "")),
        (true, bill(&"a".repeat(TEXT_CHARS_MAX), item, "")),
        (false, bill(&"a".repeat(TEXT_CHARS_MAX + 1), item, "")),
        (true, bill("a", item, &format!(r#","x":"{}""#, "a".repeat(100_000)))),
        (false, bill("a", item, &format!(r#","x":{}0{}"#, "[".repeat(1_000), "]".repeat(1_000)))),
    ] {
        assert_eq!(is_same_both_ways(&body), is_fast, "{} bytes", body.len());
        let is_refused = read_sale_body(&body, Currency::INR, &ShopClock::new(jiff::tz::TimeZone::UTC)).is_err();
        assert!(!(is_fast && is_refused), "{} bytes", body.len());
    }
}

/// Writes a bill as one of many programs might, by choices that proptest makes and makes smaller: 0 is always the plainest.
struct BillWriter<'c> {
    choices: slice::Iter<'c, u8>,
    /// Whether it may be what the fast path leaves to the long way, a right bill or a wrong one.
    may_be_odd: bool,
    is_spaced: bool,
}

impl<'c> BillWriter<'c> {
    fn write(choices: &'c [u8], may_be_odd: bool) -> String {
        let mut writer = Self { choices: choices.iter(), may_be_odd, is_spaced: false };
        writer.is_spaced = writer.choose(2) == 1;
        let mut fields = writer.fields();
        writer.shuffle(&mut fields);
        let bill = writer.joined('{', &fields, '}');
        let end = if writer.is_odd() { writer.pick(&["}", ",", "x", "\0", "null", "\u{a0}"]) } else { "" };
        format!("{}{bill}{}{end}", writer.space(), writer.space())
    }

    /// One of so many, at most 256.
    fn choose(&mut self, count: usize) -> usize {
        usize::from(self.choices.next().copied().unwrap_or_default()) % count
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.choose(of.len())]
    }

    fn is_odd(&mut self) -> bool {
        self.may_be_odd && self.choose(32) == 31
    }

    fn shuffle<T>(&mut self, list: &mut [T]) {
        for index in 0..list.len() {
            let other = index + self.choose(list.len() - index);
            list.swap(index, other);
        }
    }

    fn fields(&mut self) -> Vec<String> {
        let lines: Vec<[i64; 3]> = (0..=self.choose(5)).map(|_| self.line()).collect();
        let items: Vec<String> = lines.iter().map(|line| self.item(*line)).collect();
        let value = |[price, quantity, discount]: &[i64; 3]| {
            price * quantity / 1_000_000 * (100_000 - discount / 1_000) / 100_000
        };
        let subtotal = to_cents(lines.iter().map(value).sum());
        let is_percentage = self.choose(2) == 1;
        let (discount, off) = if is_percentage {
            let percent = self.pick(&[0, 5_000_000, 12_500_000, 100_000_000]);
            (percent, subtotal / 1_000 * (percent / 1_000) / 100)
        } else {
            let off = to_cents(subtotal / self.pick(&[1_000_000, 10, 1]));
            (off, off)
        };
        let total = to_cents(subtotal - off) + if self.is_odd() { 50_000_000 } else { 0 };
        let is_percentage = if self.is_odd() {
            self.pick(&["1", "0", "\"yes\"", "null", "2", "[]"])
        } else {
            ["false", "true"][usize::from(is_percentage)]
        };

        let items = self.joined('[', &items, ']');
        let mut fields = vec![
            ("customer_name", self.name()),
            ("customer_phone", self.text()),
            ("customer_address", self.text()),
            ("sale_by", self.text()),
            ("items", items),
            ("subtotal", self.number(subtotal)),
            ("discount_amount", self.number(discount)),
            ("is_percentage_discount", is_percentage.to_string()),
            ("total", self.number(total)),
        ];
        if self.is_odd() {
            let index = self.choose(fields.len());
            fields.remove(index);
        }
        for name in ["payment_mode", "source_estimate_id", "source_estimate_number", "created_at", "note", "note"] {
            match self.choose(4) {
                0 | 1 => {}
                2 => fields.push((name, self.text())),
                _ => fields.push((name, "null".to_string())),
            }
        }
        for name in ["amount_paid", "discount_percentage", "till"] {
            if self.choose(2) == 1 {
                let number = self.pick(&[0, 2_500_000, 100_000_000]);
                fields.push((name, self.number(number)));
            }
        }
        if self.choose(2) == 1 {
            fields.push((
                "made_at",
                self.pick(&["null", "\"\"", "\" 2025-01-13T10:30:00+05:30\"", "\"2025-01-13\""]).to_string(),
            ));
        }
        if self.is_odd() {
            let again = fields[self.choose(fields.len())].0;
            let value = self.pick(&["null", "1", "\"a\"", "{}", "[[1]]", r#"{"a":1e400}"#]).to_string();
            fields.push((self.pick(&[again, "x", "made_at", "rev", "\\u0074otal", ""]), value));
        }
        fields.into_iter().map(|(name, value)| self.field(name, &value)).collect()
    }

    /// Price, quantity and discount of a line, in millionths.
    fn line(&mut self) -> [i64; 3] {
        let price = self.pick(&[10_000, 45_500_000, 110_000_000, 1]) * i64::try_from(1 + self.choose(256)).unwrap();
        let quantity = self.pick(&[1_000_000, 12_000_000, 250_000, 1]);
        [price, quantity, self.pick(&[0, 5_000_000, 12_500_000, 100_000_000])]
    }

    fn item(&mut self, [price, quantity, discount]: [i64; 3]) -> String {
        if self.is_odd() {
            return self.pick(&["null", "1", "\"a\"", "[]", "{}", r#"{"name":"\ud800"}"#]).to_string();
        }
        let quantity = if self.is_odd() { 0 } else { quantity };
        let mut fields =
            vec![("name", self.text()), ("price", self.number(price)), ("quantity", self.number(quantity))];
        if discount > 0 || self.choose(2) == 1 {
            fields.push(("discount", self.number(discount)));
        }
        for name in ["id", "unit", "unit"] {
            match self.choose(4) {
                0 | 1 => {}
                2 => fields.push((name, self.text())),
                _ => fields.push((
                    name,
                    self.pick(&["null", "1", "true", "-0.0", "1234567890.123456789012345678901"]).to_string(),
                )),
            }
        }
        if self.is_odd() {
            let name = self.pick(&["price", "name", "discount", "x", "\\u006eame"]);
            fields.push((name, self.pick(&["null", "{}", "1e400", "[{\"a\":[]}]", "\"\\udc00\"", "-1"]).to_string()));
        }
        self.shuffle(&mut fields);
        let fields: Vec<String> = fields.into_iter().map(|(name, value)| self.field(name, &value)).collect();
        self.joined('{', &fields, '}')
    }

    fn name(&mut self) -> String {
        if self.is_odd() {
            self.pick(&["\"\"", "\" \"", "\"\\n\"", "\"\u{a0}\""]).to_string()
        } else {
            self.text().replacen('"', "\"A", 1)
        }
    }

    fn text(&mut self) -> String {
        const PIECES: [&str; 14] = [
            "Asha",
            " ",
            "MG Road, 12",
            "é",
            "₹",
            "💡",
            "e\u{301}",
            "\u{7f}",
            "\u{202e}",
            "\\\"",
            "\\\\",
            "\\/",
            "\\n\\r\\t",
            "\\b\\f",
        ];
        const ODD_PIECES: [&str; 8] = ["\\u00e9", "\\ud83d\\udca1", "\\ud800", "\\u0000", "\\x", "\n", "\0", "\\"];
        if self.is_odd() {
            let long = self.pick(&["x", "é", "\\n", "\\u00e9"]).repeat(TEXT_CHARS_MAX + self.choose(2));
            return self.pick(&["null", "1", "true", "[]", "{}", "\"", &format!("\"{long}\"")]).to_string();
        }
        let mut text: String = (0..self.choose(5)).map(|_| self.pick(&PIECES)).collect();
        if self.is_odd() {
            text.push_str(self.pick(&ODD_PIECES));
        }
        format!("\"{text}\"")
    }

    /// A number of millionths.
    fn number(&mut self, micros: i64) -> String {
        let (whole, fraction) = (micros / 1_000_000, format!("{:06}", micros % 1_000_000));
        let short = fraction.trim_end_matches('0');
        let plain = if short.is_empty() { whole.to_string() } else { format!("{whole}.{short}") };
        if self.is_odd() {
            let spelled = [
                format!("\"{plain}\""),
                format!("\" {plain} \""),
                format!("{micros}e-6"),
                format!("{micros}E-06"),
                format!("-{plain}"),
                format!("0{plain}"),
                format!("{plain}e1"),
                format!("{plain}{fraction}{fraction}{fraction}{fraction}{fraction}{fraction}"),
                "99999999999999999999999999".to_string(),
                "1e400".to_string(),
                "null".to_string(),
                "\"a\"".to_string(),
                "[]".to_string(),
                "{}".to_string(),
            ];
            return spelled[self.choose(spelled.len())].clone();
        }
        match self.choose(3) {
            0 => plain,
            1 if short.is_empty() => format!("{whole}.0"),
            _ => format!("{whole}.{fraction}"),
        }
    }

    fn field(&mut self, name: &str, value: &str) -> String {
        let before_colon = if self.is_odd() { " " } else { "" };
        format!("\"{name}\"{before_colon}:{}{value}", self.space())
    }

    fn joined(&mut self, open: char, parts: &[String], close: char) -> String {
        let parts: Vec<String> = parts.iter().map(|part| format!("{}{part}{}", self.space(), self.space())).collect();
        format!("{open}{}{close}", parts.join(","))
    }

    fn space(&mut self) -> &'static str {
        if self.is_spaced { self.pick(&["", "", " ", "\n", "\t", "\r\n  "]) } else { "" }
    }
}

fn to_cents(micros: i64) -> i64 {
    (micros + 5_000) / 10_000 * 10_000
}
