//! The shop on a real port, and requests to it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use tillsync::app::{App, Lifecycle};
use tillsync::web::{Options, Server, bind};

use crate::support::DEADLINE;

/// Serves a shop on a free port.
pub fn serve(app: &Arc<App>) -> (Server, SocketAddr) {
    let listeners = bind(&[SocketAddr::from(([127, 0, 0, 1], 0))]).unwrap();
    let shop = Arc::new(Lifecycle::around(Arc::clone(app)));
    let server = Server::start(shop, listeners, &Options::default()).unwrap();
    let address = server.addresses()[0];
    (server, address)
}

/// Status, head and body of one request on a connection of its own.
pub fn request(address: SocketAddr, line: &str, key: &str, body: &str) -> (u16, String, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    write!(
        stream,
        "{line} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nIdempotency-Key: {key}\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), format!("{head}\r\n"), body.to_string())
}

/// Stores an estimate over HTTP.
pub fn post(address: SocketAddr, key: &str) -> (u16, String, String) {
    let body = r#"{"customer_name":"Asha","customer_phone":"1","customer_address":"","sale_by":"",
        "items":[{"name":"Bulb","price":1,"quantity":1,"discount":0}],"subtotal":1,"discount_amount":0,
        "is_percentage_discount":false,"discount_percentage":0,"total":1}"#;
    request(address, "POST /api/estimates/create", key, body)
}
