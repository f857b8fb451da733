//! What the channel to the broadcaster carries: changes, in commit order, and clients that come and go.

use std::sync::Arc;

use crossbeam_channel::Sender;

use super::client::Client;
use super::view::View;
use crate::domain::Change;

/// A client, and what it sees from there on.
pub(crate) type Regrouping = (Arc<Client>, Arc<View>);

pub(crate) enum Event {
    /// One transaction's changes, in order.
    Changes(Vec<Change>),
    /// The JSON of the shop's new settings.
    Settings(Arc<[u8]>),
    /// From the next change on, this client gets everything that this view shows: what it saw when it asked for it.
    Join(Regrouping),
    /// The same for a client that has everything up to a sequence already. The reply says where its live frames start.
    JoinAfter(Regrouping, u64, Sender<Seam>),
    /// From here on these see something else.
    Regroup(Vec<Regrouping>),
    /// Somebody is at another record, or is to be looked at sooner: what is due is looked at anyway.
    Presence,
    /// Something waits in an outbox that was empty before.
    Nudge,
    /// Close everybody and end.
    Stop,
}

/// For the catch-up thread.
pub enum CatchUpTask {
    /// A client that is not up to date.
    Begin(Laggard),
    /// There is no more to do.
    Stop,
}

/// A client that is brought on from the log.
pub struct Laggard {
    /// It is held back.
    pub client: Arc<Client>,
    /// What it was last told that it sees.
    pub view: Arc<View>,
    /// Revision of the settings that it knows, if that is known.
    pub settings_rev: Option<u32>,
}

/// Where what a client reads by itself and what it is sent meet.
#[derive(Debug)]
pub struct Seam {
    /// The sequence after which its live frames start.
    pub start: u64,
    /// What they show.
    pub view: Arc<View>,
}
