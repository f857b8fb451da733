//! Whatever happens to the process, nothing that was answered is lost, doubled or renumbered.
//!
//! Goal: promises 1 and 3 to 5 hold over `kill -9`, proper stops and restarts, and a start with options that
//! cannot work harms nothing and says why in one sentence. A file that cannot be used is the matter of `states`.
//!
//! Method: writers send commands and note each answer before they send the next one, until the server is gone. After each
//! restart the notes are compared with all records, and what got no answer is sent again: by half of the writers under its
//! key, by the others as the old app would, byte for byte. The power cut below the file system is the matter of
//! `tests/faults`; here the process dies, not the disk. `TILLSYNC_KILLS` sets how often.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::http::{Client, Reply};
use crate::support::program::{is_under_runner, program};
use crate::support::server::Server;
use crate::support::till::{self, Stored};
use crate::support::{DEADLINE, samples, wait_until};

/// A command as it goes over the wire, so that its repeat is the same to the byte.
#[derive(Debug, Clone)]
struct Sent {
    path: String,
    body: Value,
    /// As newer clients send; the old app is recognised by its bytes.
    key: Option<String>,
}

impl Sent {
    /// The answer, or nothing when the server is gone or going.
    fn send(&self, client: &mut Client) -> Option<Reply> {
        let body = self.body.to_string();
        let headers: Vec<(&str, &str)> = self.key.iter().map(|key| ("Idempotency-Key", key.as_str())).collect();
        let reply = client.try_request("POST", &self.path, &headers, Some(body.as_bytes())).ok()?;
        match reply.status {
            200 | 201 => Some(reply),
            503 => None,
            _ => panic!("{} {:?}", reply.status, reply.text()),
        }
    }
}

/// What one writer knows: the commands that were answered, and the one that was not.
#[derive(Debug, Default)]
struct Notes {
    answered: Vec<(Sent, Value)>,
    unanswered: Option<Sent>,
}

/// Sends commands until the server is gone: an estimate, for every other one its conversion, for every third a sale.
fn write_until_gone(mut client: Client, writer: &str, has_keys: bool, answers: &AtomicUsize) -> Notes {
    let mut notes = Notes::default();
    let mut commands = 0;
    let mut act = |path: String, body: Value| {
        commands += 1;
        let command = Sent { path, body, key: has_keys.then(|| format!("{writer} command {commands}")) };
        let Some(reply) = command.send(&mut client) else {
            notes.unanswered = Some(command);
            return None;
        };
        notes.answered.push((command, reply.json()));
        answers.fetch_add(1, Ordering::SeqCst);
        Some(reply)
    };
    let deadline = Instant::now() + DEADLINE;
    for turn in 0.. {
        // Without this a fault in another thread would leave this one writing for ever.
        assert!(Instant::now() < deadline, "nobody ended the server");
        let mut estimate = samples::estimate(&format!("{writer} estimate {turn}"));
        estimate["created_at"] = json!("2025-01-13T10:30:00");
        let Some(reply) = act("/api/estimates/create".into(), estimate) else { break };
        if turn % 2 == 0 {
            let id = Stored::estimate(&reply.json()).id;
            let path = format!("/api/estimates/{id}/convert-to-order");
            let Some(_) = act(path, json!({"sale_by": writer})) else { break };
        }
        if turn % 3 == 0 {
            let mut sale = samples::sale(&format!("{writer} sale {turn}"));
            sale["created_at"] = json!("2025-01-13T10:30:00");
            let Some(_) = act("/api/orders/create-sale".into(), sale) else { break };
        }
    }
    notes
}

/// All records of a series by id, after checking that their numbers are 1..=n, newest first, each with its own id and
/// customer. Nothing is deleted in these tests, so a hole would be a number that was given and lost.
fn by_id(records: Vec<Value>, stored: impl Fn(&Value) -> Stored) -> HashMap<String, Value> {
    let numbers = records.iter().map(|record| stored(record).number);
    assert!(numbers.eq((1..=records.len() as u64).rev()), "numbers have holes or doubles");
    let customers: HashSet<String> = records.iter().map(|record| till::text(record, "customer_name")).collect();
    assert_eq!(customers.len(), records.len(), "a command was carried out twice");
    let count = records.len();
    let by_id: HashMap<String, Value> = records.into_iter().map(|record| (stored(&record).id, record)).collect();
    assert_eq!(by_id.len(), count, "two records share an id");
    by_id
}

/// The record holds what the command said.
fn assert_content(record: &Value, body: &Value) {
    for key in ["customer_name", "customer_phone", "customer_address", "sale_by", "items", "subtotal", "total"] {
        assert_eq!(record[key], body[key], "{key}");
    }
}

/// Everything that was answered is there, nothing is half there, and there is nothing else.
fn verify(client: &mut Client, answered: &[(Sent, Value)]) {
    let estimates = by_id(till::estimates(client), Stored::estimate);
    let orders = by_id(till::orders(client), Stored::order);
    let created = answered.iter().filter(|(command, _)| command.path == "/api/estimates/create").count();
    assert_eq!((estimates.len(), orders.len()), (created, answered.len() - created), "lost or doubled");
    for (command, answer) in answered {
        if command.path.ends_with("/convert-to-order") {
            let order = Stored::order(answer);
            let estimate_id = till::text(&answer["data"], "estimate_id");
            assert_eq!(estimates[&estimate_id]["linked_order_id"], order.id.as_str());
            assert_eq!(Stored::order(&orders[&order.id]), order);
            assert_eq!(orders[&order.id]["sale_by"], command.body["sale_by"]);
        } else if command.path.starts_with("/api/estimates") {
            let estimate = Stored::estimate(answer);
            assert_eq!(Stored::estimate(&estimates[&estimate.id]), estimate);
            assert_content(&estimates[&estimate.id], &command.body);
        } else {
            let order = Stored::order(answer);
            assert_eq!(Stored::order(&orders[&order.id]), order);
            assert_content(&orders[&order.id], &command.body);
        }
    }
    for (id, estimate) in &estimates {
        let linked = estimate["linked_order_id"].as_str();
        assert_eq!(estimate["is_converted_to_order"], linked.is_some());
        if let Some(order_id) = linked {
            let order = orders.get(order_id).unwrap_or_else(|| panic!("{id} is converted to no order"));
            assert_eq!(order["source_estimate_id"], id.as_str());
            assert_eq!(order["sale_number"], estimate["linked_order_number"]);
        }
    }
    for (id, order) in &orders {
        let source = order["source_estimate_id"].as_str();
        assert_eq!(order["is_from_estimate"], source.is_some());
        if let Some(estimate_id) = source {
            let estimate = estimates.get(estimate_id).unwrap_or_else(|| panic!("{id} comes from no estimate"));
            assert_eq!(estimate["linked_order_id"], id.as_str());
        }
    }
}

/// Ends the server `rounds` times in the middle of load by `end`, and compares notes and records after each. Returns how
/// many commands were answered.
fn load_and_end(rounds: usize, end: impl Fn(&mut Server)) -> usize {
    const WRITERS: usize = 4;
    let mut server = Server::start();
    let mut answered: Vec<(Sent, Value)> = Vec::new();
    for round in 0..rounds {
        let answers = AtomicUsize::new(0);
        // Another moment of the load in every round.
        let enough = 4 + round * 7 % 40;
        let notes: Vec<Notes> = thread::scope(|scope| {
            let answers = &answers;
            // Before the first one writes: the end may come before the last one has begun.
            let clients: Vec<Client> = (0..WRITERS).map(|_| server.client()).collect();
            let write = |(writer, client)| {
                scope.spawn(move || write_until_gone(client, &format!("{round}-{writer}"), writer % 2 == 0, answers))
            };
            let writers: Vec<_> = clients.into_iter().enumerate().map(write).collect();
            wait_until("the writers have got some answers", || answers.load(Ordering::SeqCst) >= enough);
            end(&mut server);
            writers.into_iter().map(|writer| writer.join().unwrap()).collect()
        });
        server.start_again();
        let mut client = server.client();
        for notes in notes {
            answered.extend(notes.answered);
            // Whether or not it was stored before the end, afterwards it is there once.
            if let Some(command) = notes.unanswered {
                let reply = command.send(&mut client).expect("the server is up again");
                answered.push((command, reply.json()));
            }
        }
        verify(&mut client, &answered);
    }
    // The repeats of a whole day's first answers change nothing either.
    let mut client = server.client();
    for (command, answer) in answered.iter().take(200) {
        assert_eq!(&command.send(&mut client).unwrap().json(), answer);
    }
    verify(&mut client, &answered);
    answered.len()
}

#[test]
#[ignore = "long: cargo test-all"]
fn everything_answered_survives_kills_during_load_and_nothing_is_doubled_or_half_done() {
    const KILLS: usize = 100;
    /// Then the shop begins anew, so that the comparing does not outgrow the killing.
    const KILLS_OF_A_SHOP: usize = 25;
    let kills = std::env::var("TILLSYNC_KILLS").map_or(KILLS, |text| text.parse().expect("TILLSYNC_KILLS is a number"));
    let shops = (0..kills).step_by(KILLS_OF_A_SHOP);
    let answered: usize = shops.map(|first| load_and_end(KILLS_OF_A_SHOP.min(kills - first), Server::kill)).sum();
    eprintln!("{kills} kills, {answered} commands answered: none lost, none doubled");
}

#[test]
fn everything_answered_survives_proper_stops_during_load() {
    let answered = load_and_end(5, |server| assert_eq!(server.stop().code(), Some(0)));
    assert!(answered > 0);
}

#[test]
fn a_number_is_never_given_again_after_deletions_and_restarts() {
    let mut server = Server::start();
    let mut last = 0;
    for round in 0..6 {
        let mut client = server.client();
        // The newest record, and in the end every record, is gone when the next number is given.
        for record in 0..3 {
            last += 1;
            let customer = format!("Customer {round}-{record}");
            let estimate = till::create_estimate(&mut client, &customer);
            let order = till::create_sale(&mut client, &customer);
            assert_eq!((estimate.number, order.number), (last, last));
            client.delete(&format!("/api/estimates/{}", estimate.id)).expect(200);
            client.delete(&format!("/api/orders/{}", order.id)).expect(200);
        }
        assert_eq!((till::estimates(&mut client).len(), till::orders(&mut client).len()), (0, 0));
        if round % 2 == 0 {
            server.kill();
        } else {
            server.stop();
        }
        server.start_again();
    }
    // A conversion's order deleted together with its estimate uses up both numbers.
    let mut client = server.client();
    let estimate = till::create_estimate(&mut client, "Converted");
    let order = Stored::order(&till::convert(&mut client, &estimate.id, b"{}").expect(200));
    client.delete(&format!("/api/orders/{}", order.id)).expect(200);
    server.kill();
    server.start_again();
    let mut client = server.client();
    assert_eq!(till::create_estimate(&mut client, "Asha").number, estimate.number + 1);
    assert_eq!(till::create_sale(&mut client, "Asha").number, order.number + 1);
}

/// Runs the program as an owner would, without any logging asked for, and returns its exit and what it said.
fn run_to_exit(args: &[&str]) -> (ExitStatus, String, String) {
    let mut child = program()
        .args(args)
        .env_remove("RUST_LOG")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + DEADLINE;
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if Instant::now() > deadline {
            child.kill().unwrap();
            panic!("{args:?} started instead of failing");
        }
        thread::sleep(Duration::from_millis(5));
    };
    let (mut stdout, mut stderr) = (String::new(), String::new());
    child.stdout.unwrap().read_to_string(&mut stdout).unwrap();
    child.stderr.unwrap().read_to_string(&mut stderr).unwrap();
    (status, stdout, stderr)
}

/// The program fails, and its standard error is one sentence for people that names `about`.
fn fails_with_one_sentence(args: &[&str], about: &str) {
    let (status, stdout, stderr) = run_to_exit(args);
    assert!(!status.success(), "{args:?} ended with {status}: {stdout}");
    assert_eq!(stdout, "", "{args:?}");
    // What clap adds under its sentence only points to the help.
    let is_pointer = |line: &&str| line.starts_with("Usage: ") || line.starts_with("For more information");
    let is_log = |line: &&str| line.starts_with('[') && line.contains(" INFO ");
    // What an emulator says of itself is not the program's.
    let is_foreign = |line: &&str| is_under_runner() && !line.starts_with("tillsync: ");
    let lines: Vec<&str> = stderr
        .lines()
        .filter(|line| !line.trim().is_empty() && !is_pointer(line) && !is_log(line) && !is_foreign(line))
        .collect();
    assert_eq!(lines.len(), 1, "not one sentence: {stderr}");
    assert!(lines[0].contains(about), "{about} is not named in: {stderr}");
    assert!(lines[0].split_whitespace().count() >= 4, "not a sentence: {stderr}");
    for inner in ["panicked", "RUST_BACKTRACE", "Err(", "Error(", " { ", "Os {"] {
        assert!(!stderr.contains(inner), "{inner} is not for people: {stderr}");
    }
}

fn path_text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_taken_port_is_one_sentence_with_the_address() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let dir = tempfile::tempdir().unwrap();
    fails_with_one_sentence(&["--listen", &address, "--data", path_text(dir.path())], &address);
}

#[test]
fn a_wrong_flag_is_one_sentence_that_names_it() {
    let dir = tempfile::tempdir().unwrap();
    let data = ["--data", path_text(dir.path())];
    let wrong: [(&[&str], &str); 6] = [
        (&["--no-such-flag"], "--no-such-flag"),
        (&["--listen", "everywhere"], "everywhere"),
        (&["--listen", "127.0.0.1:99999"], "127.0.0.1:99999"),
        (&["--timezone", "Mars/Phobos"], "Mars/Phobos"),
        (&["--currency", "pebbles"], "pebbles"),
        (&["--cache-mib", "plenty"], "plenty"),
    ];
    for (flags, about) in wrong {
        let mut args = data.to_vec();
        args.extend_from_slice(flags);
        fails_with_one_sentence(&args, about);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "{flags:?} left a file behind");
    }
}

#[test]
fn a_currency_with_other_decimals_than_those_of_the_file_is_one_sentence_and_changes_nothing() {
    let mut server = Server::start();
    till::create_estimate(&mut server.client(), "Asha");
    assert!(server.stop().success());
    let before = fs::read(server.database()).unwrap();
    let data = path_text(server.dir.path());
    fails_with_one_sentence(&["--listen", "127.0.0.1:0", "--data", data, "--currency", "JPY"], "JPY");
    assert!(fs::read(server.database()).unwrap() == before, "the file was written to");
}

#[test]
fn a_data_directory_that_cannot_be_one_is_one_sentence_with_its_path() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a-file");
    fs::write(&file, "not a folder").unwrap();
    fails_with_one_sentence(&["--listen", "127.0.0.1:0", "--data", path_text(&file)], path_text(&file));
    assert_eq!(fs::read_to_string(&file).unwrap(), "not a folder");
}
