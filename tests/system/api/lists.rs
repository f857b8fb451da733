//! Lists that grow: pages, search and filters (issue 2, "Lists that grow").
//!
//! Goal: `limit`, `before`, `q`, `status`, `from` and `to` show exactly the records that they name, newest first, on the
//! lists of both kinds and in the search; and a client that reads page by page meets every record once, whatever is
//! stored meanwhile.
//!
//! Method: small shops whose records differ in one thing each, so that an answer can be named by its customers; tables
//! of questions and answers. Days are those of the shop: the same questions in time zones on both sides of the date line,
//! of which at any moment at least one has another day than UTC.

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};

use crate::support::http::{Client, Reply};
use crate::support::samples;
use crate::support::server::Server;
use crate::support::till::{self, Stored};

/// A list of one kind of record.
#[derive(Clone, Copy)]
struct List {
    path: &'static str,
    items: &'static str,
    create: fn(&mut Client, &str) -> Stored,
    stored: fn(&Value) -> Stored,
    /// A status that none of its records can have, if there is one.
    no_status: Option<&'static str>,
}

const ESTIMATES: List = List {
    path: "/api/estimates/all",
    items: "",
    create: till::create_estimate,
    stored: Stored::estimate,
    no_status: Some("packed"),
};
const ORDERS: List = List {
    path: "/api/orders/orders-only",
    items: "/orders/items",
    create: till::create_sale,
    stored: Stored::order,
    no_status: None,
};
const BOTH_KINDS: [List; 2] = [ESTIMATES, ORDERS];

const SEARCH: &str = "/api/search";

impl List {
    fn get(self, client: &mut Client, query: &str) -> Vec<Value> {
        let answer = client.get(&format!("{}?{query}", self.path)).expect(200);
        till::array(answer.pointer(self.items).expect("a list").clone())
    }

    fn numbers(self, client: &mut Client, query: &str) -> Vec<u64> {
        self.get(client, query).iter().map(|record| (self.stored)(record).number).collect()
    }

    fn customers(self, client: &mut Client, query: &str) -> Vec<String> {
        customers(&self.get(client, query))
    }
}

fn customers(records: &[Value]) -> Vec<String> {
    records.iter().map(|record| till::text(record, "customer_name")).collect()
}

fn search(client: &mut Client, query: &str) -> Vec<Value> {
    till::array(client.get(&format!("{SEARCH}?{query}")).expect(200))
}

/// A parameter's value as it stands in an address.
fn encoded(value: &str) -> String {
    value.bytes().fold(String::new(), |text, byte| text + &format!("%{byte:02X}"))
}

fn is_refused(reply: &Reply, question: &str) {
    assert_eq!(reply.status, 422, "{question}: {}", reply.text());
    assert!(!reply.detail(422).is_empty(), "{question}");
}

#[test]
fn a_page_begins_below_its_cursor_and_is_as_long_as_was_asked() {
    let server = Server::start();
    let mut client = server.client();
    for list in BOTH_KINDS {
        let stored: Vec<Stored> =
            (1..=12).map(|turn| (list.create)(&mut client, &format!("Customer {turn}"))).collect();
        let path = list.path.rsplit_once('/').unwrap().0;
        // A client may hold a cursor whose record was deleted since.
        client.delete(&format!("{path}/{}", stored[6].id)).expect(200);
        let rows: [(&str, String, &[u64]); 9] = [
            ("limit=3", String::new(), &[12, 11, 10]),
            ("limit=100", String::new(), &[12, 11, 10, 9, 8, 6, 5, 4, 3, 2, 1]),
            ("before=", "5".into(), &[4, 3, 2, 1]),
            ("before=", "%23005".into(), &[4, 3, 2, 1]),
            ("before=", "005".into(), &[4, 3, 2, 1]),
            ("before=", stored[4].id.clone(), &[4, 3, 2, 1]),
            ("limit=2&before=", stored[6].id.clone(), &[6, 5]),
            ("before=", "1".into(), &[]),
            ("limit=2&before=", "1000000".into(), &[12, 11]),
        ];
        for (question, cursor, expected) in rows {
            let query = format!("{question}{cursor}");
            assert_eq!(list.numbers(&mut client, &query), expected, "{}?{query}", list.path);
        }
    }
}

#[test]
fn five_hundred_records_read_in_pages_are_each_met_once_while_new_ones_are_stored() {
    const RECORDS: u64 = 500;
    const THREADS: usize = 10;
    let server = Server::start();
    let mut client = server.client();
    for list in BOTH_KINDS {
        till::together(server.addr, THREADS, |_, client| {
            for _ in 0..RECORDS / THREADS as u64 {
                (list.create)(client, "Asha");
            }
        });
        for limit in [1, 7, 100, 499, 500, 501] {
            // The limit of one would only be slow for all of them.
            let from = if limit == 1 { 40 } else { RECORDS + 1 };
            let mut met = Vec::new();
            let mut before = from;
            loop {
                let page = list.numbers(&mut client, &format!("limit={limit}&before={before}"));
                assert!(page.len() <= limit, "{} records for a limit of {limit}", page.len());
                let Some(last) = page.last() else { break };
                before = *last;
                met.extend(page);
                (list.create)(&mut client, "new");
            }
            assert!(met.iter().copied().eq((1..from).rev()), "limit {limit} of {}: {met:?}", list.path);
        }
    }
}

#[test]
fn a_search_finds_numbers_names_and_phones_in_any_case_and_accent() {
    let server = Server::start();
    let mut client = server.client();
    let people = [
        ("José Álvarez", "+91 98450 12345"),
        ("JOSEPHINE", "0253 555 0100"),
        ("Zoë Ångström", "+49-30-901820"),
        ("सविता कुलकर्णी", "98220 77777"),
        ("Łukasz & Søn 50% \"Neu\"", "none"),
    ];
    let [jose, josephine, zoe, savita, lukasz] = people.map(|(name, _)| name);
    let questions: [(&str, &[&str]); 21] = [
        ("jose", &[josephine, jose]),
        ("JOSÉ", &[josephine, jose]),
        ("josé á", &[jose]),
        ("alvarez", &[jose]),
        ("  alvarez ", &[jose]),
        ("angstrom", &[zoe]),
        ("ZOE", &[zoe]),
        ("सविता", &[savita]),
        ("50% \"neu", &[lukasz]),
        ("nobody", &[]),
        ("98450", &[jose]),
        ("98450 12345", &[jose]),
        ("+91 98450 12345", &[jose]),
        ("9845012345", &[jose]),
        ("901820", &[zoe]),
        ("#003", &[zoe]),
        ("3", &[zoe]),
        ("003", &[zoe]),
        ("#999", &[]),
        ("Ravi", &[]),
        ("", &[lukasz, savita, zoe, josephine, jose]),
    ];
    for (name, phone) in people {
        for (path, mut body) in
            [("/api/estimates/create", samples::estimate(name)), ("/api/orders/create-sale", samples::sale(name))]
        {
            body["customer_phone"] = json!(phone);
            client.post(path, &body).expect(201);
        }
    }
    for (typed, expected) in questions {
        let query = format!("q={}", encoded(typed));
        for list in BOTH_KINDS {
            assert_eq!(list.customers(&mut client, &query), expected, "{typed:?} in {}", list.path);
        }
        // Each person has one of both kinds.
        let both: Vec<&str> = expected.iter().flat_map(|name| [*name, *name]).collect();
        assert_eq!(customers(&search(&mut client, &query)), both, "{typed:?} in {SEARCH}");
    }
    // An edited record is found by what it says now.
    let id = till::text(&ESTIMATES.get(&mut client, "q=zoe")[0], "id");
    client.put(&format!("/api/estimates/{id}"), &samples::estimate("Müller")).expect(200);
    assert_eq!(ESTIMATES.customers(&mut client, "q=zoe"), Vec::<String>::new());
    assert_eq!(ESTIMATES.customers(&mut client, "q=MULLER"), ["Müller"]);
}

#[test]
fn a_status_parts_a_list() {
    let server = Server::start();
    let mut client = server.client();
    let [open, sold] = ["open", "sold"].map(|customer| till::create_estimate(&mut client, customer));
    till::convert(&mut client, &sold.id, b"{}").expect(200);
    for (customer, status) in [("packed", "Packed"), ("sent", "Sent%20by%20post"), ("here", "%C3%80%20retirer")] {
        let order = till::create_sale(&mut client, customer);
        client.request("PUT", &format!("/api/orders/{}/status?status={status}", order.id), &[], None).expect(200);
    }
    let rows: [(List, &str, &[&str]); 10] = [
        (ESTIMATES, "open", &["open"]),
        (ESTIMATES, "converted", &["sold"]),
        (ORDERS, "Completed", &["sold"]),
        (ORDERS, "completed", &["sold"]),
        (ORDERS, "PACKED", &["packed"]),
        (ORDERS, "sent%20BY%20post", &["sent"]),
        (ORDERS, "sent+by+post", &["sent"]),
        (ORDERS, "%C3%A0%20Retirer", &["here"]),
        (ORDERS, "sent", &[]),
        (ORDERS, "Delivered", &[]),
    ];
    for (list, status, expected) in rows {
        assert_eq!(list.customers(&mut client, &format!("status={status}")), expected, "{status}");
    }
    assert_eq!(open.number, 1);
}

#[test]
fn filters_apply_together() {
    let server = Server::start();
    let mut client = server.client();
    for list in BOTH_KINDS {
        for customer in ["Asha 1", "Bina 2", "Asha 3", "Asha 4", "Bina 5", "Asha 6"] {
            (list.create)(&mut client, customer);
        }
        let status = if list.no_status.is_some() { "open" } else { "completed" };
        let rows: [(&str, &[&str]); 4] = [
            ("q=asha&limit=2", &["Asha 6", "Asha 4"]),
            ("q=asha&before=6&limit=2", &["Asha 4", "Asha 3"]),
            ("q=bina&before=5", &["Bina 2"]),
            ("q=asha&before=2&from=2000-01-01&to=2999-12-31", &["Asha 1"]),
        ];
        for (query, expected) in rows {
            let query = format!("{query}&status={status}");
            assert_eq!(list.customers(&mut client, &query), expected, "{}?{query}", list.path);
        }
    }
}

#[test]
fn days_are_those_of_the_shop_and_both_ends_belong_to_them() {
    let mut differs_from_utc = 0;
    for zone in ["Asia/Kolkata", "Pacific/Kiritimati", "Pacific/Pago_Pago"] {
        let server = Server::start_with(&["--timezone", zone]);
        let mut client = server.client();
        for list in BOTH_KINDS {
            (list.create)(&mut client, "Asha");
            let record = list.get(&mut client, "").remove(0);
            // Both days are read from one moment, so that midnight may pass during the test.
            let created_at = till::text(&record, "created_at");
            let day: Date = created_at[..10].parse().unwrap();
            let moment: Timestamp = created_at.parse().unwrap();
            let utc_day: Date = moment.to_string()[..10].parse().unwrap();
            differs_from_utc += u32::from(day != utc_day);
            let (yesterday, tomorrow) = (day - 1.day(), day + 1.day());
            let rows = [
                (format!("from={day}"), true),
                (format!("to={day}"), true),
                (format!("from={day}&to={day}"), true),
                (format!("from={yesterday}&to={tomorrow}"), true),
                (format!("from={utc_day}&to={utc_day}"), utc_day == day),
                (format!("from={tomorrow}"), false),
                (format!("to={yesterday}"), false),
                (format!("from={yesterday}&to={yesterday}"), false),
                ("from=0001-01-01&to=9999-12-31".into(), true),
            ];
            for (query, is_shown) in rows {
                let shown = list.get(&mut client, &query);
                assert_eq!(shown, if is_shown { vec![record.clone()] } else { vec![] }, "{zone} {query}");
            }
        }
    }
    assert!(differs_from_utc > 0, "no zone had another day than UTC, so nothing was shown");
}

#[test]
fn the_search_merges_both_kinds_newest_first_and_shows_fifty() {
    let server = Server::start();
    let mut client = server.client();
    let mut expected: Vec<(&str, String)> = Vec::new();
    for turn in 0..80 {
        // An irregular mixture, so that neither kind comes first by chance.
        let kind = if turn % 3 == 0 || turn % 7 == 0 { "estimate" } else { "order" };
        let create = if kind == "estimate" { till::create_estimate } else { till::create_sale };
        expected.insert(0, (kind, create(&mut client, &format!("Asha {turn}")).id));
    }
    for (query, length) in
        [("", 50), ("q=", 50), ("q=asha", 50), ("limit=5&q=asha", 5), ("limit=79", 79), ("limit=500", 80)]
    {
        let entries = search(&mut client, query);
        let found: Vec<(&str, String)> =
            entries.iter().map(|entry| (entry["type"].as_str().unwrap(), till::text(entry, "id"))).collect();
        assert_eq!(found, expected[..length], "{query}");
    }
    // An entry is what the list of everything shows.
    let all = till::array(client.get("/api/orders/all").expect(200));
    assert_eq!(search(&mut client, "limit=80"), all);
    let estimates = expected.iter().filter(|(kind, _)| *kind == "estimate").count();
    assert_eq!(ESTIMATES.get(&mut client, "").len(), estimates);
}

#[test]
fn what_is_no_filter_is_refused_in_words() {
    let server = Server::start();
    let mut client = server.client();
    till::create_estimate(&mut client, "Asha");
    let common = [
        "limit=0",
        "limit=-1",
        "limit=many",
        "limit=1.5",
        "limit=",
        "before=many",
        "before=-1",
        "before=EST-12",
        "before=EST-0000000G",
        "before=99999999999999999999",
        "from=today",
        "from=2025-02-29",
        "from=2025-13-01",
        "from=13.01.2025",
        "from=2025-01-13T10:30:00",
        "to=2025-1-1",
        "to=2025",
    ];
    for list in BOTH_KINDS {
        for question in common {
            is_refused(&client.get(&format!("{}?{question}", list.path)), question);
        }
        if let Some(status) = list.no_status {
            is_refused(&client.get(&format!("{}?status={status}", list.path)), status);
        }
    }
    for question in ["limit=0", "limit=-1", "limit=many"] {
        is_refused(&client.get(&format!("{SEARCH}?{question}")), question);
    }
    assert_eq!(ESTIMATES.numbers(&mut client, "limit=1"), [1]);
}

#[test]
fn both_kinds_are_paged_by_the_id_of_the_last_record_without_losing_one() {
    let server = Server::start();
    let mut client = server.client();
    let mut made = Vec::new();
    for index in 0..40 {
        let customer = format!("Customer {index}");
        // Many orders for one estimate, so that the two series are far apart.
        let (path, id) = if index % 8 == 0 {
            ("/api/estimates/create", "estimate_id")
        } else {
            ("/api/orders/create-sale", "order_id")
        };
        let answer = client.post(path, &samples::sale(&customer)).expect(201);
        made.push(answer[id].as_str().unwrap().to_string());
    }
    made.reverse();
    for list in ["/api/orders/all", "/api/search"] {
        let mut seen: Vec<String> = Vec::new();
        loop {
            let before = seen.last().map(|id| format!("&before={id}")).unwrap_or_default();
            let page = client.get(&format!("{list}?limit=7{before}")).expect(200);
            let page = page.as_array().unwrap();
            if page.is_empty() {
                break;
            }
            seen.extend(page.iter().map(|record| record["id"].as_str().unwrap().to_string()));
        }
        assert_eq!(seen, made, "{list}");
        assert_eq!(client.get(&format!("{list}?before=7")).status, 422, "a bare number would be two records");
    }
}

/// The search texts of the newest records are not in their table yet; those of a filled block are.
#[test]
fn a_search_finds_records_however_new_they_are_and_shows_their_latest_words() {
    let mut server = Server::start();
    for start in 0..2 {
        let mut client = server.client();
        let stored: Vec<Stored> =
            (1..=150).map(|turn| till::create_estimate(&mut client, &format!("start{start} turn-{turn}x"))).collect();
        for number in [1, 63, 64, 65, 127, 128, 129, 150] {
            let edited = samples::estimate(&format!("edited{start} turn-{number}x"));
            client
                .request(
                    "PUT",
                    &format!("/api/estimates/{}", stored[number - 1].id),
                    &[],
                    Some(edited.to_string().as_bytes()),
                )
                .expect(200);
        }
        for number in [2, 62, 66, 126, 130, 149] {
            client.delete(&format!("/api/estimates/{}", stored[number - 1].id)).expect(200);
        }
        server.stop();
        server.start_again();
        let mut client = server.client();
        for number in 1..=150 {
            let (as_made, as_edited) =
                (format!("start{start} turn-{number}x"), format!("edited{start} turn-{number}x"));
            let expected = match number {
                1 | 63 | 64 | 65 | 127 | 128 | 129 | 150 => vec![as_edited.clone()],
                2 | 62 | 66 | 126 | 130 | 149 => vec![],
                _ => vec![as_made.clone()],
            };
            let found = |client: &mut Client, name: &str| customers(&search(client, &format!("q={}", encoded(name))));
            let mut all = found(&mut client, &as_made);
            all.extend(found(&mut client, &as_edited));
            assert_eq!(all, expected);
        }
        assert_eq!(ESTIMATES.get(&mut client, &format!("q=start{start}")).len(), 150 - 8 - 6);
    }
}
