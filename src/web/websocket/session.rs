//! A WebSocket session: tungstenite reads on this thread; everything that is written goes through the client's outbox.

use std::io::{self, ErrorKind, Read, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tungstenite::error::{CapacityError, Error, ProtocolError};
use tungstenite::handshake::server::{create_response, write_response};
use tungstenite::http::{HeaderValue, Request};
use tungstenite::protocol::{Role, WebSocketConfig};
use tungstenite::{Bytes, Message, WebSocket};

use super::deflate::{AgreedDeflate, UnreadMessage, inflated};
#[cfg(feature = "conformance")]
use super::echo::{ECHO_MESSAGE_BYTES, Echo};
use super::presence::SessionPresence;
use crate::app::App;
use crate::app::Presented;
use crate::deflate::FrameHeads;
use crate::domain::{Asker, Sight};
use crate::live::{Client, Encoding, Feed, VIEWS_MAX, View, close_code, ping_frame, text_frame};
use crate::platform::{ClientSocket, is_timeout, unacknowledged, uninterrupted};
use crate::web::api::{LiveFeed, LogReader, ResumePoint, greet};
use crate::web::http::{Head, Problem, Query, Response, TimeoutWriter, drain};
use crate::web::limits::{MESSAGE_BYTES_MAX, PING_EVERY, SILENCE_MAX};
use crate::web::security::{PROTOCOL, Visitor, offers_protocol};
use crate::web::shared::Shared;

/// The default of tungstenite would keep 128 KiB for every idle client. What clients say is short.
const READ_BUFFER_BYTES: usize = 512;

/// An open session. It is read on a thread of its own, whose stack has never held a request: the pages of a stack that were
/// once used stay in memory for as long as an idle client is connected.
pub(crate) struct LiveSession {
    socket: WebSocket<SessionWire>,
    #[cfg(feature = "conformance")]
    echo: Option<Echo>,
    message_bytes_max: usize,
    presence: SessionPresence,
    leaving: Leaving,
}

/// Answers the handshake and brings the client up to date. `rest` is what the client has sent behind its handshake. `None` if
/// it was refused.
pub(crate) fn open(
    shared: &Arc<Shared>,
    stream: &Arc<ClientSocket>,
    live_feed: LiveFeed,
    head: &Head,
    (visitor, presented): (Visitor<'_>, Presented),
    mut rest: Vec<u8>,
) -> io::Result<Option<Box<LiveSession>>> {
    let accepted = Accepted::read(shared, live_feed, head, presented).and_then(|accepted| {
        let client = accepted.client(stream)?;
        Ok((accepted, client))
    });
    let (Accepted { app, asker, response, start, deflate }, client) = match accepted {
        Ok(accepted) => accepted,
        Err(problem) => {
            Response::from(problem).print(TimeoutWriter::new(stream), shared.lifecycle.clock(), Some(head), false)?;
            return Ok(None);
        }
    };
    let feed = app.feed();
    let mut writer = TimeoutWriter::new(stream);
    let presence = SessionPresence::begin(app, &client, visitor.address, live_feed == LiveFeed::Sync);
    let leaving = Leaving {
        stream: Arc::clone(stream),
        client: Arc::clone(&client),
        app: Arc::clone(app),
        shared: Arc::clone(shared),
    };
    match start {
        Start::Plain(_) => {
            // First joined, then answered: a client that has its answer misses nothing from then on.
            feed.join(Arc::clone(&client));
            writer.write_all(&response)?;
        }
        Start::Sync(position) => {
            writer.write_all(&response)?;
            let follower = LogReader { app, budget: &shared.budget, asker, visitor };
            if let Err(error) = greet(&follower, &client, &position) {
                client.uncork();
                let (code, reason) = leaving.reason();
                leaving.close(code, reason);
                return Err(error);
            }
        }
    }
    if client.uncork() {
        feed.nudge();
    }
    let mut wire = SessionWire {
        stream: Arc::clone(stream),
        client: Arc::clone(&client),
        feed: feed.clone(),
        silence: Duration::ZERO,
        wait: PING_EVERY,
        heads: if deflate.is_some() { FrameHeads::with_deflate() } else { FrameHeads::default() },
        is_malformed: false,
        unacknowledged: None,
    };
    let accepted = wire.accept(&mut rest);
    rest.truncate(accepted);
    let message_bytes_max = message_bytes_max(live_feed);
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER_BYTES)
        .max_message_size(Some(message_bytes_max))
        .max_frame_size(Some(message_bytes_max));
    let socket = WebSocket::from_partially_read(wire, rest, Role::Server, Some(config));
    Ok(Some(Box::new(LiveSession {
        socket,
        #[cfg(feature = "conformance")]
        echo: (live_feed == LiveFeed::Echo).then(|| Echo::new(deflate.is_some())),
        message_bytes_max,
        presence,
        leaving,
    })))
}

/// The longest message that is taken, compressed and as it was before that.
fn message_bytes_max(feed: LiveFeed) -> usize {
    match feed {
        LiveFeed::Plain | LiveFeed::Sync => MESSAGE_BYTES_MAX,
        #[cfg(feature = "conformance")]
        LiveFeed::Echo => ECHO_MESSAGE_BYTES,
    }
}

impl LiveSession {
    /// Reads until the session ends. Boxed, since a copy on its way to the thread's stack would cost every idle client a page.
    pub fn run(mut self: Box<Self>) {
        if let Err(error) = self.read_and_close() {
            log::debug!("A session ended: {error}");
        }
    }

    fn read_and_close(&mut self) -> io::Result<()> {
        let ended = self.read_until_end();
        self.presence.end();
        let (code, reason) = ended?;
        self.leaving.close(code, reason);
        Ok(())
    }

    /// Reads messages until the session ends; gives the code and reason of the close frame that is to be sent.
    fn read_until_end(&mut self) -> io::Result<(u16, &'static str)> {
        let socket = &mut self.socket;
        let mut checked = Instant::now();
        while !socket.get_ref().client.is_gone() {
            socket.get_mut().listen()?;
            // A session ends by its time, too, however much its client has to say.
            if checked.elapsed() >= PING_EVERY {
                checked = Instant::now();
                if self.leaving.app.sight(socket.get_ref().client.asker()).is_none() {
                    let (code, reason) = (close_code::LOG_IN, "log in again");
                    self.presence.expel();
                    if socket.get_ref().client.shut(code, reason) {
                        socket.get_ref().feed.nudge();
                    }
                    return Ok((code, reason));
                }
            }
            let read = match socket.read() {
                Ok(message @ (Message::Text(_) | Message::Binary(_))) => {
                    let mark = socket.get_mut().heads.next_mark();
                    match inflated(message, mark, (&self.leaving.shared.inflater, self.message_bytes_max)) {
                        Ok(message) => Ok(message),
                        Err(unread) => return Ok(unread.close_reason()),
                    }
                }
                read => read,
            };
            #[cfg(feature = "conformance")]
            if let (Ok(message), Some(echo)) = (&read, &mut self.echo)
                && let Some(frame) = echo.answer(message)
            {
                socket.get_ref().send(frame);
                continue;
            }
            match read {
                Ok(Message::Close(frame)) => return Ok((frame.map_or(1000, |frame| frame.code.into()), "")),
                Ok(Message::Text(text)) if text.as_str() == "ping" => socket.get_ref().send(text_frame(b"pong")),
                Ok(Message::Text(text)) => self.presence.hear(text.as_str()),
                // Whatever else a client says is none of our business and does not end the connection.
                Ok(_) => {}
                Err(Error::Io(error)) if is_timeout(&error) => {
                    if socket.get_mut().is_over() {
                        return Err(ErrorKind::TimedOut.into());
                    }
                    socket.get_ref().send(ping_frame());
                }
                Err(Error::Io(error)) if error.kind() == ErrorKind::InvalidData => {
                    return Ok((1002, "not a valid WebSocket frame"));
                }
                // Nobody is left to be told a code.
                Err(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)) => {
                    return Err(ErrorKind::UnexpectedEof.into());
                }
                Err(Error::Protocol(_)) => return Ok((1002, "not a valid WebSocket frame")),
                Err(Error::Utf8(_)) => return Ok(UnreadMessage::NotUtf8.close_reason()),
                Err(Error::Capacity(CapacityError::MessageTooLong { .. })) => {
                    return Ok(UnreadMessage::TooLong.close_reason());
                }
                Err(error) => return Err(io::Error::other(error)),
            }
        }
        // The close frame is out already; a client that goes on talking does not keep its connection by that.
        Ok((1000, ""))
    }
}

/// A handshake that is answered with 101.
struct Accepted<'a> {
    app: &'a Arc<App>,
    asker: Asker,
    response: Vec<u8>,
    start: Start,
    /// Compression, if it was agreed on.
    deflate: Option<AgreedDeflate>,
}

impl<'a> Accepted<'a> {
    fn read(shared: &'a Shared, live_feed: LiveFeed, head: &Head, presented: Presented) -> Result<Self, Problem> {
        let app = shared.lifecycle.app()?;
        let asker = app.asker(presented);
        sight(app, asker)?;
        let deflate = AgreedDeflate::read(live_feed, head)?;
        let response = handshake(head, deflate)?;
        Ok(Self { response, start: Start::read(live_feed, head)?, app, asker, deflate })
    }

    /// The client that is let in, who sees what his rights show at this moment.
    fn client(&self, stream: &Arc<ClientSocket>) -> Result<Arc<Client>, Problem> {
        let Self { app, asker, start, deflate, .. } = self;
        let (feed, encoding) = (app.feed(), start.encoding());
        feed.admit(|| {
            let view = View::new(encoding, Arc::new(sight(app, *asker)?), app.run().into());
            // What `/ws/echo` sends back has a context of its own.
            let view = view.taking_deflated(deflate.is_some() && matches!(start, Start::Sync(_)));
            let view = feed.shared_view(view).ok_or_else(|| {
                let why = format!(
                    "{VIEWS_MAX} different views of this shop are followed live, and there is no room for another; use \
                     /api/changes?wait=60, or come again later."
                );
                Problem::new(503, why).with_header("Retry-After", RETRY_SECONDS)
            })?;
            Ok(Client::new(Arc::clone(stream), encoding, (*asker, view), feed.counts()))
        })
    }
}

/// For a socket that there is no room for.
const RETRY_SECONDS: &str = "60";

/// What somebody sees of the live feed.
fn sight(app: &App, asker: Asker) -> Result<Sight, Problem> {
    app.sight(asker).ok_or_else(Problem::logged_out)
}

/// Where a session starts.
enum Start {
    Plain(Encoding),
    Sync(ResumePoint),
}

impl Start {
    fn read(feed: LiveFeed, head: &Head) -> Result<Self, Problem> {
        Ok(if feed == LiveFeed::Sync {
            Self::Sync(ResumePoint::read(|name| Query::of(head.target()).get(name))?)
        } else {
            Self::Plain(plain_encoding(head)?)
        })
    }

    fn encoding(&self) -> Encoding {
        match self {
            Self::Plain(encoding) => *encoding,
            Self::Sync(position) => Encoding::Sync(position.kinds),
        }
    }
}

fn plain_encoding(head: &Head) -> Result<Encoding, Problem> {
    if Query::of(head.target()).get("format")?.as_deref() == Some("legacy") {
        return Ok(Encoding::Legacy);
    }
    let is_old_app = head.header("User-Agent").is_some_and(|agent| agent.starts_with("Dart/"));
    Ok(if is_old_app { Encoding::PacedJson } else { Encoding::Json })
}

/// The answer to the handshake (RFC 6455 §4.2), or why there is none. Of sub-protocols ours alone is taken up, of extensions
/// compression.
fn handshake(head: &Head, deflate: Option<AgreedDeflate>) -> Result<Vec<u8>, Problem> {
    let refused = |why: String| Problem::new(400, format!("The WebSocket handshake is not valid: {why}"));
    if head.header("Sec-WebSocket-Version") != Some("13") {
        return Err(Problem::new(426, "Only version 13 of the WebSocket protocol is spoken here")
            .with_header("Upgrade", "websocket")
            .with_header("Sec-WebSocket-Version", "13"));
    }
    let mut keys = head.values("Sec-WebSocket-Key");
    let (Some(key), None) = (keys.next(), keys.next()) else {
        return Err(refused("there must be one Sec-WebSocket-Key".to_string()));
    };
    // Method, version and tokens are checked by now, and with lists and repeated headers, which tungstenite does not know.
    let request = Request::builder()
        .header("Connection", "Upgrade")
        .header("Upgrade", "websocket")
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Key", key)
        .body(())
        .map_err(|error| refused(error.to_string()))?;
    let mut response = create_response(&request).map_err(|error| refused(error.to_string()))?;
    if offers_protocol(head) {
        response.headers_mut().insert("Sec-WebSocket-Protocol", HeaderValue::from_static(PROTOCOL));
    }
    if let Some(deflate) = deflate {
        response.headers_mut().insert("Sec-WebSocket-Extensions", HeaderValue::from_static(deflate.answer()));
    }
    let mut bytes = Vec::with_capacity(256);
    write_response(&mut bytes, &response).map_err(|error| refused(error.to_string()))?;
    Ok(bytes)
}

/// Tells the broadcaster, however the session ends, that this client need not be served any more.
struct Leaving {
    stream: Arc<ClientSocket>,
    client: Arc<Client>,
    app: Arc<App>,
    shared: Arc<Shared>,
}

impl Leaving {
    /// Why a session ends that its client has not ended.
    fn reason(&self) -> (u16, &'static str) {
        if self.shared.is_stopping() {
            (close_code::GOING_AWAY, "the server is shutting down")
        } else {
            (close_code::INTERNAL_ERROR, "the database cannot be read at the moment; connect again")
        }
    }

    /// Sends a close frame, and gives the client a moment to fetch it and to end the connection itself (RFC 6455 §7.1.1).
    fn close(&self, code: u16, reason: &'static str) {
        const CLOSE_WAIT_MAX: Duration = Duration::from_secs(2);
        if self.client.close(code, reason) {
            self.app.feed().nudge();
        }
        drain(&self.stream, CLOSE_WAIT_MAX, || self.shared.is_stopping());
    }
}

impl Drop for Leaving {
    fn drop(&mut self) {
        if self.shared.is_stopping() {
            // One that was still catching up is not known to the broadcaster.
            self.client.uncork();
            let (code, reason) = self.reason();
            self.close(code, reason);
        }
        self.client.abandon();
        self.app.feed().nudge();
    }
}

/// What tungstenite reads from and writes to: the socket, and the client's outbox.
struct SessionWire {
    stream: Arc<ClientSocket>,
    client: Arc<Client>,
    feed: Feed,
    /// For how long nothing has come: the sum of the waits that ended without a byte. A clock would hold it against the client
    /// that this server itself was stopped, or slept with its machine.
    silence: Duration,
    /// How long the next wait is.
    wait: Duration,
    heads: FrameHeads,
    /// What was read last ends before a length that is not valid.
    is_malformed: bool,
    /// What the system had to keep for the client when it was last asked.
    unacknowledged: Option<u64>,
}

impl SessionWire {
    /// Limits the next wait: until a ping is due, or until the client has been silent for too long.
    fn listen(&mut self) -> io::Result<()> {
        let left = SILENCE_MAX.saturating_sub(self.silence).max(Duration::from_millis(1));
        self.wait = PING_EVERY.min(left);
        self.stream.set_read_timeout(Some(self.wait))
    }

    /// How much of what was read goes on to tungstenite: frames before one that is not valid are still heard.
    fn accept(&mut self, bytes: &mut [u8]) -> usize {
        let accepted = self.heads.accept(bytes);
        self.is_malformed = accepted < bytes.len();
        accepted
    }

    fn is_over(&mut self) -> bool {
        self.client.is_gone() || (self.silence >= SILENCE_MAX && !self.is_taking())
    }

    /// Whether a client that says nothing still has something to take: then it is judged by what it takes, since its answer to a ping
    /// may be long in coming.
    fn is_taking(&mut self) -> bool {
        if self.client.is_waiting() {
            return true;
        }
        let unacknowledged = unacknowledged(&[&*self.stream]).pop().flatten();
        let before = std::mem::replace(&mut self.unacknowledged, unacknowledged);
        unacknowledged.is_some_and(|now| now > 0 && Some(now) != before)
    }

    /// Hands a frame to the outbox; what the socket does not take at once is the broadcaster's to send.
    fn send(&self, frame: Bytes) {
        if self.client.send(&frame.into()) {
            self.feed.nudge();
        }
    }
}

impl Read for SessionWire {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.is_malformed {
            return Err(ErrorKind::InvalidData.into());
        }
        let length = uninterrupted(|| (&*self.stream).read(into)).inspect_err(|error| {
            if is_timeout(error) {
                self.silence += self.wait;
            }
        })?;
        self.silence = Duration::ZERO;
        match self.accept(into.get_mut(..length).unwrap_or_default()) {
            0 if length > 0 => Err(ErrorKind::InvalidData.into()),
            accepted => Ok(accepted),
        }
    }
}

impl Write for SessionWire {
    fn write(&mut self, frames: &[u8]) -> io::Result<usize> {
        // To a client that is gone nothing is sent; the session's loop sees that it is.
        self.send(Bytes::copy_from_slice(frames));
        Ok(frames.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
