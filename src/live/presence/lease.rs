//! A lease: what a tab says it does at a record, for as long as it goes on saying so.

use std::cmp::Reverse;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::attendee::{Attendee, AttendeeId};
use crate::domain::{Asker, Belonging, RecordKey, Sight, Timestamp};

/// A lease ends so long after it was renewed last.
pub(super) const LEASE_TIME_MAX: Duration = Duration::from_secs(30);
/// A lease ends so long after the connection of its tab has, unless the tab comes again.
pub(super) const CLOSED_LEASE_TIME_MAX: Duration = Duration::from_secs(5);
/// The name that a tab has given itself.
pub const TAB_BYTES_MAX: usize = 64;
/// Attendees that are named of one record; those who edit come first.
pub const WHO_MAX: usize = 50;

const _: () = assert!(CLOSED_LEASE_TIME_MAX.as_secs() < LEASE_TIME_MAX.as_secs());

/// What somebody does at a record. Of several tabs the last of these counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Doing {
    /// It is open, and he has touched nothing for a while.
    Idle,
    /// He looks at it.
    View,
    /// He edits it.
    Edit,
}

impl Doing {
    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::View => "view",
            Self::Edit => "edit",
        }
    }

    /// What has this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Idle, Self::View, Self::Edit].into_iter().find(|doing| doing.name() == name)
    }
}

/// What a tab says, with what was read of its record.
#[derive(Debug, Clone)]
pub struct PresenceReport {
    /// Who says so.
    pub attendee: Arc<Attendee>,
    /// By which rights.
    pub asker: Asker,
    /// What these show.
    pub sight: Arc<Sight>,
    /// The tab, which may have one record at a time.
    pub tab: String,
    /// The record.
    pub key: RecordKey,
    /// What decides who sees it.
    pub belonging: Belonging,
    /// The sequence up to which that is so.
    pub seq: u64,
    /// What he does.
    pub does: Doing,
    /// Whether those who edit it are to leave it to him.
    pub takes: bool,
    /// The time, as people are shown it.
    pub at: Timestamp,
}

/// Whose a lease is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct LeaseHolder {
    pub attendee: AttendeeId,
    pub tab: String,
}

#[derive(Debug)]
pub(super) struct Lease {
    pub key: RecordKey,
    pub does: Doing,
    /// Since when he does that there.
    pub since: Timestamp,
    pub attendee: Arc<Attendee>,
    pub asker: Asker,
    pub sight: Arc<Sight>,
    /// The connection by which it was renewed last; `None` once that is over.
    pub session: Option<u64>,
    pub ends_at: Instant,
}

/// One attendee at one record, by all of his tabs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Who {
    /// Who it is.
    pub attendee: Arc<Attendee>,
    /// What he does.
    pub does: Doing,
    /// Since when.
    pub since: Timestamp,
}

impl Who {
    /// Those who hold these leases, who are all of one record: each once, those who edit first.
    pub(super) fn merged<'l>(leases: impl IntoIterator<Item = &'l Lease>) -> Vec<Self> {
        let mut merged: Vec<Self> = Vec::new();
        for Lease { attendee, does, since, .. } in leases {
            let one = Self { attendee: Arc::clone(attendee), does: *does, since: *since };
            match merged.iter_mut().find(|own| own.attendee.id() == attendee.id()) {
                Some(own) if (one.does, Reverse(one.since)) > (own.does, Reverse(own.since)) => *own = one,
                Some(_) => {}
                None => merged.push(one),
            }
        }
        merged.sort_by(|one, other| {
            let order = |who: &Self| (Reverse(who.does), who.since);
            order(one).cmp(&order(other)).then_with(|| one.attendee.name.cmp(&other.attendee.name))
        });
        merged.truncate(WHO_MAX);
        merged
    }
}
