//! The way back from the writer: one value, to a caller that waits for it or to what is to be done with it, and one wake-up
//! at most.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};

use crate::app::commands::{Answer, InFlightGuard, SubmitError};

pub(crate) type CommandResult = Result<Answer, SubmitError>;

struct Slot {
    state: Mutex<TicketState>,
    caller: Thread,
}

enum TicketState {
    /// Nothing has come yet.
    Open,
    Answered(CommandResult),
    /// What to do with the reply when it comes.
    Then(Box<dyn FnOnce(CommandResult) + Send>),
    Done,
}

impl Slot {
    fn state(&self) -> MutexGuard<'_, TicketState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Held by the writer. A caller is always answered: dropping this unused says that the outcome is unknown.
pub(crate) struct Answerer {
    slot: Option<Arc<Slot>>,
    /// Given back before the caller hears of it: its next request may have the same key.
    in_flight: Option<InFlightGuard>,
}

/// How far a command has come that was submitted.
pub enum Progress {
    /// It is done.
    Done(Answer),
    /// It waits for the writer.
    Pending(Ticket),
}

/// The answer to a command that waits for the writer.
pub struct Ticket {
    slot: Arc<Slot>,
}

/// A pair for the calling thread.
pub(crate) fn pair(in_flight: Option<InFlightGuard>) -> (Answerer, Ticket) {
    let slot = Arc::new(Slot { state: Mutex::new(TicketState::Open), caller: thread::current() });
    (Answerer { slot: Some(Arc::clone(&slot)), in_flight }, Ticket { slot })
}

impl Answerer {
    pub fn answer(mut self, result: CommandResult) {
        self.put(result);
    }

    fn put(&mut self, result: CommandResult) {
        let Some(slot) = self.slot.take() else { return };
        drop(self.in_flight.take());
        let mut state = slot.state();
        match std::mem::replace(&mut *state, TicketState::Done) {
            TicketState::Then(act) => {
                drop(state);
                act(result);
            }
            TicketState::Open | TicketState::Answered(_) | TicketState::Done => {
                *state = TicketState::Answered(result);
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

impl Ticket {
    /// Waits for the reply, on the thread that has submitted the command.
    pub fn wait(self) -> CommandResult {
        loop {
            if let Some(result) = take(&mut self.slot.state()) {
                return result;
            }
            thread::park();
        }
    }

    /// Has something done with the reply: here if it is there already, else on the writer's thread, which waits for it to be
    /// done. So it must be short, and must not wait for anybody.
    pub fn then(self, act: impl FnOnce(CommandResult) + Send + 'static) {
        let mut state = self.slot.state();
        match take(&mut state) {
            Some(result) => {
                drop(state);
                act(result);
            }
            None => *state = TicketState::Then(Box::new(act)),
        }
    }
}

fn take(state: &mut TicketState) -> Option<CommandResult> {
    match std::mem::replace(state, TicketState::Done) {
        TicketState::Answered(result) => Some(result),
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
            let act = move |result| done.send(result).unwrap();
            if is_before {
                answerer.answer(Err(SubmitError::KeyReused));
                pending.then(act);
            } else {
                pending.then(act);
                drop(answerer);
            }
        }
        drop(done);
        let seen: Vec<CommandResult> = seen.iter().collect();
        assert_eq!(seen, [Err(SubmitError::KeyReused), Err(SubmitError::OutcomeUnknown)]);
    }
}
