//! Views: clients that see the same things in the same form share each frame.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::frame::{hide_json, nameless_reload_frame, plain_hide_json, view_frame};
use super::frames::{Frames, Loss};
use super::subscription::{Dialect, Encoding, Kinds};
use crate::domain::{Belonging, Change, Glimpse, Kind, Masks, RecordKey, Sight};

/// Views at once.
pub const VIEWS_MAX: usize = 512;

/// What clients see who get the very same bytes, and in which form.
#[derive(Debug)]
pub struct View {
    pub(crate) dialect: Dialect,
    kinds: Kinds,
    sight: Arc<Sight>,
    /// Names the file and the run.
    run: Arc<str>,
    epoch: String,
    /// Its clients read compressed frames.
    takes_deflated: bool,
}

/// The epoch of a run under which somebody sees this of these kinds.
pub fn epoch_of(run: &str, sight: &Sight, kinds: Kinds) -> String {
    format!("{run}{}{}", sight.name(), kinds.mark())
}

impl View {
    /// What `sight` shows of a run's changes in this encoding.
    pub fn new(encoding: Encoding, sight: Arc<Sight>, run: Arc<str>) -> Self {
        let (dialect, kinds) = match encoding {
            Encoding::Json | Encoding::PacedJson => (Dialect::Plain, Kinds::All),
            Encoding::Legacy => (Dialect::Legacy, Kinds::All),
            Encoding::Sync(kinds) => (Dialect::Sync, kinds),
        };
        let epoch = epoch_of(&run, &sight, kinds);
        Self { dialect, kinds, sight, run, epoch, takes_deflated: false }
    }

    /// The same for clients that read compressed frames, or that do not.
    #[must_use]
    pub fn taking_deflated(self, takes_deflated: bool) -> Self {
        Self { takes_deflated, ..self }
    }

    /// The same form of what somebody else sees.
    pub(crate) fn with(&self, encoding: Encoding, sight: Arc<Sight>) -> Self {
        Self::new(encoding, sight, Arc::clone(&self.run)).taking_deflated(self.takes_deflated)
    }

    /// Names the file, the run, and what is seen; opaque to clients.
    pub fn epoch(&self) -> &str {
        &self.epoch
    }

    /// Whether this sight shows the same.
    pub fn is_of(&self, sight: &Sight) -> bool {
        self.sight.name() == sight.name()
    }

    /// Whether its clients speak the protocol of `/sync`.
    pub fn speaks_sync(&self) -> bool {
        self.dialect == Dialect::Sync
    }

    /// Whether records of this kind are shown.
    pub fn includes(&self, kind: Kind) -> bool {
        self.kinds.include(kind)
    }

    /// Tells its clients that what they have seen is void, from here on.
    pub fn anew_frame(&self, seq: u64) -> Frames {
        let frame = if self.speaks_sync() { view_frame(&self.epoch, seq) } else { nameless_reload_frame(self.dialect) };
        Frames::reaching(frame, seq).losing(Loss::View)
    }

    /// That a record is not seen any more, as its clients are told.
    pub fn hide_json(&self, key: RecordKey, seq: u64) -> Vec<u8> {
        if self.speaks_sync() { hide_json(key, seq) } else { plain_hide_json(key, seq) }
    }

    fn is_same(&self, other: &Self) -> bool {
        self.dialect == other.dialect && self.epoch == other.epoch && self.takes_deflated == other.takes_deflated
    }

    /// Whether its clients read compressed frames.
    pub(crate) fn takes_deflated(&self) -> bool {
        self.takes_deflated
    }

    /// Whether its clients know the shop's settings by what they are told.
    pub fn shows_settings(&self) -> bool {
        self.dialect == Dialect::Sync && self.kinds == Kinds::All
    }

    /// Whether its clients do not hear of every change, so that they have to be told how far they have come.
    pub(crate) fn passes_over(&self) -> bool {
        self.kinds != Kinds::All || self.sight.permission().allows.is_limited()
    }

    /// Whether its clients are told who is at which record.
    pub(crate) fn shows_presence(&self) -> bool {
        self.dialect == Dialect::Sync
    }

    /// Whether a record of which this is known is shown.
    pub(crate) fn shows(&self, key: RecordKey, belonging: &Belonging) -> bool {
        self.kinds.include(key.kind) && self.sight.sees_belonging(key.kind, belonging)
    }

    pub(crate) fn masks(&self) -> Masks {
        self.sight.masks()
    }

    /// How much of a change is shown. Plain clients do not see the order of a conversion if they see the estimate, whose frame
    /// has announced it.
    pub(crate) fn glimpse(&self, change: &Change) -> Glimpse {
        if !self.includes(change.key.kind) {
            return Glimpse::Nothing;
        }
        match (self.dialect, self.sight.glimpse(change)) {
            (Dialect::Plain | Dialect::Legacy, Glimpse::Shown { is_link_seen: true })
                if change.follows_conversion() =>
            {
                Glimpse::Nothing
            }
            (_, glimpse) => glimpse,
        }
    }
}

/// The views that have clients.
#[derive(Debug, Default)]
pub(crate) struct Views(Mutex<Vec<Weak<View>>>);

impl Views {
    /// The one view that is like this; `None` if it would be a new one beside so many.
    pub fn shared(&self, view: View, views_max: usize) -> Option<Arc<View>> {
        let mut views = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(same) = views.iter().filter_map(Weak::upgrade).find(|own| own.is_same(&view)) {
            return Some(same);
        }
        views.retain(|view| view.strong_count() > 0);
        if views.len() >= views_max {
            return None;
        }
        let view = Arc::new(view);
        views.push(Arc::downgrade(&view));
        Some(view)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        let views = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        views.iter().filter(|view| view.strong_count() > 0).count()
    }
}

impl Kinds {
    /// Behind the name of what is seen, in an epoch; empty for both kinds.
    pub(crate) fn mark(self) -> &'static str {
        match self {
            Self::All => "",
            Self::Only(Kind::Estimate) => ".e",
            Self::Only(Kind::Order) => ".o",
        }
    }
}

/// An epoch without the mark of the kinds, and which these are.
pub fn without_kinds(epoch: &str) -> (&str, Kinds) {
    let only = [Kinds::Only(Kind::Estimate), Kinds::Only(Kind::Order)];
    let marked = only.into_iter().find_map(|kinds| Some((epoch.strip_suffix(kinds.mark())?, kinds)));
    marked.unwrap_or((epoch, Kinds::All))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_who_read_compressed_frames_are_a_view_of_their_own_whatever_they_see() {
        let views = Views::default();
        let view = |kinds, takes_deflated| {
            View::new(Encoding::Sync(kinds), Arc::new(Sight::of_everything()), "run".into())
                .taking_deflated(takes_deflated)
        };
        let (plain, deflated) = (
            views.shared(view(Kinds::All, false), VIEWS_MAX).unwrap(),
            views.shared(view(Kinds::All, true), VIEWS_MAX).unwrap(),
        );
        assert!(!Arc::ptr_eq(&plain, &deflated));
        assert_eq!(plain.epoch(), deflated.epoch(), "it is the same that they see");
        assert!(Arc::ptr_eq(&deflated, &views.shared(view(Kinds::All, true), VIEWS_MAX).unwrap()));
        let kinds = Kinds::Only(Kind::Order);
        for own in [&plain, &deflated] {
            let next = own.with(Encoding::Sync(kinds), Arc::new(Sight::of_everything()));
            assert_eq!(next.takes_deflated(), own.takes_deflated(), "also when they see something else");
        }
    }
}
