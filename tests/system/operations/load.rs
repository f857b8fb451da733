//! Goal: `load` reads the files that people have: as editors and spreadsheets write them. Method: the program itself on files
//! made here, and what is in the shop afterwards.

use std::process::Output;

use serde_json::json;

use crate::support::program::program;
use crate::support::samples;
use crate::support::server::Server;

fn load(server: &Server, content: &[u8]) -> Output {
    let file = server.dir.path().join("lines.jsonl");
    std::fs::write(&file, content).unwrap();
    let url = format!("http://{}", server.addr);
    program().arg("load").arg(file).arg(url).output().unwrap()
}

fn orders(server: &Server) -> serde_json::Value {
    server.get("/api/orders/orders-only").expect(200)["orders"]["count"].take()
}

#[test]
fn a_byte_order_mark_and_line_ends_of_windows_are_no_part_of_a_file() {
    let server = Server::start();
    let line = |name: &str| json!({"type": "sale", "data": samples::sale(name)}).to_string();
    let marked = format!("\u{feff}{}\r\n\r\n{}", line("Asha"), line("Ravi"));
    for _ in 0..2 {
        let output = load(&server, marked.as_bytes());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(orders(&server), 2);
    }
    // Without the mark it is the same file, whose lines are stored already.
    let output = load(&server, format!("{}\n{}\n", line("Asha"), line("Ravi")).as_bytes());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(orders(&server), 2);
    // Inside a file it is a fault.
    let output = load(&server, format!("{}\n\u{feff}{}\n", line("Meena"), line("Ravi")).as_bytes());
    assert!(String::from_utf8_lossy(&output.stderr).contains("line 2"), "{output:?}");
    assert_eq!(orders(&server), 3);
}

#[test]
fn a_line_that_never_ends_is_refused_by_its_number() {
    let server = Server::start();
    let line = json!({"type": "sale", "data": samples::sale("Asha")}).to_string();
    let endless = [line.as_bytes(), b"\n{\"type\":\"", "\u{20b9}".repeat(1 << 20).as_bytes()].concat();
    let output = load(&server, &endless);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("line 2: it is longer than 2 MiB"), "{said}");
    assert_eq!(orders(&server), 1);
    let output = load(&server, b"\xff\n");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("line 1: it is not UTF-8 text"), "{said}");
}
