//! Goal: what was sent of a list whose disk fails in the middle reaches its client, and never looks like the whole list.
//!
//! Method: a list of megabytes on a disk that fails while it is read, for a client that has sent more than the server has read:
//! closing such a connection at once would reset it.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Instant;

use crate::simulated::disk::{Disk, Fault, Landed, Operation};
use crate::simulated::http::{request, serve};
use crate::simulated::shop::{Shop, estimate, keyed, sale};
use crate::support::DEADLINE;
use tillsync::app::Command;

/// Estimates of 50 KB each, far more than is kept in memory.
fn large_shop() -> Shop {
    let shop = Shop::open();
    for number in 0..100 {
        let key = format!("key {number}");
        shop.send(&keyed(&key, Command::CreateEstimate(Box::new(sale(&key, 1_000))))).unwrap();
    }
    Shop::open_on(&Disk::holding(shop.disk.kept()))
}

/// Asks for the list, sends 100 KB of further requests behind it, and reads to the end. A connection that is reset may show it
/// while something is sent already.
fn ask(address: SocketAddr, version: &str) -> (Vec<u8>, std::io::Result<usize>) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    let list = format!("GET /api/estimates/all HTTP/{version}\r\nHost: {address}\r\n\r\n");
    let further = format!("GET /health HTTP/{version}\r\nHost: {address}\r\n\r\n");
    stream.write_all(list.as_bytes()).unwrap();
    let sent = stream.write_all(further.repeat(2_000).as_bytes());
    let mut answer = Vec::new();
    let end = sent.and_then(|()| stream.read_to_end(&mut answer));
    (answer, end)
}

#[test]
fn a_list_that_breaks_off_reaches_its_client_as_far_as_it_goes_and_does_not_look_whole() {
    let Shop { disk, app } = large_shop();
    let app = Arc::new(app);
    let (server, address) = serve(&app);
    let fail = || {
        let fault =
            Fault { operation: Operation::Read, after: 40, is_lasting: true, landed: Landed::Nothing, is_panic: false };
        disk.break_by(&[fault]);
    };
    fail();
    let (answer, end) = ask(address, "1.1");
    assert!(disk.mend() > 0, "the disk was not asked");
    assert!(end.is_ok(), "an orderly end and no reset: {end:?} after {} bytes", answer.len());
    assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n") && answer.len() > 200_000, "{} bytes", answer.len());
    assert!(!answer.ends_with(b"0\r\n\r\n"), "the last chunk would say that this was all");

    let deadline = Instant::now() + DEADLINE;
    while request(address, &format!("GET /api/estimates/{}", estimate(1).id()), "", "").0 != 200 {
        assert!(Instant::now() < deadline, "the file is not opened again");
    }
    // HTTP/1.0 has no chunks: there an orderly end would say that this was all.
    fail();
    let (answer, end) = ask(address, "1.0");
    assert!(disk.mend() > 0, "the disk was not asked");
    let end = end.map_err(|error| error.kind());
    // What is sent after the reset was seen breaks a pipe.
    let is_reset =
        matches!(end, Err(ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::ConnectionAborted));
    assert!(is_reset, "{end:?} after {} bytes", answer.len());
    server.stop();
}
