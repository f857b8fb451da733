//! Memory for what is large, shared by all connections (promise 8): request bodies, and answers that wait for their client.
//!
//! What a connection holds up to [`OWN_BYTES_MAX`] is its own and never asked for, so that however many large bodies there
//! are, an ordinary sale is not refused for them. Only what is beyond is taken from the budget, and only as it arrives:
//! announcing a body takes nothing away from others.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};

use super::problem::Problem;

/// Of a body or an answer, what every connection may hold without asking. An ordinary bill takes 1 to 4 KiB.
pub(crate) const OWN_BYTES_MAX: usize = 16 << 10;
/// What all connections together may hold beyond that.
const SHARED_BYTES_MAX: usize = 64 << 20;

/// Readings of the log at once. Each holds large records for a moment, before it is known how much that is.
const READINGS_AT_ONCE_MAX: usize = 8;

/// What is left for everybody.
#[derive(Debug)]
pub(crate) struct MemoryBudget {
    free: AtomicUsize,
    /// Readings that go on now.
    readings: Mutex<usize>,
    reading_ended: Condvar,
}

impl Default for MemoryBudget {
    fn default() -> Self {
        Self { free: AtomicUsize::new(SHARED_BYTES_MAX), readings: Mutex::new(0), reading_ended: Condvar::new() }
    }
}

/// One of the few places for a reading of the log. It comes back by `Drop`.
#[derive(Debug)]
pub(crate) struct Turn<'a>(&'a MemoryBudget);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *self.0.readings.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        self.0.reading_ended.notify_one();
    }
}

/// The part of the budget that one body or answer has taken. It comes back by `Drop`.
#[derive(Debug)]
pub(crate) struct Reservation<'a> {
    budget: &'a MemoryBudget,
    taken: usize,
}

/// All of the budget is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BudgetExhausted;

impl MemoryBudget {
    /// A share that covers what is a connection's own.
    pub fn reservation(&self) -> Reservation<'_> {
        Reservation { budget: self, taken: 0 }
    }

    /// Waits for a turn to read the log. Nobody who has one waits for a client.
    pub fn turn(&self) -> Turn<'_> {
        let mut readings = self.readings.lock().unwrap_or_else(PoisonError::into_inner);
        while *readings >= READINGS_AT_ONCE_MAX {
            readings = self.reading_ended.wait(readings).unwrap_or_else(PoisonError::into_inner);
        }
        *readings += 1;
        Turn(self)
    }
}

impl Reservation<'_> {
    /// Makes the share cover so many bytes in all. Without room for them it stays as it is.
    pub fn cover(&mut self, bytes: usize) -> Result<(), BudgetExhausted> {
        let more = bytes.saturating_sub(OWN_BYTES_MAX).saturating_sub(self.taken);
        if more == 0 {
            return Ok(());
        }
        let take = |free: usize| free.checked_sub(more);
        self.budget.free.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).map_err(|_| BudgetExhausted)?;
        self.taken += more;
        Ok(())
    }

    /// Whether it has anything of the budget.
    pub fn is_taken(&self) -> bool {
        self.taken > 0
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        if self.taken > 0 {
            self.budget.free.fetch_add(self.taken, Ordering::Relaxed);
        }
    }
}

impl From<BudgetExhausted> for Problem {
    fn from(_: BudgetExhausted) -> Self {
        Self::new(503, "Too many large requests at the moment. Please send it again shortly.")
            .with_header("Retry-After", "2")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_bodies_share_a_budget_and_small_ones_never_meet_it() {
        let budget = MemoryBudget::default();
        let mut large: Vec<Reservation<'_>> = Vec::new();
        loop {
            let mut reservation = budget.reservation();
            reservation.cover(100).unwrap();
            if reservation.cover(1 << 20).is_err() {
                break;
            }
            large.push(reservation);
        }
        assert_eq!(large.len(), SHARED_BYTES_MAX / ((1 << 20) - OWN_BYTES_MAX));
        budget.reservation().cover(OWN_BYTES_MAX).unwrap();

        // Growing takes the difference only, and everything comes back.
        large.pop();
        let mut reservation = budget.reservation();
        for bytes in [1 << 18, 1 << 19, 1 << 20] {
            reservation.cover(bytes).unwrap();
        }
        assert_eq!(budget.reservation().cover(1 << 20), Err(BudgetExhausted));
        drop((large, reservation));
        assert_eq!(budget.free.load(Ordering::Relaxed), SHARED_BYTES_MAX);
    }
}
