//! Receiving from a crossbeam channel by sleeping until something is there (blocking receive without busy waiting). A
//! channel's own `recv` spins and yields its time slice several times before it sleeps, which takes time from those whom the
//! broadcaster has just served; a selection (`Select`) of the one channel sleeps at once. The writer, which is fed many
//! commands at a time, receives by `recv` itself.

use std::time::Instant;

use crossbeam_channel::{Receiver, RecvTimeoutError, Select, TryRecvError};

/// The next item, waiting for it, at the longest until `deadline` if there is one.
pub fn recv<T>(items: &Receiver<T>, deadline: Option<Instant>) -> Result<T, RecvTimeoutError> {
    match items.try_recv() {
        Ok(item) => return Ok(item),
        Err(TryRecvError::Disconnected) => return Err(RecvTimeoutError::Disconnected),
        Err(TryRecvError::Empty) => {}
    }
    let mut select = Select::new();
    select.recv(items);
    let selected = match deadline {
        Some(deadline) => select.select_deadline(deadline).map_err(|_| RecvTimeoutError::Timeout)?,
        None => select.select(),
    };
    selected.recv(items).map_err(|_| RecvTimeoutError::Disconnected)
}

#[cfg(test)]
mod tests {
    use std::thread;
    use std::time::Duration;

    use crossbeam_channel::bounded;

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
            match recv(&receiver, None) {
                Ok((number, item)) => {
                    let next = &mut next[number as usize];
                    assert_eq!(item, *next);
                    *next += 1;
                }
                Err(reason) => {
                    assert_eq!(reason, RecvTimeoutError::Disconnected);
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
    fn a_receiver_waits_no_longer_than_its_deadline() {
        let (sender, receiver) = bounded(8);
        let soon = || Some(Instant::now() + Duration::from_millis(5));
        assert_eq!(recv(&receiver, soon()), Err(RecvTimeoutError::Timeout));
        sender.send(1).unwrap();
        assert_eq!(recv(&receiver, Some(Instant::now())), Ok(1));
        drop(sender);
        assert_eq!(recv(&receiver, soon()), Err(RecvTimeoutError::Disconnected));
    }
}
