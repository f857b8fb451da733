//! Clients that read compressed frames: `tail`, and the `websockets` of Python, which no one here wrote. For Chromium see
//! `tests/browser/net/deflate.rs`.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;

use super::metric;
use crate::support::DEADLINE;
use crate::support::program::program;
use crate::support::proxy::{BEHIND_PROXY, Line, Proxy};
use crate::support::server::Server;
use crate::support::till;

/// A program whose output is read line by line.
struct Printer {
    child: Child,
    lines: Receiver<String>,
}

impl Printer {
    fn start(command: &mut Command) -> Self {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("it is not installed");
        let output = child.stdout.take().unwrap();
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self { child, lines }
    }

    fn next(&self) -> String {
        self.lines.recv_timeout(DEADLINE).expect("a line")
    }
}

impl Drop for Printer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_tail_that_asks_for_compression_prints_the_same_lines() {
    let mut server = Server::start_with(&BEHIND_PROXY);
    let proxy = Proxy::start(server.addr, Line::STEADY, 0);
    let url = format!("http://{}", proxy.addr);
    till::create_estimate(&mut server.client(), "before");
    let tail = |args: &[&str]| Printer::start(program().args(["tail", &url, "--since", "0"]).args(args));
    let mut tails = vec![tail(&[]), tail(&["--deflate"])];
    let mut printed = vec![vec![], vec![]];
    let mut seq = 1;
    for round in 0..3 {
        let mut till = server.client();
        for number in 0..5 {
            till::create_sale(&mut till, &format!("Customer {round}.{number} with ₹ and 🧾"));
            // One after the other, so that they come live and not in one piece.
            seq += 1;
            for (tail, printed) in tails.iter().zip(&mut printed) {
                while printed.len() < seq {
                    printed.push(tail.next());
                }
            }
        }
        if round == 0 {
            // Another one joins in the middle of the stream.
            tails.push(tail(&["--deflate"]));
            let mut own = Vec::new();
            while own.len() < seq {
                own.push(tails[2].next());
            }
            printed.push(own);
        }
        let compressed = metric(&mut till, "tillsync_deflate_after_bytes_total ");
        assert!(compressed > 0, "nothing was compressed in round {round}");
        if round == 1 {
            server.stop();
            server.start_again();
            proxy.aim_at(server.addr);
        }
    }
    assert_eq!(printed[0].len(), seq);
    assert_eq!(printed[1], printed[0]);
    assert_eq!(printed[2], printed[0]);
}

/// Needs Python with the package `websockets`: as `python3`, or as `TILLSYNC_PYTHON` names it.
#[test]
#[ignore = "long: cargo test-all"]
fn pythons_websockets_reads_every_frame_and_is_read() {
    const CHANGES: u64 = 40;
    let server = Server::start();
    let mut plain = server.socket("/sync");
    plain.next_text();
    let python = std::env::var("TILLSYNC_PYTHON").unwrap_or_else(|_| "python3".into());
    let url = format!("ws://{}/sync?deflate=1", server.addr);
    let follow =
        || Printer::start(Command::new(&python).args(["-c", include_str!("clients.py"), &url, &CHANGES.to_string()]));
    let mut till = server.client();
    let mut followers = Vec::new();
    let mut texts = Vec::new();
    for seq in 1..=CHANGES {
        // One is there from the beginning, the others join later.
        if seq % 10 == 1 {
            let follower = follow();
            assert!(follower.next().contains("hello"), "is `websockets` installed in {python}?");
            assert_eq!(follower.next(), "pong", "what it said was compressed");
            followers.push((texts.len(), follower));
        }
        till::create_sale(&mut till, &format!("Customer {seq} with ₹ and 🧾"));
        texts.push(plain.next_text());
    }
    for (start, mut follower) in followers {
        let read: Vec<_> = follower.lines.iter().collect();
        assert_eq!(read, texts[start..]);
        assert!(follower.child.wait().unwrap().success());
    }
    assert!(metric(&mut till, "tillsync_deflate_after_bytes_total ") > 0);
}
