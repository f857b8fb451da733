//! `tillsync.local`: by this file in the data folder, those who may read the folder find the server that runs with it, and its
//! token. The server makes it anew at each start, readable for its own account alone.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::net::IpAddr;
use std::path::Path;

use super::token::Token;

const FILE_NAME: &str = "tillsync.local";
/// Two lines or three; a larger file is something else.
const FILE_BYTES_MAX: u64 = 2 << 10;
const PORT_DEFAULT: u16 = 80;

/// A server of this machine, as it says itself.
#[derive(Debug, Clone)]
pub struct LocalServer {
    /// Its base URL, on loopback.
    pub(crate) base: String,
    pub(crate) token: Token,
    port: u16,
    /// Its base URL for other devices, if it has a name for them.
    elsewhere: Option<String>,
}

impl LocalServer {
    /// What the server of a data folder has left there; nothing if there is no such file, or none of ours. The error is a
    /// sentence about a file that may not be read.
    pub fn read(data: &Path) -> Result<Option<Self>, String> {
        let path = data.join(FILE_NAME);
        let mut text = String::new();
        match File::open(&path).and_then(|file| file.take(FILE_BYTES_MAX).read_to_string(&mut text)) {
            Ok(_) => Ok(Self::parse(&text)),
            Err(error) if error.kind() == ErrorKind::PermissionDenied => Err(format!(
                "{} cannot be read ({error}). Run this command with the account of the server, or with sudo.",
                path.display()
            )),
            // A file that is half written, or a folder, leads nowhere either.
            Err(_) => Ok(None),
        }
    }

    /// Its port on loopback.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its address for this machine.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Its base URL for other devices, if it has a name for them.
    pub fn elsewhere(&self) -> Option<&str> {
        self.elsewhere.as_deref()
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines().map(str::trim);
        let base = lines.next()?.trim_end_matches('/').to_string();
        let token = Token::parse(lines.next()?)?;
        // The token leads nowhere but back to this machine.
        let port = loopback_port(&base)?;
        let elsewhere = lines.next().filter(|url| !url.is_empty()).map(str::to_string);
        Some(Self { base, token, port, elsewhere })
    }
}

/// The port of a server on this machine's loopback; none of any other address.
pub(crate) fn loopback_port(base: &str) -> Option<u16> {
    let host = base.strip_prefix("http://")?;
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, port.parse().ok()?),
        _ => (host, PORT_DEFAULT),
    };
    let name = name.trim_start_matches('[').trim_end_matches(']');
    let is_loopback = name.eq_ignore_ascii_case("localhost") || name.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
    is_loopback.then_some(port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_address_of_this_machine_has_a_loopback_port() {
        for (base, port) in [
            ("http://127.0.0.1:8000", Some(8_000)),
            ("http://127.8.0.1:9", Some(9)),
            ("http://LocalHost", Some(80)),
            ("http://[::1]:8000", Some(8_000)),
            ("http://[::1]", Some(80)),
            ("http://192.168.1.10:8000", None),
            ("http://localhost.example:8000", None),
            ("http://127.0.0.1:8000@example.org", None),
            ("https://127.0.0.1:8000", None),
        ] {
            assert_eq!(loopback_port(base), port, "{base}");
        }
    }

    #[test]
    fn the_file_of_a_server_is_two_lines_about_this_machine_and_one_about_its_name() {
        let local = LocalServer::parse("http://127.0.0.1:8000\nsecret\n").unwrap();
        assert_eq!((local.base(), local.port()), ("http://127.0.0.1:8000", 8_000));
        assert_eq!(local.token.authorization(), "Bearer secret");
        assert_eq!(local.elsewhere(), None);
        let named = LocalServer::parse("http://127.0.0.1:8000\nsecret\nhttps://shop.lan\n").unwrap();
        assert_eq!(named.elsewhere(), Some("https://shop.lan"));
        for text in ["", "http://127.0.0.1:8000", "http://127.0.0.1:8000\n\n", "http://example.org:8000\nsecret\n"] {
            assert!(LocalServer::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_folder_without_the_file_has_no_server() {
        let folder = tempfile::tempdir().unwrap();
        assert!(LocalServer::read(folder.path()).unwrap().is_none());
        assert!(LocalServer::read(&folder.path().join("missing")).unwrap().is_none());
    }
}
