//! `tillsync tail`: what a printer script hangs on (issue 2).
//!
//! Goal: one JSON line for every change, in order, none missing: from any sequence on, over the server's restarts, and
//! with a state file over its own death. A closed output ends it quietly.
//!
//! Method: the real program behind a pipe. It reaches the server through a proxy, whose address stays the same when the
//! server comes back on another port. The shop's records are each changed once, so that a catch-up names every change.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Instant;

use serde_json::{Value, json};

use crate::support::program::program;
use crate::support::proxy::{BEHIND_PROXY, Line, Proxy};
use crate::support::server::Server;
use crate::support::sync::Change;
use crate::support::{DEADLINE, samples, till, wait_until};

/// A running `tail`.
struct Tail {
    child: Child,
    lines: Receiver<String>,
}

impl Tail {
    /// Starts it with its output on a pipe that is read line by line.
    fn start(url: &str, args: &[&str]) -> Self {
        let (child, output) = spawn(url, args);
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(output).lines() {
                let Ok(line) = line else { return };
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self { child, lines }
    }

    fn next_change(&self) -> Value {
        let line = self.lines.recv_timeout(DEADLINE).expect("a line");
        let change = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error} in {line}"));
        Change::of(&change);
        change
    }

    fn next_seq(&self) -> u64 {
        self.next_change()["seq"].as_u64().unwrap()
    }

    /// `kill -9`, and everything that it has still printed.
    fn kill(mut self) -> Vec<String> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        // The pipe is read to its end.
        self.lines.iter().collect()
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(url: &str, args: &[&str]) -> (Child, ChildStdout) {
    let mut child = program()
        .args(["tail", url])
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let output = child.stdout.take().unwrap();
    (child, output)
}

fn wait_exit(child: &mut Child) -> ExitStatus {
    let deadline = Instant::now() + DEADLINE;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if Instant::now() > deadline {
            child.kill().unwrap();
            panic!("tail did not exit");
        }
        thread::yield_now();
    }
}

/// A shop behind an address that stays.
struct Shop {
    server: Server,
    proxy: Proxy,
    seq: u64,
}

impl Shop {
    fn open() -> Self {
        let server = Server::start_with(&BEHIND_PROXY);
        let proxy = Proxy::start(server.addr, Line::STEADY, 0);
        Self { server, proxy, seq: 0 }
    }

    fn url(&self) -> String {
        format!("http://{}", self.proxy.addr)
    }

    /// Stores so many records, alternately of both kinds.
    fn store(&mut self, count: u64) {
        let mut client = self.server.client();
        for _ in 0..count {
            self.seq += 1;
            if self.seq.is_multiple_of(2) {
                till::create_sale(&mut client, "Asha");
            } else {
                till::create_estimate(&mut client, "Asha");
            }
        }
    }

    fn restart(&mut self, end: impl FnOnce(&mut Server)) {
        end(&mut self.server);
        self.server.start_again();
        self.proxy.aim_at(self.server.addr);
    }
}

#[test]
fn a_tail_prints_each_change_as_one_line_from_where_it_was_asked_to_begin() {
    let mut shop = Shop::open();
    shop.store(5);
    for since in [0, 3, 5] {
        let tail = Tail::start(&shop.url(), &["--since", &since.to_string()]);
        for expected in since + 1..=shop.seq {
            assert_eq!(tail.next_seq(), expected);
        }
        // Then what happens.
        shop.store(2);
        assert_eq!([tail.next_seq(), tail.next_seq()], [shop.seq - 1, shop.seq]);
    }
    // A line is the very frame of the feed.
    let (_, frames, _) = crate::support::sync::caught_up(shop.server.addr, "since=0");
    let tail = Tail::start(&shop.url(), &["--since", "0"]);
    for frame in frames {
        assert_eq!(tail.next_change(), frame);
    }
}

#[test]
fn a_tail_does_not_print_who_is_at_which_record() {
    let mut shop = Shop::open();
    let id = till::create_estimate(&mut shop.server.client(), "Asha").id;
    let tail = Tail::start(&shop.url(), &["--since", "0"]);
    assert_eq!(tail.next_seq(), 1);
    let mut socket = shop.server.socket("/sync");
    for does in ["view", "edit"] {
        socket.send_text(&json!({"type": "presence", "id": id, "does": does, "tab": "one"}).to_string());
        while socket.next_json()["who"][0]["does"] != does {}
    }
    // It goes on by the same connection: a new one would begin with what was said of presence as well.
    shop.seq = 1;
    shop.store(2);
    assert_eq!([tail.next_seq(), tail.next_seq()], [2, 3]);
    assert_eq!(tail.kill(), [""; 0]);
}

#[test]
fn a_tail_prints_the_latest_state_of_what_it_missed_and_deletions_too() {
    let shop = Shop::open();
    let mut client = shop.server.client();
    let [edited, deleted] = ["edited", "deleted"].map(|customer| till::create_estimate(&mut client, customer));
    client.put(&format!("/api/estimates/{}", edited.id), &samples::estimate("again")).expect(200);
    client.delete(&format!("/api/estimates/{}", deleted.id)).expect(200);
    let tail = Tail::start(&shop.url(), &["--since", "0"]);
    let edit = tail.next_change();
    assert_eq!(
        (&edit["seq"], &edit["id"], &edit["data"]["customer_name"]),
        (&json!(3), &json!(edited.id), &json!("again"))
    );
    let deletion = tail.next_change();
    let expected = (&json!(4), &json!(deleted.id), &json!("delete"));
    assert_eq!((&deletion["seq"], &deletion["id"], &deletion["action"]), expected);
}

#[test]
fn a_tail_ends_quietly_when_nobody_reads_it_any_more() {
    let mut shop = Shop::open();
    shop.store(3);
    for lines in [0, 1, 3] {
        let (mut child, output) = spawn(&shop.url(), &["--since", "0"]);
        let mut output = BufReader::new(output);
        for _ in 0..lines {
            let mut line = String::new();
            assert!(output.read_line(&mut line).unwrap() > 0, "it ended early");
        }
        drop(output);
        // It cannot know before it has something to say.
        shop.store(1);
        let status = wait_exit(&mut child);
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!(status.code(), Some(0), "{status}: {said}");
        for word in ["panicked", "RUST_BACKTRACE", "Broken pipe", "ERROR"] {
            assert!(!said.contains(word), "{said}");
        }
    }
}

#[test]
fn a_tail_goes_on_after_the_server_was_away() {
    let mut shop = Shop::open();
    shop.store(3);
    let tail = Tail::start(&shop.url(), &["--since", "0"]);
    for end in [Server::kill, |server: &mut Server| assert!(server.stop().success())] {
        shop.restart(end);
        shop.store(3);
    }
    for expected in 1..=shop.seq {
        assert_eq!(tail.next_seq(), expected);
    }
}

/// The sequence that the state file names; `None` as long as there is none.
fn has_state(state: &Path) -> bool {
    std::fs::metadata(state).is_ok_and(|state| state.len() > 0)
}

#[test]
fn a_tail_with_a_state_file_misses_nothing_over_its_own_death() {
    const ROUNDS: u64 = 6;
    let mut shop = Shop::open();
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("printer.state");
    let args = ["--state", state.to_str().unwrap()];
    let mut printed_up_to = 0;
    for round in 0..ROUNDS {
        // In every other round it finds what was stored while it was dead.
        if round % 2 == 1 {
            shop.store(10);
        }
        if round == 3 {
            shop.restart(Server::kill);
        }
        let tail = Tail::start(&shop.url(), &args);
        if round == 0 {
            // Without a state it may begin now, so it must be there before the first change.
            wait_until("tail is connected", || {
                shop.server.get("/api/websocket/status").expect(200)["connected_clients"] == 1
            });
        }
        shop.store(10);
        let first = tail.next_seq();
        assert!((1..=printed_up_to + 1).contains(&first), "{first} after {printed_up_to}: a change is missing");
        assert!(round == 0 || first > 1, "it began again");
        let mut last = first;
        // It dies at another place each time, once it has taken note of something.
        while last < shop.seq - round {
            let seq = tail.next_seq();
            assert_eq!(seq, last + 1);
            last = seq;
        }
        wait_until("it has noted how far it is", || has_state(&state));
        for line in tail.kill() {
            // A line that was cut off by the death is printed again.
            if let Ok(change) = serde_json::from_str::<Value>(&line) {
                last += 1;
                assert_eq!(change["seq"], last);
            }
        }
        printed_up_to = last;
    }
    // Not killed, it catches up to the very end.
    let tail = Tail::start(&shop.url(), &args);
    shop.store(1);
    let mut seq = tail.next_seq();
    assert!(seq <= printed_up_to + 1, "{seq} after {printed_up_to}: a change is missing");
    while seq < shop.seq {
        assert_eq!(tail.next_seq(), seq + 1);
        seq += 1;
    }
}

#[test]
fn a_state_file_that_is_none_is_said_and_left_as_it_is() {
    let shop = Shop::open();
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("printer.state");
    std::fs::write(&state, "not a state").unwrap();
    let (mut child, _output) = spawn(&shop.url(), &["--state", state.to_str().unwrap()]);
    assert!(!wait_exit(&mut child).success());
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(said.contains("printer.state"), "{said}");
    assert_eq!(std::fs::read_to_string(&state).unwrap(), "not a state");
}

#[test]
fn a_state_that_a_power_cut_has_emptied_is_said_and_goes_on_from_what_a_person_names() {
    let mut shop = Shop::open();
    shop.store(4);
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("printer.state");
    for torn in ["", "{\"epoch\":\"7ad0", "\0\0\0\0"] {
        std::fs::write(&state, torn).unwrap();
        let args = ["--state", state.to_str().unwrap()];
        let (mut child, _output) = spawn(&shop.url(), &args);
        assert!(!wait_exit(&mut child).success(), "beginning now would leave out what came in between");
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert!(said.contains("printer.state") && said.contains("--since"), "{said}");
        assert_eq!(std::fs::read_to_string(&state).unwrap(), torn);

        let tail = Tail::start(&shop.url(), &[args[0], args[1], "--since", "2"]);
        assert_eq!([tail.next_seq(), tail.next_seq()], [3, 4]);
        wait_until("the state is whole again", || std::fs::read_to_string(&state).unwrap().contains("\"seq\":4"));
    }
}

#[test]
#[cfg(unix)]
fn a_state_file_may_be_a_link_and_one_that_leads_nowhere_is_said() {
    let mut shop = Shop::open();
    shop.store(2);
    let dir = tempfile::tempdir().unwrap();
    let (link, real) = (dir.path().join("link.state"), dir.path().join("real.state"));
    std::os::unix::fs::symlink(&real, &link).unwrap();
    let args = ["--state", link.to_str().unwrap(), "--since", "0"];
    let (mut child, _output) = spawn(&shop.url(), &args);
    assert!(!wait_exit(&mut child).success());
    std::fs::write(&real, "").unwrap();
    let tail = Tail::start(&shop.url(), &args);
    assert_eq!([tail.next_seq(), tail.next_seq()], [1, 2]);
    wait_until("the state is in the file itself", || std::fs::read_to_string(&real).unwrap().contains("\"seq\":2"));
    assert_eq!(std::fs::read_link(&link).unwrap(), real);
}

/// A power cut keeps what was synced and perhaps anything else: each new state has to be on the disk before it takes the name of
/// the old one, and the name before the next line is printed.
#[test]
#[cfg(target_os = "linux")]
#[cfg_attr(missing = "strace", ignore = "strace is not installed")]
fn each_state_is_on_the_disk_before_it_takes_its_name() {
    let mut shop = Shop::open();
    shop.store(3);
    let dir = tempfile::tempdir().unwrap();
    let (state, calls) = (dir.path().join("printer.state"), dir.path().join("calls"));
    let mut child = Command::new("strace")
        .args(["-f", "-qq", "-y", "-e", "trace=fsync,fdatasync,rename,renameat,renameat2", "-o"])
        .arg(&calls)
        .arg(env!("CARGO_BIN_EXE_tillsync"))
        .args(["tail", &shop.url(), "--since", "0", "--state", state.to_str().unwrap()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait_until("the last state is written", || {
        std::fs::read_to_string(&state).is_ok_and(|state| state.contains("\"seq\":3"))
            && std::fs::read_to_string(&calls).unwrap().lines().filter(|line| line.contains("sync")).count() >= 8
    });
    let calls = std::fs::read_to_string(&calls).unwrap();
    // What it traces ends, and it with that.
    let traced = calls.split_whitespace().next().unwrap();
    assert!(Command::new("kill").args(["-KILL", traced]).status().unwrap().success());
    let _ = child.wait();
    let calls: Vec<&str> = calls.lines().collect();
    let folder = format!("{}>", dir.path().to_str().unwrap());
    let renames: Vec<usize> = (0..calls.len()).filter(|&index| calls[index].contains("rename")).collect();
    assert!(renames.len() >= 4, "hello and three changes: {calls:?}");
    for index in renames {
        assert!(calls[index - 1].contains("sync") && calls[index - 1].contains("printer.state.new>"), "{calls:?}");
        let is_last = index + 1 == calls.len();
        assert!(is_last || (calls[index + 1].contains("sync") && calls[index + 1].contains(&folder)), "{calls:?}");
    }
}
