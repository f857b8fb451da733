//! Writing to a client that may be slow, on the connection's own thread.

use std::io::{self, ErrorKind, Write};
use std::time::Instant;

use super::limits::WRITE_TIME_MAX;
use crate::process::ClientSocket;

/// A piece of an answer; each has a deadline of its own.
pub(super) const WRITE_BYTES: usize = 64 << 10;

/// Writes with a deadline for each piece, so that a client that reads a byte a second does not hold a thread for ever.
pub(super) struct DeadlineWriter<'a> {
    stream: &'a ClientSocket,
}

impl<'a> DeadlineWriter<'a> {
    pub fn new(stream: &'a ClientSocket) -> Self {
        Self { stream }
    }

    fn write_piece(&mut self, mut piece: &[u8]) -> io::Result<()> {
        let mut deadline = None;
        while !piece.is_empty() {
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return Err(ErrorKind::TimedOut.into());
            }
            match self.stream.write(piece) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(length) => piece = piece.get(length..).unwrap_or_default(),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
            deadline = deadline.or_else(|| Some(Instant::now() + WRITE_TIME_MAX));
        }
        Ok(())
    }
}

impl Write for DeadlineWriter<'_> {
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
