//! Goal: a web page elsewhere reaches neither the till's commands nor its live feed, and everything that is no browser works as
//! before. Method: requests with the headers that a browser would send, and a start on all addresses.

use std::process::Command;

use crate::support::samples;
use crate::support::server::Server;
use crate::support::socket::Socket;

#[test]
fn a_foreign_name_is_answered_with_421_and_ours_are_served() {
    let server = Server::start();
    let port = server.addr.port();
    let status = |host: &str| {
        let mut client = server.client();
        client.send_raw(format!("GET /health HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes()).unwrap();
        client.read("GET").status
    };
    for ours in [format!("127.0.0.1:{port}"), format!("localhost:{port}"), format!("192.168.1.7:{port}"), "shop".into()]
    {
        assert_eq!(status(&ours), 200, "{ours}");
    }
    for foreign in
        [format!("evil.example:{port}"), "localhost".into(), format!("8.8.8.8:{port}"), String::from("127.0.0.1:1")]
    {
        assert_eq!(status(&foreign), 421, "{foreign}");
    }
}

#[test]
fn pages_elsewhere_neither_write_nor_listen() {
    let server = Server::start();
    let own = format!("http://{}", server.addr);
    let body = samples::estimate("Asha").to_string();
    let create = |origin: &str| {
        let headers = [("Origin", origin)];
        server.client().request("POST", "/api/estimates/create", &headers, Some(body.as_bytes())).status
    };
    assert_eq!(create(&own), 201);
    for foreign in ["https://evil.example", "null", "http://127.0.0.1:1"] {
        assert_eq!(create(foreign), 403, "{foreign}");
        for feed in ["/ws", "/sync"] {
            assert!(Socket::try_connect(server.addr, feed, &[("Origin", foreign)]).is_err(), "{foreign} {feed}");
        }
    }
    Socket::connect(server.addr, "/ws", &[("Origin", &own)]);
    let list = server.get("/api/estimates/all").expect(200);
    assert_eq!(list.as_array().unwrap().len(), 1, "a refused page stores nothing");
}

#[test]
fn an_allowed_page_may_do_both_and_its_browser_is_told_so() {
    const PAGE: &str = "https://office.example";
    let server = Server::start_with(&["--allow-origin", PAGE]);
    let mut client = server.client();
    let asks = [("Origin", PAGE), ("Access-Control-Request-Method", "POST")];
    let preflight = client.request("OPTIONS", "/api/estimates/create", &asks, None);
    assert_eq!(preflight.status, 204);
    assert_eq!(preflight.header("Access-Control-Allow-Origin"), Some(PAGE));
    let body = samples::estimate("Asha").to_string();
    let created = client.request("POST", "/api/estimates/create", &[("Origin", PAGE)], Some(body.as_bytes()));
    assert_eq!((created.status, created.header("Access-Control-Allow-Origin")), (201, Some(PAGE)));

    let others = [("Origin", "https://evil.example"), ("Access-Control-Request-Method", "POST")];
    let refused = server.client().request("OPTIONS", "/api/estimates/create", &others, None);
    assert_eq!((refused.status, refused.header("Access-Control-Allow-Origin")), (405, None));
}

#[test]
fn other_devices_are_let_in_only_on_express_wish() {
    let directory = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_tillsync"))
        .args(["--listen", "0.0.0.0:0", "--data"])
        .arg(directory.path())
        .output()
        .unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("--trust-lan") && said.lines().count() == 1, "{said}");
}
