//! `tillsync tail` and who may follow.
//!
//! Goal: it says who it is, in the handshake alone, and ends with a sentence where it is not let in, instead of asking for
//! ever. Method: the program itself beside a WebSocket server of this file, which lets in or not as each test says.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Output, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tungstenite::protocol::CloseFrame;
use tungstenite::{Message, accept_hdr};

use crate::support::program::program;

/// What a server does with a client that shows this `Authorization`.
type Door = fn(Option<&str>) -> Admission;

/// What becomes of a client.
enum Admission {
    /// It is answered with this status.
    Status(u16),
    /// It is let in, and then out with this code.
    Close(u16),
}

/// Starts a server; gives its base URL, and the `Authorization` of each client.
fn start(door: Door) -> (String, Receiver<Option<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let (seen, clients) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            serve(stream.unwrap(), door, &seen);
        }
    });
    (base, clients)
}

#[allow(clippy::result_large_err, reason = "the signature is that of tungstenite")]
fn serve(stream: TcpStream, door: Door, seen: &Sender<Option<String>>) {
    let mut code = None;
    let answer = |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
        let shown = request.headers().get("Authorization").map(|value| value.to_str().unwrap().to_string());
        let admission = door(shown.as_deref());
        seen.send(shown).unwrap();
        match admission {
            Admission::Status(status) => {
                let body = Some(r#"{"detail":"Please log in."}"#.to_string());
                Err(tungstenite::http::Response::builder().status(status).body(body).unwrap())
            }
            Admission::Close(close) => {
                code = Some(close);
                Ok(response)
            }
        }
    };
    let Ok(mut socket) = accept_hdr(stream, answer) else { return };
    let hello = r#"{"type":"sync","action":"hello","epoch":"e","seq":1,"resume":"live"}"#;
    socket.send(Message::text(hello)).unwrap();
    let frame = CloseFrame { code: code.unwrap().into(), reason: "The session has ended.".into() };
    let _ = socket.close(Some(frame));
    while socket.read().is_ok() {}
}

fn tail(base: &str, data: &Path, args: &[&str], env: &[(&str, &str)]) -> Output {
    let mut command = program();
    command.args(["tail", base, "--data"]).arg(data).args(args).env_remove("TILLSYNC_TOKEN");
    command.envs(env.iter().copied()).env("RUST_LOG", "trace").stdin(Stdio::null());
    command.output().unwrap()
}

/// What a tail says that ended because it was not let in.
fn sentence(output: &Output) -> String {
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{output:?}");
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!log.contains("needle"), "the token is in the log: {log}");
    log.lines().find_map(|line| line.strip_prefix("tillsync: ")).unwrap_or_else(|| panic!("{log}")).to_string()
}

#[test]
fn a_token_is_sent_with_the_handshake_however_it_is_given() {
    let (base, clients) = start(|_| Admission::Close(4_401));
    let folder = tempfile::tempdir().unwrap();
    for (args, env, expected) in [
        (vec!["--token", "needle-1"], vec![], Some("Bearer needle-1")),
        (vec![], vec![("TILLSYNC_TOKEN", "needle-2")], Some("Bearer needle-2")),
        (vec![], vec![("TILLSYNC_TOKEN", "")], None),
    ] {
        let said = sentence(&tail(&base, folder.path(), &args, &env));
        assert!(said.contains("does not let this program in (The session has ended)"), "{said}");
        assert_eq!(clients.try_iter().collect::<Vec<_>>(), [expected.map(str::to_string)]);
    }
}

#[test]
fn what_does_not_let_it_in_ends_it_with_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let doors: [(Door, &str); 4] = [
        (|_| Admission::Status(401), "does not let this program in (Please log in)."),
        (|_| Admission::Status(403), "does not allow this (Please log in)."),
        (|_| Admission::Close(4_401), "does not let this program in (The session has ended)."),
        (|_| Admission::Close(4_403), "does not allow this (The session has ended)."),
    ];
    for (door, expected) in doors {
        let (base, _clients) = start(door);
        let said = sentence(&tail(&base, folder.path(), &["--token", "needle"], &[]));
        assert!(said.contains(expected), "{said}");
    }
}

/// The token of this machine is made anew when the server starts, so the first refusal may be about an old one.
#[test]
fn the_token_of_this_machine_is_found_by_itself_and_gets_a_second_chance() {
    let (base, clients) = start(|_| Admission::Status(401));
    let folder = tempfile::tempdir().unwrap();
    let leave = |base: &str| std::fs::write(folder.path().join("tillsync.local"), format!("{base}\nneedle\n")).unwrap();
    leave(&base);
    let said = sentence(&tail(&base, folder.path(), &[], &[]));
    assert!(said.contains("does not let this program in"), "{said}");
    assert_eq!(clients.try_iter().collect::<Vec<_>>(), vec![Some("Bearer needle".to_string()); 2]);
    // That of another server is not for this one.
    leave("http://127.0.0.1:9");
    sentence(&tail(&base, folder.path(), &[], &[]));
    assert_eq!(clients.try_iter().collect::<Vec<_>>(), [None]);
}
