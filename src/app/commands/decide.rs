//! Answers a command inside the transaction: from the stored answers if it is a repetition, else by carrying it out.

use super::command::{Answer, Command, Refusal, Submission, Verdict};
use super::idempotency::Idempotency;
use super::submit_error::SubmitError;
use super::work::{Stop, Work};
use crate::app::access::Access;
use crate::app::monitor::{Headroom, ShopClock};
use crate::domain::{Permission, RecordKey, Right, Sight};
use crate::store::{Known, StoreError, Transaction};

const NOT_FOUND: u16 = 404;
/// A fault of the server or of its disk may pass, so it is no answer to remember.
const FAULT_FROM_STATUS: u16 = 500;

/// What decisions are made with, beside the transaction.
#[derive(Clone, Copy)]
pub(crate) struct Circumstances<'a> {
    pub headroom: Headroom,
    pub access: &'a Access,
    pub clock: &'a ShopClock,
}

/// Answers one submission inside the transaction: from the stored answers if it is a repetition, else by carrying it out.
/// The outer error is the database's and ends the whole transaction.
pub(crate) fn decide(
    transaction: &mut Transaction<'_>,
    submission: Submission,
    circumstances: Circumstances<'_>,
) -> Result<Result<Answer, SubmitError>, StoreError> {
    let Circumstances { headroom, access, clock } = circumstances;
    let directory = transaction.directory()?;
    let permission = directory.permission(submission.asker, transaction.run_time());
    let Some(permission) = permission.filter(Permission::is_member) else {
        return Ok(Err(SubmitError::LoggedOut));
    };
    let sight = clock.sight(permission);
    let render = submission.render;
    if let Some(idempotency) = &submission.idempotency
        && let Some(stored) = known(transaction, idempotency)?
    {
        let refuse = |refusal| render(&Err(refusal), transaction.currency());
        return match stored {
            Known::Answer(answer) if answer.payload != idempotency.payload() => Ok(Err(SubmitError::KeyReused)),
            Known::Answer(answer) => match Answer::decode(&answer.outcome) {
                Some(answer) => again(transaction, &sight, submission.command.record(), answer),
                None => Ok(Ok(refuse(Refusal::AnswerUnreadable))),
            },
            Known::Unreadable => Ok(Ok(refuse(Refusal::AnswerUnreadable))),
        };
    }

    // Not a verdict: a stored refusal would outlast the full disk.
    if submission.command.needs_room() && !headroom.has_more(transaction.bytes_written()) {
        return Ok(Err(SubmitError::DiskFull));
    }

    let Submission { command, made_at, idempotency, expected_revs, from, .. } = submission;
    let lender = idempotency.as_ref().and_then(|idempotency| {
        let now = transaction.run_time().uptime_seconds;
        access.nods.lender(idempotency.fingerprint(), idempotency.payload(), now)
    });
    let mut work = Work {
        sight: &sight,
        lender: lender.and_then(|person| directory.lender(person)),
        lent: Vec::new(),
        from: from.map(|address| address.to_string()),
        origin: idempotency.as_ref().and_then(Idempotency::origin),
        expected_revs: expected_revs.as_deref(),
        made_at,
        transaction,
    };
    let verdict = match carry_out(&mut work, command)? {
        Ok(verdict) => verdict,
        Err(right) => {
            work.note_refused(access, idempotency.as_ref(), right)?;
            return Ok(Err(SubmitError::Forbidden(right)));
        }
    };
    let answer = render(&verdict, work.transaction.currency());
    if verdict.is_ok() {
        work.note_lent(access, idempotency.as_ref(), answer.record())?;
    }
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
    shown(transaction, &sight, answer).map(Ok)
}

/// The answer that is stored for a command, if it came before.
fn known(transaction: &mut Transaction<'_>, idempotency: &Idempotency) -> Result<Option<Known>, StoreError> {
    for fingerprint in idempotency.fingerprints() {
        if let Some(known) = transaction.known_answer(fingerprint)? {
            return Ok(Some(known));
        }
    }
    Ok(None)
}

/// An answer without what whoever asks does not see: fields, and the names of a linked record.
fn shown(transaction: &mut Transaction<'_>, sight: &Sight, answer: Answer) -> Result<Answer, StoreError> {
    let mut is_link_seen = true;
    if let Some(key) = answer.record().filter(|_| sight.is_cut())
        && let Some(linked) = transaction.header(key, |record| record.linked)?.flatten()
    {
        let linked = RecordKey::new(key.kind.other(), linked);
        is_link_seen = transaction.header(linked, |record| record.is_seen(linked.kind, sight))? == Some(true);
    }
    Ok(Answer { body: sight.show_answer(answer.body, is_link_seen), ..answer })
}

/// A stored answer, for one who may see the record of which it speaks, or else that the command was about. That something is not
/// there is for everybody.
fn again(
    transaction: &mut Transaction<'_>,
    sight: &Sight,
    record: Option<RecordKey>,
    answer: Answer,
) -> Result<Result<Answer, SubmitError>, StoreError> {
    let told = answer.record().or(record).filter(|_| sight.is_cut() && answer.status != NOT_FOUND);
    if let Some(key) = told {
        let is_seen = transaction.header(key, |record| record.is_seen(key.kind, sight))?;
        if is_seen != Some(true) {
            return Ok(Err(SubmitError::NotYours));
        }
    }
    shown(transaction, sight, answer).map(Ok)
}

/// The inner error is a right that whoever gave the command lacks.
fn carry_out(work: &mut Work<'_, '_>, command: Command) -> Result<Result<Verdict, Right>, StoreError> {
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
        Command::HandOver(key, person) => work.hand_over(key, person),
        Command::SaveSettings(patch) => work.save_settings(&patch),
    };
    match verdict {
        Ok(outcome) => Ok(Ok(Ok(outcome))),
        Err(Stop::Refused(refusal)) => Ok(Ok(Err(refusal))),
        Err(Stop::Forbidden(right)) => Ok(Err(right)),
        Err(Stop::Store(StoreError::SeriesFull)) => Ok(Ok(Err(Refusal::SeriesFull))),
        // Records are read before the first write, so this command alone is refused. Promise 3: were something of it written by
        // then, nothing of the whole transaction would be stored.
        Err(Stop::Store(StoreError::Malformed(what))) if work.transaction.bytes_written() == written_before => {
            log::error!("⚠️ A stored {what} cannot be read");
            Ok(Ok(Err(Refusal::Unreadable)))
        }
        Err(Stop::Store(error)) => Err(error),
    }
}
