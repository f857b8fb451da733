//! Reading a half: its entries in order, until its end, a torn entry, or damage.

use super::checksum::{Flip, single_flip};
use super::entry::{HEAD_BYTES, Place};
use super::header::Header;
use super::sector::{BODY_BYTES, SECTOR_BYTES, Stamps, bodies, sector_at, sectors_of};

/// What a half holds.
#[derive(Debug)]
pub(crate) struct Scan {
    pub header: Header,
    /// The puts and removals of each commit after the header's, in order.
    pub entries: Vec<Vec<u8>>,
    /// An entry that was answered cannot be read, and whatever follows it does not count.
    pub is_damaged: bool,
    /// Entries that were read by putting a flipped bit right.
    pub mended: usize,
}

impl Scan {
    /// The last commit in it.
    pub fn last_commit(&self) -> u64 {
        self.header.base + self.entries.len() as u64
    }
}

/// Reads a half; `None` if it has no header.
pub(crate) fn scan(half: &[u8]) -> Option<Scan> {
    let header = Header::decode(sector_at(half, 0)?)?;
    let mut scan = Scan { header, entries: Vec::new(), is_damaged: false, mended: 0 };
    let mut sector = 1;
    loop {
        let commit = scan.last_commit() + 1;
        let place = Place { file_id: header.file_id, half_id: header.id, commit, sector };
        match read_entry(half, place) {
            ReadEntry::Whole { operations, sectors, is_mended } => {
                scan.entries.push(operations);
                scan.mended += usize::from(is_mended);
                sector += sectors;
            }
            ReadEntry::Damaged => {
                scan.is_damaged = true;
                return Some(scan);
            }
            ReadEntry::NotWhole => {
                scan.is_damaged = is_followed(half, place);
                return Some(scan);
            }
        }
    }
}

enum ReadEntry {
    Whole {
        operations: Vec<u8>,
        sectors: usize,
        is_mended: bool,
    },
    /// It was written whole and is something else now.
    Damaged,
    /// Nothing, or an entry that was never written whole.
    NotWhole,
}

fn read_entry(half: &[u8], place: Place) -> ReadEntry {
    let stamps = Stamps { half_id: place.half_id, commit: place.commit };
    let stamped = (0..half.len() / SECTOR_BYTES)
        .take_while(|index| sector_at(half, place.sector + index).is_some_and(|sector| stamps.is_on(sector, *index)))
        .count();
    let content = bodies(half, place.sector, stamped);
    let Some((head, rest)) = content.split_first_chunk::<HEAD_BYTES>() else { return ReadEntry::NotWhole };
    let [a, b, c, d, checksum @ ..] = *head;
    let (length, checksum) = (u32::from_le_bytes([a, b, c, d]), u64::from_le_bytes(checksum));
    let of_length = |length: u32| {
        let length = usize::try_from(length).ok()?;
        let operations = rest.get(..length)?;
        (sectors_of(HEAD_BYTES + length) == stamped).then_some(operations)
    };
    let whole = |operations: &[u8], is_mended| ReadEntry::Whole {
        operations: operations.to_vec(),
        sectors: stamped,
        is_mended,
    };

    if let Some(operations) = of_length(length) {
        let difference = place.checksum(operations) ^ checksum;
        if difference == 0 {
            return whole(operations, false);
        }
        match single_flip(difference, operations.len()) {
            Some(Flip::InChecksum) => return whole(operations, true),
            Some(Flip::InContent { byte, bit }) => {
                let mut operations = operations.to_vec();
                if let Some(byte) = operations.get_mut(byte) {
                    *byte ^= 1 << bit;
                }
                return ReadEntry::Whole { operations, sectors: stamped, is_mended: true };
            }
            None => {}
        }
    }
    for bit in 0..u32::BITS {
        if let Some(operations) = of_length(length ^ 1 << bit)
            && place.checksum(operations) == checksum
        {
            return whole(operations, true);
        }
    }
    let wanted = usize::try_from(length).map_or(usize::MAX, |length| sectors_of(HEAD_BYTES.saturating_add(length)));
    if wanted > stamped { ReadEntry::NotWhole } else { ReadEntry::Damaged }
}

/// Whether a later entry begins after this place. Each is synced before the next is written, so the one here was whole then.
fn is_followed(half: &[u8], place: Place) -> bool {
    let sectors = half.len() / SECTOR_BYTES;
    (place.sector + 1..sectors).any(|at| {
        let Some(sector) = sector_at(half, at) else { return false };
        let between = (at - place.sector) as u64;
        (1..=between).any(|later| Stamps { half_id: place.half_id, commit: place.commit + later }.is_on(sector, 0))
    })
}

const _: () = assert!(BODY_BYTES > HEAD_BYTES);
