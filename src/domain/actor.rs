//! Who acts: a person at a device.

/// Who gave a command and on which device, by the numbers that the shop gives to each. Until a shop has people, nobody is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Actor {
    /// The person.
    pub person: u32,
    /// The device.
    pub device: u32,
}
