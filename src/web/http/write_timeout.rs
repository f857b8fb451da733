//! Writing to a client that may be slow, on the connection's own thread.

use std::io::{self, ErrorKind, Write};

use crate::platform::{Awake, ClientSocket, LOOK_EVERY, is_timeout, uninterrupted};
use crate::web::limits::WRITE_TIME_MAX;

/// A piece of an answer; each has a deadline of its own.
pub(crate) const WRITE_BYTES: usize = 64 << 10;

/// Writes with a deadline for each piece, so that a client that reads a byte a second does not hold a thread for ever.
pub(crate) struct TimeoutWriter<'a> {
    stream: &'a ClientSocket,
}

impl<'a> TimeoutWriter<'a> {
    /// Makes a socket ready for this.
    pub fn prepare(stream: &ClientSocket) -> io::Result<()> {
        stream.set_write_timeout(Some(LOOK_EVERY))
    }

    pub fn new(stream: &'a ClientSocket) -> Self {
        Self { stream }
    }

    fn write_piece(&mut self, mut piece: &[u8]) -> io::Result<()> {
        let mut wait: Option<(Awake, _)> = None;
        while !piece.is_empty() {
            match uninterrupted(|| self.stream.write(piece)) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(length) => piece = piece.get(length..).unwrap_or_default(),
                Err(error) if is_timeout(&error) => {}
                Err(error) => return Err(error),
            }
            let (clock, deadline) = wait.get_or_insert_with(|| {
                let mut clock = Awake::start();
                let deadline = clock.now() + WRITE_TIME_MAX;
                (clock, deadline)
            });
            if !piece.is_empty() && clock.now() >= *deadline {
                return Err(ErrorKind::TimedOut.into());
            }
        }
        Ok(())
    }
}

impl Write for TimeoutWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for piece in bytes.chunks(WRITE_BYTES) {
            self.write_piece(piece)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
