//! Goal: a log that nobody reads holds nothing up. Method: a server whose standard error is a pipe that is never emptied, as a
//! paused terminal would be; far more lines than the pipe and the queue take.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::support::program::program;
use crate::support::{samples, till, wait_until};

#[test]
fn a_log_that_nobody_reads_holds_up_neither_sales_nor_the_stop() {
    /// Each logs a line of about 200 bytes: together a megabyte, where a pipe takes 64 KiB and the queue 4,096 lines.
    const SALES: usize = 6_000;
    /// They share commits.
    const TILLS: usize = 16;
    let directory = tempfile::tempdir().unwrap();
    let mut server = program()
        .args(["--listen", "127.0.0.1:0", "--data"])
        .arg(directory.path())
        .env("RUST_LOG", "info")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let addr = line.split("http://").nth(1).unwrap().split('/').next().unwrap().parse().unwrap();
    till::together(addr, TILLS, |_, client| {
        for _ in 0..SALES / TILLS {
            client.post("/api/orders/create-sale", &samples::sale("Asha")).expect(201);
        }
    });
    assert!(Command::new("kill").args(["-TERM", &server.id().to_string()]).status().unwrap().success());
    wait_until("the server to stop", || server.try_wait().unwrap().is_some());
    assert!(server.wait().unwrap().success());
}
