//! Goal: what was made on a device while the server was away counts on the day on which it was made, in every list and figure,
//! and its number, order and `created_at` stay those of the commit; a device whose clock cannot be right is not believed, and is
//! told. Method: commands as such a device sends them, and a shop of some hundred records in which late ones stand between.

use serde_json::{Value, json};

use crate::support::http::Client;
use crate::support::samples;
use crate::support::server::Server;
use crate::support::till::{array, convert, create_estimate, create_sale, text};

const ZONE: &str = "Asia/Kolkata";
const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

/// So many seconds ago, as a device in another zone writes it.
fn ago(seconds: i64) -> String {
    jiff::Timestamp::from_second(now() - seconds).unwrap().to_string()
}

/// The shop's day so many seconds ago.
fn day_ago(seconds: i64) -> String {
    let at = jiff::Timestamp::from_second(now() - seconds).unwrap();
    at.in_tz(ZONE).unwrap().date().to_string()
}

/// Starts the shop; not in the last minutes of a day, so that a test has one today.
fn start() -> Server {
    let to_midnight = || {
        let at = jiff::Timestamp::now().in_tz(ZONE).unwrap();
        24 * HOUR - i64::from(at.hour()) * HOUR - i64::from(at.minute()) * 60
    };
    while to_midnight() <= 120 {
        std::thread::sleep(std::time::Duration::from_secs(1));
    }
    Server::start_with(&["--timezone", ZONE])
}

fn late_sale(client: &mut Client, customer: &str, seconds: i64) -> Value {
    let mut sale = samples::sale(customer);
    sale["made_at"] = json!(ago(seconds));
    let answer = client.post("/api/orders/create-sale", &sale).expect(201);
    assert!(answer.get("notes").is_none(), "{answer}");
    client.get(&format!("/api/orders/{}", text(&answer, "order_id"))).expect(200)
}

fn names(records: &[Value]) -> Vec<String> {
    records.iter().map(|record| text(record, "customer_name")).collect()
}

fn orders_of(client: &mut Client, query: &str) -> Vec<Value> {
    array(client.get(&format!("/api/orders/orders-only?{query}")).expect(200)["orders"]["items"].take())
}

#[test]
fn a_late_sale_counts_on_the_day_on_which_it_was_made() {
    let server = start();
    let mut client = server.client();
    create_sale(&mut client, "today");
    let late = late_sale(&mut client, "yesterday", DAY);
    create_sale(&mut client, "today again");

    assert_eq!(late["sale_number"], "#002", "the number is that of the commit");
    assert!(text(&late, "created_at").starts_with(&day_ago(0)), "{late}");
    assert!(text(&late, "made_at").starts_with(&day_ago(DAY)) && text(&late, "made_at").ends_with("+05:30"), "{late}");
    let (today, yesterday) = (day_ago(0), day_ago(DAY));
    let of = |client: &mut Client, day: &str| names(&orders_of(client, &format!("from={day}&to={day}")));
    assert_eq!(of(&mut client, &yesterday), ["yesterday"]);
    assert_eq!(of(&mut client, &today), ["today again", "today"]);
    assert_eq!(names(&orders_of(&mut client, "")), ["today again", "yesterday", "today"], "the newest number first");
    let days = array(client.get(&format!("/api/summary?from={yesterday}")).expect(200)["days"].take());
    let counts: Vec<_> = days.iter().map(|day| day["count"].as_u64().unwrap()).collect();
    assert_eq!(counts, [1, 2]);
    let merged = array(client.get("/api/orders/all").expect(200));
    let times: Vec<String> = merged.iter().map(|entry| text(entry, "time")).collect();
    assert_eq!(times, [today.as_str(), yesterday.as_str(), today.as_str()]);

    // A change afterwards leaves it where it is.
    let path = format!("/api/orders/{}/status?status=Delivered", text(&late, "order_id"));
    client.request("PUT", &path, &[], None).expect(200);
    assert_eq!(orders_of(&mut client, &format!("to={yesterday}"))[0]["status"], "Delivered");
    client.delete(&format!("/api/orders/{}", text(&late, "order_id"))).expect(200);
    assert!(of(&mut client, &yesterday).is_empty());
}

#[test]
fn estimates_and_conversions_have_times_of_their_own() {
    let mut server = start();
    let mut client = server.client();
    let mut estimate = samples::estimate("Asha");
    estimate["made_at"] = json!(ago(3 * DAY));
    let id = text(&client.post("/api/estimates/create", &estimate).expect(201), "estimate_id");
    let made_at = client.get(&format!("/api/estimates/{id}")).expect(200)["made_at"].clone();
    estimate["customer_address"] = json!("FC Road");
    estimate["made_at"] = json!(ago(0));
    client.put(&format!("/api/estimates/{id}"), &estimate).expect(200);
    assert_eq!(client.get(&format!("/api/estimates/{id}")).expect(200)["made_at"], made_at, "an edit moves it not");

    let body = json!({"made_at": ago(2 * DAY), "payment_mode": "UPI"}).to_string();
    let order = convert(&mut client, &id, body.as_bytes()).expect(200);
    server.kill();
    server.start_again();
    let order = server.get(&format!("/api/orders/{}", text(&order, "order_id"))).expect(200);
    assert!(text(&order, "made_at").starts_with(&day_ago(2 * DAY)), "{order}");
    let day = day_ago(3 * DAY);
    let found = server.get(&format!("/api/estimates/all?from={day}&to={day}&status=converted")).expect(200);
    assert_eq!(found[0]["estimate_id"], id.as_str());
    let duplicate = server.client().post_empty(&format!("/api/estimates/{id}/duplicate")).expect(201);
    let copy = server.get(&format!("/api/estimates/{}", text(&duplicate, "estimate_id"))).expect(200);
    assert_eq!(copy.get("made_at"), None, "a copy is made when it is made");
    let late =
        server.client().post(&format!("/api/estimates/{id}/duplicate"), &json!({"made_at": ago(DAY)})).expect(201);
    let copy = server.get(&format!("/api/estimates/{}", text(&late, "estimate_id"))).expect(200);
    assert!(text(&copy, "made_at").starts_with(&day_ago(DAY)), "{copy}");
}

#[test]
fn a_time_that_cannot_be_right_does_not_count_and_is_said() {
    let server = start();
    let mut client = server.client();
    let (ahead, long_ago) = (json!(ago(-10 * 60)), json!(ago(32 * DAY)));
    let wrong = [ahead, long_ago, json!("yesterday"), json!("2026-11-28"), json!(7), json!({}), json!("")];
    for made_at in wrong {
        let mut sale = samples::sale("Asha");
        sale["made_at"] = made_at.clone();
        let answer = client.post("/api/orders/create-sale", &sale).expect(201);
        let notes = array(answer["notes"].clone());
        let says = |note: &Value| note.as_str().unwrap().contains(&day_ago(0));
        assert!(notes.len() == 1 && says(&notes[0]), "{made_at}: {answer}");
        let record = client.get(&format!("/api/orders/{}", text(&answer, "order_id"))).expect(200);
        assert_eq!(record.get("made_at"), None, "{made_at}");
    }
    let estimate = create_estimate(&mut client, "Asha");
    let converted = convert(&mut client, &estimate.id, br#"{"made_at": "soon"}"#).expect(200);
    assert_eq!(array(converted["notes"].clone()).len(), 1);
    for right in [json!(ago(-60)), json!(ago(31 * DAY - HOUR)), json!(ago(60)), Value::Null] {
        let mut sale = samples::sale("Asha");
        sale["made_at"] = right.clone();
        let answer = client.post("/api/orders/create-sale", &sale).expect(201);
        assert_eq!(answer.get("notes"), None, "{right}");
    }
}

#[test]
fn days_are_found_among_hundreds_of_late_records_page_by_page() {
    let server = start();
    let mut client = server.client();
    // Enough for several blocks of the index, and every third is late by one to six days.
    let mut made: Vec<(String, String)> = Vec::new();
    for number in 0..200 {
        let customer = format!("Customer {number} {}", if number % 2 == 0 { "Patil" } else { "Joshi" });
        let late = if number % 3 == 0 { (1 + number % 6) * DAY } else { 0 };
        if late == 0 {
            create_sale(&mut client, &customer);
        } else {
            late_sale(&mut client, &customer, late);
        }
        made.push((day_ago(late), customer));
    }
    for back in 0..8 {
        let day = day_ago(back * DAY);
        for needle in ["", "patil"] {
            let expected: Vec<String> = (made.iter().rev())
                .filter(|(own, name)| *own == day && name.to_lowercase().contains(needle))
                .map(|(_, name)| name.clone())
                .collect();
            let (mut found, mut before) = (Vec::new(), String::new());
            loop {
                let page = orders_of(&mut client, &format!("from={day}&to={day}&limit=7&q={needle}{before}"));
                let Some(last) = page.last() else { break };
                before = format!("&before={}", text(last, "order_id"));
                found.extend(names(&page));
            }
            assert_eq!(found, expected, "{day} {needle}");
        }
        let total = client.get(&format!("/api/summary?from={day}&to={day}")).expect(200)["days"][0]["count"].clone();
        assert_eq!(total, made.iter().filter(|(own, _)| *own == day).count(), "{day}");
    }
    let week = orders_of(&mut client, &format!("from={}&to={}", day_ago(7 * DAY), day_ago(DAY)));
    assert_eq!(week.len(), made.iter().filter(|(day, _)| *day != day_ago(0)).count());
}
