//! What of a record decides who sees it.

use std::sync::Arc;

use super::actor::Actor;
use super::time::Timestamp;

/// What decides who sees a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Belonging {
    /// Whose it is.
    pub owner: Option<Actor>,
    /// The time that it counts at.
    pub counted_at: Timestamp,
    /// The name in it, by which it is somebody's if it has no owner. Left out where the record itself is at hand.
    pub sale_by: Option<Arc<str>>,
}
