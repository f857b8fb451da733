//! Everybody who was let in to a live connection, so that he can be shut out wherever he stands.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::client::Client;
use crate::domain::Asker;

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
    pub fn add(&self, client: &Arc<Client>) {
        let mut members = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if members.clients.len() >= members.sweep_at {
            members.clients.retain(|client| client.strong_count() > 0);
            members.sweep_at = 2 * members.clients.len() + SWEEP_CLIENTS;
        }
        members.clients.push(Arc::downgrade(client));
    }

    /// Shuts out those for whom `judge` gives a code and a reason. True if a close frame waits to be sent.
    pub fn end(&self, judge: impl Fn(Asker) -> Option<(u16, &'static str)>) -> bool {
        let members = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut is_waiting = false;
        for client in members.clients.iter().filter_map(Weak::upgrade) {
            if let Some((code, reason)) = judge(client.asker()) {
                is_waiting |= client.shut(code, reason);
            }
        }
        is_waiting
    }
}
