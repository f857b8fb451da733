//! What each command does to the records. Every check comes before the first write, so that a refused command leaves no
//! trace in the transaction that it shares with others.

use super::command::{Answer, Command, ConversionReceipt, Outcome, Receipt, Refusal, Submission, Verdict};
use super::idempotency::Idempotency;
use super::submit_error::SubmitError;
use crate::app::monitor::Headroom;
use crate::domain::{
    Action, Actor, Conversion, Estimate, Kind, MadeAt, Money, Order, OriginHash, Payment, RecordKey, Sale, SaleDraft,
    SettingsPatch, Source, Timestamp,
};
use crate::store::{Cause, Known, StoreError, Transaction};

/// A fault of the server or of its disk may pass, so it is no answer to remember.
const FAULT_FROM_STATUS: u16 = 500;

/// Answers one submission inside the transaction: from the stored answers if it is a repetition, else by carrying it out.
/// The outer error is the database's and ends the whole transaction.
pub(crate) fn decide(
    transaction: &mut Transaction<'_>,
    submission: Submission,
    headroom: Headroom,
) -> Result<Result<Answer, SubmitError>, StoreError> {
    let render = submission.render;
    if let Some(idempotency) = &submission.idempotency
        && let Some(stored) = transaction.known_answer(idempotency.fingerprint())?
    {
        let refuse = |refusal| render(&Err(refusal), transaction.currency());
        return Ok(match stored {
            Known::Answer(answer) if answer.payload != idempotency.payload() => Err(SubmitError::KeyReused),
            Known::Answer(answer) => {
                Ok(Answer::decode(&answer.outcome).unwrap_or_else(|| refuse(Refusal::AnswerUnreadable)))
            }
            Known::Unreadable => Ok(refuse(Refusal::AnswerUnreadable)),
        });
    }

    // Not a verdict: a stored refusal would outlast the full disk.
    if submission.command.needs_room() && !headroom.has_more(transaction.bytes_written()) {
        return Ok(Err(SubmitError::DiskFull));
    }

    let Submission { command, actor, made_at, idempotency, expected_revs, .. } = submission;
    let origin = idempotency.as_ref().and_then(Idempotency::origin);
    let expected_revs = expected_revs.as_deref();
    let verdict = carry_out(Work { transaction, origin, actor, expected_revs, made_at }, command)?;
    let answer = render(&verdict, transaction.currency());
    if let Some(idempotency) = &idempotency
        && (verdict.is_ok() || idempotency.is_keyed())
        && answer.status < FAULT_FROM_STATUS
    {
        transaction.remember(
            idempotency.fingerprint(),
            idempotency.payload(),
            idempotency.kept_seconds(),
            &answer.encode(),
        )?;
    }
    Ok(Ok(answer))
}

fn carry_out(mut work: Work<'_, '_>, command: Command) -> Result<Verdict, StoreError> {
    let written_before = work.transaction.bytes_written();
    let verdict = match command {
        Command::CreateEstimate(sale) => work.create_estimate(*sale),
        Command::EditEstimate(key, sale) => work.edit_estimate(key, *sale),
        Command::DuplicateEstimate(key) => work.duplicate_estimate(key),
        Command::DeleteEstimate(key) => work.delete_estimate(key),
        Command::ConvertEstimate(key, conversion) => work.convert_estimate(key, conversion),
        Command::CreateSale(draft) => work.create_sale(*draft),
        Command::SetOrderStatus(key, status) => work.set_order_status(key, &status),
        Command::DeleteOrder(key) => work.delete_order(key),
        Command::SaveSettings(patch) => work.save_settings(&patch),
    };
    match verdict {
        Ok(outcome) => Ok(Ok(outcome)),
        Err(Stop::Refused(refusal)) => Ok(Err(refusal)),
        Err(Stop::Store(StoreError::SeriesFull)) => Ok(Err(Refusal::SeriesFull)),
        // Records are read before the first write, so this command alone is refused. Promise 3: were something of it written by
        // then, nothing of the whole transaction would be stored.
        Err(Stop::Store(StoreError::Malformed(what))) if work.transaction.bytes_written() == written_before => {
            log::error!("⚠️ A stored {what} cannot be read");
            Ok(Err(Refusal::Unreadable))
        }
        Err(Stop::Store(error)) => Err(error),
    }
}

/// Why a command stops: as things stand it cannot be done, or the database failed.
enum Stop {
    Refused(Refusal),
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

struct Work<'a, 'txn> {
    transaction: &'a mut Transaction<'txn>,
    origin: Option<OriginHash>,
    actor: Option<Actor>,
    expected_revs: Option<&'a [u32]>,
    made_at: MadeAt,
}

impl<'a> Work<'a, '_> {
    fn create_estimate(&mut self, sale: Sale) -> Result<Outcome, Stop> {
        let (made_at, notes) = self.made_at();
        let estimate = Estimate {
            key: self.transaction.next_key(Kind::Estimate)?,
            rev: 1,
            created_at: self.transaction.now(),
            made_at,
            sale,
            converted_to: None,
        };
        self.transaction.put_estimate(&estimate, Action::Create, self.cause(&estimate.sale.sale_by))?;
        Ok(Outcome::EstimateCreated(receipt(estimate.key, estimate.sale, estimate.created_at, notes)))
    }

    fn edit_estimate(&mut self, key: RecordKey, sale: Sale) -> Result<Outcome, Stop> {
        let mut estimate = self.current_estimate(key)?;
        if estimate.converted_to.is_some() {
            return Err(Refusal::ConvertedCannotBeEdited.into());
        }
        estimate.rev += 1;
        estimate.sale = sale;
        let json = self.transaction.put_estimate(&estimate, Action::Update, self.cause(&estimate.sale.sale_by))?;
        Ok(Outcome::EstimateEdited(key, estimate.rev, json))
    }

    fn duplicate_estimate(&mut self, key: RecordKey) -> Result<Outcome, Stop> {
        let original = self.current_estimate(key)?;
        self.create_estimate(original.sale)
    }

    fn delete_estimate(&mut self, key: RecordKey) -> Result<Outcome, Stop> {
        let estimate = self.current_estimate(key)?;
        if estimate.converted_to.is_some() {
            return Err(Refusal::ConvertedCannotBeDeleted.into());
        }
        self.transaction.delete(key, estimate.rev + 1, self.cause(""))?;
        Ok(Outcome::EstimateDeleted)
    }

    fn convert_estimate(&mut self, key: RecordKey, conversion: Conversion) -> Result<Outcome, Stop> {
        let estimate = self.current_estimate(key)?;
        let mut sale = estimate.sale.clone();
        if let Some(sale_by) = conversion.sale_by {
            sale.sale_by = sale_by;
        }
        let handed_over = conversion.amount_paid.unwrap_or(sale.total);
        let mode = conversion.payment_mode.as_deref().unwrap_or(Order::PAYMENT_MODE_DEFAULT);
        let payment = self.book(mode, handed_over, &mut sale)?;
        let order = self.sell(sale, payment.clone(), Origin::Estimate(estimate))?;
        let Payment { mode: payment_mode, amount_paid, change, .. } = payment;
        Ok(Outcome::EstimateConverted(ConversionReceipt { order, estimate: key, payment_mode, amount_paid, change }))
    }

    fn create_sale(&mut self, draft: SaleDraft) -> Result<Outcome, Stop> {
        let SaleDraft { mut sale, amount_paid, payment_mode, source_estimate_id, source_estimate_number } = draft;
        let named = source_estimate_id.as_deref().and_then(|id| RecordKey::from_id(Kind::Estimate, id));
        let origin = match named.map(|key| self.transaction.estimate(key)).transpose()?.flatten() {
            Some(estimate) => Origin::Estimate(estimate),
            None if source_estimate_id.is_none() && source_estimate_number.is_none() => Origin::Direct,
            None => Origin::Unknown(source_estimate_id, source_estimate_number),
        };
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

    fn set_order_status(&mut self, key: RecordKey, status: &str) -> Result<Outcome, Stop> {
        let mut order = self.current_order(key)?;
        if order.status != status {
            order.rev += 1;
            order.status = status.to_string();
            self.transaction.put_order(&order, Action::Update, self.cause(""))?;
        }
        Ok(Outcome::StatusSet(order.status, order.rev))
    }

    fn delete_order(&mut self, key: RecordKey) -> Result<Outcome, Stop> {
        let order = self.current_order(key)?;
        let estimate = order.estimate().map(|key| self.transaction.estimate(key)).transpose()?.flatten();
        self.transaction.delete(key, order.rev + 1, self.cause(""))?;
        if let Some(estimate) = &estimate {
            self.transaction.delete(estimate.key, estimate.rev + 1, self.cause(""))?;
        }
        Ok(Outcome::OrderDeleted { with_estimate: estimate.is_some() })
    }

    fn save_settings(&mut self, patch: &SettingsPatch) -> Result<Outcome, Stop> {
        let settings = self.transaction.settings()?;
        if self.expected_revs.is_some_and(|expected| !expected.contains(&settings.rev)) {
            return Err(Refusal::Stale(settings.rev, self.transaction.settings_json(&settings)).into());
        }
        let next = settings.with(patch);
        let json = if next == *settings {
            self.transaction.settings_json(&next)
        } else {
            self.transaction.put_settings(&next)?
        };
        Ok(Outcome::SettingsSaved(next.rev, json))
    }

    fn current_estimate(&mut self, key: RecordKey) -> Result<Estimate, Stop> {
        let estimate = self.transaction.estimate(key)?.ok_or(Refusal::NoSuchEstimate)?;
        self.check_rev(key, estimate.rev)?;
        Ok(estimate)
    }

    fn current_order(&mut self, key: RecordKey) -> Result<Order, Stop> {
        let order = self.transaction.order(key)?.ok_or(Refusal::NoSuchOrder)?;
        self.check_rev(key, order.rev)?;
        Ok(order)
    }

    fn check_rev(&mut self, key: RecordKey, rev: u32) -> Result<(), Stop> {
        match self.expected_revs {
            Some(expected) if !expected.contains(&rev) => Err(Refusal::Stale(rev, self.transaction.json(key)?).into()),
            _ => Ok(()),
        }
    }

    fn cause<'b>(&self, by: &'b str) -> Cause<'b>
    where
        'a: 'b,
    {
        Cause { by: Some(by).filter(|by| !by.is_empty()), origin: self.origin, actor: self.actor }
    }
}

/// Where a sale comes from, with the estimate at hand.
enum Origin {
    Direct,
    Estimate(Estimate),
    Unknown(Option<String>, Option<String>),
}

fn receipt(key: RecordKey, sale: Sale, created_at: Timestamp, notes: Vec<String>) -> Receipt {
    Receipt { key, customer_name: sale.customer_name, total: sale.total, created_at, notes }
}
