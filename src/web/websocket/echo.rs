//! `/ws/echo`: every message comes back, compressed if that was agreed on. For the public fuzzing client; in no build for a shop.

use tungstenite::protocol::frame::Frame;
use tungstenite::protocol::frame::coding::{Data, OpCode};
use tungstenite::{Bytes, Message};

use crate::deflate::Deflater;

/// A message of the fuzzing client, bytes: it sends such of 128 KiB.
pub(super) const ECHO_MESSAGE_BYTES: usize = 1 << 20;

/// Sends messages back.
pub(super) struct Echo {
    /// Of this connection alone.
    deflater: Option<Deflater>,
}

impl Echo {
    pub fn new(is_deflated: bool) -> Self {
        Self { deflater: is_deflated.then(Deflater::default) }
    }

    /// The frame in which a message comes back; none for what is no message.
    pub fn answer(&mut self, message: &Message) -> Option<Bytes> {
        let opcode = match message {
            Message::Text(_) => Data::Text,
            Message::Binary(_) => Data::Binary,
            _ => return None,
        };
        let mut payload = message.clone().into_data();
        let mut is_deflated = false;
        if let Some(deflater) = &mut self.deflater {
            let mut deflated = Vec::new();
            is_deflated = deflater.deflate(&payload, &mut deflated);
            if is_deflated {
                payload = deflated.into();
            }
        }
        let mut frame = Frame::message(payload, OpCode::Data(opcode), true);
        frame.header_mut().rsv1 = is_deflated;
        let mut bytes = Vec::with_capacity(frame.len());
        // Writing to memory does not fail.
        let _ = frame.format(&mut bytes);
        Some(bytes.into())
    }
}
