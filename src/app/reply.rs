//! The way back from the writer to the caller that waits: one value, one wake-up, no spinning.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, Thread};

use super::command::{Answer, SubmitError};

pub(super) type Reply = Result<Answer, SubmitError>;

struct Slot {
    reply: Mutex<Option<Reply>>,
    caller: Thread,
}

/// Held by the writer. A caller is always answered: dropping this unused says that the outcome is unknown.
pub(super) struct Answerer {
    slot: Option<Arc<Slot>>,
}

/// Held by the caller.
pub(super) struct Pending {
    slot: Arc<Slot>,
}

/// A pair for the calling thread.
pub(super) fn pair() -> (Answerer, Pending) {
    let slot = Arc::new(Slot { reply: Mutex::new(None), caller: thread::current() });
    (Answerer { slot: Some(Arc::clone(&slot)) }, Pending { slot })
}

impl Answerer {
    pub fn answer(mut self, reply: Reply) {
        self.put(reply);
    }

    fn put(&mut self, reply: Reply) {
        if let Some(slot) = self.slot.take() {
            *slot.reply.lock().unwrap_or_else(PoisonError::into_inner) = Some(reply);
            slot.caller.unpark();
        }
    }
}

impl Drop for Answerer {
    fn drop(&mut self) {
        self.put(Err(SubmitError::OutcomeUnknown));
    }
}

impl Pending {
    /// Waits for the reply, on the thread that made the pair.
    pub fn wait(self) -> Reply {
        loop {
            if let Some(reply) = self.slot.reply.lock().unwrap_or_else(PoisonError::into_inner).take() {
                return reply;
            }
            thread::park();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_is_answered_even_when_its_command_is_dropped() {
        let (answerer, pending) = pair();
        let writer = thread::spawn(move || answerer.answer(Err(SubmitError::KeyReused)));
        assert_eq!(pending.wait(), Err(SubmitError::KeyReused));
        writer.join().unwrap();

        let (answerer, pending) = pair();
        drop(answerer);
        assert_eq!(pending.wait(), Err(SubmitError::OutcomeUnknown));
    }
}
