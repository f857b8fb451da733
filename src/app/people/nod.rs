//! A manager's nod: somebody allows one command that somebody else was refused.

use super::credentials::{Named, check, credential_of};
use super::errand::{Requester, errand};
use super::refusal::AccessRefusal;
use crate::app::application::App;
use crate::app::commands::Idempotency;
use crate::domain::{AuditKind, Right};

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
        let said = Named::Id(person);
        let person = directory.person(person);
        check(self, caller, (person.map(AsRef::as_ref), &said), &credential)?;
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
}
