//! The way into the transaction for what is done about people.

use std::sync::{Arc, Mutex, PoisonError};

use super::refusal::AccessRefusal;
use crate::app::application::App;
use crate::app::commands::SubmitError;
use crate::domain::{Actor, Asker, AuditKind, AuditNote, Permission, Right};
use crate::platform::Address;
use crate::store::{StoreError, Transaction};

/// Who asks for something about people, and from where.
#[derive(Debug, Clone, Copy)]
pub struct Requester {
    /// As his tokens say.
    pub asker: Asker,
    /// His address.
    pub from: Address,
    /// The device that he was at until it was revoked, if he shows that.
    pub before: Option<u32>,
}

impl Requester {
    /// The number of his device; 0 for the shop's own machine, and for one that nobody has let in.
    pub fn device(self) -> u32 {
        self.asker.device()
    }

    /// What he may do as things stand in the transaction.
    pub(super) fn permission(self, transaction: &mut Transaction<'_>) -> Result<Permission, Stop> {
        let directory = transaction.directory()?;
        Ok(directory.permission(self.asker, transaction.run_time()).ok_or(AccessRefusal::LoggedOut)?)
    }

    /// The same, if this is among it.
    pub(super) fn require(self, transaction: &mut Transaction<'_>, right: Right) -> Result<Permission, Stop> {
        // Whoever comes first does not become owner by coming first.
        if self.asker == Asker::Anybody {
            let why =
                "This shop has no owner yet. Whoever looks after its server makes one with the command tillsync owner.";
            return Err(AccessRefusal::Conflict(why.to_string()).into());
        }
        let permission = self.permission(transaction)?;
        if permission.may(right) { Ok(permission) } else { Err(AccessRefusal::Forbidden(right).into()) }
    }

    /// Notes in the audit what he has done, in the transaction that does it.
    pub(super) fn audit(
        self,
        transaction: &mut Transaction<'_>,
        kind: AuditKind,
        target: impl Into<String>,
        detail: Option<String>,
    ) -> Result<(), Stop> {
        let directory = transaction.directory()?;
        let permission = directory.permission(self.asker, transaction.run_time());
        let actor = permission.and_then(|permission| permission.actor()).unwrap_or(Actor::NOBODY);
        self.audit_as(transaction, actor, kind, target, detail)
    }

    /// The same in the name of somebody who has just become known.
    pub(super) fn audit_as(
        self,
        transaction: &mut Transaction<'_>,
        Actor { person, device }: Actor,
        kind: AuditKind,
        target: impl Into<String>,
        detail: Option<String>,
    ) -> Result<(), Stop> {
        // What was done on the shop's own machine needs no address.
        let address = (self.asker != Asker::Machine).then(|| self.from.to_string());
        let target = Some(target.into()).filter(|target| !target.is_empty());
        Ok(transaction.audit(AuditNote { person, device, address, kind, target, detail })?)
    }
}

/// Why an errand ends early. A refusal leaves no trace if it comes before the first write.
pub(super) enum Stop {
    Refused(AccessRefusal),
    Store(StoreError),
}

impl From<AccessRefusal> for Stop {
    fn from(refusal: AccessRefusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Notes in the audit, in sum, that somebody whom nobody has let in has tried something. Nobody waits for it.
pub(super) fn note_stranger(app: &App, caller: Requester) {
    if let Some(note) = app.access().vain_tries.note_stranger(caller.from.to_string(), app.uptime_seconds()) {
        app.send_errand(Box::new(move |transaction| transaction.audit(note)));
    }
}

/// Does something in a transaction; comes back when it is durable, and everybody is out who is not let in any more.
pub(super) fn errand<T: Send + 'static>(
    app: &App,
    work: impl FnOnce(&mut Transaction<'_>) -> Result<T, Stop> + Send + 'static,
) -> Result<T, AccessRefusal> {
    let slot = Arc::new(Mutex::new(None));
    let given = Arc::clone(&slot);
    app.run_errand(Box::new(move |transaction| {
        let outcome = match work(transaction) {
            Ok(value) => Ok(value),
            Err(Stop::Refused(refusal)) => Err(refusal),
            Err(Stop::Store(error)) => return Err(error),
        };
        *given.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
        Ok(())
    }))?;
    let outcome = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
    outcome.unwrap_or(Err(AccessRefusal::Submit(SubmitError::OutcomeUnknown)))
}
