//! The public tool makes up requests from the description alone.

use std::path::Path;
use std::process::Command;

use crate::support::program;
use crate::support::server::Server;

/// Requests for each operation and way of making them up, unless `SCHEMATHESIS_EXAMPLES` says another number.
const EXAMPLES: &str = "15";

#[test]
#[ignore = "long: cargo test-all"]
fn schemathesis_finds_nothing() {
    let program = std::env::var("SCHEMATHESIS").unwrap_or_else(|_| "schemathesis".into());
    let server = Server::start();
    let url = format!("http://{}", server.addr);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let loaded = program::program().arg("load").arg(root.join("data/sample.jsonl")).arg(&url).output().unwrap();
    assert!(loaded.status.success(), "{}", String::from_utf8_lossy(&loaded.stderr));

    let mut command = Command::new(program);
    command
        .arg("--config-file")
        .arg(root.join("tests/system/api/schemathesis.toml"))
        .args(["run", &format!("{url}/openapi.json"), "--continue-on-failure", "--no-shrink", "--max-examples"])
        .env("SCHEMATHESIS_HOOKS", root.join("tests/system/api/schemathesis_hooks.py"))
        // It keeps what it found in its working directory.
        .current_dir(server.dir.path());
    match std::env::var("SCHEMATHESIS_EXAMPLES") {
        Ok(examples) => command.arg(examples),
        // The same each time.
        Err(_) => command.args([EXAMPLES, "--seed", "1"]),
    };
    let output = command.output().expect("schemathesis is not installed (pip install schemathesis)");
    let said = String::from_utf8_lossy(&output.stdout);
    eprintln!("{said}");
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("passed"), "nothing was asked: {said}");
    // After all that the shop is well.
    server.get("/health").expect(200);
}
