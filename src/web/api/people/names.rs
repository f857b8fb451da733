//! Persons, devices and roles as answers name them.

use serde::Serialize;

use crate::domain::Directory;

/// `{id, name}`.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct NameJson {
    pub id: u32,
    pub name: String,
}

impl NameJson {
    /// A person, also one who has gone; `None` for nobody.
    pub fn of_person(directory: &Directory, id: u32) -> Option<Self> {
        directory.person_name(id).map(|name| Self { id, name: name.to_string() })
    }

    /// A device, also one that is not let in any more; `None` for none.
    pub fn of_device(directory: &Directory, id: u32) -> Option<Self> {
        directory.device_name(id).map(|name| Self { id, name: name.to_string() })
    }

    /// A role.
    pub fn of_role(directory: &Directory, id: u32) -> Option<Self> {
        directory.role(id).map(|role| Self { id, name: role.name.clone() })
    }
}
