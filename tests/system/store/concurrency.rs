//! Many devices at once.
//!
//! Goal: whatever arrives together, the outcome is one that some order of single commands would have given (promises 2 to
//! 5): consecutive numbers, one order for an estimate, one record for a repeated command. And it is the
//! outcome on disk, too: a restart changes nothing, and a repeat is still answered with the first answer.
//!
//! Method: threads with open connections are released by one barrier. Afterwards the answers, the records and the frames
//! of the live feed are compared with each other, and records and answers again after a restart.

use std::collections::{BTreeMap, HashSet};
use std::thread;

use serde_json::{Value, json};

use crate::support::http::{Client, Reply};
use crate::support::samples;
use crate::support::server::Server;
use crate::support::till::{self, Stored};

const ALREADY_CONVERTED: &str = "Estimate has already been converted to order";
const NOT_DELETABLE: &str = "Cannot delete estimate that has been converted to order";

/// Every record of the shop, for comparing before and after a restart.
fn everything(client: &mut Client) -> (Vec<Value>, Vec<Value>) {
    (till::estimates(client), till::orders(client))
}

/// Stops the server properly, starts it again on the same data and checks that nothing changed.
fn restart_unchanged(server: &mut Server) {
    let before = everything(&mut server.client());
    assert!(server.stop().success());
    server.start_again();
    assert_eq!(everything(&mut server.client()), before, "a restart changed the records");
}

/// All of these answers are the same, byte for byte; returns one.
fn all_identical(replies: &[Reply], status: u16) -> Vec<u8> {
    let first = &replies[0];
    for reply in replies {
        assert_eq!((reply.status, reply.text()), (status, first.text()));
    }
    first.body.clone()
}

#[test]
fn five_hundred_parallel_creates_get_consecutive_numbers_and_frames_in_their_order() {
    const THREADS: usize = 20;
    const EACH: usize = 25;
    const CREATES: u64 = (THREADS * EACH) as u64;
    let mut server = Server::start();
    let screens: Vec<_> = (0..5).map(|_| server.socket("/ws")).collect();
    let readers: Vec<_> = screens
        .into_iter()
        .map(|mut screen| {
            thread::spawn(move || -> Vec<Stored> {
                (0..CREATES).map(|_| Stored::estimate(&screen.next_json()["data"])).collect()
            })
        })
        .collect();
    let answered = till::together(server.addr, THREADS, |thread, client| -> Vec<(Stored, String)> {
        (0..EACH)
            .map(|turn| {
                let customer = format!("Customer {thread}-{turn}");
                (till::create_estimate(client, &customer), customer)
            })
            .collect()
    });

    let by_number: BTreeMap<u64, (String, String)> =
        answered.into_iter().flatten().map(|(stored, customer)| (stored.number, (stored.id, customer))).collect();
    assert!(by_number.keys().copied().eq(1..=CREATES), "holes or doubles: {:?}", by_number.keys());
    let ids: HashSet<&String> = by_number.values().map(|(id, _)| id).collect();
    assert_eq!(ids.len(), by_number.len(), "two estimates share an id");
    for reader in readers {
        let seen: Vec<(u64, String)> = reader.join().unwrap().into_iter().map(|one| (one.number, one.id)).collect();
        let expected: Vec<(u64, String)> = by_number.iter().map(|(number, (id, _))| (*number, id.clone())).collect();
        assert_eq!(seen, expected, "a screen saw another order");
    }

    restart_unchanged(&mut server);
    let mut client = server.client();
    let records = till::estimates(&mut client);
    let listed: Vec<(u64, String, String)> = records
        .iter()
        .rev()
        .map(|record| (Stored::estimate(record), till::text(record, "customer_name")))
        .map(|(stored, customer)| (stored.number, stored.id, customer))
        .collect();
    let answered: Vec<(u64, String, String)> =
        by_number.into_iter().map(|(number, (id, customer))| (number, id, customer)).collect();
    assert_eq!(listed, answered);
    assert_eq!(till::create_estimate(&mut client, "the next").number, CREATES + 1);
}

/// While many write at once, answers are sent by the writer, and those of one connection must still come one after the other.
#[test]
fn devices_that_pipeline_or_read_late_get_every_answer_whole_and_in_order() {
    const THREADS: usize = 16;
    const EACH: usize = 6;
    const BULKY: usize = 8;
    let server = Server::start();
    let mut filler = server.client();
    for number in 0..BULKY {
        filler.post("/api/estimates/create", &till::bulky_estimate(&format!("Bulky {number}"))).expect(201);
    }
    till::together(server.addr, THREADS, |thread, client| {
        let create = |turn: usize| {
            let body = samples::estimate(&format!("Customer {thread}-{turn}")).to_string();
            let (host, length) = (server.addr, body.len());
            format!(
                "POST /api/estimates/create HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n\
                 Content-Length: {length}\r\n\r\n{body}"
            )
        };
        // Every second device lets long lists and answers pile up before it reads the first.
        let list = format!("GET /api/estimates/all HTTP/1.1\r\nHost: {}\r\n\r\n", server.addr);
        let is_late = thread % 2 == 0;
        let list = if is_late { list.as_str() } else { "" };
        let requests: String = (0..EACH).map(|turn| list.to_string() + &create(turn)).collect();
        client.send_raw(requests.as_bytes()).unwrap();
        client.finish_sending();
        for turn in 0..EACH {
            if is_late {
                assert!(client.read("GET").expect(200).as_array().unwrap().len() >= BULKY);
            }
            let stored = client.read("POST").expect(201);
            assert_eq!(stored["data"]["customer_name"], format!("Customer {thread}-{turn}"));
        }
        assert!(client.is_closed_by_server());
    });
    assert_eq!(till::estimates(&mut filler).len(), BULKY + THREADS * EACH);
}

#[test]
fn of_parallel_conversions_with_different_bodies_exactly_one_wins() {
    let mut server = Server::start();
    let mut client = server.client();
    let mut screen = server.socket("/ws");
    let estimate = till::create_estimate(&mut client, "Asha");
    let body_of = |thread: usize| json!({"sale_by": format!("Till {thread}")}).to_string();
    let replies = till::together(server.addr, 32, |thread, client| {
        till::convert(client, &estimate.id, body_of(thread).as_bytes())
    });

    let winners: Vec<usize> = (0..replies.len()).filter(|thread| replies[*thread].status == 200).collect();
    assert_eq!(winners.len(), 1, "{replies:?}");
    let winner = winners[0];
    for reply in replies.iter().filter(|reply| reply.status != 200) {
        assert_eq!(reply.detail(400), ALREADY_CONVERTED);
    }
    let order = Stored::order(&replies[winner].json());
    let frames = till::frames_so_far(&mut client, &mut screen);
    let seen: Vec<(&str, &str)> =
        frames.iter().map(|frame| (frame["action"].as_str().unwrap(), frame["id"].as_str().unwrap())).collect();
    assert_eq!(seen, [("create", estimate.id.as_str()), ("convert_to_order", estimate.id.as_str())]);
    assert_eq!(frames[1]["order_id"], order.id.as_str());

    restart_unchanged(&mut server);
    let mut client = server.client();
    let orders = till::orders(&mut client);
    assert_eq!(orders.len(), 1);
    assert_eq!(Stored::order(&orders[0]), order);
    assert_eq!(orders[0]["sale_by"], format!("Till {winner}"));
    assert_eq!(orders[0]["source_estimate_id"], estimate.id.as_str());
    for (thread, first) in replies.iter().enumerate() {
        let again = till::convert(&mut client, &estimate.id, body_of(thread).as_bytes());
        assert_eq!((again.status, again.text()), (first.status, first.text()));
    }
}

#[test]
fn parallel_conversions_with_the_same_body_are_one_conversion_with_one_answer() {
    let mut server = Server::start();
    let mut client = server.client();
    let mut screen = server.socket("/ws");
    for body in [&b""[..], b"{}", br#"{"payment_mode":"Card","amount_paid":100}"#] {
        let estimate = till::create_estimate(&mut client, "Asha");
        let orders_before = till::orders(&mut client).len();
        let replies = till::together(server.addr, 32, |_, client| till::convert(client, &estimate.id, body));
        let answer = all_identical(&replies, 200);
        assert_eq!(till::orders(&mut client).len(), orders_before + 1);
        let frames = till::frames_so_far(&mut client, &mut screen);
        assert_eq!(frames.len(), 2, "one create and one conversion: {frames:?}");

        restart_unchanged(&mut server);
        client = server.client();
        screen = server.socket("/ws");
        let again = till::convert(&mut client, &estimate.id, body);
        assert_eq!((again.status, again.body), (200, answer));
        assert_eq!(till::orders(&mut client).len(), orders_before + 1);
        assert_eq!(till::frames_so_far(&mut client, &mut screen), Vec::<Value>::new());
    }
}

/// How a conversion and a deletion of the same estimate ended.
struct Race {
    estimate: Stored,
    convert: Reply,
    delete: Reply,
}

#[test]
fn of_a_conversion_and_a_deletion_in_parallel_exactly_one_wins() {
    const RACES: usize = 50;
    let mut server = Server::start();
    let mut client = server.client();
    let mut screen = server.socket("/ws");
    let mut races = Vec::new();
    for _ in 0..RACES {
        let estimate = till::create_estimate(&mut client, "Asha");
        let path = format!("/api/estimates/{}", estimate.id);
        let mut replies = till::together(server.addr, 2, |thread, client| match thread {
            0 => till::convert(client, &estimate.id, b"{}"),
            _ => client.delete(&path),
        });
        let (delete, convert) = (replies.pop().unwrap(), replies.pop().unwrap());
        match (convert.status, delete.status) {
            (200, 400) => assert_eq!(delete.detail(400), NOT_DELETABLE),
            (404, 200) => assert_eq!(convert.detail(404), "Estimate not found"),
            both => panic!("not one winner: {both:?}"),
        }
        let frames = till::frames_so_far(&mut client, &mut screen);
        let last = if convert.status == 200 { "convert_to_order" } else { "delete" };
        let actions: Vec<&Value> = frames.iter().map(|frame| &frame["action"]).collect();
        assert_eq!(actions, ["create", last]);
        races.push(Race { estimate, convert, delete });
    }

    restart_unchanged(&mut server);
    let mut client = server.client();
    let converted = races.iter().filter(|race| race.convert.status == 200).count();
    assert_eq!(till::orders(&mut client).len(), converted);
    for Race { estimate, convert, delete } in races {
        let path = format!("/api/estimates/{}", estimate.id);
        if convert.status == 200 {
            let order = Stored::order(&convert.json());
            let record = client.get(&path).expect(200);
            assert_eq!(record["linked_order_id"], order.id.as_str());
            let linked = client.get(&format!("/api/orders/{}", order.id)).expect(200);
            assert_eq!(linked["source_estimate_id"], estimate.id.as_str());
        } else {
            client.get(&path).expect(404);
        }
        let again = till::convert(&mut client, &estimate.id, b"{}");
        assert_eq!((again.status, again.text()), (convert.status, convert.text()));
        let again = client.delete(&path);
        assert_eq!((again.status, again.text()), (delete.status, delete.text()));
    }
}

/// The two commands that make a record, each with a body for `customer`.
fn creating_commands(customer: &str) -> [(&'static str, Value); 2] {
    [("/api/estimates/create", samples::estimate(customer)), ("/api/orders/create-sale", samples::sale(customer))]
}

/// How many records carry the customer's name.
fn records_of(client: &mut Client, customer: &str) -> usize {
    let (estimates, orders) = everything(client);
    estimates.iter().chain(&orders).filter(|record| record["customer_name"] == customer).count()
}

#[test]
fn fifty_identical_creates_of_one_moment_are_one_record_with_one_answer() {
    let mut server = Server::start();
    for (path, mut body) in creating_commands("Asha") {
        body["customer_name"] = json!(path);
        body["created_at"] = json!("2025-01-13T10:30:00.123456");
        let mut screen = server.socket("/ws");
        let replies = till::together(server.addr, 50, |_, client| client.post(path, &body));
        let answer = all_identical(&replies, 201);
        let mut client = server.client();
        assert_eq!(records_of(&mut client, path), 1);
        assert_eq!(till::frames_so_far(&mut client, &mut screen).len(), 1);

        restart_unchanged(&mut server);
        let mut client = server.client();
        let mut screen = server.socket("/ws");
        let again = client.post(path, &body);
        assert_eq!((again.status, again.body), (201, answer));
        assert_eq!(records_of(&mut client, path), 1);
        assert_eq!(till::frames_so_far(&mut client, &mut screen), Vec::<Value>::new());
    }
}

#[test]
fn identical_creates_without_a_moment_are_records_of_their_own() {
    let server = Server::start();
    for (path, body) in creating_commands("Asha") {
        till::together(server.addr, 20, |_, client| client.post(path, &body).expect(201));
    }
    assert_eq!(records_of(&mut server.client(), "Asha"), 40);
}

/// Sends a command under its key.
fn keyed(client: &mut Client, path: &str, key: &str, body: &Value) -> Reply {
    client.request("POST", path, &[("Idempotency-Key", key)], Some(body.to_string().as_bytes()))
}

#[test]
fn a_keyed_command_happens_once_and_its_key_refuses_another_payload() {
    let mut server = Server::start();
    let estimate = till::create_estimate(&mut server.client(), "Converted");
    let convert = (format!("/api/estimates/{}/convert-to-order", estimate.id), json!({"sale_by": "Mina"}));
    let commands: Vec<(String, Value)> =
        creating_commands("Asha").into_iter().map(|(path, body)| (path.to_string(), body)).chain([convert]).collect();
    for (turn, (path, body)) in commands.iter().enumerate() {
        let key = format!("4f9c2a10-77aa-4a0e-9d55-00000000000{turn}");
        let mut client = server.client();
        let mut screen = server.socket("/ws");
        let replies = till::together(server.addr, 50, |_, client| keyed(client, path, &key, body));
        // A repeat may be asked to wait while the first is still under way; nothing else may happen to it.
        let (done, waiting): (Vec<Reply>, Vec<Reply>) = replies.into_iter().partition(|reply| reply.status < 300);
        for reply in waiting {
            reply.detail(409);
        }
        let status = if turn == 2 { 200 } else { 201 };
        let answer = all_identical(&done, status);
        assert_eq!(till::frames_so_far(&mut client, &mut screen).len(), 1);

        let mut other = body.clone();
        other["sale_by"] = json!("Somebody else");
        assert!(!keyed(&mut client, path, &key, &other).detail(422).is_empty());

        server.kill();
        server.start_again();
        let mut client = server.client();
        let mut screen = server.socket("/ws");
        let again = keyed(&mut client, path, &key, body);
        assert_eq!((again.status, &again.body), (status, &answer));
        keyed(&mut client, path, &key, &other).detail(422);
        assert_eq!(till::frames_so_far(&mut client, &mut screen), Vec::<Value>::new());
    }
    let mut client = server.client();
    assert_eq!(records_of(&mut client, "Asha"), 2);
    assert_eq!(till::orders(&mut client).len(), 2);
}

#[test]
fn the_same_payload_under_different_keys_is_different_commands() {
    let server = Server::start();
    let body = samples::sale("Asha");
    till::together(server.addr, 8, |thread, client| {
        keyed(client, "/api/orders/create-sale", &format!("sale-{thread}"), &body).expect(201)
    });
    assert_eq!(till::orders(&mut server.client()).len(), 8);
}
