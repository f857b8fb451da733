//! Goal: a server or a `tail` that is stopped for a while (SIGSTOP and SIGCONT, a frozen container, a machine that slept) goes on
//! as if nothing had been: no socket is dropped, no request is refused, and what happened meanwhile arrives.
//!
//! Method: the real programs, stopped in the middle of everything that they wait for; once for longer than any time limit of
//! theirs. Here the time is the subject, so these tests wait for one.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use socket2::SockRef;

use crate::support::http::Client;
use crate::support::server::Server;
use crate::support::socket::Socket;
use crate::support::{DEADLINE, samples, till, wait_until};

/// Longer than a WebSocket client may be silent, than a body may take, and than a reader may take nothing.
const LONG: Duration = Duration::from_secs(47);

/// Stops processes for a time.
fn stand_still(pids: &[u32], time: Duration, meanwhile: impl FnOnce()) {
    for pid in pids {
        signal(*pid, "STOP");
        wait_until("the process to stand still", || {
            let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
            status.lines().any(|line| line.starts_with("State:") && line.contains("T (stopped)"))
        });
    }
    meanwhile();
    thread::sleep(time);
    for pid in pids {
        signal(*pid, "CONT");
    }
}

fn signal(pid: u32, name: &str) {
    assert!(Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).status().unwrap().success());
}

/// A running `tail`, what it prints and what it says.
struct Tail {
    child: Child,
    printed: Receiver<String>,
    said: Receiver<String>,
}

impl Tail {
    fn start(server: &Server) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_tillsync"))
            .args(["tail", &format!("http://{}", server.addr)])
            .env("RUST_LOG", "info")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (printed, said) = (lines(child.stdout.take().unwrap()), lines(child.stderr.take().unwrap()));
        let first = said.recv_timeout(DEADLINE).unwrap();
        assert!(first.contains("Following"), "{first}");
        Self { child, printed, said }
    }

    fn next_seq(&self) -> u64 {
        let line = self.printed.recv_timeout(DEADLINE).expect("a line");
        serde_json::from_str::<Value>(&line).unwrap()["seq"].as_u64().unwrap()
    }

    fn assert_never_lost(&self) {
        let said: Vec<String> = self.said.try_iter().collect();
        assert!(said.is_empty(), "{said:?}");
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lines(output: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

fn sockets(server: &Server) -> Vec<Socket> {
    let mut sockets = vec![server.socket("/ws"), server.socket("/ws?format=legacy"), server.socket("/sync")];
    let hello = sockets[2].next_json();
    assert_eq!(hello["action"], "hello");
    sockets
}

/// Stores a record and sees it on every socket and in every tail.
fn assert_arrives(server: &Server, sockets: &mut [Socket], tail: &Tail) {
    let stored = till::create_estimate(&mut server.client(), "Asha");
    for socket in sockets {
        let text = socket.next_text();
        assert!(text == "estimate_created" || text.contains(&stored.id), "{text}");
    }
    assert_eq!(tail.next_seq(), stored.number);
    tail.assert_never_lost();
}

fn connected(server: &Server) -> Value {
    server.get("/api/websocket/status").expect(200)["connected_clients"].clone()
}

/// A request whose body has this length, in two parts.
fn in_two_parts(server: &Server, body_bytes: usize) -> (String, String) {
    let mut body = samples::estimate("Asha").to_string();
    body.push_str(&" ".repeat(body_bytes - body.len()));
    let request = format!(
        "POST /api/estimates/create HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        server.addr,
        body.len()
    );
    let (start, rest) = request.split_at(400);
    (start.to_string(), rest.to_string())
}

fn begun(server: &Server, start: &str) -> Client {
    let mut client = server.client();
    client.get("/health").expect(200);
    client.send_raw(start.as_bytes()).unwrap();
    client
}

#[test]
fn a_short_stop_in_the_middle_of_everything_drops_nobody() {
    let server = Server::start();
    let mut sockets = sockets(&server);
    let tail = Tail::start(&server);
    wait_until("tail is connected", || connected(&server) == json!(4));
    let mut idle = server.client();
    idle.get("/health").expect(200);
    let (start, rest) = in_two_parts(&server, 2_000);
    for _ in 0..3 {
        let mut in_a_body = begun(&server, &start);
        let mut in_a_head = begun(&server, "GET /health HTTP/1.1\r\nHos");
        stand_still(&[server.pid(), tail.child.id()], Duration::from_millis(300), || {});
        assert_arrives(&server, &mut sockets, &tail);
        in_a_body.send_raw(rest.as_bytes()).unwrap();
        let stored = in_a_body.read("POST").expect(201);
        in_a_head.send_raw(format!("t: {}\r\n\r\n", server.addr).as_bytes()).unwrap();
        in_a_head.read("GET").expect(200);
        idle.get("/health").expect(200);
        for socket in &mut sockets {
            let text = socket.next_text();
            assert!(text == "estimate_created" || text.contains(stored["estimate_id"].as_str().unwrap()), "{text}");
        }
        tail.next_seq();
    }
    assert_eq!(connected(&server), json!(4), "these are the sockets of the beginning");
    tail.assert_never_lost();
}

#[test]
#[ignore = "long: cargo test-all"]
fn a_stop_that_is_longer_than_every_time_limit_is_held_against_nobody() {
    let server = Server::start();
    // A list that no socket takes at once, for a reader that begins late.
    let (records, mut till) = (10, server.client());
    let line = json!({"name": "x".repeat(900), "price": 1, "quantity": 1});
    let mut large = samples::estimate("large");
    large["items"] = json!(vec![line; 900]);
    for _ in 0..records {
        till.post("/api/estimates/create", &large).expect(201);
    }
    let mut reader = TcpStream::connect(server.addr).unwrap();
    SockRef::from(&reader).set_recv_buffer_size(256 << 10).unwrap();
    reader.set_read_timeout(Some(DEADLINE)).unwrap();
    reader.write_all(b"GET /api/estimates/all HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n").unwrap();

    let mut sockets = sockets(&server);
    let tail = Tail::start(&server);
    wait_until("tail is connected", || connected(&server) == json!(4));
    let (start, rest) = in_two_parts(&server, 300_000);
    let mut sends_meanwhile = begun(&server, &start);
    let mut sends_afterwards = begun(&server, &start);
    let mut in_a_head = begun(&server, "GET /health HTTP/1.1\r\nHos");
    stand_still(&[server.pid(), tail.child.id()], LONG, || {
        // What the system's buffers take; the rest goes when the server reads on.
        sends_meanwhile.send_raw(&rest.as_bytes()[..100_000]).unwrap();
    });
    sends_meanwhile.send_raw(&rest.as_bytes()[100_000..]).unwrap();
    sends_meanwhile.read("POST").expect(201);
    sends_afterwards.send_raw(rest.as_bytes()).unwrap();
    sends_afterwards.read("POST").expect(201);
    in_a_head.send_raw(format!("t: {}\r\n\r\n", server.addr).as_bytes()).unwrap();
    in_a_head.read("GET").expect(200);
    for socket in &mut sockets {
        socket.next_text();
        socket.next_text();
    }
    assert_eq!([tail.next_seq(), tail.next_seq()], [records + 1, records + 2]);
    assert_arrives(&server, &mut sockets, &tail);
    assert_eq!(connected(&server), json!(4), "these are the sockets of the beginning");
    tail.assert_never_lost();

    let mut answer = Vec::new();
    reader.read_to_end(&mut answer).unwrap();
    assert!(answer.ends_with(b"]\r\n0\r\n\r\n"), "the list is whole: {} bytes", answer.len());
}
