//! Pacing for the old app, which keeps only the last frame of any 300 ms: its frames are sent further apart than that, and
//! when more than one waits, one frame that makes it reload takes their place.

use std::time::{Duration, Instant};

use tungstenite::Bytes;

/// Between two frames to a paced client.
pub(crate) const PACE: Duration = Duration::from_millis(350);

/// What waits for one paced client.
#[derive(Default)]
pub(crate) struct Pacing {
    last_sent: Option<Instant>,
    /// The frame, and since when something waits.
    waiting: Option<(Instant, Bytes)>,
}

impl Pacing {
    /// Notes new frames: `single` is the only new one, or `None` if there are several, which `reload` stands for.
    pub(crate) fn add(&mut self, single: Option<&Bytes>, reload: &Bytes) {
        self.waiting = Some(match (self.waiting.take(), single) {
            (None, Some(frame)) => (Instant::now(), frame.clone()),
            (None, None) => (Instant::now(), reload.clone()),
            (Some((since, _)), _) => (since, reload.clone()),
        });
    }

    /// The frame to send now, if there is one and its time has come.
    pub(crate) fn take_due(&mut self, now: Instant) -> Option<Bytes> {
        if self.last_sent.is_some_and(|last| now < last + PACE) {
            return None;
        }
        let (_, frame) = self.waiting.take()?;
        self.last_sent = Some(now);
        Some(frame)
    }

    /// When the waiting frame may be sent; `None` if nothing waits.
    pub(crate) fn due(&self) -> Option<Instant> {
        let (since, _) = self.waiting.as_ref()?;
        Some(self.last_sent.map_or(*since, |last| last + PACE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_frame_goes_at_once_and_a_crowd_becomes_a_reload() {
        let (one, two, reload) = (Bytes::from_static(b"1"), Bytes::from_static(b"2"), Bytes::from_static(b"reload"));
        let mut pace = Pacing::default();
        assert_eq!(pace.due(), None);
        pace.add(Some(&one), &reload);
        let start = Instant::now();
        assert_eq!(pace.take_due(start), Some(one.clone()));

        pace.add(Some(&two), &reload);
        assert_eq!(pace.take_due(start + PACE / 2), None);
        assert_eq!(pace.due(), Some(start + PACE));
        assert_eq!(pace.take_due(start + PACE), Some(two.clone()));

        pace.add(Some(&one), &reload);
        pace.add(Some(&two), &reload);
        assert_eq!(pace.take_due(start + PACE * 2), Some(reload.clone()));
        pace.add(None, &reload);
        assert_eq!(pace.take_due(start + PACE * 3), Some(reload));
        assert_eq!(pace.take_due(start + PACE * 9), None);
    }
}
