//! Appending to the journal: one write and one sync for each commit.

use std::fmt;

use redb::{DatabaseError, StorageBackend};

use super::entry::{EntryLog, KEPT_BYTES, Place};
use super::header::{Header, Layout};
use super::recovery::Recovered;
use super::sector::{PAGE_SECTORS, SECTOR_BYTES, Stamps, sectors_of};
use crate::store::error::StoreError;

/// The journal of an open database. After a fault it is dropped with the database, and what the disk holds decides.
pub(crate) struct Journal {
    file: Box<dyn StorageBackend>,
    half_bytes: usize,
    /// Which half is in use.
    half: usize,
    header: Header,
    /// The next free page's first sector.
    sector: usize,
    /// The last commit in it.
    commit: u64,
    /// What is written next; its memory is used again.
    sectors: Vec<u8>,
}

impl fmt::Debug for Journal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { half, header, sector, commit, .. } = self;
        write!(formatter, "Journal at sector {sector} of half {half}, commit {commit}, {header:?}")
    }
}

/// What became of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Appended {
    /// It is on the disk.
    Durable,
    /// There is no room for it in this half, or in none.
    NoRoom,
}

impl Journal {
    /// Begins the half that is not the newest, for what follows the entries that were recovered.
    pub fn begin(file: Box<dyn StorageBackend>, file_id: [u8; 8], recovered: &Recovered) -> Result<Self, StoreError> {
        let previous = recovered.newest.map_or(0, |newest| newest.id);
        let mut journal = Self {
            file,
            half_bytes: recovered.half_bytes,
            half: recovered.newest.map_or(1, |newest| newest.place),
            header: Header {
                file_id,
                generation: recovered.generation,
                id: previous,
                previous: 0,
                base: 0,
                half_bytes: u32::try_from(recovered.half_bytes).unwrap_or(u32::MAX),
                layout: Layout::Paged,
            },
            sector: PAGE_SECTORS,
            commit: recovered.commit,
            sectors: Vec::new(),
        };
        journal.begin_next(None)?;
        Ok(journal)
    }

    /// The last commit that is in it.
    pub fn commit(&self) -> u64 {
        self.commit
    }

    /// Generation and id of the half in use.
    pub fn half(&self) -> (u64, u64) {
        (self.header.generation, self.header.id)
    }

    /// Bytes in use of the half, and bytes of a half.
    pub fn fill(&self) -> (u64, u64) {
        ((self.sector * SECTOR_BYTES) as u64, self.half_bytes as u64)
    }

    /// Puts an entry on the disk, if this half has room for it.
    pub fn append(&mut self, entry: &mut EntryLog) -> Result<Appended, StoreError> {
        if !self.has_room_for(entry) {
            return Ok(Appended::NoRoom);
        }
        self.clear_sectors();
        let start = self.sector;
        self.lay_out(entry)?;
        self.write_at(start)?;
        Ok(Appended::Durable)
    }

    /// Begins the other half, with this entry as its first if it has room for it. The next commit of the database must name
    /// this half, and be durable.
    pub fn begin_next(&mut self, entry: Option<&mut EntryLog>) -> Result<Appended, StoreError> {
        self.header = Header::following(&self.header, self.commit)?;
        (self.half, self.sector) = (1 - self.half, PAGE_SECTORS);
        self.clear_sectors();
        self.sectors.extend_from_slice(&self.header.encode());
        self.fill_page();
        let mut appended = Appended::NoRoom;
        if let Some(entry) = entry
            && self.has_room_for(entry)
        {
            self.lay_out(entry)?;
            appended = Appended::Durable;
        }
        self.write_at(0)?;
        Ok(appended)
    }

    /// Puts the entry's sectors behind those that are to be written.
    fn lay_out(&mut self, entry: &mut EntryLog) -> Result<(), StoreError> {
        let commit = self.commit + 1;
        let half_id = self.header.id;
        let place = Place { file_id: self.header.file_id, half_id, commit, sector: self.sector };
        Stamps { half_id, commit }.lay_out(entry.with_head(place)?, &mut self.sectors);
        self.fill_page();
        self.sector += pages_of(entry);
        self.commit = commit;
        Ok(())
    }

    /// A page that is written whole need not be read first.
    fn fill_page(&mut self) {
        self.sectors.resize(self.sectors.len().next_multiple_of(PAGE_SECTORS * SECTOR_BYTES), 0);
    }

    fn write_at(&self, sector: usize) -> Result<(), StoreError> {
        let offset = self.half * self.half_bytes + sector * SECTOR_BYTES;
        self.file.write(offset as u64, &self.sectors).map_err(DatabaseError::from)?;
        Ok(self.file.sync_data().map_err(DatabaseError::from)?)
    }

    fn clear_sectors(&mut self) {
        self.sectors.clear();
        self.sectors.shrink_to(KEPT_BYTES);
    }

    fn has_room_for(&self, entry: &EntryLog) -> bool {
        self.sector + pages_of(entry) <= self.half_bytes / SECTOR_BYTES
    }
}

/// The sectors of the pages that an entry takes.
fn pages_of(entry: &EntryLog) -> usize {
    sectors_of(entry.length()).next_multiple_of(PAGE_SECTORS)
}
