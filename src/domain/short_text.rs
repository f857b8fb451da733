//! Ids and numbers of records as text. Each new record is written with several, and no memory is taken for these.

use std::fmt;
use std::ops::Deref;

/// Bytes of the longest id; no number is longer.
const ROOM_BYTES: usize = 14;

/// A few characters of ASCII.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct ShortText {
    bytes: [u8; ROOM_BYTES],
    length: usize,
}

impl ShortText {
    /// Puts ASCII behind what is there already. What has no room is a fault of the caller and is left out.
    pub(super) fn push(&mut self, text: &[u8]) {
        let end = self.length + text.len();
        debug_assert!(end <= ROOM_BYTES && text.is_ascii(), "{text:?}");
        if let Some(room) = self.bytes.get_mut(self.length..end) {
            room.copy_from_slice(text);
            self.length = end;
        }
    }

    /// As bytes.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }
}

impl Deref for ShortText {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<[u8]> for ShortText {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl fmt::Display for ShortText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self)
    }
}

impl fmt::Debug for ShortText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), formatter)
    }
}
