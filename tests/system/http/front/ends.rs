//! The end of a connection: whoever is still sending can read the last answer.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::BODY_BYTES_MAX;
use crate::support::server::Server;
use crate::support::wire::{create_head, estimate};
use crate::support::{DEADLINE, wait_until};

#[test]
fn a_client_that_is_turned_away_while_it_is_sending_can_read_why() {
    let server = Server::start_with(&["--connections-max", "1"]);
    let mut inside = server.client();
    inside.get("/health").expect(200);
    let body = estimate() + &" ".repeat(BODY_BYTES_MAX - estimate().len());
    let request = create_head(&format!("Content-Length: {}\r\n", body.len())) + &body;
    for _ in 0..2 {
        let mut client = server.client();
        client.send_raw(request.as_bytes()).expect("all of it is taken");
        assert_eq!(client.read("POST").status, 503);
        client.finish_sending();
        let end = client.try_read("POST").map_err(|error| error.kind()).unwrap_err();
        assert_eq!(end, ErrorKind::UnexpectedEof, "an orderly end and no reset");
    }
    inside.get("/health").expect(200);
}

#[test]
fn a_client_that_is_still_sending_when_the_server_stops_can_read_its_last_answer() {
    let mut server = Server::start();
    let mut stream = TcpStream::connect(server.addr).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.write_all(b"GET /health HTTP/1.1\r\nHost: shop\r\n\r\n").unwrap();
    let mut first = [0; 1];
    stream.read_exact(&mut first).unwrap();
    stream.write_all(b"GET /api/changes?since=0&wait=60 HTTP/1.1\r\nHost: shop\r\n\r\n").unwrap();
    // The first answer is read up to its end, so that what comes now is the last one.
    let mut rest = vec![0; 64 << 10];
    let mut health = String::new();
    while !health.ends_with("}}") {
        let length = stream.read(&mut rest).unwrap();
        health.push_str(std::str::from_utf8(&rest[..length]).unwrap());
    }
    server.terminate();
    stream.set_nonblocking(true).unwrap();
    wait_until("the last answer has come", || {
        // It goes on with a next request meanwhile, as a client does that pipelines.
        let _ = stream.write_all(b"G");
        stream.peek(&mut first).is_ok()
    });
    // The client's own pace; nothing waits for it.
    for _ in 0..4 {
        let _ = stream.write_all(b"E");
        std::thread::sleep(Duration::from_millis(10));
    }
    stream.set_nonblocking(false).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an orderly end and no reset");
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with('}'), "{answer}");
    drop(stream);
    assert!(server.wait_exit().success());
}
