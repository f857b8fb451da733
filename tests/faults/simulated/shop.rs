//! A shop on a disk in memory, and what its tills do.

use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use tillsync::app::{
    Answer, App, Command, DiskSpace, Idempotency, Outcome, Progress, Refusal, ShopClock, Submission, SubmitError,
    Ticket, Verdict,
};
use tillsync::domain::{Asker, Currency, Discount, Items, Kind, MadeAt, Money, RecordKey, Sale, SaleDraft, Timestamp};
use tillsync::live::{Client, Encoding, Kinds, View};
use tillsync::store::Store;

use crate::simulated::disk::Disk;
use crate::support::{DEADLINE, wait_until};

/// Of a journal that is as large as a shop's.
pub const HALF_BYTES: usize = 512 << 10;

pub struct Shop {
    pub disk: Arc<Disk>,
    pub app: App,
}

impl Shop {
    /// On a new disk.
    pub fn open() -> Self {
        Self::open_on(&Arc::default())
    }

    pub fn open_on(disk: &Arc<Disk>) -> Self {
        Self::run(disk, disk.open(HALF_BYTES).unwrap())
    }

    /// On a store of this disk that is open already.
    pub fn run(disk: &Arc<Disk>, store: Store) -> Self {
        let app = App::start(store, ShopClock::new(TimeZone::UTC)).unwrap();
        Self { disk: Arc::clone(disk), app }
    }

    /// On a disk that has no room for a journal, until its `lacks_room` is cleared and there are enough free bytes: those that
    /// are returned, at first enough for sales and not for a journal.
    pub fn without_room_for_a_journal(disk: &Arc<Disk>, half_bytes: usize) -> (Self, Arc<AtomicU64>) {
        disk.lacks_room.store(true, Ordering::SeqCst);
        let free_bytes = Arc::new(AtomicU64::new(half_bytes as u64));
        let space = DiskSpace::reading(0, {
            let free_bytes = Arc::clone(&free_bytes);
            move || Some(free_bytes.load(Ordering::SeqCst))
        });
        let store = disk.open(half_bytes).unwrap();
        let app = App::start_with_space(store, ShopClock::new(TimeZone::UTC), space).unwrap();
        (Self { disk: Arc::clone(disk), app }, free_bytes)
    }

    pub fn send(&self, submission: &Submission) -> Result<Answer, SubmitError> {
        self.app.submit(submission.clone())
    }

    /// Stores an estimate for a customer of this name.
    pub fn sell(&self, key: &str) -> Result<Answer, SubmitError> {
        self.send(&keyed(key, create(key)))
    }

    /// Hands in a command for the writer, on the thread that is going to wait for its answer, while another command is on its
    /// way to the disk.
    pub fn queue(&self, submission: &Submission) -> Ticket {
        match self.app.begin(submission.clone()) {
            Ok(Progress::Pending(pending)) => pending,
            Ok(Progress::Done(_)) => panic!("nothing else was on its way"),
            Err(error) => panic!("{error:?}"),
        }
    }

    /// Does something while `first` is in its sync, which ends when that is done; returns the answer to `first` beside.
    pub fn during_the_sync_of<T>(&self, first: impl FnOnce() -> Answer + Send, act: impl FnOnce() -> T) -> (Answer, T) {
        let gate = self.disk.gate.lock().unwrap();
        let before = self.disk.syncs_begun();
        thread::scope(|scope| {
            let first = scope.spawn(first);
            wait_until("the first sync to begin", || self.disk.syncs_begun() > before);
            let done = act();
            drop(gate);
            (first.join().unwrap(), done)
        })
    }

    /// Sends it again until the disk is well.
    pub fn send_until_answered(&self, submission: &Submission) -> Answer {
        let deadline = Instant::now() + DEADLINE;
        loop {
            match self.send(submission) {
                Ok(answer) => return answer,
                Err(error) => assert!(Instant::now() < deadline, "never stored: {error:?}"),
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    pub fn seq(&self) -> u64 {
        self.app.read(Asker::Anybody).unwrap().seq().unwrap()
    }

    pub fn stop(self) {
        self.app.feed().stop();
        self.app.stop();
    }
}

/// A command under its key.
pub fn keyed(key: &str, command: Command) -> Submission {
    Submission {
        command,
        made_at: made_at(key),
        asker: Asker::Anybody,
        from: None,
        idempotency: Some(Idempotency::by_key(0, &[], key, &["POST", "/"], key.as_bytes())),
        expected_revs: None,
        render,
    }
}

/// Every other command has waited on its device for a few hours.
fn made_at(key: &str) -> MadeAt {
    let is_late = key.bytes().map(u32::from).sum::<u32>() % 2 == 0;
    let now = ShopClock::new(TimeZone::UTC).now();
    let earlier = Timestamp { unix_micros: now.unix_micros - 3 * 3_600 * 1_000_000, ..now };
    if is_late { MadeAt::At(earlier) } else { MadeAt::Unsaid }
}

/// Says what was done and, after a bar, when.
fn render(verdict: &Verdict, _: Currency) -> Answer {
    let (status, text) = match verdict {
        Ok(Outcome::EstimateCreated(receipt) | Outcome::SaleCreated(receipt)) => {
            (201, format!("{} {}|{}", receipt.key, receipt.customer_name, receipt.created_at.unix_micros))
        }
        Ok(Outcome::EstimateConverted(done)) => {
            (201, format!("{} {}|{}", done.order.key, done.estimate, done.order.created_at.unix_micros))
        }
        Ok(Outcome::EstimateEdited(key, rev, _)) => (200, format!("{key} {rev}")),
        Ok(other) => (200, format!("{other:?}")),
        Err(refusal @ (Refusal::Unreadable | Refusal::AnswerUnreadable)) => (500, format!("{refusal:?}")),
        Err(refusal) => (409, format!("{refusal:?}")),
    };
    Answer { status, rev: None, body: text.into_bytes() }
}

pub fn create(customer: &str) -> Command {
    Command::CreateEstimate(Box::new(sale(customer, 1)))
}

pub fn create_sale(customer: &str, estimate: Option<RecordKey>) -> Command {
    Command::CreateSale(Box::new(SaleDraft {
        sale: sale(customer, 1),
        amount_paid: Money::from_minor_units(100),
        payment_mode: "Cash".to_string(),
        source_estimate_id: estimate.map(|key| key.id().to_string()),
        source_estimate_number: None,
    }))
}

pub fn estimate(number: u32) -> RecordKey {
    RecordKey::new(Kind::Estimate, number)
}

pub fn order(number: u32) -> RecordKey {
    RecordKey::new(Kind::Order, number)
}

/// A sale with this many items, each of 50 bytes.
pub fn sale(customer: &str, items: u32) -> Sale {
    let item = r#"{"name":"Bulb, warm white","price":1,"quantity":1}"#;
    Sale {
        customer_name: customer.to_string(),
        customer_phone: "98450 12345".to_string(),
        customer_address: String::new(),
        sale_by: String::new(),
        items: Items::new(format!("[{}]", vec![item; items as usize].join(",")), items),
        subtotal: Money::from_minor_units(100),
        discount: Discount::Amount(Money::default()),
        discount_percentage: 0.0,
        total: Money::from_minor_units(100),
        amounts_flagged: None,
    }
}

/// A live client of the shop that has seen nothing yet.
pub fn follow(shop: &Shop) -> TcpStream {
    follow_as(&shop.app, Asker::Anybody)
}

/// The same for one who was let in as this.
pub fn follow_as(app: &App, asker: Asker) -> TcpStream {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let far = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let near = Arc::new(listener.accept().unwrap().0);
    let (feed, encoding) = (app.feed(), Encoding::Sync(Kinds::All));
    let client = feed
        .admit(|| {
            let view = View::new(encoding, Arc::new(app.sight(asker).unwrap()), app.run().into());
            let view = feed.shared_view(view).unwrap();
            Ok::<_, ()>(Client::new(near, encoding, (asker, view), feed.counts()))
        })
        .unwrap();
    app.feed().join_after(&client, 0).unwrap();
    client.go_live(None);
    client.uncork();
    far
}

/// The sequences of all frames that a follower got until the feed stopped.
pub fn sequences(mut far: TcpStream) -> Vec<u64> {
    let mut bytes = Vec::new();
    far.read_to_end(&mut bytes).unwrap();
    String::from_utf8_lossy(&bytes)
        .split("\"seq\":")
        .skip(1)
        .map(|rest| rest.split(',').next().unwrap().parse().unwrap())
        .collect()
}
