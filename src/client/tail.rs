//! `tail`: follows the live feed and prints one JSON line per change.

use std::io::{ErrorKind, Write};
use std::net::TcpStream;
use std::time::Duration;

use tungstenite::stream::MaybeTlsStream;
use tungstenite::{Message, WebSocket};

use super::base_url;

/// Waiting times between attempts to connect.
const RETRY_FIRST: Duration = Duration::from_millis(500);
const RETRY_MAX: Duration = Duration::from_secs(20);
/// The server pings every 20 s; after this silence the connection is given up.
const SILENCE_MAX: Duration = Duration::from_secs(45);

/// Why printing ended.
enum End {
    /// The connection is lost; connect again.
    Lost(String),
    /// Whoever reads our output has left.
    OutputClosed,
}

/// Prints changes until its output is closed.
pub fn tail(url: &str) -> Result<(), String> {
    let base = base_url(url)?;
    let address = format!("ws{}/ws", base.strip_prefix("http").unwrap_or_default());
    let mut wait = RETRY_FIRST;
    loop {
        let why = match tungstenite::connect(&address) {
            Ok((socket, _)) => {
                log::info!("Following {base}");
                wait = RETRY_FIRST;
                match print_changes(socket) {
                    End::OutputClosed => return Ok(()),
                    End::Lost(why) => why,
                }
            }
            Err(error) => error.to_string(),
        };
        log::warn!("{base} is not reachable ({why}); trying again in {:.1} s", wait.as_secs_f32());
        std::thread::sleep(wait);
        wait = (wait * 2).min(RETRY_MAX);
    }
}

fn print_changes(mut socket: WebSocket<MaybeTlsStream<TcpStream>>) -> End {
    if let MaybeTlsStream::Plain(stream) = socket.get_ref() {
        // Without a time-out a server that vanished would never be missed.
        let _ = stream.set_read_timeout(Some(SILENCE_MAX));
    }
    let mut output = std::io::stdout().lock();
    loop {
        match socket.read() {
            Ok(Message::Text(text)) => {
                if let Err(error) = writeln!(output, "{text}").and_then(|()| output.flush()) {
                    if error.kind() != ErrorKind::BrokenPipe {
                        log::error!("The output cannot be written: {error}");
                    }
                    return End::OutputClosed;
                }
            }
            Ok(Message::Close(_)) => return End::Lost("the server closed the connection".into()),
            Ok(_) => {}
            Err(error) => return End::Lost(error.to_string()),
        }
    }
}
