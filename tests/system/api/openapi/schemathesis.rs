//! The public tool makes up requests from the description alone: in a shop that is open, and then, in one that has an owner, with
//! the token of a program of each role.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::people::{OWNER_PIN, machine_token};
use crate::support::program;
use crate::support::server::Server;

/// Requests for each operation and way of making them up, unless `SCHEMATHESIS_EXAMPLES` says another number.
const EXAMPLES: &str = "15";
/// Each role that every shop has, with the operations by which its program would end its own access or narrow it. Whoever lacks
/// the right `people` is asked for the others of these too, and refused.
const ROLES: [(&str, u64, &[&str]); 4] = [
    ("Owner", 1, &["logOut", "changeDevice", "revokeDevice"]),
    ("Manager", 2, &["logOut"]),
    ("Seller", 3, &["logOut"]),
    ("Viewer", 4, &["logOut"]),
];
/// Statuses that a request may always get in a shop with an owner.
const REFUSED: &str = "401, 403";

#[test]
#[ignore = "long: cargo test-all"]
fn schemathesis_finds_nothing() {
    let server = loaded_server();
    make_requests(&server, &config(), &[]);
}

#[test]
#[ignore = "long: cargo test-all"]
fn schemathesis_finds_nothing_in_any_role() {
    // What a list of statuses allows in an open shop, and being refused.
    let config = config().replace("expected-statuses = [", &format!("expected-statuses = [{REFUSED}, "));
    assert!(config.matches(REFUSED).count() > 4, "the lists of statuses were not found");
    for (role, id, excluded) in ROLES {
        // A shop for each: an owner changes what the other roles may.
        let server = loaded_server();
        let token = program_token(&server, role, id);
        let mut args = vec![format!("--header=Authorization: Bearer {token}")];
        args.extend(excluded.iter().map(|operation| format!("--exclude-operation-id={operation}")));
        eprintln!("--- {role} ---");
        make_requests(&server, &config, &args);
        let me = ask(&server, "GET", "/api/me", &token, None, 200);
        assert_eq!(me["role"]["id"], id, "it was let in until the end: {me}");
    }
}

/// A shop that is open, with records.
fn loaded_server() -> Server {
    let server = Server::start();
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/sample.jsonl");
    let url = format!("http://{}", server.addr);
    let loaded = program::program().arg("load").arg(sample).arg(url).output().unwrap();
    assert!(loaded.status.success(), "{}", String::from_utf8_lossy(&loaded.stderr));
    server
}

fn config() -> String {
    include_str!("../schemathesis.toml").to_string()
}

/// Makes an owner, and a program of a role; gives the program's token.
fn program_token(server: &Server, name: &str, role: u64) -> String {
    let machine = machine_token(server);
    let code = ask(server, "POST", "/api/owner/code", &machine, Some(&json!({})), 201)["code"].take();
    let owner = json!({"code": code, "name": "Asha", "pin": OWNER_PIN, "program": true});
    let me = server.post("/api/owner", &owner).expect(201);
    let device = json!({"name": name, "kind": "program", "role": role});
    let made = ask(server, "POST", "/api/devices", me["token"].as_str().unwrap(), Some(&device), 201);
    made["token"].as_str().unwrap().to_string()
}

fn ask(server: &Server, method: &str, path: &str, token: &str, body: Option<&Value>, status: u16) -> Value {
    let bearer = format!("Bearer {token}");
    let bytes = body.map(|body| body.to_string().into_bytes());
    server.client().request(method, path, &[("Authorization", &bearer)], bytes.as_deref()).expect(status)
}

fn make_requests(server: &Server, config: &str, args: &[String]) {
    let program = std::env::var("SCHEMATHESIS").unwrap_or_else(|_| "schemathesis".into());
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let config_file = server.dir.path().join("schemathesis.toml");
    std::fs::write(&config_file, config).unwrap();
    let description = format!("http://{}/openapi.json", server.addr);
    let mut command = Command::new(program);
    command
        .arg("--config-file")
        .arg(config_file)
        .args(["run", &description, "--continue-on-failure", "--no-shrink"])
        .args(args)
        .arg("--max-examples")
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
