//! What somebody may give to others, or take from them.

use super::errand::Stop;
use super::refusal::AccessRefusal;
use crate::domain::{Allowance, Device, Permission, Role};
use crate::store::Transaction;

/// Nobody gives or takes a role that allows more than he may himself, or sees more: else the right to let people in would be
/// every right.
pub(super) fn check_grant(transaction: &mut Transaction<'_>, permission: &Permission, role: u32) -> Result<(), Stop> {
    let directory = transaction.directory()?;
    let no_role = || AccessRefusal::Invalid("role", "is the number of no role".to_string());
    let role = directory.role(role).ok_or_else(no_role)?;
    if is_within(permission, role) { Ok(()) } else { Err(AccessRefusal::BeyondOwnRights.into()) }
}

/// Whether a role allows and shows no more than somebody has.
pub(super) fn is_within(permission: &Permission, role: &Role) -> bool {
    // An owner at a device that is limited to another role is no more than that there.
    let is_owner =
        permission.allows == Allowance::ALL && permission.role.as_ref().is_none_or(|own| own.id == Role::OWNER);
    is_owner || (role.id != Role::OWNER && role.allows.is_within(permission.allows))
}

/// Nobody takes from a device what he could not give it: that of an owner is an owner's to limit or revoke.
pub(super) fn check_device(
    transaction: &mut Transaction<'_>,
    permission: &Permission,
    device: &Device,
) -> Result<(), Stop> {
    let directory = transaction.directory()?;
    let sessions = directory.sessions().filter(|session| session.device == device.id).map(|session| session.person);
    for person in sessions.chain(device.person).chain(device.maker) {
        if let Some(person) = directory.person(person) {
            check_grant(transaction, permission, person.role)?;
        }
    }
    device.role.map_or(Ok(()), |role| check_grant(transaction, permission, role))
}
