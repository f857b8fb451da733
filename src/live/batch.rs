//! A batch: the frames of several changes, joined for each view that has subscribers. A view is built once for all of them.

use tungstenite::Bytes;

use super::frame::{legacy_text, plain_json, push_frame, reload_frame};
use super::view::{PerView, SubscriberCounts, VIEWS, View};
use crate::domain::{Action, Change};

/// The frames of one view, joined.
#[derive(Debug, Default)]
pub(crate) struct Joined {
    pub bytes: Bytes,
    /// Where each frame starts, with the sequence of its change.
    starts: Vec<(u64, usize)>,
}

impl Joined {
    /// Frames in it.
    pub fn frames(&self) -> u64 {
        self.starts.len() as u64
    }

    /// Sequence of the last change in it.
    pub fn last_seq(&self) -> Option<u64> {
        self.starts.last().map(|(seq, _)| *seq)
    }

    /// The frames of the changes after `seq`.
    pub fn after(&self, seq: u64) -> Bytes {
        let start = self.starts.iter().find(|(own, _)| *own > seq).map_or(self.bytes.len(), |(_, start)| *start);
        self.bytes.slice(start..)
    }
}

/// The frames of one view, while they are collected.
#[derive(Debug, Default)]
struct Growing {
    bytes: Vec<u8>,
    starts: Vec<(u64, usize)>,
}

/// Collects the frames of a batch.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    views: PerView<Growing>,
    frame: Vec<u8>,
    newest: Option<Change>,
    changes: Vec<Change>,
}

impl Batch {
    /// Adds a change to every view that has subscribers. `json` is its text, or its legacy string where the text cannot be
    /// made.
    pub fn add(&mut self, change: &Change, json: &[u8], subscriber_counts: &SubscriberCounts) {
        self.frame.clear();
        push_frame(&mut self.frame, json);
        for (view, growing) in self.views.each_mut() {
            if subscriber_counts.get(view).get() == 0 || !view.shows(change) {
                continue;
            }
            let Growing { bytes, starts } = growing;
            starts.push((change.seq, bytes.len()));
            match (view, change.action) {
                (View::Legacy, _) => push_frame(bytes, legacy_text(change).as_bytes()),
                (View::Plain, Action::ConvertToOrder) => {
                    push_frame(bytes, plain_json(change).as_deref().unwrap_or(json));
                }
                _ => bytes.extend_from_slice(&self.frame),
            }
        }
        self.changes.push(change.clone());
        if View::Plain.shows(change) {
            self.newest = Some(change.clone());
        }
    }

    /// Bytes of the largest view.
    pub fn size(&self) -> usize {
        VIEWS.into_iter().map(|view| self.views.get(view).bytes.len()).max().unwrap_or(0)
    }

    /// Takes the changes out that were added.
    pub fn take_changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }

    /// The frame that makes the old app reload everything.
    pub fn reload(&self) -> Option<Bytes> {
        self.newest.as_ref().map(reload_frame)
    }

    /// The joined frames of each view.
    pub fn finish(self) -> PerView<Joined> {
        let PerView(views) = self.views;
        PerView(views.map(|view| Joined { bytes: view.bytes.into(), starts: view.starts }))
    }
}
