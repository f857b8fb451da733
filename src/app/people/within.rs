//! What several doings do within a transaction: a device is let in or revoked, a session begun or ended.

use super::errand::{Requester, Stop};
use super::names::checked_name;
use super::refusal::AccessRefusal;
use crate::app::access::sha256;
use crate::domain::{AuditKind, DEVICES_MAX, Device, DeviceKind, DirectoryEdit, Session};
use crate::store::Transaction;

/// Lets a device in within a transaction.
pub(super) fn add_device(
    transaction: &mut Transaction<'_>,
    caller: Requester,
    name: &str,
    kind: DeviceKind,
    (role, person): (Option<u32>, Option<u32>),
    token: &str,
) -> Result<Device, Stop> {
    let directory = transaction.directory()?;
    if directory.devices().count() >= DEVICES_MAX {
        let why = format!("A shop has at most {DEVICES_MAX} devices; revoke one that is not used any more");
        return Err(AccessRefusal::Conflict(why).into());
    }
    let_in(transaction, caller, (checked_name(name)?, kind, None), (role, person), token)
}

/// The same without a look at how many there are.
fn let_in(
    transaction: &mut Transaction<'_>,
    caller: Requester,
    (name, kind, maker): (String, DeviceKind, Option<u32>),
    (role, person): (Option<u32>, Option<u32>),
    token: &str,
) -> Result<Device, Stop> {
    let device = Device {
        id: transaction.directory()?.next_device(),
        name,
        kind,
        previous: caller.before,
        maker,
        role,
        person,
        token_hash: sha256(token),
        made_at: transaction.now(),
        address: Some(caller.from.to_string()),
        is_revoked: false,
    };
    transaction.edit_directory(DirectoryEdit::Device(device.clone()))?;
    let kind = if device.kind == DeviceKind::Browser { AuditKind::Pair } else { AuditKind::Device };
    caller.audit(transaction, kind, &*device.name, Some(format!("{} let in", device.kind.name())))?;
    Ok(device)
}

/// Devices that one person lets in by his password.
const DEVICES_BY_PASSWORD_MAX: usize = 8;
/// Revoked devices whose names are kept for histories; the oldest are forgotten.
const REVOKED_DEVICES_MAX: usize = 1_000;

/// A device that comes in with somebody who logs in.
pub(super) struct Newcomer {
    pub name: String,
    pub is_program: bool,
    pub token: String,
    /// Who lets it in by his password.
    pub maker: Option<u32>,
    /// Devices that nobody has seen for a day, the longest unseen first.
    pub unseen: Vec<u32>,
}

/// The device that is asked from if it was let in, else it is let in now; in that case with its token.
pub(super) fn device_at_hand(
    transaction: &mut Transaction<'_>,
    caller: Requester,
    newcomer: Newcomer,
) -> Result<(u32, Option<String>), Stop> {
    if let Some(device) = transaction.directory()?.device(caller.device()) {
        return Ok((device.id, None));
    }
    let Newcomer { name, is_program, token, maker, unseen } = newcomer;
    let kind = if is_program { DeviceKind::Program } else { DeviceKind::Browser };
    let name = checked_name(&name)?;
    // Nobody fills the shop with devices by his password: one that is not used any more gives way.
    let directory = transaction.directory()?;
    let own = |device: &Device| maker.is_some() && device.maker == maker;
    if directory.devices().filter(|device| own(device)).count() >= DEVICES_BY_PASSWORD_MAX {
        let unused = unseen.iter().find_map(|&id| directory.device(id).filter(|device| own(device)));
        let Some(unused) = unused else {
            let why = format!(
                "This password has let in {DEVICES_BY_PASSWORD_MAX} devices that are in use; one of them has to be revoked first"
            );
            return Err(AccessRefusal::Conflict(why).into());
        };
        let detail = Some("revoked: the password has let in another one".to_string());
        caller.audit(transaction, AuditKind::Device, &*unused.name, detail)?;
        revoke(transaction, unused)?;
    }
    let device = let_in(transaction, caller, (name, kind, maker), (None, None), &token)?;
    Ok((device.id, Some(token)))
}

/// Ends a device and its sessions within a transaction.
pub(super) fn revoke(transaction: &mut Transaction<'_>, device: &Device) -> Result<(), Stop> {
    let id = device.id;
    transaction.edit_directory(DirectoryEdit::Device(Device { is_revoked: true, ..device.clone() }))?;
    if let Some(oldest) = transaction.directory()?.oldest_revoked(REVOKED_DEVICES_MAX) {
        transaction.edit_directory(DirectoryEdit::NoDevice(oldest))?;
    }
    end_sessions(transaction, |session| session.device == id)
}

/// Begins a session at a device, in place of those that are there.
pub(super) fn begin_session(
    transaction: &mut Transaction<'_>,
    device: u32,
    person: u32,
    token: &str,
    is_by_password: bool,
) -> Result<u64, Stop> {
    let now = transaction.run_time();
    // With it go those that nobody has ended, wherever they are.
    end_sessions(transaction, |session| session.device == device || session.is_over(now))?;
    let id = transaction.directory()?.next_session();
    let session = Session { id, device, person, token_hash: sha256(token), is_by_password, begun: now };
    transaction.edit_directory(DirectoryEdit::Session(session))?;
    Ok(id)
}

/// Ends the sessions that are meant.
pub(super) fn end_sessions(transaction: &mut Transaction<'_>, is_meant: impl Fn(&Session) -> bool) -> Result<(), Stop> {
    let directory = transaction.directory()?;
    for session in directory.sessions().filter(|session| is_meant(session)) {
        transaction.edit_directory(DirectoryEdit::NoSession(session.id))?;
    }
    Ok(())
}
