//! Who acts: a person at a device.

/// Who gave a command and on which device, by the numbers that the shop gives to each; 0 stands for nobody, and for no device.
/// Until a shop has people, nobody is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Actor {
    /// The person.
    pub person: u32,
    /// The device.
    pub device: u32,
}

impl Actor {
    /// Nobody in particular.
    pub const NOBODY: Self = Self { person: 0, device: 0 };
}

/// Whose a record is, with the name that stands in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ownership {
    /// By number.
    pub actor: Actor,
    /// Of the person, as he was called when the record was last stored; `None` if it is a device's.
    pub name: Option<String>,
}
