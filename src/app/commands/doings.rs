//! What each command does to the records.

use super::command::{ConversionReceipt, Outcome, Receipt, Refusal};
use super::work::{Stop, Work};
use crate::domain::{
    Action, Actor, Allowance, AuditKind, Conversion, Estimate, Kind, Money, Order, Ownership, PERCENT_WHOLE, Payment,
    RecordKey, Right, Sale, SaleDraft, SettingsPatch, Source, Timestamp,
};
use crate::store::Cause;

impl Work<'_, '_> {
    pub(super) fn create_estimate(&mut self, sale: Sale) -> Result<Outcome, Stop> {
        self.require(Right::Estimate)?;
        self.judge(&sale, None)?;
        self.store_estimate(sale)
    }

    fn store_estimate(&mut self, sale: Sale) -> Result<Outcome, Stop> {
        let (made_at, notes) = self.made_at();
        let estimate = Estimate {
            key: self.transaction.next_key(Kind::Estimate)?,
            rev: 1,
            created_at: self.transaction.now(),
            made_at,
            owner: self.ownership(),
            sale,
            converted_to: None,
        };
        self.transaction.put_estimate(&estimate, Action::Create, self.cause(&estimate.sale.sale_by))?;
        Ok(Outcome::EstimateCreated(receipt(estimate.key, estimate.sale, estimate.created_at, notes)))
    }

    pub(super) fn edit_estimate(&mut self, key: RecordKey, sale: Sale) -> Result<Outcome, Stop> {
        let mut estimate = self.seen_estimate(key)?;
        let actor = estimate.owner.as_ref().map(|owner| owner.actor);
        let is_own = self.permission().owns(actor, || Some(estimate.sale.sale_by.clone()));
        self.require(if is_own { Right::Estimate } else { Right::EditOthers })?;
        self.judge(&sale, Some(&estimate.sale))?;
        self.check_rev(key, estimate.rev)?;
        if estimate.converted_to.is_some() {
            return Err(Refusal::ConvertedCannotBeEdited.into());
        }
        estimate.rev += 1;
        estimate.sale = sale;
        let json = self.transaction.put_estimate(&estimate, Action::Update, self.cause(&estimate.sale.sale_by))?;
        Ok(Outcome::EstimateEdited(key, estimate.rev, json))
    }

    pub(super) fn duplicate_estimate(&mut self, key: RecordKey) -> Result<Outcome, Stop> {
        let original = self.seen_estimate(key)?;
        self.require(Right::Estimate)?;
        // A copy is a new bill: what somebody was allowed once is not handed on by it. What is refused tells nobody amounts that he
        // does not see.
        let Allowance { masks, discount_max, .. } = self.permission().allows;
        if masks.amounts && discount_max < PERCENT_WHOLE {
            self.require(Right::Discount)?;
        } else {
            self.judge(&original.sale, None)?;
        }
        self.check_rev(key, original.rev)?;
        self.store_estimate(original.sale)
    }

    pub(super) fn delete_estimate(&mut self, key: RecordKey) -> Result<Outcome, Stop> {
        let estimate = self.seen_estimate(key)?;
        self.require(Right::DeleteOpen)?;
        self.check_rev(key, estimate.rev)?;
        if estimate.converted_to.is_some() {
            return Err(Refusal::ConvertedCannotBeDeleted.into());
        }
        self.transaction.delete(key, estimate.rev + 1, actor_of(estimate.owner), self.cause(""))?;
        self.audit(AuditKind::Delete, Some(key.to_string()), None)?;
        Ok(Outcome::EstimateDeleted)
    }

    pub(super) fn convert_estimate(&mut self, key: RecordKey, conversion: Conversion) -> Result<Outcome, Stop> {
        let estimate = self.seen_estimate(key)?;
        self.require(Right::Convert)?;
        self.check_rev(key, estimate.rev)?;
        let mut sale = estimate.sale.clone();
        if let Some(sale_by) = conversion.sale_by {
            sale.sale_by = sale_by;
        }
        let handed_over = conversion.amount_paid.unwrap_or(sale.total);
        let mode = conversion.payment_mode.as_deref().unwrap_or(Order::PAYMENT_MODE_DEFAULT);
        let payment = self.book(mode, handed_over, &mut sale)?;
        let order = self.sell(sale, payment.clone(), Origin::Estimate(Box::new(estimate)))?;
        let Payment { mode: payment_mode, amount_paid, change, .. } = payment;
        Ok(Outcome::EstimateConverted(ConversionReceipt { order, estimate: key, payment_mode, amount_paid, change }))
    }

    pub(super) fn create_sale(&mut self, draft: SaleDraft) -> Result<Outcome, Stop> {
        let SaleDraft { mut sale, amount_paid, payment_mode, source_estimate_id, source_estimate_number } = draft;
        let named = source_estimate_id.as_deref().and_then(|id| RecordKey::from_id(Kind::Estimate, id));
        self.require(Right::Sell)?;
        let named = named.filter(|&key| self.is_seen(key).unwrap_or(false));
        let origin = match named.map(|key| self.estimate(key)).transpose()?.flatten() {
            Some(estimate) => Origin::Estimate(Box::new(estimate)),
            None if source_estimate_id.is_none() && source_estimate_number.is_none() => Origin::Direct,
            None => Origin::Unknown(source_estimate_id, source_estimate_number),
        };
        let before = match &origin {
            Origin::Estimate(estimate) => {
                self.require(Right::Convert)?;
                if self.permission().allows.masks.amounts {
                    // What is refused and what is not would tell him the amounts. A conversion takes them over.
                    self.require(Right::Discount)?;
                }
                Some(&estimate.sale)
            }
            Origin::Direct | Origin::Unknown(..) => None,
        };
        self.judge(&sale, before)?;
        let payment = self.book(&payment_mode, amount_paid, &mut sale)?;
        Ok(Outcome::SaleCreated(self.sell(sale, payment, origin)?))
    }

    /// Books what was handed over for a bill, and says on the bill what is wrong with it.
    fn book(&mut self, mode: &str, handed_over: Money, sale: &mut Sale) -> Result<Payment, Stop> {
        let payment =
            Payment::book(&*self.transaction.settings()?, mode, handed_over, sale.total, self.transaction.currency());
        if let Some(fault) = &payment.fault {
            let faults = sale.amounts_flagged.iter().chain([fault]).map(String::as_str).collect::<Vec<_>>();
            sale.amounts_flagged = Some(faults.join("; "));
        }
        Ok(payment)
    }

    /// The time that the record of this command counts at, if its device has said one, and what is to be said about it.
    fn made_at(&self) -> (Option<Timestamp>, Vec<String>) {
        match self.made_at.accept(self.transaction.now()) {
            Ok(made_at) => (made_at, Vec::new()),
            Err(note) => (None, vec![note]),
        }
    }

    /// Stores an order, and with it the mark on the estimate that it came from. The estimate's change comes first: it is
    /// the one that plain `/ws` shows.
    fn sell(&mut self, sale: Sale, payment: Payment, origin: Origin) -> Result<Receipt, Stop> {
        let (made_at, notes) = self.made_at();
        let key = self.transaction.next_key(Kind::Order)?;
        let source = match origin {
            Origin::Direct => Source::Direct,
            Origin::Unknown(id, number) => Source::Unknown { id, number },
            Origin::Estimate(estimate) if estimate.converted_to.is_some() => {
                return Err(Refusal::AlreadyConverted.into());
            }
            Origin::Estimate(mut estimate) => {
                estimate.rev += 1;
                estimate.converted_to = Some(key);
                self.transaction.put_estimate(&estimate, Action::ConvertToOrder, self.cause(&sale.sale_by))?;
                Source::Estimate(estimate.key)
            }
        };
        let order = Order {
            key,
            rev: 1,
            created_at: self.transaction.now(),
            made_at,
            owner: self.ownership(),
            sale,
            amount_paid: payment.amount_paid,
            change: payment.change,
            payment_mode: payment.mode,
            status: Order::STATUS_NEW.to_string(),
            source,
        };
        self.transaction.put_order(&order, Action::Create, self.cause(&order.sale.sale_by))?;
        Ok(receipt(order.key, order.sale, order.created_at, notes))
    }

    pub(super) fn set_order_status(&mut self, key: RecordKey, status: &str) -> Result<Outcome, Stop> {
        let mut order = self.seen_order(key)?;
        let is_undone = Order::is_cancelled(&order.status) != Order::is_cancelled(status);
        self.require(if is_undone { Right::UndoSold } else { Right::Status })?;
        self.check_rev(key, order.rev)?;
        if order.status != status {
            order.rev += 1;
            order.status = status.to_string();
            self.transaction.put_order(&order, Action::Update, self.cause(""))?;
            if is_undone {
                self.audit(AuditKind::Undo, Some(key.to_string()), Some(order.status.clone()))?;
            }
        }
        Ok(Outcome::StatusSet(order.status, order.rev))
    }

    pub(super) fn delete_order(&mut self, key: RecordKey) -> Result<Outcome, Stop> {
        let order = self.seen_order(key)?;
        self.require(Right::UndoSold)?;
        self.check_rev(key, order.rev)?;
        let estimate = order.estimate().map(|key| self.estimate(key)).transpose()?.flatten();
        self.transaction.delete(key, order.rev + 1, actor_of(order.owner), self.cause(""))?;
        let with_estimate = estimate.is_some();
        if let Some(estimate) = estimate {
            self.transaction.delete(estimate.key, estimate.rev + 1, actor_of(estimate.owner), self.cause(""))?;
        }
        self.audit(AuditKind::Undo, Some(key.to_string()), Some("deleted".to_string()))?;
        Ok(Outcome::OrderDeleted { with_estimate })
    }

    pub(super) fn hand_over(&mut self, key: RecordKey, person: u32) -> Result<Outcome, Stop> {
        match key.kind {
            Kind::Estimate => {
                let mut estimate = self.seen_estimate(key)?;
                let Some((next, owner_before)) = self.next_owner(key, estimate.rev, estimate.owner.as_ref(), person)?
                else {
                    return self.handed_over(key, estimate.rev, person);
                };
                (estimate.rev, estimate.owner) = (estimate.rev + 1, Some(next));
                let cause = Cause { owner_before: Some(owner_before), ..self.cause("") };
                self.transaction.put_estimate(&estimate, Action::Update, cause)?;
                self.note_link_changed(estimate.converted_to)?;
                self.handed_over(key, estimate.rev, person)
            }
            Kind::Order => {
                let mut order = self.seen_order(key)?;
                let Some((next, owner_before)) = self.next_owner(key, order.rev, order.owner.as_ref(), person)? else {
                    return self.handed_over(key, order.rev, person);
                };
                (order.rev, order.owner) = (order.rev + 1, Some(next));
                let cause = Cause { owner_before: Some(owner_before), ..self.cause("") };
                self.transaction.put_order(&order, Action::Update, cause)?;
                self.note_link_changed(order.estimate())?;
                self.handed_over(key, order.rev, person)
            }
        }
    }

    /// A record is shown without its link to one that is not seen. So with the one that is given away the other one of the two
    /// changes, too: otherwise whoever follows the changes would go on to hold a link that he is not shown, or lack one that he is.
    fn note_link_changed(&mut self, linked: Option<RecordKey>) -> Result<(), Stop> {
        let Some(key) = linked else { return Ok(()) };
        match key.kind {
            Kind::Estimate => {
                let Some(mut estimate) = self.estimate(key)? else { return Ok(()) };
                estimate.rev += 1;
                self.transaction.put_estimate(&estimate, Action::Update, self.cause(""))?;
            }
            Kind::Order => {
                let Some(mut order) = self.order(key)? else { return Ok(()) };
                order.rev += 1;
                self.transaction.put_order(&order, Action::Update, self.cause(""))?;
            }
        }
        Ok(())
    }

    /// Whose a record is to be, unless it is his already, and whose it was.
    fn next_owner(
        &mut self,
        key: RecordKey,
        rev: u32,
        owner: Option<&Ownership>,
        person: u32,
    ) -> Result<Option<(Ownership, Actor)>, Stop> {
        self.require(Right::EditOthers)?;
        let directory = self.transaction.directory()?;
        let person = directory.person(person).filter(|person| person.is_active).ok_or(Refusal::NoSuchPerson)?;
        self.check_rev(key, rev)?;
        let before = owner.map(|owner| owner.actor);
        // One that is his by the name in it is stored as his.
        let stored = self.transaction.header(key, |record| record.owner)?.flatten();
        if stored.is_some_and(|stored| stored.person == person.id) {
            return Ok(None);
        }
        let actor = Actor { person: person.id, device: 0 };
        self.audit(AuditKind::HandOver, Some(key.to_string()), Some(person.name.clone()))?;
        Ok(Some((Ownership { actor, name: Some(person.name.clone()) }, before.unwrap_or(Actor::NOBODY))))
    }

    fn handed_over(&mut self, key: RecordKey, rev: u32, person: u32) -> Result<Outcome, Stop> {
        let directory = self.transaction.directory()?;
        let name = directory.person_name(person).unwrap_or_default().to_string();
        Ok(Outcome::HandedOver(key, rev, self.transaction.json(key)?, (person, name)))
    }

    pub(super) fn save_settings(&mut self, patch: &SettingsPatch) -> Result<Outcome, Stop> {
        self.require(Right::Settings)?;
        let settings = self.transaction.settings()?;
        if self.expected_revs.is_some_and(|expected| !expected.contains(&settings.rev)) {
            return Err(Refusal::Stale(settings.rev, self.transaction.settings_json(&settings)).into());
        }
        let next = settings.with(patch);
        let json = if next == *settings {
            self.transaction.settings_json(&next)
        } else {
            self.audit(AuditKind::Settings, None, None)?;
            self.transaction.put_settings(&next)?
        };
        Ok(Outcome::SettingsSaved(next.rev, json))
    }
}

/// Where a sale comes from, with the estimate at hand.
enum Origin {
    Direct,
    Estimate(Box<Estimate>),
    Unknown(Option<String>, Option<String>),
}

fn actor_of(owner: Option<Ownership>) -> Option<Actor> {
    owner.map(|owner| owner.actor)
}

fn receipt(key: RecordKey, sale: Sale, created_at: Timestamp, notes: Vec<String>) -> Receipt {
    Receipt { key, customer_name: sale.customer_name, total: sale.total, created_at, notes }
}
