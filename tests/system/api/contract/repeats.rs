//! A command that is sent again within ten minutes.

use serde_json::json;

use super::{CREATE_ESTIMATE, CREATE_SALE, column, converted, new_estimate, new_sale, send};
use crate::support::http::Reply;
use crate::support::json::{body_with, fault_locations};
use crate::support::samples;
use crate::support::server::Server;

#[test]
fn a_repeated_create_with_the_clients_own_time_is_stored_once() {
    let mut server = Server::start();
    let mut socket = server.socket("/ws");
    let stamp = [("created_at", "\"2025-01-13T10:30:00.123\"")];
    // The very same bytes on the two routes are two commands.
    let body = body_with(&samples::sale("Asha"), &stamp);
    let mut client = server.client();
    let first: Vec<Reply> = [CREATE_ESTIMATE, CREATE_SALE].map(|path| send(&mut client, "POST", path, &body)).into();
    for round in 0..4 {
        if round == 2 {
            // A till repeats exactly when the server was away.
            drop(socket);
            server.stop();
            server.start_again();
            socket = server.socket("/ws");
        }
        let mut client = server.client();
        for (path, first) in [CREATE_ESTIMATE, CREATE_SALE].iter().zip(&first) {
            let again = send(&mut client, "POST", path, &body);
            assert_eq!((again.status, again.text()), (201, first.text()), "{path}, round {round}");
        }
        let all = client.get("/api/orders/all").expect(200);
        assert_eq!(column(&all, "type"), ["order", "estimate"], "round {round}");
    }
    let mut client = server.client();
    let other = body_with(&samples::sale("Asha"), &[("created_at", "\"2025-01-13T10:30:00.124\"")]);
    assert_eq!(send(&mut client, "POST", CREATE_SALE, &other).expect(201)["sale_number"], "#002");
    assert_eq!(socket.next_json()["data"]["sale_number"], "#002", "repeats are not announced again");
}

#[test]
fn equal_creates_without_the_clients_time_are_two_sales() {
    let server = Server::start();
    let mut client = server.client();
    for number in ["#001", "#002"] {
        assert_eq!(client.post(CREATE_SALE, &samples::sale("Asha")).expect(201)["sale_number"], number);
        assert_eq!(client.post(CREATE_ESTIMATE, &samples::estimate("Asha")).expect(201)["estimate_number"], number);
    }
}

#[test]
fn a_refused_create_is_refused_again_and_its_correction_is_taken() {
    let server = Server::start();
    let mut client = server.client();
    let stamp = ("created_at", "\"2025-01-13T10:30:00\"");
    let faulty = body_with(&samples::sale("Asha"), &[stamp, ("total", "-1")]);
    for _ in 0..2 {
        assert_eq!(fault_locations(&send(&mut client, "POST", CREATE_SALE, &faulty)), [json!(["body", "total"])]);
    }
    let corrected = body_with(&samples::sale("Asha"), &[stamp]);
    assert_eq!(send(&mut client, "POST", CREATE_SALE, &corrected).expect(201)["sale_number"], "#001");
}

#[test]
fn a_repeated_conversion_gets_its_first_answer_and_another_one_400() {
    let server = Server::start();
    let mut client = server.client();
    let rows: [(&str, Option<&str>); 4] = [
        ("", None),
        ("", Some("{}")),
        ("", Some(r#"{"payment_mode":"UPI","amount_paid":100}"#)),
        ("?payment_mode=UPI&amount_paid=100", None),
    ];
    for (query, body) in rows {
        let path = format!("/api/estimates/{}/convert-to-order{query}", new_estimate(&mut client, "Asha"));
        let first = client.request("POST", &path, &[], body.map(str::as_bytes));
        first.expect(200);
        for _ in 0..3 {
            let again = client.request("POST", &path, &[], body.map(str::as_bytes));
            assert_eq!((again.status, again.text()), (200, first.text()));
            let other = send(&mut client, "POST", &path, br#"{"payment_mode":"Card"}"#);
            assert_eq!(other.detail(400), "Estimate has already been converted to order");
        }
    }
    assert_eq!(client.get("/api/orders/orders-only").expect(200)["orders"]["count"], rows.len());
}

#[test]
fn a_repeated_deletion_gets_its_first_answer() {
    let mut server = Server::start();
    let mut client = server.client();
    let estimate = new_estimate(&mut client, "Asha");
    let direct = new_sale(&mut client, "Bina");
    let (_, order) = converted(&mut client, "Chitra");
    let paths = [format!("/api/estimates/{estimate}"), format!("/api/orders/{direct}"), format!("/api/orders/{order}")];
    let first: Vec<Reply> = paths.iter().map(|path| client.delete(path)).collect();
    for round in 0..2 {
        for (path, first) in paths.iter().zip(&first) {
            let again = client.delete(path);
            assert_eq!((again.status, again.text()), (200, first.text()), "{path}, round {round}");
        }
        server.stop();
        server.start_again();
        client = server.client();
    }
}
