//! Devices: paired, made, changed, revoked.

use super::errand::{Requester, errand};
use super::grant::{check_device, check_grant};
use super::names::checked_name;
use super::refusal::AccessRefusal;
use super::within::{add_device, revoke};
use crate::app::access::{
    Asked, ConfirmRefusal, Confirmed, PairingPoll, PairingRefusal, PairingRequest, secret_128, token,
};
use crate::app::application::App;
use crate::app::commands::Idempotency;
use crate::domain::{AuditKind, Device, DeviceKind, DirectoryEdit, Right, Role};
use crate::platform::Network;

/// A program or a door that is to be let in.
#[derive(Debug, Clone)]
pub struct DeviceRequest {
    /// How it is called.
    pub name: String,
    /// What it is.
    pub kind: DeviceKind,
    /// What it may do, by the role's number.
    pub role: u32,
    /// Who it stands for.
    pub person: Option<u32>,
}

/// What of a device is to be different.
#[derive(Debug, Clone, Default)]
pub struct DeviceChange {
    /// How it is called.
    pub name: Option<String>,
    /// What it may do without a person, and at most with one; the inner `None` for no limit.
    pub role: Option<Option<u32>>,
}

/// A pairing that has begun.
pub struct StartedPairing {
    /// By which it is found in the list.
    pub id: u32,
    /// The digits that the device shows; none if it came by an invitation.
    pub code: Option<String>,
    /// By which the device asks what became of it.
    pub secret: String,
    /// For how long it can be confirmed.
    pub expires_in: u64,
}

/// A device that waits to be let in.
pub struct WaitingDevice {
    /// Its number among those that wait.
    pub id: u32,
    /// How it calls itself.
    pub name: String,
    /// From where.
    pub address: String,
    /// Since when, in seconds.
    pub age_seconds: u64,
    /// Whether it came by an invitation, and shows no digits.
    pub is_invited: bool,
}

/// What became of a pairing.
pub enum PairingOutcome {
    /// Nobody has confirmed it yet.
    Waiting,
    /// It was let in; the token is said once.
    LetIn {
        /// The device's token.
        token: String,
        /// Its number.
        device: u32,
    },
    /// Somebody has turned it away.
    Refused,
    /// Its time is over, or it never was.
    Over,
}

/// An invitation.
pub struct Invitation {
    /// Its secret.
    pub invite: String,
    /// For how long it is good.
    pub expires_in: u64,
}

/// For how long an invitation is good.
const INVITE_SECONDS: u64 = 10 * 60;
const NO_PAIRING: AccessRefusal = AccessRefusal::NotFound("This device does not wait any more; it has to ask again");
const NO_SUCH_DIGITS: AccessRefusal = AccessRefusal::NotFound("No device that is waiting shows these digits");
const NO_DEVICE: AccessRefusal = AccessRefusal::NotFound("Device not found");

impl App {
    /// A device asks to be let in.
    pub fn begin_pairing(
        &self,
        caller: Requester,
        name: Option<&str>,
        invite: Option<&str>,
        is_program: bool,
    ) -> Result<StartedPairing, AccessRefusal> {
        let name = name.map(checked_name).transpose()?.unwrap_or_default();
        let address = caller.from.to_string();
        let (network, before) = (Network::of(caller.from), caller.before);
        let request = PairingRequest { name: &name, address: &address, network, before, is_program, invite };
        match self.access().pairings.ask(request, self.uptime_seconds()) {
            Ok(Asked { id, code, secret, seconds }) => Ok(StartedPairing { id, code, secret, expires_in: seconds }),
            Err(PairingRefusal::TooMany { seconds }) => Err(AccessRefusal::TooMany { seconds }),
            Err(PairingRefusal::NoSuchInvite) => Err(AccessRefusal::Over),
            Err(PairingRefusal::NoRandomness) => Err(AccessRefusal::NoRandomness),
        }
    }

    /// A device asks what became of its pairing.
    pub fn pairing(&self, secret: &str) -> PairingOutcome {
        match self.access().pairings.poll(secret, self.uptime_seconds()) {
            PairingPoll::Waiting => PairingOutcome::Waiting,
            PairingPoll::Done { token, device } => PairingOutcome::LetIn { token, device },
            PairingPoll::Refused => PairingOutcome::Refused,
            PairingPoll::Over => PairingOutcome::Over,
        }
    }

    /// The devices that wait.
    pub fn waiting_devices(&self) -> Vec<WaitingDevice> {
        let listed = self.access().pairings.list(self.uptime_seconds());
        let devices = listed.into_iter().map(|pairing| WaitingDevice {
            id: pairing.id,
            name: pairing.name,
            address: pairing.address,
            age_seconds: pairing.age_seconds,
            is_invited: pairing.is_invited,
        });
        devices.collect()
    }

    /// Makes an invitation, which is good once.
    pub fn invite(&self, caller: Requester) -> Result<Invitation, AccessRefusal> {
        errand(self, move |transaction| caller.require(transaction, Right::People).map(drop))?;
        let invite = self.access().pairings.invite(self.uptime_seconds())?;
        Ok(Invitation { invite, expires_in: INVITE_SECONDS })
    }

    /// Lets a device in that waits, without `id` the one that shows the digits; gives its number.
    pub fn confirm_pairing(
        &self,
        caller: Requester,
        id: Option<u32>,
        code: Option<&str>,
        name: &str,
        role: Option<u32>,
    ) -> Result<u32, AccessRefusal> {
        let name = checked_name(name)?;
        // Rights before digits: whoever may not let anybody in learns nothing about them.
        errand(self, move |transaction| {
            let permission = caller.require(transaction, Right::People)?;
            role.map_or(Ok(()), |role| check_grant(transaction, &permission, role))
        })?;
        let pairings = &self.access().pairings;
        let Confirmed { id, address, before, is_program, .. } =
            pairings.confirm(id, code, self.uptime_seconds()).map_err(|refusal| match refusal {
                ConfirmRefusal::WrongCode => AccessRefusal::WrongCode,
                ConfirmRefusal::NoSuchCode => NO_SUCH_DIGITS,
                ConfirmRefusal::Over => NO_PAIRING,
                ConfirmRefusal::TooMany { seconds } => AccessRefusal::TooMany { seconds },
            })?;
        let device_token = token()?;
        let kind = if is_program { DeviceKind::Program } else { DeviceKind::Browser };
        let stored = errand(self, {
            let device_token = device_token.clone();
            move |transaction| {
                let permission = caller.require(transaction, Right::People)?;
                role.map_or(Ok(()), |role| check_grant(transaction, &permission, role))?;
                let mut device = add_device(transaction, caller, &name, kind, (role, None), &device_token)?;
                (device.address, device.previous) = (Some(address), before);
                transaction.edit_directory(DirectoryEdit::Device(device.clone()))?;
                Ok(device.id)
            }
        });
        match stored {
            Ok(device) => {
                pairings.settle(id, device_token, device);
                self.access().attempts().clear_device(device);
                Ok(device)
            }
            Err(refusal) => {
                pairings.refuse(id);
                Err(refusal)
            }
        }
    }

    /// Turns a device away that waits.
    pub fn refuse_pairing(&self, caller: Requester, id: u32) -> Result<(), AccessRefusal> {
        errand(self, move |transaction| caller.require(transaction, Right::People).map(drop))?;
        if !self.access().pairings.refuse(id) {
            return Err(NO_PAIRING);
        }
        errand(self, move |transaction| caller.audit(transaction, AuditKind::PairRefused, "", None))
    }

    /// Lets a program or a door in; gives its number, and its token, which is kept nowhere: a key that has done so before does it
    /// no second time, and shows nothing.
    pub fn add_device(
        &self,
        caller: Requester,
        new: DeviceRequest,
        key: Option<Idempotency>,
    ) -> Result<(u32, String), AccessRefusal> {
        let DeviceRequest { name, kind, role, person } = new;
        let name = checked_name(&name)?;
        let token = match kind {
            DeviceKind::Program => token()?,
            DeviceKind::Door => secret_128()?,
            DeviceKind::Browser => {
                let why = "must be program or door; a browser is let in by pairing it".to_string();
                return Err(AccessRefusal::Invalid("kind", why));
            }
        };
        errand(self, move |transaction| {
            let permission = caller.require(transaction, Right::People)?;
            check_grant(transaction, &permission, role)?;
            if kind == DeviceKind::Door && permission.role.as_ref().is_some_and(|role| role.id != Role::OWNER) {
                return Err(AccessRefusal::OwnersAlone("A door is made by an owner.").into());
            }
            if let Some(person) = person {
                let directory = transaction.directory()?;
                let nobody = || AccessRefusal::Invalid("person", "is the number of nobody".to_string());
                let person = directory.person(person).ok_or_else(nobody)?;
                check_grant(transaction, &permission, person.role)?;
            }
            if let Some(key) = &key
                && transaction.known_answer(key.fingerprint())?.is_some()
            {
                let why = "This Idempotency-Key was used before. What was shown then is kept nowhere; use a new key.";
                return Err(AccessRefusal::Conflict(why.to_string()).into());
            }
            let device = add_device(transaction, caller, &name, kind, (Some(role), person), &token)?;
            if let Some(key) = &key {
                transaction.remember(key.fingerprint(), key.payload(), key.kept_seconds(), &[])?;
            }
            Ok((device.id, token))
        })
    }

    /// Changes a device.
    pub fn change_device(&self, caller: Requester, id: u32, change: &DeviceChange) -> Result<(), AccessRefusal> {
        let role = change.role;
        let name = change.name.as_deref().map(checked_name).transpose()?;
        errand(self, move |transaction| {
            let permission = caller.require(transaction, Right::People)?;
            let directory = transaction.directory()?;
            let mut device = Device::clone(directory.device(id).ok_or(NO_DEVICE)?);
            check_device(transaction, &permission, &device)?;
            if let Some(name) = name {
                device.name = name;
            }
            if let Some(role) = role {
                if let Some(role) = role {
                    check_grant(transaction, &permission, role)?;
                } else if device.kind != DeviceKind::Browser {
                    let why = "must be the number of a role for a program or a door".to_string();
                    return Err(AccessRefusal::Invalid("role", why).into());
                }
                device.role = role;
            }
            caller.audit(transaction, AuditKind::Device, &*device.name, Some("changed".to_string()))?;
            Ok(transaction.edit_directory(DirectoryEdit::Device(device))?)
        })
    }

    /// Lets a device in no more. When this comes back everything of it has ended.
    pub fn revoke_device(&self, caller: Requester, id: u32) -> Result<(), AccessRefusal> {
        errand(self, move |transaction| {
            let permission = caller.require(transaction, Right::People)?;
            let directory = transaction.directory()?;
            let device = directory.device(id).ok_or(NO_DEVICE)?;
            check_device(transaction, &permission, device)?;
            caller.audit(transaction, AuditKind::Device, &*device.name, Some("revoked".to_string()))?;
            revoke(transaction, device)
        })
    }
}
