//! The server under load: one that is started here for the time of the measurement, or one at an address.

use std::fs;
use std::io::{self, BufRead, BufReader};
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use super::http::HttpConnection;
use super::meter::Meter;
use super::report::ServerFacts;
use super::{disk, machine};
use crate::client::base_url::base_url;
use crate::client::credentials::Credentials;
use crate::client::not_admitted::NotAdmitted;

/// For a server that is started here to say where it listens.
const START_TIME_MAX: Duration = Duration::from_secs(20);
/// Connections of a server that is started here, besides the listeners.
const OTHER_CONNECTIONS: usize = 1_024;
/// Names that are tried for the temporary folder.
const FOLDER_NAMES_MAX: u32 = 100;
const PORT_DEFAULT: u16 = 80;

/// Where to send requests, and what is known about who answers.
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    /// The name and port of the server, for the `Host` header.
    pub(crate) host: String,
    /// The header lines of every request: whom it is for, and who asks.
    pub(crate) headers: String,
    meter: Meter,
    file_system: Option<String>,
    bare_syncs_per_second: Option<u64>,
    own: Option<OwnServer>,
}

impl Target {
    /// Starts this very program as a server with an empty database in a temporary folder. It ends with the value.
    pub(crate) fn start(listeners: usize) -> Result<Self, String> {
        let folder = Folder::make().map_err(|error| format!("No temporary folder can be made: {error}."))?;
        let bare_syncs_per_second = disk::syncs_per_second(&folder.path).ok();
        let file_system = machine::file_system(&folder.path);
        let (own, address) = OwnServer::start(folder, listeners + OTHER_CONNECTIONS)?;
        Ok(Self {
            address,
            host: address.to_string(),
            headers: format!("Host: {address}\r\n"),
            meter: Meter::of_process(own.child.id()),
            file_system,
            bare_syncs_per_second,
            own: Some(own),
        })
    }

    /// The server at an address; an error if nobody answers there.
    pub(crate) fn at(url: &str, credentials: &Credentials) -> Result<Self, String> {
        let base = base_url(url)?;
        let host = base.trim_start_matches("http://").to_string();
        let token = credentials.token_for(base).map(|token| format!("Authorization: {}\r\n", token.authorization()));
        let headers = format!("Host: {host}\r\n{}", token.unwrap_or_default());
        let address = resolve(&host).ok_or_else(|| format!("{url} is not the address of any machine known here."))?;
        let meter = Meter::of_listener(address);
        let target = Self { address, host, headers, meter, file_system: None, bare_syncs_per_second: None, own: None };
        target.seq()?;
        log::warn!("Estimates and sales of the load stay stored on {url}");
        Ok(target)
    }

    /// Processor time and memory of the server.
    pub(crate) fn meter(&self) -> &Meter {
        &self.meter
    }

    /// The sequence of the newest change, as every list answer says it.
    pub(crate) fn seq(&self) -> Result<u64, String> {
        let request = format!("HEAD /api/estimates/all?limit=1 HTTP/1.1\r\n{}\r\n", self.headers);
        let mut connection = HttpConnection::open(self.address).map_err(|error| self.silent(&error))?;
        let answer = connection.head_of(request.as_bytes()).map_err(|error| self.silent(&error))?;
        if let Some(refused) = NotAdmitted::of_status(answer.status, b"") {
            return Err(refused.sentence(&format!("http://{}", self.host)));
        }
        let seq = answer.header("Sync-Seq").and_then(|value| value.parse().ok());
        seq.ok_or_else(|| format!("{} does not answer like a tillsync server.", self.host))
    }

    /// Listeners that the server counts now.
    pub(crate) fn listeners(&self) -> Result<u64, String> {
        let request = format!("GET /api/websocket/status HTTP/1.1\r\n{}\r\n", self.headers);
        let mut connection = HttpConnection::open(self.address).map_err(|error| self.silent(&error))?;
        let answer = connection.exchange(request.as_bytes()).map_err(|error| self.silent(&error))?;
        let status: serde_json::Value = serde_json::from_slice(answer.body).unwrap_or_default();
        let count = status.get("connected_clients").and_then(serde_json::Value::as_u64);
        count.ok_or_else(|| format!("{} does not say how many listeners it has.", self.host))
    }

    /// The sentence about a server that does not answer.
    pub(crate) fn silent(&self, error: &io::Error) -> String {
        format!("The server at {} does not answer: {error}.", self.host)
    }

    /// For the report.
    pub(crate) fn facts(&self) -> ServerFacts {
        ServerFacts {
            url: format!("http://{}", self.host),
            is_started_here: self.own.is_some(),
            file_system: self.file_system.clone(),
            bare_syncs_per_second: self.bare_syncs_per_second,
        }
    }
}

fn resolve(host: &str) -> Option<SocketAddr> {
    let mut addresses = host.to_socket_addrs().or_else(|_| (host, PORT_DEFAULT).to_socket_addrs()).ok()?;
    addresses.next()
}

/// A server process of our own. Dropping it ends the process and then removes its folder.
struct OwnServer {
    child: Child,
    _folder: Folder,
}

impl OwnServer {
    fn start(folder: Folder, connections_max: usize) -> Result<(Self, SocketAddr), String> {
        let program = std::env::current_exe().map_err(|error| format!("This program is not found: {error}."))?;
        let mut command = Command::new(program);
        command.args(["serve", "--listen", "127.0.0.1:0", "--connections-max", &connections_max.to_string()]);
        command.arg("--data").arg(&folder.path).stdin(Stdio::null()).stdout(Stdio::piped());
        if std::env::var_os("RUST_LOG").is_none() {
            // A log line per change would be measured too.
            command.env("RUST_LOG", "warn");
        }
        let child = command.spawn().map_err(|error| format!("The server cannot be started: {error}."))?;
        // From here on the guard ends it, whatever happens.
        let mut own = Self { child, _folder: folder };
        let output = own.child.stdout.take().ok_or("The server has no output.")?;
        let line = first_line(output).ok_or("The server that was started does not say where it listens.")?;
        let address = announced(&line).ok_or_else(|| format!("The server says no address: {line:?}."))?;
        Ok((own, address))
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        // Its data are thrown away, so there is nothing that an orderly stop would save.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The first line, waited for on a thread of its own, since a pipe cannot be read with a time-out.
fn first_line(output: ChildStdout) -> Option<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::Builder::new()
        .name("first-line".into())
        .spawn(move || {
            let mut line = String::new();
            if BufReader::new(output).read_line(&mut line).is_ok() {
                let _ = sender.send(line);
            }
        })
        .ok()?;
    receiver.recv_timeout(START_TIME_MAX).ok()
}

/// The address in `… open http://127.0.0.1:43210/ …`.
fn announced(line: &str) -> Option<SocketAddr> {
    let (_, behind) = line.split_once("http://")?;
    behind.split(['/', ' ', '\n']).next()?.parse().ok()
}

/// A fresh folder that removes itself.
struct Folder {
    path: PathBuf,
}

impl Folder {
    fn make() -> io::Result<Self> {
        let own = std::process::id();
        let mut result = Err(io::ErrorKind::AlreadyExists.into());
        for attempt in 0..FOLDER_NAMES_MAX {
            let path = std::env::temp_dir().join(format!("tillsync-bench-{own}-{attempt}"));
            result = fs::create_dir(&path).map(|()| Self { path });
            if !matches!(&result, Err(error) if error.kind() == io::ErrorKind::AlreadyExists) {
                break;
            }
        }
        result
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.path) {
            log::warn!("{} cannot be removed: {error}", self.path.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_found_in_the_first_line() {
        let address = "127.0.0.1:43210".parse().ok();
        assert_eq!(announced("tillsync is ready: open http://127.0.0.1:43210/\n"), address);
        assert_eq!(announced("open http://127.0.0.1:43210/; on other devices http://10.0.0.1:43210/\n"), address);
        assert_eq!(announced("something else\n"), None);
    }

    #[test]
    fn a_folder_is_fresh_and_removes_itself() {
        let (one, two) = (Folder::make().unwrap(), Folder::make().unwrap());
        assert_ne!(one.path, two.path);
        fs::write(one.path.join("file"), "content").unwrap();
        let path = one.path.clone();
        drop(one);
        assert!(!path.exists() && two.path.exists());
    }
}
