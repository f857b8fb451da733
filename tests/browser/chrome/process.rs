//! The processes of the browser. A test has one for itself while it runs and hands it on to the next one: to start one takes
//! longer than most tests do.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, Weak, mpsc};
use std::thread;

use tempfile::TempDir;

use crate::support::DEADLINE;

/// A running browser. Dropping it ends the process.
pub struct Process {
    /// Where its debugger listens.
    pub address: String,
    child: Child,
    _profile: TempDir,
}

/// The browsers that no test has at the moment. They last for as long as some test holds this; the last one ends them, since
/// nothing is dropped when a program of tests ends.
#[derive(Default)]
pub struct Idle(Mutex<Vec<Process>>);

static IDLE: Mutex<Weak<Idle>> = Mutex::new(Weak::new());

const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "chrome"];
const FLAGS: [&str; 11] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--lang=en-US",
    "--window-size=1280,800",
    "--remote-debugging-port=0",
];

impl Idle {
    pub fn shared() -> Arc<Self> {
        let mut shared = IDLE.lock().unwrap();
        shared.upgrade().unwrap_or_else(|| {
            let new = Arc::default();
            *shared = Arc::downgrade(&new);
            new
        })
    }

    /// One that is idle, or a new one.
    pub fn take_or_start(&self) -> Process {
        let idle = self.0.lock().unwrap().pop();
        idle.unwrap_or_else(Process::start)
    }

    pub fn put_back(&self, process: Process) {
        self.0.lock().unwrap().push(process);
    }
}

impl Process {
    fn start() -> Self {
        let profile = tempfile::tempdir().unwrap();
        let started = NAMES.iter().find_map(|name| {
            let mut command = Command::new(name);
            command.args(FLAGS).arg(format!("--user-data-dir={}", profile.path().display())).arg("about:blank");
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().ok()
        });
        let mut child = started.expect("Chromium is not installed");
        Self { address: address_of(&mut child), child, _profile: profile }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads from the browser where its debugger listens.
fn address_of(child: &mut Child) -> String {
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut line = String::new();
        while stderr.read_line(&mut line).is_ok_and(|length| length > 0) {
            if let Some(address) = line.trim().strip_prefix("DevTools listening on ") {
                let _ = sender.send(address.to_string());
                break;
            }
            line.clear();
        }
        let _ = stderr.read_to_end(&mut Vec::new());
    });
    receiver.recv_timeout(DEADLINE).expect("Chromium did not start")
}
