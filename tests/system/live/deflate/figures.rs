//! What compression saves and what it costs: 200 changes a second to 100 clients, compressed and not, one after the other and
//! twice; and memory for idle clients. For the figures of a real server:
//! `cargo test --release --test system deflate::figures -- --include-ignored --nocapture`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::samples;
use crate::support::server::Server;
use crate::support::wait_until;

const CLIENTS: usize = 100;
const CHANGES_PER_SECOND: u32 = 200;
const TIME: Duration = Duration::from_secs(8);
/// Of the bytes of plain frames.
const BYTES_SHARE_MAX: f64 = 0.25;
/// Both are measured twice, and the machine does other things as well.
const NOISE: f64 = 1.1;
const IDLE_CLIENTS: usize = 400;
/// A page of memory more or less is chance.
const IDLE_KIB_MORE_MAX: f64 = 1.0;

fn open(addr: SocketAddr, path: &str) -> TcpStream {
    let stream = TcpStream::connect(addr).unwrap();
    let head = format!(
        "GET {path} HTTP/1.1\r\nHost: {addr}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
    );
    (&stream).write_all(head.as_bytes()).unwrap();
    let mut status = String::new();
    BufReader::with_capacity(1, &stream).read_line(&mut status).unwrap();
    assert!(status.starts_with("HTTP/1.1 101 "), "{status}");
    stream
}

/// Seconds of processor time that the server has taken.
fn processor_seconds(server: &Server) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", server.pid())).unwrap();
    let (_, fields) = stat.rsplit_once(") ").unwrap();
    let ticks = |at: usize| fields.split(' ').nth(at).unwrap().parse::<f64>().unwrap();
    (ticks(11) + ticks(12)) / 100.0
}

fn memory_kib(server: &Server) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Bytes that the clients got and processor seconds that the server took for them.
fn measure(path: &str) -> (f64, f64) {
    let server = Server::start_with(&[]);
    let streams: Vec<TcpStream> = std::iter::repeat_with(|| open(server.addr, path)).take(CLIENTS).collect();
    wait_until("all are there", || {
        server.get("/api/websocket/status").expect(200)["connected_clients"].as_u64() == Some(CLIENTS as u64)
    });
    let ends: Vec<TcpStream> = streams.iter().map(|stream| stream.try_clone().unwrap()).collect();
    thread::scope(|scope| {
        let readers: Vec<_> = streams
            .into_iter()
            .map(|mut stream| {
                scope.spawn(move || {
                    let (mut buffer, mut bytes) = ([0; 16 << 10], 0);
                    while let Ok(read @ 1..) = stream.read(&mut buffer) {
                        bytes += read;
                    }
                    bytes
                })
            })
            .collect();
        let mut till = server.client();
        let before = processor_seconds(&server);
        let begun = Instant::now();
        let changes = u32::try_from(TIME.as_secs()).unwrap() * CHANGES_PER_SECOND;
        for number in 0..changes {
            let due = begun + Duration::from_secs(1) / CHANGES_PER_SECOND * number;
            thread::sleep(due.saturating_duration_since(Instant::now()));
            let sale = samples::sale(&format!("Customer {}", number * 7_919 % 1_000));
            till.post("/api/orders/create-sale", &sale).expect(201);
        }
        let seconds = processor_seconds(&server) - before;
        for end in ends {
            end.shutdown(std::net::Shutdown::Both).unwrap();
        }
        let bytes: usize = readers.into_iter().map(|reader| reader.join().unwrap()).sum();
        #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
        (bytes as f64, seconds)
    })
}

/// Memory for each idle client.
fn idle_kib(path: &str) -> f64 {
    let server = Server::start();
    // What the first ones make is there for all.
    let mut streams: Vec<TcpStream> = std::iter::repeat_with(|| open(server.addr, path)).take(20).collect();
    let connected = |count: usize| {
        wait_until("all are there", || {
            server.get("/api/websocket/status").expect(200)["connected_clients"].as_u64() == Some(count as u64)
        });
    };
    connected(streams.len());
    server.post("/api/orders/create-sale", &samples::sale("Asha")).expect(201);
    let before = memory_kib(&server);
    streams.extend(std::iter::repeat_with(|| open(server.addr, path)).take(IDLE_CLIENTS));
    connected(streams.len());
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let clients = IDLE_CLIENTS as f64;
    (memory_kib(&server) - before) / clients
}

#[test]
#[ignore = "long: cargo test-all"]
fn compressed_changes_are_a_quarter_of_the_bytes_and_cost_the_server_no_more() {
    const PLAIN: &str = "/sync";
    const DEFLATED: &str = "/sync?deflate=1";
    let runs = [PLAIN, DEFLATED, DEFLATED, PLAIN].map(measure);
    let of = |first: usize, second: usize| (runs[first].0 + runs[second].0, runs[first].1 + runs[second].1);
    let (plain, deflated) = (of(0, 3), of(1, 2));
    eprintln!("{CLIENTS} clients, {CHANGES_PER_SECOND} changes/s, bytes and processor seconds: {runs:?}");
    eprintln!("bytes {:.1} %, processor {:.1} %", 100.0 * deflated.0 / plain.0, 100.0 * deflated.1 / plain.1);
    assert!(deflated.0 <= BYTES_SHARE_MAX * plain.0);
    // Without optimisation it is the compiler that is measured.
    if !cfg!(debug_assertions) {
        assert!(deflated.1 <= NOISE * plain.1);
    }
    let idle = [PLAIN, DEFLATED].map(idle_kib);
    eprintln!("KiB for each idle client: {idle:.1?}");
    assert!(idle[1] <= idle[0] + IDLE_KIB_MORE_MAX, "{idle:?}");
}
