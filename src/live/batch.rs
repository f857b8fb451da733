//! A batch: the frames of several changes, joined for each view. A change is put into JSON once for all views that leave the same
//! fields out; a view's frames are a copy of bytes.

use std::sync::Arc;

use tungstenite::Bytes;

use super::frame::{ShownChange, legacy_text, push_frame, push_shown_json, reload_frame};
use super::frames::Frames;
use super::subscription::Dialect;
use super::view::View;
use crate::domain::{Action, Change, Glimpse, Masks, RecordKey};

/// The frames of one view, joined.
#[derive(Debug, Default)]
pub(crate) struct Joined {
    pub frames: Frames,
    /// They are compressed.
    pub is_deflated: bool,
    /// The frame that makes the old app reload everything instead; `None` for views that it has no part in.
    pub reload: Option<Bytes>,
}

impl Joined {
    /// The same frames compressed, each put behind those before it by `push`, which gets the sequence of its change and the frame.
    pub fn deflated(&self, mut push: impl FnMut(u64, &[u8], &mut Vec<u8>)) -> Self {
        let mut bytes = Vec::with_capacity(self.frames.bytes.len() / 2);
        let mut ends = Vec::new();
        for (seq, frame) in self.frames.each() {
            push(seq, frame, &mut bytes);
            ends.push((seq, bytes.len()));
        }
        Self { frames: Frames::of_changes(bytes.into(), ends), is_deflated: true, reload: self.reload.clone() }
    }
}

/// The frames of one view, while they are collected.
#[derive(Debug, Default)]
struct Growing {
    bytes: Vec<u8>,
    /// Each change, with where its frame ends.
    ends: Vec<(u64, usize)>,
    newest: Option<RecordKey>,
}

/// Collects the frames of a batch.
#[derive(Debug)]
pub(crate) struct Batch {
    views: Vec<Growing>,
    changes: Vec<Change>,
}

impl Batch {
    /// For so many views, always in the same order.
    pub fn new(views: usize) -> Self {
        Self { views: std::iter::repeat_with(Growing::default).take(views).collect(), changes: Vec::new() }
    }

    /// Adds a change to every view that shows it.
    pub fn add<'v>(
        &mut self,
        change: &Change,
        views: impl ExactSizeIterator<Item = &'v Arc<View>>,
        forms: &mut FrameForms,
    ) {
        forms.clear();
        for (view, growing) in views.zip(&mut self.views) {
            let glimpse = view.glimpse(change);
            if glimpse == Glimpse::Nothing {
                continue;
            }
            growing.newest = Some(change.key);
            match (view.dialect, glimpse) {
                (Dialect::Legacy, _) => push_frame(&mut growing.bytes, legacy_text(change).as_bytes()),
                (_, Glimpse::Shown { is_link_seen }) => {
                    let has_record = view.dialect == Dialect::Sync || change.action != Action::ConvertToOrder;
                    let shown = ShownChange { change, masks: view.masks(), is_link_seen, has_record };
                    growing.bytes.extend_from_slice(forms.frame(&shown));
                }
                (Dialect::Sync | Dialect::Plain, _) => {
                    push_frame(&mut growing.bytes, &view.hide_json(change.key, change.seq));
                }
            }
            growing.ends.push((change.seq, growing.bytes.len()));
        }
        self.changes.push(change.clone());
    }

    /// Bytes of the largest view.
    pub fn size(&self) -> usize {
        self.views.iter().map(|view| view.bytes.len()).max().unwrap_or(0)
    }

    /// Takes the changes out that were added.
    pub fn take_changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }

    /// The joined frames of each view.
    pub fn finish<'v>(self, views: impl ExactSizeIterator<Item = &'v Arc<View>>) -> Vec<Joined> {
        let joined = self.views.into_iter().zip(views).map(|(growing, view)| {
            let reload = growing.newest.filter(|_| view.dialect == Dialect::Plain).map(reload_frame);
            Joined { frames: Frames::of_changes(growing.bytes.into(), growing.ends), is_deflated: false, reload }
        });
        joined.collect()
    }
}

/// The frames of one change, one for each of the few forms that it is shown in, made when they are needed first.
#[derive(Debug, Default)]
pub(crate) struct FrameForms {
    frames: [Vec<u8>; 16],
    json: Vec<u8>,
}

impl FrameForms {
    fn clear(&mut self) {
        self.frames.iter_mut().for_each(Vec::clear);
    }

    fn frame(&mut self, shown: &ShownChange<'_>) -> &[u8] {
        let Masks { contact, amounts } = shown.masks;
        let bits = [contact, amounts, shown.is_link_seen, shown.has_record];
        let form = bits.into_iter().fold(0, |form, bit| form << 1 | usize::from(bit));
        let Some(frame) = self.frames.get_mut(form) else { return &[] };
        if frame.is_empty() {
            self.json.clear();
            match push_shown_json(&mut self.json, shown) {
                Ok(()) => push_frame(frame, &self.json),
                Err(error) => {
                    let legacy = legacy_text(shown.change);
                    log::warn!(
                        "⚠️ WebSocket notification failed: {legacy} goes out for {} instead: {error}",
                        shown.change.key
                    );
                    push_frame(frame, legacy.as_bytes());
                }
            }
        }
        frame
    }
}
