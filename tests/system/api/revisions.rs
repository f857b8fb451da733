//! Two people at one record, and one command sent twice (promises 3 and 4).
//!
//! Goal: who changes a record that somebody else has changed in the meantime finds out and sees both; who asks for
//! nothing of the kind is served as before. A command under an `Idempotency-Key` is carried out once and answered the
//! same for ever, whatever the answer was and whatever happened to the server.
//!
//! Method: a table of every command that changes a record, sent with a stale, a matching, and no revision in each place
//! where one may stand. Nothing may have changed where it was refused: the record's bytes and the live feed show that.

use std::thread;

use serde_json::{Value, json};

use crate::support::http::{Client, Reply};
use crate::support::server::Server;
use crate::support::sync;
use crate::support::till::{self, Stored};
use crate::support::{samples, wait_until};

/// A request about one record.
#[derive(Debug, Clone)]
struct Request {
    method: &'static str,
    path: String,
    body: Option<Value>,
}

impl Request {
    fn new(method: &'static str, path: String, body: Option<Value>) -> Self {
        Self { method, path, body }
    }

    fn send(&self, client: &mut Client, headers: &[(&str, &str)]) -> Reply {
        self.try_send(client, headers).unwrap()
    }

    fn try_send(&self, client: &mut Client, headers: &[(&str, &str)]) -> std::io::Result<Reply> {
        let body = self.body.as_ref().map(|body| body.to_string().into_bytes());
        client.try_request(self.method, &self.path, headers, body.as_deref())
    }

    /// The same with a revision in its body.
    fn with_rev(&self, rev: &Value) -> Self {
        let mut with_rev = self.clone();
        with_rev.body.get_or_insert_with(|| json!({}))["rev"] = rev.clone();
        with_rev
    }
}

/// A record at revision 2 and a command that would change it.
struct Case {
    name: &'static str,
    record: String,
    command: Request,
}

/// Every command that changes a record, each on a record of its own.
fn cases(client: &mut Client) -> Vec<Case> {
    let mut case = |name, make: fn(&str) -> Request| {
        let record = if name == "status" || name == "delete order" {
            let order = till::create_sale(client, name);
            format!("/api/orders/{}", order.id)
        } else {
            let estimate = till::create_estimate(client, name);
            format!("/api/estimates/{}", estimate.id)
        };
        bump(client, &record);
        Case { name, command: make(&record), record }
    };
    vec![
        case("edit", |record| Request::new("PUT", record.into(), Some(samples::estimate("somebody else")))),
        case("convert", |record| Request::new("POST", format!("{record}/convert-to-order"), Some(json!({})))),
        case("status", |record| Request::new("PUT", format!("{record}/status?status=Delivered"), None)),
        case("delete estimate", |record| Request::new("DELETE", record.into(), None)),
        case("delete order", |record| Request::new("DELETE", record.into(), None)),
    ]
}

/// Changes a record, so that its revision grows by one.
fn bump(client: &mut Client, record: &str) {
    let before = client.get(record).expect(200)["rev"].as_u64().expect("a revision");
    if record.starts_with("/api/orders/") {
        let path = format!("{record}/status?status=Packed%20{before}");
        Request::new("PUT", path, None).send(client, &[]).expect(200);
    } else {
        client.put(record, &samples::estimate(&format!("edited {before}"))).expect(200);
    }
    assert_eq!(client.get(record).expect(200)["rev"], before + 1);
}

#[test]
fn a_record_says_its_revision_and_is_not_sent_again_to_who_has_it() {
    let server = Server::start();
    let mut client = server.client();
    let estimate = till::create_estimate(&mut client, "Asha");
    let order = till::create_sale(&mut client, "Asha");
    let paths = [
        (format!("/api/estimates/{}", estimate.id), "/api/estimates/number/1"),
        (format!("/api/orders/{}", order.id), "/api/orders/number/1"),
    ];
    for (record, by_number) in &paths {
        for rev in 1..=3 {
            let etag = format!("\"{rev}\"");
            for path in [record.as_str(), by_number] {
                let reply = client.get(path);
                assert_eq!((&reply.expect(200)["rev"], reply.header("etag")), (&json!(rev), Some(etag.as_str())));
                for known in [etag.clone(), format!("W/{etag}"), "*".into(), format!("\"77\", {etag}")] {
                    let reply = client.request("GET", path, &[("If-None-Match", &known)], None);
                    assert_eq!((reply.status, reply.text()), (304, ""), "{path} {known}");
                    assert_eq!(reply.header("etag"), Some(etag.as_str()), "{path} {known}");
                }
                for other in [format!("\"{}\"", rev + 1), "\"0\"".into(), "\"x\"".into()] {
                    let again = client.request("GET", path, &[("If-None-Match", &other)], None);
                    assert_eq!((again.status, &again.body), (200, &reply.body), "{path} {other}");
                }
            }
            bump(&mut client, record);
        }
    }
    let listed = sync::listed(&mut client);
    assert!(listed.values().all(|record| record["rev"] == 4), "a list shows the revisions too: {listed:?}");
    let unknown = client.request("GET", "/api/estimates/EST-00000000", &[("If-None-Match", "*")], None);
    unknown.detail(404);
}

/// Lets `refuse` send what must be refused, and checks that nothing has changed or was announced.
fn each_stays_as_it_is(refuse: impl Fn(&Case, &mut Client, &Value)) {
    let server = Server::start();
    let mut client = server.client();
    let mut known = sync::open(server.addr, "").1.bookmark();
    for case in cases(&mut client) {
        sync::news(&mut client, &mut known);
        let before = client.get(&case.record);
        refuse(&case, &mut client, &before.json());
        assert_eq!(client.get(&case.record).body, before.body, "{}", case.name);
        assert_eq!(sync::news(&mut client, &mut known), Vec::<Value>::new(), "{} was announced", case.name);
    }
}

#[test]
fn a_stale_revision_changes_nothing_and_shows_the_record_as_it_is() {
    each_stays_as_it_is(|Case { name, command, .. }, client, before| {
        let stale = [
            command.send(client, &[("If-Match", "\"1\"")]),
            command.send(client, &[("If-Match", "\"3\"")]),
            command.with_rev(&json!(1)).send(client, &[]),
            command.with_rev(&json!(3)).send(client, &[]),
        ];
        for reply in stale {
            assert!(!reply.detail(412).is_empty(), "{name}");
            assert_eq!(&reply.json()["current"], before, "{name}");
        }
    });
}

#[test]
fn what_is_no_revision_is_refused_and_changes_nothing() {
    each_stays_as_it_is(|Case { name, command, .. }, client, _| {
        for malformed in ["\"2", "2\"", "two", "\"2\" \"3\"", "**"] {
            let reply = command.send(client, &[("If-Match", malformed)]);
            assert!(!reply.detail(400).is_empty(), "{name} {malformed}");
        }
        for malformed in [json!("two"), json!(-2), json!(2.5), json!([2]), json!({"rev": 2})] {
            let reply = command.with_rev(&malformed).send(client, &[]);
            assert!([400, 422].contains(&reply.status), "{name} {malformed}: {} {}", reply.status, reply.text());
            assert!(!reply.detail(reply.status).is_empty(), "{name} {malformed}");
        }
    });
}

/// A way of sending a command on a record at revision 2.
type Send = fn(&Request, &mut Client) -> Reply;

#[test]
fn a_matching_revision_or_none_is_carried_out() {
    let server = Server::start();
    let mut client = server.client();
    let mut known = sync::open(server.addr, "").1.bookmark();
    let ways: [(&str, Send); 5] = [
        ("none", |command, client| command.send(client, &[])),
        ("If-Match", |command, client| command.send(client, &[("If-Match", "\"2\"")])),
        ("If-Match: *", |command, client| command.send(client, &[("If-Match", "*")])),
        ("rev", |command, client| command.with_rev(&json!(2)).send(client, &[])),
        ("both", |command, client| command.with_rev(&json!(2)).send(client, &[("If-Match", "\"2\"")])),
    ];
    for (way, send) in ways {
        for Case { name, record, command } in cases(&mut client) {
            sync::news(&mut client, &mut known);
            let reply = send(&command, &mut client);
            assert_eq!(reply.status, 200, "{name} with {way}: {}", reply.text());
            let changes = sync::news(&mut client, &mut known);
            assert_eq!(changes[0]["rev"], 3, "{name} with {way}");
            let after = client.get(&record);
            if name.starts_with("delete") {
                after.detail(404);
            } else {
                assert_eq!(after.expect(200)["rev"], 3, "{name} with {way}");
            }
        }
    }
}

#[test]
fn a_condition_on_a_record_that_is_gone_is_refused() {
    let server = Server::start();
    let mut client = server.client();
    for Case { name, record, command } in cases(&mut client) {
        client.delete(&record).expect(200);
        for condition in ["*", "\"2\"", "\"3\""] {
            // As a key of its own, so that a second deletion is not taken for a repeat of the first.
            let key = format!("{name} {condition}");
            let reply = command.send(&mut client, &[("If-Match", condition), ("Idempotency-Key", &key)]);
            assert!([404, 412].contains(&reply.status), "{name} {condition}: {} {}", reply.status, reply.text());
        }
    }
}

#[test]
fn of_two_people_at_one_record_the_second_finds_out_and_can_go_on_from_there() {
    const PEOPLE: usize = 20;
    let server = Server::start();
    let mut client = server.client();
    let path = format!("/api/estimates/{}", till::create_estimate(&mut client, "Asha").id);
    // Each adds a mark to what is there; not one may be lost.
    till::together(server.addr, PEOPLE, |person, client| {
        let mut record = client.get(&path).expect(200);
        wait_until("an edit meets no other", || {
            let address = format!("{}, {person}", till::text(&record, "customer_address"));
            let mut edit = samples::estimate("Asha");
            edit["customer_address"] = json!(address);
            edit["rev"] = record["rev"].clone();
            let reply = client.put(&path, &edit);
            if reply.status == 200 {
                return true;
            }
            record = reply.expect(412)["current"].clone();
            false
        });
    });
    let record = client.get(&path).expect(200);
    assert_eq!(record["rev"], PEOPLE as u64 + 1);
    let mut marks: Vec<usize> =
        till::text(&record, "customer_address").split(", ").skip(1).map(|mark| mark.parse().unwrap()).collect();
    marks.sort_unstable();
    assert!(marks.into_iter().eq(0..PEOPLE), "an edit was lost: {record}");
}

/// Commands of every kind and outcome, in an order in which each finds what it needs. The ids do not depend on the shop:
/// they follow from the numbers.
fn commands() -> Vec<(u16, Request)> {
    let other = Server::start();
    let mut client = other.client();
    let estimates = [(); 3].map(|()| format!("/api/estimates/{}", till::create_estimate(&mut client, "any").id));
    let orders = [(); 3].map(|()| format!("/api/orders/{}", till::create_sale(&mut client, "any").id));
    let rows = [
        // Refused, and later the record is there.
        (404, "DELETE", estimates[0].clone(), None),
        (404, "PUT", format!("{}/status?status=Packed", orders[0]), None),
        (201, "POST", "/api/estimates/create".into(), Some(samples::estimate("first"))),
        (200, "PUT", estimates[0].clone(), Some(samples::estimate("edited"))),
        (201, "POST", format!("{}/duplicate", estimates[0]), None),
        (200, "POST", format!("{}/convert-to-order", estimates[0]), Some(json!({"sale_by": "Mina"}))),
        // Refused, and later the record is gone.
        (400, "POST", format!("{}/convert-to-order", estimates[0]), Some(json!({"sale_by": "Ravi"}))),
        (400, "DELETE", estimates[0].clone(), None),
        (400, "PUT", estimates[0].clone(), Some(samples::estimate("edited"))),
        (200, "PUT", format!("{}/status?status=Packed", orders[0]), None),
        (200, "DELETE", orders[0].clone(), None),
        (404, "DELETE", orders[0].clone(), None),
        (201, "POST", "/api/orders/create-sale".into(), Some(samples::sale("second"))),
        (200, "DELETE", estimates[1].clone(), None),
    ];
    rows.into_iter().map(|(status, method, path, body)| (status, Request::new(method, path, body))).collect()
}

/// The answer to a command under the key of its place in the list.
fn keyed(client: &mut Client, at: usize, request: &Request) -> Reply {
    request.send(client, &[("Idempotency-Key", &format!("till-1/{at}"))])
}

#[test]
fn a_key_is_answered_the_same_for_ever_whatever_the_answer_was() {
    let mut server = Server::start();
    let mut client = server.client();
    let mut known = sync::open(server.addr, "").1.bookmark();
    let commands = commands();
    let mut answers = Vec::new();
    for (at, (status, request)) in commands.iter().enumerate() {
        let reply = keyed(&mut client, at, request);
        assert_eq!(reply.status, *status, "{request:?}: {}", reply.text());
        answers.push(reply);
        // What was carried out says which command it was.
        let changes = sync::news(&mut client, &mut known);
        assert_eq!(changes.is_empty(), *status >= 400, "{request:?}: {changes:?}");
        for change in changes {
            assert_eq!(change["origin"], till::origin(&format!("till-1/{at}")), "{request:?}");
        }
    }
    for ending in ["none", "kill", "stop"] {
        match ending {
            "none" => {}
            "kill" => server.kill(),
            _ => assert!(server.stop().success()),
        }
        if ending != "none" {
            server.start_again();
            client = server.client();
        }
        for ((at, (_, request)), first) in commands.iter().enumerate().zip(&answers) {
            let again = keyed(&mut client, at, request);
            assert_eq!((again.status, again.text()), (first.status, first.text()), "{request:?}");
            assert_eq!(again.header("content-type"), first.header("content-type"), "{request:?}");
        }
        assert_eq!(sync::news(&mut client, &mut known), Vec::<Value>::new(), "a repeat was carried out");
    }
}

#[test]
fn a_key_that_was_used_for_something_else_is_refused() {
    let server = Server::start();
    let mut client = server.client();
    let path = format!("/api/estimates/{}", till::create_estimate(&mut client, "Asha").id);
    let mut known = sync::open(server.addr, "").1.bookmark();
    let first = Request::new("PUT", path.clone(), Some(samples::estimate("Bina")));
    keyed(&mut client, 0, &first).expect(200);
    sync::news(&mut client, &mut known);
    let others = [
        Request::new("PUT", path.clone(), Some(samples::estimate("Charu"))),
        Request::new("PUT", format!("{path}?"), Some(samples::estimate("Charu"))),
        Request::new("DELETE", path.clone(), None),
        Request::new("POST", format!("{path}/convert-to-order"), Some(json!({}))),
        Request::new("POST", "/api/estimates/create".into(), first.body.clone()),
    ];
    for other in others {
        assert!(!keyed(&mut client, 0, &other).detail(422).is_empty(), "{other:?}");
    }
    assert_eq!(sync::news(&mut client, &mut known), Vec::<Value>::new());
    // The refusals have not taken the place of the first answer.
    keyed(&mut client, 0, &first).expect(200);
}

#[test]
fn a_keyed_sale_that_meets_a_kill_between_commit_and_answer_is_one_sale() {
    const ROUNDS: usize = 6;
    const SENDERS: usize = 50;
    let mut server = Server::start();
    for round in 0..ROUNDS {
        let customer = format!("Customer {round}");
        let sale = Request::new("POST", "/api/orders/create-sale".into(), Some(samples::sale(&customer)));
        let key = format!("sale {round}");
        let headers = [("Idempotency-Key", key.as_str())];
        let (mut screen, hello) = sync::open(server.addr, "");
        let addr = server.addr;
        let before: Vec<Reply> = thread::scope(|scope| {
            let sending =
                scope.spawn(|| till::together(addr, SENDERS, |_, client| sale.try_send(client, &headers).ok()));
            // The change is visible, so it is committed; who has an answer by now is a matter of luck.
            screen.next_json();
            server.kill();
            sending.join().unwrap().into_iter().flatten().collect()
        });
        server.start_again();
        let after = till::together(server.addr, SENDERS, |_, client| sale.send(client, &headers));
        let (answered, waiting): (Vec<&Reply>, Vec<&Reply>) =
            before.iter().chain(&after).partition(|reply| reply.status == 201);
        assert!(after.iter().any(|reply| reply.status == 201), "nobody was told that it was stored");
        for reply in &answered {
            assert_eq!(reply.text(), answered[0].text());
        }
        for reply in waiting {
            reply.detail(409);
        }
        let (_, changes, _) = sync::caught_up(server.addr, &hello.bookmark().query());
        let [change] = changes.as_slice() else { panic!("not one change: {changes:?}") };
        assert_eq!(Stored::order(&answered[0].json()), Stored::order(&change["data"]));
        assert_eq!((&change["seq"], &change["origin"]), (&json!(hello.seq + 1), &json!(till::origin(&key))));
    }
    assert_eq!(till::orders(&mut server.client()).len(), ROUNDS);
}

#[test]
fn a_key_whose_command_was_refused_as_stale_is_not_the_key_of_the_corrected_command() {
    let server = Server::start();
    let mut client = server.client();
    let created = client.post("/api/estimates/create", &samples::estimate("Asha")).expect(201);
    let path = format!("/api/estimates/{}", created["estimate_id"].as_str().unwrap());
    let mut delete = |key: &str, tag: &str| {
        client.request("DELETE", &path, &[("Idempotency-Key", key), ("If-Match", tag)], None).status
    };
    assert_eq!(delete("first", "\"7\""), 412);
    assert_eq!(delete("first", "\"1\""), 422, "another condition is another command");
    assert_eq!(delete("second", "\"1\""), 200);
    assert_eq!(delete("second", "\"1\""), 200, "repeated");
}

/// The newest answers are not in their index yet; those of a filled block are. A kill may come at either time.
#[test]
fn a_key_is_known_however_many_came_after_it() {
    const KEYS: usize = 300;
    let mut server = Server::start();
    let create = |number: usize| {
        Request::new("POST", "/api/estimates/create".into(), Some(samples::estimate(&format!("Customer {number}"))))
    };
    let mut client = server.client();
    let first: Vec<Vec<u8>> = (0..KEYS).map(|number| keyed(&mut client, number, &create(number)).body).collect();
    for _ in 0..2 {
        let mut client = server.client();
        for (number, answer) in first.iter().enumerate() {
            assert_eq!(keyed(&mut client, number, &create(number)).body, *answer);
        }
        assert_eq!(till::estimates(&mut client).len(), KEYS);
        server.kill();
        server.start_again();
    }
}
