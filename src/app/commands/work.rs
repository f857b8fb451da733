//! A command that is being carried out: who gave it, what he may, and what is noted about that. Every check comes before the
//! first write, so that a refused command leaves no trace in the transaction that it shares with others.

use super::command::Refusal;
use super::discount::{discount_of, sells_the_same};
use super::idempotency::Idempotency;
use crate::app::access::Access;
use crate::domain::{
    Actor, AuditKind, AuditNote, Estimate, MadeAt, Order, OriginHash, Ownership, Permission, RecordKey, Right, Sale,
    Sight,
};
use crate::store::{Cause, StoreError, Transaction};

/// Why a command stops: as things stand it cannot be done, whoever gave it may not, or the database failed.
pub(super) enum Stop {
    Refused(Refusal),
    Forbidden(Right),
    Store(StoreError),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// A command that is being carried out.
pub(super) struct Work<'a, 'txn> {
    pub transaction: &'a mut Transaction<'txn>,
    pub sight: &'a Sight,
    /// Somebody who allows this one command, with his number.
    pub lender: Option<(u32, Permission)>,
    /// The rights that he had to lend.
    pub lent: Vec<Right>,
    pub from: Option<String>,
    pub origin: Option<OriginHash>,
    pub expected_revs: Option<&'a [u32]>,
    pub made_at: MadeAt,
}

impl<'a> Work<'a, '_> {
    pub(super) fn permission(&self) -> &'a Permission {
        self.sight.permission()
    }

    /// Goes on only if this may be done, by whoever gave the command or by somebody who allows it.
    pub(super) fn require(&mut self, right: Right) -> Result<(), Stop> {
        if self.permission().may(right) {
            return Ok(());
        }
        let is_lent = right.may_be_lent() && self.lender.as_ref().is_some_and(|(_, lender)| lender.may(right));
        if !is_lent {
            return Err(Stop::Forbidden(right));
        }
        self.lent.push(right);
        Ok(())
    }

    /// Judges what only the bill tells: how much is taken off, and whether something is taken back. What was so before is not
    /// judged again.
    pub(super) fn judge(&mut self, sale: &Sale, before: Option<&Sale>) -> Result<(), Stop> {
        let permission = self.permission();
        if permission.may(Right::Discount) && permission.may(Right::UndoSold) {
            return Ok(());
        }
        // Of other lines nothing was allowed before.
        let is_same = |before: &&Sale| sells_the_same(before, sale);
        if permission.allows.masks.amounts
            && let Some(before) = before
            && !(is_same(&before)
                && before.total == sale.total
                && before.subtotal == sale.subtotal
                && before.discount == sale.discount)
        {
            // Whoever does not see amounts does not find them out by what is refused.
            return self.require(Right::Discount);
        }
        let before = before.filter(is_same);
        let currency = self.transaction.currency();
        let (now, before) = (discount_of(sale, currency), before.map(|before| discount_of(before, currency)));
        if now.hundredths > permission.allows.discount_max
            && before.is_none_or(|before| now.hundredths > before.hundredths)
        {
            self.require(Right::Discount)?;
        }
        if now.has_negative_line && !before.is_some_and(|before| before.has_negative_line) {
            self.require(Right::UndoSold)?;
        }
        Ok(())
    }

    /// Whose a new record is.
    pub(super) fn ownership(&self) -> Option<Ownership> {
        let name = self.permission().person.as_ref().map(|person| person.name.clone());
        self.permission().actor().map(|actor| Ownership { actor, name })
    }

    pub(super) fn audit(
        &mut self,
        kind: AuditKind,
        target: Option<String>,
        detail: Option<String>,
    ) -> Result<(), Stop> {
        // Before a shop has people, its log says all that is known.
        if !self.transaction.directory()?.has_owner() {
            return Ok(());
        }
        let note = self.note(kind, target, detail);
        Ok(self.transaction.audit(note)?)
    }

    fn actor(&self) -> Actor {
        self.permission().actor().unwrap_or(Actor::NOBODY)
    }

    pub(super) fn note(&self, kind: AuditKind, target: Option<String>, detail: Option<String>) -> AuditNote {
        let Actor { person, device } = self.actor();
        AuditNote { person, device, address: self.from.clone(), kind, target, detail }
    }

    /// Notes that a command was refused: for the audit, and so that somebody may allow it.
    pub(super) fn note_refused(
        &mut self,
        access: &Access,
        idempotency: Option<&Idempotency>,
        right: Right,
    ) -> Result<(), StoreError> {
        let now = self.transaction.run_time().uptime_seconds;
        if let Some(idempotency) = idempotency.filter(|idempotency| idempotency.is_keyed()) {
            access.nods.note_refused(idempotency.fingerprint(), idempotency.payload(), right, now);
        }
        let note = access.vain_tries.note_refused(self.actor(), right, self.from.clone(), now);
        note.map_or(Ok(()), |note| self.transaction.audit(note))
    }

    /// Notes in the audit who allowed what was just done, which is good once.
    pub(super) fn note_lent(
        &mut self,
        access: &Access,
        idempotency: Option<&Idempotency>,
        record: Option<RecordKey>,
    ) -> Result<(), StoreError> {
        let (Some((lender, _)), Some(idempotency), false) = (&self.lender, idempotency, self.lent.is_empty()) else {
            return Ok(());
        };
        access.nods.note_used(idempotency.fingerprint(), idempotency.payload());
        let directory = self.transaction.directory()?;
        let lent: Vec<&str> = self.lent.iter().map(|right| right.name()).collect();
        let allowed_by = directory.person_name(*lender).unwrap_or_default();
        let detail = format!("{} was allowed by {allowed_by}", lent.join(", "));
        let note = self.note(AuditKind::Override, record.map(|key| key.to_string()), Some(detail));
        self.transaction.audit(note)
    }

    pub(super) fn is_seen(&mut self, key: RecordKey) -> Result<bool, StoreError> {
        let sight = self.sight;
        Ok(self.transaction.header(key, |record| record.is_seen(key.kind, sight))? == Some(true))
    }

    /// The estimate as it is, if it is seen.
    pub(super) fn seen_estimate(&mut self, key: RecordKey) -> Result<Estimate, Stop> {
        if self.sight.is_cut() && !self.is_seen(key)? {
            return Err(Refusal::NoSuchEstimate.into());
        }
        self.estimate(key)?.ok_or_else(|| Refusal::NoSuchEstimate.into())
    }

    /// The order as it is, if it is seen.
    pub(super) fn seen_order(&mut self, key: RecordKey) -> Result<Order, Stop> {
        if self.sight.is_cut() && !self.is_seen(key)? {
            return Err(Refusal::NoSuchOrder.into());
        }
        self.order(key)?.ok_or_else(|| Refusal::NoSuchOrder.into())
    }

    /// The order as it is, seen or not.
    pub(super) fn order(&mut self, key: RecordKey) -> Result<Option<Order>, StoreError> {
        let Some(mut order) = self.transaction.order(key)? else { return Ok(None) };
        order.owner = self.owner_now(order.owner.take(), &order.sale)?;
        Ok(Some(order))
    }

    /// The estimate as it is, seen or not.
    pub(super) fn estimate(&mut self, key: RecordKey) -> Result<Option<Estimate>, StoreError> {
        let Some(mut estimate) = self.transaction.estimate(key)? else { return Ok(None) };
        estimate.owner = self.owner_now(estimate.owner.take(), &estimate.sale)?;
        Ok(Some(estimate))
    }

    /// Whose a record is. One that is older than the shop's people is that person's whose name is in it, and stays his from its
    /// next change on, whatever names are written into it: so its log says whose it was when it is given away or deleted.
    fn owner_now(&mut self, owner: Option<Ownership>, sale: &Sale) -> Result<Option<Ownership>, StoreError> {
        if owner.is_some() {
            return Ok(owner);
        }
        let directory = self.transaction.directory()?;
        Ok(directory
            .person_named(&sale.sale_by)
            .map(|person| Ownership { actor: Actor { person: person.id, device: 0 }, name: Some(person.name.clone()) }))
    }

    pub(super) fn check_rev(&mut self, key: RecordKey, rev: u32) -> Result<(), Stop> {
        match self.expected_revs {
            Some(expected) if !expected.contains(&rev) => Err(Refusal::Stale(rev, self.transaction.json(key)?).into()),
            _ => Ok(()),
        }
    }

    pub(super) fn cause<'b>(&self, by: &'b str) -> Cause<'b>
    where
        'a: 'b,
    {
        Cause {
            by: Some(by).filter(|by| !by.is_empty()),
            origin: self.origin,
            actor: self.permission().actor(),
            owner_before: None,
        }
    }
}
