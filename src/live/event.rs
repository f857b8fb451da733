//! What the channel to the broadcaster carries: changes, in commit order, and clients that come and go.

use std::sync::Arc;

use crossbeam_channel::Sender;

use super::client::Client;
use crate::domain::Change;

pub(crate) enum Event {
    /// One transaction's changes, in order.
    Changes(Vec<Change>),
    /// The JSON of the shop's new settings.
    Settings(Arc<[u8]>),
    /// From the next change on, this client gets everything.
    Join(Arc<Client>),
    /// The same for a client that has everything up to a sequence already. The reply is the sequence after which its
    /// live frames start.
    JoinAfter(Arc<Client>, u64, Sender<u64>),
    /// Something waits in an outbox that was empty before.
    Nudge,
    /// Close everybody and end.
    Stop,
}
