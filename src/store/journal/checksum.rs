//! CRC-64, and the single bit whose flip explains a wrong one. A CRC is linear: what a flipped bit does to it depends on
//! nothing but its distance from the end, so one walk from the end finds it.

use crc::{CRC_64_XZ, Crc, Digest, Table};

/// Several bytes at a step: an entry is read once for each commit.
static CRC: Crc<u64, Table<16>> = Crc::<u64, Table<16>>::new(&CRC_64_XZ);
/// The polynomial of ECMA-182, reflected.
const POLYNOMIAL: u64 = 0xC96C_5795_D787_0F42;
/// What one byte does to a checksum of zero.
const STEP: [u64; 256] = step_table();

/// A checksum in the making.
pub(crate) struct Checksum(Digest<'static, u64, Table<16>>);

impl Checksum {
    pub fn new() -> Self {
        Self(CRC.digest())
    }

    pub fn with(mut self, bytes: &[u8]) -> Self {
        self.0.update(bytes);
        self
    }

    pub fn finish(self) -> u64 {
        self.0.finalize()
    }
}

/// What is wrong, if it is a single bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flip {
    /// Of the stored checksum itself; what it covers is right.
    InChecksum,
    /// This bit of this byte of what it covers.
    InContent { byte: usize, bit: u8 },
}

/// The single bit that explains the difference between a stored checksum and that of the `length` bytes before it.
pub(crate) fn single_flip(difference: u64, length: usize) -> Option<Flip> {
    if difference.is_power_of_two() {
        return Some(Flip::InChecksum);
    }
    let mut traces: [u64; 8] = std::array::from_fn(|bit| step(1 << bit));
    for byte in (0..length).rev() {
        if let Some(bit) = traces.iter().position(|trace| *trace == difference) {
            return Some(Flip::InContent { byte, bit: u8::try_from(bit).ok()? });
        }
        for trace in &mut traces {
            *trace = step(*trace);
        }
    }
    None
}

/// One byte of zero further.
fn step(checksum: u64) -> u64 {
    let lowest = usize::from(checksum.to_le_bytes()[0]);
    STEP.get(lowest).copied().unwrap_or_default() ^ (checksum >> 8)
}

#[expect(clippy::indexing_slicing, reason = "a constant: an index beyond the end would not compile")]
const fn step_table() -> [u64; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut checksum = byte as u64;
        let mut bit = 0;
        while bit < 8 {
            checksum = if checksum & 1 == 1 { POLYNOMIAL ^ (checksum >> 1) } else { checksum >> 1 };
            bit += 1;
        }
        table[byte] = checksum;
        byte += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_single_flip_is_found_and_two_are_not_taken_for_one() {
        let content: Vec<u8> = (0..200_u8).map(|byte| byte.wrapping_mul(37)).collect();
        let right = Checksum::new().with(&content).finish();
        for byte in 0..content.len() {
            for bit in 0..8 {
                let mut flipped = content.clone();
                flipped[byte] ^= 1 << bit;
                let difference = Checksum::new().with(&flipped).finish() ^ right;
                assert_eq!(single_flip(difference, content.len()), Some(Flip::InContent { byte, bit }));
                flipped[(byte + 7) % 200] ^= 4;
                let difference = Checksum::new().with(&flipped).finish() ^ right;
                assert_eq!(single_flip(difference, content.len()), None);
            }
        }
        for bit in 0..64 {
            assert_eq!(single_flip(1 << bit, content.len()), Some(Flip::InChecksum));
        }
    }
}
