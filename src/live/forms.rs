//! The frames of a batch, in each form that somebody listens to. A form is built once for all its listeners.

use std::cell::Cell;

use tungstenite::Bytes;

use super::client::{Dialect, Kinds};
use super::frame::{legacy_text, plain_json, push_frame, reload_frame};
use crate::domain::{Action, Change, Kind};

/// One line of clients that get the very same bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Plain `/ws`.
    Plain,
    /// The bare strings.
    Legacy,
    /// `/sync`, everything.
    Sync,
    /// `/sync?types=estimate`.
    SyncEstimates,
    /// `/sync?types=order`.
    SyncOrders,
}

const FORMS: [Form; 5] = [Form::Plain, Form::Legacy, Form::Sync, Form::SyncEstimates, Form::SyncOrders];

impl Form {
    pub fn of(dialect: Dialect) -> Self {
        match dialect {
            Dialect::Json | Dialect::PacedJson => Self::Plain,
            Dialect::Legacy => Self::Legacy,
            Dialect::Sync(Kinds::All) => Self::Sync,
            Dialect::Sync(Kinds::Only(Kind::Estimate)) => Self::SyncEstimates,
            Dialect::Sync(Kinds::Only(Kind::Order)) => Self::SyncOrders,
        }
    }

    /// Whether clients of this form see a change. Plain ones do not see the order of a conversion: the estimate's frame
    /// has announced it.
    fn shows(self, change: &Change) -> bool {
        match self {
            Self::Plain | Self::Legacy => !change.follows_conversion(),
            Self::Sync => true,
            Self::SyncEstimates => change.key.kind == Kind::Estimate,
            Self::SyncOrders => change.key.kind == Kind::Order,
        }
    }
}

/// Something for each form.
#[derive(Debug, Default)]
pub(super) struct PerForm<T>([T; FORMS.len()]);

impl<T> PerForm<T> {
    pub fn get(&self, form: Form) -> &T {
        let Self([plain, legacy, sync, sync_estimates, sync_orders]) = self;
        match form {
            Form::Plain => plain,
            Form::Legacy => legacy,
            Form::Sync => sync,
            Form::SyncEstimates => sync_estimates,
            Form::SyncOrders => sync_orders,
        }
    }

    /// Each form with what it has, to be changed.
    fn each_mut(&mut self) -> impl Iterator<Item = (Form, &mut T)> {
        FORMS.into_iter().zip(&mut self.0)
    }
}

/// How many clients listen to each form. Only the broadcaster's thread counts.
pub(super) type Listeners = PerForm<Cell<usize>>;

/// The frames of one form, joined.
#[derive(Debug, Default)]
pub(super) struct Joined {
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

/// The frames of one form, while they are collected.
#[derive(Debug, Default)]
struct Growing {
    bytes: Vec<u8>,
    starts: Vec<(u64, usize)>,
}

/// Collects the frames of a batch.
#[derive(Debug, Default)]
pub(super) struct Batch {
    forms: PerForm<Growing>,
    frame: Vec<u8>,
    newest: Option<Change>,
    changes: Vec<Change>,
}

impl Batch {
    /// Adds a change to every form that has listeners. `json` is its text, or its legacy string where the text cannot be
    /// made.
    pub fn add(&mut self, change: &Change, json: &[u8], listeners: &Listeners) {
        self.frame.clear();
        push_frame(&mut self.frame, json);
        for (form, growing) in self.forms.each_mut() {
            if listeners.get(form).get() == 0 || !form.shows(change) {
                continue;
            }
            let Growing { bytes, starts } = growing;
            starts.push((change.seq, bytes.len()));
            match (form, change.action) {
                (Form::Legacy, _) => push_frame(bytes, legacy_text(change).as_bytes()),
                (Form::Plain, Action::ConvertToOrder) => {
                    push_frame(bytes, plain_json(change).as_deref().unwrap_or(json));
                }
                _ => bytes.extend_from_slice(&self.frame),
            }
        }
        self.changes.push(change.clone());
        if Form::Plain.shows(change) {
            self.newest = Some(change.clone());
        }
    }

    /// Bytes of the largest form.
    pub fn size(&self) -> usize {
        FORMS.into_iter().map(|form| self.forms.get(form).bytes.len()).max().unwrap_or(0)
    }

    /// Takes the changes out that were added.
    pub fn take_changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }

    /// The frame that makes the old app reload everything.
    pub fn reload(&self) -> Option<Bytes> {
        self.newest.as_ref().map(reload_frame)
    }

    /// The joined frames of each form.
    pub fn finish(self) -> PerForm<Joined> {
        let PerForm(forms) = self.forms;
        PerForm(forms.map(|form| Joined { bytes: form.bytes.into(), starts: form.starts }))
    }
}
