//! What the bare disk does, for comparison.

use std::fs::{self, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use super::percentile::micros;
use super::report::per_second;

/// How long the disk is tried, and with what.
const SYNCS_TIME: Duration = Duration::from_millis(500);
const BLOCK_BYTES: usize = 4 << 10;
const BLOCKS: u64 = 256;

/// Writes and syncs one block after the other, as any store must that has nothing to batch.
pub(crate) fn syncs_per_second(folder: &Path) -> io::Result<u64> {
    let path = folder.join("disk-trial");
    let mut file = OpenOptions::new().create_new(true).write(true).open(&path)?;
    let block = [0x5A; BLOCK_BYTES];
    file.set_len(BLOCKS * BLOCK_BYTES as u64)?;
    let begun = Instant::now();
    let mut syncs = 0_u64;
    while begun.elapsed() < SYNCS_TIME {
        file.seek(SeekFrom::Start(syncs % BLOCKS * BLOCK_BYTES as u64))?;
        file.write_all(&block)?;
        file.sync_data()?;
        syncs += 1;
    }
    let elapsed_us = u64::from(micros(begun.elapsed()));
    fs::remove_file(&path)?;
    Ok(per_second(syncs, elapsed_us))
}
