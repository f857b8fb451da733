//! Views: clients that see the same things in the same form share each frame.

use std::cell::Cell;

use super::subscription::{Encoding, Kinds};
use crate::domain::{Change, Kind};

/// Clients that get the very same bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum View {
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

pub(crate) const VIEWS: [View; 5] = [View::Plain, View::Legacy, View::Sync, View::SyncEstimates, View::SyncOrders];

impl View {
    pub fn of(encoding: Encoding) -> Self {
        match encoding {
            Encoding::Json | Encoding::PacedJson => Self::Plain,
            Encoding::Legacy => Self::Legacy,
            Encoding::Sync(Kinds::All) => Self::Sync,
            Encoding::Sync(Kinds::Only(Kind::Estimate)) => Self::SyncEstimates,
            Encoding::Sync(Kinds::Only(Kind::Order)) => Self::SyncOrders,
        }
    }

    /// Whether clients of this view see a change. Plain ones do not see the order of a conversion: the estimate's frame
    /// has announced it.
    pub fn shows(self, change: &Change) -> bool {
        match self {
            Self::Plain | Self::Legacy => !change.follows_conversion(),
            Self::Sync => true,
            Self::SyncEstimates => change.key.kind == Kind::Estimate,
            Self::SyncOrders => change.key.kind == Kind::Order,
        }
    }
}

/// Something for each view.
#[derive(Debug, Default)]
pub(crate) struct PerView<T>(pub [T; VIEWS.len()]);

impl<T> PerView<T> {
    pub fn get(&self, view: View) -> &T {
        let Self([plain, legacy, sync, sync_estimates, sync_orders]) = self;
        match view {
            View::Plain => plain,
            View::Legacy => legacy,
            View::Sync => sync,
            View::SyncEstimates => sync_estimates,
            View::SyncOrders => sync_orders,
        }
    }

    /// Each view with what it has, to be changed.
    pub fn each_mut(&mut self) -> impl Iterator<Item = (View, &mut T)> {
        VIEWS.into_iter().zip(&mut self.0)
    }
}

/// How many subscribers each view has. Only the broadcaster's thread counts.
pub(crate) type SubscriberCounts = PerView<Cell<usize>>;
