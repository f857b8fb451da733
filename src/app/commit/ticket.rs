//! The way back from the writer: one value, to a caller that waits for it or to what is to be done with it, and one wake-up
//! at most.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};

use super::idempotency::Place;
use crate::app::commands::{Answer, SubmitError};

pub(crate) type Reply = Result<Answer, SubmitError>;

struct Slot {
    state: Mutex<State>,
    caller: Thread,
}

enum State {
    /// Nothing has come yet.
    Open,
    Answered(Reply),
    /// What to do with the reply when it comes.
    Then(Box<dyn FnOnce(Reply) + Send>),
    Done,
}

impl Slot {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Held by the writer. A caller is always answered: dropping this unused says that the outcome is unknown.
pub(crate) struct Answerer {
    slot: Option<Arc<Slot>>,
    /// Given back before the caller hears of it: its next request may have the same key.
    place: Option<Place>,
}

/// How far a command has come that was submitted.
pub enum Progress {
    /// It is done.
    Done(Answer),
    /// It waits for the writer.
    Pending(Pending),
}

/// The answer to a command that waits for the writer.
pub struct Pending {
    slot: Arc<Slot>,
}

/// A pair for the calling thread.
pub(crate) fn pair(place: Option<Place>) -> (Answerer, Pending) {
    let slot = Arc::new(Slot { state: Mutex::new(State::Open), caller: thread::current() });
    (Answerer { slot: Some(Arc::clone(&slot)), place }, Pending { slot })
}

impl Answerer {
    pub fn answer(mut self, reply: Reply) {
        self.put(reply);
    }

    fn put(&mut self, reply: Reply) {
        let Some(slot) = self.slot.take() else { return };
        drop(self.place.take());
        let mut state = slot.state();
        match std::mem::replace(&mut *state, State::Done) {
            State::Then(act) => {
                drop(state);
                act(reply);
            }
            State::Open | State::Answered(_) | State::Done => {
                *state = State::Answered(reply);
                drop(state);
                slot.caller.unpark();
            }
        }
    }
}

impl Drop for Answerer {
    fn drop(&mut self) {
        self.put(Err(SubmitError::OutcomeUnknown));
    }
}

impl Pending {
    /// Waits for the reply, on the thread that has submitted the command.
    pub fn wait(self) -> Reply {
        loop {
            if let Some(reply) = take(&mut self.slot.state()) {
                return reply;
            }
            thread::park();
        }
    }

    /// Has something done with the reply: here if it is there already, else on the writer's thread, which waits for it to be
    /// done. So it must be short, and must not wait for anybody.
    pub fn then(self, act: impl FnOnce(Reply) + Send + 'static) {
        let mut state = self.slot.state();
        match take(&mut state) {
            Some(reply) => {
                drop(state);
                act(reply);
            }
            None => *state = State::Then(Box::new(act)),
        }
    }
}

fn take(state: &mut State) -> Option<Reply> {
    match std::mem::replace(state, State::Done) {
        State::Answered(reply) => Some(reply),
        other => {
            *state = other;
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn a_caller_is_answered_even_when_its_command_is_dropped() {
        let (answerer, pending) = pair(None);
        let writer = thread::spawn(move || answerer.answer(Err(SubmitError::KeyReused)));
        assert_eq!(pending.wait(), Err(SubmitError::KeyReused));
        writer.join().unwrap();

        let (answerer, pending) = pair(None);
        drop(answerer);
        assert_eq!(pending.wait(), Err(SubmitError::OutcomeUnknown));
    }

    #[test]
    fn what_is_to_be_done_is_done_once_whether_the_reply_comes_before_or_after() {
        let (done, seen) = mpsc::channel();
        for is_before in [true, false] {
            let (answerer, pending) = pair(None);
            let done = done.clone();
            let act = move |reply| done.send(reply).unwrap();
            if is_before {
                answerer.answer(Err(SubmitError::KeyReused));
                pending.then(act);
            } else {
                pending.then(act);
                drop(answerer);
            }
        }
        drop(done);
        let seen: Vec<Reply> = seen.iter().collect();
        assert_eq!(seen, [Err(SubmitError::KeyReused), Err(SubmitError::OutcomeUnknown)]);
    }
}
