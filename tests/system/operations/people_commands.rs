//! Goal: the commands about people say to a server what they were told, and print what it answers: a secret alone on the
//! output, a sentence for what is refused, and no token of their own anywhere. Method: the program itself beside a server of
//! this file, which answers as the interface description says and keeps what it was asked.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::people::owner_code;
use crate::support::program::program;
use crate::support::qr;
use crate::support::server::Server;
use crate::support::{skip, wait_until};

/// What stands in `tillsync.local`.
const TOKEN: &str = "needle-7f3a";

/// Answers a request: method, path, body.
type Answer = fn(&str, &str, &Value) -> (u16, Value);

/// A server of a shop, as far as these commands ask one.
struct FakeShop {
    dir: TempDir,
    base: String,
    asked: Arc<Mutex<Vec<(String, Value)>>>,
}

impl FakeShop {
    fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("tillsync.local"), format!("{base}\n{TOKEN}\n")).unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, kept) = (stream.unwrap(), Arc::clone(&kept));
                thread::spawn(move || serve(&stream, answer, &kept));
            }
        });
        Self { dir, base, asked }
    }

    fn run(&self, args: &[&str]) -> Output {
        self.run_with("", args)
    }

    fn run_with(&self, input: &str, args: &[&str]) -> Output {
        run(&self.dir, input, args)
    }

    /// What was asked besides who one is: method, path and body.
    fn asked(&self) -> Vec<(String, Value)> {
        self.asked.lock().unwrap().iter().filter(|(what, _)| what != "GET /api/me").cloned().collect()
    }
}

fn run(dir: &TempDir, input: &str, args: &[&str]) -> Output {
    let mut child = program()
        .args(args)
        .arg("--data")
        .arg(dir.path())
        .env_remove("TILLSYNC_TOKEN")
        .env("RUST_LOG", "trace")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let all = [output.stdout.as_slice(), &output.stderr].concat();
    assert!(!String::from_utf8_lossy(&all).contains(TOKEN), "{}", String::from_utf8_lossy(&all));
    output
}

/// Requests of one connection.
fn serve(stream: &TcpStream, answer: Answer, kept: &Mutex<Vec<(String, Value)>>) {
    let mut reader = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head).unwrap_or(0) == 0 {
                return;
            }
        }
        let header = |name: &str| {
            let named = |line: &str| {
                let (own, value) = line.split_once(':')?;
                own.eq_ignore_ascii_case(name).then(|| value.trim().to_string())
            };
            head.lines().find_map(named)
        };
        let mut body = vec![0; header("Content-Length").map_or(0, |length| length.parse().unwrap())];
        reader.read_exact(&mut body).unwrap();
        let body = serde_json::from_slice(&body).unwrap_or_default();
        let mut words = head.split(' ');
        let (method, path) = (words.next().unwrap(), words.next().unwrap());
        let is_known = header("Authorization") == Some(format!("Bearer {TOKEN}"));
        let (status, content) = match (is_known, path) {
            (true, _) => answer(method, path, &body),
            // The address that others use is looked at without a token.
            (false, "/api/me") => (200, json!({"has_owner": false, "rights": []})),
            (false, _) => (401, json!({"detail": "Please log in."})),
        };
        kept.lock().unwrap().push((format!("{method} {path}"), body));
        let content = content.to_string();
        let head = format!(
            "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            content.len()
        );
        (&*stream).write_all([head, content].concat().as_bytes()).unwrap();
    }
}

/// A shop with two people and two devices.
fn shop(method: &str, path: &str, body: &Value) -> (u16, Value) {
    let role = |id: u32, name: &str| json!({"id": id, "name": name});
    match (method, path) {
        ("GET", "/api/me") => (200, json!({"has_owner": true, "rights": ["sell", "people"]})),
        ("POST", "/api/owner/code") => (201, json!({"code": "K7QM2XFH", "expires_in": 900})),
        ("GET", "/api/roles") => (200, json!([role(1, "Owner"), role(3, "Seller"), role(9, "Büro")])),
        ("GET", "/api/people") => {
            (200, json!([{"id": 2, "name": "Asha", "role": role(3, "Seller"), "is_active": true, "has_pin": true}]))
        }
        ("POST", "/api/people") if body["pin"] == "1235" => {
            let errors = json!([{"loc": ["body", "pin"], "msg": "must be other digits", "type": "value_error"}]);
            (422, json!({"detail": "pin must be other digits.", "errors": errors}))
        }
        ("POST", "/api/people") if body["pin"] == "1234" => {
            let errors =
                json!([{"loc": ["body", "pin"], "msg": "An owner's PIN has at least 6 digits", "type": "value_error"}]);
            (422, json!({"detail": "Check the input", "errors": errors}))
        }
        ("POST", "/api/people") => (201, json!({"id": 4, "name": body["name"], "role": role(3, "Seller")})),
        ("GET", "/api/devices") => (
            200,
            json!([
                {"id": 7, "name": "Asha's phone", "kind": "browser", "role": null, "person": {"id": 2, "name": "Asha"},
                 "last_seen": "2026-11-22T10:30:00.000000+05:30", "address": "192.168.1.23"},
                {"id": 8, "name": "Printer\u{1b}[2J", "kind": "program", "role": role(4, "Viewer"), "person": null,
                 "last_seen": null, "address": null},
            ]),
        ),
        ("POST", "/api/devices") if body["kind"] == "door" => {
            (201, json!({"device": {"id": 9, "name": body["name"]}, "url": "http://127.0.0.1:1/door/00ff"}))
        }
        ("POST", "/api/devices") => (201, json!({"device": {"id": 9, "name": body["name"]}, "token": "fresh-token"})),
        ("DELETE", "/api/devices/7") => (200, json!({"success": true})),
        ("GET", "/api/audit/verify") => {
            (200, json!({"entries": 12, "head": "ab12", "is_whole": true, "broken_at": null}))
        }
        _ => (404, json!({"detail": "Not Found"})),
    }
}

fn said(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The one sentence of a command that fails.
fn sentence(output: &Output) -> String {
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{output:?}");
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    let sentence = log.lines().find_map(|line| line.strip_prefix("tillsync: ")).unwrap_or_else(|| panic!("{log}"));
    sentence.to_string()
}

#[test]
fn the_code_of_an_owner_is_printed_large_with_the_addresses_to_open() {
    let shop = FakeShop::start(shop);
    let refused = sentence(&shop.run(&["owner"]));
    assert!(refused.contains("tillsync owner --reset"), "{refused}");
    let sheet = said(&shop.run(&["owner", "--reset"]));
    assert!(sheet.contains("│   K 7 Q M   2 X F H   │") && sheet.contains("for 15 minutes"), "{sheet}");
    assert!(sheet.contains(&format!("{}/#owner=K7QM2XFH\n", shop.base)) && sheet.contains("logged out"), "{sheet}");
    assert_eq!(shop.asked().last().unwrap(), &("POST /api/owner/code".to_string(), json!({"reset": true})));
}

#[test]
fn the_first_owner_needs_no_reset() {
    let shop = FakeShop::start(|method, path, body| match path {
        "/api/me" => (200, json!({"has_owner": false, "rights": ["people"]})),
        _ => shop(method, path, body),
    });
    let sheet = said(&shop.run(&["owner"]));
    assert!(sheet.contains("you become the owner of this shop"), "{sheet}");
    assert_eq!(shop.asked().last().unwrap().1, json!({"reset": false}));
}

#[test]
fn the_token_of_a_program_is_alone_on_the_output() {
    let shop = FakeShop::start(shop);
    let token = said(&shop.run(&["device", "add", "Printer", "--role", "SELLER", "--person", "asha"]));
    assert_eq!(token, "fresh-token\n");
    let expected = json!({"name": "Printer", "kind": "program", "role": 3, "person": 2});
    assert_eq!(shop.asked().last().unwrap(), &("POST /api/devices".to_string(), expected));

    let door = said(&shop.run(&["device", "add", "Old app", "--role", "büro", "--door"]));
    assert_eq!(door, format!("{}/door/00ff\n", shop.base));
    assert_eq!(shop.asked().last().unwrap().1, json!({"name": "Old app", "kind": "door", "role": 9}));

    let refused = sentence(&shop.run(&["device", "add", "Printer", "--role", "Boss"]));
    assert_eq!(refused, "There is no role \"Boss\"; the roles are Owner, Seller, Büro.");
    let refused = sentence(&shop.run(&["device", "add", "Printer", "--role", "Owner", "--person", "Nobody"]));
    assert!(refused.contains("There is no person \"Nobody\""), "{refused}");
}

#[test]
fn devices_are_listed_and_ended_by_name_or_id() {
    let shop = FakeShop::start(shop);
    let list = said(&shop.run(&["device", "list"]));
    let lines: Vec<&str> = list.lines().collect();
    assert_eq!(lines.len(), 3, "{list}");
    assert!(lines[1].starts_with("7   Asha's phone") && lines[1].contains("2026-11-22 10:30  192.168.1.23"), "{list}");
    assert!(!list.contains('\u{1b}'), "{list}");
    for name in ["asha's PHONE", "7"] {
        assert_eq!(
            said(&shop.run(&["device", "revoke", name])),
            "Asha's phone is out: whatever it had open has ended.\n"
        );
        assert_eq!(shop.asked().last().unwrap().0, "DELETE /api/devices/7");
    }
    let refused = sentence(&shop.run(&["device", "revoke", "Till 9"]));
    assert!(refused.contains("`tillsync device list`"), "{refused}");
    assert_eq!(sentence(&shop.run(&["device", "revoke", "8"])), "Not Found.");
}

#[test]
fn a_pin_is_read_from_a_pipe_and_said_to_nobody_but_the_server() {
    let shop = FakeShop::start(shop);
    let output = shop.run_with("482913\n", &["person", "add", "Meena", "--role", "Seller"]);
    assert!(said(&output).starts_with("Meena can log in as Seller now"), "{output:?}");
    assert!(!String::from_utf8_lossy(&output.stderr).contains("482913"), "{output:?}");
    assert_eq!(shop.asked().last().unwrap().1, json!({"name": "Meena", "role": 3, "pin": "482913"}));

    let refused = sentence(&shop.run_with("482913\n", &["person", "add", "asha", "--role", "Seller"]));
    assert_eq!(refused, "There is already a person \"Asha\".");

    let before = shop.asked().len();
    let refused = sentence(&shop.run_with("12345678901\n", &["person", "add", "Meena", "--role", "Seller"]));
    assert!(refused.starts_with("A PIN has 4 to 8 digits"), "{refused}");
    assert_eq!(shop.asked().len(), before, "an unreadable PIN is no matter for the server");
    let refused = sentence(&shop.run_with("1234\n", &["person", "add", "Meena", "--role", "Owner"]));
    assert_eq!(refused, "Check the input: An owner's PIN has at least 6 digits.");
    let refused = sentence(&shop.run_with("1235\n", &["person", "add", "Meena", "--role", "Owner"]));
    assert_eq!(refused, "pin must be other digits.", "what is wrong is said once");
    let list = said(&shop.run(&["person", "list"]));
    assert!(list.contains("2   Asha  Seller  yes     yes  -"), "{list}");
}

#[test]
fn who_cannot_log_in_yet_is_said() {
    let shop = FakeShop::start(|method, path, body| match (method, path) {
        ("GET", "/api/me") => (200, json!({"has_owner": false, "rights": ["people"]})),
        ("GET", "/api/people") => {
            let one = |name: &str, has: bool| json!({"id": 2, "name": name, "has_pin": false, "has_password": has});
            (200, json!([one("Tara", false), one("Ravi", true)]))
        }
        _ => shop(method, path, body),
    });
    let output = shop.run_with("482913\n", &["person", "add", "Meena", "--role", "Seller"]);
    assert!(said(&output).starts_with("Meena is added as Seller. Nobody logs in before"), "{output:?}");
    let listed = shop.run(&["person", "list"]);
    let beside = String::from_utf8_lossy(&listed.stderr).into_owned();
    assert!(said(&listed).starts_with("ID"), "{listed:?}");
    assert_eq!(beside.matches("Tara cannot log in yet: no PIN and no password.").count(), 1, "{beside}");
    assert!(!beside.contains("Ravi"), "{beside}");
}

#[test]
fn an_audit_that_is_not_whole_fails_the_command() {
    let whole = FakeShop::start(shop);
    assert_eq!(said(&whole.run(&["verify"])), "The audit is whole: 12 entries, head ab12\n");
    let broken = FakeShop::start(|method, path, body| match path {
        "/api/audit/verify" => (200, json!({"entries": 12, "head": "ab12", "is_whole": false, "broken_at": 7})),
        _ => shop(method, path, body),
    });
    let refused = sentence(&broken.run(&["verify"]));
    assert!(refused.contains("from place 7 on"), "{refused}");
}

#[test]
fn a_folder_without_a_shop_stays_empty() {
    let dir = tempfile::tempdir().unwrap();
    let refused = sentence(&run(&dir, "", &["person", "list"]));
    assert!(refused.starts_with("There is no shop in "), "{refused}");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

/// The file of a server that is gone leads to another program, or to nobody.
#[test]
fn a_file_of_an_earlier_server_leads_nowhere() {
    let other = FakeShop::start(|_, _, _| (200, json!({"has_owner": true, "rights": []})));
    let refused = sentence(&other.run(&["person", "list"]));
    assert!(refused.starts_with("There is no shop in "), "{refused}");
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    std::fs::write(other.dir.path().join("tillsync.local"), format!("http://{gone}\n{TOKEN}\n")).unwrap();
    let refused = sentence(&other.run(&["person", "list"]));
    assert!(refused.starts_with("There is no shop in "), "{refused}");
}

#[test]
fn a_shop_that_another_server_has_without_leaving_its_token_is_said_to_be_in_use() {
    let server = Server::start();
    let _ = std::fs::remove_file(server.dir.path().join("tillsync.local"));
    let refused = sentence(&run(&server.dir, "", &["person", "list"]));
    assert!(refused.starts_with("Another tillsync is already using "), "{refused}");
    assert!(refused.contains("tillsync.local"), "{refused}");
}

#[test]
fn load_and_bench_send_the_token_and_end_where_it_is_not_enough() {
    let line = json!({"type": "sale", "data": {"customer_name": "Asha"}}).to_string();
    let shop = FakeShop::start(|_, path, _| match path {
        "/api/orders/create-sale" => (201, json!({"order_id": "ORDER-1"})),
        _ => (401, json!({"detail": "Please log in."})),
    });
    // Found by itself, beside the file.
    let output = shop.run_with(&line, &["load", "-", &shop.base]);
    assert!(said(&output).contains("1 sales"), "{output:?}");
    // A token that somebody gives counts more, and is not good here.
    let refused = sentence(&shop.run_with(&line, &["load", "-", &shop.base, "--token", "another"]));
    assert!(
        refused.contains("does not let this program in (Please log in)") && !refused.contains("another"),
        "{refused}"
    );
    let refused = sentence(&shop.run(&["bench", &shop.base]));
    assert!(refused.contains("does not let this program in") && refused.contains("TILLSYNC_TOKEN"), "{refused}");
}

/// A phone that scans the sheet opens the address that is printed on it first. A server that does not run will be where the
/// environment says, so that this needs no network.
#[test]
fn the_code_that_a_phone_scans_from_the_terminal_is_the_printed_address() {
    let mut server = Server::start();
    assert!(server.stop().success());
    let mut command = program();
    command.args(["owner", "--data"]).arg(server.dir.path()).env("TILLSYNC_LISTEN", "192.168.1.10:8000");
    let sheet = said(&command.output().unwrap());
    let link = sheet.lines().find_map(|line| line.strip_prefix("    http://")).unwrap_or_else(|| panic!("{sheet}"));
    assert!(link.starts_with("192.168.1.10:8000/#owner="), "{sheet}");
    let (_, drawn) = sheet.split_once("phone of the shop:\n\n").unwrap_or_else(|| panic!("no code to scan: {sheet}"));
    let lines: Vec<&str> = drawn.lines().map_while(|line| line.strip_prefix("    ")).collect();
    let mut expected = qr::modules(&format!("http://{link}"));
    // Its rows come in pairs.
    let blank = expected[0].clone();
    expected.resize(expected.len().next_multiple_of(2), blank);
    assert_eq!(qr::modules_of_blocks(&lines), expected, "{sheet}");
}

/// The same commands with a server that runs, and with none.
#[test]
fn the_commands_work_whether_a_server_runs_or_not() {
    let run = |server: &Server, input: &str, args: &[&str]| run(&server.dir, input, args);
    let mut server = Server::start();
    let sheet = said(&run(&server, "", &["owner"]));
    let code = sheet.split("/#owner=").nth(1).unwrap().split_whitespace().next().unwrap();
    let owner = json!({"code": code, "name": "Meena", "pin": "482913", "program": true});
    server.post("/api/owner", &owner).expect(201);
    assert!(sentence(&run(&server, "", &["owner"])).contains("--reset"));

    said(&run(&server, "2718\n", &["person", "add", "Asha", "--role", "seller"]));
    let token = said(&run(&server, "", &["device", "add", "Printer", "--role", "viewer"]));
    let status = |server: &Server| {
        let bearer = format!("Bearer {}", token.trim());
        server.client().request("GET", "/api/estimates/all", &[("Authorization", &bearer)], None).status
    };
    assert_eq!((status(&server), server.get("/api/estimates/all").status), (200, 401));

    // A role that sells nothing has nothing to measure.
    let refused = sentence(&run(&server, "", &["bench", &format!("http://{}", server.addr), "--token", token.trim()]));
    assert!(refused.contains("You may not"), "{refused}");

    // The same with nobody who serves; what was done then is there afterwards.
    assert!(server.stop().success());
    let sheet = said(&run(&server, "", &["owner", "--reset"]));
    assert!(sheet.contains("at the address of your server") && sheet.contains("    /#owner="), "{sheet}");
    assert!(sheet.contains("choose \"I have an owner’s code\""), "{sheet}");
    assert!(!sheet.contains("127.0.0.1"), "{sheet}");
    let list = said(&run(&server, "", &["person", "list"]));
    assert!(list.contains("Meena") && list.contains("Asha"), "{list}");
    said(&run(&server, "314159\n", &["person", "add", "Ravi", "--role", "Manager"]));
    assert!(said(&run(&server, "", &["verify"])).starts_with("The audit is whole"));
    server.start_again();
    assert_eq!(status(&server), 200);
    assert!(said(&run(&server, "", &["person", "list"])).contains("Ravi"));
    said(&run(&server, "", &["device", "revoke", "printer"]));
    assert_eq!(status(&server), 401);
    // After a power cut the old file leads nowhere.
    server.kill();
    assert!(said(&run(&server, "", &["device", "list"])).starts_with("ID"));
}

/// Who starts the server reads where phones find it, once they can be let in there.
#[test]
fn a_server_says_the_address_for_other_devices_once_the_shop_has_an_owner() {
    const HINT: &str = "once the shop has an owner";
    let mut server = Server::start_with(&["--listen", "0.0.0.0:0"]);
    assert!(!server.ready.contains("on other devices"), "{}", server.ready);
    wait_until("the hint", || server.log().contains(HINT));
    assert!(!server.log().contains("let in at 0.0.0.0"), "{}", server.log());
    let code = owner_code(&server, false);
    server.post("/api/owner", &json!({"code": code, "name": "Meena", "pin": "482913", "program": true})).expect(201);
    assert!(server.stop().success());
    server.start_again();
    // What the second start says is in the log when it has ended.
    assert!(server.stop().success());
    assert_eq!(server.log().matches(HINT).count(), 1, "{}", server.log());
    if tillsync::platform::address_elsewhere("0.0.0.0:80".parse().unwrap()).is_none() {
        return skip("this machine has no address but loopback");
    }
    let others = server.on_network().unwrap_or_else(|| panic!("{}", server.ready)).ip();
    assert!(!others.is_unspecified() && !others.is_loopback(), "{others}");
}
