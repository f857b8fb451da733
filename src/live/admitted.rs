//! Everybody who was let in to a live connection, so that he can be shut out wherever he stands.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::client::Client;
use super::event::Regrouping;
use super::view::Views;
use crate::domain::{Asker, Sight};

/// Clients between two looks for those that have gone.
const SWEEP_CLIENTS: usize = 64;

/// The clients, of which some may have gone.
#[derive(Default)]
pub(crate) struct Admitted(Mutex<Members>);

#[derive(Default)]
struct Members {
    clients: Vec<Weak<Client>>,
    /// When there are so many, those that have gone are looked for.
    sweep_at: usize,
}

impl Admitted {
    /// Adds the client that `make` makes. Meanwhile nobody is judged: one that is made by rights that have just changed is judged
    /// by the new ones afterwards.
    pub fn add<E>(&self, make: impl FnOnce() -> Result<Arc<Client>, E>) -> Result<Arc<Client>, E> {
        let mut members = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if members.clients.len() >= members.sweep_at {
            members.clients.retain(|client| client.strong_count() > 0);
            members.sweep_at = 2 * members.clients.len() + SWEEP_CLIENTS;
        }
        let client = make()?;
        members.clients.push(Arc::downgrade(&client));
        Ok(client)
    }

    /// Judges everybody: shuts those out who are to be, and gives those who see something else another view. These come back, and
    /// whether a close frame waits to be sent.
    pub fn review(&self, judge: impl Fn(Asker) -> Ruling, views: &Views) -> (Vec<Regrouping>, bool) {
        let members = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut regroupings, mut is_waiting) = (Vec::new(), false);
        for client in members.clients.iter().filter_map(Weak::upgrade) {
            let sight = match judge(client.asker()) {
                Ruling::Out(code, reason) => {
                    is_waiting |= client.shut(code, reason);
                    continue;
                }
                Ruling::Sees(sight) => sight,
            };
            let view = client.view();
            let next = view.with(client.encoding(), sight);
            if next.epoch() == view.epoch() {
                continue;
            }
            // Until all are told there are the old views as well as the new ones, so the limit is for those who come in.
            let next = views.shared(next, usize::MAX).unwrap_or(view);
            client.set_view(Arc::clone(&next));
            regroupings.push((client, next));
        }
        (regroupings, is_waiting)
    }
}

/// What becomes of a client when rights have changed.
pub enum Ruling {
    /// It is shut out, with this code and reason.
    Out(u16, &'static str),
    /// It sees this.
    Sees(Arc<Sight>),
}
