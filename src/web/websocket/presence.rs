//! The presence of a session's client: that it is connected, and what it says of its tabs, with a rate limit.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::app::{App, ReadError};
use crate::domain::RecordKey;
use crate::live::{Attendance, Attendee, Client, Doing, PresenceReport, ReportRefusal, you_frame};
use crate::web::body::{PresenceMessage, TabSays};
use crate::web::limits::PRESENCE_MESSAGES_MAX;

/// In which [`PRESENCE_MESSAGES_MAX`] are taken.
const RATE_TIME: Duration = Duration::from_secs(1);
/// How often a record is read that is changed again and again meanwhile.
const READS: usize = 8;

/// Where the client of a session is, as far as it says.
pub(super) struct SessionPresence {
    app: Arc<App>,
    client: Arc<Client>,
    address: IpAddr,
    /// That it is connected; `None` once it is not any more.
    attendance: Option<Attendance>,
    /// It may say where it is: it follows `/sync`.
    may_report: bool,
    rate: MessageRate,
    /// How it was told that others are shown it.
    told: Option<Arc<Attendee>>,
}

/// When the newest messages came that were taken (rate limit, sliding window).
#[derive(Default)]
struct MessageRate(VecDeque<Instant>);

impl SessionPresence {
    /// A client is connected from this address.
    pub fn begin(app: &Arc<App>, client: &Arc<Client>, address: IpAddr, may_report: bool) -> Self {
        let attendee = app.permission(client.asker()).map(|permission| Attendee::of(&permission, address));
        let begin = |attendee| Attendance::begin(app.feed(), client, Arc::new(attendee), app.clock().now());
        Self {
            app: Arc::clone(app),
            client: Arc::clone(client),
            address,
            attendance: attendee.map(begin),
            may_report,
            rate: MessageRate::default(),
            told: None,
        }
    }

    /// Takes a text that the client has sent. What is no presence message is none of our business.
    pub fn hear(&mut self, text: &str) {
        if !self.may_report {
            return;
        }
        let Some(PresenceMessage { tab, said }) = PresenceMessage::read(text) else { return };
        if !self.rate.admits(Instant::now()) {
            return self.app.feed().counts().presence_dropped.add(1);
        }
        let Some(permission) = self.app.permission(self.client.asker()) else { return self.expel() };
        self.tell_names(Arc::new(Attendee::of(&permission, self.address)));
        match said {
            TabSays::Nothing(key) => self.attendance.iter().for_each(|attendance| attendance.release(&tab, key)),
            TabSays::At { key, does, takes } => self.report(&tab, key, does, takes),
        }
    }

    /// The client is not let in any more.
    pub fn expel(&self) {
        self.attendance.iter().for_each(Attendance::expel);
    }

    /// The client has gone; its connection may take a moment longer.
    pub fn end(&mut self) {
        self.attendance = None;
    }

    /// A record that it does not see is passed over without a sign.
    fn report(&self, tab: &str, key: RecordKey, does: Doing, takes: bool) {
        let Some(attendance) = &self.attendance else { return };
        for _ in 0..READS {
            let reading = match self.app.read(self.client.asker()) {
                Ok(reading) => reading,
                Err(ReadError::LoggedOut) => return self.expel(),
                Err(_) => return,
            };
            let (Ok(seq), Ok(Some(belonging))) = (reading.seq(), reading.belonging(key)) else { return };
            let attendee = Arc::new(Attendee::of(reading.permission(), self.address));
            let (asker, sight, at) = (self.client.asker(), reading.shared_sight(), self.app.clock().now());
            let tab = tab.to_string();
            drop(reading);
            match attendance.report(PresenceReport {
                attendee,
                asker,
                sight,
                tab,
                key,
                belonging,
                seq,
                does,
                takes,
                at,
            }) {
                Ok(()) | Err(ReportRefusal::Gone) => return,
                Err(ReportRefusal::Outdated) => {}
                Err(ReportRefusal::Full) => break,
            }
        }
        self.app.feed().counts().presence_dropped.add(1);
    }

    /// It knows itself among those that it is told of by these names.
    fn tell_names(&mut self, attendee: Arc<Attendee>) {
        if self.told.as_ref() != Some(&attendee) {
            if self.client.send(&you_frame(&attendee).into()) {
                self.app.feed().nudge();
            }
            self.told = Some(attendee);
        }
    }
}

impl MessageRate {
    fn admits(&mut self, now: Instant) -> bool {
        if self.0.len() >= PRESENCE_MESSAGES_MAX {
            if self.0.front().is_some_and(|oldest| now.saturating_duration_since(*oldest) < RATE_TIME) {
                return false;
            }
            self.0.pop_front();
        }
        self.0.push_back(now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_messages_a_second_are_taken_however_they_lie() {
        let mut rate = MessageRate::default();
        let start = Instant::now();
        let taken: Vec<u64> =
            (0..300).map(|tick| tick * 10).filter(|ms| rate.admits(start + Duration::from_millis(*ms))).collect();
        assert_eq!(taken.len(), 15, "{taken:?}");
        assert!(taken.windows(6).all(|six| six[5] - six[0] >= 1_000), "{taken:?}");
    }
}
