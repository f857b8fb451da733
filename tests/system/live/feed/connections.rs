//! What a client may say, how connections are counted, and how they end with the server.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tungstenite::Message;

use crate::support::http::Client;
use crate::support::server::Server;
use crate::support::till;
use crate::support::wait_until;

#[test]
fn ping_is_answered_and_every_other_message_is_ignored() {
    let server = Server::start();
    for path in ["/ws", "/ws?format=legacy"] {
        let mut socket = server.socket(path);
        let ignored = [
            Message::text(""),
            Message::text("Ping"),
            Message::text("estimate_updated"),
            Message::text(r#"{"type":"ping"}"#),
            Message::text("₹".repeat(1_000)),
            Message::binary(vec![0xff; 1_000]),
            Message::binary("ping"),
        ];
        for message in ignored {
            socket.inner.send(message).unwrap();
        }
        socket.send_text("ping");
        // Messages are handled in order: had one of the others been answered, its answer would come first.
        assert_eq!(socket.next_text(), "pong");
        socket.send_text("ping");
        assert_eq!(socket.next_text(), "pong");

        let estimate = till::create_estimate(&mut server.client(), "Asha");
        let announced = socket.next_text();
        if path == "/ws" {
            assert!(announced.contains(&estimate.id), "{announced}");
        } else {
            assert_eq!(announced, "estimate_created");
        }
    }
}

#[test]
fn the_status_counts_the_clients_that_are_connected() {
    let server = Server::start();
    let connected = |count: u64| {
        wait_until(&format!("{count} clients are counted"), || {
            let status = server.get("/api/websocket/status").expect(200);
            assert_eq!(status["status"], "active");
            status["connected_clients"].as_u64().expect("a count") == count
        });
    };
    connected(0);
    let mut polite = server.socket("/ws");
    let rude = server.socket("/ws?format=legacy");
    let staying = server.socket("/ws");
    connected(3);
    drop(rude);
    connected(2);
    polite.inner.close(None).unwrap();
    polite.close_code();
    connected(1);
    drop(staying);
    connected(0);
}

#[test]
fn a_plain_request_for_the_feed_is_told_to_upgrade() {
    let server = Server::start();
    let mut client = server.client();
    for path in ["/ws", "/ws?format=legacy"] {
        let reply = client.get(path);
        assert!(!reply.detail(426).is_empty());
        // RFC 9110 §15.5.22: the answer names the protocol to upgrade to.
        assert_eq!(reply.header("upgrade").map(str::to_ascii_lowercase).as_deref(), Some("websocket"));
    }
    client.get("/health").expect(200);
}

/// A connection that sent a part of a request and waits.
fn half_sent(addr: SocketAddr, part: &str) -> Client {
    let mut client = Client::connect(addr);
    client.send_raw(part.as_bytes()).unwrap();
    client
}

#[test]
fn a_stop_closes_every_socket_with_1001_and_ends_in_time_whatever_the_clients_do() {
    // 5 s are promised; the rest is for a test machine that is busy with other things.
    const LIMIT: Duration = Duration::from_secs(5 + 8);
    let mut server = Server::start();
    let mut till = server.client();
    // They read nothing while far more than the buffers between hold is sent to them: one since long ago, so that it is
    // over its outbox, and one that has just begun to lag.
    let stuck_for_long = server.socket("/ws");
    for _ in 0..80 {
        till.post("/api/estimates/create", &till::bulky_estimate("Asha")).expect(201);
    }
    let just_stuck = server.socket("/ws");
    let half_requests = [
        half_sent(server.addr, "GET /health HTT"),
        half_sent(
            server.addr,
            "POST /api/estimates/create HTTP/1.1\r\nHost: shop\r\nContent-Length: 500\r\n\r\n{\"cust",
        ),
        half_sent(server.addr, "GET /ws HTTP/1.1\r\nHost: shop\r\nUpgrade: websocket\r\n"),
    ];
    let mut listening = [server.socket("/ws"), server.socket("/ws?format=legacy")];
    for _ in 0..50 {
        till.post("/api/estimates/create", &till::bulky_estimate("Bela")).expect(201);
        for socket in &mut listening {
            socket.next_text();
        }
    }

    let asked = Instant::now();
    server.terminate();
    for socket in &mut listening {
        assert_eq!(socket.close_code(), Some(1001));
    }
    let status = server.wait_exit();
    let took = asked.elapsed();
    assert_eq!(status.code(), Some(0), "{status}");
    assert!(took < LIMIT, "the server took {took:?} to exit");
    drop((stuck_for_long, just_stuck, half_requests));
}
