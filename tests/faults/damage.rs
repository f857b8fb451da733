//! Goal: a damaged file never gives a wrong answer: it is refused with a clear error and left as it is, or everything in it
//! is right.
//!
//! Method: single bits of a closed file are flipped, mostly where something is stored, and files are cut short; each is opened
//! by the real store, and all records, log entries, search texts and stored answers are compared.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::thread;

use tillsync::app::{Answer, Command, Submission};
use tillsync::domain::Conversion;
use tillsync::store::{OpenError, Store, StoreOptions};

use crate::simulated::contents::Contents;
use crate::simulated::disk::Disk;
use crate::simulated::shop::{Shop, create, create_sale, estimate, keyed, order, sale};
use crate::support::random::Random;

const FLIPS: usize = 2_600;
const TRUNCATIONS: usize = 400;
/// Where this many bytes are all zero, nothing is stored.
const PART_BYTES: usize = 64;

/// A closed file, and what is in it.
struct Closed {
    bytes: Vec<u8>,
    contents: Contents,
    answers: Vec<(Submission, Answer)>,
}

fn a_closed_file() -> Closed {
    let shop = Shop::open();
    let mut commands: Vec<Command> = (0..30).map(|index| create(&format!("customer {index}"))).collect();
    commands.extend([
        Command::EditEstimate(estimate(1), Box::new(sale("edited", 120))),
        Command::ConvertEstimate(estimate(2), Conversion::default()),
        Command::DeleteEstimate(estimate(3)),
        create_sale("direct", None),
        create_sale("from an estimate", Some(estimate(4))),
        Command::DeleteOrder(order(1)),
    ]);
    let submissions = commands.into_iter().enumerate().map(|(index, command)| keyed(&format!("key {index}"), command));
    let answers = submissions.map(|submission| (submission.clone(), shop.send(&submission).unwrap())).collect();
    let contents = Contents::read(&shop.app.read().unwrap()).unwrap();
    let disk = Arc::clone(&shop.disk);
    shop.stop();
    Closed { bytes: disk.kept().to_bytes(), contents, answers }
}

enum Verdict {
    Refused,
    Right,
    Wrong(String),
}

impl Closed {
    /// Opens a damaged copy.
    fn judge(&self, folder: &Path, damaged: &[u8]) -> Verdict {
        let file = folder.join("tillsync.redb");
        fs::write(&file, damaged).unwrap();
        let options = StoreOptions { directory: folder.to_path_buf(), cache_bytes: 1 << 20, currency: None };
        match catch_unwind(AssertUnwindSafe(|| Store::open(&options))) {
            Err(_) => Verdict::Wrong("opening it panicked".to_string()),
            Ok(Err(OpenError::Damaged { .. } | OpenError::Foreign { .. })) if fs::read(&file).unwrap() == damaged => {
                Verdict::Refused
            }
            Ok(Err(OpenError::Damaged { .. } | OpenError::Foreign { .. })) => {
                Verdict::Wrong("it was refused and written to".to_string())
            }
            Ok(Err(other)) => Verdict::Wrong(format!("a misleading error: {other}")),
            Ok(Ok(store)) => match self.compare(store) {
                Ok(()) => Verdict::Right,
                Err(what) => Verdict::Wrong(what),
            },
        }
    }

    fn compare(&self, store: Store) -> Result<(), String> {
        let contents = store.snapshot().and_then(|snapshot| Contents::read(&snapshot.into()));
        match contents {
            Err(error) => return Err(format!("it opened and cannot be read: {error}")),
            Ok(contents) if contents != self.contents => return Err(format!("other contents, at {}", contents.seq)),
            Ok(_) => {}
        }
        let shop = Shop::run(&Arc::<Disk>::default(), store);
        for (submission, answer) in &self.answers {
            let again = shop.send(submission);
            if again.as_ref() != Ok(answer) {
                return Err(format!("another answer: {again:?} instead of {answer:?}"));
            }
        }
        let is_same = shop.seq() == self.contents.seq;
        shop.stop();
        if is_same { Ok(()) } else { Err("a repetition was stored twice".to_string()) }
    }

    /// The damaged copy with this number, and what was done to it.
    fn damage(&self, number: usize) -> (Vec<u8>, String) {
        let random = &mut Random::new(number as u64);
        let mut bytes = self.bytes.clone();
        if number >= FLIPS {
            // Whole pages are missing as often as not.
            let length =
                if random.one_in(2) { random.index(bytes.len()) } else { random.index(bytes.len() / 4096) * 4096 };
            bytes.truncate(length);
            return (bytes, format!("cut short to {length} bytes"));
        }
        let is_anywhere = random.one_in(10);
        let place = loop {
            let place = random.index(bytes.len());
            let part = place - place % PART_BYTES;
            if is_anywhere || bytes[part..].iter().take(PART_BYTES).any(|byte| *byte != 0) {
                break place;
            }
        };
        let bit = random.within(0..8);
        bytes[place] ^= 1 << bit;
        (bytes, format!("bit {bit} of byte {place} flipped"))
    }
}

#[test]
#[ignore = "long: cargo test-all"]
fn a_damaged_file_is_refused_and_left_as_it_is_or_everything_in_it_is_right() {
    let closed = a_closed_file();
    let threads = thread::available_parallelism().map_or(2, usize::from);
    let part = |own: usize| {
        let folder = tempfile::tempdir().unwrap();
        let (mut refused, mut right, mut wrong) = (0, 0, Vec::new());
        for number in (own..FLIPS + TRUNCATIONS).step_by(threads) {
            let (damaged, how) = closed.damage(number);
            match closed.judge(folder.path(), &damaged) {
                Verdict::Refused => refused += 1,
                Verdict::Right => right += 1,
                Verdict::Wrong(what) => wrong.push(format!("{how}: {what}")),
            }
        }
        (refused, right, wrong)
    };
    let parts: Vec<(usize, usize, Vec<String>)> = thread::scope(|scope| {
        let runs: Vec<_> = (0..threads)
            .map(|own| {
                scope.spawn({
                    let part = &part;
                    move || part(own)
                })
            })
            .collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    let refused: usize = parts.iter().map(|part| part.0).sum();
    let right: usize = parts.iter().map(|part| part.1).sum();
    let wrong: Vec<String> = parts.into_iter().flat_map(|part| part.2).collect();
    eprintln!("{} damaged files: {refused} refused, {right} right, {} wrong", FLIPS + TRUNCATIONS, wrong.len());
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(refused > 0 && right > 0);
}
