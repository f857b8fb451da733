//! The first sector of a half: whose it is, which commit it follows, and where its entries may begin.

use super::checksum::{Checksum, Flip, single_flip};
use super::sector::{PAGE_SECTORS, SECTOR_BYTES};
use crate::store::error::StoreError;
use crate::store::format::{ByteReader, random_id};

const MAGIC: [u8; 8] = *b"tillsjrn";
/// Before the checksum.
const COVERED_BYTES: usize = 56;
const CHECKSUM_BYTES: usize = 8;

/// Where entries begin in a half.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// In the sector after what is there, as in files of schema 4.
    Packed = 1,
    /// On a page of their own.
    Paged = 2,
}

impl Layout {
    pub const ALL: [Self; 2] = [Self::Packed, Self::Paged];

    /// The first sector of an entry that is written behind so many sectors.
    pub fn next_entry(self, sectors: usize) -> usize {
        match self {
            Self::Packed => sectors,
            Self::Paged => sectors.next_multiple_of(PAGE_SECTORS),
        }
    }
}

/// What a half says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    /// Of the database to which it belongs.
    pub file_id: [u8; 8],
    /// One more than that of the half before it.
    pub generation: u64,
    /// Random, so that no other half is taken for it: of a copy of the file that went another way, for one.
    pub id: u64,
    /// The id of the half before it.
    pub previous: u64,
    /// The commit that its first entry follows.
    pub base: u64,
    /// Bytes of each half, so that a file that was cut short is noticed.
    pub half_bytes: u32,
    pub layout: Layout,
}

impl Header {
    /// The header of the half that is begun after this one, when so many commits are in the journal.
    pub fn following(before: &Self, commit: u64) -> Result<Self, StoreError> {
        // Zero says that there is none.
        let id = u64::from_le_bytes(random_id()?).max(1);
        Ok(Self {
            generation: before.generation + 1,
            id,
            previous: before.id,
            base: commit,
            layout: Layout::Paged,
            ..*before
        })
    }

    /// Its sector.
    pub fn encode(&self) -> [u8; SECTOR_BYTES] {
        let mut bytes = Vec::with_capacity(SECTOR_BYTES);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&(self.layout as u32).to_le_bytes());
        bytes.extend_from_slice(&self.half_bytes.to_le_bytes());
        bytes.extend_from_slice(&self.file_id);
        for field in [self.generation, self.id, self.previous, self.base] {
            bytes.extend_from_slice(&field.to_le_bytes());
        }
        let checksum = Checksum::new().with(&bytes).finish();
        bytes.extend_from_slice(&checksum.to_le_bytes());
        let mut sector = [0; SECTOR_BYTES];
        for (into, byte) in sector.iter_mut().zip(bytes) {
            *into = byte;
        }
        sector
    }

    /// Reads it, with one flipped bit put right. `None` if there is none, or it cannot be read.
    pub fn decode(sector: &[u8]) -> Option<Self> {
        let (covered, rest) = sector.split_first_chunk::<COVERED_BYTES>()?;
        let mut covered = *covered;
        let stored = u64::from_le_bytes(*rest.first_chunk::<CHECKSUM_BYTES>()?);
        let difference = Checksum::new().with(&covered).finish() ^ stored;
        if difference != 0
            && let Flip::InContent { byte, bit } = single_flip(difference, COVERED_BYTES)?
        {
            *covered.get_mut(byte)? ^= 1 << bit;
        }
        let mut fields = ByteReader { rest: &covered, what: "journal header" };
        let is_ours = fields.take::<8>().ok()? == MAGIC;
        let layout = u32::from_le_bytes(fields.take().ok()?);
        let layout = Layout::ALL.into_iter().find(|known| *known as u32 == layout)?;
        let half_bytes = u32::from_le_bytes(fields.take().ok()?);
        let file_id = fields.take().ok()?;
        let mut number = || fields.take().map(u64::from_le_bytes).ok();
        let (generation, id, previous, base) = (number()?, number()?, number()?, number()?);
        let header = Self { file_id, generation, id, previous, base, half_bytes, layout };
        is_ours.then_some(header)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_survives_any_flipped_bit_and_nothing_else_is_one() {
        let header = Header {
            file_id: [5; 8],
            generation: 9,
            id: 77,
            previous: 66,
            base: 1_000,
            half_bytes: 4_096,
            layout: Layout::Paged,
        };
        let sector = header.encode();
        for bit in 0..SECTOR_BYTES * 8 {
            let mut flipped = sector;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Header::decode(&flipped), Some(header), "bit {bit}");
        }
        let mut two = sector;
        two[20] ^= 1;
        two[30] ^= 1;
        assert_eq!(Header::decode(&two), None);
        assert_eq!(Header::decode(&[0; SECTOR_BYTES]), None);
        assert_eq!(Header::decode(&[]), None);
    }
}
