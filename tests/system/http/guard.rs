//! Goal: a web page elsewhere reaches neither the till's commands nor its live feed, and everything that is no browser works as
//! before. Method: requests with the headers that a browser would send, and a start on all addresses.

use serde_json::json;

use crate::support::http::{Client, Reply};
use crate::support::program::program;
use crate::support::samples;
use crate::support::server::Server;
use crate::support::socket::Socket;
use crate::support::wait_until;

/// Every write of the API, on records that may or may not be there.
const WRITES: [(&str, &str); 9] = [
    ("POST", "/api/estimates/create"),
    ("POST", "/api/orders/create-sale"),
    ("PUT", "/api/estimates/{estimate}"),
    ("DELETE", "/api/estimates/{estimate}"),
    ("POST", "/api/estimates/{estimate}/convert-to-order"),
    ("POST", "/api/estimates/{estimate}/duplicate"),
    ("PUT", "/api/orders/{order}/status?status=x"),
    ("DELETE", "/api/orders/{order}"),
    ("PATCH", "/api/orders/{order}"),
];

/// A shop with one estimate and one order, and every write addressed to them.
fn writes(client: &mut Client) -> Vec<(&'static str, String)> {
    let estimate = client.post("/api/estimates/create", &samples::estimate("Asha")).expect(201);
    let order = client.post("/api/orders/create-sale", &samples::sale("Asha")).expect(201);
    let (estimate, order) = (estimate["estimate_id"].as_str().unwrap(), order["order_id"].as_str().unwrap());
    WRITES.map(|(method, path)| (method, path.replace("{estimate}", estimate).replace("{order}", order))).into()
}

fn seq(client: &mut Client) -> u64 {
    client.get("/health").expect(200)["seq"].as_u64().unwrap()
}

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
    let allowed = preflight.header("Access-Control-Allow-Headers").unwrap().to_ascii_lowercase();
    let allowed: Vec<&str> = allowed.split(", ").collect();
    for name in ["authorization", "x-requested-with", "content-type", "idempotency-key", "if-match", "if-none-match"] {
        assert!(allowed.contains(&name), "{name} in {allowed:?}");
    }
    // A page of the internet that asks for the shop's private network is let in by name, and nobody else.
    for network in ["Private-Network", "Local-Network"] {
        let (asked, answered) =
            (format!("Access-Control-Request-{network}"), format!("Access-Control-Allow-{network}"));
        assert_eq!(preflight.header(&answered), None);
        for (origin, expected) in [(PAGE, Some("true")), ("https://evil.example", None)] {
            let asks = [("Origin", origin), ("Access-Control-Request-Method", "POST"), (asked.as_str(), "true")];
            let reply = server.client().request("OPTIONS", "/api/estimates/create", &asks, None);
            assert_eq!(reply.header(&answered), expected, "{origin} {network}");
        }
    }
    // Also what is refused can be read by it.
    let refused = server.client().request("POST", "/x", &[("Origin", PAGE), ("Expect", "x")], Some(b"{}"));
    assert_eq!((refused.status, refused.header("Access-Control-Allow-Origin")), (417, Some(PAGE)));
    let listed = client.request("GET", "/api/estimates/all", &[("Origin", PAGE)], None);
    let exposed = listed.header("Access-Control-Expose-Headers").unwrap();
    for name in ["ETag", "Retry-After", "Sync-Seq", "Sync-Epoch", "Allow"] {
        assert!(exposed.split(", ").any(|own| own == name), "{name} in {exposed}");
    }
    let body = samples::estimate("Asha").to_string();
    let created = client.request("POST", "/api/estimates/create", &[("Origin", PAGE)], Some(body.as_bytes()));
    assert_eq!((created.status, created.header("Access-Control-Allow-Origin")), (201, Some(PAGE)));

    let others = [("Origin", "https://evil.example"), ("Access-Control-Request-Method", "POST")];
    let refused = server.client().request("OPTIONS", "/api/estimates/create", &others, None);
    assert_eq!((refused.status, refused.header("Access-Control-Allow-Origin")), (405, None));
}

/// DNS rebinding: a page's own name leads to the till, so its requests are of the same origin to the browser.
#[test]
fn a_rebound_name_reaches_nothing() {
    let server = Server::start();
    let port = server.addr.port();
    let mut client = server.client();
    let writes = writes(&mut client);
    let before = seq(&mut client);
    let reads =
        ["/", "/ui/main.js", "/api/", "/health", "/metrics", "/api/estimates/all", "/api/changes?since=0", "/ws"];
    let reads = reads.map(|path| ("GET", path.to_string()));
    for (method, path) in writes.into_iter().chain(reads).chain([("OPTIONS", "/api/estimates/create".into())]) {
        let mut rebound = server.client();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: evil.example:{port}\r\nOrigin: http://evil.example:{port}\r\n\
             Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}"
        );
        rebound.send_raw(head.as_bytes()).unwrap();
        let reply = rebound.read(method);
        assert!(!reply.detail(421).is_empty(), "{method} {path}");
        assert!(rebound.is_closed_by_server(), "{method} {path}");
    }
    let name = format!("evil.example:{port}");
    for feed in ["/ws", "/sync"] {
        assert!(Socket::try_connect(server.addr, feed, &[("Host", &name)]).is_err(), "{feed}");
    }
    assert_eq!(seq(&mut client), before);
}

#[test]
fn every_write_refuses_foreign_pages_and_bodies_that_a_form_can_send() {
    let server = Server::start();
    let mut client = server.client();
    let writes = writes(&mut client);
    let before = seq(&mut client);
    let own = format!("http://{}", server.addr);
    for (method, path) in &writes {
        for origin in [
            "null",
            "",
            "https://evil.example",
            "http://127.0.0.1",
            &own.replace("http:", "https:"),
            &format!("{own}/"),
            &format!("{own}.evil"),
        ] {
            let reply = server.client().request(method, path, &[("Origin", origin)], Some(b"{}"));
            assert!(!reply.detail(403).is_empty(), "{method} {path} of {origin:?}");
        }
        if *method == "PATCH" {
            continue;
        }
        // The three types that a page may send anywhere without asking first, and none at all.
        for kind in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data",
            "text/plain;application/json",
            "",
        ] {
            let reply = client.request(method, path, &[("Content-Type", kind)], Some(b"{}"));
            assert!(!reply.detail(415).is_empty(), "{method} {path} as {kind:?}");
        }
    }
    assert_eq!(seq(&mut client), before, "nothing of all this was carried out");
    // Clients that are no browser send no Origin, and our own page its own.
    for (method, path) in writes.iter().filter(|(method, _)| *method == "PUT") {
        let body = samples::estimate("Asha").to_string();
        assert_eq!(client.request(method, path, &[], Some(body.as_bytes())).status, 200, "{method} {path}");
        assert_eq!(
            client.request(method, path, &[("Origin", &own)], Some(body.as_bytes())).status,
            200,
            "{method} {path}"
        );
    }
}

#[test]
fn no_page_elsewhere_may_read_unless_it_is_named_exactly() {
    const PAGE: &str = "https://office.example";
    let names = |reply: &Reply| reply.headers.iter().filter(|(name, _)| name.starts_with("access-control-")).count();
    let ask = |server: &Server, origin: &str| {
        let asks = [("Origin", origin), ("Access-Control-Request-Method", "DELETE")];
        let preflight = server.client().request("OPTIONS", "/api/estimates/create", &asks, None);
        let read = server.client().request("GET", "/api/estimates/all", &[("Origin", origin)], None);
        assert_eq!(read.status, 200, "the browser keeps it from the page");
        names(&preflight) + names(&read)
    };
    let closed = Server::start();
    for origin in [PAGE, "null", "*", &format!("http://{}", closed.addr)] {
        assert_eq!(ask(&closed, origin), 0, "{origin}");
    }
    let open = Server::start_with(&["--allow-origin", PAGE]);
    assert!(ask(&open, PAGE) > 0);
    for origin in [
        "null",
        "*",
        "http://office.example",
        "https://office.example:444",
        "https://office.example.evil",
        "https://office.exampl",
    ] {
        assert_eq!(ask(&open, origin), 0, "{origin}");
    }
    for wrong in ["null", "*", "office.example"] {
        let output = program().args(["--allow-origin", wrong]).output().unwrap();
        assert!(!output.status.success(), "{wrong}");
    }
}

#[test]
fn every_answer_says_that_it_is_not_kept_not_guessed_at_and_not_framed() {
    let server = Server::start_with(&["--connections-max", "8", "--allow-origin", "https://office.example"]);
    let mut client = server.client();
    let estimate = client.post("/api/estimates/create", &samples::estimate("Asha")).expect(201)["estimate_id"].clone();
    let record = format!("/api/estimates/{}", estimate.as_str().unwrap());
    let get = |path: &str, headers: &[(&str, &str)]| server.client().request("GET", path, headers, None);
    let raw = |bytes: &str| {
        let mut client = server.client();
        client.send_raw(bytes.as_bytes()).unwrap();
        client.read("GET")
    };
    let preflight = [("Origin", "https://office.example"), ("Access-Control-Request-Method", "POST")];
    let mut replies = vec![
        (200, get(&record, &[])),
        (304, get(&record, &[("If-None-Match", "\"1\"")])),
        (200, get("/api/", &[])),
        (200, get("/health", &[])),
        (200, get("/metrics", &[])),
        (200, get("/", &[])),
        (200, get("/api/orders/all", &[])),
        (200, get("/api/changes?since=0", &[])),
        (400, get("/api/%zz", &[])),
        (404, get("/api/nothing", &[])),
        (404, get("/ui/nothing.js", &[])),
        (426, get("/ws", &[])),
        (204, server.client().request("OPTIONS", "/api/estimates/create", &preflight, None)),
        (201, client.post("/api/orders/create-sale", &samples::sale("Asha"))),
        (200, client.put(&record, &samples::estimate("Ravi"))),
        (412, client.request("DELETE", &record, &[("If-Match", "\"9\"")], None)),
        (405, client.post("/health", &json!({}))),
        (422, client.post("/api/orders/create-sale", &json!({}))),
        (415, client.request("POST", "/api/orders/create-sale", &[("Content-Type", "text/plain")], Some(b"{}"))),
        (400, raw("GET / HTTP/1.1\r\n\r\n")),
        (403, raw("POST /api/x HTTP/1.1\r\nHost: shop\r\nOrigin: null\r\n\r\n")),
        (413, raw("POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 9999999\r\n\r\n")),
        (417, raw("POST / HTTP/1.1\r\nHost: shop\r\nExpect: x\r\n\r\n")),
        (421, raw("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n")),
        (431, raw(&format!("GET / HTTP/1.1\r\n{}", "X: y\r\n".repeat(65)))),
        (501, raw("POST / HTTP/1.1\r\nHost: shop\r\nTransfer-Encoding: gzip\r\n\r\n")),
        (505, raw("GET / HTTP/2.0\r\nHost: shop\r\n\r\n")),
        (200, raw("GET /api/orders/all HTTP/1.0\r\n\r\n")),
    ];
    let full: Vec<Client> = (0..7).map(|_| server.client()).collect();
    wait_until("a connection too many", || {
        let reply = server.client().try_request("GET", "/api/", &[], None);
        reply.is_ok_and(|reply| {
            let is_over = reply.status == 503;
            replies.extend(is_over.then_some((503, reply)));
            is_over
        })
    });
    drop(full);
    for (status, reply) in &replies {
        assert_eq!(reply.status, *status);
        assert_eq!(reply.header("cache-control"), Some("no-store"), "{status}");
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"), "{status}");
        assert_eq!(reply.header("referrer-policy"), Some("no-referrer"), "{status}");
    }
}

#[test]
fn the_page_and_its_files_run_nothing_but_themselves() {
    let server = Server::start();
    let mut client = server.client();
    let page = client.request("GET", "/", &[("Accept", "text/html")], None);
    let text = page.text().to_string();
    let files =
        text.split("\"/ui/").skip(1).filter_map(|rest| rest.split('"').next()).map(|name| format!("/ui/{name}"));
    let mut replies = vec![page];
    replies.extend(files.map(|path| client.get(&path)));
    replies.push(client.get("/sw.js"));
    assert!(replies.len() > 5);
    for reply in replies {
        assert_eq!(reply.status, 200);
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(reply.header("referrer-policy"), Some("no-referrer"));
        let policy = reply.header("content-security-policy").unwrap();
        let rules: Vec<&str> = policy.split("; ").collect();
        for rule in [
            "default-src 'none'",
            "script-src 'self'",
            "connect-src 'self'",
            "worker-src 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        ] {
            assert!(rules.contains(&rule), "{rule} in {policy}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains('*') && !policy.contains("http"), "{policy}");
    }
}

#[test]
fn other_devices_are_let_in_only_on_express_wish() {
    // Until the shop has an owner, other devices get no further than the way to make one; the log says how that is done.
    let server = Server::start_with(&["--listen", "0.0.0.0:0"]);
    wait_until("the way to let them in is in the log", || server.log().contains("tillsync owner"));
    assert!(!server.log().contains("WARN"), "{}", server.log());

    // With the flag everybody is let in, and one line says what that means.
    let server = Server::start_with(&["--listen", "0.0.0.0:0", "--trust-lan"]);
    // The log is written behind the work, so it may come after the line that says that the server is ready.
    wait_until("the warning is in the log", || server.log().contains("--trust-lan"));
    let log = server.log();
    let warnings: Vec<&str> = log.lines().filter(|line| line.contains("--trust-lan")).collect();
    assert!(
        matches!(warnings.as_slice(), [one] if one.contains("WARN") && one.contains("see and change everything")),
        "{warnings:?}"
    );
}

/// What reaches the server through a proxy that ends https in front of it.
#[test]
fn a_page_behind_an_https_proxy_sells_and_listens_under_the_name_that_was_configured() {
    // Whoever comes by a proxy is another device, which an owner lets in, or everybody is.
    let server = Server::start_with(&["--host", "https://Shop.lan/", "--trust-lan"]);
    let body = samples::estimate("Asha").to_string();
    let own_address = server.addr.to_string();
    for origin in ["https://shop.lan", "https://shop.lan:8443"] {
        // Passed on as it is, with its port cut off, or replaced by the server's own address.
        for host in ["shop.lan", "shop.lan:8443", &own_address] {
            let mut client = server.client();
            let head = format!(
                "POST /api/estimates/create HTTP/1.1\r\nHost: {host}\r\nOrigin: {origin}\r\nX-Forwarded-Proto: https\r\n\
                 Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
            client.send_raw(head.as_bytes()).unwrap();
            client.read("POST").expect(201);
            for feed in ["/ws", "/sync"] {
                Socket::connect(server.addr, feed, &[("Host", host), ("Origin", origin)]);
            }
        }
    }
    // What a foreign page claims about a proxy is not believed.
    for (origin, claim) in [
        ("https://evil.example", "X-Forwarded-Host: evil.example"),
        ("https://shop.lan.evil.example", "Forwarded: host=shop.lan.evil.example;proto=https"),
        ("http://shop.lan:8080", "X-Forwarded-Host: shop.lan:8080"),
    ] {
        let mut client = server.client();
        let head = format!(
            "POST /api/estimates/create HTTP/1.1\r\nHost: shop.lan\r\nOrigin: {origin}\r\n{claim}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        client.send_raw(head.as_bytes()).unwrap();
        assert!(!client.read("POST").detail(403).is_empty(), "{origin}");
    }
}

#[test]
fn a_shops_own_addresses_are_right_on_a_mapped_port_and_under_the_names_that_routers_give() {
    let server = Server::start();
    let port = server.addr.port();
    let machine = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap().trim().to_ascii_lowercase();
    let first = machine.split('.').next().unwrap();
    let status = |host: &str| {
        let mut client = server.client();
        client.send_raw(format!("GET /health HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes()).unwrap();
        client.read("GET").status
    };
    let names = ["", ".local", ".lan", ".home", ".home.arpa", ".fritz.box"].map(|end| format!("{first}{end}:{port}"));
    let mapped = ["192.168.1.7", "192.168.1.7:9", "10.0.0.5:9000", "[fd12::1]:9000"].map(String::from);
    for ours in names.iter().chain(&mapped) {
        assert_eq!(status(ours), 200, "{ours}");
    }
    for foreign in [format!("{first}.example:{port}"), format!("other.lan:{port}"), String::from("8.8.8.8:9000")] {
        assert_eq!(status(&foreign), 421, "{foreign}");
    }
}

/// Apps that are web pages inside have schemes of their own.
#[test]
fn the_page_of_an_app_may_be_allowed_whatever_its_scheme() {
    for (flag, origin) in [
        ("capacitor://localhost", "capacitor://localhost"),
        ("https://office.example/", "https://office.example"),
        ("HTTPS://Office.example:443", "https://office.example"),
        ("app://", "app://"),
    ] {
        let server = Server::start_with(&["--allow-origin", flag]);
        let body = samples::estimate("Asha").to_string();
        let created =
            server.client().request("POST", "/api/estimates/create", &[("Origin", origin)], Some(body.as_bytes()));
        assert_eq!((created.status, created.header("Access-Control-Allow-Origin")), (201, Some(origin)), "{flag}");
        Socket::connect(server.addr, "/sync", &[("Origin", origin)]);
        let other = [("Origin", "capacitor://elsewhere")];
        let refused = server.client().request("POST", "/api/estimates/create", &other, Some(body.as_bytes()));
        assert_eq!(refused.status, 403, "{flag}");
    }
}

#[test]
fn an_address_to_listen_on_may_be_written_as_people_write_it() {
    let listening = |listen: &str, answers_at: &str| {
        // A free port, which somebody else may take meanwhile; then the next one is tried.
        for _ in 0..20 {
            let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let directory = tempfile::tempdir().unwrap();
            let mut server = program()
                .args(["--trust-lan", "--listen", &listen.replace("PORT", &port.to_string()), "--data"])
                .arg(directory.path())
                .stdout(std::process::Stdio::null())
                .stderr(std::process::Stdio::null())
                .spawn()
                .unwrap();
            let address: std::net::SocketAddr = answers_at.replace("PORT", &port.to_string()).parse().unwrap();
            let mut has_answered = false;
            wait_until("the server answers or ends", || {
                has_answered = std::net::TcpStream::connect(address).is_ok();
                has_answered || server.try_wait().unwrap().is_some()
            });
            let is_served = has_answered && Client::connect(address).get("/health").status == 200;
            let _ = server.kill();
            let _ = server.wait();
            if is_served {
                return;
            }
        }
        panic!("nobody answers at {answers_at} for --listen {listen}");
    };
    listening(":PORT", "127.0.0.1:PORT");
    listening("localhost:PORT", "127.0.0.1:PORT");
    listening("PORT", "127.0.0.1:PORT");
    listening("[::]:PORT", "127.0.0.1:PORT");
    listening("[::]:PORT,0.0.0.0:PORT", "127.0.0.1:PORT");
    let output = program().args(["--listen", "shop:8000"]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && said.contains("such as 0.0.0.0:8000"), "{said}");
}
