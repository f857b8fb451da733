//! The limits of connections, heads and bodies, named with their units (promise 8); those of one file stand in it. The
//! manual's page `limits` shows the same table.

use std::time::Duration;

/// Request line and headers together.
pub const HEAD_BYTES_MAX: usize = 16 << 10;
/// Path and query.
pub const TARGET_BYTES_MAX: usize = 8 << 10;
/// Header fields of one request.
pub const HEADERS_MAX: usize = 64;
/// From the first byte of a head to its last.
pub const HEAD_TIME_MAX: Duration = Duration::from_secs(10);
/// A request body after decoding.
pub const BODY_BYTES_MAX: usize = 1 << 20;
/// What the largest body may cost while it is read and carried out, itself included; a smaller one costs less in proportion.
pub const PARSE_BYTES_MAX: usize = 4 << 20;
/// From the end of the head to the end of the body.
pub const BODY_TIME_MAX: Duration = Duration::from_secs(30);
/// Between two requests on one connection.
pub const IDLE_TIME_MAX: Duration = Duration::from_secs(75);
/// For the client to take 64 KiB of an answer.
pub const WRITE_TIME_MAX: Duration = Duration::from_secs(30);
/// After an answer that ends the connection: time for the client to stop sending and read it.
pub const LINGER_TIME_MAX: Duration = Duration::from_secs(2);
/// Bytes that are read and dropped during that time.
pub const LINGER_BYTES_MAX: usize = 4 << 20;
/// The same while the server stops.
pub const STOP_LINGER_TIME_MAX: Duration = Duration::from_millis(250);
/// Connections at once.
pub const CONNECTIONS_MAX: usize = 2_048;
/// Of these, from one address other than this machine's own; an IPv6 network of 64 bits counts as one.
pub const CONNECTIONS_PER_ADDRESS_MAX: usize = 128;
/// A WebSocket message from a client.
pub const MESSAGE_BYTES_MAX: usize = 64 << 10;
/// Presence messages of one WebSocket client within a second; more are dropped and counted.
pub const PRESENCE_MESSAGES_MAX: usize = 5;
/// Between two pings to a WebSocket client.
pub const PING_EVERY: Duration = Duration::from_secs(20);
/// A WebSocket client that is silent for so long is closed.
pub const SILENCE_MAX: Duration = Duration::from_secs(45);
/// Stack of a connection's thread.
pub const STACK_BYTES: usize = 256 << 10;
/// For requests in flight when the server stops.
pub const STOP_TIME_MAX: Duration = Duration::from_secs(3);

const _: () = assert!(PARSE_BYTES_MAX == 4 * BODY_BYTES_MAX && BODY_BYTES_MAX.is_multiple_of(1 << 20));
const _: () = assert!(TARGET_BYTES_MAX < HEAD_BYTES_MAX);
const _: () = assert!(CONNECTIONS_PER_ADDRESS_MAX <= CONNECTIONS_MAX);
const _: () = assert!(STOP_LINGER_TIME_MAX.as_millis() < STOP_TIME_MAX.as_millis());
const _: () = assert!(SILENCE_MAX.as_secs() > 2 * PING_EVERY.as_secs());
