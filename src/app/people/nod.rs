//! A manager's nod: a command is refused for want of a right, and somebody who has it allows this one.

use super::credentials::{check, credential_of};
use super::errand::{Requester, errand};
use super::refusal::AccessRefusal;
use crate::app::application::App;
use crate::app::commands::Idempotency;
use crate::domain::{AuditKind, Permission, Right};
use crate::platform::Address;

impl App {
    /// Allows the command that was refused under this key on the caller's device; gives the name of whoever allows it. The command
    /// is carried out when it comes again as it was, within a minute.
    pub fn allow_once(
        &self,
        caller: Requester,
        person: u32,
        credential: (Option<String>, Option<String>),
        key: &str,
    ) -> Result<String, AccessRefusal> {
        const NOTHING: AccessRefusal =
            AccessRefusal::NotFound("Nothing was refused under this key in the last minutes");
        let credential = credential_of(credential.0, credential.1)?;
        let fingerprint = Idempotency::fingerprint_of_key(caller.device(), key);
        let (missing, payload) = self.access().nods.missing(fingerprint, self.uptime_seconds()).ok_or(NOTHING)?;
        let directory = self.access().directory();
        let person = directory.person(person);
        check(self, caller, person.map(AsRef::as_ref), &credential)?;
        let person = person.ok_or(AccessRefusal::WrongCredential)?;
        let (id, permission) = directory.lender(person.id).ok_or(AccessRefusal::WrongCredential)?;
        if let Some(right) = missing.iter().find(|&right| !permission.may(right)) {
            return Err(AccessRefusal::Forbidden(right));
        }
        self.access().nods.allow(fingerprint, payload, id, self.uptime_seconds());
        let (name, lent) = (person.name.clone(), missing.iter().map(Right::name).collect::<Vec<_>>().join(", "));
        errand(self, move |transaction| {
            caller.audit(transaction, AuditKind::Override, name.clone(), Some(format!("{lent} was allowed, once")))?;
            Ok(name)
        })
    }

    /// Whether somebody allows this command at this moment, who may; or has allowed it, and it is stored, so that a repetition gets its
    /// answer.
    pub fn is_allowed_once(&self, idempotency: &Idempotency, right: Right) -> bool {
        let now = self.uptime_seconds();
        if self.access().nods.is_used(idempotency.fingerprint(), idempotency.payload()) {
            return true;
        }
        let lender = self.access().nods.lender(idempotency.fingerprint(), idempotency.payload(), now);
        let permission = lender.and_then(|person| self.access().directory().lender(person));
        right.may_be_lent() && permission.is_some_and(|(_, permission)| permission.may(right))
    }

    /// Notes that a request was refused before its command was made: so that somebody may allow it, and for the audit.
    pub fn note_refused(
        &self,
        permission: &Permission,
        from: Address,
        idempotency: Option<&Idempotency>,
        right: Right,
    ) {
        let now = self.uptime_seconds();
        if let Some(idempotency) = idempotency.filter(|idempotency| idempotency.is_keyed()) {
            self.access().nods.note_refused(idempotency.fingerprint(), idempotency.payload(), right, now);
        }
        let Some(actor) = permission.actor() else { return };
        if let Some(note) = self.access().vain_tries.note_refused(actor, right, Some(from.to_string()), now) {
            // A refusal is none the less one if this cannot be written.
            self.send_errand(Box::new(move |transaction| transaction.audit(note)));
        }
    }
}
