//! Sectors of 512 bytes, of which a disk writes one at least, each with a stamp of its entry.

/// The least that a disk writes at once.
pub(crate) const SECTOR_BYTES: usize = 512;
/// Sectors of a page, which is what the system writes, and what many disks lose as a whole when the power fails meanwhile:
/// what was answered shares none with what is written later.
pub(crate) const PAGE_SECTORS: usize = 8;
/// Half of a stamp stands at each end of a sector, so that a sector of which only a part was written lacks one of them.
const EDGE_BYTES: usize = 4;
/// Between the two.
pub(crate) const BODY_BYTES: usize = SECTOR_BYTES - 2 * EDGE_BYTES;

/// The sectors of one entry: their stamps are made of the half's random id, the commit that the entry is, and the place in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamps {
    pub half_id: u64,
    pub commit: u64,
}

impl Stamps {
    /// 64 bits of which two differ in many.
    fn of(self, index: usize) -> u64 {
        mixed(mixed(self.half_id ^ self.commit.wrapping_mul(0x9E37_79B9_7F4A_7C15)).wrapping_add(index as u64))
    }

    /// The stamp with which the entry begins.
    pub fn first(self) -> u64 {
        self.of(0)
    }

    /// Whether a sector has this stamp. One flipped bit in a stamp does not make it another one.
    pub fn is_on(self, sector: &[u8], index: usize) -> bool {
        stamp_on(sector).is_some_and(|found| (found ^ self.of(index)).count_ones() <= 1)
    }

    /// Lays `content` out in stamped sectors.
    pub fn lay_out(self, content: &[u8], out: &mut Vec<u8>) {
        for (index, part) in content.chunks(BODY_BYTES).enumerate() {
            let stamp = self.of(index);
            out.extend_from_slice(&low(stamp));
            out.extend_from_slice(part);
            out.resize(out.len() + BODY_BYTES - part.len(), 0);
            out.extend_from_slice(&high(stamp));
        }
    }
}

/// How many sectors so many bytes fill.
pub(crate) fn sectors_of(bytes: usize) -> usize {
    bytes.div_ceil(BODY_BYTES)
}

/// A sector of a half.
pub(crate) fn sector_at(half: &[u8], place: usize) -> Option<&[u8]> {
    let start = place.checked_mul(SECTOR_BYTES)?;
    half.get(start..start.checked_add(SECTOR_BYTES)?)
}

/// What lies between the stamps of so many sectors.
pub(crate) fn bodies(half: &[u8], place: usize, sectors: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(sectors * BODY_BYTES);
    for sector in (place..place + sectors).filter_map(|place| sector_at(half, place)) {
        bytes.extend_from_slice(sector.get(EDGE_BYTES..SECTOR_BYTES - EDGE_BYTES).unwrap_or_default());
    }
    bytes
}

/// The stamp at both ends of a sector, whatever it is.
pub(crate) fn stamp_on(sector: &[u8]) -> Option<u64> {
    let (low, high) = (sector.first_chunk::<EDGE_BYTES>()?, sector.last_chunk::<EDGE_BYTES>()?);
    Some(u64::from(u32::from_le_bytes(*low)) | u64::from(u32::from_le_bytes(*high)) << 32)
}

fn low(stamp: u64) -> [u8; EDGE_BYTES] {
    let [a, b, c, d, ..] = stamp.to_le_bytes();
    [a, b, c, d]
}

fn high(stamp: u64) -> [u8; EDGE_BYTES] {
    let [.., a, b, c, d] = stamp.to_le_bytes();
    [a, b, c, d]
}

/// The finalizer of `SplitMix64`: a bijection in which each bit of the input changes half of the output.
fn mixed(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAMPS: Stamps = Stamps { half_id: 7, commit: 3 };

    #[test]
    fn what_is_laid_out_is_read_back_from_whole_stamped_sectors() {
        for length in [1, BODY_BYTES - 1, BODY_BYTES, BODY_BYTES + 1, 5 * BODY_BYTES, 5_000] {
            let content: Vec<u8> = (0..length).map(|byte| u8::try_from(byte % 251).unwrap()).collect();
            let mut out = Vec::new();
            STAMPS.lay_out(&content, &mut out);
            assert_eq!(out.len(), sectors_of(length) * SECTOR_BYTES);
            for (index, sector) in out.chunks(SECTOR_BYTES).enumerate() {
                assert!(STAMPS.is_on(sector, index));
                assert!(!STAMPS.is_on(sector, index + 1));
                assert!(!Stamps { commit: 4, ..STAMPS }.is_on(sector, index));
                assert!(!Stamps { half_id: 6, ..STAMPS }.is_on(sector, index));
            }
            assert_eq!(bodies(&out, 0, sectors_of(length))[..length], content);
        }
    }

    #[test]
    fn a_stamp_survives_one_flipped_bit_and_not_a_part_of_a_sector() {
        let mut out = Vec::new();
        STAMPS.lay_out(&[9; 100], &mut out);
        for (byte, bit) in [(0, 0), (3, 7), (508, 1), (511, 6)] {
            out[byte] ^= 1 << bit;
            assert!(STAMPS.is_on(&out, 0));
            out[byte] ^= 1 << bit;
        }
        for torn in [0..4, 508..512] {
            let mut part = out.clone();
            part[torn].fill(0);
            assert!(!STAMPS.is_on(&part, 0));
        }
        assert!(!STAMPS.is_on(&[0; SECTOR_BYTES], 0));
    }
}
