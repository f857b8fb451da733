//! A disk in memory: it remembers every operation in order, loses what no sync has confirmed, and fails when told to.

use std::io::{Error, ErrorKind, Result};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redb::StorageBackend;

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

    pub fn read(&self, offset: usize, mut out: &mut [u8]) -> Result<()> {
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

/// One thing that happened, in order.
#[derive(Debug, Clone)]
pub enum Event {
    Write(usize, Arc<[u8]>),
    SetLength(usize),
    Sync,
    Close,
    /// The command with this index was handed in.
    Sent(usize),
    /// The command with this index was answered.
    Answered(usize),
}

/// What a power cut leaves of operations that no sync has confirmed: any of them, whole, in part or not at all, in any
/// order, by sectors of 512 bytes or of 4 KiB.
pub fn after_cut(kept: &Image, pending: &[Event], random: &mut Random) -> Image {
    let mut image = kept.clone();
    let mut lengths = vec![kept.length()];
    lengths.extend(pending.iter().filter_map(|event| match event {
        Event::SetLength(length) => Some(*length),
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
    for event in pending {
        let Event::Write(offset, data) = event else { continue };
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
    seen: Image,
    /// What is there after a power cut in any case.
    kept: Image,
    pending: Vec<Event>,
    log: Vec<Event>,
    faults: Vec<Fault>,
    failed: usize,
    /// A sync has failed, so that what is seen may not be what is kept.
    is_lost: bool,
}

#[derive(Debug, Default)]
pub struct Disk {
    state: Mutex<State>,
    /// Held by a test while no sync may end.
    pub gate: Mutex<()>,
    /// Syncs that have come to the gate, through it or not.
    syncs_begun: AtomicUsize,
}

impl Disk {
    pub fn holding(image: Image) -> Arc<Self> {
        let state = State { seen: image.clone(), kept: image, ..State::default() };
        Arc::new(Self { state: Mutex::new(state), ..Self::default() })
    }

    /// Opens the disk; after a failed sync it shows what has arrived there.
    pub fn handle(self: &Arc<Self>) -> Handle {
        let mut state = self.state();
        if std::mem::take(&mut state.is_lost) {
            state.seen = state.kept.clone();
            state.pending.clear();
        }
        drop(state);
        Handle(Arc::clone(self))
    }

    /// How many syncs have begun; one of them waits while a test holds the gate.
    pub fn syncs_begun(&self) -> usize {
        self.syncs_begun.load(Ordering::SeqCst)
    }

    pub fn note(&self, event: Event) {
        self.state().log.push(event);
    }

    /// Everything that has happened.
    pub fn log(&self) -> Vec<Event> {
        self.state().log.clone()
    }

    /// What would be there if the power went now and nothing unsynced had arrived.
    pub fn kept(&self) -> Image {
        self.state().kept.clone()
    }

    /// What would be there if the power went now.
    pub fn cut(&self, random: &mut Random) -> Image {
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
pub struct Handle(Arc<Disk>);

impl StorageBackend for Handle {
    fn len(&self) -> Result<u64> {
        Ok(self.0.state().seen.length() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        let mut state = self.0.state();
        match state.fails(Operation::Read) {
            Some(_) => Err(failure()),
            None => state.seen.read(usize::try_from(offset).unwrap(), out),
        }
    }

    fn set_len(&self, length: u64) -> Result<()> {
        let mut state = self.0.state();
        if state.fails(Operation::SetLength).is_some() {
            return Err(failure());
        }
        let length = usize::try_from(length).unwrap();
        state.seen.set_length(length);
        state.pending.push(Event::SetLength(length));
        state.log.push(Event::SetLength(length));
        Ok(())
    }

    fn sync_data(&self) -> Result<()> {
        self.0.syncs_begun.fetch_add(1, Ordering::SeqCst);
        let _open = self.0.gate.lock().unwrap_or_else(PoisonError::into_inner);
        let mut state = self.0.state();
        let fault = state.fails(Operation::Sync);
        match fault.map_or(Landed::Everything, |fault| fault.landed) {
            Landed::Everything => state.kept = state.seen.clone(),
            Landed::Nothing => {}
            Landed::Something(seed) => state.kept = after_cut(&state.kept, &state.pending, &mut Random::new(seed)),
        }
        state.pending.clear();
        if fault.is_some() {
            state.is_lost = true;
            return Err(failure());
        }
        state.log.push(Event::Sync);
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<()> {
        let mut state = self.0.state();
        let offset = usize::try_from(offset).unwrap();
        let is_failing = state.fails(Operation::Write).is_some();
        // Half of a write that fails arrives.
        let data = if is_failing { &data[..data.len() / 2] } else { data };
        state.seen.write(offset, data);
        let data: Arc<[u8]> = Arc::from(data);
        state.pending.push(Event::Write(offset, Arc::clone(&data)));
        state.log.push(Event::Write(offset, data));
        if is_failing { Err(failure()) } else { Ok(()) }
    }

    fn close(&self) -> Result<()> {
        self.0.note(Event::Close);
        Ok(())
    }
}
