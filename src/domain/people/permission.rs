//! What one who asks may do and see at this moment.

use std::sync::Arc;

use super::allowance::Allowance;
use super::member::{Device, Person};
use super::right::{Right, Rights};
use super::role::Role;
use crate::domain::{Actor, fold};

/// Who asks, as far as a token says it. What that comes to is looked up when it matters: a token that was good when a request
/// came may be none when its command is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asker {
    /// Somebody in a shop without people: everything is open, as long as that is so.
    Anybody,
    /// A program on the shop's own machine that can read the data folder.
    Machine,
    /// A device that was let in, perhaps with a person who has logged in.
    Known {
        /// Its number.
        device: u32,
        /// Number of the session.
        session: Option<u64>,
    },
    /// Somebody whom nobody has let in.
    Stranger,
}

impl Asker {
    /// The number of his device; 0 for none, and for the shop's own machine.
    pub fn device(self) -> u32 {
        match self {
            Self::Known { device, .. } => device,
            Self::Anybody | Self::Machine | Self::Stranger => 0,
        }
    }
}

/// What one may do and see.
#[derive(Debug, Clone)]
pub struct Permission {
    /// Who it is, if it is a person.
    pub person: Option<Arc<Person>>,
    /// Where he is.
    pub device: Option<Arc<Device>>,
    /// The role of the person, else that of the device.
    pub role: Option<Arc<Role>>,
    /// What it comes to.
    pub allows: Allowance,
}

impl Permission {
    /// Everything, by nobody in particular.
    pub fn everything() -> Self {
        Self { person: None, device: None, role: None, allows: Allowance::ALL }
    }

    /// What a device is allowed that has nobody at it and no role.
    pub fn of_device(device: Arc<Device>) -> Self {
        Self { device: Some(device), ..Self::nobody() }
    }

    /// Nothing, by nobody.
    pub fn nobody() -> Self {
        Self { allows: Allowance::NONE, ..Self::everything() }
    }

    /// Whether it is somebody with a role, or a shop without people: one who sees records at all.
    pub fn is_member(&self) -> bool {
        self.role.is_some() || self.allows.rights == Rights::ALL
    }

    /// The same, and no more than this role allows.
    #[must_use]
    pub fn within(mut self, role: &Role) -> Self {
        self.allows = self.allows.within(role.allows);
        self
    }

    /// Whether this may be done.
    pub fn may(&self, right: Right) -> bool {
        self.allows.may(right)
    }

    /// By whom what is done now was done, as the log and the records keep it.
    pub fn actor(&self) -> Option<Actor> {
        let person = self.person.as_ref().map_or(0, |person| person.id);
        let device = self.device.as_ref().map_or(0, |device| device.id);
        (person != 0 || device != 0).then_some(Actor { person, device })
    }

    /// Whether a record is one's own. Of one that was made before the shop had people, the name in it counts.
    pub fn owns(&self, owner: Option<Actor>, sale_by: impl FnOnce() -> Option<String>) -> bool {
        match (owner, &self.person, &self.device) {
            (None, Some(person), _) => sale_by().is_some_and(|name| fold(name.trim()) == fold(person.name.trim())),
            (Some(owner), Some(person), _) => owner.person == person.id,
            (Some(owner), None, Some(device)) => owner.person == 0 && owner.device == device.id,
            (_, None, _) => false,
        }
    }
}
