//! Goal: a disk that fails in the middle of a commit leaves no lie behind. Method: the real store, writer and feed on a disk in
//! memory whose syncs fail when told to, either before or after the bytes have landed; a live client on a real socket.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::io::{ErrorKind, Read};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use redb::StorageBackend;
use tillsync::app::{Answer, App, Command, Repeat, ShopClock, Submission, SubmitError};
use tillsync::domain::{Currency, Discount, Items, Money, Sale};
use tillsync::live::{Client, Dialect, Kinds};
use tillsync::store::Store;

/// A disk: what was written, and what would be there after a power cut.
#[derive(Debug, Default)]
struct Disk {
    written: Mutex<Vec<u8>>,
    synced: Mutex<Vec<u8>>,
    fails: AtomicBool,
    /// Held by a test while no sync may end.
    gate: Mutex<()>,
    /// A failing sync still brings the bytes to the disk.
    lands: AtomicBool,
}

#[derive(Debug, Clone)]
struct Handle(Arc<Disk>);

fn fault() -> std::io::Error {
    std::io::Error::other("the disk says no")
}

impl StorageBackend for Handle {
    fn len(&self) -> Result<u64, std::io::Error> {
        Ok(self.0.written.lock().unwrap().len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), std::io::Error> {
        let start = usize::try_from(offset).unwrap();
        let bytes = self.0.written.lock().unwrap();
        let part = bytes.get(start..start + out.len()).ok_or(ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(part);
        Ok(())
    }

    fn set_len(&self, length: u64) -> Result<(), std::io::Error> {
        self.0.written.lock().unwrap().resize(usize::try_from(length).unwrap(), 0);
        Ok(())
    }

    fn sync_data(&self) -> Result<(), std::io::Error> {
        let _open = self.0.gate.lock().unwrap();
        let fails = self.0.fails.load(Ordering::SeqCst);
        if !fails || self.0.lands.load(Ordering::SeqCst) {
            let written = self.0.written.lock().unwrap().clone();
            *self.0.synced.lock().unwrap() = written;
        }
        if fails { Err(fault()) } else { Ok(()) }
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), std::io::Error> {
        let start = usize::try_from(offset).unwrap();
        self.0.written.lock().unwrap()[start..start + data.len()].copy_from_slice(data);
        Ok(())
    }
}

struct Shop {
    disk: Arc<Disk>,
    app: App,
}

impl Shop {
    fn open() -> Self {
        let disk = Arc::new(Disk::default());
        let opened = Arc::clone(&disk);
        // Opening again finds what the disk holds, not what was in memory.
        let store = Store::open_on(move || {
            let synced = opened.synced.lock().unwrap().clone();
            *opened.written.lock().unwrap() = synced;
            Handle(Arc::clone(&opened))
        });
        let app = App::start(store.unwrap(), ShopClock::new(TimeZone::UTC)).unwrap();
        Self { disk, app }
    }

    /// From now on every sync fails, until [`Self::mend`].
    fn break_disk(&self, lands: bool) {
        self.disk.lands.store(lands, Ordering::SeqCst);
        self.disk.fails.store(true, Ordering::SeqCst);
    }

    fn mend(&self) {
        self.disk.fails.store(false, Ordering::SeqCst);
    }

    fn sell(&self, key: &str) -> Result<Answer, SubmitError> {
        self.app.submit(Submission {
            command: Command::CreateEstimate(Box::new(sale(key))),
            repeat: Some(Repeat::by_key(key, &["POST", "/"], key.as_bytes())),
            expected_revs: None,
            render: |verdict, _: Currency| Answer { status: 201, rev: None, body: format!("{verdict:?}").into_bytes() },
        })
    }

    /// Sends it again until the disk is well.
    fn sell_until_stored(&self, key: &str) -> Answer {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            match self.sell(key) {
                Ok(answer) => return answer,
                Err(error) => assert!(Instant::now() < deadline, "never stored: {error:?}"),
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn follow(&self) -> TcpStream {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let far = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let near = Arc::new(listener.accept().unwrap().0);
        let client = Client::new(near, Dialect::Sync(Kinds::All), self.app.feed());
        self.app.feed().join_after(Arc::clone(&client), 0).unwrap();
        client.uncork();
        far
    }
}

fn sale(customer: &str) -> Sale {
    Sale {
        customer_name: customer.to_string(),
        customer_phone: String::new(),
        customer_address: String::new(),
        sale_by: String::new(),
        items: Items::new(r#"[{"name":"Bulb","price":1,"quantity":1}]"#, 1),
        subtotal: Money::from_minor_units(100),
        discount: Discount::Amount(Money::default()),
        discount_percentage: 0.0,
        total: Money::from_minor_units(100),
        amounts_flagged: None,
    }
}

/// The sequences of all frames that a follower got until the feed stopped.
fn sequences(mut far: TcpStream) -> Vec<u64> {
    let mut bytes = Vec::new();
    far.read_to_end(&mut bytes).unwrap();
    String::from_utf8_lossy(&bytes)
        .split("\"seq\":")
        .skip(1)
        .map(|rest| rest.split(',').next().unwrap().parse().unwrap())
        .collect()
}

#[test]
fn a_commit_whose_sync_failed_but_landed_is_shown_and_its_repetition_gets_the_stored_answer() {
    let shop = Shop::open();
    let far = shop.follow();
    let first = shop.sell("first").unwrap();
    shop.break_disk(true);
    assert_eq!(shop.sell("second"), Err(SubmitError::OutcomeUnknown));
    shop.mend();
    let second = shop.sell_until_stored("second");
    let third = shop.sell_until_stored("third");
    assert!(first != second && second != third);
    assert_eq!(shop.sell("second").unwrap(), second);
    shop.app.feed().stop();
    assert_eq!(sequences(far), [1, 2, 3], "each change once, in order, none left out");
    assert_eq!(shop.app.snapshot().unwrap().seq().unwrap(), 3);
}

#[test]
fn a_commit_whose_sync_failed_and_did_not_land_is_stored_by_its_repetition() {
    let shop = Shop::open();
    let far = shop.follow();
    shop.sell("first").unwrap();
    shop.break_disk(false);
    assert_eq!(shop.sell("second"), Err(SubmitError::OutcomeUnknown));
    assert!(shop.sell("second").is_err(), "a broken disk never stores");
    shop.mend();
    shop.sell_until_stored("second");
    shop.app.feed().stop();
    assert_eq!(sequences(far), [1, 2]);
    assert_eq!(shop.app.snapshot().unwrap().seq().unwrap(), 2);
}

#[test]
fn what_a_fault_left_unshown_is_shown_without_waiting_for_another_command() {
    let shop = Shop::open();
    let mut far = shop.follow();
    shop.break_disk(true);
    assert_eq!(shop.sell("only"), Err(SubmitError::OutcomeUnknown));
    shop.mend();
    far.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut seen = [0; 512];
    let length = far.read(&mut seen).unwrap();
    assert!(String::from_utf8_lossy(&seen[..length]).contains("\"seq\":1,"));
}

#[test]
fn when_too_many_commands_wait_the_next_one_is_told_so_and_nothing_is_lost() {
    /// More than the queue and a batch take.
    const CALLERS: usize = 1_500;
    let shop = Shop::open();
    let gate = shop.disk.gate.lock().unwrap();
    let refused = AtomicUsize::new(0);
    let stored = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for index in 0..CALLERS {
            let (shop, refused, stored) = (&shop, &refused, &stored);
            let builder = std::thread::Builder::new().stack_size(256 << 10);
            let call = move || match shop.sell(&format!("key {index}")) {
                Ok(_) => stored.fetch_add(1, Ordering::SeqCst),
                Err(SubmitError::QueueFull) => refused.fetch_add(1, Ordering::SeqCst),
                Err(other) => panic!("{other:?}"),
            };
            builder.spawn_scoped(scope, call).unwrap();
        }
        let deadline = Instant::now() + Duration::from_secs(30);
        while refused.load(Ordering::SeqCst) == 0 {
            assert!(Instant::now() < deadline, "nobody was refused");
            std::thread::sleep(Duration::from_millis(5));
        }
        drop(gate);
    });
    let (refused, stored) = (refused.into_inner(), stored.into_inner());
    assert_eq!(refused + stored, CALLERS);
    assert!(stored >= 1_024, "those in the queue are carried out, not {stored}");
    assert_eq!(shop.app.snapshot().unwrap().seq().unwrap(), stored as u64);
}
