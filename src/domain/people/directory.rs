//! Everybody who may come in, as it stands after the last commit, or in the transaction at hand.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::member::{Device, DeviceKind, OwnerCode, Person, Session, TokenHash};
use super::permission::{Asker, Permission};
use super::right::{Right, Rights};
use super::role::Role;
use crate::domain::{RunTime, fold};

/// Persons of a shop at once.
pub const PEOPLE_MAX: usize = 200;
/// Roles of the shop's own, beside those that every shop has.
pub const ROLES_MAX: usize = 16;
/// Devices at once, programs and doors included.
pub const DEVICES_MAX: usize = 200;

/// Whose a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// The device of this number.
    Device(u32),
    /// The session of this number.
    Session(u64),
}

/// One thing that is different from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DirectoryEdit {
    /// Somebody new, or as he is now.
    Person(Person),
    /// A role as it is now.
    Role(Role),
    /// A role that is gone.
    NoRole(u32),
    /// A device as it is now.
    Device(Device),
    /// A revoked device whose name is kept no longer.
    NoDevice(u32),
    /// Somebody has logged in.
    Session(Session),
    /// A session is over.
    NoSession(u64),
    /// So often somebody was shut out, as is known from beside the file.
    Endings(u64),
    /// The code for an owner, if there is one.
    OwnerCode(Option<OwnerCode>),
}

/// Persons, roles, devices and sessions.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    people: BTreeMap<u32, Arc<Person>>,
    roles: BTreeMap<u32, Arc<Role>>,
    devices: BTreeMap<u32, Arc<Device>>,
    sessions: BTreeMap<u64, Arc<Session>>,
    holders: HashMap<TokenHash, Holder>,
    owner_code: Option<OwnerCode>,
    /// Numbers that were given.
    last_role: u32,
    /// How often somebody was shut out: an older copy of the file has fewer.
    endings: u64,
    last_session: u64,
}

impl Directory {
    /// That of a shop without people: it has the roles that every shop has.
    pub fn new() -> Self {
        let mut directory = Self::default();
        for role in Role::built_in() {
            directory.apply(DirectoryEdit::Role(role));
        }
        directory
    }

    /// Carries out an edit.
    pub fn apply(&mut self, edit: DirectoryEdit) {
        match edit {
            DirectoryEdit::Person(person) => drop(self.people.insert(person.id, Arc::new(person))),
            DirectoryEdit::Role(role) => {
                self.last_role = self.last_role.max(role.id);
                self.roles.insert(role.id, Arc::new(role));
            }
            DirectoryEdit::NoRole(id) => drop(self.roles.remove(&id)),
            DirectoryEdit::Device(device) => {
                if let Some(before) = self.devices.get(&device.id) {
                    self.holders.remove(&before.token_hash);
                }
                if device.is_revoked {
                    self.endings += 1;
                } else {
                    self.holders.insert(device.token_hash, Holder::Device(device.id));
                }
                self.devices.insert(device.id, Arc::new(device));
            }
            DirectoryEdit::NoDevice(id) => {
                if let Some(device) = self.devices.remove(&id) {
                    self.holders.remove(&device.token_hash);
                }
            }
            DirectoryEdit::Session(session) => {
                self.last_session = self.last_session.max(session.id);
                self.holders.insert(session.token_hash, Holder::Session(session.id));
                self.sessions.insert(session.id, Arc::new(session));
            }
            DirectoryEdit::Endings(endings) => self.endings = endings,
            DirectoryEdit::NoSession(id) => {
                self.endings += 1;
                if let Some(session) = self.sessions.remove(&id) {
                    self.holders.remove(&session.token_hash);
                }
            }
            DirectoryEdit::OwnerCode(code) => self.owner_code = code,
        }
    }

    /// Whether the shop has people: from its first owner on, for ever.
    pub fn has_owner(&self) -> bool {
        self.owners().next().is_some()
    }

    /// Those who may do everything.
    pub fn owners(&self) -> impl Iterator<Item = &Arc<Person>> {
        self.people().filter(|person| person.role == Role::OWNER && person.is_active)
    }

    /// Everybody who has not gone, in the order in which they came.
    pub fn people(&self) -> impl Iterator<Item = &Arc<Person>> {
        self.people.values().filter(|person| !person.is_removed)
    }

    /// The person of this number, unless he has gone.
    pub fn person(&self, id: u32) -> Option<&Arc<Person>> {
        self.people.get(&id).filter(|person| !person.is_removed)
    }

    /// The person of this name, unless he has gone.
    pub fn person_named(&self, name: &str) -> Option<&Arc<Person>> {
        let name = fold(name.trim());
        self.people().find(|person| fold(&person.name) == name)
    }

    /// How somebody is called, also one who has gone.
    pub fn person_name(&self, id: u32) -> Option<&str> {
        self.people.get(&id).map(|person| person.name.as_str())
    }

    /// Every role, in the order in which they were made.
    pub fn roles(&self) -> impl Iterator<Item = &Arc<Role>> {
        self.roles.values()
    }

    /// The role of this number.
    pub fn role(&self, id: u32) -> Option<&Arc<Role>> {
        self.roles.get(&id)
    }

    /// The roles that allow this, by name.
    pub fn roles_with(&self, right: Right) -> impl Iterator<Item = &str> {
        self.roles().filter(move |role| role.allows.may(right)).map(|role| role.name.as_str())
    }

    /// Every device that is let in, in the order in which that was so.
    pub fn devices(&self) -> impl Iterator<Item = &Arc<Device>> {
        self.devices.values().filter(|device| !device.is_revoked)
    }

    /// The device of this number, if it is let in.
    pub fn device(&self, id: u32) -> Option<&Arc<Device>> {
        self.devices.get(&id).filter(|device| !device.is_revoked)
    }

    /// Of the revoked devices the oldest, if there are more than so many.
    pub fn oldest_revoked(&self, kept: usize) -> Option<u32> {
        let mut revoked = self.devices.values().filter(|device| device.is_revoked);
        let oldest = revoked.next()?;
        (revoked.count() >= kept).then_some(oldest.id)
    }

    /// The device that this token let in until it was revoked.
    pub fn revoked_device(&self, token_hash: &TokenHash) -> Option<u32> {
        let is_it = |device: &&Arc<Device>| device.is_revoked && device.token_hash == *token_hash;
        self.devices.values().find(is_it).map(|device| device.id)
    }

    /// The devices that a device was before, the latest first.
    pub fn previous_devices(&self, id: u32) -> impl Iterator<Item = u32> {
        /// Who is let in anew more often than this within the time that keys are kept has sent nothing before it.
        const PREVIOUS_DEVICES: usize = 4;
        let before = |id: &u32| self.devices.get(id).and_then(|device| device.previous);
        std::iter::successors(before(&id), before).take(PREVIOUS_DEVICES)
    }

    /// How a device is called, also one that is not let in any more.
    pub fn device_name(&self, id: u32) -> Option<&str> {
        self.devices.get(&id).map(|device| device.name.as_str())
    }

    /// The sessions that were begun and not ended.
    pub fn sessions(&self) -> impl Iterator<Item = &Arc<Session>> {
        self.sessions.values()
    }

    /// How often somebody was shut out.
    pub fn endings(&self) -> u64 {
        self.endings
    }

    /// The code for an owner.
    pub fn owner_code(&self) -> Option<&OwnerCode> {
        self.owner_code.as_ref()
    }

    /// Whose a token is.
    pub fn holder(&self, token_hash: &TokenHash) -> Option<Holder> {
        self.holders.get(token_hash).copied()
    }

    /// The device that a session is at.
    pub fn device_of_session(&self, id: u64) -> Option<u32> {
        self.sessions.get(&id).map(|session| session.device)
    }

    /// The number of the next person.
    pub fn next_person(&self) -> u32 {
        self.people.last_key_value().map_or(1, |(id, _)| id + 1)
    }

    /// The number of the next role.
    pub fn next_role(&self) -> u32 {
        self.last_role + 1
    }

    /// The number of the next device.
    pub fn next_device(&self) -> u32 {
        self.devices.last_key_value().map_or(1, |(id, _)| id + 1)
    }

    /// The number of the next session.
    pub fn next_session(&self) -> u64 {
        self.last_session + 1
    }

    /// What one who asks may do and see; `None` if he is to log in.
    pub fn permission(&self, asker: Asker, now: RunTime) -> Option<Permission> {
        let (device, session) = match asker {
            Asker::Anybody if self.has_owner() => return None,
            Asker::Anybody | Asker::Machine => return Some(Permission::everything()),
            Asker::Stranger => return None,
            Asker::Known { device, session } => (self.device(device)?, session),
        };
        let person = match session {
            // Whoever came as a person and is none any more does not go on as the device that he was at.
            Some(id) => {
                let session = self.sessions.get(&id).filter(|own| own.device == device.id && !own.is_over(now))?;
                Some(session.person)
            }
            None => device.person,
        };
        // Without the role that it is limited to, nobody knows what may be done there.
        let limit = match device.role {
            Some(role) => Some(self.role(role)?),
            None => None,
        };
        let Some(person) = person else {
            let Some(role) = limit else { return Some(Permission::of_device(Arc::clone(device))) };
            let all = Permission { device: Some(Arc::clone(device)), ..Permission::everything() };
            let alone = Permission { role: Some(Arc::clone(role)), ..all.within(role) };
            // A screen on the wall shows what its role shows; to do anything there takes a person.
            let mut alone = alone;
            if device.kind == DeviceKind::Browser {
                alone.allows.rights = alone.allows.rights.intersect(Rights::of(&[Right::Figures]));
            }
            return Some(alone);
        };
        let person = self.person(person).filter(|person| person.is_active)?;
        let role = self.role(person.role)?;
        let all = Permission {
            person: Some(Arc::clone(person)),
            device: Some(Arc::clone(device)),
            role: Some(Arc::clone(role)),
            ..Permission::everything()
        };
        let own = all.within(role);
        Some(limit.map_or_else(|| own.clone(), |limit| own.clone().within(limit)))
    }

    /// What somebody may allow others by a nod, with his number: what he may himself, whatever the device is limited to. He says so
    /// there, with his PIN.
    pub fn lender(&self, person: u32) -> Option<(u32, Permission)> {
        let person = self.person(person).filter(|person| person.is_active)?;
        let role = self.role(person.role)?;
        Some((person.id, Permission::everything().within(role)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;

    #[test]
    fn a_device_whose_role_cannot_be_read_is_let_in_by_nobody() {
        let mut directory = Directory::new();
        directory.apply(DirectoryEdit::Person(Person {
            id: 1,
            name: "Asha".to_string(),
            role: Role::OWNER,
            is_active: true,
            pin_hash: None,
            password_hash: None,
            is_removed: false,
        }));
        let [_, _, _, viewer] = Role::built_in();
        directory.apply(DirectoryEdit::Role(Role { id: 5, name: "Wall".to_string(), ..viewer }));
        for (id, person) in [(1, None), (2, Some(1))] {
            directory.apply(DirectoryEdit::Device(Device {
                previous: None,
                maker: None,
                id,
                name: format!("Program {id}"),
                kind: DeviceKind::Program,
                role: Some(5),
                person,
                token_hash: [u8::try_from(id).unwrap(); 32],
                made_at: Timestamp { unix_micros: 0, offset_seconds: 0 },
                address: None,
                is_revoked: false,
            }));
        }
        let rights = |directory: &Directory, device| {
            let asker = Asker::Known { device, session: None };
            directory.permission(asker, RunTime::default()).map(|permission| permission.allows.rights)
        };
        let limit = Some(directory.role(5).unwrap().allows.rights);
        assert_eq!([1, 2].map(|device| rights(&directory, device)), [limit, limit], "an owner is limited there, too");
        directory.apply(DirectoryEdit::NoRole(5));
        assert_eq!([1, 2].map(|device| rights(&directory, device)), [None, None], "and not free of it when it is gone");
    }
}
