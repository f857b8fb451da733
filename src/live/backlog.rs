//! How far the screens are behind what is stored. Commits can outrun the broadcaster, which has more to do for each change
//! the more clients there are; then they wait until it has caught up, and are committed more at a time instead.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Changes that are published and not sent yet; with more, the next commit waits. With fewer the sockets get smaller
/// batches, with more the screens are later and no more gets done (measured with 200 clients on two cores).
pub(crate) const UNSENT_CHANGES_MAX: usize = 256;

#[derive(Debug, Default)]
pub(crate) struct Backlog {
    changes: Mutex<usize>,
    is_less: Condvar,
}

impl Backlog {
    /// Notes changes that are on their way to the broadcaster.
    pub fn add(&self, changes: usize) {
        *self.lock() += changes;
    }

    /// Notes that they are sent.
    pub fn take(&self, changes: usize) {
        let mut waiting = self.lock();
        let was_over = *waiting > UNSENT_CHANGES_MAX;
        *waiting = waiting.saturating_sub(changes);
        if was_over && *waiting <= UNSENT_CHANGES_MAX {
            self.is_less.notify_all();
        }
    }

    /// Waits while there are too many. The broadcaster waits for nobody, so they become fewer.
    pub fn wait(&self) {
        let mut waiting = self.lock();
        while *waiting > UNSENT_CHANGES_MAX {
            waiting = self.is_less.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Nothing will be sent any more.
    pub fn clear(&self) {
        self.take(usize::MAX);
    }

    fn lock(&self) -> MutexGuard<'_, usize> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::thread;
    use std::time::Duration;

    use super::*;

    #[test]
    fn whoever_waits_goes_on_when_there_are_few_enough_and_not_before() {
        let backlog = Backlog::default();
        backlog.add(UNSENT_CHANGES_MAX);
        // So many are no reason to wait.
        backlog.wait();
        backlog.add(2);
        let (went_on, has_gone_on) = channel();
        thread::scope(|scope| {
            scope.spawn(|| {
                backlog.wait();
                went_on.send(()).unwrap();
            });
            backlog.take(1);
            assert!(has_gone_on.recv_timeout(Duration::from_millis(50)).is_err());
            backlog.take(1);
            has_gone_on.recv().unwrap();
            backlog.add(UNSENT_CHANGES_MAX);
            scope.spawn(|| {
                backlog.wait();
                went_on.send(()).unwrap();
            });
            backlog.clear();
            has_gone_on.recv().unwrap();
        });
    }
}
