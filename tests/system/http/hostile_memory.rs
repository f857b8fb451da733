//! Goal: what a body costs while it is read has one bound, whatever is in it: 4 MiB for the largest, the body included. So a few
//! devices that send the worst cannot end the program, and a till sells meanwhile.
//!
//! Method: bodies of a mebibyte in every shape that makes a reader take memory: many small things, deep ones, long ones, and
//! those that grow when they are decoded or repeated in an error. Each alone, with the peak that the system counts for the
//! process; then 32 connections at once under the memory that the unit of systemd allows. The same for those who ask for much
//! and take it slowly, or not at all.

use std::fmt::Write as _;
use std::process::Command;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::support::http::{Client, Reply};
use crate::support::samples;
use crate::support::server::Server;

const BODY_BYTES_MAX: usize = 1 << 20;
/// What one body may cost, in KiB.
const PARSE_KIB_MAX: usize = 4 << 10;
const CREATE: (&str, &str) = ("POST", "/api/estimates/create");
const SELL: (&str, &str) = ("POST", "/api/orders/create-sale");
const EDIT: (&str, &str) = ("PUT", "/api/estimates/EST-640FE50D");
const CONVERT: (&str, &str) = ("POST", "/api/estimates/EST-640FE50D/convert-to-order");
const SETTINGS: (&str, &str) = ("PUT", "/api/settings");

/// A body that is costly to read, in any length.
struct Shape {
    name: &'static str,
    route: (&'static str, &'static str),
    body: Box<dyn Fn(usize) -> String + Send + Sync>,
}

fn shape(
    name: &'static str,
    route: (&'static str, &'static str),
    body: impl Fn(usize) -> String + Send + Sync + 'static,
) -> Shape {
    Shape { name, route, body: Box::new(body) }
}

/// `start`, as many of `unit` as fit, one less for what follows them, and `end`.
fn filled(bytes: usize, start: &str, unit: &str, end: &str) -> String {
    let count = bytes.saturating_sub(start.len() + end.len()) / unit.len();
    format!("{start}{}{end}", unit.repeat(count))
}

/// Fields that all have another name.
fn many_keys(bytes: usize, start: &str, end: &str) -> String {
    let mut body = start.to_string();
    let mut index = 0;
    while body.len() + end.len() + 16 < bytes {
        write!(body, "\"k{index}\":0,").unwrap();
        index += 1;
    }
    body + end
}

/// An estimate without its total, so that everything is read and nothing is stored.
fn bill_with(items: &str) -> String {
    let rest = r#","customer_name":"a","customer_phone":"","customer_address":"","sale_by":"","subtotal":1,"#;
    format!(r#"{{"items":{items}{rest}"discount_amount":0,"is_percentage_discount":false}}"#)
}

fn shapes() -> Vec<Shape> {
    let repeated = |name, route, start: &'static str, unit: &'static str, end: &'static str| {
        shape(name, route, move |bytes| filled(bytes, start, unit, end))
    };
    let mut shapes = vec![
        // Many small things.
        repeated("empty objects for items", CREATE, "{\"items\":[", "{},", "{}]}"),
        repeated("empty objects for items of a sale", SELL, "{\"items\":[", "{},", "{}]}"),
        repeated("empty objects for items of an edit", EDIT, "{\"items\":[", "{},", "{}]}"),
        repeated("empty lists for items", CREATE, "{\"items\":[", "[],", "[]]}"),
        repeated("empty texts for items", CREATE, "{\"items\":[", "\"\",", "\"\"]}"),
        repeated("numbers for items", CREATE, "{\"items\":[", "1,", "1]}"),
        repeated("items with a fault each", CREATE, "{\"items\":[", "{\"price\":true,\"quantity\":0},", "{}]}"),
        repeated("items with an unreadable number each", CREATE, "{\"items\":[", "{\"x\":1e999},", "{}]}"),
        repeated("the same field", CREATE, "{", "\"a\":0,", "\"b\":0}"),
        repeated("the same known field", CREATE, "{", "\"total\":0,", "\"b\":0}"),
        repeated("the same field in an item", CREATE, "{\"items\":[{", "\"a\":0,", "\"b\":0}]}"),
        repeated("the same known field in an item", CREATE, "{\"items\":[{", "\"name\":\"\",", "\"b\":0}]}"),
        repeated("empty names in the settings", SETTINGS, "{\"staff_names\":[", "\"\",", "\"\"]}"),
        repeated("commas in the settings", SETTINGS, "{\"staff_names\":\"", ",", "\"}"),
        repeated("the same field of a conversion", CONVERT, "{", "\"sale_by\":0,", "\"b\":0}"),
        shape("many fields", CREATE, |bytes| many_keys(bytes, "{", "\"k\":0}")),
        shape("many fields in an item", CREATE, |bytes| many_keys(bytes, "{\"items\":[{", "\"k\":0}]}")),
        shape("many fields inside an item", CREATE, |bytes| many_keys(bytes, "{\"items\":[{\"x\":{", "\"k\":0}}]}")),
        shape("many fields of the settings", SETTINGS, |bytes| many_keys(bytes, "{", "\"k\":0}")),
        shape("many lists inside an item", CREATE, |bytes| {
            bill_with(&filled(bytes - 200, "[{\"x\":[", "[],", "[]]}]"))
        }),
        // Deep ones.
        repeated("lists in lists", CREATE, "", "[", ""),
        repeated("objects in objects", CREATE, "", "{\"a\":", ""),
        repeated("lists in lists in a field", CREATE, "{\"x\":", "[", ""),
        repeated("lists in lists for items", CREATE, "{\"items\":", "[", ""),
        repeated("lists in lists inside an item", CREATE, "{\"items\":[{\"x\":", "[", ""),
        shape("lists in lists that end", CREATE, |bytes| {
            let depth = (bytes - 250) / 2;
            bill_with(&format!("[{{\"x\":{}{}}}]", "[".repeat(depth), "]".repeat(depth)))
        }),
        // Long ones.
        repeated("white space", CREATE, "{", " ", "}"),
        repeated("white space for items", CREATE, "{\"items\":[", " ", "{}]}"),
        repeated("digits", CREATE, "{\"total\":", "1", "}"),
        repeated("digits behind the point", CREATE, "{\"subtotal\":0.", "1", "}"),
        repeated("digits in a text", CREATE, "{\"total\":\"0.", "1", "\"}"),
        repeated("digits of a percentage", CREATE, "{\"discount_percentage\":\"0.", "1", "\"}"),
        repeated("digits inside an item", CREATE, "{\"items\":[{\"x\":0.", "1", "}]}"),
        repeated("a price of digits", CREATE, "{\"items\":[{\"price\":\"0.", "1", "\"}]}"),
        repeated("a revision of digits", EDIT, "{\"rev\":\"", "1", "\"}"),
        repeated("a yes of spaces", CREATE, "{\"is_percentage_discount\":\"", " ", "\"}"),
        repeated("a yes of lists", CREATE, "{\"is_percentage_discount\":[", "0,", "0]}"),
        // Those that are decoded.
        repeated("a field of escapes", CREATE, "{\"", "\\u0041", "\":1}"),
        repeated("a field of line ends", CREATE, "{\"", "\\n", "\":1}"),
        repeated("a field of an item of line ends", CREATE, "{\"items\":[{\"", "\\n", "\":1}]}"),
        repeated("a text of escapes", CREATE, "{\"customer_name\":\"", "\\u0041", "\"}"),
        repeated("a text of line ends", CREATE, "{\"customer_name\":\"", "\\n", "\"}"),
        repeated("a number of escapes", CREATE, "{\"total\":\"", "\\u0031", "\"}"),
        repeated("a number of line ends", CREATE, "{\"total\":\"", "\\n", "1\"}"),
        repeated("a percentage of line ends", CREATE, "{\"discount_percentage\":\"", "\\n", "1\"}"),
        repeated("a yes of line ends", CREATE, "{\"is_percentage_discount\":\"", "\\n", "1\"}"),
        repeated("a price of line ends", CREATE, "{\"items\":[{\"price\":\"", "\\n", "1\"}]}"),
        repeated("a name of line ends in the settings", SETTINGS, "{\"staff_names\":[\"", "\\n", "\"]}"),
        repeated("a currency of line ends", SETTINGS, "{\"currency\":\"", "\\n", "\"}"),
        repeated("line ends inside an item", CREATE, "{\"items\":[{\"x\":\"", "\\n", "\"}]}"),
        repeated("line ends behind what is unreadable", CREATE, "{\"items\":[{\"x\":1e999,\"y\":\"", "\\n", "\"}]}"),
        // Those that would grow in the answer.
        repeated("a text for a body", CREATE, "\"", "\u{7f}", "\""),
        repeated("a text for a body of line ends", CREATE, "\"", "\\n", "\""),
        repeated("a text for settings", SETTINGS, "\"", "\u{7f}", "\""),
        repeated("a text for a conversion", CONVERT, "\"", "\u{7f}", "\""),
        repeated("a text for items", CREATE, "{\"items\":\"", "\u{7f}", "\"}"),
        repeated("a text for an item", CREATE, "{\"items\":[\"", "\u{7f}", "\"]}"),
        repeated("a text for a number", CREATE, "{\"total\":\"", "\u{7f}", "\"}"),
        repeated("a text for a paper size", SETTINGS, "{\"paper_size\":\"", "\u{7f}", "\"}"),
    ];
    shapes.push(shape("fields of escapes", CREATE, |bytes| {
        let (mut body, length) = ("{".to_string(), bytes / 256 - 12);
        for index in 0..255 {
            write!(body, "\"{index}{}\":0,", "\\n".repeat(length / 2)).unwrap();
        }
        body + "\"b\":0}"
    }));
    shapes.push(shape("a thousand lines that are all well", CREATE, |bytes| {
        let line = format!(r#"{{"name":"{}","price":"1","quantity":1}}"#, "x".repeat((bytes - 300) / 1_000 - 40));
        bill_with(&format!("[{}{line}]", format!("{line},").repeat(999)))
    }));
    shapes.push(shape("a line that is passed through", CREATE, |bytes| {
        bill_with(&filled(bytes - 250, r#"[{"name":"a","price":1,"quantity":1,"x":""#, "\\n", "\"}]"))
    }));
    shapes
}

impl Shape {
    fn of_length(&self, bytes: usize) -> String {
        let body = (self.body)(bytes);
        let is_full = body.len() <= BODY_BYTES_MAX && body.len() + (8 << 10) >= bytes;
        assert!(is_full, "{}: {} bytes", self.name, body.len());
        body
    }

    fn send(&self, client: &mut Client, body: &str) -> Reply {
        self.try_send(client, body).unwrap()
    }

    fn try_send(&self, client: &mut Client, body: &str) -> std::io::Result<Reply> {
        client.try_request(self.route.0, self.route.1, &[], Some(body.as_bytes()))
    }
}

/// A number of KiB in `/proc/PID/status`.
fn memory(server: &Server, name: &str) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

/// Lets the peak begin anew.
fn forget_the_peak(server: &Server) {
    std::fs::write(format!("/proc/{}/clear_refs", server.pid()), "5").unwrap();
}

#[test]
fn a_body_of_any_shape_costs_at_most_4_mib_while_it_is_read() {
    // What is freed goes back to the system at once, so that each peak is that of one body.
    let server = Server::start_with_env(&[("MALLOC_MMAP_THRESHOLD_", "65536"), ("MALLOC_TRIM_THRESHOLD_", "65536")]);
    let (shapes, mut client) = (shapes(), server.client());
    for shape in &shapes {
        // What of the program itself is read from the disk only now is not counted.
        shape.send(&mut client, &shape.of_length(64 << 10));
    }
    let at_rest = memory(&server, "VmRSS");
    let mut faults = Vec::new();
    for shape in &shapes {
        forget_the_peak(&server);
        let reply = shape.send(&mut client, &shape.of_length(BODY_BYTES_MAX));
        let cost = memory(&server, "VmHWM").saturating_sub(at_rest);
        eprintln!("{cost:>7} KiB, {}: {}", reply.status, shape.name);
        if !matches!(reply.status, 400 | 404 | 422) || cost > PARSE_KIB_MAX || reply.body.len() > 16 << 10 {
            faults.push(format!("{}: {cost} KiB, {}, {} bytes", shape.name, reply.status, reply.body.len()));
        }
    }
    assert!(faults.is_empty(), "{} of {}:\n{}", faults.len(), shapes.len(), faults.join("\n"));
}

/// A sale that is stored with all that its one line has.
fn stored(bytes: usize) -> String {
    let mut sale = samples::sale("Asha");
    sale["items"][0]["x"] = "".into();
    let sale = sale.to_string();
    let (start, end) = sale.split_once(r#""x":""#).unwrap();
    filled(bytes, &format!("{start}\"x\":\""), "\\n", end)
}

/// What the server may ever have in memory, in KiB: `MemoryHigh` of its unit, from which on the system would take it back.
const PEAK_KIB_MAX: usize = 384 << 10;

/// A server to which the system gives no more than `MemoryMax` of its unit.
fn limited_server() -> Server {
    const DATA_BYTES_MAX: usize = 512 << 20;
    let server = Server::start();
    let (pid, limit) = (server.pid().to_string(), format!("--data={DATA_BYTES_MAX}:{DATA_BYTES_MAX}"));
    assert!(Command::new("prlimit").args(["--pid", &pid, &limit]).status().unwrap().success());
    server
}

/// Promise 8: what is read of the log for those who ask for all of it has a bound for all of them together.
#[test]
fn three_hundred_that_ask_for_everything_leave_the_till_selling() {
    const READERS: usize = 300;
    let server = limited_server();
    let (mut till, sale) = (server.client(), stored(BODY_BYTES_MAX));
    for _ in 0..12 {
        till.request(SELL.0, SELL.1, &[], Some(sale.as_bytes())).expect(201);
    }
    let epoch = till.get("/health").expect(200)["epoch"].as_str().unwrap().to_string();
    let page = format!("/api/changes?since=0&epoch={epoch}&limit=5000");
    let handshake = format!(
        "GET /sync?since=0&epoch={epoch} HTTP/1.1\r\nHost: shop\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    let (finished, given) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        // These take nothing of what they ask for.
        let idle: Vec<Client> = (0..READERS).map(|_| server.client()).collect();
        for mut client in idle {
            client.send_raw(handshake.as_bytes()).unwrap();
            scope.spawn(|| {
                let _idle = client;
                let mut reader = server.client();
                for _ in 0..3 {
                    match reader.try_request("GET", &page, &[], None) {
                        Ok(reply) if reply.status == 200 => {
                            assert!(!reply.json()["changes"].as_array().unwrap().is_empty());
                            given.fetch_add(1, Ordering::Relaxed);
                        }
                        Ok(reply) => assert!(!reply.detail(503).is_empty()),
                        Err(error) => panic!("{error}"),
                    }
                }
                finished.fetch_add(1, Ordering::Relaxed);
            });
        }
        while finished.load(Ordering::Relaxed) < READERS {
            till.post("/api/orders/create-sale", &samples::sale("Asha")).expect(201);
        }
    });
    let (given, peak) = (given.into_inner(), memory(&server, "VmHWM"));
    eprintln!("{given} pages given; peak {peak} KiB");
    assert!(given > 0 && peak <= PEAK_KIB_MAX, "{given} pages, {peak} KiB in memory");
    till.get(&page).expect(200);
}

#[test]
#[ignore = "long: cargo test-all"]
fn the_worst_bodies_of_32_devices_at_once_leave_the_till_selling() {
    const DEVICES: usize = 32;
    let server = limited_server();
    let mut shapes = shapes();
    shapes.push(shape("a sale that is stored", SELL, stored));
    let (together, finished) = (Barrier::new(DEVICES), AtomicUsize::new(0));
    let (read, refused, mut sales) = (AtomicUsize::new(0), AtomicUsize::new(0), 0);
    thread::scope(|scope| {
        for _ in 0..DEVICES {
            scope.spawn(|| {
                let mut client = server.client();
                for shape in &shapes {
                    let body = shape.of_length(BODY_BYTES_MAX);
                    together.wait();
                    let Ok(reply) = shape.try_send(&mut client, &body) else {
                        // Refused before its end, and the connection was closed meanwhile.
                        refused.fetch_add(1, Ordering::Relaxed);
                        client = server.client();
                        continue;
                    };
                    match reply.status {
                        201 | 400 | 404 | 422 => read.fetch_add(1, Ordering::Relaxed),
                        503 => refused.fetch_add(1, Ordering::Relaxed),
                        status => panic!("{}: {status}", shape.name),
                    };
                    if reply.header("connection") == Some("close") {
                        client = server.client();
                    }
                }
                finished.fetch_add(1, Ordering::Relaxed);
            });
        }
        let mut till = server.client();
        while finished.load(Ordering::Relaxed) < DEVICES {
            till.post("/api/orders/create-sale", &samples::sale("Asha")).expect(201);
            sales += 1;
        }
    });
    let (read, refused, peak) = (read.into_inner(), refused.into_inner(), memory(&server, "VmHWM"));
    eprintln!("{sales} sales; {read} bodies read, {refused} told to come again; peak {peak} KiB");
    assert!(read >= shapes.len(), "all were refused");
    assert!(sales >= shapes.len(), "{sales} sales");
    assert!(peak <= PEAK_KIB_MAX, "{peak} KiB in memory");
    for shape in &shapes {
        let status = shape.send(&mut server.client(), &shape.of_length(BODY_BYTES_MAX)).status;
        assert!(matches!(status, 201 | 400 | 404 | 422), "{}: {status}, though nothing else is going on", shape.name);
    }
}
