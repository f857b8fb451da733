//! A disk in memory with a database and its journal: it remembers every operation in order, loses what no sync has confirmed, and fails when told to.

use std::io::{self, Error, ErrorKind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redb::StorageBackend;
use tillsync::store::{JournalOptions, OpenError, Store};

use crate::support::random::Random;

const BLOCK_BYTES: usize = 4_096;

type Block = [u8; BLOCK_BYTES];

/// The bytes of a file. A copy shares its blocks with the original until one of them is written.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Image {
    blocks: Vec<Arc<Block>>,
    length: usize,
}

impl std::fmt::Debug for Image {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Image of {} bytes", self.length)
    }
}

impl Image {
    pub fn length(&self) -> usize {
        self.length
    }

    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![0; self.length];
        self.read(0, &mut bytes).unwrap();
        bytes
    }

    pub fn read(&self, offset: usize, mut out: &mut [u8]) -> io::Result<()> {
        if offset + out.len() > self.length {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let mut at = offset;
        while !out.is_empty() {
            let start = at % BLOCK_BYTES;
            let part = out.len().min(BLOCK_BYTES - start);
            let (now, rest) = out.split_at_mut(part);
            now.copy_from_slice(&self.blocks[at / BLOCK_BYTES][start..start + part]);
            (out, at) = (rest, at + part);
        }
        Ok(())
    }

    pub fn write(&mut self, offset: usize, mut data: &[u8]) {
        assert!(offset + data.len() <= self.length, "a write beyond the end");
        let mut at = offset;
        while !data.is_empty() {
            let start = at % BLOCK_BYTES;
            let (now, rest) = data.split_at(data.len().min(BLOCK_BYTES - start));
            Arc::make_mut(&mut self.blocks[at / BLOCK_BYTES])[start..start + now.len()].copy_from_slice(now);
            (data, at) = (rest, at + now.len());
        }
    }

    /// What is added is zero.
    pub fn set_length(&mut self, length: usize) {
        self.blocks.resize(length.div_ceil(BLOCK_BYTES), Arc::new([0; BLOCK_BYTES]));
        let used = length % BLOCK_BYTES;
        if length < self.length && used > 0 {
            Arc::make_mut(self.blocks.last_mut().unwrap())[used..].fill(0);
        }
        self.length = length;
    }
}

/// One of the two files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum File {
    Database,
    Journal,
}

/// The bytes of both files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Images {
    pub database: Image,
    pub journal: Image,
}

impl Images {
    pub fn of(&self, file: File) -> &Image {
        match file {
            File::Database => &self.database,
            File::Journal => &self.journal,
        }
    }

    pub fn of_mut(&mut self, file: File) -> &mut Image {
        match file {
            File::Database => &mut self.database,
            File::Journal => &mut self.journal,
        }
    }

    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::Write(file, offset, data) => self.of_mut(*file).write(*offset, data),
            Event::SetLength(file, length) => self.of_mut(*file).set_length(*length),
            Event::Sync(_) | Event::Close | Event::Sent(_) | Event::Answered(_) => {}
        }
    }
}

/// One thing that happened, in order.
#[derive(Debug, Clone)]
pub enum Event {
    Write(File, usize, Arc<[u8]>),
    SetLength(File, usize),
    Sync(File),
    Close,
    /// The command with this index was handed in.
    Sent(usize),
    /// The command with this index was answered.
    Answered(usize),
}

impl Event {
    /// Whether it has changed this file.
    pub fn changes(&self, own: File) -> bool {
        matches!(self, Self::Write(file, ..) | Self::SetLength(file, _) if *file == own)
    }
}

/// What a power cut leaves of operations that no sync has confirmed, in each file by itself: any of them, whole, in part or not at all, in any
/// order, by sectors of 512 bytes or of 4 KiB.
pub fn after_cut(kept: &Images, pending: &[Event], random: &mut Random) -> Images {
    let mut cut = |file| image_after_cut(file, kept.of(file), pending, random);
    Images { database: cut(File::Database), journal: cut(File::Journal) }
}

fn image_after_cut(file: File, kept: &Image, pending: &[Event], random: &mut Random) -> Image {
    let pending = || pending.iter().filter(|event| event.changes(file));
    let mut image = kept.clone();
    let mut lengths = vec![kept.length()];
    lengths.extend(pending().filter_map(|event| match event {
        Event::SetLength(_, length) => Some(*length),
        _ => None,
    }));
    let (shortest, longest) = (*lengths.iter().min().unwrap(), *lengths.iter().max().unwrap());
    if random.one_in(2) {
        image.set_length(shortest);
    }
    image.set_length(longest);

    let sector = if random.one_in(2) { 512 } else { 4_096 };
    let kept_of_ten = [0, 1, 5, 9, 10][random.index(5)];
    let mut pieces = Vec::new();
    for event in pending() {
        let Event::Write(_, offset, data) = event else { continue };
        let mut at = 0;
        while at < data.len() {
            let end = data.len().min(at + sector - (offset + at) % sector);
            if random.within(0..10) < kept_of_ten {
                let piece = if random.one_in(16) { at..at + random.index(end - at) } else { at..end };
                pieces.push((offset + piece.start, &data[piece]));
            }
            at = end;
        }
    }
    if random.one_in(2) {
        for place in (1..pieces.len()).rev() {
            pieces.swap(place, random.index(place + 1));
        }
    }
    for (offset, data) in pieces {
        image.write(offset, data);
    }
    image.set_length(lengths[random.index(lengths.len())]);
    image
}

/// The operations that can fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    Read,
    Write,
    SetLength,
    Sync,
}

/// What a failed sync has brought to the disk all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Landed {
    Everything,
    Nothing,
    /// By chance, with this seed.
    Something(u64),
}

/// A fault that is still to come.
#[derive(Debug, Clone, Copy)]
pub struct Fault {
    pub operation: Operation,
    /// How many of these operations still succeed.
    pub after: usize,
    /// All later ones fail too, until [`Disk::mend`].
    pub is_lasting: bool,
    pub landed: Landed,
    /// The fault is one of the program and not of the disk.
    pub is_panic: bool,
}

#[derive(Debug, Default)]
struct State {
    /// What a reader is given.
    seen: Images,
    /// What is there after a power cut in any case.
    kept: Images,
    pending: Vec<Event>,
    log: Vec<Event>,
    faults: Vec<Fault>,
    failed: usize,
    /// Files of which a sync has failed, so that what is seen may not be what is kept.
    lost: Vec<File>,
}

#[derive(Debug, Default)]
pub struct Disk {
    state: Mutex<State>,
    /// Held by a test while no sync may end.
    pub gate: Mutex<()>,
    /// Syncs that have come to the gate, through it or not.
    syncs_begun: AtomicUsize,
    /// Reads, writes and all else that either file was asked to do.
    operations: AtomicUsize,
    /// There is no room for a journal.
    pub lacks_room: AtomicBool,
}

impl Disk {
    pub fn holding(images: Images) -> Arc<Self> {
        let state = State { seen: images.clone(), kept: images, ..State::default() };
        Arc::new(Self { state: Mutex::new(state), ..Self::default() })
    }

    /// Opens a file; after a failed sync it shows what has arrived on the disk.
    pub fn handle(self: &Arc<Self>, file: File) -> Handle {
        let mut state = self.state();
        if state.lost.contains(&file) {
            state.lost.retain(|lost| *lost != file);
            *state.seen.of_mut(file) = state.kept.of(file).clone();
            state.pending.retain(|event| !event.changes(file));
        }
        drop(state);
        Handle(Arc::clone(self), file)
    }

    /// The store on this disk, with a journal of which half has so many bytes.
    pub fn open(self: &Arc<Self>, half_bytes: usize) -> Result<Store, OpenError> {
        let (database, journal) = (Arc::clone(self), Arc::clone(self));
        let options = JournalOptions { half_bytes, may_be_left_out: false };
        Store::open_on(move || database.handle(File::Database), move || journal.handle(File::Journal), options)
    }

    /// How many syncs have begun; one of them waits while a test holds the gate.
    pub fn syncs_begun(&self) -> usize {
        self.syncs_begun.load(Ordering::SeqCst)
    }

    /// How often either file was read, written, resized or synced.
    pub fn operations(&self) -> usize {
        self.operations.load(Ordering::SeqCst)
    }

    fn count(&self) {
        self.operations.fetch_add(1, Ordering::SeqCst);
    }

    pub fn note(&self, event: Event) {
        self.state().log.push(event);
    }

    /// Everything that has happened.
    pub fn log(&self) -> Vec<Event> {
        self.state().log.clone()
    }

    /// What would be there if the power went now and nothing unsynced had arrived.
    pub fn kept(&self) -> Images {
        self.state().kept.clone()
    }

    /// What a reader is given: what would be there if the power went now and everything had arrived.
    pub fn seen(&self) -> Images {
        self.state().seen.clone()
    }

    /// What would be there if the power went now.
    pub fn cut(&self, random: &mut Random) -> Images {
        let state = self.state();
        after_cut(&state.kept, &state.pending, random)
    }

    pub fn break_by(&self, faults: &[Fault]) {
        let mut state = self.state();
        state.faults = faults.to_vec();
        state.failed = 0;
    }

    /// Ends every fault, and returns how many operations have failed since they began.
    pub fn mend(&self) -> usize {
        let mut state = self.state();
        state.faults.clear();
        state.failed
    }

    /// How many operations have failed since the faults began.
    pub fn failed(&self) -> usize {
        self.state().failed
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The first fault in the list is the one to come; the next one follows when it has struck.
    fn fails(&mut self, operation: Operation) -> Option<Fault> {
        let fault = self.faults.first_mut().filter(|fault| fault.operation == operation)?;
        if fault.after > 0 {
            fault.after -= 1;
            return None;
        }
        let fault = *fault;
        self.failed += 1;
        if !fault.is_lasting {
            self.faults.remove(0);
        }
        assert!(!fault.is_panic, "a fault of the program");
        Some(fault)
    }
}

fn failure() -> Error {
    Error::other("the disk says no")
}

#[derive(Debug, Clone)]
pub struct Handle(Arc<Disk>, File);

impl StorageBackend for Handle {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.state().seen.of(self.1).length() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.count();
        let mut state = self.0.state();
        match state.fails(Operation::Read) {
            Some(_) => Err(failure()),
            None => state.seen.of(self.1).read(usize::try_from(offset).unwrap(), out),
        }
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.0.count();
        if self.1 == File::Journal && length > 0 && self.0.lacks_room.load(Ordering::SeqCst) {
            return Err(ErrorKind::StorageFull.into());
        }
        let mut state = self.0.state();
        if state.fails(Operation::SetLength).is_some() {
            return Err(failure());
        }
        let length = usize::try_from(length).unwrap();
        state.seen.of_mut(self.1).set_length(length);
        state.pending.push(Event::SetLength(self.1, length));
        state.log.push(Event::SetLength(self.1, length));
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.count();
        self.0.syncs_begun.fetch_add(1, Ordering::SeqCst);
        let _open = self.0.gate.lock().unwrap_or_else(PoisonError::into_inner);
        let mut state = self.0.state();
        let fault = state.fails(Operation::Sync);
        match fault.map_or(Landed::Everything, |fault| fault.landed) {
            Landed::Everything => *state.kept.of_mut(self.1) = state.seen.of(self.1).clone(),
            Landed::Nothing => {}
            Landed::Something(seed) => {
                let landed = image_after_cut(self.1, state.kept.of(self.1), &state.pending, &mut Random::new(seed));
                *state.kept.of_mut(self.1) = landed;
            }
        }
        state.pending.retain(|event| !event.changes(self.1));
        if fault.is_some() {
            state.lost.push(self.1);
            return Err(failure());
        }
        state.log.push(Event::Sync(self.1));
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.count();
        let mut state = self.0.state();
        let offset = usize::try_from(offset).unwrap();
        let is_failing = state.fails(Operation::Write).is_some();
        // Half of a write that fails arrives.
        let data = if is_failing { &data[..data.len() / 2] } else { data };
        state.seen.of_mut(self.1).write(offset, data);
        let data: Arc<[u8]> = Arc::from(data);
        state.pending.push(Event::Write(self.1, offset, Arc::clone(&data)));
        state.log.push(Event::Write(self.1, offset, data));
        if is_failing { Err(failure()) } else { Ok(()) }
    }

    fn close(&self) -> io::Result<()> {
        self.0.note(Event::Close);
        Ok(())
    }
}
