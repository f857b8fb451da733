//! The server under test, as a shop runs it: a process of its own.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::DEADLINE;
use super::http::{Client, Reply};
use super::program::{is_under_runner, program};
use super::socket::Socket;

/// A server process and its data directory. Dropping it kills the process and removes the directory.
pub struct Server {
    pub addr: SocketAddr,
    /// The line that it printed when it was ready.
    pub ready: String,
    pub dir: Arc<TempDir>,
    child: Child,
    args: Vec<String>,
    env: Vec<(String, String)>,
    log: PathBuf,
}

impl Server {
    /// Starts on a free port with a fresh database.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts with further arguments.
    pub fn start_with(args: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self::start_in(dir, args)
    }

    /// Starts on an existing directory.
    pub fn start_in(dir: TempDir, args: &[&str]) -> Self {
        Self::launch(Arc::new(dir), "log.txt", args, &[])
    }

    /// Starts on a fresh database in another environment.
    pub fn start_with_env(env: &[(&str, &str)]) -> Self {
        Self::launch(Arc::new(tempfile::tempdir().unwrap()), "log.txt", &[], env)
    }

    /// Starts with everything in its log.
    pub fn start_talkative() -> Self {
        Self::start_with_env(&[("RUST_LOG", "trace")])
    }

    /// Starts a second server on the data of this one.
    pub fn start_beside(&self) -> Self {
        Self::launch(Arc::clone(&self.dir), "log-2.txt", &[], &[])
    }

    fn launch(dir: Arc<TempDir>, log_name: &str, args: &[&str], env: &[(&str, &str)]) -> Self {
        let args: Vec<String> = args.iter().map(ToString::to_string).collect();
        let env: Vec<_> = env.iter().map(|(name, value)| ((*name).to_string(), (*value).to_string())).collect();
        let log = dir.path().join(log_name);
        let (child, ready) = spawn(&dir, &args, &env, &log);
        Self { addr: address_in(&ready), ready, dir, child, args, env, log }
    }

    /// Starts again on the same data, after [`Self::kill`] or [`Self::stop`]. The port is a new one.
    pub fn start_again(&mut self) {
        (self.child, self.ready) = spawn(&self.dir, &self.args, &self.env, &self.log);
        self.addr = address_in(&self.ready);
    }

    /// The same in another environment.
    pub fn start_again_with_env(&mut self, env: &[(&str, &str)]) {
        self.env = env.iter().map(|(name, value)| ((*name).to_string(), (*value).to_string())).collect();
        self.start_again();
    }

    /// `kill -9`, and waits until the process is gone.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM, then waits for the exit.
    pub fn stop(&mut self) -> ExitStatus {
        self.terminate();
        self.wait_exit()
    }

    /// SIGTERM without waiting.
    pub fn terminate(&self) {
        let sent = Command::new("kill").args(["-TERM", &self.pid().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for the exit of the process.
    pub fn wait_exit(&mut self) -> ExitStatus {
        let deadline = Instant::now() + DEADLINE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "the server did not exit; its log:\n{}", self.log());
            thread::sleep(Duration::from_millis(5));
        }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Everything that the server wrote to standard error so far, over all its starts.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap()).into_owned()
    }

    pub fn database(&self) -> PathBuf {
        self.dir.path().join("tillsync.redb")
    }

    pub fn journal(&self) -> PathBuf {
        self.dir.path().join("tillsync.journal")
    }

    /// Where other devices reach it on the network, as it has said itself.
    pub fn on_network(&self) -> Option<SocketAddr> {
        let (_, others) = self.ready.split_once("on other devices ")?;
        others.split("http://").find_map(|rest| rest.split('/').next()?.parse().ok())
    }

    /// A new keep-alive connection.
    pub fn client(&self) -> Client {
        Client::connect(self.addr)
    }

    pub fn get(&self, path: &str) -> Reply {
        self.client().get(path)
    }

    pub fn post(&self, path: &str, body: &serde_json::Value) -> Reply {
        self.client().post(path, body)
    }

    /// A WebSocket that is registered: every change committed from now on will reach it.
    pub fn socket(&self, path: &str) -> Socket {
        Socket::connect(self.addr, path, &[])
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("--- log of the server ---\n{}", self.log());
        }
    }
}

/// The first address in a line.
fn address_in(line: &str) -> SocketAddr {
    line.split("http://").nth(1).and_then(|rest| rest.split('/').next()).unwrap().parse().unwrap()
}

/// Starts that an emulator or Wine may need: now and then one of its own fails under load.
const STARTS_UNDER_RUNNER: usize = 3;

/// Runs the program; returns the line that it prints when it is ready, or says what is wrong there.
fn spawn(dir: &TempDir, args: &[String], env: &[(String, String)], log: &PathBuf) -> (Child, String) {
    for start in 1.. {
        let (mut child, line) = spawn_once(dir, args, env, log);
        if line.contains("http://") {
            return (child, line);
        }
        let _ = child.kill();
        let _ = child.wait();
        let said = std::fs::read_to_string(log).unwrap_or_default();
        assert!(is_under_runner() && start < STARTS_UNDER_RUNNER, "no address in {line:?}; log:\n{said}");
        eprintln!("start {start} failed under the runner: {line:?}; log:\n{said}");
    }
    unreachable!()
}

fn spawn_once(dir: &TempDir, args: &[String], env: &[(String, String)], log: &PathBuf) -> (Child, String) {
    let stderr = std::fs::OpenOptions::new().create(true).append(true).open(log).unwrap();
    let mut child = program()
        .args(["--listen", "127.0.0.1:0", "--data"])
        .arg(dir.path())
        .args(args)
        // What a test names comes first: by that name links are made.
        .args(["--host", "shop"])
        .env("RUST_LOG", std::env::var("TEST_SERVER_LOG").unwrap_or_else(|_| "info".into()))
        .envs(env.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(stderr)
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut line = String::new();
        let read = stdout.read_line(&mut line);
        let _ = sender.send(read.map(|_| line));
        let _ = stdout.read_to_end(&mut Vec::new());
    });
    let line = receiver.recv_timeout(DEADLINE).expect("the server printed nothing").unwrap();
    (child, line)
}
