//! That somebody is connected, as his session notes it, and at which records his tabs are; it ends by `Drop`.

use std::sync::Arc;
use std::time::Instant;

use super::client::Client;
use super::feed::Feed;
use super::frames::Frames;
use super::presence::{Attendee, PresenceReport, ReportRefusal, taken_frame};
use crate::domain::{RecordKey, Timestamp};

/// A connection, for as long as it is open. When it ends, the leases of its tabs stay for a moment: a tab that comes again keeps
/// its own.
pub struct Attendance {
    feed: Feed,
    session: u64,
}

impl Attendance {
    /// Somebody is connected since this time.
    pub fn begin(feed: &Feed, client: &Arc<Client>, attendee: Arc<Attendee>, since: Timestamp) -> Self {
        Self { feed: feed.clone(), session: feed.presence().enter(client, attendee, since) }
    }

    /// One of his tabs is at a record; it has one lease, so it is at no other one any more. Whom it takes the record from is told at
    /// once.
    pub fn report(&self, report: PresenceReport) -> Result<(), ReportRefusal> {
        let (key, attendee) = (report.key, Arc::clone(&report.attendee));
        let losers = self.feed.presence().report(self.session, report, Instant::now())?;
        let frame = Frames::from(taken_frame(key, &attendee));
        let waiting = losers.iter().filter(|client| client.send(&frame)).count();
        if waiting > 0 {
            self.feed.nudge();
        }
        self.feed.announce_soon();
        Ok(())
    }

    /// One of his tabs is at no record any more, or not at this one.
    pub fn release(&self, tab: &str, key: Option<RecordKey>) {
        self.feed.presence().release(self.session, tab, key, Instant::now());
        self.feed.announce_soon();
    }

    /// He is not let in any more: he is nowhere, at once.
    pub fn expel(&self) {
        self.feed.presence().expel(self.session, Instant::now());
        self.feed.announce_soon();
    }
}

impl Drop for Attendance {
    fn drop(&mut self) {
        self.feed.presence().leave(self.session, Instant::now());
        self.feed.announce_soon();
    }
}
