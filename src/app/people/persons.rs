//! Persons: made, changed, removed.

use super::credentials::credential_of;
use super::credentials::{Hashed, NewCredential, check};
use super::errand::{Requester, Stop, errand};
use super::grant::check_grant;
use super::names::checked_name;
use super::refusal::AccessRefusal;
use super::within::end_sessions;
use crate::app::application::App;
use crate::domain::{AuditKind, DirectoryEdit, PEOPLE_MAX, Person, Right, Role};
use crate::store::Transaction;

/// What of a person is to be different; of a new one, name and role must be there.
#[derive(Debug, Clone, Default)]
pub struct PersonChange {
    /// How he is called.
    pub name: Option<String>,
    /// His role, by number.
    pub role: Option<u32>,
    /// Whether he may log in.
    pub is_active: Option<bool>,
    /// By which he logs in.
    pub credential: NewCredential,
}

impl App {
    /// Makes a person; gives his number.
    pub fn add_person(&self, caller: Requester, change: PersonChange) -> Result<u32, AccessRefusal> {
        let name = change.name.ok_or_else(|| AccessRefusal::Invalid("name", "is missing".to_string()))?;
        let name = checked_name(&name)?;
        let role = change.role.ok_or_else(|| AccessRefusal::Invalid("role", "is missing".to_string()))?;
        change.credential.check(role)?;
        let hashed = change.credential.hash(self, false)?;
        let is_active = change.is_active.unwrap_or(true);
        let pepper_mark = self.access().pepper_mark();
        errand(self, move |transaction| {
            let permission = caller.require(transaction, Right::People)?;
            let directory = transaction.directory()?;
            check_grant(transaction, &permission, role)?;
            if directory.people().count() >= PEOPLE_MAX {
                return Err(AccessRefusal::Conflict(format!("A shop has at most {PEOPLE_MAX} people")).into());
            }
            check_is_new(transaction, &name, None)?;
            let id = directory.next_person();
            let Hashed { pin: pin_hash, password: password_hash } = hashed;
            let person = Person { id, name: name.clone(), role, is_active, pin_hash, password_hash, is_removed: false };
            transaction.put_pepper_mark(&pepper_mark)?;
            transaction.edit_directory(DirectoryEdit::Person(person))?;
            caller.audit(transaction, AuditKind::Person, name, Some("made".to_string()))?;
            Ok(id)
        })
    }

    /// Changes a person. Who is not active, or has another PIN, is logged out everywhere.
    pub fn change_person(&self, caller: Requester, id: u32, change: PersonChange) -> Result<(), AccessRefusal> {
        let name = change.name.as_deref().map(checked_name).transpose()?;
        let before = self.access().directory().person(id).map(|person| person.role);
        let role = change.role.or(before).ok_or(NO_PERSON)?;
        change.credential.check(role)?;
        let has_pin = change.credential.pin.is_some();
        let hashed = change.credential.hash(self, false)?;
        errand(self, move |transaction| {
            let permission = caller.require(transaction, Right::People)?;
            let directory = transaction.directory()?;
            let before = directory.person(id).ok_or(NO_PERSON)?;
            check_grant(transaction, &permission, before.role)?;
            let mut person = Person::clone(before);
            if let Some(name) = name {
                check_is_new(transaction, &name, Some(id))?;
                person.name = name;
            }
            if let Some(role) = change.role {
                check_grant(transaction, &permission, role)?;
                let needs_longer_pin =
                    Role::is_trusted(role) && !Role::is_trusted(before.role) && before.pin_hash.is_some();
                if needs_longer_pin && !has_pin {
                    let why = "must be set anew with this role, with at least 6 digits".to_string();
                    return Err(AccessRefusal::Invalid("pin", why).into());
                }
                person.role = role;
            }
            person.is_active = change.is_active.unwrap_or(person.is_active);
            let is_credential_new = hashed.pin.is_some() || hashed.password.is_some();
            person.pin_hash = hashed.pin.or(person.pin_hash);
            person.password_hash = hashed.password.or(person.password_hash);
            check_an_owner_is_left(transaction, &person)?;
            let ends = !person.is_active || is_credential_new;
            caller.audit(transaction, AuditKind::Person, &*person.name, Some(what_changed(before, &person)))?;
            transaction.edit_directory(DirectoryEdit::Person(person))?;
            if ends {
                end_sessions(transaction, |session| session.person == id && session.device != caller.device())?;
            }
            Ok(())
        })
    }

    /// Changes one's own PIN or password: whoever knows the present one may.
    pub fn change_own_credential(
        &self,
        caller: Requester,
        id: u32,
        current: (Option<String>, Option<String>),
        credential: NewCredential,
    ) -> Result<(), AccessRefusal> {
        let directory = self.access().directory();
        let person = directory.person(id).ok_or(NO_PERSON)?;
        credential.check(person.role)?;
        check(self, caller, Some(person.as_ref()), &credential_of(current.0, current.1)?)?;
        let hashed = credential.hash(self, false)?;
        errand(self, move |transaction| {
            let permission = caller.permission(transaction)?;
            let own =
                permission.person.filter(|person| person.id == id).ok_or(AccessRefusal::Forbidden(Right::People))?;
            let mut person = Person::clone(&own);
            person.pin_hash = hashed.pin.or(person.pin_hash);
            person.password_hash = hashed.password.or(person.password_hash);
            caller.audit(transaction, AuditKind::Person, &*person.name, Some(what_changed(&own, &person)))?;
            transaction.edit_directory(DirectoryEdit::Person(person))?;
            end_sessions(transaction, |session| session.person == id && session.device != caller.device())
        })
    }

    /// Removes a person; what is his keeps his name.
    pub fn remove_person(&self, caller: Requester, id: u32) -> Result<(), AccessRefusal> {
        errand(self, move |transaction| {
            let permission = caller.require(transaction, Right::People)?;
            let directory = transaction.directory()?;
            let before = directory.person(id).ok_or(NO_PERSON)?;
            check_grant(transaction, &permission, before.role)?;
            let gone = Person {
                is_active: false,
                is_removed: true,
                pin_hash: None,
                password_hash: None,
                ..Person::clone(before)
            };
            check_an_owner_is_left(transaction, &gone)?;
            caller.audit(transaction, AuditKind::Person, &*gone.name, Some("removed".to_string()))?;
            transaction.edit_directory(DirectoryEdit::Person(gone))?;
            end_sessions(transaction, |session| session.person == id)
        })
    }
}

const NO_PERSON: AccessRefusal = AccessRefusal::NotFound("Person not found");

fn check_is_new(transaction: &mut Transaction<'_>, name: &str, own: Option<u32>) -> Result<(), Stop> {
    match transaction.directory()?.person_named(name) {
        Some(other) if Some(other.id) != own => {
            Err(AccessRefusal::Invalid("name", "is that of somebody else already".to_string()).into())
        }
        _ => Ok(()),
    }
}

/// A shop never has nobody who may do everything.
fn check_an_owner_is_left(transaction: &mut Transaction<'_>, changed: &Person) -> Result<(), Stop> {
    let is_owner = changed.is_active && changed.role == Role::OWNER && changed.has_credential();
    let directory = transaction.directory()?;
    let has_others = directory.owners().any(|owner| owner.id != changed.id && owner.has_credential());
    let was_owner = directory.owners().any(|owner| owner.id == changed.id);
    if was_owner && !is_owner && !has_others {
        return Err(AccessRefusal::Conflict("This is the last owner; make another one first".to_string()).into());
    }
    Ok(())
}

fn what_changed(before: &Person, after: &Person) -> String {
    let changes = [
        (before.name != after.name, format!("was {}", before.name)),
        (before.role != after.role, format!("role {} instead of {}", after.role, before.role)),
        (before.is_active != after.is_active, (if after.is_active { "active" } else { "not active" }).to_string()),
        (before.pin_hash != after.pin_hash, "new PIN".to_string()),
        (before.password_hash != after.password_hash, "new password".to_string()),
    ];
    let changes: Vec<String> = changes.into_iter().filter_map(|(is_so, text)| is_so.then_some(text)).collect();
    changes.join(", ")
}
