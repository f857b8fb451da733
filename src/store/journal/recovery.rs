//! What an opened database lacks of its journal, and whether this is its journal at all. Nothing is written here.

use std::io;

use redb::StorageBackend;

use super::note::JournalNote;
use super::scan::{Scan, scan};
use super::sector::{PAGE_SECTORS, SECTOR_BYTES};

/// What the journal has for a database.
#[derive(Debug, Default, Clone)]
pub(crate) struct Recovered {
    /// What the database lacks, in order: the puts and removals of each commit.
    pub entries: Vec<Vec<u8>>,
    /// The last commit once they are carried out.
    pub commit: u64,
    /// The newest half, which stays as it is while the other one is begun.
    pub newest: Option<Newest>,
    /// The highest generation there is.
    pub generation: u64,
    /// Bytes of a half.
    pub half_bytes: usize,
    /// Entries that were read by putting a flipped bit right.
    pub mended: usize,
}

/// The half in use when the server ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Newest {
    /// The first of the file, or the second.
    pub place: usize,
    pub id: u64,
    pub generation: u64,
}

/// Why a journal cannot be used for a database.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The database needs its journal, and this is another one: of another shop, or of another time.
    Other,
    /// The database needs what cannot be read any more. This much of it is whole.
    Damaged(Recovered),
    /// The database is complete without a journal, and this one is not its own or has more than it.
    NotWanted,
    /// The disk does not give it.
    Unreadable(io::Error),
}

/// The header and one entry.
const HALF_BYTES_MIN: usize = 2 * PAGE_SECTORS * SECTOR_BYTES;
/// A larger half is none that this program has made.
const HALF_BYTES_MAX: usize = 64 << 20;

/// Reads a journal and says what the database with this note lacks of it.
pub(crate) fn examine(file: &dyn StorageBackend, note: &JournalNote, file_id: [u8; 8]) -> Result<Recovered, Fault> {
    let not_ours = || if note.is_needed { Fault::Other } else { Fault::NotWanted };
    let half_bytes = usize::try_from(file.len().map_err(Fault::Unreadable)? / 2).unwrap_or(usize::MAX);
    if !(HALF_BYTES_MIN..=HALF_BYTES_MAX).contains(&half_bytes) || half_bytes % SECTOR_BYTES != 0 {
        return Err(not_ours());
    }
    let mut scans = Vec::new();
    let (mut is_foreign, mut is_cut, mut is_unused) = (false, false, true);
    let mut half = vec![0; half_bytes];
    for place in 0..2 {
        file.read((place * half_bytes) as u64, &mut half).map_err(Fault::Unreadable)?;
        is_unused &= half.iter().take(SECTOR_BYTES).all(|byte| *byte == 0);
        if let Some(scan) = scan(&half) {
            is_foreign |= scan.header.file_id != file_id;
            is_cut |= usize::try_from(scan.header.half_bytes).ok() != Some(half_bytes);
            scans.push((place, scan));
        }
    }
    if is_foreign || scans.is_empty() && !is_unused {
        return Err(not_ours());
    }
    if is_cut {
        let nothing =
            Recovered { commit: note.commit, generation: note.generation, half_bytes, ..Recovered::default() };
        return Err(if note.is_needed { Fault::Damaged(nothing) } else { Fault::NotWanted });
    }
    let known = OwnJournal { note, half_bytes, scans };
    if note.is_needed { known.missing() } else { known.nothing_more() }
}

/// The halves of a journal that belongs to the database.
struct OwnJournal<'a> {
    note: &'a JournalNote,
    half_bytes: usize,
    scans: Vec<(usize, Scan)>,
}

impl OwnJournal<'_> {
    /// For a database that was closed properly: an entry beyond it is of a later time than the copy that is there now.
    fn nothing_more(self) -> Result<Recovered, Fault> {
        // Of a half before the one that the database names, nothing is needed any more.
        let may_have_more = |scan: &Scan| scan.is_damaged && scan.header.generation >= self.note.generation;
        let is_ahead = |scan: &Scan| may_have_more(scan) || scan.last_commit() > self.note.commit;
        if self.scans.iter().any(|(_, scan)| is_ahead(scan)) {
            return Err(Fault::NotWanted);
        }
        let newest = self.own().or_else(|| self.follower());
        // A journal of another life of this shop, which somebody may miss.
        if newest.is_none() && !self.scans.is_empty() {
            return Err(Fault::NotWanted);
        }
        Ok(self.recovered(Vec::new(), newest.and_then(|at| self.scans.get(at)), 0))
    }

    /// For a database that was left open.
    fn missing(mut self) -> Result<Recovered, Fault> {
        let (own, next) = (self.own(), self.follower());
        let (mut entries, mut is_damaged) = (Vec::new(), false);
        if let Some((_, own)) = own.and_then(|own| self.scans.get_mut(own)) {
            // If what the database has already cannot be read, nothing can be said of what follows.
            let had = usize::try_from(self.note.commit.saturating_sub(own.header.base)).unwrap_or(usize::MAX);
            is_damaged = own.is_damaged || had > own.entries.len() || own.header.base > self.note.commit;
            entries.extend(own.entries.drain(had.min(own.entries.len())..));
        } else if next.is_none() {
            return Err(Fault::Other);
        }
        if let Some((_, next)) = next.and_then(|next| self.scans.get_mut(next)) {
            let before = usize::try_from(next.header.base.saturating_sub(self.note.commit)).unwrap_or(usize::MAX);
            is_damaged |= before > entries.len() || next.header.base < self.note.commit;
            if !is_damaged {
                // An entry whose write failed was not answered, and the half that follows was begun without it.
                entries.truncate(before);
                entries.append(&mut next.entries);
                is_damaged = next.is_damaged;
            }
        }
        let newest = next.or(own).and_then(|at| self.scans.get(at));
        let used = [own, next].into_iter().flatten().filter_map(|at| self.scans.get(at));
        let recovered = self.recovered(entries, newest, used.map(|(_, scan)| scan.mended).sum());
        if is_damaged { Err(Fault::Damaged(recovered)) } else { Ok(recovered) }
    }

    /// The half that the database names.
    fn own(&self) -> Option<usize> {
        self.scans.iter().position(|(_, scan)| scan.header.id == self.note.half_id)
    }

    /// The half that was begun after that one.
    fn follower(&self) -> Option<usize> {
        self.scans.iter().position(|(_, scan)| {
            scan.header.previous == self.note.half_id && scan.header.generation > self.note.generation
        })
    }

    fn recovered(&self, entries: Vec<Vec<u8>>, newest: Option<&(usize, Scan)>, mended: usize) -> Recovered {
        let generations = self.scans.iter().map(|(_, scan)| scan.header.generation);
        Recovered {
            commit: self.note.commit + entries.len() as u64,
            entries,
            newest: newest.map(|(place, Scan { header, .. })| Newest {
                place: *place,
                id: header.id,
                generation: header.generation,
            }),
            generation: generations.max().unwrap_or_default().max(self.note.generation),
            half_bytes: self.half_bytes,
            mended,
        }
    }
}
