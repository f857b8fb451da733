//! Logging in, locking, logging out.

use super::credentials::{Named, check, credential_of};
use super::errand::{Requester, errand};
use super::refusal::AccessRefusal;
use super::within::{Newcomer, begin_session, device_at_hand, end_sessions, revoke};
use crate::app::access::{Credential, token};
use crate::app::application::App;
use crate::domain::{Actor, Asker, AuditKind};
use crate::store::AccessNote;

/// What somebody who logs in says.
pub struct LoginRequest {
    /// Who he is.
    pub person: Named,
    /// His PIN.
    pub pin: Option<String>,
    /// His password.
    pub password: Option<String>,
    /// What a device that is let in by it is to be called.
    pub device_name: Option<String>,
    /// Whether it is a program, which keeps its token itself.
    pub is_program: bool,
}

/// What somebody who has logged in gets: tokens that are kept nowhere else.
#[derive(Clone)]
pub struct LoggedIn {
    /// Of the device, if it was let in by this.
    pub device_token: Option<String>,
    /// Of the session.
    pub person_token: String,
    /// Who he is from now on.
    pub asker: Asker,
}

impl App {
    /// Begins a session. A password also lets a device in that was not.
    pub fn log_in(&self, caller: Requester, request: LoginRequest) -> Result<LoggedIn, AccessRefusal> {
        let LoginRequest { person, pin, password, device_name, is_program } = request;
        let credential = credential_of(pin, password)?;
        let is_by_password = matches!(credential, Credential::Password(_));
        let directory = self.access().directory();
        if !directory.has_owner() {
            return Err(AccessRefusal::Conflict("This shop has no people yet".to_string()));
        }
        let said = person;
        let person = match &said {
            Named::Id(id) => directory.person(*id),
            Named::Name(name) => directory.person_named(name),
        };
        check(self, caller, person.map(AsRef::as_ref), &credential)?;
        // Only somebody whom the directory knows has a credential that is right.
        let person = person.map(|person| (person.id, person.name.clone())).ok_or(AccessRefusal::WrongCredential)?;
        let (device_token, person_token) = (token()?, token()?);
        let attempts = self.access().attempts().encode(self.uptime_seconds());
        let unseen = self.unseen_devices();
        errand(self, move |transaction| {
            let (person, name) = person;
            let directory = transaction.directory()?;
            directory.person(person).filter(|person| person.is_active).ok_or(AccessRefusal::WrongCredential)?;
            let newcomer = Newcomer {
                name: device_name.unwrap_or_else(|| name.clone()),
                is_program,
                token: device_token,
                maker: Some(person),
                unseen,
            };
            let (device, device_token) = device_at_hand(transaction, caller, newcomer)?;
            transaction.put_access_note(AccessNote::Attempts, &attempts)?;
            let session = begin_session(transaction, device, person, &person_token, is_by_password)?;
            let actor = Actor { person, device };
            caller.audit_as(transaction, actor, AuditKind::Login, name, None)?;
            Ok(LoggedIn { device_token, person_token, asker: Asker::Known { device, session: Some(session) } })
        })
    }

    /// Ends the session of a device; the device stays.
    pub fn lock(&self, caller: Requester) -> Result<(), AccessRefusal> {
        let directory = self.access().directory();
        if caller.device() != 0 && !directory.sessions().any(|session| session.device == caller.device()) {
            // Nobody is there; that is not worth a write.
            return Ok(());
        }
        errand(self, move |transaction| {
            if caller.device() == 0 {
                return Err(AccessRefusal::LoggedOut.into());
            }
            caller.audit(transaction, AuditKind::Lock, "", None)?;
            end_sessions(transaction, |session| session.device == caller.device())
        })
    }

    /// Ends the session of a device, and the device with it.
    pub fn log_out(&self, caller: Requester) -> Result<(), AccessRefusal> {
        errand(self, move |transaction| {
            let directory = transaction.directory()?;
            let device = directory.device(caller.device()).ok_or(AccessRefusal::LoggedOut)?;
            caller.audit(transaction, AuditKind::Logout, &*device.name, None)?;
            revoke(transaction, device)
        })
    }
}
