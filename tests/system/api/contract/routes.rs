//! The routes beside the records, and what no route answers.

use serde_json::json;

use super::{UNKNOWN_ESTIMATE, UNKNOWN_ORDER, bare, new_estimate, new_sale};
use crate::support::samples;
use crate::support::server::Server;

#[test]
fn the_root_shows_a_page_to_browsers_and_a_message_to_programs() {
    let server = Server::start();
    let mut client = server.client();
    let page = client.request("GET", "/", &[("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")], None);
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").unwrap().starts_with("text/html"), "{:?}", page.headers);
    assert!(page.text().contains("<html"), "{}", page.text());
    for accept in ["application/json", "*/*", ""] {
        let headers = [("Accept", accept)];
        let reply = client.request("GET", "/", if accept.is_empty() { &[] } else { &headers }, None);
        assert!(reply.expect(200)["message"].is_string(), "{accept}");
        assert!(reply.header("content-type").unwrap().starts_with("application/json"), "{accept}");
    }
    assert_eq!(client.get("/api/").expect(200), json!({"message": "POS API is running"}));
}

#[test]
fn health_and_the_state_of_the_feed_are_told() {
    let server = Server::start();
    let mut client = server.client();
    for path in ["/health", "/api/health"] {
        let health = client.get(path).expect(200);
        assert_eq!(health["status"], "healthy", "{path}");
        for field in ["timestamp", "service", "version"] {
            assert!(health[field].as_str().is_some_and(|text| !text.is_empty()), "{field} of {path}: {health}");
        }
    }
    let status = client.get("/api/websocket/status").expect(200);
    assert_eq!(status["status"], "active");
    assert_eq!(status["connected_clients"], 0);
}

#[test]
fn an_unknown_path_is_404_and_a_wrong_method_405_with_allow() {
    let server = Server::start();
    let mut client = server.client();
    let id = new_estimate(&mut client, "Asha");
    let order = new_sale(&mut client, "Asha");
    for path in ["/nope", "/api/nope", "/api/estimates/all/more", "/api/orders/number/%23001/more", "/wss"] {
        assert_eq!(client.get(path).expect(404), json!({"detail": "Not Found"}), "{path}");
    }
    let rows = [
        ("POST", "/".to_string(), &["GET"][..]),
        ("POST", "/health".into(), &["GET"]),
        ("POST", "/api/health".into(), &["GET"]),
        ("DELETE", "/api/websocket/status".into(), &["GET"]),
        ("POST", "/api/estimates/all".into(), &["GET"]),
        ("PATCH", format!("/api/estimates/{id}"), &["GET", "PUT", "DELETE"]),
        ("GET", format!("/api/estimates/{id}/convert-to-order"), &["POST"]),
        ("GET", format!("/api/estimates/{id}/duplicate"), &["POST"]),
        ("POST", "/api/estimates/number/%23001".into(), &["GET"]),
        ("POST", "/api/orders/orders-only".into(), &["GET"]),
        ("POST", "/api/orders/separate".into(), &["GET"]),
        ("PATCH", format!("/api/orders/{order}"), &["GET", "DELETE"]),
        ("GET", format!("/api/orders/{order}/status"), &["PUT"]),
    ];
    for (method, path, allowed) in rows {
        let reply = bare(&mut client, method, &path);
        assert_eq!(reply.expect(405), json!({"detail": "Method Not Allowed"}), "{method} {path}");
        let allow = reply.header("allow").unwrap_or_else(|| panic!("{method} {path} has no Allow"));
        // A GET route may say that it takes HEAD too, and `all` could be an id to PUT and DELETE.
        let allow: Vec<&str> = allow.split(',').map(str::trim).collect();
        assert!(allowed.iter().all(|method| allow.contains(method)), "{method} {path}: {allow:?}");
        assert!(!allow.contains(&method), "{method} {path}: {allow:?}");
    }
}

#[test]
fn an_unknown_id_or_number_is_404_in_its_own_words() {
    let server = Server::start();
    let mut client = server.client();
    let existing = new_estimate(&mut client, "Asha");
    let estimate_body = samples::estimate("Asha").to_string();
    let wrong_ids = [
        UNKNOWN_ESTIMATE.to_string(),
        UNKNOWN_ORDER.to_string(),
        "nonsense".into(),
        existing.to_lowercase(),
        format!("{existing}0"),
        existing.replace("EST-", "ORDER-"),
        "EST-%E2%82%B9%E2%82%B9".into(),
        "EST-+1234567".into(),
    ];
    for id in &wrong_ids {
        let estimate_rows = [
            ("GET", format!("/api/estimates/{id}"), ""),
            ("DELETE", format!("/api/estimates/{id}"), ""),
            ("PUT", format!("/api/estimates/{id}"), estimate_body.as_str()),
            ("POST", format!("/api/estimates/{id}/convert-to-order"), "{}"),
            ("POST", format!("/api/estimates/{id}/duplicate"), ""),
        ];
        for (method, path, body) in estimate_rows {
            let reply = client.request(method, &path, &[], (!body.is_empty()).then_some(body.as_bytes()));
            assert_eq!(reply.expect(404), json!({"detail": "Estimate not found"}), "{method} {path}");
        }
        let order_rows = [
            ("GET", format!("/api/orders/{id}")),
            ("DELETE", format!("/api/orders/{id}")),
            ("PUT", format!("/api/orders/{id}/status?new_status=Packed")),
        ];
        for (method, path) in order_rows {
            let reply = bare(&mut client, method, &path);
            assert_eq!(reply.expect(404), json!({"detail": "Order not found"}), "{method} {path}");
        }
    }
    for number in ["%23999", "999", "abc", "%23", "%23000", "-1", "99999999999999999999"] {
        assert_eq!(client.get(&format!("/api/estimates/number/{number}")).detail(404), "Estimate not found");
        assert_eq!(client.get(&format!("/api/orders/number/{number}")).detail(404), "Order not found");
    }
}
