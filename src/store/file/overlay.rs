//! An overlay: written blocks that lie over a file. Whoever reads finds them in place of what is in the file, which nobody
//! has written to.

use std::collections::BTreeMap;
use std::io;

use redb::StorageBackend;

/// What is kept in one piece: a page of redb, or a part of a larger one.
const BLOCK_BYTES: usize = 4 << 10;
/// Neighbours that are brought to the file in one write.
const RUN_BLOCKS: usize = 16;

type Block = [u8; BLOCK_BYTES];

/// The blocks by their number in the file.
#[derive(Debug, Default)]
pub(crate) struct Overlay(BTreeMap<u64, Box<Block>>);

impl Overlay {
    /// Bytes of memory.
    pub fn bytes(&self) -> usize {
        self.0.len() * BLOCK_BYTES
    }

    /// Whether any of these bytes are here.
    pub fn meets(&self, offset: u64, length: usize) -> bool {
        self.first_at(offset).is_some_and(|start| start < offset + length as u64)
    }

    /// Lays these bytes over the file. `below` gives the rest of a block of which they are a part.
    pub fn write(
        &mut self,
        mut offset: u64,
        mut data: &[u8],
        below: impl Fn(u64, &mut [u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        while !data.is_empty() {
            let (number, start) = place_of(offset);
            let (now, rest) = data.split_at(data.len().min(BLOCK_BYTES - start));
            if now.len() < BLOCK_BYTES && !self.0.contains_key(&number) {
                let mut block = Box::new([0; BLOCK_BYTES]);
                below(start_of(number), &mut *block)?;
                self.0.insert(number, block);
            }
            let block = self.0.entry(number).or_insert_with(|| Box::new([0; BLOCK_BYTES]));
            block.split_at_mut(start).1.split_at_mut(now.len()).0.copy_from_slice(now);
            (offset, data) = (offset + now.len() as u64, rest);
        }
        Ok(())
    }

    /// The bytes as they would be if all blocks were in the file; `below` gives what is not here.
    pub fn read(
        &self,
        mut offset: u64,
        mut out: &mut [u8],
        below: impl Fn(u64, &mut [u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        while !out.is_empty() {
            let gap = self.first_at(offset).map_or(u64::MAX, |start| start.saturating_sub(offset));
            let gap = usize::try_from(gap).unwrap_or(usize::MAX).min(out.len());
            let (missing, rest) = out.split_at_mut(gap);
            if !missing.is_empty() {
                below(offset, missing)?;
            }
            let (number, start) = place_of(offset + gap as u64);
            let (now, rest) = rest.split_at_mut(rest.len().min(BLOCK_BYTES - start));
            if let Some(block) = self.0.get(&number) {
                now.copy_from_slice(block.split_at(start).1.split_at(now.len()).0);
            }
            (offset, out) = (offset + (gap + now.len()) as u64, rest);
        }
        Ok(())
    }

    /// Forgets what lies beyond the end of a file of this length; what is added to it later is zero.
    pub fn cut(&mut self, length: u64) {
        let (number, kept) = place_of(length);
        drop(self.0.split_off(&if kept == 0 { number } else { number + 1 }));
        if let Some(last) = self.0.get_mut(&number) {
            last.split_at_mut(kept).1.fill(0);
        }
    }

    /// The first blocks that are neighbours, and where they belong.
    pub fn first_run(&self) -> Option<(u64, Vec<u8>)> {
        let first = *self.0.keys().next()?;
        let neighbours = self.0.iter().zip(first..).take_while(|((number, _), next)| *number == next).take(RUN_BLOCKS);
        Some((start_of(first), neighbours.flat_map(|((_, block), _)| block.iter().copied()).collect()))
    }

    /// Forgets blocks that the file has got.
    pub fn forget(&mut self, run: &(u64, Vec<u8>)) {
        let (first, _) = place_of(run.0);
        for number in (first..).take(run.1.len() / BLOCK_BYTES) {
            self.0.remove(&number);
        }
    }

    /// Where the block begins that holds this byte or is the next one.
    fn first_at(&self, offset: u64) -> Option<u64> {
        self.0.range(place_of(offset).0..).next().map(|(number, _)| start_of(*number))
    }
}

/// Reads what lies before `length`; beyond it there are zeros.
pub(super) fn read_or_zeros(file: &impl StorageBackend, length: u64, offset: u64, out: &mut [u8]) -> io::Result<()> {
    let before = usize::try_from(length.saturating_sub(offset)).unwrap_or(usize::MAX).min(out.len());
    let (there, beyond) = out.split_at_mut(before);
    beyond.fill(0);
    if there.is_empty() { Ok(()) } else { file.read(offset, there) }
}

/// The number of the block with this byte, and where in the block that is.
fn place_of(offset: u64) -> (u64, usize) {
    let block = BLOCK_BYTES as u64;
    (offset / block, usize::try_from(offset % block).unwrap_or_default())
}

fn start_of(number: u64) -> u64 {
    number * BLOCK_BYTES as u64
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    /// A file of nines.
    fn nines(_: u64, out: &mut [u8]) -> io::Result<()> {
        io::repeat(9).read_exact(out)
    }

    fn read(overlay: &Overlay, offset: u64, length: usize) -> Vec<u8> {
        let mut out = vec![0xff; length];
        overlay.read(offset, &mut out, nines).unwrap();
        out
    }

    #[test]
    fn what_was_written_is_read_between_what_the_file_has() {
        let mut overlay = Overlay::default();
        overlay.write(4_094, &[1, 2, 3, 4], nines).unwrap();
        assert_eq!(read(&overlay, 4_092, 8), [9, 9, 1, 2, 3, 4, 9, 9]);
        overlay.write(4_095, &[5, 6], nines).unwrap();
        assert_eq!(read(&overlay, 4_092, 8), [9, 9, 1, 5, 6, 4, 9, 9]);
        overlay.write(3 * 4_096, &[7; 2 * 4_096], |_, _| panic!("whole blocks need nothing of the file")).unwrap();
        let over_the_gap = read(&overlay, 4_098, 6 * 4_096);
        assert!(over_the_gap[2..2 * 4_096 - 2].iter().all(|byte| *byte == 9));
        assert!(over_the_gap[2 * 4_096 - 2..4 * 4_096 - 2].iter().all(|byte| *byte == 7));
        assert!(over_the_gap[4 * 4_096 - 2..].iter().all(|byte| *byte == 9));
        assert_eq!(overlay.bytes(), 4 * 4_096);
        assert!(overlay.meets(8_191, 1) && !overlay.meets(8_192, 4_096) && overlay.meets(8_192, 4_097));
    }

    #[test]
    fn what_was_cut_off_is_zero_when_the_file_grows_again() {
        let mut overlay = Overlay::default();
        overlay.write(0, &[1; 3 * 4_096], nines).unwrap();
        overlay.cut(4_098);
        assert_eq!(read(&overlay, 4_096, 4), [1, 1, 0, 0]);
        assert_eq!(overlay.bytes(), 2 * 4_096);
        overlay.cut(4_096);
        assert_eq!(overlay.bytes(), 4_096);
    }

    #[test]
    fn runs_of_neighbours_come_in_order_until_nothing_is_left() {
        let mut overlay = Overlay::default();
        for number in [40, 3, 4, 0].into_iter().chain(5..30) {
            overlay.write(start_of(number), &[1; 4_096], nines).unwrap();
        }
        let mut seen = Vec::new();
        while let Some(run) = overlay.first_run() {
            overlay.forget(&run);
            seen.push((run.0 / 4_096, run.1.len() / 4_096));
        }
        assert_eq!(seen, [(0, 1), (3, 16), (19, 11), (40, 1)]);
    }
}
