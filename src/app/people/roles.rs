//! Roles: made, changed, removed.

use super::errand::{Requester, Stop, errand};
use super::grant::is_within;
use super::names::checked_name;
use super::refusal::AccessRefusal;
use crate::app::application::App;
use crate::domain::{
    Allowance, AuditKind, Directory, DirectoryEdit, Masks, Permission, ROLES_MAX, Right, Rights, Role, Scope, fold,
};

/// What of a role is to be different. A new one that does not say has no rights, and sees its own.
#[derive(Debug, Clone, Default)]
pub struct RoleChange {
    /// How it is called.
    pub name: Option<String>,
    /// What it allows.
    pub rights: Option<Rights>,
    /// Whose estimates it shows.
    pub estimates: Option<Scope>,
    /// Whose orders it shows.
    pub orders: Option<Scope>,
    /// How far back it shows; the inner `None` for all.
    pub days_back: Option<Option<u16>>,
    /// The discount that needs nobody, in hundredths of a percent.
    pub discount_max: Option<u16>,
    /// What it does not show.
    pub masks: Option<Masks>,
}

impl RoleChange {
    fn apply(self, role: Role) -> Role {
        let before = role.allows;
        let allows = Allowance {
            rights: self.rights.unwrap_or(before.rights),
            estimates: self.estimates.unwrap_or(before.estimates),
            orders: self.orders.unwrap_or(before.orders),
            days_back: self.days_back.unwrap_or(before.days_back),
            discount_max: self.discount_max.unwrap_or(before.discount_max),
            masks: self.masks.unwrap_or(before.masks),
        };
        Role { id: role.id, name: self.name.unwrap_or(role.name), allows }
    }
}

const NO_ROLE: AccessRefusal = AccessRefusal::NotFound("Role not found");

impl App {
    /// Makes a role; gives its number.
    pub fn add_role(&self, caller: Requester, mut change: RoleChange) -> Result<u32, AccessRefusal> {
        let name = change.name.take().ok_or_else(|| AccessRefusal::Invalid("name", "is missing".to_string()))?;
        let name = checked_name(&name)?;
        errand(self, move |transaction| {
            let permission = caller.require(transaction, Right::People)?;
            let directory = transaction.directory()?;
            if directory.roles().filter(|role| !Role::is_built_in(role.id)).count() >= ROLES_MAX {
                return Err(AccessRefusal::Conflict(format!("A shop has at most {ROLES_MAX} roles of its own")).into());
            }
            check_is_new(&directory, &name, None)?;
            let none = Role { id: directory.next_role(), name, allows: Allowance::NONE };
            let role = change.apply(none);
            check_grant(&permission, &role)?;
            let id = role.id;
            caller.audit(transaction, AuditKind::Role, &*role.name, Some(describe(&role)))?;
            transaction.edit_directory(DirectoryEdit::Role(role))?;
            Ok(id)
        })
    }

    /// Changes a role. Who sees less from now on is told to read anew what he has.
    pub fn change_role(&self, caller: Requester, id: u32, mut change: RoleChange) -> Result<(), AccessRefusal> {
        change.name = change.name.as_deref().map(checked_name).transpose()?;
        errand(self, move |transaction| {
            let permission = caller.require(transaction, Right::People)?;
            let directory = transaction.directory()?;
            let before = directory.role(id).ok_or(NO_ROLE)?;
            if id == Role::OWNER {
                return Err(AccessRefusal::Conflict("An owner may do everything, always".to_string()).into());
            }
            check_grant(&permission, before)?;
            let role = change.apply(Role::clone(before));
            check_is_new(&directory, &role.name, Some(id))?;
            check_grant(&permission, &role)?;
            caller.audit(transaction, AuditKind::Role, &*role.name, Some(describe(&role)))?;
            Ok(transaction.edit_directory(DirectoryEdit::Role(role))?)
        })
    }

    /// Removes a role that nobody has.
    pub fn remove_role(&self, caller: Requester, id: u32) -> Result<(), AccessRefusal> {
        errand(self, move |transaction| {
            let permission = caller.require(transaction, Right::People)?;
            let directory = transaction.directory()?;
            let role = directory.role(id).ok_or(NO_ROLE)?;
            if Role::is_built_in(id) {
                return Err(AccessRefusal::Conflict("This role belongs to every shop".to_string()).into());
            }
            check_grant(&permission, role)?;
            let is_used = directory.people().any(|person| person.role == id)
                || directory.devices().any(|device| device.role == Some(id));
            if is_used {
                let why = "Somebody has this role; give them another one first".to_string();
                return Err(AccessRefusal::Conflict(why).into());
            }
            caller.audit(transaction, AuditKind::Role, &*role.name, Some("removed".to_string()))?;
            Ok(transaction.edit_directory(DirectoryEdit::NoRole(id))?)
        })
    }
}

fn check_grant(permission: &Permission, role: &Role) -> Result<(), Stop> {
    if is_within(permission, role) { Ok(()) } else { Err(AccessRefusal::BeyondOwnRights.into()) }
}

fn check_is_new(directory: &Directory, name: &str, own: Option<u32>) -> Result<(), Stop> {
    let is_taken = directory.roles().any(|role| Some(role.id) != own && fold(&role.name) == fold(name));
    if is_taken { Err(AccessRefusal::Invalid("name", "is that of another role".to_string()).into()) } else { Ok(()) }
}

fn describe(role: &Role) -> String {
    let allows = &role.allows;
    let rights: Vec<&str> = allows.rights.iter().map(Right::name).collect();
    let days = allows.days_back.map_or_else(|| "all".to_string(), |days| days.to_string());
    format!(
        "rights {}; estimates {}, orders {}; days back {days}; discount up to {}.{:02} %; masks {}",
        rights.join(" "),
        allows.estimates.name(),
        allows.orders.name(),
        allows.discount_max / 100,
        allows.discount_max % 100,
        allows.masks.names().join(" "),
    )
}
