//! The queues into the writer, the broadcaster and the log: bounded crossbeam channels whose one receiver sleeps after one
//! look more when there is nothing to do, and is woken once for as many items as it asked for. A channel's own `recv` first yields its
//! time slice several times for each item, which on two cores takes the time from the threads that it waits for.

use std::sync::atomic::{AtomicUsize, Ordering, fence};
use std::sync::{Arc, OnceLock};
use std::thread::{self, Thread};
use std::time::Instant;

use crossbeam_channel::TryRecvError;
pub use crossbeam_channel::TrySendError;

/// A queue with room for `items_max` items.
pub fn bounded<T>(items_max: usize) -> (Sender<T>, Receiver<T>) {
    let (sender, receiver) = crossbeam_channel::bounded(items_max);
    let bell = Arc::new(Bell { wanted: AtomicUsize::new(0), senders: AtomicUsize::new(1), receiver: OnceLock::new() });
    (Sender { items: Some(sender), bell: Arc::clone(&bell) }, Receiver { items: receiver, bell })
}

/// How the receiver is woken.
struct Bell {
    /// Items for which the receiver wants to be woken; 0 while it is awake.
    wanted: AtomicUsize,
    senders: AtomicUsize,
    receiver: OnceLock<Thread>,
}

impl Bell {
    fn ring(&self) {
        if self.wanted.swap(0, Ordering::SeqCst) != 0
            && let Some(receiver) = self.receiver.get()
        {
            receiver.unpark();
        }
    }
}

/// Puts items in; any number of threads may have one.
pub struct Sender<T> {
    /// `None` only while it is dropped.
    items: Option<crossbeam_channel::Sender<T>>,
    bell: Arc<Bell>,
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.bell.senders.fetch_add(1, Ordering::SeqCst);
        Self { items: self.items.clone(), bell: Arc::clone(&self.bell) }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        drop(self.items.take());
        // The receiver may wait for the end, which the last sender is.
        if self.bell.senders.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.bell.ring();
        }
    }
}

impl<T> Sender<T> {
    /// Puts an item in, waiting for room. The item comes back if the receiver is gone.
    pub fn send(&self, item: T) -> Result<(), T> {
        let Some(items) = &self.items else { return Err(item) };
        items.send(item).map_err(|refused| refused.0)?;
        self.ring_for(items.len());
        Ok(())
    }

    /// Puts an item in if there is room.
    pub fn try_send(&self, item: T) -> Result<(), TrySendError<T>> {
        let Some(items) = &self.items else { return Err(TrySendError::Disconnected(item)) };
        items.try_send(item)?;
        self.ring_for(items.len());
        Ok(())
    }

    fn ring_for(&self, waiting: usize) {
        // Pairs with the fence of `Receiver::sleep`: either it sees the item, or this sees that it sleeps.
        fence(Ordering::SeqCst);
        let wanted = self.bell.wanted.load(Ordering::SeqCst);
        if wanted != 0 && waiting >= wanted {
            self.bell.ring();
        }
    }
}

/// Takes items out; one thread has it.
pub struct Receiver<T> {
    items: crossbeam_channel::Receiver<T>,
    bell: Arc<Bell>,
}

/// Why no item came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoItem {
    /// The deadline has passed.
    Late,
    /// The queue is empty and every sender is gone.
    Closed,
}

impl<T> Receiver<T> {
    /// The next item, if one waits.
    pub fn try_recv(&self) -> Option<T> {
        self.items.try_recv().ok()
    }

    /// The next item, waiting for it, at the longest until `deadline` if there is one.
    pub fn recv(&self, deadline: Option<Instant>) -> Result<T, NoItem> {
        // Once: whoever is about to send goes first, and under load several items are taken together.
        if self.items.is_empty() {
            thread::yield_now();
        }
        loop {
            match self.items.try_recv() {
                Ok(item) => return Ok(item),
                Err(TryRecvError::Disconnected) => return Err(NoItem::Closed),
                Err(TryRecvError::Empty) if deadline.is_some_and(|deadline| Instant::now() >= deadline) => {
                    return Err(NoItem::Late);
                }
                Err(TryRecvError::Empty) => self.sleep(1, deadline),
            }
        }
    }

    /// Waits until so many items wait, at the longest until `deadline`. It may come back early; the items say.
    pub fn wait_for(&self, items: usize, deadline: Instant) {
        if self.items.len() < items && Instant::now() < deadline {
            self.sleep(items, Some(deadline));
        }
    }

    fn sleep(&self, wanted: usize, deadline: Option<Instant>) {
        self.bell.receiver.get_or_init(thread::current);
        self.bell.wanted.store(wanted, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        if self.items.len() < wanted && self.bell.senders.load(Ordering::SeqCst) > 0 {
            match deadline {
                None => thread::park(),
                Some(deadline) => thread::park_timeout(deadline.saturating_duration_since(Instant::now())),
            }
        }
        self.bell.wanted.store(0, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn every_item_of_many_senders_arrives_once_and_the_end_is_seen() {
        let (sender, receiver) = bounded(8);
        let senders: Vec<_> = (0..4_u32)
            .map(|number| {
                let sender = sender.clone();
                thread::spawn(move || {
                    for item in 0..20_000 {
                        sender.send((number, item)).unwrap();
                    }
                })
            })
            .collect();
        drop(sender);
        let mut next = [0; 4];
        loop {
            match receiver.recv(None) {
                Ok((number, item)) => {
                    let next = &mut next[number as usize];
                    assert_eq!(item, *next);
                    *next += 1;
                }
                Err(reason) => {
                    assert_eq!(reason, NoItem::Closed);
                    break;
                }
            }
        }
        assert_eq!(next, [20_000; 4]);
        for sender in senders {
            sender.join().unwrap();
        }
    }

    #[test]
    fn a_receiver_that_wants_several_sleeps_until_they_are_there_or_it_is_late() {
        let (sender, receiver) = bounded(8);
        let feeder = thread::spawn(move || {
            for item in 0..3 {
                sender.send(item).unwrap();
            }
            sender
        });
        receiver.wait_for(3, Instant::now() + Duration::from_mins(1));
        assert_eq!(receiver.recv(None), Ok(0));
        let sender = feeder.join().unwrap();
        receiver.wait_for(3, Instant::now() + Duration::from_millis(5));
        assert_eq!((receiver.recv(None), receiver.recv(None)), (Ok(1), Ok(2)));
        assert_eq!(receiver.recv(Some(Instant::now())), Err(NoItem::Late));
        assert!(sender.send(3).is_ok());
        drop(receiver);
        assert_eq!(sender.send(4), Err(4));
    }
}
