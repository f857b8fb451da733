//! Somebody who asks a shop with people: a browser that keeps its cookies, a program with its token, an old app behind a door.
//! It remembers every byte that it was answered.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};

use serde_json::{Value, json};

use super::http::{Client, Reply};
use super::samples;
use super::server::Server;
use super::socket::Socket;
use super::till::{self, Stored};
use super::wait_until;

/// A cookie that an answer sets.
#[derive(Debug, Clone)]
pub struct SetCookie {
    pub name: String,
    pub value: String,
    /// `HttpOnly`, `Path=/` and so on, as they were written.
    pub attributes: Vec<String>,
}

impl SetCookie {
    pub fn all_of(reply: &Reply) -> Vec<Self> {
        let lines = reply.headers.iter().filter(|(name, _)| name == "set-cookie");
        lines.map(|(_, line)| Self::of(line)).collect()
    }

    fn of(line: &str) -> Self {
        let mut parts = line.split(';').map(|part| part.trim().to_string());
        let pair = parts.next().unwrap();
        let (name, value) = pair.split_once('=').unwrap_or_else(|| panic!("no cookie: {line}"));
        Self { name: name.to_string(), value: value.to_string(), attributes: parts.collect() }
    }

    pub fn has(&self, attribute: &str) -> bool {
        self.attributes.iter().any(|own| own.eq_ignore_ascii_case(attribute))
    }

    /// The person's, not the device's.
    pub fn is_of_person(&self) -> bool {
        self.name.ends_with("_p")
    }

    /// It takes the cookie away.
    fn is_removal(&self) -> bool {
        self.value.is_empty() || self.has("Max-Age=0")
    }
}

/// How a socket is opened: to this address, at this path, with these headers.
type Connect = fn(SocketAddr, &str, &[(&str, &str)]) -> Result<Socket, String>;

/// Somebody who asks: a browser with its cookies, a program with its token, or an old app behind a door.
#[derive(Debug, Clone)]
pub struct Visitor {
    pub addr: SocketAddr,
    pub cookies: BTreeMap<String, String>,
    pub token: Option<String>,
    /// `/door/…`, or nothing.
    pub prefix: String,
    /// A browser says where its page is from.
    pub is_browser: bool,
    /// Its own address; none for the usual one.
    pub from: Option<IpAddr>,
    /// All headers and bodies that it was answered.
    pub heard: Vec<u8>,
}

impl Visitor {
    pub fn browser(addr: SocketAddr) -> Self {
        Self { is_browser: true, ..Self::program(addr, None) }
    }

    pub fn program(addr: SocketAddr, token: Option<String>) -> Self {
        let prefix = String::new();
        Self { addr, cookies: BTreeMap::new(), token, prefix, is_browser: false, from: None, heard: Vec::new() }
    }

    /// A browser that asks from this address of the machine.
    pub fn browser_from(source: IpAddr, addr: SocketAddr) -> Self {
        Self { from: Some(source), ..Self::browser(addr) }
    }

    fn connect(&self) -> Client {
        self.from.map_or_else(|| Client::connect(self.addr), |source| Client::connect_from(source, self.addr))
    }

    /// Its origin, as its browser says it.
    pub fn origin(&self) -> String {
        format!("http://{}", self.addr)
    }

    pub fn cookie_header(&self) -> String {
        self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    /// What it sends with every request; a header that the caller gives takes the place of its own.
    pub fn own_headers(&self, given: &[(&str, &str)]) -> Vec<(String, String)> {
        let mut own = Vec::new();
        if self.is_browser {
            own.push(("Origin".to_string(), self.origin()));
        }
        if !self.cookies.is_empty() {
            own.push(("Cookie".to_string(), self.cookie_header()));
        }
        if let Some(token) = &self.token {
            own.push(("Authorization".to_string(), format!("Bearer {token}")));
        }
        own.retain(|(name, _)| !given.iter().any(|(other, _)| other.eq_ignore_ascii_case(name)));
        own.extend(given.iter().map(|(name, value)| ((*name).to_string(), (*value).to_string())));
        own
    }

    pub fn request(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&[u8]>) -> Reply {
        self.try_request(method, path, headers, body).unwrap()
    }

    pub fn try_request(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> std::io::Result<Reply> {
        let own = self.own_headers(headers);
        let all: Vec<(&str, &str)> = own.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        // A connection for each: a refusal may end the one on which it was said.
        let reply = self.connect().try_request(method, &format!("{}{path}", self.prefix), &all, body)?;
        self.keep(&reply);
        Ok(reply)
    }

    fn keep(&mut self, reply: &Reply) {
        for (name, value) in &reply.headers {
            self.heard.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        self.heard.extend_from_slice(&reply.body);
        if !self.is_browser {
            return;
        }
        for cookie in SetCookie::all_of(reply) {
            if cookie.is_removal() {
                self.cookies.remove(&cookie.name);
            } else {
                self.cookies.insert(cookie.name, cookie.value);
            }
        }
    }

    pub fn get(&mut self, path: &str) -> Reply {
        self.request("GET", path, &[], None)
    }

    /// A list, asked for again where it was ended since what is seen has changed on the way.
    pub fn whole_list(&mut self, path: &str) -> Reply {
        let mut whole = None;
        wait_until(path, || {
            let reply = self.try_request("GET", path, &[], None).ok();
            let is_fault = reply.as_ref().is_some_and(|reply| reply.status != 200 && reply.text().contains("database"));
            assert!(!is_fault, "{path}: {}", reply.unwrap().text());
            whole = reply.filter(|reply| reply.status == 200);
            whole.is_some()
        });
        whole.unwrap()
    }

    pub fn delete(&mut self, path: &str) -> Reply {
        self.request("DELETE", path, &[], None)
    }

    pub fn post(&mut self, path: &str, body: &Value) -> Reply {
        self.request("POST", path, &[], Some(body.to_string().as_bytes()))
    }

    pub fn put(&mut self, path: &str, body: &Value) -> Reply {
        self.request("PUT", path, &[], Some(body.to_string().as_bytes()))
    }

    /// A command under a key, as the page sends each.
    pub fn keyed(&mut self, method: &str, path: &str, key: &str, body: &Value) -> Reply {
        self.request(method, path, &[("Idempotency-Key", key)], Some(body.to_string().as_bytes()))
    }

    pub fn socket(&self, path: &str) -> Result<Socket, String> {
        self.socket_by(Socket::try_connect, path)
    }

    /// A socket that takes in little before it is read.
    pub fn narrow_socket(&self, path: &str) -> Socket {
        self.socket_by(Socket::try_connect_narrow, path).unwrap()
    }

    fn socket_by(&self, connect: Connect, path: &str) -> Result<Socket, String> {
        let own = self.own_headers(&[]);
        let all: Vec<(&str, &str)> = own.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        connect(self.addr, &format!("{}{path}", self.prefix), &all)
    }

    /// The answer to a handshake: 101, or why not.
    pub fn handshake(&mut self, path: &str, headers: &[(&str, &str)]) -> Reply {
        let mut all = vec![
            ("Connection", "Upgrade"),
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ];
        all.extend(headers);
        self.request("GET", path, &all, None)
    }

    /// The head of a request as it stands on the wire.
    pub fn head(&self, method: &str, path: &str, body_bytes: usize) -> String {
        let mut head = format!("{method} {}{path} HTTP/1.1\r\nHost: {}\r\n", self.prefix, self.addr);
        for (name, value) in self.own_headers(&[]) {
            write!(head, "{name}: {value}\r\n").unwrap();
        }
        if body_bytes > 0 {
            write!(head, "Content-Type: application/json\r\nContent-Length: {body_bytes}\r\n").unwrap();
        }
        head + "\r\n"
    }

    /// Sends a request without reading its answer; of the body so many bytes, and the rest with [`Client::send_raw`].
    pub fn begin(&self, method: &str, path: &str, body: &[u8], sent: usize) -> Client {
        let mut client = self.connect();
        client.send_raw(self.head(method, path, body.len()).as_bytes()).unwrap();
        client.send_raw(&body[..sent]).unwrap();
        client
    }

    pub fn me(&mut self) -> Value {
        self.get("/api/me").expect(200)
    }

    /// The name of the person who is logged in.
    pub fn person(&mut self) -> Option<String> {
        self.me()["person"]["name"].as_str().map(str::to_string)
    }

    pub fn log_in(&mut self, person: u64, pin: &str) -> Reply {
        self.post("/api/login", &json!({"person": person, "pin": pin}))
    }

    pub fn log_in_by_password(&mut self, person: u64, password: &str) -> Reply {
        self.post("/api/login", &json!({"person": person, "password": password}))
    }

    pub fn create_estimate(&mut self, customer: &str) -> Stored {
        Stored::estimate(&self.post("/api/estimates/create", &samples::estimate(customer)).expect(201))
    }

    pub fn create_sale(&mut self, customer: &str) -> Stored {
        Stored::order(&self.post("/api/orders/create-sale", &samples::sale(customer)).expect(201))
    }

    /// The ids of a bare list.
    pub fn ids(&mut self, path: &str) -> Vec<String> {
        ids(&till::array(self.get(path).expect(200)))
    }

    /// The same visitor at a server that was started again on another port.
    pub fn moved_to(&self, server: &Server) -> Self {
        Self { addr: server.addr, ..self.clone() }
    }

    /// The name and value of the person's cookie.
    pub fn person_cookie(&self) -> (String, String) {
        let found = self.cookies.iter().find(|(name, _)| name.ends_with("_p"));
        found.map(|(name, value)| (name.clone(), value.clone())).expect("a person's cookie")
    }
}

/// The ids of these records.
pub fn ids(records: &[Value]) -> Vec<String> {
    records.iter().map(|record| till::text(record, "id")).collect()
}
