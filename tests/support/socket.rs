//! A WebSocket client for tests.

use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

use serde_json::Value;
use socket2::{Domain, Type};
use tungstenite::client::IntoClientRequest;
use tungstenite::http::{HeaderName, HeaderValue};
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::{Message, WebSocket};

use super::DEADLINE;

pub struct Socket {
    pub inner: WebSocket<TcpStream>,
}

impl Socket {
    /// Connects; once this returns, the server has registered the client.
    pub fn connect(addr: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Self {
        Self::try_connect(addr, path, headers).unwrap()
    }

    pub fn try_connect(addr: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Result<Self, String> {
        let stream = TcpStream::connect(addr).map_err(|error| error.to_string())?;
        Self::over(stream, path, headers)
    }

    /// The same of a client that takes in little before it reads, so that what it has not read waits in the server.
    pub fn try_connect_narrow(addr: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Result<Self, String> {
        let socket = socket2::Socket::new(Domain::for_address(addr), Type::STREAM, None).unwrap();
        socket.set_recv_buffer_size(4 << 10).unwrap();
        socket.connect(&addr.into()).map_err(|error| error.to_string())?;
        Self::over(socket.into(), path, headers)
    }

    fn over(stream: TcpStream, path: &str, headers: &[(&str, &str)]) -> Result<Self, String> {
        let addr = stream.peer_addr().map_err(|error| error.to_string())?;
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.set_nodelay(true).unwrap();
        let mut request = format!("ws://{addr}{path}").into_client_request().unwrap();
        for (name, value) in headers {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            request.headers_mut().insert(name, HeaderValue::from_str(value).unwrap());
        }
        let (inner, _) = tungstenite::client(request, stream).map_err(|error| error.to_string())?;
        Ok(Self { inner })
    }

    pub fn send_text(&mut self, text: &str) {
        self.inner.send(Message::text(text)).unwrap();
    }

    /// The next text message; control frames are answered and passed over.
    pub fn next_text(&mut self) -> String {
        self.try_next_text().expect("a text message")
    }

    /// The next text message, or why there is none: the close code, or a read error.
    pub fn try_next_text(&mut self) -> Result<String, Ended> {
        let deadline = Instant::now() + DEADLINE;
        loop {
            match self.inner.read() {
                Ok(Message::Text(text)) => return Ok(text.to_string()),
                Ok(Message::Close(frame)) => return Err(Ended::Closed(frame.map(|frame| frame.code))),
                Ok(Message::Binary(_)) => panic!("the server never sends binary"),
                // The server's pings would otherwise keep a test waiting for ever.
                Ok(_) if Instant::now() > deadline => return Err(Ended::Broken("nothing but pings".into())),
                Ok(_) => {}
                Err(error) => return Err(Ended::Broken(error.to_string())),
            }
        }
    }

    pub fn next_json(&mut self) -> Value {
        serde_json::from_str(&self.next_text()).expect("the frame is JSON")
    }

    /// Everything that the server has sent up to now: it answers `ping` in order, behind all earlier frames.
    pub fn texts_until_pong(&mut self) -> Vec<String> {
        self.send_text("ping");
        let mut texts = Vec::new();
        loop {
            match self.next_text().as_str() {
                "pong" => return texts,
                text => texts.push(text.to_string()),
            }
        }
    }

    /// Reads until the server closes and returns its code.
    pub fn close_code(&mut self) -> Option<u16> {
        loop {
            match self.try_next_text() {
                Ok(_) => {}
                Err(Ended::Closed(code)) => return code.map(u16::from),
                Err(Ended::Broken(why)) => panic!("no close frame: {why}"),
            }
        }
    }
}

#[derive(Debug, PartialEq)]
pub enum Ended {
    Closed(Option<CloseCode>),
    Broken(String),
}
