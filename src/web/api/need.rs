//! What whoever asks needs for a route: the role matrix stands in the route table, a word for each route.

use crate::domain::Right;

/// What is needed for a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// Nothing: everybody is answered.
    Nothing,
    /// A device that was let in, or a person.
    Device,
    /// A person, or a device with a role.
    Member,
    /// This right.
    Right(Right),
    /// One of these rights; which of them, the record tells.
    AnyOf(&'static [Right]),
}
