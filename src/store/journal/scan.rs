//! Reading a half: its entries in order, until its end, a torn entry, or damage.

use std::collections::HashSet;

use super::checksum::{Flip, single_flip};
use super::entry::{HEAD_BYTES, Place};
use super::header::Header;
use super::sector::{BODY_BYTES, SECTOR_BYTES, Stamps, bodies, sector_at, sectors_of, stamp_on};

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
    let mut sector = header.layout.next_entry(1);
    loop {
        let commit = scan.last_commit() + 1;
        let place = Place { file_id: header.file_id, half_id: header.id, commit, sector };
        match read_entry(half, place) {
            ReadEntry::Whole { operations, sectors, is_mended } => {
                scan.entries.push(operations);
                scan.mended += usize::from(is_mended);
                sector = header.layout.next_entry(sector + sectors);
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
    let after = place.sector + 1..half.len() / SECTOR_BYTES;
    // An entry has a sector at least.
    let later = 1..=after.len() as u64;
    let beginnings: HashSet<u64> =
        later.map(|later| Stamps { half_id: place.half_id, commit: place.commit + later }.first()).collect();
    after.filter_map(|at| sector_at(half, at)).filter_map(stamp_on).any(|stamp| beginnings.contains(&stamp))
}

const _: () = assert!(BODY_BYTES > HEAD_BYTES);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::journal::EntryLog;
    use crate::store::journal::header::Layout;
    use crate::store::tables::TableId;

    const HEADER: Header = Header {
        file_id: [3; 8],
        generation: 2,
        id: 0x1234_5678_9ABC_DEF0,
        previous: 1,
        base: 10,
        half_bytes: 24 << 10,
        layout: Layout::Paged,
    };
    /// Bytes of the values of five commits: of one sector, and of several.
    const VALUES: [usize; 5] = [40, 700, 1, 1_500, 300];

    /// A half in which each commit has put one value, and the sector where each begins.
    fn a_half(layout: Layout) -> (Vec<u8>, Vec<usize>) {
        let mut half = Header { layout, ..HEADER }.encode().to_vec();
        let mut beginnings = Vec::new();
        for (commit, length) in (HEADER.base + 1..).zip(VALUES) {
            let sector = layout.next_entry(half.len() / SECTOR_BYTES);
            half.resize(sector * SECTOR_BYTES, 0);
            beginnings.push(sector);
            let mut log = EntryLog::default();
            log.note_put(TableId::Changes, &commit.to_le_bytes(), &vec![b'v'; length]);
            let place = Place { file_id: HEADER.file_id, half_id: HEADER.id, commit, sector };
            Stamps { half_id: HEADER.id, commit }.lay_out(log.with_head(place).unwrap(), &mut half);
        }
        half.resize(HEADER.half_bytes as usize, 0);
        (half, beginnings)
    }

    fn blank(half: &[u8], sector: usize) -> Vec<u8> {
        let mut half = half.to_vec();
        half[sector * SECTOR_BYTES..][..SECTOR_BYTES].fill(0);
        half
    }

    #[test]
    fn whatever_bit_is_flipped_every_entry_is_read() {
        for layout in Layout::ALL {
            let (half, _) = a_half(layout);
            let expected = scan(&half).unwrap();
            assert_eq!((expected.entries.len(), expected.is_damaged, expected.mended), (VALUES.len(), false, 0));
            let mut flipped = half.clone();
            for bit in 0..half.len() * 8 {
                flipped[bit / 8] ^= 1 << (bit % 8);
                let found = scan(&flipped).unwrap();
                assert!(!found.is_damaged && found.entries == expected.entries, "bit {} of byte {}", bit % 8, bit / 8);
                flipped[bit / 8] = half[bit / 8];
            }
        }
    }

    #[test]
    fn an_entry_that_lacks_a_sector_is_torn_at_the_end_and_damage_before_it() {
        for layout in Layout::ALL {
            let (half, beginnings) = a_half(layout);
            for (entry, &sector) in beginnings.iter().enumerate() {
                let found = scan(&blank(&half, sector)).unwrap();
                assert_eq!((found.entries.len(), found.is_damaged), (entry, entry + 1 < VALUES.len()), "entry {entry}");
            }
            // The newest has arrived in part, in whatever order.
            let (first, last) = (*beginnings.last().unwrap(), half.len() / SECTOR_BYTES);
            for sector in first..last {
                assert!(!scan(&blank(&half, sector)).unwrap().is_damaged);
            }
        }
    }

    #[test]
    fn two_wrong_bits_of_an_entry_are_damage_at_the_end_too() {
        let (half, beginnings) = a_half(Layout::Paged);
        for &sector in &beginnings {
            let mut wrong = half.clone();
            for byte in [20, 21] {
                wrong[sector * SECTOR_BYTES + byte] ^= 1;
            }
            assert!(scan(&wrong).unwrap().is_damaged, "sector {sector}");
        }
    }

    #[test]
    fn entries_of_an_earlier_use_of_the_half_do_not_count() {
        let (mut half, _) = a_half(Layout::Paged);
        let next = Header { generation: 4, id: 99, previous: 5, base: 15, ..HEADER };
        half[..SECTOR_BYTES].copy_from_slice(&next.encode());
        let found = scan(&half).unwrap();
        assert_eq!((found.entries.len(), found.is_damaged), (0, false));
    }
}
