//! What a correct client may send is taken.

use std::io::{Read, Write};
use std::net::TcpStream;

use flate2::read::GzDecoder;
use serde_json::json;

use super::{BODY_BYTES_MAX, LAST, assert_explained, estimates_stored};
use crate::support::http::Reply;
use crate::support::server::Server;
use crate::support::wire::{chunked_create, create, create_head, estimate, in_chunks};
use crate::support::{DEADLINE, samples};

#[test]
fn one_connection_serves_many_requests_and_survives_refusals() {
    let server = Server::start();
    let mut client = server.client();
    for _ in 0..50 {
        client.get("/health").expect(200);
        client.get("/nope").expect(404);
        client.post("/health", &json!({"a": 1})).expect(405);
        client.post("/nope", &json!({"a": 1})).expect(404);
        client.post("/api/estimates/create", &json!({})).expect(422);
        client.post("/api/estimates/create", &samples::estimate("Asha")).expect(201);
    }
    assert_eq!(estimates_stored(&server), 50);
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let server = Server::start();
    let mut client = server.client();
    let (creates, missing, health) = (create().repeat(20), "GET /nope HTTP/1.1\r\nHost: shop\r\n\r\n", LAST);
    client.send_raw(format!("{creates}{missing}{creates}{health}").as_bytes()).unwrap();
    for number in 1..=20 {
        assert_eq!(client.read("POST").expect(201)["estimate_number"], format!("#{number:03}"));
    }
    client.read("GET").expect(404);
    for number in 21..=40 {
        assert_eq!(client.read("POST").expect(201)["estimate_number"], format!("#{number:03}"));
    }
    let last = client.read("GET");
    assert_eq!(last.expect(200)["status"], "healthy");
    assert_eq!(last.header("connection").map(str::to_ascii_lowercase).as_deref(), Some("close"));
    assert!(client.is_closed_by_server());
}

#[test]
fn a_request_may_arrive_byte_by_byte() {
    let server = Server::start();
    let mut client = server.client();
    for request in [create(), chunked_create(&in_chunks(&estimate(), 64))] {
        for byte in request.as_bytes() {
            client.send_raw(&[*byte]).unwrap();
        }
        client.read("POST").expect(201);
    }
    assert_eq!(estimates_stored(&server), 2);
}

#[test]
fn head_answers_as_get_does_but_without_a_body() {
    let server = Server::start();
    let mut client = server.client();
    let created = client.post("/api/estimates/create", &samples::estimate("Asha")).expect(201);
    let path = format!("/api/estimates/{}", created["estimate_id"].as_str().unwrap());
    let full = client.get(&path);
    let head = client.request("HEAD", &path, &[], None);
    assert_eq!(head.status, 200);
    for name in ["content-length", "content-type"] {
        assert!(full.header(name).is_some(), "{name}");
        assert_eq!(head.header(name), full.header(name), "{name}");
    }
    // Were there a body, the next answer on this connection could not be read.
    for (path, status) in [("/", 200), ("/api/estimates/all", 200), ("/nope", 404), ("/api/estimates/number/9", 404)] {
        assert_eq!(client.request("HEAD", path, &[], None).status, status, "{path}");
        client.get("/health").expect(200);
    }
}

#[test]
fn a_client_that_expects_100_continue_is_told_to_go_on_or_refused_at_once() {
    let server = Server::start();
    let body = estimate();
    let mut client = server.client();
    for (framing, on_the_wire) in [
        (format!("Content-Length: {}\r\n", body.len()), body.clone()),
        ("Transfer-Encoding: chunked\r\n".into(), in_chunks(&body, 100)),
    ] {
        client.send_raw(create_head(&format!("Expect: 100-continue\r\n{framing}")).as_bytes()).unwrap();
        assert_eq!(client.read("POST").status, 100, "nothing of the body was sent yet");
        client.send_raw(on_the_wire.as_bytes()).unwrap();
        client.read("POST").expect(201);
    }
    client.get("/health").expect(200);

    // Whoever asks first is spared from sending what would be refused.
    let too_large = create_head(&format!("Expect: 100-continue\r\nContent-Length: {}\r\n", BODY_BYTES_MAX + 1));
    let mut client = server.client();
    client.send_raw(too_large.as_bytes()).unwrap();
    assert_explained("too large", &client.read("POST"));
    assert_eq!(estimates_stored(&server), 2);
}

#[test]
fn an_http_1_0_client_gets_its_version_of_persistence_and_of_lists() {
    let server = Server::start();
    let mut client = server.client();
    for _ in 0..2 {
        client.send_raw(b"GET /health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").unwrap();
        let reply = client.read("GET");
        reply.expect(200);
        assert_eq!(reply.header("connection").map(str::to_ascii_lowercase).as_deref(), Some("keep-alive"));
    }
    let listed = fill(&server);
    // HTTP/1.0 knows no chunks: the list comes with its length, or until the end of the connection.
    let mut stream = TcpStream::connect(server.addr).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.write_all(b"GET /api/estimates/all HTTP/1.0\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(!head.to_ascii_lowercase().contains("transfer-encoding"), "{head}");
    assert_eq!(body, listed.text());
}

/// Stores enough estimates for a list of some 100 KiB, and returns that list as a client without gzip sees it.
fn fill(server: &Server) -> Reply {
    let mut client = server.client();
    client.send_raw(create().repeat(200).as_bytes()).unwrap();
    for _ in 0..200 {
        client.read("POST").expect(201);
    }
    let list = client.get("/api/estimates/all");
    assert_eq!(list.expect(200).as_array().unwrap().len(), 200);
    list
}

#[test]
fn a_large_list_is_compressed_for_those_who_accept_it_and_for_nobody_else() {
    let server = Server::start();
    let plain = fill(&server);
    assert_eq!(plain.header("content-encoding"), None);
    let mut client = server.client();
    for accept in ["gzip", "GZIP", "deflate, gzip, br", "br;q=1.0, gzip;q=0.5, *;q=0.1", "gzip ; q=1"] {
        let reply = client.request("GET", "/api/estimates/all", &[("Accept-Encoding", accept)], None);
        assert_eq!(reply.status, 200);
        assert_eq!(reply.header("content-encoding"), Some("gzip"), "{accept}");
        assert!(reply.body.len() < plain.body.len() / 4, "{accept}: {} bytes", reply.body.len());
        let mut unpacked = Vec::new();
        GzDecoder::new(reply.body.as_slice()).read_to_end(&mut unpacked).unwrap();
        assert!(unpacked == plain.body, "{accept}: the same list");
    }
    for accept in ["identity", "br", "gzip;q=0", "gzip;q=0.000, identity", "xgzip", ""] {
        let reply = client.request("GET", "/api/estimates/all", &[("Accept-Encoding", accept)], None);
        assert_eq!(reply.header("content-encoding"), None, "{accept}");
        assert!(reply.body == plain.body, "{accept}");
    }
}

#[test]
fn a_body_that_ends_early_stores_nothing() {
    let server = Server::start();
    let body = estimate();
    let requests = [
        create_head(&format!("Content-Length: {}\r\n", body.len() + 1)) + &body,
        chunked_create(&format!("{:x}\r\n{body}\r\n", body.len())),
        chunked_create(&format!("{:x}\r\n{body}", body.len() + 1)),
        create_head(&format!("Content-Length: {}\r\n", body.len())),
    ];
    for request in &requests {
        let mut client = server.client();
        client.send_raw(request.as_bytes()).unwrap();
        client.finish_sending();
        // The server may explain or just leave; it must not take the piece for the whole.
        if let Ok(reply) = client.try_read("POST") {
            assert_eq!(reply.status, 400, "{}", reply.text());
        }
    }
    assert_eq!(estimates_stored(&server), 0);
}
