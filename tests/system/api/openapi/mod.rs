//! Goal: what `/openapi.json` says is what the server does. Method: every operation is asked for real, in most of the ways in
//! which it answers, and each answer is held against its description: the status, the headers, the type and the schema of the
//! body, in which no field may be that is not described; first in a shop that is open, then in one that has an owner. Then
//! schemathesis makes up requests from the description alone.

mod description;
mod people;
mod schemathesis;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::http::{Client, Reply};
use crate::support::samples;
use crate::support::server::Server;
use crate::support::socket::Socket;

use description::Description;
use people::ask_for_people;

/// Asks, holds the answer against the description, and expects this status.
struct Asker<'a> {
    description: &'a mut Description,
    client: Client,
}

impl Asker<'_> {
    /// `address` is `path` with its parameters filled in, and perhaps a query.
    fn ask(
        &mut self,
        operation: &str,
        address: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
        status: u16,
    ) -> Reply {
        let (method, path) = operation.split_once(' ').unwrap();
        let bytes = body.map(|body| body.to_string().into_bytes());
        let reply = self.client.request(method, address, headers, bytes.as_deref());
        assert_eq!(reply.status, status, "{operation} {address}: {}", String::from_utf8_lossy(&reply.body));
        self.description.check(method, path, &reply);
        reply
    }

    fn get(&mut self, path: &str, address: &str, status: u16) -> Reply {
        self.ask(&format!("GET {path}"), address, &[], None, status)
    }

    fn create(&mut self, body: &Value) -> String {
        let reply = self.ask("POST /api/estimates/create", "/api/estimates/create", &[], Some(body), 201);
        reply.json()["estimate_id"].as_str().unwrap().to_string()
    }

    fn sell(&mut self, body: &Value, status: u16) -> Reply {
        self.ask("POST /api/orders/create-sale", "/api/orders/create-sale", &[], Some(body), status)
    }
}

const ESTIMATE: &str = "/api/estimates/{estimate_id}";
const ORDER: &str = "/api/orders/{order_id}";
const SETTINGS: &str = "/api/settings";

#[test]
fn every_operation_answers_as_it_is_described() {
    let server = Server::start_with(&["--timezone", "Asia/Kolkata"]);
    let mut description = Description::of(&server);
    let mut asker = Asker { description: &mut description, client: server.client() };
    ask_the_server_itself(&mut asker);
    ask_for_estimates(&mut asker);
    ask_for_orders(&mut asker);
    ask_for_lists(&mut asker);
    ask_for_figures(&mut asker);
    ask_for_settings(&mut asker);
    ask_for_changes(&mut asker);
    ask_who_is_there(&mut asker);
    ask_for_people(&server, &mut asker);
    let succeeded: BTreeSet<String> = description
        .seen
        .iter()
        .filter(|(operation, status)| *status < 300 || (*status == 426 && operation.starts_with("GET /")))
        .map(|(operation, _)| operation.clone())
        .collect();
    assert_eq!(succeeded, description.operations(), "each was asked for");
    assert!(description.seen.len() > 140, "in most of the ways in which it answers: {}", description.seen.len());
}

fn ask_the_server_itself(asker: &mut Asker<'_>) {
    for path in [
        "/",
        "/sw.js",
        "/help",
        "/openapi.json",
        "/api",
        "/api/",
        "/health",
        "/api/health",
        "/websocket/status",
        "/api/websocket/status",
        "/debug/time",
        "/metrics",
    ] {
        asker.get(path, path, 200);
    }
    for path in ["/ws", "/sync"] {
        asker.get(path, path, 426);
    }
    let page = asker.ask("GET /", "/", &[("Accept", "text/html")], None, 200);
    asker.ask("GET /", "/", &[("Accept", "text/html"), ("If-None-Match", page.header("ETag").unwrap())], None, 304);
    let page = page.text().to_string();
    for file in page.split("\"/ui/").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        let operation =
            if file.matches('/').count() == 1 { "/ui/{folder}/{name}" } else { "/ui/{folder}/{part}/{name}" };
        asker.get(operation, &format!("/ui/{file}"), 200);
    }
    let tagged = asker.ask("GET /help", "/help", &[], None, 200);
    asker.ask("GET /help", "/help", &[("If-None-Match", tagged.header("ETag").unwrap())], None, 304);
    for page in ["limits", "help.css"] {
        asker.get("/help/{page}", &format!("/help/{page}"), 200);
    }
    asker.ask("GET /help/{page}", "/help/limits", &[("If-None-Match", "*")], None, 304);
    asker.get("/help/{page}", "/help/nothing", 404);
    asker.ask("GET /help/{page}", "/help/nothing", &[("Accept", "text/html")], None, 404);
    asker.get("/ui/{folder}/{part}/{name}", "/ui/00000000/kit/dom.js", 404);
    asker.get("/ui/{folder}/{part}/{name}", "/ui/%zz/kit/dom.js", 400);
    asker.get("/ui/{folder}/{name}", "/ui/00000000/main.js", 404);
    asker.get("/ui/{folder}/{name}", "/ui/%zz/main.js", 400);
}

fn ask_for_estimates(asker: &mut Asker<'_>) {
    let example = asker.description.document["components"]["examples"]["Estimate"]["value"].clone();
    let from_example = asker.create(&example);
    asker.get(ESTIMATE, &format!("/api/estimates/{from_example}"), 200);
    // A bill that does not add up says so.
    let mut flagged = samples::estimate("Asha");
    flagged["total"] = json!(1);
    let id = asker.create(&flagged);
    let address = format!("/api/estimates/{id}");
    asker.get(ESTIMATE, &address, 200);
    let number = "/api/estimates/number/{number}";
    asker.get(number, "/api/estimates/number/%23002", 200);
    asker.get(number, "/api/estimates/number/77", 404);
    asker.get(ESTIMATE, "/api/estimates/EST-00000000", 404);
    asker.ask(&format!("GET {ESTIMATE}"), &address, &[("If-None-Match", "\"1\"")], None, 304);
    asker.ask(&format!("GET {number}"), "/api/estimates/number/2", &[("If-None-Match", "*")], None, 304);

    let sample = samples::estimate("Asha");
    let edit = format!("PUT {ESTIMATE}");
    asker.ask(&edit, &address, &[("If-Match", "\"1\"")], Some(&sample), 200);
    asker.ask(&edit, &address, &[("If-Match", "\"1\"")], Some(&sample), 412);
    asker.ask(&edit, &address, &[("If-Match", "one")], Some(&sample), 400);
    asker.ask(&edit, &address, &[("Content-Type", "text/plain")], Some(&sample), 415);
    asker.ask(&edit, &address, &[("Origin", "https://evil.example")], Some(&sample), 403);
    // After this refusal the connection ended.
    asker.client = Client::connect(asker.client.peer());
    asker.ask(&edit, &address, &[], None, 411);
    asker.ask(&edit, "/api/estimates/EST-00000000", &[], Some(&sample), 404);
    let mut wrong = sample.clone();
    wrong["items"] = json!([{"name": 7}, "no line"]);
    wrong["customer_name"] = json!(" ");
    for operation in ["POST /api/estimates/create", "POST /api/orders/create-sale"] {
        let address = operation.split_once(' ').unwrap().1;
        asker.ask(operation, address, &[], Some(&wrong), 422);
        asker.ask(operation, address, &[], None, 411);
        asker.ask(operation, address, &[("Content-Type", "text/csv")], Some(&wrong), 415);
        asker.ask(operation, address, &[("Idempotency-Key", "\"\"")], Some(&sample), 400);
    }
    asker.ask(&edit, &address, &[], Some(&wrong), 422);

    let duplicate = format!("POST {ESTIMATE}/duplicate");
    let copy = asker.ask(&duplicate, &format!("{address}/duplicate"), &[("Content-Length", "0")], None, 201).json();
    let copy = copy["estimate_id"].as_str().unwrap().to_string();
    asker.ask(&duplicate, &format!("{address}/duplicate"), &[], Some(&json!({"rev": 9})), 412);
    asker.ask(&duplicate, &format!("{address}/duplicate"), &[], Some(&json!({"rev": "x"})), 422);
    asker.ask(&duplicate, "/api/estimates/EST-00000000/duplicate", &[("Content-Length", "0")], None, 404);

    let convert = format!("POST {ESTIMATE}/convert-to-order");
    let converting = format!("{address}/convert-to-order");
    asker.ask(&convert, &converting, &[], Some(&json!({"amount_paid": -1})), 422);
    asker.ask(&convert, &converting, &[], Some(&json!({"rev": 9})), 412);
    asker.ask(&convert, &converting, &[("Content-Type", "text/plain")], Some(&json!({})), 415);
    asker.ask(&convert, &converting, &[], Some(&json!({"payment_mode": "UPI", "amount_paid": "100"})), 200);
    asker.ask(&convert, &converting, &[], Some(&json!({"payment_mode": "Cash"})), 400);
    asker.ask(&convert, "/api/estimates/EST-00000000/convert-to-order", &[], Some(&json!({})), 404);
    asker.get(ESTIMATE, &address, 200);
    let history = format!("{ESTIMATE}/history");
    let steps = asker.get(&history, &format!("{address}/history"), 200).json();
    assert_eq!(steps.as_array().unwrap().len(), 3, "create, edit, convert: {steps}");
    asker.get(&history, "/api/estimates/EST-00000000/history", 404);
    asker.get(&history, "/api/estimates/%ff/history", 400);
    asker.ask(&edit, &address, &[], Some(&sample), 400);
    let delete = format!("DELETE {ESTIMATE}");
    asker.ask(&delete, &address, &[], None, 400);
    let copy = format!("/api/estimates/{copy}");
    asker.ask(&delete, &copy, &[("If-Match", "\"7\"")], None, 412);
    asker.ask(&delete, &copy, &[("Idempotency-Key", "till-7-0042")], None, 200);
    asker.ask(&delete, &copy, &[("Idempotency-Key", "till-7-0043")], None, 404);
    asker.ask(&delete, &format!("/api/estimates/{from_example}"), &[("Idempotency-Key", "till-7-0042")], None, 422);
}

fn ask_for_orders(asker: &mut Asker<'_>) {
    let example = asker.description.document["components"]["examples"]["Sale"]["value"].clone();
    let sold = asker.sell(&example, 201).json();
    let address = format!("/api/orders/{}", sold["order_id"].as_str().unwrap());
    let estimate = asker.create(&samples::estimate("Ravi"));
    let mut sale = samples::sale("Ravi");
    sale["source_estimate_id"] = json!(estimate);
    asker.sell(&sale, 201);
    asker.sell(&sale, 400);
    sale["source_estimate_id"] = json!("EST-OF-ANOTHER-SHOP");
    asker.sell(&sale, 201);

    asker.get(ORDER, &address, 200);
    asker.get(ORDER, "/api/orders/ORDER-00000000", 404);
    let number = "/api/orders/number/{number}";
    asker.get(number, "/api/orders/number/1", 200);
    asker.get(number, "/api/orders/number/%23", 404);
    asker.ask(&format!("GET {ORDER}"), &address, &[("If-None-Match", "W/\"1\"")], None, 304);
    asker.ask(&format!("GET {number}"), "/api/orders/number/1", &[("If-None-Match", "*")], None, 304);

    let set = format!("PUT {ORDER}/status");
    let status = |status: &str| format!("{address}/status?status={status}");
    asker.ask(&set, &status("Delivered"), &[], None, 200);
    asker.ask(&set, &format!("{address}/status?new_status=Paid"), &[("If-Match", "\"2\"")], None, 200);
    asker.ask(&set, &status("Paid"), &[("If-Match", "\"2\"")], None, 412);
    asker.ask(&set, &status(""), &[], None, 422);
    asker.ask(&set, &status("%ff"), &[], None, 400);
    asker.ask(&set, "/api/orders/ORDER-00000000/status?status=Paid", &[], None, 404);
    let history = format!("{ORDER}/history");
    let steps = asker.get(&history, &format!("{address}/history"), 200).json();
    assert_eq!(steps.as_array().unwrap().len(), 3, "create, and twice a status: {steps}");
    asker.get(&history, "/api/orders/ORDER-00000000/history", 404);
    asker.get(&history, "/api/orders/%ff/history", 400);
    let delete = format!("DELETE {ORDER}");
    asker.ask(&delete, &address, &[], Some(&json!({"rev": 1})), 412);
    asker.ask(&delete, &address, &[], Some(&json!({"rev": 3.0})), 200);
    asker.ask(&delete, &address, &[("Idempotency-Key", "till-7-0044")], None, 404);
}

fn ask_for_lists(asker: &mut Asker<'_>) {
    let lists = [
        "/api/estimates/all",
        "/api/estimates/pending",
        "/api/estimates/converted",
        "/api/orders/orders-only",
        "/api/orders/separate",
        "/api/orders/all",
        "/api/search",
    ];
    for path in lists {
        let whole = asker.get(path, path, 200);
        assert!(whole.body.len() > 500, "{path} is not empty");
        asker.get(path, &format!("{path}?limit=1&q=ravi&from=2025-01-13&to=9999-12-31"), 200);
        asker.get(path, &format!("{path}?before=EST-640FE50D"), 200);
        asker.get(path, &format!("{path}?limit=4294967296"), 422);
        asker.get(path, &format!("{path}?from=2025-1-13"), 422);
        asker.get(path, &format!("{path}?q=%ff"), 400);
    }
    asker.get("/api/orders/all", "/api/orders/all?before=3", 422);
    asker.get("/api/estimates/all", "/api/estimates/all?status=sold", 422);
}

fn ask_for_figures(asker: &mut Asker<'_>) {
    let path = "/api/summary";
    let days = |reply: &Reply| reply.json()["days"].as_array().unwrap().clone();
    let figures = asker.get(path, path, 200);
    assert_eq!(figures.json()["scope"], "shop");
    let days_of_shop = days(&figures);
    assert!(days_of_shop.last().unwrap()["modes"][0].is_object(), "something was sold today: {days_of_shop:?}");
    let longest = asker.get(path, &format!("{path}?from=2025-01-01&to=2025-04-02"), 200);
    assert_eq!(
        json!(days(&longest).len()),
        asker.description.at("/components/schemas/Figures/properties/days")["maxItems"]
    );
    asker.get(path, &format!("{path}?from=2025-01-02&to=2025-01-01"), 200);
    asker.get(path, &format!("{path}?from=2025-01-01&to=2025-04-03"), 422);
    asker.get(path, &format!("{path}?from=2025-1-13"), 422);
    asker.get(path, &format!("{path}?to=20250113"), 422);
    asker.get(path, &format!("{path}?to=%ff"), 400);
}

fn ask_for_settings(asker: &mut Asker<'_>) {
    asker.get(SETTINGS, SETTINGS, 200);
    let save = format!("PUT {SETTINGS}");
    let body = "/components/requestBodies/Settings/content/application~1json";
    let examples = asker.description.at(body)["examples"].clone();
    for example in examples.as_object().unwrap().values() {
        let (described, rev) = (format!("{body}/schema"), asker.get(SETTINGS, SETTINGS, 200).json()["rev"].as_u64());
        asker.description.validate(&described, &example["value"], "an example");
        let saved = asker.ask(&save, SETTINGS, &[], Some(&example["value"]), 200).json();
        assert_eq!(saved["data"]["rev"].as_u64(), rev.map(|rev| rev + 1), "an example changes something");
    }
    // Each form that is described is taken, to its limit, and what is beyond is not described and not taken.
    let name = |chars: usize, index: usize| format!("{index:0chars$}");
    let names = |count: usize, chars: usize| (0..count).map(|index| name(chars, index)).collect::<Vec<_>>();
    let list = asker.description.at("/components/schemas/Names").clone();
    let count_max = usize::try_from(list["maxItems"].as_u64().unwrap()).unwrap();
    let chars_max = usize::try_from(list["items"]["maxLength"].as_u64().unwrap()).unwrap();
    let lock_minutes_max = asker.description.at("/components/schemas/LockMinutes")["maximum"].as_u64().unwrap();
    let schema = format!("{body}/schema");
    for taken in [
        json!({"lock_minutes": 1}),
        json!({"lock_minutes": lock_minutes_max}),
        json!({"staff_names": names(count_max, chars_max), "payment_modes": ["", "Cash"]}),
        json!({"staff_names": names(count_max, 3).join(","), "payment_modes": "Cash\nCard", "footer_line": ""}),
        json!({"staff_names": [], "payment_modes": null, "currency": "usd", "paper_size": "a4", "rev": null}),
        json!({"staff_names": " ", "of_a_later_release": {}}),
    ] {
        asker.description.validate(&schema, &taken, "what is taken");
        asker.ask(&save, SETTINGS, &[], Some(&taken), 200);
    }
    for refused in [
        json!({"staff_names": names(count_max + 1, 3)}),
        json!({"staff_names": names(1, chars_max + 1)}),
        json!({"staff_names": names(count_max + 1, 3).join(",")}),
        json!({"staff_names": names(2, chars_max + 1).join(",")}),
        // They count and are measured as they are sent.
        json!({"staff_names": vec![" "; count_max + 1]}),
        json!({"staff_names": [" ".repeat(chars_max + 1)]}),
        json!({"payment_modes": []}),
        json!({"payment_modes": [" "]}),
        json!({"payment_modes": ", "}),
        json!({"currency": "rupee"}),
        json!({"paper_size": "A5"}),
        json!({"lock_minutes": 0}),
        json!({"lock_minutes": lock_minutes_max + 1}),
        json!({"lock_minutes": "soon"}),
        json!({"shop_name": 7, "rev": "x"}),
    ] {
        assert!(!asker.description.describes(&schema, &refused), "{refused}");
        asker.ask(&save, SETTINGS, &[], Some(&refused), 422);
    }
    let sample = json!({"shop_name": "Patil Electricals"});
    asker.ask(&save, SETTINGS, &[("If-Match", "\"1\"")], Some(&sample), 412);
    asker.ask(&save, SETTINGS, &[], Some(&json!({"rev": 1})), 412);
    asker.ask(&save, SETTINGS, &[("If-Match", "one")], Some(&sample), 400);
    asker.ask(&save, SETTINGS, &[("Idempotency-Key", "")], Some(&sample), 400);
    asker.ask(&save, SETTINGS, &[("Idempotency-Key", "till-7-0045")], Some(&sample), 200);
    asker.ask(&save, SETTINGS, &[("Idempotency-Key", "till-7-0045")], Some(&json!({})), 422);
    asker.ask(&save, SETTINGS, &[("Content-Type", "text/plain")], Some(&sample), 415);
    asker.ask(&save, SETTINGS, &[("Origin", "https://evil.example")], Some(&sample), 403);
    asker.client = Client::connect(asker.client.peer());
    asker.ask(&save, SETTINGS, &[], None, 411);
}

fn ask_for_changes(asker: &mut Asker<'_>) {
    let path = "/api/changes";
    for (query, resume) in
        [("", "live"), ("?since=0&limit=2", "catch_up"), ("?since=0&types=order", "catch_up"), ("?since=3", "reset")]
    {
        assert_eq!(asker.get(path, &format!("{path}{query}"), 200).json()["resume"], resume, "{query}");
    }
    asker.get(path, "/api/changes?since=-1", 400);
    asker.get(path, "/api/changes?types=customers", 400);
    asker.get(path, "/api/changes?limit=5001", 422);
    asker.get(path, "/api/changes?wait=61", 422);
}

fn ask_who_is_there(asker: &mut Asker<'_>) {
    let id = asker.create(&samples::estimate("Asha"));
    let mut socket = Socket::connect(asker.client.peer(), "/sync", &[]);
    let path = "/api/presence";
    assert_eq!(asker.get(path, path, 200).json()[0]["does"], "none");
    socket.send_text(&json!({"type": "presence", "id": id, "does": "edit", "tab": "k3v9x2"}).to_string());
    socket.texts_until_pong();
    assert_eq!(asker.get(path, path, 200).json()[0]["id"], json!(id));
}

#[test]
fn what_is_refused_before_it_is_routed_is_described_too() {
    let server = Server::start();
    let mut description = Description::of(&server);
    let host = server.addr;
    let refused = [
        (413, format!("GET /health HTTP/1.1\r\nHost: {host}\r\nContent-Length: 1048577\r\n\r\n")),
        (414, format!("GET /health?{} HTTP/1.1\r\nHost: {host}\r\n\r\n", "q".repeat(9000))),
        (417, format!("GET /health HTTP/1.1\r\nHost: {host}\r\nExpect: tea\r\n\r\n")),
        (421, "GET /health HTTP/1.1\r\nHost: evil.example\r\n\r\n".to_string()),
        (431, format!("GET /health HTTP/1.1\r\nHost: {host}\r\n{}\r\n", "A: b\r\n".repeat(64))),
        (501, format!("GET /health HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: gzip\r\n\r\n")),
        (505, format!("GET /health HTTP/3.0\r\nHost: {host}\r\n\r\n")),
        (400, "GET /health HTTP/1.1\r\n\r\n".to_string()),
    ];
    for (status, bytes) in refused {
        let mut client = server.client();
        client.send_raw(bytes.as_bytes()).unwrap();
        let reply = client.read("GET");
        assert_eq!(reply.status, status, "{bytes}");
        description.check("GET", "/health", &reply);
    }
    // Addresses and methods that are not described answer with the same shape.
    let mut client = server.client();
    for (method, address, status) in [
        ("GET", "/nothing", 404),
        ("TRACE", "/health", 405),
        ("PATCH", "/api/estimates/EST-640FE50D", 405),
        ("BREW", "/ws", 405),
    ] {
        let reply = client.request(method, address, &[], None);
        assert_eq!((reply.status, reply.header("Allow").is_some()), (status, status == 405), "{method} {address}");
        assert_eq!(reply.header("Cache-Control"), Some("no-store"));
        description.validate_message("Problem", &reply.json());
    }
}

#[test]
fn the_messages_of_the_sockets_are_those_of_the_description() {
    let server = Server::start();
    let mut description = Description::of(&server);
    let mut client = server.client();
    let (mut plain, mut sync) = (server.socket("/ws"), server.socket("/sync"));
    description.validate_message("SyncHello", &sync.next_json());
    let mut of_estimates = server.socket("/sync?types=estimate");
    description.validate_message("SyncHello", &of_estimates.next_json());

    client.put(SETTINGS, &json!({"shop_name": "Patil Electricals"})).expect(200);
    description.validate_message("SyncSettings", &sync.next_json());
    let estimate = client.post("/api/estimates/create", &samples::estimate("Asha")).expect(201);
    let address = format!("/api/estimates/{}", estimate["estimate_id"].as_str().unwrap());
    client.put(&address, &samples::estimate("Asha Patil")).expect(200);
    let order = client.post(&format!("{address}/convert-to-order"), &json!({})).expect(200);
    let order = format!("/api/orders/{}", order["order_id"].as_str().unwrap());
    let named = [("Idempotency-Key", "till-7-0042")];
    client.request("PUT", &format!("{order}/status?status=Paid"), &named, None).expect(200);
    client.delete(&order).expect(200);

    // Create, edit, convert with its order, status, delete with its estimate.
    let schemas = ["EstimateChange", "EstimateChange", "EstimateConversion", "OrderChange", "OrderChange"];
    for schema in schemas {
        description.validate_message(schema, &sync.next_json());
    }
    for schema in ["EstimateChange", "EstimateChange", "EstimateConversion", "OrderChange"] {
        let message = plain.next_json();
        description.validate_message(schema, &message);
        assert_eq!(message.get("data").is_none(), schema == "EstimateConversion", "{message}");
    }
    for (socket, count) in [(&mut plain, 2), (&mut sync, 2)] {
        for _ in 0..count {
            let message = socket.next_json();
            assert_eq!(message["action"], "delete");
            description.validate_message("Change", &message);
        }
    }
    // While others change, one that looks at estimates alone is told how far it is.
    client.post("/api/orders/create-sale", &samples::sale("Asha")).expect(201);
    let mut message = of_estimates.next_json();
    while message["type"] == "estimate" {
        description.validate_message("Change", &message);
        message = of_estimates.next_json();
    }
    description.validate_message("SyncAt", &message);
    // From the beginning.
    let mut late = Socket::connect(server.addr, "/sync?since=0", &[]);
    description.validate_message("SyncHello", &late.next_json());
    for _ in 0..3 {
        description.validate_message("Change", &late.next_json());
    }
    description.validate_message("SyncLive", &late.next_json());
}

#[test]
fn the_messages_of_presence_are_those_of_the_description() {
    let server = Server::start();
    let mut description = Description::of(&server);
    let created = server.post("/api/estimates/create", &samples::estimate("Asha")).expect(201);
    let (mut one, mut other) = (server.socket("/sync"), server.socket("/sync"));
    for socket in [&mut one, &mut other] {
        description.validate_message("SyncHello", &socket.next_json());
    }
    let mut said = json!({"type": "presence", "id": created["estimate_id"], "does": "edit", "tab": "k3v9x2"});
    description.validate_message("PresenceMessage", &said);
    one.send_text(&said.to_string());
    description.validate_message("SyncYou", &one.next_json());
    for socket in [&mut one, &mut other] {
        let told = socket.next_json();
        description.validate_message("SyncPresence", &told);
        assert_eq!(told["who"][0]["does"], "edit", "{told}");
    }
    (said["take"], said["tab"]) = (json!(true), json!("p0q8r7"));
    description.validate_message("PresenceMessage", &said);
    other.send_text(&said.to_string());
    description.validate_message("SyncTaken", &one.next_json());
    description.validate_message("SyncPresenceAnew", &json!({"type": "presence", "action": "anew"}));
    for tab in ["k3v9x2", "p0q8r7"] {
        let said = json!({"type": "presence", "does": "none", "tab": tab});
        description.validate_message("PresenceMessage", &said);
        one.send_text(&said.to_string());
    }
    let told = one.next_json();
    description.validate_message("SyncPresence", &told);
    assert_eq!(told["who"], json!([]), "{told}");
}

/// The first cells of the manual's table with this heading, without their backticks.
fn manual_column(heading: &str) -> BTreeSet<String> {
    let table = include_str!("../../../../src/manual/live.md").split(&format!("| {heading} |")).nth(1).unwrap();
    let rows = table.lines().skip(2).take_while(|row| row.starts_with('|'));
    let cells = rows.map(|row| row.split('|').nth(1).unwrap());
    cells.flat_map(|cell| cell.split(", ").map(|name| name.trim().trim_matches('`').to_string())).collect()
}

#[test]
fn the_readme_tells_the_channels_and_the_fields_of_a_change() {
    let server = Server::start();
    let document = server.get("/openapi.json").expect(200);
    let schemas = &document["components"]["schemas"];
    let fields: BTreeSet<String> = ["ChangeFields", "EstimateChange", "EstimateConversion", "OrderChange"]
        .iter()
        .flat_map(|name| schemas[name]["properties"].as_object().unwrap().keys().cloned())
        .collect();
    assert_eq!(manual_column("field of a change"), fields);
    let paths = document["paths"].as_object().unwrap();
    let channels = paths.iter().filter(|(_, path)| path["get"]["responses"]["101"].is_object());
    assert_eq!(manual_column("channel"), channels.map(|(path, _)| path.clone()).collect());
}
