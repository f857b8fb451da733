//! Reading stored bytes field by field, and what is written in more than one place.

use crate::domain::{Actor, Timestamp};
use crate::store::error::StoreError;

/// Reads fixed-size fields from the front of stored bytes.
pub(crate) struct ByteReader<'a> {
    pub rest: &'a [u8],
    pub what: &'static str,
}

impl<'a> ByteReader<'a> {
    pub fn take<const N: usize>(&mut self) -> Result<[u8; N], StoreError> {
        let (field, rest) = self.rest.split_first_chunk().ok_or(StoreError::Malformed(self.what))?;
        self.rest = rest;
        Ok(*field)
    }

    pub fn take_slice(&mut self, length: usize) -> Result<&'a [u8], StoreError> {
        let (field, rest) = self.rest.split_at_checked(length).ok_or(StoreError::Malformed(self.what))?;
        self.rest = rest;
        Ok(field)
    }

    pub fn take_time(&mut self) -> Result<Timestamp, StoreError> {
        Ok(Timestamp {
            unix_micros: i64::from_le_bytes(self.take()?),
            offset_seconds: i32::from_le_bytes(self.take()?),
        })
    }

    pub fn take_actor(&mut self) -> Result<Actor, StoreError> {
        Ok(Actor { person: u32::from_le_bytes(self.take()?), device: u32::from_le_bytes(self.take()?) })
    }

    pub fn take_text(&mut self) -> Result<Option<&'a str>, StoreError> {
        let length = usize::from(u16::from_le_bytes(self.take()?));
        let text = std::str::from_utf8(self.take_slice(length)?).map_err(|_| StoreError::Malformed(self.what))?;
        Ok(Some(text).filter(|text| !text.is_empty()))
    }
}

/// The twelve bytes of a time.
pub(crate) fn put_time(bytes: &mut Vec<u8>, time: Timestamp) {
    bytes.extend_from_slice(&time.unix_micros.to_le_bytes());
    bytes.extend_from_slice(&time.offset_seconds.to_le_bytes());
}

/// The eight bytes of an actor.
pub(crate) fn put_actor(bytes: &mut Vec<u8>, actor: Actor) {
    bytes.extend_from_slice(&actor.person.to_le_bytes());
    bytes.extend_from_slice(&actor.device.to_le_bytes());
}
