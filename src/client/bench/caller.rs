//! One client that sends a request, waits for its answer, and sends the next, as a till does.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use std::{io, thread};

use super::http::HttpConnection;
use super::ledger::CHANGES_MAX;
use super::percentile::micros;
use super::scan;
use super::scan::RecordId;
use super::target::Target;

/// Different customers of one writer.
const CUSTOMERS: usize = 8;

/// When calls are made; shared by the callers of a measurement.
pub(crate) struct Schedule {
    /// The measurement's time zero.
    pub(crate) clock: Instant,
    time: Duration,
    /// Of all callers together; without it each calls as fast as it is answered.
    pub(crate) rate_per_second: Option<u32>,
    /// Calls that are taken; the next one's place in the schedule.
    taken: AtomicU64,
}

impl Schedule {
    /// A measurement that begins now; every caller calls as fast as it is answered.
    pub(crate) fn now(time: Duration) -> Self {
        Self::paced(Instant::now(), time, None)
    }

    /// A measurement that began at `clock`.
    pub(crate) fn paced(clock: Instant, time: Duration, rate_per_second: Option<u32>) -> Self {
        Self { clock, time, rate_per_second, taken: AtomicU64::new(0) }
    }

    /// Takes the next call and waits until it is due. False at the end. A call that is late is made at once.
    pub(crate) fn wait_for_next(&self) -> bool {
        let place = self.taken.fetch_add(1, Ordering::Relaxed);
        let due = self.rate_per_second.map_or(Duration::ZERO, |rate| {
            Duration::from_nanos(place.saturating_mul(1_000_000_000) / u64::from(rate.max(1)))
        });
        let elapsed = self.clock.elapsed();
        if place >= CHANGES_MAX || due.max(elapsed) >= self.time {
            return false;
        }
        thread::sleep(due.saturating_sub(elapsed));
        true
    }
}

/// A call that was answered with success.
pub(crate) struct Call {
    /// The record that it made.
    pub(crate) id: Option<RecordId>,
    /// Before the request was written, in microseconds of the measurement.
    pub(crate) sent_us: u32,
    pub(crate) took_us: u32,
}

/// What became of a caller's calls.
#[derive(Default)]
pub(crate) struct Calls {
    pub(crate) answered: Vec<Call>,
    pub(crate) refused: u64,
    /// Status and text of the last refusal.
    pub(crate) refusal: Option<String>,
}

impl Calls {
    /// Adds another caller's calls.
    pub(crate) fn add(&mut self, mut other: Self) {
        self.answered.append(&mut other.answered);
        self.refused += other.refused;
        self.refusal = self.refusal.take().or(other.refusal);
    }
}

/// A connection, and the requests that go over it in turn.
pub(crate) struct Caller {
    pub(crate) connection: HttpConnection,
    requests: Vec<Vec<u8>>,
    /// Of the next request.
    turn: usize,
    /// When the last request was sent.
    sent: Duration,
    makes_records: bool,
}

impl Caller {
    /// Writes estimates and sales in turn. The bodies carry no `created_at`, so that equal ones are different sales.
    pub(crate) fn writer(target: &Target, number: usize) -> io::Result<Self> {
        let requests = (0..CUSTOMERS)
            .flat_map(|customer| {
                let name = format!("Customer {number}-{customer}");
                [create(target, "estimates/create", &name, ""), create(target, "orders/create-sale", &name, SALE)]
            })
            .collect();
        Ok(Self::new(HttpConnection::open(target.address)?, requests, true))
    }

    /// Makes an estimate, and from then on reads it.
    pub(crate) fn reader(target: &Target, number: usize) -> io::Result<Self> {
        let request = create(target, "estimates/create", &format!("Reader {number}"), "");
        let mut connection = HttpConnection::open(target.address)?;
        let answer = connection.exchange(&request)?;
        let id = text_between(answer.body, "\"estimate_id\":\"", '"')
            .ok_or_else(|| io::Error::other(format!("it answers {} to a create", answer.status)))?;
        let request = format!("GET /api/estimates/{id} HTTP/1.1\r\n{}\r\n", target.headers);
        Ok(Self::new(connection, vec![request.into_bytes()], false))
    }

    fn new(connection: HttpConnection, requests: Vec<Vec<u8>>, makes_records: bool) -> Self {
        Self { connection, requests, turn: 0, sent: Duration::ZERO, makes_records }
    }

    /// Calls until the schedule ends.
    pub(crate) fn run(&mut self, schedule: &Schedule) -> io::Result<Calls> {
        let mut calls = Calls::default();
        while schedule.wait_for_next() {
            self.send(schedule)?;
            while !self.receive(schedule, &mut calls)? {}
        }
        Ok(calls)
    }

    /// Sends the next request.
    pub(crate) fn send(&mut self, schedule: &Schedule) -> io::Result<()> {
        let request = self.requests.get(self.turn % self.requests.len()).ok_or(io::ErrorKind::InvalidInput)?;
        self.turn += 1;
        self.sent = schedule.clock.elapsed();
        self.connection.send(request)
    }

    /// Reads what has come; true if that was the rest of the answer.
    pub(crate) fn receive(&mut self, schedule: &Schedule, calls: &mut Calls) -> io::Result<bool> {
        let Some(answer) = self.connection.receive()? else { return Ok(false) };
        let took = schedule.clock.elapsed().saturating_sub(self.sent);
        if (200..300).contains(&answer.status) {
            let id = if self.makes_records { scan::answer_id(answer.body) } else { None };
            calls.answered.push(Call { id, sent_us: micros(self.sent), took_us: micros(took) });
        } else {
            calls.refused += 1;
            calls.refusal = Some(format!("{}: {}", answer.status, String::from_utf8_lossy(answer.body)));
        }
        Ok(true)
    }
}

/// What a sale says besides what an estimate says.
const SALE: &str = r#","payment_mode":"UPI","amount_paid":1260.0"#;

/// A create of four lines, about 700 bytes, as the app sends it.
fn create(target: &Target, path: &str, customer: &str, more: &str) -> Vec<u8> {
    let body = format!(
        r#"{{"customer_name":"{customer}","customer_phone":"+91 98450 12345","customer_address":"12 MG Road, Nashik","sale_by":"Ravi","items":[{{"id":1,"name":"LED bulb 9 W, cool white","price":110.0,"quantity":4,"discount":0}},{{"id":2,"name":"Switch 6 A, one way","price":45.0,"quantity":8,"discount":0}},{{"id":3,"name":"Copper wire 1.5 sq mm, 10 m","price":230.0,"quantity":1,"discount":0}},{{"id":4,"name":"Ceiling rose","price":23.0,"quantity":10,"discount":0}}],"subtotal":1260.0,"discount_amount":0.0,"is_percentage_discount":false,"discount_percentage":0.0,"total":1260.0{more}}}"#,
    );
    let head = format!(
        "POST /api/{path} HTTP/1.1\r\n{}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        target.headers,
        body.len()
    );
    [head.into_bytes(), body.into_bytes()].concat()
}

fn text_between<'a>(text: &'a [u8], start: &str, end: char) -> Option<&'a str> {
    let (_, behind) = str::from_utf8(text).ok()?.split_once(start)?;
    behind.split(end).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_spreads_the_calls_over_the_time() {
        let schedule = Schedule::paced(Instant::now(), Duration::from_secs(60), Some(100));
        assert!((0..5).all(|_| schedule.wait_for_next()));
        assert!(schedule.clock.elapsed() >= Duration::from_millis(40));
        // A slow machine makes fewer calls in the time, but none makes more.
        let schedule = Schedule::paced(Instant::now(), Duration::from_millis(50), Some(100));
        assert!((0..6).any(|_| !schedule.wait_for_next()));
    }

    #[test]
    fn a_schedule_ends_when_its_time_is_over() {
        assert!(!Schedule::now(Duration::ZERO).wait_for_next());
        assert!(Schedule::now(Duration::from_secs(60)).wait_for_next());
    }
}
